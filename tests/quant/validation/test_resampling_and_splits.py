from __future__ import annotations

import numpy as np
import pytest

from quant import strategies
from quant.backtest import Config
from quant.candles import Candles
from quant.errors import ParameterError
from quant.sweeps import space
from quant.validation import (
    bootstrap,
    combinatorial_splits,
    cross_validate,
    drawdown_figure,
    sharpe_figure,
    shuffled_drawdown,
    stressed_costs,
    total_return_figure,
    walk_forward,
)
from tests.quant.market import random_candles

TREND = strategies.get("trend_following")


def test_splits_hold_out_every_combination_and_purge_what_touches_it() -> None:
    splits = combinatorial_splits(60, groups=6, held_out=2, purge=3, embargo=2)
    assert len(splits) == 15
    for split in splits:
        assert split.test.size == 20
        assert not set(split.train) & set(split.test)
        for bar in split.train:
            ahead, behind = split.test - bar, bar - split.test
            assert not ((ahead > 0) & (ahead <= 3)).any(), "a trade begun here could reach into the test"
            assert not ((behind > 0) & (behind <= 2)).any(), "this is right after the test"


def test_cross_validation_makes_complete_histories() -> None:
    generator = np.random.default_rng(0)
    returns = generator.normal(0, 0.01, (600, 20))
    returns[:, 3] += 0.004
    found = cross_validate(returns, periods_per_year=365, groups=6, held_out=2, purge=5, embargo=5)
    assert found.paths.size == 5  # C(6, 2) · 2 / 6
    assert found.inside.size == found.outside.size == 15
    expected = returns[:, 3].mean() / returns[:, 3].std(ddof=1) * 365**0.5
    np.testing.assert_allclose(found.paths, expected)  # the planted trial is chosen every time


def test_noise_loses_outside_what_it_won_inside() -> None:
    returns = np.random.default_rng(1).normal(0, 0.01, (900, 200))
    found = cross_validate(returns, periods_per_year=365)
    assert found.inside.mean() > 1
    assert abs(found.outside.mean()) < found.inside.mean() / 2


def test_impossible_splits_are_refused() -> None:
    with pytest.raises(ParameterError):
        combinatorial_splits(100, groups=4, held_out=4)
    with pytest.raises(ParameterError, match="Purge less"):
        cross_validate(np.zeros((12, 2)), periods_per_year=365, groups=6, purge=12)


def test_shuffling_keeps_the_result_and_ranges_the_drawdown() -> None:
    pnl = np.array([100.0, -50.0] * 50)
    found = shuffled_drawdown(pnl, cash=1_000, samples=500, seed=1)
    assert found.actual == pytest.approx(-50 / 1100)
    assert found.low < found.middle < found.high <= 0
    assert found.low < found.actual
    assert shuffled_drawdown(pnl, cash=1_000, samples=500, seed=1) == found


def test_a_stressed_cost_has_the_mean_it_was_given() -> None:
    pnl, notional = np.full(200, 5.0), np.full(200, 1_000.0)
    found = stressed_costs(pnl, notional, mean=0.001, samples=4_000, seed=2)
    assert found.profit.actual == 1_000
    assert found.profit.middle == pytest.approx(800, rel=0.05)
    assert found.break_even == pytest.approx(0.005)
    assert found.share_of_losses == 0
    assert stressed_costs(pnl, notional, mean=0.02, seed=2).share_of_losses == 1


def test_the_bootstrap_covers_the_truth_about_as_often_as_it_says() -> None:
    generator, hits = np.random.default_rng(3), 0
    for seed in range(60):
        returns = generator.normal(0.001, 0.01, 300)
        found = bootstrap(returns, sharpe_figure(365), samples=300, seed=seed)
        hits += found.low <= 0.1 * 365**0.5 <= found.high
    assert 46 <= hits <= 60  # 90 % of 60 is 54


def test_bootstrapped_figures_are_the_plain_ones_on_the_data_as_they_were() -> None:
    returns = np.random.default_rng(0).normal(0, 0.02, 100)
    assert bootstrap(returns, total_return_figure, samples=50, seed=0).actual == pytest.approx(np.prod(1 + returns) - 1)
    curve = np.concatenate(([1.0], np.cumprod(1 + returns)))
    deepest = (curve / np.maximum.accumulate(curve) - 1).min()
    assert bootstrap(returns, drawdown_figure, samples=50, seed=0).actual == pytest.approx(deepest)


def test_blocks_keep_neighbours_together() -> None:
    # With blocks as long as the data, a bootstrap sample of a ramp is a rotation of it: steps of one and a single fall.
    ramp = np.arange(50.0)
    steps = []

    def spy(rows: np.ndarray) -> np.ndarray:
        steps.append(np.diff(rows, axis=1))
        return rows.mean(axis=1)

    bootstrap(ramp, spy, samples=20, block=1e9, seed=0)
    assert set(np.unique(steps[0])) <= {1.0, -49.0}


def test_walking_forward_trades_only_what_it_has_not_seen() -> None:
    candles = random_candles(np.random.default_rng(0), 1_500)
    where = space(TREND, {"fast": [5, 10], "slow": [20, 40]}, {"adx_min": 0, "direction": "both"})
    found = walk_forward(where, candles, Config(), train_bars=600, test_bars=200)
    assert [(window.train_from, window.test_from, window.test_to) for window in found.windows] == [
        (0, 600, 800), (200, 800, 1000), (400, 1000, 1200), (600, 1200, 1400),
    ]  # fmt: skip
    np.testing.assert_array_equal(found.ts, candles.ts[600:1400])
    assert found.returns.size == 800
    # What comes after a window cannot change what was chosen or earned in it.
    again = walk_forward(where, candles[:1000], Config(), train_bars=600, test_bars=200)
    assert again.windows == found.windows[:2]
    np.testing.assert_array_equal(again.returns, found.returns[:400])


def test_leaving_at_the_end_of_a_stretch_is_paid_for() -> None:
    rising = Candles(np.arange(300) * 3_600_000, *(np.linspace(100, 130, 300) for _ in range(4)), np.ones(300))
    rules = {"all": [{"left": {"indicator": "price"}, "op": ">", "right": 0}]}
    always = space(strategies.get("custom"), {"direction": ["long"]}, {"entry": rules, "exit": None, "stop": None})
    config = Config(taker_fee=0.01, slippage=0.02)
    window = walk_forward(always, rising, config, train_bars=100, test_bars=100).windows[0]
    bought = rising.open[100] * 1.02 * 1.01
    assert window.test_return == pytest.approx(rising.close[199] * 0.98 * 0.99 / bought - 1)


@pytest.mark.parametrize("options", [{"purge": -1}, {"embargo": -1}])
def test_negative_purges_are_refused(options: dict[str, int]) -> None:
    with pytest.raises(ParameterError, match="0 or more"):
        combinatorial_splits(100, **options)


def test_an_unknown_return_is_not_a_return_of_nothing() -> None:
    returns = np.random.default_rng(1).normal(0, 0.01, (900, 3))
    returns[5, 1] = np.nan
    with pytest.raises(ParameterError, match="all numbers"):
        cross_validate(returns, periods_per_year=365)


def test_anchored_training_starts_at_the_beginning() -> None:
    candles = random_candles(np.random.default_rng(0), 900)
    where = space(TREND, {"fast": [5, 10]}, {"adx_min": 0})
    found = walk_forward(where, candles, train_bars=300, test_bars=200, anchored=True)
    assert {window.train_from for window in found.windows} == {0}
    with pytest.raises(ParameterError, match="one step must fit"):
        walk_forward(where, candles, train_bars=800, test_bars=200)
