"""Quadratic programs over the weights that the constraints allow, and what to relax when they allow none.

Everything is written as: minimise ½ x'Px + q'x over x = (w, u) with u ≥ |w - current| where turnover or costs matter.
Clarabel, an interior-point solver, is called directly. Ratios (Sharpe, diversification) become programs of the same
kind by Charnes & Cooper's substitution w = y / κ.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from quant.allocation.problem import Constraints
from quant.candles import Floats
from quant.errors import InfeasibleError, ParameterError, QuantError

TOLERANCES: Final = (1e-10, 1e-8)
# A relaxation below this is rounding; weights below it are zero.
NEGLIGIBLE: Final = 1e-7
# Coefficients, limit, how to relax it in words ("" where it may not be), and how far at most.
_Row = tuple[Floats, float, str, float]
# Of relaxations that are as small, one of the reserve comes before several of bounds.
_PREFERRED: Final = 1 - 1e-6
SOLVED: Final = frozenset({"Solved"})


@dataclass(frozen=True, eq=False)
class Polytope:
    """The allowed weights as `equal @ x == equal_to`, `below @ x <= limit`, x being w or (w, u).

    `labels` say in words what each row of `below` is and how it would be relaxed, `room` how far it can be. `reserve`
    is by how much `equal_to` can rise.
    """

    count: int
    size: int
    equal: Floats
    equal_to: Floats
    below: Floats
    limit: Floats
    labels: tuple[str, ...]
    room: Floats
    reserve: float = 0.0


def polytope(constraints: Constraints, names: tuple[str, ...], *, invest_all: bool = True) -> Polytope:
    """The constraints as rows; with `invest_all` false the weights may sum to less than the budget."""
    count, budget = len(names), constraints.budget()
    tracked = constraints.turnover is not None or constraints.cost > 0
    size = 2 * count if tracked else count
    unit = np.eye(count, size)
    total = unit.sum(axis=0)
    rows = _bound_rows(constraints, names, unit, highest=budget if invest_all else -1.0)
    rows += _group_rows(constraints, unit)
    if not invest_all:
        label = f"lower the cash reserve from {constraints.cash_reserve:.2%} by {{}}"
        rows.append((total, budget, label, constraints.cash_reserve))
    if tracked:
        rows += _change_rows(constraints, unit)
    below, limit, labels, room = zip(*rows, strict=True)
    equal, equal_to = (total[None, :], np.array([budget])) if invest_all else (np.empty((0, size)), np.empty(0))
    reserve = constraints.cash_reserve if invest_all else 0.0
    return Polytope(count, size, equal, equal_to, np.array(below), np.array(limit), labels, np.array(room), reserve)


def _bound_rows(constraints: Constraints, names: tuple[str, ...], unit: Floats, *, highest: float) -> list[_Row]:
    """Bounds of each weight; a maximum from `highest` up is left out because the budget says it already."""
    low, high = constraints.bounds(len(names))
    rows: list[_Row] = []
    for asset, name in enumerate(names):
        # Relaxing a minimum of zero would mean going short.
        label = f"lower the minimum of {name} from {low[asset]:.2%} by {{}}" if low[asset] > 0 else ""
        rows.append((-unit[asset], -low[asset], label, low[asset]))
        if highest < 0 or high[asset] < highest:
            label = f"raise the maximum of {name} from {high[asset]:.2%} by {{}}"
            rows.append((unit[asset], high[asset], label, max(1.0 - high[asset], 0.0)))
    return rows


def _group_rows(constraints: Constraints, unit: Floats) -> list[_Row]:
    rows: list[_Row] = []
    for group in constraints.groups:
        row = unit[list(group.members)].sum(axis=0)
        label = f"raise the maximum of group {group.name} from {group.maximum:.2%} by {{}}"
        rows.append((row, group.maximum, label, max(1.0 - group.maximum, 0.0)))
        if group.minimum > 0:
            label = f"lower the minimum of group {group.name} from {group.minimum:.2%} by {{}}"
            rows.append((-row, -group.minimum, label, group.minimum))
    return rows


def _change_rows(constraints: Constraints, unit: Floats) -> list[_Row]:
    """u ≥ |w - current| for each asset, and the limit of their sum."""
    count, size = unit.shape
    current, change = current_weights(constraints, count), np.eye(count, size, k=count)
    rows: list[_Row] = []
    for asset in range(count):
        rows.append((unit[asset] - change[asset], float(current[asset]), "", 0.0))
        rows.append((-unit[asset] - change[asset], -float(current[asset]), "", 0.0))
    if constraints.turnover is not None:
        label = f"raise the turnover limit from {constraints.turnover:.2%} by {{}}"
        rows.append((change.sum(axis=0), constraints.turnover, label, np.inf))
    return rows


def current_weights(constraints: Constraints, count: int) -> Floats:
    """The current weights, checked."""
    current = np.asarray(constraints.current, dtype=np.float64)
    if current.shape != (count,) or not np.isfinite(current).all():
        raise ParameterError(f"Give {count} current weights, one per asset.")
    return current


def minimise(quadratic: Floats, linear: Floats, allowed: Polytope, *, cost: float = 0.0) -> Floats:
    """Weights `(N,)` that minimise ½ w'Qw + q'w (+ cost × sum of absolute changes) among those allowed.

    Raises `InfeasibleError` when none are.
    """
    size, count = allowed.size, allowed.count
    scale = 1.0 / max(float(np.abs(np.diag(quadratic)).max()), 1e-300)
    full = np.zeros((size, size))
    full[:count, :count] = quadratic * scale
    tail = np.full(size - count, cost * scale)
    solution = _solve(full, np.concatenate((linear * scale, tail)), allowed)
    if solution is None:
        raise refusal(allowed)
    return solution[:count]


def maximise_ratio(top: Floats, sigma: Floats, allowed: Polytope) -> Floats:
    """Weights that maximise top'w / sqrt(w'Σw); some allowed w must have top'w > 0."""
    size, count = allowed.size, allowed.count
    quadratic = np.zeros((size + 1, size + 1))
    quadratic[:count, :count] = sigma / float(np.diag(sigma).max())
    ratio_top = np.concatenate((top / float(np.abs(top).max()), np.zeros(size + 1 - count)))
    homogeneous = Polytope(
        count=count,
        size=size + 1,
        equal=np.vstack((np.column_stack((allowed.equal, -allowed.equal_to)), ratio_top)),
        equal_to=np.concatenate((np.zeros(len(allowed.equal_to)), [1.0])),
        below=np.vstack((np.column_stack((allowed.below, -allowed.limit)), -np.eye(size + 1)[-1])),
        limit=np.zeros(len(allowed.limit) + 1),
        labels=(),
        room=np.empty(0),
    )
    solution = _solve(quadratic, np.zeros(size + 1), homogeneous)
    if solution is None or solution[-1] <= 0:
        raise refusal(allowed)
    weights: Floats = solution[:count] / solution[-1]
    return weights


