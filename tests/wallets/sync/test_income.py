"""Realized profit, funding payments and fees of derivatives are read from the venue and posted once, as profit."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from threading import Barrier, Thread
from typing import Any

import pytest
import stamina
from django.db import connections, transaction
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kit import tenancy
from kit.alerts.models import Alert
from kit.users.models import User
from portfolio.models import Snapshot
from portfolio.selectors.standings import standings
from portfolio.services import take_snapshots
from tests.conftest import as_operators
from tests.simulators.account import Account as Venue
from tests.simulators.server import Exchanges
from tests.simulators.wire import Wire
from tests.wallets.books import balance, make_wallet
from tests.wallets.keys import give_true_keys
from tests.wallets.venues.ccxt_venues import DERIVATIVES, PERPETUALS, venue_of
from trading.selectors.earnings import of_wallets
from wallets.ledger import AccountRef, Leg, post, verify
from wallets.models import Account, Connection, Platform, Posting, Purpose, SyncRun, VenueIncome, VenueMovement, Wallet
from wallets.models.kinds import PURPOSES
from wallets.services import assign_suspense, claim, set_arrivals
from wallets.sync import ending
from wallets.sync.derivatives import give_derivatives
from wallets.sync.income import CLOSE, choose
from wallets.sync.runs import sync_connection
from wallets.venues.credentials import store_credentials

D = Decimal
PATHS = {
    "binanceusdm": "/fapi/v1/income",
    "okx": "/api/v5/account/bills",
    "bybit": "/v5/account/transaction-log",
}


@pytest.fixture(autouse=True)
def _fast_retries() -> Iterator[None]:
    with stamina.set_testing(True, attempts=1):
        yield


@dataclass
class Futures:
    """An account with 1,000 USDT, all of them a master's, and the exchange behind it."""

    slug: str
    owner: User
    connection: Connection
    master: Wallet
    wire: Wire
    venue: Venue

    @property
    def market(self) -> str:
        return PERPETUALS[self.slug]

    def sync(self) -> SyncRun:
        return sync_connection(owner_id=self.owner.pk, connection_id=self.connection.pk)

    def trade(self, side: str, quantity: str = "0.02", *, price: str = "") -> None:
        """By hand, at the venue."""
        if price:
            self.venue.markets[self.market].price = D(price)
        self.venue.place(client_id="", market_id=self.market, side=side, kind="market", quantity=D(quantity))

    def win(self) -> Decimal:
        """Buy and sell a thousand higher; what that made, after its fees."""
        before = self.venue.total("USDT")
        self.trade("buy", price="50000")
        self.trade("sell", price="51000")
        return self.venue.total("USDT") - before

    def sums(self, kind: str) -> Decimal:
        rows = Account.objects.filter(wallet__connection=self.connection, asset="USDT", kind=kind)
        return sum((row.balance for row in rows), D(0))

    def value(self, wallet: Wallet | None = None) -> Snapshot:
        take_snapshots(owner_id=self.owner.pk)
        return Snapshot.objects.filter(wallet=wallet).latest("at")

    def adds_up(self) -> None:
        total = sum((held.get("USDT", D(0)) for held in self.venue.wallets.values()), D(0))
        assert total == self.sums("wallet") + self.sums("suspense")
        booked = sum((one.change for one in VenueIncome.objects.filter(status="booked")), D(0))
        assert -self.sums("profit") - self.sums("funding") - self.sums("costs") == booked
        assert verify(owner_id=self.owner.pk).contradiction is None


def opened(owner: User, exchanges: Exchanges, slug: str) -> Futures:
    give_true_keys(exchanges)
    wire = exchanges.wires["binance" if slug == "binanceusdm" else slug]
    venue = exchanges.binance().futures if slug == "binanceusdm" else wire.account
    venue.deposit("USDT", 1000)
    connection = Connection.objects.create(
        owner=owner, platform=Platform.objects.get(slug=slug), name=slug, venue=slug, is_paper=False
    )
    values = {"api_key": wire.key.key, "secret": wire.key.secret, "password": wire.key.password}
    store_credentials(connection=connection, values={name: value for name, value in values.items() if value})
    found = Futures(slug, owner, connection, make_wallet(owner, f"Fund at {slug}", connection=connection), wire, venue)
    found.sync()
    claim(owner_id=owner.pk, connection_id=connection.pk, asset="USDT", wallet_id=found.master.pk, key=f"mine {slug}")
    if slug != "binance":
        give_derivatives(owner_id=owner.pk, connection_id=connection.pk, wallet_id=found.master.pk)
    return found


