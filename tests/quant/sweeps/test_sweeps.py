from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from quant import metrics, strategies
from quant.backtest import Config, run_backtest
from quant.candles import Candles
from quant.errors import MissingPackageError, ParameterError
from quant.sweeps import Space, grid, grid_sweep, random_sweep, sample, space, suggest, sweep, tpe_sweep
from quant.sweeps.run import Objective
from tests.quant.market import random_candles

TREND = strategies.get("trend_following")
CONFIG = Config(taker_fee=0.0002, maker_fee=0.0002)


@pytest.fixture(scope="module")
def candles() -> Candles:
    return random_candles(np.random.default_rng(1), 3_000, volatility=0.01)


@pytest.fixture
def where() -> Space:
    return space(
        TREND, {"fast": [5, 10, 20], "slow": [10, 30, 60], "stop_atr": [1, 3]}, {"adx_min": 0, "direction": "both"}
    )


def test_a_grid_leaves_out_what_the_rules_forbid(where: Space) -> None:
    points = grid(where)
    assert len(points) == 14  # seven pairs with fast < slow, two stops
    assert all(params is not None and params["fast"] < params["slow"] for params in map(where.params, points))


def test_every_trial_is_the_backtest_of_its_parameters(where: Space, candles: Candles) -> None:
    result = grid_sweep(where, candles, CONFIG, workers=2)
    assert len(result) == 14
    for trial in range(len(result)):
        params = result.params(trial)
        single = run_backtest(candles, TREND.intents(candles, params), CONFIG)
        table = metrics.summary(
            np.concatenate(([CONFIG.cash], single.equity)), periods_per_year=candles.periods_per_year
        )
        assert result.total_return[trial] == pytest.approx(table["total_return"])
        assert result.sharpe[trial] == pytest.approx(table["sharpe"])
        assert result.max_drawdown[trial] == pytest.approx(table["max_drawdown"])
        assert result.trades[trial] == len(single.trades)
        returns = metrics.twr_returns(np.concatenate(([CONFIG.cash], single.equity)))
        centred = returns - returns.mean()
        assert result.skew[trial] == pytest.approx((centred**3).mean() / (centred**2).mean() ** 1.5)
        assert result.kurtosis[trial] == pytest.approx((centred**4).mean() / (centred**2).mean() ** 2)
        assert result.block_sums[trial].sum() == pytest.approx(returns.sum())
        assert result.block_squares[trial].sum() == pytest.approx((returns**2).sum())


def test_random_points_differ_and_repeat_with_the_seed(where: Space) -> None:
    points = sample(where, 8, seed=3)
    assert len(set(points)) == 8
    assert points == sample(where, 8, seed=3)
    assert len(sample(where, 100, seed=3)) == 14, "there are no more than fourteen"


def test_random_sweep_agrees_with_the_grid(where: Space, candles: Candles) -> None:
    every, some = grid_sweep(where, candles, CONFIG), random_sweep(where, candles, CONFIG, trials=5, seed=1)
    scores = {tuple(place): score for place, score in zip(every.positions.tolist(), every.scores, strict=True)}
    assert all(score == scores[tuple(place)] for place, score in zip(some.positions.tolist(), some.scores, strict=True))


def test_tpe_finds_a_good_point_and_keeps_every_trial(candles: Candles) -> None:
    where = space(TREND, {"fast": range(4, 40, 2), "slow": range(40, 200, 10)}, {"adx_min": 0, "direction": "both"})
    every = grid_sweep(where, candles, CONFIG)
    found = tpe_sweep(where, candles, CONFIG, trials=40, seed=7)
    assert 20 <= len(found) <= 40
    assert found.scores.max() >= np.quantile(every.scores, 0.9)
    assert found.params(0) == tpe_sweep(where, candles, CONFIG, trials=5, seed=7).params(0)


def test_rounds_of_an_estimator_go_where_scores_are_good_and_repeat_nothing() -> None:
    where = space(TREND, {"fast": range(4, 40), "slow": range(20, 120, 2)}, {"adx_min": 0})
    tried = {point: float(point[0] - point[1]) for point in sample(where, 60, seed=2)}
    found = suggest(where, tried, count=20, seed=5)
    assert found == suggest(where, tried, count=20, seed=5)
    assert len(set(found)) == 20
    assert not set(found) & set(tried)
    assert all(where.params(point) for point in found)
    mean = sum(place - other for place, other in found) / 20
    assert mean > np.mean(list(tried.values())) + 10
    few = space(TREND, {"fast": [5, 10]}, {"adx_min": 0})
    assert suggest(few, {(0,): 1.0, (1,): 2.0}, count=3, seed=1) == []


def test_plateaus_do_not_overlap_and_the_best_comes_first(where: Space, candles: Candles) -> None:
    result = grid_sweep(space(TREND, {"fast": range(2, 22), "stop_atr": range(1, 16)}, {"slow": 30}), candles, CONFIG)
    found = result.plateaus(5)
    assert found[0] == result.plateau.argmax()
    assert list(result.plateau[found]) == sorted(result.plateau[found], reverse=True)
    around = [set(result.nearest[trial].tolist()) for trial in found]
    assert sum(map(len, around)) == len(set.union(*around)) == 5 * 9
    assert len(grid_sweep(where, candles, CONFIG).plateaus(50)) < 14


