"""THE list of what a person is told: every kind of alert, how grave it is at most, what it says and what ends it.

An alert's key begins with its kind: `drift:<connection>:<asset>`. docs/alerts.md shows this table; a test compares.
"""

from collections.abc import Mapping
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
        Kind("movement", "Deposit or withdrawal", WARNING,
             "A venue tells of a deposit or a withdrawal, and it was booked",
             "all that is unassigned of the asset is in a wallet"),
        Kind("sync", "Connection", CRITICAL, "A venue rejects what the sync asks of it", "the next sync that succeeds"),
        Kind("failing", "Failing work", CRITICAL, "Something that Moniqo does on its own failed three times in a row",
             "the next time it succeeds"),
        Kind("channel", "Channel unreachable", WARNING,
             "A channel of yours refused or did not answer, and what was to be told there was given up",
             "the next message that it takes, or a change of the channel"),
        Kind("credentials", "Rejected key", CRITICAL, "A venue rejects the key of a connection",
             "the venue takes an order, or the key is replaced"),
        Kind("old-keys", "Old keys", WARNING,
             "The credentials of a connection were entered longer ago than they should be",
             "others are entered, or the connection is archived"),
        Kind("may-withdraw", "Key may withdraw", WARNING,
             "A venue says of a connection's key that it may withdraw money now",
             "the venue says that it may not, or the connection is archived"),
        Kind("order", "Order in doubt", CRITICAL,
             "Nobody knows the end of an order, the venue keeps its trades to itself, or it did more than was asked",
             "the venue tells what became of the order; what was done beyond it stays until a person has looked"),
        Kind("external", "Orders by hand", INFO,
             "Somebody placed an order at a venue, or cancelled one of ours there"),
        Kind("refused", "Refused orders", WARNING, "The gate refuses what an agent wants to buy or sell",
             "the next order of that side that passes the gate"),
        Kind("unprotected", "Unprotected position", CRITICAL,
             "A stop or a target was reached and the position cannot be closed, or its venue does not sell",
             "the position is closed"),
        Kind("unrested", "Stop not at the venue", WARNING,
             "The stop of a position was rejected, cancelled or forgotten by its venue: Moniqo watches it itself",
             "another one rests there"),
        Kind("liquidated", "Liquidated", CRITICAL,
             "The margin of a position in a perpetual was used up, and it was closed"),
        Kind("margin-shortfall", "Too little margin", CRITICAL,
             "A wallet has less than the margin of its position in a perpetual: less is held",
             "all of the margin is held, or the position is closed"),
        Kind("unpaid-funding", "Unpaid funding", CRITICAL,
             "Funding took more than a wallet had: the rest stands in suspense"),
        Kind("unwatched", "Stops not watched", WARNING,
             "A connection is paused while positions under it have stops or targets", "the connection is active again"),
        Kind("stale-price", "No fresh price", CRITICAL,
             "The price of a market with stops or targets is more than a minute old, so none of them is carried out",
             "the next price"),
        Kind("agent-failed", "Agent paused", CRITICAL, "An agent failed three times in a row and was paused",
             "the agent is started"),
        Kind("daily-loss", "Day's loss", WARNING, "A wallet or a connection has lost what it may lose in a day",
             "its day is over, or the limit is changed so that it may lose more"),
        Kind("protection", "Buying held back", WARNING,
             "A protection of the limits holds buying back: after a stop, a fall, or trades that lost",
             "its time is over, or the limit is changed so that it would not begin"),
        Kind("exposure", "Exposure", CRITICAL, "A limit of exposure is nearly reached, or broken",
             "it is kept again, by its margin"),
        Kind("goal", "Goal", WARNING,
             "A goal is half reached, nine tenths reached, achieved or missed, or what was to be done then was not",
             "for half and nine tenths: it gets further, or ends"),
        Kind("goal-behind", "Goal behind plan", WARNING, "A goal has fallen behind its straight plan",
             "it is on plan again, or it has ended"),
        Kind("snapshot", "Missing value", CRITICAL, "A value could not be written: the history has a gap",
             "the next values are written"),
        Kind("rebalance", "Rebalancing", WARNING,
             "A plan of a rule that rebalances waits for you, or none could be made",
             "it is approved, declined or over, or a later run needs nobody"),
        Kind("rebalance-paused", "Rebalancing put off", WARNING,
             "A rule that rebalances has been put off for an hour: data are old, or something is being carried out",
             "the run is made, or over"),
        Kind("approval", "A program asks", WARNING, "A program asks for something that you decide",
             "it is answered, or it is too late"),
        Kind("ledger", "Contradicting books", CRITICAL,
             "The nightly proof found that the books contradict themselves, or does not come to its end",
             "a proof that finds no contradiction"),
        Kind("platform", "Keys rejected", CRITICAL, "Operators: a venue rejects three owners or more",
             "fewer than three owners are concerned"),
        Kind("lost-key", "Lost encryption key", CRITICAL, "Operators: stored secrets need a key that is not configured",
             "the next night that opens all of them"),
        Kind("lag", "No sign of life", CRITICAL, "Operators: beat or the workers of a queue give no sign of life",
             "the next sign of life"),
        Kind("restart", "Started again", WARNING,
             "Operators: a part hung or ended again and again, and was started again",
             "it has stayed up for a minute"),
        Kind("endpoint", "Model not asked", WARNING,
             "Operators: an endpoint of a language model rejects its key, or its quota is used up; nobody asks it",
             "an operator has looked and empties its field Stopped"),
        Kind("months", "Month not made", WARNING,
             "Operators: rows came for a month whose part of a table nobody had made; they were sorted in",
             "the next night that finds none"),
        Kind("sign-in", "Sign-in", WARNING, "Somebody signed in from a new address, or after a lock"),
        Kind("locked", "Locked", WARNING, "Signing in was locked after too many wrong passwords", "the next sign-in"),
        Kind("token", "Token made", INFO, "A token for programs was made in the settings", "it is revoked or over"),
        Kind("password", "Password changed", WARNING, "Your password was changed"),
        Kind("two-factor", "Two-factor off", WARNING, "Two-factor sign-in was switched off", "it is switched on again"),
        Kind("recovery-code", "Recovery code", WARNING, "A recovery code was used", "the codes are replaced"),
    )
}  # fmt: skip

