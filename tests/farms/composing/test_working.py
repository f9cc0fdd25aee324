"""Rules of somebody's own are checked on an agent's market before it is hired, changed, started or follows others."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from farms.models import Agent, Farm
from farms.services import create_agent
from kit.errors import ConflictError
from tests.farms.composing.conftest import BARS, PRICE, RULES
from tests.farms.composing.test_following import change, desk, first, hire  # noqa: F401 - the fixtures
from tests.farms.conftest import Desk, make_instrument
from tests.farms.laboratory.conftest import hours, store
from tests.programs import bearer

API = "/api/v1/agents"
ALWAYS: dict[str, Any] = {"entry": {"all": [{"left": PRICE, "op": ">", "right": 0.0}]}, "exit": None, "stop": None}


def body(desk: Desk, **other: Any) -> dict[str, Any]:  # noqa: F811
    usual = {
        "farm_id": str(desk.farm.pk), "name": "Own", "strategy": "custom", "instrument_id": desk.instrument.pk,
        "timeframe": "1h", "parameters": RULES,
    }  # fmt: skip
    return usual | other


def send(client: Client, desk: Desk, path: str = "", *, by: str = "post", **sent: Any) -> Any:  # noqa: F811
    headers = bearer(desk.owner)
    return getattr(client, by)(f"{API}{path}", sent, content_type="application/json", headers=headers)


def test_programs_hire_change_and_start_no_rules_that_fail_the_check(client: Client, desk: Desk) -> None:  # noqa: F811
    Farm.objects.update(kind="custom")
    refused = send(client, desk, **body(desk, parameters=ALWAYS))
    assert (refused.status_code, set(refused.json()["fields"])) == (422, {"parameters"})
    assert "'always fires'" in refused.content.decode() or "'no protection'" in refused.content.decode()
    assert "Looked at were" in refused.content.decode()
    few = send(client, desk, **body(desk, timeframe="4h"))
    assert (few.status_code, set(few.json()["fields"])) == (422, {"timeframe"})
    made = send(client, desk, **body(desk))
    assert made.status_code == 201, made.content
    path = f"/{made.json()['id']}"
    changed = send(client, desk, path, by="patch", parameters=ALWAYS)
    assert (changed.status_code, set(changed.json()["fields"])) == (422, {"parameters"})
    assert send(client, desk, f"{path}/start").status_code == 200


def test_an_agent_with_rules_of_before_does_not_start(client: Client, desk: Desk) -> None:  # noqa: F811
    Farm.objects.update(kind="custom")
    agent = create_agent(
        owner_id=desk.owner.pk, farm_id=desk.farm.pk, name="Old", strategy="custom", parameters=ALWAYS,
        instrument_id=desk.instrument.pk, timeframe="1h",
    )  # fmt: skip
    answer = send(client, desk, f"/{agent.pk}/start")
    assert answer.status_code == 409
    assert "Old cannot start." in answer.content.decode()
    client.force_login(desk.owner)
    page = client.post(reverse("farms:agent-start", args=[agent.pk]), follow=True).content.decode()
    assert "Old cannot start." in page
    agent.refresh_from_db()
    assert agent.status == Agent.Status.PAUSED


def test_a_farm_does_not_start_while_one_that_would_act_has_rules_that_do_not_pass(
    client: Client,
    desk: Desk,  # noqa: F811
) -> None:
    Farm.objects.update(kind="custom", status="paused")
    made = {"owner_id": desk.owner.pk, "farm_id": desk.farm.pk, "strategy": "custom", "timeframe": "1h"}
    for name in ("Old", "Older", "Idle"):
        create_agent(name=name, parameters=ALWAYS, instrument_id=desk.instrument.pk, **made)
    create_agent(name="Sound", parameters=RULES, instrument_id=desk.instrument.pk, **made)
    Agent.objects.exclude(name="Idle").update(status=Agent.Status.RUNNING)
    path = f"/api/v1/farms/{desk.farm.pk}/start"
    refused = client.post(path, headers=bearer(desk.owner))
    assert refused.status_code == 409
    said = refused.json()["detail"]
    assert said.startswith(f"{desk.farm.name} cannot start: Old may not work by its rules.")
    assert "'always fires'" in said or "'no protection'" in said
    assert "Nor may Older. Change the rules, or pause who has them and start the farm again." in said
    client.force_login(desk.owner)
    page = client.post(reverse("farms:farm-start", args=[desk.farm.pk]), follow=True).content.decode()
    assert f"{desk.farm.name} cannot start: Old may not work by its rules." in page
    assert Farm.objects.get(pk=desk.farm.pk).status == "paused"
    Agent.objects.filter(name__in=("Old", "Older")).update(status=Agent.Status.PAUSED)
    assert client.post(path, headers=bearer(desk.owner)).status_code == 200
    assert Farm.objects.get(pk=desk.farm.pk).status == "running"


def test_an_agent_on_another_market_follows_only_what_passes_there(
    client: Client,
    desk: Desk,  # noqa: F811
    first: Any,  # noqa: F811
) -> None:
    elsewhere = make_instrument("OTH/USDT")
    Farm.objects.update(kind="custom")
    refused = send(client, desk, **body(desk, instrument_id=elsewhere.pk, strategy="", parameters={},
                                        version_id=str(first.pk)))  # fmt: skip
    assert (refused.status_code, set(refused.json()["fields"])) == (422, {"timeframe"})
    agent = create_agent(
        owner_id=desk.owner.pk, farm_id=desk.farm.pk, name="Away", version_id=first.pk, instrument_id=elsewhere.pk,
        timeframe="1h",
    )  # fmt: skip
    with pytest.raises(ConflictError, match=r"Away cannot follow these rules\. OTH/USDT has 0 candles"):
        change(desk, first, agent)
    store(elsewhere, hours(seed=5, bars=BARS))
    change(desk, first, agent)
    agent.refresh_from_db()
    assert agent.version is not None
    assert agent.version.number == 2


def test_an_indicator_that_there_is_not_is_named(client: Client, desk: Desk) -> None:  # noqa: F811
    Farm.objects.update(kind="custom")
    unknown = {"all": [{"left": {"indicator": "magic"}, "op": ">", "right": 1.0}]}
    answer = send(client, desk, **body(desk, parameters=RULES | {"entry": unknown}))
    assert (answer.status_code, set(answer.json()["fields"])) == (422, {"parameters"})
    assert "Name an indicator in entry.all[1].left: choose one of price, sma" in answer.json()["fields"]["parameters"]
