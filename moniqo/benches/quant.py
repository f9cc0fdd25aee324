"""Speed of the core beside something that everybody has: functions that measure and return figures.

Each takes the best of a few short runs, because other processes only ever make a run slower. Figures per CPU second
count the time that this process was really running: what one core of an idle machine would do. `manage.py bench` prints
them.
"""

from __future__ import annotations

import resource
import time
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from quant import metrics, strategies
from quant.allocation import METHODS, Options, allocate
from quant.allocation.methods import equal_risk_contributions
from quant.allocation.moments import ledoit_wolf
from quant.backtest import run_backtest
from quant.candles import MINUTE_MS, Candles, Floats
from quant.sweeps import grid, space, sweep

KERNEL_BARS: Final = 1_000_000
SWEEP_BARS: Final = 100_000
FAST: Final = 20
SLOW: Final = 50
PLAIN: Final = {"ma": "sma", "fast": FAST, "slow": SLOW, "adx_min": 0, "trail_atr": 0, "direction": "both"}
_MEGABYTE: Final = 1024.0


def kernel(*, bars: int = KERNEL_BARS, repeats: int = 7) -> dict[str, float]:
    """Candles per second of one run, signals included, beside the same crossover in plain vectorised numpy.

    The baseline has moving averages, positions and compounded returns with fees, and no stops: what a few lines of
    numpy can do.
    """
    candles, strategy = _market(bars), strategies.get("trend_following")

    def run() -> None:
        run_backtest(candles, strategy.intents(candles, PLAIN))

    intents = strategy.intents(candles, PLAIN)
    ours, simulation = _best(run, repeats), _best(lambda: run_backtest(candles, intents), repeats)
    baseline = _best(lambda: _numpy_crossover(candles.close, FAST, SLOW), repeats)
    return {
        "candles": bars,
        "candles_per_second": bars / ours,
        "candles_per_cpu_second": bars / _best(run, repeats, time.thread_time),
        "simulation_alone_per_second": bars / simulation,
        "numpy_baseline_per_second": bars / baseline,
        "times_the_numpy_baseline": baseline / ours,
    }


def sweeps(*, bars: int = SWEEP_BARS, workers: int = 2, repeats: int = 3) -> dict[str, float]:
    """Backtests per second of 1,000 parameter sets, figures included, and the memory they took.

    The baseline is the numpy crossover for each pair of averages, one after the other. The workers are threads of this
    process, whose memory at its highest is told whole: Django, candles, what is remembered of indicators, and every
    page of libraries that it has touched, those that it shares with other processes too. What it runs was compiled by
    another (`farms.laboratory.compiled`).
    """
    candles = _market(bars)
    where = space(
        strategies.get("trend_following"),
        {
            "fast": range(5, 55, 5),
            "slow": range(60, 160, 10),
            "stop_atr": [0.5 + 0.5 * step for step in range(10)],
        },
        {"ma": "sma", "adx_min": 0, "trail_atr": 0, "direction": "both"},
    )
    points = grid(where)
    sweep(where, candles, points[:3])

    def run() -> None:
        sweep(where, candles, points, workers=workers)

    seconds = _best(run, repeats)
    baseline = _best(lambda: _numpy_crossover(candles.close, 20, 60), repeats)
    return {
        "backtests": len(points),
        "candles": bars,
        "backtests_per_second": len(points) / seconds,
        "backtests_per_cpu_second": len(points) / _best(run, repeats, time.process_time),
        "numpy_baseline_per_second": 1 / baseline,
        "times_the_numpy_baseline": baseline * len(points) / seconds,
        "peak_memory_mb": _peak_memory() / _MEGABYTE,
    }


def table(*, points: int = 1_000_000, repeats: int = 7) -> dict[str, float]:
    """Milliseconds of the whole table of metrics, beside the standard deviation of the same returns by numpy alone."""
    values = _market(points).close
    returns = metrics.twr_returns(values)

    def run() -> None:
        metrics.summary(values, periods_per_year=365)

    return {
        "points": points,
        "table_ms": 1e3 * _best(run, repeats),
        "table_cpu_ms": 1e3 * _best(run, repeats, time.thread_time),
        "numpy_deviation_ms": 1e3 * _best(lambda: returns.std(ddof=1), repeats),
    }


