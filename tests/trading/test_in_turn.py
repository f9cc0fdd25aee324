"""Trades of a perpetual are booked in the exchange's order, and who waits for another is not in its way."""

import threading
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection, connections, transaction

from kit import tenancy
from kit.users.models import User
from tests.trading.perpetual_desk import PerpetualDesk, make_perpetual_desk
from tests.trading.test_funding import Died, dying_before_recording
from tests.trading.test_recording import tell
from tests.trading.test_recording import trade as traded
from trading.models import Order
from trading.orders import margin
from trading.orders.life import locked

PATIENCE = 30


def two_under_way(owner: User) -> tuple[PerpetualDesk, Order, Order]:
    """A position of 10 that one order makes larger and another one smaller, neither of which was sent yet."""
    desk = make_perpetual_desk(owner)
    desk.trade("buy", "10")
    return desk, desk.place("buy", "5"), desk.place("sell", "4")


def die_at(desk: PerpetualDesk, order: Order) -> None:
    """The worker that sends it is killed as soon as the venue has filled it."""
    with dying_before_recording(), pytest.raises(Died):
        desk.execute(order)


def test_what_ends_while_another_waits_for_it_stays_ended(
    live_db: str, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is heard of and recorded between the look at what the exchange made and the wish to ask about it."""
    desk, added, left = two_under_way(owner)
    die_at(desk, added)
    trades_of = margin.trades_of

    def meanwhile(**given: Any) -> list[tuple[int, str]]:
        found = trades_of(**given)
        monkeypatch.undo()
        other = threading.Thread(target=lambda: (desk.fall_due(added), desk.resolve(added), connections.close_all()))
        other.start()
        other.join()
        return found

    monkeypatch.setattr(margin, "trades_of", meanwhile)
    assert desk.execute(left).filled_quantity == 0
    assert (desk.fresh(added).status, desk.fresh(added).due_at) == ("filled", None)
    desk.fall_due(left)
    assert desk.resolve(left).status == "filled"
    desk.assert_settled()


def test_who_is_at_an_order_whose_trades_come_first_is_not_waited_for(
    live_db: str, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, added, left = two_under_way(owner)
    die_at(desk, added)
    die_at(desk, left)
    is_locked, may_go_on = threading.Event(), threading.Event()

    def hear() -> None:
        with tenancy.tenant(owner.pk), transaction.atomic():
            locked(added.pk)
            is_locked.set()
            may_go_on.wait(PATIENCE)
        connections.close_all()

    other = threading.Thread(target=hear)
    other.start()
    assert is_locked.wait(PATIENCE)
    desk.fall_due(left)
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '2s'")
    try:
        assert desk.resolve(left).filled_quantity == 0
    finally:
        may_go_on.set()
        other.join()
    for order in (added, left):
        desk.fall_due(order)
        assert desk.resolve(order).status == "filled"
    desk.assert_settled()


def test_a_late_trade_of_an_order_that_has_ended_waits_for_nobody(live_db: str, owner: User) -> None:
    desk = make_perpetual_desk(owner)
    first = desk.trade("buy", "10")
    die_at(desk, desk.place("buy", "5"))
    told = tell(desk, first, "filled", [replace(traded(1, "1"), trade_id="999999999")], filled="11")
    assert (told.status, told.filled_quantity) == ("filled", 11)


def test_an_order_that_has_ended_holds_nothing_for_a_late_trade(live_db: str, owner: User) -> None:
    desk = make_perpetual_desk(owner)
    order = desk.place("buy", "10")
    tell(desk, order, "partially_filled", [replace(traded(1, "4"), trade_id="1")])
    assert tell(desk, order, "cancelled", filled="4").status == "cancelled"
    told = tell(desk, order, "cancelled", [replace(traded(1, "1"), trade_id="2")], filled="6")
    position = desk.position()
    assert position is not None
    assert (told.filled_quantity, told.hold, desk.held("USDT")) == (5, None, position.margin)


def test_an_order_that_ends_with_what_is_its_turn_waits_for_nothing(live_db: str, owner: User) -> None:
    """The venue filled more than was ordered, and the excess after another order's trade."""
    desk, added, left = two_under_way(owner)
    die_at(desk, added)
    trades = [replace(traded(1, "4"), trade_id="0"), replace(traded(1, "1"), trade_id="999999999")]
    told = tell(desk, left, "filled", trades, filled="5")
    assert (told.status, told.filled_quantity, told.due_at) == ("filled", 4, None)
