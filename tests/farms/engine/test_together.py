"""Many members of a farm enter at one bar, live: what goes wrong with one, with the money, or with the process."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Thread
from typing import Any

import pytest
from django.db import connection, connections

from farms.models import Agent, AgentRun
from farms.tasks import run_agents_of
from kit import tenancy
from kit.users.models import User
from markets.models import Instrument
from tests.farms.conftest import Desk, hire, make_instrument
from tests.farms.test_tasks import now_desk
from tests.trading.desk import set_price
from trading.models import Order
from trading.services import execute_order, keep_protection, place_order
from wallets.ledger import verify
from wallets.models import Account
from wallets.services import allocate, collect, deposit

CREW = 6
# MOMENT is where the process dies: with the orders written and the runs not, or with all of it committed.
WORKER = """
import os, signal, sys
import django
django.setup()
from django.db import connections
for alias in connections:
    connections[alias].settings_dict["NAME"] = os.environ["DATABASE_NAME"]
from celery import current_app
from django.db.models import QuerySet
from farms.models import AgentRun
from farms.tasks import run_agents_of

def die(*arguments, **options):
    os.kill(os.getpid(), signal.SIGKILL)

write = QuerySet.bulk_create
if sys.argv[1] == "written":
    QuerySet.bulk_create = lambda rows, *given, **options: (
        die() if rows.model is AgentRun else write(rows, *given, **options)
    )
else:
    current_app.send_task = die
