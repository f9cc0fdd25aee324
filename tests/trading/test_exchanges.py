"""An order at a real exchange, whatever happens on the way: one order there, one in the books, and both agree.

Real ccxt over real HTTP against simulated exchanges. What each fault does to order and balances is the table in
docs/venues.md.
"""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import stamina

from kit.alerts.models import Alert
from kit.users.models import User
from markets.models import Instrument
from tests.simulators.account import Account
from tests.simulators.server import Exchanges
from tests.trading.desk import Desk, assert_books_prove_themselves
from tests.trading.exchange_desk import desk_at
from tests.wallets.venues.ccxt_venues import stand_at
from trading.models import Order
from trading.orders import leases
from trading.orders.sending import TRY_SECONDS
from wallets.venues.base import OrderRequest, VenueError
from wallets.venues.ccxt import adapter
from wallets.venues.ccxt.adapter import AFTER, BEFORE, LOOKING, READY, SENDING

SENDS = {
    "binance": "/api/v3/order", "okx": "/trade/order", "bybit": "/order/create", "coinbase": "/brokerage/orders",
    "kraken": "/AddOrder",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _without_waiting() -> Iterator[None]:
    with stamina.set_testing(True, attempts=2, cap=True):
        yield


@dataclass
class Market:
    """A desk at an exchange, and the account behind it."""

    desk: Desk
    slug: str
    account: Account
    exchanges: Exchanges

    def fail(self, kind: str, **given: Any) -> None:
        self.exchanges.fail(SENDS[self.slug], kind, method="POST", **given)

    def agree(self) -> bool:
        """Books and venue, to the last digit, and nothing reserved any more."""
        assert_books_prove_themselves(self.desk)
        return self.desk.books_agree() and self.desk.held("USDT") == 0


@pytest.fixture(
    params=[
        "binance",
        "okx",
        *(pytest.param(slug, marks=pytest.mark.slow) for slug in ("bybit", "coinbase", "kraken")),
    ]
)
def market(
    request: pytest.FixtureRequest, as_owner: User, exchanges: Exchanges, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> Market:
    """A live connection with 100,000 USDT in its agent's wallet and at the exchange."""
    slug = request.param
    settings.VENUE_TIMEOUT_MS = 400
    desk = desk_at(exchanges, as_owner, slug)
    return Market(desk, slug, exchanges.wires[slug].account, exchanges)


def steps(order: Order) -> list[str]:
    return list(order.events.values_list("to_status", flat=True))


def test_a_round_trip_is_in_the_books_to_the_last_digit(market: Market) -> None:
    bought = market.desk.trade("buy", "0.5")
    assert (bought.status, bought.filled_quantity) == ("filled", Decimal("0.5"))
    assert market.agree()
    sold = market.desk.trade("sell", "0.25")
    assert (sold.status, sold.filled_quantity) == ("filled", Decimal("0.25"))
    assert market.agree()


def test_what_is_held_of_a_market_that_is_not_active_here_is_sold_as_long_as_the_exchange_takes_it(
    market: Market,
) -> None:
    market.desk.trade("buy", "0.5")
    Instrument.objects.filter(pk=market.desk.instrument.pk).update(is_active=False)
    market.desk.instrument.refresh_from_db()
    refused = market.desk.trade("buy", "0.1")
    assert (refused.outcome, len(market.account.orders)) == ("refused", 1)
    assert "is not active: choose an instrument that trades" in str(refused.refusal)
    sold = market.desk.trade("sell", "0.25")
    assert (sold.status, sold.filled_quantity) == ("filled", Decimal("0.25")), str(sold.refusal)
    assert market.agree()


@pytest.mark.parametrize("fault", ["lost_after", "cut_after", "truncated"])
def test_a_lost_answer_is_found_at_once_and_the_order_is_one(market: Market, fault: str) -> None:
    market.fail(fault)
    order = market.desk.trade("buy", "0.5")
    assert steps(order) == ["submitting", "uncertain", "filled"]
    assert len(market.account.orders) == 1
    assert market.agree()


@pytest.mark.parametrize("fault", ["lost_before", "answer"])
def test_an_order_that_did_not_arrive_is_sent_again_after_the_grace(market: Market, fault: str) -> None:
    market.fail(fault, status=503, body="")
    order = market.desk.trade("buy", "0.5")
    assert (order.status, market.account.orders) == ("uncertain", [])
    assert market.desk.held("USDT") > 25_000
    market.desk.fall_due(order)
    order = market.desk.resolve(order)
    assert steps(order) == ["submitting", "uncertain", "submitting", "filled"]
    assert len(market.account.orders) == 1
    assert market.agree()


def test_an_exchange_that_asks_for_patience_gets_the_order_later(market: Market) -> None:
    body = {"binance": {"code": -1003, "msg": "Too much."}, "okx": {"code": "50011", "data": [], "msg": "Rate limit."},
            "bybit": {"retCode": 10006, "retMsg": "Too many visits!"}, "coinbase": {"error": "RESOURCE_EXHAUSTED"},
            "kraken": {"error": ["EOrder:Rate limit exceeded"]}}  # fmt: skip
    told = json.dumps(body[market.slug])
    market.fail("answer", status=429, body=told, headers={"Retry-After": "30"}, times=9)
    order = market.desk.trade("buy", "0.5")
    assert (order.status, market.account.orders) == ("submitting", [])
    assert sum(one.startswith("POST") and one.endswith(SENDS[market.slug]) for one in market.exchanges.asked) == 1
    market.exchanges.faults.clear()
    market.desk.fall_due(order)
    assert market.desk.resolve(order).status == "filled"
    assert len(market.account.orders) == 1
    assert market.agree()


def test_the_exchanges_no_is_final_and_gives_the_funds_back(market: Market) -> None:
    market.account.deposit("USDT", -99_000)
    order = market.desk.trade("buy", "0.5")
    assert order.status == "rejected"
    assert market.desk.held("USDT") == 0
    assert market.account.orders == []
    assert_books_prove_themselves(market.desk)


def test_a_refused_key_stops_the_order_and_tells_its_owner(market: Market) -> None:
    market.exchanges.wires[market.slug].key.is_expired = True
    order = market.desk.trade("buy", "0.5")
    assert (order.status, market.account.orders) == ("rejected", [])
    assert market.desk.held("USDT") == 0
    assert Alert.objects.get(resolved_at=None).title == f"{market.slug} rejects its key"


def test_fills_that_come_twice_and_in_the_wrong_order_are_booked_once(market: Market) -> None:
    market.account.duplicates_fills = market.account.reverses_fills = True
    order = market.desk.trade("buy", "0.5")
    assert (order.status, order.fills.count()) == ("filled", 1)
    assert market.agree()


def test_an_outage_of_the_list_of_trades_holds_the_order_until_they_are_told(market: Market) -> None:
    """The venue says that it is filled; without its trades it is in nobody's books, and is asked about again."""
    lists = {"binance": "/myTrades", "okx": "/trade/fills", "bybit": "/execution/list", "coinbase": "/fills",
             "kraken": "/QueryTrades"}  # fmt: skip
    market.exchanges.fail(lists[market.slug], "answer", times=4, status=503, body="")
    order = market.desk.trade("buy", "0.5")
    assert order.status in ("open", "uncertain", "submitting")
    assert market.desk.held("USDT") > 25_000
    market.exchanges.faults.clear()
    market.desk.fall_due(order)
    assert market.desk.resolve(order).status == "filled"
    assert len(market.account.orders) == 1
    assert market.agree()


def test_all_that_a_worker_asks_an_exchange_for_an_order_ends_before_its_lease() -> None:
    """Else another worker would take the order while the first still sends it. The longest way: the first sending never
    got there in the time for tries, the second one ends in doubt, and the looking up is tried until its time is up.
    """
    sending = TRY_SECONDS + READY + BEFORE + SENDING + AFTER
    looking = TRY_SECONDS + LOOKING
    assert timedelta(seconds=sending + looking - LOOKING) < leases.LEASE
    assert 2 * LOOKING >= TRY_SECONDS, "so that a second look, if it comes, is the last"


@pytest.mark.parametrize("slug", ["binance", "okx"])
def test_an_exchange_that_hangs_takes_no_longer_than_it_may(
    exchanges: Exchanges, monkeypatch: pytest.MonkeyPatch, slug: str
) -> None:
    """Every request hangs; the times are a tenth of the real ones."""
    stand = stand_at(exchanges, slug)
    stand.venue.markets()
    for name in ("BEFORE", "SENDING", "AFTER", "LOOKING", "SECONDS"):
        monkeypatch.setattr(adapter, name, getattr(adapter, name) / 10)
    exchanges.fail("/api", "lost_before", times=100)
    request = OrderRequest("mq" + "a" * 25, "BTC/USDT", "buy", Decimal("0.01"))
    for question, seconds in (
        (lambda: stand.venue.submit(request), BEFORE + SENDING + AFTER),
        (lambda: stand.venue.order(request.client_order_id, request.symbol), LOOKING),
    ):
        started = time.monotonic()
        with pytest.raises(VenueError):
            question()
        assert time.monotonic() - started < seconds
