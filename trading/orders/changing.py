"""A venue that changes orders by itself is asked to change one that rests.

The wish was committed before. A worker takes it with a conditional UPDATE that commits, talks to the venue outside of
any transaction, and whatever the venue then says of the order is recorded as ever: a report with the new terms makes
another order stand for it (`succeeding`). Whatever happens in between, the row says enough to go on:

* nobody has asked: the sweeper asks;
* the worker died, or nobody knows what became of the message: the order is `uncertain`, and it is looked up by its
  client id, at once and again after the grace; on its old terms it is asked for again, which changes nothing twice;
* the venue says no: the order stays as it is, and so does what was said.
"""

from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q

from kit import tenancy
from kit.errors import ConflictError
from kit.sentences import Told, sentence, told_by
from trading.models import Amendment, Cancellation, Order
from trading.orders import leases, states
from trading.orders.amending import end_instead, give_up
from trading.orders.life import found, locked, move, note_once
from trading.orders.recording import go_on_after, record_report
from trading.orders.sending import look_up, request_of, take_no, tell_of_refused_key
from trading.orders.succeeding import AT_ONCE, IN_PLACE, earlier, heir_for
from wallets.venues.amending import AmendsInPlace, Change, ReplacesAtOnce
from wallets.venues.base import (
    OrderReport,
    Venue,
    VenueCredentialsError,
    VenueError,
    VenueRejectedError,
    VenueUnavailableError,
)
from wallets.venues.registry import open_venue

# After so many the order stays as it is.
MAX_ASKS: Final = 3
RESTING: Final = (states.OPEN, states.PARTIALLY_FILLED)


def change_order(*, owner_id: UUID, order_id: UUID) -> Order:
    """Go on with the wish to change the order, if nobody else is at it; returns the order as it stands then."""
    with tenancy.tenant(owner_id):
        taken = _begun(order_id)
    if taken is not None:
        _go_on(*taken)
    with tenancy.tenant(owner_id):
        return found(order_id)


# --- inside ---------------------------------------------------------------------------------------------------------


def _take(order_id: UUID) -> Amendment | None:
    """Lease the wish to this worker: the first one that comes, or when it has fallen due."""
    rows = Amendment.objects.filter(order=order_id, closed_at=None).exclude(way=Amendment.Way.ENDS)
    taken = {"attempts": F("attempts") + 1, "due_at": leases.start(leases.LEASE)}
    return rows.get() if rows.filter(Q(attempts=0) | leases.due()).update(**taken) == 1 else None


def _begun(order_id: UUID) -> tuple[Order, Amendment, Venue] | None:
    """The order, the wish, now this worker's, and the venue that is to be asked; None where nobody is."""
    wish = _take(order_id)
    if wish is None:
        return None
    order = locked(order_id, "connection__platform", "wallet__connection__platform", "hold")
    if order.is_terminal:
        go_on_after(order, wish, is_asked=wish.attempts > 1)
        return None
    try:
        return order, wish, open_venue(order.connection)
    except ConflictError as error:
        note_once(order, sentence("It could not be changed yet: {said}", said=told_by(error)))
        return None


def _go_on(order: Order, wish: Amendment, venue: Venue) -> None:
    if wish.attempts > 1 and not _still_wanted(order, wish, venue):
        return
    with tenancy.tenant(order.owner_id):
        if why := _unwanted(order.pk, wish):
            give_up(order.pk, why)
            return
    try:
        report = _ask(order, wish, venue)
    except VenueError as error:
        _take_error(order, wish, venue, error)
    else:
        _record(order, wish, venue, report)


def _unwanted(order_id: UUID, wish: Amendment) -> Told:
    """Why the venue is not asked (again), or nothing."""
    if Cancellation.objects.filter(order=order_id).exists():
        return "Its cancellation was asked for: it stays as it is until then."
    if wish.attempts > MAX_ASKS:
        return f"{MAX_ASKS} attempts did not change it: it stays as it is."
    return ""


def _still_wanted(order: Order, wish: Amendment, venue: Venue) -> bool:
    """Whether the order rests on its old terms after a message of which nobody knows what became."""
    if not _looked(order, venue):
        return False
    with tenancy.tenant(order.owner_id):
        is_open = Amendment.objects.filter(pk=wish.pk, closed_at=None).exclude(way=Amendment.Way.ENDS).exists()
        return is_open and found(order.pk).status in RESTING


