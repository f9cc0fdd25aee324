"""`allocate`: one signature for every method, and a decided answer for every degenerate input.

Order of decisions, each of which leaves a reason or a note in the answer:

1. assets with less history than asked for, with NaN in the periods that the others share, with a Sharpe ratio below the
   threshold, or that never moved (in the periods that all share, too), get nothing;
2. one asset left gets everything, none left means all cash;
3. with fewer than max(60, 2 N) common periods covariances are noise: inverse volatility, or equal under 20, whose
   return and volatility are unknown under 2;
4. where no mean is positive, methods that live on means become minimum variance, and Kelly stays in cash;
5. the method's wish, moved to the nearest weights that keep the constraints.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from quant.allocation import methods
from quant.allocation.methods import Problem, Wish
from quant.allocation.moments import covariance, exponential_weights
from quant.allocation.problem import Allocation, Constraints, Group, Options, check_names
from quant.allocation.solver import NEGLIGIBLE, current_weights, minimise, polytope
from quant.candles import Floats
from quant.errors import InfeasibleError, ParameterError

FEWEST_PERIODS: Final = 60
FEWEST_FOR_VOLATILITY: Final = 20
CONSTANT: Final = 1e-12


def allocate(
    returns: Floats,
    method: str,
    constraints: Constraints | None = None,
    options: Options | None = None,
    *,
    names: Sequence[str] | None = None,
) -> Allocation:
    """Weights for N assets from their returns `(T, N)` per period, oldest first; NaN where there was none.

    Raises `ParameterError` for an unknown method or wrong shapes, `InfeasibleError` when no weights keep the
    constraints: its message names the smallest relaxation.
    """
    table = np.atleast_2d(np.asarray(returns, dtype=np.float64))
    constraints, options = constraints or Constraints(), options or Options()
    if method not in methods.METHODS:
        raise ParameterError(f"Choose one of {', '.join(methods.METHODS)}: there is no method {method!r}.")
    if table.ndim != 2 or table.shape[1] == 0 or np.isinf(table).any():
        raise ParameterError("Give returns as periods × assets, with at least one asset and no infinite value.")
    labels = check_names(names, table.shape[1])
    excluded = _excluded(table, constraints, options.periods_per_year)
    kept, usable = _shared_periods(table, excluded)
    if kept.size == 0:
        return _all_cash(labels, excluded, table.shape[1], "No asset can be used: everything stays cash.")
    inner = _restricted(constraints, kept, len(labels))
    kept_names = tuple(labels[asset] for asset in kept)
    known = len(usable) > 1
    problem = Problem(
        returns=usable,
        means=usable.mean(axis=0) if known else np.zeros(kept.size),
        sigma=covariance(usable, options) if known else np.zeros((kept.size, kept.size)),
        constraints=inner,
        options=options,
        names=kept_names,
        allowed=polytope(inner, kept_names),
    )
    used, notes = _method_for(problem, method)
    wish = methods.METHODS[used](problem) if kept.size > 1 or used == "fractional_kelly" else _only(problem)
    used, notes = wish.instead or used, (*notes, wish.note) if wish.note else notes
    weights = wish.weights if wish.kept else _nearest(problem, wish)
    weights = np.where(np.abs(weights) < NEGLIGIBLE, 0.0, weights)
    if not wish.kept and float(np.abs(weights - wish.weights * inner.budget()).max()) > 1e-6:
        notes = (*notes, "The constraints moved the weights away from what the method alone would choose.")
    return _answer(used, problem, wish, weights, kept, labels, excluded, notes)


def _excluded(table: Floats, constraints: Constraints, yearly: float) -> dict[int, str]:
    """Reasons of the assets that get nothing, by position."""
    known = ~np.isnan(table)
    counts = known.sum(axis=0)
    excluded: dict[int, str] = dict(constraints.unwanted)
    for asset, count in enumerate(counts):
        if asset not in excluded and count < max(constraints.minimum_history, 2):
            excluded[asset] = f"nothing: {count} returns, {max(constraints.minimum_history, 2)} are needed"
    most = int(counts.max()) if counts.size else 0
    for asset, count in enumerate(counts):
        values = table[known[:, asset], asset]
        if asset in excluded:
            continue
        deviation = float(values.std(ddof=1))
        if count < most // 2:
            # One short history would cut everybody's common periods.
            excluded[asset] = f"nothing: {count} returns where others have {most}"
        elif deviation <= CONSTANT:
            excluded[asset] = "nothing: its returns never change"
        elif constraints.minimum_sharpe is not None and values.mean() / deviation < constraints.minimum_sharpe:
            ratio, least = (one * yearly**0.5 for one in (values.mean() / deviation, constraints.minimum_sharpe))
            excluded[asset] = f"nothing: Sharpe ratio {ratio:.2f} per year is below the threshold of {least:.2f}"
    return excluded


def _shared_periods(table: Floats, excluded: dict[int, str]) -> tuple[np.ndarray, Floats]:
    """The assets that are kept, and their returns in the periods that all of them share.

    What does not move in those periods would look riskless and attract everything: it is excluded here, which may leave
    more periods to the others.
    """
    while True:
        kept = np.array([asset for asset in range(table.shape[1]) if asset not in excluded], dtype=np.int64)
        usable = table[:, kept]
        usable = usable[~np.isnan(usable).any(axis=1)]
        if len(usable) < 2:
            return kept, usable
        still = kept[usable.std(axis=0, ddof=1) <= CONSTANT]
        if still.size == 0:
            return kept, usable
        for asset in still:
            excluded[int(asset)] = "nothing: its returns never change in the periods that all share"


def _restricted(constraints: Constraints, kept: np.ndarray, count: int) -> Constraints:
    """The constraints of the kept assets alone; what excluded ones hold now has to be sold."""
    low, high = constraints.bounds(count)
    place = {int(asset): number for number, asset in enumerate(kept)}
    groups = []
    for group in constraints.groups:
        if not group.members or max(group.members) >= count or min(group.members) < 0:
            raise ParameterError(f"Give group {group.name} members from 0 to {count - 1}.")
        members = tuple(place[member] for member in group.members if member in place)
        if members:
            groups.append(Group(group.name, members, group.minimum, group.maximum))
        elif group.minimum > 0:
            raise InfeasibleError(f"No asset of group {group.name} can be used: lower its minimum to 0.")
    current, turnover = None, constraints.turnover
    if constraints.current is not None:
        everything = current_weights(constraints, count)
        current = everything[kept]
        if turnover is not None:
            turnover = max(turnover - float(np.abs(np.delete(everything, kept)).sum()), 0.0)
    return replace(
        constraints, minimum=low[kept], maximum=high[kept], groups=tuple(groups), capital=None, capacity=None,
        current=current, turnover=turnover, unwanted={},
    )  # fmt: skip


def _method_for(problem: Problem, method: str) -> tuple[str, tuple[str, ...]]:
    """The method to use really, and why it is another."""
    periods, count = problem.returns.shape
    needed = max(FEWEST_PERIODS, 2 * count)
    if count == 1:
        only = "Only one asset can be used."
        return method if method == "fractional_kelly" else "equal", (only,)
    if method not in methods.ESTIMATES_NOTHING and periods < FEWEST_FOR_VOLATILITY:
        return "equal", (f"{periods} common periods are too few for any estimate: equal weights.",)
    if method not in {"equal", "inverse_volatility"} and periods < needed:
        return "inverse_volatility", (
            f"{periods} common periods are too few for {count} assets ({needed} are needed): inverse volatility.",
        )
    means = problem.means
    if method == "momentum":
        means = exponential_weights(periods, problem.options.half_life) @ problem.returns
    if method == "performance_based":
        means = np.prod(1 + problem.returns, axis=0) - 1
    if method in methods.NEEDS_POSITIVE_MEANS and not (means > 0).any():
        return "minimum_variance", ("No asset has a positive mean: minimum variance instead.",)
    return method, ()


def _only(problem: Problem) -> Wish:
    return Wish(np.ones(1), False, ("the only asset that can be used",))


def _nearest(problem: Problem, wish: Wish) -> Floats:
    """The allowed weights with the least sum of squared distances from the wish, scaled to the budget."""
    target = wish.weights * problem.constraints.budget()
    inside = problem.allowed
    if inside.size == inside.count and (inside.below @ target <= inside.limit + 1e-12).all():
        return target
    return minimise(np.eye(len(target)), -target, inside)


def _answer(
    method: str,
    problem: Problem,
    wish: Wish,
    weights: Floats,
    kept: np.ndarray,
    labels: tuple[str, ...],
    excluded: dict[int, str],
    notes: tuple[str, ...],
) -> Allocation:
    whole, contributions = np.zeros(len(labels)), np.zeros(len(labels))
    whole[kept] = weights
    variance = float(weights @ problem.sigma @ weights)
    if variance > 0:
        contributions[kept] = weights * (problem.sigma @ weights) / variance
    low, high = problem.constraints.bounds(len(weights))
    reasons = dict(excluded)
    for number, asset in enumerate(kept):
        at = weights[number]
        limit = ""
        if at >= high[number] - NEGLIGIBLE and high[number] < problem.constraints.budget():
            limit = f"; at its maximum of {high[number]:.1%}"
        elif low[number] > 0 and at <= low[number] + NEGLIGIBLE:
            limit = f"; at its minimum of {low[number]:.1%}"
        reasons[int(asset)] = wish.reasons[number] + limit
    cash, known = 1.0 - float(whole.sum()), len(problem.returns) > 1
    if method == "fractional_kelly" and cash > problem.constraints.cash_reserve + NEGLIGIBLE:
        notes = (*notes, f"Kelly leaves {cash:.1%} in cash.")
    yearly = problem.options.periods_per_year
    return Allocation(
        method=method,
        weights=whole,
        cash=cash if abs(cash) > NEGLIGIBLE else 0.0,
        expected_return=float(weights @ problem.means) * yearly if known else None,
        volatility=float(np.sqrt(variance * yearly)) if known else None,
        risk_contributions=contributions,
        reasons=tuple(reasons[asset] for asset in range(len(labels))),
        notes=notes,
    )


def _all_cash(labels: tuple[str, ...], excluded: dict[int, str], count: int, note: str) -> Allocation:
    reasons = tuple(excluded[asset] for asset in range(len(labels)))
    return Allocation("cash", np.zeros(count), 1.0, None, None, np.zeros(count), reasons, (note,))


def round_to_lots(weights: Floats, *, capital: float, lot_values: Floats) -> tuple[Floats, float]:
    """Whole numbers of lots `(N,)` nearest to the weights by largest remainder, and the cash left over in quote.

    `lot_values` is what a lot of each asset costs. Everything is rounded down; what that leaves buys one more lot of
    those that lost most to rounding, as far as it goes.
    """
    if capital <= 0 or (np.asarray(lot_values) <= 0).any() or np.shape(lot_values) != np.shape(weights):
        raise ParameterError("Give positive capital and a positive lot value per asset.")
    exact = weights * capital / lot_values
    lots = np.floor(exact + NEGLIGIBLE)
    left = float(weights.sum() * capital - lots @ lot_values)
    remainders = exact - lots
    for asset in np.argsort(-(remainders * lot_values), kind="stable"):
        if remainders[asset] > NEGLIGIBLE and lot_values[asset] <= left + NEGLIGIBLE:
            lots[asset] += 1
            left -= float(lot_values[asset])
    return lots, capital - float(lots @ lot_values)
