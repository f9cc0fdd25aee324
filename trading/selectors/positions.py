"""Open positions at the price that counts now."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db.models import Q
from django.urls import reverse

from kit import clock
from kit.errors import NotFoundError
from kit.paging import Pages
from kit.sentences import Sentence
from markets.prices import Quote, quoted, read_quote
from quant.margin import unrealized
from trading.models import Position
from trading.positions import accounting
from trading.positions.leveraged import leveraged
from trading.risk.fees import taker_fee
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


def open_positions(
    *, owner_id: UUID, wallet_ids: Collection[UUID] | None = None, where: Q | None = None
) -> tuple[PositionRow, ...]:
    """The owner's open positions, newest first, in one query; with `wallet_ids` those of these and below them."""
    rows = Position.objects.filter(where or Q(), owner_id=owner_id, closed_at=None).select_related(
        "instrument", "wallet__parent", "wallet__connection__platform"
    )
    if wallet_ids is not None:
        rows = rows.filter(below(wallet_ids))
    table = Position._meta.db_table
    found = [
        (position, read_quote(position.quote)) for position in rows.annotate(quote=quoted(f"{table}.instrument_id"))
    ]
    totals = _totals(found)
    return tuple(_row(position, mark, totals) for position, mark in found)


def open_position(*, owner_id: UUID, position_id: UUID) -> PositionRow:
    """One open position, or NotFoundError."""
    for row in open_positions(owner_id=owner_id, where=Q(pk=position_id)):
        return row
    raise NotFoundError("There is no such open position: it may be closed already.")


def _totals(marked: Iterable[tuple[Position, Quote | None]]) -> dict[str, Decimal]:
    totals: dict[str, Decimal] = {}
    for position, mark in marked:
        if mark is not None:
            quote = position.instrument.quote
            totals[quote] = totals.get(quote, Decimal(0)) + position.quantity * mark.price
    return totals


def _row(position: Position, mark: Quote | None, totals: dict[str, Decimal]) -> PositionRow:
    instrument, wallet = position.instrument, position.wallet
    cost = position.quantity * position.entry_price
    value = position.quantity * mark.price if mark else None
    profit = _profit(position, mark)
    total = totals.get(instrument.quote)
    return PositionRow(
        id=position.pk,
        wallet_id=wallet.pk,
        wallet=wallet.name,
        farm=wallet.parent.name if wallet.parent else "",
        instrument_id=instrument.pk,
        symbol=instrument.symbol,
        venue=instrument.venue,
        base=instrument.base,
        quote=instrument.quote,
        tick_size=instrument.tick_size,
        lot_size=instrument.lot_size,
        direction=position.direction,
        quantity=position.quantity,
        entry_price=position.entry_price,
        cost=cost,
        mark=mark.price if mark else None,
        mark_at=mark.at if mark else None,
        mark_source=mark.source if mark else "",
        value=value,
        unrealized_pnl=profit,
        unrealized_return=profit / cost if profit is not None and cost else None,
        share=value / total if value is not None and total else None,
        realized_pnl=position.realized_pnl,
        fees=position.fees,
        break_even=accounting.break_even(
            quantity=position.quantity,
            entry_price=position.entry_price,
            realized_pnl=position.realized_pnl,
            taker_fee=taker_fee(wallet),
            is_long=position.is_long,
        ),
        exit_stop=position.exit_stop,
        exit_target=position.exit_target,
        exit_trail=position.exit_trail,
        entry_reason=position.entry_reason,
        opened_at=position.opened_at,
        held_for=clock.now() - position.opened_at,
        is_paper=wallet.connection.is_paper,
        exit_fee=None if value is None else value * taker_fee(wallet),
        leverage=position.leverage,
        margin=position.margin,
        liquidation_price=position.liquidation_price,
        funding=position.funding,
    )


def _profit(position: Position, mark: Quote | None) -> Decimal | None:
    """What leaving it at the mark would win, before the fee; None without a price."""
    if mark is None:
        return None
    if position.margin is not None:
        return unrealized(leveraged(position), mark.price)
    return accounting.unrealized_pnl(quantity=position.quantity, entry_price=position.entry_price, price=mark.price)


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
