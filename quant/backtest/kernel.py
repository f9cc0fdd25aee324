"""The compiled heart: what one bar does to one position, and the loops that apply it to many bars.

`step` takes scalars and gives scalars; it is the only place where fills happen, for backtests (looped here) and for
paper trading (called once per bar). Within a bar the order of events is fixed, and pessimistic where a candle cannot
tell:

1. funding is paid on what is held;
2. at the open: what is still leaving leaves, then (fill = next_open) the last bar's intent is obeyed, exit before entry;
3. inside the bar: the stop, else the target. The stop works from the entry's own bar on. A bar that opens beyond a
   level fills at its open (gap = open) or, as some peers have it, at the level (gap = stop);
4. the bar's extreme moves the trailing stop, which therefore works from the next bar on;
5. at the close (fill = signal_close): this bar's intent is obeyed.

Market orders and stops pay the taker fee and slippage, targets rest in the book and pay the maker fee. With a volume cap
a bar fills at most that share of its volume: the rest of an entry is dropped, the rest of an exit leaves at the next
open. This module imports numba: import it inside the function that needs it.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np
from numba import njit

EXIT: Final = 1
REVERSE: Final = 2
STOP: Final = 3
TRAIL: Final = 4
TARGET: Final = 5

UNITS: Final = 0
FRACTION: Final = 1
RISK: Final = 2
VOLATILITY: Final = 3

# Columns of a trade row.
SIDE, OPENED, CLOSED, ENTRY_PRICE, EXIT_PRICE, QUANTITY, FEES, FUNDING, PNL, REASON = range(10)
TRADE_COLUMNS: Final = 10

# An order for fixed units is refused, not cut, when it cannot be paid; this much rounding is forgiven.
_AFFORDABLE: Final = 1.0 + 1e-12


class Rules(NamedTuple):
    """The options of a run as scalars; `quant.backtest.Config` explains them."""

    fill_at_close: bool
    gap_at_level: bool
    taker: float
    maker: float
    slippage: float
    volume_cap: float
    sizing: int
    size: float
    leverage: float
    max_entries: int


class Bar(NamedTuple):
    """One candle; `funding` is the rate longs pay at its open, as a fraction of notional."""

    open: float
    high: float
    low: float
    close: float
    volume: float
    funding: float


class Intent(NamedTuple):
    """One bar's intent, as in `quant.strategies.Intents`; `volatility` per year, for volatility sizing."""

    enter: int
    exit: bool
    stop: float
    target: float
    trail: float
    size: float
    volatility: float


class Position(NamedTuple):
    """A position and the trade it is building; all of it is zero when flat.

    `quantity` is signed. `best` is the best price since entry, `trailing` whether the trail has moved the stop,
    `leaving` the reason why the rest leaves at the next open. Values are sums of quantity × price.
    """

    quantity: float
    side: int
    stop: float
    target: float
    trail: float
    best: float
    trailing: bool
    leaving: int
    entries: int
    opened: int
    entry_quantity: float
    entry_value: float
    exit_quantity: float
    exit_value: float
    fees: float
    funding: float
    reason: int


FLAT: Final = Position(0.0, 0, math.nan, math.nan, math.nan, 0.0, False, 0, 0, 0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0)
NOTHING: Final = Intent(0, False, math.nan, math.nan, math.nan, math.nan, math.nan)


@njit(cache=True)
def finished(position: Position) -> bool:
    """Whether a trade has just been completed."""
    return position.quantity == 0.0 and position.entry_quantity > 0.0


@njit(cache=True)
def fund(position: Position, cash: float, price: float, rate: float) -> tuple[Position, float]:
    """Pay (or earn) funding at `rate` on the position's notional at `price`."""
    p = position
    if p.quantity == 0.0 or rate == 0.0:
        return p, cash
    paid = p.quantity * price * rate
    funded = Position(
        p.quantity, p.side, p.stop, p.target, p.trail, p.best, p.trailing, p.leaving, p.entries, p.opened,
        p.entry_quantity, p.entry_value, p.exit_quantity, p.exit_value, p.fees, p.funding + paid, p.reason,
    )  # fmt: skip
    return funded, cash - paid


@njit(cache=True)
def leave(
    position: Position, cash: float, price: float, fee_rate: float, room: float, reason: int
) -> tuple[Position, float, float]:
    """Sell (or buy back) at `price` as much as `room` allows; the rest is marked as leaving."""
    p = position
    amount = min(abs(p.quantity), room)
    whole = amount == abs(p.quantity)
    value = amount * price
    fee = value * fee_rate
    left = Position(
        0.0 if whole else p.quantity - p.side * amount, p.side, p.stop, p.target, p.trail, p.best, p.trailing,
        0 if whole else reason, p.entries, p.opened, p.entry_quantity, p.entry_value,
        p.exit_quantity + amount, p.exit_value + value, p.fees + fee, p.funding, reason,
    )  # fmt: skip
    return left, cash + p.side * value - fee, room - amount