def allocation(*, assets: int = 50, repeats: int = 3) -> dict[str, float]:
    """Milliseconds of every method at `assets` assets, of risk parity at 100 and mean-variance at 500, skfolio beside.

    skfolio is a development dependency; its figures are missing where it is not installed.
    """
    returns = _returns(assets)
    figures = {f"{method}_{assets}_ms": 1e3 * _best(_allocating(returns, method), repeats) for method in METHODS}
    sigma = ledoit_wolf(_returns(100))
    figures["risk_parity_weights_100_ms"] = 1e3 * _best(lambda: equal_risk_contributions(sigma), repeats)
    wide = _returns(500)
    figures["mean_variance_500_ms"] = 1e3 * _best(_allocating(wide, "mean_variance"), repeats)
    figures["mean_variance_500_cpu_ms"] = 1e3 * _best(_allocating(wide, "mean_variance"), 1, time.thread_time)
    return figures | _skfolio(returns, wide, assets, repeats)


def _allocating(returns: Floats, method: str) -> Callable[[], object]:
    return lambda: allocate(returns, method, options=Options(covariance="ledoit_wolf"))


def _skfolio(returns: Floats, wide: Floats, assets: int, repeats: int) -> dict[str, float]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            from skfolio import optimization
            from skfolio.moments import LedoitWolf
            from skfolio.prior import EmpiricalPrior
        except ImportError:
            return {}
        prior = EmpiricalPrior(covariance_estimator=LedoitWolf())
        utility = optimization.ObjectiveFunction.MAXIMIZE_UTILITY
        models: Mapping[str, tuple[Any, Floats]] = {
            f"skfolio_minimum_variance_{assets}_ms": (optimization.MeanRisk(prior_estimator=prior), returns),
            f"skfolio_risk_parity_{assets}_ms": (optimization.RiskBudgeting(prior_estimator=prior), returns),
            f"skfolio_hierarchical_risk_parity_{assets}_ms": (
                optimization.HierarchicalRiskParity(prior_estimator=prior),
                returns,
            ),
            f"skfolio_maximum_diversification_{assets}_ms": (
                optimization.MaximumDiversification(prior_estimator=prior),
                returns,
            ),
            "skfolio_mean_variance_500_ms": (
                optimization.MeanRisk(objective_function=utility, prior_estimator=prior),
                wide,
            ),
        }
        return {name: 1e3 * _best(_fitting(model, data), repeats) for name, (model, data) in models.items()}


def _fitting(model: Any, data: Floats) -> Callable[[], object]:
    return lambda: model.fit(data)


def _peak_memory() -> float:
    """Kilobytes that this program held at most. What the system counts for the process includes who started it."""
    try:
        words = Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()
    except OSError:
        words = []
    return float(words[0]) if words else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _best(call: Callable[[], object], repeats: int, clock: Callable[[], float] = time.perf_counter) -> float:
    """Seconds of the fastest run; one run before them pays for compilation and caches."""
    call()
    fastest = float("inf")
    for _ in range(repeats):
        started = clock()
        call()
        fastest = min(fastest, clock() - started)
    return fastest


def _market(bars: int) -> Candles:
    generator = np.random.default_rng(0)
    close = 100 * np.exp(np.cumsum(generator.normal(0, 0.001, bars)))
    opened = np.concatenate(([100.0], close[:-1]))
    reach = 1 + 0.0005 * generator.random((2, bars))
    high, low = np.maximum(opened, close) * reach[0], np.minimum(opened, close) / reach[1]
    return Candles(np.arange(bars) * MINUTE_MS, opened, high, low, close, np.ones(bars))


def _returns(assets: int) -> Floats:
    generator = np.random.default_rng(0)
    market = generator.normal(0.0005, 0.01, (3 * assets + 60, 1))
    own: Floats = generator.normal(0.0003, 0.01, (3 * assets + 60, assets))
    return market + own


def _numpy_crossover(close: Floats, fast: int, slow: int) -> float:
    total = np.concatenate(([0.0], np.cumsum(close)))
    quick = (total[slow:] - total[slow - fast : -fast])[: close.size - slow + 1] / fast
    mean = (total[slow:] - total[:-slow]) / slow
    side = np.where(quick > mean, 1.0, -1.0)
    moves = close[slow:] / close[slow - 1 : -1] - 1.0
    earned = side[:-1] * moves - 0.001 * np.abs(np.diff(side, prepend=side[0])[:-1])
    return float(np.cumprod(1.0 + earned)[-1])
