"""Bybit's unified account (UTA): spot and linear derivatives in one wallet, and a funding account."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar, Final

from wallets.venues.amending import Change
from wallets.venues.base import (
    BalanceReport,
    CredentialsReport,
    IncomeReport,
    OrderRequest,
    PositionReport,
    VenueAnswerError,
    VenueRejectedError,
)
from wallets.venues.ccxt.dialects.base import DAY_MS, PAGES, Dialect, Order, Sent, Trade, by_cursor, windows
from wallets.venues.ccxt.mapping import amount, balance_reports, moment, number
from wallets.venues.ccxt.names import Names
from wallets.venues.ccxt.questions import Reading, collected
from wallets.venues.heard import Heard

WEEK_MS: Final = 7 * DAY_MS
# Linear lists want the asset that profit is settled in.
SETTLES: Final = ("USDT", "USDC")
PAGE: Final = 50
# The kinds of entries that derivatives bring; a settlement is funding or, in USDC, the profit of a session.
INCOME: Final = frozenset({"TRADE", "SETTLEMENT", "DELIVERY", "LIQUIDATION", "ADL"})
# The stops of spot markets are kinds of their own. One that holds what it will sell is ours; the other does not.
ORDINARY, HOLDING, FREE = "Order", "tpslOrder", "StopOrder"
# The key lacks the right; ccxt's class also stands for a key that is bound to another address.
DENIED: Final = "10005"


class Bybit(Dialect):
    """https://bybit-exchange.github.io/docs/v5/intro"""

    options: ClassVar[Mapping[str, Any]] = {
        "fetchMarkets": {"types": ["spot", "linear"]},
        # ccxt would ask twice, before every order, which kind of account it is.
        "enableUnifiedMargin": False,
        "enableUnifiedAccount": True,
        "unifiedMarginStatus": 6,
    }
    names = Names(r"[A-Za-z0-9_-]{1,36}")
    remembers_names = True
    rests_stops = True
    amends = "in_place"
    trades_need_symbol = False
    candles_page = 1000
    counts_by_address = False
    account_streams: ClassVar[Sequence[tuple[str, Mapping[str, Any]]]] = (
        ("watch_orders", {}), ("watch_balance", {}), ("watch_positions", {}),
    )  # fmt: skip
    stream_options: ClassVar[Mapping[str, Any]] = {
        "watchPositions": {"fetchPositionsSnapshot": False, "awaitPositionsSnapshot": False}
    }
    confirmations = len(account_streams)
    markets_at_once = 10  # of spot; it refuses more

    def balances(self, exchange: Any) -> Reading[tuple[BalanceReport, ...]]:
        """The unified account, and the funding account if the key may see it: that takes a right of its own."""
        answer = yield partial(exchange.privateGetV5AccountWalletBalance, {"accountType": "UNIFIED"})
        unified = answer["result"]["list"]
        funding = yield from _funding(exchange)
        return balance_reports(
            [
                *(
                    ("unified", _code(exchange, coin), coin["walletBalance"], _free(coin))
                    for account in unified
                    for coin in account["coin"]
                ),
                *(("funding", _code(exchange, row), row["walletBalance"], row["transferBalance"]) for row in funding),
            ]
        )

    def positions(self, exchange: Any) -> Reading[tuple[PositionReport, ...]]:
        rows: list[dict[str, Any]] = []
        for settle in SETTLES:
            asked = {"category": "linear", "settleCoin": settle, "limit": 200}
            rows += yield from collected(exchange.privateGetV5PositionList, asked, _page, most=PAGES)
        return tuple(_position(exchange, row) for row in rows if amount(row["size"]))

    def confirms(self, url: str, message: Any) -> bool:
        """https://bybit-exchange.github.io/docs/v5/ws/connect"""
        return isinstance(message, dict) and message.get("op") == "subscribe" and bool(message.get("success"))

    def heard(self, message: Any) -> Heard | None:
        import ccxt

        if message.get("op") == "auth" and not message.get("success"):
            raise ccxt.AuthenticationError(f"bybit {message.get('ret_msg') or message.get('retMsg') or ''}")
        topic = message.get("topic")
        if topic in ("wallet", "position"):
            return Heard(balances=True)
        if topic != "order":
            return None
        rows = message["data"]
        names = frozenset(str(row["orderLinkId"]) for row in rows if row.get("orderLinkId"))
        return Heard(names=names, numbers=frozenset(str(row["orderId"]) for row in rows))

    def find(self, exchange: Any, name: str, symbol: str) -> Order | None:
        """Open orders and the last 500 that ended are in one list, older ones in the history."""
        return self._told(exchange, symbol, {"orderLinkId": name})

    def numbered(self, exchange: Any, number: str, symbol: str) -> Order | None:
        return self._told(exchange, symbol, {"orderId": number})

    def _told(self, exchange: Any, symbol: str, which: Mapping[str, str]) -> Order | None:
        market = exchange.market(symbol)
        asked = {"category": _category(market), "symbol": market["id"], **which}
        for question in (exchange.privateGetV5OrderRealtime, exchange.privateGetV5OrderHistory):
            rows = question(asked)["result"]["list"]
            if rows:
                return _order(exchange, rows[0], market)
        return None

    def sent(self, exchange: Any, request: OrderRequest, name: str) -> Sent:
        """Which way a stop of spot waits is not said, but follows from the price of when it comes: one that the market
        has reached already would be a take profit there. So the price is looked at first."""
        if request.trigger_price is not None:
            last = number(exchange.fetch_ticker(request.symbol).get("last"))
            if not last or last <= request.trigger_price:
                raise VenueRejectedError("The market has reached the stop already.", reason="price")
        return super().sent(exchange, request, name)

    def place(self, exchange: Any, request: OrderRequest, name: str, sent: Sent) -> Order:
        """A stop is asked for here: ccxt adds to one of spot what is said of derivatives only. It keeps its number and
        name when it is set off: https://bybit-exchange.github.io/docs/v5/order/create-order"""
        if request.trigger_price is None:
            return super().place(exchange, request, name, sent)
        told = exchange.privatePostV5OrderCreate(
            {
                "category": "spot", "symbol": exchange.market(request.symbol)["id"], "side": request.side.capitalize(),
                "orderType": "Market", "marketUnit": "baseCoin", "qty": f"{request.quantity:f}",
                "orderFilter": HOLDING, "triggerPrice": f"{request.trigger_price:f}", "orderLinkId": name,
            }
        )  # fmt: skip
        return {"id": told["result"]["orderId"]}

    def cancel(self, exchange: Any, name: str, symbol: str) -> None:
        self._end(exchange, symbol, {"orderLinkId": name})

    def cancel_numbered(self, exchange: Any, number: str, symbol: str) -> None:
        self._end(exchange, symbol, {"orderId": number})

    def _end(self, exchange: Any, symbol: str, which: Mapping[str, str]) -> None:
        """Of spot an order is not known under the name of another kind than its own."""
        import ccxt

        kinds = (ORDINARY, HOLDING, FREE) if exchange.market(symbol)["spot"] else ("",)
        for kind in kinds:
            try:
                exchange.cancel_order(None, symbol, {**which, **({"orderFilter": kind} if kind else {})})
            except ccxt.InvalidOrder:  # such as OrderNotFound
                if kind == kinds[-1]:
                    raise
            else:
                return

    def amend(self, exchange: Any, change: Change, name: str) -> None:
        """Whether it only rests stays as it is."""
        terms = f"{change.quantity:f}", f"{change.price:f}"
        exchange.edit_order(None, change.symbol, "limit", change.side, *terms, {"orderLinkId": name})

    def open_orders(self, exchange: Any, symbols: Sequence[str]) -> list[Order]:
        lists: list[dict[str, Any]] = [{"category": "spot"}]
        lists += [{"category": "linear", "settleCoin": settle} for settle in SETTLES]
        return [
            _order(exchange, row, exchange.safe_market(row["symbol"], None, None, _kind(asked["category"])))
            for asked in lists
            for row in _turned(exchange.privateGetV5OrderRealtime, {**asked, "openOnly": 0, "limit": PAGE})
        ]

    def trades_of(self, exchange: Any, order: Order) -> list[Trade]:
        market = exchange.market(order["symbol"])
        asked = {"category": _category(market), "orderId": order["id"], "execType": "Trade", "limit": 100}
        return [_trade(exchange, row, market) for row in _turned(exchange.privateGetV5ExecutionList, asked)]

    def trades(self, exchange: Any, since: int, symbol: str | None) -> Iterator[Trade]:
        market = exchange.market(symbol) if symbol else None
        for category in [_category(market)] if market else ("spot", "linear"):
            for start, end in windows(since, exchange.milliseconds(), WEEK_MS):
                asked = {"category": category, "execType": "Trade", "startTime": start, "endTime": end, "limit": 100}
                for row in _turned(
                    exchange.privateGetV5ExecutionList, asked | ({"symbol": market["id"]} if market else {})
                ):
                    yield _trade(
                        exchange, row, market or exchange.safe_market(row["symbol"], None, None, _kind(category))
                    )

    def income(self, exchange: Any, since: int) -> Iterator[IncomeReport]:
        for start, end in windows(since, exchange.milliseconds(), WEEK_MS):
            asked = {
                "accountType": "UNIFIED", "category": "linear", "startTime": start, "endTime": end, "limit": PAGE,
            }  # fmt: skip
            for row in _turned(exchange.privateGetV5AccountTransactionLog, asked):
                if row["type"] in INCOME and row["category"] == "linear":
                    yield _income(exchange, row)

    def permissions(self, exchange: Any) -> CredentialsReport:
        told = exchange.privateGetV5UserQueryApi()["result"]
        granted = sorted(right for rights in (told.get("permissions") or {}).values() for right in rights)
        expires = exchange.parse8601(told.get("expiredAt"))
        return CredentialsReport(
            can_trade=str(told.get("readOnly")) == "0" and bool({"SpotTrade", "Order"} & set(granted)),
            can_withdraw="Withdraw" in granted,
            detail=f"Bybit lists: {', '.join(granted)}." if granted else "Bybit lists no permission.",
            is_bound=bool(told.get("ips")) and told["ips"] != ["*"],
            expires_at=moment(expires) if expires and expires > 0 else None,
        )


def _funding(exchange: Any) -> Reading[list[dict[str, Any]]]:
    import ccxt

    try:
        answer = yield partial(exchange.privateGetV5AssetTransferQueryAccountCoinsBalance, {"accountType": "FUND"})
    except ccxt.PermissionDenied as error:
        if DENIED not in str(error):
            raise
        return []  # reading it takes the right to transfer between accounts, which no key needs
    rows: list[dict[str, Any]] = answer["result"]["balance"]
    return rows


def _turned(question: Any, asked: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    return by_cursor(lambda cursor: _page(question({**asked, **cursor})))


def _page(answer: Mapping[str, Any]) -> tuple[list[Any], Any]:
    return answer["result"]["list"], answer["result"].get("nextPageCursor")


def _order(exchange: Any, row: Mapping[str, Any], market: Mapping[str, Any]) -> Order:
    """With what it takes profit at, of a stop of spot: `basePrice` is the price of when it came, which ccxt does not
    read."""
    told: Order = exchange.parse_order(row, market)
    trigger, base = number(told.get("triggerPrice")), number(row.get("basePrice"))
    if market["spot"] and trigger and base and trigger != base and (trigger > base) == (told["side"] == "sell"):
        told["takeProfitPrice"] = told["triggerPrice"]
    return told


def _category(market: Mapping[str, Any]) -> str:
    return "spot" if market["spot"] else "linear"


def _kind(category: str) -> str:
    return "spot" if category == "spot" else "swap"


def _free(coin: Mapping[str, Any]) -> Any:
    """What is neither in an order nor margin of a position."""
    used = sum((amount(coin.get(name)) for name in ("locked", "totalOrderIM", "totalPositionIM")), amount(0))
    return max(amount(coin["walletBalance"]) - used, amount(0))


def _position(exchange: Any, row: Mapping[str, Any]) -> PositionReport:
    market = exchange.safe_market(row["symbol"], None, None, "swap")
    return PositionReport(
        symbol=market["symbol"],
        side="long" if row["side"] == "Buy" else "short",
        quantity=amount(row["size"]),
        contract_size=number(market["contractSize"]) or amount(1),
        entry_price=amount(row["avgPrice"]),
        mark_price=number(row["markPrice"]),
        unrealized_pnl=amount(row["unrealisedPnl"]),
        settle=market["settle"] or "",
        leverage=number(row["leverage"]),
        # In a unified account it is always 0, whatever the account's mode is: only 1 says something.
        margin_mode="isolated" if str(row["tradeMode"]) == "1" else None,
        liquidation_price=number(row["liqPrice"]) or None,
        base=market["base"] or "",
    )


def _income(exchange: Any, row: Mapping[str, Any]) -> IncomeReport:
    """`change` is cash flow + funding − fee: https://bybit-exchange.github.io/docs/v5/account/transaction-log"""
    at = moment(row["transactionTime"])
    if at is None or not row.get("id"):
        raise VenueAnswerError("The venue told an entry of the account without its id or moment.")
    return IncomeReport(
        venue_id=str(row["id"]),
        symbol=str(exchange.safe_symbol(row["symbol"] or None, None, None, "swap") or ""),
        asset=str(exchange.safe_currency_code(row["currency"])),
        realized=amount(row["cashFlow"]),
        funding=amount(row["funding"]),
        fee=amount(row["fee"]),
        at=at,
    )


def _trade(exchange: Any, row: Mapping[str, Any], market: Mapping[str, Any]) -> Trade:
    """With the coin that the fee was paid in, by either of its names: ccxt reads one, and guesses where it is not."""
    coin = row.get("feeCurrency") or row.get("feeCoin")
    told: Trade = exchange.parse_trade({**row, "feeCoin": coin} if coin else row, market)
    return told


def _code(exchange: Any, row: Mapping[str, Any]) -> str:
    return str(exchange.safe_currency_code(row["coin"]))