@njit(cache=True)
def obey_exit(
    position: Position, cash: float, price: float, room: float, intent: Intent, rules: Rules
) -> tuple[Position, float, float]:
    """Leave at the market if something said so: an exit, the opposite entry, or what was left of an earlier exit."""
    reverse = intent.enter * position.side < 0
    if position.quantity == 0.0 or not (intent.exit or reverse or position.leaving != 0):
        return position, cash, room
    reason = position.leaving
    if reason == 0:
        reason = REVERSE if reverse else EXIT
    return leave(position, cash, price * (1.0 - position.side * rules.slippage), rules.taker, room, reason)


@njit(cache=True)
def wanted_quantity(fill: float, intent: Intent, rules: Rules, equity: float, gross: float) -> float:
    """How much to enter at `fill`; 0 when sizing has no answer or units cannot be paid for.

    `equity` is that of the whole account, `gross` the sum of all positions' notional; together they may reach
    `rules.leverage` times equity, the entry's fee included.
    """
    weight = 1.0 if math.isnan(intent.size) else intent.size
    if not (weight > 0.0 and equity > 0.0):
        return 0.0
    cost = fill * (1.0 + rules.taker)
    affordable = (rules.leverage * equity - gross) / cost
    if rules.sizing == UNITS:
        quantity = weight * rules.size
        return quantity if quantity <= affordable * _AFFORDABLE else 0.0
    budget = weight * rules.size * equity
    if rules.sizing == FRACTION:
        quantity = budget / cost
    elif rules.sizing == RISK:
        distance = abs(fill - intent.stop)
        quantity = budget / distance if distance > 0.0 else 0.0
    else:
        quantity = budget / intent.volatility / cost if intent.volatility > 0.0 else 0.0
    return max(min(quantity, affordable), 0.0)


@njit(cache=True)
def obey_entry(
    position: Position, cash: float, price: float, room: float, intent: Intent, rules: Rules, bar: int,
    equity: float, gross: float,
) -> tuple[Position, float, float, bool]:  # fmt: skip
    """Enter at the market if the intent says so and nothing forbids it; the last answer is True for a refused entry."""
    side = intent.enter
    p = position
    if side == 0 or p.leaving != 0 or side * p.side < 0 or p.entries >= rules.max_entries:
        return p, cash, room, False
    fill = price * (1.0 + side * rules.slippage)
    amount = min(wanted_quantity(fill, intent, rules, equity, gross), room)
    if amount <= 0.0:
        return p, cash, room, True
    first = p.entries == 0
    stop = p.stop if math.isnan(intent.stop) else intent.stop
    target = p.target if math.isnan(intent.target) else intent.target
    trail = p.trail if math.isnan(intent.trail) else intent.trail
    best = price if first else p.best
    trailing = p.trailing and math.isnan(intent.stop)
    level = best - side * trail
    if not math.isnan(level) and (math.isnan(stop) or side * (level - stop) > 0.0):
        stop, trailing = level, True
    value = amount * fill
    fee = value * rules.taker
    entered = Position(
        p.quantity + side * amount, side, stop, target, trail, best, trailing, 0, p.entries + 1,
        bar if first else p.opened, p.entry_quantity + amount, p.entry_value + value, p.exit_quantity, p.exit_value,
        p.fees + fee, p.funding, 0,
    )  # fmt: skip
    return entered, cash - side * value - fee, room - amount, False


@njit(cache=True)
def guard(
    position: Position, cash: float, room: float, bar: Bar, rules: Rules
) -> tuple[Position, float, float]:  # fmt: skip
    """The bar's inside: the stop, else the target, else the trailing stop follows the bar's extreme."""
    p = position
    if p.quantity == 0.0 or p.leaving != 0:
        return p, cash, room
    long = p.side > 0
    if (bar.low <= p.stop) if long else (bar.high >= p.stop):
        price = p.stop
        if not rules.gap_at_level:
            price = min(price, bar.open) if long else max(price, bar.open)
        reason = TRAIL if p.trailing else STOP
        return leave(p, cash, price * (1.0 - p.side * rules.slippage), rules.taker, room, reason)
    if (bar.high >= p.target) if long else (bar.low <= p.target):
        price = p.target
        if not rules.gap_at_level:
            price = max(price, bar.open) if long else min(price, bar.open)
        return leave(p, cash, price, rules.maker, room, TARGET)
    if math.isnan(p.trail):
        return p, cash, room
    best = max(p.best, bar.high) if long else min(p.best, bar.low)
    level = best - p.side * p.trail
    follows = p.side * (level - p.stop) > 0.0
    trailed = Position(
        p.quantity, p.side, level if follows else p.stop, p.target, p.trail, best, p.trailing or follows, p.leaving,
        p.entries, p.opened, p.entry_quantity, p.entry_value, p.exit_quantity, p.exit_value, p.fees, p.funding, p.reason,
    )  # fmt: skip
    return trailed, cash, room


