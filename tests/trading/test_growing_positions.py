"""The stop that rests at a venue while its position grows. Real ccxt over real HTTP against a simulated exchange; the
clock is moved by the test."""

from collections.abc import Iterator
from decimal import Decimal

import pytest
import stamina

from kit import clock
from kit.users.models import User
from tests.simulators.server import Exchanges
from tests.trading.test_denied import Time, go_on
from tests.trading.test_resting_stops import Held, held_at
from trading import services

D = Decimal


@pytest.fixture
def time() -> Iterator[Time]:
    moved = Time()
    with stamina.set_testing(True, attempts=1), clock.simulated(moved):
        yield moved


@pytest.fixture
def held(as_owner: User, exchanges: Exchanges, time: Time) -> Held:
    """Half a bitcoin, whose stop rests, and a tenth that was bought to it."""
    held = held_at(exchanges, as_owner, "binance")
    go_on(held, time, "50000", turns=2)
    assert held.desk.trade("buy", "0.1", exit_stop=D(45_000)).status == "filled"
    return held


def quantities(held: Held) -> list[Decimal]:
    return [order.quantity for order in held.stops]


def test_an_entry_that_fills_bit_by_bit_does_not_keep_the_stop_away(held: Held, time: Time) -> None:
    """Each bit would end it, until the next look places another one: it grows once in a while."""
    go_on(held, time, "50000", turns=1)
    assert quantities(held) == [D("0.5")]
    go_on(held, time, "50000", turns=5)
    assert quantities(held) == [D("0.6")]


def test_what_was_bought_since_is_sold_once_the_smaller_stop_has_sold(held: Held, time: Time) -> None:
    go_on(held, time, "50000", turns=1)
    held.price("44000")
    go_on(held, time, "44000", turns=3)
    assert held.is_left()
    assert held.sold() == D("0.6")


def test_a_stop_that_somebody_moves_is_moved_at_once(held: Held, time: Time) -> None:
    services.move_levels(owner_id=held.desk.owner.pk, position_id=held.position.pk, levels={"exit_stop": D(47_000)})
    for _ in range(2):
        held.work()
    assert [(order.trigger, order.quantity) for order in held.stops] == [(47_000, D("0.6"))]
