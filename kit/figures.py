"""Charts as data: what Plotly draws, built where the numbers are.

Every function takes plain series and returns `{"data": [...], "layout": {...}}`, ready for JSON. Colours are names of
the stylesheet's variables (`var(--c1)`, `var(--c1) 26%`), which the browser turns into the colours of its theme, so a
figure is the same in both. This is the one place where money becomes a float.

Privacy is decided here as well: while amounts are hidden the series are scaled to a share of their largest value and
the axes lose their labels, so that no amount leaves the server and the shape can still be read.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from math import isfinite
from typing import Any, Final

from kit import days, display, formatting
from kit.axes import PERCENT_SIGN, PERCENT_TICKS, PRICE_TICKS, THOUSANDS_FROM, base_layout, font, time_axis, value_axis

Figure = dict[str, Any]
Amounts = Sequence[Decimal] | Sequence[float]

COLOURS = 6
HEADROOM = 0.08  # of the range, above and below a line
DRAWDOWN_ROOM = 1.15
LABEL = 24  # px: half of the longest label below the first tick
PERCENT: Final = 100.0
PERCENT_HOVER: Final = f"%{{y:.2f}}{PERCENT_SIGN}"
_NAMED = re.compile(r"var\(--(?P<name>[\w-]+)\)(?: (?P<share>\d+)%)?(?: over var\(--(?P<under>[\w-]+)\))?")
FULL, UPPER, LOWER = [0.0, 1.0], [0.28, 1.0], [0.0, 0.2]


@dataclass(frozen=True, slots=True)
class Mark:
    """A point on a line: what happened, and the amount that moved if one did (a deposit, a trade), in `currency` or
    else the reader's own."""

    at: datetime
    value: Decimal
    label: str
    amount: Decimal | None = None
    currency: str = ""

    @property
    def text(self) -> str:
        """`Deposit +$20,000`, the amount masked while amounts are hidden."""
        if self.amount is None:
            return self.label
        unit = self.currency or display.current().currency
        moved = formatting.money(self.amount, unit, is_whole=True, signed=True)
        return f"{self.label} {moved if is_open() else formatting.MASK}"


@dataclass(frozen=True, slots=True)
class Bars:
    """Candles, column by column, oldest first."""

    at: Sequence[datetime]
    open: Sequence[float]
    high: Sequence[float]
    low: Sequence[float]
    close: Sequence[float]


@dataclass(frozen=True, slots=True)
class Line:
    """A line over candles: a value at each bar, NaN where there is none. With a `paint` of its own it is a level that
    changes: dashed, and in steps."""

    name: str
    values: Sequence[float]
    paint: str = ""


@dataclass(frozen=True, slots=True)
class Level:
    """A price that stands now: where a position was entered, its stop, its target."""

    name: str
    price: Decimal
    paint: str


def local(moment: datetime) -> str:
    """A moment as the reader's clock shows it: the chart's axes and hovers know no time zones."""
    return f"{moment.astimezone(days.zone()):%Y-%m-%dT%H:%M:%S}"


def colour(number: int) -> str:
    """The name of a series' colour; the series repeat after six."""
    return f"var(--c{(number - 1) % COLOURS + 1})"


