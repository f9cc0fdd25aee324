"""Sweeps for programs."""

from typing import Any

import pytest
from django.test import Client

from farms.models import Backtest, Sweep
from kit.users.models import User
from markets.models import Instrument
from tests.farms.laboratory.conftest import AskSweep, carry_out, sweep_out
from tests.farms.laboratory.test_api import body, post
from tests.farms.test_api import API, bearer

pytestmark = pytest.mark.usefixtures("live_db")
AXES = {"fast": [5, 10, 20], "stop_atr": [1.0, 3.0]}


def test_it_is_asked_for_watched_and_read(client: Client, owner: User, market: Instrument) -> None:
    headers = bearer(client, owner)
    made = post(client, "sweeps", body(market, axes=AXES, parameters={"slow": 30, "ma": "sma"}), headers)
    assert (made.status_code, made.json()["status"], made.json()["tried"]) == (202, "queued", None)
    pk = made.json()["id"]
    assert client.get(f"{API}/sweeps/{pk}", headers=headers).json()["result"] is None
    done = sweep_out(Sweep(pk=pk, owner_id=owner.pk))
    told = client.get(f"{API}/sweeps/{pk}", headers=headers).json()
    assert (told["status"], told["progress"], told["tried"], told["axes"]) == ("done", 100, 6, AXES)
    result = told["result"]
    assert result["overfitting"] == done.result.overfitting
    assert (result["known_trials"], len(result["answers"])) == (6, 10)
    assert result["chosen"] == result["plateaus"][0]
    assert told["plateau_score"] == result["chosen"]["plateau"] <= told["best_score"] == result["best"]["score"]
    (listed,) = client.get(f"{API}/sweeps", headers=headers).json()["items"]
    assert listed == {name: told[name] for name in listed}


def test_its_trials_come_page_by_page_and_each_can_be_backtested(
    client: Client, ask_sweep: AskSweep, owner: User
) -> None:
    headers, done = bearer(client, owner), sweep_out(ask_sweep(axes=AXES))
    address, cursor, found = f"{API}/sweeps/{done.pk}/trials?limit=4", "", []
    while cursor is not None:
        answer = client.get(f"{address}&cursor={cursor}" if cursor else address, headers=headers).json()
        found += answer["items"]
        cursor = answer["next"]
    # fast = 20 is not below slow = 20
    assert [one["number"] for one in found] == [4, 3, 2, 1]
    made = post(client, f"sweeps/{done.pk}/trials/2/backtest", {}, headers)
    assert made.status_code == 202
    result = carry_out(Backtest(pk=made.json()["id"], owner_id=owner.pk)).result
    assert result.total_return == pytest.approx(found[2]["total_return"])
    assert post(client, f"sweeps/{done.pk}/trials/5/backtest", {}, headers).status_code == 404
    keyed = headers | {"Idempotency-Key": "mine"}
    once, twice = (post(client, f"sweeps/{done.pk}/trials/2/backtest", {}, keyed).json()["id"] for _ in range(2))
    assert once == twice != made.json()["id"]
    assert post(client, f"sweeps/{done.pk}/trials/1/backtest", {}, keyed).status_code == 409


def test_it_is_cancelled(client: Client, ask_sweep: AskSweep, owner: User) -> None:
    headers, waiting = bearer(client, owner), ask_sweep(axes=AXES)
    assert post(client, f"sweeps/{waiting.pk}/cancel", {}, headers).json()["status"] == "cancelled"
    done = sweep_out(ask_sweep(axes=AXES))
    assert post(client, f"sweeps/{done.pk}/cancel", {}, headers).status_code == 409


@pytest.mark.parametrize(
    ("changed", "fields"),
    [
        ({"axes": {}}, {"axes"}),
        ({"axes": {"fast": [5, 5_000]}}, {"axes"}),
        ({"method": "prayer"}, {"method"}),
        ({"trials": 1}, {"trials"}),
        ({"seed": -1}, {"seed"}),
        ({"timeframe": "5m"}, {"timeframe"}),
        ({"wings": 2}, {"wings"}),
    ],
)
def test_what_is_wrong_is_said_at_its_field(
    client: Client, owner: User, market: Instrument, changed: dict[str, Any], fields: set[str]
) -> None:
    answer = post(client, "sweeps", body(market, **({"axes": AXES} | changed)), bearer(client, owner))
    assert (answer.status_code, set(answer.json()["fields"])) == (422, fields)


def test_somebody_else_finds_nothing(client: Client, ask_sweep: AskSweep, other_owner: User) -> None:
    done, headers = sweep_out(ask_sweep(axes=AXES)), bearer(client, other_owner)
    assert client.get(f"{API}/sweeps", headers=headers).json()["items"] == []
    for address in (f"sweeps/{done.pk}", f"sweeps/{done.pk}/trials"):
        assert client.get(f"{API}/{address}", headers=headers).status_code == 404
    for act in ("cancel", "trials/1/backtest"):
        assert post(client, f"sweeps/{done.pk}/{act}", {}, headers).status_code == 404
