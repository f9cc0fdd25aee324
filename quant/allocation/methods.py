"""The allocation methods: each takes the moments of the usable assets and says which weights it wants.

All moments are per period. A method returns its wish and a figure per asset that explains it; whatever is not itself a
program over the constraints is moved to the nearest allowed weights afterwards (least sum of squares).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from quant.allocation.moments import exponential_weights, shrunk_means
from quant.allocation.problem import Constraints, Options
from quant.allocation.solver import Polytope, maximise_ratio, minimise, polytope
from quant.candles import Floats
from quant.errors import QuantError

_NEWTON_STEPS: Final = 100
_EQUAL_ENOUGH: Final = 1e-12


@dataclass(frozen=True, eq=False)
class Problem:
    """The usable assets: returns `(T, N)` without NaN or constants, their moments, and the weights allowed."""

    returns: Floats
    means: Floats
    sigma: Floats
    constraints: Constraints
    options: Options
    names: tuple[str, ...]
    allowed: Polytope

    @property
    def deviations(self) -> Floats:
        """Standard deviations per period."""
        return np.sqrt(np.diag(self.sigma))


@dataclass(frozen=True, eq=False)
class Wish:
    """What a method wants: weights `(N,)`, whether they keep the constraints already, and a reason per asset.

    `instead` names the method that was used after all, with a `note` that says why.
    """

    weights: Floats
    kept: bool
    reasons: tuple[str, ...]
    instead: str = ""
    note: str = ""


def equal(problem: Problem) -> Wish:
    """The same for everyone: hard to beat, because it estimates nothing (DeMiguel, Garlappi & Uppal 2009)."""
    count = len(problem.names)
    return Wish(np.full(count, 1.0 / count), False, (f"one of {count} equal parts",) * count)


def inverse_volatility(problem: Problem) -> Wish:
    """In proportion to 1 / volatility."""
    yearly = problem.deviations * problem.options.periods_per_year**0.5
    return Wish(_shares(1 / yearly), False, tuple(f"volatility {value:.1%} per year" for value in yearly))


def minimum_variance(problem: Problem) -> Wish:
    """The least variance that the constraints allow (Markowitz 1952)."""
    weights = minimise(problem.sigma, np.zeros(len(problem.names)), problem.allowed)
    return Wish(weights, True, _correlation_reasons(problem, weights))


def mean_variance(problem: Problem) -> Wish:
    """Maximises risk_tolerance × mean - ½ variance - cost × changes (Markowitz 1952)."""
    tolerance = problem.options.risk_tolerance
    # Cost is a fraction of capital once per rebalance, as the mean is per period: the same tolerance weighs both.
    weights = minimise(
        problem.sigma, -tolerance * problem.means, problem.allowed, cost=tolerance * problem.constraints.cost
    )
    return Wish(weights, True, _return_reasons(problem))


def maximum_sharpe(problem: Problem) -> Wish:
    """The best ratio of mean to deviation that the constraints allow (Sharpe 1966; tangency portfolio)."""
    try:
        weights = maximise_ratio(problem.means, problem.sigma, problem.allowed)
    except QuantError:
        # Either nothing is allowed, which the next line says in words, or nothing allowed has a positive mean.
        least = minimum_variance(problem)
        note = "The constraints allow no positive mean: minimum variance instead."
        return replace(least, instead="minimum_variance", note=note)
    return Wish(weights, True, _return_reasons(problem))


def maximum_diversification(problem: Problem) -> Wish:
    """The best ratio of weighted deviations to the portfolio's (Choueifaty & Coignard 2008)."""
    weights = maximise_ratio(problem.deviations, problem.sigma, problem.allowed)
    return Wish(weights, True, _correlation_reasons(problem, weights))


def risk_parity(problem: Problem) -> Wish:
    """Every asset contributes the same share of the variance (Maillard, Roncalli & Teïletche 2010)."""
    weights = equal_risk_contributions(problem.sigma)
    share = 1 / len(weights)
    return Wish(weights, False, (f"carries {share:.1%} of the risk",) * len(weights))


def equal_risk_contributions(sigma: Floats) -> Floats:
    """Weights `(N,)` summing to 1 with equal contributions to the variance.

    Newton's method with damping on ½ x'Cx - Σ log(x) / N over the correlations C, whose minimum is unique and has equal
    contributions; weights are x over deviations (Spinu, *An Algorithm for Computing Risk Parity Weights*, 2013).
    """
    deviations = np.sqrt(np.diag(sigma))
    correlations = sigma / np.outer(deviations, deviations)
    count = len(deviations)
    share = 1.0 / count
    x = np.full(count, 1.0 / np.sqrt(correlations.sum()))
    for _ in range(_NEWTON_STEPS):
        marginal = correlations @ x
        gradient = marginal - share / x
        if float(np.abs(gradient * x).max()) < _EQUAL_ENOUGH:
            break
        hessian = correlations.copy()
        hessian[np.diag_indices(count)] += share / x**2
        step = np.linalg.solve(hessian, gradient)
        # The damped step of a self-concordant function stays positive and always improves it (Nesterov 2004).
        decrement = float(np.sqrt(max(gradient @ step, 0.0) / share))
        x = x - step / (1.0 + decrement) if decrement > 0.25 else x - step
    return _shares(x / deviations)


