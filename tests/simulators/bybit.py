"""Bybit's unified account."""

from decimal import Decimal
from typing import Any, ClassVar, Final

from tests.simulators.account import Account, Earned, Fill, Market, Placed
from tests.simulators.bybit_lines import BybitLines, name_of
from tests.simulators.wire import Key, Request, SaidNoError, signed, text

STATES: Final = {"open": "New", "filled": "Filled", "cancelled": "Cancelled", "failed": "Rejected"}
# Of a stop that the market has not reached; that is what it was `style`d in the request, and ordinary from then on.
WAITING: Final = {"open": "Untriggered", "cancelled": "Deactivated"}
ORDINARY, HOLDING = "Order", "tpslOrder"
NOES: Final = {
    "funds": (170131, "Insufficient balance."),
    "lot_size": (170137, "Order quantity has too many decimals."),
    "price": (170134, "Order price has too many decimals."),
    "minimum_notional": (170140, "Order value exceeded lower limit."),
    "symbol": (10001, "params error: symbol invalid"),
    "duplicate": (170141, "Duplicate clientOrderId"),
    "unknown_order": (170213, "Order does not exist."),
}


def markets() -> list[Market]:
    """Spot and linear markets share their names, so the futures' stand here under `linear:`."""
    return [
        Market("BTCUSDT", "BTC", "USDT", Decimal("50000.00"), Decimal("0.01"), Decimal("0.000001"), Decimal(1)),
        Market("ETHUSDT", "ETH", "USDT", Decimal("2500.00"), Decimal("0.01"), Decimal("0.00001"), Decimal(1)),
        Market("linear:BTCUSDT", "BTC", "USDT", Decimal("50000.0"), Decimal("0.10"), Decimal("0.001"),
               is_perpetual=True, leverage=Decimal(100)),
    ]  # fmt: skip


