"""A farm's kind says what its agents may follow, whoever asks: a person, a program, the demo."""

from decimal import Decimal
from importlib import import_module
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from farms import kinds, services
from farms.models import Agent, Farm
from kit.errors import ConflictError, InvalidInputError
from kit.users.models import User
from markets.models import Instrument
from moniqo.demo import cast
from quant import strategies
from tests.farms.conftest import make_instrument, make_master
from tests.programs import bearer
from wallets.models import Wallet

READY = ["trend_following", "breakout", "price_action", "mean_reversion"]


@pytest.fixture
def master(as_owner: User) -> Wallet:
    return make_master(as_owner)


@pytest.fixture
def market(master: Wallet) -> Instrument:
    return make_instrument()


def farm_of(master: Wallet, kind: str) -> Farm:
    return services.create_farm(owner_id=master.owner_id, master_id=master.pk, name=kind, kind=kind)


def hire(farm: Farm, market: Instrument, **given: Any) -> Agent:
    place: dict[str, Any] = {"owner_id": farm.owner_id, "farm_id": farm.pk, "instrument_id": market.pk}
    return services.create_agent(**place, timeframe="1h", **{"name": "One", **given})


def test_every_kind_is_a_strategy_and_allows_it() -> None:
    installed = {one.slug for one in strategies.catalog()}
    for kind in Farm.Kind.values:
        assert kind in installed
        assert kinds.allows(kind, kind)
    assert [one for one in (*READY, "custom") if kinds.allows("mixed", one)] == READY
    assert all(kinds.allows("custom", one) for one in (*installed, "of_a_package"))
    assert [one for one in installed if kinds.allows("breakout", one)] == ["breakout"]


@pytest.mark.parametrize("kind", READY)
def test_who_names_no_strategy_gets_the_farms(master: Wallet, market: Instrument, kind: str) -> None:
    assert hire(farm_of(master, kind), market).strategy == kind


@pytest.mark.parametrize(
    ("kind", "strategy", "words"),
    [
        ("mean_reversion", "breakout", "is a Mean reversion farm: its agents follow Mean reversion. Make it Custom"),
        ("mixed", "custom", "its agents follow Trend following, Breakout, Price action, Mean reversion or Mixed."),
    ],
)
def test_another_strategy_is_refused_with_what_the_kind_allows(
    master: Wallet, market: Instrument, kind: str, strategy: str, words: str
) -> None:
    farm = farm_of(master, kind)
    with pytest.raises(InvalidInputError, match=words) as refused:
        hire(farm, market, strategy=strategy)
    assert set(refused.value.fields) == {"strategy"}
    assert not Agent.objects.exists()
    Farm.objects.update(kind="custom")
    assert hire(farm, market, strategy=strategy).strategy == strategy


def test_who_was_archived_comes_back_to_a_farm_of_its_kind_alone(master: Wallet, market: Instrument) -> None:
    farm = farm_of(master, "breakout")
    agent = hire(farm, market)
    services.archive_agent(owner_id=master.owner_id, agent_id=agent.pk)
    services.update_farm(
        owner_id=master.owner_id, farm_id=farm.pk, name="Now", kind="price_action", maximum_share=Decimal(1),
        target_weight=None,
    )  # fmt: skip
    with pytest.raises(ConflictError, match="Now is a Price action farm"):
        services.restore_agent(owner_id=master.owner_id, agent_id=agent.pk)


def test_a_page_offers_what_the_kind_allows_and_a_program_is_told(
    client: Client, master: Wallet, market: Instrument
) -> None:
    farm = farm_of(master, "mean_reversion")
    client.force_login(master.owner)
    page = client.get(reverse("farms:hire", args=(farm.pk,)))
    assert [slug for slug, _ in page.context["strategies"]] == ["mean_reversion"]
    assert "/strategies/new/" not in page.content.decode()
    body = {"farm_id": str(farm.pk), "name": "One", "instrument_id": market.pk, "timeframe": "1h"}
    asked: dict[str, Any] = {"content_type": "application/json", "headers": bearer(master.owner)}
    refused = client.post("/api/v1/agents", body | {"strategy": "breakout"}, **asked)
    assert (refused.status_code, list(refused.json()["fields"])) == (422, ["strategy"])
    made = client.post("/api/v1/agents", body, **asked)
    assert (made.status_code, made.json()["strategy_slug"]) == (201, "mean_reversion")


def test_a_farm_of_before_says_custom_where_its_agents_are_of_more(master: Wallet, market: Instrument) -> None:
    farms = {kind: farm_of(master, kind) for kind in ("breakout", "mixed", "price_action")}
    for number, (kind, strategy) in enumerate((("breakout", "mixed"), ("mixed", "custom"), ("price_action", "custom"))):
        agent = hire(farms[kind], market, name=str(number), strategy="" if kind != "mixed" else "breakout")
        Agent.objects.filter(pk=agent.pk).update(strategy=strategy, status="archived" if number == 2 else "paused")
    with connection.cursor() as cursor:
        cursor.execute(import_module("farms.migrations.0015_kinds_restrict").CALL_THEM_CUSTOM)
    assert {kind: Farm.objects.get(pk=farm.pk).kind for kind, farm in farms.items()} == {
        "breakout": "custom", "mixed": "custom", "price_action": "price_action",
    }  # fmt: skip


def test_the_demo_has_a_farm_of_every_kind_whose_agents_are_of_it() -> None:
    assert {role.kind for role in cast.FARMS} == set(Farm.Kind.values)
    assert all(kinds.allows(role.kind, agent.strategy) for role in cast.FARMS for agent in role.agents)
    assert sum(role.share for role in cast.FARMS) <= 1
