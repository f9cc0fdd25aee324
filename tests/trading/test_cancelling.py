"""A cancellation is committed before the venue hears of it, and is asked for until the order has ended."""

from dataclasses import replace
from decimal import Decimal

import pytest
from celery import current_app
from django.test import Client
from django.urls import reverse

from kit import clock, tenancy
from kit.errors import ConflictError, NotFoundError
from kit.users.models import User
from markets.models import Instrument
from tests.programs import bearer
from tests.trading.desk import SYMBOL, Desk, assert_books_prove_themselves, make_desk, set_price, use_adapter
from trading import services, tasks
from trading.models import Cancellation, Order
from trading.orders import leases
from wallets.venues.base import (
    OrderReport,
    OrderRequest,
    TradeReport,
    VenueRejectedError,
    VenueUnavailableError,
)
from wallets.venues.demo import account as demo


class RestingVenue:
    """Takes every order and leaves it open until it is told to fill or cancel it; counts what it is asked."""

    def __init__(self) -> None:
        self.orders: dict[str, OrderReport] = {}
        self.asked: list[str] = []
        self.away = False

    def submit(self, request: OrderRequest) -> OrderReport:
        self._ask("submit")
        number = f"V{len(self.orders) + 1}"
        self.orders[request.client_order_id] = OrderReport(
            request.client_order_id, number, request.symbol, request.side, request.quantity, Decimal(0), "open", (),
            clock.now(),
        )  # fmt: skip
        return self.orders[request.client_order_id]

    def order(self, client_order_id: str, symbol: str) -> OrderReport | None:
        self._ask("order")
        return self.orders.get(client_order_id)

    def open_orders(self) -> tuple[OrderReport, ...]:
        self._ask("open_orders")
        return tuple(report for report in self.orders.values() if not report.is_final)

    def cancel(self, client_order_id: str, symbol: str) -> OrderReport:
        self._ask("cancel")
        report = self.orders.get(client_order_id)
        if report is None or report.is_final:
            raise VenueRejectedError("There is no such open order.", reason="symbol")
        self.orders[client_order_id] = replace(report, status="cancelled")
        return self.orders[client_order_id]

    def fill(self, order: Order, quantity: str) -> None:
        report = self.orders[order.client_order_id]
        trade = TradeReport(
            f"T{len(self.asked)}", order.client_order_id, report.symbol, report.side, Decimal(100), Decimal(quantity),
            Decimal(0), "USDT", "maker", clock.now(),
        )  # fmt: skip
        filled = report.filled_quantity + trade.quantity
        self.orders[order.client_order_id] = replace(
            report,
            filled_quantity=filled,
            status="filled" if filled == report.quantity else "partially_filled",
            trades=(*report.trades, trade),
        )

    def _ask(self, what: str) -> None:
        self.asked.append(what)
        if self.away:
            raise VenueUnavailableError("The connection was refused.")


@pytest.fixture
def desk(live_db: str, owner: User) -> Desk:
    return make_desk(owner)


@pytest.fixture
def venue(monkeypatch: pytest.MonkeyPatch) -> RestingVenue:
    resting = RestingVenue()
    use_adapter(monkeypatch, lambda connection: resting)
    return resting


def ask(desk: Desk, order: Order) -> Order:
    with tenancy.tenant(desk.owner.pk):
        return services.request_cancellation(owner_id=desk.owner.pk, order_id=order.pk)


def wish(desk: Desk) -> Cancellation:
    with tenancy.tenant(desk.owner.pk):
        return Cancellation.objects.get()


def let_all_fall_due(desk: Desk) -> None:
    with tenancy.tenant(desk.owner.pk):
        Order.objects.unfinished().update(due_at=leases.now())
        Cancellation.objects.filter(closed_at=None).update(due_at=leases.now())


def test_a_cancellation_whose_task_the_broker_lost_is_carried_out_by_the_sweeper(
    desk: Desk, venue: RestingVenue
) -> None:
    order = desk.trade("buy", "1")
    ask(desk, order)  # no worker runs here: the task is lost
    assert wish(desk).due_at is not None
    assert "cancel" not in venue.asked
    let_all_fall_due(desk)
    tasks.resolve_orders()
    assert desk.fresh(order).status == "cancelled"
    assert (wish(desk).due_at, wish(desk).closed_at is not None) == (None, True)
    assert desk.held("USDT") == 0
    assert_books_prove_themselves(desk)


