"""Parts of a whole as a ring around their total and, within it, a thinner ring of what they should be."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from kit import formatting
from kit.axes import base_layout
from kit.figures import Figure, colour, is_open, scale_of

INNER: Final = [0.15, 0.85]  # where the ring of targets lies, of the whole width
UNPLANNED: Final = "No target"


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of a whole: `colour` counts from 1. `target` is the fraction that it should be, None where none is set."""

    label: str
    value: Decimal
    colour: int
    target: Decimal | None = None


def donut(slices: Sequence[Slice], *, centre: str, caption: str) -> Figure:
    """Parts of a whole around its total; `centre` is the formatted total, shown only while amounts are.

    Where a part has a target the ring of targets lies within: the same parts in the same colours, and what is not
    planned is left grey.
    """
    scale = scale_of([item.value for item in slices])
    trace = _ring(slices, [float(item.value) * scale for item in slices]) | {
        "hole": 0.76,
        "text": _shares(slices),
        "hovertemplate": "%{label} · %{text}<extra></extra>",
    }
    targets = _targets(slices)
    layout = base_layout(margin={"l": 0, "r": 0, "t": 4, "b": 4})
    total = centre if is_open() else formatting.MASK
    layout["annotations"] = [
        {"text": f"<b>{total}</b>", "showarrow": False, "font": {"size": 20, "color": "var(--ink)"}, "y": 0.55},
        {"text": caption, "showarrow": False, "font": {"size": 11, "color": "var(--ink-2)"}, "y": 0.4},
    ]
    return {"data": [trace, targets] if targets else [trace], "layout": layout}


def _targets(slices: Sequence[Slice]) -> dict[str, Any] | None:
    if all(item.target is None for item in slices):
        return None
    targets = [item.target or Decimal(0) for item in slices]
    planned = sum(targets, Decimal(0))
    left = max(1 - planned, Decimal(0))
    ring = _ring(slices, [float(target) for target in (*targets, left)])
    ring["labels"].append(UNPLANNED)
    ring["marker"]["colors"].append("var(--line)")
    told = [formatting.percent(target) for target in (*targets, left)]
    return ring | {
        "hole": 0.88,
        "domain": {"x": INNER, "y": INNER},
        "text": told,
        "hovertemplate": "%{label} · target %{text}<extra></extra>",
    }


def _ring(slices: Sequence[Slice], values: list[float]) -> dict[str, Any]:
    return {
        "type": "pie",
        "labels": [item.label for item in slices],
        "values": values,
        "sort": False,
        "direction": "clockwise",
        "textinfo": "none",
        "marker": {"colors": [colour(item.colour) for item in slices], "line": {"color": "var(--surface)", "width": 3}},
    }


def _shares(slices: Sequence[Slice]) -> list[str]:
    total = sum((item.value for item in slices), Decimal(0))
    return [formatting.percent(item.value / total) if total else "" for item in slices]
