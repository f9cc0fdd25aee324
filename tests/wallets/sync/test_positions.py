"""Derivatives that are open at a venue are read and shown; what cannot be read is carried forward."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import pytest
from django.test import Client

from kit import tenancy
from kit.users.models import User
from portfolio.models import Snapshot
from portfolio.services import take_snapshots
from tests.programs import bearer
from tests.simulators.account import Held
from tests.simulators.server import Exchanges
from tests.wallets.books import make_wallet
from tests.wallets.keys import give_true_keys, key_of
from wallets.models import Connection, VenuePosition
from wallets.services import claim
from wallets.sync.positions import _replace
from wallets.sync.runs import sync_connection
from wallets.venues.base import PositionReport
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
        wallet = make_wallet(owner, connection=made)
        sync(made)
        claim(owner_id=owner.pk, connection_id=made.pk, asset="USDT", wallet_id=wallet.pk, key="mine")
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


def test_no_total_of_ours_counts_them_yet(account: Connection, owner: User) -> None:
    assert sync(account) == "ok"
    assert VenuePosition.objects.get().unrealized_pnl == 250
    found = valued(owner)
    assert (found.equity, found.unrealized_pnl, found.gross_exposure) == (1000, 0, 0)


def test_one_market_may_be_held_cross_and_isolated(account: Connection, exchanges: Exchanges) -> None:
    report = PositionReport("BTC/USDT:USDT", "long", D(1), D(1), D(100), D(110), D(10), "USDT", margin_mode="cross")
    _replace(account, (report, replace(report, margin_mode="isolated")))
    assert VenuePosition.objects.count() == 2


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
    assert account.failures == 1
    assert valued(owner).is_stale
    exchanges.faults.clear()
    exchanges.binance().futures.positions.clear()
    sync(account)
    assert (account.status, VenuePosition.objects.exists()) == ("ok", False)
    assert account.failures == 0


def test_an_inverse_contract_is_worth_its_size_over_the_price() -> None:
    held = VenuePosition(quantity=D(10), contract_size=D(100), entry_price=D(50_000), is_inverse=True)
    assert held.value == D("0.02")
