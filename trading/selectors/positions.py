"""Open positions at the price that counts now."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.db.models import Q, QuerySet
from django.urls import reverse

from kit import clock
from kit.errors import NotFoundError
from kit.paging import Pages
from kit.sentences import Sentence
from kit.statements import Statement
from markets.prices import Quote, quotes
from quant.margin import Leveraged, unrealized
from trading.models import Position
from trading.positions import accounting
from trading.risk.fees import taker_fee_of
from trading.selectors.filters import (
    EXPORT_ROWS,
    PAGE_ROWS,
    Filters,
    Listing,
    about,
    below,
    known,
    orders_address,
    place,
)


@dataclass(frozen=True, slots=True)
class PositionRow:
    """An open position. Quantities in base, prices and amounts in quote, shares and returns as fractions.

    What depends on the price is None while there is none; `mark_at` and `mark_source` say where it came from. `share`
    is of the value of all rows that were asked for with the same quote asset.
    """

    id: UUID
    wallet_id: UUID
    wallet: str
    farm: str
    instrument_id: int
    symbol: str
    venue: str
    base: str
    quote: str
    tick_size: Decimal
    lot_size: Decimal
    direction: str
    quantity: Decimal
    entry_price: Decimal
    cost: Decimal
    mark: Decimal | None
    mark_at: datetime | None
    mark_source: str
    value: Decimal | None
    unrealized_pnl: Decimal | None
    unrealized_return: Decimal | None
    share: Decimal | None
    realized_pnl: Decimal
    fees: Decimal
    break_even: Decimal | None
    exit_stop: Decimal | None
    exit_target: Decimal | None
    exit_trail: Decimal | None
    entry_reason: Sentence
    opened_at: datetime
    held_for: timedelta
    is_paper: bool
    exit_fee: Decimal | None
    leverage: Decimal | None
    margin: Decimal | None
    margin_shortfall: Decimal
    liquidation_price: Decimal | None
    funding: Decimal

    @property
    def is_long(self) -> bool:
        return self.direction == Position.Direction.LONG

    @property
    def margin_mode(self) -> str:
        """How its margin is kept: what stands for it is all that it can lose; "" on spot."""
        return "" if self.margin is None else "isolated"

    @property
    def liquidation_distance(self) -> Decimal | None:
        """How far the price has to go until it is liquidated, a fraction of the price."""
        if not self.mark or self.liquidation_price is None:
            return None
        return abs(1 - self.liquidation_price / self.mark)

    @property
    def profit_if_left(self) -> Decimal | None:
        """What the position would have made if all of it were sold at the mark now, all fees paid."""
        if self.unrealized_pnl is None or self.exit_fee is None:
            return None
        return self.unrealized_pnl + self.realized_pnl - self.exit_fee

    @property
    def place(self) -> str:
        """Where it belongs: farm and wallet."""
        return place(self.farm, self.wallet)

    @property
    def at_risk(self) -> Decimal | None:
        """What it is worth now more than at its stop, in quote; 0 below it, None without a stop or a price."""
        if self.mark is None or self.exit_stop is None:
            return None
        away = self.mark - self.exit_stop if self.is_long else self.exit_stop - self.mark
        return max(Decimal(0), away * self.quantity)

    @property
    def stop_distance(self) -> Decimal | None:
        """How far the price has to go to the stop, a fraction of the price."""
        if not self.mark or self.exit_stop is None:
            return None
        away = 1 - self.exit_stop / self.mark
        return away if self.is_long else -away

    @property
    def orders_address(self) -> str:
        """The orders it came from."""
        return orders_address(self.wallet_id, self.instrument_id, since=self.opened_at)

    @property
    def address(self) -> str:
        """The page of the position."""
        return reverse("trading:position", args=(self.id,))

    @property
    def is_simulated(self) -> bool:
        return self.mark_source == "simulated"


class _Found(NamedTuple):
    """What is read of an open position; the names are those of the query's columns."""

    pk: UUID
    wallet_id: UUID
    wallet__name: str
    wallet__parent__name: str | None
    wallet__connection__is_paper: bool
    wallet__connection__platform__fees: dict[str, Any]
    instrument_id: int
    instrument__symbol: str
    instrument__venue: str
    instrument__base: str
    instrument__quote: str
    instrument__tick_size: Decimal
    instrument__lot_size: Decimal
    direction: str
    quantity: Decimal
    entry_price: Decimal
    realized_pnl: Decimal
    fees: Decimal
    exit_stop: Decimal | None
    exit_target: Decimal | None
    exit_trail: Decimal | None
    leverage: Decimal | None
    cost: Decimal | None
    margin: Decimal | None
    margin_shortfall: Decimal
    liquidation_price: Decimal | None
    funding: Decimal
    entry_reason: Sentence
    opened_at: datetime

    @property
    def is_long(self) -> bool:
        return self.direction == Position.Direction.LONG


