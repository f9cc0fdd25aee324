"""The demo exchange: an exchange in miniature, so that a paper order takes every step of a live one.

It keeps books of its own (`Books`, injected), separate from the ledger: the two meet only in reconciliation, as they
would with a real exchange. Market orders fill at once and in full, at the side of the spread that the order crosses,
moved against it by a linear participation model: a fixed part, plus a part proportional to the order's size over the
market's depth, as in Almgren et al., *Direct estimation of equity market impact*, 2005, with exponent 1.
"""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_UP, Decimal
from functools import cache
from typing import Final, Protocol

from kit.sentences import Sentence, Told, amount, rule, sentence
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
    Side,
    TickerReport,
    TradeReport,
    VenueRejectedError,
)

BASIS_POINT: Final = Decimal("0.0001")
# Fees are rounded up to the smallest part of an asset that the books hold, whatever the asset is worth.
FEE_STEP: Final = Decimal(1).scaleb(-18)

Quoted = Callable[[str], TickerReport | None]


@dataclass(frozen=True, slots=True)
class Costs:
    """What trading costs. Fees are fractions of the notional; slippage and impact are basis points of the price.

    `impact_bps` is added once for every `depth` (notional in quote) that the order takes; together with `slippage_bps`
    it is never more than `maximum_bps`.
    """

    maker: Decimal = Decimal("0.0008")
    taker: Decimal = Decimal("0.0010")
    slippage_bps: Decimal = Decimal(2)
    impact_bps: Decimal = Decimal(5)
    depth: Decimal = Decimal(250_000)
    maximum_bps: Decimal = Decimal(500)

    def slippage(self, notional: Decimal) -> Decimal:
        """How far the price moves against a market order of `notional`, as a fraction."""
        return min(self.slippage_bps + self.impact_bps * notional / self.depth, self.maximum_bps) * BASIS_POINT


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

    def record(self, reports: Sequence[OrderReport], changes: Mapping[str, Decimal]) -> Sequence[OrderReport]:
        """Write the orders, their trades and what they did to the balances; returns them with the ids they got."""


class _Floor:
    """What orders of one message are matched against: markets and prices of one moment, and balances as they change."""

    def __init__(self, markets: Sequence[MarketReport], quote: Quoted, totals: Mapping[str, Decimal]) -> None:
        self.markets = {market.symbol: market for market in markets}
        self.quote = cache(quote)
        self.totals = dict(totals)
        self.changes: dict[str, Decimal] = {}

    def have(self, asset: str) -> Decimal:
        return self.totals.get(asset, Decimal(0))

    def change(self, changes: Mapping[str, Decimal]) -> None:
        for asset, change in changes.items():
            self.totals[asset] = self.have(asset) + change
            self.changes[asset] = self.changes.get(asset, Decimal(0)) + change


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
        maximum_quote_age: timedelta | None = None,
    ) -> None:
        self._books = books
        self._markets = markets
        self._quote = quote
        self._clock = clock
        self._costs = costs
        self._latency = latency
        self._maximum_quote_age = maximum_quote_age

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
            totals = self._books.balances()
        return tuple(BalanceReport(asset, total, total) for asset, total in sorted(totals.items()) if total)

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
            new = [request for request in requests if _is_market(request) and request.client_order_id not in known]
            made: Sequence[OrderReport] = ()
            if new:
                floor = _Floor(self._markets(), self._quote, self._books.balances())
                made = self._books.record([self._match(request, floor) for request in new], floor.changes)
        fresh = {report.client_order_id: report for report in made}
        return [_answer(request, fresh.get(request.client_order_id), known) for request in requests]

    def cancel(self, client_order_id: str, symbol: str) -> OrderReport:
        report = self.order(client_order_id, symbol)
        if report is None:
            raise VenueRejectedError(f"There is no order {client_order_id} to cancel.", reason="symbol")
        return report  # market orders are final at once: nothing is ever left to cancel

    def order(self, client_order_id: str, symbol: str) -> OrderReport | None:
        self._travel()
        with self._books.account():
            report = self._books.find([client_order_id]).get(client_order_id)
        return report if report is not None and report.symbol == symbol else None

    def open_orders(self) -> tuple[OrderReport, ...]:
        self._travel()
        return ()  # market orders are final at once: nothing ever rests

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
        """What the network would take."""
        if self._latency:
            time.sleep(self._latency.total_seconds())

    def _match(self, request: OrderRequest, floor: _Floor) -> OrderReport:
        """The order filled or turned down; either way it is on the books afterwards."""
        try:
            trade, changes = self._fill(request, floor)
        except VenueRejectedError as refusal:
            return _report(request, "rejected", (), self._clock(), _remembered(refusal))
        floor.change(changes)
        return _report(request, "filled", (trade,), trade.at, "")

    def _fill(self, request: OrderRequest, floor: _Floor) -> tuple[TradeReport, dict[str, Decimal]]:
        market = floor.markets.get(request.symbol)
        if market is None:
            raise VenueRejectedError(f"Choose another symbol: {request.symbol} is not traded here.", reason="symbol")
        if request.quantity <= 0 or request.quantity % market.lot_size:
            raise VenueRejectedError(
                sentence("Order a positive multiple of {lot}.", lot=rule(market.lot_size, market.base)),
                reason="lot_size",
            )
        price = self._price(request, market, floor)
        notional = (price * request.quantity).quantize(FEE_STEP)  # as the books have it
        if notional < market.minimum_notional:
            raise VenueRejectedError(
                sentence(
                    "Order at least {minimum}: this is {notional}.",
                    minimum=rule(market.minimum_notional, market.quote),
                    notional=amount(notional, market.quote),
                ),
                reason="minimum_notional",
            )
        fee = (notional * self._costs.taker).quantize(FEE_STEP, ROUND_UP)
        direction = 1 if request.side == "buy" else -1
        changes = {market.base: direction * request.quantity, market.quote: -direction * notional - fee}
        _require_funds(changes, floor)
        trade = TradeReport(
            trade_id="",
            client_order_id=request.client_order_id,
            symbol=request.symbol,
            side=request.side,
            price=price,
            quantity=request.quantity,
            fee=fee,
            fee_asset=market.quote,
            liquidity="taker",
            at=self._clock(),
        )
        return trade, changes

    def _price(self, request: OrderRequest, market: MarketReport, floor: _Floor) -> Decimal:
        """The average price of a market order: the crossed side of the spread, slippage, then the tick against it."""
        ticker = floor.quote(request.symbol)
        now = self._clock()
        if ticker is None:
            raise VenueRejectedError(f"Wait for a price of {request.symbol}: there is none yet.", reason="price")
        if self._maximum_quote_age is not None and now - ticker.at > self._maximum_quote_age:
            age = int((now - ticker.at).total_seconds())
            raise VenueRejectedError(
                f"Wait for a fresh price of {request.symbol}: the last one is {age} seconds old.", reason="price"
            )
        touched = (ticker.ask if request.side == "buy" else ticker.bid) or ticker.price
        slippage = self._costs.slippage(touched * request.quantity)
        return _rounded_against(request.side, touched, slippage, market.tick_size)