class Bybit(BybitLines):
    """https://bybit-exchange.github.io/docs/v5/intro"""

    hosts = ("api.bybit.com", "stream.bybit.com")
    public: ClassVar[dict[str, str]] = {
        "GET /v5/market/instruments-info": "instruments",
        "GET /v5/market/tickers": "tickers",
        "GET /v5/market/kline": "klines",
    }
    private: ClassVar[dict[str, str]] = {
        "GET /v5/account/wallet-balance": "balance",
        "GET /v5/asset/transfer/query-account-coins-balance": "funding",
        "GET /v5/account/transaction-log": "transactions",
        "GET /v5/position/list": "positions",
        "GET /v5/user/query-api": "permissions",
        "POST /v5/order/create": "create",
        "POST /v5/order/amend": "amend",
        "POST /v5/order/cancel": "cancel",
        "GET /v5/order/realtime": "realtime",
        "GET /v5/order/history": "history",
        "GET /v5/execution/list": "executions",
    }

    def __init__(self) -> None:
        self.account = Account(markets(), main="unified", fee_in_base=True)
        self.key = Key("bybitKeyOfTheTests0001", "bybitSecretOfTheTests0001")
        self.account.takes_above = True  # https://github.com/ccxt/ccxt/issues/19000
        self.account.changed = self._tell

    # --- what is told by itself: https://bybit-exchange.github.io/docs/v5/ws/connect ---------------------------------

    def _tell(self, what: str, about: Any) -> None:
        told = {"id": "592324803b2785-26fa-4214-9963-bdd4727f07be", "creationTime": self.account.now_ms()}
        if what == "balance":
            (row,) = self.balance(None)["list"]
            self.lines.tell("/v5/private", "wallet", {**told, "topic": "wallet", "data": [row]})
            return
        category = "linear" if about[0].market.is_perpetual else "spot"
        row = {**_order(about[0]), "category": category}
        self.lines.tell("/v5/private", "order", {**told, "topic": "order", "data": [row]})

    def _no(self, code: int, words: str) -> SaidNoError:
        return SaidNoError(
            200, {"retCode": code, "retMsg": words, "result": {}, "retExtInfo": {}, "time": self.account.now_ms()}
        )

    def check(self, request: Request) -> None:
        told = request.headers
        if told.get("x-bapi-api-key") != self.key.key:
            raise self._no(10003, "API key is invalid.")
        if self.key.is_expired:
            raise self._no(33004, "Your api key has expired.")
        if self.key.is_elsewhere:
            raise self._no(10010, "Unmatched IP, please check your API key's bound IP addresses.")
        window = told["x-bapi-recv-window"]
        payload = told["x-bapi-timestamp"] + self.key.key + window + (request.body or request.query_string)
        if signed(self.key.secret, payload).hexdigest() != told["x-bapi-sign"]:
            raise self._no(10004, "Error sign, please check your signature generation algorithm.")
        late = self.account.now_ms() - int(told["x-bapi-timestamp"])
        if not -1000 <= late <= int(window):
            raise self._no(10002, "invalid request, please check your server timestamp or recv_window param.")
        if request.method == "POST" and "trade" not in self.key.rights:
            raise self._no(10005, "Permission denied, please check your API key permissions.")

    def refused(self, reason: str) -> SaidNoError:
        return self._no(*NOES[reason])

    def _routed(self, request: Request) -> Any:
        return {"retCode": 0, "retMsg": "OK", "result": super()._routed(request), "retExtInfo": {},
                "time": self.account.now_ms()}  # fmt: skip

    # --- public --------------------------------------------------------------------------------------------------

    def instruments(self, request: Request) -> Any:
        asked = request.fields
        rows = [] if "status" in asked else [_instrument(one) for one in self._of(asked["category"])]
        return {"category": asked["category"], "list": rows, "nextPageCursor": ""}

    def _of(self, category: str) -> list[Market]:
        return [one for one in self.account.markets.values() if one.is_perpetual == (category == "linear")]

    def tickers(self, request: Request) -> Any:
        category = request.fields["category"]
        rows = [
            {"symbol": name_of(one), "bid1Price": text(one.bid), "bid1Size": "2", "ask1Price": text(one.ask),
             "ask1Size": "1", "lastPrice": text(one.price), "prevPrice24h": "49000", "price24hPcnt": "0.0068",
             "highPrice24h": "51000", "lowPrice24h": "49000", "turnover24h": "2e8", "volume24h": "4000",
             **({"markPrice": text(one.price), "openInterest": "373504"} if one.is_perpetual else {})}
            for one in self._of(category)
        ]  # fmt: skip
        return {"category": category, "list": rows}

    def klines(self, request: Request) -> Any:
        """Newest first."""
        asked = request.fields
        minutes = {"D": 1440}.get(asked["interval"]) or int(asked["interval"])
        bars = self.account.bars(self._market(asked), minutes * 60_000, int(asked["start"]), self.account.now_ms())
        shown = bars[: int(asked["limit"])]
        rows = [[str(at), price, price, price, price, "1.5", "75000"] for at, price in reversed(shown)]
        return {"symbol": asked["symbol"], "category": asked["category"], "list": rows}

    # --- the account ---------------------------------------------------------------------------------------------

    def balance(self, request: Request | None) -> Any:
        profit = sum((held.profit for held in self.account.positions.values()), Decimal(0))
        coins = []
        for asset, total in self.account.wallets["unified"].items():
            gain = profit if asset == "USDT" else Decimal(0)
            coins.append(
                {"availableToBorrow": "", "bonus": "0", "accruedInterest": "0", "availableToWithdraw": "",
                 "totalOrderIM": "0", "equity": text(total + gain), "totalPositionMM": "0", "usdValue": "0",
                 "unrealisedPnl": text(gain), "collateralSwitch": True, "spotHedgingQty": "0", "borrowAmount": "0",
                 "totalPositionIM": "0", "walletBalance": text(total), "cumRealisedPnl": "0",
                 "locked": text(self.account.held(asset)), "marginCollateral": True, "coin": asset}
            )  # fmt: skip
        return {"list": [{"totalEquity": "0", "accountIMRate": "0", "totalMarginBalance": "0",
                          "totalInitialMargin": "0", "accountType": "UNIFIED", "totalAvailableBalance": "0",
                          "accountMMRate": "0",
                          "totalPerpUPL": text(profit), "totalWalletBalance": "0", "accountLTV": "0",
                          "totalMaintenanceMargin": "0", "coin": coins}]}  # fmt: skip

    def funding(self, request: Request) -> Any:
        if "transfer" not in self.key.rights:
            raise self._no(10005, "Permission denied, please check your API key permissions.")
        rows = [
            {"coin": asset, "transferBalance": text(total), "walletBalance": text(total), "bonus": ""}
            for asset, total in self.account.wallets.get("funding", {}).items()
        ]
        return {"memberId": "533285", "accountType": "FUND", "balance": rows}

    def positions(self, request: Request) -> Any:
        rows = [
            {"positionIdx": 0, "riskId": 1, "riskLimitValue": "2000000", "symbol": name_of(held.market),
             "side": "Buy" if held.quantity > 0 else "Sell", "size": text(abs(held.quantity)),
             "avgPrice": text(held.entry), "positionValue": "0", "tradeMode": int(held.margin == "isolated"),
             "positionStatus": "Normal", "autoAddMargin": 0, "adlRankIndicator": 2,
             "leverage": text(held.market.leverage), "positionBalance": "0", "markPrice": text(held.market.price),
             "liqPrice": text(held.liquidation) if held.liquidation else "", "bustPrice": "", "positionMM": "0",
             "positionIM": "0", "tpslMode": "Full", "takeProfit": "", "stopLoss": "", "trailingStop": "0",
             "unrealisedPnl": text(held.profit), "cumRealisedPnl": "0", "createdTime": "1676538056258",
             "updatedTime": "1697673600012", "seq": 5723621632, "isReduceOnly": False}
            for held in self.account.positions.values()
            if held.market.quote == request.fields["settleCoin"]
        ]  # fmt: skip
        return {"category": "linear", "list": rows, "nextPageCursor": ""}

    def transactions(self, request: Request) -> Any:
        """Newest first, a week at most, in pages that a cursor turns."""
        asked = request.fields
        since, until = int(asked["startTime"]), int(asked["endTime"])
        if until - since >= 604_800_000:
            raise self._no(10001, "The interval between the startTime and endTime is incorrect")
        rows = [_transaction(one) for one in self.account.told_earned(since_ms=since, until_ms=until)[::-1]]
        rows = [row for row in rows if asked.get("category") in (None, row["category"])]
        start, limit = int(asked.get("cursor") or 0), min(int(asked.get("limit", 20)), self.account.page)
        more = str(start + limit) if len(rows) > start + limit else ""
        return {"nextPageCursor": more, "list": rows[start : start + limit]}

    def permissions(self, request: Request) -> Any:
        rights = self.key.rights
        trading = "trade" in rights
        return {"id": "13770661", "note": "moniqo", "apiKey": self.key.key, "readOnly": int(not trading), "secret": "",
                "permissions": {"ContractTrade": ["Order", "Position"] if trading else [],
                                "Spot": ["SpotTrade"] if trading else [],
                                "Wallet": ["Withdraw"] if "withdraw" in rights else [], "Options": [],
                                "Derivatives": [], "Exchange": [], "Earn": []},
                "ips": ["*"], "type": 1, "deadlineDay": 83, "expiredAt": "2027-05-15T03:21:05Z",
                "createdAt": "2026-10-16T02:24:40Z", "unified": 0, "uta": 1, "userID": 24600000,
                "isMaster": True}  # fmt: skip

    # --- orders --------------------------------------------------------------------------------------------------

    def _market(self, asked: dict[str, Any]) -> Market:
        return self.account.market(("linear:" if asked["category"] == "linear" else "") + asked["symbol"])

    def create(self, request: Request) -> Any:
        asked = request.fields
        market = self._market(asked)
        if len(asked["orderLinkId"]) > 36:
            raise self._no(10001, "params error: OrderLinkId too long")
        if asked["orderType"] == "Market" and not market.is_perpetual and asked.get("marketUnit") != "baseCoin":
            raise self._no(10001, "this account counts the quote coin")
        style = asked.get("orderFilter", ORDINARY)
        if market.is_perpetual and style != ORDINARY:
            raise self._no(10001, "params error: orderFilter is of spot only")
        if (style == ORDINARY) == ("triggerPrice" in asked):
            raise self._no(10001, "params error: triggerPrice")
        order = self.account.place(
            client_id=asked["orderLinkId"],
            market_id=market.id,
            side=asked["side"].lower(),
            kind=asked["orderType"].lower(),
            quantity=Decimal(asked["qty"]),
            price=Decimal(asked["price"]) if "price" in asked else None,
            reduce_only=bool(asked.get("reduceOnly")),
            immediate=asked["orderType"] == "Limit" and asked.get("timeInForce") in ("IOC", "FOK"),
            post_only=asked.get("timeInForce") == "PostOnly",
            turns_down=False,
            trigger=Decimal(asked["triggerPrice"]) if "triggerPrice" in asked else None,
            style=style,
            freezes=style != "StopOrder",
        )
        return {"orderId": str(order.number), "orderLinkId": order.client_id}

    def cancel(self, request: Request) -> Any:
        asked = request.fields
        market = self._market(asked)
        found = self.account.find(client_id=asked.get("orderLinkId", ""), number=asked.get("orderId", ""))
        is_filtered = found and (market.is_perpetual or asked.get("orderFilter", ORDINARY) == _filter(found))
        order = self.account.cancel(found if is_filtered and found and found.market is market else None)
        return {"orderId": str(order.number), "orderLinkId": order.client_id}

    def amend(self, request: Request) -> Any:
        asked = request.fields
        market = self._market(asked)
        found = self.account.find(client_id=asked.get("orderLinkId", ""), number=asked.get("orderId", ""))
        order = self.account.amend(
            found if found and found.market is market else None, Decimal(asked["qty"]), Decimal(asked["price"]),
            least=False,
        )  # fmt: skip
        return {"orderId": str(order.number), "orderLinkId": order.client_id}

    def _orders(self, request: Request) -> list[Placed]:
        asked = request.fields
        linear = asked["category"] == "linear"
        return [
            order
            for order in reversed(self.account.orders)
            if order.market.is_perpetual == linear
            and asked.get("symbol") in (None, name_of(order.market))
            and asked.get("settleCoin") in (None, order.market.quote)
            and asked.get("orderLinkId") in (None, order.client_id)
            and asked.get("orderId") in (None, str(order.number))
            and asked.get("orderFilter") in (None, _filter(order))
        ]

    def realtime(self, request: Request) -> Any:
        """Open orders; one that is asked for by name is told after its end too."""
        is_named = request.fields.keys() & {"orderLinkId", "orderId"}
        rows = [one for one in self._orders(request) if one.state == "open" or is_named]
        return {"category": request.fields["category"], "list": [_order(one) for one in rows], "nextPageCursor": ""}

    def history(self, request: Request) -> Any:
        rows = [_order(one) for one in self._orders(request) if one.state != "open"]
        return {"category": request.fields["category"], "list": rows, "nextPageCursor": ""}

    def executions(self, request: Request) -> Any:
        """Newest first, in pages that a cursor turns."""
        asked = request.fields
        linear, end = asked["category"] == "linear", int(asked.get("endTime", self.account.now_ms() + 1))
        rows = [
            fill
            for fill in self.account.fills(number=asked.get("orderId", ""), since_ms=int(asked.get("startTime", 0)))[
                ::-1
            ]
            if fill.order.market.is_perpetual == linear
            and fill.at_ms <= end
            and asked.get("symbol") in (None, name_of(fill.order.market))
        ]
        start, limit = int(asked.get("cursor") or 0), int(asked.get("limit", 50))
        more = str(start + limit) if len(rows) > start + limit else ""
        told = [_execution(fill) for fill in rows[start : start + limit]]
        return {"nextPageCursor": more, "category": asked["category"], "list": told}