def _open(owner_id: UUID) -> QuerySet[Position, Any]:
    return Position.objects.filter(owner_id=owner_id, closed_at=None).values_list(*_Found._fields)


_OPEN: Final = Statement(_open)


def open_positions(
    *, owner_id: UUID, wallet_ids: Collection[UUID] | None = None, where: Q | None = None
) -> tuple[PositionRow, ...]:
    """The owner's open positions, newest first, in two queries; with `wallet_ids` those of these and below them."""
    if wallet_ids is None and not where:
        found = [_Found(*row) for row in _OPEN.rows(owner_id=owner_id)]
    else:
        within = (where or Q()) & (Q() if wallet_ids is None else below(wallet_ids))
        found = [_Found(*row) for row in _open(owner_id).filter(within)]
    marks = quotes(instrument_ids={row.instrument_id for row in found}) if found else {}
    totals = _totals(found, marks)
    return tuple(_row(row, marks.get(row.instrument_id), totals) for row in found)


def newest_open_positions(
    *,
    owner_id: UUID,
    wallet_ids: Collection[UUID] | None = None,
    symbol: str | None = None,
    before: tuple[datetime, UUID] | None = None,
    limit: int,
) -> tuple[PositionRow, ...]:
    """The first `limit` of the same that were opened before that place, of one market if it is named, in two queries.

    No `share` of all is told, because the others are not read.
    """
    where = Q() if wallet_ids is None else below(wallet_ids)
    if symbol is not None:
        where &= Q(instrument__symbol=symbol)
    if before is not None:
        opened_at, pk = before
        where &= Q(opened_at__lt=opened_at) | Q(opened_at=opened_at, pk__lt=pk)
    rows = _newest(owner_id, limit, where) if where else _newest_of_all(limit).rows(owner_id=owner_id)
    found = [_Found(*row) for row in rows]
    marks = quotes(instrument_ids={row.instrument_id for row in found}) if found else {}
    return tuple(_row(row, marks.get(row.instrument_id), {}) for row in found)


def _newest(owner_id: UUID, limit: int, where: Q) -> QuerySet[Position, Any]:
    return _open(owner_id).filter(where).order_by("-opened_at", "-pk")[:limit]


@cache
def _newest_of_all(limit: int) -> Statement:
    return Statement(lambda owner_id: _newest(owner_id, limit, Q()))


def open_position(*, owner_id: UUID, position_id: UUID) -> PositionRow:
    """One open position, or NotFoundError."""
    for row in open_positions(owner_id=owner_id, where=Q(pk=position_id)):
        return row
    raise NotFoundError("There is no such open position: it may be closed already.")


def _totals(found: Iterable[_Found], marks: Mapping[int, Quote]) -> dict[str, Decimal]:
    totals: dict[str, Decimal] = {}
    for row in found:
        if (mark := marks.get(row.instrument_id)) is not None:
            quote = row.instrument__quote
            totals[quote] = totals.get(quote, Decimal(0)) + row.quantity * mark.price
    return totals


