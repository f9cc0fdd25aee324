"""The one table of how a status looks, and what a state in words is made of.

A status is one word of a row: its words are the models' labels, or stand where the status is told. A `State` is what is
true of an agent, a farm, a wallet or a connection now, all causes taken together: what it does, or what keeps it from
doing it, and the next step. `WORST` says which of them a person should see first.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from kit.sentences import FOR_PROGRAMS, Told, in_words

# What is not named here has no colour: nothing to be glad or sorry about.
COLOURS: Final = {
    "order": {
        "filled": "ok",
        "waiting": "brand",
        "refused": "bad",
        "rejected": "bad",
        "uncertain": "warn",
        "expired": "warn",
    },
    "run": {"enter": "ok", "exit": "brand", "skip": "warn"},
    "state": {
        "failed": "bad",
        "halted": "bad",
        "cannot_trade": "warn",
        "refused": "warn",
        "failing": "warn",
        "behind": "warn",
        "held_up": "warn",
        "reducing": "warn",
        "off_target": "warn",
        "rehearsing": "brand",
        "running": "ok",
        "synced": "ok",
    },
    "connection": {"ok": "ok", "stale": "warn", "failed": "bad"},
    "sync": {"ok": "ok", "drift": "warn", "failed": "bad"},
    "token": {"in_force": "ok"},
    "advice": {
        "proposal": "ok",
        "asking": "brand",
        "waiting": "brand",
        "nothing": "warn",
        "lost": "warn",
        "failed": "bad",
    },
    "proposal": {"ordered": "ok", "asked": "brand", "held_back": "warn"},
    "approval": {"open": "brand", "approved": "ok", "expired": "warn"},
    "channel": {"in_use": "ok", "failing": "warn", "unlinked": "warn"},
    "delivery": {"sent": "ok", "failed": "bad"},
    "goal": {"behind": "warn", "missed": "bad", "ahead": "ok", "on plan": "ok", "achieved": "ok", "running": "brand"},
    "rebalance": {"done": "ok", "waiting": "brand", "due": "warn", "refused": "bad", "expired": "warn"},
    "job": {"done": "ok", "running": "brand", "queued": "brand", "failed": "bad"},
    "goal_step": {"done": "ok", "partly": "warn", "running": "brand", "skipped": "warn"},
}
# The states in which a person has something to do come first, those that wait for something next.
WORST: Final = (
    "failed", "halted", "cannot_trade", "refused", "failing", "behind", "held_up", "reducing", "off_target", "waiting",
    "new", "paused", "rehearsing", "running", "synced", "archived",
)  # fmt: skip
NEEDS_SOMEBODY: Final = frozenset({"bad", "warn"})


def colour(of: str, status: str) -> str:
    """How the chip of a thing's status looks: `ok`, `warn`, `bad`, `brand` or nothing. `of` is a key of `COLOURS`."""
    return COLOURS[of].get(status, "")


@dataclass(frozen=True, slots=True)
class Step:
    """What to do next: the words of a link to `url` or, with `is_form`, of a button that does it there."""

    label: str
    url: str
    is_form: bool = False


@dataclass(frozen=True, slots=True)
class State:
    """What something does now or what keeps it from it.

    `code` is one of `WORST`; `template` with `values` the words (`kit.sentences`), `detail` a sentence that says more;
    `next_at` the moment at which it decides next, where it does.
    """

    code: str
    template: str
    values: dict[str, Any] = field(default_factory=dict)
    detail: Told = ""
    action: Step | None = None
    next_at: datetime | None = None

    @property
    def words(self) -> str:
        """As the reader of the current request wants them."""
        return in_words(self.template, self.values)

    @property
    def exact(self) -> str:
        """As a program gets them."""
        return in_words(self.template, self.values, FOR_PROGRAMS)

    @property
    def kind(self) -> str:
        """The chip's colour."""
        return colour("state", self.code)

    @property
    def rank(self) -> int:
        """Lower is worse."""
        return WORST.index(self.code)

    @property
    def needs_somebody(self) -> bool:
        return self.kind in NEEDS_SOMEBODY
