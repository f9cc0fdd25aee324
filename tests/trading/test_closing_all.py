"""Everything below some wallets is left: each position once, whoever asks how often, and what stays open is stated."""

import threading
from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.db import connections

from kit import clock, tenancy
from kit.errors import NotFoundError
from kit.sentences import Sentence
from kit.users.models import User
from tests.trading.desk import Desk, assert_books_prove_themselves, fund, make_desk, set_price
from tests.trading.test_cancelling import RestingVenue
from tests.trading.test_cancelling import venue as venue
from trading import services
from trading.models import Order, Position
from trading.services import Closing
from wallets.hierarchy import holds
from wallets.ledger import AccountRef, Leg, post
from wallets.models import Connection, Wallet

REASON = Sentence("The goal is reached.")


@pytest.fixture
def desk(live_db: str, owner: User) -> Desk:
    return make_desk(owner)


def second_agent(desk: Desk) -> Desk:
    """The same desk at another agent's wallet of the farm."""
    with tenancy.tenant(desk.owner.pk):
        wallet = Wallet.objects.create(
            owner=desk.owner, connection=desk.connection, name="Second", role="agent", parent=desk.farm
        )
        other = Desk(desk.owner, desk.connection, desk.master, desk.farm, wallet, desk.instrument)
        fund(other, "USDT", Decimal(1000))
    return other


def close(desk: Desk, *wallets: Wallet) -> Closing:
    with tenancy.tenant(desk.owner.pk):
        return services.close_all(
            owner_id=desk.owner.pk, wallet_ids=[wallet.pk for wallet in wallets or [desk.farm]], reason=REASON
        )


def sales(desk: Desk) -> list[Order]:
    with tenancy.tenant(desk.owner.pk):
        return list(Order.objects.filter(side="sell").order_by("created_at"))


def reasons(found: Closing) -> list[str]:
    return [one.why.exact for one in found.open]


def test_all_below_a_wallet_is_sold_whole_and_once(desk: Desk) -> None:
    other = second_agent(desk)
    desk.trade("buy", "2")
    other.trade("buy", "3.5")
    found = close(desk)
    assert sorted(order.quantity for order in found.placed) == [2, Decimal("3.5")]
    assert reasons(found) == ["Its exit is on its way."] * 2
    assert all(str(order.reason) == "The goal is reached." and order.reduce_only for order in found.placed)
    again = close(desk)
    assert (again.placed, again.is_done, len(sales(desk))) == ((), False, 2)
    assert {one.order.pk for one in again.open if one.order} == {order.pk for order in found.placed}
    for order in found.placed:
        assert desk.execute(order).status == "filled"
    assert close(desk).is_done
    assert len(sales(desk)) == 2
    assert_books_prove_themselves(desk)


def test_only_what_stands_below_is_left(desk: Desk) -> None:
    other = second_agent(desk)
    desk.trade("buy", "1")
    other.trade("buy", "1")
    (placed,) = close(desk, other.wallet).placed
    assert placed.wallet_id == other.wallet.pk
    with pytest.raises(NotFoundError):
        services.close_all(owner_id=desk.owner.pk, wallet_ids=[placed.pk], reason=REASON)


def test_somebody_elses_wallets_are_not_there(desk: Desk, other_owner: User) -> None:
    desk.trade("buy", "1")
    with tenancy.tenant(other_owner.pk), pytest.raises(NotFoundError):
        services.close_all(owner_id=other_owner.pk, wallet_ids=[desk.farm.pk], reason=REASON)
    assert sales(desk) == []


def test_many_who_ask_at_once_place_one_exit(desk: Desk) -> None:
    desk.trade("buy", "1")
    ready, placed = threading.Barrier(6), []

    def ask() -> None:
        ready.wait(30)
        placed.extend(close(desk).placed)
        connections.close_all()

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(placed) == len(sales(desk)) == 1


def test_what_would_open_is_cancelled_first_and_then_sold(desk: Desk, venue: RestingVenue) -> None:
    order = desk.trade("buy", "2")
    venue.fill(order, "0.5")
    desk.fall_due(order)
    desk.resolve(order)
    found = close(desk)
    assert [one.pk for one in found.cancelled] == [one.pk for one in found.opening] == [order.pk]
    assert reasons(found) == ["An order that buys more of it has to end first."]
    assert (close(desk).cancelled, sales(desk)) == ((), [])
    services.cancel_order(owner_id=desk.owner.pk, order_id=order.pk)
    assert desk.fresh(order).status == "cancelled"
    found = close(desk)
    assert (found.opening, [one.quantity for one in found.placed]) == ((), [Decimal("0.5")])