def equity(
    at: Sequence[datetime],
    values: Amounts,
    *,
    drawdown: Sequence[float] = (),
    benchmark: Amounts = (),
    benchmark_name: str = "Benchmark",
    marks: Sequence[Mark] = (),
    as_return: bool = False,
    currency: str = "",
    revision: str = "all",
) -> Figure:
    """Value over time with its benchmark and cash flows, and the drawdown (fractions, ≤ 0) below on the same axis.

    `currency` is what the values are in, the reader's own if nothing else is said. With `as_return` the values are
    fractions and the axis is in percent. It can be zoomed and moved; what a reader sees of it is kept as long as the
    revision stays the same.
    """
    unit = currency or display.current().currency
    scale = PERCENT if as_return else scale_of(values)
    line = [float(value) * scale for value in values]
    other = [float(value) * scale for value in benchmark]
    low, high = _bounds([*line, *other])
    hover, ticks = (PERCENT_HOVER, PERCENT_TICKS) if as_return else (_hover(unit), money_ticks(unit))
    times = [local(moment) for moment in at]
    main = {
        **curve(times, line, name="Portfolio", width=2, paint="var(--c1)", hover=hover),
        "fill": "tozeroy",
        "fillgradient": {
            "type": "vertical", "start": low, "stop": high, "colorscale": [[0, "var(--c1) 0%"], [1, "var(--c1) 26%"]],
        },
    }  # fmt: skip
    traces = [main]
    if other:
        against = curve(times, other, name=benchmark_name, width=1.25, paint="var(--ink-3)", hover=hover)
        against["line"]["dash"] = "dot"
        traces.insert(0, against)
    if marks:
        traces.append(_markers(marks, scale=scale))
    layout = base_layout(margin={"l": LABEL, "r": 56, "t": 6, "b": 40}, hovermode="x unified")
    layout |= {"uirevision": revision, "dragmode": "pan", "hoversubplots": "axis"}
    layout["xaxis"] = time_axis(anchor="y2" if drawdown else "y") | {"fixedrange": False}
    layout["xaxis"] |= {"range": [times[0], times[-1]]} if times else {}
    layout["yaxis"] = value_axis(FULL if not drawdown else UPPER, [low, high], ticks, labelled=as_return or is_open())
    if drawdown:
        depth = [float(value) * PERCENT for value in drawdown]
        under = curve(times, depth, name="Drawdown", width=1.25, paint="var(--down)", hover=PERCENT_HOVER)
        traces.append({**under, "yaxis": "y2", "fill": "tozeroy", "fillcolor": "var(--down) 16%"})
        floor = min(*depth, -1.0) * DRAWDOWN_ROOM
        layout["yaxis2"] = {**value_axis(LOWER, [floor, 0.0], PERCENT_TICKS, labelled=True), "nticks": 3}
    return {"data": traces, "layout": layout}


def course(
    at: Sequence[datetime],
    values: Amounts,
    *,
    unit: str,
    currency: str,
    name: str,
    target: Decimal,
    plan: Sequence[tuple[datetime, Decimal]] = (),
    range_ahead: Sequence[tuple[datetime, float, float, float]] = (),
    until: datetime,
    revision: str,
) -> Figure:
    """A value on its way to a target: the straight plan dotted, and where it leads as (moment, low, middle, high).

    `unit` is "money", which is in `currency` and hidden with amounts, "share" (a fraction, shown in percent), or
    anything else. It can be zoomed and moved; what a reader sees of it is kept as long as the revision stays the same.
    """
    reached = [float(value) for value in (*values, target, *(high for *_, high in range_ahead))]
    scale = scale_of(reached) if unit == "money" else PERCENT if unit == "share" else 1.0
    shown = [value * scale for value in (*reached, *(low for _, low, _, _ in range_ahead))]
    low, high = min(0.0, *shown), max(shown)
    hover = {"money": _hover(currency), "share": PERCENT_HOVER}.get(unit, "%{y:,.6~g}")
    ticks: Sequence[tuple[float | None, str]] = money_ticks(currency) if unit == "money" else PRICE_TICKS
    ticks = PERCENT_TICKS if unit == "share" else ticks
    times, ends = [local(moment) for moment in at], local(until)
    main = curve(times, [float(value) * scale for value in values], name=name, width=2, paint="var(--c1)", hover=hover)
    traces: list[Figure] = []
    if range_ahead:
        moments = [local(moment) for moment, *_ in range_ahead]
        lows = [least * scale for _, least, _, _ in range_ahead]
        middle = [value * scale for _, _, value, _ in range_ahead]
        highs = [most * scale for _, _, _, most in range_ahead]
        traces.append(curve(moments, lows, name="Low", width=0, paint="var(--c2)", hover=hover))
        edge = curve(moments, highs, name="High", width=0, paint="var(--c2)", hover=hover)
        traces.append(edge | {"fill": "tonexty", "fillcolor": "var(--c2) 18%"})
        traces.append(curve(moments, middle, name="Projection", width=1.5, paint="var(--c2)", hover=hover))
        traces[-1]["line"]["dash"] = "dash"
    if plan:
        straight = [float(value) * scale for _, value in plan]
        days_of = [local(moment) for moment, _ in plan]
        traces.append(curve(days_of, straight, name="Plan", width=1.25, paint="var(--ink-3)", hover=hover))
        traces[-1]["line"]["dash"] = "dot"
    goal = curve([times[0], ends], [float(target) * scale] * 2, name="Target", width=1, paint="var(--ink)", hover=hover)
    goal["line"]["dash"] = "dash"
    room = (high - low or 1.0) * HEADROOM
    layout = base_layout(margin={"l": LABEL, "r": 56, "t": 6, "b": 40}, hovermode="x unified")
    layout |= {"uirevision": revision, "dragmode": "pan"}
    layout["xaxis"] = time_axis(anchor="y") | {"fixedrange": False, "range": [times[0], ends]}
    labelled = unit != "money" or is_open()
    layout["yaxis"] = value_axis(FULL, [low - (room if low < 0 else 0), high + room], ticks, labelled=labelled)
    return {"data": [*traces, goal, main], "layout": layout}


