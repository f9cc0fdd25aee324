"""A trade in a position in a perpetual: it opens, adds, reduces, closes, or turns it round.

What a trade does to what was opened, its margin and what it realizes, `quant.margin` says; here it becomes rows. What
turns a position round ends it and opens another, each with its part of the fee.
"""

from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from kit.alerts.services import resolve_alert
from markets.models import Instrument
from quant.margin import Leveraged, after_trade, liquidation_price, unrealized
from trading.models import Order, Position, Side
from trading.positions.filling import exit_cause, open_position, unprotected_key, was_stopped
from trading.risk.locks import after_trade as lock_after
from trading.risk.sizing import UNIT
from wallets.models import Transfer
from wallets.venues.base import TradeReport

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Traded:
    """What a trade did: what was realized before the fee, what stands there now, and what held the margin before.

    `closed` is the position that it ended, `open` the one that is open after it.
    """

    realized: Decimal
    after: Leveraged
    held_by: Transfer | None
    closed: Position | None
    open: Position | None


def leveraged(position: Position | None) -> Leveraged:
    """The position's figures as `quant.margin` has them."""
    if position is None:
        return Leveraged()
    quantity: Decimal = position.quantity if position.is_long else -position.quantity
    return Leveraged(quantity, position.cost or ZERO, position.margin or ZERO)


def trade_position(order: Order, trade: TradeReport) -> Traded:
    """The rows after the trade, not yet written (`write`)."""
    position = open_position(order, "hold")
    before = leveraged(position)
    change = trade.quantity if order.side == Side.BUY else -trade.quantity
    leverage = order.leverage or Decimal(1)
    after, realized = after_trade(before, change, trade.price, leverage)
    closes = min(trade.quantity, before.size) if before.quantity * change < 0 else ZERO
    fee_of_closing = (trade.fee * closes / trade.quantity).quantize(UNIT)
    held_by = None if position is None else position.hold
    closed = None
    if position is not None and closes:
        _reduce(position, trade, closes, realized, fee_of_closing)
        if not after.quantity or after.quantity * before.quantity < 0:
            closed, position = _close(position, order, trade), None
    opens = trade.quantity - closes
    if opens:
        position = _open(position, order, trade, opens, trade.fee - fee_of_closing)
    if position is not None:
        stand(position, after, order)
        position.traded_at = trade.at
    return Traded(realized, after, held_by, closed, position)


def write(traded: Traded, order: Order) -> None:
    """Write them."""
    if traded.closed is not None:
        traded.closed.save()
        resolve_alert(owner_id=order.owner_id, key=unprotected_key(traded.closed.pk))
        lock_after(traded.closed, by_stop=was_stopped(order, traded.closed))
    if traded.open is not None:
        traded.open.save()


def standing(wallet_id: UUID, instrument_id: int) -> Leveraged:
    """What the wallet has in the perpetual now."""
    there = Position.objects.filter(wallet_id=wallet_id, instrument_id=instrument_id, closed_at=None)
    return leveraged(there.filter(margin__isnull=False).first())


def freed_by_leaving(*, wallet_id: UUID, instrument: Instrument, price: Decimal) -> Decimal:
    """What of the settle asset is free again once a wallet has left its position at `price`, before the fee; what it
    loses more than its margin is less than nothing."""
    held = standing(wallet_id, instrument.pk)
    return held.margin + unrealized(held, price) if held.quantity else ZERO


def once_filled(order: Order) -> tuple[Leveraged, Decimal] | None:
    """What would stand in the perpetual once the order was filled at the price that it is measured by, and what would
    be realized by that before the fee; None on spot."""
    if order.leverage is None or not order.reference_price:
        return None
    change = order.quantity if order.side == Side.BUY else -order.quantity
    held = standing(order.wallet_id, order.instrument_id)
    return after_trade(held, change, order.reference_price, order.leverage)


def stand(position: Position, held: Leveraged, order: Order | None = None) -> None:
    """Let the row say what stands there: size, cost, margin, and where it is liquidated."""
    instrument = position.instrument if order is None else order.instrument
    position.quantity, position.cost, position.margin = held.size, held.cost, held.margin
    position.entry_price = held.entry_price
    position.liquidation_price = liquidation_price(held, instrument.maintenance_margin or ZERO)


def _reduce(position: Position, trade: TradeReport, quantity: Decimal, realized: Decimal, fee: Decimal) -> None:
    left = (position.exit_price or ZERO) * position.exit_quantity + trade.price * quantity
    position.exit_quantity += quantity
    position.exit_price = (left / position.exit_quantity).quantize(UNIT)
    position.fees = (position.fees + fee).quantize(UNIT)
    position.realized_pnl = (position.realized_pnl + realized - fee).quantize(UNIT)


def _close(position: Position, order: Order, trade: TradeReport) -> Position:
    position.quantity = position.cost = position.margin = ZERO
    position.liquidation_price = None
    position.closed_at = position.traded_at = trade.at
    position.exit_reason, position.exit_cause = order.reason, exit_cause(order, position)
    return position


def _open(position: Position | None, order: Order, trade: TradeReport, quantity: Decimal, fee: Decimal) -> Position:
    """Open it or add to it; the order's levels protect the whole of it from here on, and a stop only comes nearer."""
    if position is None:
        position = Position(
            owner_id=order.owner_id,
            wallet_id=order.wallet_id,
            instrument=order.instrument,
            direction=Position.Direction.LONG if order.side == Side.BUY else Position.Direction.SHORT,
            entry_quantity=ZERO,
            fees=ZERO,
            realized_pnl=ZERO,
            entry_reason=order.reason,
            opened_at=trade.at,
        )
    nearest = max if position.is_long else min
    position.entry_quantity += quantity
    position.fees = (position.fees + fee).quantize(UNIT)
    position.realized_pnl = (position.realized_pnl - fee).quantize(UNIT)
    position.leverage = order.leverage or Decimal(1)
    position.exit_stop = nearest(filter(None, (order.exit_stop, position.exit_stop)), default=None)
    position.exit_target = order.exit_target or position.exit_target
    position.exit_trail = min(filter(None, (order.exit_trail, position.exit_trail)), default=None)
    return position
