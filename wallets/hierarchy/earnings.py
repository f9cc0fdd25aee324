"""What wallets have earned, asked of whoever knows: the apps above that trade with them.

Whatever goes up from a wallet is profit first: each line of an allocation says how much of it was, so that the same
profit is never taken twice. It is profit of the wallet that it comes to, and so goes on from there.
"""

from collections.abc import Callable, Collection, Mapping
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db.models import Sum

from wallets.models import AllocationLine, FundAllocation

ZERO: Final = Decimal(0)
# Realized profit of the owner's wallets, net of fees, in each one's base asset; None where that is not known.
Reader = Callable[[UUID], Mapping[UUID, Decimal | None]]

_readers: list[Reader] = []


def register(reader: Reader) -> None:
    """Ask `reader` too from now on; registering twice asks once."""
    if reader not in _readers:
        _readers.append(reader)


def realized(owner_id: UUID) -> dict[UUID, Decimal | None]:
    """All that each wallet of the owner has ever realized; a wallet that is missing has realized nothing."""
    found: dict[UUID, Decimal | None] = {}
    for reader in _readers:
        for wallet_id, profit in reader(owner_id).items():
            before = found.get(wallet_id, ZERO)
            found[wallet_id] = None if profit is None or before is None else before + profit
    return found


def kept(*, owner_id: UUID, wallet_ids: Collection[UUID]) -> dict[UUID, Decimal | None]:
    """How much of what each of the wallets has realized is still there, at least zero; None where it is not known."""
    earned = realized(owner_id)
    lines = AllocationLine.objects.filter(
        owner_id=owner_id, profit__gt=0, allocation__status=FundAllocation.Status.APPLIED
    ).order_by()
    taken, brought = (
        dict(lines.filter(**{f"{side}__in": wallet_ids}).values_list(side).annotate(Sum("profit")))
        for side in ("source", "target")
    )
    left: dict[UUID, Decimal | None] = {}
    for wallet_id in wallet_ids:
        profit = earned.get(wallet_id, ZERO)
        moved = brought.get(wallet_id, ZERO) - taken.get(wallet_id, ZERO)
        left[wallet_id] = None if profit is None else max(profit + moved, ZERO)
    return left
