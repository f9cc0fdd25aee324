"""Kraken, which calls Bitcoin XBT and tells what is wrong in a list."""

import base64
import hashlib
import hmac
import re
from decimal import Decimal
from typing import Any, ClassVar, Final

from tests.simulators.account import Account, Fill, Market, Placed, RefusedError
from tests.simulators.kraken_lines import KrakenLines, old_name, txid
from tests.simulators.wire import Key, Request, SaidNoError, text

KEY: Final = base64.b64encode(b"the key of the simulated Kraken").decode()
SECRET: Final = base64.b64encode(b"the secret of the simulated Kraken").decode()
NAMES: Final = {"BTC": "XXBT", "ETH": "XETH", "USD": "ZUSD", "LUNC": "LUNA", "LUNA": "LUNA2"}
STATES: Final = {"open": "open", "filled": "closed", "cancelled": "canceled"}
NOES: Final = {
    "funds": "EOrder:Insufficient funds",
    "post_only": "EOrder:Post only order",
    "lot_size": "EGeneral:Invalid arguments:volume",
    "trigger": "EOrder:Invalid price",
    "price": "EOrder:Tick size check failed",
    "minimum_notional": "EOrder:Cost minimum not met",
    "symbol": "EQuery:Unknown asset pair",
    "duplicate": "EGeneral:Invalid arguments:cl_ord_id",
    "unknown_order": "EOrder:Unknown order",
}


def markets() -> list[Market]:
    return [
        Market("XBTUSDT", "BTC", "USDT", Decimal("50000.0"), Decimal("0.1"), Decimal("0.00000001"), Decimal("0.5")),
        Market("ETHUSDT", "ETH", "USDT", Decimal("2500.00"), Decimal("0.01"), Decimal("0.00000001"), Decimal("0.5")),
    ]


def no(*words: str) -> SaidNoError:
    return SaidNoError(200, {"error": list(words)})


