"""A limit order lives from its intent to its fill, its end or its cancellation, with its funds held for it alone."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from kit import clock, tenancy
from kit.errors import ConflictError, InvalidInputError
from kit.users.models import User
from tests.trading.desk import Desk, assert_books_prove_themselves, make_desk, set_price, use_adapter
from tests.wallets.venues.faulty import FaultyVenue
from trading import services, tasks
from trading.models import Order, OrderEvent
from trading.orders.terms import Limit
from wallets.models import Platform
from wallets.venues.base import OrderReport, OrderRequest
from wallets.venues.demo import account as demo
from wallets.venues.demo import following

D = Decimal
NO_CUSHION = D("1.001")


@pytest.fixture
def desk(owner: User) -> Desk:
    desk = make_desk(owner)
    spread(desk, "99", "101")
    return desk


def spread(desk: Desk, bid: str, ask: str) -> None:
    """A new price, which the paper exchange follows, and what trading hears of it."""
    set_price(desk.instrument, str((D(bid) + D(ask)) / 2), bid=D(bid), ask=D(ask))
    following.match_account(owner_id=desk.owner.pk, connection_id=desk.connection.pk)


def hear(desk: Desk) -> None:
    services.look_at_orders(owner_id=desk.owner.pk, connection_id=desk.connection.pk, everything=True)


def at(price: str, **more: Any) -> Limit:
    return Limit(D(price), **more)


def thin(desk: Desk, depth: str = "500") -> None:
    Platform.objects.filter(slug="desk").update(options={"depth": depth, "slippage_bps": "0", "impact_bps": "0"})


def settled(desk: Desk) -> None:
    """Nothing is held, the venue's books and ours agree and prove themselves."""
    assert (desk.held("USDT"), desk.held("BTC")) == (0, 0)
    assert desk.books_agree()
    assert_books_prove_themselves(desk)


def test_it_rests_with_its_funds_held_until_a_price_reaches_it(desk: Desk) -> None:
    order = desk.trade("buy", "10", limit=at("95"))
    assert (order.status, order.type, order.reference_price) == ("open", "limit", 95)
    assert desk.held("USDT") == 950 * NO_CUSHION
    spread(desk, "95", "96")
    hear(desk)
    assert desk.fresh(order).status == "open"
    spread(desk, "93", "94")
    hear(desk)
    order = desk.fresh(order)
    assert (order.status, order.average_price) == ("filled", 95)
    with tenancy.tenant(desk.owner.pk):
        assert order.fills.get().liquidity == "maker"
        assert desk.wallet.positions.get().entry_price == 95
    settled(desk)


def test_one_that_the_market_has_met_is_filled_at_once_and_gives_back_what_it_saved(desk: Desk) -> None:
    thin(desk, "1000000")
    order = desk.trade("buy", "10", limit=at("105"))
    assert (order.status, order.average_price) == ("filled", 101)
    settled(desk)


def test_parts_shrink_the_hold_to_what_is_left_and_the_rest_can_be_cancelled(desk: Desk) -> None:
    thin(desk, "475")  # five at 95
    order = desk.trade("buy", "12", limit=at("95"))
    for bid, left in (("93", 7), ("92", 2)):
        spread(desk, bid, "94")
        hear(desk)
        order = desk.fresh(order)
        assert (order.status, order.left) == ("partially_filled", left)
        assert desk.held("USDT") == left * 95 * NO_CUSHION
    with tenancy.tenant(desk.owner.pk):
        services.request_cancellation(owner_id=desk.owner.pk, order_id=order.pk)
    order = services.cancel_order(owner_id=desk.owner.pk, order_id=order.pk)
    assert (order.status, order.filled_quantity) == ("cancelled", 10)
    spread(desk, "90", "91")
    hear(desk)
    assert desk.fresh(order).filled_quantity == 10
    settled(desk)
    with tenancy.tenant(desk.owner.pk), pytest.raises(ConflictError, match="Nothing is left to cancel"):
        services.request_cancellation(owner_id=desk.owner.pk, order_id=order.pk)


