"""Coinbase Advanced Trade: spot."""

from collections.abc import Awaitable, Hashable, Iterator, Mapping, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from functools import partial
from itertools import chain, islice
from typing import Any, ClassVar, Final

from wallets.venues.base import BalanceReport, CredentialsReport, OrderRequest, PositionReport, VenueRejectedError
from wallets.venues.ccxt.dialects.base import PAGES, Dialect, Order, Sent, Trade, by_cursor, in_force, stopping
from wallets.venues.ccxt.mapping import amount, balance_reports, number
from wallets.venues.ccxt.names import Names
from wallets.venues.ccxt.questions import Reading, collected, nothing
from wallets.venues.heard import Heard

# How far above the ask a purchase at the market may go: Coinbase takes such an order by what it may cost, not by what
# is bought, so it is sent as a limit order that is filled at once or not at all.
REACH: Final = Decimal("1.01")
# How far below its trigger the limit of a stop lies: Coinbase knows no stop at the market. It is filled at the best
# price that there is, so that the distance costs nothing by itself; what falls deeper at once, nobody sells there.
FALL: Final = Decimal("0.95")
# An order is looked for among the last orders of its market, so many pages of 250.
LOOKED_THROUGH: Final = 4
PAGE: Final = 250
# Of an account it is told at a host of its own.
PUBLIC_HOST, PRIVATE_HOST = "advanced-trade-ws.", "advanced-trade-ws-user."
# How the error begins that says that a line's token is none.
REFUSAL: Final = "authentication fail"


