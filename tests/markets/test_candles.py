"""Series come back as they went in, closed bars only, and never from the future."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest
from django.db import IntegrityError, connection

from kit import clock
from kit.errors import InvalidInputError
from markets.candles.reading import TIMEFRAME_MS, last_closed_bar, load_candles, milliseconds, moment
from markets.models import Candle, Instrument, Ticker
from markets.prices import latest_price, price_in, prices_in, quotes
from markets.services import NewQuote, ensure_instrument, prune_candles, record_quotes, store_candles
from quant.candles import Candles

pytestmark = pytest.mark.django_db
HOUR = 3_600_000
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def instrument(symbol: str = "BTC/USDT", venue: str = "binance") -> Instrument:
    return ensure_instrument(venue=venue, symbol=symbol, tick_size=Decimal("0.01"), lot_size=Decimal("0.001"))[0]


def store(target: Instrument, closes: list[float], *, first: int = 0, timeframe: str = "1h", step: int = HOUR) -> int:
    """Bars with these closes, opening at `first` and every `step` after it."""
    close = np.array(closes)
    ts = first + np.arange(len(closes), dtype=np.int64) * step
    return store_candles(
        instrument=target, timeframe=timeframe, ts=ts, open=close, high=close + 1, low=close - 1, close=close,
        volume=np.arange(len(closes)) + 0.5,
    )  # fmt: skip


def test_a_series_survives_the_round_trip_bit_by_bit() -> None:
    generator = np.random.default_rng(7)
    count = 5_000
    low = generator.random(count) + 1
    sent = Candles(
        np.arange(count, dtype=np.int64) * HOUR, low + 0.1, low + 0.3, low, low + 0.2, generator.random(count) * 1e-8
    )
    target = instrument()
    stored = store_candles(
        instrument=target, timeframe="1h", ts=sent.ts, open=sent.open, high=sent.high, low=sent.low, close=sent.close,
        volume=sent.volume,
    )  # fmt: skip
    assert stored == count
    loaded = load_candles(instrument_id=target.pk, timeframe="1h")
    for column in ("ts", "open", "high", "low", "close", "volume"):
        assert np.array_equal(getattr(loaded, column), getattr(sent, column)), column


def test_a_limit_takes_the_newest_and_keeps_their_order() -> None:
    target = instrument()
    store(target, [10, 20, 30, 40])
    assert load_candles(instrument_id=target.pk, timeframe="1h", limit=2).close.tolist() == [30, 40]
    assert len(load_candles(instrument_id=target.pk, timeframe="4h")) == 0


def test_storing_again_writes_only_what_is_new_or_different() -> None:
    target = instrument()
    assert store(target, [10, 20, 30]) == 3
    assert store(target, [10, 20, 30]) == 0
    assert store(target, [10, 21, 30, 40]) == 2
    assert load_candles(instrument_id=target.pk, timeframe="1h").close.tolist() == [10, 21, 30, 40]


def test_two_series_in_one_transaction_do_not_mix() -> None:
    one, other = instrument("BTC/USDT"), instrument("ETH/USDT")
    store(one, [10, 20])
    store(other, [5])
    assert load_candles(instrument_id=one.pk, timeframe="1h").close.tolist() == [10, 20]
    assert load_candles(instrument_id=other.pk, timeframe="1h").close.tolist() == [5]


@pytest.mark.parametrize(("closes", "step"), [([10, float("nan")], HOUR), ([-5, 10], HOUR), ([10, 20], HOUR // 2)])
def test_bars_that_cannot_be_true_are_refused_as_a_whole(closes: list[float], step: int) -> None:
    target = instrument()
    with pytest.raises(InvalidInputError):
        store(target, closes, step=step)
    assert not Candle.objects.exists()


def test_a_bar_is_seen_from_the_moment_it_closes() -> None:
    target = instrument()
    store(target, [10, 20, 30], first=milliseconds(NOON))
    for minutes, closes in ((59, []), (60, [10]), (119, [10]), (120, [10, 20])):
        with clock.at(NOON + timedelta(minutes=minutes)):
            assert load_candles(instrument_id=target.pk, timeframe="1h").close.tolist() == closes
            last = last_closed_bar(instrument_id=target.pk, timeframe="1h")
            assert last == (milliseconds(NOON) + (len(closes) - 1) * HOUR if closes else None)


def test_asking_for_later_does_not_show_the_future() -> None:
    target = instrument()
    store(target, [10, 20], first=milliseconds(NOON))
    with clock.at(NOON + timedelta(hours=1)):
        later = load_candles(instrument_id=target.pk, timeframe="1h", until=NOON + timedelta(days=9))
    assert later.close.tolist() == [10]
    earlier = load_candles(instrument_id=target.pk, timeframe="1h", until=NOON + timedelta(hours=1))
    assert earlier.close.tolist() == [10]


def quote(target: Instrument, price: str, *, at: datetime | None = None) -> None:
    record_quotes([NewQuote(target.pk, Decimal(price), None, None, "binance", at or clock.now())])


def test_the_latest_price_is_the_newest_quote() -> None:
    target = instrument()
    now = clock.now()
    assert latest_price(instrument_id=target.pk) is None
    quote(target, "100.5", at=now)
    quote(target, "90", at=now - timedelta(seconds=1))  # a late answer of another worker
    found = latest_price(instrument_id=target.pk)
    assert found is not None
    assert (found.price, found.bid, found.ask, found.source, found.at) == (
        Decimal("100.5"), Decimal("100.5"), Decimal("100.5"), "binance", now,
    )  # fmt: skip


def test_over_history_the_price_is_the_close_of_the_bar_that_closed_last() -> None:
    target = instrument()
    quote(target, "999999")
    store(target, [10.25, 20.5], first=milliseconds(NOON))
    store(target, [15.0], first=milliseconds(NOON), timeframe="1m", step=60_000)
    with clock.at(NOON):
        assert latest_price(instrument_id=target.pk) is None
    for minutes, price in ((30, 15), (60, Decimal("10.25")), (121, Decimal("20.5"))):
        with clock.at(NOON + timedelta(minutes=minutes)):
            found = latest_price(instrument_id=target.pk)
            assert found is not None
            assert (found.price, found.source) == (price, "recorded")


def test_many_quotes_are_one_query(django_assert_num_queries: object) -> None:
    targets = [instrument(f"A{number}/USDT") for number in range(5)]
    for target in targets:
        quote(target, "3")
    with django_assert_num_queries(1):  # type: ignore[operator]
        assert len(quotes(instrument_ids=[target.pk for target in targets])) == 5


def test_an_asset_is_valued_directly_turned_round_or_over_one_step() -> None:
    quote(instrument("BTC/USDT"), "50000")
    quote(instrument("ETH/BTC"), "0.05")
    quote(instrument("SOL/USDT", venue="elsewhere"), "100")

    def worth(asset: str, base: str) -> Decimal | None:
        found = price_in(asset=asset, base=base, venue="binance")
        return found.price if found else None

    assert worth("USDT", "USDT") == 1
    assert worth("BTC", "USDT") == 50_000
    assert worth("USDT", "BTC") == Decimal("0.00002")
    assert worth("ETH", "USDT") == 2_500
    assert worth("SOL", "USDT") is None


def test_a_market_that_is_quoted_now_comes_before_one_whose_price_is_carried() -> None:
    direct = instrument("AAA/USDT")
    store(direct, [7], first=milliseconds(NOON - timedelta(days=30)))

    def found() -> tuple[Decimal, bool]:
        price = price_in(asset="AAA", base="USDT", venue="binance")
        assert price is not None
        return price.price, price.is_carried

    assert found() == (7, True)
    quote(instrument("AAA/EUR"), "8")
    quote(instrument("EUR/USDT"), "1.1")
    assert found() == (Decimal("8.8"), False)
    quote(direct, "9")
    assert found() == (9, False)
    Ticker.objects.filter(instrument=direct).delete()
    assert found() == (Decimal("8.8"), False)


def test_what_is_too_large_to_be_a_price_is_none() -> None:
    quote(instrument("CCC/DDD"), "9999999999999999999")
    quote(instrument("DDD/USDT"), "9999999999999999999")
    assert set(prices_in(assets=["CCC", "DDD", "USDT"], base="USDT", venue="binance")) == {"DDD", "USDT"}


def test_the_database_knows_the_lengths_of_candles() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT timeframe, length FROM market_timeframes()")
        assert dict(cursor.fetchall()) == TIMEFRAME_MS


def test_old_fine_bars_are_forgotten_and_coarse_ones_kept() -> None:
    target, now = instrument(), clock.now()
    old = milliseconds(now - timedelta(days=100)) // HOUR * HOUR
    for timeframe in ("1m", "5m", "15m", "1h"):
        store(target, [10], first=old, timeframe=timeframe)
    assert prune_candles(instrument_ids=[target.pk], now=now) == 2
    assert set(Candle.objects.values_list("timeframe", flat=True)) == {"15m", "1h"}


def test_moments_and_milliseconds_are_exact() -> None:
    assert milliseconds(moment(1_700_000_000_123)) == 1_700_000_000_123


@pytest.mark.parametrize("price", ["NaN", "Infinity", "0", "-1", "1e20"])
def test_what_is_no_price_is_no_quote(price: str) -> None:
    with pytest.raises(InvalidInputError, match="above zero"):
        NewQuote(1, Decimal(price), None, None, "binance", NOON)
    with pytest.raises(InvalidInputError, match="above zero"):
        NewQuote(1, Decimal(1), Decimal(price), None, "binance", NOON)


@pytest.mark.parametrize("column", ["price", "bid", "ask"])
def test_the_database_refuses_a_ticker_that_is_no_number(column: str) -> None:
    target = instrument()
    quote(target, "100")
    with pytest.raises(IntegrityError, match="check constraint"), connection.cursor() as cursor:
        cursor.execute(f"UPDATE markets_ticker SET {column} = 'NaN'")


@pytest.mark.parametrize("column", ["open", "high", "low", "close", "volume"])
def test_the_database_refuses_a_candle_that_is_no_number(column: str) -> None:
    target = instrument()
    store(target, [10.0])
    with pytest.raises(IntegrityError, match="candle_is_sane"):
        Candle.objects.filter(instrument=target).update(**{column: float("nan")})


def test_steps_that_are_no_number_are_refused() -> None:
    for tick in ("NaN", "0", "1e-19"):
        with pytest.raises(InvalidInputError, match="1e-18 or more"):
            ensure_instrument(venue="binance", symbol="A/B", tick_size=Decimal(tick), lot_size=Decimal(1))
