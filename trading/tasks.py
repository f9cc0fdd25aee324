"""Orders that move on their own. Every task may run twice, and on several workers at once."""

import logging
import time
from typing import Final
from uuid import UUID

from celery import shared_task

from kit import tenancy
from trading import services
from trading.models import Order
from trading.orders import leases
from trading.positions.protection import owners_to_protect

DUE_PER_RUN: Final = 200
# A run leaves the rest to the next one, seconds later, long before the worker would be stopped in the middle of it.
RUN_SECONDS: Final = 60.0
# A look that a busy worker could not start by then is dropped: the next one sees a newer price.
PROTECT_WITHIN: Final = 15

logger = logging.getLogger(__name__)


@shared_task(name="trading.tasks.execute_order")
def execute_order(owner_id: str, order_id: str) -> None:
    services.execute_order(owner_id=UUID(owner_id), order_id=UUID(order_id))


@shared_task(name="trading.tasks.cancel_order")
def cancel_order(owner_id: str, order_id: str) -> None:
    services.cancel_order(owner_id=UUID(owner_id), order_id=UUID(order_id))


@shared_task(name="trading.tasks.resolve_orders")
def resolve_orders() -> int:
    """Take up every order whose worker is gone or whose venue owes an answer; returns how many were due."""
    with tenancy.system():
        due = list(
            Order.objects.unfinished()
            .filter(due_at__lte=leases.now())
            .order_by("due_at")
            .values_list("owner_id", "pk")[:DUE_PER_RUN]
        )
    until = time.monotonic() + RUN_SECONDS
    for owner_id, order_id in due:
        if time.monotonic() > until:
            break
        try:
            services.resolve_order(owner_id=owner_id, order_id=order_id)
        except Exception:
            # One order's trouble, whatever it is, must not keep the others waiting; this one falls due again.
            logger.exception("Order %s could not be resolved.", order_id)
    return len(due)


@shared_task(name="trading.tasks.keep_protection")
def keep_protection() -> None:
    """Look at the new prices for everybody who has a protected position; each owner in a task of their own."""
    with tenancy.system():
        owners = owners_to_protect()
    for owner_id in owners:
        protect_positions_of.apply_async(args=(str(owner_id),), expires=PROTECT_WITHIN)


@shared_task(name="trading.tasks.protect_positions_of")
def protect_positions_of(owner_id: str) -> None:
    with tenancy.tenant(owner_id):
        services.keep_protection(owner_id=UUID(owner_id))
