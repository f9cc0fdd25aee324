"""The ten-second task: whose work is due, and that one agent's trouble is nobody else's."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from threading import Thread
from typing import Any

import pytest
import time_machine
from django.db import connections, transaction

from farms import selectors
from farms.models import Agent, AgentRun, Farm
from farms.services import create_farm, pause_agent, pause_farm, run_agent, start_agent, start_farm
from farms.tasks import run_agents_of
from kit import clock, tenancy
from kit.users.models import User
from markets.candles.reading import milliseconds
from markets.services import NewQuote, record_quotes
from tests.farms.conftest import CROSS_UP, PARAMETERS, Desk, at_work_since_long, hire, make_desk, store_hours
from wallets.services import deposit


def now_desk(owner: User, *, closes: list[float] = CROSS_UP) -> Desk:
    """A running farm with candles that end now and a fresh price, for the real clock."""
    desk = make_desk(owner)
    Farm.objects.update(status="paused")
    start_farm(owner_id=owner.pk, farm_id=desk.farm.pk)
    at_work_since_long()
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


def test_who_is_started_waits_for_the_next_candle_and_says_when_it_closes(as_owner: User) -> None:
    """The price of a candle that closed before is gone: nobody enters on it, whether agent or farm was started."""
    desk = now_desk(as_owner)
    pause_agent(owner_id=desk.owner.pk, agent_id=desk.agent.pk)
    start_agent(owner_id=desk.owner.pk, agent_id=desk.agent.pk)
    assert due() == []
    at_work_since_long()
    assert len(due()) == 1
    pause_farm(owner_id=desk.owner.pk, farm_id=desk.farm.pk)
    start_farm(owner_id=desk.owner.pk, farm_id=desk.farm.pk)
    assert due() == []
    run_agents_of(str(desk.owner.pk), [str(desk.agent.pk)])
    assert not AgentRun.objects.exists()
    (row,) = selectors.farm_rows(owner_id=desk.owner.pk)
    closes = clock.now().replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    assert row.agents[0].state.next_at == closes
    store_hours(desk.instrument, closes - timedelta(hours=1), [104.0])
    with time_machine.travel(closes + timedelta(seconds=1), tick=False):
        assert due() == [(desk.owner.pk, desk.agent.pk)]


def test_a_last_bar_of_the_future_keeps_no_present_one_from_being_run(as_owner: User) -> None:
    desk = now_desk(as_owner)
    Agent.objects.update(last_bar=milliseconds(clock.now() + timedelta(days=400)))
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
    assert "there is no strategy 'gone'" in str(broken.status_detail)


def test_a_good_run_ends_a_row_of_failures(as_owner: User) -> None:
    desk = now_desk(as_owner)
    Agent.objects.update(failures=2, status_detail="ValueError: broken")
    run_agents_of(str(desk.owner.pk), [str(desk.agent.pk)])
    agent = Agent.objects.get()
    assert (agent.failures, str(agent.status_detail)) == (0, "")


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


def test_agents_of_a_bar_share_its_candles_and_write_their_rows_together(
    as_owner: User, django_assert_max_num_queries: Any
) -> None:
    desk = now_desk(as_owner, closes=[100.0] * 20)
    deposit(owner_id=as_owner.pk, wallet_id=desk.master.pk, amount=Decimal(50_000), asset="USDT", key="more")
    patient = {**PARAMETERS, "slow": 9}
    others = [hire(as_owner, desk.farm, desk.instrument, name=str(n), parameters=patient) for n in range(7)]
    farm = create_farm(owner_id=as_owner.pk, master_id=desk.master.pk, name="Other")
    start_farm(owner_id=as_owner.pk, farm_id=farm.pk)
    others.append(hire(as_owner, farm, desk.instrument, name="Elsewhere"))
    ids = [str(agent.pk) for agent in (desk.agent, *others)]
    with django_assert_max_num_queries(27) as asked:
        run_agents_of(str(as_owner.pk), ids)
    assert sum("markets_candle" in query["sql"] for query in asked.captured_queries) <= 2
    assert list(AgentRun.objects.values_list("decision", flat=True)) == ["hold"] * 9
    assert set(Agent.objects.values_list("last_bar", "failures")) == {(AgentRun.objects.earliest("bar").bar, 0)}
    run_agents_of(str(as_owner.pk), ids)
    assert AgentRun.objects.count() == 9


def test_together_or_alone_the_same_rows_are_written(as_owner: User) -> None:
    """One that enters, one that holds, one that fails and one that is paused, of one farm on one bar."""
    desk = now_desk(as_owner)
    slow = hire(as_owner, desk.farm, desk.instrument, name="Slow", parameters={**PARAMETERS, "fast": 5, "slow": 14})
    broken = hire(as_owner, desk.farm, desk.instrument, name="Broken")
    idle = hire(as_owner, desk.farm, desk.instrument, name="Idle")
    Agent.objects.filter(pk=broken.pk).update(strategy="gone")
    Agent.objects.filter(pk=idle.pk).update(status="paused")
    with transaction.atomic():
        run_agent(owner_id=as_owner.pk, agent_id=slow.pk)
        alone = rows()
        transaction.set_rollback(True)
    assert not AgentRun.objects.exists()
    run_agents_of(str(as_owner.pk), [str(agent.pk) for agent in (broken, desk.agent, idle, slow)])
    assert {name: decision for name, decision, *_ in rows()} == {"One": "enter", "Slow": "hold"}
    assert alone == [found for found in rows() if found[0] == "Slow"]
    assert Agent.objects.get(pk=broken.pk).failures == 1


def rows() -> list[tuple[object, ...]]:
    return list(
        AgentRun.objects.order_by("agent__name").values_list(
            "agent__name", "decision", "bar", "explanation", "close", "indicators", "numbers", "exit_stop", "order"
        )
    )
