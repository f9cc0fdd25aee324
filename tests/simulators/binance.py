"""Binance: `api` (spot and wallet) and `fapi` (USDⓈ-margined futures)."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, ClassVar, Final

from tests.simulators.account import Account, Fill, Market, Placed, RefusedError
from tests.simulators.binance_lines import STATES, BinanceLines, no
from tests.simulators.binance_rows import income_rows
from tests.simulators.wire import Key, Request, SaidNoError, length_of, signed, text

SPOT: Final = "/api/v3"
FUTURES: Final = "/fapi"
# What each no is called: code, words.
NOES: Final = {
    "funds": (-2010, "Account has insufficient balance for requested action."),
    "post_only": (-2010, "Order would immediately match and take."),
    "lot_size": (-1013, "Filter failure: LOT_SIZE"),
    "trigger": (-2010, "Stop price would trigger immediately."),
    "price": (-1013, "Filter failure: PRICE_FILTER"),
    "minimum_notional": (-1013, "Filter failure: NOTIONAL"),
    "symbol": (-1121, "Invalid symbol."),
    "duplicate": (-2010, "Duplicate order sent."),
    "unknown_order": (-2013, "Order does not exist."),
}
FUTURES_NOES: Final = {
    **NOES,
    "funds": (-2019, "Margin is insufficient."),
    "post_only": (-5022, "Due to the order could not be executed as maker, the Post Only order will be rejected."),
    "lot_size": (-1111, "Precision is over the maximum defined for this asset."),
    "minimum_notional": (-4164, "Order's notional must be no smaller than 100 (unless you choose reduce only)."),
    "duplicate": (-4116, "ClientOrderId is duplicated."),
}


def markets() -> list[Market]:
    return [
        Market("BTCUSDT", "BTC", "USDT", Decimal("50000.00"), Decimal("0.01000000"), Decimal("0.00001000")),
        Market("ETHUSDT", "ETH", "USDT", Decimal("2500.00"), Decimal("0.01000000"), Decimal("0.00010000")),
    ]


def futures() -> list[Market]:
    return [
        Market(
            "BTCUSDT",
            "BTC",
            "USDT",
            Decimal("50000.0"),
            Decimal("0.10"),
            Decimal("0.001"),
            Decimal(100),
            is_perpetual=True,
        ),
    ]


class Binance(BinanceLines):
    """https://developers.binance.com/docs"""

    hosts = (
        "api.binance.com", "fapi.binance.com", "ws-api.binance.com", "stream.binance.com", "fstream.binance.com",
    )  # fmt: skip
    public: ClassVar[dict[str, str]] = {
        f"GET {SPOT}/exchangeInfo": "exchange_info",
        f"GET {SPOT}/ticker/24hr": "day_ticker",
        f"GET {SPOT}/klines": "klines",
        f"GET {SPOT}/time": "time",
        f"GET {FUTURES}/v1/exchangeInfo": "futures_info",
        f"GET {FUTURES}/v1/ticker/24hr": "futures_ticker",
        f"GET {FUTURES}/v1/klines": "klines",
        f"POST {FUTURES}/v1/listenKey": "listen_key",
        f"PUT {FUTURES}/v1/listenKey": "listen_key",
    }
    private: ClassVar[dict[str, str]] = {
        f"GET {SPOT}/account": "balances",
        "POST /sapi/v1/asset/get-funding-asset": "funding",
        "GET /sapi/v1/account/apiRestrictions": "restrictions",
        "GET /sapi/v1/capital/deposit/hisrec": "deposits",
        "GET /sapi/v1/capital/withdraw/history": "withdrawals",
        "GET /sapi/v1/asset/transfer": "transfers",
        f"POST {SPOT}/order": "create",
        f"GET {SPOT}/order": "order",
        f"DELETE {SPOT}/order": "cancel",
        f"POST {SPOT}/order/cancelReplace": "cancel_replace",
        f"GET {SPOT}/openOrders": "open_orders",
        f"GET {SPOT}/myTrades": "trades",
        f"GET {FUTURES}/v3/balance": "futures_balance",
        f"GET {FUTURES}/v2/positionRisk": "positions",
        f"GET {FUTURES}/v1/income": "income",
        f"POST {FUTURES}/v1/order": "create",
        f"GET {FUTURES}/v1/order": "order",
        f"DELETE {FUTURES}/v1/order": "cancel",
        f"PUT {FUTURES}/v1/order": "amend",
        f"GET {FUTURES}/v1/openOrders": "open_orders",
        f"GET {FUTURES}/v1/userTrades": "trades",
    }

    def __init__(self) -> None:
        self.account = Account(markets(), main="spot", fee_in_base=True)
        self.account.doubles_ids = True
        self.futures = Account(futures(), main="futures", fee_in_base=False)
        self.futures.doubles_ids = True
        self.key = Key("binanceKeyOfTheTests0001", "binanceSecretOfTheTests0001")
        self.answers: dict[str, Any] = {}  # literal payloads, by path
        self.transferred: list[dict[str, Any]] = []
        self.listen_keys: list[str] = []
        self.account.changed = self._tell_spot
        self.futures.changed = self._tell_futures

    def check(self, request: Request) -> None:
        if request.headers.get("x-mbx-apikey") != self.key.key or self.key.is_expired or self.key.is_elsewhere:
            raise no(-2015, "Invalid API-key, IP, or permissions for action.", 401)
        told = request.body or request.query_string
        payload, _, signature = told.rpartition("&signature=")
        if signed(self.key.secret, payload).hexdigest() != signature:
            raise no(-1022, "Signature for this request is not valid.")
        sent, window = int(request.fields["timestamp"]), int(request.fields.get("recvWindow", 5000))
        if not -window <= sent - self.account.now_ms() <= 1000:
            raise no(-1021, "Timestamp for this request is outside of the recvWindow.")
        if request.method != "GET" and "order" in request.path and "trade" not in self.key.rights:
            raise no(-2015, "Invalid API-key, IP, or permissions for action.", 401)

    def refused(self, reason: str) -> SaidNoError:
        return no(*NOES[reason])

    def _routed(self, request: Request) -> Any:
        if request.path in self.answers:
            self.check(request)
            return self.answers[request.path]
        return super()._routed(request)

    def _side(self, request: Request) -> Account:
        return self.futures if request.host.startswith("fapi") else self.account

    # --- public --------------------------------------------------------------------------------------------------

    def time(self, request: Request) -> Any:
        return {"serverTime": self.account.now_ms()}

    def exchange_info(self, request: Request) -> Any:
        return {"timezone": "UTC", "serverTime": self.account.now_ms(), "rateLimits": [], "exchangeFilters": [],
                "symbols": [_spot_market(market) for market in self.account.markets.values()]}  # fmt: skip

    def futures_info(self, request: Request) -> Any:
        return {"timezone": "UTC", "serverTime": self.account.now_ms(), "rateLimits": [], "exchangeFilters": [],
                "symbols": [_futures_market(market) for market in self.futures.markets.values()]}  # fmt: skip

    def day_ticker(self, request: Request) -> Any:
        asked = json.loads(request.fields.get("symbols", "null")) or list(self.account.markets)
        return [_ticker(self.account.market(one), self.account.now_ms(), with_book=True) for one in asked]

    def futures_ticker(self, request: Request) -> Any:
        return [_ticker(one, self.futures.now_ms(), with_book=False) for one in self.futures.markets.values()]

    def klines(self, request: Request) -> Any:
        asked = request.fields
        market, length = self._side(request).market(asked["symbol"]), length_of(asked["interval"])
        bars = self.account.bars(market, length, int(asked["startTime"]), self.account.now_ms())
        return [
            [at, price, price, price, price, "1.50", at + length - 1, "75000.0", 3, "0.5", "25000", "0"]
            for at, price in bars[: int(asked.get("limit", 500))]
        ]

    # --- the account ---------------------------------------------------------------------------------------------

    def balances(self, request: Request) -> Any:
        rows = []
        for asset, total in self.account.wallets["spot"].items():
            held = self.account.held(asset)
            rows.append({"asset": asset, "free": text(total - held), "locked": text(held)})
        return {"makerCommission": 10, "takerCommission": 10, "canTrade": True, "canWithdraw": True,
                "canDeposit": True, "accountType": "SPOT", "updateTime": self.account.now_ms(), "balances": rows,
                "permissions": ["SPOT"], "uid": 354937868}  # fmt: skip

    def funding(self, request: Request) -> Any:
        return [
            {"asset": asset, "free": text(total), "locked": "0", "freeze": "0", "withdrawing": "0", "btcValuation": "0"}
            for asset, total in self.account.wallets.get("funding", {}).items()
        ]

    def restrictions(self, request: Request) -> Any:
        rights = self.key.rights
        return {"ipRestrict": False, "createTime": 1698645219000, "enableReading": True,
                "enableSpotAndMarginTrading": "trade" in rights, "enableWithdrawals": "withdraw" in rights,
                "enableInternalTransfer": False, "permitsUniversalTransfer": False, "enableVanillaOptions": False,
                "enableFutures": "trade" in rights, "enableMargin": False, "enablePortfolioMarginTrading": False,
                "enableFixApiTrade": False, "enableFixReadOnly": False}  # fmt: skip

    def deposits(self, request: Request) -> Any:
        return [
            {"id": str(one.number), "amount": text(one.amount), "coin": one.asset, "network": "ETH",
             "status": 1 if one.is_done else 0, "address": "0x788cabe9236ce061e5a892e1a59395a81fc8d62c",
             "addressTag": "", "txId": f"0x{one.number:x}", "insertTime": one.at_ms, "completeTime": one.at_ms,
             "transferType": 0, "confirmTimes": "12/12", "unlockConfirm": 12, "walletType": 0}
            for one in self.account.moves(deposits=True, since_ms=int(request.fields.get("startTime", 0)))
        ]  # fmt: skip

    def withdrawals(self, request: Request) -> Any:
        return [
            {"id": f"{one.number:032x}", "amount": text(one.amount), "transactionFee": text(one.fee), "coin": one.asset,
             "status": 6 if one.is_done else 4, "address": "0x94df8b352de7f46f64b01d3666bf6e936e44ce60",
             "txId": f"0x{one.number:x}", "applyTime": _second(one.at_ms),
             "network": "ETH", "transferType": 0, "withdrawOrderId": "", "info": "", "confirmNo": 3, "walletType": 0}
            for one in self.account.moves(deposits=False, since_ms=int(request.fields.get("startTime", 0)) - 1000)
        ]  # fmt: skip

    def transfer(self, asset: str, amount: Decimal | int | str, way: str, status: str = "CONFIRMED") -> None:
        """Money goes `way` (MAIN_UMFUTURE, UMFUTURE_MAIN, MAIN_MARGIN, FUNDING_UMFUTURE …)."""
        sent, came = way.split("_")
        if "UMFUTURE" in (sent, came):
            sign = 1 if came == "UMFUTURE" else -1
            number, at_ms = (earned := self.futures.transfer(asset, sign * Decimal(amount))).number, earned.at_ms
        else:
            number, at_ms = len(self.transferred) + 1, self.account.now_ms()
        for account, sign in ((sent, -1), (came, 1)):
            if account in ("MAIN", "FUNDING"):
                self.account.deposit(asset, sign * Decimal(amount), "funding" if account == "FUNDING" else "")
        self.transferred.append({"asset": asset, "amount": text(Decimal(amount)), "type": way, "status": status,
                                 "tranId": number, "timestamp": at_ms})  # fmt: skip

    def transfers(self, request: Request) -> Any:
        """Of one way, newest first, in pages of ten where nothing else is asked for."""
        asked = request.fields
        span = int(asked.get("startTime", 0)), int(asked.get("endTime", 10**15))
        rows = [row for row in reversed(self.transferred) if row["type"] == asked["type"]]
        rows = [row for row in rows if span[0] <= row["timestamp"] <= span[1]]
        size = int(asked.get("size", 10))
        first = (int(asked.get("current", 1)) - 1) * size
        return {"total": len(rows), "rows": rows[first : first + size]}

    def futures_balance(self, request: Request) -> Any:
        profit = sum((held.profit for held in self.futures.positions.values()), Decimal(0))
        return [
            {"accountAlias": "SgsR", "asset": asset, "balance": text(total), "crossWalletBalance": text(total),
             "crossUnPnl": text(profit), "availableBalance": text(total - self.futures.held(asset) + profit),
             "maxWithdrawAmount": text(total), "marginAvailable": True, "updateTime": self.futures.now_ms()}
            for asset, total in self.futures.wallets["futures"].items()
        ]  # fmt: skip

    def positions(self, request: Request) -> Any:
        return [
            {"symbol": held.market.id, "positionAmt": text(held.quantity), "entryPrice": text(held.entry),
             "breakEvenPrice": text(held.entry), "markPrice": text(held.market.price),
             "unRealizedProfit": text(held.profit), "liquidationPrice": text(held.liquidation or Decimal(0)),
             "leverage": text(held.market.leverage), "maxNotionalValue": "40000000", "marginType": held.margin,
             "isolatedMargin": "0.00000000", "isAutoAddMargin": "false", "positionSide": "BOTH",
             "notional": text(held.quantity * held.market.price), "isolatedWallet": "0",
             "updateTime": self.futures.now_ms(), "isolated": held.margin == "isolated", "adlQuantile": 2}
            for held in self.futures.positions.values()
        ]  # fmt: skip

    def income(self, request: Request) -> Any:
        """Oldest first, in pages; the entries of a week where no start is named."""
        asked = request.fields
        since = int(asked.get("startTime", self.futures.now_ms() - 604_800_000))
        told = self.futures.told_earned(since_ms=since, until_ms=int(asked.get("endTime", 10**15)))
        rows = [row for one in told for row in income_rows(one)]
        rows = [row for row in rows if row["incomeType"] == asked.get("incomeType", row["incomeType"])]
        size = min(int(asked.get("limit", 100)), self.futures.page)
        first = (int(asked.get("page", 1)) - 1) * size
        return rows[first : first + size]

    # --- orders --------------------------------------------------------------------------------------------------

    def create(self, request: Request) -> Any:
        asked, account = request.fields, self._side(request)
        if account is self.account and "reduceOnly" in asked:
            raise no(-1104, "Not all sent parameters were read; read '8' parameter(s) but was sent '9'.")
        if not 1 <= len(asked["newClientOrderId"]) <= 36:
            raise no(-1100, "Illegal characters found in parameter 'newClientOrderId'.")
        try:
            order = account.place(
                client_id=asked["newClientOrderId"],
                market_id=asked["symbol"],
                side=asked["side"].lower(),
                kind="market" if asked["type"] == "STOP_LOSS" else asked["type"].lower().removesuffix("_maker"),
                trigger=Decimal(asked["stopPrice"]) if "stopPrice" in asked else None,
                quantity=Decimal(asked["quantity"]),
                price=Decimal(asked["price"]) if "price" in asked else None,
                reduce_only=asked.get("reduceOnly") == "true",
                immediate=asked.get("timeInForce") in ("IOC", "FOK"),
                post_only=asked["type"] == "LIMIT_MAKER" or asked.get("timeInForce") == "GTX",
            )
        except Exception as refusal:
            if account is self.futures and (reason := getattr(refusal, "reason", "")):
                raise no(*FUTURES_NOES[reason]) from refusal
            raise
        if account is self.futures:
            return _futures_order(order)
        fills = [
            {"price": text(fill.price), "qty": text(fill.quantity), "commission": text(fill.fee),
             "commissionAsset": fill.fee_asset, "tradeId": fill.number}
            for fill in order.fills
        ]  # fmt: skip
        return _spot_order(order) | {"transactTime": order.at_ms, "fills": fills}

    def _found(self, request: Request) -> tuple[Account, Placed | None]:
        asked, account = request.fields, self._side(request)
        account.market(asked["symbol"])
        client_id = asked.get("origClientOrderId", "")
        found = account.find(client_id=client_id, number=str(asked.get("orderId", "")))
        return account, found if found and found.market.id == asked["symbol"] else None

    def _told(self, account: Account, order: Placed) -> Any:
        return _spot_order(order) if account is self.account else _futures_order(order)

    def order(self, request: Request) -> Any:
        account, order = self._found(request)
        if order is None:
            raise no(*NOES["unknown_order"])
        return self._told(account, order)

    def cancel(self, request: Request) -> Any:
        account, order = self._found(request)
        if order is None or order.state != "open":
            raise no(-2011, "Unknown order sent.")
        return self._told(account, account.cancel(order))

    def amend(self, request: Request) -> Any:
        asked = request.fields
        account, order = self._found(request)
        try:
            account.amend(order, Decimal(asked["quantity"]), Decimal(asked["price"]), least=False)
        except RefusedError as refusal:
            raise no(*FUTURES_NOES[refusal.reason]) from refusal
        return _futures_order(order) if order else None

    def cancel_replace(self, request: Request) -> Any:
        """https://developers.binance.com/docs/binance-spot-api-docs/rest-api/trading-endpoints: the order of
        `cancelOrigClientOrderId` is cancelled if it may be, and the other placed if it was."""
        asked = request.fields
        told: dict[str, Any] = {"cancelResult": "FAILURE", "newOrderResult": "NOT_ATTEMPTED", "newOrderResponse": None}
        old = self.account.find(client_id=asked["cancelOrigClientOrderId"])
        words = ""
        if old is None or old.state != "open":
            words = "Unknown order sent."
        elif asked.get("cancelRestrictions") == "ONLY_NEW" and old.fills:
            words = "Order was not canceled due to cancel restrictions."
        if old is None or words:
            told["cancelResponse"] = {"code": -2011, "msg": words}
            raise no(-2022, "Order cancel-replace failed.", data=told)
        told |= {"cancelResult": "SUCCESS", "cancelResponse": _spot_order(self.account.cancel(old))}
        try:
            placed = self.create(request)
        except RefusedError as refusal:
            code, words = NOES[refusal.reason]
            told |= {"newOrderResult": "FAILURE", "newOrderResponse": {"code": code, "msg": words}}
            raise no(-2021, "Order cancel-replace partially failed.", 409, data=told) from refusal
        return told | {"newOrderResult": "SUCCESS", "newOrderResponse": placed}

    def open_orders(self, request: Request) -> Any:
        account = self._side(request)
        return [self._told(account, order) for order in account.orders if order.state == "open"]

    def trades(self, request: Request) -> Any:
        asked, account = request.fields, self._side(request)
        account.market(asked["symbol"])
        fills = account.fills(
            market_id=asked["symbol"], number=str(asked.get("orderId", "")), since_ms=int(asked.get("startTime", 0))
        )
        end = int(asked.get("endTime", account.now_ms() + 1))
        return [_trade(fill) for fill in fills if fill.at_ms <= end][: int(asked.get("limit", 500))]


