"""Orders, fills, positions and trades as lists: filtered, sorted and paged on the server.

Filters come from an address, so anything may stand there: what is not understood filters nothing. A sort is one of a
fixed list of keys, a minus in front of it means descending, and ties go by key so that pages never repeat a row.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

from django.core.paginator import Page, Paginator
from django.db.models import DurationField, ExpressionWrapper, F, Q, QuerySet

from markets.models import Instrument
from moniqo.lib.models import MoneyField
from trading.models import Fill, Order, Position, Side
from trading.selectors.positions import PositionRow, below, open_positions, orders_address, place
from wallets.models import Wallet

PAGE_ROWS: Final = 50
EXPORT_ROWS: Final = 1000

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Filters:
    """What to show. `wallet_id` includes everything funded by that wallet; `until` is the last day included, in UTC."""

    status: str = ""
    side: str = ""
    instrument_id: int | None = None
    wallet_id: UUID | None = None
    since: date | None = None
    until: date | None = None
    text: str = ""

    @classmethod
    def parse(cls, given: Mapping[str, str]) -> "Filters":
        """The filters of an address: status, side, instrument, wallet, since, until, q."""
        status, side = given.get("status", ""), given.get("side", "")
        return cls(
            status=status if status in {"unfinished", *Order.Status.values} else "",
            side=side if side in Side.values else "",
            instrument_id=_parsed(int, given.get("instrument", "")),
            wallet_id=_parsed(UUID, given.get("wallet", "")),
            since=_parsed(date.fromisoformat, given.get("since", "")),
            until=_parsed(date.fromisoformat, given.get("until", "")),
            text=given.get("q", "").strip()[:100],
        )

    def times(self, field: str) -> Q:
        """Rows whose moment `field` lies within the days."""
        within = Q()
        if self.since:
            within &= Q(**{f"{field}__gte": datetime.combine(self.since, datetime.min.time(), UTC)})
        if self.until and self.until < date.max:
            after = self.until + timedelta(days=1)
            within &= Q(**{f"{field}__lt": datetime.combine(after, datetime.min.time(), UTC)})
        return within

    def place(self) -> Q:
        """Rows of the instrument and the wallet."""
        within = Q()
        if self.instrument_id is not None:
            within &= Q(instrument_id=self.instrument_id)
        if self.wallet_id is not None:
            within &= below([self.wallet_id])
        return within


@dataclass(frozen=True, slots=True)
class Listing(Generic[Row]):
    """One page of rows and how it came about. `page.object_list` holds the rows."""

    page: "Page[Row]"
    sort: str
    filters: Filters

    @property
    def rows(self) -> Sequence[Row]:
        return list(self.page.object_list)


@dataclass(frozen=True, slots=True)
class OrderRow:
    """An order as a list shows it: quantities in base, prices in quote."""

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
    filled_quantity: Decimal
    reference_price: Decimal
    average_price: Decimal | None
    notional: Decimal
    status: str
    status_label: str
    reason: str
    refusal: str
    wallet_id: UUID
    wallet: str
    farm: str
    client_order_id: str
    closed_at: datetime | None

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
        return {"filled": "ok", "rejected": "bad", "uncertain": "warn", "expired": "warn"}.get(self.status, "")


@dataclass(frozen=True, slots=True)
class FillRow:
    """An execution as a list shows it."""

    id: int
    order_id: UUID
    filled_at: datetime
    symbol: str
    side: str
    price: Decimal
    quantity: Decimal
    notional: Decimal
    fee: Decimal
    fee_asset: str
    liquidity: str
    venue_trade_id: str
    wallet_id: UUID
    wallet: str


@dataclass(frozen=True, slots=True)
class TradeRow:
    """A closed position: a round trip. `pnl` is net of all fees; `pnl_return` is of what was bought; both in quote.

    `break_even` is the exit price at which it would have made nothing.
    """

    id: UUID
    instrument_id: int
    symbol: str
    base: str
    quote: str
    tick_size: Decimal
    lot_size: Decimal
    direction: str
    quantity: Decimal
    entry_price: Decimal
    exit_price: Decimal | None
    break_even: Decimal | None
    fees: Decimal
    pnl: Decimal
    pnl_return: Decimal | None
    entry_reason: str
    exit_reason: str
    wallet_id: UUID
    wallet: str
    farm: str
    opened_at: datetime
    closed_at: datetime
    duration: timedelta

    @property
    def place(self) -> str:
        """Where it belonged: farm and wallet."""
        return place(self.farm, self.wallet)

    @property
    def orders_address(self) -> str:
        """The orders it came from."""
        return orders_address(self.wallet_id, self.instrument_id, since=self.opened_at, until=self.closed_at)


# --- lists for pages ------------------------------------------------------------------------------------------------

ORDER_SORTS: Final = {
    "created": F("created_at"),
    "symbol": F("instrument__symbol"),
    "side": F("side"),
    "status": F("status"),
    "quantity": F("quantity"),
    "notional": ExpressionWrapper(F("quantity") * F("reference_price"), output_field=MoneyField()),
    "wallet": F("wallet__name"),
}
TRADE_SORTS: Final = {
    "closed": F("closed_at"),
    "symbol": F("instrument__symbol"),
    "pnl": F("realized_pnl"),
    "return": ExpressionWrapper(
        F("realized_pnl") / (F("entry_quantity") * F("entry_price")), output_field=MoneyField()
    ),
    "fees": F("fees"),
    "duration": ExpressionWrapper(F("closed_at") - F("opened_at"), output_field=DurationField()),
    "wallet": F("wallet__name"),
}
POSITION_SORTS: Final[dict[str, Callable[[PositionRow], Any]]] = {
    "opened": lambda row: row.opened_at,
    "symbol": lambda row: row.symbol,
    "value": lambda row: row.value or Decimal(0),
    "pnl": lambda row: row.unrealized_pnl or Decimal(0),
    "return": lambda row: row.unrealized_return or Decimal(0),
    "wallet": lambda row: row.wallet,
}


def list_orders(*, owner_id: UUID, filters: Filters, sort: str = "", page: Any = 1) -> Listing[OrderRow]:
    """A page of orders, newest first unless sorted otherwise: two queries."""
    sort = _known(sort, ORDER_SORTS, "-created")
    return _listing(_orders(owner_id, filters), ORDER_SORTS, sort, page, filters, order_row)


def list_trades(*, owner_id: UUID, filters: Filters, sort: str = "", page: Any = 1) -> Listing[TradeRow]:
    """A page of closed positions, last closed first unless sorted otherwise: two queries."""
    sort = _known(sort, TRADE_SORTS, "-closed")
    return _listing(_trades(owner_id, filters), TRADE_SORTS, sort, page, filters, trade_row)


def list_positions(*, owner_id: UUID, filters: Filters, sort: str = "", page: Any = 1) -> Listing[PositionRow]:
    """A page of open positions; they are all priced before they are sorted, since value and profit need the price."""
    sort = _known(sort, POSITION_SORTS, "-value")
    return Listing(Paginator(_positions(owner_id, filters, sort), PAGE_ROWS).get_page(page), sort, filters)


def export_orders(*, owner_id: UUID, filters: Filters, sort: str = "", start: int = 0) -> list[OrderRow]:
    """The next rows of an export, from `start` on; empty at the end."""
    rows = _sorted(_orders(owner_id, filters), ORDER_SORTS, _known(sort, ORDER_SORTS, "-created"))
    return [order_row(order) for order in rows[start : start + EXPORT_ROWS]]


def export_trades(*, owner_id: UUID, filters: Filters, sort: str = "", start: int = 0) -> list[TradeRow]:
    """The next rows of an export, from `start` on; empty at the end."""
    rows = _sorted(_trades(owner_id, filters), TRADE_SORTS, _known(sort, TRADE_SORTS, "-closed"))
    return [trade_row(position) for position in rows[start : start + EXPORT_ROWS]]


def export_positions(*, owner_id: UUID, filters: Filters, sort: str = "", start: int = 0) -> list[PositionRow]:
    """The next rows of an export, from `start` on; empty at the end."""
    rows = _positions(owner_id, filters, _known(sort, POSITION_SORTS, "-value"))
    return rows[start : start + EXPORT_ROWS]


def filter_choices(*, owner_id: UUID) -> dict[str, list[tuple[str, str]]]:
    """What the filters of a page offer: wallets and the instruments that were traded; two queries."""
    wallets = Wallet.objects.filter(owner_id=owner_id).order_by("name").values_list("pk", "name")
    traded = Order.objects.filter(owner_id=owner_id).values("instrument_id")
    instruments = Instrument.objects.filter(pk__in=traded).order_by("symbol").values_list("pk", "symbol")
    return {
        "wallet": [(str(pk), name) for pk, name in wallets],
        "instrument": [(str(pk), symbol) for pk, symbol in instruments],
    }


# --- reads for other apps and the API -------------------------------------------------------------------------------


def orders(
    *, owner_id: UUID, wallet_ids: Collection[UUID] | None = None, limit: int = PAGE_ROWS
) -> tuple[OrderRow, ...]:
    """The newest orders, of these wallets and below them if given: one query."""
    rows = _of(Order.objects.filter(owner_id=owner_id), wallet_ids)
    return tuple(map(order_row, rows.select_related("instrument", "wallet__parent").order_by("-created_at")[:limit]))


def fills(*, owner_id: UUID, wallet_ids: Collection[UUID] | None = None, limit: int = PAGE_ROWS) -> tuple[FillRow, ...]:
    """The newest fills, of these wallets and below them if given: one query."""
    rows = _of(Fill.objects.filter(owner_id=owner_id), wallet_ids)
    return tuple(map(fill_row, rows.select_related("instrument", "wallet")[:limit]))


def closed_positions(
    *, owner_id: UUID, wallet_ids: Collection[UUID] | None = None, limit: int = PAGE_ROWS
) -> tuple[TradeRow, ...]:
    """The round trips that ended last, of these wallets and below them if given: one query."""
    rows = _of(Position.objects.filter(owner_id=owner_id, closed_at__isnull=False), wallet_ids)
    return tuple(map(trade_row, rows.select_related("instrument", "wallet__parent").order_by("-closed_at")[:limit]))


# --- rows -----------------------------------------------------------------------------------------------------------


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
        filled_quantity=order.filled_quantity,
        reference_price=order.reference_price,
        average_price=order.average_price,
        notional=order.quantity * order.reference_price,
        status=order.status,
        status_label=order.get_status_display(),
        reason=order.reason,
        refusal=order.refusal,
        wallet_id=wallet.pk,
        wallet=wallet.name,
        farm=wallet.parent.name if wallet.parent else "",
        client_order_id=order.client_order_id,
        closed_at=order.closed_at,
    )


def fill_row(fill: Fill) -> FillRow:
    """The row of a fill loaded with its instrument and wallet."""
    return FillRow(
        id=fill.pk,
        order_id=fill.order_id,
        filled_at=fill.filled_at,
        symbol=fill.instrument.symbol,
        side=fill.side,
        price=fill.price,
        quantity=fill.quantity,
        notional=fill.notional,
        fee=fill.fee,
        fee_asset=fill.fee_asset,
        liquidity=fill.liquidity,
        venue_trade_id=fill.venue_trade_id,
        wallet_id=fill.wallet_id,
        wallet=fill.wallet.name,
    )


def trade_row(position: Position) -> TradeRow:
    """The row of a closed position loaded with its instrument and its wallet's parent."""
    instrument, wallet = position.instrument, position.wallet
    cost = position.entry_quantity * position.entry_price
    sold = position.exit_quantity
    closed_at = position.closed_at or position.opened_at
    return TradeRow(
        id=position.pk,
        instrument_id=instrument.pk,
        symbol=instrument.symbol,
        base=instrument.base,
        quote=instrument.quote,
        tick_size=instrument.tick_size,
        lot_size=instrument.lot_size,
        direction=position.direction,
        quantity=position.entry_quantity,
        entry_price=position.entry_price,
        exit_price=position.exit_price,
        break_even=(cost + position.fees) / sold if sold else None,
        fees=position.fees,
        pnl=position.realized_pnl,
        pnl_return=position.realized_pnl / cost if cost else None,
        entry_reason=position.entry_reason,
        exit_reason=position.exit_reason,
        wallet_id=wallet.pk,
        wallet=wallet.name,
        farm=wallet.parent.name if wallet.parent else "",
        opened_at=position.opened_at,
        closed_at=closed_at,
        duration=closed_at - position.opened_at,
    )


