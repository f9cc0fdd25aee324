"""A sweep computes an indicator once, and what it keeps of them has a bound however many it asks for."""

from __future__ import annotations

import numpy as np
import pytest

from quant import indicators, strategies
from quant.indicators import memory
from quant.strategies.signals import crossings
from tests.quant.market import random_candles

pytestmark = pytest.mark.offline
CANDLES = random_candles(np.random.default_rng(4), 1_000)


def kept() -> memory._Memory:
    found = memory._remembered.get()
    assert found is not None
    return found


def test_an_indicator_is_computed_once_and_nobody_may_write_into_it() -> None:
    assert indicators.sma(CANDLES.close, 5) is not indicators.sma(CANDLES.close, 5)
    with indicators.remembering():
        first = indicators.sma(CANDLES.close, 5)
        assert indicators.sma(CANDLES.close, 5) is first
        assert indicators.sma(CANDLES.close, 6) is not first
        assert crossings(first, 100.0)[0] is crossings(first, 100.0)[0]
        assert crossings(first, 100.0)[0] is not crossings(first, 101.0)[0]
        with pytest.raises(ValueError, match="read-only"):
            first[0] = 1.0


def test_what_was_asked_for_least_recently_is_forgotten_when_no_more_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "MOST", 5 * CANDLES.close.nbytes)  # the prices and four averages of them
    with indicators.remembering():
        averages = {period: indicators.sma(CANDLES.close, period) for period in (2, 3, 4, 5)}
        assert indicators.sma(CANDLES.close, 2) is averages[2]
        indicators.sma(CANDLES.close, 6)
        assert indicators.sma(CANDLES.close, 2) is averages[2]
        assert indicators.sma(CANDLES.close, 3) is not averages[3]
        assert kept().bytes == 5 * CANDLES.close.nbytes


@pytest.mark.parametrize("slug", ["mean_reversion", "breakout", "trend_following", "custom"])
def test_no_strategy_makes_a_sweep_keep_more_with_every_trial(slug: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "MOST", 30 * CANDLES.close.nbytes)
    strategy = strategies.get(slug)
    with indicators.remembering():
        for _ in range(60):
            strategy.intents(CANDLES, {}).signals  # noqa: B018 - a property that is computed
            assert kept().bytes <= memory.MOST
        arrays = [array for known in kept().known.values() for array in memory._arrays(*known)]
        assert kept().bytes == sum({id(array): array.nbytes for array in arrays}.values())
        assert kept().holders.keys() == {id(array) for array in arrays}
