"""OKX: one trading account for spot and derivatives, and a funding account."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Final, Literal

from wallets.venues.amending import Change
from wallets.venues.base import (
    BalanceReport,
    CredentialsReport,
    IncomeReport,
    MovementReport,
    OrderRequest,
    PositionReport,
    VenueAnswerError,
)
from wallets.venues.ccxt.dialects import okx_stops
from wallets.venues.ccxt.dialects.base import DAY_MS, PAGES, Dialect, Order, Sent, Trade
from wallets.venues.ccxt.dialects.okx_stops import PAGE
from wallets.venues.ccxt.mapping import MARGIN_MODES, amount, balance_reports, moment, number
from wallets.venues.ccxt.names import Names
from wallets.venues.ccxt.questions import Reading
from wallets.venues.heard import Heard

Page = Callable[[Mapping[str, Any]], list[dict[str, Any]]]
# Without it balances and positions are told every few seconds, whether anything happened or not.
WHEN_IT_HAPPENS: Final = {"extraParams": '{"updateInterval": "0"}'}
# What the hosts of websockets have in their names in each region, by the host of questions.
REGIONS: Final = {"my.okx.com": "eea", "eea.okx.com": "eea", "us.okx.com": "us", "app.okx.com": "us"}
# The kinds of bills of derivatives: trade, delivery, liquidation, automatic deleveraging, clawback; and funding.
REALIZED: Final = frozenset({"2", "3", "5", "9", "10"})
FUNDING: Final = "8"
DERIVATIVES: Final = frozenset({"SWAP", "FUTURES"})
# Bills of the last days are in one list, those of three months in another.
RECENT_MS: Final = 6 * DAY_MS
# Fills of the last three days are in one list at once, those of three months in another one later.
RECENT_FILLS_MS: Final = 3 * DAY_MS - 3_600_000
# What an algo order is found by, by what any other is found by.
ALGO: Final = {"clOrdId": "algoClOrdId", "ordId": "algoId"}
TYPES: Final = {"spot": "SPOT", "swap": "SWAP", "future": "FUTURES"}


class Okx(Dialect):
    """https://www.okx.com/docs-v5/en/"""

    options: ClassVar[Mapping[str, Any]] = {
        "fetchMarkets": {"types": ["spot", "swap", "future"]},
        "createOrder": "privatePostTradeOrder",  # one order, not a batch of one: its answer says more
    }
    names = Names(r"[A-Za-z0-9]{1,32}")
    remembers_names = True
    rests_stops = True
    amends = "in_place"
    trades_need_symbol = False
    candles_page = 300
    counts_by_address = False
    # Of stops it tells on a line of its own.
    account_streams: ClassVar[Sequence[tuple[str, Mapping[str, Any]]]] = (
        ("watch_orders", {}), ("watch_orders", {"trigger": True}), ("watch_balance", WHEN_IT_HAPPENS),
        ("watch_positions", WHEN_IT_HAPPENS),
    )  # fmt: skip
    confirmations = len(account_streams)

    def balances(self, exchange: Any) -> Reading[tuple[BalanceReport, ...]]:
        """Cash of the trading account, without the profit of open positions, and the funding account."""
        trading = (yield exchange.privateGetAccountBalance)["data"]
        funding = (yield exchange.privateGetAssetBalances)["data"]
        return balance_reports(
            [
                *(
                    ("trading", _code(exchange, row), row["cashBal"], row.get("availBal") or row.get("availEq"))
                    for account in trading
                    for row in account["details"]
                ),
                *(("funding", _code(exchange, row), row["bal"], row["availBal"]) for row in funding),
            ]
        )

    def positions(self, exchange: Any) -> Reading[tuple[PositionReport, ...]]:
        rows = (yield exchange.privateGetAccountPositions)["data"]
        return tuple(
            _position(exchange, row) for row in rows if row["instType"] in ("SWAP", "FUTURES") and amount(row["pos"])
        )

    def sent(self, exchange: Any, request: OrderRequest, name: str) -> Sent:
        kind, price, params = super().sent(exchange, request, name)
        # Without this a market order to buy counts the quote asset.
        return kind, price, params | ({"tgtCcy": "base_ccy"} if exchange.market(request.symbol)["spot"] else {})

    def remembers(self, request: OrderRequest) -> bool:
        """For how long it refuses the name of a stop again is told nowhere."""
        return request.trigger_price is None

    def place(self, exchange: Any, request: OrderRequest, name: str, sent: Sent) -> Order:
        if request.trigger_price is not None:
            return okx_stops.place(exchange, request, name)
        return super().place(exchange, request, name, sent)

    def find(self, exchange: Any, name: str, symbol: str) -> Order | None:
        """The order; two hours after it ended without a fill only the history of seven days knows it."""
        return self._told(exchange, symbol, "clOrdId", name)

    def numbered(self, exchange: Any, number: str, symbol: str) -> Order | None:
        return self._told(exchange, symbol, "ordId", number)

    def _told(self, exchange: Any, symbol: str, key: str, value: str) -> Order | None:
        market = exchange.market(symbol)
        row = self._row(exchange, market, {key: value})
        stop = okx_stops.found(exchange, ALGO[key], value) if row is None and market["spot"] else None
        if stop is not None:
            return self._with_what_it_placed(exchange, market, stop)
        row = row or self._ended(exchange, market, key, value)
        return self._order(exchange, market, row) if row else None

    def _order(self, exchange: Any, market: Mapping[str, Any], row: Mapping[str, Any]) -> Order | None:
        """The order, or the stop that has placed it; by its name at least, where the stop is not told any more."""
        if (stop := okx_stops.placed_by(exchange, row)) is not None:
            return self._with_what_it_placed(exchange, market, stop)
        told: Order = exchange.parse_order({**row, "clOrdId": row.get("clOrdId") or row.get("algoClOrdId")}, market)
        return told

    def _with_what_it_placed(self, exchange: Any, market: Mapping[str, Any], stop: Mapping[str, Any]) -> Order | None:
        """None where it has placed an order that nobody knows: then nobody knows what became of it."""
        placed = []
        for one in okx_stops.numbers_of(stop):
            row = self._row(exchange, market, {"ordId": one}) or self._ended(exchange, market, "ordId", one)
            if row is None:
                return None
            placed.append(row)
        return okx_stops.joined(exchange, stop, placed)

    @staticmethod
    def _row(exchange: Any, market: Mapping[str, Any], which: Mapping[str, str]) -> dict[str, Any] | None:
        import ccxt

        try:
            rows = exchange.privateGetTradeOrder({"instId": market["id"], **which})["data"]
        except ccxt.OrderNotFound:
            return None
        return next(iter(rows), None)

    @staticmethod
    def _ended(exchange: Any, market: Mapping[str, Any], key: str, value: str) -> dict[str, Any] | None:
        asked = {"instType": TYPES[market["type"]], "instId": market["id"], "limit": PAGE}
        rows = exchange.privateGetTradeOrdersHistory(asked)["data"]
        return next((row for row in rows if value in (row[key], row.get(ALGO[key]))), None)

    def cancel(self, exchange: Any, name: str, symbol: str) -> None:
        self._end(exchange, symbol, "clOrdId", name)

    def cancel_numbered(self, exchange: Any, number: str, symbol: str) -> None:
        self._end(exchange, symbol, "ordId", number)

    def _end(self, exchange: Any, symbol: str, key: str, value: str) -> None:
        import ccxt

        market = exchange.market(symbol)
        try:
            exchange.cancel_order(None, symbol, {key: value})
        except ccxt.OrderNotFound:
            if not market["spot"] or not okx_stops.cancel(exchange, market, ALGO[key], value):
                raise

    def amend(self, exchange: Any, change: Change, name: str) -> None:
        """Whether it only rests stays as it is."""
        terms = f"{change.quantity:f}", f"{change.price:f}"
        exchange.edit_order(None, change.symbol, "limit", change.side, *terms, {"clOrdId": name})

    def open_orders(self, exchange: Any, symbols: Sequence[str]) -> list[Order]:
        """Those of the book, and the stops of spot that wait."""
        rows = _backwards(_page(exchange.privateGetTradeOrdersPending, {"limit": PAGE}), "ordId")
        told = (self._order(exchange, exchange.safe_market(row["instId"]), row) for row in rows)
        return [*filter(None, told), *okx_stops.waiting(exchange)]

    def trades_of(self, exchange: Any, order: Order) -> list[Trade]:
        """From the fills of three days, which know one at once; older ones from the history, which lags."""
        market = exchange.market(order["symbol"])
        found: list[Trade] = []
        for number_ in order["info"].get("ordIds", [order["id"]]):
            asked = {"instType": TYPES[market["type"]], "instId": market["id"], "ordId": number_, "limit": PAGE}
            rows: list[dict[str, Any]] = []
            for question in (exchange.privateGetTradeFills, exchange.privateGetTradeFillsHistory):
                rows += _backwards(_page(question, asked), "billId")
                if sum(amount(row["fillSz"]) for row in rows) >= amount(order["filled"]):
                    break
            found += [exchange.parse_trade(row, market) for row in rows]
        return found

    def trades(self, exchange: Any, since: int, symbol: str | None) -> Iterator[Trade]:
        """From the fills of three days, all of which are there at once; from the history, which lags, what is older."""
        market = exchange.market(symbol) if symbol else None
        kinds = [TYPES[market["type"]]] if market else list(TYPES.values())
        asked = {"begin": since, "limit": PAGE, **({"instId": market["id"]} if market else {})}
        rows = list(_backwards(_page(exchange.privateGetTradeFills, asked), "billId"))
        if exchange.milliseconds() - since > RECENT_FILLS_MS:
            for kind in kinds:
                rows += _backwards(_page(exchange.privateGetTradeFillsHistory, {"instType": kind, **asked}), "billId")
        ours = [row for row in rows if row["instType"] in kinds]
        for row in okx_stops.named(exchange, ours):
            yield exchange.parse_trade(row)

    def movements(self, exchange: Any, since: int) -> Iterator[MovementReport]:
        """Deposits that were credited and withdrawals that were sent; what is under way comes later."""
        asked = {"before": since - 1, "limit": PAGE}
        for row in _backwards(_page(exchange.privateGetAssetDepositHistory, asked), "ts"):
            if row["state"] in ("1", "2") and (report := _movement(exchange, "deposit", row["depId"], row)):
                yield report
        for row in _backwards(_page(exchange.privateGetAssetWithdrawalHistory, asked), "ts"):
            if row["state"] == "2" and (report := _movement(exchange, "withdrawal", row["wdId"], row)):
                yield report

    def income(self, exchange: Any, since: int) -> Iterator[IncomeReport]:
        """Of the account's bills those of derivatives; newest first, until a page brings nothing new."""
        is_recent = exchange.milliseconds() - since < RECENT_MS
        question = exchange.privateGetAccountBills if is_recent else exchange.privateGetAccountBillsArchive
        seen: set[str] = set()
        asked: dict[str, Any] = {"begin": since, "limit": PAGE}
        for _ in range(PAGES):
            rows = [row for row in question(asked)["data"] if row["billId"] not in seen]
            if not rows:
                return
            yield from (_income(exchange, row) for row in rows if _is_income(row))
            seen.update(row["billId"] for row in rows)
            asked["after"] = min((row["billId"] for row in rows), key=int)

    def turn(self, exchange: Any) -> None:
        if region := REGIONS.get(exchange.hostname):
            exchange.urls["api"]["ws"] = exchange.urls["api"]["ws"].replace("/ws", f"/ws{region}", 1)

    def confirms(self, url: str, message: Any) -> bool:
        return isinstance(message, dict) and message.get("event") == "subscribe"

    def heard(self, message: Any) -> Heard | None:
        import ccxt

        if not isinstance(message, dict):
            return None
        if message.get("event") == "notice":  # the line is closed within a minute, for an upgrade
            raise ccxt.NetworkError("okx is about to close the line")
        channel = (message.get("arg") or {}).get("channel")
        if "data" not in message:
            return None
        if channel in ("account", "positions"):
            return Heard(balances=True)
        if channel not in ("orders", "orders-algo"):
            return None
        names, numbers = (
            frozenset(str(row[name]) for row in message["data"] for name in pair if row.get(name))
            for pair in zip(ALGO, ALGO.values(), strict=True)
        )
        return Heard(names=names, numbers=numbers)

    def permissions(self, exchange: Any) -> CredentialsReport:
        told = exchange.privateGetAccountConfig()["data"][0]
        granted = [part.strip() for part in str(told.get("perm") or "").split(",") if part.strip()]
        return CredentialsReport(
            can_trade="trade" in granted,
            can_withdraw="withdraw" in granted,
            detail=f"OKX lists: {', '.join(granted)}." if granted else "OKX lists no permission.",
            is_bound=bool(told.get("ip")),
        )


