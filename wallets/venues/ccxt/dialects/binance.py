"""Binance: spot with its funding account, and USDⓈ-margined futures."""

from collections.abc import Awaitable, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from functools import partial
from itertools import product
from typing import Any, ClassVar, Final, Literal

from wallets.venues.amending import Change
from wallets.venues.base import (
    BalanceReport,
    CredentialsReport,
    IncomeReport,
    MarketKind,
    MovementReport,
    OrderRequest,
    PositionReport,
    VenueAnswerError,
)
from wallets.venues.ccxt.dialects.base import DAY_MS, PAGES, Dialect, Order, Trade, forward, in_force, windows
from wallets.venues.ccxt.mapping import MARGIN_MODES, amount, balance_reports, moment, number
from wallets.venues.ccxt.names import Names
from wallets.venues.ccxt.questions import Reading, nothing
from wallets.venues.heard import Heard

# A list of futures' trades covers at most this stretch.
WEEK_MS: Final = 7 * DAY_MS

# What derivatives bring and cost; whatever else an account is told of (transfers, bonuses, conversions) is none of it.
REALIZED: Final = frozenset({"REALIZED_PNL", "INSURANCE_CLEAR", "DELIVERED_SETTELMENT"})  # their spelling
INCOME: Final = REALIZED | {"FUNDING_FEE", "COMMISSION"}
INCOME_PAGE: Final = 1000

Way = Literal["deposit", "withdrawal"]
DEPOSIT: Final[Way] = "deposit"
WITHDRAWAL: Final[Way] = "withdrawal"
# Money between the accounts that a connection for spot is of and others at Binance, as each way is named there.
OURS: Final = ("MAIN", "FUNDING")
OTHERS: Final = ("UMFUTURE", "CMFUTURE", "MARGIN")
TRANSFER, TRANSFERS_PAGE = "TRANSFER", 100

# What became of a deposit: credited, perhaps not to be withdrawn yet; and of a withdrawal: sent.
CREDITED, SENT = ("1", "6"), "6"

# What is told of an account: of its balances and positions, of its orders, and that nothing is told any more.
BALANCES: Final = frozenset({"outboundAccountPosition", "balanceUpdate", "externalLockUpdate", "ACCOUNT_UPDATE"})
ORDERS: Final = frozenset({"executionReport", "ORDER_TRADE_UPDATE"})
ENDS: Final = frozenset({"eventStreamTerminated", "listenKeyExpired", "serverShutdown"})

# Withdrawals are told to the second that they were asked for in: they were done at its end.
SECOND: Final = timedelta(milliseconds=999)


