"""The wish to end an order.

It is a row like the order itself, committed before the venue hears of it, so a broker that loses the task or a worker
that dies loses nothing: the sweeper finds the row when it falls due and asks the venue again, until the order has
ended. Only the venue's word ends it; what was filled meanwhile is recorded as always. The wish to end an order that is
on its way is kept: the venue is asked for its end as soon as it has answered. One that nobody has sent ends at once.
"""

from contextlib import suppress
from typing import Final
from uuid import UUID

from celery import current_app
from django.db import transaction
from django.db.models import F, Q

from kit import clock, tenancy
from kit.errors import ConflictError
from kit.sentences import Sentence, Told, sentence, told_by
from trading.models import Amendment, Cancellation, Order
from trading.orders import leases, states
from trading.orders.external import cancel_numbered
from trading.orders.life import found, locked, move, note, note_once
from trading.orders.recording import record_report
from trading.orders.sending import look_up, tell_of_refused_key
from wallets.venues.base import OrderReport, Venue, VenueCredentialsError, VenueError, VenueRejectedError
from wallets.venues.registry import open_venue

KEPT: Final = "{reason} It will be cancelled as soon as the venue has answered."
MAKES_WAY: Final = "It makes way for another order that sells the position."


def request_cancellation(*, owner_id: UUID, order_id: UUID, reason: Told = "Cancellation was asked for.") -> Order:
    """Commit the wish to cancel the order, and let a worker carry it out; asking again changes nothing.

    Raises NotFoundError, and ConflictError when there is nothing to cancel.
    """
    order = found(order_id)
    with transaction.atomic():
        order = locked(order.pk, "wallet__parent")
        if not order.is_cancellable:
            raise ConflictError(f"Nothing is left to cancel: the order is {order.get_status_display().lower()}.")
        if order.status == states.WAITING:  # its venue has never heard of it
            move(order, states.CANCELLED, reason)
            return order
        _drop_change(order)
        _, is_new = Cancellation.objects.get_or_create(
            order=order,
            defaults={"owner_id": owner_id, "reason": reason, "due_at": leases.start(leases.START_WITHIN)},
        )
        if order.status == states.SUBMITTING and not order.attempts:
            move(order, states.CANCELLED, reason)
            return order
        if is_new:
            on_its_way = order.status == states.SUBMITTING
            note(order, order.status, sentence(KEPT, reason=reason) if on_its_way else reason)
    arguments = {"owner_id": str(owner_id), "order_id": str(order_id)}
    transaction.on_commit(
        lambda: current_app.send_task("trading.tasks.cancel_order", kwargs=arguments),
        robust=True,  # a broker that is away costs a moment: the sweeper finds the row
    )
    return order


def _drop_change(order: Order) -> None:
    """Nothing takes the place of an order that is to end, unless the venue may have been asked to change it."""
    rows = Amendment.objects.filter(order=order, closed_at=None)
    result = Sentence("Its cancellation was asked for: nothing takes its place.")
    rows.filter(Q(way=Amendment.Way.ENDS) | Q(attempts=0)).update(due_at=None, closed_at=clock.now(), result=result)


def make_way(resting: Order) -> None:
    """Ask for the end of an order that rests, because what it holds is sold by another one."""
    with suppress(ConflictError), transaction.atomic():
        request_cancellation(owner_id=resting.owner_id, order_id=resting.pk, reason=MAKES_WAY)


def orders_past_their_time() -> list[tuple[UUID, UUID]]:
    """(owner, order) of those whose venue has not ended them; asked as the system role."""
    rows = Order.objects.unfinished().filter(expires_at__lte=clock.now(), cancellation=None)
    rows = rows.filter(status__in=states.CANCELLABLE - {states.SUBMITTING}).order_by("expires_at")
    return list(rows.values_list("owner_id", "pk"))


def end_in_time(*, owner_id: UUID, order_id: UUID) -> None:
    """Ask for the end of an order whose time is over: not every venue ends one by itself."""
    with tenancy.tenant(owner_id), suppress(ConflictError):  # it has ended meanwhile
        reason = "The time that it was good for is over."
        order = locked(order_id)
        if order.status == states.WAITING:
            move(order, states.EXPIRED, reason)
            return
        request_cancellation(owner_id=owner_id, order_id=order_id, reason=reason)


def cancel_order(*, owner_id: UUID, order_id: UUID) -> Order:
    """Carry out the cancellation that was asked for, if nobody else is at it; returns the order as it stands then."""
    with tenancy.tenant(owner_id):
        if not _take(order_id):
            return found(order_id)
        order = locked(order_id, "connection__platform")
        if order.status == states.SUBMITTING:
            return order  # whoever hears of its arrival lets this fall due
        try:
            venue = open_venue(order.connection)
        except ConflictError as error:
            return _not_yet(order, sentence("It could not be cancelled yet: {said}", said=told_by(error)))
    try:
        report = _cancel(order, venue)
    except VenueError as error:
        order = _not_yet(order, sentence("It could not be cancelled yet: {said}", said=told_by(error)), error)
    else:
        if report is None and order.is_external:
            order = _gone(order)
        elif report is None:
            # Its next look hears the denial out (`denied`), and ends it if nothing is left of it there.
            order = _not_yet(order, "The venue knows no such order to cancel.")
        else:
            order = record_report(owner_id=owner_id, order_id=order_id, report=report)
    with tenancy.tenant(owner_id):
        Cancellation.objects.filter(order_id=order_id, closed_at=None).update(due_at=leases.start(leases.LOOK_AGAIN))
    return order


def _gone(order: Order) -> Order:
    """The venue has forgotten an order that was placed there, and a person wants it ended: so it is."""
    with tenancy.tenant(order.owner_id):
        current = locked(order.pk)
        if not current.is_terminal:
            move(current, states.CANCELLED, "The venue does not know it any more, and its end was asked for.")
    return current


def _not_yet(order: Order, detail: Told, error: VenueError | None = None) -> Order:
    """The cancellation waits. When the order itself is looked at is not changed by that: one that may still be on its
    way keeps its grace."""
    with tenancy.tenant(order.owner_id):
        if isinstance(error, VenueCredentialsError):
            tell_of_refused_key(order, error)
        current = locked(order.pk)
        if not current.is_terminal:
            note_once(current, detail)
    return current


def _take(order_id: UUID) -> bool:
    """Lease the cancellation to this worker: the first one that comes, or when it has fallen due."""
    open_ = Cancellation.objects.filter(Q(attempts=0) | leases.due(), order_id=order_id, closed_at=None)
    return open_.update(attempts=F("attempts") + 1, due_at=leases.start(leases.LEASE)) == 1


def _cancel(order: Order, venue: Venue) -> OrderReport | None:
    try:
        if order.is_external:
            return cancel_numbered(order, venue)
        return venue.cancel(order.client_order_id, order.instrument.symbol)
    except VenueRejectedError:
        return look_up(order, venue)  # filled or gone before the wish arrived: what became of it is the answer
