"""Farms for free agents are proposed with reasons in numbers, and taken line by line while they are still proposed."""

from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from django.test import Client
from django.urls import reverse

from farms import services
from farms.assigning.proposing import Proposal, StaleProposalError, propose, take
from farms.models import Agent, AgentFarmAssignment, Farm
from kit import clock, days
from kit.errors import ConflictError, InvalidInputError, NotFoundError
from kit.users.models import User
from markets.services import store_candles
from portfolio.models import DailyPerformance
from tests.farms.conftest import Desk, hire
from tests.farms.test_moving import other_farm
from tests.farms.test_placing import calm  # noqa: F401 - the fixture
from tests.programs import bearer
from wallets.models import Wallet

COUNT = 60
RANDOM = np.random.default_rng(11)
OWN = RANDOM.normal(0, 0.01, COUNT)
OTHERS = RANDOM.normal(0, 0.01, COUNT)


def lived(wallet: Wallet, returns: Any) -> None:
    """Days of the wallet that returned this, up to yesterday; the one before them began its history."""
    today = days.day_of(clock.now())
    DailyPerformance.objects.bulk_create(
        DailyPerformance(
            owner_id=wallet.owner_id, wallet=wallet, base=wallet.base_asset, day=today - timedelta(days=back),
            ends=clock.now() - timedelta(days=back - 1), equity=1, low=1, high=1, twr=value, twr_index=1, twr_low=1,
            twr_high=1,
        )
        for back, value in zip(range(len(returns) + 1, 0, -1), [0.0, *returns], strict=True)
    )  # fmt: skip


@pytest.fixture
def pool(calm: Desk) -> Farm:  # noqa: F811
    """One is free. Beside it stand a farm that goes its way, one that does not, one of another kind and a mixed one."""
    for name, kind, returns in (
        ("Alike", "trend_following", OWN * 2 + OTHERS * 0.1),
        ("Unlike", "trend_following", OTHERS),
        ("Breaks", "breakout", -OWN),
        ("Anything", "mixed", -OWN),
    ):
        lived(other_farm(calm, name, kind=kind).wallet, returns)
    lived(calm.agent.wallet, OWN)
    lived(calm.farm.wallet, OWN)
    services.archive_farm(owner_id=calm.owner.pk, farm_id=other_farm(calm, "Gone").pk)
    return services.free_agent(owner_id=calm.owner.pk, agent_id=calm.agent.pk).farm


def proposed(desk: Desk, pool: Farm) -> Proposal:
    return propose(owner_id=desk.owner.pk, pool_id=pool.pk)


def lines_of(proposal: Proposal) -> list[Any]:
    return [(line.agent.pk, line.farm.pk) for line in proposal.takeable if line.farm]


def test_the_farm_of_its_kind_that_is_least_like_it_is_proposed_with_the_numbers(calm: Desk, pool: Farm) -> None:  # noqa: F811
    [line] = proposed(calm, pool).lines
    assert line.farm is not None
    expected = float(np.corrcoef(OWN, OTHERS)[0, 1])
    assert (line.farm.name, line.correlation, line.days) == ("Unlike", pytest.approx(expected), COUNT)
    said = str(line.why)
    next_best = float(np.corrcoef(OWN, OWN * 2 + OTHERS * 0.1)[0, 1])
    assert "Unlike is of its own kind. Its own days" in said
    assert f"{expected:.2f}".replace("-", "−") in said.replace("-", "−")
    assert f"The next is Alike with {next_best:.2f}" in said
    assert Agent.objects.get(pk=calm.agent.pk).farm == pool


def test_the_days_of_its_market_stand_for_an_agent_that_has_none(calm: Desk, pool: Farm) -> None:  # noqa: F811
    newcomer = hire(calm.owner, calm.farm, calm.instrument, name="New")
    services.free_agent(owner_id=calm.owner.pk, agent_id=newcomer.pk)
    prices = 100 * np.cumprod([1.0, *(1 + OTHERS)])
    first = days.day_of(clock.now()) - timedelta(days=COUNT + 1)
    opens = (np.datetime64(first.isoformat()) + np.arange(len(prices))).astype("datetime64[ms]").astype(np.int64)
    store_candles(
        instrument=calm.instrument, timeframe="1d", ts=opens, open=prices, high=prices, low=prices, close=prices,
        volume=np.ones(len(prices)),
    )  # fmt: skip
    Farm.objects.filter(pk=calm.farm.pk).update(status="archived")
    lines = {line.agent.name: line for line in proposed(calm, pool).lines}
    assert lines["New"].farm is not None
    assert lines["New"].farm.name == "Alike"  # the market goes as Unlike does
    assert "The days of its market" in str(lines["New"].why)


