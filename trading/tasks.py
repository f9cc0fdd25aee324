"""Orders that move on their own. Every task may run twice, and on several workers at once."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final
from uuid import UUID

from celery import shared_task
from django.db.models import Case, When

from kit import tenancy
from kit.alerts.failures import contained
from trading import services
from trading.models import Amendment, Cancellation, Order
from trading.orders import leases
from trading.orders.exits import RESTING
from trading.orders.resting import owners_of_resting
from trading.orders.triggers import owners_of_waiting
from trading.positions.protection import owners_to_protect
from wallets.venues.demo.funding import accounts_to_fund

DUE_PER_RUN: Final = 200
# A run leaves the rest to the next one, seconds later, long before the worker would be stopped in the middle of it.
RUN_SECONDS: Final = 60.0
# A look that a busy worker could not start by then is dropped: the next one sees a newer price.
PROTECT_WITHIN: Final = 15
# Accounts whose open orders are compared in one run; what no worker could begin by then comes with the next one.
COMPARED_PER_RUN: Final = 100
COMPARE_WITHIN: Final = 30


@shared_task(name="trading.tasks.execute_order")
def execute_order(owner_id: str, order_id: str) -> None:
    services.execute_order(owner_id=UUID(owner_id), order_id=UUID(order_id))


@shared_task(name="trading.tasks.execute_orders")
def execute_orders(owner_id: str, order_ids: list[str]) -> None:
    """Send an owner's orders that were decided together."""
    services.execute_together(owner_id=UUID(owner_id), order_ids=[UUID(order_id) for order_id in order_ids])


@shared_task(name="trading.tasks.cancel_order")
def cancel_order(owner_id: str, order_id: str) -> None:
    _cancel(UUID(owner_id), UUID(order_id))


@shared_task(name="trading.tasks.change_order")
def change_order(owner_id: str, order_id: str) -> None:
    """Ask the venue to change an order that rests."""
    services.change_order(owner_id=UUID(owner_id), order_id=UUID(order_id))


@shared_task(name="trading.tasks.resolve_orders")
def resolve_orders() -> int:
    """Take up every order whose worker is gone or whose venue owes an answer, and every cancellation that is not
    carried out yet; returns how many were due.

    What rests at one connection is asked about in one question, however many orders they are.
    """
    until = time.monotonic() + RUN_SECONDS
    due = 0
    for work in (*_past_their_time(), *_due_orders(), *_due_cancellations(), *_due_amendments()):
        due += work.number
        if time.monotonic() > until:
            continue
        # One order's trouble, whatever it is, must not keep the others waiting; this one falls due again.
        with contained(owner_id=work.owner_id, work=f"orders of {work.subject}", title="Asking a venue about orders"):
            work.do()
    return due


@shared_task(name="trading.tasks.look_at_orders")
def look_at_orders(
    owner_id: str, connection_id: str, names: list[str], numbers: list[str], everything: bool = False
) -> int:
    """Ask a venue about orders that it has told something of by itself; returns how many it knew."""
    return services.look_at_orders(
        owner_id=UUID(owner_id),
        connection_id=UUID(connection_id),
        names=names,
        numbers=numbers,
        everything=everything,
    )


@shared_task(name="trading.tasks.compare_orders")
def compare_orders() -> None:
    """Hold the open orders of real accounts against ours, of those that are due; each account in a task of its own."""
    with tenancy.system():
        due = services.accounts_to_compare(COMPARED_PER_RUN)
    for owner_id, connection_id in due:
        compare_orders_of.apply_async(args=(str(owner_id), str(connection_id)), expires=COMPARE_WITHIN)


@shared_task(name="trading.tasks.compare_orders_of")
def compare_orders_of(owner_id: str, connection_id: str) -> int:
    return services.compare_orders(owner_id=UUID(owner_id), connection_id=UUID(connection_id))


@dataclass(frozen=True, slots=True)
class _Work:
    """What is done in one piece; `subject` is the order or the connection that it fails with."""

    owner_id: UUID
    subject: UUID
    number: int
    do: Callable[[], object]


def _past_their_time() -> Iterator[_Work]:
    """Orders whose time is over, and whose venue has not ended them."""
    with tenancy.system():
        due = services.orders_past_their_time()
    for owner_id, order_id in due:
        do = partial(services.end_in_time, owner_id=owner_id, order_id=order_id)
        yield _Work(owner_id, order_id, 1, do)


