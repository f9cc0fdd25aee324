"""An order meets a venue that answers, refuses, is away, or loses the answer."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest
import stamina

from kit import clock, tenancy
from kit.alerts.models import Alert
from kit.errors import ConflictError
from tests.trading.desk import Desk, assert_books_prove_themselves, fail_with, make_desk, set_price, use_adapter
from tests.wallets.venues.faulty import FaultyVenue
from trading import services, tasks
from trading.models import Cancellation, Order
from trading.orders import leases
from wallets.models import Connection, DemoOrder, Wallet
from wallets.venues.base import (
    OrderReport,
    OrderRequest,
    VenueAmbiguousError,
    VenueCredentialsError,
    VenueRejectedError,
)
from wallets.venues.demo import account as demo
from wallets.venues.demo.exchange import DemoVenue


@pytest.fixture(autouse=True)
def _without_waiting() -> Iterator[None]:
    with stamina.set_testing(True, attempts=3, cap=True):
        yield


@pytest.fixture
def desk(as_owner: object, owner: object) -> Desk:
    return make_desk(owner)  # type: ignore[arg-type]


def steps(order: Order) -> list[str]:
    return list(order.events.values_list("to_status", flat=True))


def test_a_buy_is_filled_and_all_of_it_is_in_the_books(desk: Desk) -> None:
    order = desk.trade("buy", "2")
    fill = order.fills.get()
    assert (order.status, order.filled_quantity, order.average_price) == ("filled", 2, fill.price)
    assert (order.hold, order.due_at, steps(order)) == (None, None, ["submitting", "filled"])
    assert desk.held("USDT") == 0
    assert desk.balance("BTC") == 2
    assert desk.balance("USDT") == Decimal(100_000) - fill.notional - fill.fee
    assert desk.balance("USDT", "fees") == fill.fee
    assert desk.books_agree()
    assert_books_prove_themselves(desk)


def test_the_venues_answer_is_kept_with_the_step_it_caused(desk: Desk) -> None:
    order = desk.trade("buy", "2")
    answer = order.events.last().answer
    assert answer["status"] == "filled"
    assert answer["venue_order_id"] == order.venue_order_id
    assert Decimal(answer["trades"][0]["quantity"]) == 2


def test_a_round_trip_becomes_a_trade_whose_profit_is_what_the_wallet_gained(desk: Desk) -> None:
    desk.trade("buy", "2", reason="Breakout.", exit_stop=Decimal(90), exit_target=Decimal(130))
    position = desk.wallet.positions.get()
    assert (position.exit_stop, position.exit_target, str(position.entry_reason)) == (90, 130, "Breakout.")
    set_price(desk.instrument, "120")
    desk.trade("sell", "2", reason="Target reached.", reduce_only=True)
    position.refresh_from_db()
    assert (position.quantity, str(position.exit_reason)) == (0, "Target reached.")
    assert position.closed_at is not None
    assert position.realized_pnl == desk.balance("USDT") - 100_000
    assert desk.balance("BTC") == 0
    assert desk.books_agree()
    assert_books_prove_themselves(desk)


def test_half_a_sale_leaves_half_a_position(desk: Desk) -> None:
    desk.trade("buy", "2")
    desk.trade("sell", "0.5")
    position = desk.wallet.positions.get()
    assert (position.quantity, position.entry_quantity, position.exit_quantity) == (Decimal("1.5"), 2, Decimal("0.5"))
    assert position.closed_at is None


def test_the_venues_no_is_final_and_gives_the_funds_back(desk: Desk) -> None:
    demo.credit(owner_id=desk.owner.pk, connection_id=desk.connection.pk, asset="USDT", amount=Decimal(-99_950))
    order = desk.trade("buy", "1")
    assert order.status == "rejected"
    assert "Fund the account" in str(order.refusal)
    assert desk.held("USDT") == 0
    assert_books_prove_themselves(desk)


def test_a_lost_answer_is_found_at_once_by_the_client_order_id(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    venue = fail_with(monkeypatch, "lost_after")
    order = desk.trade("buy", "1")
    assert steps(order) == ["submitting", "uncertain", "filled"]
    assert (len(venue.submitted), venue.lookups) == (1, 1)
    assert desk.books_agree()


def test_a_lost_request_stays_uncertain_until_the_grace_is_over(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    venue = fail_with(monkeypatch, "lost_before")
    order = desk.trade("buy", "1")
    assert order.status == "uncertain"
    assert desk.held("USDT") == Decimal("101.1")
    assert desk.resolve(order).status == "uncertain"
    assert venue.lookups == 1  # not asked again before it is due
    desk.fall_due(order)
    assert desk.resolve(order).status == "filled"
    assert [request.client_order_id for request in venue.submitted] == [order.client_order_id] * 2
    assert DemoOrder.objects.count() == 1
    assert desk.books_agree()


def test_an_old_decision_expires_instead_of_being_sent_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    venue = fail_with(monkeypatch, "lost_before")
    order = desk.trade("buy", "1")
    desk.fall_due(order)
    with clock.at(clock.now() + timedelta(minutes=3)):
        order = desk.resolve(order)
    assert order.status == "expired"
    assert "does not know it" in str(order.refusal)
    assert (len(venue.submitted), desk.held("USDT")) == (1, 0)


def test_an_order_that_falls_due_in_the_far_future_was_dated_by_a_wrong_clock_and_is_due_now(desk: Desk) -> None:
    order = desk.place("buy", "1")
    assert desk.resolve(order).status == "submitting", "its lease is of now"
    Order.objects.filter(pk=order.pk).update(due_at=clock.now() + timedelta(days=400))
    assert desk.resolve(order).status == "filled"


def test_a_halt_keeps_what_was_not_sent_yet_from_being_sent(desk: Desk) -> None:
    order = desk.place("buy", "1")
    Wallet.objects.filter(pk=desk.master.pk).update(trading_state="halted")
    order = desk.execute(order)
    assert (order.status, DemoOrder.objects.count(), desk.held("USDT")) == ("expired", 0, 0)
    assert "halted at Fund" in str(order.refusal)


def test_a_paused_connection_trades_nothing_and_holds_nothing(desk: Desk) -> None:
    order = desk.place("buy", "1")
    Connection.objects.filter(pk=desk.connection.pk).update(state=Connection.State.PAUSED)
    desk.fall_due(order)
    order, late = desk.resolve(order), desk.place("buy", "1")
    assert (order.status, late.status) == ("expired", "rejected")
    assert "Desk is not active any more" in str(order.refusal)
    assert "Desk is not active:" in str(late.refusal)
    assert (DemoOrder.objects.count(), desk.held("USDT")) == (0, 0)


def test_a_venue_that_is_away_for_a_moment_is_tried_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    venue = fail_with(monkeypatch, "unreachable", "unreachable")
    assert desk.trade("buy", "1").status == "filled"
    assert len(venue.submitted) == 3


def test_a_venue_that_stays_away_leaves_the_order_to_the_sweeper(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    venue = fail_with(monkeypatch, "unreachable", "unreachable", "unreachable")
    order = desk.trade("buy", "1")
    assert order.status == "submitting"
    assert desk.held("USDT") == Decimal("101.1")
    desk.fall_due(order)
    assert desk.resolve(order).status == "filled"
    assert venue.lookups == 1  # it is asked about before it is sent again
    assert desk.books_agree()


def test_a_refused_key_rejects_the_order_and_asks_a_person(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    class Locked(DemoVenue):
        def submit(self, request: object) -> None:  # type: ignore[override]
            raise VenueCredentialsError("The key was revoked.")

    def adapter(connection: Connection) -> DemoVenue:
        venue = demo.open_demo_venue(connection)
        venue.__class__ = Locked
        return venue

    use_adapter(monkeypatch, adapter)
    order = desk.trade("buy", "1")
    assert (order.status, desk.held("USDT")) == ("rejected", 0)
    assert Alert.objects.get().key == f"credentials:{desk.connection.pk}"


def test_a_refused_key_rejects_no_order_that_was_sent_before(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    class Revoked(FaultyVenue):
        """Carries out the first sending while nobody hears of it, then its key is revoked, then it is back."""

        revoked = False

        def submit(self, request: OrderRequest) -> OrderReport:
            self.submitted.append(request)
            if len(self.submitted) == 1:
                raise VenueAmbiguousError("The request timed out.")
            self.inner.submit(self.submitted[0])  # it arrives at last
            self.revoked = True
            raise VenueCredentialsError("The key was revoked.")

        def order(self, client_order_id: str, symbol: str) -> OrderReport | None:
            if self.revoked:
                raise VenueCredentialsError("The key was revoked.")
            return super().order(client_order_id, symbol)

    venue = Revoked(demo.open_demo_venue(desk.connection))
    use_adapter(monkeypatch, lambda connection: venue)
    order = desk.trade("buy", "1")
    desk.fall_due(order)
    order = desk.resolve(order)
    assert (order.status, order.attempts, desk.held("USDT")) == ("submitting", 2, Decimal("101.1"))
    assert Alert.objects.get().key == f"credentials:{desk.connection.pk}"
    venue.revoked = False
    desk.fall_due(order)
    assert desk.resolve(order).status == "filled"
    assert desk.books_agree()


def test_a_no_to_the_second_sending_is_believed_only_when_the_first_never_arrived(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Late(FaultyVenue):
        def submit(self, request: OrderRequest) -> OrderReport:
            self.submitted.append(request)
            if len(self.submitted) == 1:
                raise VenueAmbiguousError("The request timed out.")
            self.inner.submit(self.submitted[0])  # it arrives at last, and there is nothing left for the second
            raise VenueRejectedError("Fund the account.", reason="funds")

    venue = Late(demo.open_demo_venue(desk.connection))
    use_adapter(monkeypatch, lambda connection: venue)
    order = desk.trade("buy", "1")
    desk.fall_due(order)
    assert desk.resolve(order).status == "filled"
    assert len(venue.submitted) == 2
    assert desk.books_agree()


def test_a_no_that_comes_after_somebody_else_took_over_ends_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Slow(FaultyVenue):
        def submit(self, request: OrderRequest) -> OrderReport:
            Order.objects.update(due_at=leases.start(timedelta(minutes=5)), attempts=2)
            raise VenueRejectedError("Fund the account.", reason="funds")

    use_adapter(monkeypatch, lambda connection: Slow(demo.open_demo_venue(connection)))
    order = desk.trade("buy", "1")
    assert (order.status, order.attempts) == ("submitting", 2)
    assert desk.held("USDT") == Decimal("101.1")


def test_an_order_that_no_worker_took_is_taken_by_the_sweeper(owner: object, db: None) -> None:
    desk = make_desk(owner)  # type: ignore[arg-type]
    order = desk.place("buy", "1")
    desk.fall_due(order)
    assert desk.resolve(order).status == "filled"


def test_executing_twice_sends_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    venue = fail_with(monkeypatch)
    order = desk.trade("buy", "1")
    assert desk.execute(order).status == "filled"
    assert len(venue.submitted) == 1


def test_recording_an_answer_twice_changes_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    venue = fail_with(monkeypatch)
    order = desk.trade("buy", "1")
    report = venue.order(order.client_order_id, "BTC/USDT")
    assert report is not None
    before = desk.balance("USDT"), desk.balance("BTC"), order.events.count()
    order = services.record_report(owner_id=desk.owner.pk, order_id=order.pk, report=report)
    assert (desk.balance("USDT"), desk.balance("BTC"), order.events.count()) == before


def test_nothing_is_left_to_cancel_of_a_filled_order(desk: Desk) -> None:
    order = desk.trade("buy", "1")
    with pytest.raises(ConflictError, match="Nothing is left to cancel"):
        services.request_cancellation(owner_id=desk.owner.pk, order_id=order.pk)


def test_cancelling_an_uncertain_order_finds_out_what_became_of_it(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    venue = fail_with(monkeypatch, "lost_before")
    order = desk.trade("buy", "1")
    services.request_cancellation(owner_id=desk.owner.pk, order_id=order.pk)
    order = services.cancel_order(owner_id=desk.owner.pk, order_id=order.pk)
    assert order.status == "uncertain"  # the venue does not know it, which is no word that it never will
    venue.inner.submit(venue.submitted[0])
    Cancellation.objects.update(due_at=clock.now())
    assert services.cancel_order(owner_id=desk.owner.pk, order_id=order.pk).status == "filled"


def test_the_sweeper_works_for_every_owner(live_db: str, owner: object, other_owner: object) -> None:
    desks = [make_desk(person) for person in (owner, other_owner)]  # type: ignore[arg-type]
    orders = [desk.place("buy", "1") for desk in desks]
    for desk, order in zip(desks, orders, strict=True):
        desk.fall_due(order)
    assert tasks.resolve_orders() == 2
    assert [desk.fresh(order).status for desk, order in zip(desks, orders, strict=True)] == ["filled", "filled"]
    with tenancy.tenant(desks[0].owner.pk):
        assert Order.objects.count() == 1


def test_an_order_that_breaks_something_does_not_keep_the_others_waiting(
    live_db: str, owner: object, other_owner: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, sound = (make_desk(person) for person in (owner, other_owner))  # type: ignore[arg-type]
    orders = [desk.place("buy", "1") for desk in (broken, sound)]
    for desk, order in zip((broken, sound), orders, strict=True):
        desk.fall_due(order)

    def adapter(connection: Connection) -> DemoVenue:
        if connection.owner_id == broken.owner.pk:
            raise ZeroDivisionError
        return demo.open_demo_venue(connection)

    use_adapter(monkeypatch, adapter)
    assert tasks.resolve_orders() == 2
    assert sound.fresh(orders[1]).status == "filled"
    for _ in range(2):
        broken.fall_due(orders[0])
        assert tasks.resolve_orders() == 1
    with tenancy.tenant(broken.owner.pk):
        assert Alert.objects.get().title == "Failed 3 times in a row: Asking a venue about orders"