class Coinbase(Dialect):
    """https://docs.cdp.coinbase.com/api-reference/advanced-trade-api"""

    kinds = ("spot",)
    names = Names(r"[A-Za-z0-9_-]{1,128}")
    remembers_names = True
    rests_stops = True
    trades_need_symbol = False
    candles_page = 300
    counts_by_address = False
    account_streams: ClassVar[Sequence[tuple[str, Mapping[str, Any]]]] = (("watch_orders", {}),)
    # It closes a line on which nothing comes for a minute.
    beats: ClassVar[Mapping[str, Mapping[str, Any]]] = {"subscribe": {"name": "heartbeats", "isPrivate": False}}

    def balances(self, exchange: Any) -> Reading[tuple[BalanceReport, ...]]:
        question, page = exchange.v3PrivateGetBrokerageAccounts, partial(_page, "accounts")
        rows = yield from collected(question, {"limit": PAGE}, page, most=PAGES)
        return balance_reports(
            (
                "spot",
                str(exchange.safe_currency_code(row["currency"])),
                amount(row["available_balance"]["value"]) + amount(row["hold"]["value"]),
                row["available_balance"]["value"],
            )
            for row in rows
        )

    def positions(self, exchange: Any) -> Reading[tuple[PositionReport, ...]]:
        return nothing()

    def turn(self, exchange: Any) -> None:
        if exchange.apiKey:
            exchange.urls["api"]["ws"] = exchange.urls["api"]["ws"].replace(PUBLIC_HOST, PRIVATE_HOST, 1)

    def watch_prices(self, exchange: Any, symbols: Sequence[str]) -> Awaitable[Any]:
        """With every match; what ccxt would ask for comes every five seconds, without bid and ask."""
        return exchange.subscribe_multiple("ticker", False, list(symbols))  # type: ignore[no-any-return]  # ccxt has no types

    def ticker(self, exchange: Any, symbol: str) -> dict[str, Any] | None:
        """A market in USDC is the one in USD, and told as that."""
        alias = exchange.market(symbol)["info"].get("alias")
        told: dict[str, Any] | None = exchange.tickers.get(exchange.safe_symbol(alias, None, "-") if alias else symbol)
        return told

    def counted(self, message: Any) -> tuple[Hashable, int] | None:
        """Everything on a line together, its heartbeats too."""
        return ("", int(message["sequence_num"])) if "sequence_num" in message else None

    def confirms(self, url: str, message: Any) -> bool:
        """https://docs.cdp.coinbase.com/coinbase-app/advanced-trade-apis/websocket/websocket-channels"""
        if not isinstance(message, dict) or message.get("channel") != "subscriptions":
            return False
        return any("user" in event.get("subscriptions", {}) for event in message["events"])

    def heard(self, message: Any) -> Heard | None:
        """Of balances nothing is told: what happens to an order changes them."""
        import ccxt

        if message.get("type") == "error" and str(message.get("message")).lower().startswith(REFUSAL):
            raise ccxt.AuthenticationError(f"coinbase {message['message']}")
        rows = [row for event in message.get("events", ()) for row in event.get("orders") or ()]
        if message.get("channel") != "user" or not rows:
            return None
        names = frozenset(str(row["client_order_id"]) for row in rows if row.get("client_order_id"))
        return Heard(names=names, numbers=frozenset(str(row["order_id"]) for row in rows), balances=True)

    def sent(self, exchange: Any, request: OrderRequest, name: str) -> Sent:
        named = {"client_order_id": name}  # ccxt would name the order itself
        tick = amount(exchange.market(request.symbol)["precision"]["price"])
        if request.trigger_price is not None:
            limit = (request.trigger_price * FALL / tick).to_integral_value(ROUND_FLOOR) * tick
            return "limit", limit, named | stopping(request)
        if request.type == "limit" or request.side == "sell":
            return request.type, request.price, named | in_force(request)
        ticker = exchange.fetch_ticker(request.symbol)
        ask = number(ticker.get("ask")) or number(ticker.get("last"))
        if not ask:
            raise VenueRejectedError(f"Wait for a price of {request.symbol}: Coinbase has none now.", reason="price")
        return "limit", (ask * REACH / tick).to_integral_value(ROUND_CEILING) * tick, {**named, "timeInForce": "IOC"}

    def find(self, exchange: Any, name: str, symbol: str) -> Order | None:
        """Coinbase finds an order by its own id only, so its lists are looked through: the market's last orders, and
        those that are open, however old. One that ended before the last thousand is found by its number alone."""
        market = exchange.market(symbol)
        asked = {"product_ids": market["id"], "limit": PAGE}
        question = exchange.v3PrivateGetBrokerageOrdersHistoricalBatch
        last = islice(_turned(question, "orders", asked), LOOKED_THROUGH * PAGE)
        newest = islice(last, PAGE)
        still_open = _turned(question, "orders", {**asked, "order_status": "OPEN"})
        for row in chain(newest, still_open, last):
            if row["client_order_id"] == name:
                return _order(exchange, row, market)
        return None

    def cancel(self, exchange: Any, name: str, symbol: str) -> None:
        order = self.find(exchange, name, symbol)
        if order is None:
            raise VenueRejectedError("Coinbase knows no such order.", reason="unknown_order")
        exchange.cancel_orders([order["id"]], symbol)

    def cancel_numbered(self, exchange: Any, number: str, symbol: str) -> None:
        exchange.cancel_orders([number], symbol)

    def open_orders(self, exchange: Any, symbols: Sequence[str]) -> list[Order]:
        asked = {"order_status": "OPEN", "limit": PAGE}
        rows = _turned(exchange.v3PrivateGetBrokerageOrdersHistoricalBatch, "orders", asked)
        return [_order(exchange, row) for row in rows]

    def numbered(self, exchange: Any, number: str, symbol: str) -> Order | None:
        row = exchange.v3PrivateGetBrokerageOrdersHistoricalOrderId({"order_id": number})["order"]
        return _order(exchange, row, exchange.market(symbol))

    def trades_of(self, exchange: Any, order: Order) -> list[Trade]:
        rows = _turned(
            exchange.v3PrivateGetBrokerageOrdersHistoricalFills, "fills", {"order_ids": order["id"], "limit": PAGE}
        )
        return [exchange.parse_trade(row) for row in rows]

    def trades(self, exchange: Any, since: int, symbol: str | None) -> Iterator[Trade]:
        asked: dict[str, Any] = {"start_sequence_timestamp": exchange.iso8601(since), "limit": PAGE}
        if symbol:
            asked["product_ids"] = exchange.market(symbol)["id"]
        for row in _turned(exchange.v3PrivateGetBrokerageOrdersHistoricalFills, "fills", asked):
            yield exchange.parse_trade(row)

    def permissions(self, exchange: Any) -> CredentialsReport:
        told = exchange.v3PrivateGetBrokerageKeyPermissions()
        granted = sorted(name.removeprefix("can_") for name, value in told.items() if value is True)
        return CredentialsReport(
            can_trade=told.get("can_trade") is True,
            can_withdraw=told.get("can_transfer") is True,
            detail=f"Coinbase lists: {', '.join(granted)}." if granted else "Coinbase lists no permission.",
        )


def _order(exchange: Any, row: Mapping[str, Any], market: Mapping[str, Any] | None = None) -> Order:
    """With the quantity and prices in every form that an order may have: ccxt knows some of them."""
    told: Order = exchange.parse_order(row, market)
    terms = next(iter((row.get("order_configuration") or {}).values()), None) or {}
    if told["amount"] is None and terms.get("base_size"):
        told |= {"amount": terms["base_size"], "price": terms.get("limit_price")}
        told["triggerPrice"] = terms.get("stop_trigger_price") or terms.get("stop_price")
    return told


def _turned(question: Any, name: str, asked: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    return by_cursor(lambda cursor: _page(name, question({**asked, **cursor})))


def _page(name: str, answer: Mapping[str, Any]) -> tuple[list[Any], Any]:
    return answer.get(name) or [], answer.get("cursor") if answer.get("has_next", True) else None
