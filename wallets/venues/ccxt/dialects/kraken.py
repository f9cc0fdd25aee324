"""Kraken: spot."""

from collections.abc import Awaitable, Hashable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Final

from wallets.venues.base import BalanceReport, CredentialsReport, OrderRequest, PositionReport
from wallets.venues.ccxt.dialects.base import PAGES, Dialect, Order, Sent, Trade, in_force, stopping, worded
from wallets.venues.ccxt.mapping import ZERO, amount, balance_reports, moment
from wallets.venues.ccxt.names import Names
from wallets.venues.ccxt.questions import Reading, nothing
from wallets.venues.heard import Heard

# Trades asked for by their ids in one request, and trades on one page of the history.
TOGETHER: Final = 20
PAGE: Final = 50
# Balances with one of these endings are lent out, staked or locked; only `.F` earns while it can be spent.
EARNING: Final = "."
SPENDABLE: Final = ".F"
# What its newer websocket calls otherwise than its list of markets does.
NEW_NAMES: Final = {"XBT": "BTC", "XDG": "DOGE"}


class Kraken(Dialect):
    """https://docs.kraken.com/api/docs/rest-api"""

    kinds = ("spot",)
    names = Names("", is_uuid=True)
    trades_need_symbol = False
    rests_stops = True
    amends = "in_place"
    candles_page = 720
    counts_by_address = False
    account_streams: ClassVar[Sequence[tuple[str, Mapping[str, Any]]]] = (("watch_orders", {}), ("watch_balance", {}))
    confirmations = len(account_streams)

    def balances(self, exchange: Any) -> Reading[tuple[BalanceReport, ...]]:
        rows = []
        for name, row in (yield exchange.privatePostBalanceEx)["result"].items():
            asset, _, ending = name.partition(EARNING)
            total = amount(row["balance"])
            free = total - amount(row.get("hold_trade")) if not ending or name.endswith(SPENDABLE) else ZERO
            rows.append(("earn" if ending else "spot", str(exchange.safe_currency_code(asset)), total, free))
        return balance_reports(rows)

    def positions(self, exchange: Any) -> Reading[tuple[PositionReport, ...]]:
        return nothing()

    def watch_prices(self, exchange: Any, symbols: Sequence[str]) -> Awaitable[Any]:
        """By Kraken's own names: ccxt would ask by its own, which are those of other markets where coins were renamed
        (its LUNA is Kraken's LUNA2, and Kraken's LUNA is its LUNC)."""
        names = [_told_as(exchange, symbol) for symbol in symbols]
        asked = {
            "method": "subscribe",
            "params": {"channel": "ticker", "symbol": names},
            "req_id": exchange.request_id(),
        }
        hashes = [exchange.get_message_hash("ticker", None, name) for name in names]
        return exchange.watch_multiple(exchange.urls["api"]["ws"]["publicV2"], hashes, asked, hashes)  # type: ignore[no-any-return]  # ccxt has no types

    def ticker(self, exchange: Any, symbol: str) -> dict[str, Any] | None:
        """With its moment, which ccxt leaves out."""
        told: dict[str, Any] | None = exchange.tickers.get(_told_as(exchange, symbol))
        if told is not None and told["timestamp"] is None:
            told["timestamp"] = exchange.parse8601(told["info"].get("timestamp"))
        return told

    def counted(self, message: Any) -> tuple[Hashable, int] | None:
        return (message["channel"], int(message["sequence"])) if "sequence" in message else None

    def confirms(self, url: str, message: Any) -> bool:
        """https://docs.kraken.com/api/docs/websocket-v2/executions"""
        return isinstance(message, dict) and message.get("method") == "subscribe" and bool(message.get("success"))

    def heard(self, message: Any) -> Heard | None:
        channel = message.get("channel")
        if channel == "balances":
            return Heard(balances=True)
        if channel != "executions":
            return None
        rows = message["data"]
        names = frozenset(str(row["cl_ord_id"]) for row in rows if row.get("cl_ord_id"))
        return Heard(names=names, numbers=frozenset(str(row["order_id"]) for row in rows))

    def sent(self, exchange: Any, request: OrderRequest, name: str) -> Sent:
        # The fee in the quote asset on both sides, as its list of trades tells it.
        params = {"clientOrderId": name, "oflags": "fciq", **in_force(request), **stopping(request)}
        return worded(request), request.price, params

    def find(self, exchange: Any, name: str, symbol: str) -> Order | None:
        asked = {"cl_ord_id": name, "trades": "true"}
        for question, part in ((exchange.privatePostOpenOrders, "open"), (exchange.privatePostClosedOrders, "closed")):
            for number, row in question(asked)["result"][part].items():
                found: Order = exchange.parse_order({"id": number, **row})
                return found
        return None

    def numbered(self, exchange: Any, number: str, symbol: str) -> Order | None:
        rows = exchange.privatePostQueryOrders({"txid": number, "trades": "true"})["result"]
        return next((exchange.parse_order({"id": told, **row}) for told, row in rows.items()), None)

    def cancel(self, exchange: Any, name: str, symbol: str) -> None:
        exchange.cancel_order(None, symbol, {"clientOrderId": name})

    def open_orders(self, exchange: Any, symbols: Sequence[str]) -> list[Order]:
        rows = exchange.privatePostOpenOrders({"trades": "true"})["result"]["open"]
        return [exchange.parse_order({"id": number, **row}) for number, row in rows.items()]

    def trades_of(self, exchange: Any, order: Order) -> list[Trade]:
        numbers = order["info"].get("trades") or []
        found = []
        for start in range(0, len(numbers), TOGETHER):
            part = numbers[start : start + TOGETHER]
            rows = exchange.privatePostQueryTrades({"txid": ",".join(part)})["result"]
            found += [exchange.parse_trade({**row, "id": number}) for number, row in rows.items()]
        return found

    def trades(self, exchange: Any, since: int, symbol: str | None) -> Iterator[Trade]:
        """Newest first, turned over by an offset; `start` excludes its own second, so it is asked a second early."""
        told = 0
        for _ in range(PAGES):
            rows = exchange.privatePostTradesHistory({"start": since // 1000 - 1, "ofs": told})["result"]["trades"]
            for number, row in rows.items():
                trade = exchange.parse_trade({**row, "id": number})
                if symbol in (None, trade["symbol"]):
                    yield trade
            told += len(rows)
            if len(rows) < PAGE:
                return

    def permissions(self, exchange: Any) -> CredentialsReport:
        told = exchange.privatePostGetApiKeyInfo()["result"]
        granted = sorted(told["permissions"])
        until = int(told.get("validUntil") or 0)  # seconds; 0 is for ever
        return CredentialsReport(
            can_trade="modify-trades" in granted,
            can_withdraw="withdraw-funds" in granted,
            detail=f"Kraken lists: {', '.join(granted)}." if granted else "Kraken lists no permission.",
            is_bound=bool(told.get("ipAllowlist")),
            expires_at=moment(until * 1000) if until else None,
        )


def _told_as(exchange: Any, symbol: str) -> str:
    base, _, quote = str(exchange.market(symbol)["info"].get("wsname") or symbol).partition("/")
    return f"{NEW_NAMES.get(base, base)}/{NEW_NAMES.get(quote, quote)}"
