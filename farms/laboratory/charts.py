"""The charts of backtests, drawn from what was kept of them."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Any, Final

import numpy as np

from farms.laboratory.outcome import drawable, trade_returns
from farms.laboratory.readings import Found
from kit import bars, figures, formatting
from kit.axes import PERCENT_TICKS, PRICE_TICKS, base_layout, value_axis
from kit.figures import FULL, LABEL, PERCENT, Bars, Figure, Mark
from markets.candles.known import load_between
from markets.candles.reading import TIMEFRAME_MS, moment
from markets.prices import to_price
from quant.backtest.result import Trades
from quant.candles import Ints

# Trades that are marked on all of a market's candles, among them so many of the best and of the worst.
MARKED: Final = 200
EXTREMES: Final = 10
# Candles beside a trade that is looked at.
AROUND: Final = 60


def equity(found: Found) -> Figure:
    """Equity and drawdown, beside buying and holding."""
    kept: dict[str, Any] = found.result.curve if found.result else {}
    at = [moment(ts) for ts in kept["at"]]
    figure = figures.equity(
        at,
        kept["equity"],
        drawdown=kept["drawdown"],
        benchmark=kept["benchmark"],
        benchmark_name="Buy and hold",
        currency=found.row.quote,
        revision=str(found.backtest.pk),
    )
    next(trace for trace in figure["data"] if trace["name"] == "Portfolio")["name"] = "Equity"
    return figure


def market(found: Found, place: int, *, trade: int | None = None) -> Figure:
    """The candles of its market number `place` with its trades; with `trade` only those around that one."""
    trades = found.trades
    if found.result is None or trades is None:
        raise LookupError("There is nothing to draw of a backtest without a result.")
    kept: dict[str, list[float]] = found.result.charts[place]
    numbers = np.flatnonzero(trades.instrument == place)
    if trade is not None:
        closer = _around(found, trades, place, trade)
        if closer is not None:
            kept = closer
            first, last = kept["ts"][0], kept["ts"][-1]
            numbers = numbers[(trades.exit_ts[numbers] >= first) & (trades.entry_ts[numbers] <= last)]
    shown = marked(trades, numbers)
    at = [moment(int(ts)) for ts in kept["ts"]]
    candles = Bars(at, *(kept[name] for name in ("open", "high", "low", "close")))
    return figures.candles(
        candles, trades=_marks(found, trades, shown), revision=f"{found.backtest.pk} {place} {trade}"
    )


def marked(trades: Trades, numbers: Ints) -> Ints:
    """Which of the trades are drawn: all of a few, else the best, the worst, and others evenly spread."""
    if numbers.size <= MARKED:
        return numbers
    by_profit = numbers[np.argsort(trades.pnl[numbers], kind="stable")]
    spread = numbers[np.linspace(0, numbers.size - 1, MARKED - 2 * EXTREMES).astype(np.int64)]
    return np.unique(np.concatenate((by_profit[:EXTREMES], by_profit[-EXTREMES:], spread)))


def distribution(found: Found) -> Figure:
    """How many trades returned how much."""
    kept: dict[str, list[float]] = found.result.breakdown["distribution"] if found.result else {}
    edges, counts = [edge * PERCENT for edge in kept["edges"]], kept["counts"]
    middles = [(one + other) / 2 for one, other in pairwise(edges)]
    texts = [_bin(one, other, int(count)) for (one, other), count in zip(pairwise(kept["edges"]), counts, strict=True)]
    trace: Figure = {
        "type": "bar",
        "name": "Trades",
        "x": [figures.short(value) for value in middles],
        "y": counts,
        "width": [figures.short((other - one) * 0.9) for one, other in pairwise(edges)],
        "text": texts,
        "textposition": "none",
        "hovertemplate": "%{text}<extra></extra>",
        "marker": {"color": ["var(--up)" if value > 0 else "var(--down)" for value in middles]},
    }
    layout = base_layout(margin={"l": LABEL, "r": 40, "t": 6, "b": 40})
    across = value_axis(FULL, None, PERCENT_TICKS, labelled=True)
    layout["xaxis"] = {name: across[name] for name in ("tickformatstops", "ticksuffix", "nticks", "tickfont")}
    layout["xaxis"] |= {"fixedrange": True, "showgrid": False, "zeroline": True, "zerolinecolor": "var(--ink-3)"}
    layout["yaxis"] = value_axis(FULL, None, PRICE_TICKS, labelled=True) | {"rangemode": "tozero"}
    return {"data": [trace], "layout": layout}


def _bin(one: float, other: float, count: int) -> str:
    ends = [formatting.percent(to_price(edge), 2, signed=True) for edge in (one, other)]
    return f"{ends[0]} to {ends[1]}: {count} trade{'' if count == 1 else 's'}"


def growth(several: Sequence[Found], names: Sequence[str]) -> Figure:
    """The returns of several backtests over time, each from its own beginning."""
    lines = []
    for found, name in zip(several, names, strict=True):
        kept: dict[str, Any] = found.result.curve if found.result else {"at": [], "equity": []}
        cash = float(found.backtest.cash)
        points = [(moment(ts), value / cash - 1.0) for ts, value in zip(kept["at"], kept["equity"], strict=True)]
        lines.append((name, points))
    return bars.returns(lines, revision=" ".join(str(found.backtest.pk) for found in several))


def _around(found: Found, trades: Trades, place: int, number: int) -> dict[str, list[float]] | None:
    """The candles beside a trade; None where they are not there any more."""
    timeframe = found.backtest.timeframe
    beside = AROUND * timedelta(milliseconds=TIMEFRAME_MS[timeframe])
    candles = load_between(
        instrument_id=found.backtest.instruments[place],
        timeframe=timeframe,
        since=max(moment(int(trades.entry_ts[number - 1])) - beside, found.backtest.since),
        until=min(moment(int(trades.exit_ts[number - 1])) + beside, found.backtest.until),
    )
    return drawable(candles) if len(candles) else None


def _marks(found: Found, trades: Trades, numbers: Ints) -> dict[str, list[Mark]]:
    marks: dict[str, list[Mark]] = {"entry": [], "won": [], "lost": []}
    returns = trade_returns(trades)
    for number in numbers.tolist():
        trade = trades[number]
        tick = found.instruments[trade.instrument].tick_size
        entry, left = to_price(trade.entry_price), to_price(trade.exit_price)
        words = f"Trade {number + 1}, {trade.side}: entry at {formatting.price(entry, tick)}"
        marks["entry"].append(Mark(moment(trade.entry_ts), entry, words))
        made = formatting.percent(to_price(float(returns[number])), 2, signed=True)
        words = f"Trade {number + 1}, {trade.reason} at {formatting.price(left, tick)}: {made}"
        marks["won" if trade.pnl > 0 else "lost"].append(Mark(moment(trade.exit_ts), left, words))
    return marks
