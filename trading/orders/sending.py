"""An order meets the venue.

The network is never inside a transaction: a worker takes the order with a conditional UPDATE that commits, talks to the
venue, and records the answer in another transaction. Whatever happens in between, the row says enough to go on:

* the worker died: the lease runs out and the sweeper asks the venue about the client order id;
* the venue was never reached: the order stays `submitting` and is asked about, then sent, again;
* nobody knows: the order is `uncertain` and is asked about at once, and again after the grace;
* the venue, asked after the grace, has never heard of it: it is sent again under the same client order id while the
  decision behind it is fresh, and expires otherwise. The same id names the same order at the venue, so one that arrived
  late after all is found, not doubled.

No order ends without the venue's word (`denied` says when silence is one), except one that was never sent.
"""

import logging
from collections.abc import Collection, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

import stamina
from django.db.models import Q

from kit import clock, tenancy
from kit.alerts.links import about
from kit.alerts.models import Alert
from kit.alerts.services import raise_alert
from kit.errors import ConflictError
from kit.sentences import Sentence, Told, moment, sentence, told_by
from trading.models import Cancellation, Order
from trading.orders import leases, states
from trading.orders.denied import LOOK_THERE, hear_denial
from trading.orders.external import by_name, name_of, numbered
from trading.orders.life import call_out, found, locked, move, still_ours, wait_noting
from trading.orders.recording import record_report
from trading.risk import gate as risk
from trading.risk.limits import limits_on_path, paths_of
from wallets.venues.alerts import refused_key
from wallets.venues.base import (
    OrderReport,
    OrderRequest,
    TimeInForce,
    Venue,
    VenueCredentialsError,
    VenueError,
    VenueRejectedError,
    VenueUnavailableError,
    is_worth_another,
)
from wallets.venues.many import TakesMany
from wallets.venues.registry import open_venue

logger = logging.getLogger(__name__)

_IN_FORCE: Final[dict[str, TimeInForce]] = {"gtc": "gtc", "ioc": "ioc", "fok": "fok", "gtd": "gtd"}
# An order that takes what is there is a decision about a moment: older than this it is not sent any more. One that
# waits for its price is as good as ever.
SEND_WITHIN: Final = timedelta(minutes=2)
MAX_SENDS: Final = 3
# An order that nobody knows the end of by then needs a person.
LOST_AFTER: Final = timedelta(minutes=10)
# Tries within one lease when the venue cannot be reached, and the seconds they may take together.
TRIES: Final = 3
TRY_SECONDS: Final = 10.0


def execute_order(*, owner_id: UUID, order_id: UUID) -> Order:
    """Send a new order to its venue and record the answer; returns the order as it stands then.

    Whoever comes second finds it taken and changes nothing. Safe to call twice and on several workers at once.
    """
    with tenancy.tenant(owner_id):
        taken, venue = take_new([order_id])
        if venue is None:
            return found(order_id)
    (order,) = taken
    return _send(order, venue)


def resolve_order(*, owner_id: UUID, order_id: UUID) -> Order:
    """Go on with an order that is due: send it if nobody ever did, else ask the venue about it."""
    with tenancy.tenant(owner_id):
        order = _take(order_id, _due())
        if order is None:
            return found(order_id)
        if order.attempts:
            venue = _opened(order)
    if not order.attempts:  # nobody ever sent it
        return execute_order(owner_id=owner_id, order_id=order_id)
    return _ask(order, venue)


def resolve_together(*, owner_id: UUID, connection_id: UUID, order_ids: Collection[UUID]) -> None:
    """Go on with all due orders of one connection that its venue may have, in one question to the venue.

    Those that the venue lists as open are recorded from its list; the others have ended, or never arrived, and each is
    asked about by itself.
    """
    with tenancy.tenant(owner_id):
        taken = [order for order_id in order_ids if (order := _take(order_id, _due())) is not None]
        if not taken:
            return
        venue = _opened(taken[0])
    try:
        listed = by_name(venue.open_orders()) if venue else {}
    except VenueError as error:
        for order in taken:
            wait_for(order, _unasked(error), error)
        return
    for order in taken:
        report = listed.get(name_of(order))
        try:
            if report is not None:
                record_report(owner_id=owner_id, order_id=order.pk, report=report)
            else:
                _ask(order, venue)
        except Exception:
            # What is wrong with one order is no reason to leave the others of its connection unasked.
            logger.exception("Order %s could not be resolved", order.pk)


