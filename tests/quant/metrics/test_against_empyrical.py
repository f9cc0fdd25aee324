"""empyrical-reloaded as oracle: an independent implementation must give the same figures."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

from quant import metrics

DAYS = 365
SEEDS = range(25)


def random_returns(seed: int) -> Any:
    generator = np.random.default_rng(seed)
    return generator.standard_t(4, int(generator.integers(30, 900))) * 0.02 + 0.001


def call(name: str, *args: Any, **options: Any) -> float:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        empyrical = pytest.importorskip("empyrical")  # here, so that seconds of import are those of this test
        return float(getattr(empyrical, name)(*args, **options))


@pytest.mark.parametrize("seed", SEEDS)
def test_every_shared_figure_agrees(seed: int) -> None:
    returns = random_returns(seed)
    index = metrics.growth(returns)
    worst, _ = metrics.drawdowns(index)
    ratio = metrics.sharpe(returns, periods_per_year=DAYS)
    assert worst is not None
    assert ratio is not None
    pairs = {
        "total return": (metrics.total_return(returns), call("cum_returns_final", returns)),
        "annualised return": (
            metrics.annualised_return(returns, periods_per_year=DAYS),
            call("annual_return", returns, annualization=DAYS),
        ),
        "volatility": (
            metrics.volatility(returns, periods_per_year=DAYS),
            call("annual_volatility", returns, annualization=DAYS),
        ),
        "sharpe": (ratio.value, call("sharpe_ratio", returns, annualization=DAYS)),
        "sortino": (
            metrics.sortino(returns, periods_per_year=DAYS),
            call("sortino_ratio", returns, annualization=DAYS),
        ),
        "max drawdown": (worst.depth, call("max_drawdown", returns)),
        "calmar": (
            metrics.calmar(returns, periods_per_year=DAYS),
            call("calmar_ratio", returns, annualization=DAYS),
        ),
        "value at risk": (metrics.value_at_risk(returns), -call("value_at_risk", returns, cutoff=0.05)),
        "expected shortfall": (
            metrics.expected_shortfall(returns),
            -call("conditional_value_at_risk", returns, cutoff=0.05),
        ),
    }
    for name, (ours, theirs) in pairs.items():
        assert ours == pytest.approx(theirs, rel=1e-9), name


@pytest.mark.parametrize("seed", SEEDS[:5])
def test_rolling_figures_are_the_single_ones_of_each_window(seed: int) -> None:
    returns, window = random_returns(seed)[:120], 30
    rolling = {
        "sharpe": metrics.rolling_sharpe(returns, window, periods_per_year=DAYS),
        "sortino": metrics.rolling_sortino(returns, window, periods_per_year=DAYS),
        "volatility": metrics.rolling_volatility(returns, window, periods_per_year=DAYS),
        "return": metrics.rolling_return(returns, window),
        "drawdown": metrics.rolling_drawdown(returns, window),
    }
    for values in rolling.values():
        assert np.isnan(values[: window - 1]).all()
    for end in range(window, returns.size + 1):
        part = returns[end - window : end]
        assert rolling["sharpe"][end - 1] == pytest.approx(call("sharpe_ratio", part, annualization=DAYS))
        assert rolling["sortino"][end - 1] == pytest.approx(call("sortino_ratio", part, annualization=DAYS))
        assert rolling["volatility"][end - 1] == pytest.approx(call("annual_volatility", part, annualization=DAYS))
        assert rolling["return"][end - 1] == pytest.approx(call("cum_returns_final", part))
        assert rolling["drawdown"][end - 1] == pytest.approx(call("max_drawdown", part))
