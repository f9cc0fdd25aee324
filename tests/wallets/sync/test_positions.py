"""Derivatives that are open at a venue are read, valued once and shown; what cannot be read is carried forward."""

from collections.abc import Iterator
from decimal import Decimal

import pytest
from django.test import Client

from kit import clock, tenancy
from kit.users.models import User
from portfolio.models import Snapshot
from portfolio.services import take_snapshots
from tests.programs import bearer
from tests.simulators.account import Held
from tests.simulators.server import Exchanges
from tests.wallets.books import make_wallet
from tests.wallets.keys import give_true_keys, key_of
from wallets.models import Connection, VenuePosition
from wallets.services import assign_suspense
from wallets.sync.runs import sync_connection
from wallets.venues.joining import join, platform_of

D = Decimal


@pytest.fixture
def account(owner: User, exchanges: Exchanges) -> Iterator[Connection]:
    """1,000 USDT and a short position of 0.25 BTC that has won 250, both at the venue; the money is a master's."""
    give_true_keys(exchanges)
    futures = exchanges.binance().futures
    futures.deposit("USDT", D(1000))
    with tenancy.tenant(owner.pk):
        made = join(
            owner_id=owner.pk,
            platform=platform_of("binanceusdm"),
            name="Futures",
            credentials=key_of(exchanges.binance()),
        )
        make_wallet(owner, connection=made)
        sync(made)
        assign_suspense(owner_id=owner.pk, connection_id=made.pk, asset="USDT", key="mine")
        market = futures.markets["BTCUSDT"]
        futures.positions["BTCUSDT"] = Held(market, D("-0.25"), market.price + 1000)
        yield made


def sync(connection: Connection) -> str:
    run = sync_connection(owner_id=connection.owner_id, connection_id=connection.pk)
    connection.refresh_from_db()
    return str(run.status)


def valued(owner: User) -> Snapshot:
    take_snapshots(owner_id=owner.pk)
    return Snapshot.objects.filter(wallet=None).latest("at")


def test_equity_is_cash_and_what_positions_have_won(account: Connection, owner: User, exchanges: Exchanges) -> None:
    price = exchanges.binance().futures.markets["BTCUSDT"].price
    before = valued(owner)
    assert (before.equity, before.unrealized_pnl, before.gross_exposure) == (1000, 0, 0)
    assert sync(account) == "ok"
    with clock.at(clock.now()):
        found = valued(owner)
    assert (found.equity, found.cash, found.unrealized_pnl) == (1250, 1000, 250)
    assert (found.gross_exposure, found.net_exposure) == (price / 4, -price / 4)
    assert (found.flow, found.fees) == (0, 0)  # it was won, not paid in
    assert found.twr_index == D("1.25")


def test_page_and_api_show_what_is_open_there(account: Connection, owner: User) -> None:
    sync(account)
    program = Client(headers=bearer(owner))
    (held,) = program.get(f"/api/v1/connections/{account.pk}/positions").json()
    wanted = {"symbol": "BTC/USDT:USDT", "side": "short", "quantity": "0.25", "settle": "USDT", "unrealized_pnl": "250"}
    assert {name: held[name] for name in wanted} == wanted
    browser = Client()
    browser.force_login(owner)
    page = browser.get(f"/wallets/connections/{account.pk}/").content.decode()
    assert "BTC/USDT:USDT" in page
    assert "Short" in page


def test_what_cannot_be_read_is_carried_forward_and_flagged(
    account: Connection, owner: User, exchanges: Exchanges
) -> None:
    sync(account)
    exchanges.fail("positionRisk", "answer", times=9, status=503)
    sync(account)
    assert (account.status, "carried forward" in account.status_detail) == ("stale", True)
    assert VenuePosition.objects.get().unrealized_pnl == 250
    found = valued(owner)
    assert (found.equity, found.is_stale) == (1250, True)
    exchanges.faults.clear()
    exchanges.binance().futures.positions.clear()
    sync(account)
    assert (account.status, VenuePosition.objects.exists()) == ("ok", False)
    assert valued(owner).equity == 1000


def test_an_inverse_contract_is_worth_its_size_over_the_price() -> None:
    held = VenuePosition(quantity=D(10), contract_size=D(100), entry_price=D(50_000), is_inverse=True)
    assert held.value == D("0.02")