def opened_spot(owner: User, exchanges: Exchanges) -> Futures:
    """Binance's other account, whose deposits and withdrawals are its master's by rule, as those of its futures."""
    spot = opened(owner, exchanges, "binance")
    for connection in Connection.objects.filter(owner=owner):
        master = Wallet.objects.get(connection=connection, role="master").pk
        set_arrivals(owner_id=owner.pk, connection_id=connection.pk, deposits_to=master, withdrawals_from=master)
    return spot


@pytest.fixture(params=DERIVATIVES)
def futures(request: pytest.FixtureRequest, as_owner: User, exchanges: Exchanges) -> Futures:
    return opened(as_owner, exchanges, request.param)


@pytest.fixture
def binance(as_owner: User, exchanges: Exchanges) -> Futures:
    return opened(as_owner, exchanges, "binanceusdm")


def test_what_derivatives_bring_is_profit_of_the_wallet_that_holds_them(futures: Futures, as_owner: User) -> None:
    futures.value()
    size = futures.venue.markets[futures.market].size
    made = futures.win()
    futures.venue.pay_funding(futures.market, "-0.75")
    assert futures.sync().status == SyncRun.Status.OK
    gross = D("0.02") * size * (D(51000) - D(50000) - 2 * futures.venue.markets[futures.market].tick)
    assert -futures.sums("profit") == gross
    assert futures.sums("costs") == gross - made > 0
    assert (-futures.sums("funding"), futures.sums("suspense")) == (D("-0.75"), 0)
    assert balance(futures.master) == 1000 + made - D("0.75")
    assert {PURPOSES[one.kind] for one in Posting.objects.filter(key__startswith="income:")} <= {
        Purpose.TRADING, Purpose.FEES,
    }  # fmt: skip
    found = futures.value()
    assert (found.equity, found.flows, found.flow, found.adjustments) == (1000 + made - D("0.75"), 1000, 0, 0)
    assert found.twr_index == pytest.approx(float(found.equity / 1000))
    stand = standings(owner_id=as_owner.pk)[futures.master.pk]
    assert (stand.profit, stand.funding, stand.today) == (made - D("0.75"), 1000, made - D("0.75"))
    assert of_wallets(as_owner.pk) == {futures.master.pk: made - D("0.75")}
    assert not Alert.objects.filter(resolved_at=None, key__startswith="drift").exists()
    futures.adds_up()


def test_what_was_won_becomes_money_and_changes_no_value(futures: Futures) -> None:
    """At the price that it is closed at, its fee apart, whoever's it is and all together."""
    market = futures.venue.markets[futures.market]
    futures.trade("buy", price="50000")
    futures.sync()
    market.price = D(52000) + market.tick
    futures.sync()
    before = {wallet: futures.value(wallet) for wallet in (None, futures.master)}
    assert before[None].unrealized_pnl > 0
    fees = futures.sums("costs")
    futures.trade("sell", price=str(D(52000) + 2 * market.tick))  # it is sold a tick below
    futures.sync()
    paid = futures.sums("costs") - fees
    for wallet, earlier in before.items():
        now = futures.value(wallet)
        assert (now.equity, now.unrealized_pnl) == (earlier.equity - paid, 0)
        assert now.flow == now.adjustments == 0
    futures.adds_up()


def test_each_is_booked_once_doubled_reordered_paged_and_asked_for_again(futures: Futures) -> None:
    futures.venue.page, futures.venue.doubles_earned, futures.venue.reverses_earned = 3, True, True
    made = sum((futures.win() for _ in range(4)), D(0))
    for _ in range(3):
        assert futures.sync().status == SyncRun.Status.OK
    more = futures.win()
    futures.sync()
    assert balance(futures.master) == 1000 + made + more
    assert VenueIncome.objects.exclude(status="booked").count() == 0
    assert len(set(VenueIncome.objects.values_list("posting", flat=True))) == VenueIncome.objects.count() >= 8
    futures.adds_up()