run_agents_of(sys.argv[2], sys.argv[3:])
"""


@pytest.fixture
def desk(live_db: str, owner: User) -> Desk:
    """A farm whose six agents all enter on the bar that has just closed."""
    with tenancy.tenant(owner.pk):
        desk = now_desk(owner)
        deposit(owner_id=owner.pk, wallet_id=desk.master.pk, amount=Decimal(50_000), asset="USDT", key="more")
        for number in range(1, CREW):
            hire(owner, desk.farm, desk.instrument, name=f"Member {number}")
    return desk


def crew(desk: Desk) -> list[Agent]:
    with tenancy.tenant(desk.owner.pk):
        return list(Agent.objects.order_by("created_at"))


def run_all(desk: Desk) -> None:
    run_agents_of(str(desk.owner.pk), [str(agent.pk) for agent in crew(desk)])


def assert_each_entered_once(desk: Desk) -> None:
    with tenancy.tenant(desk.owner.pk):
        assert list(AgentRun.objects.values_list("decision", flat=True)) == ["enter"] * CREW
        assert set(AgentRun.objects.values_list("order", flat=True)) == set(Order.objects.values_list("pk", flat=True))
        assert Order.objects.count() == CREW
        held = Account.objects.filter(kind="wallet", held__gt=0)
        assert held.count() == CREW
        assert verify(owner_id=desk.owner.pk).ok


def test_together_they_ask_as_often_as_one(desk: Desk, django_assert_max_num_queries: Any) -> None:
    with django_assert_max_num_queries(40):
        run_all(desk)
    assert_each_entered_once(desk)


@pytest.mark.parametrize("moment", ["written", "committed"])
def test_a_worker_killed_in_the_middle_loses_and_doubles_no_order(desk: Desk, live_db: str, moment: str) -> None:
    agents = [str(agent.pk) for agent in crew(desk)]
    result = subprocess.run(
        [sys.executable, "-c", WORKER, moment, str(desk.owner.pk), *agents],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "moniqo.settings", "DATABASE_NAME": live_db},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == -signal.SIGKILL, result.stderr
    with tenancy.tenant(desk.owner.pk):
        there = CREW if moment == "committed" else 0
        assert (AgentRun.objects.count(), Order.objects.unfinished().count()) == (there, there)
    run_all(desk)
    assert_each_entered_once(desk)


def test_what_one_agent_cannot_do_keeps_no_other_from_it(desk: Desk) -> None:
    """Its key is taken by another order, so it alone fails; it runs alone, and its failure is noted."""
    run_all(desk)
    with tenancy.tenant(desk.owner.pk):
        bar = AgentRun.objects.latest("bar").bar
        newcomers = [hire(desk.owner, desk.farm, desk.instrument, name=name) for name in ("First", "Second", "Third")]
        key = f"run:{newcomers[1].pk}:{bar}"
        given = {"wallet": desk.agent.wallet, "instrument": desk.instrument, "side": "sell", "quantity": Decimal(1)}
        place_order(key=key, reason="Another order has the key.", **given)
    run_agents_of(str(desk.owner.pk), [str(agent.pk) for agent in newcomers])
    with tenancy.tenant(desk.owner.pk):
        ran = AgentRun.objects.filter(agent__in=newcomers).values_list("agent__name", "decision")
        assert sorted(ran) == [("First", "enter"), ("Third", "enter")]
        failed = Agent.objects.get(name="Second")
        assert failed.failures == 1
        assert "key belongs to another order" in str(failed.status_detail)


def test_money_that_leaves_while_they_decide_is_spent_by_nobody(desk: Desk) -> None:
    """The ledger refuses one hold: all is undone, and each decides again, from what is there."""
    poor = crew(desk)[2]
    left = []

    def leave() -> None:
        try:
            with tenancy.tenant(desk.owner.pk):
                up = {"source_id": poor.wallet_id, "target_id": desk.farm.wallet_id, "key": "away"}
                collect(owner_id=desk.owner.pk, asset="USDT", amount=Decimal(4_999), **up)
        finally:
            connections.close_all()

    def hook(execute: Callable[..., Any], sql: str, *call: Any) -> Any:
        answer = execute(sql, *call)
        if "AS place (wallet_id" in sql and not left:  # the facts are read, the holds not posted
            left.append(Thread(target=leave))
            left[0].start()
            left[0].join()
        return answer

    with connection.execute_wrapper(hook):
        run_all(desk)
    with tenancy.tenant(desk.owner.pk):
        decisions = dict(AgentRun.objects.values_list("agent__name", "decision"))
        assert decisions.pop(poor.name) == "skip"
        assert list(decisions.values()) == ["enter"] * (CREW - 1)
        assert Order.objects.unfinished().count() == CREW - 1
        assert set(Agent.objects.values_list("failures", flat=True)) == {0}
        assert verify(owner_id=desk.owner.pk).ok


def test_they_wait_for_whoever_works_on_their_wallets_and_never_in_a_circle(desk: Desk) -> None:
    """Beside stops that are carried out, orders by hand, and money that moves."""
    backwards = sorted(crew(desk), key=lambda agent: agent.wallet_id, reverse=True)
    other = make_instrument("OTH/USDT")
    set_price(other, "100")
    for agent in backwards:
        trade(desk, agent, other, key="earlier", exit_stop=Decimal(90))
    set_price(other, "80")
    at_once(
        lambda: run_all(desk),
        lambda: run_all(desk),
        lambda: protect(desk),
        lambda: protect(desk),
        lambda: [trade(desk, agent, desk.instrument, key="by hand") for agent in backwards[:3]],
        lambda: [move(desk, agent) for agent in backwards],
    )
    with tenancy.tenant(desk.owner.pk):
        assert Order.objects.filter(side="sell").count() == CREW
        assert set(Agent.objects.values_list("failures", flat=True)) == {0}
        assert verify(owner_id=desk.owner.pk).ok
    with connection.cursor() as cursor:
        cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        assert cursor.fetchone() == (0,)


def trade(desk: Desk, agent: Agent, instrument: Instrument, *, key: str, exit_stop: Decimal | None = None) -> None:
    with tenancy.tenant(desk.owner.pk):
        order = place_order(
            wallet=agent.wallet,
            instrument=instrument,
            side="buy",
            quantity=Decimal(1),
            key=f"{key} {agent.pk}",
            reason="By hand.",
            exit_stop=exit_stop,
        )
    execute_order(owner_id=desk.owner.pk, order_id=order.pk)


def protect(desk: Desk) -> None:
    for _ in range(5):
        with tenancy.tenant(desk.owner.pk):
            keep_protection(owner_id=desk.owner.pk)


def move(desk: Desk, agent: Agent) -> None:
    """Money up to the farm and down again."""
    up = {"source_id": agent.wallet_id, "target_id": desk.farm.wallet_id, "key": f"up {agent.pk}"}
    down = {"source_id": desk.farm.wallet_id, "target_id": agent.wallet_id, "key": f"down {agent.pk}"}
    for step, ends in ((collect, up), (allocate, down)):
        with tenancy.tenant(desk.owner.pk):
            step(owner_id=desk.owner.pk, asset="USDT", amount=Decimal(1), **ends)


def at_once(*work: Callable[[], object]) -> None:
    """Each on connections of its own; raises what one of them raised."""

    def run(what: Callable[[], object]) -> object:
        try:
            return what()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(work)) as pool:
        list(pool.map(run, work))