def _second(at_ms: int) -> str:
    return f"{datetime.fromtimestamp(at_ms / 1000, UTC):%Y-%m-%d %H:%M:%S}"


def _spot_market(market: Market) -> dict[str, Any]:
    tick, lot = text(market.tick), text(market.lot)
    return {
        "symbol": market.id, "status": "TRADING", "baseAsset": market.base, "baseAssetPrecision": 8,
        "quoteAsset": market.quote, "quotePrecision": 8, "quoteAssetPrecision": 8, "baseCommissionPrecision": 8,
        "quoteCommissionPrecision": 8, "orderTypes": ["LIMIT", "LIMIT_MAKER", "MARKET", "STOP_LOSS"],
        "icebergAllowed": True,
        "ocoAllowed": True, "quoteOrderQtyMarketAllowed": True, "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": [
            {"filterType": "PRICE_FILTER", "minPrice": tick, "maxPrice": "1000000.00000000", "tickSize": tick},
            {"filterType": "LOT_SIZE", "minQty": lot, "maxQty": "9000.00000000", "stepSize": lot},
            {"filterType": "NOTIONAL", "minNotional": f"{market.minimum:.8f}", "applyMinToMarket": True,
             "maxNotional": "9000000.00000000", "applyMaxToMarket": False, "avgPriceMins": 5},
        ],
        "permissions": [], "permissionSets": [["SPOT"]],
    }  # fmt: skip


