"""Fills, and round trips with what they made."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.db.models import Count, DurationField, ExpressionWrapper, F, Q, QuerySet, Sum
from django.urls import reverse

from kit import days
from kit.models import MoneyField
from kit.paging import MOST
from kit.sentences import Sentence
from trading.models import Fill, Position
from trading.models.positions import RETURN
from trading.selectors.filters import (
    EXPORT_ROWS,
    PAGE_ROWS,
    Filters,
    Listing,
    about,
    closed_below,
    in_order,
    known,
    listing,
    newest,
    orders_address,
    place,
)


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
    realized: Decimal | None = None
    whole: Decimal | None = None

    def part(self, quantity: Decimal) -> "FillRow":
        """So much of it, with its share of the fee; `whole` says of how much."""
        share = quantity / self.quantity
        return replace(
            self, quantity=quantity, notional=self.notional * share, fee=self.fee * share, whole=self.quantity
        )


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
    entry_reason: Sentence
    exit_reason: Sentence
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

    @property
    def address(self) -> str:
        """The page of the position."""
        return reverse("trading:position", args=(self.id,))


# Each has an index, as for orders.
TRADE_SORTS: Final = {
    "closed": F("closed_at"),
    "pnl": F("realized_pnl"),
    "return": ExpressionWrapper(RETURN, output_field=MoneyField()),
    "fees": F("fees"),
    "duration": ExpressionWrapper(F("closed_at") - F("opened_at"), output_field=DurationField()),
}


def list_trades(*, owner_id: UUID, filters: Filters, sort: str = "", page: Any = 1) -> Listing[TradeRow]:
    """A page of closed positions, last closed first unless sorted otherwise: two queries."""
    sort = known(sort, TRADE_SORTS, "-closed")
    return listing(_trades(owner_id, filters), TRADE_SORTS, sort, page, filters, trade_row, newest="closed_at")


def export_trades(*, owner_id: UUID, filters: Filters, sort: str = "", start: int = 0) -> list[TradeRow]:
    """The next rows of an export, from `start` on; empty at the end."""
    rows = in_order(_trades(owner_id, filters), TRADE_SORTS, known(sort, TRADE_SORTS, "-closed"), newest="closed_at")
    return [trade_row(position) for position in rows[start : start + EXPORT_ROWS]]


def fills(*, owner_id: UUID, wallet_ids: Collection[UUID] | None = None, limit: int = PAGE_ROWS) -> tuple[FillRow, ...]:
    """The newest fills, of these wallets and below them if given: one query."""
    rows = newest(Fill.objects.filter(owner_id=owner_id), wallet_ids, by="filled_at", limit=limit)
    return tuple(map(fill_row, rows.select_related("instrument", "wallet")))


@dataclass(frozen=True, slots=True)
class TradeFigures:
    """Of trades closed in a period: fractions, and money in `quote`; `won` and `lost` are their sums, above zero. None
    where there is no such trade, or where trades are paid in several assets and cannot be added: `quote` is None then.
    """

    trades: int
    quote: str | None
    win_rate: float | None
    profit_factor: float | None
    expectancy: float | None
    average_win: float | None
    average_loss: float | None
    won_trades: int
    lost_trades: int
    won: Decimal | None
    lost: Decimal | None


def trade_figures(*, owner_id: UUID, since: datetime, wallet_ids: Collection[UUID] | None = None) -> TradeFigures:
    """The figures of the trades closed from `since` on, of these wallets and below them if given: one query."""
    trades, won_trades, lost_trades, won, lost, _, quote = _sums(owner_id, since, wallet_ids)
    return figures_of(trades, won_trades, lost_trades, won, lost, quote=quote)


def trade_figures_each(*, owner_id: UUID, since: datetime, wallet_ids: Collection[UUID]) -> dict[UUID, TradeFigures]:
    """The same of each of the wallets and what is below it by itself: one query for all."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT wallet, sums.* FROM unnest(%s::uuid[]) AS wallet "
            "CROSS JOIN LATERAL trade_sums(%s, %s, ARRAY[wallet], NULL, NULL) AS sums",
            [list(wallet_ids), owner_id, since],
        )
        rows = cursor.fetchall()
    return {wallet_id: figures_of(*sums, quote=quote) for wallet_id, *sums, _, quote in rows}


def trade_figures_between(
    *, owner_id: UUID, since: datetime, until: datetime | None, adds: Collection[UUID], takes: Collection[UUID] = ()
) -> TradeFigures:
    """Of the trades closed from `since` on and before `until`, of the wallets `adds` and below them, without those
    of `takes` and below: one query, two where something is taken out."""
    *found, _, quote = _sums(owner_id, since, adds, until)
    if takes:
        *other, _, _ = _sums(owner_id, since, takes, until)
        found = [one - less for one, less in zip(found, other, strict=True)]
    return figures_of(*found, quote=quote)


def _sums(
    owner_id: UUID,
    since: datetime | None,
    wallet_ids: Collection[UUID] | None,
    until: datetime | None = None,
    instrument_id: int | None = None,
) -> tuple[Any, ...]:
    given = [owner_id, since, None if wallet_ids is None else list(wallet_ids), until, instrument_id]
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM trade_sums(%s, %s, %s::uuid[], %s, %s)", given)
        found: tuple[Any, ...] = cursor.fetchone()
    return found


