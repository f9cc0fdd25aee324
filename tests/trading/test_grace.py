"""An order that may still be on its way to its venue has its grace, whatever else is asked of the venue meanwhile; and
what a venue tells twice is recorded once. Both were found by `manage.py simulate`."""

from dataclasses import replace
from datetime import timedelta

import pytest

from kit import clock, tenancy
from kit.users.models import User
from tests.trading.desk import SYMBOL, Desk, assert_books_prove_themselves, fail_with, make_desk
from trading import services, tasks
from trading.models import Cancellation, Fill


@pytest.fixture
def desk(live_db: str, owner: User) -> Desk:
    return make_desk(owner)


def test_a_wish_to_cancel_does_not_shorten_the_grace(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [clock.now()]
    venue = fail_with(monkeypatch, "lost_before")
    with clock.simulated(lambda: now[0]):
        order = desk.trade("buy", "1")
        with tenancy.tenant(desk.owner.pk):
            services.request_cancellation(owner_id=desk.owner.pk, order_id=order.pk)
        tasks.cancel_order(str(desk.owner.pk), str(order.pk))
        now[0] += timedelta(seconds=12)
        tasks.resolve_orders()
        assert desk.fresh(order).status == "uncertain"
        venue.inner.submit(venue.submitted[0])  # the message arrives after all
        now[0] += timedelta(seconds=20)
        tasks.resolve_orders()
        assert desk.fresh(order).status == "filled"
        with tenancy.tenant(desk.owner.pk):
            assert Cancellation.objects.get().closed_at is not None
    assert desk.books_agree()
    assert_books_prove_themselves(desk)


def test_a_trade_that_is_told_twice_in_one_answer_is_one(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    venue = fail_with(monkeypatch, "lost_after")
    order = desk.place("buy", "1")
    monkeypatch.setattr(venue, "order", lambda *_: None)
    desk.execute(order)
    report = venue.inner.order(order.client_order_id, SYMBOL)
    assert report is not None
    twice = replace(report, trades=report.trades * 2)
    order = services.record_report(owner_id=desk.owner.pk, order_id=order.pk, report=twice)
    assert (order.status, order.filled_quantity) == ("filled", 1)
    with tenancy.tenant(desk.owner.pk):
        assert Fill.objects.count() == 1
    assert desk.books_agree()
    assert_books_prove_themselves(desk)
