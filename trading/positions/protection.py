"""The stop and the target that an open position carries."""

from decimal import Decimal
from uuid import UUID

from kit.errors import ConflictError
from trading.models import Position


def protect_position(
    *, owner_id: UUID, position_id: UUID, stop_price: Decimal | None, target_price: Decimal | None
) -> None:
    """Replace the protective levels of an open position; raises ConflictError when it is closed meanwhile."""
    changed = Position.objects.filter(pk=position_id, owner_id=owner_id, closed_at=None).update(
        stop_price=stop_price, target_price=target_price
    )
    if changed != 1:
        raise ConflictError("The position is closed: there is nothing left to protect.")
