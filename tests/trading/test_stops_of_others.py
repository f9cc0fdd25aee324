"""A stop that rests at a venue is one order, whoever finds it first there, and whoever has placed it.

Real ccxt over real HTTP against simulated exchanges, whose account somebody else uses too.
"""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import stamina

from kit import clock
from kit.users.models import User
from markets.models import Instrument
from tests.simulators.account import Placed
from tests.simulators.okx_rows import algo_row
from tests.simulators.server import Exchanges
from tests.trading.desk import set_price
from tests.trading.test_external import Place, place_at
from tests.trading.test_resting_stops import VENUES
from tests.wallets.books import balance
from trading import services
from trading.models import Fill, Order, Position
from trading.orders import adopting
from wallets.venues.registry import open_venue

D = Decimal
# The kinds of stops that a person may place: of OKX and Bybit two each, of Coinbase one with a limit.
BY_HAND = [
    ("binance", "", ""), ("okx", "conditional", ""), ("okx", "trigger", ""),
    *(pytest.param(*kind, marks=pytest.mark.slow) for kind in (
        ("okx", "conditional", "44000"), ("okx", "trigger", "44000"), ("bybit", "tpslOrder", ""),
        ("bybit", "StopOrder", ""), ("coinbase", "", "44000"), ("kraken", "", ""),
    )),
]  # fmt: skip


@pytest.fixture(autouse=True)
def _without_waiting() -> Iterator[None]:
    with stamina.set_testing(True, attempts=1):
        yield


def stop_by_hand(place: Place, style: str = "", limit: str = "") -> Placed:
    """Sell a hundredth of a bitcoin once the market is at 45,000."""
    return place.account.place(
        client_id="" if place.slug == "okx" else "hand",
        market_id=place.market.id,
        side="sell",
        kind="limit" if limit else "market",
        quantity=D("0.01"),
        price=D(limit) if limit else None,
        trigger=D(45_000),
        style=style,
        freezes=place.slug != "okx" and style != "StopOrder",
    )


@pytest.mark.parametrize("slug", VENUES)
def test_who_compares_and_syncs_first_takes_a_stop_of_ours_for_ours(
    as_owner: User, exchanges: Exchanges, slug: str
) -> None:
    """While it waits, and after it was filled and nobody has asked about it: a trade tells of the order that it became,
    which has another number at OKX."""
    place = place_at(exchanges, as_owner, slug)
    place.account.fee_in_base = False
    assert place.desk.trade("buy", "0.5", exit_stop=D(45_000)).status == "filled"
    services.keep_protection(owner_id=as_owner.pk)
    stop = Order.objects.get(type="stop")
    place.desk.execute(stop)
    assert (place.compare(), place.desk.fresh(stop).status) == (0, "open")
    assert place.agrees()
    place.account.reach("44000")
    set_price(place.desk.instrument, "44000")
    venue = open_venue(place.desk.connection)
    trades = venue.trades_since(clock.now() - timedelta(hours=1))
    assert adopting.explain(venue=venue, connection=place.desk.connection, trades=trades)
    assert not adopting.explain(venue=venue, connection=place.desk.connection, trades=trades)
    assert place.agrees()
    assert place.compare() == 0
    assert (place.desk.fresh(stop).status, stop.fills.count()) == ("filled", 1)
    assert not Order.objects.filter(origin="external").exists()
    assert Position.objects.get().closed_at is not None
    assert balance(place.spare, "BTC") == 2


@pytest.mark.parametrize("slug", VENUES)
def test_one_that_ended_here_and_is_open_there_is_ended_there(as_owner: User, exchanges: Exchanges, slug: str) -> None:
    place = place_at(exchanges, as_owner, slug)
    place.account.fee_in_base = False
    place.desk.trade("buy", "0.5", exit_stop=D(45_000))
    services.keep_protection(owner_id=as_owner.pk)
    stop = Order.objects.get(type="stop")
    there = place.account.orders
    place.desk.execute(stop)
    saved, there[-1].state = there[-1], "cancelled"
    place.resolve(stop)
    assert place.desk.fresh(stop).status == "cancelled"
    saved.state = "open"  # the venue takes its word back
    assert (place.compare(), saved.state) == (1, "cancelled")


