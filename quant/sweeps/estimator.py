"""Let a tree-structured Parzen estimator choose what to try next.

Bergstra et al., *Algorithms for Hyper-Parameter Optimization* (2011), as implemented by optuna, which is imported where
it is used: it is an extra.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from quant import indicators
from quant.backtest import Config
from quant.backtest.engine import DEFAULTS
from quant.candles import Candles
from quant.errors import MissingPackageError
from quant.sweeps.run import Objective, Sweep, Trials, score
from quant.sweeps.space import Point, Space, sample

# How often a round asks for each point that it wants: many a suggestion is forbidden, or was tried.
PATIENCE: Final = 3


def tpe_sweep(
    where: Space,
    candles: Candles,
    config: Config = DEFAULTS,
    *,
    trials: int,
    seed: int,
    objective: Objective = "sharpe",
) -> Sweep:
    """Let a tree-structured Parzen estimator choose up to `trials` points, each after those before it.

    A point that was tried already is answered from memory and counts once; forbidden points count against `trials` and
    are not kept. Raises `MissingPackageError` where the extra `sweeps` is not installed.
    """
    optuna = _optuna()
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed))
    evaluated = Trials(where, candles, config, objective)
    known: dict[tuple[int, ...], float] = {}
    years = len(candles) / candles.periods_per_year
    with indicators.remembering():
        for _ in range(trials):
            trial = study.ask()
            point = tuple(trial.suggest_int(name, 0, len(values) - 1) for name, values in where.axes.items())
            if point not in known:
                if where.params(point) is None:
                    study.tell(trial, state=optuna.trial.TrialState.PRUNED)
                    continue
                row = evaluated.evaluate(point)
                evaluated.rows.append(row)
                known[point] = float(score(objective, row[2], row[1], row[3], years=years))
            study.tell(trial, known[point])
    return evaluated.result()


def suggest(where: Space, tried: Mapping[Point, float], *, count: int, seed: int) -> list[Point]:
    """Up to `count` new allowed points after those that were `tried`, each with its score.

    Until its score is known a point counts as bad as the worst, or all of a round would be the same few. Where the
    estimator knows nothing new, points at random fill the round up; fewer come only where no more are found. The same
    points, scores and seed suggest the same: whoever shares the trials of a round out changes nothing.
    """
    optuna = _optuna()
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed))
    kinds = {name: optuna.distributions.IntDistribution(0, len(values) - 1) for name, values in where.axes.items()}
    study.add_trials(
        [
            optuna.trial.create_trial(
                params=dict(zip(kinds, map(int, point), strict=True)), distributions=kinds, value=value
            )
            for point, value in tried.items()
        ]
    )
    worst = min(tried.values(), default=0.0)
    found: dict[Point, None] = {}
    for _ in range(PATIENCE * count):
        if len(found) == count:
            break
        trial = study.ask(kinds)
        point = tuple(int(trial.params[name]) for name in kinds)
        if where.params(point) is None:
            study.tell(trial, state=optuna.trial.TrialState.PRUNED)
        elif point not in tried:
            study.tell(trial, worst)
            found[point] = None
    for point in sample(where, count + len(tried), seed=seed):
        if len(found) < count and point not in tried:
            found.setdefault(point)
    return list(found)


def _optuna() -> Any:
    try:
        import optuna
    except ImportError as error:
        raise MissingPackageError(
            "Install optuna (pip install 'optuna==4.*') to let an estimator choose the points, "
            "or sweep over a grid or at random."
        ) from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna
