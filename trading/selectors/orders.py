"""Orders as rows: listed, exported, and the newest ones for other apps."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db.models import F, QuerySet

from kit.sentences import Sentence
from kit.statuses import colour
from trading.models import NOTIONAL, RESTING_STOP, Order, OrderQuerySet, Origin, Side
from trading.selectors.filters import (
    EXPORT_ROWS,
    PAGE_ROWS,
    Filters,
    Listing,
    about,
    in_order,
    known,
    listing,
    newest,
    place,
)


@dataclass(frozen=True, slots=True)
class OrderRow:
    """An order as a list shows it: quantities in base, prices and what it is worth (`notional`) in quote."""

    id: UUID
    created_at: datetime
    symbol: str
    base: str
    quote: str
    tick_size: Decimal
    lot_size: Decimal
    side: str
    type: str
    quantity: Decimal
    limit_price: Decimal | None
    trigger_price: Decimal | None
    trail: Decimal | None
    trail_share: Decimal | None
    trail_atr: Decimal | None
    trail_timeframe: str
    target_price: Decimal | None
    triggered_at: datetime | None
    time_in_force: str
    expires_at: datetime | None
    post_only: bool
    reduce_only: bool
    leverage: Decimal | None
    filled_quantity: Decimal
    crossed_quantity: Decimal
    reference_price: Decimal
    average_price: Decimal | None
    exit_stop: Decimal | None
    exit_target: Decimal | None
    notional: Decimal
    status: str
    outcome: str
    status_label: str
    reason: Sentence
    refusal: Sentence
    wallet_id: UUID
    wallet: str
    farm: str
    client_order_id: str
    origin: str
    replaces: UUID | None
    closed_at: datetime | None

    @property
    def terms(self) -> str:
        """Its type and how long it is good, in words: `Limit, gtc, only rests`."""
        parts = [
            self.type.replace("_", " ").capitalize(),
            self.time_in_force.upper(),
            "only rests" if self.post_only else "",
        ]
        parts.append("only reduces" if self.reduce_only else "")
        return ", ".join(part for part in parts if part)

    @property
    def is_external(self) -> bool:
        """Whether somebody placed it at the venue."""
        return self.origin == Origin.EXTERNAL

    @property
    def is_resting(self) -> bool:
        """Whether it waits at its venue for its price, and was placed here."""
        return not self.is_external and self.status in ("open", "partially_filled") and self.limit_price is not None

    @property
    def is_filled(self) -> bool:
        """Whether anything of it was."""
        return self.average_price is not None

    @property
    def place(self) -> str:
        """Where it belongs: farm and wallet."""
        return place(self.farm, self.wallet)

    @property
    def slippage(self) -> Decimal | None:
        """How much worse than the reference it was filled, as a fraction; negative when better."""
        if self.average_price is None or not self.reference_price:
            return None
        change = self.average_price / self.reference_price - 1
        return change if self.side == Side.BUY else -change

    @property
    def slippage_size(self) -> Decimal | None:
        return None if self.slippage is None else abs(self.slippage)

    @property
    def is_better(self) -> bool:
        return self.slippage is not None and self.slippage < 0

    @property
    def health(self) -> str:
        """The kind of its status chip."""
        return colour("order", self.outcome)


# Each has an index: nothing is sorted by reading all there ever was. Market and side are for the filter.
ORDER_SORTS: Final = {
    "created": F("created_at"),
    "status": F("status"),
    "quantity": F("quantity"),
    "notional": NOTIONAL,
}


def list_orders(*, owner_id: UUID, filters: Filters, sort: str = "", page: Any = 1) -> Listing[OrderRow]:
    """A page of orders, newest first unless sorted otherwise: two queries."""
    sort = known(sort, ORDER_SORTS, "-created")
    return listing(_orders(owner_id, filters), ORDER_SORTS, sort, page, filters, order_row, newest="created_at")


def export_orders(*, owner_id: UUID, filters: Filters, sort: str = "", start: int = 0) -> list[OrderRow]:
    """The next rows of an export, from `start` on; empty at the end."""
    rows = in_order(_orders(owner_id, filters), ORDER_SORTS, known(sort, ORDER_SORTS, "-created"), newest="created_at")
    return [order_row(order) for order in rows[start : start + EXPORT_ROWS]]


def orders(
    *, owner_id: UUID, wallet_ids: Collection[UUID] | None = None, limit: int = PAGE_ROWS
) -> tuple[OrderRow, ...]:
    """The newest orders, of these wallets and below them if given: one query."""
    rows = newest(Order.objects.filter(owner_id=owner_id), wallet_ids, by="created_at", limit=limit)
    return tuple(map(order_row, rows.select_related("instrument", "wallet__parent")))


def unfinished_orders(*, owner_id: UUID, limit: int) -> tuple[OrderRow, ...]:
    """The newest orders of which something is still to come: one query."""
    rows = Order.objects.filter(owner_id=owner_id).unfinished().select_related("instrument", "wallet__parent")
    return tuple(map(order_row, rows.order_by("-created_at")[:limit]))


def protective_orders(*, wallet_ids: Collection[UUID], limit: int = PAGE_ROWS) -> tuple[OrderRow, ...]:
    """The newest orders that carried out a stop or a target of these wallets: one query."""
    rows = Order.objects.filter(wallet_id__in=wallet_ids, protects__isnull=False)
    rows = rows.exclude(RESTING_STOP, filled_quantity=0)
    return tuple(map(order_row, rows.select_related("instrument", "wallet__parent").order_by("-created_at")[:limit]))


def order_row(order: Order) -> OrderRow:
    """The row of an order loaded with its instrument and its wallet's parent."""
    instrument, wallet = order.instrument, order.wallet
    return OrderRow(
        id=order.pk,
        created_at=order.created_at,
        symbol=instrument.symbol,
        base=instrument.base,
        quote=instrument.quote,
        tick_size=instrument.tick_size,
        lot_size=instrument.lot_size,
        side=order.side,
        type=order.type,
        quantity=order.quantity,
        limit_price=order.limit_price,
        trigger_price=order.trigger_price,
        trail=order.trail,
        trail_share=order.trail_share,
        trail_atr=order.trail_atr,
        trail_timeframe=order.trail_timeframe,
        target_price=order.target_price,
        triggered_at=order.triggered_at,
        time_in_force=order.time_in_force,
        expires_at=order.expires_at,
        post_only=order.post_only,
        reduce_only=order.reduce_only,
        leverage=order.leverage,
        filled_quantity=order.filled_quantity,
        crossed_quantity=order.crossed_quantity,
        reference_price=order.reference_price,
        average_price=order.average_price,
        exit_stop=order.exit_stop,
        exit_target=order.exit_target,
        notional=order.notional,
        status=order.status,
        outcome=order.outcome,
        status_label=order.outcome_label,
        reason=order.reason,
        refusal=order.refusal,
        wallet_id=wallet.pk,
        wallet=wallet.name,
        farm=wallet.parent.name if wallet.parent else "",
        client_order_id=order.client_order_id,
        origin=order.origin,
        replaces=order.replaces_id,
        closed_at=order.closed_at,
    )


def _orders(owner_id: UUID, filters: Filters) -> QuerySet[Order]:
    rows: OrderQuerySet = Order.objects.filter(
        filters.place() & filters.times("created_at") & about(filters.text, "reason", "refusal", "client_order_id"),
        owner_id=owner_id,
    )
    if filters.side:
        rows = rows.filter(side=filters.side)
    if filters.status:
        rows = rows.known_as(filters.status)
    return rows.select_related("instrument", "wallet__parent")
