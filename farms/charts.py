"""The charts of farms and agents, drawn from what their selectors found."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Final

import numpy as np

from farms.selectors import AgentPage, FarmPage
from kit import figures, formatting
from kit.figures import Bars, Figure, Level, Line, Mark
from markets.candles.reading import moment
from quant.candles import Candles, Floats
from quant.indicators.catalog import SOURCES
from trading.selectors import TradeRow

# An indicator is drawn over the candles when it lives where the prices do, and not on a scale of its own (ADX, ATR).
ROOM: Final = 0.25


def profit_curve(page: FarmPage) -> Figure:
    """The profit of closed trades, added up."""
    at, profits = [at for at, _ in page.curve], [profit for _, profit in page.curve]
    figure = figures.equity(at, profits, currency=page.farm.base_asset)
    figure["data"][-1]["name"] = "Closed trades"
    return figure


def market(page: AgentPage) -> Figure:
    """The agent's candles with its indicators, its trades with what they made, and the levels of what it holds."""
    candles = page.candles
    at = [moment(int(ts)) for ts in candles.ts]
    bars = Bars(at, *(values.tolist() for values in (candles.open, candles.high, candles.low, candles.close)))
    return figures.candles(
        bars,
        trades=_trades(page),
        lines=list(overlays(candles, page.indicators)),
        levels=list(_levels(page)),
        revision=f"{page.agent.id} {page.span}",
    )


def _trades(page: AgentPage) -> dict[str, list[Mark]]:
    marks: dict[str, list[Mark]] = {"entry": [], "won": [], "lost": []}
    since = moment(int(page.candles.ts[0]))
    for trade in page.shown_trades:
        if trade.opened_at >= since:
            words = f"Entry at {formatting.price(trade.entry_price, trade.tick_size)}"
            marks["entry"].append(Mark(trade.opened_at, trade.entry_price, words))
        if trade.exit_price is not None:
            kind = "won" if trade.pnl > 0 else "lost"
            marks[kind].append(Mark(trade.closed_at, trade.exit_price, _result(trade, trade.exit_price)))
    held = page.agent.position
    if held is not None and held.opened_at >= since:
        words = f"Entry at {formatting.price(held.entry_price, held.tick_size)}, still open"
        marks["entry"].append(Mark(held.opened_at, held.entry_price, words))
    return marks


def _result(trade: TradeRow, price: Decimal) -> str:
    """`Exit at 113.20: +1.42 % after 5 hours`: the part of the result that is no amount."""
    made = "" if trade.pnl_return is None else f": {formatting.percent(trade.pnl_return, 2, signed=True)}"
    return f"Exit at {formatting.price(price, trade.tick_size)}{made} after {formatting.duration(trade.duration)}"


def _levels(page: AgentPage) -> Iterator[Level]:
    held = page.agent.position
    if held is None:
        return
    yield Level("Entry price", held.entry_price, "var(--ink-2)")
    if held.exit_stop is not None:
        yield Level("Stop", held.exit_stop, "var(--down)")
    if held.exit_target is not None:
        yield Level("Target", held.exit_target, "var(--up)")


def overlays(candles: Candles, indicators: Mapping[str, Floats]) -> Iterator[Line]:
    """Lines of the indicators that live where the prices of the candles do, and are not drawn as candles anyway."""
    low, high = float(candles.low.min()), float(candles.high.max())
    room = (high - low) * ROOM
    for name, values in indicators.items():
        known = values[np.isfinite(values)]
        if name not in SOURCES and known.size and low - room <= known.min() and known.max() <= high + room:
            yield Line(name, values.tolist())
