"""Coinbase Advanced Trade, whose requests carry a token that is signed for their very address."""

import time
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, ClassVar, Final

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.simulators.account import Account, Fill, Market, Placed, RefusedError
from tests.simulators.coinbase_lines import STATES, CoinbaseLines, iso, trigger_status
from tests.simulators.wire import Key, Request, SaidNoError, text

BROKERAGE: Final = "/api/v3/brokerage"
NOES: Final = {
    "funds": ("INSUFFICIENT_FUND", "Insufficient balance in source account"),
    "post_only": ("INVALID_LIMIT_PRICE_POST_ONLY", "Post only order would be filled at once"),
    "lot_size": ("INVALID_SIZE_PRECISION", "Too many decimals in order amount"),
    "price": ("INVALID_PRICE_PRECISION", "Too many decimals in order price"),
    "trigger": ("PREVIEW_STOP_PRICE_ABOVE_LAST_TRADE_PRICE", "Stop price is above the last trade price"),
    "limit": ("PREVIEW_STOP_PRICE_BELOW_LIMIT_PRICE", "Stop price is below the limit price"),
    "minimum_notional": ("PREVIEW_INVALID_BASE_SIZE_TOO_SMALL", "Amount is too small"),
    "symbol": ("INVALID_PRODUCT_ID", "Invalid product_id"),
    "duplicate": ("DUPLICATE_CLIENT_ORDER_ID", "Duplicate client_order_id"),
}
STOP: Final = "stop_limit_stop_limit_gtc"
NAME: Final = "organizations/3b910e93/apiKeys/95dd8d5c"

# What a granularity is called.
MINUTES: Final = {
    "ONE_MINUTE": 1, "FIVE_MINUTE": 5, "FIFTEEN_MINUTE": 15, "THIRTY_MINUTE": 30, "ONE_HOUR": 60, "TWO_HOUR": 120,
    "SIX_HOUR": 360, "ONE_DAY": 1440,
}  # fmt: skip


def new_secret() -> str:
    """A private key as Coinbase's file has it."""
    made = ec.generate_private_key(ec.SECP256R1())
    form, kind = serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL
    return made.private_bytes(form, kind, serialization.NoEncryption()).decode()


# One key pair for all tests: making one takes longer than a request.
PEM: Final = new_secret()


@lru_cache(maxsize=4)
def _public_key(pem: str) -> Any:
    return serialization.load_pem_private_key(pem.encode(), None).public_key()


def markets() -> list[Market]:
    return [
        Market("BTC-USDT", "BTC", "USDT", Decimal("50000.00"), Decimal("0.01"), Decimal("0.00000001"), Decimal(1)),
        Market("ETH-USDT", "ETH", "USDT", Decimal("2500.00"), Decimal("0.01"), Decimal("0.00000001"), Decimal(1)),
    ]


