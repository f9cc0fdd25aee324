"""The charts of farms and agents, drawn from what their selectors found."""

from datetime import datetime
from typing import Final

import numpy as np

from farms.selectors import AgentPage, FarmPage
from kit import figures, formatting
from kit.figures import Bars, Figure, Mark
from markets.candles.reading import moment

# An indicator is drawn over the candles when it lives where the prices do, and not on a scale of its own (ADX, ATR).
ROOM: Final = 0.25


def profit_curve(page: FarmPage) -> Figure:
    """The profit of closed trades, added up."""
    figure = figures.equity([at for at, _ in page.curve], [profit for _, profit in page.curve])
    figure["data"][-1]["name"] = "Closed trades"
    return figure


def market(page: AgentPage) -> Figure:
    """The agent's candles with its indicators and its own trades."""
    candles = page.candles
    at = [moment(int(ts)) for ts in candles.ts]
    bars = Bars(at, *(values.tolist() for values in (candles.open, candles.high, candles.low, candles.close)))
    trades: dict[str, list[Mark]] = {"buy": [], "sell": []}
    for fill in page.fills:
        trades[fill.side].append(Mark(fill.filled_at, fill.price, f"{fill.get_side_display()} at {fill.price:f}"))
    figure = figures.candles(bars, trades=trades)
    figure["data"][1:1] = _overlays(page, at)
    return figure


def _overlays(page: AgentPage, at: list[datetime]) -> list[Figure]:
    if page.intents is None or not len(page.candles):
        return []
    low, high = float(page.candles.low.min()), float(page.candles.high.max())
    room = (high - low) * ROOM
    lines: list[Figure] = []
    for name, values in page.intents.indicators.items():
        shown = values[-len(at) :]
        known = shown[np.isfinite(shown)]
        if known.size and low - room <= known.min() and known.max() <= high + room:
            lines.append(_line(at, shown.tolist(), name=name, number=len(lines) + 1))
    return lines


def _line(at: list[datetime], values: list[float], *, name: str, number: int) -> Figure:
    return {
        "type": "scatter",
        "mode": "lines",
        "x": [formatting.iso(when) for when in at],
        "y": [figures.short(value) if np.isfinite(value) else None for value in values],
        "name": name,
        "line": {"color": figures.colour(number), "width": 1.25},
        "hovertemplate": "%{y:,.6~g}",
    }
