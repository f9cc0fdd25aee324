"""The past of a market, by real ccxt over real HTTP to simulated exchanges: page by page, and only what is missing."""

from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
import stamina
from django.core.management import call_command

from kit import clock
from kit.errors import InvalidInputError
from markets.candles.downloading import found, open_market, pages, past_of
from markets.exchanges import FeedError, open_exchange
from markets.models import Candle, Instrument, KeptSeries
from markets.services import prune_candles
from tests.simulators.server import Exchanges

HOUR_MS = 3_600_000
SYMBOLS = {"binance": "BTC/USDT", "okx": "BTC/USDT", "bybit": "BTC/USDT", "coinbase": "BTC/USDT", "kraken": "BTC/USDT"}

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _new_sessions() -> None:
    """A session keeps the markets of a server that an earlier test had reset."""
    open_exchange.cache_clear()


def listed_at(exchanges: Exchanges, slug: str, *, hours: int) -> datetime:
    """Let the exchange have candles of the last so many hours; returns the first hour that it has."""
    first = clock.now().replace(minute=0, second=0, microsecond=0) - timedelta(hours=hours)
    exchanges.wires[slug].account.unlisted_until = int(first.timestamp() * 1000)
    return first


def download(slug: str, since: datetime, **more: Any) -> tuple[Any, Instrument, list[Any]]:
    past = past_of(exchange=slug, symbol=SYMBOLS[slug], timeframe="1h", since=since, **more)
    exchange, instrument = open_market(past)
    return past, instrument, list(pages(past, exchange, instrument))


@pytest.mark.parametrize("slug", sorted(SYMBOLS))
def test_every_exchange_tells_its_past_whole_and_with_its_prices(exchanges: Exchanges, slug: str) -> None:
    """Three pages or more, but of Kraken, which has the last 720 candles and no others."""
    hours = 700 if slug == "kraken" else 2_300
    account = exchanges.wires[slug].account
    first = listed_at(exchanges, slug, hours=hours)
    past, instrument, told = download(slug, first)
    report = found(past, instrument)
    assert (report.bars, report.first, report.gaps) == (hours, first, 0)
    assert told[-1].progress == 1.0
    assert sum(page.written for page in told) == hours
    assert len(told) >= 3 or slug == "kraken"
    market = next(one for one in account.markets.values() if SYMBOLS[slug] == f"{one.base}/{one.quote}")
    for at, close in Candle.objects.filter(instrument=instrument).values_list("ts", "close"):
        assert close == float(account.price_at(market, at))


def test_what_lies_before_the_listing_is_not_asked_for_page_by_page(exchanges: Exchanges) -> None:
    first = listed_at(exchanges, "binance", hours=100)
    past, instrument, told = download("binance", datetime(2019, 1, 1, tzinfo=UTC))
    assert len(told) == 1
    assert found(past, instrument).first == first


def test_of_an_exchange_that_has_only_the_newest_candles_these_are_stored(exchanges: Exchanges) -> None:
    listed_at(exchanges, "kraken", hours=2_000)
    past, instrument, told = download("kraken", clock.now() - timedelta(hours=1_500))
    assert 718 <= found(past, instrument).bars <= 720
    assert told[-1].progress == 1.0


def test_gaps_are_reported_and_a_second_download_asks_for_nothing_that_is_there(exchanges: Exchanges) -> None:
    first = listed_at(exchanges, "binance", hours=2_300)
    start = int(first.timestamp() * 1000)
    account = exchanges.wires["binance"].account
    account.missing = {start + place * HOUR_MS for place in (10, 11, 12, 1_500)}
    past, instrument, told = download("binance", first)
    report = found(past, instrument)
    assert (report.bars, report.gaps, report.missing) == (2_296, 2, 4)
    assert [(gap.since, gap.bars) for gap in report.first_gaps] == [
        (first + timedelta(hours=10), 3), (first + timedelta(hours=1_500), 1)
    ]  # fmt: skip
    account.missing = {start + 1_500 * HOUR_MS}
    exchanges.asked.clear()
    _, _, again = download("binance", first)
    assert sum(page.written for page in again) == 3
    assert len(again) == 2, "one question for each stretch that is missing"
    assert found(past, instrument).missing == 1
    assert len(told) == 3