@pytest.mark.parametrize(("slug", "style", "limit"), BY_HAND)
def test_one_that_was_placed_by_hand_is_adopted_once_and_its_fills_are_booked_once(
    as_owner: User, exchanges: Exchanges, slug: str, style: str, limit: str
) -> None:
    place = place_at(exchanges, as_owner, slug)
    there = stop_by_hand(place, style, limit)
    assert (place.compare(), place.compare()) == (1, 0)
    order = Order.objects.get()
    assert (order.origin, order.wallet, order.status, order.side) == ("external", place.spare, "open", "sell")
    assert (order.type, order.trigger_price) == ("stop_limit" if limit else "stop", 45_000)
    place.resolve(order)
    assert place.agrees()
    place.account.fill(there, "0.004", "44900")
    place.resolve(order)
    assert (place.desk.fresh(order).status, order.fills.count()) == ("partially_filled", 1)
    place.account.reach("44500")
    assert place.agrees(), "the sync finds the rest itself"
    assert (place.desk.fresh(order).status, Order.objects.count(), Fill.objects.count()) == ("filled", 1, 2)
    assert place.compare() == 0


@pytest.mark.parametrize(("slug", "style", "limit"), BY_HAND)
@pytest.mark.parametrize("has_begun", [False, True])
def test_one_that_was_placed_by_hand_is_ended_where_it_is(
    as_owner: User, exchanges: Exchanges, slug: str, style: str, limit: str, has_begun: bool
) -> None:
    place = place_at(exchanges, as_owner, slug)
    there = stop_by_hand(place, style, limit)
    assert place.compare() == 1
    order = Order.objects.get()
    if has_begun:
        place.account.fill(there, "0.004", "44900")
    services.request_cancellation(owner_id=as_owner.pk, order_id=order.pk)
    services.cancel_order(owner_id=as_owner.pk, order_id=order.pk)
    assert (there.state, place.desk.fresh(order).status) == ("cancelled", "cancelled")
    assert place.desk.fresh(order).filled_quantity == (D("0.004") if has_begun else 0)
    assert place.agrees()


@pytest.mark.parametrize("slug", VENUES)
def test_one_that_was_placed_and_filled_by_hand_before_anybody_looked_is_booked_once(
    as_owner: User, exchanges: Exchanges, slug: str
) -> None:
    place = place_at(exchanges, as_owner, slug)
    stop_by_hand(place, limit="44000" if slug == "coinbase" else "")
    place.account.reach("44500")
    assert place.agrees()
    order = Order.objects.get()
    assert (order.origin, order.status, order.filled_quantity) == ("external", "filled", D("0.01"))
    assert (place.compare(), Order.objects.count(), Fill.objects.count()) == (0, 1, 1)


def test_one_of_which_nobody_says_how_much_it_buys_keeps_no_other_from_being_adopted(
    as_owner: User, exchanges: Exchanges
) -> None:
    """Such as one that counts the quote coin, until it has bought."""
    place = place_at(exchanges, as_owner, "okx")
    stop_by_hand(place, "conditional")
    wire: Any = exchanges.okx()
    (row,) = [algo_row(order) for order in place.account.orders]
    hand = {
        **row, "algoId": "77", "side": "buy", "tgtCcy": "quote_ccy", "sz": "1000", "ordType": "trigger",
        "triggerPx": "55000", "ordPx": "-1", "slOrdPx": "", "slTriggerPx": "",
    }  # fmt: skip
    wire.answers["/api/v5/trade/orders-algo-pending"] = {"code": "0", "data": [hand, row], "msg": ""}
    assert place.compare() == 1
    assert Order.objects.get().trigger_price == 45_000


def test_of_a_derivative_no_stop_is_sent(as_owner: User, exchanges: Exchanges) -> None:
    """Nobody has tried those: Moniqo watches them."""
    place = place_at(exchanges, as_owner, "okx")
    place.desk.trade("buy", "0.5", exit_stop=D(45_000))
    Instrument.objects.filter(pk=place.desk.instrument.pk).update(kind="future")
    services.keep_protection(owner_id=as_owner.pk)
    assert not Order.objects.filter(type="stop").exists()