def _solve(quadratic: Floats, linear: Floats, allowed: Polytope) -> Floats | None:
    """The minimum, at a coarser tolerance where the fine one cannot be reached; None without an answer."""
    import clarabel
    from scipy import sparse

    settings: Any = clarabel.DefaultSettings()
    settings.verbose = False
    settings.direct_solve_method = "faer"
    settings.max_threads = 1
    matrix = sparse.csc_matrix(np.vstack((allowed.equal, allowed.below)))
    cones = [clarabel.ZeroConeT(len(allowed.equal_to))] if len(allowed.equal_to) else []
    cones.append(clarabel.NonnegativeConeT(len(allowed.limit)))
    limits = np.concatenate((allowed.equal_to, allowed.limit))
    for tolerance in TOLERANCES:
        settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = tolerance
        upper = sparse.csc_matrix(np.triu(quadratic))
        solution = clarabel.DefaultSolver(upper, linear, matrix, limits, cones, settings).solve()
        if str(solution.status) in SOLVED:
            return np.array(solution.x)
    return None


def refusal(allowed: Polytope) -> QuantError:
    """Why there is no answer: the smallest total change of limits that is enough, or the solver itself."""
    from scipy.optimize import linprog

    rows, size = allowed.below.shape
    relaxable = [number for number, label in enumerate(allowed.labels) if label]
    labels = [allowed.labels[number] for number in relaxable]
    room = [float(allowed.room[number]) for number in relaxable]
    slack = np.zeros((rows, len(relaxable)))
    slack[relaxable, range(len(relaxable))] = -1.0
    equal_slack = np.zeros((len(allowed.equal), len(relaxable)))
    price = np.ones(len(relaxable))
    if allowed.reserve > 0:
        labels.append(f"lower the cash reserve from {allowed.reserve:.2%} by {{}}")
        room.append(allowed.reserve)
        slack = np.column_stack((slack, np.zeros(rows)))
        equal_slack = np.column_stack((equal_slack, -np.ones(len(allowed.equal))))
        price = np.append(price, _PREFERRED)
    found = linprog(
        np.concatenate((np.zeros(size), price)),
        A_ub=np.column_stack((allowed.below, slack)),
        b_ub=allowed.limit,
        A_eq=np.column_stack((allowed.equal, equal_slack)),
        b_eq=allowed.equal_to,
        bounds=[(None, None)] * size + [(0, most) for most in room],
    )
    if found.x is None:
        return InfeasibleError("Relax the constraints: no weights satisfy them.")
    # Rounded up to whole basis points, so that what is named is really enough.
    changes = [
        label.format(f"{min(np.ceil(amount * 1e4 - 1e-3) / 1e4, most):.2%}")
        for label, amount, most in zip(labels, found.x[size:], room, strict=True)
        if amount > NEGLIGIBLE
    ]
    if not changes:
        return QuantError("Change the constraints or the data a little: the solver found no answer.")
    return InfeasibleError(f"No weights satisfy the constraints; it is enough to {' and '.join(changes)}.")
