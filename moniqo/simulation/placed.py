"""An order on the books of the exchange that fails, as it was at any moment."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Final

from wallets.venues.base import Kind, OrderReport, OrderRequest, Status, TradeReport

ZERO: Final = Decimal(0)
SPREAD: Final = Decimal("0.0002")


@dataclass(slots=True)
class Execution:
    """A trade that has come or is to come; `told` is when the list of trades has it."""

    at: datetime
    told: datetime
    quantity: Decimal
    number: int = 0
    price: Decimal = ZERO
    fee: Decimal = ZERO
    fee_asset: str = ""


@dataclass(frozen=True, slots=True)
class Terms:
    """What it is for since a moment."""

    since: datetime
    quantity: Decimal
    price: Decimal | None


@dataclass(slots=True)
class Placed:
    """It ends at `ends` with `outcome`, unless all of it is filled before. Of one that rests `parts` are still to come,
    each when the market is at its limit. One that is `forgotten` nobody finds any more."""

    request: OrderRequest
    number: int
    at: datetime
    executions: list[Execution] = field(default_factory=list)
    ends: datetime | None = None
    outcome: Status = "cancelled"
    parts: list[Decimal] = field(default_factory=list)
    changes: list[Terms] = field(default_factory=list)
    triggered_at: datetime | None = None
    forgotten: bool = False

    def terms(self, now: datetime) -> Terms:
        first = Terms(self.at, self.request.quantity, self.request.price)
        return next((one for one in reversed(self.changes) if one.since <= now), first)

    def filled(self, now: datetime) -> Decimal:
        return sum((one.quantity for one in self.executions if one.at <= now and one.number), ZERO)

    def status(self, now: datetime) -> Status:
        filled = self.filled(now)
        if filled >= self.terms(now).quantity:
            return "filled"
        if self.ends is not None and self.ends <= now:
            return self.outcome
        return "partially_filled" if filled else "open"

    def rests(self, now: datetime) -> bool:
        return self.status(now) in ("open", "partially_filled")

    def is_met(self, middle: Decimal, now: datetime) -> bool:
        """Whether the market is at its limit."""
        limit = self.terms(now).price
        if limit is None:
            return False
        return middle * (1 + SPREAD) <= limit if self.request.side == "buy" else middle * (1 - SPREAD) >= limit

    def is_touched(self, middle: Decimal) -> bool:
        """Whether it is a stop and the market is at its trigger."""
        trigger = self.request.trigger_price
        if trigger is None:
            return False
        return middle * (1 + SPREAD) >= trigger if self.request.side == "buy" else middle * (1 - SPREAD) <= trigger

    def cut(self, at: datetime) -> None:
        """It ends then, with what is filled by then."""
        self.ends, self.outcome = at, "cancelled"
        self.executions = [one for one in self.executions if one.at <= at]

    # --- telling ---------------------------------------------------------------------------------------------------

    def report(self, seen: datetime) -> OrderReport:
        """The order as it was then, with the trades that were told by then."""
        told = [one for one in self.executions if one.number and one.at <= seen and one.told <= seen]
        terms = self.terms(seen)
        kind: Kind = "stop" if self.request.type == "stop" else "market" if terms.price is None else "limit"
        return OrderReport(
            client_order_id=self.request.client_order_id,
            venue_order_id=str(self.number),
            symbol=self.request.symbol,
            side=self.request.side,
            quantity=terms.quantity,
            filled_quantity=self.filled(seen),
            status=self.status(seen),
            trades=tuple(self.trade(one) for one in told),
            at=self.at,
            kind=kind,
            price=terms.price,
            trigger_price=self.request.trigger_price,
        )

    def trade(self, one: Execution) -> TradeReport:
        return TradeReport(
            trade_id=str(one.number),
            client_order_id=self.request.client_order_id,
            symbol=self.request.symbol,
            side=self.request.side,
            price=one.price,
            quantity=one.quantity,
            fee=one.fee,
            fee_asset=one.fee_asset,
            liquidity="taker",
            at=one.at,
            venue_order_id=str(self.number),
        )