def _futures_market(market: Market) -> dict[str, Any]:
    tick, lot = text(market.tick), text(market.lot)
    return {
        "symbol": market.id, "pair": market.id, "contractType": "PERPETUAL", "deliveryDate": 4133404800000,
        "onboardDate": 1569398400000, "status": "TRADING", "maintMarginPercent": "2.5000",
        "requiredMarginPercent": "5.0000", "baseAsset": market.base, "quoteAsset": market.quote,
        "marginAsset": market.quote, "pricePrecision": 2, "quantityPrecision": 3, "baseAssetPrecision": 8,
        "quotePrecision": 8, "underlyingType": "COIN", "underlyingSubType": ["PoW"], "triggerProtect": "0.0500",
        "liquidationFee": "0.012500", "marketTakeBound": "0.05",
        "filters": [
            {"filterType": "PRICE_FILTER", "minPrice": "261.10", "maxPrice": "809484", "tickSize": tick},
            {"filterType": "LOT_SIZE", "minQty": lot, "maxQty": "1000", "stepSize": lot},
            {"filterType": "MARKET_LOT_SIZE", "minQty": lot, "maxQty": "120", "stepSize": lot},
            {"filterType": "MIN_NOTIONAL", "notional": text(market.minimum)},
        ],
        "orderTypes": ["LIMIT", "MARKET", "STOP", "STOP_MARKET"], "timeInForce": ["GTC", "IOC", "FOK", "GTX"],
    }  # fmt: skip


