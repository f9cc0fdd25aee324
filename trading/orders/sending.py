"""An order meets the venue.

The network is never inside a transaction: a worker takes the order with a conditional UPDATE that commits, talks to the
venue, and records the answer in another transaction. Whatever happens in between, the row says enough to go on:

* the worker died: the lease runs out and the sweeper asks the venue about the client order id;
* the venue was never reached: the order stays `submitting` and is asked about, then sent, again;
* nobody knows: the order is `uncertain` and is asked about at once, and again after the grace;
* the venue, asked after the grace, has never heard of it: it is sent again under the same client order id while the
  decision behind it is fresh, and expires otherwise. The same id names the same order at the venue, so one that arrived
  late after all is found, not doubled.

No order ends without the venue's word, except one that was never sent.
"""

from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import stamina
from celery import current_app
from django.db import transaction
from django.db.models import Q

from kit import clock, tenancy
from kit.alerts.models import Alert
from kit.alerts.services import raise_alert
from kit.errors import ConflictError, NotFoundError
from trading.models import Order
from trading.orders import leases, states
from trading.orders.life import locked, move, note, wait
from trading.orders.recording import record_report
from trading.risk import gate as risk
from trading.risk.limits import limits_on_path
from wallets.venues.base import (
    OrderReport,
    OrderRequest,
    Venue,
    VenueCredentialsError,
    VenueError,
    VenueRejectedError,
    VenueUnavailableError,
)
from wallets.venues.registry import open_venue

# A market order is a decision about a moment: older than this it is not sent any more.
SEND_WITHIN: Final = timedelta(minutes=2)
MAX_SENDS: Final = 3
# Tries within one lease when the venue cannot be reached, and the seconds they may take together.
TRIES: Final = 3
TRY_SECONDS: Final = 10.0


def execute_order(*, owner_id: UUID, order_id: UUID) -> Order:
    """Send a new order to its venue and record the answer; returns the order as it stands then.

    Whoever comes second finds it taken and changes nothing. Safe to call twice and on several workers at once.
    """
    with tenancy.tenant(owner_id):
        order = _take(order_id, Q(status=states.SUBMITTING, attempts=0), sends=True)
        if order is None:
            return _get(order_id)
        if obstacle := _obstacle(order):
            move(order, states.EXPIRED, f"It was never sent: {obstacle}")
            return order
        venue = open_venue(order.connection)
    return _send(order, venue)


def resolve_order(*, owner_id: UUID, order_id: UUID) -> Order:
    """Go on with an order that is due: send it if nobody ever did, else ask the venue about it."""
    with tenancy.tenant(owner_id):
        order = _take(order_id, Q(status__in=sorted(states.UNFINISHED), due_at__lte=leases.now()))
        if order is None:
            return _get(order_id)
        venue = open_venue(order.connection) if order.attempts else None
    if venue is None:  # nobody ever sent it
        return execute_order(owner_id=owner_id, order_id=order_id)
    try:
        report = _look_up(order, venue)
    except VenueError as error:
        return _wait(order, f"The venue could not be asked: {error}")
    if report is not None:
        return record_report(owner_id=owner_id, order_id=order_id, report=report)
    return _go_on_without(order, venue)


def request_cancellation(*, owner_id: UUID, order_id: UUID) -> Order:
    """Ask a worker to cancel the order. Raises ConflictError when there is nothing to cancel."""
    order = _get(order_id)
    if not order.is_cancellable:
        raise ConflictError(f"Nothing is left to cancel: the order is {order.get_status_display().lower()}.")
    note(order, order.status, "Cancellation was asked for.")
    arguments = {"owner_id": str(owner_id), "order_id": str(order_id)}
    transaction.on_commit(lambda: current_app.send_task("trading.tasks.cancel_order", kwargs=arguments))
    return order


def cancel_order(*, owner_id: UUID, order_id: UUID) -> Order:
    """Cancel what is open of the order at the venue and record its word; the order may have been filled meanwhile."""
    with tenancy.tenant(owner_id):
        order = locked(order_id, "connection__platform")
        if not order.is_cancellable:
            return order
        venue = open_venue(order.connection)
    try:
        report = venue.cancel(order.client_order_id, order.instrument.symbol)
    except VenueError as error:
        return _wait(order, f"It could not be cancelled yet: {error}")
    return record_report(owner_id=owner_id, order_id=order_id, report=report)


# --- taking ---------------------------------------------------------------------------------------------------------


def _get(order_id: UUID) -> Order:
    order = Order.objects.select_related("instrument").filter(pk=order_id).first()
    if order is None:
        raise NotFoundError("There is no such order: choose one of yours.")
    return order


def _take(order_id: UUID, when: Q, *, sends: bool = False) -> Order | None:
    """Lease the order to this worker if `when` still holds; with `sends` it counts as sent from here on."""
    changes: dict[str, Any] = {"due_at": leases.start(leases.LEASE)}
    if sends:
        changes |= {"attempts": 1, "submitted_at": clock.now()}
    if Order.objects.filter(when, pk=order_id).update(**changes) != 1:
        return None
    return locked(order_id, "connection__platform")


def _still_ours(order: Order) -> Order | None:
    """The order, locked, unless our lease ran out and somebody else took it or ended it."""
    current = locked(order.pk)
    return current if current.due_at == order.due_at and not current.is_terminal else None


