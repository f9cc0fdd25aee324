"""Breakout, mean reversion, price action and mixtures on candles whose signals can be seen."""

from __future__ import annotations

import numpy as np
import pytest

from quant import strategies
from quant.candles import DAY_MS, Candles
from quant.errors import ParameterError
from tests.quant.market import HOUR_MS, random_candles


def bars(closes: list[float] | np.ndarray, *, spread: float = 0.5, volume: float = 1.0, start: int = 0) -> Candles:
    close = np.asarray(closes, dtype=float)
    opened = np.concatenate((close[:1], close[:-1]))
    high, low = np.maximum(opened, close) + spread, np.minimum(opened, close) - spread
    return Candles(start + np.arange(close.size) * HOUR_MS, opened, high, low, close, np.full(close.size, volume))


def where(array: np.ndarray) -> list[int]:
    return np.flatnonzero(array).tolist()


def test_a_breakout_is_the_first_close_outside_the_channel() -> None:
    closes = [100.0] * 30 + [103, 104, 105] + [100] * 3
    params = {"period": 10, "volume_min": 0, "atr_period": 5}
    intents = strategies.get("breakout").intents(bars(closes), params)
    assert where(intents.enter) == [30]
    assert where(intents.exit)[-1] == 33  # back below the middle
    assert intents.stop[30] < 103


def test_a_breakout_without_volume_does_not_count() -> None:
    candles = bars([100.0] * 30 + [103])
    params = {"period": 10, "volume_period": 10, "volume_min": 1.5, "atr_period": 5}
    intents = strategies.get("breakout").intents(candles, params)
    assert where(intents.enter) == []
    assert str(intents.explain(30)).endswith("; a volume of 1.5 is missing, it is 1")
    candles.volume[30] = 1.6
    assert where(strategies.get("breakout").intents(candles, params).enter) == [30]


def test_a_quiet_market_is_not_broken_out_of() -> None:
    candles = bars([100.0] * 30 + [103])
    params = {"period": 10, "volume_min": 0, "atr_period": 5, "volatility_min": 0.1}
    intents = strategies.get("breakout").intents(candles, params)
    assert where(intents.enter) == []
    assert "; a volatility of 10.3 is missing, it is 1." in str(intents.explain(30))
    both = strategies.get("breakout").intents(candles, params | {"volume_min": 1.5, "volume_period": 10})
    assert "a volume of 1.5 is missing, it is 1" in str(both.explain(30))
    assert "a volatility of 10.3 is missing" in str(both.explain(30))


def test_the_opening_range_is_the_days_first_bars_and_ends_with_the_day() -> None:
    # Two days of hours: the first three bars of each make the range; the second day breaks out at its sixth bar.
    closes = [100.0] * 24 + [100, 101, 100, 100, 100, 103] + [103] * 18 + [103] * 3
    intents = strategies.get("breakout").intents(
        bars(closes), {"range": "opening", "period": 3, "volume_min": 0, "atr_period": 5}
    )
    assert where(intents.enter) == [29]
    assert intents.indicators["upper"][29] == 101.5
    assert 48 in where(intents.exit)


