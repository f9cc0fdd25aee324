"""A venue in front of another that fails the way networks fail, for tests of whoever sends orders."""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Literal

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
    Venue,
    VenueAmbiguousError,
    VenueUnavailableError,
)

Fault = Literal["", "unreachable", "lost_before", "lost_after", "doubled"]


class FaultyVenue:
    """Passes everything on to `inner`, and lets each `submit` meet the next fault; without faults left all is well.

    `unreachable`: nothing is sent, and the caller knows. `lost_before`: nothing arrives, and nobody knows.
    `lost_after`: the order is carried out, but the answer is lost. `doubled`: twice the quantity is executed.
    """

    def __init__(self, inner: Venue, faults: Iterable[Fault] = ()) -> None:
        self.inner = inner
        self.faults = deque(faults)
        self.submitted: list[OrderRequest] = []
        self.lookups = 0

    def submit(self, request: OrderRequest) -> OrderReport:
        self.submitted.append(request)
        fault = self.faults.popleft() if self.faults else ""
        if fault == "unreachable":
            raise VenueUnavailableError("The connection was refused.")
        if fault == "lost_before":
            raise VenueAmbiguousError("The request timed out.")
        if fault == "doubled":
            request = replace(request, quantity=request.quantity * 2)
        report = self.inner.submit(request)
        if fault == "lost_after":
            raise VenueAmbiguousError("The answer timed out.")
        return report

    def order(self, client_order_id: str, symbol: str) -> OrderReport | None:
        self.lookups += 1
        return self.inner.order(client_order_id, symbol)

    def cancel(self, client_order_id: str, symbol: str) -> OrderReport:
        return self.inner.cancel(client_order_id, symbol)

    def open_orders(self) -> tuple[OrderReport, ...]:
        return self.inner.open_orders()

    def markets(self) -> tuple[MarketReport, ...]:
        return self.inner.markets()

    def tickers(self, symbols: Sequence[str] | None = None) -> tuple[TickerReport, ...]:
        return self.inner.tickers(symbols)

    def balances(self) -> tuple[BalanceReport, ...]:
        return self.inner.balances()

    def candles(self, symbol: str, timeframe: str, since: datetime, limit: int) -> tuple[CandleReport, ...]:
        return self.inner.candles(symbol, timeframe, since, limit)

    def positions(self) -> tuple[PositionReport, ...]:
        return self.inner.positions()

    def trades_since(self, since: datetime, symbol: str | None = None) -> tuple[TradeReport, ...]:
        return self.inner.trades_since(since, symbol)

    def movements_since(self, since: datetime) -> tuple[MovementReport, ...]:
        return self.inner.movements_since(since)

    def income_since(self, since: datetime) -> tuple[IncomeReport, ...]:
        return self.inner.income_since(since)

    def check_credentials(self) -> CredentialsReport:
        return self.inner.check_credentials()