@njit(cache=True)
def step(
    position: Position, cash: float, bar: Bar, intent: Intent, rules: Rules, index: int
) -> tuple[Position, float, Position, Position, bool]:
    """One bar of one instrument that has the account's cash to itself.

    `intent` is the last closed bar's (fill = next_open) or this bar's (fill = signal_close); `index` is this bar's
    number. Returns the position and cash after the bar, the trade finished at its open and the one finished later
    (each `FLAT` if there was none), and whether an entry was refused.
    """
    room = bar.volume * rules.volume_cap if rules.volume_cap < math.inf else math.inf
    first, second, refused = FLAT, FLAT, False
    position, cash = fund(position, cash, bar.open, bar.funding)
    at_open = NOTHING if rules.fill_at_close else intent
    position, cash, room = obey_exit(position, cash, bar.open, room, at_open, rules)
    if finished(position):
        first, position = position, FLAT
    if at_open.enter != 0:
        worth = position.quantity * bar.open
        position, cash, room, refused = obey_entry(
            position, cash, bar.open, room, at_open, rules, index, cash + worth, abs(worth)
        )
    position, cash, room = guard(position, cash, room, bar, rules)
    if finished(position):
        second, position = position, FLAT
    if rules.fill_at_close:
        position, cash, room = obey_exit_at_close(position, cash, bar.close, room, intent, rules)
        if finished(position):
            second, position = position, FLAT
        if intent.enter != 0:
            worth = position.quantity * bar.close
            position, cash, room, refused = obey_entry(
                position, cash, bar.close, room, intent, rules, index, cash + worth, abs(worth)
            )
    return position, cash, first, second, refused


@njit(cache=True)
def obey_exit_at_close(
    position: Position, cash: float, price: float, room: float, intent: Intent, rules: Rules
) -> tuple[Position, float, float]:
    """Like `obey_exit`, but what is already leaving waits for the next open."""
    if position.leaving != 0:
        return position, cash, room
    return obey_exit(position, cash, price, room, intent, rules)


@njit(cache=True)
def write_trade(row: np.ndarray, trade: Position, closed: int) -> None:
    """Fill a trade row: prices are averages weighted by quantity, pnl is net of fees and funding."""
    row[SIDE] = trade.side
    row[OPENED] = trade.opened
    row[CLOSED] = closed
    row[ENTRY_PRICE] = trade.entry_value / trade.entry_quantity
    row[EXIT_PRICE] = trade.exit_value / trade.exit_quantity
    row[QUANTITY] = trade.entry_quantity
    row[FEES] = trade.fees
    row[FUNDING] = trade.funding
    row[PNL] = trade.side * (trade.exit_value - trade.entry_value) - trade.fees - trade.funding
    row[REASON] = trade.reason


@njit(cache=True)
def run_one(
    open_: np.ndarray, high: np.ndarray, low: np.ndarray, close: np.ndarray, volume: np.ndarray, funding: np.ndarray,
    enter: np.ndarray, exit_: np.ndarray, details: np.ndarray, cash: float, rules: Rules,
    trades: np.ndarray, equity: np.ndarray,
) -> tuple[int, int, float, Position]:  # fmt: skip
    """Loop `step` over the bars of one instrument.

    `details` `(E, 5)` are stop, target, trail, size and volatility of the E bars with an entry, in order. `volume` and
    `funding` may be empty. Fills `trades` `(≥ E, TRADE_COLUMNS)` and `equity` `(T,)` at each close; returns the number
    of trades, of refused entries, the cash and the open position.
    """
    position = FLAT
    count, refusals, entry = 0, 0, 0
    lag = 0 if rules.fill_at_close else 1
    for t in range(open_.size):
        intent = NOTHING
        i = t - lag
        if i >= 0:
            if enter[i] != 0:
                d = details[entry]
                intent = Intent(enter[i], exit_[i], d[0], d[1], d[2], d[3], d[4])
                entry += 1
            elif exit_[i]:
                intent = Intent(0, True, math.nan, math.nan, math.nan, math.nan, math.nan)
        bar = Bar(
            open_[t], high[t], low[t], close[t],
            volume[t] if volume.size > 0 else math.inf, funding[t] if funding.size > 0 else 0.0,
        )  # fmt: skip
        position, cash, first, second, refused = step(position, cash, bar, intent, rules, t)
        if first.side != 0:
            write_trade(trades[count], first, t)
            count += 1
        if second.side != 0:
            write_trade(trades[count], second, t)
            count += 1
        refusals += refused
        equity[t] = cash + position.quantity * bar.close
    return count, refusals, cash, position