def test_what_is_told_late_is_taken_out_of_suspense(futures: Futures) -> None:
    futures.win()
    late = futures.venue.pay_funding(futures.market, "3.000000000000000001")
    late.is_told = False
    assert futures.sync().status == SyncRun.Status.DRIFT
    assert futures.sums("suspense") == D("3.000000000000000001")
    late.is_told = True
    assert futures.sync().status == SyncRun.Status.OK
    assert (futures.sums("suspense"), -futures.sums("funding")) == (0, D("3.000000000000000001"))
    found = futures.value()
    assert (found.flows, found.equity) == (1000, futures.venue.total("USDT"))
    assert not Alert.objects.filter(resolved_at=None, key__startswith="drift").exists()
    futures.adds_up()


@pytest.mark.parametrize("fault", [{"kind": "truncated"}, {"kind": "answer", "status": 502, "body": "bad gateway"}])
def test_what_cannot_be_read_is_a_difference_until_it_can(
    futures: Futures, exchanges: Exchanges, fault: dict[str, Any]
) -> None:
    made = futures.win()
    exchanges.fail(PATHS[futures.slug], times=9, **fault)
    assert futures.sync().status == SyncRun.Status.DRIFT
    assert (balance(futures.master), futures.sums("suspense")) == (1000, made)
    exchanges.faults.clear()
    assert futures.sync().status == SyncRun.Status.OK
    assert (balance(futures.master), futures.sums("suspense")) == (1000 + made, 0)
    futures.adds_up()


@pytest.mark.parametrize("slug", sorted(set(DERIVATIVES) - {"binanceusdm"}))
def test_money_from_another_account_at_the_venue_is_no_profit(as_owner: User, exchanges: Exchanges, slug: str) -> None:
    """Of OKX and Bybit the account is all that a connection may see: what is beyond it is another user's."""
    futures = opened(as_owner, exchanges, slug)
    made = futures.win()
    futures.venue.transfer("USDT", 250)
    assert futures.sync().status == SyncRun.Status.DRIFT
    assert (balance(futures.master), futures.sums("suspense")) == (1000 + made, 250)
    assert futures.value().equity == 1000 + made
    futures.adds_up()


def test_money_between_binances_accounts_is_a_flow_of_both_and_nobodys_profit(
    binance: Futures, as_owner: User, exchanges: Exchanges
) -> None:
    wire = exchanges.binance()
    spot = opened_spot(as_owner, exchanges)
    made = binance.win()
    wire.transfer("USDT", 250, "MAIN_UMFUTURE")
    wire.transfer("USDT", "49.5", "UMFUTURE_FUNDING")
    wire.transfer("USDT", 5, "MAIN_MARGIN")
    wire.account.deposit("USDT", -3, "")
    wire.account.deposit("USDT", 3, "funding")  # between the two accounts that are one connection
    for _ in range(3):
        assert (binance.sync().status, spot.sync().status) == ("ok", "ok")
    assert balance(binance.master) == 1000 + made + 250 - D("49.5")
    assert balance(spot.master) == 1000 - 250 + D("49.5") - 5
    told = [(one.connection_id, one.kind, one.amount, one.status) for one in VenueMovement.objects.order_by("at", "pk")]
    assert sorted(told, key=str) == sorted(
        [
            (binance.connection.pk, "deposit", 250, "booked"), (spot.connection.pk, "withdrawal", 250, "booked"),
            (binance.connection.pk, "withdrawal", D("49.5"), "booked"),
            (spot.connection.pk, "deposit", D("49.5"), "booked"), (spot.connection.pk, "withdrawal", 5, "booked"),
        ],
        key=str,
    )  # fmt: skip
    found = binance.value(), binance.value(binance.master), binance.value(spot.master)
    assert [(one.equity, one.flows) for one in found] == [
        (2000 + made - 5, 1995), (1000 + made + D("200.5"), D("1200.5")), (D("794.5"), D("794.5")),
    ]  # fmt: skip
    assert found[1].adjustments == found[2].adjustments == 0
    assert not Alert.objects.filter(resolved_at=None, key__startswith="drift").exists()
    binance.adds_up()