class Kraken(KrakenLines):
    """https://docs.kraken.com/api/docs/rest-api"""

    hosts = ("api.kraken.com", "ws.kraken.com", "ws-auth.kraken.com")
    public: ClassVar[dict[str, str]] = {
        "GET /0/public/AssetPairs": "pairs",
        "GET /0/public/Ticker": "ticker",
        "GET /0/public/OHLC": "candles",
    }
    private: ClassVar[dict[str, str]] = {
        "POST /0/private/Balance": "balance",
        "POST /0/private/BalanceEx": "balance_ex",
        "POST /0/private/GetApiKeyInfo": "key_info",
        "POST /0/private/GetWebSocketsToken": "token",
        "POST /0/private/AddOrder": "create",
        "POST /0/private/AmendOrder": "amend",
        "POST /0/private/CancelOrder": "cancel",
        "POST /0/private/OpenOrders": "open_orders",
        "POST /0/private/ClosedOrders": "closed_orders",
        "POST /0/private/QueryOrders": "query_orders",
        "POST /0/private/QueryTrades": "query_trades",
        "POST /0/private/TradesHistory": "trades",
    }

    def __init__(self) -> None:
        self.account = Account(markets(), main="spot", fee_in_base=False)
        self.account.doubles_ids = True
        self.key = Key(KEY, SECRET)
        self._nonce = 0
        self.tokens: list[str] = []
        self.account.changed = self._tell

    def check(self, request: Request) -> None:
        if request.headers.get("api-key") != self.key.key or self.key.is_expired:
            raise no("EAPI:Invalid key")
        if self.key.is_elsewhere:
            raise no("EGeneral:Permission denied")
        nonce = request.fields["nonce"]
        digest = hashlib.sha256((nonce + request.body).encode()).digest()
        secret = base64.b64decode(self.key.secret)
        expected = hmac.new(secret, request.path.encode() + digest, hashlib.sha512).digest()
        if base64.b64encode(expected).decode() != request.headers.get("api-sign"):
            raise no("EAPI:Invalid signature")
        if self.account.skew_ms or int(nonce) <= self._nonce - 10_000:
            raise no("EAPI:Invalid nonce")
        self._nonce = max(self._nonce, int(nonce))
        if request.path.endswith(("AddOrder", "AmendOrder", "CancelOrder")) and "trade" not in self.key.rights:
            raise no("EGeneral:Permission denied")

    def refused(self, reason: str) -> SaidNoError:
        return no(NOES[reason])

    def _routed(self, request: Request) -> Any:
        return {"error": [], "result": super()._routed(request)}

    # --- public --------------------------------------------------------------------------------------------------

    def pairs(self, request: Request) -> Any:
        return {market.id: _pair(market) for market in self.account.markets.values()}

    def ticker(self, request: Request) -> Any:
        asked = request.fields.get("pair", "").split(",")
        return {
            one.id: {"a": [text(one.ask), "1", "1.000"], "b": [text(one.bid), "1", "1.000"],
                     "c": [text(one.price), "0.1"], "v": ["100.0", "200.0"],
                     "p": ["50000", "50000"], "t": [100, 200], "l": ["49000", "49000"],
                     "h": ["51000", "51000"], "o": "50000"}
            for one in self.account.markets.values()
            if asked == [""] or one.id in asked
        }  # fmt: skip

    def candles(self, request: Request) -> Any:
        """The last 720 whatever `since` says, seconds, oldest first."""
        market = self.account.market(request.fields["pair"])
        length, now = int(request.fields.get("interval", 1)) * 60_000, self.account.now_ms()
        since = max(int(request.fields.get("since", 0)) * 1000, now - 720 * length)
        bars = self.account.bars(market, length, since + 1, now)
        rows = [[at // 1000, price, price, price, price, price, "1.5", 3] for at, price in bars]
        return {market.id: rows, "last": now // 1000}

    # --- the account ---------------------------------------------------------------------------------------------

    def balance(self, request: Request) -> Any:
        return {NAMES.get(asset, asset): text(total) for asset, total in self.account.wallets["spot"].items()}

    def balance_ex(self, request: Request) -> Any:
        rows = {
            NAMES.get(asset, asset): {"balance": text(total), "hold_trade": text(self.account.held(asset))}
            for asset, total in self.account.wallets["spot"].items()
        }
        earning = self.account.wallets.get("earn", {})
        return rows | {f"{asset}.S": {"balance": text(total), "hold_trade": "0"} for asset, total in earning.items()}

    def key_info(self, request: Request) -> Any:
        rights = self.key.rights
        granted = ["query-funds", "query-open-trades", "query-closed-trades"]
        granted += ["modify-trades"] if "trade" in rights else []
        granted += ["withdraw-funds"] if "withdraw" in rights else []
        return {"apiKeyName": "moniqo", "apiKey": self.key.key, "nonce": "1772627060997", "nonceWindow": 0,
                "permissions": granted, "iban": "AA88 N84G WOAK NMOI", "validUntil": "1830297600", "queryFrom": "0",
                "queryTo": "0", "createdTime": "1772542900", "modifiedTime": "1772543095",
                "ipAllowlist": ["203.0.113.7"], "lastUsed": "1772627061"}  # fmt: skip

    # --- orders --------------------------------------------------------------------------------------------------

    def create(self, request: Request) -> Any:
        asked = request.fields
        client_id = asked["cl_ord_id"]
        if not (
            re.fullmatch(r"[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", client_id) or len(client_id) <= 18
        ):
            raise no("EGeneral:Invalid arguments:cl_ord_id")
        order = self.account.place(
            client_id=client_id,
            market_id=asked["pair"],
            side=asked["type"],
            kind="market" if asked["ordertype"] == "stop-loss" else asked["ordertype"],
            quantity=Decimal(asked["volume"]),
            price=Decimal(asked["price"]) if asked["ordertype"] == "limit" else None,
            trigger=Decimal(asked["price"]) if asked["ordertype"] == "stop-loss" else None,
            immediate=asked.get("timeinforce") == "IOC",
            post_only="post" in asked.get("oflags", "").split(","),
        )
        return {"descr": {"order": _words(order)}, "txid": [txid(order.number)]}

    def _found(self, asked: dict[str, Any]) -> Placed | None:
        return self.account.find(client_id=asked.get("cl_ord_id", ""), number=_number(asked.get("txid", "")))

    def cancel(self, request: Request) -> Any:
        self.account.cancel(self._found(request.fields))
        return {"count": 1}

    def amend(self, request: Request) -> Any:
        """https://docs.kraken.com/api-reference/trading/amend-order: names and number stay, and what was filled."""
        asked = request.fields
        self.account.amend(
            self._found(asked), Decimal(asked["order_qty"]), Decimal(asked["limit_price"]),
            post_only=asked.get("post_only") == "true",
        )  # fmt: skip
        return {"amend_id": txid(next(self.account.numbers))}

    def open_orders(self, request: Request) -> Any:
        return {"open": self._told(request, is_open=True)}

    def closed_orders(self, request: Request) -> Any:
        rows = self._told(request, is_open=False)
        return {"closed": rows, "count": len(rows)}

    def _told(self, request: Request, *, is_open: bool) -> dict[str, Any]:
        wanted = request.fields.get("cl_ord_id")
        return {
            txid(order.number): _order(order)
            for order in reversed(self.account.orders)
            if (order.state == "open") == is_open and wanted in (None, order.client_id)
        }

    def query_orders(self, request: Request) -> Any:
        asked = request.fields["txid"].split(",")
        found = [order for order in self.account.orders if txid(order.number) in asked]
        if not found:
            raise RefusedError("unknown_order")
        return {txid(order.number): _order(order) for order in found}

    def query_trades(self, request: Request) -> Any:
        asked = request.fields["txid"].split(",")
        found = [fill for fill in self.account.fills() if txid(fill.number) in asked]
        return {txid(fill.number): _trade(fill) for fill in found}

    def trades(self, request: Request) -> Any:
        """Newest first, 50 on a page; `start` excludes its own second."""
        asked = request.fields
        found = self.account.fills(since_ms=int(asked.get("start", 0)) * 1000 + 1)[::-1]
        start = int(asked.get("ofs", 0))
        page = {txid(fill.number): _trade(fill) for fill in found[start : start + 50]}
        return {"trades": page, "count": len(found)}


def _number(txid: str) -> str:
    return txid[1:].partition("-")[0]


def _pair(market: Market) -> dict[str, Any]:
    quote, base = NAMES.get(market.quote, market.quote), NAMES.get(market.base, market.base)
    return {
        "altname": market.id, "wsname": old_name(market), "aclass_base": "currency", "base": base,
        "aclass_quote": "currency", "quote": quote, "lot": "unit", "cost_decimals": 6,
        "pair_decimals": -market.tick.as_tuple().exponent, "lot_decimals": 8, "lot_multiplier": 1, "leverage_buy": [],
        "leverage_sell": [], "fees": [[0, 0.4], [10000, 0.35]], "fees_maker": [[0, 0.25], [10000, 0.2]],
        "fee_volume_currency": "ZUSD", "margin_call": 80, "margin_stop": 40, "ordermin": "0.00005",
        "costmin": text(market.minimum), "tick_size": text(market.tick), "status": "online",
    }  # fmt: skip


def _words(order: Placed) -> str:
    price = f"limit {order.price:f}" if order.price else "market"
    return f"{order.side} {order.quantity:.8f} {order.market.id} @ {price}"


def _order(order: Placed) -> dict[str, Any]:
    fees = sum((fill.fee for fill in order.fills), Decimal(0))
    told = {
        "refid": None, "userref": None, "cl_ord_id": order.client_id, "status": STATES[order.state],
        "opentm": order.at_ms / 1000, "starttm": 0, "expiretm": 0,
        "descr": {"pair": order.market.id, "type": order.side, "close": "", "order": _words(order),
                  "ordertype": "stop-loss" if order.trigger else order.kind,
                  "price": text(order.price or order.trigger or Decimal(0)), "price2": "0", "leverage": "none"},
        "vol": f"{order.quantity:.8f}", "vol_exec": f"{order.filled:.8f}", "cost": text(order.cost), "fee": text(fees),
        "price": text(order.average), "stopprice": "0.00000", "limitprice": "0.00000", "misc": "", "oflags": "fciq",
    }  # fmt: skip
    if order.state != "open":
        told |= {"reason": None, "closetm": order.at_ms / 1000}
    if order.fills:
        told["trades"] = [txid(fill.number) for fill in order.fills]
    return told


def _trade(fill: Fill) -> dict[str, Any]:
    order = fill.order
    return {
        "ordertxid": txid(order.number), "postxid": "TKH2SE-M7IF5-CFI7LT", "pair": order.market.id,
        "time": fill.at_ms / 1000, "type": order.side, "ordertype": order.kind, "price": text(fill.price),
        "cost": text(fill.price * fill.quantity), "fee": text(fill.fee), "vol": f"{fill.quantity:.8f}",
        "margin": "0.00000", "leverage": "0", "misc": "", "trade_id": fill.number, "maker": fill.is_maker,
    }  # fmt: skip