def test_a_day_that_was_not_seen_from_its_start_has_no_opening_range() -> None:
    candles = bars([100.0] * 10 + [110] * 10, start=DAY_MS // 2)
    intents = strategies.get("breakout").intents(
        candles, {"range": "opening", "period": 3, "volume_min": 0, "atr_period": 3}
    )
    assert where(intents.enter) == []
    assert np.isnan(intents.indicators["upper"][:12]).all()


def test_zscore_enters_on_the_way_out_and_bollinger_on_the_way_back() -> None:
    wobble = list(100 + np.sin(np.arange(40)))
    candles = bars([*wobble, 95, 94, 98, 100, 101])
    common = {"period": 20, "entry": 2.5, "atr_period": 5}
    assert where(strategies.get("mean_reversion").intents(candles, common).enter) == [40]
    back = strategies.get("mean_reversion").intents(candles, common | {"method": "bollinger"})
    assert where(back.enter) == [42]
    assert 43 in where(back.exit)
    assert "deviations below its mean" in str(back.explain(42))


def test_reversion_against_the_trend_can_be_forbidden() -> None:
    closes = [*np.linspace(200, 100, 100), 80]
    params = {"period": 10, "entry": 2.0, "atr_period": 5}
    strategy = strategies.get("mean_reversion")
    assert where(strategy.intents(bars(closes), params).enter)
    assert where(strategy.intents(bars(closes), params | {"trend_period": 50}).enter) == []


def test_a_pin_bar_is_traded_at_support_only() -> None:
    # A swing low of 94.5 at bar 20, later a hammer that touches it, and the same hammer far above it.
    closes = [*np.linspace(110, 95, 21), *np.linspace(96, 105, 10), *np.linspace(104, 98, 7)]
    candles = bars(closes)
    last = len(candles) - 1
    hammer = {"open": 98.4, "high": 98.6, "low": 94.6, "close": 98.5}
    for name, value in hammer.items():
        getattr(candles, name)[last] = value
    params = {"pattern": "pin bar", "swing": 3, "atr_period": 5, "zone_atr": 0.5, "buffer_atr": 0.25, "reward": 2.0}
    strategy = strategies.get("price_action")
    intents = strategy.intents(candles, params)
    assert where(intents.enter) == [last]
    assert intents.indicators["support"][last] == 94.5
    assert intents.stop[last] < 94.6
    risk = candles.close[last] - intents.stop[last]
    assert intents.target[last] == pytest.approx(candles.close[last] + 2 * risk)
    assert str(intents.explain(last)).startswith("pin bar at support 94.5")
    for name, value in hammer.items():
        getattr(candles, name)[last] = value + 5
    assert where(strategy.intents(candles, params).enter) == []


def test_a_level_is_unknown_until_its_right_side_is_there() -> None:
    closes = [*np.linspace(110, 95, 21), *np.linspace(96, 105, 10)]
    support = strategies.get("price_action").intents(bars(closes), {"swing": 3}).indicators["support"]
    assert np.isnan(support[:23]).all()
    assert support[23] == 94.5 or support[24] == 94.5


def test_a_mixture_needs_agreement() -> None:
    candles = random_candles(np.random.default_rng(2), 1500, volatility=0.02)
    members = [
        {"strategy": "trend_following", "weight": 2, "params": {"direction": "both", "adx_min": 0}},
        {"strategy": "mean_reversion", "weight": 1, "params": {"direction": "both"}},
    ]
    strategy = strategies.get("mixed")
    loose = strategy.intents(candles, {"members": members, "agreement": 0.6, "direction": "both"})
    strict = strategy.intents(candles, {"members": members, "agreement": 1.0, "direction": "both"})
    assert set(np.round(np.unique(loose.indicators["score"]), 3)) <= {-1, -0.667, -0.333, 0, 0.333, 0.667, 1}
    assert 0 < np.count_nonzero(strict.enter) < np.count_nonzero(loose.enter)
    assert (loose.indicators["score"][loose.enter == 1] >= 0.6).all()
    assert (np.abs(strict.indicators["score"][strict.enter != 0]) > 0.99).all()


@pytest.mark.parametrize(
    ("members", "sentence"),
    [
        ([], "list of one to 10"),
        ([{"strategy": "mixed"}], "strategy of member 1"),
        ([{"strategy": "breakout", "weight": 0}], "Correct member 1, Breakout: Set weight between"),
        (
            [{"strategy": "breakout"}, {"strategy": "trend_following", "params": {"fast": 99, "slow": 9}}],
            "member 2, Trend.*fast below slow",
        ),
        ([{"strategy": "breakout", "vote": 1}], "member 1 an object"),
    ],
)
def test_wrong_members_are_named(members: list[object], sentence: str) -> None:
    with pytest.raises(ParameterError, match=sentence):
        strategies.get("mixed").validate({"members": members})
