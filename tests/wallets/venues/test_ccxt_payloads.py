"""Balances and positions as Binance and OKX write them, and what is read in them, written out by hand.

No figure may pass through a binary float: some have more digits than one holds.
"""

from decimal import Decimal

import pytest

from tests.simulators.server import Exchanges
from tests.wallets.venues.ccxt_venues import PERPETUAL, venue_of
from wallets.venues.base import BalanceReport, PositionReport, VenueAnswerError, totals

pytestmark = pytest.mark.offline
D = Decimal


def test_balances_of_binance_spot_and_funding(exchanges: Exchanges) -> None:
    wire = exchanges.binance()
    wire.answers["/api/v3/account"] = {
        "makerCommission": 10, "takerCommission": 10, "buyerCommission": 0, "sellerCommission": 0,
        "commissionRates": {"maker": "0.00100000", "taker": "0.00100000", "buyer": "0.00", "seller": "0.00"},
        "canTrade": True, "canWithdraw": False, "canDeposit": True, "brokered": False,
        "requireSelfTradePrevention": False, "preventSor": False, "updateTime": 1700000000000, "accountType": "SPOT",
        "balances": [
            {"asset": "BTC", "free": "0.123456789012345678", "locked": "0.000000000000000001"},
            {"asset": "LTC", "free": "0.00000000", "locked": "4763368.68006011"},
            {"asset": "USDT", "free": "98765432109876543.210987654321098765", "locked": "0.00000000"},
            {"asset": "BNB", "free": "0.00000000", "locked": "0.00000000"},
        ],
        "permissions": ["SPOT"], "uid": 354937868,
    }  # fmt: skip
    wire.answers["/sapi/v1/asset/get-funding-asset"] = [
        {"asset": "USDT", "free": "1", "locked": "0.5", "freeze": "0.25", "withdrawing": "0.125", "btcValuation": "0"}
    ]
    balances = venue_of(wire, "binance").balances()
    assert balances == (
        BalanceReport("USDT", D("1.875"), D("1"), "funding"),
        BalanceReport("BTC", D("0.123456789012345679"), D("0.123456789012345678"), "spot"),
        BalanceReport("LTC", D("4763368.68006011"), D("0"), "spot"),
        BalanceReport(
            "USDT", D("98765432109876543.210987654321098765"), D("98765432109876543.210987654321098765"), "spot"
        ),
    )
    assert totals(balances)["USDT"] == D("98765432109876545.085987654321098765")


def test_balances_and_positions_of_binance_futures(exchanges: Exchanges) -> None:
    wire = exchanges.binance()
    wire.answers["/fapi/v3/balance"] = [
        {"accountAlias": "SgsR", "asset": "USDT", "balance": "122607.351379031234567890",
         "crossWalletBalance": "23.72469206", "crossUnPnl": "-12.50000000", "availableBalance": "23.72469206",
         "maxWithdrawAmount": "23.72469206", "marginAvailable": True, "updateTime": 1617939110373},
        {"accountAlias": "SgsR", "asset": "BNB", "balance": "0.00000000", "crossWalletBalance": "0.00000000",
         "crossUnPnl": "0.00000000", "availableBalance": "0.00000000", "maxWithdrawAmount": "0.00000000",
         "marginAvailable": True, "updateTime": 0},
    ]  # fmt: skip
    wire.answers["/fapi/v2/positionRisk"] = [
        {"symbol": "BTCUSDT", "positionAmt": "-0.250", "entryPrice": "50123.456789012345", "breakEvenPrice": "50100.0",
         "markPrice": "50173.456789012345", "unRealizedProfit": "-12.50000000", "liquidationPrice": "93112.40191388",
         "leverage": "10", "maxNotionalValue": "20000000", "marginType": "cross", "isolatedMargin": "0.00000000",
         "isAutoAddMargin": "false", "positionSide": "BOTH", "notional": "-12543.364", "isolatedWallet": "0",
         "updateTime": 1625474304765, "isolated": False, "adlQuantile": 2},
        {"symbol": "ETHUSDT", "positionAmt": "0.000", "entryPrice": "0.0", "breakEvenPrice": "0.0", "markPrice": "0.0",
         "unRealizedProfit": "0.00000000", "liquidationPrice": "0", "leverage": "20", "maxNotionalValue": "25000000",
         "marginType": "isolated", "isolatedMargin": "0.00000000", "isAutoAddMargin": "false", "positionSide": "BOTH",
         "notional": "0", "isolatedWallet": "0", "updateTime": 0, "isolated": True, "adlQuantile": 0},
    ]  # fmt: skip
    venue = venue_of(wire, "binanceusdm")
    assert venue.balances() == (BalanceReport("USDT", D("122607.351379031234567890"), D("23.72469206"), "futures"),)
    assert venue.positions() == (
        PositionReport(
            symbol=PERPETUAL,
            side="short",
            quantity=D("0.250"),
            contract_size=D("1"),
            entry_price=D("50123.456789012345"),
            mark_price=D("50173.456789012345"),
            unrealized_pnl=D("-12.5"),
            settle="USDT",
            leverage=D("10"),
            margin_mode="cross",
            liquidation_price=D("93112.40191388"),
            base="BTC",
        ),
    )


