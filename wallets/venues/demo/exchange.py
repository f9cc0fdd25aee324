"""The demo exchange: an exchange in miniature, so that a paper order takes every step of a live one.

It keeps books of its own (`Books`, injected), separate from the ledger: the two meet only in reconciliation, as they
would with a real exchange. Market orders fill at once and in full, at the side of the spread that the order crosses,
moved against it by a linear participation model: a fixed part, plus a part proportional to the order's size over the
market's depth, as in Almgren et al., *Direct estimation of equity market impact*, 2005, with exponent 1. Limit orders
take what there is up to their limit; the rest waits in the book (`resting`), which whoever follows the prices matches.
"""

import random
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_UP, Decimal
from typing import Final, Protocol

from kit.sentences import Sentence, Told
from wallets.venues.base import (
    BalanceReport,
    CandleReport,
    CredentialsReport,
    IncomeReport,
    Liquidity,
    MarketReport,
    MovementReport,
    OrderReport,
    OrderRequest,
    PositionReport,
    Side,
    Status,
    TickerReport,
    TradeReport,
    VenueRejectedError,
)
from wallets.venues.demo.floor import (
    Costs,
    Floor,
    Quoted,
    require_funds,
    require_minimum,
    require_steps,
    rounded_against,
)
from wallets.venues.demo.resting import FEE_STEP, ZERO, Bar, Resting, at_once, is_met, match, needed, touched

OVER: Final = "The time that it was good for is over."
# A market is looked at again for what rests when so much of it has gone by.
LOOKED_AT: Final = timedelta(minutes=15)
# An answer takes at most so many times as long as usual.
LONGEST: Final = 10.0


@dataclass(frozen=True, slots=True)
class Made:
    """An order that is to be written, and the moment from which on the market is looked at for what rests of it."""

    request: OrderRequest
    report: OrderReport
    since: datetime


class Books(Protocol):
    """Where the exchange keeps one account's balances and orders."""

    def account(self) -> AbstractContextManager[None]:
        """All or nothing, and nobody else at this account meanwhile."""

    def balances(self) -> Mapping[str, Decimal]:
        """Totals by asset."""

    def find(self, client_order_ids: Collection[str]) -> Mapping[str, OrderReport]:
        """Those of the orders that there are, with their trades."""

    def trades_since(self, since: datetime, symbol: str | None) -> tuple[TradeReport, ...]:
        """Executions at `since` or later, oldest first."""

    def record(self, made: Sequence[Made], changes: Mapping[str, Decimal]) -> Sequence[OrderReport]:
        """Write the orders, their trades and what they did to the balances; returns them with the ids they got."""

    def resting(self) -> Sequence[Resting]:
        """What rests in the book, the oldest first."""

    def move(self, client_order_id: str, status: Status, since: datetime, reason: Told = "") -> None:
        """A resting order goes on or ends; the market was looked at for it until `since`."""

    def execute(self, trades: Sequence[TradeReport], changes: Mapping[str, Decimal]) -> None:
        """Write trades of resting orders, and what they did to the balances."""