def test_an_interrupted_download_goes_on_where_it_was(exchanges: Exchanges) -> None:
    first = listed_at(exchanges, "binance", hours=2_300)
    past = past_of(exchange="binance", symbol="BTC/USDT", timeframe="1h", since=first)
    exchange, instrument = open_market(past)
    interrupted = pages(past, exchange, instrument)
    reached = next(interrupted)
    interrupted.close()
    assert found(past, instrument).bars == reached.written == 1_000
    rest = list(pages(past, exchange, instrument, begin=reached.until))
    assert [page.written for page in rest] == [1_000, 300]


def test_an_exchange_that_stays_away_loses_nothing_of_what_was_stored(exchanges: Exchanges) -> None:
    first = listed_at(exchanges, "binance", hours=2_300)
    past = past_of(exchange="binance", symbol="BTC/USDT", timeframe="1h", since=first)
    exchange, instrument = open_market(past)
    going = pages(past, exchange, instrument)
    next(going)
    exchanges.fail("klines", "answer", status=503)
    with stamina.set_testing(True, attempts=1), pytest.raises(FeedError):
        list(going)
    assert found(past, instrument).bars == 1_000
    assert [page.written for page in pages(past, exchange, instrument)] == [1_000, 300]


def test_the_command_says_how_far_it_is_and_what_is_missing(exchanges: Exchanges) -> None:
    first = listed_at(exchanges, "okx", hours=700)
    exchanges.wires["okx"].account.missing = {int((first + timedelta(hours=5)).timestamp() * 1000)}
    out = StringIO()
    call_command("download_candles", "ccxt:okx", "BTC/USDT", "1h", since=first, stdout=out)
    lines = out.getvalue().splitlines()
    assert lines[0].startswith(" 43%  to ")
    assert lines[2].startswith("100%")
    assert "BTC/USDT (okx) 1h: 699 bars" in lines[3]
    assert lines[5:] == ["gaps: 1 with 1 missing bars", f"  {first + timedelta(hours=5):%Y-%m-%d %H:%M}: 1 bars"]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"exchange": "nowhere"}, "ccxt knows no 'nowhere'"),
        ({"symbol": "DOGE/CAT"}, "has no 'DOGE/CAT'"),
        ({"timeframe": "2h"}, "'2h' is none of them"),
        ({"since": datetime(2100, 1, 1, tzinfo=UTC)}, "in the past"),
        ({"timeframe": "1m", "since": datetime(2010, 1, 1, tzinfo=UTC)}, "more than 5,000,000"),
    ],
)
def test_what_cannot_be_downloaded_is_a_sentence(exchanges: Exchanges, changed: dict[str, Any], words: str) -> None:
    asked = {"exchange": "binance", "symbol": "BTC/USDT", "timeframe": "1h", "since": clock.now() - timedelta(days=2)}
    with pytest.raises(InvalidInputError, match=words):
        open_market(past_of(**(asked | changed)))
    assert not Instrument.objects.exists()


def test_what_was_downloaded_no_feed_forgets(exchanges: Exchanges) -> None:
    listed_at(exchanges, "binance", hours=24 * 30)
    past = past_of(exchange="binance", symbol="BTC/USDT", timeframe="1m", since=clock.now() - timedelta(days=20),
                   until=clock.now() - timedelta(days=19))  # fmt: skip
    exchange, instrument = open_market(past)
    list(pages(past, exchange, instrument))
    assert KeptSeries.objects.get().instrument == instrument
    assert prune_candles(instrument_ids=[instrument.pk], now=clock.now()) == 0
    KeptSeries.objects.all().delete()
    assert prune_candles(instrument_ids=[instrument.pk], now=clock.now()) == 1_440