def test_a_plateau_beats_a_lonely_peak(where: Space, candles: Candles) -> None:
    result = grid_sweep(space(TREND, {"fast": range(2, 22), "stop_atr": range(1, 16)}, {"slow": 30}), candles, CONFIG)
    scores = np.zeros(len(result))
    places = result.positions
    scores[(np.abs(places[:, 0] - 5) <= 2) & (np.abs(places[:, 1] - 5) <= 2)] = 1.0
    lonely = int(np.flatnonzero((places == [15, 12]).all(axis=1))[0])
    scores[lonely] = 2.0
    result.__dict__["scores"] = scores  # the cached property, as if these had been the trials
    assert result.best == lonely
    assert result.fragility == pytest.approx(1 - (2 / 9) / 2)
    assert np.abs(places[result.plateau.argmax()] - 5).max() <= 1


@pytest.mark.parametrize("objective", ["sharpe", "total_return", "calmar"])
def test_tpe_optimises_the_score_that_it_reports(candles: Candles, objective: Objective) -> None:
    where = space(TREND, {"fast": range(4, 12), "slow": range(12, 60, 4)}, {"adx_min": 0, "direction": "both"})
    found = tpe_sweep(where, candles, CONFIG, trials=25, seed=7, objective=objective)
    every = sweep(where, candles, [tuple(place) for place in found.positions.tolist()], CONFIG, objective=objective)
    np.testing.assert_array_equal(found.scores, every.scores)
    assert np.isfinite(found.scores).all()


def test_a_wrong_parameter_is_named_before_anything_is_tried() -> None:
    with pytest.raises(ParameterError, match="Remove speed"):
        space(TREND, {"fast": [5]}, {"speed": 1})
    with pytest.raises(ParameterError, match="stop_atr between"):
        space(TREND, {"fast": [5]}, {"stop_atr": 1_000})
    custom = strategies.get("custom")
    with pytest.raises(ParameterError, match="group"):
        space(custom, {"direction": []}, {"entry": []})
    with pytest.raises(ParameterError, match="Leave entry out"):
        space(custom, {"entry": [{"all": []}]})


def test_many_trials_have_their_plateau_in_no_time(where: Space, candles: Candles) -> None:
    whole = grid_sweep(where, candles, CONFIG)
    axes = {"fast": range(2, 202), "slow": range(202, 452)}
    positions = np.array([(fast, slow) for fast in range(200) for slow in range(250)])
    many = replace(whole, space=space(TREND, axes), positions=positions, sharpe=np.arange(50_000.0))
    # In the middle of a plane the mean of a point and its neighbours is the point's own.
    assert many.plateau[25_125] == pytest.approx(25_125)


def test_axes_come_from_the_schema_when_left_empty() -> None:
    where = space(TREND, {"ma": [], "stop_atr": []})
    assert where.axes["ma"] == ("ema", "sma")
    assert where.axes["stop_atr"][:3] == (0.1, 0.6, 1.1)


@pytest.mark.parametrize(
    ("axes", "sentence"),
    [({"speed": [1]}, "Remove speed"), ({"fast": [0]}, "fast between"), ({"fast": ["x"]}, "whole number")],
)
def test_wrong_axes_are_refused(axes: dict[str, list[object]], sentence: str) -> None:
    with pytest.raises(ParameterError, match=sentence):
        space(TREND, axes)


def test_too_large_and_empty_sweeps_are_refused(candles: Candles) -> None:
    with pytest.raises(ParameterError, match="fewer values"):
        grid(space(TREND, {"fast": range(2, 402), "slow": range(3, 803), "stop_atr": [1, 2, 3, 4]}))
    with pytest.raises(ParameterError, match="no combination"):
        grid_sweep(space(TREND, {"fast": [50], "slow": [40]}), candles)
    with pytest.raises(ParameterError, match="at least 32 candles"):
        grid_sweep(space(TREND, {"fast": [5]}), candles[:20])


def test_memory_mapped_candles_give_the_same_answer(where: Space, candles: Candles, tmp_path: Path) -> None:
    file = tmp_path / "candles.npy"
    np.save(file, np.stack([getattr(candles, name) for name in Candles.__dataclass_fields__]))
    mapped = np.load(file, mmap_mode="c")
    again = Candles(mapped[0].astype(np.int64), *mapped[1:])
    assert np.shares_memory(again.close, mapped)
    np.testing.assert_array_equal(grid_sweep(where, again, CONFIG).sharpe, grid_sweep(where, candles, CONFIG).sharpe)


def test_without_optuna_an_estimated_sweep_says_what_to_install(
    where: Space, candles: Candles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(MissingPackageError, match="Install optuna"):
        tpe_sweep(where, candles, CONFIG, trials=3, seed=0)
    assert len(random_sweep(where, candles, CONFIG, trials=3, seed=0)) == 3
