"""The laboratory for programs."""

from typing import Any

import pytest
from django.test import Client

from farms.models import Backtest
from kit.users.models import User
from markets.models import Instrument
from tests.farms.laboratory.conftest import RULES, Ask, carry_out, read
from tests.farms.test_api import API, bearer

pytestmark = pytest.mark.usefixtures("live_db")


def body(market: Instrument, **changed: Any) -> dict[str, Any]:
    usual = {
        "strategy": "trend_following", "parameters": RULES, "instrument_ids": [market.pk], "timeframe": "1h",
        "cash": "5000",
    }  # fmt: skip
    return usual | changed


def post(client: Client, address: str, given: dict[str, Any], headers: dict[str, str]) -> Any:
    return client.post(f"{API}/{address}", given, content_type="application/json", headers=headers)


def test_it_is_asked_for_watched_and_read(client: Client, owner: User, market: Instrument) -> None:
    headers = bearer(client, owner)
    made = post(client, "backtests", body(market), headers)
    assert (made.status_code, made.json()["status"], made.json()["final_equity"]) == (202, "queued", None)
    pk = made.json()["id"]
    assert client.get(f"{API}/backtests/{pk}", headers=headers).json()["result"] is None
    done = carry_out(Backtest(pk=pk, owner_id=owner.pk))
    told = client.get(f"{API}/backtests/{pk}", headers=headers).json()
    assert (told["status"], told["progress"], told["trades"]) == ("done", 100, done.result.trade_count)
    result = told["result"]
    assert result["statistics"] == done.result.statistics
    assert sum(one["trades"] for one in result["exit_reasons"]) == told["trades"]
    assert len(result["curve"]["at"]) == len(result["curve"]["equity"]) > 100
    assert result["months"][0]["month"] == "2025-03"
    assert told["outcome_hash"] == done.result.outcome
    (listed,) = client.get(f"{API}/backtests", headers=headers).json()["items"]
    assert listed == {name: told[name] for name in listed}


def test_its_trades_come_page_by_page_each_once(client: Client, ask: Ask, owner: User) -> None:
    headers, done = bearer(client, owner), carry_out(ask())
    address, cursor, numbers = f"{API}/backtests/{done.pk}/trades?limit=7", "", []
    while cursor is not None:
        answer = client.get(f"{address}&cursor={cursor}" if cursor else address, headers=headers).json()
        numbers += [one["number"] for one in answer["items"]]
        cursor = answer["next"]
    assert numbers == list(range(done.result.trade_count, 0, -1))
    assert client.get(f"{address}&cursor=nonsense", headers=headers).status_code == 422


def test_it_is_cancelled_and_repeated(client: Client, ask: Ask, owner: User) -> None:
    headers, done, waiting = bearer(client, owner), carry_out(ask()), ask()
    assert post(client, f"backtests/{waiting.pk}/cancel", {}, headers).json()["status"] == "cancelled"
    assert post(client, f"backtests/{done.pk}/cancel", {}, headers).status_code == 409
    again = post(client, f"backtests/{done.pk}/repeat", {}, headers)
    assert again.status_code == 202
    repeated = carry_out(Backtest(pk=again.json()["id"], owner_id=owner.pk))
    assert repeated.result.outcome == read(done).result.outcome
    keyed = headers | {"Idempotency-Key": "mine"}
    once, twice = (post(client, f"backtests/{done.pk}/repeat", {}, keyed).json()["id"] for _ in range(2))
    assert once == twice != again.json()["id"]
    assert post(client, f"backtests/{waiting.pk}/repeat", {}, keyed).status_code == 409


def test_the_same_key_asks_once(client: Client, owner: User, market: Instrument) -> None:
    headers = bearer(client, owner) | {"Idempotency-Key": "mine"}
    for name, asked, others in (
        ("backtests", body(market), {"cash": "5001"}),
        ("sweeps", body(market, axes={"fast": [5, 10]}), {"axes": {"fast": [5, 11]}}),
    ):
        first, again, written = (post(client, name, asked | more, headers) for more in ({}, {}, {"cash": "5000.0"}))
        assert {one.status_code for one in (first, again, written)} == {202}
        assert first.json()["id"] == again.json()["id"] == written.json()["id"]
        other = post(client, name, asked | others, headers)
        assert (other.status_code, "use a new key" in other.json()["detail"]) == (409, True)
        new = post(client, name, asked, headers | {"Idempotency-Key": "another"})
        assert new.json()["id"] != first.json()["id"]
        assert len(client.get(f"{API}/{name}", headers=headers).json()["items"]) == 2


def test_a_key_is_its_owners_own(client: Client, owner: User, other_owner: User, market: Instrument) -> None:
    ids = {
        post(client, "backtests", body(market), bearer(client, one) | {"Idempotency-Key": "mine"}).json()["id"]
        for one in (owner, other_owner)
    }
    assert len(ids) == 2


@pytest.mark.parametrize(
    ("changed", "fields"),
    [
        ({"parameters": {"fast": 50, "slow": 20}}, {"parameters"}),
        ({"strategy": "astrology"}, {"strategy"}),
        ({"timeframe": "5m"}, {"timeframe"}),
        ({"cash": "-1"}, {"cash"}),
        ({"taker_fee": "NaN"}, {"taker_fee"}),
        ({"taker_fee": "5"}, {"taker_fee"}),
        ({"max_entries": 0}, {"max_entries"}),
        ({"sizing": "guess"}, {"sizing"}),
        ({"since": "2025-03-30T00:00:00Z", "until": "2025-03-01T00:00:00Z"}, {"until"}),
        ({"wings": 2}, {"wings"}),
    ],
)
def test_what_is_wrong_is_said_at_its_field(
    client: Client, owner: User, market: Instrument, changed: dict[str, Any], fields: set[str]
) -> None:
    answer = post(client, "backtests", body(market, **changed), bearer(client, owner))
    assert (answer.status_code, set(answer.json()["fields"])) == (422, fields)


def test_somebody_else_finds_nothing(client: Client, ask: Ask, other_owner: User) -> None:
    done, headers = carry_out(ask()), bearer(client, other_owner)
    assert client.get(f"{API}/backtests", headers=headers).json()["items"] == []
    for address in (f"backtests/{done.pk}", f"backtests/{done.pk}/trades"):
        assert client.get(f"{API}/{address}", headers=headers).status_code == 404
    for act in ("cancel", "repeat"):
        assert post(client, f"backtests/{done.pk}/{act}", {}, headers).status_code == 404