class Binance(Dialect):
    """https://developers.binance.com/docs/binance-spot-api-docs/rest-api"""

    kinds: ClassVar[tuple[MarketKind, ...]] = ("spot",)
    options: ClassVar[Mapping[str, Any]] = {
        "fetchMarkets": {"types": ["spot"]},
        "fetchMargins": False,
        "warnOnFetchOpenOrdersWithoutSymbol": False,
    }
    names = Names(r"[.A-Z:/a-z0-9_-]{1,36}")
    rests_stops = True
    amends: ClassVar[Literal["", "in_place", "at_once"]] = "at_once"
    trades_page = 1000
    candles_page = 1000
    # One line tells everything of an account.
    account_streams: ClassVar[Sequence[tuple[str, Mapping[str, Any]]]] = (("watch_orders", {}),)
    stream_options: ClassVar[Mapping[str, Any]] = {
        "watchPositions": {"fetchPositionsSnapshot": False, "awaitPositionsSnapshot": False}
    }

    def balances(self, exchange: Any) -> Reading[tuple[BalanceReport, ...]]:
        """The spot account, and the funding account, where deposits by card and from Pay arrive."""
        spot = (yield partial(exchange.privateGetAccount, {"omitZeroBalances": "true"}))["balances"]
        # The testnet has no wallets but that of spot.
        funding = [] if exchange.isSandboxModeEnabled else (yield exchange.sapiPostAssetGetFundingAsset)
        return balance_reports(
            [
                *(("spot", _code(exchange, row), _total(row, "free", "locked"), row["free"]) for row in spot),
                *(
                    (
                        "funding",
                        _code(exchange, row),
                        _total(row, "free", "locked", "freeze", "withdrawing"),
                        row["free"],
                    )
                    for row in funding
                ),
            ]
        )

    def positions(self, exchange: Any) -> Reading[tuple[PositionReport, ...]]:
        return nothing()

    def trades_of(self, exchange: Any, order: Order) -> list[Trade]:
        found: list[Trade] = exchange.fetch_my_trades(order["symbol"], None, self.trades_page, {"orderId": order["id"]})
        return found

    def replace(self, exchange: Any, request: OrderRequest, old: str, new: str) -> Order:
        """https://developers.binance.com/docs/binance-spot-api-docs/rest-api/trading-endpoints: with STOP_ON_FAILURE,
        which is ccxt's, nothing is placed unless the first was cancelled, and that is done only while it is unfilled.
        """
        asked = {"cancelOrigClientOrderId": old, "newClientOrderId": new, "cancelRestrictions": "ONLY_NEW"}
        told: Order = exchange.edit_order(
            None, request.symbol, "limit", request.side, f"{request.quantity:f}", f"{request.price:f}",
            {**asked, **in_force(request)},
        )  # fmt: skip
        return told

    def movements(self, exchange: Any, since: int) -> Iterator[MovementReport]:
        """Deposits, withdrawals, and what goes to or comes from futures and margin: for this account it is the same.

        The testnet, whose money is given, has no history of them.
        """
        if not exchange.isSandboxModeEnabled:
            span = {"startTime": since, "endTime": exchange.milliseconds()}
            for row in exchange.sapiGetCapitalDepositHisrec(span):
                at = moment(row.get("completeTime") or row.get("insertTime"))
                if str(row["status"]) in CREDITED and at and row.get("id"):
                    yield MovementReport(DEPOSIT, str(row["id"]), _coin(exchange, row), amount(row["amount"]), at)
            for row in exchange.sapiGetCapitalWithdrawHistory(span):
                at = moment(exchange.parse8601(row.get("applyTime")))
                if str(row["status"]) == SENT and at and row.get("id"):
                    paid = amount(row["amount"]) + amount(row.get("transactionFee"))
                    yield MovementReport(WITHDRAWAL, str(row["id"]), _coin(exchange, row), paid, at + SECOND)
            for own, other in product(OURS, OTHERS):
                for way, kind in ((f"{own}_{other}", WITHDRAWAL), (f"{other}_{own}", DEPOSIT)):
                    yield from (_transfer(exchange, kind, row) for row in _transfers(exchange, {**span, "type": way}))

    def watch_prices(self, exchange: Any, symbols: Sequence[str]) -> Awaitable[Any]:
        """The other one has neither bid nor ask."""
        return exchange.watch_tickers(list(symbols), {"name": "ticker"})  # type: ignore[no-any-return]  # ccxt has no types

    def confirms(self, url: str, message: Any) -> bool:
        """https://developers.binance.com/docs/binance-spot-api-docs/websocket-api/user-data-stream-requests"""
        return isinstance(message, dict) and "subscriptionId" in (message.get("result") or {})

    def heard(self, message: Any) -> Heard | None:
        import ccxt

        told = message.get("event", message) if isinstance(message, dict) else {}
        kind = told.get("e") if isinstance(told, dict) else None
        if kind in ENDS:
            raise ccxt.NetworkError(f"binance ended what it tells ({kind})")
        if kind in BALANCES:
            return Heard(balances=True)
        if kind not in ORDERS:
            return None
        order = told["o"] if kind == "ORDER_TRADE_UPDATE" else told
        # Of an order that is cancelled, `c` names the cancellation and `C` the order.
        names = {str(order[name]) for name in ("c", "C") if order.get(name)}
        return Heard(names=frozenset(names), numbers=frozenset({str(order["i"])}))

    def permissions(self, exchange: Any) -> CredentialsReport:
        if exchange.isSandboxModeEnabled:
            return super().permissions(exchange)
        return _permissions(exchange, "enableSpotAndMarginTrading")


