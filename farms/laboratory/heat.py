"""The trials of a sweep over two of its parameters, and all parameters beside each other."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from farms.laboratory.grid import heat_of
from farms.laboratory.sweep_readings import FoundSweep
from kit import figures, formatting
from kit.axes import base_layout, font
from kit.figures import Figure
from kit.formatting import respelled
from markets.prices import to_price
from quant import sweeps as tried
from quant.candles import Ints

# Values of an axis that a map shows apart; more of them are put together with their neighbours.
PLACES: Final = 16
# Trials that are drawn as lines: the best tenth, so many at most, and others evenly spread over the rest.
BEST_LINES: Final = 20
TENTH: Final = 10
OTHER_LINES: Final = 100


@dataclass(frozen=True, slots=True)
class Cell:
    """The mean score of the trials in it, of how many there are, and the number of the best of them (from 1).

    `heat` is 0 to 3, by how far the mean is from the median of all cells, `side` says where: up, down or neither.
    """

    value: float | None = None
    count: int = 0
    best: int = 0
    heat: int = 0
    side: str = ""


@dataclass(frozen=True, slots=True)
class Map:
    """Rows of cells, each with its name; `columns` are their names, `across` and `down` the two parameters."""

    across: str
    down: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]


def heat_map(found: FoundSweep, across: str, down: str) -> Map | None:
    """Mean scores by two parameters, `down` empty for one; None where there is nothing to draw."""
    every = found.every
    if every is None:
        return None
    columns, rows = _places(found, every, across), _places(found, every, down)
    scores, count = every.scores, len(columns.names)
    flat = rows.of_trial * count + columns.of_trial
    cells: list[Cell] = []
    for place in range(count * len(rows.names)):
        inside = np.flatnonzero(flat == place)
        if not inside.size:
            cells.append(Cell())
            continue
        best = int(inside[scores[inside].argmax()]) + 1
        cells.append(Cell(float(scores[inside].mean()), int(inside.size), best))
    tinted = _tinted(cells)
    lines = [tuple(tinted[start : start + count]) for start in range(0, len(tinted), count)]
    return Map(
        _title(found, across),
        _title(found, down),
        columns.names,
        tuple(zip(rows.names, lines, strict=True)),
    )


@dataclass(frozen=True, slots=True)
class _Axis:
    names: tuple[str, ...]
    of_trial: Ints


def _places(found: FoundSweep, every: tried.Sweep, name: str) -> _Axis:
    """The places of an axis, neighbours put together where there are many, and which each trial is at."""
    if not name:
        return _Axis(("",), np.zeros(len(every), dtype=np.int64))
    names = list(every.space.axes)
    values = every.space.axes[name]
    width = -(-len(values) // PLACES)
    parts = [values[start : start + width] for start in range(0, len(values), width)]
    told = tuple(
        in_words(found, name, part[0]) + ("" if len(part) == 1 else f" – {in_words(found, name, part[-1])}")
        for part in parts
    )
    return _Axis(told, every.positions[:, names.index(name)] // width)


def _tinted(cells: Sequence[Cell]) -> list[Cell]:
    known = np.array([cell.value for cell in cells if cell.value is not None])
    middle = float(np.median(known))
    largest = float(np.abs(known - middle).max())
    found = []
    for cell in cells:
        if cell.value is None or cell.value == middle:
            found.append(cell)
            continue
        side = "up" if cell.value > middle else "down"
        found.append(Cell(cell.value, cell.count, cell.best, heat_of(cell.value - middle, largest), side))
    return found


def parallel(found: FoundSweep) -> Figure | None:
    """A line a trial through its value of every parameter and its score; some of the trials where there are many."""
    every = found.every
    if every is None:
        return None
    order = np.argsort(-every.scores, kind="stable")
    most = min(max(len(every) // TENTH, 1), BEST_LINES)
    best, rest = order[:most], order[most:]
    if rest.size > OTHER_LINES:
        rest = rest[np.linspace(0, rest.size - 1, OTHER_LINES).astype(np.int64)]
    low, high = float(every.scores.min()), float(every.scores.max())
    heights = np.column_stack(
        [
            every.positions / np.array([max(len(values) - 1, 1) for values in every.space.axes.values()]),
            (every.scores - low) / ((high - low) or 1.0),
        ]
    )
    titles = [_title(found, name) for name in every.space.axes] + [found.row.measure_label]
    ends = [[in_words(found, name, values[at]) for at in (0, -1)] for name, values in every.space.axes.items()]
    ends.append([score_in_words(found.row.measure, score) for score in (low, high)])
    layout = base_layout(margin={"l": 24, "r": 24, "t": 34, "b": 16})
    layout["xaxis"] = {
        "tickvals": list(range(len(titles))),
        "ticktext": titles,
        "side": "top",
        "tickfont": font(),
        "automargin": True,
        "showgrid": True,
        "gridcolor": "var(--line)",
        "zeroline": False,
        "fixedrange": True,
        "range": [-0.4, len(titles) - 0.6],
    }
    layout["yaxis"] = {"visible": False, "fixedrange": True, "range": [-0.14, 1.14]}
    layout["annotations"] = [
        {
            "x": place, "y": height, "text": text, "showarrow": False, "font": font(),
            "yanchor": "bottom" if height else "top",
        }
        for place, pair in enumerate(ends)
        for height, text in zip((0, 1), pair, strict=True)
    ]  # fmt: skip
    return {
        "data": [
            _lines(found, every, rest, heights, name="Others", paint="var(--c6)", width=1, opacity=0.4),
            _lines(found, every, best, heights, name="Best", paint="var(--c1)", width=2, opacity=0.8),
        ],
        "layout": layout,
    }


def _lines(
    found: FoundSweep, every: tried.Sweep, trials: Ints, heights: Any, *, name: str, paint: str, width: int,
    opacity: float,
) -> Figure:  # fmt: skip
    """One trace of many lines: a gap stands between two of them."""
    x: list[int | None] = []
    y: list[float | None] = []
    texts: list[str] = []
    for trial in trials.tolist():
        score = score_in_words(found.row.measure, float(every.scores[trial]))
        told = f"Trial {trial + 1}: {score}"
        x += [*range(heights.shape[1]), None]
        y += [*(figures.short(float(value)) for value in heights[trial]), None]
        texts += [told] * (heights.shape[1] + 1)
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": x,
        "y": y,
        "text": texts,
        "hovertemplate": "%{text}<extra></extra>",
        "line": {"color": paint, "width": width},
        "opacity": opacity,
        "connectgaps": False,
    }


def in_words(found: FoundSweep, name: str, value: Any) -> str:
    """A value of one of its parameters without its unit, which its name has."""
    item = next(item for item in found.strategy.schema if item.name == name)
    if item.kind == "choice":
        return item.in_words(value)
    return respelled(f"{value:g}")


def score_in_words(measure: str, score: float) -> str:
    """A score as its measure is written."""
    if measure == "total_return":
        return formatting.percent(to_price(score), 1, signed=True)
    return formatting.number(to_price(score), 2)


def _title(found: FoundSweep, name: str) -> str:
    if not name:
        return ""
    item = next(item for item in found.strategy.schema if item.name == name)
    return f"{item.title} ({item.unit})" if item.unit else item.title