@dataclass(frozen=True, slots=True)
class TradeSum:
    """What the trades of a list come to: profit net of fees, and the fees, in `quote`. It is None where they are paid
    in several assets, which cannot be added. `is_cut` says that only the newest `MOST` were counted.
    """

    trades: int
    won_trades: int
    pnl: Decimal
    fees: Decimal
    quote: str | None
    is_cut: bool = False

    @property
    def win_rate(self) -> float | None:
        return self.won_trades / self.trades if self.trades else None


def sum_trades(*, owner_id: UUID, filters: Filters) -> TradeSum:
    """The sum of all that `list_trades` finds, not only of a page: one query.

    It comes from what the database keeps summed up; a text has no sums, so of what it finds the newest `MOST` count.
    """
    if filters.text:
        return _sum_of_found(owner_id, filters)
    since = days.begins(filters.since) if filters.since else None
    until = days.ends(filters.until) if filters.until else None
    wallets = None if filters.wallet_id is None else [filters.wallet_id]
    trades, won_trades, _, won, lost, fees, quote = _sums(owner_id, since, wallets, until, filters.instrument_id)
    return TradeSum(trades, won_trades, won - lost, fees, quote)


def _sum_of_found(owner_id: UUID, filters: Filters) -> TradeSum:
    newest_found = _trades(owner_id, filters).order_by("-closed_at").values("pk")[:MOST]
    found = list(
        Position.objects.filter(pk__in=newest_found)
        .order_by()
        .values("instrument__quote")
        .annotate(
            trades=Count("pk"), won=Count("pk", filter=Q(realized_pnl__gt=0)), pnl=Sum("realized_pnl"), paid=Sum("fees")
        )
    )
    trades = sum(row["trades"] for row in found)
    return TradeSum(
        trades=trades,
        won_trades=sum(row["won"] for row in found),
        pnl=sum((row["pnl"] for row in found), Decimal(0)),
        fees=sum((row["paid"] for row in found), Decimal(0)),
        quote=found[0]["instrument__quote"] if len(found) == 1 else None,
        is_cut=trades == MOST,
    )


@dataclass(frozen=True, slots=True)
class TradeCounts:
    """Of trades closed in a span of time; those of exactly zero are neither won nor lost."""

    trades: int = 0
    won: int = 0
    lost: int = 0


def trade_counts(
    *, owner_id: UUID, spans: Sequence[tuple[datetime, datetime]], wallet_ids: Collection[UUID] | None = None
) -> list[TradeCounts]:
    """The trades closed in each span, from its beginning to before its end; one query, however many there were."""
    found = [TradeCounts()] * len(spans)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT * FROM trades_of_spans(%s, %s::timestamptz[], %s::timestamptz[], %s::uuid[])",
            [
                owner_id,
                [begins for begins, _ in spans],
                [ends for _, ends in spans],
                None if wallet_ids is None else list(wallet_ids),
            ],
        )
        for place, *counts in cursor.fetchall():
            found[place - 1] = TradeCounts(*counts)
    return found


def figures_of(
    trades: int | Decimal,
    won_trades: int | Decimal,
    lost_trades: int | Decimal,
    won: Decimal,
    lost: Decimal,
    *,
    quote: str | None,
) -> TradeFigures:
    """What the sums of the SQL function `trade_sums` say; the definitions are those of `quant.metrics.trades`."""
    adds_up = quote is not None
    return TradeFigures(
        trades=int(trades),
        quote=quote,
        win_rate=float(won_trades / trades) if trades else None,
        profit_factor=float(won / lost) if lost and adds_up else None,
        expectancy=float((won - lost) / trades) if trades and adds_up else None,
        average_win=float(won / won_trades) if won_trades and adds_up else None,
        average_loss=float(-lost / lost_trades) if lost_trades and adds_up else None,
        won_trades=int(won_trades),
        lost_trades=int(lost_trades),
        won=won if adds_up else None,
        lost=lost if adds_up else None,
    )


def closed_positions(
    *, owner_id: UUID, wallet_ids: Collection[UUID] | None = None, limit: int = PAGE_ROWS
) -> tuple[TradeRow, ...]:
    """The round trips that ended last, of these wallets and below them if given: one query."""
    closed = Position.objects.filter(owner_id=owner_id, closed_at__isnull=False)
    rows = newest(closed, wallet_ids, by="closed_at", limit=limit)
    return tuple(map(trade_row, rows.select_related("instrument", "wallet__parent")))


def trades_since(
    *, owner_id: UUID, since: datetime, until: datetime, wallet_ids: Collection[UUID] | None = None, limit: int
) -> Sequence[TradeRow]:
    """The newest of the trades closed from `since` on and before `until`, which figures are of: one query."""
    closed = Position.objects.filter(owner_id=owner_id, closed_at__gte=since, closed_at__lt=until)
    if wallet_ids is not None:
        closed = closed.filter(closed_below(wallet_ids))
    rows = closed.select_related("instrument", "wallet__parent").order_by("-closed_at", "-pk")[:limit]
    return [trade_row(row) for row in rows]


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
        realized=fill.realized,
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
        break_even=(cost + position.fees * (1 if position.is_long else -1)) / sold if sold else None,
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


def _trades(owner_id: UUID, filters: Filters) -> QuerySet[Position]:
    return Position.objects.filter(
        filters.place(closed_below) & filters.times("closed_at") & about(filters.text, "entry_reason", "exit_reason"),
        owner_id=owner_id,
        closed_at__isnull=False,
    ).select_related("instrument", "wallet__parent")
