"""What was accepted as a stop or a target is carried out, for every wallet: nobody here has an agent."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest

from kit import clock, tenancy
from kit.alerts.models import Alert
from kit.errors import InvalidInputError
from kit.users.models import User
from markets.models import Instrument
from tests.trading.desk import Desk, make_desk, set_price
from trading import services, tasks
from trading.models import Order, Position
from trading.positions.protection import owners_to_protect
from wallets.ledger import AccountRef, Leg, post
from wallets.models import Wallet


@pytest.fixture
def desk(owner: User) -> Iterator[Desk]:
    with tenancy.tenant(owner.pk):
        yield make_desk(owner)


def price(desk: Desk, price: str) -> list[Order]:
    """A new price, and a look at what is protected; the orders are executed."""
    set_price(desk.instrument, price)
    return [desk.execute(order) for order in services.keep_protection(owner_id=desk.owner.pk)]


def give(desk: Desk, quantity: str, *, back: bool = False) -> None:
    """Bitcoin that no position knows of comes from the farm's books into the wallet's, or leaves them."""
    source, target = AccountRef(desk.farm.pk, "BTC", "external"), AccountRef(desk.wallet.pk, "BTC")
    legs = [Leg(target, source, Decimal(quantity)) if back else Leg(source, target, Decimal(quantity))]
    post(owner_id=desk.owner.pk, key=f"given {clock.now()}", kind="deposit", legs=legs)


@pytest.mark.parametrize("wallet", ["master", "farm", "wallet"])
def test_a_stop_is_carried_out_in_whatever_wallet(desk: Desk, wallet: str) -> None:
    desk.wallet = getattr(desk, wallet)
    if wallet != "wallet":
        from tests.trading.desk import fund

        fund(desk, "USDT", Decimal(1000))
    desk.trade("buy", "1", exit_stop=Decimal(95))
    assert price(desk, "95.01") == []
    (order,) = price(desk, "95")
    assert (order.side, order.status, order.reduce_only) == ("sell", "filled", True)
    position = Position.objects.get()
    assert (order.protects_id, position.quantity) == (position.pk, 0)
    assert position.exit_reason.exact == "The stop at 95 was reached by 95."


def test_a_target_is_carried_out(desk: Desk) -> None:
    desk.trade("buy", "1", exit_target=Decimal(110))
    (order,) = price(desk, "110")
    assert (order.status, order.reason.exact) == ("filled", "The target at 110 was reached by 110.")


def test_a_stop_a_basis_point_away_that_the_fill_has_passed_already_is_carried_out(desk: Desk) -> None:
    order = desk.place("buy", "1", exit_stop=Decimal("99.99"))
    set_price(desk.instrument, "99.98")
    desk.execute(order)
    (left,) = price(desk, "99.98")
    assert (left.side, left.status) == ("sell", "filled")


def test_a_trailing_stop_follows_the_price_and_stays(desk: Desk) -> None:
    desk.trade("buy", "1", exit_trail=Decimal(5))
    for seen, stop in (("100", 95), ("112", 107), ("108", 107)):
        assert price(desk, seen) == []
        assert Position.objects.get().exit_stop == stop
    assert len(price(desk, "107")) == 1


@pytest.mark.parametrize(
    ("levels", "fields"),
    [
        ({"exit_stop": Decimal(99_999_999)}, {"exit_stop"}),
        ({"exit_stop": Decimal(100)}, {"exit_stop"}),
        ({"exit_target": Decimal(100)}, {"exit_target"}),
        ({"exit_stop": Decimal("NaN")}, {"exit_stop"}),
        ({"exit_stop": Decimal(-1), "exit_trail": Decimal(0)}, {"exit_stop", "exit_trail"}),
        ({"side": "sell", "exit_stop": Decimal(90)}, {"exit_stop"}),
    ],
)
def test_what_cannot_be_kept_is_not_accepted(desk: Desk, levels: dict[str, object], fields: set[str]) -> None:
    with pytest.raises(InvalidInputError) as refused:
        desk.place(**levels)  # type: ignore[arg-type]
    assert set(refused.value.fields) == fields
    assert not Order.objects.exists()


@pytest.mark.parametrize(
    ("level", "bid", "ask", "is_accepted"),
    [
        ({"exit_stop": Decimal("99.5")}, "99", "101", False),  # the last price is above it, the bid is not
        ({"exit_stop": Decimal("99.5")}, "100", "101", True),
        ({"exit_target": Decimal("99.5")}, "98", "101", True),  # the last price is above it, the bid is not
        ({"exit_target": Decimal("100.5")}, "101", "102", False),
    ],
)
def test_a_level_is_judged_by_the_bid_as_the_monitor_does(
    desk: Desk, level: dict[str, Decimal], bid: str, ask: str, is_accepted: bool
) -> None:
    set_price(desk.instrument, "100", bid=Decimal(bid), ask=Decimal(ask))
    if not is_accepted:
        with pytest.raises(InvalidInputError, match=f"the bid of {bid}"):
            desk.place(**level)
        return
    desk.trade(**level)
    assert services.keep_protection(owner_id=desk.owner.pk) == []


def test_a_stop_a_target_and_a_trail_go_by_the_bid(desk: Desk) -> None:
    desk.trade("buy", "1", exit_stop=Decimal(95), exit_target=Decimal(110), exit_trail=Decimal(4))

    def look(last: str, bid: str) -> list[Order]:
        set_price(desk.instrument, last, bid=Decimal(bid), ask=Decimal(last))
        return services.keep_protection(owner_id=desk.owner.pk)

    assert look("111", "104") == []  # the last price has reached the target, a sale would not get it
    assert Position.objects.get().exit_stop == 100  # behind the bid
    (order,) = look("103", "99.5")
    assert order.reason.exact == "The stop at 100 was reached by 99.5."


def test_a_stale_price_triggers_nothing_and_is_told_of_until_a_fresh_one_comes(desk: Desk) -> None:
    desk.trade("buy", "1", exit_stop=Decimal(95), exit_trail=Decimal(5))

    def look(price: str, seconds: int) -> list[Order]:
        set_price(desk.instrument, price, at=clock.now() - timedelta(seconds=seconds))
        return services.keep_protection(owner_id=desk.owner.pk)

    told = Alert.objects.filter(kind="stale-price")
    assert look("120", 55) == []
    assert (Position.objects.get().exit_stop, told.count()) == (115, 0)
    assert look("90", 61) == []  # below the stop, and too old to sell by
    assert look("200", 90) == []  # nor does it move the stop
    assert Position.objects.get().exit_stop == 115
    alert = told.get()
    assert (alert.resolved_at, alert.times, alert.level) == (None, 1, "critical")
    assert ("BTC/USDT" in alert.headline(), "1 position has" in alert.story()) == (True, True)
    (order,) = look("90", 0)
    assert (order.protects_id, order.status) == (Position.objects.get().pk, "submitting")
    assert told.get().resolved_at is not None


def test_levels_stand_on_the_ticks_of_the_instrument(desk: Desk) -> None:
    order = desk.place(exit_stop=Decimal("95.12499"), exit_target=Decimal("110.125"), exit_trail=Decimal("5.00001"))
    assert (order.exit_stop, order.exit_target, order.exit_trail) == (
        Decimal("95.12"), Decimal("110.13"), Decimal(5),
    )  # fmt: skip
    with pytest.raises(InvalidInputError, match="above zero"):
        desk.place(exit_stop=Decimal("0.001"))


def test_repeating_a_request_returns_its_order_though_the_market_has_passed_the_stop(desk: Desk) -> None:
    first = desk.place("buy", "1", key="same", exit_stop=Decimal(95))
    set_price(desk.instrument, "90")
    assert desk.place("buy", "1", key="same", exit_stop=Decimal(95)).pk == first.pk


def test_a_stop_passes_a_halt_and_a_person_does_not(desk: Desk) -> None:
    desk.trade("buy", "1", exit_stop=Decimal(95))
    Wallet.objects.filter(pk=desk.master.pk).update(trading_state="halted")
    set_price(desk.instrument, "90")
    assert desk.place("sell", "1").status == "rejected"
    (order,) = price(desk, "90")
    assert order.status == "filled"


def test_money_given_to_a_wallet_does_not_switch_its_stop_off(desk: Desk) -> None:
    desk.trade("buy", "1", exit_stop=Decimal(95))
    give(desk, "0.2")
    buy = desk.place("buy", "1")
    assert (buy.status, buy.risk_decisions.get().limit) == ("rejected", "reconciliation")
    (order,) = price(desk, "95")
    assert (order.status, order.quantity) == ("filled", 1)
    assert desk.balance("BTC") == Decimal("0.2")


def test_what_was_taken_from_a_position_is_not_sold_and_what_is_left_of_it_is(desk: Desk) -> None:
    desk.trade("buy", "1", exit_stop=Decimal(95))
    give(desk, "0.4", back=True)
    (order,) = price(desk, "95")
    assert (order.status, order.quantity) == ("filled", Decimal("0.6"))
    assert price(desk, "94") == []  # its first pause
    with clock.at(clock.now() + timedelta(minutes=1)):
        set_price(desk.instrument, "94")
    Order.objects.update(due_at=None)
    assert services.keep_protection(owner_id=desk.owner.pk) == []


def test_a_position_of_which_the_books_have_nothing_calls_a_person(desk: Desk) -> None:
    desk.trade("buy", "1", exit_stop=Decimal(95))
    give(desk, "1", back=True)
    assert price(desk, "95") == []
    assert Alert.objects.get().title == "Agent cannot close its position"


def test_the_task_finds_who_has_to_be_protected(live_db: str, owner: User, other_owner: User) -> None:
    desks = [make_desk(person) for person in (owner, other_owner)]
    desks[0].trade("buy", "1", exit_stop=Decimal(95))
    desks[1].trade("buy", "1")
    set_price(desks[0].instrument, "90")
    with tenancy.system():
        assert owners_to_protect() == [owner.pk]
    tasks.protect_positions_of(str(owner.pk))
    with tenancy.tenant(owner.pk):
        (order,) = Order.objects.filter(protects__isnull=False)
    assert desks[0].execute(order).status == "filled"
    with tenancy.system():
        assert owners_to_protect() == []


def test_a_position_of_an_instrument_without_a_price_is_left_alone(desk: Desk) -> None:
    desk.trade("buy", "1", exit_stop=Decimal(95))
    Instrument.objects.get(pk=desk.instrument.pk).ticker.delete()
    assert services.keep_protection(owner_id=desk.owner.pk) == []
    assert "There is no price" in Alert.objects.get(kind="stale-price").story()
