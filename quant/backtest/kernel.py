"""The compiled heart: what one bar does to one position, and the loops that apply it to many bars.

`step` takes scalars and gives scalars; it is the only place where a backtest fills. Paper trading shares the
strategies and not this: its orders go the way of live ones, to the demo exchange, which fills at the market's price of
that moment. Within a bar the order of events is fixed, and pessimistic where a candle cannot tell:

1. funding is paid on what is held;
2. at the open: what is still leaving leaves, then (fill = next_open) the last bar's intent is obeyed, exits first;
3. inside the bar: the stop, else the target. The stop works from the entry's own bar on. A bar that opens beyond a
   level fills at its open (gap = open) or, as some peers have it, at the level (gap = stop);
4. the bar's extreme moves the trailing stop, which therefore works from the next bar on;
5. at the close (fill = signal_close): this bar's intent is obeyed.

Market orders and stops pay the taker fee and slippage, targets rest in the book and pay the maker fee. With a volume
cap a bar fills at most that share of its volume: the rest of an entry is dropped, the rest of an exit leaves at the
next open. With a market (`quant.backtest.Market`) the position is traded as an agent of ours would trade it, which
`moniqo.simulation.replay` holds it to: in whole lots, on the tick, one order at an open, no entry whose stop or target
the open has passed; and the open comes before the rest of the bar, for a stop that trails and for a target. This
module imports numba: import it inside the function that needs it.

It is long because it is one: numba keeps compiled code per file, and does not see that a function which it compiled
into a loop has changed in another.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple, get_type_hints

import numpy as np
from numba import njit, types

# All of it is one file, longer than others: numba's cache on disk looks at the file of the compiled function only, so a
# change of something inlined from another file would go unnoticed.
# Inlining by numba keeps the position's fields in registers: seven times faster than passing them through memory.
_inlined = njit(cache=True, inline="always", error_model="numpy")

# Adding it widens an int8 to the int64 that every path must agree on; int() would keep the int8.
WIDE: Final = 0

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

# An entry worth less than this share of equity is what rounding left of the buying power, not a position. Fixed units
# are wanted as they are, however large the account.
DUST: Final = 1e-9
# An order for fixed units is refused, not cut, when it cannot be paid; this much rounding is forgiven.
_AFFORDABLE: Final = 1.0 + 1e-12


class Rules(NamedTuple):
    """The options of a run as scalars; `quant.backtest.Config` explains them.

    `agent` says that there is a market, with its `lot`, `minimum` notional and `cushion`; without one they are zero.
    `grid` is how many ticks make one of the quote asset, or, where that is no whole number, minus the tick; zero where
    prices stand on none.
    """

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
    agent: bool
    lot: float
    minimum: float
    cushion: float
    grid: float


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


# What the loops take, said once: left to numba, each would be compiled again for every mixture of arrays that may and
# may not be written to. One that may is taken for one that may not, never the other way round.
_KINDS: Final = {bool: types.boolean, int: types.int64, float: types.float64}
_RULES: Final = types.NamedTuple(  # type: ignore[no-untyped-call]  # numba's own
    [_KINDS[kind] for kind in get_type_hints(Rules).values()], Rules
)


def _read(kind: types.Type, axes: int = 1) -> types.Array:
    return types.Array(kind, axes, "C", readonly=True)


def _written(axes: int = 1) -> types.Array:
    return types.Array(types.float64, axes, "C")


POSITION_COLUMNS: Final = 17
FLAT: Final = Position(0.0, 0, math.nan, math.nan, math.nan, 0.0, False, 0, 0, 0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0)
NOTHING: Final = Intent(0, False, math.nan, math.nan, math.nan, math.nan, math.nan)


@_inlined
def finished(position: Position) -> bool:
    """Whether a trade has just been completed."""
    return position.quantity == 0.0 and position.entry_quantity > 0.0


@_inlined
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


@_inlined
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


@_inlined
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


@_inlined
def on_grid(level: float, grid: float) -> float:
    """The level on its nearest tick, as the float that names it; NaN stays NaN."""
    if grid > 0.0:
        return float(np.floor(level * grid + 0.5)) / grid
    if grid < 0.0:
        return float(np.floor(level / -grid + 0.5)) * -grid
    return level


@_inlined
def in_lots(quantity: float, lot: float) -> float:
    """Rounded down to whole lots."""
    return float(np.floor(quantity / lot)) * lot if lot > 0.0 else quantity


@_inlined
def is_passed(price: float, side: int, intent: Intent) -> bool:
    """Whether the price has reached a level of the entry already, so that nothing would protect it."""
    return side * (price - intent.stop) <= 0.0 or side * (intent.target - price) <= 0.0 or intent.trail >= price


@_inlined
def wanted_quantity(fill: float, intent: Intent, rules: Rules, equity: float, gross: float) -> float:
    """How much to enter at `fill`; 0 when sizing has no answer or units cannot be paid for.

    `equity` is that of the whole account, `gross` the sum of all positions' notional; together they may reach
    `rules.leverage` times equity, the entry's fee included, and what is set aside for a worse price.
    """
    weight = 1.0 if math.isnan(intent.size) else intent.size
    if not (weight > 0.0 and equity > 0.0):
        return 0.0
    cost = fill * (1.0 + rules.taker)
    affordable = (rules.leverage * equity - gross) / (fill * (1.0 + rules.taker + rules.cushion))
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


@_inlined
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
    amount = in_lots(min(wanted_quantity(fill, intent, rules, equity, gross), room), rules.lot)
    least = 0.0 if rules.sizing == UNITS else DUST * equity
    if amount * fill <= least or amount <= 0.0 or amount * fill < rules.minimum:
        return p, cash, room, True
    if rules.agent and is_passed(price, side, intent):
        return p, cash, room, True
    first = p.entries == 0
    stop = p.stop if math.isnan(intent.stop) else intent.stop
    target = p.target if math.isnan(intent.target) else intent.target
    trail = p.trail if math.isnan(intent.trail) else intent.trail
    best = price if first else p.best
    trailing = p.trailing and math.isnan(intent.stop)
    level = on_grid(best - side * trail, rules.grid)
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


@_inlined
def reaches_stop(p: Position, bar: Bar) -> bool:
    """Whether the bar trades at the stop or beyond; never when there is none (NaN)."""
    return (bar.low <= p.stop) if p.side > 0 else (bar.high >= p.stop)


@_inlined
def reaches_target(p: Position, bar: Bar) -> bool:
    """Whether the bar trades at the target or beyond; never when there is none (NaN)."""
    return (bar.high >= p.target) if p.side > 0 else (bar.low <= p.target)


@_inlined
def bounds(p: Position) -> tuple[float, float]:
    """The low and the high that make a bar reach the stop or the target; NaN, which nothing reaches, where none is."""
    return (p.stop, p.target) if p.side > 0 else (p.target, p.stop)


@_inlined
def follow(position: Position, high: float, low: float, grid: float) -> Position:
    """Remember the best price and let the stop follow it.

    The best price is kept without a trail too: a later entry may bring one, and it counts from the first entry.
    """
    p = position
    best = max(p.best, high) if p.side > 0 else min(p.best, low)
    level = on_grid(best - p.side * p.trail, grid)
    follows = p.side * (level - p.stop) > 0.0  # False where the trail is NaN
    return Position(
        p.quantity, p.side, level if follows else p.stop, p.target, p.trail, best, p.trailing or follows, p.leaving,
        p.entries, p.opened, p.entry_quantity, p.entry_value, p.exit_quantity, p.exit_value, p.fees, p.funding,
        p.reason,
    )  # fmt: skip


@_inlined
def guard(position: Position, cash: float, room: float, bar: Bar, rules: Rules) -> tuple[Position, float, float]:
    """The bar's inside: the stop, else the target, else the trailing stop follows the bar's extreme."""
    p = position
    if p.quantity == 0.0 or p.leaving != 0:
        return p, cash, room
    long = p.side > 0
    if rules.agent:
        p = follow(p, bar.open, bar.open, rules.grid)
    # An agent whose target the open has reached is out before anything else of the bar happens.
    gained = rules.agent and p.side * (bar.open - p.target) >= 0.0 and not p.side * (bar.open - p.stop) <= 0.0
    if reaches_stop(p, bar) and not gained:
        price = p.stop
        if not rules.gap_at_level:
            price = min(price, bar.open) if long else max(price, bar.open)
        reason = TRAIL if p.trailing else STOP
        return leave(p, cash, price * (1.0 - p.side * rules.slippage), rules.taker, room, reason)
    if reaches_target(p, bar):
        price = p.target
        if not rules.gap_at_level:
            price = max(price, bar.open) if long else min(price, bar.open)
        return leave(p, cash, price, rules.maker, room, TARGET)
    return follow(p, bar.high, bar.low, rules.grid), cash, room


@_inlined
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
    if at_open.enter != 0 and not (rules.agent and first.side != 0):
        worth = position.quantity * bar.open
        position, cash, room, refused = obey_entry(
            position, cash, bar.open, room, at_open, rules, index, cash + worth, abs(worth)
        )
    position, cash, room = guard(position, cash, room, bar, rules)
    if finished(position):
        second, position = position, FLAT
    if rules.fill_at_close:
        position, cash, room = obey_exit_at_close(position, cash, bar.close, room, intent, rules)
        left = finished(position)
        if left:
            second, position = position, FLAT
        if intent.enter != 0 and not (rules.agent and left):
            worth = position.quantity * bar.close
            position, cash, room, refused = obey_entry(
                position, cash, bar.close, room, intent, rules, index, cash + worth, abs(worth)
            )
    return position, cash, first, second, refused


@_inlined
def obey_exit_at_close(
    position: Position, cash: float, price: float, room: float, intent: Intent, rules: Rules
) -> tuple[Position, float, float]:
    """Like `obey_exit`, but what is already leaving waits for the next open."""
    if position.leaving != 0:
        return position, cash, room
    return obey_exit(position, cash, price, room, intent, rules)


@_inlined
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


@_inlined
def hold_on(
    low: np.ndarray, high: np.ndarray, close: np.ndarray, funding: np.ndarray, equity: np.ndarray, start: int, end: int,
    floor: float, ceiling: float, cash: float, held: float,
) -> int:  # fmt: skip
    """Hold the position from bar `start` on, until `end` or the first bar on which something happens to it."""
    t, last, pays = np.uint64(start), np.uint64(end), funding.size > 0  # unsigned: nothing counts from the end
    while t < last and not (low[t] <= floor or high[t] >= ceiling or (pays and funding[t] != 0.0)):
        equity[t] = cash + held * close[t]
        t += np.uint64(1)
    return np.int64(t)  # type: ignore[return-value]  # int() would stay unsigned, and with others become a float


@_inlined
def follow_on(
    low: np.ndarray, high: np.ndarray, close: np.ndarray, funding: np.ndarray, equity: np.ndarray, start: int, end: int,
    position: Position, cash: float, grid: float,
) -> tuple[int, Position]:  # fmt: skip
    """The same while each bar may move the stop."""
    t, last, pays = np.uint64(start), np.uint64(end), funding.size > 0
    floor, ceiling = bounds(position)
    while t < last and not (low[t] <= floor or high[t] >= ceiling or (pays and funding[t] != 0.0)):
        position = follow(position, high[t], low[t], grid)
        floor, ceiling = bounds(position)
        equity[t] = cash + position.quantity * close[t]
        t += np.uint64(1)
    return np.int64(t), position  # type: ignore[return-value]  # as above


@njit(
    [
        (
            *[_read(types.float64)] * 6, _read(types.int64), _read(types.int8), _read(types.boolean),
            _read(types.float64, 2), types.float64, _RULES, _written(2), _written(),
        )
    ],
    cache=True, nogil=True, error_model="numpy",
)  # fmt: skip
def run_one(
    open_: np.ndarray, high: np.ndarray, low: np.ndarray, close: np.ndarray, volume: np.ndarray, funding: np.ndarray,
    signals: np.ndarray, enter: np.ndarray, exit_: np.ndarray, details: np.ndarray, cash: float, rules: Rules,
    trades: np.ndarray, equity: np.ndarray,
) -> tuple[int, int, int, float, Position]:  # fmt: skip
    """Loop `step` over the bars of one instrument.

    `signals` are the bars with an entry or an exit, and `details` `(E, 5)` stop, target, trail, size and volatility of
    the E bars with an entry, in order. `volume` and `funding` may be empty. Fills `trades` `(≥ E, TRADE_COLUMNS)` and
    `equity` `(T,)` at each close; returns the number of trades, of refused entries, of bars that ended with a position,
    the cash and the open position.
    """
    position = FLAT
    count, refusals, exposed, entry, said = 0, 0, 0, 0, 0
    lag = 0 if rules.fill_at_close else 1
    pyramids, pays = rules.max_entries > 1, funding.size > 0
    # What the quiet bars need to know of the position, as scalars of their own: the loops over them stay in registers.
    held, leaving, follows, loud = 0.0, False, False, False
    floor, ceiling = bounds(position)
    bars = open_.size
    t = 0
    while t < bars:
        due = signals[said] + lag if said < signals.size else bars
        end = t if leaving or loud else min(due, bars)
        # On most bars nothing happens but this, which is all that `step` would do.
        if held == 0.0:
            equity[t:end] = cash
            t = end
        else:
            start = t
            if follows:
                t, position = follow_on(low, high, close, funding, equity, start, end, position, cash, rules.grid)
                floor, ceiling = bounds(position)
            else:
                t = hold_on(low, high, close, funding, equity, start, end, floor, ceiling, cash, held)
            exposed += t - start
        if t == bars:
            break
        bar = Bar(
            open_[t], high[t], low[t], close[t],
            volume[t] if volume.size > 0 else math.inf, funding[t] if pays else 0.0,
        )  # fmt: skip
        intent = NOTHING
        if t == due:
            i = t - lag
            said += 1
            if enter[i] != 0:
                d = details[entry]
                intent = Intent(WIDE + enter[i], exit_[i], d[0], d[1], d[2], d[3], d[4])
                entry += 1
            else:
                intent = Intent(0, True, math.nan, math.nan, math.nan, math.nan, math.nan)
        position, cash, first, second, refused = step(position, cash, bar, intent, rules, t)
        if first.side != 0:
            write_trade(trades[count], first, t)
            count += 1
        if second.side != 0:
            write_trade(trades[count], second, t)
            count += 1
        refusals += refused
        exposed += position.quantity != 0.0
        equity[t] = cash + position.quantity * bar.close
        t += 1
        held, leaving = position.quantity, position.leaving != 0
        follows = held != 0.0 and (pyramids or not math.isnan(position.trail))
        loud = follows and rules.agent  # the open may move the stop to where the bar reaches it
        floor, ceiling = bounds(position)
    return count, refusals, exposed, cash, position


@_inlined
def load(row: np.ndarray) -> Position:
    """A position from its row of floats."""
    return Position(
        row[0], int(row[1]), row[2], row[3], row[4], row[5], row[6] != 0.0, int(row[7]), int(row[8]),
        int(row[9]), row[10], row[11], row[12], row[13], row[14], row[15], int(row[16]),
    )  # fmt: skip


@_inlined
def store(row: np.ndarray, p: Position) -> None:
    """A position into its row of floats."""
    row[0], row[1], row[2], row[3], row[4], row[5] = p.quantity, p.side, p.stop, p.target, p.trail, p.best
    row[6], row[7], row[8], row[9] = p.trailing, p.leaving, p.entries, p.opened
    row[10], row[11], row[12], row[13] = p.entry_quantity, p.entry_value, p.exit_quantity, p.exit_value
    row[14], row[15], row[16] = p.fees, p.funding, p.reason


@_inlined
def intent_at(enter: np.ndarray, exit_: np.ndarray, details: np.ndarray, t: int, j: int) -> Intent:
    """Instrument j's intent at moment t; nothing before its first bar."""
    if t < 0:
        return NOTHING
    d = details[t, j]
    return Intent(WIDE + enter[t, j], exit_[t, j], d[0], d[1], d[2], d[3], d[4])


