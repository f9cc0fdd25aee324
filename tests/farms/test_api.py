"""Farms and agents for programs."""

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from farms import services
from farms.models import Agent, Farm
from kit import clock, tenancy
from kit.errors import InvalidInputError
from kit.users.models import User
from tests.farms.conftest import CROSS_UP, T0, Desk, hire, make_desk

API = "/api/v1"


@pytest.fixture
def desk(owner: User) -> Desk:
    with tenancy.tenant(owner.pk), clock.at(T0):
        desk = make_desk(owner)
        desk.candles(CROSS_UP[:-1])
        desk.each([103.0, 108.0])
    return desk


def bearer(client: Client, user: User) -> dict[str, str]:
    body = {"email": user.email, "password": f"password of {user.email}"}
    answer = client.post(f"{API}/auth/token", body, content_type="application/json")
    return {"Authorization": f"Bearer {answer.json()['access']}"}


def test_farms_and_agents_carry_their_figures_as_strings(client: Client, desk: Desk) -> None:
    headers = bearer(client, desk.owner)
    (farm,) = client.get(f"{API}/farms", headers=headers).json()
    assert farm["name"] == "Trend"
    assert farm["funding"] == "5000"
    assert isinstance(farm["value"], str)
    assert client.get(f"{API}/farms/{desk.farm.pk}", headers=headers).json() == farm
    (agent,) = client.get(f"{API}/agents", headers=headers).json()
    assert farm["agents"] == [agent]
    detail = client.get(f"{API}/agents/{desk.agent.pk}", headers=headers).json()
    assert detail["strategy_slug"] == "trend_following"
    assert detail["parameters"]["fast"] == 2


def test_runs_come_newest_first_by_cursor(client: Client, desk: Desk) -> None:
    headers = bearer(client, desk.owner)
    first = client.get(f"{API}/agents/{desk.agent.pk}/runs?limit=1", headers=headers).json()
    second = client.get(f"{API}/agents/{desk.agent.pk}/runs?limit=1&cursor={first['next']}", headers=headers).json()
    assert [page["items"][0]["decision"] for page in (first, second)] == ["hold", "enter"]
    assert second["next"] is None
    assert second["items"][0]["order_id"] is not None


@pytest.mark.parametrize(("thing", "field"), [("farms", "farm"), ("agents", "agent")])
def test_start_and_pause_say_how_it_is_then(client: Client, desk: Desk, thing: str, field: str) -> None:
    headers = bearer(client, desk.owner)
    pk = getattr(desk, field).pk
    for action, status in (("pause", "paused"), ("start", "running"), ("start", "running")):
        answer = client.post(f"{API}/{thing}/{pk}/{action}", headers=headers)
        assert (answer.status_code, answer.json()["status"]) == (200, status)


def test_a_farm_and_an_agent_are_made(client: Client, desk: Desk) -> None:
    headers = bearer(client, desk.owner)
    body: dict[str, Any] = {"master_id": str(desk.master.pk), "name": "Second", "maximum_share": "0.25"}
    farm = client.post(f"{API}/farms", body, content_type="application/json", headers=headers)
    assert (farm.status_code, farm.json()["maximum_share"]) == (201, "0.25")
    body = {
        "farm_id": farm.json()["id"],
        "name": "Rookie",
        "strategy": "trend_following",
        "instrument_id": desk.instrument.pk,
        "timeframe": "4h",
        "parameters": {"fast": 5, "slow": 15},
    }
    agent = client.post(f"{API}/agents", body, content_type="application/json", headers=headers)
    assert (agent.status_code, agent.json()["parameters"]["slow"]) == (201, 15)
    wrong = client.post(
        f"{API}/agents",
        body | {"name": "x", "parameters": {"fast": 0}},
        content_type="application/json",
        headers=headers,
    )
    assert (wrong.status_code, set(wrong.json()["fields"])) == (422, {"parameters"})


