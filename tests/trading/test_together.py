"""Orders that were decided together are sent together, each once, and one's trouble is no other's."""

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from threading import Barrier
from typing import Any

import pytest
from django.db import connections

from kit import tenancy
from kit.users.models import User
from tests.trading.desk import Desk, assert_books_prove_themselves, fund, make_desk, use_adapter
from trading import services
from trading.models import Fill, Order
from trading.orders.together import AT_ONCE
from wallets.models import Connection, DemoOrder, Wallet
from wallets.venues.base import OrderReport, OrderRequest, VenueAmbiguousError, VenueRejectedError
from wallets.venues.demo import account as demo

AGENTS = 4
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
from trading.models import Position
from django.db.models.signals import post_save
from wallets.venues.demo import account as demo
from wallets.venues import registry

def die(**_):
    os.kill(os.getpid(), signal.SIGKILL)

class Doomed:
    def __init__(self, inner):
        self.inner = inner

    def submit_many(self, requests):
        if MOMENT == "claimed":
            die()
        reports = self.inner.submit_many(requests)
        if MOMENT == "accepted":
            die()
        return reports

def third(count=iter(range(9)), **_):
    if next(count) == 2:
        die()

MOMENT, owner_id, *order_ids = sys.argv[1:]
registry.ADAPTERS["demo"] = lambda connection: Doomed(demo.open_demo_venue(connection))
if MOMENT == "recording":
    post_save.connect(third, sender=Position, weak=False)
