"""A real exchange as a venue: ccxt's session, the exchange's dialect, and our words.

Reads are asked again while the exchange cannot be reached, at most three times and within twenty seconds, and never
sooner than it asks to be left alone. What has an effect is sent once: whoever gets VenueAmbiguousError looks the order
up by its client id. Not safe for several threads, as ccxt's session is not: one venue per task.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property, partial
from typing import Any, Final, TypeVar

import stamina

from kit.sentences import rule, sentence
from markets.exchanges import Access, load_markets, open_session, within
from wallets.venues.amending import Change
from wallets.venues.base import (
    BalanceReport,
    CandleReport,
    CredentialsReport,
    IncomeReport,
    MarketReport,
    MovementReport,
    OrderReport,
    OrderRequest,
    PositionReport,
    TickerReport,
    TradeReport,
    VenueError,
    VenueRejectedError,
    VenueUnavailableError,
    is_worth_another,
)
from wallets.venues.ccxt.dialects.base import Dialect
from wallets.venues.ccxt.errors import speaking
from wallets.venues.ccxt.mapping import (
    KINDS,
    candle_report,
    market_report,
    named,
    number,
    order_report,
    ticker_report,
    trade_report,
)
from wallets.venues.ccxt.questions import answered

Answer = TypeVar("Answer")
ATTEMPTS: Final = 3
SECONDS: Final = 20.0
# A list of years has many pages.
LIST_SECONDS: Final = 120.0
# What an order may take: whoever sends one has a lease of it, and must have done when that is over. Making the session
# ready, looking whether the venue has the order, sending it, looking what became of it; and looking an order up alone.
READY, BEFORE, SENDING, AFTER, LOOKING = 7.0, 4.0, 8.0, 4.0, 5.0


class CcxtVenue:
    """One account at an exchange. `symbols` are the markets to ask about where the venue wants one named."""

    def __init__(
        self,
        *,
        access: Access,
        dialect: Dialect,
        symbols: Callable[[], Sequence[str]],
        clock: Callable[[], datetime],
    ) -> None:
        self._access = access
        self._dialect = dialect
        self._symbols = symbols
        self._clock = clock

    @cached_property
    def _exchange(self) -> Any:
        """The session, opened when it is needed first: that takes ccxt seconds in a new process."""
        return open_session(self._access)

    def loaded(self) -> Any:
        """Its session, with the exchange's markets."""
        self._load()
        return self._exchange

    # --- what there is -----------------------------------------------------------------------------------------------

    def markets(self) -> tuple[MarketReport, ...]:
        self._load()
        reports = (market_report(self._exchange, self._exchange.markets[symbol]) for symbol in self._exchange.symbols)
        return tuple(report for report in reports if report is not None and report.kind in self._dialect.kinds)

    def tickers(self, symbols: Sequence[str] | None = None) -> tuple[TickerReport, ...]:
        self._load()
        groups: dict[str, list[str]] = {}
        for symbol in symbols if symbols is not None else self._exchange.symbols:
            market = self._exchange.markets.get(symbol)
            if market is not None and KINDS.get(market["type"]) in self._dialect.kinds:
                groups.setdefault(market["type"], []).append(symbol)
        reports: list[TickerReport] = []
        for kind, asked in groups.items():
            # A list of all names would be longer than an address may be: all of a kind are asked for by the kind.
            params = {"type": kind} if symbols is None and len(groups) > 1 else {}
            told = self._read(partial(self._exchange.fetch_tickers, None if symbols is None else asked, params))
            now = self._clock()
            reports += filter(None, (ticker_report(told[symbol], now) for symbol in asked if symbol in told))
        return tuple(reports)

    def candles(self, symbol: str, timeframe: str, since: datetime, limit: int) -> tuple[CandleReport, ...]:
        """In as many requests as it takes. Raises VenueRejectedError for a timeframe that the exchange has not."""
        market = self._market(symbol)
        if timeframe not in (self._exchange.timeframes or {}):
            offered = ", ".join(self._exchange.timeframes or {})
            raise VenueRejectedError(f"Choose another timeframe: {self._exchange.name} has {offered}.")
        length = self._exchange.parse_timeframe(timeframe) * 1000
        found: dict[datetime, CandleReport] = {}
        start = int(since.timestamp() * 1000)
        while len(found) < limit and start <= self._exchange.milliseconds():
            page = min(self._dialect.candles_page, limit - len(found))
            rows = self._read(partial(self._exchange.fetch_ohlcv, market["symbol"], timeframe, start, page))
            new = [
                report
                for report in map(candle_report, rows)
                if report and report.at >= since and report.at not in found
            ]
            found.update((report.at, report) for report in new)
            # A stretch without trades has no bars at some exchanges: go on behind it all the same.
            start = int(max(report.at for report in new).timestamp() * 1000) + length if new else start + page * length
        return tuple(found[at] for at in sorted(found)[:limit])

    # --- the account -------------------------------------------------------------------------------------------------

    def balances(self) -> tuple[BalanceReport, ...]:
        self._load()
        return self._read(lambda: answered(self._dialect.balances(self._exchange)))

    def positions(self) -> tuple[PositionReport, ...]:
        self._load()
        return self._read(lambda: answered(self._dialect.positions(self._exchange)))

    def movements_since(self, since: datetime) -> tuple[MovementReport, ...]:
        self._load()
        start = int(since.timestamp() * 1000)
        told = self._read(lambda: list(self._dialect.movements(self._exchange, start)), LIST_SECONDS)
        return tuple(sorted((one for one in told if one.at >= since), key=lambda one: (one.at, one.venue_id)))

    def income_since(self, since: datetime) -> tuple[IncomeReport, ...]:
        self._load()
        start = int(since.timestamp() * 1000)
        told = self._read(lambda: list(self._dialect.income(self._exchange, start)), LIST_SECONDS)
        once = {one.venue_id: one for one in told if one.at >= since and (one.realized or one.funding or one.fee)}
        return tuple(sorted(once.values(), key=lambda one: (one.at, one.venue_id)))

    def check_credentials(self) -> CredentialsReport:
        return self._read(lambda: self._dialect.permissions(self._exchange))

    # --- orders ------------------------------------------------------------------------------------------------------

    def submit(self, request: OrderRequest) -> OrderReport:
        """Place the order once. A venue that forgets client order ids is asked first whether it has this one."""
        self._get_ready()
        market = self._market(request.symbol)
        self._require_steps(request, market)
        name = self._dialect.names.sent(request.client_order_id)
        with within(self._exchange, BEFORE):
            if not self._dialect.remembers(request) and (known := self.order(request.client_order_id, request.symbol)):
                return self._same(request, known)
            sent = self._read(lambda: self._dialect.sent(self._exchange, request, name))
        try:
            with within(self._exchange, SENDING), speaking(self._exchange, creates=True):
                told = self._dialect.place(self._exchange, request, name, sent)
        except VenueRejectedError as refusal:
            if refusal.reason != "duplicate":
                raise
            known = self.order(request.client_order_id, request.symbol)
            if known is None:
                raise
            return self._same(request, known)
        report = self._after(request, told)
        return self._unless_above(request, report) if request.type == "stop" else report

    def cancel(self, client_order_id: str, symbol: str) -> OrderReport:
        name = self._dialect.names.sent(client_order_id)
        return self._cancel(
            lambda: self._dialect.cancel(self._exchange, name, symbol),
            lambda: self.order(client_order_id, symbol),
            symbol,
        )

    def amend(self, change: Change) -> OrderReport:
        """Ask once; the order as it is then, or as it was asked to be where it cannot be looked at."""
        self._get_ready()
        market = self._market(change.symbol)
        if self._dialect.amends != "in_place":
            raise VenueRejectedError(f"{self._exchange.name} changes no order in its place.")
        self._require_multiples(market, change.quantity, change.price)
        with within(self._exchange, SENDING), speaking(self._exchange, creates=True):
            self._dialect.amend(self._exchange, change, self._dialect.names.sent(change.client_order_id))
        found = self.order(change.client_order_id, change.symbol)
        if found is None:
            raise VenueRejectedError(f"{self._exchange.name} knows no such order.", reason="unknown_order")
        return found

    def replace(self, client_order_id: str, request: OrderRequest) -> OrderReport:
        self._get_ready()
        self._require_steps(request, self._market(request.symbol))
        names = self._dialect.names
        with within(self._exchange, BEFORE):  # it forgets names, so one that is there already is found first
            if known := self.order(request.client_order_id, request.symbol):
                return self._same(request, known)
        with within(self._exchange, SENDING), speaking(self._exchange, creates=True):
            old, new = names.sent(client_order_id), names.sent(request.client_order_id)
            told = self._dialect.replace(self._exchange, request, old, new)
        return self._after(request, told)

    def cancel_numbered(self, number: str, symbol: str) -> OrderReport:
        return self._cancel(
            lambda: self._dialect.cancel_numbered(self._exchange, number, symbol),
            lambda: self.numbered(number, symbol),
            symbol,
        )

    def _cancel(self, cancel: Callable[[], None], look: Callable[[], OrderReport | None], symbol: str) -> OrderReport:
        self._get_ready()
        self._market(symbol)
        try:
            with within(self._exchange, SENDING), speaking(self._exchange, creates=True):
                cancel()
        except VenueRejectedError:
            found = look()
            if found is None or not found.is_final:
                raise
            return found
        found = look()
        if found is None:
            raise VenueRejectedError(f"{self._exchange.name} knows no such order.", reason="unknown_order")
        return found

    def order(self, client_order_id: str, symbol: str) -> OrderReport | None:
        name = self._dialect.names.sent(client_order_id)
        return self._found(lambda: self._dialect.find(self._exchange, name, symbol), symbol, client_order_id)

    def numbered(self, number: str, symbol: str) -> OrderReport | None:
        return self._found(lambda: self._dialect.numbered(self._exchange, number, symbol), symbol)

    def _found(
        self, question: Callable[[], dict[str, Any] | None], symbol: str, client_order_id: str = ""
    ) -> OrderReport | None:
        """What the question finds, under the client id that is given or the one that it has there."""
        self._market(symbol)
        with within(self._exchange, LOOKING):
            try:
                found = self._read(question)
            except VenueRejectedError as refusal:
                if refusal.reason == "unknown_order":
                    return None
                raise
            return self._report(found, client_order_id or self._client_id(found), symbol) if found else None

    def open_orders(self) -> tuple[OrderReport, ...]:
        self._load()
        orders = self._read(lambda: self._dialect.open_orders(self._exchange, self._symbols()))
        return tuple(
            self._report(order, self._client_id(order), str(order["symbol"]))
            for order in orders
            if self._is_ours(order["symbol"])
        )

    def trades_since(self, since: datetime, symbol: str | None = None) -> tuple[TradeReport, ...]:
        self._load()
        asked: Iterable[str | None] = [symbol]
        if symbol is None and self._dialect.trades_need_symbol:
            asked = [known for known in self._symbols() if known in self._exchange.markets]
        start = int(since.timestamp() * 1000)
        found: dict[tuple[str, str], TradeReport] = {}
        for one in asked:
            for trade in self._read(partial(self._trades, start, one), LIST_SECONDS):
                if self._is_ours(trade["symbol"]):
                    report = trade_report(trade, self._dialect.names.heard(named(trade)), one or "")
                    found[report.symbol, report.trade_id] = report
        kept = (report for report in found.values() if report.at >= since)
        return tuple(sorted(kept, key=lambda report: (report.at, report.trade_id)))

    def _trades(self, since: int, symbol: str | None) -> list[dict[str, Any]]:
        return list(self._dialect.trades(self._exchange, since, symbol))

    # --- helpers -----------------------------------------------------------------------------------------------------

    def _get_ready(self) -> None:
        """Open the session and load its markets. What took long is said to have: then the order was not sent."""
        started = time.monotonic()
        self._read(lambda: load_markets(self._exchange, self._access), READY)
        if time.monotonic() - started > READY:
            raise VenueUnavailableError(f"It took long to get ready for {self._exchange.name}: nothing was sent yet.")

    def _load(self) -> None:
        self._read(lambda: load_markets(self._exchange, self._access))

    def _read(self, question: Callable[[], Answer], seconds: float = SECONDS) -> Answer:
        """Ask, and again while nobody is there and there is time."""
        with within(self._exchange, seconds):
            attempts = stamina.retry_context(
                on=self._worth_another, attempts=ATTEMPTS, timeout=seconds, wait_initial=0.2
            )
            for attempt in attempts:
                with attempt, speaking(self._exchange):
                    return question()
        raise AssertionError("stamina raises the last error")  # pragma: no cover

    def _worth_another(self, error: Exception) -> bool | timedelta:
        return is_worth_another(error) if time.monotonic() < self._exchange.deadline else False

    def _market(self, symbol: str) -> dict[str, Any]:
        """Raises VenueRejectedError for a market that is not traded here."""
        self._load()
        market: dict[str, Any] | None = self._exchange.markets.get(symbol)
        if market is None or KINDS.get(market["type"]) not in self._dialect.kinds:
            raise VenueRejectedError(
                f"Choose another symbol: {symbol} is not traded at {self._exchange.name}.", reason="symbol"
            )
        return market

    def _is_ours(self, symbol: str | None) -> bool:
        market = self._exchange.markets.get(symbol)
        return market is not None and KINDS.get(market["type"]) in self._dialect.kinds

    def _require_steps(self, request: OrderRequest, market: dict[str, Any]) -> None:
        """ccxt would cut an amount to the market's steps without a word: another order than the one that was meant."""
        if request.type == "stop" and not (self._dialect.rests_stops and market["spot"]):
            raise VenueRejectedError(f"Let Moniqo watch the stop: nobody has tried them at {self._exchange.name}.")
        self._require_multiples(
            market, request.quantity, request.price if request.trigger_price is None else request.trigger_price
        )

    def _require_multiples(self, market: dict[str, Any], quantity: Decimal, price: Decimal | None) -> None:
        report = market_report(self._exchange, market)
        if report is None:
            raise VenueRejectedError(f"Choose another symbol: {market['symbol']} has no steps.", reason="symbol")
        if quantity <= 0 or quantity % report.lot_size:
            unit = report.base if report.contract_size == 1 else "contracts"
            raise VenueRejectedError(
                sentence("Order a positive multiple of {lot}.", lot=rule(report.lot_size, unit)), reason="lot_size"
            )
        if price is not None and price % report.tick_size:
            raise VenueRejectedError(
                sentence("Give a price that is a multiple of {tick}.", tick=rule(report.tick_size, report.quote)),
                reason="price",
            )

    def _same(self, request: OrderRequest, known: OrderReport) -> OrderReport:
        if (known.symbol, known.side, known.quantity) != (request.symbol, request.side, request.quantity):
            raise VenueRejectedError(
                f"Use another client order id: {self._exchange.name} has an order of this one already.",
                reason="duplicate",
            )
        return known

    def _after(self, request: OrderRequest, told: dict[str, Any]) -> OrderReport:
        """The order as the venue knows it now; when it cannot be asked, that it has taken it is known all the same."""
        try:
            with within(self._exchange, AFTER):
                known = self.order(request.client_order_id, request.symbol)
        except VenueError:
            known = None
        return known or OrderReport(
            client_order_id=request.client_order_id,
            venue_order_id=str(told.get("id") or ""),
            symbol=request.symbol,
            side=request.side,
            quantity=request.quantity,
            filled_quantity=Decimal(0),
            status="open",
            trades=(),
            at=self._clock(),
        )

    def _unless_above(self, request: OrderRequest, report: OrderReport) -> OrderReport:
        """A stop that the venue took for a take profit, because the market had passed it meanwhile, protects nothing:
        it is ended. Where that fails the monitor ends it, as any that is not carried out."""
        if report.kind != "take_profit" or report.is_final:
            return report
        try:
            report = self.cancel(request.client_order_id, request.symbol)
        except VenueError:
            return report
        if report.is_final and not report.filled_quantity:
            raise VenueRejectedError("The market passed the stop before it was there.", reason="price")
        return report

    def _report(self, order: dict[str, Any], client_order_id: str, symbol: str) -> OrderReport:
        trades: list[dict[str, Any]] = []
        if number(order.get("filled")):
            trades = self._read(lambda: self._dialect.trades_of(self._exchange, order))
        with speaking(self._exchange):
            executions = [trade_report(trade, client_order_id, symbol) for trade in trades]
            return order_report(order, executions, client_order_id=client_order_id, symbol=symbol, now=self._clock())

    def _client_id(self, order: dict[str, Any]) -> str:
        return self._dialect.names.heard(str(order.get("clientOrderId") or ""))