def _instrument(market: Market) -> dict[str, Any]:
    tick, lot = text(market.tick), text(market.lot)
    if not market.is_perpetual:
        return {
            "symbol": market.id, "baseCoin": market.base, "quoteCoin": market.quote, "innovation": "0",
            "status": "Trading", "marginTrading": "none",
            "lotSizeFilter": {"basePrecision": lot, "quotePrecision": "0.00000001", "minOrderQty": lot,
                              "maxOrderQty": "71.73956243", "minOrderAmt": text(market.minimum),
                              "maxOrderAmt": "4000000"},
            "priceFilter": {"tickSize": tick}, "riskParameters": {"limitParameter": "0.03", "marketParameter": "0.03"},
        }  # fmt: skip
    return {
        "symbol": name_of(market), "contractType": "LinearPerpetual", "status": "Trading", "baseCoin": market.base,
        "quoteCoin": market.quote, "launchTime": "1584230400000", "deliveryTime": "0", "deliveryFeeRate": "",
        "priceScale": "2",
        "leverageFilter": {"minLeverage": "1", "maxLeverage": text(market.leverage), "leverageStep": "0.01"},
        "priceFilter": {"minPrice": "0.10", "maxPrice": "1999999.80", "tickSize": tick},
        "lotSizeFilter": {"maxOrderQty": "1190.000", "minOrderQty": lot, "qtyStep": lot, "maxMktOrderQty": "500.000",
                          "minNotionalValue": text(market.minimum)},
        "unifiedMarginTrade": True, "fundingInterval": 480, "settleCoin": market.quote, "copyTrading": "both",
        "isPreListing": False,
    }  # fmt: skip