# --- how ------------------------------------------------------------------------------------------------------------


def _parsed(parse: Callable[[str], Any], text: str) -> Any:
    try:
        return parse(text) if text else None
    except ValueError:
        return None


def _about(text: str, *fields: str) -> Q:
    found = Q()
    if text:
        found |= Q(instrument__symbol__icontains=text) | Q(wallet__name__icontains=text)
        for field in fields:
            found |= Q(**{f"{field}__icontains": text})
    return found


def _of(rows: QuerySet[Any], wallet_ids: Collection[UUID] | None) -> QuerySet[Any]:
    return rows if wallet_ids is None else rows.filter(below(wallet_ids))


def _orders(owner_id: UUID, filters: Filters) -> QuerySet[Order]:
    rows = Order.objects.filter(
        filters.place() & filters.times("created_at") & _about(filters.text, "reason", "refusal", "client_order_id"),
        owner_id=owner_id,
    )
    if filters.side:
        rows = rows.filter(side=filters.side)
    if filters.status == "unfinished":
        rows = rows.unfinished()
    elif filters.status:
        rows = rows.filter(status=filters.status)
    return rows.select_related("instrument", "wallet__parent")


def _trades(owner_id: UUID, filters: Filters) -> QuerySet[Position]:
    return Position.objects.filter(
        filters.place() & filters.times("closed_at") & _about(filters.text, "entry_reason", "exit_reason"),
        owner_id=owner_id,
        closed_at__isnull=False,
    ).select_related("instrument", "wallet__parent")


def _positions(owner_id: UUID, filters: Filters, sort: str) -> list[PositionRow]:
    where = filters.place() & filters.times("opened_at") & _about(filters.text, "entry_reason")
    rows = open_positions(owner_id=owner_id, where=where)
    return sorted(rows, key=POSITION_SORTS[sort.removeprefix("-")], reverse=sort.startswith("-"))


def _known(sort: str, sorts: Mapping[str, Any], default: str) -> str:
    return sort if sort.removeprefix("-") in sorts else default


def _sorted(rows: QuerySet[Any], sorts: Mapping[str, Any], sort: str) -> QuerySet[Any]:
    expression = sorts[sort.removeprefix("-")]
    return rows.order_by(expression.desc() if sort.startswith("-") else expression.asc(), "-pk")


def _listing(
    rows: QuerySet[Any],
    sorts: Mapping[str, Any],
    sort: str,
    page: Any,
    filters: Filters,
    present: Callable[[Any], Row],
) -> Listing[Row]:
    found = Paginator(_sorted(rows, sorts, sort), PAGE_ROWS).get_page(page)
    found.object_list = [present(row) for row in found.object_list]
    return Listing(found, sort, filters)