def test_a_venue_that_is_away_is_asked_again(desk: Desk, venue: RestingVenue) -> None:
    order = desk.trade("buy", "1")
    ask(desk, order)
    venue.away = True
    assert services.cancel_order(owner_id=desk.owner.pk, order_id=order.pk).status == "open"
    with tenancy.tenant(desk.owner.pk):
        assert "could not be cancelled yet" in str(order.events.order_by("-id")[0].detail)
    venue.away = False
    assert services.cancel_order(owner_id=desk.owner.pk, order_id=order.pk).status == "open"  # not before it is due
    let_all_fall_due(desk)
    tasks.resolve_orders()
    assert desk.fresh(order).status == "cancelled"
    assert wish(desk).attempts == 2


def test_an_order_that_nobody_has_sent_ends_at_once(desk: Desk, venue: RestingVenue) -> None:
    order = desk.place("buy", "1")
    assert ask(desk, order).status == "cancelled"
    assert desk.execute(order).status == "cancelled"
    assert (venue.asked, desk.held("USDT")) == ([], 0)
    assert wish(desk).closed_at is not None
    assert_books_prove_themselves(desk)


def on_its_way(desk: Desk, venue: RestingVenue, monkeypatch: pytest.MonkeyPatch) -> Order:
    """An order that a worker is sending while its owner asks for its end."""
    order = desk.place("buy", "1")
    submit = venue.submit

    def meanwhile(request: OrderRequest) -> OrderReport:
        assert ask(desk, order).status == "submitting"
        assert services.cancel_order(owner_id=desk.owner.pk, order_id=order.pk).status == "submitting"
        return submit(request)

    monkeypatch.setattr(venue, "submit", meanwhile)
    return order


