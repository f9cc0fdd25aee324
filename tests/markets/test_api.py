"""Markets and their bars for programs: exact, closed, and page by page."""

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from kit import clock
from kit.users.models import User
from markets.candles.reading import milliseconds
from markets.models import Candle, Instrument
from tests.farms.conftest import make_instrument

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def market(client: Client, owner: User) -> Instrument:
    client.force_login(owner)
    return make_instrument("TST/USDT")


def store(market: Instrument, count: int) -> None:
    """Hourly bars, the last of which closes at noon; their lows fall, their volumes are small."""
    for back in range(count):
        opened = NOON - timedelta(hours=back + 1)
        low = 100.1 - back
        Candle.objects.create(
            instrument=market, timeframe="1h", ts=milliseconds(opened),
            open=100.1, high=100.30000000000001, low=low, close=100.2, volume=1e-7,
        )  # fmt: skip


def candles(client: Client, market: Instrument, **query: Any) -> Any:
    with clock.at(NOON):
        return client.get(f"/api/v1/instruments/{market.pk}/candles", {"timeframe": "1h", **query})


@pytest.mark.parametrize("count", range(4))
def test_any_number_of_bars(client: Client, market: Instrument, count: int) -> None:
    store(market, count)
    answer = candles(client, market).json()
    opened = [row["opened_at"] for row in answer["items"]]
    assert opened == [f"2026-03-01T{11 - back:02}:00:00Z" for back in range(count)]
    assert answer["next"] is None
    assert all(
        (row["open"], row["high"], row["close"], row["volume"]) == ("100.1", "100.30000000000001", "100.2", "0.0000001")
        for row in answer["items"]
    )


def test_pages_neither_repeat_nor_leave_out_a_bar(client: Client, market: Instrument) -> None:
    store(market, 5)
    found, cursor = [], {}
    while True:
        answer = candles(client, market, limit=2, **cursor).json()
        found += [row["opened_at"][11:13] for row in answer["items"]]
        if answer["next"] is None:
            break
        cursor = {"cursor": answer["next"]}
    assert found == ["11", "10", "09", "08", "07"]


def test_a_bar_that_has_not_closed_is_not_told_and_both_ends_count(client: Client, market: Instrument) -> None:
    store(market, 4)
    Candle.objects.create(
        instrument=market, timeframe="1h", ts=milliseconds(NOON), open=1.0, high=1.0, low=1.0, close=1.0, volume=0.0
    )
    hours = [row["opened_at"][11:13] for row in candles(client, market).json()["items"]]
    assert hours == ["11", "10", "09", "08"]
    narrow = {"since": "2026-03-01T09:00:00Z", "until": "2026-03-01T11:00:00Z"}
    assert [row["opened_at"][11:13] for row in candles(client, market, **narrow).json()["items"]] == ["10", "09"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"timeframe": "2h"}, "timeframe"),
        ({"limit": 1001}, "limit"),
        ({"since": "2026-03-01T09:00:00"}, "since"),
        ({"cursor": "garbage"}, "cursor"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(
    client: Client, market: Instrument, query: dict[str, Any], field: str
) -> None:
    answer = candles(client, market, **query)
    assert answer.status_code == 422
    assert set(answer.json()["fields"]) == {field}


@pytest.mark.parametrize("count", range(4))
def test_any_number_of_markets_page_by_page(client: Client, owner: User, count: int) -> None:
    client.force_login(owner)
    names = [f"{name}/USDT" for name in ("BBB", "AAA", "CCC")[:count]]
    for name in names:
        make_instrument(name)
    found, query = [], {"limit": 1}
    while True:
        answer = client.get("/api/v1/instruments", query).json()
        found += [row["symbol"] for row in answer["items"]]
        if answer["next"] is None:
            break
        query = {"limit": 1, "cursor": answer["next"]}
    assert found == sorted(names)


@pytest.mark.parametrize("place", ["[1, 2]", '["a"]', '["a", "\\u0000"]', "7", '{"a": 1}'])
def test_a_cursor_of_something_else_is_refused(client: Client, market: Instrument, place: str) -> None:
    cursor = base64.urlsafe_b64encode(place.encode()).decode()
    answer = client.get("/api/v1/instruments", {"cursor": cursor})
    assert (answer.status_code, answer.json()["fields"]) == (422, {"cursor": "Not a cursor."})


def test_a_market_that_is_not_there_is_not_found(client: Client, market: Instrument) -> None:
    assert client.get("/api/v1/instruments/999999").status_code == 404
    assert client.get("/api/v1/instruments/999999/candles?timeframe=1h").status_code == 404
    assert client.get(f"/api/v1/instruments/{market.pk}").json()["symbol"] == "TST/USDT"
