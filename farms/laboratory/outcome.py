"""A run of the kernel as what is kept of it: figures, what is drawn, and the trades.

All of it is worked out once, where the candles are in memory; pages and programs read it. Long series are drawn with as
many points as a screen can show, among them the lowest and the highest of every slice: neither peak nor fall is lost.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np

from farms.laboratory import packing
from farms.laboratory.report import thinned
from quant import metrics
from quant.backtest import BacktestResult, Config, run_backtest, run_portfolio
from quant.backtest.result import REASONS, Trades
from quant.candles import Candles, Floats, Ints
from quant.strategies import Strategy
from quant.sweeps.run import BLOCKS

# Slices of the curve, each drawn with its ends and extremes, and candles of one market that are drawn at most.
SLICES: Final = 150
BARS_DRAWN: Final = 500
BINS: Final = 25


@dataclass(frozen=True, slots=True)
class Outcome:
    """The columns of a `farms.models.BacktestResult` by their names, and the run they are of."""

    columns: Mapping[str, Any]
    result: BacktestResult


def run(strategy: Strategy, params: Mapping[str, Any], series: Sequence[Candles], config: Config) -> BacktestResult:
    """Trade one market alone, or several on one account's cash."""
    intents = [strategy.intents(candles, params) for candles in series]
    if len(series) == 1:
        return run_backtest(series[0], intents[0], config)
    return run_portfolio(series, intents, config)


def outcome_of(strategy: Strategy, params: Mapping[str, Any], series: Sequence[Candles], config: Config) -> Outcome:
    """Run it, and work out everything that is kept."""
    started = time.perf_counter()
    result = run(strategy, params, series, config)
    drawdown = _drawdown(result.equity, config.cash)
    held = buy_and_hold(series, result.ts, config)
    shown = thinned(result.equity, drawdown, held, slices=SLICES)
    sharpe, skew, kurtosis = moments_of(result)
    columns = {
        "bars": int(result.ts.size),
        "missing_bars": sum(int(candles.gaps()[:, 1].sum()) for candles in series),
        "final_equity": repr(result.final_equity),
        "trade_count": len(result.trades),
        "total_return": result.final_equity / config.cash - 1.0,
        "sharpe_per_bar": sharpe,
        "skew": skew,
        "kurtosis": kurtosis,
        "statistics": _known(result.metrics),
        "benchmark": _known(
            metrics.summary(np.concatenate(([config.cash], held)), periods_per_year=result.periods_per_year)
        ),
        "breakdown": {
            "months": months(result.ts, result.equity, config.cash),
            "reasons": reasons(result.trades),
            "distribution": distribution(trade_returns(result.trades)),
            "held": [_held(position) for position in result.open_positions],
        },
        "curve": {
            "at": result.ts[shown].tolist(),
            "equity": _short(result.equity[shown]),
            "drawdown": _short(drawdown[shown]),
            "benchmark": _short(held[shown]),
        },
        "charts": [drawable(candles) for candles in series],
        "trades": packing.pack(result.trades),
        "candles": packing.hash_of_candles(list(series)),
        "outcome": packing.hash_of_outcome(result.trades, result.equity),
    }
    return Outcome(columns | {"seconds": time.perf_counter() - started}, result)


def buy_and_hold(series: Sequence[Candles], moments: Ints, config: Config) -> Floats:
    """What the cash would be worth `(T,)`, spread evenly, each part bought at its market's first open and held.

    Buying costs the taker fee and the slippage, as any entry of the run does.
    """
    part = config.cash / len(series)
    worth = np.zeros(moments.size)
    for candles in series:
        paid = float(candles.open[0]) * (1 + config.slippage) * (1 + config.taker_fee)
        last = np.searchsorted(candles.ts, moments, side="right") - 1
        worth += np.where(last < 0, part, part / paid * candles.close[np.maximum(last, 0)])
    return worth


