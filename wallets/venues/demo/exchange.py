"""The demo exchange: an exchange in miniature, so that a paper order takes every step of a live one.

It keeps books of its own (`Books`, injected), separate from the ledger: the two meet only in reconciliation, as they
would with a real exchange. Market orders fill at once and in full: price by price where the book of a real exchange is
known (`taking`), and else, or beyond it, at the side of the spread that the order crosses, moved against it by a linear
participation model: a fixed part, plus a part proportional to the order's size over the market's depth, as in Almgren
et al., *Direct estimation of equity market impact*, 2005, with exponent 1. Limit orders take what there is up to their
limit; the rest waits in the book (`resting`), which whoever follows the prices matches.
"""

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

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
    Status,
    TickerReport,
    TradeReport,
    VenueRejectedError,
)
from wallets.venues.demo import perpetuals
from wallets.venues.demo.books import Books, Made
from wallets.venues.demo.floor import (
    Costs,
    Floor,
    OrderBook,
    Quoted,
    require_funds,
    require_margin,
    require_minimum,
    require_steps,
)
from wallets.venues.demo.perpetuals import (
    Positions,
    Priced,
    closing,
    parts_of,
    position_report,
    require_terms,
)
from wallets.venues.demo.resting import ZERO, Bar, Resting, is_met, match, needed, touched
from wallets.venues.demo.taking import Part, Stands, at_limit, at_market, executed, slipped, taken
from wallets.venues.demo.telling import answer, remembered, report

