"""One position from its first fill to its last, or to now: what was bought and sold, what protects it, what it made."""

from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from typing import Final
from uuid import UUID

from django.db.models import Q

from kit import clock
from kit.errors import NotFoundError
from markets.candles.reading import candles_around
from quant.candles import Candles
from trading.models import RESTING_STOP, Fill, Order, Position
from trading.models.orders import LEAVES, UNFINISHED
from trading.selectors.orders import OrderRow, order_row
from trading.selectors.positions import PositionRow, open_positions
from trading.selectors.trades import FillRow, TradeRow, fill_row, trade_row

MOST_FILLS: Final = 200
MOST_BARS: Final = 240
THERE: Final = (Order.Status.OPEN, Order.Status.PARTIALLY_FILLED)


@dataclass(frozen=True)
class RoundTrip:
    """`now` while it is open, `trade` once it is closed; fills and their orders oldest first.

    Of a position with more than `MOST_FILLS` the newest are listed, and `is_cut` says so. Of a trade that turned one
    position into another each has its part.
    """

    position: Position
    now: PositionRow | None
    trade: TradeRow | None
    fills: tuple[FillRow, ...]
    orders: tuple[OrderRow, ...]
    is_cut: bool

    @property
    def row(self) -> PositionRow | TradeRow:
        """What both say of it."""
        found = self.now or self.trade
        assert found is not None  # noqa: S101 - it is either
        return found

    @property
    def entries(self) -> tuple[FillRow, ...]:
        return tuple(fill for fill in self.fills if (fill.side == "buy") == self.position.is_long)

    @property
    def exits(self) -> tuple[FillRow, ...]:
        return tuple(fill for fill in self.fills if (fill.side == "sell") == self.position.is_long)

    @property
    def stop_rests(self) -> bool:
        """Whether the venue has its stop now."""
        return any(order.type == Order.Type.STOP and order.status in THERE for order in self.orders)

    @cached_property
    def market(self) -> tuple[str, Candles]:
        """Timeframe and candles of its market from before the entry until after the exit: two queries."""
        until = self.position.closed_at or clock.now()
        return candles_around(
            instrument_id=self.position.instrument_id, since=self.position.opened_at, until=until, bars=MOST_BARS
        )


def round_trip(*, owner_id: UUID, position_id: UUID) -> RoundTrip:
    """Everything about one position: four queries. Raises NotFoundError, also for somebody else's."""
    position = (
        Position.objects.filter(owner_id=owner_id, pk=position_id)
        .select_related("instrument", "wallet__parent", "wallet__connection__platform")
        .first()
    )
    if position is None:
        raise NotFoundError("There is no such position: choose one of yours.")
    fills = _fills(position)
    listed = fills[:MOST_FILLS][::-1]
    is_open = position.closed_at is None
    now = next(iter(open_positions(owner_id=owner_id, where=Q(pk=position_id))), None) if is_open else None
    return RoundTrip(
        position=position,
        now=now,
        trade=None if now else trade_row(position),
        fills=_parts(position, tuple(map(fill_row, listed)), is_cut=len(fills) > MOST_FILLS),
        orders=_orders(position, {fill.order_id for fill in listed}),
        is_cut=len(fills) > MOST_FILLS,
    )


def _fills(position: Position) -> list[Fill]:
    """Those of its wallet and market while it lasted, newest first: its first and its last are at its own moments."""
    rows = Fill.objects.filter(
        owner_id=position.owner_id,
        wallet_id=position.wallet_id,
        instrument_id=position.instrument_id,
        filled_at__gte=position.opened_at,
    )
    if position.closed_at is not None:
        rows = rows.filter(filled_at__lte=position.closed_at)
    return list(rows.select_related("instrument", "wallet").order_by("-filled_at", "-pk")[: MOST_FILLS + 1])


def _parts(position: Position, fills: tuple[FillRow, ...], *, is_cut: bool) -> tuple[FillRow, ...]:
    """Of a perpetual, whose positions one trade may turn round: what of the first trade opened it, as far as it is
    listed, and what of the last one closed it."""
    if position.leverage is None or not fills:
        return fills
    rows = list(fills)
    opens = "buy" if position.is_long else "sell"
    for at, is_entry, whole in ((0, True, position.entry_quantity), (-1, False, position.exit_quantity)):
        if (is_entry and is_cut) or (not is_entry and (is_cut or position.closed_at is None)):
            continue
        more = sum((one.quantity for one in rows if (one.side == opens) == is_entry), Decimal(0)) - whole
        if 0 < more < rows[at].quantity and (rows[at].side == opens) == is_entry:
            part = rows[at].part(rows[at].quantity - more)
            rows[at] = replace(part, realized=Decimal(0)) if is_entry else part  # it realized by what it closed
    return tuple(rows)


def _orders(position: Position, filled: set[UUID]) -> tuple[OrderRow, ...]:
    """The orders that were filled, those that carry out its stop or its target, and what else rests and would close it;
    of the stops that rested at the venue and moved, the one that is there."""
    belongs = Q(pk__in=filled) | Q(protects_id=position.pk)
    if position.closed_at is None:
        belongs |= UNFINISHED & LEAVES & Q(wallet_id=position.wallet_id, instrument_id=position.instrument_id)
    rows = Order.objects.filter(belongs, owner_id=position.owner_id)
    rows = rows.exclude(RESTING_STOP, filled_quantity=0, closed_at__isnull=False)
    return tuple(map(order_row, rows.select_related("instrument", "wallet__parent").order_by("created_at")))