def test_balances_of_okx_trading_and_funding(exchanges: Exchanges) -> None:
    """Cash without the profit of open positions: `eq` has it, `cashBal` has not."""
    wire = exchanges.okx()
    empty = {"crossLiab": "0", "disEq": "0", "eqUsd": "0", "fixedBal": "0", "interest": "0", "isoEq": "0",
             "isoLiab": "0", "isoUpl": "0", "liab": "0", "maxLoan": "", "mgnRatio": "", "notionalLever": "0",
             "spotInUseAmt": "", "stgyEq": "0", "twap": "0", "uTime": "1705449605015", "uplLiab": "0"}  # fmt: skip
    wire.answers["/api/v5/account/balance"] = {
        "code": "0",
        "data": [
            {
                "adjEq": "55415.624719833286", "imr": "0", "isoEq": "0", "mgnRatio": "", "mmr": "0", "notionalUsd": "0",
                "ordFroz": "0", "totalEq": "55837.43556134779", "uTime": "1705474164160",
                "details": [
                    {"ccy": "USDT", "cashBal": "4834.317093622894701234", "eq": "4850.317093622894701234",
                     "upl": "16", "availBal": "4734.371083622894701234", "availEq": "4750.371083622894701234",
                     "frozenBal": "99.94601", "ordFrozen": "99.94601", **empty},
                    {"ccy": "BTC", "cashBal": "0.000000000000000001", "eq": "0.000000000000000001", "upl": "0",
                     "availBal": "0.000000000000000001", "availEq": "0.000000000000000001", "frozenBal": "0",
                     "ordFrozen": "0", **empty},
                ],
            }
        ],
        "msg": "",
    }  # fmt: skip
    wire.answers["/api/v5/asset/balances"] = {
        "code": "0",
        "data": [{"availBal": "37.11827078", "bal": "37.11827078", "ccy": "USDT", "frozenBal": "0"}],
        "msg": "",
    }
    balances = venue_of(wire, "okx").balances()
    assert balances == (
        BalanceReport("USDT", D("37.11827078"), D("37.11827078"), "funding"),
        BalanceReport("BTC", D("0.000000000000000001"), D("0.000000000000000001"), "trading"),
        BalanceReport("USDT", D("4834.317093622894701234"), D("4734.371083622894701234"), "trading"),
    )
    assert totals(balances) == {"USDT": D("4871.435364402894701234"), "BTC": D("0.000000000000000001")}


def test_positions_of_okx_count_contracts(exchanges: Exchanges) -> None:
    wire = exchanges.okx()
    wire.answers["/api/v5/account/positions"] = {
        "code": "0",
        "data": [
            {"adl": "1", "availPos": "", "avgPx": "49876.543210987654321", "cTime": "1619507758793", "ccy": "USDT",
             "deltaBS": "", "deltaPA": "", "gammaBS": "", "gammaPA": "", "imr": "", "instId": "BTC-USDT-SWAP",
             "instType": "SWAP", "interest": "0", "idxPx": "50000", "last": "50001", "lever": "5", "liab": "",
             "liabCcy": "", "liqPx": "41234.5", "markPx": "50000.1", "margin": "0.0003896645377994",
             "mgnMode": "isolated",
             "mgnRatio": "11.731726509588816", "mmr": "0.0000311811092368", "notionalUsd": "2276.2546609009605",
             "optVal": "", "pos": "12.5", "posCcy": "", "posId": "307173036051017730", "posSide": "net",
             "thetaBS": "", "thetaPA": "", "tradeId": "109844", "uTime": "1619507761462",
             "upl": "15.444598765432098", "uplRatio": "0.0006", "vegaBS": "", "vegaPA": ""},
            {"adl": "1", "avgPx": "100", "ccy": "BTC", "instId": "BTC-USDT", "instType": "MARGIN", "lever": "3",
             "liqPx": "", "markPx": "100", "mgnMode": "cross", "pos": "1", "posCcy": "BTC", "posSide": "net",
             "upl": "1"},
        ],
        "msg": "",
    }  # fmt: skip
    assert venue_of(wire, "okx").positions() == (
        PositionReport(
            symbol=PERPETUAL,
            side="long",
            quantity=D("12.5"),
            contract_size=D("0.01"),
            entry_price=D("49876.543210987654321"),
            mark_price=D("50000.1"),
            unrealized_pnl=D("15.444598765432098"),
            settle="USDT",
            leverage=D("5"),
            margin_mode="isolated",
            liquidation_price=D("41234.5"),
            base="BTC",
        ),
    )


def test_a_number_without_quotes_keeps_its_digits_too(exchanges: Exchanges) -> None:
    """OKX has been seen to write the funding account's balance as a number of JSON."""
    wire = exchanges.okx()
    exact = "1234567890.123456789012345678"
    exchanges.fail(
        "/asset/balances", "answer", status=200,
        body='{"code":"0","data":[{"availBal":"0","bal":' + exact + ',"ccy":"BTC","frozenBal":"0"}],"msg":""}',
    )  # fmt: skip
    assert venue_of(wire, "okx").balances() == (BalanceReport("BTC", D(exact), D(0), "funding"),)


@pytest.mark.parametrize("written", ["NaN", "Infinity", "-Infinity", "abc"])
def test_what_is_no_number_is_no_balance(exchanges: Exchanges, written: str) -> None:
    wire = exchanges.okx()
    wire.answers["/api/v5/asset/balances"] = {
        "code": "0",
        "data": [{"availBal": "0", "bal": written, "ccy": "BTC", "frozenBal": "0"}],
        "msg": "",
    }
    with pytest.raises(VenueAnswerError):
        venue_of(wire, "okx").balances()
