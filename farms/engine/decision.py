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
from kit.sentences import Sentence, joined
from trading.risk.sizing import in_lots, largest_buy, largest_open

LONG: Final = 1
ZERO: Final = Decimal(0)
DIGITS: Final = 6
TOO_SMALL: Final = "What may be spent is below the smallest order of this market."

# What a decision is called in front of its reason.
GO: Final = "Go long"
LEAVE: Final = "Leave"
STAY: Final = "Stay long"
GO_SHORT: Final = "Go short"
STAY_SHORT: Final = "Stay short"
TURN: Final = "Turn round"
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
    `exposure` is the share of it that limits and agents leave (0 to 1). Of a perpetual `leverage` is how many times its
    margin an entry is worth; None on spot. `obstacle` is what the farm's policy has against any entry now.
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
    leverage: Decimal | None = None
    obstacle: Sentence | None = None


@dataclass(frozen=True)
class Decision:
    """What to do now. `quantity` is the order's, in base, zero where there is none."""

    kind: Kind
    explanation: Sentence
    quantity: Decimal = ZERO
    numbers: dict[str, str] = field(default_factory=dict)


def decide(*, signal: Signal, held: Decimal | None, means: Callable[[], Means], may_short: bool = False) -> Decision:
    """Enter, exit, turn round, hold, or skip an entry that cannot be made; `means` is asked only for an entry.

    `held` is how much of the base asset a position has, negative when short, None without one. Its stop and its target
    are the monitor's. A signal for the other side leaves it, and where the market `may_short` enters that side with it.
    """
    if (nothing := leave_it(signal=signal, held=held, may_short=may_short)) is not None:
        return nothing
    if held is None:
        return _enter(signal, means())
    if may_short and signal.enter * held < 0:
        entry = _enter(signal, means())
        if entry.kind == "enter":
            return Decision("enter", _told(TURN, signal.reason), abs(held) + entry.quantity, entry.numbers)
    return Decision("exit", _told(LEAVE, signal.reason), abs(held))


def leave_it(*, signal: Signal, held: Decimal | None, may_short: bool = False) -> Decision | None:
    """The decision on a bar that changes nothing, as most do; None on one that an order may follow."""
    if held is None:
        if signal.enter < 0 and not may_short:
            return Decision("skip", _told(SKIP, signal.reason, "A spot market cannot be sold short."))
        return None if signal.enter else Decision("hold", _told(WAIT, signal.reason))
    if signal.exit or signal.enter * held < 0:
        return None
    return Decision("hold", _told(STAY if held > 0 else STAY_SHORT, signal.reason))


def _enter(signal: Signal, means: Means) -> Decision:
    if means.obstacle is not None:
        return Decision("skip", joined(_told(SKIP, signal.reason), means.obstacle))
    wanted = _wanted_notional(signal, means)
    if wanted is None:
        side = "below" if signal.enter > 0 else "above"
        missing = f"Sizing by risk needs a stop {side} the price, and there is none."
        return Decision("skip", _told(SKIP, signal.reason, missing))
    payable = _payable(means)
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
    go = GO if signal.enter > 0 else GO_SHORT
    return Decision("enter", _told(go, signal.reason, cut), quantity, numbers)


def _payable(means: Means) -> Decimal:
    """The most that its cash can hold for an order."""
    funds, price, fee, lot = means.cash, means.price, means.fee_rate, means.lot
    if means.leverage is None:
        return largest_buy(funds=funds, price=price, taker_fee=fee, lot=lot)
    return largest_open(funds=funds, price=price, taker_fee=fee, lot=lot, leverage=means.leverage)


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
        leverage = means.leverage or Decimal(1)
        return budget * leverage / (1 + means.fee_rate * leverage)
    if signal.stop is None:
        return None
    away = means.price - signal.stop if signal.enter > 0 else signal.stop - means.price
    return budget / away * means.price if away > 0 else None


def _cents(value: Decimal) -> str:
    """Cents, or six digits of an amount in something dearer than money."""
    places = max(2, DIGITS - 1 - value.adjusted()) if value else 2
    return f"{value.quantize(Decimal(1).scaleb(-places), ROUND_DOWN):f}"
