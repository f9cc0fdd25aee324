"""Candles and intents in, a result out: prepares arrays for the compiled kernel and names what it gives back."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Final

import numpy as np

from quant import indicators
from quant.backtest.config import SIZE_KINDS, Config
from quant.backtest.result import BacktestResult, OpenPosition, Trades
from quant.candles import Candles, Floats
from quant.errors import CandleError, ParameterError
from quant.strategies.base import Intents

if TYPE_CHECKING:
    from quant.backtest import kernel

DEFAULTS: Final = Config()
NO_VALUES: Final = np.empty(0)
# From here on not every whole number is a float.
_WHOLE: Final = 2.0**53


def run_backtest(
    candles: Candles,
    intents: Intents,
    config: Config = DEFAULTS,
    *,
    funding: Floats | None = None,
) -> BacktestResult:
    """Trade one instrument on all of the account's cash.

    `funding` `(T,)` is the rate that longs pay shorts at each bar's open, as a fraction of notional (0 between
    payments). Raises `CandleError` when lengths differ. Fill rules: `quant.backtest.kernel`.
    """
    from quant.backtest import kernel

    _same_length(candles, intents, funding)
    intents = acted_on(candles, intents, config)
    trades = np.empty((intents.entries.size, kernel.TRADE_COLUMNS))
    equity = np.empty(len(candles))
    count, refused, exposed, _, position = kernel.run_one(
        candles.open,
        candles.high,
        candles.low,
        candles.close,
        NO_VALUES if config.volume_cap is None else candles.volume,
        NO_VALUES if funding is None else np.ascontiguousarray(funding, dtype=np.float64),
        intents.signals,
        np.ascontiguousarray(intents.enter, dtype=np.int8),
        np.ascontiguousarray(intents.exit, dtype=np.bool_),
        entry_details(candles, intents, config, intents.entries),
        config.cash,
        rules_of(config),
        trades,
        equity,
    )
    held = () if position.quantity == 0 else (_open_position(position, candles, 0),)
    return BacktestResult(
        config=config,
        ts=candles.ts,
        equity=equity,
        trades=_trades(trades[:count], candles.ts, np.zeros(count, dtype=np.int64)),
        open_positions=held,
        refused_entries=refused,
        exposed_bars=exposed,
    )


def run_portfolio(
    candles: Sequence[Candles],
    intents: Sequence[Intents],
    config: Config = DEFAULTS,
    *,
    funding: Sequence[Floats] | None = None,
) -> BacktestResult:
    """Trade several instruments on one account's cash, each with its own candles and intents.

    Moments are the union of all bars; an instrument without a bar keeps its last price and its intent waits for its
    next bar. At each moment exits come before entries, and entries are served in the order given.
    """
    from quant.backtest import kernel

    if not candles or len(candles) != len(intents):
        raise CandleError(f"Give one set of intents per instrument: {len(candles)} candles, {len(intents)} intents.")
    if config.market is not None:
        raise ParameterError("Give a market's rules to a run of one instrument: several have one each.")
    moments = np.unique(np.concatenate([one.ts for one in candles]))
    shape = (moments.size, len(candles))
    bars = np.full((*shape, 6), np.nan)
    enter, exit_ = np.zeros(shape, dtype=np.int8), np.zeros(shape, dtype=np.bool_)
    details = np.full((*shape, 5), np.nan)
    for j, (one, wants) in enumerate(zip(candles, intents, strict=True)):
        rates = None if funding is None else funding[j]
        _same_length(one, wants, rates)
        at = np.searchsorted(moments, one.ts)
        columns = (one.open, one.high, one.low, one.close, one.volume, np.zeros(len(one)) if rates is None else rates)
        bars[at, j] = np.column_stack(columns)
        enter[at, j], exit_[at, j] = wants.enter, wants.exit
        details[at[wants.entries], j] = entry_details(one, wants, config, wants.entries)
    trades = np.empty((int(np.count_nonzero(enter)), kernel.TRADE_COLUMNS + 1))
    equity = np.empty(moments.size)
    count, refused, exposed, _, rows = kernel.run_many(
        bars, enter, exit_, details, config.cash, rules_of(config), trades, equity
    )
    positions = ((j, kernel.load.py_func(row)) for j, row in enumerate(rows))
    return BacktestResult(
        config=config,
        ts=moments,
        equity=equity,
        trades=_trades(trades[:count], moments, trades[:count, -1].astype(np.int64)),
        open_positions=tuple(_open_position(p, candles[j], j, moments) for j, p in positions if p.quantity != 0),
        refused_entries=refused,
        exposed_bars=exposed,
    )


def rules_of(config: Config) -> kernel.Rules:
    """The kernel's scalars for a configuration."""
    from quant.backtest import kernel

    market = config.market
    return kernel.Rules(
        fill_at_close=config.fill == "signal_close",
        gap_at_level=config.gap == "stop",
        taker=float(config.taker_fee),
        maker=float(config.maker_fee if market is None else config.taker_fee),
        slippage=float(config.slippage),
        volume_cap=math.inf if config.volume_cap is None else float(config.volume_cap),
        sizing=SIZE_KINDS.index(config.size.kind),
        size=float(config.size.amount),
        leverage=float(config.leverage),
        max_entries=config.max_entries,
        agent=market is not None,
        lot=0.0 if market is None else float(market.lot),
        minimum=0.0 if market is None else float(market.minimum),
        cushion=0.0 if market is None else float(market.cushion),
        grid=0.0 if market is None else _grid(market.tick),
    )