class BinanceFutures(Binance):
    """https://developers.binance.com/docs/derivatives/usds-margined-futures"""

    kinds: ClassVar[tuple[MarketKind, ...]] = ("perpetual", "future")
    rests_stops = False
    amends = "in_place"
    options: ClassVar[Mapping[str, Any]] = {
        "fetchMarkets": {"types": ["linear"]},
        "warnOnFetchOpenOrdersWithoutSymbol": False,
    }

    def balances(self, exchange: Any) -> Reading[tuple[BalanceReport, ...]]:
        """The wallet balance: what is booked. The profit of open positions is told with them."""
        rows = yield exchange.fapiPrivateV3GetBalance
        return balance_reports(
            (
                "futures",
                _code(exchange, row),
                row["balance"],
                min(amount(row["balance"]), amount(row["availableBalance"])),
            )
            for row in rows
        )

    def positions(self, exchange: Any) -> Reading[tuple[PositionReport, ...]]:
        rows = yield exchange.fapiPrivateV2GetPositionRisk
        return tuple(_position(exchange, row) for row in rows if amount(row["positionAmt"]))

    def trades(self, exchange: Any, since: int, symbol: str | None) -> Iterable[Trade]:
        for start, end in windows(since, exchange.milliseconds(), WEEK_MS):
            yield from forward(partial(self._page, exchange, symbol, end), start)

    def _page(self, exchange: Any, symbol: str | None, end: int, at: int) -> list[Trade]:
        found: list[Trade] = exchange.fetch_my_trades(symbol, at, self.trades_page, {"endTime": end})
        return found

    def movements(self, exchange: Any, since: int) -> Iterator[MovementReport]:
        """Money comes here from the account for spot, or another one at Binance, and goes there."""
        for row in _entries(exchange, since, {"incomeType": TRANSFER}):
            came, at = amount(row["income"]), moment(row["time"])
            if at and came:
                kind = DEPOSIT if came > 0 else WITHDRAWAL
                yield MovementReport(kind, ":".join(_income_id(row)), _code(exchange, row), abs(came), at)

    def income(self, exchange: Any, since: int) -> Iterator[IncomeReport]:
        return (_income(exchange, row) for row in _entries(exchange, since, {}) if row["incomeType"] in INCOME)

    def amend(self, exchange: Any, change: Change, name: str) -> None:
        """By its name alone: ccxt would name a number as well."""
        market = exchange.market(change.symbol)["id"]
        exchange.fapiPrivatePutOrder(
            {
                "symbol": market, "side": change.side.upper(), "origClientOrderId": name,
                "quantity": f"{change.quantity:f}", "price": f"{change.price:f}",
            }
        )  # fmt: skip

    def confirms(self, url: str, message: Any) -> bool:
        """The address of the line holds the key that opens it: one that stands is listened to."""
        return message is None and "listenKey=" in url

    def permissions(self, exchange: Any) -> CredentialsReport:
        if exchange.isSandboxModeEnabled:
            return Dialect.permissions(self, exchange)
        return _permissions(exchange, "enableFutures")


def _position(exchange: Any, row: Mapping[str, Any]) -> PositionReport:
    market = exchange.safe_market(row["symbol"], None, None, "swap")
    quantity = amount(row["positionAmt"])
    return PositionReport(
        symbol=market["symbol"],
        side="long" if quantity > 0 else "short",
        quantity=abs(quantity),
        contract_size=number(market["contractSize"]) or amount(1),
        entry_price=amount(row["entryPrice"]),
        mark_price=number(row["markPrice"]),
        unrealized_pnl=amount(row["unRealizedProfit"]),
        settle=market["settle"] or "",
        leverage=number(row.get("leverage")),
        margin_mode=MARGIN_MODES.get(str(row.get("marginType"))),
        liquidation_price=number(row.get("liquidationPrice")) or None,
        base=market["base"] or "",
    )