def test_a_transfer_that_is_not_confirmed_yet_is_a_difference_until_it_is(as_owner: User, exchanges: Exchanges) -> None:
    wire, spot = exchanges.binance(), opened_spot(as_owner, exchanges)
    wire.transfer("USDT", 250, "MAIN_UMFUTURE", status="PENDING")
    assert spot.sync().status == SyncRun.Status.DRIFT
    assert (balance(spot.master), spot.sums("suspense")) == (1000, -250)
    wire.transferred[0]["status"] = "CONFIRMED"
    assert spot.sync().status == SyncRun.Status.OK
    assert (balance(spot.master), spot.sums("suspense")) == (750, 0)


def test_transfers_are_turned_over_page_by_page(as_owner: User, exchanges: Exchanges) -> None:
    wire, spot = exchanges.binance(), opened_spot(as_owner, exchanges)
    for _ in range(205):
        wire.transfer("USDT", 1, "MAIN_UMFUTURE")
    assert spot.sync().status == SyncRun.Status.OK
    assert (balance(spot.master), VenueMovement.objects.count()) == (795, 205)


def test_what_was_there_when_an_account_was_connected_is_not_booked_again(as_owner: User, exchanges: Exchanges) -> None:
    exchanges.binance().futures.deposit("USDT", 1000)
    futures = opened(as_owner, exchanges, "binanceusdm")
    assert not VenueIncome.objects.exists()
    first = SyncRun.objects.get()
    old = futures.venue.pay_funding(futures.market, 7)
    old.at_ms = int((first.created_at - timedelta(days=3)).timestamp() * 1000)
    futures.venue.deposit("USDT", -7)  # it was in the balance by then
    made = futures.win()
    assert futures.sync().status == SyncRun.Status.OK
    assert balance(futures.master) == 2000 + made
    assert -futures.sums("funding") == 0
    futures.adds_up()


def test_what_its_owner_has_explained_is_not_booked_again(binance: Futures, as_owner: User) -> None:
    late = binance.venue.pay_funding(binance.market, 9)
    late.is_told = False
    binance.sync()
    past = datetime.now(UTC) - 3 * CLOSE
    late.at_ms = int(past.timestamp() * 1000)
    assign_suspense(owner_id=as_owner.pk, connection_id=binance.connection.pk, asset="USDT", key="said")
    late.is_told = True
    made = binance.win()
    assert binance.sync().status == SyncRun.Status.OK
    assert (balance(binance.master), binance.sums("funding")) == (1009 + made, 0)
    binance.adds_up()


