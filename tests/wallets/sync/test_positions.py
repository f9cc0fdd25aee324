"""Derivatives that are open at a venue are read, shown and valued; what cannot be read is carried forward."""

import gzip
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import pytest
from django.test import Client

from kit import tenancy
from kit.users.models import User
from markets.exchanges import forget_markets
from portfolio.models import Snapshot
from portfolio.services import take_snapshots
from quant.contracts import unrealized_profit
from tests.programs import bearer
from tests.shared_data import recording
from tests.simulators.account import Held
from tests.simulators.server import Exchanges
from tests.wallets.books import make_wallet
from tests.wallets.keys import give_true_keys, key_of
from tests.wallets.venues.ccxt_venues import venue_of
from wallets.models import Connection, VenuePosition
from wallets.services import claim
from wallets.sync.positions import _replace
from wallets.sync.runs import sync_connection
from wallets.venues.base import PositionReport
from wallets.venues.ccxt.adapter import CcxtVenue
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


def test_what_it_has_won_is_part_of_what_the_fund_is_worth(account: Connection, owner: User) -> None:
    assert sync(account) == "ok"
    held = VenuePosition.objects.get()
    assert (held.unrealized_pnl, held.base) == (250, "BTC")
    found = valued(owner)
    assert (found.equity, found.unrealized_pnl) == (1250, 250)
    assert found.gross_exposure == -found.net_exposure == held.value > 0


def connected(owner: User, exchanges: Exchanges, slug: str) -> Connection:
    give_true_keys(exchanges)
    wire = exchanges.okx() if slug == "okx" else exchanges.binance()
    return join(owner_id=owner.pk, platform=platform_of(slug), name=slug, credentials=key_of(wire))


def test_spot_and_profit_of_binance_futures_become_equity(as_owner: User, exchanges: Exchanges) -> None:
    """122,607.351379031234567890 in the wallet, −12.5 of 0.25 BTC short from 50,123.456789012345."""
    made = connected(as_owner, exchanges, "binanceusdm")
    wire = exchanges.binance()
    wire.answers["/fapi/v3/balance"] = [
        {"accountAlias": "SgsR", "asset": "USDT", "balance": "122607.351379031234567890",
         "crossWalletBalance": "23.72469206", "crossUnPnl": "-12.50000000", "availableBalance": "23.72469206",
         "maxWithdrawAmount": "23.72469206", "marginAvailable": True, "updateTime": 1617939110373},
    ]  # fmt: skip
    wire.answers["/fapi/v2/positionRisk"] = [
        {"symbol": "BTCUSDT", "positionAmt": "-0.250", "entryPrice": "50123.456789012345", "breakEvenPrice": "50100.0",
         "markPrice": "50173.456789012345", "unRealizedProfit": "-12.50000000", "liquidationPrice": "93112.40191388",
         "leverage": "10", "maxNotionalValue": "20000000", "marginType": "cross", "isolatedMargin": "0.00000000",
         "isAutoAddMargin": "false", "positionSide": "BOTH", "notional": "-12543.364", "isolatedWallet": "0",
         "updateTime": 1625474304765, "isolated": False, "adlQuantile": 2},
    ]  # fmt: skip
    sync(made)
    found = valued(as_owner)
    assert (found.equity, found.cash) == (D("122594.85137903123456789"), D("122607.35137903123456789"))
    assert (found.invested, found.unrealized_pnl) == (0, D("-12.5"))
    assert found.net_exposure == -found.gross_exposure == D("-12543.36419725308625")  # 0.25 × 50,173.456789012345


def test_spot_and_profit_of_okx_become_equity(as_owner: User, exchanges: Exchanges) -> None:
    """4,834.317093622894701234 in cash, which `eq` tells with the 15.444598765432098 that 12.5 contracts have won."""
    made = connected(as_owner, exchanges, "okx")
    wire = exchanges.okx()
    wire.answers["/api/v5/account/balance"] = {
        "code": "0",
        "data": [{
            "totalEq": "4849.76", "uTime": "1705474164160",
            "details": [{"ccy": "USDT", "cashBal": "4834.317093622894701234", "eq": "4849.761692388326799234",
                         "upl": "15.444598765432098", "availBal": "4734.371083622894701234",
                         "availEq": "4750.371083622894701234", "frozenBal": "99.94601"}],
        }],
        "msg": "",
    }  # fmt: skip
    wire.answers["/api/v5/asset/balances"] = {"code": "0", "data": [], "msg": ""}
    wire.answers["/api/v5/account/positions"] = {
        "code": "0",
        "data": [
            {"avgPx": "49876.543210987654321", "ccy": "USDT", "instId": "BTC-USDT-SWAP", "instType": "SWAP",
             "lever": "5", "liqPx": "41234.5", "markPx": "50000.1", "mgnMode": "isolated", "pos": "12.5",
             "posSide": "net", "upl": "15.444598765432098"},
        ],
        "msg": "",
    }  # fmt: skip
    sync(made)
    found = valued(as_owner)
    assert found.equity == D("4849.761692388326799234")
    assert (found.cash, found.unrealized_pnl) == (D("4834.317093622894701234"), D("15.444598765432098"))
    assert found.gross_exposure == found.net_exposure == D("6250.0125")  # 12.5 × 0.01 × 50,000.1
    # OKX reckons by the mark, the contracts' size and the entry, as the formula does.
    held = VenuePosition.objects.get()
    by_formula = unrealized_profit(
        contracts=held.quantity, contract_size=held.contract_size, entry_price=held.entry_price,
        mark_price=D("50000.1"), is_long=True,
    )  # fmt: skip
    assert by_formula == D("15.444598626543209875")  # of the entry as it is told, which is rounded
    assert abs(by_formula - held.unrealized_pnl) < D("0.000001")