# --- taking ---------------------------------------------------------------------------------------------------------


def take_new(order_ids: Collection[UUID]) -> tuple[list[Order], Venue | None]:
    """Those of these orders of one connection that nobody has sent and nothing forbids to send, leased to this worker
    and from here on counted as sent; and their venue, None where there is nothing to send."""
    new = Order.objects.select_related("instrument", "connection__platform").filter(
        pk__in=order_ids, status=states.SUBMITTING, attempts=0
    )
    taken = list(new.select_for_update(of=("self",), no_key=True).order_by("pk"))
    if not taken:
        return [], None
    leased = {"due_at": leases.start(leases.LEASE), "attempts": 1, "submitted_at": clock.now()}
    Order.objects.filter(pk__in=[order.pk for order in taken]).update(**leased)
    paths = paths_of([order.wallet_id for order in taken])
    free = []
    for order in taken:
        for name, value in leased.items():
            setattr(order, name, value)
        if obstacle := _obstacle(order, paths[order.wallet_id]):
            move(order, states.EXPIRED, sentence("It was never sent: {why}", why=obstacle))
        else:
            free.append(order)
    try:
        return free, open_venue(taken[0].connection) if free else None
    except ConflictError as error:  # such as a key that was lost: what cannot be sent now is not sent later
        for order in free:
            move(order, states.EXPIRED, sentence("It was never sent: {why}", why=told_by(error)))
        return [], None


def _due() -> Q:
    return leases.due() & Q(status__in=sorted(states.UNFINISHED))


def _take(order_id: UUID, when: Q) -> Order | None:
    """Lease the order to this worker if `when` still holds."""
    if Order.objects.filter(when, pk=order_id).update(due_at=leases.start(leases.LEASE)) != 1:
        return None
    return locked(order_id, "connection__platform")


def _opened(order: Order) -> Venue | None:
    """The order's venue; None while its connection is not active and nobody may be asked."""
    try:
        return open_venue(order.connection)
    except ConflictError:
        return None


def _obstacle(order: Order, path: Sequence[risk.Limits]) -> Sentence:
    """Why the order must not be sent now, or nothing."""
    age = clock.now() - (order.triggered_at or order.created_at)
    if order.expires_at is not None and order.expires_at <= clock.now():
        return sentence("it was good until {at}.", at=moment(order.expires_at))
    if age > SEND_WITHIN and not (order.rests or order.is_resting_stop):
        words = "the decision is {seconds} s old, place a new order if it still holds."
        return sentence(words, seconds=round(age.total_seconds()))
    if order.attempts >= MAX_SENDS:
        return Sentence(f"{MAX_SENDS} attempts did not reach the venue, place a new order when it answers.")
    closed = [step.name for step in path if step.trading_state == risk.CLOSED]
    if closed:
        return sentence("the connection {name} is not active any more.", name=closed[0])
    if watching := [step.name for step in path if step.trading_state == risk.WATCHING]:
        return sentence("the connection {name} only watches now.", name=watching[0])
    frozen = [step.name for step in path if step.trading_state == risk.FROZEN and not order.liquidates]
    frozen += [step.name for step in path if step.trading_state == risk.HALTED and not _passes(order, step)]
    return sentence("trading was halted at {name} meanwhile.", name=frozen[0]) if frozen else Sentence()


def _passes(order: Order, step: risk.Limits) -> bool:
    # An exit that waited for its price was accepted as protection.
    protects = order.protects_id is not None or (order.triggered_at is not None and order.leaves)
    return risk.passes_halt(step, protects=protects, closes=order.closes_all)