def acted_on(candles: Candles, intents: Intents, config: Config) -> Intents:
    """Of the intents those that are acted on: all, or of an agent's what it can do on a spot market and is not stale.

    Who wants to be short leaves. What the last bar before a gap said is older than a bar when the next price comes.
    """
    if config.market is None:
        return intents
    fresh = np.ones(len(candles), dtype=bool)
    fresh[:-1] = np.diff(candles.ts) < 2 * candles.timeframe_ms
    enter = np.where(fresh & (intents.enter > 0), intents.enter, 0).astype(np.int8)
    return intents.wanting(enter, fresh & (intents.exit | (intents.enter < 0)))


def _grid(tick: Decimal) -> float:
    """How many ticks make one, or minus the tick: a whole number of them over that is the very float of the price."""
    steps = 1 / tick
    return float(steps) if steps == steps.to_integral_value() else -float(tick)


def _same_length(candles: Candles, intents: Intents, funding: Floats | None) -> None:
    if len(candles) != len(intents) or (funding is not None and len(funding) != len(candles)):
        raise CandleError(f"Give intents and funding one value per candle: there are {len(candles)} candles.")


def entry_details(candles: Candles, intents: Intents, config: Config, entries: np.ndarray) -> Floats:
    """Stop, target, trail, size and volatility `(E, 5)` of the bars with an entry: all the kernel reads of them."""
    details = np.full((entries.size, 5), np.nan)
    for column, name in enumerate(("stop", "target", "trail", "size")):
        if (levels := intents.levels(name, entries)) is not None:
            details[:, column] = levels
    if config.market is not None:
        for column in range(3):
            details[:, column] = on_ticks(details[:, column], config.market.tick)
    if config.size.kind == "volatility" and len(candles) > 1:
        moves = np.diff(np.log(candles.close), prepend=np.nan)
        spread = np.full(moves.size, np.nan)
        window = config.volatility_window
        spread[1:] = indicators.deviation(moves[1:], window) * math.sqrt(window / (window - 1))
        details[:, 4] = spread[entries] * math.sqrt(candles.periods_per_year)
    return details


def on_ticks(levels: Floats, tick: Decimal) -> Floats:
    """Each level on its nearest tick, as the order path rounds it; NaN stays NaN.

    Where whole ticks make one of quote, a division of whole numbers is the very float; levels so near to the middle of
    two ticks that a float's last digit would decide are rounded in decimals, one by one.
    """
    ticks = _grid(tick)
    if ticks < 0:
        return np.array([_on_tick(level, tick) for level in levels.tolist()])
    scaled = levels * ticks
    whole = np.floor(scaled + 0.5)
    found: Floats = whole / ticks
    doubtful = np.abs(scaled - np.floor(scaled) - 0.5) <= 1e-9 + np.abs(scaled) * 1e-15
    for place in np.flatnonzero(doubtful | (np.abs(whole) >= _WHOLE)):
        found[place] = _on_tick(float(levels[place]), tick)
    return found


def _on_tick(level: float, tick: Decimal) -> float:
    """As the order path rounds it, exactly: the shortest decimal that names the level, half up."""
    if math.isnan(level):
        return level
    return float((Decimal(repr(level)) / tick).to_integral_value(ROUND_HALF_UP) * tick)


def _trades(rows: Floats, ts: np.ndarray, instrument: np.ndarray) -> Trades:
    from quant.backtest import kernel as k

    entry, exit_ = rows[:, k.OPENED].astype(np.int64), rows[:, k.CLOSED].astype(np.int64)
    return Trades(
        entry_bar=entry,
        exit_bar=exit_,
        entry_ts=ts[entry],
        exit_ts=ts[exit_],
        side=rows[:, k.SIDE].astype(np.int64),
        entry_price=rows[:, k.ENTRY_PRICE],
        exit_price=rows[:, k.EXIT_PRICE],
        quantity=rows[:, k.QUANTITY],
        fee=rows[:, k.FEES],
        funding=rows[:, k.FUNDING],
        pnl=rows[:, k.PNL],
        reason=rows[:, k.REASON].astype(np.int64),
        instrument=instrument,
    )


def _open_position(
    position: kernel.Position, candles: Candles, instrument: int, moments: np.ndarray | None = None
) -> OpenPosition:
    average = position.entry_value / position.entry_quantity
    return OpenPosition(
        entry_ts=int((candles.ts if moments is None else moments)[position.opened]),
        quantity=position.quantity,
        entry_price=average,
        stop=None if math.isnan(position.stop) else position.stop,
        target=None if math.isnan(position.target) else position.target,
        unrealized_pnl=position.quantity * (float(candles.close[-1]) - average),
        instrument=instrument,
    )
