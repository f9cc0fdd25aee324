"""A backtest as one page that needs nothing else: figures, statistics, parameters and trades in a file to keep.

The figures are those of the application (`kit.figures`), painted with colours of their own because no stylesheet is
there. Plotly (Python) puts its script into the file; it is imported here, where a file is written, and nowhere else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import pairwise
from typing import Any, Final

import numpy as np
from django.template.loader import render_to_string

from kit import figures
from kit.display import Display, showing
from kit.figures import Bars, Figure, Mark
from markets.candles.reading import moment
from markets.prices import to_price
from quant import metrics
from quant.backtest import BacktestResult, Trade
from quant.candles import Candles, Floats
from quant.strategies import Strategy

COLOURS: Final = {
    "c1": "#2f6fdb", "c2": "#0f9d8f", "c3": "#b7791f", "c4": "#9b51c4", "c5": "#c2456b", "c6": "#5b7083",
    "up": "#15803d", "down": "#c2410c", "ink": "#111827", "ink-2": "#4b5563", "ink-3": "#9ca3af",
    "line": "#e5e7eb", "surface": "#ffffff", "raised": "#ffffff",
}  # fmt: skip
# Of every slice of the curve the first, lowest, highest and last point are drawn: neither peak nor fall disappears.
SLICES: Final = 500
# Candles and trades beyond these make a file that no browser likes; the page says that there were more.
BARS_SHOWN: Final = 5_000
TRADES_SHOWN: Final = 500
FRACTIONS: Final = frozenset(
    {"total_return", "annualised_return", "volatility", "max_drawdown", "current_drawdown", "win_rate", "exposure"}
)


def report(
    *, strategy: Strategy, params: Mapping[str, Any], candles: Candles, result: BacktestResult, source: str
) -> str:
    """The page. `source` is the words that say where the candles came from; everything given is escaped."""
    config = asdict(result.config)
    size = config.pop("size")
    trades = list(result.trades)
    with showing(Display(currency="")):
        drawn = [_equity(result), _candles(candles, trades)]
    return render_to_string(
        "farms/report.html",
        {
            "strategy": strategy,
            "source": source,
            "bars": len(candles),
            "bars_shown": min(len(candles), BARS_SHOWN),
            "first": moment(int(candles.ts[0])),
            "last": moment(int(candles.ts[-1])),
            "result": result,
            "figures": _html(drawn),
            "statistics": [(name.replace("_", " "), _shown(name, value)) for name, value in result.metrics.items()],
            "params": sorted(params.items()),
            "config": [*config.items(), ("size", f"{size['kind']}:{size['amount']:g}")],
            "trades": [(trade, moment(trade.entry_ts), moment(trade.exit_ts)) for trade in trades[-TRADES_SHOWN:]],
            "trade_count": len(trades),
        },
    )


def _equity(result: BacktestResult) -> Figure:
    curve = np.concatenate(([result.config.cash], result.equity))
    drawdown = np.nan_to_num(metrics.drawdown_series(curve)[1:])
    shown = thinned(result.equity, drawdown)
    figure = figures.equity(
        [moment(int(ts)) for ts in result.ts[shown]], result.equity[shown].tolist(), drawdown=drawdown[shown].tolist()
    )
    figure["data"][0]["name"] = "Equity"
    return figure


def thinned(*series: Floats, slices: int = SLICES) -> np.ndarray:
    """Which points to draw: all of a short series, else the ends and the extremes of every slice of each."""
    length = series[0].size
    if length <= 4 * slices:
        return np.arange(length)
    edges = np.linspace(0, length, slices + 1).astype(np.int64).tolist()
    kept: set[int] = set()
    for start, end in pairwise(edges):
        kept |= {start, end - 1}
        for values in series:
            part = values[start:end]
            kept |= {start + int(part.argmin()), start + int(part.argmax())}
    return np.array(sorted(kept))


def _candles(candles: Candles, trades: Sequence[Trade]) -> Figure:
    shown = candles[-BARS_SHOWN:]
    first = int(shown.ts[0])
    marks: dict[str, list[Mark]] = {"buy": [], "sell": []}
    for trade in trades:
        opens, closes = ("buy", "sell") if trade.side == "long" else ("sell", "buy")
        for side, ts, price, what in (
            (opens, trade.entry_ts, trade.entry_price, f"{trade.side} entry"),
            (closes, trade.exit_ts, trade.exit_price, f"{trade.side} exit, {trade.reason}, {trade.pnl:+,.2f}"),
        ):
            if ts >= first:
                marks[side].append(Mark(moment(ts), to_price(price), f"{what} at {price:,.8g}"))
    columns = (values.tolist() for values in (shown.open, shown.high, shown.low, shown.close))
    return figures.candles(Bars([moment(int(ts)) for ts in shown.ts], *columns), trades=marks)


def _html(drawn: Sequence[Figure]) -> list[str]:
    """Each figure as a division; the first brings the script."""
    import plotly.graph_objects as go  # where a file is written, and nowhere else: it takes most of a second
    from plotly.io import to_html

    parts = []
    for number, figure in enumerate(drawn):
        painted = go.Figure(figures.painted(figure, COLOURS)).update_layout(dragmode="zoom", height=460)
        painted.update_xaxes(fixedrange=False).update_yaxes(fixedrange=False)
        script: bool = number == 0
        parts.append(to_html(painted, include_plotlyjs=script, full_html=False, config={"displaylogo": False}))
    return parts


def _shown(name: str, value: Any) -> str:
    if value is None:
        return "–"
    if name in FRACTIONS:
        return f"{value:.2%}"
    return f"{value:,.4f}" if isinstance(value, float) else str(value)
