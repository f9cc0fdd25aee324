"""The paper exchange behind a line that fails."""

from datetime import datetime
from typing import Any

from moniqo.simulation.exchange import Exchange
from wallets.venues.base import (
    BalanceReport,
    OrderReport,
    OrderRequest,
    TradeReport,
    VenueAmbiguousError,
    VenueUnavailableError,
)
from wallets.venues.demo.exchange import DemoVenue


class Unreliable:
    """The paper exchange, whose messages get lost on the way there, or whose answers do on the way back.

    How often, `exchange` says, which also counts what is sent while it is known: `taken` is what has been carried out.
    """

    def __init__(self, venue: DemoVenue, *, exchange: Exchange, taken: set[str]) -> None:
        self._venue, self._exchange, self._taken = venue, exchange, taken

    def __getattr__(self, name: str) -> Any:
        if name == "submit_many":  # each by itself, so that each answer may be lost
            raise AttributeError(name)
        return getattr(self._venue, name)

    def submit(self, request: OrderRequest) -> OrderReport:
        self._reach()
        if request.client_order_id in self._taken:
            self._exchange.sent_again.append(request.client_order_id)
        report = self._venue.submit(request)
        self._taken.add(request.client_order_id)
        self._answer()
        return report

    def cancel(self, client_order_id: str, symbol: str) -> OrderReport:
        self._reach()
        report = self._venue.cancel(client_order_id, symbol)
        self._answer()
        return report

    def order(self, client_order_id: str, symbol: str) -> OrderReport | None:
        self._reach()
        return self._venue.order(client_order_id, symbol)

    def open_orders(self) -> tuple[OrderReport, ...]:
        self._reach()
        return self._venue.open_orders()

    def balances(self) -> tuple[BalanceReport, ...]:
        self._reach()
        return self._venue.balances()

    def trades_since(self, since: datetime, symbol: str | None = None) -> tuple[TradeReport, ...]:
        self._reach()
        return self._venue.trades_since(since, symbol)

    def _reach(self) -> None:
        if fault := self._exchange.fault(("refused", "lost")):
            raise VenueUnavailableError("Refused.") if fault == "refused" else VenueAmbiguousError("It timed out.")

    def _answer(self) -> None:
        if self._exchange.fault(("answer lost",)):
            raise VenueAmbiguousError("The answer timed out.")
