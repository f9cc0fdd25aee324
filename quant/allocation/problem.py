"""What an allocation is asked and what it answers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np

from quant.candles import Floats
from quant.errors import ParameterError

Covariance = Literal["ledoit_wolf", "oas", "ewma", "sample"]


@dataclass(frozen=True)
class Group:
    """Bounds on the sum of the members' weights; members are positions."""

    name: str
    members: tuple[int, ...]
    minimum: float = 0.0
    maximum: float = 1.0


@dataclass(frozen=True, eq=False)
class Constraints:
    """What the weights must keep. Weights are fractions of all capital, long only.

    minimum, maximum      bounds of each weight, one for all or `(N,)`
    groups                bounds of sums of weights
    capital, capacity     capital in quote, and how much of it each can take `(N,)`: an upper bound of their ratio
    minimum_history       returns an asset needs; with fewer it gets nothing
    minimum_sharpe        Sharpe ratio per period an asset needs; below it gets nothing
    unwanted              positions of assets that get nothing whatever their returns, each with the reason
    current, turnover     weights now `(N,)`, and the most that the sum of absolute changes may be
    cost                  cost of changing a weight by 1, as a fraction; mean-variance weighs it against the gain
    cash_reserve          fraction that stays uninvested
    """

    minimum: float | Floats = 0.0
    maximum: float | Floats = 1.0
    groups: tuple[Group, ...] = ()
    capital: float | None = None
    capacity: Floats | None = None
    minimum_history: int = 2
    minimum_sharpe: float | None = None
    unwanted: Mapping[int, str] = field(default_factory=dict)
    current: Floats | None = None
    turnover: float | None = None
    cost: float = 0.0
    cash_reserve: float = 0.0

    def __post_init__(self) -> None:
        checks = (
            (0 <= self.cash_reserve < 1, "Reserve a fraction of cash from 0 to below 1."),
            (self.turnover is None or self.current is not None, "Give the current weights to limit the turnover."),
            (self.turnover is None or self.turnover >= 0, "Give a turnover limit of 0 or more."),
            (self.cost >= 0, "Give a cost of 0 or more."),
            (
                self.cost == 0 or self.current is not None,
                "Give the current weights to weigh the cost of changing them.",
            ),
            ((self.capital is None) == (self.capacity is None), "Give capital and capacity together."),
            (self.capital is None or self.capital > 0, "Give positive capital."),
        )
        for holds, message in checks:
            if not holds:
                raise ParameterError(message)

    def budget(self) -> float:
        """What the weights sum to."""
        return 1.0 - self.cash_reserve

    def bounds(self, count: int) -> tuple[Floats, Floats]:
        """Lower and upper bound of each of `count` weights, capacity included."""
        low, high = _per_asset("minimum", self.minimum, count), _per_asset("maximum", self.maximum, count)
        if self.capacity is not None and self.capital is not None:
            high = np.minimum(high, _per_asset("capacity", self.capacity, count) / self.capital)
        if (low < 0).any() or np.isnan(low).any() or np.isnan(high).any():
            raise ParameterError("Give bounds from 0 up: allocations are long only.")
        return low, high


@dataclass(frozen=True)
class Options:
    """How moments are estimated and what the methods want to know.

    covariance        Ledoit–Wolf by default; "oas", "ewma" (with `half_life`) or "sample"
    risk_tolerance    mean-variance maximises risk_tolerance × mean - ½ variance; 0 is minimum variance
    half_life         periods after which a return counts half, for momentum and EWMA covariance
    kelly_fraction    share of the full Kelly position
    periods_per_year  for the answer's yearly figures
    """

    covariance: Covariance = "ledoit_wolf"
    risk_tolerance: float = 0.5
    half_life: float = 30.0
    kelly_fraction: float = 0.25
    periods_per_year: float = 365.0

    def __post_init__(self) -> None:
        if self.covariance not in get_args(Covariance):
            raise ParameterError(f"Estimate the covariance by one of {', '.join(get_args(Covariance))}.")
        if not (0 <= self.risk_tolerance < math.inf and self.half_life >= 1 and 0 < self.kelly_fraction <= 1):
            raise ParameterError("Give a risk tolerance of 0 or more, a half-life from 1 up, a Kelly fraction up to 1.")
        if not 0 < self.periods_per_year < math.inf:
            raise ParameterError("Give a positive number of periods per year.")


@dataclass(frozen=True, eq=False)
class Allocation:
    """The answer: weights `(N,)` and the uninvested `cash`, which together are 1.

    `expected_return` and `volatility` per year, from the estimated moments; `risk_contributions` `(N,)` are shares of
    the variance, summing to 1 (all zero without risk). `reasons` says for each asset why it has its weight, `notes`
    what was decided for all. `method` is the one that was really used, which may not be the one that was asked for.
    """

    method: str
    weights: Floats
    cash: float
    expected_return: float | None
    volatility: float | None
    risk_contributions: Floats
    reasons: tuple[str, ...]
    notes: tuple[str, ...] = field(default_factory=tuple)


def _per_asset(name: str, values: float | Floats, count: int) -> Floats:
    given = np.asarray(values, dtype=np.float64)
    if given.shape not in ((), (count,)):
        raise ParameterError(f"Give one {name} for all or {count} of them, one per asset: there are {given.size}.")
    return np.broadcast_to(given, (count,)).copy()


def check_names(names: Sequence[str] | None, count: int) -> tuple[str, ...]:
    """One name per asset; numbered ones when none are given."""
    if names is None:
        return tuple(f"asset {number}" for number in range(1, count + 1))
    if len(names) != count or len(set(names)) != count:
        raise ParameterError(f"Give {count} different names, one per column of returns.")
    return tuple(names)
