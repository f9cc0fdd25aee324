"""A trade in the position: bought is added, sold is taken away, and what is sold out is closed.

The rows of orders and positions are known here, and the alert that a closed position ends; what orders do with them,
and whom they alarm, is not.
"""

from dataclasses import dataclass, replace
from decimal import Decimal
from uuid import UUID

from django.db.models import Sum

from kit.alerts.services import resolve_alert
from kit.models import joined_again
from trading.models import Order, Position
from trading.positions import accounting, late
from trading.risk.locks import after_trade
from trading.risk.proposals import dust
from wallets.models import Account
from wallets.venues.base import TradeReport


def open_position(order: Order, *related: str) -> Position | None:
    """The order's open position, locked, if there is one."""
    rows = Position.objects.select_for_update(no_key=True, of=("self",))
    rows = rows.select_related(*related) if related else rows
    position = rows.filter(wallet_id=order.wallet_id, instrument_id=order.instrument_id, closed_at=None).first()
    return None if position is None else joined_again(position)


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


def _write(position: Position, order: Order, holding: accounting.Holding, trade: TradeReport) -> None:
    position.traded_at = trade.at
    position.quantity = holding.quantity
    position.entry_quantity = holding.entry_quantity
    position.entry_price = holding.entry_price
    position.exit_quantity = holding.exit_quantity
    position.exit_price = holding.exit_price
    position.fees = holding.fees
    earned, position.realized_pnl = holding.realized_pnl - position.realized_pnl, holding.realized_pnl
    if earned or trade.fee:
        told = late.Earned(
            position.owner_id, position.wallet_id, order.instrument.quote, earned, trade.fee, trade.fee_asset, trade.at
        )
        late.tell(told)


def add_to_position(order: Order, trade: TradeReport, execution: accounting.Execution) -> None:
    """Add what was bought, and let the order's levels protect the whole position from here on.

    A stop only ever moves up and follows no farther off: what was bought with less keeps the protection there was.
    """
    position = open_position(order)
    if position is None:
        position = Position(
            owner_id=order.owner_id,
            wallet_id=order.wallet_id,
            instrument=order.instrument,
            direction=Position.Direction.LONG,
            entry_reason=order.reason,
            opened_at=trade.at,
        )
        holding = _with_dust(order, execution)
    else:
        holding = _holding(position)
    _write(position, order, accounting.after_buy(holding, execution), trade)
    position.exit_stop = max(filter(None, (order.exit_stop, position.exit_stop)), default=None)
    position.exit_target = order.exit_target or position.exit_target
    position.exit_trail = min(filter(None, (order.exit_trail, position.exit_trail)), default=None)
    position.save()


def _with_dust(order: Order, execution: accounting.Execution) -> accounting.Holding:
    """What a new position begins with: the dust that trades before it left in the wallet, at the price of now. So it is
    sold with the position once it is a whole lot, and never adds up to money that no position knows."""
    instrument = order.instrument
    same_asset = Position.objects.filter(
        wallet_id=order.wallet_id, instrument__base=instrument.base, closed_at=None, leverage=None
    )
    claimed = same_asset.aggregate(total=Sum("quantity"))["total"] or Decimal(0)
    account = Account.objects.filter(wallet_id=order.wallet_id, asset=instrument.base, kind=Account.Kind.WALLET).first()
    bought = execution.quantity - execution.fee_in_base  # which is in the books already
    loose = (account.balance if account else Decimal(0)) - claimed - bought
    if not 0 < loose < dust(instrument.lot_size, instrument.minimum_notional, execution.price):
        return accounting.Holding()
    return accounting.after_buy(accounting.Holding(), accounting.Execution(loose, execution.price))


@dataclass(frozen=True, slots=True)
class Taken:
    """In base: how much more was sold than the position held, and the `dust` that it left behind when it closed."""

    oversold: Decimal = Decimal(0)
    dust: Decimal = Decimal(0)


def take_from_position(order: Order, trade: TradeReport, execution: accounting.Execution) -> Taken:
    """Take what was sold out of the position."""
    position = open_position(order)
    if position is None:
        return Taken(oversold=execution.quantity)
    oversold: Decimal = max(execution.quantity - position.quantity, Decimal(0))
    execution = replace(execution, quantity=execution.quantity - oversold)
    holding = accounting.after_sell(_holding(position), execution)
    left = Decimal(0)
    if holding.quantity < order.instrument.lot_size:
        # Less than a lot cannot be sold: it stays in the wallet and the round trip is over.
        left, holding = max(holding.quantity, Decimal(0)), replace(holding, quantity=Decimal(0))
        position.closed_at = trade.at
        position.exit_reason, position.exit_cause = order.reason, exit_cause(order, position)
        resolve_alert(owner_id=position.owner_id, key=unprotected_key(position.pk))
    _write(position, order, holding, trade)
    position.save()
    if position.closed_at is not None:
        after_trade(position, by_stop=was_stopped(order, position))
    return Taken(oversold, left)


def was_stopped(order: Order, position: Position) -> bool:
    """Whether the order carried out the stop, and not the target: it was placed nearer to it."""
    if order.protects_id is None or position.exit_stop is None or order.liquidates:
        return order.liquidates
    target, price = position.exit_target, order.reference_price
    return target is None or abs(price - position.exit_stop) < abs(target - price)


def exit_cause(order: Order, position: Position) -> str:
    """What kind of thing the order is that closes the position."""
    causes = Position.ExitCause
    if order.liquidates:
        return causes.LIQUIDATION
    if order.protects_id is None:
        return causes.RULES if order.key.startswith(Order.RUN) else causes.OTHER
    if not was_stopped(order, position):
        return causes.TARGET
    return causes.STOP if position.exit_trail is None else causes.TRAIL


def unprotected_key(position_id: UUID) -> str:
    """The alert that says that a position should be closed and cannot be; closing it ends it."""
    return f"unprotected:{position_id}"
