"""Where the demo exchange keeps one account: a protocol, so that what trades knows no database."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from kit.sentences import Told
from wallets.venues.base import OrderReport, OrderRequest, Status, TradeReport
from wallets.venues.demo.perpetuals import Held, Key, Positions
from wallets.venues.demo.resting import Resting


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

    def positions(self) -> Mapping[Key, Held]:
        """The account's positions in perpetuals."""

    def keep(self, positions: Positions) -> None:
        """Write what has changed of them, and the funding that was written down."""