def _page(question: Any, asked: Mapping[str, Any]) -> Page:
    return lambda after: question({**asked, **after})["data"]


def _backwards(page: Page, key: str) -> Iterator[dict[str, Any]]:
    """Turn over a list that tells the newest first and goes on `after` the oldest told."""
    after: dict[str, Any] = {}
    for _ in range(PAGES):
        rows = page(after)
        yield from rows
        if len(rows) < PAGE:
            return
        after = {"after": rows[-1][key]}


def _position(exchange: Any, row: Mapping[str, Any]) -> PositionReport:
    market = exchange.market(exchange.safe_symbol(row["instId"]))
    quantity = amount(row["pos"])
    is_long = row["posSide"] == "long" or (row["posSide"] == "net" and quantity > 0)
    return PositionReport(
        symbol=market["symbol"],
        side="long" if is_long else "short",
        quantity=abs(quantity),
        contract_size=number(market["contractSize"]) or amount(1),
        entry_price=amount(row["avgPx"]),
        mark_price=number(row["markPx"]),
        unrealized_pnl=amount(row["upl"]),
        settle=market["settle"] or str(row["ccy"]),
        is_inverse=bool(market["inverse"]),
        leverage=number(row["lever"]),
        margin_mode=MARGIN_MODES.get(str(row["mgnMode"])),
        liquidation_price=number(row["liqPx"]) or None,
        base=market["base"] or "",
    )