def test_an_order_that_is_just_being_sent_is_waited_for(desk: Desk) -> None:
    order = desk.place("buy", "1")
    with tenancy.tenant(desk.owner.pk):
        Order.objects.filter(pk=order.pk).update(attempts=1)
    found = close(desk)
    assert ([one.pk for one in found.cancelled], found.is_done) == ([order.pk], False)
    assert [one.pk for one in found.opening] == [order.pk]
    desk.fall_due(order)
    assert desk.resolve(order).status == "cancelled"
    assert close(desk).is_done


def test_an_order_that_nobody_has_sent_ends_at_once(desk: Desk) -> None:
    order = desk.place("buy", "1")
    found = close(desk)
    assert ([one.pk for one in found.cancelled], found.is_done) == ([order.pk], True)


def test_exits_go_on_where_only_reducing_is_allowed(desk: Desk) -> None:
    desk.trade("buy", "1")
    with tenancy.tenant(desk.owner.pk):
        Wallet.objects.filter(pk=desk.master.pk).update(trading_state="reducing")
    (order,) = close(desk).placed
    assert desk.execute(order).status == "filled"
    assert close(desk).is_done


def test_a_halt_is_stated_and_tried_anew_after_a_pause(desk: Desk) -> None:
    desk.trade("buy", "1")
    with tenancy.tenant(desk.owner.pk):
        Wallet.objects.filter(pk=desk.master.pk).update(trading_state="halted")
    for _ in range(3):  # the attempt is one
        found = close(desk)
        assert reasons(found) == ["Trading is halted at Fund: set it to active before placing orders."]
        assert (found.placed, len(sales(desk))) == ((), 1)
    with tenancy.tenant(desk.owner.pk):
        Wallet.objects.filter(pk=desk.master.pk).update(trading_state="active")
    assert close(desk).placed == ()
    with time_machine.travel(clock.now() + timedelta(seconds=11)):
        set_price(desk.instrument, "100")
        found = close(desk)
        assert reasons(found) == ["Its exit is on its way."]
        (order,) = found.placed
        assert desk.execute(order).status == "filled"
        assert close(desk).is_done


def test_exits_pass_a_halt_that_a_rule_has_made_and_nothing_else_does(desk: Desk) -> None:
    desk.trade("buy", "1")
    with tenancy.tenant(desk.owner.pk):
        holds.hold(
            owner_id=desk.owner.pk, wallet_ids=[desk.master.pk], holder="exposure:1:", state="halted",
            words="the limit of leverage",
        )  # fmt: skip
    said = "Trading is halted at Fund, for the limit of leverage: set it to active before placing orders."
    for side in ("buy", "sell"):
        assert desk.place(side, "0.5").refusal.exact == said
    (order,) = close(desk).placed
    assert desk.execute(order).status == "filled"
    assert close(desk).is_done


@pytest.mark.parametrize("first", ["owner", "rule"])
def test_the_owners_own_halt_binds_exits_whatever_a_rule_has_halted_too(desk: Desk, first: str) -> None:
    desk.trade("buy", "1")

    def halt() -> None:
        holds.hold(
            owner_id=desk.owner.pk, wallet_ids=[desk.master.pk], holder="exposure:1:", state="halted",
            words="the limit of leverage",
        )  # fmt: skip

    with tenancy.tenant(desk.owner.pk):
        if first == "rule":
            halt()
        holds.choose(owner_id=desk.owner.pk, wallet_id=desk.master.pk, state="halted")
        if first == "owner":
            halt()
    assert reasons(close(desk)) == ["Trading is halted at Fund: set it to active before placing orders."]


def test_an_exit_that_was_placed_before_its_owner_halted_the_wallet_is_not_sent(desk: Desk) -> None:
    desk.trade("buy", "1")
    (order,) = close(desk).placed
    with tenancy.tenant(desk.owner.pk):
        holds.choose(owner_id=desk.owner.pk, wallet_id=desk.master.pk, state="halted")
    assert "trading was halted at Fund meanwhile" in str(desk.execute(order).refusal)


def test_a_connection_that_is_not_active_and_books_without_it_are_stated(desk: Desk) -> None:
    other = second_agent(desk)
    desk.trade("buy", "1")
    other.trade("buy", "1")
    with tenancy.tenant(desk.owner.pk):
        held = AccountRef(other.wallet.pk, "BTC")
        legs = [Leg(held, AccountRef(other.wallet.pk, "BTC", "external"), Decimal(1))]
        post(owner_id=desk.owner.pk, key="taken away", kind="withdraw", legs=legs)
        Connection.objects.update(state="paused")
    assert reasons(close(desk)) == ["Desk is paused: make it active to sell."] * 2
    with tenancy.tenant(desk.owner.pk):
        Connection.objects.update(state="active")
    found = close(desk)
    assert [order.wallet_id for order in found.placed] == [desk.wallet.pk]
    assert "The books have nothing of it left to sell: sync the connection." in reasons(found)
    with tenancy.tenant(desk.owner.pk):
        assert Position.objects.filter(closed_at=None).count() == 2
