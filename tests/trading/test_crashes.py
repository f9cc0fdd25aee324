"""A worker killed at the five instants that differ leaves nothing lost, doubled or forgotten; two at once send once.

The workers are real processes on a real database that send themselves a SIGKILL: before the order is sent, after the
venue has carried it out, with the answer half recorded, when all is recorded, and while the venue is asked to cancel.
After that everything is resolved by the sweeper, and the books must prove themselves.
"""

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from kit import tenancy
from kit.users.models import User
from tests.trading.desk import Desk, assert_books_prove_themselves, fail_with, make_desk
from trading import services, tasks
from trading.models import Cancellation, Fill, Order
from trading.orders import leases
from wallets.models import DemoOrder

# MOMENT is where the process dies.
WORKER = """
import os, signal, sys
import django
django.setup()
from django.db import connections
for alias in connections:
    connections[alias].settings_dict["NAME"] = os.environ["DATABASE_NAME"]
from uuid import UUID
from trading import services
from wallets.venues.demo import account as demo
from wallets.venues import registry

def die():
    os.kill(os.getpid(), signal.SIGKILL)

class Doomed:
    def __init__(self, inner):
        self.inner = inner

    def submit(self, request):
        if MOMENT == "claimed":
            die()
        report = self.inner.submit(request)
        if MOMENT == "accepted":
            die()
        return report

    def order(self, *arguments):
        return self.inner.order(*arguments)

    def cancel(self, *arguments):
        die()

MOMENT = sys.argv[1]
owner_id, order_id = UUID(sys.argv[2]), UUID(sys.argv[3])
registry.ADAPTERS["demo"] = lambda connection: Doomed(demo.open_demo_venue(connection))
if MOMENT == "recording":
    from django.db.models.signals import post_save
    from trading.models import Position
    post_save.connect(lambda **_: die(), sender=Position, weak=False)
if MOMENT == "cancelling":
    services.cancel_order(owner_id=owner_id, order_id=order_id)
services.execute_order(owner_id=owner_id, order_id=order_id)
if MOMENT == "recorded":
    die()
"""


@pytest.fixture
def desk(live_db: str, owner: User) -> Desk:
    return make_desk(owner)


def killed(desk: Desk, order: Order, moment: str, database: str) -> None:
    result = subprocess.run(
        [sys.executable, "-c", WORKER, moment, str(desk.owner.pk), str(order.pk)],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "moniqo.settings", "DATABASE_NAME": database},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == -signal.SIGKILL, result.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("moment", "left_as", "at_venue"),
    [
        ("claimed", "submitting", 0),
        ("accepted", "submitting", 1),
        ("recording", "submitting", 1),
        ("recorded", "filled", 1),
    ],
)
def test_a_killed_worker_loses_doubles_and_forgets_nothing(
    desk: Desk, live_db: str, moment: str, left_as: str, at_venue: int
) -> None:
    order = desk.place("buy", "1")
    killed(desk, order, moment, live_db)
    with tenancy.tenant(desk.owner.pk):
        assert desk.fresh(order).status == left_as
        assert DemoOrder.objects.count() == at_venue
        assert Fill.objects.count() == (left_as == "filled")
    if left_as != "filled":
        assert desk.resolve(order).status == left_as  # the dead worker's lease still runs: nobody touches it
        desk.fall_due(order)
    order = desk.resolve(order)
    assert order.status == "filled"
    with tenancy.tenant(desk.owner.pk):
        assert (DemoOrder.objects.count(), Fill.objects.count(), Order.objects.unfinished().count()) == (1, 1, 0)
        assert desk.wallet.positions.get().quantity == 1
    assert desk.held("USDT") == 0
    assert desk.books_agree()
    assert_books_prove_themselves(desk)


def test_a_cancellation_whose_worker_is_killed_is_carried_out_by_the_sweeper(
    desk: Desk, live_db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    venue = fail_with(monkeypatch, "lost_before")
    order = desk.trade("buy", "1")
    with tenancy.tenant(desk.owner.pk):
        services.request_cancellation(owner_id=desk.owner.pk, order_id=order.pk)
    killed(desk, order, "cancelling", live_db)
    with tenancy.tenant(desk.owner.pk):
        assert Cancellation.objects.get().attempts == 1
        Cancellation.objects.update(due_at=leases.now())
    desk.fall_due(order)
    tasks.resolve_orders()
    assert (desk.fresh(order).status, desk.held("USDT"), len(venue.submitted)) == ("cancelled", 0, 1)
    assert_books_prove_themselves(desk)


def test_an_intent_whose_task_was_lost_is_carried_out(desk: Desk) -> None:
    order = desk.place("buy", "1")
    desk.fall_due(order)
    assert desk.resolve(order).status == "filled"
    assert desk.books_agree()


def together(work: list[object]) -> list[object]:
    """Run the calls at once, each on connections of its own."""

    def run(call: object) -> object:
        try:
            return call()  # type: ignore[operator]
        finally:
            for alias in connections:
                connections[alias].close()

    with ThreadPoolExecutor(len(work)) as pool:
        return list(pool.map(run, work))


def test_workers_that_meet_at_one_order_send_it_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    venue = fail_with(monkeypatch)
    order = desk.place("buy", "1")
    together([lambda: desk.execute(order)] * 6)
    assert len(venue.submitted) == 1
    assert desk.fresh(order).status == "filled"
    assert desk.books_agree()


def test_workers_that_resolve_one_order_at_once_resolve_it_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    venue = fail_with(monkeypatch, "lost_before")
    order = desk.trade("buy", "1")
    desk.fall_due(order)
    together([lambda: desk.resolve(order)] * 6)
    assert len(venue.submitted) == 2
    assert desk.fresh(order).status == "filled"
    with tenancy.tenant(desk.owner.pk):
        assert Fill.objects.count() == 1
    assert desk.books_agree()


def test_equal_requests_at_once_make_one_order(desk: Desk) -> None:
    orders = together([lambda: desk.place("buy", "1", key="once")] * 6)
    assert len({order.pk for order in orders}) == 1  # type: ignore[attr-defined]
    assert str(desk.held("USDT").normalize()) == "101.1"


def test_different_orders_at_once_do_not_slip_past_the_gate_together(desk: Desk) -> None:
    orders = together([lambda: desk.place("buy", "1")] * 6)
    assert sorted(order.status for order in orders) == ["rejected"] * 5 + ["submitting"]  # type: ignore[attr-defined]


def test_an_answer_recorded_by_two_at_once_is_recorded_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    venue = fail_with(monkeypatch, "lost_after")
    order = desk.place("buy", "1")
    venue.order = lambda *_: None  # type: ignore[method-assign]  # the look-up comes too early to see it
    desk.execute(order)
    del venue.order
    report = venue.order(order.client_order_id, "BTC/USDT")
    assert report is not None
    together([lambda: services.record_report(owner_id=desk.owner.pk, order_id=order.pk, report=report)] * 6)
    with tenancy.tenant(desk.owner.pk):
        assert Fill.objects.count() == 1
    assert desk.books_agree()
    assert_books_prove_themselves(desk)