def _ticker(market: Market, now: int, *, with_book: bool) -> dict[str, Any]:
    book = {"bidPrice": text(market.bid), "bidQty": "1.0", "askPrice": text(market.ask), "askQty": "1.0"}
    return {
        "symbol": market.id, "priceChange": "-94.99", "priceChangePercent": "-0.1", "weightedAvgPrice": "50000.1",
        "lastPrice": text(market.price), "lastQty": "0.20000000", "openPrice": "50094.99", "highPrice": "50100.0",
        "lowPrice": "49000.0", "volume": "8913.30000000", "quoteVolume": "445665000.0", "openTime": now - 86_400_000,
        "closeTime": now, "firstId": 28385, "lastId": 28460, "count": 76, **(book if with_book else {}),
    }  # fmt: skip


def _spot_order(order: Placed) -> dict[str, Any]:
    return {
        "symbol": order.market.id, "orderId": order.number, "orderListId": -1, "clientOrderId": order.client_id,
        "price": text(order.price or Decimal(0)), "origQty": text(order.quantity), "executedQty": text(order.filled),
        "origQuoteOrderQty": "0.000000", "cummulativeQuoteQty": text(order.cost),
        "status": "PARTIALLY_FILLED" if order.is_partial else STATES[order.state], "timeInForce": "GTC",
        "type": "STOP_LOSS" if order.trigger else order.kind.upper(), "side": order.side.upper(),
        "stopPrice": text(order.trigger or Decimal(0)), "icebergQty": "0.0",
        "time": order.at_ms, "updateTime": order.at_ms, "isWorking": True, "workingTime": order.at_ms,
        "selfTradePreventionMode": "NONE",
    }  # fmt: skip