# How a kind of trade is marked on candles: symbol, colour, and its name in the legend.
TRADES: Final = {
    "buy": ("triangle-up", "var(--ink)", "Buy"),
    "sell": ("triangle-down", "var(--ink)", "Sell"),
    "entry": ("triangle-up", "var(--ink)", "Entry"),
    "won": ("triangle-down", "var(--up)", "Exit with profit"),
    "lost": ("triangle-down", "var(--down)", "Exit with loss"),
    "leave": ("x", "var(--ink-2)", "Leave"),
}


def candles(
    bars: Bars,
    *,
    trades: Mapping[str, Sequence[Mark]] | None = None,
    lines: Sequence[Line] = (),
    levels: Sequence[Level] = (),
    revision: str = "",
) -> Figure:
    """Prices as candles; `trades` maps keys of `TRADES` to their marks. Prices are public, so nothing is hidden.

    With a `revision` it has a legend and can be zoomed and moved; what a reader sees of it is kept as long as the
    revision stays the same.
    """
    traces: list[Figure] = [
        {
            "type": "candlestick",
            "name": "Price",
            "x": [local(moment) for moment in bars.at],
            "open": list(bars.open),
            "high": list(bars.high),
            "low": list(bars.low),
            "close": list(bars.close),
            "increasing": {"line": {"color": "var(--up)", "width": 1}, "fillcolor": "var(--up)"},
            "decreasing": {
                "line": {"color": "var(--down)", "width": 1},
                "fillcolor": "var(--down) 20% over var(--surface)",
            },
        }
    ]
    times = traces[0]["x"]
    for number, line in enumerate(lines, start=1):
        values = [short(value) if isfinite(value) else None for value in line.values]
        paint = line.paint or colour(number)
        trace = curve(times, [], name=line.name, width=1.25, paint=paint, hover="%{y:,.6~g}")
        if line.paint:
            trace["line"] |= {"dash": "dash", "shape": "hv"}
        traces.append(trace | {"y": values})
    for level in levels:
        trace = curve(
            [times[0], times[-1]],
            [float(level.price)] * 2,
            name=level.name,
            width=1.5,
            paint=level.paint,
            hover="%{y:,.6~g}",
        )
        trace["line"]["dash"] = "dash"
        traces.append(trace)
    for kind, (symbol, paint, name) in TRADES.items():
        if marks := (trades or {}).get(kind, ()):
            trace = _markers(marks, scale=1.0)
            trace["marker"] = {
                "symbol": symbol, "size": 12, "color": paint, "line": {"color": "var(--surface)", "width": 1}
            }  # fmt: skip
            traces.append(trace | {"name": name})
    layout = base_layout(margin={"l": LABEL, "r": 60, "t": 6, "b": 40}, hovermode="x")
    layout["xaxis"] = time_axis(anchor="y") | {"rangeslider": {"visible": False}}
    layout["yaxis"] = value_axis(FULL, None, PRICE_TICKS, labelled=True)
    if revision:
        layout |= {"showlegend": True, "uirevision": revision, "dragmode": "pan", "hovermode": "closest"}
        layout["legend"] = {"orientation": "h", "x": 0, "y": 1.01, "yanchor": "bottom", "font": font()}
        layout["margin"]["t"] = 34
        layout["xaxis"]["fixedrange"] = False
    return {"data": traces, "layout": layout}