def _due_orders() -> Iterator[_Work]:
    """One piece of work per connection for the orders its venue may have, and one per order that was never sent."""
    with tenancy.system():
        due = list(
            Order.objects.unfinished()
            .filter(leases.due())
            # What rests waits behind what nobody knows the end of.
            .order_by(Case(When(status__in=RESTING, then=1), default=0), "due_at")
            .values_list("owner_id", "connection_id", "pk", "attempts")[:DUE_PER_RUN]
        )
    sent: dict[tuple[UUID, UUID], list[UUID]] = defaultdict(list)
    for owner_id, connection_id, order_id, attempts in due:
        if attempts:
            sent[owner_id, connection_id].append(order_id)
        else:
            yield _Work(owner_id, order_id, 1, partial(services.resolve_order, owner_id=owner_id, order_id=order_id))
    for (owner_id, connection_id), order_ids in sent.items():
        do: Callable[[], object]
        if len(order_ids) == 1:
            do = partial(services.resolve_order, owner_id=owner_id, order_id=order_ids[0])
        else:
            do = partial(services.resolve_together, owner_id=owner_id, connection_id=connection_id, order_ids=order_ids)
        yield _Work(owner_id, connection_id, len(order_ids), do)


def _due_cancellations() -> Iterator[_Work]:
    with tenancy.system():
        due = list(
            Cancellation.objects.filter(leases.due(), closed_at=None)
            .order_by("due_at")
            .values_list("owner_id", "order_id")[:DUE_PER_RUN]
        )
    for owner_id, order_id in due:
        yield _Work(owner_id, order_id, 1, partial(_cancel, owner_id, order_id))


def _cancel(owner_id: UUID, order_id: UUID) -> None:
    services.cancel_order(owner_id=owner_id, order_id=order_id)
    services.finish_amendment(owner_id=owner_id, order_id=order_id)


def _due_amendments() -> Iterator[_Work]:
    with tenancy.system():
        due = services.due_amendments(DUE_PER_RUN)
    for owner_id, order_id, way in due:
        go_on = services.finish_amendment if way == Amendment.Way.ENDS else services.change_order
        do: Callable[[], object] = partial(go_on, owner_id=owner_id, order_id=order_id)
        yield _Work(owner_id, order_id, 1, do)


@shared_task(name="trading.tasks.keep_protection")
def keep_protection() -> None:
    """Look at the new prices for everybody who has a protected position or an order that waits; each owner in a task of
    their own."""
    with tenancy.system():
        owners = {*owners_to_protect(), *owners_of_waiting(), *owners_of_resting()}
    for owner_id in owners:
        protect_positions_of.apply_async(args=(str(owner_id),), expires=PROTECT_WITHIN)


@shared_task(name="trading.tasks.protect_positions_of")
def protect_positions_of(owner_id: str) -> None:
    with tenancy.tenant(owner_id):
        services.keep_protection(owner_id=UUID(owner_id))


@shared_task(name="trading.tasks.settle_funding")
def settle_funding() -> int:
    """Book what positions in perpetuals owe and are owed since the last moments of funding, and hold what was missing
    of their margins where there is money now; returns how many payments were booked.

    What was missed, however long ago, is booked with it."""
    with tenancy.system():
        due, short = accounts_to_fund(), services.accounts_short_of_margin()
    booked = 0
    for owner_id, connection_id in due:
        with contained(owner_id=owner_id, work=f"funding of {connection_id}", title="Funding of perpetuals"):
            booked += services.settle_funding(owner_id=owner_id, connection_id=connection_id)
    for owner_id, connection_id in short:
        with contained(owner_id=owner_id, work=f"margins of {connection_id}", title="Margins of perpetuals"):
            services.make_up_margins(owner_id=owner_id, connection_id=connection_id)
    return booked


@shared_task(name="trading.tasks.carry_out_stops")
def carry_out_stops() -> int:
    """Go on with every emergency stop that is under way; returns how many there are."""
    with tenancy.system():
        due = services.due_stops()
    for owner_id, stop_id in due:
        with contained(owner_id=owner_id, work=f"stop {stop_id}", title="An emergency stop"), tenancy.tenant(owner_id):
            services.carry_out_stop(owner_id=owner_id, stop_id=stop_id)
    return len(due)