def _futures_order(order: Placed) -> dict[str, Any]:
    return {
        "orderId": order.number, "symbol": order.market.id, "clientOrderId": order.client_id,
        "status": "PARTIALLY_FILLED" if order.is_partial else STATES[order.state],
        "price": text(order.price or Decimal(0)), "avgPrice": text(order.average),
        "origQty": text(order.quantity), "executedQty": text(order.filled),
        "cumQuote": text(order.cost), "timeInForce": "GTC", "type": order.kind.upper(), "origType": order.kind.upper(),
        "reduceOnly": order.reduce_only, "closePosition": False, "side": order.side.upper(), "positionSide": "BOTH",
        "stopPrice": "0", "workingType": "CONTRACT_PRICE", "priceProtect": False, "time": order.at_ms,
        "updateTime": order.at_ms,
    }  # fmt: skip


def _trade(fill: Fill) -> dict[str, Any]:
    order = fill.order
    common = {
        "symbol": order.market.id, "id": fill.number, "orderId": order.number, "price": text(fill.price),
        "qty": text(fill.quantity), "quoteQty": text(fill.quantity * fill.price), "commission": text(fill.fee),
        "commissionAsset": fill.fee_asset, "time": fill.at_ms,
    }  # fmt: skip
    if order.market.is_perpetual:
        return common | {
            "buyer": order.side == "buy", "maker": fill.is_maker, "side": order.side.upper(), "positionSide": "BOTH",
            "marginAsset": order.market.quote, "realizedPnl": "0",
        }  # fmt: skip
    return common | {"orderListId": -1, "isBuyer": order.side == "buy", "isMaker": fill.is_maker, "isBestMatch": True}