def _filter(order: Placed) -> str:
    """https://bybit-exchange.github.io/docs/v5/order/create-order: of spot; the number stays when it is set off."""
    return (order.style or HOLDING) if order.waits else ORDINARY


def _order(order: Placed) -> dict[str, Any]:
    state = "PartiallyFilled" if order.is_partial else (WAITING if order.waits else STATES)[order.state]
    if order.state == "cancelled" and order.fills and not order.market.is_perpetual:
        state = "PartiallyFilledCanceled"
    told = {
        "symbol": name_of(order.market), "orderType": order.kind.capitalize(), "orderLinkId": order.client_id,
        "slLimitPrice": "0", "orderId": str(order.number), "cancelType": "UNKNOWN",
        "avgPrice": text(order.average) if order.fills else "", "stopOrderType": _stop_type(order),
        "lastPriceOnCreated": "",
        **({} if order.market.is_perpetual else {"basePrice": text(order.came_at)}),
        "orderStatus": state, "createType": "CreateByUser", "takeProfit": "", "cumExecValue": text(order.cost),
        "smpType": "None", "triggerDirection": 0, "blockTradeId": "", "cumFeeDetail": {}, "rejectReason": "EC_NoError",
        "isLeverage": "0", "price": text(order.price or Decimal(0)), "orderIv": "", "createdTime": str(order.at_ms),
        "tpTriggerBy": "", "positionIdx": 0, "timeInForce": "IOC" if order.kind == "market" else "GTC",
        "leavesValue": "0", "updatedTime": str(order.at_ms), "side": order.side.capitalize(), "smpGroup": 0,
        "triggerPrice": text(order.trigger or Decimal(0)), "tpLimitPrice": "0", "cumExecFee": "0", "slTriggerBy": "",
        "leavesQty": text(order.quantity - order.filled), "closeOnTrigger": False, "placeType": "",
        "cumExecQty": text(order.filled), "reduceOnly": order.reduce_only, "qty": text(order.quantity), "stopLoss": "",
        "marketUnit": "baseCoin", "smpOrderId": "", "triggerBy": "",
    }  # fmt: skip
    return told | ({"tpslMode": ""} if order.market.is_perpetual else {})