def _movement(
    exchange: Any, kind: Literal["deposit", "withdrawal"], number_: str, row: Mapping[str, Any]
) -> MovementReport | None:
    at = moment(row["ts"])
    fee = amount(row.get("fee")) if row.get("feeCcy") == row["ccy"] and kind == "withdrawal" else amount(0)
    return MovementReport(kind, number_, _code(exchange, row), amount(row["amt"]) + fee, at) if at and number_ else None


def _is_income(row: Mapping[str, Any]) -> bool:
    return row["instType"] in DERIVATIVES and (row["type"] in REALIZED or row["type"] == FUNDING)


def _income(exchange: Any, row: Mapping[str, Any]) -> IncomeReport:
    at = moment(row["ts"])
    if at is None:
        raise VenueAnswerError("The venue told a bill without its moment.")
    is_funding, came = row["type"] == FUNDING, amount(row["pnl"])
    return IncomeReport(
        venue_id=str(row["billId"]),
        symbol=str(exchange.safe_symbol(row["instId"]) or ""),
        asset=_code(exchange, row),
        realized=amount(0) if is_funding else came,
        funding=came if is_funding else amount(0),
        fee=-amount(row.get("fee")),
        at=at,
    )


def _code(exchange: Any, row: Mapping[str, Any]) -> str:
    return str(exchange.safe_currency_code(row["ccy"]))
