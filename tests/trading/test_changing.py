"""Venues that change orders by themselves are asked to: in its place, or by ending one and placing another at once."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
import stamina

from kit import tenancy
from kit.errors import ConflictError
from kit.users.models import User
from tests.simulators.account import Account
from tests.simulators.server import Exchanges
from tests.trading.desk import Desk, assert_books_prove_themselves
from tests.trading.exchange_desk import desk_at
from trading import services
from trading.models import Amendment, Cancellation, Order, OrderEvent
from trading.orders import leases
from trading.orders.terms import Limit
from wallets.venues.registry import open_venue

D = Decimal
IN_PLACE = ("kraken", "okx", "bybit")
# Where each is asked to change an order.
ASKED = {"kraken": "AmendOrder", "okx": "amend-order", "bybit": "order/amend", "binance": "cancelReplace"}


@pytest.fixture(autouse=True)
def _without_waiting() -> Iterator[None]:
    with stamina.set_testing(True, attempts=1):
        yield


def opened(exchanges: Exchanges, owner: User, slug: str) -> tuple[Desk, Account]:
    with tenancy.tenant(owner.pk):
        desk = desk_at(exchanges, owner, slug)
    account = exchanges.wires[slug].account
    account.fee_in_base = slug == "bybit"  # which does not say what a fee was paid in
    return desk, account


def rest(desk: Desk, quantity: str = "0.5", **more: Any) -> Order:
    order = desk.trade("buy", quantity, limit=Limit(D(40_000)), **more)
    assert order.status == "open"
    return order


def wish(desk: Desk, order: Order, price: int = 41_000, key: str = "k", **more: Any) -> Amendment:
    with tenancy.tenant(desk.owner.pk):
        return services.amend_order(owner_id=desk.owner.pk, order_id=order.pk, key=key, limit_price=D(price), **more)


def ask(desk: Desk, order: Order) -> Order | None:
    """The order that stands for the new terms once the venue was asked."""
    services.change_order(owner_id=desk.owner.pk, order_id=order.pk)
    with tenancy.tenant(desk.owner.pk):
        return Order.objects.filter(replaces=order).first()


def ask_later(desk: Desk, order: Order) -> Order | None:
    with tenancy.tenant(desk.owner.pk):
        Amendment.objects.filter(closed_at=None).update(due_at=leases.now())
    return ask(desk, order)


def hear(desk: Desk, order: Order) -> Order:
    """The order as the venue has it."""
    desk.fall_due(order)
    return desk.resolve(order)


def result(desk: Desk) -> str:
    with tenancy.tenant(desk.owner.pk):
        return str(Amendment.objects.order_by("created_at").last().result)  # type: ignore[union-attr]


def settled(desk: Desk, bought: str) -> None:
    """All is filled, nothing is held, and the books are right."""
    with tenancy.tenant(desk.owner.pk):
        assert not Order.objects.unfinished().exists()
        assert not Amendment.objects.filter(closed_at=None).exists()
        assert desk.wallet.positions.get().quantity == D(bought)
    assert desk.held("USDT") == 0
    assert desk.books_agree()
    assert_books_prove_themselves(desk)


@pytest.mark.parametrize("slug", IN_PLACE)
def test_the_venue_changes_it_in_its_place_and_another_order_stands_for_it(
    exchanges: Exchanges, owner: User, slug: str
) -> None:
    desk, account = opened(exchanges, owner, slug)
    order = rest(desk, exit_stop=D(30_000))
    held = desk.held("USDT")
    assert wish(desk, order, quantity=D("0.6")).way == "in_place"
    assert desk.held("USDT") == held * 41_000 * 6 / 40_000 / 5, "what the dearer terms need is held from now on"
    with tenancy.tenant(owner.pk):
        assert not Cancellation.objects.exists()
    heir = ask(desk, order)
    assert heir is not None
    old, (there,) = desk.fresh(order), account.orders
    assert (old.status, heir.status, heir.attempts) == ("cancelled", "open", 1)
    assert (heir.limit_price, heir.quantity, heir.exit_stop) == (41_000, D("0.6"), 30_000)
    assert (heir.client_order_id, heir.venue_order_id) == (old.client_order_id, old.venue_order_id)
    assert (there.state, there.quantity, there.price) == ("open", D("0.6"), 41_000)
    assert "The venue has changed it" in result(desk)
    with tenancy.tenant(owner.pk):
        assert [decision.allowed for decision in heir.risk_decisions.all()] == [True]
    account.fill(there, "0.6", "41000")
    assert hear(desk, heir).status == "filled"
    settled(desk, "0.5994" if slug == "bybit" else "0.6")


def test_what_was_filled_before_stays_the_firsts_and_what_comes_is_the_others(
    exchanges: Exchanges, owner: User
) -> None:
    desk, account = opened(exchanges, owner, "kraken")
    order = rest(desk)
    account.fill(account.orders[0], "0.1", "40000")
    hear(desk, order)
    wish(desk, order, price=39_000, quantity=D("0.4"))
    account.fill(account.orders[0], "0.05", "40000")  # nobody has heard of it, and the new limit does not allow it
    heir = ask(desk, order)
    assert heir is not None
    assert (desk.fresh(order).filled_quantity, heir.quantity) == (D("0.15"), D("0.25"))
    account.fill(account.orders[0], "0.05", "39000")
    assert hear(desk, heir).status == "partially_filled"
    with tenancy.tenant(owner.pk):
        venue = open_venue(desk.connection)
    told = venue.order(order.client_order_id, "BTC/USDT")
    assert told is not None
    assert services.record_report(owner_id=owner.pk, order_id=order.pk, report=told).pk == heir.pk
    late = desk.fresh(order)
    assert (late.status, late.filled_quantity) == ("cancelled", D("0.15"))
    assert wish(desk, heir, price=39_500, quantity=D("0.3"), key="again").way == "in_place"
    last = ask(desk, heir)
    assert last is not None
    assert (last.quantity, account.orders[0].quantity) == (D("0.25"), D("0.45"))
    account.fill(account.orders[0], "0.25", "39500")
    assert hear(desk, last).status == "filled"
    with tenancy.tenant(owner.pk):
        filled = {one.limit_price: one.filled_quantity for one in Order.objects.all()}
    assert filled == {D(40_000): D("0.15"), D(39_000): D("0.05"), D(39_500): D("0.25")}
    settled(desk, "0.45")


def test_a_venue_that_tells_of_the_new_terms_first_is_believed(exchanges: Exchanges, owner: User) -> None:
    """The sweeper asks about the order while the worker that asked for the change is gone."""
    desk, account = opened(exchanges, owner, "kraken")
    order = rest(desk)
    wish(desk, order)
    exchanges.fail("AmendOrder", "cut_after")
    exchanges.fail("OpenOrders", "answer")
    assert ask(desk, order) is None
    doubted = desk.fresh(order)
    assert doubted.status == "uncertain"
    with tenancy.tenant(owner.pk):
        told = OrderEvent.objects.filter(order=order, to_status="uncertain").get()
    assert "Nobody knows whether it was changed" in str(told.detail)
    desk.fall_due(order)
    hear(desk, order)
    with tenancy.tenant(owner.pk):
        heir = Order.objects.get(replaces=order)
    assert (desk.fresh(order).status, heir.status, heir.limit_price) == ("cancelled", "open", 41_000)
    account.fill(account.orders[0], "0.5", "41000")
    assert hear(desk, heir).status == "filled"
    settled(desk, "0.5")


@pytest.mark.parametrize(
    "kind",
    [
        *("cut_after", "truncated"),
        *(pytest.param(kind, marks=pytest.mark.slow) for kind in ("lost_before", "lost_after")),
    ],
)
@pytest.mark.parametrize("slug", ["kraken", "binance"])
def test_nobody_knows_for_long_whatever_becomes_of_the_message(
    exchanges: Exchanges, owner: User, slug: str, kind: Any
) -> None:
    desk, account = opened(exchanges, owner, slug)
    order = rest(desk)
    wish(desk, order)
    exchanges.fail(ASKED[slug], kind)
    heir = ask(desk, order) or ask_later(desk, order)
    assert heir is not None
    desk.fall_due(heir)
    heir = hear(desk, heir)
    assert (desk.fresh(order).status, heir.status, heir.limit_price) == ("cancelled", "open", 41_000)
    (there,) = [one for one in account.orders if one.state == "open"]
    account.fill(there, "0.5", "41000")
    assert hear(desk, heir).status == "filled"
    settled(desk, "0.5")


@pytest.mark.parametrize("slug", [*IN_PLACE, "binance"])
def test_where_the_venue_says_no_it_stays_as_it_is(exchanges: Exchanges, owner: User, slug: str) -> None:
    desk, account = opened(exchanges, owner, slug)
    order = rest(desk)
    held = desk.held("USDT")
    wish(desk, order, quantity=D("0.9"))
    if slug == "binance":
        account.fill(account.orders[0], "0.5", "40000")
    else:
        account.deposit("USDT", -79_000)
    assert ask(desk, order) is None
    after = desk.fresh(order)
    if slug == "binance":
        assert (after.status, "had ended" in result(desk)) == ("filled", True)
        settled(desk, "0.5")
    else:
        assert (after.status, after.limit_price, desk.held("USDT")) == ("open", 40_000, held)
        assert "The venue left it as it is" in result(desk)
        with pytest.raises(ConflictError, match="cancel it, and place another"):
            wish(desk, order, key="again")


def test_one_message_ends_it_and_places_another(exchanges: Exchanges, owner: User) -> None:
    desk, account = opened(exchanges, owner, "binance")
    order = rest(desk)
    assert wish(desk, order).way == "at_once"
    heir = ask(desk, order)
    assert heir is not None
    assert [(one.state, one.price) for one in account.orders] == [("cancelled", 40_000), ("open", 41_000)]
    assert (desk.fresh(order).status, heir.status, heir.client_order_id) == (
        "cancelled", "open", account.orders[1].client_id,
    )  # fmt: skip
    assert desk.held("USDT") == D("20500") * D("1.001")
    account.fill(account.orders[1], "0.5", "41000")
    assert hear(desk, heir).status == "filled"
    settled(desk, "0.5")


def test_one_that_was_filled_in_part_meanwhile_is_ended_first(exchanges: Exchanges, owner: User) -> None:
    desk, account = opened(exchanges, owner, "binance")
    order = rest(desk)
    wish(desk, order)
    account.fill(account.orders[0], "0.2", "40000")
    assert ask(desk, order) is None
    with tenancy.tenant(owner.pk):
        assert Amendment.objects.get().way == "ends"
    services.cancel_order(owner_id=owner.pk, order_id=order.pk)
    heir = services.finish_amendment(owner_id=owner.pk, order_id=order.pk)
    assert heir is not None
    heir = desk.execute(heir)
    assert (desk.fresh(order).status, heir.status, heir.quantity) == ("cancelled", "open", D("0.3"))
    account.fill(account.orders[1], "0.3", "41000")
    assert hear(desk, heir).status == "filled"
    settled(desk, "0.5")


def test_where_the_other_is_turned_down_nothing_rests_and_that_is_said(exchanges: Exchanges, owner: User) -> None:
    desk, account = opened(exchanges, owner, "binance")
    order = rest(desk)
    wish(desk, order, quantity=D("0.9"))
    account.deposit("USDT", -79_000)
    heir = ask(desk, order)
    assert heir is not None
    assert (desk.fresh(order).status, heir.status) == ("cancelled", "rejected")
    assert [one.state for one in account.orders] == ["cancelled"]
    assert desk.held("USDT") == 0


def test_a_wish_to_cancel_it_is_carried_over_and_ends_what_was_not_asked_for(exchanges: Exchanges, owner: User) -> None:
    desk, account = opened(exchanges, owner, "kraken")
    own = owner.pk
    first = rest(desk)
    wish(desk, first)
    with tenancy.tenant(own):
        services.request_cancellation(owner_id=own, order_id=first.pk)
    assert ask(desk, first) is None
    assert "nothing takes its place" in result(desk)
    services.cancel_order(owner_id=own, order_id=first.pk)
    assert desk.fresh(first).status == "cancelled"
    second = rest(desk)
    wish(desk, second)
    exchanges.fail("AmendOrder", "cut_after")
    exchanges.fail("OpenOrders", "answer")
    assert ask(desk, second) is None
    with tenancy.tenant(own):
        services.request_cancellation(owner_id=own, order_id=second.pk)
    heir = ask_later(desk, second)
    assert heir is not None
    services.cancel_order(owner_id=own, order_id=heir.pk)
    assert desk.fresh(heir).status == "cancelled"
    assert [one.state for one in account.orders] == ["cancelled", "cancelled"]
    assert desk.held("USDT") == 0
    with pytest.raises(ConflictError):
        wish(desk, desk.fresh(second), key="late")
