"""What became of forecasts, bar by bar, what chance makes, and how sure a rate is."""

from dataclasses import replace

import numpy as np
import pytest

from quant.candles import Candles
from quant.forecasts import Forecast, by_chance, outcome, wilson
from quant.regimes import volatility
from tests.quant.market import random_candles

pytestmark = pytest.mark.offline
NONE = float("nan")
UP = Forecast(direction=1, price=100, stop=95, target=110, horizon=3, cost=0.001)
DOWN = Forecast(direction=-1, price=100, stop=105, target=90, horizon=3, cost=0.0)


def bars(*rows: tuple[float, float, float, float]) -> Candles:
    columns = np.array(rows, dtype=float).T
    return Candles(np.arange(len(rows)) * 3_600_000, *columns, np.ones(len(rows)))


@pytest.mark.parametrize(
    ("forecast", "rows", "price", "gain", "ended"),
    [
        (UP, [(100, 101, 99, 100), (100, 102, 99, 101), (101, 104, 100, 103)], 103, 0.03 - 0.001 * 2.03, 3),
        (UP, [(100, 111, 99, 105)], 110, 0.1 - 0.001 * 2.1, 1),
        (UP, [(100, 101, 94, 96)], 95, -0.05 - 0.001 * 1.95, 1),
        (UP, [(100, 111, 94, 96)], 95, -0.05 - 0.001 * 1.95, 1),  # which came first is not known: the worse
        (UP, [(93, 94, 92, 93)], 93, -0.07 - 0.001 * 1.93, 1),
        (UP, [(112, 113, 111, 112)], 112, 0.12 - 0.001 * 2.12, 1),
        (DOWN, [(100, 104, 89, 95)], 90, 0.1, 1),
        (DOWN, [(100, 106, 99, 101)], 105, -0.05, 1),
        (DOWN, [(107, 108, 106, 107)], 107, -0.07, 1),
        (DOWN, [(100, 101, 98, 99)] * 3, 99, 0.01, 3),
        (replace(UP, stop=NONE, target=NONE), [(100, 500, 1, 100)] * 2 + [(100, 500, 1, 200)], 200, 1 - 0.003, 3),
    ],
)
def test_a_forecast_ends_at_its_stop_its_target_or_its_horizon(
    forecast: Forecast, rows: list[tuple[float, float, float, float]], price: float, gain: float, ended: int
) -> None:
    found = outcome(forecast, bars(*rows, (1, 1, 1, 1)))
    assert found is not None
    assert (found.price, found.bars) == (price, ended)
    assert found.gain == pytest.approx(gain)


def test_one_whose_horizon_is_not_over_has_no_outcome_unless_it_has_ended() -> None:
    assert outcome(UP, bars((100, 101, 99, 100))) is None
    assert outcome(UP, bars((100, 101, 94, 100))) is not None
    assert outcome(UP, bars((100, 101, 99, 100))[:0]) is None


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("levels", [(95.0, 110.0), (NONE, NONE), (99.5, NONE), (NONE, 100.5)])
def test_chance_is_every_bar_and_both_directions_as_one_by_one(seed: int, levels: tuple[float, float]) -> None:
    candles = random_candles(np.random.default_rng(seed), 60)
    forecast = Forecast(1, 100.0, *levels, horizon=7, cost=0.001)
    gains = []
    for bar in range(len(candles) - forecast.horizon):
        for way in (1, -1):
            close = candles.close[bar]
            stop, target = (close * (1 + way * (level / 100 - 1)) for level in levels)
            moved = replace(forecast, direction=way, price=float(close), stop=float(stop), target=float(target))
            found = outcome(moved, candles[bar + 1 :])
            assert found is not None
            gains.append(found.gain)
    chance = by_chance(forecast, candles)
    assert chance == (pytest.approx(np.mean(gains)), pytest.approx(np.std(gains)))


def test_chance_needs_a_bar_with_its_horizon_behind_it() -> None:
    candles = random_candles(np.random.default_rng(1), 7)
    assert by_chance(replace(UP, horizon=7), candles) is None
    assert by_chance(replace(UP, horizon=6), candles) is not None


def test_the_range_of_a_rate_is_that_of_wilson() -> None:
    """Newcombe, Statistics in Medicine 17 (1998) 857, table I: 81 of 263, and 0 of 20."""
    assert wilson(81, 263) == (pytest.approx(0.2553, abs=5e-5), pytest.approx(0.3662, abs=5e-5))
    assert wilson(0, 20) == (pytest.approx(0, abs=1e-12), pytest.approx(0.1611, abs=5e-5))
    assert wilson(0, 0) == (0, 1)
    assert wilson(5, 5)[1] == 1


def test_it_is_wild_or_calm_against_what_is_usual() -> None:
    steps = np.random.default_rng(2).normal(0, 0.001, 200)

    def of(wild: float) -> str:
        moves = steps.copy()
        moves[-20:] *= wild
        return volatility(100 * np.exp(np.cumsum(moves)))

    assert (of(5), of(1), of(0.1)) == ("wild", "usual", "calm")
    assert volatility(100 * np.exp(steps[:49])) == volatility(np.full(200, 100.0)) == ""