# --- sending and asking ---------------------------------------------------------------------------------------------


def _ask(order: Order, venue: Venue | None) -> Order:
    """What became of an order that was sent, or may have been."""
    if venue is None:
        return wait_for(
            order,
            sentence("The venue is asked again when the connection {name} is active.", name=order.connection.name),
        )
    try:
        report = look_up(order, venue)
    except VenueError as error:
        return wait_for(order, _unasked(error), error)
    if report is not None:
        return record_report(owner_id=order.owner_id, order_id=order.pk, report=report)
    return _go_on_without(order, venue)


def _send(order: Order, venue: Venue) -> Order:
    try:
        report = submit(venue, request_of(order))
    except VenueError as error:
        return take_no(order, venue, error)
    return record_report(owner_id=order.owner_id, order_id=order.pk, report=report)


def request_of(order: Order) -> OrderRequest:
    """What the venue is asked for."""
    return OrderRequest(
        client_order_id=order.client_order_id,
        symbol=order.instrument.symbol,
        side="buy" if order.side == "buy" else "sell",
        quantity=order.quantity - order.crossed_quantity,
        reduce_only=order.reduce_only,
        type="stop" if order.is_resting_stop else "market" if order.limit_price is None else "limit",
        trigger_price=order.trigger_price if order.is_resting_stop else None,
        price=order.limit_price,
        time_in_force=_IN_FORCE.get(order.time_in_force, "gtc"),
        expires_at=order.expires_at,
        post_only=order.post_only,
        leverage=order.leverage or Decimal(1),
        part="" if order.leverage is None else str(order.wallet_id),
    )


def take_no(order: Order, venue: Venue, error: VenueError) -> Order:
    """What becomes of an order whose sending brought this error."""
    if isinstance(error, VenueRejectedError):
        # A duplicate means that the venue knows the id: what it knows is the answer.
        if error.reason == "duplicate":
            return _doubt(order, venue, error)
        return _reject_again(order, venue, error)
    if isinstance(error, VenueUnavailableError):
        return wait_for(order, sentence("The venue could not be reached: {said}", said=told_by(error)))
    if isinstance(error, VenueCredentialsError):
        return _stop(order, venue, error)
    return _doubt(order, venue, error)


@stamina.retry(on=is_worth_another, attempts=TRIES, timeout=TRY_SECONDS, wait_initial=0.2, wait_max=2.0)
def submit(venue: Venue, request: OrderRequest) -> OrderReport:
    return venue.submit(request)


@stamina.retry(on=is_worth_another, attempts=TRIES, timeout=TRY_SECONDS, wait_initial=0.2, wait_max=2.0)
def submit_many(venue: TakesMany, requests: Sequence[OrderRequest]) -> Sequence[OrderReport | VenueError]:
    return venue.submit_many(requests)


@stamina.retry(on=is_worth_another, attempts=TRIES, timeout=TRY_SECONDS, wait_initial=0.2, wait_max=2.0)
def look_up(order: Order, venue: Venue) -> OrderReport | None:
    """What the venue knows under the order's client id, or else under its own number, which is all that one has that
    was placed there, and what a venue finds that looks for client ids in its newest orders only."""
    found = None if order.is_external else venue.order(order.client_order_id, order.instrument.symbol)
    return numbered(order, venue) if found is None and order.venue_order_id else found


def _reject(order: Order, error: VenueRejectedError) -> Order:
    """The venue's final no, unless somebody else has taken the order over meanwhile and gets an answer of their own."""
    with tenancy.tenant(order.owner_id):
        current = still_ours(order)
        if current is None:
            return found(order.pk)
        answer = {"reason": error.reason, "message": error.sentence.exact}
        # What was crossed before stays done: only the rest was rejected.
        ends = states.CANCELLED if current.filled_quantity else states.REJECTED
        move(current, ends, sentence("{said}", said=told_by(error)), answer=answer)
    return current


