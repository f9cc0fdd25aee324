"""Whoever changes what an order or a position holds waits for who changes it already, and goes on from there."""

from collections.abc import Callable

import pytest

from kit.users.models import User
from tests.overtaking import in_the_middle_of
from tests.trading.desk import make_desk
from tests.trading.perpetual_desk import PerpetualDesk
from tests.trading.test_funding import pass_periods
from tests.trading.test_recording import tell
from tests.trading.test_recording import trade as traded
from tests.trading.test_shortfalls import assert_whole, give, make, turn
from trading import services
from trading.orders import recording, shortfalls


def trade(desk: PerpetualDesk) -> None:
    desk.trade("buy", "1", reduce_only=True)


def book_funding(desk: PerpetualDesk) -> None:
    services.settle_funding(owner_id=desk.owner.pk, connection_id=desk.connection.pk)


@pytest.mark.parametrize("change", [trade, book_funding])
def test_what_changes_a_margin_while_it_is_made_up_goes_on_from_what_holds_it_by_then(
    live_db: str, owner: User, change: Callable[[PerpetualDesk], None]
) -> None:
    desk = make(owner)
    turn(desk)
    give(desk, 30)
    if change is book_funding:
        pass_periods(desk, 1)
    given = {"owner_id": owner.pk, "connection_id": desk.connection.pk}
    with in_the_middle_of(lambda: services.make_up_margins(**given), shortfalls, "hold_margin"):
        change(desk)
    position = desk.position()
    assert position is not None
    assert_whole(desk, position.margin_shortfall)


def test_an_order_of_which_two_workers_hear_at_once_gives_all_back_that_it_held(live_db: str, owner: User) -> None:
    desk = make_desk(owner)
    order = desk.place("buy", "10")
    some, rest = traded(1, "4"), traded(2, "6")
    with in_the_middle_of(lambda: tell(desk, order, "partially_filled", [some]), recording, "move"):
        assert tell(desk, order, "filled", [some, rest]).status == "filled"
    assert desk.held("USDT") == 0
