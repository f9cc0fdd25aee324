"""The simulated market goes on where it stopped, says the same to everybody, and keeps every timeframe in step."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest
from django.db import connections

from kit import clock
from kit.errors import ConflictError, InvalidInputError
from markets import feeds
from markets.candles.reading import TIMEFRAME_MS, load_candles, milliseconds
from markets.models import Candle, FeedState, Instrument, Ticker
from markets.prices import latest_price, quotes
from markets.services import (
    continue_simulated,
    ensure_instrument,
    generate_history,
    play_simulated_markets,
    store_candles,
)
from quant.candles import Candles, aggregate
from tests.markets.test_candles import HOUR, instrument, store

MIDDAY = datetime(2026, 3, 10, 12, 34, 20, tzinfo=UTC)


def bitcoin() -> Instrument:
    return Instrument.objects.get(venue="simulated", symbol="BTC/USDT")


def series(timeframe: str) -> Candles:
    return load_candles(instrument_id=bitcoin().pk, timeframe=timeframe)


@pytest.mark.django_db
def test_history_reaches_back_as_asked_and_has_no_gap() -> None:
    with clock.at(MIDDAY):
        history = generate_history(days=20)
        assert history.since == datetime(2026, 2, 18, tzinfo=UTC)
        assert history.until == MIDDAY.replace(second=0)
        for timeframe, length in TIMEFRAME_MS.items():
            bars = series(timeframe)
            assert len(bars.gaps()) == 0
            assert bars.ts[-1] == milliseconds(MIDDAY) // length * length - length
        assert series("4h").ts[0] == milliseconds(history.since)
        assert Instrument.objects.filter(venue="simulated", is_simulated=True).count() == 4


@pytest.mark.django_db
def test_coarse_bars_are_what_their_minutes_say() -> None:
    with clock.at(MIDDAY):
        generate_history(days=2)
        minutes = series("1m")
        for timeframe in ("5m", "15m", "1h", "4h", "1d"):
            bars, expected = series(timeframe), aggregate(minutes, TIMEFRAME_MS[timeframe] // 60_000)
            for column in ("ts", "open", "high", "low", "close"):
                assert np.array_equal(getattr(bars, column), getattr(expected, column)), (timeframe, column)
            assert np.allclose(bars.volume, expected.volume)


@pytest.mark.django_db
def test_small_steps_and_one_big_one_give_the_same_market() -> None:
    start = MIDDAY.replace(hour=22, minute=0, second=0)
    with clock.at(start):
        generate_history(days=1)
    moment = start
    for minutes in (1, 7, 52, 1, 64, 200):  # over midnight
        moment += timedelta(minutes=minutes)
        with clock.at(moment):
            play_simulated_markets()
    with clock.at(moment):
        stepped = {timeframe: series(timeframe) for timeframe in TIMEFRAME_MS}
        FeedState.objects.all().delete()
        Candle.objects.all().delete()
        generate_history(days=2, until=moment)  # begins at the same midnight
        for timeframe, bars in stepped.items():
            assert np.array_equal(series(timeframe).close, bars.close), timeframe
            assert np.array_equal(series(timeframe).high, bars.high), timeframe


@pytest.mark.django_db
def test_a_live_price_lies_inside_the_minute_it_becomes() -> None:
    with clock.at(MIDDAY):
        generate_history(days=1)
        play_simulated_markets()
        ticker = Ticker.objects.get(instrument=bitcoin())
    with clock.at(MIDDAY + timedelta(minutes=1)):
        play_simulated_markets()
        bar = series("1m")[-1:]
    assert bar.low[0] <= float(ticker.price) <= bar.high[0]
    assert ticker.bid is not None
    assert ticker.ask is not None
    assert ticker.bid < ticker.price < ticker.ask
    assert (ticker.source, ticker.at) == ("simulated", MIDDAY)


@pytest.mark.django_db
def test_after_a_long_downtime_it_catches_up_in_bounded_pieces() -> None:
    with clock.at(MIDDAY):
        generate_history(days=1)
    with clock.at(MIDDAY + timedelta(days=40)):
        assert play_simulated_markets() == []  # a month of it, and no price yet
        assert len(play_simulated_markets()) == 4
        assert len(series("1h").gaps()) == 0
        assert len(series("1d")) == 41


@pytest.mark.django_db
def test_history_that_is_there_is_kept() -> None:
    with clock.at(MIDDAY):
        first = generate_history(days=3)
        again = generate_history(days=30)
    assert (again.since, again.until, again.candles_written) == (first.since, first.until, 0)


@pytest.mark.django_db
@pytest.mark.parametrize("days", [0, 100_000])
def test_senseless_spans_are_refused(days: int) -> None:
    with pytest.raises(InvalidInputError, match="days of history"):
        generate_history(days=days)


def test_two_workers_at_once_play_each_minute_once(live_db: str) -> None:
    generate_history(days=1)
    before = FeedState.objects.get().state["minute"]

    def play(_: int) -> list[int]:
        try:
            return play_simulated_markets()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(play, range(8)))
    assert any(answers)
    assert FeedState.objects.get().state["minute"] - before <= 1
    assert len(series("1m").gaps()) == 0


@pytest.mark.django_db
def test_imported_candles_are_continued_from_their_last_close_and_labelled() -> None:
    target = instrument("BTC/USDT", venue="binance")
    closes = (40_000 * np.exp(np.cumsum(np.random.default_rng(3).normal(0, 0.004, 200)))).round(2)
    store(target, closes.tolist(), first=milliseconds(MIDDAY - timedelta(days=300)) // HOUR * HOUR)
    with clock.at(MIDDAY):
        continue_simulated(venue="binance")
        assert continue_simulated(venue="binance").candles_written == 0
        play_simulated_markets()
        found = Ticker.objects.get(instrument=target)
        bars = load_candles(instrument_id=target.pk, timeframe="1h")
    target.refresh_from_db()
    assert target.is_simulated
    assert found.source == "simulated"
    assert abs(bars.open[200] / closes[-1] - 1) < 0.01
    assert Decimal("0.5") < found.price / Decimal(str(closes[-1])) < 2


@pytest.mark.django_db
def test_nothing_to_continue_from_is_said() -> None:
    with pytest.raises(ConflictError, match="Import candles"):
        continue_simulated(venue="nowhere")
    instrument("BTC/USDT", venue="empty")
    with pytest.raises(ConflictError, match="at least 30 candles"):
        continue_simulated(venue="empty")


@pytest.mark.django_db
def test_the_feed_starts_by_itself_and_prices_everything() -> None:
    with clock.at(MIDDAY):
        assert len(feeds.collect()) == 4
    assert len(quotes(instrument_ids=Instrument.objects.values_list("pk", flat=True))) == 4
    assert latest_price(instrument_id=bitcoin().pk) is not None


@pytest.mark.django_db
def test_an_unknown_feed_is_refused(settings: object) -> None:
    settings.FEED = "carrier pigeon"  # type: ignore[attr-defined]
    with pytest.raises(InvalidInputError, match="MONIQO_FEED"):
        feeds.collect()


@pytest.mark.django_db
def test_the_market_begins_though_another_one_is_played_already() -> None:
    target = instrument("BTC/USDT")
    store(
        target, [100.0 + number for number in range(40)], first=milliseconds(MIDDAY - timedelta(days=3)) // HOUR * HOUR
    )
    with clock.at(MIDDAY):
        continue_simulated(venue="binance")
        quoted = feeds.collect()
    assert len(quoted) == 5
    assert bitcoin().pk in quoted


@pytest.mark.django_db
@pytest.mark.parametrize(("close", "tick"), [(4.567e-10, "1e-16"), (3.21e-8, "1e-13"), (1.2345e-14, "1e-18")])
def test_a_coin_of_any_magnitude_goes_on_near_its_last_price(close: float, tick: str) -> None:
    target, _ = ensure_instrument(venue="gate", symbol="X/USDT", tick_size=Decimal(tick), lot_size=Decimal(1))
    step = close * 0.002
    closes = np.array([close + step * (number % 3) for number in range(60)])
    ts = milliseconds(MIDDAY - timedelta(days=5)) // HOUR * HOUR + np.arange(60) * HOUR
    store_candles(
        instrument=target, timeframe="1h", ts=ts, open=closes, high=closes + step, low=closes - step, close=closes,
        volume=np.full(60, 1e12),
    )  # fmt: skip
    with clock.at(MIDDAY):
        continue_simulated(venue="gate")
        play_simulated_markets()
        bars = load_candles(instrument_id=target.pk, timeframe="1m")
    assert len(bars) == MIDDAY.hour * 60 + MIDDAY.minute
    assert 0.7 < bars.close.min() / close < bars.close.max() / close < 1.5
    assert {Decimal(repr(price)) % Decimal(tick) for price in bars.close.tolist()} == {0}
    price = Ticker.objects.get(instrument=target).price
    assert Decimal("0.7") < price / Decimal(repr(close)) < Decimal("1.5")