def _row(found: _Found, mark: Quote | None, totals: dict[str, Decimal]) -> PositionRow:
    cost = found.quantity * found.entry_price
    value = found.quantity * mark.price if mark else None
    profit = _profit(found, mark)
    total = totals.get(found.instrument__quote)
    fee = taker_fee_of(found.wallet__connection__platform__fees)
    return PositionRow(
        id=found.pk,
        wallet_id=found.wallet_id,
        wallet=found.wallet__name,
        farm=found.wallet__parent__name or "",
        instrument_id=found.instrument_id,
        symbol=found.instrument__symbol,
        venue=found.instrument__venue,
        base=found.instrument__base,
        quote=found.instrument__quote,
        tick_size=found.instrument__tick_size,
        lot_size=found.instrument__lot_size,
        direction=found.direction,
        quantity=found.quantity,
        entry_price=found.entry_price,
        cost=cost,
        mark=mark.price if mark else None,
        mark_at=mark.at if mark else None,
        mark_source=mark.source if mark else "",
        value=value,
        unrealized_pnl=profit,
        unrealized_return=profit / cost if profit is not None and cost else None,
        share=value / total if value is not None and total else None,
        realized_pnl=found.realized_pnl,
        fees=found.fees,
        break_even=accounting.break_even(
            quantity=found.quantity,
            entry_price=found.entry_price,
            realized_pnl=found.realized_pnl,
            taker_fee=fee,
            is_long=found.is_long,
        ),
        exit_stop=found.exit_stop,
        exit_target=found.exit_target,
        exit_trail=found.exit_trail,
        entry_reason=found.entry_reason,
        opened_at=found.opened_at,
        held_for=clock.now() - found.opened_at,
        is_paper=found.wallet__connection__is_paper,
        exit_fee=None if value is None else value * fee,
        leverage=found.leverage,
        margin=found.margin,
        margin_shortfall=found.margin_shortfall,
        liquidation_price=found.liquidation_price,
        funding=found.funding,
    )


def _profit(found: _Found, mark: Quote | None) -> Decimal | None:
    """What leaving it at the mark would win, before the fee; None without a price."""
    if mark is None:
        return None
    if found.margin is not None:
        quantity = found.quantity if found.is_long else -found.quantity
        return unrealized(Leveraged(quantity, found.cost or Decimal(0), found.margin), mark.price)
    return accounting.unrealized_pnl(quantity=found.quantity, entry_price=found.entry_price, price=mark.price)


POSITION_SORTS: Final[dict[str, Callable[[PositionRow], Any]]] = {
    "opened": lambda row: row.opened_at,
    "symbol": lambda row: row.symbol,
    "value": lambda row: row.value or Decimal(0),
    "pnl": lambda row: row.unrealized_pnl or Decimal(0),
    "return": lambda row: row.unrealized_return or Decimal(0),
    "wallet": lambda row: row.wallet,
}


def list_positions(*, owner_id: UUID, filters: Filters, sort: str = "", page: Any = 1) -> Listing[PositionRow]:
    """A page of open positions; they are all priced before they are sorted, since value and profit need the price."""
    sort = known(sort, POSITION_SORTS, "-value")
    return Listing(Pages(_positions(owner_id, filters, sort), PAGE_ROWS).get_page(page), sort, filters)


def export_positions(*, owner_id: UUID, filters: Filters, sort: str = "", start: int = 0) -> list[PositionRow]:
    """The next rows of an export, from `start` on; empty at the end."""
    rows = _positions(owner_id, filters, known(sort, POSITION_SORTS, "-value"))
    return rows[start : start + EXPORT_ROWS]


def _positions(owner_id: UUID, filters: Filters, sort: str) -> list[PositionRow]:
    where = filters.place() & filters.times("opened_at") & about(filters.text, "entry_reason")
    rows = open_positions(owner_id=owner_id, where=where)
    return sorted(rows, key=POSITION_SORTS[sort.removeprefix("-")], reverse=sort.startswith("-"))
