"""A person leaves a position: all of it, at the market, by an order like any other."""

from uuid import UUID

from kit.errors import NotFoundError
from trading.models import Order, Position, Side
from trading.orders.placing import place_order

REASON = "Closed by hand."


def close_position(*, owner_id: UUID, position_id: UUID, key: str) -> Order:
    """Sell what is left of the owner's open position. The same `key` of the same position returns the first order.

    The gate decides as it does for every order: one that is refused says so in its `refusal`. Raises NotFoundError when
    the position is not there or over already.
    """
    position = (
        Position.objects.select_related("wallet__connection", "instrument")
        .filter(owner_id=owner_id, pk=position_id, closed_at=None)
        .first()
    )
    if position is None:
        raise NotFoundError("There is no such open position: it may be closed already.")
    return place_order(
        wallet=position.wallet,
        instrument=position.instrument,
        side=Side.SELL,
        quantity=position.quantity,
        key=f"close:{position.pk}:{key}"[:120],
        reason=REASON,
        reduce_only=True,
    )
