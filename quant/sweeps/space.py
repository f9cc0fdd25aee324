"""Which parameter sets to try: axes of values, taken from a strategy's schema or given, and ways to walk them."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from quant.errors import ParameterError
from quant.strategies.base import Params, Strategy

MOST_GRID_POINTS: Final = 1_000_000

# A set of parameters as positions on the axes.
Point = tuple[int, ...]


@dataclass(frozen=True)
class Space:
    """A strategy and the values to try for some of its parameters; the others keep `fixed` or their defaults."""

    strategy: Strategy
    axes: Mapping[str, tuple[Any, ...]]
    fixed: Params

    def params(self, positions: Sequence[int]) -> dict[str, Any] | None:
        """The parameters at these positions on the axes; None where a rule across parameters forbids them."""
        chosen = {name: values[at] for (name, values), at in zip(self.axes.items(), positions, strict=True)}
        try:
            return self.strategy.validate({**self.fixed, **chosen})
        except ParameterError:
            return None


def space(strategy: Strategy, axes: Mapping[str, Sequence[Any]], fixed: Params | None = None) -> Space:
    """A space over the named parameters; an empty sequence stands for the schema's own grid.

    Raises `ParameterError` for an unknown name, a value outside its schema, or a parameter without a grid.
    """
    schema = {parameter.name: parameter for parameter in strategy.schema}
    unknown = sorted((set(axes) | set(fixed or {})) - set(schema))
    if unknown:
        raise ParameterError(f"Remove {', '.join(unknown)} from the sweep: {strategy.name} has no such parameter.")
    cleaned = {}
    for name, given in axes.items():
        parameter = schema[name]
        if parameter.kind == "data":
            raise ParameterError(f"Leave {name} out of the axes: only numbers and choices have values to try.")
        values = list(given)
        if not values and parameter.kind == "choice":
            values = list(parameter.choices)
        elif not values and parameter.step and parameter.minimum is not None and parameter.maximum is not None:
            # Steps such as 0.1 do not fit exactly: the maximum itself must not be lost to rounding.
            count = int((parameter.maximum - parameter.minimum) / parameter.step + 1e-9) + 1
            values = [round(parameter.minimum + parameter.step * number, 10) for number in range(count)]
        if not values:
            raise ParameterError(f"Give values to try for {name}: its schema has no grid.")
        cleaned[name] = tuple(dict.fromkeys(parameter.clean(value) for value in values))
    kept = {name: schema[name].clean(value) for name, value in (fixed or {}).items()}
    # What is wrong with nested data is wrong at every point: say it now. Rules between parameters depend on the point.
    strategy.complete({**strategy.defaults(), **kept})
    return Space(strategy, cleaned, kept)


def grid(where: Space) -> list[Point]:
    """Every allowed combination, as positions on the axes."""
    size = int(np.prod([len(values) for values in where.axes.values()], dtype=np.float64))
    if size > MOST_GRID_POINTS:
        raise ParameterError(f"Try fewer values or a random sweep: this grid has {size:,} points.")
    points = itertools.product(*(range(len(values)) for values in where.axes.values()))
    return [point for point in points if where.params(point) is not None]


def sample(where: Space, count: int, *, seed: int) -> list[Point]:
    """Up to `count` different allowed combinations at random; fewer when the space has not more to give."""
    generator = np.random.default_rng(seed)
    lengths = [len(values) for values in where.axes.values()]
    found: dict[Point, None] = {}
    for _ in range(20 * count):
        if len(found) == count:
            break
        point = tuple(int(position) for position in generator.integers(lengths))
        if point not in found and where.params(point) is not None:
            found[point] = None
    return list(found)