def _looked(order: Order, venue: Venue) -> bool:
    """Whether the venue has said what it knows of the order, which is in the books then; the wish waits otherwise."""
    try:
        report = look_up(order, venue)
    except VenueError as error:
        _wait(order, sentence("The venue could not be asked: {said}", said=told_by(error)), error)
        return False
    if report is None:
        _wait(order, "The venue knows no such order to change.")
        return False
    record_report(owner_id=order.owner_id, order_id=order.pk, report=report)
    return True


def _ask(order: Order, wish: Amendment, venue: Venue) -> OrderReport:
    """The venue's answer: of the order that was changed, or of the one that took its place."""
    with tenancy.tenant(order.owner_id):
        before = sum(earlier(order).values(), Decimal(0))
    if wish.way == AT_ONCE and isinstance(venue, ReplacesAtOnce):
        return venue.replace(order.client_order_id, request_of(heir_for(order, wish)))
    if wish.way == IN_PLACE and isinstance(venue, AmendsInPlace):
        return venue.amend(
            Change(
                client_order_id=order.client_order_id,
                symbol=order.instrument.symbol,
                side="buy" if order.side == "buy" else "sell",
                quantity=wish.quantity + before,
                price=wish.limit_price,
                post_only=order.post_only,
            )
        )
    raise VenueRejectedError("The venue does not change orders.")


def _record(order: Order, wish: Amendment, venue: Venue, report: OrderReport) -> None:
    """The venue says that it has done it. One that ended an order and placed another has told of the other."""
    if wish.way == IN_PLACE:
        record_report(owner_id=order.owner_id, order_id=order.pk, report=report)
    elif _looked(order, venue) and (heir := _heir_of(order)) is not None:
        record_report(owner_id=order.owner_id, order_id=heir.pk, report=report)
    with tenancy.tenant(order.owner_id):  # what it tells may be older than what it did
        Amendment.objects.filter(pk=wish.pk, closed_at=None).update(due_at=leases.start(leases.LOOK_AGAIN))


def _take_error(order: Order, wish: Amendment, venue: Venue, error: VenueError) -> None:
    if isinstance(error, VenueRejectedError):
        _take_no(order, wish, venue, error)
    elif isinstance(error, VenueUnavailableError | VenueCredentialsError):
        _wait(order, sentence("It could not be changed yet: {said}", said=told_by(error)), error)
    else:
        _doubt(order, wish, venue, error)


def _take_no(order: Order, wish: Amendment, venue: Venue, error: VenueRejectedError) -> None:
    """The venue's no, and what it has left: the order as it was, or an end without another one."""
    if not _looked(order, venue):
        return
    if (heir := _heir_of(order)) is not None:
        if heir.status == states.SUBMITTING and heir.client_order_id != order.client_order_id:
            take_no(heir, venue, error)
        return
    with tenancy.tenant(order.owner_id), transaction.atomic():
        current = found(order.pk)
        if wish.way == AT_ONCE and current.status == states.PARTIALLY_FILLED:
            end_instead(order.pk)
        else:
            give_up(order.pk, sentence("The venue left it as it is: {said}", said=told_by(error)))


def _doubt(order: Order, wish: Amendment, venue: Venue, error: VenueError) -> None:
    """Nobody knows whether the venue has done it: say so, then ask it at once, and again after the grace."""
    with tenancy.tenant(order.owner_id):
        Amendment.objects.filter(pk=wish.pk, closed_at=None).update(due_at=leases.start(leases.GRACE))
        current = locked(order.pk)
        if current.status in RESTING:
            current.due_at = leases.start(leases.GRACE)
            move(
                current, states.UNCERTAIN, sentence("Nobody knows whether it was changed: {said}", said=told_by(error))
            )
    try:
        report = look_up(order, venue)
    except VenueError:
        return
    if report is not None:
        record_report(owner_id=order.owner_id, order_id=order.pk, report=report)


def _heir_of(order: Order) -> Order | None:
    with tenancy.tenant(order.owner_id):
        return Order.objects.select_related("instrument", "connection__platform").filter(replaces=order).first()


def _wait(order: Order, detail: Told, error: VenueError | None = None) -> None:
    """Nothing was learnt: the wish falls due again."""
    with tenancy.tenant(order.owner_id):
        if isinstance(error, VenueCredentialsError):
            tell_of_refused_key(order, error)
        wishes = Amendment.objects.filter(order=order, closed_at=None)
        if wishes.update(due_at=leases.start(leases.LOOK_AGAIN)):
            current = locked(order.pk)
            if not current.is_terminal:
                note_once(current, detail)