PLATFORM: Final = "platform"
# What a channel may be limited to: each area as people call it, and its kinds. What operators are told is `platform`.
AREAS: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "money": ("Money and books", ("drift", "movement", "rebalance", "rebalance-paused", "snapshot", "ledger")),
    "venues": ("Connections and keys", ("sync", "credentials", "old-keys", "may-withdraw")),
    "trading": (
        "Orders and positions",
        (
            "order",
            "refused",
            "external",
            "unrested",
            "unprotected",
            "liquidated",
            "margin-shortfall",
            "unpaid-funding",
            "unwatched",
            "stale-price",
            "daily-loss",
            "protection",
            "exposure",
        ),
    ),
    "agents": ("Agents and goals", ("agent-failed", "goal", "goal-behind", "approval")),
    "account": ("Your account", ("sign-in", "locked", "token", "password", "two-factor", "recovery-code")),
    "work": ("What Moniqo does on its own", ("failing", "channel")),
    PLATFORM: ("The platform, for operators", ("platform", "lost-key", "lag", "restart", "endpoint", "months")),
}


def kind_of(key: str) -> Kind:
    """The kind that a key begins with. Raises KeyError for one that is not in the list."""
    return KINDS[key.partition(":")[0]]


def area_of(kind: str) -> str:
    """The area that a kind belongs to; a test sees to it that there is one."""
    return next((area for area, (_, kinds) in AREAS.items() if kind in kinds), "work")


def rank(level: str) -> int:
    """How grave: 0 for information, 2 for critical."""
    return LEVELS.index(level)