@_inlined
def bar_at(bars: np.ndarray, t: int, j: int) -> Bar:
    """Instrument j's bar at moment t; all NaN where it has none."""
    b = bars[t, j]
    return Bar(b[0], b[1], b[2], b[3], b[4], b[5])


@_inlined
def settle(row: np.ndarray, position: Position, trades: np.ndarray, count: int, t: int, j: int) -> int:
    """Keep a position, or write down the trade it has just completed; returns the number of trades."""
    if finished(position):
        write_trade(trades[count], position, t)
        trades[count, TRADE_COLUMNS] = j
        store(row, FLAT)
        return count + 1
    store(row, position)
    return count


@_inlined
def enter_all(
    rows: np.ndarray, here: np.ndarray, last: np.ndarray, room: np.ndarray, wants: np.ndarray, enter: np.ndarray,
    exit_: np.ndarray, details: np.ndarray, cash: float, rules: Rules, t: int,
) -> tuple[float, int]:  # fmt: skip
    """Serve the entries of one moment in the order of the instruments, all sized on the same equity."""
    equity, gross, refusals = cash, 0.0, 0
    for j in range(rows.shape[0]):
        equity += rows[j, 0] * last[j]
        gross += abs(rows[j, 0] * last[j])
    for j in range(rows.shape[0]):
        if not here[j] or wants[j] < 0 or enter[wants[j], j] == 0:
            continue
        intent = intent_at(enter, exit_, details, wants[j], j)
        before = load(rows[j])
        position, cash, room[j], refused = obey_entry(before, cash, last[j], room[j], intent, rules, t, equity, gross)
        gross += position.entry_value - before.entry_value + position.fees - before.fees
        refusals += refused
        store(rows[j], position)
    return cash, refusals


