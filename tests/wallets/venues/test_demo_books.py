"""The demo exchange on its real tables: what it answers survives the request, and two at once do not overspend."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal

import numpy as np
import pytest
from django.db import connections

from kit import clock, tenancy
from kit.errors import ConflictError, InvalidInputError
from kit.users.models import User
from markets.candles.reading import moment
from markets.services import NewQuote, ensure_simulated_instruments, record_quotes, store_candles
from tests.wallets.venues.faulty import FaultyVenue
from wallets.models import Connection, DemoBalance, DemoOrder
from wallets.venues.accounts import create_demo_connection
from wallets.venues.base import OrderRequest, VenueAmbiguousError, VenueRejectedError
from wallets.venues.demo import account as demo
from wallets.venues.registry import open_venue


def quote_everything(price: int = 100) -> None:
    record_quotes(
        [
            NewQuote(instrument.pk, Decimal(price), None, None, "simulated", clock.now())
            for instrument in ensure_simulated_instruments()
        ]
    )


def funded(user: User, amount: int = 10_000) -> Connection:
    with tenancy.tenant(user.pk):
        connection = create_demo_connection(owner_id=user.pk)
        demo.credit(owner_id=user.pk, connection_id=connection.pk, asset="USDT", amount=Decimal(amount))
    return connection


def buy(quantity: str, key: str = "m-1") -> OrderRequest:
    return OrderRequest(key, "SOL/USDT", "buy", Decimal(quantity))


def test_an_order_is_on_the_books_and_found_again(owner: User) -> None:
    quote_everything()
    venue = open_venue(funded(owner))
    report = venue.submit(buy("2"))
    assert report.status == "filled"
    assert venue.order("m-1", "SOL/USDT") == report
    assert venue.submit(buy("2")) == report
    assert venue.trades_since(report.at) == report.trades
    assert venue.trades_since(report.at + timedelta(seconds=1)) == ()
    paid = report.trades[0].price * 2 + report.trades[0].fee
    assert {row.asset: row.total for row in venue.balances()} == {"SOL": 2, "USDT": 10_000 - paid}


def test_a_refusal_is_on_the_books_too(owner: User) -> None:
    quote_everything()
    venue = open_venue(funded(owner, 10))
    with pytest.raises(VenueRejectedError, match="Fund the account"):
        venue.submit(buy("2"))
    found = venue.order("m-1", "SOL/USDT")
    assert found is not None
    assert (found.status, found.trades) == ("rejected", ())


def test_a_lost_answer_is_found_by_the_client_id(owner: User) -> None:
    quote_everything()
    venue = FaultyVenue(open_venue(funded(owner)), ["lost_after"])
    with pytest.raises(VenueAmbiguousError):
        venue.submit(buy("2"))
    found = venue.order("m-1", "SOL/USDT")
    assert found is not None
    assert found.status == "filled"
    assert venue.submit(buy("2")) == found


def test_another_owners_account_is_out_of_reach(owner: User, other_owner: User) -> None:
    quote_everything()
    connection = funded(owner)
    open_venue(connection).submit(buy("2"))
    with tenancy.tenant(other_owner.pk):
        assert not DemoOrder.objects.exists()
        assert not DemoBalance.objects.exists()


def test_a_paused_connection_opens_no_venue(owner: User) -> None:
    connection = funded(owner)
    connection.state = Connection.State.PAUSED
    with pytest.raises(ConflictError, match="it is paused"):
        open_venue(connection)


def test_play_money_cannot_be_paid_out_twice(owner: User) -> None:
    connection = funded(owner, 100)
    with pytest.raises(InvalidInputError, match="at most 100"):
        demo.credit(owner_id=owner.pk, connection_id=connection.pk, asset="USDT", amount=Decimal(-101))


def test_history_fills_at_the_close_of_the_last_bar(owner: User) -> None:
    quote_everything(price=999)
    instrument = next(row for row in ensure_simulated_instruments() if row.symbol == "SOL/USDT")
    hour = 3_600_000
    prices = np.array([50.0, 60.0, 70.0])
    store_candles(
        instrument=instrument, timeframe="1h", ts=np.array([0, hour, 2 * hour]), open=prices, high=prices, low=prices,
        close=prices, volume=prices,
    )  # fmt: skip
    connection = funded(owner)
    with clock.at(moment(2 * hour)):  # the second bar has just closed
        report = open_venue(connection).submit(buy("1"))
    assert report.average_price is not None
    assert Decimal(60) < report.average_price < Decimal("60.1")


def test_orders_at_once_spend_the_money_once(live_db: str, owner: User) -> None:
    quote_everything()
    connection = funded(owner, 1_000)

    def attempt(number: int) -> bool:
        try:
            open_venue(connection).submit(buy("3", key=f"m-{number}"))
        except VenueRejectedError:
            return False
        finally:
            connections.close_all()
        return True

    with ThreadPoolExecutor(8) as pool:
        filled = sum(pool.map(attempt, range(12)))
    assert filled == 3  # about 300 each, fee included: a fourth does not fit
    with tenancy.tenant(owner.pk):
        assert DemoBalance.objects.get(asset="SOL").total == 9
        assert DemoBalance.objects.get(asset="USDT").total > 0