def hierarchical_risk_parity(problem: Problem) -> Wish:
    """López de Prado, *Building Diversified Portfolios that Outperform Out of Sample* (2016).

    Distance sqrt((1 - ρ) / 2) between two assets, single linkage on these distances, assets in the order of the tree's
    leaves, budget split at the middle of each stretch in inverse proportion to the halves' inverse-variance variances.
    """
    count = len(problem.names)
    order = _leaf_order(problem.sigma) if count > 2 else list(range(count))
    weights = np.ones(count)
    stretches = [order]
    while stretches:
        stretch = stretches.pop()
        if len(stretch) < 2:
            continue
        left, right = stretch[: len(stretch) // 2], stretch[len(stretch) // 2 :]
        one, other = _cluster_variance(problem.sigma, left), _cluster_variance(problem.sigma, right)
        weights[left] *= other / (one + other)
        weights[right] *= one / (one + other)
        stretches += [left, right]
    places = np.empty(count, dtype=np.int64)
    places[order] = np.arange(1, count + 1)
    return Wish(weights, False, tuple(f"place {place} of {count} in the tree of correlations" for place in places))


def _leaf_order(sigma: Floats) -> list[int]:
    from scipy.cluster.hierarchy import leaves_list, linkage
    from scipy.spatial.distance import squareform

    deviations = np.sqrt(np.diag(sigma))
    distances = np.sqrt(np.clip((1 - sigma / np.outer(deviations, deviations)) / 2, 0, 1))
    np.fill_diagonal(distances, 0.0)
    return [int(leaf) for leaf in leaves_list(linkage(squareform(distances, checks=False), method="single"))]


def _cluster_variance(sigma: Floats, members: list[int]) -> float:
    inside = sigma[np.ix_(members, members)]
    weights = _shares(1 / np.diag(inside))
    return float(weights @ inside @ weights)


def momentum(problem: Problem) -> Wish:
    """In proportion to the exponentially weighted mean return, where it is positive."""
    means = exponential_weights(len(problem.returns), problem.options.half_life) @ problem.returns
    yearly = means * problem.options.periods_per_year
    return Wish(_shares(np.maximum(means, 0)), False, tuple(f"recent return {value:+.1%} per year" for value in yearly))


def performance_based(problem: Problem) -> Wish:
    """In proportion to the total return over all the periods, where it is positive."""
    totals: Floats = np.prod(1 + problem.returns, axis=0) - 1
    return Wish(_shares(np.maximum(totals, 0)), False, tuple(f"total return {value:+.1%}" for value in totals))


def risk_adjusted(problem: Problem) -> Wish:
    """In proportion to the Sharpe ratio, where it is positive."""
    ratios = problem.means / problem.deviations
    yearly = ratios * problem.options.periods_per_year**0.5
    return Wish(_shares(np.maximum(ratios, 0)), False, tuple(f"Sharpe ratio {value:.2f}" for value in yearly))


def fractional_kelly(problem: Problem) -> Wish:
    """A fraction of the growth-optimal position on shrunk means; what it does not want stays cash.

    Maximises mean - variance / (2 × fraction) with the sum of weights up to the budget (Kelly 1956; for the fraction
    MacLean, Thorp & Ziemba 2011). Means after Jorion.
    """
    means = shrunk_means(problem.returns, problem.sigma)
    allowed = polytope(problem.constraints, problem.names, invest_all=False)
    fraction = problem.options.kelly_fraction
    weights = minimise(problem.sigma / fraction, -means, allowed)
    yearly = means * problem.options.periods_per_year
    reasons = tuple(f"shrunk return {value:+.1%} per year" for value in yearly)
    return Wish(weights, True, reasons)


def _shares(scores: Floats) -> Floats:
    total = float(scores.sum())
    if total <= 0:
        raise QuantError("Choose another method: nothing has a positive score.")
    return scores / total


def _return_reasons(problem: Problem) -> tuple[str, ...]:
    scale = problem.options.periods_per_year
    return tuple(
        f"return {mean * scale:+.1%}, volatility {deviation * scale**0.5:.1%} per year"
        for mean, deviation in zip(problem.means, problem.deviations, strict=True)
    )


def _correlation_reasons(problem: Problem, weights: Floats) -> tuple[str, ...]:
    deviations = problem.deviations
    portfolio = float(np.sqrt(weights @ problem.sigma @ weights))
    correlations = problem.sigma @ weights / (deviations * portfolio) if portfolio > 0 else np.zeros_like(weights)
    yearly = deviations * problem.options.periods_per_year**0.5
    return tuple(
        f"volatility {deviation:.1%} per year, correlation {correlation:+.2f} with the portfolio"
        for deviation, correlation in zip(yearly, correlations, strict=True)
    )


METHODS: Final[Mapping[str, Callable[[Problem], Wish]]] = {
    "equal": equal,
    "inverse_volatility": inverse_volatility,
    "minimum_variance": minimum_variance,
    "mean_variance": mean_variance,
    "maximum_sharpe": maximum_sharpe,
    "risk_parity": risk_parity,
    "hierarchical_risk_parity": hierarchical_risk_parity,
    "maximum_diversification": maximum_diversification,
    "momentum": momentum,
    "performance_based": performance_based,
    "risk_adjusted": risk_adjusted,
    "fractional_kelly": fractional_kelly,
}
NEEDS_POSITIVE_MEANS: Final = frozenset(
    {"mean_variance", "maximum_sharpe", "momentum", "performance_based", "risk_adjusted"}
)
ESTIMATES_NOTHING: Final = frozenset({"equal"})