def _stop_type(order: Placed) -> str:
    return "" if order.trigger is None else "Stop" if order.style == "StopOrder" else HOLDING


def _execution(fill: Fill) -> dict[str, Any]:
    order = fill.order
    return {
        "symbol": name_of(order.market), "orderType": order.kind.capitalize(), "underlyingPrice": "",
        "orderLinkId": order.client_id, "orderId": str(order.number), "side": order.side.capitalize(), "indexPrice": "",
        "stopOrderType": "", "leavesQty": "0", "execTime": str(fill.at_ms), "feeCurrency": fill.fee_asset,
        "isMaker": fill.is_maker, "execFee": text(fill.fee), "feeRate": "0.001", "execId": str(fill.number),
        "tradeIv": "", "blockTradeId": "", "markPrice": "", "execPrice": text(fill.price), "markIv": "",
        "orderQty": text(order.quantity), "orderPrice": text(order.price or Decimal(0)),
        "execValue": text(fill.price * fill.quantity), "execType": "Trade", "execQty": text(fill.quantity),
        "closedSize": "", "seq": 4688002127,
    }  # fmt: skip


def _transaction(one: Earned) -> dict[str, Any]:
    """https://bybit-exchange.github.io/docs/v5/account/transaction-log"""
    fill, market = one.fill, one.market
    kinds = {"trade": "TRADE", "funding": "SETTLEMENT", "liquidation": "LIQUIDATION", "transfer": "TRANSFER_IN"}
    return {
        "id": f"592324_{one.number}", "symbol": name_of(market) if market else "",
        "category": "linear" if market else "", "side": fill.order.side.capitalize() if fill else "None",
        "transactionTime": str(one.at_ms), "type": kinds[one.kind], "transSubType": "", "qty": "0", "size": "0",
        "currency": one.asset, "tradePrice": text(fill.price) if fill else "",
        "funding": text(one.funding) if one.funding else "", "fee": text(one.fee), "cashFlow": text(one.realized),
        "change": text(one.change), "cashBalance": "0", "feeRate": "0.0006", "bonusChange": "",
        "tradeId": str(fill.number) if fill else "", "orderId": str(fill.order.number) if fill else "",
        "orderLinkId": "", "extraFees": "",
    }  # fmt: skip