def _entries(exchange: Any, since: int, chosen: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """What futures' accounts tell, by weeks that have ended or end now, so that pages stay what they are, until one
    brings nothing new."""
    for start, end in windows(since, exchange.milliseconds(), WEEK_MS):
        seen: set[tuple[str, str]] = set()
        for number_ in range(1, PAGES + 1):
            asked = {"startTime": start, "endTime": end, "limit": INCOME_PAGE, "page": number_, **chosen}
            rows = {_income_id(row): row for row in exchange.fapiPrivateGetIncome(asked)}
            new = [row for known, row in rows.items() if known not in seen]
            yield from new
            if not new:
                break
            seen |= rows.keys()


def _transfers(exchange: Any, asked: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """https://developers.binance.com/docs/wallet/asset/query-user-universal-transfer"""
    for number_ in range(1, PAGES + 1):
        rows = exchange.sapiGetAssetTransfer({**asked, "current": number_, "size": TRANSFERS_PAGE}).get("rows") or []
        yield from (row for row in rows if row["status"] == "CONFIRMED")
        if len(rows) < TRANSFERS_PAGE:
            return


def _transfer(exchange: Any, kind: Way, row: Mapping[str, Any]) -> MovementReport:
    at = moment(row["timestamp"])
    if at is None:
        raise VenueAnswerError("The venue told a transfer without its moment.")
    return MovementReport(kind, f"{TRANSFER}:{row['tranId']}", _code(exchange, row), amount(row["amount"]), at)


def _income_id(row: Mapping[str, Any]) -> tuple[str, str]:
    """Binance numbers the entries of each kind by itself."""
    return str(row["incomeType"]), str(row["tranId"])


def _income(exchange: Any, row: Mapping[str, Any]) -> IncomeReport:
    kind, came, none = row["incomeType"], amount(row["income"]), amount(0)
    at = moment(row["time"])
    if at is None:
        raise VenueAnswerError("The venue told an income without its moment.")
    return IncomeReport(
        venue_id=":".join(_income_id(row)),
        symbol=str(exchange.safe_symbol(row["symbol"] or None, None, None, "swap") or ""),
        asset=_code(exchange, row),
        realized=came if kind in REALIZED else none,
        funding=came if kind == "FUNDING_FEE" else none,
        fee=-came if kind == "COMMISSION" else none,
        at=at,
    )


def _permissions(exchange: Any, trading: str) -> CredentialsReport:
    told = exchange.sapiGetAccountApiRestrictions()
    can_trade, can_withdraw = bool(told.get(trading)), bool(told.get("enableWithdrawals"))
    return CredentialsReport(
        can_trade=can_trade,
        can_withdraw=can_withdraw,
        detail=_listed(told),
        is_bound=bool(told.get("ipRestrict")),
        expires_at=moment(told.get("tradingAuthorityExpirationTime")),
    )


def _listed(told: Mapping[str, Any]) -> str:
    granted = sorted(name for name, value in told.items() if value is True and name.startswith(("enable", "permits")))
    return "Binance lists: " + ", ".join(granted) + "." if granted else "Binance lists no permission."


def _code(exchange: Any, row: Mapping[str, Any]) -> str:
    return str(exchange.safe_currency_code(row["asset"]))


def _coin(exchange: Any, row: Mapping[str, Any]) -> str:
    return str(exchange.safe_currency_code(row["coin"]))


def _total(row: Mapping[str, Any], *parts: str) -> Any:
    return sum((amount(row.get(part)) for part in parts), amount(0))