def recorded(exchanges: Exchanges, slug: str, file: str, path: str, *addresses: str) -> CcxtVenue:
    """A venue with the markets of a recording: `path` is answered by what the `addresses` said, in order."""
    with gzip.open(recording(f"venues/{file}.0.gz"), "rt") as lines:
        answers = [line.rstrip("\n").split(" -> ", 1) for line in lines if " -> " in line]
    for address in addresses:
        body = next(told for asked, told in answers if address in asked).split(": ", 1)[1]
        exchanges.fail(path, "answer", status=200, body=body)
    forget_markets()
    return venue_of(exchanges.wires["okx" if slug == "okx" else "binance"], slug)


@pytest.mark.offline
def test_contracts_of_the_recorded_markets_of_okx(exchanges: Exchanges) -> None:
    """Linear and inverse: of OKX's own list one BTC-USD-SWAP is 100 USD, one ETH-USDT-SWAP 0.1 ETH."""
    venue = recorded(
        exchanges, "okx", "OKX", "/public/instruments", *(f"instType={one}" for one in ("SPOT", "SWAP", "FUTURES"))
    )
    exchanges.okx().answers["/api/v5/account/positions"] = {
        "code": "0",
        "data": [
            {"avgPx": "30000", "ccy": "BTC", "instId": "BTC-USD-SWAP", "instType": "SWAP", "lever": "3", "liqPx": "",
             "markPx": "25000", "mgnMode": "cross", "pos": "-30", "posSide": "net", "upl": "0.02"},
            {"avgPx": "2000", "ccy": "USDT", "instId": "ETH-USDT-SWAP", "instType": "SWAP", "lever": "3", "liqPx": "",
             "markPx": "2100", "mgnMode": "cross", "pos": "15", "posSide": "long", "upl": "150"},
        ],
        "msg": "",
    }  # fmt: skip
    inverse, linear = venue.positions()
    assert (inverse.base, inverse.settle, inverse.contract_size, inverse.is_inverse) == ("BTC", "BTC", 100, True)
    assert (linear.base, linear.settle, linear.contract_size, linear.is_inverse) == ("ETH", "USDT", D("0.1"), False)
    assert by_the_formula(inverse) == inverse.unrealized_pnl == D("0.02")  # 30 × 100 × (1 ÷ 25,000 − 1 ÷ 30,000)
    assert by_the_formula(linear) == linear.unrealized_pnl == 150  # 15 × 0.1 × (2,100 − 2,000)
    forget_markets()


@pytest.mark.offline
def test_contracts_of_the_recorded_markets_of_binance(exchanges: Exchanges) -> None:
    """One contract of its own list is one bitcoin: 0.05 of them, from 30,000 to 31,000, have won 50 USDT."""
    venue = recorded(exchanges, "binanceusdm", "BINANCE_FUTURES", "exchangeInfo", "exchangeInfo")
    exchanges.binance().answers["/fapi/v2/positionRisk"] = [
        {"symbol": "BTCUSDT", "positionAmt": "0.050", "entryPrice": "30000.0", "markPrice": "31000.00000000",
         "unRealizedProfit": "50.00000000", "liquidationPrice": "0", "leverage": "5", "marginType": "isolated"},
    ]  # fmt: skip
    (held,) = venue.positions()
    assert (held.base, held.settle, held.contract_size) == ("BTC", "USDT", 1)
    assert by_the_formula(held) == held.unrealized_pnl == 50
    forget_markets()


def by_the_formula(held: PositionReport) -> Decimal:
    assert held.mark_price is not None
    return unrealized_profit(
        contracts=held.quantity, contract_size=held.contract_size, entry_price=held.entry_price,
        mark_price=held.mark_price, is_long=held.side == "long", is_inverse=held.is_inverse,
    )  # fmt: skip


def test_one_market_may_be_held_cross_and_isolated(account: Connection, exchanges: Exchanges) -> None:
    report = PositionReport("BTC/USDT:USDT", "long", D(1), D(1), D(100), D(110), D(10), "USDT", margin_mode="cross")
    _replace([(account.owner_id, account.pk, (report, replace(report, margin_mode="isolated")))])
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