services.execute_together(owner_id=UUID(owner_id), order_ids=[UUID(one) for one in order_ids])
die()
"""


@pytest.fixture
def desks(live_db: str, owner: User) -> list[Desk]:
    """Agents of one farm, each with money of its own."""
    first = make_desk(owner, cash=Decimal(0))
    desks = []
    for number in range(AGENTS):
        with tenancy.tenant(owner.pk):
            wallet = Wallet.objects.create(
                owner=owner, connection=first.connection, name=f"Agent {number}", role="agent", parent=first.farm
            )
            desks.append(replace(first, wallet=wallet))
            fund(desks[-1], "USDT", Decimal(1_000))
    return desks


def send(desks: list[Desk], orders: list[Order]) -> None:
    services.execute_together(owner_id=desks[0].owner.pk, order_ids=[order.pk for order in orders])


def statuses(desks: list[Desk], orders: list[Order]) -> list[str]:
    return [desk.fresh(order).status for desk, order in zip(desks, orders, strict=True)]


def at_venue(desks: list[Desk]) -> int:
    with tenancy.tenant(desks[0].owner.pk):
        return DemoOrder.objects.count()


def whole_books_agree(desks: list[Desk]) -> bool:
    totals = desks[0].venue_totals()
    return all(sum(desk.balance(asset) for desk in desks) == totals.get(asset, Decimal(0)) for asset in ("BTC", "USDT"))


def test_all_are_sent_and_in_the_books(desks: list[Desk]) -> None:
    orders = [desk.place("buy", "1") for desk in desks]
    send(desks, orders)
    assert statuses(desks, orders) == ["filled"] * AGENTS
    assert [desk.held("USDT") for desk in desks] == [0] * AGENTS
    assert whole_books_agree(desks)
    assert_books_prove_themselves(desks[0])


@pytest.mark.parametrize(
    ("moment", "arrived", "booked"),
    [("claimed", 0, 0), ("accepted", AGENTS, 0), ("recording", AGENTS, 2), ("", AGENTS, AGENTS)],
)
def test_a_killed_worker_loses_and_doubles_none_of_them(
    desks: list[Desk], live_db: str, moment: str, arrived: int, booked: int
) -> None:
    orders = [desk.place("buy", "1") for desk in desks]
    killed = subprocess.run(
        [sys.executable, "-c", WORKER, moment, str(desks[0].owner.pk), *(str(order.pk) for order in orders)],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "moniqo.settings", "DATABASE_NAME": live_db},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert at_venue(desks) == arrived
    with tenancy.tenant(desks[0].owner.pk):
        assert Fill.objects.count() == booked
    send(desks, orders)  # the message comes again: each was sent, or may have been, so nobody sends it
    assert at_venue(desks) == arrived
    for desk, order in zip(desks, orders, strict=True):
        if desk.fresh(order).status != "filled":
            desk.fall_due(order)
            desk.resolve(order)
    assert statuses(desks, orders) == ["filled"] * AGENTS
    with tenancy.tenant(desks[0].owner.pk):
        assert (DemoOrder.objects.count(), Fill.objects.count()) == (AGENTS, AGENTS)
    assert whole_books_agree(desks)
    assert_books_prove_themselves(desks[0])


def test_workers_that_meet_at_the_same_orders_send_each_once(
    desks: list[Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    orders = [desk.place("buy", "1") for desk in desks]
    requests: list[str] = []

    class Counting:
        def __init__(self, inner: demo.DemoVenue) -> None:
            self.inner = inner

        def submit_many(self, asked: list[OrderRequest]) -> Any:
            requests.extend(request.client_order_id for request in asked)
            return self.inner.submit_many(asked)

        def submit(self, request: OrderRequest) -> OrderReport:
            requests.append(request.client_order_id)
            return self.inner.submit(request)

    use_adapter(monkeypatch, lambda connection: Counting(demo.open_demo_venue(connection)))

    def run(given: list[Order]) -> None:
        try:
            send(desks, given)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(run, [orders, orders[::-1], orders[1:], orders[:-1]]))
    assert sorted(requests) == sorted(order.client_order_id for order in orders)
    assert statuses(desks, orders) == ["filled"] * AGENTS


def test_what_is_turned_down_or_unknown_keeps_no_other_waiting(
    desks: list[Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    orders = [desk.place("buy", "1") for desk in desks]
    turned_down, unknown = orders[0].client_order_id, orders[1].client_order_id

    class Choosy:
        def __init__(self, inner: demo.DemoVenue) -> None:
            self.inner = inner
            self.order = inner.order

        def submit_many(self, requests: list[OrderRequest]) -> list[OrderReport | Exception]:
            errors = {turned_down: VenueRejectedError("No."), unknown: VenueAmbiguousError("Who knows.")}
            taken = iter(self.inner.submit_many([one for one in requests if one.client_order_id not in errors]))
            return [errors.get(one.client_order_id) or next(taken) for one in requests]

    use_adapter(monkeypatch, lambda connection: Choosy(demo.open_demo_venue(connection)))
    send(desks, orders)
    assert statuses(desks, orders) == ["rejected", "uncertain", "filled", "filled"]
    assert [desk.held("USDT") > 0 for desk in desks] == [False, True, False, False]


def test_a_halt_keeps_some_of_them_from_being_sent(desks: list[Desk]) -> None:
    orders = [desk.place("buy", "1") for desk in desks]
    with tenancy.tenant(desks[0].owner.pk):
        Wallet.objects.filter(pk=desks[2].wallet.pk).update(trading_state=Wallet.TradingState.HALTED)
    send(desks, orders)
    assert statuses(desks, orders) == ["filled", "filled", "expired", "filled"]
    assert at_venue(desks) == AGENTS - 1


def test_a_venue_that_takes_one_at_a_time_is_asked_many_times_at_once(
    desks: list[Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    orders = [desk.place("buy", "1") for desk in desks]
    meet = Barrier(AGENTS, timeout=20)  # breaks unless all are under way together
    monkeypatch.setattr("wallets.venues.registry.ORDERS_AT_ONCE", {})

    class Plain:
        def __init__(self, connection: Connection) -> None:
            self.inner = demo.open_demo_venue(connection)

        def submit(self, request: OrderRequest) -> OrderReport:
            meet.wait()
            return self.inner.submit(request)

    use_adapter(monkeypatch, Plain)
    assert AGENTS <= AT_ONCE
    send(desks, orders)
    assert statuses(desks, orders) == ["filled"] * AGENTS