def test_the_wish_to_end_an_order_that_is_on_its_way_is_kept_and_carried_out(
    desk: Desk, venue: RestingVenue, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = on_its_way(desk, venue, monkeypatch)
    sent: list[str] = []
    monkeypatch.setattr(current_app, "send_task", lambda name, **_: sent.append(name))
    assert desk.execute(order).status == "open"
    assert "trading.tasks.cancel_order" in sent
    assert "cancel" not in venue.asked
    with tenancy.tenant(desk.owner.pk):
        told = [str(event.detail) for event in order.events.order_by("id")]
    assert "It will be cancelled as soon as the venue has answered." in " ".join(told)
    assert services.cancel_order(owner_id=desk.owner.pk, order_id=order.pk).status == "cancelled"
    assert (desk.held("USDT"), wish(desk).closed_at is not None) == (0, True)
    assert_books_prove_themselves(desk)


def test_where_it_is_filled_before_its_end_could_be_asked_for_that_is_what_counts(
    desk: Desk, venue: RestingVenue, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = on_its_way(desk, venue, monkeypatch)
    submit = venue.submit
    monkeypatch.setattr(venue, "submit", lambda request: (submit(request), venue.fill(order, "1"))[0])
    assert desk.execute(order).status == "open"
    let_all_fall_due(desk)
    tasks.resolve_orders()
    assert desk.fresh(order).status == "filled"
    assert wish(desk).closed_at is not None


def test_one_that_never_arrived_is_not_sent_again(
    desk: Desk, venue: RestingVenue, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = desk.place("buy", "1")

    def away(_: OrderRequest) -> OrderReport:
        ask(desk, order)
        raise VenueUnavailableError("The connection was refused.")

    monkeypatch.setattr(venue, "submit", away)
    assert desk.execute(order).status == "submitting"
    let_all_fall_due(desk)
    tasks.resolve_orders()
    assert desk.fresh(order).status == "cancelled"
    assert (venue.orders, desk.held("USDT")) == ({}, 0)


def test_page_and_api_say_that_it_will_be_cancelled(
    desk: Desk, venue: RestingVenue, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = desk.place("buy", "1")
    with tenancy.tenant(desk.owner.pk):
        Order.objects.filter(pk=order.pk).update(attempts=1, due_at=leases.start(leases.LEASE))
    client.force_login(desk.owner)
    page = reverse("trading:order", args=(order.pk,))
    answer = client.post(reverse("trading:order-cancel", args=(order.pk,)), follow=True)
    shown = answer.content.decode()
    assert shown.count("will be cancelled as soon as the venue has answered") == 3, "message, notice and event"
    assert reverse("trading:order-cancel", args=(order.pk,)) not in shown
    told = client.get(f"/api/v1/orders/{order.pk}", headers=bearer(desk.owner)).json()
    assert (told["status"], told["is_ending"]) == ("submitting", True)
    again = client.post(f"/api/v1/orders/{order.pk}/cancel", headers=bearer(desk.owner))
    assert (again.status_code, client.get(page).status_code) == (202, 200)


def test_asking_twice_is_one_wish(desk: Desk, venue: RestingVenue) -> None:
    order = desk.trade("buy", "1")
    ask(desk, order)
    ask(desk, order)
    with tenancy.tenant(desk.owner.pk):
        assert order.events.filter(detail="Cancellation was asked for.").count() == 1
    assert wish(desk).order_id == order.pk


def test_what_was_filled_before_the_wish_arrived_is_recorded(desk: Desk, venue: RestingVenue) -> None:
    order = desk.trade("buy", "1")
    venue.fill(order, "1")
    ask(desk, order)
    assert services.cancel_order(owner_id=desk.owner.pk, order_id=order.pk).status == "filled"
    assert wish(desk).closed_at is not None
    with pytest.raises(ConflictError, match="Nothing is left to cancel"):
        ask(desk, order)


def test_an_order_whose_cancellation_was_asked_for_is_not_sent_again(desk: Desk, venue: RestingVenue) -> None:
    order = desk.trade("buy", "1")
    with tenancy.tenant(desk.owner.pk):
        Order.objects.filter(pk=order.pk).update(status="uncertain", venue_order_id="")
    venue.orders.clear()
    ask(desk, order)
    let_all_fall_due(desk)
    assert desk.resolve(order).status == "cancelled"
    assert venue.asked.count("submit") == 1
    assert desk.held("USDT") == 0


def test_orders_that_rest_at_one_connection_are_asked_about_in_one_question(desk: Desk, venue: RestingVenue) -> None:
    orders = []
    for number in range(6):
        instrument = Instrument.objects.create(
            venue="simulated", symbol=f"C{number}/USDT", base=f"C{number}", quote="USDT",
            tick_size=Decimal("0.01"), lot_size=Decimal("0.001"),
        )  # fmt: skip
        set_price(instrument, "100")
        orders.append((instrument, number))
    with tenancy.tenant(desk.owner.pk):
        symbols = [SYMBOL, *(instrument.symbol for instrument, _ in orders)]
        services.set_limits(on=desk.connection, allowed_symbols=symbols, maximum_notional=Decimal(50_000))
    placed = [desk.trade("buy", "1", instrument=instrument) for instrument, _ in orders]
    venue.fill(placed[0], "0.4")
    venue.fill(placed[1], "1")
    venue.asked.clear()
    let_all_fall_due(desk)
    assert tasks.resolve_orders() == 6
    assert venue.asked == ["open_orders", "order"]  # the filled one is not open any more, and asked about by itself
    assert [desk.fresh(order).status for order in placed] == ["partially_filled", "filled", *["open"] * 4]


def test_a_stop_cancels_the_order_that_rests_in_its_way(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.trade("buy", "1", exit_stop=Decimal(95))
    resting = RestingVenue()
    use_adapter(monkeypatch, lambda connection: resting)
    order = desk.trade("sell", "1")
    assert order.status == "open"
    set_price(desk.instrument, "90")
    tasks.protect_positions_of(str(desk.owner.pk))
    assert "The stop at 95 was reached" in wish(desk).reason.exact
    let_all_fall_due(desk)
    tasks.resolve_orders()
    assert desk.fresh(order).status == "cancelled"
    use_adapter(monkeypatch, demo.open_demo_venue)
    tasks.protect_positions_of(str(desk.owner.pk))
    with tenancy.tenant(desk.owner.pk):
        (left,) = Order.objects.filter(protects__isnull=False)
    assert desk.execute(left).status == "filled"


def test_somebody_else_cannot_cancel(desk: Desk, venue: RestingVenue, other_owner: User) -> None:
    order = desk.trade("buy", "1")
    with pytest.raises(NotFoundError):
        ask(replace(desk, owner=other_owner), order)
    with tenancy.tenant(desk.owner.pk):
        assert not Cancellation.objects.exists()
