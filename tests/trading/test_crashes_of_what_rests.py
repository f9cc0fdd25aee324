"""A limit order that rests outlives its workers: killed while it is sent, while the venue matches it, while its fill is
recorded and while it is cancelled, it is filled once, held for once, and forgotten by nobody.

The workers are real processes on a real database that send themselves a SIGKILL.
"""

import os
import signal
import subprocess
import sys
from datetime import timedelta
from decimal import Decimal

import pytest

from kit import clock, tenancy
from kit.users.models import User
from markets.models import Candle
from tests.trading.desk import Desk, assert_books_prove_themselves, make_desk, set_price
from tests.trading.test_crashes import together
from trading import services, tasks
from trading.models import Cancellation, Fill, Order
from trading.orders import leases
from trading.orders.terms import Limit
from wallets.models import DemoOrder, DemoTrade
from wallets.venues.demo import following

WORKER = """
import os, signal, sys
import django
django.setup()
from django.db import connections
for alias in connections:
    connections[alias].settings_dict["NAME"] = os.environ["DATABASE_NAME"]
from uuid import UUID
from celery import current_app
from django.db.models.signals import post_save
from trading import services
from trading.models import Fill, Position
from wallets.models import Connection, DemoTrade
from wallets.venues import registry
from wallets.venues.demo import account, following

def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

MOMENT = sys.argv[1]
owner_id, connection_id, order_id = map(UUID, sys.argv[2:])
current_app.send_task = die if MOMENT == "telling" else lambda *_, **__: None
if MOMENT == "sent":
    services.execute_order(owner_id=owner_id, order_id=order_id)
    die()
if MOMENT == "sending":
    account.DemoVenue.submit = die
    services.execute_order(owner_id=owner_id, order_id=order_id)
if MOMENT == "accepted":
    submit = account.DemoVenue.submit
    account.DemoVenue.submit = lambda *given: (submit(*given), die())
    services.execute_order(owner_id=owner_id, order_id=order_id)
if MOMENT == "matching":
    account.DatabaseBooks.move = die
if MOMENT in ("matching", "telling"):
    following.match_account(owner_id=owner_id, connection_id=connection_id)
if MOMENT == "recording":
    post_save.connect(die, sender=Position, weak=False)
if MOMENT == "booking":
    post_save.connect(die, sender=Fill, weak=False)
if MOMENT in ("recording", "booking"):
    services.look_at_orders(owner_id=owner_id, connection_id=connection_id, everything=True)
if MOMENT == "cancelled":
    cancel = account.DemoVenue.cancel
    account.DemoVenue.cancel = lambda *given: (cancel(*given), die())
    services.cancel_order(owner_id=owner_id, order_id=order_id)
"""


@pytest.fixture
def desk(live_db: str, owner: User) -> Desk:
    return make_desk(owner)


def killed(desk: Desk, order: Order, moment: str, database: str) -> None:
    result = subprocess.run(
        [sys.executable, "-c", WORKER, moment, str(desk.owner.pk), str(desk.connection.pk), str(order.pk)],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "moniqo.settings", "DATABASE_NAME": database},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == -signal.SIGKILL, result.stderr


def everything_falls_due(desk: Desk) -> None:
    with tenancy.tenant(desk.owner.pk):
        Order.objects.unfinished().update(due_at=leases.now())
        Cancellation.objects.filter(closed_at=None).update(due_at=leases.now())
    tasks.resolve_orders()


@pytest.mark.parametrize("moment", ["sending", "accepted", "sent", "matching", "telling", "recording", "booking"])
def test_killed_anywhere_it_is_filled_once_by_what_happened_while_nobody_was_there(
    desk: Desk, live_db: str, moment: str
) -> None:
    order = desk.place("buy", "1", limit=Limit(Decimal(95)))
    if moment in ("sending", "accepted", "sent"):
        killed(desk, order, moment, live_db)
        everything_falls_due(desk)
        assert desk.fresh(order).status == "open"
        assert desk.held("USDT") == Decimal("95.095")
    else:
        assert desk.execute(order).status == "open"
    set_price(desk.instrument, "94")
    if moment in ("matching", "telling"):
        killed(desk, order, moment, live_db)
        with tenancy.tenant(desk.owner.pk):
            assert DemoTrade.objects.count() == (moment == "telling")
    following.match_due()
    if moment in ("recording", "booking"):
        killed(desk, order, moment, live_db)
        with tenancy.tenant(desk.owner.pk):
            assert not Fill.objects.exists()
    set_price(desk.instrument, "99")  # the market is back before anybody looks
    following.match_due()
    everything_falls_due(desk)
    order = desk.fresh(order)
    assert (order.status, order.average_price) == ("filled", 95)
    with tenancy.tenant(desk.owner.pk):
        assert (DemoOrder.objects.count(), DemoTrade.objects.count(), Fill.objects.count()) == (1, 1, 1)
        assert desk.wallet.positions.get().quantity == 1
    assert desk.held("USDT") == 0
    assert desk.books_agree()
    assert_books_prove_themselves(desk)


def test_a_cancellation_that_the_venue_has_carried_out_is_recorded_after_its_worker_was_killed(
    desk: Desk, live_db: str
) -> None:
    order = desk.trade("buy", "1", limit=Limit(Decimal(95)))
    with tenancy.tenant(desk.owner.pk):
        services.request_cancellation(owner_id=desk.owner.pk, order_id=order.pk)
    killed(desk, order, "cancelled", live_db)
    assert desk.fresh(order).status == "open"
    everything_falls_due(desk)
    assert (desk.fresh(order).status, desk.held("USDT")) == ("cancelled", 0)
    with tenancy.tenant(desk.owner.pk):
        assert Cancellation.objects.get().closed_at is not None
    assert_books_prove_themselves(desk)


def test_workers_that_meet_at_one_price_fill_it_once(desk: Desk) -> None:
    order = desk.trade("buy", "1", limit=Limit(Decimal(95)))
    set_price(desk.instrument, "94")
    together([following.match_due] * 4)
    together([lambda: desk.resolve(order), tasks.resolve_orders])
    everything_falls_due(desk)
    assert desk.fresh(order).status == "filled"
    with tenancy.tenant(desk.owner.pk):
        assert (DemoTrade.objects.count(), Fill.objects.count()) == (1, 1)
    assert desk.books_agree()


def test_a_bar_tells_what_the_market_did_while_nobody_followed_it(desk: Desk) -> None:
    order = desk.trade("buy", "1", limit=Limit(Decimal(95)))
    with tenancy.system():
        DemoOrder.objects.update(seen_at=clock.now() - timedelta(minutes=5))
        ts = int(clock.now().timestamp() // 60 - 3) * 60_000
        bar = {"open": 100, "high": 101, "low": 94.5, "close": 100, "volume": 1}
        Candle.objects.create(instrument=desk.instrument, timeframe="1m", ts=ts, **bar)
    assert following.match_due() == 1
    assert following.match_due() == 0
    everything_falls_due(desk)
    order = desk.fresh(order)
    assert (order.status, order.average_price) == ("filled", 95)
