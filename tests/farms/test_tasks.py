"""The ten-second task: whose work is due, and that one agent's trouble is nobody else's."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from threading import Thread

import pytest
from django.db import connections

from farms import selectors
from farms.models import Agent, AgentRun, Farm
from farms.services import start_farm
from farms.tasks import run_agents_of
from kit import tenancy
from kit.users.models import User
from markets.services import NewQuote, record_quotes
from tests.farms.conftest import CROSS_UP, Desk, hire, make_desk, store_hours


def now_desk(owner: User, *, closes: list[float] = CROSS_UP) -> Desk:
    """A running farm with candles that end now and a fresh price, for the real clock."""
    desk = make_desk(owner)
    Farm.objects.update(status="paused")
    start_farm(owner_id=owner.pk, farm_id=desk.farm.pk)
    now = datetime.now(UTC)
    last = now.replace(minute=0, second=0, microsecond=0)
    store_hours(desk.instrument, last - len(closes) * timedelta(hours=1), closes)
    price = Decimal(str(closes[-1]))
    record_quotes([NewQuote(desk.instrument.pk, price, price, price, "simulated", now)])
    return desk


def due() -> list[tuple[object, object]]:
    return list(selectors.due_agents())


def test_an_agent_is_due_until_it_has_run_on_the_last_closed_bar(as_owner: User) -> None:
    desk = now_desk(as_owner)
    assert due() == [(desk.owner.pk, desk.agent.pk)]
    run_agents_of(str(desk.owner.pk), [str(desk.agent.pk)])
    assert AgentRun.objects.get().decision == "enter"
    assert due() == []


@pytest.mark.parametrize("change", ["agent paused", "farm paused", "farm rehearsing", "old bars"])
def test_who_does_not_act_is_not_due(as_owner: User, change: str) -> None:
    desk = now_desk(as_owner)
    if change == "agent paused":
        Agent.objects.update(status="paused")
    elif change == "old bars":
        Agent.objects.update(timeframe="1m")
        store_hours(desk.instrument, datetime(2026, 3, 2, tzinfo=UTC), [100.0] * 5, timeframe="1m")
    else:
        Farm.objects.update(status=change.split()[1])
    assert due() == []


def test_a_failing_agent_is_noted_and_the_next_one_runs(as_owner: User) -> None:
    desk = now_desk(as_owner)
    second = hire(as_owner, desk.farm, desk.instrument, name="Two")
    Agent.objects.filter(pk=desk.agent.pk).update(strategy="gone")
    run_agents_of(str(desk.owner.pk), [str(desk.agent.pk), str(second.pk)])
    assert AgentRun.objects.get().agent_id == second.pk
    broken = Agent.objects.get(pk=desk.agent.pk)
    assert broken.failures == 1
    assert "there is no strategy 'gone'" in broken.status_detail


def test_a_good_run_ends_a_row_of_failures(as_owner: User) -> None:
    desk = now_desk(as_owner)
    Agent.objects.update(failures=2, status_detail="ValueError: broken")
    run_agents_of(str(desk.owner.pk), [str(desk.agent.pk)])
    agent = Agent.objects.get()
    assert (agent.failures, agent.status_detail) == (0, "")


def test_two_workers_at_once_decide_a_bar_once(live_db: str, owner: User) -> None:
    with tenancy.tenant(owner.pk):
        desk = now_desk(owner)

    def work() -> None:
        try:
            run_agents_of(str(owner.pk), [str(desk.agent.pk)])
        finally:
            connections.close_all()

    workers = [Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=30)
    with tenancy.tenant(owner.pk):
        assert AgentRun.objects.count() == 1
        assert Agent.objects.get().failures == 0
        (run,) = AgentRun.objects.all()
        assert run.order is not None