def _is_market(request: OrderRequest) -> bool:
    return request.type == "market"


def _answer(
    request: OrderRequest, made: OrderReport | None, known: Mapping[str, OrderReport]
) -> OrderReport | VenueRejectedError:
    """What the exchange says to the request: its new order, the one that its id named already, or no."""
    if not _is_market(request):
        return VenueRejectedError("Order at the market: the paper exchange keeps no book that an order rests in.")
    report = made or known[request.client_order_id]
    if (report.symbol, report.side, report.quantity) != (request.symbol, request.side, request.quantity):
        return VenueRejectedError(
            f"Use a new client order id: {request.client_order_id} names another order.", reason="duplicate"
        )
    if report.status == "rejected":
        said = Sentence.of(report.reason)
        return VenueRejectedError(said, reason=said.values["code"])
    return report


def _require_funds(changes: Mapping[str, Decimal], floor: _Floor) -> None:
    for asset, change in changes.items():
        have = floor.have(asset)
        if have + change < 0:
            raise VenueRejectedError(
                sentence(
                    "Fund the account: this needs {needed} and there is {have}.",
                    needed=amount(-change, asset),
                    have=amount(have, asset),
                ),
                reason="funds",
            )


def _rounded_against(side: Side, touched: Decimal, slippage: Decimal, tick: Decimal) -> Decimal:
    """The slipped price on the grid of ticks, rounded to the taker's disadvantage and never below one tick."""
    moved = touched * (1 + slippage if side == "buy" else 1 - slippage)
    steps = (moved / tick).to_integral_value(ROUND_CEILING if side == "buy" else ROUND_FLOOR)
    return max(steps, Decimal(1)) * tick


def _remembered(refusal: VenueRejectedError) -> Sentence:
    """The sentence as the books keep it, with the code that programs know it by among its values."""
    said = refusal.sentence
    return Sentence(said.template, {**said.values, "code": refusal.reason})


def _report(
    request: OrderRequest, status: str, trades: tuple[TradeReport, ...], at: datetime, reason: Told
) -> OrderReport:
    return OrderReport(
        client_order_id=request.client_order_id,
        venue_order_id="",
        symbol=request.symbol,
        side=request.side,
        quantity=request.quantity,
        filled_quantity=sum((trade.quantity for trade in trades), Decimal(0)),
        status="filled" if status == "filled" else "rejected",
        trades=trades,
        at=at,
        reason=reason,
    )