OVER: Final = "The time that it was good for is over."
# A market is looked at again for what rests when so much of it has gone by.
LOOKED_AT: Final = timedelta(minutes=15)
# An answer takes at most so many times as long as usual.
LONGEST: Final = 10.0


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
        priced: Priced = lambda symbol, at: None,
        stands: Stands = lambda symbol: None,
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
        self._priced = priced
        self._stands = stands

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
        self._travel()
        with self._books.account():
            held = self._books.positions()
        markets = {market.symbol: market for market in self._markets()}
        return tuple(
            position_report(one.position, markets[symbol], self._mark(symbol))
            for (_, symbol), one in sorted(held.items())
            if one.position.quantity and symbol in markets
        )

    def _mark(self, symbol: str) -> Decimal | None:
        quote = self._quote(symbol)
        return quote.price if quote else None

    def fund(self) -> int:
        """Write down the funding of every moment that has passed; returns how many there are of it. For whoever follows
        the time: an account's owner cannot ask for it."""
        with self._books.account():
            positions = self._positions()
            self._books.keep(positions)
        return len(positions.fundings)

    def submit(self, request: OrderRequest) -> OrderReport:
        (answer,) = self.submit_many([request])
        if isinstance(answer, VenueRejectedError):
            raise answer
        return answer

    def submit_many(self, requests: Sequence[OrderRequest]) -> list[OrderReport | VenueRejectedError]:
        """Several orders in one message, matched one after the other; what is turned down is its error."""
        self._travel()
        stands = self._takes(requests)  # asked before anything is locked
        with self._books.account():
            known = self._books.find([request.client_order_id for request in requests])
            new = [request for request in requests if request.client_order_id not in known]
            made: Sequence[OrderReport] = ()
            if new:
                floor = self._floor(stands)
                made = self._books.record([self._meet(request, floor) for request in new], floor.changes)
                self._books.keep(floor.positions)
        fresh = {report.client_order_id: report for report in made}
        return [answer(request, fresh.get(request.client_order_id), known) for request in requests]

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
            floor = self._floor()
            markets = floor.markets
            of_market: dict[str, list[Resting]] = {}
            for order in self._books.resting():
                of_market.setdefault(order.request.symbol, []).append(order)
            found: list[str] = []
            for symbol in of_market.keys() & markets.keys():
                quote, bars = self._fresh(symbol), self._bars(symbol, min(one.since for one in of_market[symbol]))
                found += [
                    order.request.client_order_id
                    for order in of_market[symbol]
                    if self._match(order, markets[symbol], bars, quote, floor)
                ]
            self._books.keep(floor.positions)
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

    def _takes(self, requests: Sequence[OrderRequest]) -> dict[str, OrderBook]:
        """The books of the markets that one of the orders takes from at once."""
        symbols = set()
        for request in requests:
            quote = self._fresh(request.symbol) if request.price is not None else None
            if request.price is None or (quote is not None and is_met(request.side, request.price, quote)):
                symbols.add(request.symbol)
        found = {symbol: self._stands(symbol) for symbol in symbols}
        return {symbol: book for symbol, book in found.items() if book is not None}

    def _floor(self, stands: Mapping[str, OrderBook] | None = None) -> Floor:
        return Floor(
            self._markets(), self._quote, self._books.balances(), self._books.resting(), self._costs.dearest,
            self._positions(), stands or {},
        )  # fmt: skip

    def _positions(self) -> Positions:
        """The positions, with the funding of all that has passed."""
        positions = Positions(self._books.positions())
        positions.fund(self._clock(), self._priced)
        return positions

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
            if market.kind == "perpetual":
                return self._meet_perpetual(request, market, price, floor)
            trades, changes = self._take(
                request, market, at_market(request, price, floor.book(market), market, self._costs)
            )
            require_minimum(price * request.quantity, market)
            require_funds(changes, floor)
        except VenueRejectedError as refusal:
            return Made(request, report(request, "rejected", (), now, remembered(refusal)), now)
        floor.change(changes)
        return Made(request, report(request, "filled", trades, now, ""), now)

    def _take(
        self, request: OrderRequest, market: MarketReport, parts: Sequence[Part]
    ) -> tuple[tuple[TradeReport, ...], dict[str, Decimal]]:
        """The executions on a spot market, and what they do to the balances together."""
        trades, changes = [], dict[str, Decimal]()
        for part in parts:
            trade, change = executed(request, market, part, "taker", self._costs, self._clock())
            trades.append(trade)
            for asset, by in change.items():
                changes[asset] = changes.get(asset, ZERO) + by
        return tuple(trades), changes

    def _meet_perpetual(self, request: OrderRequest, market: MarketReport, price: Decimal, floor: Floor) -> Made:
        """Close, open or turn the position of the order's part of the account."""
        now, held = self._clock(), floor.positions.of(request)
        quantity = require_terms(request, market, held)
        if not request.reduce_only:
            require_minimum(price * quantity, market)
        parts = parts_of(held, request.side, quantity, price, self._costs.taker, market.tick_size)
        require_margin(request, parts, held, market, floor, self._costs.taker)
        trades = tuple(self._carry_out(request, market, at, part, "taker", floor) for part, at in parts)
        status: Status = "filled" if quantity == request.quantity else "cancelled"
        reason = "" if status == "filled" else "There was no more to reduce."
        return Made(request, report(request, status, trades, now, reason), now)

    def _carry_out(
        self, request: OrderRequest, market: MarketReport, price: Decimal, quantity: Decimal, liquidity: Liquidity,
        floor: Floor,
    ) -> TradeReport:  # fmt: skip
        """A trade of either kind, with what it does on the floor."""
        trade, changes = executed(request, market, (quantity, price), liquidity, self._costs, self._clock())
        if market.kind == "perpetual":
            realized = floor.positions.trade(request, price, quantity, trade.at)
            trade, changes = replace(trade, realized=realized), {market.settle: realized - trade.fee}
        floor.change(changes)
        return trade

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
        if market.kind == "perpetual":
            require_terms(request, market, floor.positions.of(request))
        asset, need = self._needed(request, request.quantity, limit, market)
        require_funds({asset: -need}, floor)
        parts: Sequence[Part] = at_limit(request, met, floor.book(market), market, self._costs)
        size = taken(parts)
        trades: tuple[TradeReport, ...] = ()
        if parts:
            if market.kind == "perpetual":
                held = floor.positions.of(request)
                size = closing(held, request.side, size) if request.reduce_only else size
                parts = parts_of(held, request.side, size, parts[0][1], self._costs.taker, market.tick_size)
            trades = tuple(self._carry_out(request, market, at, part, "taker", floor) for part, at in parts)
        if size == request.quantity:
            return Made(request, report(request, "filled", trades, now, ""), now)
        if request.time_in_force in ("ioc", "fok"):
            how = "all of it" if request.time_in_force == "fok" else "the rest"
            return Made(request, report(request, "cancelled", trades, now, f"Nobody was there for {how} at once."), now)
        floor.reserve(*self._needed(request, request.quantity - size, limit, market))
        status: Status = "partially_filled" if size else "open"
        return Made(request, report(request, status, trades, now, ""), quote.at if met and quote else now)

    def _needed(
        self, request: OrderRequest, quantity: Decimal, limit: Decimal, market: MarketReport
    ) -> tuple[str, Decimal]:
        """The asset that so much of an order at its limit needs, and how much of it."""
        if market.kind == "perpetual":
            return market.settle, perpetuals.needed(request, quantity, limit, self._costs.dearest)
        return needed(request.side, quantity, limit, market, self._costs.dearest)

    def _match(
        self, order: Resting, market: MarketReport, bars: Sequence[Bar], quote: TickerReport | None, floor: Floor
    ) -> bool:
        """Whether something happened to the resting order."""
        costs = self._costs
        found = match(
            order, market, bars=bars, quote=quote, depth=costs.depth, now=self._clock(), queues=costs.queue > 0
        )
        trades, status, reason = [], found.status, OVER if found.status == "expired" else ""
        for part in found.parts:
            size = part
            if order.request.reduce_only and market.kind == "perpetual":
                size = closing(floor.positions.of(order.request), order.request.side, part)
            if size:
                trades.append(self._carry_out(order.request, market, order.limit, size, "maker", floor))
            if size < part:
                status, reason = "cancelled", "There was no more to reduce."
                break
        if trades:
            changes, floor.changes = floor.changes, {}
            self._books.execute(trades, changes)
        is_news = bool(trades) or status in ("expired", "cancelled")
        if is_news or found.since - order.since >= LOOKED_AT:
            self._books.move(order.request.client_order_id, status, found.since, reason)
        return is_news

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
        return slipped(request.side, touched(request.side, ticker), request.quantity, market, self._costs)