def months(ts: Ints, equity: Floats, cash: float) -> list[dict[str, Any]]:
    """The return of each calendar month (UTC) that has a bar, as a fraction; None where nothing was left before it."""
    if not ts.size:
        return []
    names = (ts.astype("datetime64[ms]")).astype("datetime64[M]")
    last = np.append(np.flatnonzero(names[1:] != names[:-1]), ts.size - 1)
    ends = equity[last]
    before = np.concatenate(([cash], ends[:-1]))
    return [
        {"month": str(name), "return": float(end / start - 1.0) if start > 0 else None}
        for name, start, end in zip(names[last], before, ends, strict=True)
    ]


def reasons(trades: Trades) -> list[dict[str, Any]]:
    """Trades by what ended them: how many, how many won, and their profit in quote; the most frequent first."""
    found = []
    for number, name in enumerate(REASONS):
        pnl = trades.pnl[trades.reason == number]
        if pnl.size:
            found.append(
                {"reason": name, "trades": int(pnl.size), "won": int((pnl > 0).sum()), "pnl": float(pnl.sum())}
            )
    return sorted(found, key=lambda one: -one["trades"])


def trade_returns(trades: Trades) -> Floats:
    """Profit of each trade as a fraction of what its entry was worth."""
    worth = trades.quantity * trades.entry_price
    returns: Floats = np.divide(trades.pnl, worth, out=np.zeros_like(trades.pnl), where=worth > 0)
    return returns


def distribution(returns: Floats) -> dict[str, list[float]]:
    """How many trades returned how much: bins from the worst to the best trade, so that both are in one."""
    if not returns.size:
        return {"edges": [], "counts": []}
    counts, edges = np.histogram(returns, bins=min(BINS, max(returns.size, 1)))
    return {"edges": edges.tolist(), "counts": counts.tolist()}


def drawable(candles: Candles, most: int = BARS_DRAWN) -> dict[str, list[float]]:
    """At most so many candles of the series: neighbours are put together, their highest and lowest prices kept."""
    width = math.ceil(len(candles) / most)
    first = np.arange(0, len(candles), max(width, 1))
    last = np.append(first[1:], len(candles)) - 1
    return {
        "ts": candles.ts[first].tolist(),
        "open": _short(candles.open[first]),
        "high": _short(np.maximum.reduceat(candles.high, first)),
        "low": _short(np.minimum.reduceat(candles.low, first)),
        "close": _short(candles.close[last]),
        "together": [max(width, 1)],
    }


def _drawdown(equity: Floats, cash: float) -> Floats:
    return np.asarray(np.nan_to_num(metrics.drawdown_series(np.concatenate(([cash], equity)))[1:]))


def moments_of(result: BacktestResult) -> tuple[float, float, float]:
    """Sharpe ratio per bar, skew and kurtosis of the returns, as the trials of a sweep have them."""
    from quant.backtest.figures import curve_figures

    sums, squares = np.empty(BLOCKS), np.empty(BLOCKS)
    mean, deviation, skew, kurtosis, _ = curve_figures(result.equity, result.config.cash, sums, squares)
    known = [float(value) if math.isfinite(value) else 0.0 for value in (skew, kurtosis)]
    return (float(mean / deviation) if deviation > 0 else 0.0), known[0], known[1]


def _held(position: Any) -> dict[str, Any]:
    return {
        "instrument": position.instrument,
        "since": position.entry_ts,
        "side": "long" if position.quantity > 0 else "short",
        "quantity": abs(position.quantity),
        "entry_price": position.entry_price,
        "unrealized_pnl": position.unrealized_pnl,
    }


def _known(table: Mapping[str, Any]) -> dict[str, Any]:
    """The table without what is no number, which JSON does not know."""
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value for name, value in table.items()
    }


def _short(values: Floats) -> list[float]:
    """Eight significant digits: finer than any pixel."""
    return [float(f"{value:.8g}") for value in values.tolist()]


def month_of(name: str) -> datetime:
    """The first moment of a month that `months` names."""
    return datetime.fromisoformat(f"{name}-01").replace(tzinfo=UTC)