def patch(client: Client, address: str, body: dict[str, Any], headers: dict[str, str]) -> Any:
    answer = client.patch(f"{API}/{address}", body, content_type="application/json", headers=headers)
    return answer.json() | {"code": answer.status_code}


def test_an_edit_changes_what_was_sent_and_nothing_else(client: Client, desk: Desk) -> None:
    headers = bearer(client, desk.owner)
    with tenancy.tenant(desk.owner.pk):
        Farm.objects.update(status="running")
    farm, agent = f"farms/{desk.farm.pk}", f"agents/{desk.agent.pk}"
    before = client.get(f"{API}/{farm}", headers=headers).json()
    after = patch(client, farm, {"maximum_share": "0.4", "target_weight": "0.5"}, headers)
    assert (after["name"], after["kind"]) == (before["name"], before["kind"])
    assert (after["maximum_share"], after["target"]) == ("0.4", "0.5")
    assert patch(client, farm, {"target_weight": None}, headers)["target"] is None
    before = client.get(f"{API}/{agent}", headers=headers).json()
    after = patch(client, agent, {"name": "Uno", "size": "0.25"}, headers)
    same = ("parameters", "timeframe", "sizing", "strategy_slug", "instrument_id")
    assert {name: after[name] for name in same} == {name: before[name] for name in same}
    assert (after["name"], after["size"], after["sizing"]) == ("Uno", "0.25", "cash")


@pytest.mark.parametrize("body", [{"name": ""}, {"name": None}, {"size": "0"}, {"sizing": "half"}, {"symbol": "A/B"}])
def test_a_wrong_edit_is_refused_and_changes_nothing(client: Client, desk: Desk, body: dict[str, Any]) -> None:
    headers = bearer(client, desk.owner)
    address = f"agents/{desk.agent.pk}"
    before = client.get(f"{API}/{address}", headers=headers).json()
    refused = patch(client, address, body, headers)
    assert (refused["code"], set(refused["fields"])) == (422, set(body))
    assert client.get(f"{API}/{address}", headers=headers).json()["name"] == before["name"]


def test_a_farm_takes_no_kind_that_its_agents_are_not_of(client: Client, desk: Desk) -> None:
    headers = bearer(client, desk.owner)
    with tenancy.tenant(desk.owner.pk):
        Farm.objects.update(status="running")
    farm = f"farms/{desk.farm.pk}"
    refused = patch(client, farm, {"kind": "breakout"}, headers)
    assert refused["code"] == 409
    assert "One (Trend following)" in refused["detail"]
    assert patch(client, farm, {"kind": "mixed"}, headers)["kind"] == "mixed"
    assert patch(client, farm, {"kind": "trend_following"}, headers)["kind"] == "trend_following"
    with tenancy.tenant(desk.owner.pk):
        Agent.objects.update(status="archived")
    assert patch(client, farm, {"kind": "breakout"}, headers)["kind"] == "breakout"


def test_another_sizing_comes_with_its_size(client: Client, desk: Desk) -> None:
    headers = bearer(client, desk.owner)
    with tenancy.tenant(desk.owner.pk):
        Farm.objects.update(status="running")
    agent = f"agents/{desk.agent.pk}"
    refused = patch(client, agent, {"sizing": "risk"}, headers)
    assert (refused["code"], set(refused["fields"])) == (422, {"size"})
    assert patch(client, agent, {"sizing": "cash"}, headers)["code"] == 200
    changed = patch(client, agent, {"sizing": "risk", "size": "0.01"}, headers)
    assert (changed["sizing"], changed["size"]) == ("risk", "0.01")