class DemoVenue:
    """One account at the demo exchange. Books, markets, prices and time are given, so nothing here knows Django."""

    def __init__(
        self,
        *,
        books: Books,
        markets: Callable[[], Sequence[MarketReport]],
        quote: Quoted,
        clock: Callable[[], datetime],
        costs: Costs,
        latency: timedelta = timedelta(0),
        latency_spread: float = 0.0,
        maximum_quote_age: timedelta | None = None,
        bars: Callable[[str, datetime], Sequence[Bar]] = lambda symbol, since: (),
    ) -> None:
        self._books = books
        self._markets = markets
        self._quote = quote
        self._clock = clock
        self._costs = costs
        self._latency = latency
        self._latency_spread = latency_spread
        self._maximum_quote_age = maximum_quote_age
        self._bars = bars

    def markets(self) -> tuple[MarketReport, ...]:
        self._travel()
        return tuple(self._markets())

    def tickers(self, symbols: Sequence[str] | None = None) -> tuple[TickerReport, ...]:
        self._travel()
        wanted = symbols if symbols is not None else [market.symbol for market in self._markets()]
        return tuple(ticker for ticker in map(self._quote, wanted) if ticker is not None)

    def balances(self) -> tuple[BalanceReport, ...]:
        self._travel()
        with self._books.account():
            floor = self._floor()
        return tuple(
            BalanceReport(asset, total, floor.have(asset)) for asset, total in sorted(floor.totals.items()) if total
        )

    def candles(self, symbol: str, timeframe: str, since: datetime, limit: int) -> tuple[CandleReport, ...]:
        raise VenueRejectedError("Ask the exchange whose prices the paper account has: it keeps no candles of its own.")

    def positions(self) -> tuple[PositionReport, ...]:
        return ()  # spot only

    def submit(self, request: OrderRequest) -> OrderReport:
        (answer,) = self.submit_many([request])
        if isinstance(answer, VenueRejectedError):
            raise answer
        return answer

    def submit_many(self, requests: Sequence[OrderRequest]) -> list[OrderReport | VenueRejectedError]:
        """Several orders in one message, matched one after the other; what is turned down is its error."""
        self._travel()
        with self._books.account():
            known = self._books.find([request.client_order_id for request in requests])
            new = [request for request in requests if request.client_order_id not in known]
            made: Sequence[OrderReport] = ()
            if new:
                floor = self._floor()
                made = self._books.record([self._meet(request, floor) for request in new], floor.changes)
        fresh = {report.client_order_id: report for report in made}
        return [_answer(request, fresh.get(request.client_order_id), known) for request in requests]

    def cancel(self, client_order_id: str, symbol: str) -> OrderReport:
        self._travel()
        with self._books.account():
            report = self._known(client_order_id, symbol)
            if report is None:
                raise VenueRejectedError(f"There is no order {client_order_id} to cancel.", reason="symbol")
            if report.is_final:
                return report
            order = next(one for one in self._books.resting() if one.request.client_order_id == client_order_id)
            now, until = self._clock(), order.request.expires_at
            status: Status = "cancelled" if until is None or until > now else "expired"
            self._books.move(client_order_id, status, now, f"It was {status}." if status == "cancelled" else OVER)
            return self._known(client_order_id, symbol) or report

    def match(self) -> tuple[str, ...]:
        """Hold what rests against the market; returns the client ids of the orders to which something happened.

        For whoever follows the prices: an account's owner cannot ask for it.
        """
        with self._books.account():
            markets = {market.symbol: market for market in self._markets()}
            of_market: dict[str, list[Resting]] = {}
            for order in self._books.resting():
                of_market.setdefault(order.request.symbol, []).append(order)
            found: list[str] = []
            for symbol in of_market.keys() & markets.keys():
                quote, bars = self._fresh(symbol), self._bars(symbol, min(one.since for one in of_market[symbol]))
                found += [
                    order.request.client_order_id
                    for order in of_market[symbol]
                    if self._match(order, markets[symbol], bars, quote)
                ]
        return tuple(found)

    def order(self, client_order_id: str, symbol: str) -> OrderReport | None:
        self._travel()
        with self._books.account():
            return self._known(client_order_id, symbol)

    def open_orders(self) -> tuple[OrderReport, ...]:
        self._travel()
        with self._books.account():
            names = [order.request.client_order_id for order in self._books.resting()]
            return tuple(self._books.find(names).values())

    def trades_since(self, since: datetime, symbol: str | None = None) -> tuple[TradeReport, ...]:
        self._travel()
        with self._books.account():
            return self._books.trades_since(since, symbol)

    def movements_since(self, since: datetime) -> tuple[MovementReport, ...]:
        """Play money comes from Moniqo, which books it as it brings it."""
        return ()

    def income_since(self, since: datetime) -> tuple[IncomeReport, ...]:
        return ()  # it has no derivatives

    def check_credentials(self) -> CredentialsReport:
        return CredentialsReport(can_trade=True, can_withdraw=False, detail="The demo exchange needs no key.")

    def _travel(self) -> None:
        """What the network would take: log-normal around the latency, at most ten times it."""
        if self._latency:
            times = random.lognormvariate(0, self._latency_spread)
            time.sleep(self._latency.total_seconds() * min(times, LONGEST))

    def _floor(self) -> Floor:
        return Floor(self._markets(), self._quote, self._books.balances(), self._books.resting(), self._costs.dearest)

    def _known(self, client_order_id: str, symbol: str) -> OrderReport | None:
        report = self._books.find([client_order_id]).get(client_order_id)
        return report if report is not None and report.symbol == symbol else None

    def _meet(self, request: OrderRequest, floor: Floor) -> Made:
        """The order as it meets the market: filled, resting or turned down; it is on the books afterwards."""
        now = self._clock()
        try:
            market = require_steps(request, floor)
            if request.type == "limit":
                return self._meet_at_limit(request, market, floor)
            price = self._price(request, market, floor)
            trade, changes = self._trade(request, market, price, request.quantity, "taker")
            require_minimum(price * request.quantity, market)
            require_funds(changes, floor)
        except VenueRejectedError as refusal:
            return Made(request, _report(request, "rejected", (), now, _remembered(refusal)), now)
        floor.change(changes)
        return Made(request, _report(request, "filled", (trade,), trade.at, ""), now)

    def _meet_at_limit(self, request: OrderRequest, market: MarketReport, floor: Floor) -> Made:
        """Take what is there up to the limit; what is left rests or ends."""
        limit, now = request.price or ZERO, self._clock()
        require_minimum(limit * request.quantity, market)
        if request.expires_at is not None and request.expires_at <= now:
            raise VenueRejectedError("Give a moment that is still to come: the order would be over at once.")
        quote = self._fresh(request.symbol)
        met = quote if quote is not None and is_met(request.side, limit, quote) else None
        if met is not None and request.post_only:
            raise VenueRejectedError(
                "Give a limit that the market has not reached: an order that only rests would be filled at once.",
                reason="post_only",
            )
        asset, need = needed(request.side, request.quantity, limit, market, self._costs.dearest)
        require_funds({asset: -need}, floor)
        lot = market.lot_size
        taken = at_once(request.quantity, limit, depth=self._costs.depth, lot=lot) if met else ZERO
        if request.time_in_force == "fok" and taken < request.quantity:
            taken = ZERO
        trades: tuple[TradeReport, ...] = ()
        if met is not None and taken:
            price = self._slipped(request.side, touched(request.side, met), taken, market)
            price = min(price, limit) if request.side == "buy" else max(price, limit)
            trade, changes = self._trade(request, market, price, taken, "taker")
            floor.change(changes)
            trades = (trade,)
        if taken == request.quantity:
            return Made(request, _report(request, "filled", trades, now, ""), now)
        if request.time_in_force in ("ioc", "fok"):
            how = "all of it" if request.time_in_force == "fok" else "the rest"
            return Made(
                request, _report(request, "cancelled", trades, now, f"Nobody was there for {how} at once."), now
            )
        floor.reserve(*needed(request.side, request.quantity - taken, limit, market, self._costs.dearest))
        status: Status = "partially_filled" if taken else "open"
        return Made(request, _report(request, status, trades, now, ""), quote.at if met and quote else now)

    def _match(self, order: Resting, market: MarketReport, bars: Sequence[Bar], quote: TickerReport | None) -> bool:
        """Whether something happened to the resting order."""
        costs = self._costs
        found = match(
            order, market, bars=bars, quote=quote, depth=costs.depth, now=self._clock(), queues=costs.queue > 0
        )
        trades, changes = [], dict[str, Decimal]()
        for part in found.parts:
            trade, change = self._trade(order.request, market, order.limit, part, "maker")
            trades.append(trade)
            for asset, by in change.items():
                changes[asset] = changes.get(asset, ZERO) + by
        if trades:
            self._books.execute(trades, changes)
        is_news = bool(trades) or found.status == "expired"
        if is_news or found.since - order.since >= LOOKED_AT:
            reason = OVER if found.status == "expired" else ""
            self._books.move(order.request.client_order_id, found.status, found.since, reason)
        return is_news

    def _trade(
        self, request: OrderRequest, market: MarketReport, price: Decimal, quantity: Decimal, liquidity: Liquidity
    ) -> tuple[TradeReport, dict[str, Decimal]]:
        """An execution, and what it does to the balances."""
        notional = (price * quantity).quantize(FEE_STEP)  # as the books have it
        rate = self._costs.taker if liquidity == "taker" else self._costs.maker
        fee = (notional * rate).quantize(FEE_STEP, ROUND_UP)
        direction = 1 if request.side == "buy" else -1
        changes = {market.base: direction * quantity, market.quote: -direction * notional - fee}
        trade = TradeReport(
            trade_id="",
            client_order_id=request.client_order_id,
            symbol=request.symbol,
            side=request.side,
            price=price,
            quantity=quantity,
            fee=fee,
            fee_asset=market.quote,
            liquidity=liquidity,
            at=self._clock(),
        )
        return trade, changes

    def _fresh(self, symbol: str) -> TickerReport | None:
        """A price to fill by."""
        quote = self._quote(symbol)
        is_old = quote is not None and self._is_old(quote)
        return None if is_old else quote

    def _is_old(self, quote: TickerReport) -> bool:
        return self._maximum_quote_age is not None and self._clock() - quote.at > self._maximum_quote_age

    def _price(self, request: OrderRequest, market: MarketReport, floor: Floor) -> Decimal:
        """The average price of a market order: the crossed side of the spread, slippage, then the tick against it."""
        ticker = floor.quote(request.symbol)
        if ticker is None:
            raise VenueRejectedError(f"Wait for a price of {request.symbol}: there is none yet.", reason="price")
        if self._is_old(ticker):
            age = int((self._clock() - ticker.at).total_seconds())
            raise VenueRejectedError(
                f"Wait for a fresh price of {request.symbol}: the last one is {age} seconds old.", reason="price"
            )
        return self._slipped(request.side, touched(request.side, ticker), request.quantity, market)

    def _slipped(self, side: Side, at: Decimal, quantity: Decimal, market: MarketReport) -> Decimal:
        return rounded_against(side, at, self._costs.slippage(at * quantity), market.tick_size)