def test_a_part_that_took_at_a_better_price_frees_what_it_saved(desk: Desk) -> None:
    thin(desk, "525")  # five at 105
    order = desk.trade("buy", "12", limit=at("105"))
    assert (order.status, order.average_price, order.left) == ("partially_filled", 101, 7)
    assert desk.held("USDT") == 7 * 105 * NO_CUSHION


@pytest.mark.parametrize(("how", "filled"), [("ioc", 5), ("fok", 0)])
def test_what_is_not_there_at_once_ends(desk: Desk, how: str, filled: int) -> None:
    thin(desk)
    order = desk.trade("buy", "12", limit=at("101", time_in_force=how))
    assert (order.status, order.filled_quantity) == ("cancelled", D(filled) if not filled else D("4.95"))
    assert "at once" in str(order.refusal)
    settled(desk)


def test_one_that_only_rests_is_rejected_by_the_venue_where_it_would_take(desk: Desk) -> None:
    refused(desk.place("buy", "1", limit=at("101", post_only=True)), "post_only")
    order = desk.place("buy", "1", limit=at("100.5", post_only=True))
    set_price(desk.instrument, "100", bid=D("99.9"), ask=D("100.1"))  # the market comes before the order does
    assert (desk.execute(order).status, desk.fresh(order).outcome) == ("rejected", "rejected")
    set_price(desk.instrument, "100", bid=D(99), ask=D(101))
    assert desk.trade("buy", "1", limit=at("100", post_only=True)).status == "open"


