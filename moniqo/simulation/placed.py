"""An order on the books of the exchange that fails, as it was at any moment."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Final

from wallets.venues.base import OrderRequest, Status

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
    each when the market is at its limit."""

    request: OrderRequest
    number: int
    at: datetime
    executions: list[Execution] = field(default_factory=list)
    ends: datetime | None = None
    outcome: Status = "cancelled"
    parts: list[Decimal] = field(default_factory=list)
    changes: list[Terms] = field(default_factory=list)

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
