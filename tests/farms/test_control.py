"""Starting, pausing and failing: guarded, repeatable, written down once."""

from uuid import uuid4

import pytest

from farms.models import Agent, Farm, FarmEvent
from farms.services import (
    pause_agent,
    pause_farm,
    record_failure,
    rehearse_farm,
    start_agent,
    start_farm,
)
from kit import tenancy
from kit.alerts.models import Alert
from kit.errors import ConflictError, NotFoundError
from kit.users.models import User
from tests.farms.conftest import Desk

Kind = FarmEvent.Kind


def kinds() -> list[str]:
    return list(FarmEvent.objects.order_by("id").values_list("kind", flat=True))


def test_starting_and_pausing_twice_is_written_once(desk: Desk) -> None:
    before = len(kinds())
    for _ in range(2):
        start_farm(owner_id=desk.owner.pk, farm_id=desk.farm.pk)
    for _ in range(2):
        pause_agent(owner_id=desk.owner.pk, agent_id=desk.agent.pk)
    for _ in range(2):
        start_agent(owner_id=desk.owner.pk, agent_id=desk.agent.pk)
    for _ in range(2):
        pause_farm(owner_id=desk.owner.pk, farm_id=desk.farm.pk)
    assert kinds()[before:] == [Kind.STARTED, Kind.PAUSED, Kind.STARTED, Kind.PAUSED]
    assert Farm.objects.get().status == "paused"


def test_a_running_farm_has_no_history_built(desk: Desk) -> None:
    start_farm(owner_id=desk.owner.pk, farm_id=desk.farm.pk)
    with pytest.raises(ConflictError):
        rehearse_farm(owner_id=desk.owner.pk, farm_id=desk.farm.pk)


def test_three_failures_in_a_row_pause_the_agent_and_raise_an_alert_once(desk: Desk) -> None:
    for attempt in range(1, 6):
        agent = record_failure(owner_id=desk.owner.pk, agent_id=desk.agent.pk, error=ValueError("no such column"))
        assert agent.status == ("paused" if attempt >= 3 else "running")
    assert str(agent.status_detail) == "ValueError: no such column"
    alert = Alert.objects.get()
    assert "One was paused" in alert.title
    assert kinds().count(Kind.FAILED) == 1


def test_starting_again_forgets_the_failures_and_resolves_the_alert(desk: Desk) -> None:
    for _ in range(3):
        record_failure(owner_id=desk.owner.pk, agent_id=desk.agent.pk, error=ValueError("broken"))
    agent = start_agent(owner_id=desk.owner.pk, agent_id=desk.agent.pk)
    assert (agent.status, agent.failures, str(agent.status_detail)) == ("running", 0, "")
    assert Alert.objects.get().resolved_at is not None


@pytest.mark.parametrize("act", [start_agent, pause_agent])
def test_somebody_elses_agent_does_not_exist(desk: Desk, other_owner: User, act: object) -> None:
    with tenancy.tenant(other_owner.pk), pytest.raises(NotFoundError):
        act(owner_id=other_owner.pk, agent_id=desk.agent.pk)  # type: ignore[operator]
    assert Agent.objects.get().status == "running"


@pytest.mark.parametrize("act", [start_farm, pause_farm, rehearse_farm])
def test_somebody_elses_farm_does_not_exist(desk: Desk, other_owner: User, act: object) -> None:
    with tenancy.tenant(other_owner.pk), pytest.raises(NotFoundError):
        act(owner_id=other_owner.pk, farm_id=desk.farm.pk)  # type: ignore[operator]
    assert Farm.objects.get().status == "rehearsing"


def test_what_is_not_there_is_not_found(as_owner: User) -> None:
    with pytest.raises(NotFoundError):
        start_agent(owner_id=as_owner.pk, agent_id=uuid4())