def test_the_venue_ends_it_at_its_moment(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    order = desk.trade("buy", "1", limit=at("95", time_in_force="gtd", expires_at=clock.now() + timedelta(hours=1)))
    monkeypatch.setattr(clock, "now", lambda now=clock.now: now() + timedelta(hours=1))
    following.match_account(owner_id=desk.owner.pk, connection_id=desk.connection.pk)
    hear(desk)
    assert desk.fresh(order).status == "expired"
    assert desk.held("USDT") == 0


class Endless(FaultyVenue):
    """A venue that knows no order which ends by itself."""

    def submit(self, request: OrderRequest) -> OrderReport:
        return super().submit(replace(request, time_in_force="gtc", expires_at=None))


def test_where_the_venue_does_not_moniqo_ends_it_at_its_moment(
    live_db: str, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = make_desk(owner)
    use_adapter(monkeypatch, lambda connection: Endless(demo.open_demo_venue(connection)))
    order = desk.trade("buy", "1", limit=at("95", time_in_force="gtd", expires_at=clock.now() + timedelta(hours=1)))
    monkeypatch.setattr(clock, "now", lambda now=clock.now: now() + timedelta(hours=1))
    tasks.resolve_orders()
    desk.fall_due(order)
    services.cancel_order(owner_id=desk.owner.pk, order_id=order.pk)
    assert desk.fresh(order).status == "cancelled"
    assert desk.held("USDT") == 0


def refused(order: Order, limit: str) -> str:
    with tenancy.tenant(order.owner_id):
        assert (order.status, order.risk_decisions.get().limit) == ("rejected", limit)
    return str(order.refusal)


def test_two_entries_are_one_too_many_and_an_exit_beside_one_is_none(desk: Desk) -> None:
    desk.trade("buy", "2")
    desk.trade("buy", "1", limit=at("95"))
    assert "another that buys" in refused(desk.place("buy", "1"), "unfinished_order")
    assert desk.trade("sell", "1").status == "filled"
    assert desk.trade("sell", "1", limit=at("120")).status == "open"


def test_what_orders_that_rest_will_sell_is_not_sold_again(desk: Desk) -> None:
    desk.trade("buy", "2")
    desk.trade("sell", "1.5", limit=at("120"))
    assert desk.held("BTC") == D("1.5")
    assert "1.5" in refused(desk.place("sell", "0.6", reduce_only=True), "position")
    assert desk.trade("sell", "0.5", reduce_only=True).status == "filled"
    spread(desk, "121", "122")
    hear(desk)
    with tenancy.tenant(desk.owner.pk):
        assert desk.wallet.positions.get().closed_at is not None
    settled(desk)


def test_the_gate_measures_it_by_its_limit(owner: User) -> None:
    desk = make_desk(owner, cash=D(49_000))
    refused(desk.place("buy", "0.5", limit=at("19")), "minimum_notional")
    refused(desk.place("buy", "400", limit=at("130")), "maximum_notional")
    refused(desk.place("buy", "1000", limit=at("49.99")), "funds")
    refused(desk.place("buy", "1", reduce_only=True, limit=at("95")), "position")


@pytest.mark.parametrize(
    ("limit", "field"),
    [
        ({"price": "95.001"}, "limit_price"),
        ({"price": "0"}, "limit_price"),
        ({"price": "NaN"}, "limit_price"),
        ({"price": "95", "time_in_force": "day"}, "time_in_force"),
        ({"price": "95", "time_in_force": "gtd"}, "expires_at"),
        ({"price": "95", "time_in_force": "gtd", "expires_at": timedelta(0)}, "expires_at"),
        ({"price": "95", "expires_at": timedelta(hours=1)}, "expires_at"),
        ({"price": "95", "time_in_force": "ioc", "post_only": True}, "time_in_force"),
    ],
)
def test_what_makes_no_limit_is_refused_with_a_sentence(desk: Desk, limit: dict[str, Any], field: str) -> None:
    if "expires_at" in limit:
        limit = limit | {"expires_at": clock.now() + limit["expires_at"]}
    with pytest.raises(InvalidInputError) as error:
        desk.place("buy", "1", limit=at(**limit))
    assert field in error.value.fields
    assert error.value.status == 422


def test_what_the_venue_does_not_take_is_refused_before_it_is_placed(desk: Desk) -> None:
    Platform.objects.filter(slug="desk").update(adapter="ccxt")
    with tenancy.tenant(desk.owner.pk):
        desk.connection.refresh_from_db()
        desk.wallet.refresh_from_db()
    Platform.objects.filter(slug="kraken").update(is_active=True)
    with tenancy.tenant(desk.owner.pk):
        type(desk.connection).objects.update(platform="kraken")
    with pytest.raises(InvalidInputError) as error:
        desk.place("buy", "1", limit=at("95", time_in_force="fok"))
    assert "time_in_force" in error.value.fields


def test_its_levels_are_held_against_its_limit(desk: Desk) -> None:
    with pytest.raises(services.WrongSideError, match="limit of"):
        desk.place("buy", "1", limit=at("95"), exit_stop=D(95))
    with pytest.raises(services.WrongSideError):
        desk.place("buy", "1", limit=at("95"), exit_target=D(95))
    order = desk.trade("buy", "1", limit=at("95"), exit_stop=D(90), exit_target=D(98))
    spread(desk, "93", "94")
    hear(desk)
    with tenancy.tenant(desk.owner.pk):
        position = desk.wallet.positions.get()
        assert (position.exit_stop, position.exit_target, desk.fresh(order).status) == (90, 98, "filled")


def test_the_monitor_sells_beside_a_resting_sale_and_the_rest_once_that_is_gone(desk: Desk) -> None:
    desk.trade("buy", "3", exit_stop=D(90))
    resting = desk.trade("sell", "2", limit=at("120"))
    spread(desk, "89", "90")
    with tenancy.tenant(desk.owner.pk):
        (first,) = services.keep_protection(owner_id=desk.owner.pk)
    assert (first.quantity, desk.held("BTC")) == (1, 3)
    assert desk.execute(first).status == "filled"
    with tenancy.tenant(desk.owner.pk):
        assert services.keep_protection(owner_id=desk.owner.pk) == [], "the rest is in what rests"
    assert services.cancel_order(owner_id=desk.owner.pk, order_id=resting.pk).status == "cancelled"
    with tenancy.tenant(desk.owner.pk):
        (second,) = services.keep_protection(owner_id=desk.owner.pk)
    assert desk.execute(second).status == "filled"
    with tenancy.tenant(desk.owner.pk):
        assert desk.wallet.positions.get().closed_at is not None
    settled(desk)


def test_an_entry_that_is_filled_in_part_ends_when_its_position_is_left(desk: Desk) -> None:
    thin(desk, "475")
    entry = desk.trade("buy", "12", limit=at("95"), exit_stop=D(90))
    spread(desk, "93", "94")
    hear(desk)
    spread(desk, "89", "96")
    with tenancy.tenant(desk.owner.pk):
        (exit_,) = services.keep_protection(owner_id=desk.owner.pk)
        assert desk.fresh(entry).cancellation.closed_at is None
    desk.execute(exit_)
    services.cancel_order(owner_id=desk.owner.pk, order_id=entry.pk)
    assert desk.fresh(entry).status == "cancelled"
    settled(desk)


def test_leaving_everything_cancels_what_rests_first(desk: Desk) -> None:
    desk.trade("buy", "3")
    resting = desk.trade("sell", "2", limit=at("120"))
    with tenancy.tenant(desk.owner.pk):
        closing = services.close_all(
            owner_id=desk.owner.pk, wallet_ids=[desk.wallet.pk], reason=services.BEFORE_COLLECTING
        )
        assert not closing.placed
    services.cancel_order(owner_id=desk.owner.pk, order_id=resting.pk)
    with tenancy.tenant(desk.owner.pk):
        closing = services.close_all(
            owner_id=desk.owner.pk, wallet_ids=[desk.wallet.pk], reason=services.BEFORE_COLLECTING
        )
        assert [order.quantity for order in closing.placed] == [3]


def test_an_agent_does_not_wait_for_what_rests(desk: Desk) -> None:
    from django.db import connection

    def waits() -> bool:
        with tenancy.tenant(desk.owner.pk), connection.cursor() as cursor:
            cursor.execute("SELECT has_orders(%s, %s)", [desk.wallet.pk, ["open", "submitting"]])
            found = bool(cursor.fetchone()[0])
            assert Order.objects.in_the_way().filter(wallet=desk.wallet).exists() == found
            return found

    order = desk.place("buy", "1", limit=at("95"))
    assert waits()
    desk.execute(order)
    assert not waits()


def test_what_was_not_sent_in_time_is_sent_all_the_same_while_it_is_good(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    orders = [desk.place("buy", "1", limit=at("95"))]
    monkeypatch.setattr(clock, "now", lambda now=clock.now: now() + timedelta(minutes=10))
    assert desk.execute(orders[0]).status == "open"


def test_the_same_key_with_another_limit_is_another_order(desk: Desk) -> None:
    given: dict[str, Any] = {"key": "once", "limit": at("95"), "reason": "Because."}
    first = desk.place("buy", "1", **given)
    assert desk.place("buy", "1", **given).pk == first.pk
    with pytest.raises(services.OrderConflictError):
        desk.place("buy", "1", **given | {"limit": at("96")})
    with pytest.raises(services.OrderConflictError):
        desk.place("buy", "1", **given | {"limit": None})


def test_what_it_was_to_be_never_changes(desk: Desk) -> None:
    from django.db import DatabaseError, transaction

    order = desk.trade("buy", "1", limit=at("95"))
    for change in ({"limit_price": 96}, {"time_in_force": "gtd"}, {"post_only": True}, {"type": "market"}):
        with tenancy.tenant(desk.owner.pk), pytest.raises(DatabaseError), transaction.atomic():
            Order.objects.filter(pk=order.pk).update(**change)


def test_every_step_is_an_event(desk: Desk) -> None:
    order = desk.trade("buy", "1", limit=at("95"))
    spread(desk, "93", "94")
    hear(desk)
    with tenancy.tenant(desk.owner.pk):
        steps = list(OrderEvent.objects.filter(order=order).values_list("from_status", "to_status"))
    assert steps == [("draft", "submitting"), ("submitting", "open"), ("open", "filled")]
