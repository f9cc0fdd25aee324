from __future__ import annotations

import json

import numpy as np
import pytest

from quant.errors import QuantError
from quant.market_simulator import (
    ASSETS,
    CLOSE,
    HIGH,
    LOW,
    OPEN,
    REGIMES,
    VOLUME,
    MarketState,
    advance,
    aggregate,
    initial_state,
    price_at,
    to_candles,
)

START_MS = 1_700_000_040_000
YEAR_OF_HOURS = 8760


def state(seed: int = 7) -> MarketState:
    return initial_state(seed, start_ms=START_MS)


def test_the_same_seed_gives_the_same_market_and_another_seed_another() -> None:
    first, again, other = (advance(state(seed), 500)[1] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("cuts", [(1, 1, 1498), (239, 2, 1259), (1440, 60), (700, 800)])
def test_any_way_of_cutting_time_gives_the_same_minutes(cuts: tuple[int, ...]) -> None:
    _, whole = advance(state(), 1500)
    current, pieces = state(), []
    for minutes in cuts:
        current, piece = advance(current, minutes)
        pieces.append(piece)
    np.testing.assert_array_equal(np.concatenate(pieces), whole)


def test_a_state_survives_json_to_the_last_bit() -> None:
    now, _ = advance(state(), 777)
    restored = MarketState.from_dict(json.loads(json.dumps(now.to_dict())))
    assert restored == now
    np.testing.assert_array_equal(advance(restored, 100)[1], advance(now, 100)[1])


def test_live_prices_walk_inside_the_candle_they_become() -> None:
    now, _ = advance(state(), 1437)
    for _ in range(6):
        after, candle = advance(now, 1)
        ticks = np.array([price_at(now, seconds) for seconds in np.arange(0, 60.25, 0.25)])
        np.testing.assert_array_equal(ticks[0], candle[0, :, OPEN])
        np.testing.assert_array_equal(ticks[-1], candle[0, :, CLOSE])
        np.testing.assert_array_equal(ticks.max(axis=0), candle[0, :, HIGH])
        np.testing.assert_array_equal(ticks.min(axis=0), candle[0, :, LOW])
        now = after


def test_candles_are_valid_and_continue_each_other() -> None:
    _, candles = advance(state(), 3000)
    np.testing.assert_array_equal(candles[1:, :, OPEN], candles[:-1, :, CLOSE])
    for asset in range(len(ASSETS)):
        to_candles(START_MS, candles, asset).checked()
    ticks = candles[:, 0, CLOSE] / ASSETS[0].tick
    np.testing.assert_allclose(ticks, np.round(ticks), atol=1e-6)


def test_volatility_and_correlation_are_those_of_the_assets() -> None:
    hourly = [aggregate(advance(state(seed), 129_600)[1], 60)[..., CLOSE] for seed in range(4)]
    returns = np.concatenate([np.diff(np.log(closes), axis=0) for closes in hourly])
    yearly = returns.std(axis=0) * np.sqrt(YEAR_OF_HOURS)
    np.testing.assert_allclose(yearly, [asset.volatility for asset in ASSETS], rtol=0.15)
    off_diagonal = np.corrcoef(returns.T)[np.triu_indices(len(ASSETS), 1)]
    np.testing.assert_allclose(off_diagonal, 0.7, atol=0.06)


def test_all_regimes_happen() -> None:
    now, seen = state(), set()
    for _ in range(1000):
        now, _ = advance(now, 240)
        seen.add(REGIMES[now.regime].name)
    assert seen == {"calm", "rally", "slide", "crash"}


def test_ninety_days_of_minutes_are_finite_and_traded() -> None:
    _, candles = advance(state(), 129_600)
    assert candles.shape == (129_600, 4, 5)
    assert np.isfinite(candles).all()
    assert (candles[..., VOLUME] > 0).all()


def test_aggregation_wants_whole_bars() -> None:
    _, candles = advance(state(), 120)
    hours = aggregate(candles, 60)
    assert hours.shape == (2, 4, 5)
    np.testing.assert_array_equal(hours[:, :, OPEN], candles[::60, :, OPEN])
    with pytest.raises(QuantError, match="whole number of 50-minute"):
        aggregate(candles, 50)


def test_a_start_inside_a_minute_is_refused() -> None:
    with pytest.raises(QuantError, match="whole minute"):
        initial_state(1, start_ms=START_MS + 1)