def _obstacle(order: Order) -> str:
    """Why the order must not be sent now, or ""."""
    age = clock.now() - order.created_at
    if age > SEND_WITHIN:
        return f"the decision is {age.total_seconds():.0f} s old, place a new order if it still holds."
    if order.attempts >= MAX_SENDS:
        return f"{MAX_SENDS} attempts did not reach the venue, place a new order when it answers."
    path = limits_on_path(wallet_id=order.wallet_id, connection_id=order.connection_id)
    closed = [step.name for step in path if step.trading_state == risk.CLOSED]
    if closed:
        return f"the connection {closed[0]} is not active any more."
    halted = [step.name for step in path if step.trading_state == risk.HALTED]
    return f"trading was halted at {halted[0]} meanwhile." if halted and order.protects_id is None else ""


# --- sending and asking ---------------------------------------------------------------------------------------------


def _send(order: Order, venue: Venue) -> Order:
    request = OrderRequest(
        client_order_id=order.client_order_id,
        symbol=order.instrument.symbol,
        side="buy" if order.side == "buy" else "sell",
        quantity=order.quantity,
        reduce_only=order.reduce_only,
    )
    try:
        report = _submit(venue, request)
    except VenueRejectedError as error:
        # A duplicate means that the venue knows the id: what it knows is the answer.
        if error.reason == "duplicate":
            return _doubt(order, venue, str(error))
        return _reject(order, error) if order.attempts == 1 else _reject_again(order, venue, error)
    except VenueUnavailableError as error:
        return _wait(order, f"The venue could not be reached: {error}")
    except VenueCredentialsError as error:
        return _stop(order, error)
    except VenueError as error:
        return _doubt(order, venue, str(error))
    return record_report(owner_id=order.owner_id, order_id=order.pk, report=report)


@stamina.retry(on=VenueUnavailableError, attempts=TRIES, timeout=TRY_SECONDS, wait_initial=0.2, wait_max=2.0)
def _submit(venue: Venue, request: OrderRequest) -> OrderReport:
    return venue.submit(request)


@stamina.retry(on=VenueUnavailableError, attempts=TRIES, timeout=TRY_SECONDS, wait_initial=0.2, wait_max=2.0)
def _look_up(order: Order, venue: Venue) -> OrderReport | None:
    return venue.order(order.client_order_id, order.instrument.symbol)


def _reject(order: Order, error: VenueRejectedError) -> Order:
    """The venue's final no, unless somebody else has taken the order over meanwhile and gets an answer of their own."""
    with tenancy.tenant(order.owner_id):
        current = _still_ours(order)
        if current is None:
            return _get(order.pk)
        move(current, states.REJECTED, str(error), answer={"reason": error.reason, "message": str(error)})
    return current


def _reject_again(order: Order, venue: Venue, error: VenueRejectedError) -> Order:
    """A no to an order that was sent before: perhaps the first one arrived after all, and has spent the funds."""
    try:
        report = _look_up(order, venue)
    except VenueError as trouble:
        return _wait(order, f"The venue could not be asked: {trouble}")
    if report is None:
        return _reject(order, error)
    return record_report(owner_id=order.owner_id, order_id=order.pk, report=report)


def _stop(order: Order, error: VenueCredentialsError) -> Order:
    """The venue refused the key before it looked at the order: a no, and something for a person to do."""
    with tenancy.tenant(order.owner_id):
        raise_alert(
            owner_id=order.owner_id,
            key=f"credentials:{order.connection_id}",
            title=f"{order.connection.name} refuses its key",
            body=f"{error} Replace the credentials of the connection; orders are rejected until then.",
            level=Alert.Level.CRITICAL,
        )
    return _reject(order, VenueRejectedError(str(error), reason="credentials"))


def _doubt(order: Order, venue: Venue, detail: str) -> Order:
    """Nobody knows whether the venue has the order: say so, then ask it at once."""
    with tenancy.tenant(order.owner_id):
        current = _still_ours(order)
        if current is None:
            return _get(order.pk)
        current.due_at = leases.start(leases.GRACE)
        move(current, states.UNCERTAIN, f"Nobody knows whether it arrived: {detail}")
    try:
        report = _look_up(current, venue)
    except VenueError:
        return current  # asked again after the grace
    if report is None:
        return current  # it may still be on its way: only after the grace is this believed
    return record_report(owner_id=order.owner_id, order_id=order.pk, report=report)


def _go_on_without(order: Order, venue: Venue) -> Order:
    """The venue, asked after the grace, has never heard of the order."""
    with tenancy.tenant(order.owner_id):
        current = _still_ours(order)
        if current is None:
            return _get(order.pk)
        if current.venue_order_id:
            return _forgotten(current)
        if obstacle := _obstacle(current):
            move(current, states.EXPIRED, f"The venue does not know it, and {obstacle}", answer={"known": False})
            return current
        current.attempts += 1
        current.submitted_at = clock.now()
        current.due_at = leases.start(leases.LEASE)
        move(current, states.SUBMITTING, "The venue does not know it: it is sent again.", answer={"known": False})
    return _send(current, venue)


def _forgotten(order: Order) -> Order:
    """The venue knew the order once and denies it now: that is no word to end it on."""
    raise_alert(
        owner_id=order.owner_id,
        key=f"order:{order.pk}",
        title=f"The venue no longer knows order {order.client_order_id}",
        body="Look at the venue's own order history: Moniqo keeps asking and keeps the funds held.",
        level=Alert.Level.CRITICAL,
    )
    wait(order)
    return order


def _wait(order: Order, detail: str) -> Order:
    """Nothing was learnt: look again soon. The event is written once, however often it repeats."""
    with tenancy.tenant(order.owner_id):
        current = locked(order.pk)
        if current.is_terminal:
            return current
        wait(current)
        last = current.events.order_by("-id").values_list("detail", flat=True).first()
        if last != detail[:300]:
            note(current, current.status, detail)
    return current