@njit(
    [
        (
            _read(types.float64, 3), _read(types.int8, 2), _read(types.boolean, 2), _read(types.float64, 3),
            types.float64, _RULES, _written(2), _written(),
        )
    ],
    cache=True, nogil=True, error_model="numpy",
)  # fmt: skip
def run_many(  # noqa: C901 - one branch per phase and instrument; splitting it further would hide the order
    bars: np.ndarray, enter: np.ndarray, exit_: np.ndarray, details: np.ndarray, cash: float, rules: Rules,
    trades: np.ndarray, equity: np.ndarray,
) -> tuple[int, int, int, float, np.ndarray]:  # fmt: skip
    """Several instruments sharing one account's cash: the parts of `step`, each for all instruments before the next.

    `bars` `(T, N, 6)` are open, high, low, close, volume, funding, all NaN where an instrument has no bar; `enter` and
    `exit_` `(T, N)`; `details` `(T, N, 5)` as in `run_one`. At each moment all instruments leave before any enters;
    entries are sized on the equity after those exits and served in order until the buying power is used up. An intent
    waits for its instrument's next bar. Fills `trades` `(…, TRADE_COLUMNS + 1)`, the last column being the instrument,
    and `equity` `(T,)`; returns the number of trades, of refused entries, of moments that ended with a position, the
    cash and the open positions' rows.
    """
    moments, instruments = bars.shape[0], bars.shape[1]
    rows = np.zeros((instruments, POSITION_COLUMNS))
    for j in range(instruments):
        store(rows[j], FLAT)
    last, room = np.zeros(instruments), np.zeros(instruments)
    wants, here = np.full(instruments, -1), np.zeros(instruments, dtype=np.bool_)
    count, refusals, exposed = 0, 0, 0
    for t in range(moments):
        for j in range(instruments):
            bar = bar_at(bars, t, j)
            here[j] = not math.isnan(bar.open)
            if here[j]:
                last[j] = bar.open
                room[j] = bar.volume * rules.volume_cap if rules.volume_cap < math.inf else math.inf
                position, cash = fund(load(rows[j]), cash, bar.open, bar.funding)
                intent = NOTHING if rules.fill_at_close else intent_at(enter, exit_, details, wants[j], j)
                position, cash, room[j] = obey_exit(position, cash, bar.open, room[j], intent, rules)
                count = settle(rows[j], position, trades, count, t, j)
        if not rules.fill_at_close:
            cash, refused = enter_all(rows, here, last, room, wants, enter, exit_, details, cash, rules, t)
            refusals += refused
        for j in range(instruments):
            if here[j]:
                bar = bar_at(bars, t, j)
                wants[j], last[j] = t, bar.close
                position, cash, room[j] = guard(load(rows[j]), cash, room[j], bar, rules)
                count = settle(rows[j], position, trades, count, t, j)
        if rules.fill_at_close:
            for j in range(instruments):
                if here[j]:
                    intent = intent_at(enter, exit_, details, t, j)
                    position, cash, room[j] = obey_exit_at_close(load(rows[j]), cash, last[j], room[j], intent, rules)
                    count = settle(rows[j], position, trades, count, t, j)
            cash, refused = enter_all(rows, here, last, room, wants, enter, exit_, details, cash, rules, t)
            refusals += refused
        held, equity[t] = 0.0, cash
        for j in range(instruments):
            held += abs(rows[j, 0])
            equity[t] += rows[j, 0] * last[j]
        exposed += held > 0.0
    return count, refusals, exposed, cash, rows
