"""Whoever changes what an order or a position holds waits for who changes it already, and goes on from there."""

import threading
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import connections

from kit.users.models import User
from tests.trading.desk import make_desk
from tests.trading.perpetual_desk import PerpetualDesk
from tests.trading.test_funding import pass_periods
from tests.trading.test_recording import tell
from tests.trading.test_recording import trade as traded
from tests.trading.test_shortfalls import assert_whole, give, make, turn
from trading import services
from trading.orders import recording, shortfalls
from trading.orders.life import move

PATIENCE = 30
GIVEN = Decimal(30)


def trade(desk: PerpetualDesk) -> None:
    desk.trade("buy", "1", reduce_only=True)


def book_funding(desk: PerpetualDesk) -> None:
    services.settle_funding(owner_id=desk.owner.pk, connection_id=desk.connection.pk)


@pytest.mark.parametrize("change", [trade, book_funding])
def test_what_changes_a_margin_while_it_is_made_up_goes_on_from_what_holds_it_by_then(
    live_db: str, owner: User, monkeypatch: pytest.MonkeyPatch, change: Callable[[PerpetualDesk], None]
) -> None:
    desk = make(owner)
    turn(desk)
    give(desk, int(GIVEN))
    if change is book_funding:
        pass_periods(desk, 1)
    is_held, may_commit = threading.Event(), threading.Event()
    hold_margin = shortfalls.hold_margin

    def slowly(*given: Any) -> None:
        hold_margin(*given)
        is_held.set()
        may_commit.wait(PATIENCE)

    def make_up() -> None:
        services.make_up_margins(owner_id=owner.pk, connection_id=desk.connection.pk)
        connections.close_all()

    monkeypatch.setattr(shortfalls, "hold_margin", slowly)
    first = threading.Thread(target=make_up)
    first.start()
    assert is_held.wait(PATIENCE)
    threading.Timer(0.5, may_commit.set).start()
    change(desk)
    first.join()
    position = desk.position()
    assert position is not None
    assert_whole(desk, position.margin_shortfall)


def test_an_order_of_which_two_workers_hear_at_once_gives_all_back_that_it_held(
    live_db: str, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = make_desk(owner)
    order = desk.place("buy", "10")
    is_booked, may_commit = threading.Event(), threading.Event()

    def slowly(*given: Any, **more: Any) -> None:
        move(*given, **more)
        is_booked.set()
        may_commit.wait(PATIENCE)

    def hear() -> None:
        tell(desk, order, "partially_filled", [traded(1, "4")])
        connections.close_all()

    monkeypatch.setattr(recording, "move", slowly)
    first = threading.Thread(target=hear)
    first.start()
    assert is_booked.wait(PATIENCE)
    threading.Timer(0.5, may_commit.set).start()
    assert tell(desk, order, "filled", [traded(1, "4"), traded(2, "6")]).status == "filled"
    first.join()
    assert desk.held("USDT") == 0
