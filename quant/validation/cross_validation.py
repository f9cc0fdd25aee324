"""Cross-validation that respects time: purged, embargoed, and in all combinations.

With N groups of consecutive periods of which k are held out, every choice of k makes a split. Training periods whose
trades reach into a held-out group are purged, and those right after one are embargoed, because both know its future.
Every group is held out several times, which gives not one but C(N, k)·k/N complete out-of-sample histories (López de
Prado, *Advances in Financial Machine Learning*, 2018, ch. 7 and 12).
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np

from quant.candles import Floats, Ints
from quant.errors import ParameterError


@dataclass(frozen=True, eq=False)
class Split:
    """Positions of the periods to choose on and of those held out; `held_out` are the groups' numbers."""

    train: Ints
    test: Ints
    held_out: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Paths:
    """Sharpe ratios per year: of each complete out-of-sample history, and of each split inside and outside."""

    paths: Floats
    inside: Floats
    outside: Floats


def combinatorial_splits(
    periods: int, *, groups: int = 6, held_out: int = 2, purge: int = 0, embargo: int = 0
) -> list[Split]:
    """All splits of `periods` periods; `purge` periods before and `embargo` periods after each test group are dropped.

    Purge as many periods as a trade can last.
    """
    if not 1 <= held_out < groups <= periods:
        raise ParameterError(f"Hold out 1 to {groups - 1} of {groups} groups, and give at least as many periods.")
    if purge < 0 or embargo < 0:
        raise ParameterError("Purge and embargo 0 or more periods.")
    edges = np.linspace(0, periods, groups + 1).astype(np.int64)
    splits = []
    for chosen in itertools.combinations(range(groups), held_out):
        test = np.zeros(periods, dtype=np.bool_)
        blocked = np.zeros(periods, dtype=np.bool_)
        for group in chosen:
            first, last = edges[group], edges[group + 1]
            test[first:last] = True
            blocked[max(first - purge, 0) : last + embargo] = True
        splits.append(Split(np.flatnonzero(~blocked & ~test), np.flatnonzero(test), chosen))
    return splits


def cross_validate(
    returns: Floats,
    *,
    periods_per_year: float,
    groups: int = 6,
    held_out: int = 2,
    purge: int = 0,
    embargo: int = 0,
) -> Paths:
    """Choose the best of K trials `(T, K)` by Sharpe ratio in each split, and see what it earns where it was not seen.

    A path takes each group from a different split's choice, so that all of history is out of sample in every path.
    """
    periods = len(returns)
    if not np.isfinite(returns).all():
        raise ParameterError(
            "Give returns that are all numbers: a trial with a NaN would count as one that earns nothing."
        )
    splits = combinatorial_splits(periods, groups=groups, held_out=held_out, purge=purge, embargo=embargo)
    edges = np.linspace(0, periods, groups + 1).astype(np.int64)
    count = math.comb(groups, held_out) * held_out // groups
    histories = np.full((count, periods), np.nan)
    used = [0] * groups
    inside, outside = [], []
    for split in splits:
        if split.train.size < 2:
            raise ParameterError("Purge less or give more periods: nothing is left to choose on.")
        ratios = _sharpes(returns[split.train])
        best = int(np.argmax(ratios))
        inside.append(ratios[best])
        outside.append(_sharpes(returns[split.test][:, [best]])[0])
        for group in split.held_out:
            part = slice(edges[group], edges[group + 1])
            histories[used[group], part] = returns[part, best]
            used[group] += 1
    scale = math.sqrt(periods_per_year)
    return Paths(_sharpes(histories.T) * scale, np.array(inside) * scale, np.array(outside) * scale)


def _sharpes(returns: Floats) -> Floats:
    deviation = returns.std(axis=0, ddof=1)
    ratios: Floats = np.where(
        deviation > 1e-12, returns.mean(axis=0) / np.where(deviation > 1e-12, deviation, 1.0), 0.0
    )
    return ratios
