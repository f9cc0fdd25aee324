"""A trade in the position: bought is added, sold is taken away, and what is sold out is closed.

The rows of orders and positions are known here, and the alert that a closed position ends; what orders do with them,
and whom they alarm, is not.
"""

from dataclasses import replace
from decimal import Decimal
from uuid import UUID

from kit.alerts.services import resolve_alert
from trading.models import Order, Position
from trading.positions import accounting
from trading.risk.locks import after_trade
from wallets.venues.base import TradeReport


def _open_position(order: Order) -> Position | None:
    return (
        Position.objects.select_for_update(no_key=True)
        .filter(wallet_id=order.wallet_id, instrument_id=order.instrument_id, closed_at=None)
        .first()
    )


def _holding(position: Position) -> accounting.Holding:
    return accounting.Holding(
        quantity=position.quantity,
        entry_quantity=position.entry_quantity,
        entry_price=position.entry_price,
        exit_quantity=position.exit_quantity,
        exit_price=position.exit_price,
        fees=position.fees,
        realized_pnl=position.realized_pnl,
    )


def _write(position: Position, holding: accounting.Holding, trade: TradeReport) -> None:
    position.traded_at = trade.at
    position.quantity = holding.quantity
    position.entry_quantity = holding.entry_quantity
    position.entry_price = holding.entry_price
    position.exit_quantity = holding.exit_quantity
    position.exit_price = holding.exit_price
    position.fees = holding.fees
    position.realized_pnl = holding.realized_pnl


def add_to_position(order: Order, trade: TradeReport, execution: accounting.Execution) -> None:
    """Add what was bought, and let the order's levels protect the whole position from here on.

    A stop only ever moves up and follows no farther off: what was bought with less keeps the protection there was.
    """
    position = _open_position(order)
    if position is None:
        position = Position(
            owner_id=order.owner_id,
            wallet_id=order.wallet_id,
            instrument=order.instrument,
            direction=Position.Direction.LONG,
            entry_reason=order.reason,
            opened_at=trade.at,
        )
        holding = accounting.Holding()
    else:
        holding = _holding(position)
    _write(position, accounting.after_buy(holding, execution), trade)
    position.exit_stop = max(filter(None, (order.exit_stop, position.exit_stop)), default=None)
    position.exit_target = order.exit_target or position.exit_target
    position.exit_trail = min(filter(None, (order.exit_trail, position.exit_trail)), default=None)
    position.save()


def take_from_position(order: Order, trade: TradeReport, execution: accounting.Execution) -> Decimal:
    """Take what was sold out of the position; returns how much more was sold than it held, in base."""
    position = _open_position(order)
    if position is None:
        return execution.quantity
    oversold: Decimal = max(execution.quantity - position.quantity, Decimal(0))
    execution = replace(execution, quantity=execution.quantity - oversold)
    holding = accounting.after_sell(_holding(position), execution)
    if holding.quantity < order.instrument.lot_size:
        # Less than a lot cannot be sold: it stays in the wallet and the round trip is over.
        holding = replace(holding, quantity=Decimal(0))
        position.closed_at = trade.at
        position.exit_reason = order.reason
        resolve_alert(owner_id=position.owner_id, key=unprotected_key(position.pk))
    _write(position, holding, trade)
    position.save()
    if position.closed_at is not None:
        after_trade(position, by_stop=_was_stopped(order, position))
    return oversold


def _was_stopped(order: Order, position: Position) -> bool:
    """Whether the order carried out the stop, and not the target: it was placed nearer to it."""
    if order.protects_id is None or position.exit_stop is None:
        return False
    target = position.exit_target
    return target is None or order.reference_price - position.exit_stop < target - order.reference_price


def unprotected_key(position_id: UUID) -> str:
    """The alert that says that a position should be closed and cannot be; closing it ends it."""
    return f"unprotected:{position_id}"