def test_what_sets_no_stop_is_not_sized_by_risk(client: Client, desk: Desk) -> None:
    headers = bearer(client, desk.owner)
    with tenancy.tenant(desk.owner.pk):
        Farm.objects.update(status="running")
    body = {
        "farm_id": str(desk.farm.pk), "name": "Bare", "strategy": "custom", "instrument_id": desk.instrument.pk,
        "timeframe": "4h", "parameters": {"stop": None}, "sizing": "risk",
    }  # fmt: skip
    with tenancy.tenant(desk.owner.pk):
        with pytest.raises(InvalidInputError, match="Give the rules a stop"):
            services.create_agent(owner_id=desk.owner.pk, **body)
        bare = services.create_agent(owner_id=desk.owner.pk, **body | {"sizing": "cash"})
    refused = patch(client, f"agents/{bare.pk}", {"sizing": "risk", "size": "0.01"}, headers)
    assert (refused["code"], set(refused["fields"])) == (422, {"sizing"})


def test_what_an_agent_tells_makes_another_one_like_it(client: Client, desk: Desk) -> None:
    headers = bearer(client, desk.owner)
    with tenancy.tenant(desk.owner.pk):
        Farm.objects.update(status="running")
    told = client.get(f"{API}/agents/{desk.agent.pk}", headers=headers).json()
    names = ("farm_id", "instrument_id", "timeframe", "parameters", "sizing", "size")
    body = {name: told[name] for name in names} | {"name": "Its twin", "strategy": told["strategy_slug"]}
    twin = client.post(f"{API}/agents", body, content_type="application/json", headers=headers)
    assert (twin.status_code, {name: twin.json()[name] for name in names}) == (
        201,
        {name: told[name] for name in names},
    )


def test_an_agent_is_put_away_when_nothing_of_it_is_open(client: Client, desk: Desk) -> None:
    headers = bearer(client, desk.owner)
    with tenancy.tenant(desk.owner.pk):
        Farm.objects.update(status="running")
    address = f"{API}/agents/{desk.agent.pk}/archive"
    refused = client.post(address, headers=headers)
    assert (refused.status_code, "holds a position" in refused.json()["detail"]) == (409, True)
    assert client.post(f"{API}/farms/{desk.farm.pk}/archive", headers=headers).status_code == 409
    with tenancy.tenant(desk.owner.pk):
        idle = hire(desk.owner, desk.farm, desk.instrument, name="Two")
    archived = client.post(f"{API}/agents/{idle.pk}/archive", headers=headers)
    assert (archived.status_code, archived.json()["status"], archived.json()["value"]) == (200, "archived", "0")


def test_strategies_bring_their_schema(client: Client, desk: Desk) -> None:
    strategies = client.get(f"{API}/strategies", headers=bearer(client, desk.owner)).json()
    trend = next(strategy for strategy in strategies if strategy["slug"] == "trend_following")
    assert {item["name"] for item in trend["parameters"]} >= {"fast", "slow"}


def test_somebody_else_finds_and_changes_nothing(client: Client, desk: Desk, other_owner: User) -> None:
    headers = bearer(client, other_owner)
    assert client.get(f"{API}/farms", headers=headers).json() == []
    assert client.get(f"{API}/agents", headers=headers).json() == []
    for address in (f"farms/{desk.farm.pk}", f"agents/{desk.agent.pk}", f"agents/{desk.agent.pk}/runs"):
        assert client.get(f"{API}/{address}", headers=headers).status_code == 404
    for address in (f"farms/{desk.farm.pk}", f"agents/{desk.agent.pk}"):
        for action in ("start", "pause", "archive"):
            assert client.post(f"{API}/{address}/{action}", headers=headers).status_code == 404
        assert patch(client, address, {"name": "Mine"}, headers)["code"] == 404
    with tenancy.tenant(desk.owner.pk):
        assert (Farm.objects.get().status, Agent.objects.get().status) == ("rehearsing", "running")


def test_without_a_token_there_is_no_answer(client: Client, desk: Desk) -> None:
    assert client.get(f"{API}/farms").status_code == 401
    assert client.get(f"{API}/agents/{uuid4()}").status_code == 401
