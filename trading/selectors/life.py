"""The whole life of one order: every number on its page comes with the rows it was computed from."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.urls import reverse

from kit.errors import NotFoundError
from trading.models import Fill, Order, OrderEvent, Position, RiskDecision
from trading.orders import states
from trading.orders.amending_waiting import is_changeable
from trading.orders.forgetting import EVENTS
from trading.risk import gate as risk
from trading.selectors.orders import OrderRow, order_row
from trading.selectors.trades import FillRow, fill_row
from wallets.models import Account, Transfer


@dataclass(frozen=True, slots=True)
class Movement:
    """One transfer that the order caused: what was reserved, settled, released, received or paid as a fee."""

    id: int
    at: datetime
    what: str
    debit: str
    credit: str
    asset: str
    amount: Decimal
    posting_id: int


@dataclass(frozen=True, slots=True)
class OrderLife:
    """`decisions` and `events` are in the order they happened; `movements` in the order they were posted."""

    row: OrderRow
    order: Order
    decisions: tuple[RiskDecision, ...]
    events: tuple[OrderEvent, ...]
    fills: tuple[FillRow, ...]
    movements: tuple[Movement, ...]
    fees: dict[str, Decimal]
    position: Position | None
    replaced_by: UUID | None

    @property
    def position_address(self) -> str:
        """The round trip that its first fill belongs to; empty where nothing was filled."""
        return reverse("trading:position", args=(self.position.pk,)) if self.position else ""

    @property
    def placed_by(self) -> str:
        """How its key begins, which says who has asked for it: run, page, close, api, protect, close_all …"""
        return self.order.key.partition(":")[0]

    @property
    def is_ending(self) -> bool:
        """Whether its end was asked for, and has not come."""
        wish = getattr(self.order, "cancellation", None)
        return wish is not None and wish.closed_at is None

    @property
    def is_cancellable(self) -> bool:
        return self.order.status in states.CANCELLABLE and not self.is_ending

    @property
    def is_amendable(self) -> bool:
        """Whether its limit, its trigger or its quantity may be changed."""
        return (self.row.is_resting and not self.is_ending) or is_changeable(self.order)

    @property
    def is_refused_by_limit(self) -> bool:
        """Whether the user's own limits refused it, which the user can change."""
        return any(decision.limit in risk.LIMITS for decision in self.decisions)

    @property
    def is_let_go(self) -> bool:
        """Whether its steps and what the gate said are gone: it was never filled, and is older than those are kept."""
        return not self.events and self.order.created_at < EVENTS.kept_from

    @property
    def answers(self) -> tuple[OrderEvent, ...]:
        """The events at which the venue said something."""
        return tuple(event for event in self.events if event.answer)

    @property
    def numbers(self) -> dict[str, Any]:
        """What the gate looked at."""
        return self.decisions[0].numbers if self.decisions else {}


def order_life(*, owner_id: UUID, order_id: UUID) -> OrderLife:
    """Everything about one order in six queries, seven once something was filled. Raises NotFoundError, also for
    somebody else's."""
    order = (
        Order.objects.filter(owner_id=owner_id, pk=order_id)
        .select_related("instrument", "wallet__parent", "wallet__connection__platform", "connection__platform", "hold")
        .select_related("amendment", "cancellation")
        .first()
    )
    if order is None:
        raise NotFoundError("There is no such order: choose one of yours.")
    fills = tuple(order.fills.select_related("instrument", "wallet").order_by("pk"))
    fees: dict[str, Decimal] = {}
    for fill in fills:
        fees[fill.fee_asset] = fees.get(fill.fee_asset, Decimal(0)) + fill.fee
    return OrderLife(
        row=order_row(order),
        order=order,
        decisions=tuple(order.risk_decisions.order_by("pk")),
        events=tuple(order.events.order_by("pk")),
        fills=tuple(map(fill_row, fills)),
        movements=_movements(order, [fill.venue_trade_id for fill in fills]),
        fees=fees,
        position=_position(order, fills) if fills else None,
        replaced_by=Order.objects.filter(replaces=order).values_list("pk", flat=True).first(),
    )


def _position(order: Order, fills: Sequence[Fill]) -> Position | None:
    """The round trip that was under way when the order was first filled."""
    first = min(fill.filled_at for fill in fills)
    rows = Position.objects.filter(wallet_id=order.wallet_id, instrument_id=order.instrument_id, opened_at__lte=first)
    return rows.filter(Q(closed_at__isnull=True) | Q(closed_at__gte=first)).order_by("opened_at").first()


def _movements(order: Order, trade_ids: list[str]) -> tuple[Movement, ...]:
    name = order.pk.hex
    keys = [
        f"order:{name}:hold",
        f"order:{name}:release",
        *_keys_of_change(order),
        *(f"fill:{name}:{trade}" for trade in trade_ids),
    ]
    transfers = (
        Transfer.objects.filter(posting__owner_id=order.owner_id, posting__key__in=keys)
        .select_related("debit", "credit")
        .order_by("pk")
    )
    return tuple(_movement(transfer) for transfer in transfers)


def _keys_of_change(order: Order) -> list[str]:
    """The postings by which it held for other terms as well."""
    wish = getattr(order, "amendment", None)
    held = "" if wish is None else f"order:{order.pk.hex}:hold:{wish.pk.hex}"
    return [held, f"{held}:back"] if held else []


def _what(transfer: Transfer) -> str:
    resolved = {"pending": "Held", "settle": "Paid from the hold", "void": "Released"}
    if transfer.phase in resolved:
        return resolved[transfer.phase]
    if transfer.credit.kind in (Account.Kind.FEES, Account.Kind.COSTS):
        return "Fee"
    if Account.Kind.PROFIT in (transfer.debit.kind, transfer.credit.kind):
        return "Realized profit" if transfer.debit.kind == Account.Kind.PROFIT else "Realized loss"
    return "Received" if transfer.debit.kind == Account.Kind.CLEARING else "Paid beyond the hold"


def _movement(transfer: Transfer) -> Movement:
    return Movement(
        id=transfer.pk,
        at=transfer.created_at,
        what=_what(transfer),
        debit=transfer.debit.get_kind_display(),
        credit=transfer.credit.get_kind_display(),
        asset=transfer.asset,
        amount=transfer.amount,
        posting_id=transfer.posting_id,
    )
