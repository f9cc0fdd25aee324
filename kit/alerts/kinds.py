"""THE list of what a person is told: every kind of alert, how grave it is at most, what it says and what ends it.

An alert's key begins with its kind: `drift:<connection>:<asset>`. docs/alerts.md shows this table; a test compares.
"""

from dataclasses import dataclass
from typing import Final

INFO, WARNING, CRITICAL = "info", "warning", "critical"
LEVELS: Final = (INFO, WARNING, CRITICAL)


@dataclass(frozen=True, slots=True)
class Kind:
    """`level` is the gravest that it takes. `ends` says what resolves it by itself; empty: only a person does."""

    name: str
    label: str
    level: str
    says: str
    ends: str = ""


KINDS: Final = {
    kind.name: kind
    for kind in (
        Kind("drift", "Difference", CRITICAL,
             "Books and venue differ in an asset, or money arrived that is in no wallet yet",
             "the suspense account of the asset is empty again"),
        Kind("sync", "Connection", CRITICAL, "A venue refuses what the sync asks of it", "the next sync that succeeds"),
        Kind("failing", "Failing work", CRITICAL, "Something that Moniqo does on its own failed three times in a row",
             "the next time it succeeds"),
        Kind("credentials", "Refused key", CRITICAL, "A venue refuses the key of a connection",
             "the venue takes an order, or the key is replaced"),
        Kind("order", "Order in doubt", CRITICAL,
             "The venue forgot an order, keeps its trades to itself, or did more than was asked",
             "the venue tells what became of the order; what was done beyond it stays until a person has looked"),
        Kind("unprotected", "Unprotected position", CRITICAL,
             "A stop or a target was reached and the position cannot be closed", "the position is closed"),
        Kind("agent-failed", "Agent paused", CRITICAL, "An agent failed three times in a row and was paused",
             "the agent is started"),
        Kind("snapshot", "Missing value", CRITICAL, "A value could not be written: the history has a gap",
             "the next values are written"),
        Kind("ledger", "Contradicting books", CRITICAL, "The nightly proof found that the books contradict themselves",
             "a proof that finds no contradiction"),
    )
}  # fmt: skip


def kind_of(key: str) -> Kind:
    """The kind that a key begins with. Raises KeyError for one that is not in the list."""
    return KINDS[key.partition(":")[0]]


def rank(level: str) -> int:
    """How grave: 0 for information, 2 for critical."""
    return LEVELS.index(level)