def _reject_again(order: Order, venue: Venue, error: VenueRejectedError) -> Order:
    """A no, final for the first sending only: of one that was sent before, perhaps the first arrived after all."""
    if order.attempts == 1:
        return _reject(order, error)
    try:
        report = look_up(order, venue)
    except VenueError as trouble:
        return wait_for(order, _unasked(trouble), trouble)
    if report is None:
        return _reject(order, error)
    return record_report(owner_id=order.owner_id, order_id=order.pk, report=report)


def _stop(order: Order, venue: Venue, error: VenueCredentialsError) -> Order:
    """The venue rejected the key before it looked at the order: a no to this sending, and something for a person."""
    with tenancy.tenant(order.owner_id):
        tell_of_refused_key(order, error)
    return _reject_again(order, venue, VenueRejectedError(error.sentence, reason="credentials"))


def tell_of_refused_key(order: Order, error: VenueCredentialsError) -> None:
    """The venue does not take the connection's key: only its owner can change that."""
    raise_alert(
        owner_id=order.owner_id,
        key=refused_key(order.connection_id),
        title=f"{order.connection.name} rejects its key",
        body="{said} Replace the credentials of the connection: until then new orders are rejected, and nobody knows "
        "what becomes of those that were sent.",
        level=Alert.Level.CRITICAL,
        about=about("connection", order.connection_id),
        said=told_by(error),
    )


def _doubt(order: Order, venue: Venue, error: VenueError) -> Order:
    """Nobody knows whether the venue has the order: say so, then ask it at once."""
    with tenancy.tenant(order.owner_id):
        current = still_ours(order)
        if current is None:
            return found(order.pk)
        current.due_at = leases.start(leases.GRACE)
        move(current, states.UNCERTAIN, sentence("Nobody knows whether it arrived: {said}", said=told_by(error)))
    try:
        report = look_up(current, venue)
    except VenueError:
        return current  # asked again after the grace
    if report is None:
        return current  # it may still be on its way: only after the grace is this believed
    return record_report(owner_id=order.owner_id, order_id=order.pk, report=report)


def _go_on_without(order: Order, venue: Venue) -> Order:
    """The venue, asked after the grace, has never heard of the order, or denies it."""
    if order.venue_order_id:
        try:
            return hear_denial(order, venue)
        except VenueError as error:
            return wait_for(order, _unasked(error), error)
    with tenancy.tenant(order.owner_id):
        current = still_ours(order)
        if current is None:
            return found(order.pk)
        if Cancellation.objects.filter(order=current).exists():
            detail = "The venue does not know it, and its cancellation was asked for: it is not sent again."
            move(current, states.CANCELLED, detail, answer={"known": False})
            return current
        if obstacle := _obstacle(current, limits_on_path(wallet_id=current.wallet_id)):
            told = sentence("The venue does not know it, and {why}", why=obstacle)
            move(current, states.EXPIRED, told, answer={"known": False})
            return current
        current.attempts += 1
        current.submitted_at = clock.now()
        current.due_at = leases.start(leases.LEASE)
        move(current, states.SUBMITTING, "The venue does not know it: it is sent again.", answer={"known": False})
    return _send(current, venue)


def _unasked(error: VenueError) -> Sentence:
    return sentence("The venue could not be asked: {said}", said=told_by(error))


def wait_for(order: Order, detail: Told, error: VenueError | None = None) -> Order:
    """Nothing was learnt: look again soon, and tell a person when the key is what the venue does not like."""
    with tenancy.tenant(order.owner_id):
        if isinstance(error, VenueCredentialsError):
            tell_of_refused_key(order, error)
        current = locked(order.pk)
        if not current.is_terminal:
            wait_noting(current, detail)
            if current.status == states.UNCERTAIN and clock.now() - current.created_at > LOST_AFTER:
                title = f"Nobody knows what became of order {current.client_order_id}"
                call_out(current, "", title, "{said} " + LOOK_THERE, said=detail)
    return current
