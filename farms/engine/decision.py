"""From an intent to an order: the target position, and the difference to what is held.

Pure and exact, so that every rule can be tested without a market. A strategy speaks in intents and floats; here its
last bar's intent becomes Decimals, an entry is sized from the agent's own cash, cut to what the farm still allows in
the instrument and to what its cash can hold for an order, and rounded down to the lot. Holding is the answer whenever
nothing has to change: an agent never adds to a position it has. Words and market prices make the explanation; amounts
of money stay in `numbers`, because a page may have to mask them.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, Decimal
from typing import Final, Literal

from kit.decimals import plain
from kit.sentences import Sentence
from trading.risk.sizing import in_lots, largest_buy

LONG: Final = 1
ZERO: Final = Decimal(0)
DIGITS: Final = 6
TOO_SMALL: Final = "What may be spent is below the smallest order of this market."

# What a decision is called in front of its reason.
GO: Final = "Go long"
LEAVE: Final = "Leave"
STAY: Final = "Stay long"
WAIT: Final = "Wait"
SKIP: Final = "No entry"

Kind = Literal["enter", "exit", "hold", "skip"]


@dataclass(frozen=True)
class Signal:
    """The intent of the last closed bar. Prices and `trail` in quote; `weight` relative to the configured size."""

    enter: int
    exit: bool
    close: Decimal
    reason: Sentence
    stop: Decimal | None = None
    target: Decimal | None = None
    trail: Decimal | None = None
    weight: Decimal = Decimal(1)


@dataclass(frozen=True)
class Means:
    """What an entry may use.

    `cash` is the agent's free quote asset, `price` the expected price of a buy, `room` what the farm's cap leaves in
    the instrument (quote), `size` a fraction of cash: spent ("cash") or lost between price and stop ("risk");
    `exposure` is the share of it that limits and agents leave (0 to 1).
    """

    cash: Decimal
    price: Decimal
    room: Decimal
    sizing: Literal["cash", "risk"]
    size: Decimal
    fee_rate: Decimal
    lot: Decimal
    minimum_notional: Decimal
    exposure: Decimal = Decimal(1)


@dataclass(frozen=True)
class Decision:
    """What to do now. `quantity` is the order's, in base, zero where there is none."""

    kind: Kind
    explanation: Sentence
    quantity: Decimal = ZERO
    numbers: dict[str, str] = field(default_factory=dict)


def decide(*, signal: Signal, held: Decimal | None, means: Callable[[], Means]) -> Decision:
    """Enter, exit, hold, or skip an entry that cannot be made; `means` is asked only for an entry.

    `held` is how much of the base asset a position has, None without one. Its stop and its target are the monitor's.
    """
    if (nothing := leave_it(signal=signal, held=held)) is not None:
        return nothing
    if held is None:
        return _enter(signal, means())
    return Decision("exit", _told(LEAVE, signal.reason), held)


def leave_it(*, signal: Signal, held: Decimal | None) -> Decision | None:
    """The decision on a bar that changes nothing, as most do; None on one that an order may follow."""
    if held is None and signal.enter < 0:
        return Decision("skip", _told(SKIP, signal.reason, "A spot market cannot be sold short."))
    if held is None and signal.enter != LONG:
        return Decision("hold", _told(WAIT, signal.reason))
    if held is None or signal.exit or signal.enter < 0:
        return None
    return Decision("hold", _told(STAY, signal.reason))


def _enter(signal: Signal, means: Means) -> Decision:
    wanted = _wanted_notional(signal, means)
    if wanted is None:
        missing = "Sizing by risk needs a stop below the price, and there is none."
        return Decision("skip", _told(SKIP, signal.reason, missing))
    payable = largest_buy(funds=means.cash, price=means.price, taker_fee=means.fee_rate, lot=means.lot)
    uncapped = in_lots(min(wanted / means.price, payable) * means.exposure, means.lot)
    quantity = max(ZERO, min(uncapped, in_lots(means.room / means.price, means.lot)))
    numbers = {
        "cash": _cents(means.cash),
        "wanted": _cents(wanted),
        "room": _cents(means.room),
        "notional": _cents(quantity * means.price),
    }
    less = ""
    if means.exposure < 1:
        less = f"An exposure of {plain(means.exposure * 100)} % made the entry smaller."
        numbers["exposure"] = f"{means.exposure:f}"
    is_cut = quantity < uncapped
    if quantity <= 0 or quantity * means.price < means.minimum_notional:
        reason = "The farm holds as much of this instrument as it allows." if is_cut else less or TOO_SMALL
        return Decision("skip", _told(SKIP, signal.reason, reason), ZERO, numbers)
    cut = "The farm's limit for one instrument made the entry smaller." if is_cut else less
    return Decision("enter", _told(GO, signal.reason, cut), quantity, numbers)


def _told(lead: str, reason: Sentence, more: str = "") -> Sentence:
    """What is done, and the reason: a strategy's clause says nothing about what follows, so it cannot contradict it."""
    clause = reason.template.rstrip(".")
    if clause[1:2].islower():  # an abbreviation keeps its capitals
        clause = clause[0].lower() + clause[1:]
    return Sentence(f"{lead}: {clause}. {more}".rstrip(), reason.values)


def _wanted_notional(signal: Signal, means: Means) -> Decimal | None:
    """What the entry would spend if nothing limited it; None when it cannot be said."""
    budget = means.cash * means.size * signal.weight
    if means.sizing == "cash":
        return budget / (1 + means.fee_rate)
    if signal.stop is None or signal.stop >= means.price:
        return None
    return budget / (means.price - signal.stop) * means.price


def _cents(value: Decimal) -> str:
    """Cents, or six digits of an amount in something dearer than money."""
    places = max(2, DIGITS - 1 - value.adjusted()) if value else 2
    return f"{value.quantize(Decimal(1).scaleb(-places), ROUND_DOWN):f}"
