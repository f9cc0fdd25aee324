"""Published examples, and the two experiments that matter: noise is not called significant, a real edge is."""

from __future__ import annotations

import numpy as np
import pytest

from quant import strategies
from quant.backtest import Config
from quant.candles import Candles
from quant.errors import ParameterError
from quant.sweeps import Sweep, random_sweep, space
from quant.validation import (
    deflated_sharpe,
    expected_best_sharpe,
    judge,
    overfitting,
    probabilistic_sharpe,
)
from tests.quant.market import random_candles

FREE = Config(taker_fee=0.0, maker_fee=0.0)
AXES = {"fast": range(3, 40), "slow": range(10, 200, 5), "stop_atr": [1.0, 2.0, 4.0], "ma": []}


def test_the_example_of_the_deflated_sharpe_ratio_paper() -> None:
    # Bailey & López de Prado 2014: 100 trials with a variance of 0.5 per year, 1,250 days, skew -3, kurtosis 10,
    # a yearly Sharpe ratio of 2.5: the benchmark is 0.1132 per day and the deflated ratio 0.9004.
    benchmark = expected_best_sharpe(0.5 / 250, 100)
    assert benchmark == pytest.approx(0.1132, abs=1e-4)
    probability = probabilistic_sharpe(2.5 / 250**0.5, n=1250, skew=-3, kurtosis=10, benchmark=benchmark)
    assert probability == pytest.approx(0.9004, abs=2e-4)


def test_one_trial_is_not_deflated() -> None:
    assert expected_best_sharpe(1.0, 1) == 0
    single = deflated_sharpe(np.array([0.1]), n=500, skew=0, kurtosis=3)
    assert single == probabilistic_sharpe(0.1, n=500, skew=0, kurtosis=3)
    for unusable in (np.empty(0), np.array([0.1, np.nan])):
        with pytest.raises(ParameterError):
            deflated_sharpe(unusable, n=500, skew=0, kurtosis=3)


def blocks_of(returns: np.ndarray, blocks: int = 16) -> tuple[np.ndarray, np.ndarray]:
    parts = np.array_split(returns, blocks, axis=0)
    return np.array([part.sum(axis=0) for part in parts]).T, np.array([(part**2).sum(axis=0) for part in parts]).T


def test_the_best_of_a_thousand_worthless_strategies_is_never_significant() -> None:
    for seed in range(10):
        returns = np.random.default_rng(seed).normal(0, 0.01, (1_600, 1_000))
        sharpes = returns.mean(axis=0) / returns.std(axis=0, ddof=1)
        chance = overfitting(*blocks_of(returns[:, :50]), bars=1_600)
        deflated = deflated_sharpe(sharpes, n=1_600, skew=0, kurtosis=3)
        assert sharpes.max() * 365**0.5 > 1.2, "the headline looks good"
        assert deflated is not None
        assert chance is not None
        assert deflated < 0.95 or chance.probability > 0.2
        assert chance.probability > 0.2


def test_a_planted_edge_is_found_among_worthless_strategies() -> None:
    returns = np.random.default_rng(0).normal(0, 0.01, (1_600, 200))
    returns[:, 17] += 0.0025
    sharpes = returns.mean(axis=0) / returns.std(axis=0, ddof=1)
    deflated = deflated_sharpe(sharpes, n=1_600, skew=0, kurtosis=3)
    chance = overfitting(*blocks_of(returns), bars=1_600)
    assert int(sharpes.argmax()) == 17
    assert deflated is not None
    assert deflated > 0.99
    assert chance is not None
    assert chance.probability < 0.01
    assert chance.splits == 12_870


def verdict_on(yearly_sharpe: float, *, trials: int, seed: int) -> bool:
    """Whether a planted edge is chosen and called more than luck, after ten years of days and `trials` tries."""
    days, planted = 3_650, trials // 3
    returns = np.random.default_rng([31, seed]).normal(0, 0.01, (days, trials))
    returns[:, planted] += yearly_sharpe * 0.01 / 365**0.5
    sharpes = returns.mean(axis=0) / returns.std(axis=0, ddof=1)
    deflated = deflated_sharpe(sharpes, n=days, skew=0, kurtosis=3)
    chance = overfitting(*blocks_of(returns), bars=days)
    assert deflated is not None
    assert chance is not None
    return int(sharpes.argmax()) == planted and deflated >= 0.95 and chance.probability <= 0.2


def test_a_subtle_edge_is_found_about_as_often_as_it_stands_out() -> None:
    # The best of 50 worthless trials shows 0.7 ± 0.3 a year over ten years, so 2 stands out nearly always, 1.5 mostly,
    # and 0.7, which luck alone would show, must nearly never be called an edge.
    found = {edge: sum(verdict_on(edge, trials=50, seed=seed) for seed in range(10)) for edge in (0.0, 0.7, 1.5, 2.0)}
    assert found[2.0] >= 9, found
    assert 3 <= found[1.5] <= 10, found
    assert found[0.7] <= 1, found
    assert found[0.0] == 0, found


def test_equal_trials_are_in_the_middle() -> None:
    returns = np.tile(np.random.default_rng(0).normal(0, 0.01, (160, 1)), (1, 5))
    chance = overfitting(*blocks_of(returns), bars=160)
    assert chance is not None
    assert chance.probability == 1.0


def test_overfitting_needs_two_trials_and_even_blocks() -> None:
    sums, squares = blocks_of(np.ones((160, 1)))
    assert overfitting(sums, squares, bars=160) is None
    with pytest.raises(ParameterError, match="even"):
        overfitting(sums[:, :15], squares[:, :15], bars=160)


def trending(generator: np.random.Generator, bars: int) -> Candles:
    """Prices whose drift keeps its sign for about a hundred bars: what trend following is for."""
    drift = np.repeat(generator.choice([-1, 1], bars // 100 + 1), 100)[:bars] * 0.004
    close = 100 * np.exp(np.cumsum(drift + generator.normal(0, 0.008, bars)))
    opened = np.concatenate(([100.0], close[:-1]))
    high, low = np.maximum(opened, close) * 1.002, np.minimum(opened, close) * 0.998
    return Candles(np.arange(bars) * 14_400_000, opened, high, low, close, np.ones(bars))


def swept(candles: Candles, trials: int, seed: int) -> Sweep:
    where = space(strategies.get("trend_following"), AXES, {"adx_min": 0, "trail_atr": 0, "direction": "both"})
    return random_sweep(where, candles, FREE, trials=trials, seed=seed)


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 10))])
def test_the_verdict_on_a_sweep_over_noise(seed: int) -> None:
    candles = random_candles(np.random.default_rng([9, seed]), 2_500, step_ms=14_400_000)
    verdict = judge(swept(candles, 1_000, seed))
    assert not verdict.significant, verdict.sentences
    assert verdict.sentences[-1] == "Verdict: not significant."


def test_the_verdict_on_a_planted_edge() -> None:
    verdict = judge(swept(trending(np.random.default_rng(4), 4_000), 300, 1))
    assert verdict.significant, verdict.sentences
    assert verdict.deflated_sharpe is not None
    assert verdict.deflated_sharpe > 0.95