def painted(figure: Figure, colours: Mapping[str, str]) -> Figure:
    """The figure with the names of colours replaced by these (`#rrggbb`), as a page's stylesheet would."""
    return {key: _painted(value, colours) for key, value in figure.items()}


def _painted(value: Any, colours: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return painted(value, colours)
    if isinstance(value, list):
        return [_painted(part, colours) for part in value]
    named = _NAMED.fullmatch(value) if isinstance(value, str) else None
    if named is None:
        return value
    red, green, blue = _channels(colours[named["name"]])
    share = int(named["share"] or 100) / 100
    if named["under"] is None:
        return f"rgba({red},{green},{blue},{share:g})"
    pairs = zip((red, green, blue), _channels(colours[named["under"]]), strict=True)
    return "rgb({},{},{})".format(*(round(one * share + other * (1 - share)) for one, other in pairs))


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def is_open() -> bool:
    return not display.current().hide_amounts


def scale_of(values: Amounts) -> float:
    """What amounts are multiplied with: 1, or what makes the largest one 100 while amounts are hidden."""
    if is_open():
        return 1.0
    largest = max((abs(float(value)) for value in values), default=0.0)
    return 100.0 / largest if largest else 1.0


def _hover(currency: str) -> str:
    """`$1,284`, and `0.0325 BTC` of what has no sign of its own: whole numbers of it would all be 0."""
    if not is_open():
        return formatting.MASK
    symbol = formatting.SYMBOLS.get(currency)
    return f"{symbol}%{{y:,.0f}}" if symbol else f"%{{y:,.6~g}}{formatting.NO_BREAK_SPACE}{currency}"


def money_ticks(currency: str) -> list[tuple[float | None, str]]:
    """`$250k`, and `$250,050` where ticks are closer than that could tell apart. `$` is the sign of Plotly's locale."""
    sign = "$" if formatting.SYMBOLS.get(currency) == "$" else ""
    return [(None, f"{sign},.8~f"), (THOUSANDS_FROM, f"{sign}.8~s")]


def _bounds(values: Sequence[float]) -> tuple[float, float]:
    if not values:
        return 0.0, 1.0
    low, high = min(values), max(values)
    room = (high - low or abs(high) or 1.0) * HEADROOM
    return low - 2 * room, high + room


def short(value: float) -> float:
    """Eight significant digits: finer than a pixel, and half the bytes of all of them."""
    return float(f"{value:.8g}")


def curve(x: Sequence[str], y: Sequence[float], *, name: str, width: float, paint: str, hover: str) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "x": list(x),
        "y": [short(value) for value in y],
        "name": name,
        "line": {"color": paint, "width": width},
        "hovertemplate": hover,
    }


def _markers(marks: Sequence[Mark], *, scale: float) -> Figure:
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [local(mark.at) for mark in marks],
        "y": [short(float(mark.value) * scale) for mark in marks],
        "name": "Cash flow",
        "text": [mark.text for mark in marks],
        "hovertemplate": "%{text}<extra></extra>",
        "cliponaxis": False,
        "marker": {
            "size": 8,
            "symbol": "circle",
            "color": "var(--surface)",
            "line": {"color": "var(--c1)", "width": 2},
        },
    }