def test_what_is_taken_is_moved_once_and_the_rest_stays(calm: Desk, pool: Farm) -> None:  # noqa: F811
    second = hire(calm.owner, calm.farm, calm.instrument, name="Second")
    services.free_agent(owner_id=calm.owner.pk, agent_id=second.pk)
    proposal = proposed(calm, pool)
    assert len(proposal.takeable) == 2
    line = next(line for line in lines_of(proposal) if line[0] == calm.agent.pk)
    asked: dict[str, Any] = {"owner_id": calm.owner.pk, "pool_id": pool.pk, "seen": proposal.seen, "lines": [line]}
    for _ in range(2):
        [moved] = take(**asked, key="taken")
        assert (moved.pk, moved.farm_id, moved.status) == (*line, Agent.Status.PAUSED)
    assert Agent.objects.get(pk=second.pk).farm == pool
    assert AgentFarmAssignment.objects.filter(agent=calm.agent).count() == 3
    with pytest.raises(StaleProposalError):
        take(**asked, key="again")


def test_a_proposal_that_is_none_any_more_is_refused(calm: Desk, pool: Farm) -> None:  # noqa: F811
    proposal = proposed(calm, pool)
    asked: dict[str, Any] = {"owner_id": calm.owner.pk, "pool_id": pool.pk, "seen": proposal.seen, "key": "k"}
    with pytest.raises(InvalidInputError, match="Take only what is proposed"):
        take(**asked, lines=[(calm.agent.pk, calm.farm.pk)])
    with pytest.raises(InvalidInputError, match="Choose at least one"):
        take(**asked, lines=[])
    services.archive_farm(owner_id=calm.owner.pk, farm_id=lines_of(proposal)[0][1])
    with pytest.raises(StaleProposalError, match="look at what is proposed now"):
        take(**asked, lines=lines_of(proposal))
    assert Agent.objects.get(pk=calm.agent.pk).farm == pool


def test_an_agent_that_no_farm_may_have_is_told_so(calm: Desk, pool: Farm) -> None:  # noqa: F811
    Farm.objects.filter(wallet__role="farm").update(kind="breakout")
    proposal = proposed(calm, pool)
    assert (proposal.takeable, len(proposal.lines)) == ((), 1)
    assert "No farm of this master may have it: Trend following or its market fits none" in str(proposal.lines[0].why)


def test_a_farm_has_no_proposal_and_a_stranger_none_of_it(calm: Desk, pool: Farm, other_owner: User) -> None:  # noqa: F811
    with pytest.raises(ConflictError, match="Trend is a farm"):
        proposed(calm, calm.farm)
    with pytest.raises(NotFoundError):
        propose(owner_id=other_owner.pk, pool_id=pool.pk)


def test_page_and_programs_take_what_they_saw(calm: Desk, pool: Farm, client: Client, other_owner: User) -> None:  # noqa: F811
    path, headers = f"/api/v1/farms/{pool.pk}/proposal", bearer(calm.owner) | {"Idempotency-Key": "a"}
    said = client.get(path, headers=headers).json()
    [line] = said["lines"]
    assert line["correlation"] == pytest.approx(proposed(calm, pool).lines[0].correlation)
    body = {"seen": said["seen"], "lines": [{"agent_id": line["agent_id"], "farm_id": line["farm_id"]}]}
    stale = client.post(path, body | {"seen": "other"}, content_type="application/json", headers=headers)
    assert (stale.status_code, stale.json()["type"]) == (409, "urn:moniqo:problem:stale_proposal")
    assert client.get(f"/api/v1/farms/{calm.farm.pk}/proposal", headers=headers).status_code == 409
    assert client.get(path, headers=bearer(other_owner)).status_code == 404
    client.force_login(calm.owner)
    address = reverse("farms:assign", args=[pool.pk])
    assert address in client.get(reverse("farms:farm", args=[pool.pk])).content.decode()
    page = client.get(address).content.decode()
    assert f'value="{line["agent_id"]}:{line["farm_id"]}"' in page
    assert "Unlike is of its own kind" in page
    nothing = client.post(address, {"seen": said["seen"], "key": "p", "line": "x"}, follow=True).content.decode()
    assert "Choose at least one agent" in nothing
    given = {"seen": said["seen"], "key": "p", "line": f"{line['agent_id']}:{line['farm_id']}"}
    for _ in range(2):
        assert "1 agent is moved, paused." in client.post(address, given, follow=True).content.decode()
    assert "No agent is free." in client.get(address).content.decode()
    client.force_login(other_owner)
    assert client.get(address).status_code == 404
