"""New farms and agents, and what is refused before anything is written."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from farms.models import Agent, AgentFarmAssignment, Farm
from farms.services import create_agent, create_farm, update_agent
from kit import tenancy
from kit.errors import InvalidInputError, NotFoundError
from kit.users.models import User
from markets.models import Instrument
from tests.farms.conftest import PARAMETERS, Desk, hire, make_instrument, make_master
from tests.farms.test_api import bearer
from wallets.models import Wallet


def new_agent(desk: Desk, **changes: Any) -> Agent:
    given = {
        "farm_id": desk.farm.pk,
        "name": "Another",
        "strategy": "trend_following",
        "instrument_id": desk.instrument.pk,
        "timeframe": "1h",
        **changes,
    }
    return create_agent(owner_id=desk.owner.pk, **given)


def test_a_farm_gets_a_wallet_under_the_master(as_owner: User) -> None:
    master = make_master(as_owner)
    farm = create_farm(owner_id=as_owner.pk, master_id=master.pk, name="  Night   shift ")
    assert (farm.name, farm.status) == ("Night shift", "paused")
    assert (farm.wallet.role, farm.wallet.parent_id) == ("farm", master.pk)


def test_an_agent_gets_a_wallet_under_the_farms_and_is_assigned(desk: Desk) -> None:
    agent = new_agent(desk, parameters={"fast": 5, "slow": 15})
    assert (agent.status, agent.wallet.role, agent.wallet.parent_id) == ("paused", "agent", desk.farm.wallet_id)
    assert agent.parameters["fast"] == 5
    assert agent.parameters["stop_atr"] == 2.5  # the strategy's default is filled in
    assignment = AgentFarmAssignment.objects.get(agent=agent)
    assert (assignment.farm_id, assignment.ended_at) == (desk.farm.pk, None)


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("name", {"name": " "}),
        ("name", {"name": "One"}),
        ("parameters", {"strategy": "astrology"}),
        ("parameters", {"parameters": {"fast": 50, "slow": 20}}),
        ("parameters", {"parameters": {"speed": 3}}),
        ("parameters", {"parameters": {"fast": 1}}),
        ("timeframe", {"timeframe": "7h"}),
        ("sizing", {"sizing": "hunch"}),
        ("size", {"size": Decimal(0)}),
        ("size", {"size": Decimal("1.5")}),
        ("size", {"size": Decimal("NaN")}),
        ("instrument_id", {"instrument_id": 0}),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_written(desk: Desk, field: str, changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError) as refused:
        new_agent(desk, **changes)
    assert set(refused.value.fields) == {field}
    assert Agent.objects.count() == 1
    assert Wallet.objects.filter(role="agent").count() == 1


def test_an_instrument_of_another_venue_is_refused(desk: Desk) -> None:
    elsewhere = make_instrument("OTH/USDT")
    elsewhere.venue = "elsewhere"
    elsewhere.save()
    with pytest.raises(InvalidInputError):
        new_agent(desk, instrument_id=elsewhere.pk)


def test_a_market_that_the_farms_policy_does_not_allow_is_refused_by_its_name(desk: Desk) -> None:
    Farm.objects.filter(pk=desk.farm.pk).update(allowed_symbols=["OTH/USDT"])
    with pytest.raises(InvalidInputError, match="The policy of Trend does not allow TST/USDT") as refused:
        hire(desk.owner, desk.farm, desk.instrument, name="Two")
    assert set(refused.value.fields) == {"instrument_id"}


def test_an_instrument_that_is_no_longer_traded_is_refused_by_its_name(desk: Desk) -> None:
    gone = make_instrument("OTH/USDT")
    Instrument.objects.filter(pk=gone.pk).update(is_active=False)
    with pytest.raises(InvalidInputError, match="OTH/USDT is no longer traded: choose another market") as refused:
        new_agent(desk, instrument_id=gone.pk)
    assert set(refused.value.fields) == {"instrument_id"}


def test_a_wallet_has_one_agent_whoever_asks(desk: Desk, client: Client) -> None:
    """Nobody chooses an agent's wallet: it is made with the agent, and the database lets no other have it."""
    asked = {
        "farm_id": str(desk.farm.pk), "name": "Second", "strategy": "trend_following", "timeframe": "1h",
        "instrument_id": desk.instrument.pk, "wallet_id": str(desk.agent.wallet_id),
    }  # fmt: skip
    headers = bearer(client, desk.owner)
    answer = client.post("/api/v1/agents", asked, content_type="application/json", headers=headers)
    assert (answer.status_code, list(answer.json()["fields"])) == (422, ["wallet_id"])
    other = new_agent(desk)
    with pytest.raises(IntegrityError), transaction.atomic():
        Agent.objects.filter(pk=other.pk).update(wallet=desk.agent.wallet)


def test_a_farm_is_made_under_ones_own_master_only(desk: Desk, other_owner: User) -> None:
    with tenancy.tenant(other_owner.pk), pytest.raises(InvalidInputError):
        create_farm(owner_id=other_owner.pk, master_id=desk.master.pk, name="Mine")
    with pytest.raises(InvalidInputError):
        create_farm(owner_id=desk.owner.pk, master_id=desk.farm.wallet_id, name="Under a farm")
    assert Farm.objects.count() == 1


def test_an_agent_is_hired_into_ones_own_farm_only(desk: Desk, other_owner: User) -> None:
    with tenancy.tenant(other_owner.pk), pytest.raises(NotFoundError):
        create_agent(
            owner_id=other_owner.pk,
            farm_id=desk.farm.pk,
            name="Spy",
            strategy="trend_following",
            instrument_id=desk.instrument.pk,
            timeframe="1h",
        )


@pytest.mark.parametrize("direction", ["short", "both"])
def test_spot_is_not_sold_short(desk: Desk, direction: str) -> None:
    with pytest.raises(InvalidInputError, match="spot market, which nobody sells short") as refused:
        new_agent(desk, parameters={**PARAMETERS, "direction": direction})
    assert set(refused.value.fields) == {"parameters"}
    Farm.objects.filter(pk=desk.farm.pk).update(status=Farm.Status.RUNNING)
    with pytest.raises(InvalidInputError, match="nobody sells short"):
        update_agent(
            owner_id=desk.owner.pk, agent_id=desk.agent.pk, name="One", timeframe="1h", sizing="cash",
            size=Decimal("0.5"), parameters={**PARAMETERS, "direction": direction},
        )  # fmt: skip
