"""The portfolio's figures: what is known, arranged for `kit.figures`. Only in these two is money a float."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

import numpy as np

from kit import bars, figures, formatting, rings
from markets.candles.reading import milliseconds
from portfolio.selectors.benchmark import Benchmark
from portfolio.selectors.holdings import Share
from portfolio.selectors.series import Point
from trading.selectors.marks import FillMark

SLICES: Final = 6
OTHER: Final = "Other"
DIGITS: Final = 7
FLOW_LABELS: Final = {True: "Deposit", False: "Withdrawal"}


def equity(
    points: Sequence[Point],
    benchmark: Benchmark | None,
    *,
    currency: str,
    as_return: bool = False,
    revision: str = "all",
) -> figures.Figure:
    """Value over time, in `currency`, against buying and holding the benchmark, flows marked, drawdown below.

    What a reader sees of it is kept while the revision is the same. With `as_return` both lines are time-weighted
    returns since the first point, which no flow moves.
    """
    at = [point.at for point in points]
    options: dict[str, Any] = {"drawdown": [_short(point.drawdown) for point in points], "revision": revision}
    held = _prices(points, benchmark) if benchmark and points else None
    name = f"{benchmark.name} hold" if benchmark else ""
    if as_return:
        returns = _returns(points)
        against = [] if held is None else [_short(price / held[0] - 1) for price in held]
        return figures.equity(at, returns, benchmark=against, benchmark_name=name, as_return=True, **options)
    marks = [
        figures.Mark(point.at, point.equity, FLOW_LABELS[point.flow > 0], point.flow, currency)
        for point in points
        if point.is_marked
    ]
    against = [] if held is None else _bought_and_held(points, held)
    values = [_short(point.equity) for point in points]
    return figures.equity(at, values, benchmark=against, benchmark_name=name, marks=marks, currency=currency, **options)


def events(
    figure: figures.Figure, fills: Sequence[FillMark], goals: Sequence[tuple[datetime, str, str]]
) -> list[figures.Figure]:
    """Fills and the ends of goals as traces on the line of the figure."""
    happened = [bars.Event(fill.at, fill.side, _traded(fill)) for fill in fills]
    happened += [bars.Event(at, "goal", f"Goal {how.lower()}: {name}") for at, name, how in goals]
    return bars.marks(figure, "Portfolio", happened)


def _traded(fill: FillMark) -> str:
    """`Bought 0.05 BTC at 111,300.00, Scout`; how much is hidden with all amounts, what it cost is public."""
    quantity = formatting.amount(fill.quantity, fill.base) if figures.is_open() else f"{formatting.MASK} {fill.base}"
    verb = {"buy": "Bought", "sell": "Sold"}[fill.side]
    return f"{verb} {quantity} at {formatting.price(fill.price)}, {fill.wallet}"


def allocation(shares: Sequence[Share], *, currency: str, unit: str) -> figures.Figure:
    """The parts of the whole as a ring, within it their targets where some are set: the largest five and the rest."""
    total = sum((share.value for share in shares), Decimal(0))
    slices = [
        rings.Slice(share.name, share.value, number, share.target)
        for number, share in enumerate(largest(shares), start=1)
    ]
    caption = f"{len(shares)} {unit}" + ("s" if len(shares) != 1 else "")
    return rings.donut(slices, centre=formatting.compact_money(total, currency), caption=caption)


def largest(shares: Sequence[Share]) -> Sequence[Share]:
    """At most six parts: when there are more, the five largest and what the others come to."""
    if len(shares) <= SLICES:
        return shares
    kept, rest = shares[: SLICES - 1], shares[SLICES - 1 :]
    value = sum((share.value for share in rest), Decimal(0))
    part = sum((share.share for share in rest), Decimal(0))
    targets = [share.target for share in rest if share.target is not None]
    return [*kept, Share("", OTHER, value, part, sum(targets, Decimal(0)) if targets else None)]


def _returns(points: Sequence[Point]) -> list[float]:
    """Time-weighted returns since the first point; after a total loss, when the index began anew, since then."""
    returns, start = [], points[0].twr_index if points and points[0].twr_index else 1.0
    for point in points:
        if point.drawdown <= -1:
            start = 1.0
        returns.append(_short(point.twr_index / start - 1))
    return returns


def _short(value: float | Decimal) -> float:
    """As many digits as a screen can tell apart: the others are only bytes."""
    return float(f"{value:.{DIGITS}g}")


def _prices(points: Sequence[Point], benchmark: Benchmark) -> np.ndarray | None:
    """The benchmark's price at each point: the close of the bar that had closed last."""
    candles = benchmark.candles
    if not len(candles.ts):
        return None
    length = int(np.diff(candles.ts).min()) if len(candles.ts) > 1 else 0
    moments = np.array([milliseconds(point.at) for point in points])
    bars = np.searchsorted(candles.ts + length, moments, side="right") - 1
    return np.asarray(candles.close)[np.maximum(bars, 0)]


def _bought_and_held(points: Sequence[Point], prices: np.ndarray) -> list[float]:
    """The same money in the benchmark: bought with the first value, more or less of it at every flow since."""
    flows = np.diff(np.array([float(point.flows) for point in points]), prepend=float(points[0].flows))
    bought = flows / prices
    bought[0] = float(points[0].equity) / prices[0]
    return [_short(value) for value in np.cumsum(bought) * prices]
