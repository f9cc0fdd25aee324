"""A sync of a real exchange works as that of the paper exchange: real ccxt, real HTTP, real books."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

import pytest
import stamina

from kit import tenancy
from kit.alerts.models import Alert
from kit.users.models import User
from tests.simulators.server import Exchanges
from tests.simulators.wire import Wire
from tests.wallets.books import balance, fund, make_wallet
from wallets.models import Connection, Platform, Reconciliation, SyncRun, Wallet
from wallets.sync import runs as sync
from wallets.venues.credentials import store_credentials

D = Decimal


@pytest.fixture(autouse=True)
def _fast_retries() -> Iterator[None]:
    with stamina.set_testing(True, attempts=1):
        yield


@dataclass
class Connected:
    """A connection, its master wallet, and the exchange behind it."""

    connection: Connection
    wallet: Wallet
    wire: Wire

    def sync(self) -> SyncRun:
        return sync.sync_connection(owner_id=self.connection.owner_id, connection_id=self.connection.pk)

    def row(self, run: SyncRun, asset: str = "USDT") -> Reconciliation:
        return Reconciliation.objects.get(run=run, asset=asset)

    @property
    def status(self) -> str:
        return str(Connection.objects.get(pk=self.connection.pk).status)


@pytest.fixture(params=["binance", "okx"])
def connected(request: pytest.FixtureRequest, as_owner: User, exchanges: Exchanges) -> Connected:
    """An account that holds 1,000 USDT, in the books and at the venue."""
    slug = request.param
    wire = exchanges.wires[slug]
    connection = Connection.objects.create(
        owner=as_owner, platform=Platform.objects.get(slug=slug), name=slug, venue=slug, is_paper=False
    )
    values = {"api_key": wire.key.key, "secret": wire.key.secret, "password": wire.key.password}
    store_credentials(connection=connection, values={name: value for name, value in values.items() if value})
    wallet = make_wallet(as_owner, connection=connection)
    fund(wallet, 1000)
    wire.account.deposit("USDT", 990)
    wire.account.deposit("USDT", 10, "funding")
    return Connected(connection, wallet, wire)


def test_books_that_agree_with_all_accounts_of_the_venue_are_said_to_agree(connected: Connected) -> None:
    run = connected.sync()
    assert (run.status, connected.status) == (SyncRun.Status.OK, Connection.Status.OK)
    row = connected.row(run)
    assert (row.venue_total, row.books_total, row.drift) == (1000, 1000, 0)


def test_a_deposit_at_the_venue_is_in_suspense_to_the_last_digit(connected: Connected) -> None:
    connected.sync()
    connected.wire.account.deposit("USDT", "0.000000000000000001")
    connected.wire.account.deposit("BTC", "0.123456789012345678", "funding")
    run = connected.sync()
    assert run.status == SyncRun.Status.DRIFT
    assert connected.row(run).drift == D("1e-18")
    assert balance(connected.wallet, kind="suspense") == D("1e-18")
    assert balance(connected.wallet, "BTC", kind="suspense") == D("0.123456789012345678")
    assert balance(connected.wallet) == 1000
    assert Alert.objects.filter(resolved_at=None).count() == 2
    assert connected.sync().status == SyncRun.Status.OK


def test_an_outage_leaves_the_figures_and_says_that_they_are_old(connected: Connected, exchanges: Exchanges) -> None:
    agreed = connected.sync()
    exchanges.fail("/account", "answer", times=100, status=503, body="")
    run = connected.sync()
    assert (run.status, connected.status) == (SyncRun.Status.FAILED, Connection.Status.STALE)
    assert "gave no answer" in run.error.exact
    assert balance(connected.wallet) == 1000
    assert Connection.objects.get(pk=connected.connection.pk).synced_at == agreed.finished_at
    exchanges.faults.clear()
    assert connected.sync().status == SyncRun.Status.OK
    assert connected.status == Connection.Status.OK


def test_one_account_of_two_that_does_not_answer_is_no_balance_of_zero(
    connected: Connected, exchanges: Exchanges
) -> None:
    """A sync that hears of one account only must not take the other's money for gone."""
    connected.sync()
    exchanges.fail("/asset/", "answer", times=100, status=503, body="")
    assert connected.sync().status == SyncRun.Status.FAILED
    assert connected.status == Connection.Status.STALE
    assert balance(connected.wallet, kind="suspense") == 0


def test_a_refused_key_needs_a_person(connected: Connected) -> None:
    connected.wire.key.is_expired = True
    run = connected.sync()
    assert (run.status, connected.status) == (SyncRun.Status.FAILED, Connection.Status.FAILED)
    assert "refuses the key" in run.error.exact
    assert connected.wire.key.secret not in run.error.exact
    assert Alert.objects.filter(resolved_at=None).exists()


def test_an_order_by_hand_at_the_venue_is_a_trade_of_what_is_unassigned_and_no_difference(
    connected: Connected,
) -> None:
    """What it was paid with is a wallet's: that stands in suspense until its owner says whose it was."""
    connected.sync()
    market = next(iter(connected.wire.account.markets))
    connected.wire.account.place(client_id="hand", market_id=market, side="buy", kind="market", quantity=D("0.01"))
    run = connected.sync()
    assert run.status == SyncRun.Status.OK
    bought, paid = connected.row(run, "BTC"), connected.row(run)
    assert (bought.drift, bought.unassigned, bought.suspense) == (0, D("0.00999"), 0)
    assert (paid.drift, paid.unassigned, paid.suspense < -500) == (0, 0, True)
    with tenancy.tenant(connected.connection.owner_id):
        assert balance(connected.wallet) == 1000