def test_a_crash_between_reading_and_posting_loses_and_doubles_nothing(
    futures: Futures, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = futures.win()

    def killed(*args: Any, **given: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(ending, "note_success", killed)  # everything is written, nothing is committed
        with pytest.raises(KeyboardInterrupt):
            futures.sync()
    assert (VenueIncome.objects.count(), balance(futures.master)) == (0, 1000)
    SyncRun.objects.filter(status="running").update(status="failed", finished_at=datetime.now(UTC))
    assert futures.sync().status == SyncRun.Status.OK
    assert balance(futures.master) == 1000 + made
    futures.adds_up()


def test_of_many_syncs_at_once_each_entry_is_booked_by_one(live_db: str, owner: User, exchanges: Exchanges) -> None:
    with tenancy.tenant(owner.pk):
        futures = opened(owner, exchanges, "binanceusdm")
    made = sum((futures.win() for _ in range(3)), D(0))
    ready = Barrier(4)

    def once() -> None:
        ready.wait(30)
        for _ in range(2):
            futures.sync()
        connections.close_all()

    threads = [Thread(target=once) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    futures.sync()
    with tenancy.tenant(owner.pk):
        assert balance(futures.master) == 1000 + made
        assert Posting.objects.filter(key__startswith="income:").count() == VenueIncome.objects.count() == 9
        futures.adds_up()


def test_it_is_shown_at_the_account_and_told_by_the_api(binance: Futures, as_owner: User, client: Client) -> None:
    binance.venue.pay_funding(binance.market, "-0.5")
    binance.sync()
    client.force_login(as_owner)
    page = client.get(f"/wallets/connections/{binance.connection.pk}/arrivals/").content.decode()
    assert "Funding payment" in page
    assert "BTC/USDT:USDT" in page
    (row,) = client.get(f"/api/v1/connections/{binance.connection.pk}/income").json()["items"]
    assert (row["symbol"], row["asset"], row["realized"], row["funding"], row["fee"], row["status"]) == (
        "BTC/USDT:USDT", "USDT", "0", "-0.5", "0", "booked",
    )  # fmt: skip
    assert row["wallet_id"] == str(binance.master.pk)


def test_what_a_wallet_cannot_pay_is_lent_out_of_what_is_unassigned(as_owner: User, exchanges: Exchanges) -> None:
    """The loss is the agent's who holds the position, not that of whoever holds the money."""
    give_true_keys(exchanges)
    futures = opened(as_owner, exchanges, "binanceusdm")
    futures.venue.deposit("USDT", 500)
    futures.sync()
    assign_suspense(owner_id=as_owner.pk, connection_id=futures.connection.pk, asset="USDT", key="said")
    spare = Wallet.objects.get(role="unassigned", connection=futures.connection)
    poor = make_wallet(as_owner, "Poor", connection=futures.connection)
    give_derivatives(owner_id=as_owner.pk, connection_id=futures.connection.pk, wallet_id=poor.pk)
    an_hour_ago = datetime.now(UTC) - timedelta(hours=1)
    with as_operators():
        SyncRun.objects.update(created_at=an_hour_ago, finished_at=an_hour_ago)
    futures.venue.pay_funding(futures.market, -5)
    futures.sync()
    assert (balance(poor), futures.sums("suspense")) == (0, -5)  # nobody has it: it waits
    assert VenueIncome.objects.get().status == "waiting"
    post(
        owner_id=as_owner.pk, key="back", kind="claim",
        legs=[Leg(AccountRef(futures.master.pk, "USDT"), AccountRef(spare.pk, "USDT"), D(100))],
    )  # fmt: skip
    assert futures.sync().status == SyncRun.Status.OK
    assert (balance(poor), balance(spare), futures.sums("suspense")) == (0, 95, 0)
    stand = standings(owner_id=as_owner.pk)
    assert (stand[poor.pk].profit, stand[spare.pk].profit, stand[as_owner.pk].profit) == (-5, 0, -5)
    futures.adds_up()


# --- literal payloads -------------------------------------------------------------------------------------------------


def told_by(exchanges: Exchanges, slug: str) -> list[tuple[Any, ...]]:
    wire = exchanges.wires["binance" if slug == "binanceusdm" else slug]
    told = venue_of(wire, slug).income_since(datetime(2019, 1, 1, tzinfo=UTC))
    return [(one.venue_id, one.symbol, one.asset, one.realized, one.funding, one.fee, one.at) for one in told]


def at(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def test_the_income_of_binances_documents_is_understood(exchanges: Exchanges) -> None:
    """Its two entries, and one each of what else there is in ccxt's and Binance's own examples."""
    now = 1_570_636_800_000
    exchanges.binance().answers[PATHS["binanceusdm"]] = [
        {"symbol": "", "incomeType": "TRANSFER", "income": "-0.37500000", "asset": "USDT", "info": "TRANSFER",
         "time": 1570608000000, "tranId": 9689322392, "tradeId": ""},
        {"symbol": "BTCUSDT", "incomeType": "COMMISSION", "income": "-0.01000000", "asset": "USDT",
         "info": "COMMISSION", "time": now, "tranId": 9689322392, "tradeId": "2059192"},
        {"symbol": "BTCUSDT", "incomeType": "COMMISSION", "income": "-0.01000000", "asset": "USDT",
         "info": "COMMISSION", "time": now, "tranId": 9689322392, "tradeId": "2059192"},
        {"symbol": "BTCUSDT", "incomeType": "REALIZED_PNL", "income": "25.12345678", "asset": "USDT",
         "info": "2059192", "time": now, "tranId": 9689322392, "tradeId": "2059192"},
        {"symbol": "BTCUSDT", "incomeType": "FUNDING_FEE", "income": "0.00134317", "asset": "USDT",
         "time": 1621584000000, "info": "FUNDING_FEE", "tranId": 4480321991774044580, "tradeId": ""},
        {"symbol": "BTCUSDT", "incomeType": "INSURANCE_CLEAR", "income": "-1.50000000", "asset": "USDT",
         "time": 1621584000001, "info": "INSURANCE_CLEAR", "tranId": 5, "tradeId": ""},
        {"symbol": "BTCUSDT", "incomeType": "COMMISSION", "income": "-0.00003000", "asset": "BNB",
         "info": "COMMISSION", "time": 1621584000002, "tranId": 6, "tradeId": "2059193"},
        {"symbol": "", "incomeType": "WELCOME_BONUS", "income": "5.00000000", "asset": "USDT", "time": 1621584000003,
         "info": "WELCOME_BONUS", "tranId": 7, "tradeId": ""},
    ]  # fmt: skip
    assert told_by(exchanges, "binanceusdm") == [
        ("COMMISSION:9689322392", "BTC/USDT:USDT", "USDT", 0, 0, D("0.01"), at(now)),
        ("REALIZED_PNL:9689322392", "BTC/USDT:USDT", "USDT", D("25.12345678"), 0, 0, at(now)),
        ("FUNDING_FEE:4480321991774044580", "BTC/USDT:USDT", "USDT", 0, D("0.00134317"), 0, at(1621584000000)),
        ("INSURANCE_CLEAR:5", "BTC/USDT:USDT", "USDT", D("-1.5"), 0, 0, at(1621584000001)),
        ("COMMISSION:6", "BTC/USDT:USDT", "BNB", 0, 0, D("0.00003"), at(1621584000002)),
    ]


def test_the_bills_of_okxs_documents_are_understood(exchanges: Exchanges) -> None:
    """A spot trade of its documents, which is none of a derivative; funding of an inverse one from ccxt's; and a close,
    a liquidation and a transfer in the same form."""

    def bill(number: str, kind: str, **more: str) -> dict[str, str]:
        return {
            "bal": "8694.2179403378290202", "balChg": "0.0219338232210000", "billId": number, "ccy": "USDT",
            "clOrdId": "", "execType": "T", "fee": "0", "from": "", "instId": "BTC-USDT-SWAP", "instType": "SWAP",
            "interest": "0", "mgnMode": "cross", "notes": "", "ordId": "0", "pnl": "0", "posBal": "0",
            "posBalChg": "0", "px": "", "subType": "", "sz": "1", "tag": "", "to": "", "ts": "1695033476167",
            "type": kind, **more,
        }  # fmt: skip

    exchanges.okx().answers["/api/v5/account/bills-archive"] = {
        "code": "0", "msg": "",
        "data": [
            bill("377970609204146191", "1", instId="", instType="", balChg="-50"),
            bill("377970609204146190", "5", pnl="-12.5", fee="-0.25", subType="104"),
            bill("377970609204146189", "2", pnl="31.0099", fee="-0.0155049", subType="2"),
            bill("377970609204146187", "8", ccy="ETH", instId="ETH-USD-SWAP", mgnMode="isolated", subType="174",
                 balChg="0.0000148752712240", pnl="0.000014875271224", ts="1636387215588"),
            bill("623950854533513219", "2", instId="BTC-USDT", instType="SPOT", fee="-0.000021", subType="1"),
        ],
    }  # fmt: skip
    assert told_by(exchanges, "okx") == [
        ("377970609204146187", "ETH-USD-SWAP", "ETH", 0, D("0.000014875271224"), 0, at(1636387215588)),
        ("377970609204146189", "BTC/USDT:USDT", "USDT", D("31.0099"), 0, D("0.0155049"), at(1695033476167)),
        ("377970609204146190", "BTC/USDT:USDT", "USDT", D("-12.5"), 0, D("0.25"), at(1695033476167)),
    ]


def test_the_transactions_of_bybits_documents_are_understood(exchanges: Exchanges) -> None:
    """A trade and a settlement of its documents: the first opens, the second is funding that was paid."""
    now = int(datetime.now(UTC).timestamp() * 1000) - 60_000
    rows = [
        {"id": "592324_XRPUSDT_161440249321", "symbol": "BTCUSDT", "side": "Buy", "funding": "",
         "orderLinkId": "linear-order", "orderId": "592b7e41-78fd-42e2-9aa3-91e1835ef3e1", "fee": "0.00260280",
         "change": "-0.0026028", "cashFlow": "0", "transactionTime": str(now), "type": "TRADE", "feeRate": "0.0006",
         "bonusChange": "", "size": "12", "qty": "12", "cashBalance": "5086.58101322", "currency": "USDT",
         "category": "linear", "tradePrice": "0.3615", "tradeId": "8569c10f-5061-5891-81c4-a54929847eb3"},
        {"id": "592324_BTCUSDT_161440249322", "symbol": "BTCUSDT", "side": "Sell", "funding": "-0.003676",
         "orderLinkId": "", "orderId": "1672128000-8-592324-1-2", "fee": "0.00000000", "change": "-0.003676",
         "cashFlow": "0", "transactionTime": str(now + 1), "type": "SETTLEMENT", "feeRate": "0.0001",
         "bonusChange": "", "size": "-0.001", "qty": "-0.001", "cashBalance": "5086.56192693", "currency": "USDT",
         "category": "linear", "tradePrice": "16716.00", "tradeId": ""},
    ]  # fmt: skip
    told = {"nextPageCursor": "", "list": rows}
    body = {"retCode": 0, "retMsg": "OK", "result": told, "retExtInfo": {}, "time": now}
    exchanges.fail(PATHS["bybit"], "answer", status=200, body=json.dumps(body))
    venue = venue_of(exchanges.wires["bybit"], "bybit")
    found = venue.income_since(datetime.now(UTC) - timedelta(hours=1))
    assert [(one.venue_id, one.symbol, one.asset, one.realized, one.funding, one.fee) for one in found] == [
        ("592324_XRPUSDT_161440249321", "BTC/USDT:USDT", "USDT", 0, 0, D("0.0026028")),
        ("592324_BTCUSDT_161440249322", "BTC/USDT:USDT", "USDT", 0, D("-0.003676"), 0),
    ]


# --- which of them are new --------------------------------------------------------------------------------------------

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def entries(*changes: tuple[int, int]) -> list[VenueIncome]:
    """Each so many seconds after noon."""
    none = {"funding": D(0), "fee": D(0)}
    return [VenueIncome(realized=D(amount), at=NOON + timedelta(seconds=second), **none) for second, amount in changes]


@pytest.mark.offline
@pytest.mark.parametrize(
    ("unexplained", "known", "new"),
    [(None, 1, 2), (5, 1, 2), (12, 0, 3), (3, 1, 1), (10, 0, 2), (999, 1, 2)],
    ids=["nobody knows", "by the clocks", "the first was not in it", "the last is not in it", "both", "neither sum"],
)
def test_the_sum_decides_what_the_clocks_do_not(unexplained: int | None, known: int, new: int) -> None:
    """Seven a second before the books were brought to what the venue held, three long after, two right at the look."""
    found = choose(
        entries((-1, 7), (600, 3), (1200, 2)),
        None if unexplained is None else D(unexplained),
        since=(NOON, NOON),
        until=NOON + timedelta(seconds=1200),
    )
    assert (len(found.known), len(found.new)) == (known, new)


steps = st.lists(
    st.one_of(
        st.tuples(st.just("win"), st.just(0)),
        st.tuples(st.just("funding"), st.integers(-500, 500)),
        st.tuples(st.just("late"), st.integers(-500, 500)),
        st.tuples(st.just("tell"), st.just(0)),
        st.tuples(st.just("hand"), st.integers(-50, 50)),
        st.tuples(st.just("sync"), st.just(0)),
    ),
    min_size=2,
    max_size=12,
)


@settings(
    deadline=None, database=None, max_examples=8,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(happened=steps)
def test_whatever_happens_books_and_venue_add_up_and_profit_is_profit(
    as_owner: User, exchanges: Exchanges, happened: list[tuple[str, int]]
) -> None:
    exchanges.reset()
    with transaction.atomic():
        futures = opened(as_owner, exchanges, "binanceusdm")
        earned = D(0)
        for what, amount in happened:
            if what == "win":
                earned += futures.win()
            elif what in ("funding", "late") and amount:
                futures.venue.pay_funding(futures.market, D(amount) / 100).is_told = what == "funding"
                earned += D(amount) / 100
            elif what == "hand" and amount:
                futures.venue.deposit("USDT", amount)
            elif what == "tell":
                for one in futures.venue.earned:
                    one.is_told = True
            elif what == "sync":
                futures.sync()
                futures.adds_up()
        for one in futures.venue.earned:
            one.is_told = True
        futures.sync()
        futures.adds_up()
        untold = VenueIncome.objects.exclude(status="booked")
        assert not untold.exists()
        assert -futures.sums("profit") - futures.sums("funding") - futures.sums("costs") == earned
        assert futures.value().flows == 1000
        transaction.set_rollback(True)