def _answer(
    request: OrderRequest, made: OrderReport | None, known: Mapping[str, OrderReport]
) -> OrderReport | VenueRejectedError:
    """What the exchange says to the request: its new order, the one that its id named already, or no."""
    report = made or known[request.client_order_id]
    if (report.symbol, report.side, report.quantity) != (request.symbol, request.side, request.quantity):
        return VenueRejectedError(
            f"Use a new client order id: {request.client_order_id} names another order.", reason="duplicate"
        )
    if report.status == "rejected":
        said = Sentence.of(report.reason)
        return VenueRejectedError(said, reason=said.values["code"])
    return report


def _remembered(refusal: VenueRejectedError) -> Sentence:
    """The sentence as the books keep it, with the code that programs know it by among its values."""
    said = refusal.sentence
    return Sentence(said.template, {**said.values, "code": refusal.reason})


def _report(
    request: OrderRequest, status: Status, trades: tuple[TradeReport, ...], at: datetime, reason: Told
) -> OrderReport:
    return OrderReport(
        client_order_id=request.client_order_id,
        venue_order_id="",
        symbol=request.symbol,
        side=request.side,
        quantity=request.quantity,
        filled_quantity=sum((trade.quantity for trade in trades), Decimal(0)),
        status=status,
        trades=trades,
        at=at,
        reason=reason,
    )
