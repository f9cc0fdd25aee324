"""Charts beside those of `kit.figures`: a waterfall, returns beside each other, and events on a line."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from kit import formatting
from kit.axes import PERCENT_TICKS, base_layout, font, time_axis, value_axis
from kit.figures import (
    FULL,
    HEADROOM,
    LABEL,
    PERCENT,
    PERCENT_HOVER,
    Figure,
    colour,
    curve,
    is_open,
    local,
    money_ticks,
    scale_of,
    short,
)

# A return at each moment, and whose it is.
Line = tuple[str, Sequence[tuple[datetime, float]]]
NAME: Final = 18  # characters of a bar's name that are shown


@dataclass(frozen=True, slots=True)
class Bar:
    """A part of a sum; with `is_total` it is what all before it come to."""

    name: str
    value: Decimal
    is_total: bool = False


def waterfall(bars: Sequence[Bar], *, currency: str) -> Figure:
    """Parts one on top of the other, up and down, and what they come to; amounts are hidden with all others."""
    levels, height = [Decimal(0)], Decimal(0)
    for bar in bars:
        height = bar.value if bar.is_total else height + bar.value
        levels.append(height)
    scale = scale_of(levels)
    values = [short(float(bar.value) * scale) for bar in bars]
    names = [bar.name if len(bar.name) <= NAME else f"{bar.name[: NAME - 1]}…" for bar in bars]
    trace: Figure = {
        "type": "waterfall",
        "orientation": "v",
        "measure": ["total" if bar.is_total else "relative" for bar in bars],
        # A place of its own for each: two wallets may have one name.
        "x": list(range(len(bars))),
        "y": values,
        "text": [_told(bar, currency) for bar in bars],
        "textposition": "none",
        "hovertemplate": "%{text}<extra></extra>",
        "connector": {"line": {"color": "var(--line)", "width": 1}},
        "increasing": {"marker": {"color": "var(--up)"}},
        "decreasing": {"marker": {"color": "var(--down)"}},
        "totals": {"marker": {"color": "var(--c1)"}},
    }
    low, high = (float(end) * scale for end in (min(levels), max(levels)))
    room = (high - low or 1.0) * HEADROOM
    layout = base_layout(margin={"l": LABEL, "r": 56, "t": 6, "b": 90})
    axis = value_axis(FULL, [low - room, high + room], money_ticks(currency), labelled=is_open())
    layout["xaxis"] = {
        "type": "linear",
        "range": [-0.6, len(bars) - 0.4],
        "tickvals": list(range(len(bars))),
        "ticktext": names,
        "autotickangles": [0, -90],  # upright where they would lie on each other
        "ticklabeloverflow": "allow",
        "automargin": True,
        "tickfont": font(),
        "fixedrange": True,
        "showgrid": False,
        "zeroline": False,
    }
    layout["yaxis"] = axis | {"zeroline": True, "zerolinecolor": "var(--ink-3)"}
    return {"data": [trace], "layout": layout}


def returns(lines: Sequence[Line], *, plans: Sequence[Line] = (), revision: str) -> Figure:
    """Lines of returns (fractions) by name, each from zero; what is planned is dotted. They can be zoomed and moved
    while the revision stays."""
    traces = []
    for number, (name, points) in enumerate((*lines, *plans), start=1):
        values = [value * PERCENT for _, value in points]
        times = [local(at) for at, _ in points]
        traces.append(curve(times, values, name=name, width=2, paint=colour(number), hover=PERCENT_HOVER))
    for trace in traces[len(lines) :]:
        trace["line"] |= {"dash": "dot", "width": 1.25}
    lines = (*lines, *plans)
    every = [value * PERCENT for _, points in lines for _, value in points] or [0.0]
    room = (max(every) - min(every) or 1.0) * HEADROOM
    layout = base_layout(margin={"l": LABEL, "r": 56, "t": 34, "b": 40}, hovermode="x unified")
    layout |= {"showlegend": len(lines) > 1, "uirevision": revision, "dragmode": "pan"}
    layout["legend"] = {"orientation": "h", "x": 0, "y": 1.01, "yanchor": "bottom", "font": font()}
    layout["xaxis"] = time_axis(anchor="y") | {"fixedrange": False}
    if moments := [at for _, points in lines for at, _ in points]:
        layout["xaxis"]["range"] = [local(min(moments)), local(max(moments))]
    layout["yaxis"] = value_axis(FULL, [min(every) - room, max(every) + room], PERCENT_TICKS, labelled=True)
    return {"data": traces, "layout": layout}


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened at a moment; `kind` is one of `EVENTS`. `text` hides its own amounts."""

    at: datetime
    kind: str
    text: str


# How a kind of event is marked on a line: symbol, size, colour, and its name in the hover.
EVENTS: Final = {
    "buy": ("triangle-up", 7, "var(--ink-2)", "Bought"),
    "sell": ("triangle-down", 7, "var(--ink-2)", "Sold"),
    "goal": ("star", 11, "var(--c4)", "Goal"),
}


def marks(figure: Figure, line: str, events: Sequence[Event]) -> list[Figure]:
    """Events as traces on the figure's line of that name, each at the value that the line had then."""
    main = next(trace for trace in figure["data"] if trace["name"] == line)
    times: list[str] = main["x"]
    traces: list[Figure] = []
    for kind, (symbol, size, paint, name) in EVENTS.items():
        placed = [(local(event.at), event.text) for event in events if event.kind == kind]
        placed = [(at, text) for at, text in placed if times and times[0] <= at <= times[-1]]
        if placed:
            traces.append({
                "type": "scatter",
                "mode": "markers",
                "name": name,
                "x": [at for at, _ in placed],
                "y": [main["y"][bisect_right(times, at) - 1] for at, _ in placed],
                "text": [text for _, text in placed],
                "hovertemplate": "%{text}<extra></extra>",
                "cliponaxis": False,
                "marker": {"symbol": symbol, "size": size, "color": paint,
                           "line": {"color": "var(--surface)", "width": 1}},
            })  # fmt: skip
    return traces


def _told(bar: Bar, currency: str) -> str:
    amount = formatting.money(bar.value, currency, signed=not bar.is_total) if is_open() else formatting.MASK
    return f"{bar.name} {amount}"