class Coinbase(CoinbaseLines):
    """https://docs.cdp.coinbase.com/api-reference/advanced-trade-api"""

    hosts = ("api.coinbase.com", "advanced-trade-ws.coinbase.com", "advanced-trade-ws-user.coinbase.com")
    public: ClassVar[dict[str, str]] = {f"GET {BROKERAGE}/market/products": "products"}
    private: ClassVar[dict[str, str]] = {
        f"GET {BROKERAGE}/accounts": "accounts",
        f"GET {BROKERAGE}/key_permissions": "permissions",
        f"GET {BROKERAGE}/transaction_summary": "summary",
        f"POST {BROKERAGE}/orders": "create",
        f"POST {BROKERAGE}/orders/batch_cancel": "cancel",
        f"GET {BROKERAGE}/orders/historical/batch": "orders",
        f"GET {BROKERAGE}/orders/historical/fills": "fills",
    }

    def __init__(self) -> None:
        self.account = Account(markets(), main="spot", fee_in_base=False)
        self.key = Key(NAME, PEM)
        self.account.changed = self._tell

    def renew_key(self) -> None:
        self.key.secret = new_secret()

    def knows(self, token: str, method: str = "", address: str = "") -> bool:
        try:
            claims = jwt.decode(
                token, _public_key(self.key.secret), algorithms=["ES256"], audience="retail_rest_api_proxy",
                options={"verify_exp": False, "verify_nbf": False, "verify_iat": False},
            )  # fmt: skip
        except jwt.InvalidTokenError:
            return False
        now = time.time() + self.account.skew_ms / 1000
        is_now = claims["nbf"] - 5 <= now <= claims["exp"] <= claims["nbf"] + 120
        meant = claims.get("uri", "").startswith(method) and claims.get("uri", "").endswith(address)
        is_for_a_line = "uri" not in claims
        works = not self.key.is_expired and not self.key.is_elsewhere
        return bool(claims["sub"] == self.key.key and is_now and meant and works and is_for_a_line == (not method))

    def check(self, request: Request) -> None:
        _, _, token = request.headers.get("authorization", "").partition("Bearer ")
        if not self.knows(token, request.method, f"{request.host}{request.path}"):
            raise SaidNoError(
                401, {"error": "Unauthorized", "error_details": "Unauthorized", "message": "Unauthorized"}
            )
        if request.method == "POST" and "trade" not in self.key.rights:
            raise SaidNoError(403, {"error": "PERMISSION_DENIED", "message": "Missing required scopes"})

    def refused(self, reason: str) -> SaidNoError:
        code, words = NOES[reason]
        told = {"error": code, "message": words, "error_details": "", "preview_failure_reason": code}
        return SaidNoError(200, {"success": False, "failure_reason": code, "order_id": "", "error_response": told})

    def _routed(self, request: Request) -> Any:
        start, end = f"{BROKERAGE}/market/products/", request.path.rpartition("/")[2]
        if request.path.startswith(start) and end in ("ticker", "candles"):
            market = self.account.market(request.path.removeprefix(start).partition("/")[0])
            return self._ticker(market) if end == "ticker" else self._candles(market, request)
        of_one = f"{BROKERAGE}/orders/historical/"
        if request.path.startswith(of_one) and end not in ("batch", "fills"):
            self.check(request)
            found = self.account.find(number=end)
            if found is None:
                told = "order not found"
                raise SaidNoError(404, {"error": "NOT_FOUND", "error_details": told, "message": told})
            return {"order": _order(found)}
        return super()._routed(request)

    # --- public --------------------------------------------------------------------------------------------------

    def products(self, request: Request) -> Any:
        if request.fields.get("product_type") == "FUTURE":
            return {"products": [], "num_products": 0}
        asked = [value for name, value in request.query if name == "product_ids"]
        rows = [self._product(market) for market in self.account.markets.values() if not asked or market.id in asked]
        return {"products": rows, "num_products": len(rows)}

    def _product(self, market: Market) -> Any:
        alias = self.told_as(market.id)
        return _product(market) | {"alias": alias if alias != market.id else ""}

    def _ticker(self, market: Market) -> Any:
        trade = {"trade_id": "518078013", "product_id": market.id, "price": text(market.price), "size": "0.00659179",
                 "time": iso(self.account.now_ms()), "side": "BUY", "bid": "", "ask": ""}  # fmt: skip
        return {"trades": [trade], "best_bid": text(market.bid), "best_ask": text(market.ask)}

    def _candles(self, market: Market, request: Request) -> Any:
        """Newest first; seconds."""
        asked = request.fields
        length = MINUTES[asked["granularity"]] * 60_000
        bars = self.account.bars(market, length, int(asked["start"]) * 1000, int(asked["end"]) * 1000)
        told = ("low", "high", "open", "close")
        rows = [{"start": str(at // 1000), **dict.fromkeys(told, price), "volume": "1.5"} for at, price in bars]
        return {"candles": rows[::-1]}

    # --- the account ---------------------------------------------------------------------------------------------

    def accounts(self, request: Request) -> Any:
        rows = []
        for asset, total in self.account.wallets["spot"].items():
            held = self.account.held(asset)
            rows.append(
                {"uuid": f"11111111-1111-1111-1111-{len(rows):012d}", "name": f"{asset} Wallet", "currency": asset,
                 "available_balance": {"value": text(total - held), "currency": asset}, "default": True, "active": True,
                 "created_at": "2023-01-04T06:20:06.456Z", "updated_at": "2023-01-04T06:20:07.181Z", "deleted_at": None,
                 "type": "ACCOUNT_TYPE_CRYPTO", "ready": True, "hold": {"value": text(held), "currency": asset}}
            )  # fmt: skip
        return _page(rows, request, "accounts")

    def permissions(self, request: Request) -> Any:
        rights = self.key.rights
        return {"can_view": "read" in rights, "can_trade": "trade" in rights, "can_transfer": "withdraw" in rights,
                "portfolio_uuid": "a8c1e8ab", "portfolio_type": "DEFAULT"}  # fmt: skip

    def summary(self, request: Request) -> Any:
        return {"total_volume": 0, "total_fees": 0, "fee_tier": {"pricing_tier": "", "taker_fee_rate": "0.006",
                "maker_fee_rate": "0.004"}}  # fmt: skip

    # --- orders --------------------------------------------------------------------------------------------------

    def create(self, request: Request) -> Any:
        asked = request.fields
        ((style, terms),) = asked["order_configuration"].items()
        stop = Decimal(terms["stop_price"]) if style == STOP else None
        if stop is not None and terms["stop_direction"] != "STOP_DIRECTION_STOP_DOWN":
            raise RefusedError("trigger")
        if stop is not None and Decimal(terms["limit_price"]) > stop:
            raise RefusedError("limit")
        order = self.account.place(
            client_id=asked["client_order_id"],
            market_id=asked["product_id"],
            side=asked["side"].lower(),
            kind="market" if style == "market_market_ioc" else "limit",
            quantity=Decimal(terms["base_size"]),
            price=Decimal(terms["limit_price"]) if "limit_price" in terms else None,
            immediate=style in ("sor_limit_ioc", "limit_limit_fok"),
            post_only=bool(terms.get("post_only")),
            trigger=stop,
        )
        told = {"order_id": str(order.number), "product_id": order.market.id, "side": asked["side"],
                "client_order_id": order.client_id}  # fmt: skip
        return {"success": True, "failure_reason": "UNKNOWN_FAILURE_REASON", "order_id": told["order_id"],
                "success_response": told, "order_configuration": asked["order_configuration"]}  # fmt: skip

    def cancel(self, request: Request) -> Any:
        rows = []
        for number in request.fields["order_ids"]:
            order = self.account.find(number=number)
            is_open = order is not None and order.state == "open"
            if is_open:
                self.account.cancel(order)
            reason = "UNKNOWN_CANCEL_FAILURE_REASON" if is_open else "UNKNOWN_CANCEL_ORDER"
            rows.append({"success": is_open, "failure_reason": reason, "order_id": number})
        return {"results": rows}

    def orders(self, request: Request) -> Any:
        """Newest first."""
        asked = request.fields
        rows = [
            _order(order)
            for order in reversed(self.account.orders)
            if asked.get("product_ids") in (None, order.market.id)
            and asked.get("order_status") in (None, STATES[order.state])
        ]
        return _page(rows, request, "orders")

    def fills(self, request: Request) -> Any:
        asked = request.fields
        since = asked.get("start_sequence_timestamp")
        since_ms = int(datetime.fromisoformat(since).timestamp() * 1000) if since else 0
        found = self.account.fills(
            market_id=asked.get("product_ids", ""), number=asked.get("order_ids", ""), since_ms=since_ms
        )
        return _page([_fill(fill) for fill in reversed(found)], request, "fills")


def _page(rows: list[Any], request: Request, name: str) -> dict[str, Any]:
    asked = request.fields
    start, limit = int(asked.get("cursor") or 0), int(asked.get("limit", 100))
    more = len(rows) > start + limit
    return {name: rows[start : start + limit], "has_next": more, "cursor": str(start + limit) if more else ""}


def _product(market: Market) -> dict[str, Any]:
    return {
        "product_id": market.id, "price": text(market.price), "price_percentage_change_24h": "1.15",
        "volume_24h": "3103.3", "volume_percentage_change_24h": "22.1", "base_increment": text(market.lot),
        "quote_increment": text(market.tick), "quote_min_size": text(market.minimum), "quote_max_size": "150000000",
        "base_min_size": text(market.lot), "base_max_size": "3400", "base_name": market.base,
        "quote_name": market.quote, "watched": False, "is_disabled": False, "new": False, "status": "online",
        "cancel_only": False, "limit_only": False, "post_only": False, "trading_disabled": False,
        "auction_mode": False, "product_type": "SPOT", "quote_currency_id": market.quote,
        "base_currency_id": market.base, "mid_market_price": "", "alias_to": [],
        "base_display_symbol": market.base, "quote_display_symbol": market.quote, "view_only": False,
        "price_increment": text(market.tick),
    }  # fmt: skip


def _order(order: Placed) -> dict[str, Any]:
    terms: dict[str, Any] = {"base_size": text(order.quantity)}
    style = "market_market_ioc"
    if order.price is not None:
        terms["limit_price"] = text(order.price)
        style = "sor_limit_ioc" if order.immediate else "limit_limit_gtc"
    if order.trigger is not None:
        terms |= {"stop_price": text(order.trigger), "stop_direction": "STOP_DIRECTION_STOP_DOWN"}
        style = STOP
    fees = sum((fill.fee for fill in order.fills), Decimal(0))
    return {
        "order_id": str(order.number), "product_id": order.market.id, "user_id": "1111111-1111-1111-1111-111111111111",
        "order_configuration": {style: terms}, "side": order.side.upper(), "client_order_id": order.client_id,
        "status": STATES[order.state],
        "time_in_force": "IMMEDIATE_OR_CANCEL" if order.immediate else "GOOD_UNTIL_CANCELLED",
        "created_time": iso(order.at_ms), "completion_percentage": "0", "filled_size": text(order.filled),
        "average_filled_price": text(order.average), "fee": "", "number_of_fills": str(len(order.fills)),
        "filled_value": text(order.cost), "pending_cancel": False, "size_in_quote": False, "total_fees": text(fees),
        "size_inclusive_of_fees": False, "total_value_after_fees": "0", "trigger_status": trigger_status(order),
        "order_type": "STOP_LIMIT" if order.trigger else order.kind.upper(),
        "reject_reason": "REJECT_REASON_UNSPECIFIED", "settled": False,
        "product_type": "SPOT", "reject_message": "", "cancel_message": "",
    }  # fmt: skip


def _fill(fill: Fill) -> dict[str, Any]:
    return {
        "entry_id": f"b88b82cc{fill.number}", "trade_id": f"cdc39e45-{fill.number}", "order_id": str(fill.order.number),
        "trade_time": iso(fill.at_ms), "trade_type": "FILL", "price": text(fill.price), "size": text(fill.quantity),
        "commission": text(fill.fee), "product_id": fill.order.market.id, "sequence_timestamp": iso(fill.at_ms),
        "liquidity_indicator": "MAKER" if fill.is_maker else "TAKER", "size_in_quote": False,
        "user_id": "1111111-1111-1111-1111-111111111111", "side": fill.order.side.upper(),
    }  # fmt: skip
