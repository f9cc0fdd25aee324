"""The steps of an order's life: locked, moved to a status with an event, left to rest, or called out in an alert."""

from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from celery import current_app
from django.db import transaction

from kit import clock
from kit.alerts.links import about
from kit.alerts.models import Alert
from kit.alerts.services import raise_alert, resolve_alerts
from kit.errors import ConflictError, NotFoundError
from kit.live.publish import publish
from kit.models import joined_again
from kit.sentences import Sentence, Told, Value, sentence, told_by
from trading.models import Cancellation, Order, OrderEvent, Position
from trading.models.orders import LEAVES
from trading.orders import leases, states
from trading.orders.holds import Need, hold, release, to_hold

UNTOLD = "untold"
DENIED = "denied"


def locked(order_id: UUID, *related: str) -> Order:
    """The order with its instrument and what else the caller names, locked until the end of the transaction."""
    rows = Order.objects.select_related("instrument", *related).select_for_update(of=("self",), no_key=True)
    return joined_again(rows.get(pk=order_id))


def still_ours(order: Order) -> Order | None:
    """The order, locked, unless our lease ran out and somebody else took it or ended it."""
    current = locked(order.pk)
    return current if current.due_at == order.due_at and not current.is_terminal else None


def found(order_id: UUID) -> Order:
    """The order with its instrument, as it stands. Raises NotFoundError, also for somebody else's."""
    order = Order.objects.select_related("instrument", "wallet__parent").filter(pk=order_id).first()
    if order is None:
        raise NotFoundError("There is no such order: choose one of yours.")
    return order


def move(order: Order, status: str, detail: Told = "", *, answer: dict[str, Any] | None = None) -> None:
    """Take a locked order to `status`, with an event; one that ends gives back what is still held for it."""
    states.check(order.status, status)
    before, order.status = order.status, status
    if order.is_terminal:
        release(order)
        order.due_at = None
        order.closed_at = order.closed_at or clock.now()
        if status != before and status != states.FILLED:
            order.refusal = Sentence.of(detail)
        if before in states.CANCELLABLE:
            Cancellation.objects.filter(order=order, closed_at=None).update(due_at=None, closed_at=order.closed_at)
        if before in states.UNFINISHED and leases.is_old(order):
            # Only of an old one was anybody told that nobody knows its end.
            resolve_alerts(owner_id=order.owner_id, keys=[alert_key(order, topic) for topic in ("", UNTOLD, DENIED)])
    order.save(
        update_fields=(
            "status",
            "venue_order_id",
            "refusal",
            "hold",
            "filled_quantity",
            "average_price",
            "attempts",
            "due_at",
            "submitted_at",
            "closed_at",
        )
    )
    note(order, before, detail, answer=answer)
    if before in states.ON_ITS_WAY and order.status in (states.OPEN, states.PARTIALLY_FILLED):
        _end_soon(order)
    if order.is_terminal and before in states.UNFINISHED and order.leaves and order.type != Order.Type.MARKET:
        _let_go(order)


def _end_soon(order: Order) -> None:
    """The venue has the order: if its end was asked for meanwhile, ask the venue now."""
    wishes = Cancellation.objects.filter(order=order, closed_at=None)
    if wishes.update(due_at=leases.now()) and not clock.is_controlled():
        given = {"owner_id": str(order.owner_id), "order_id": str(order.pk)}
        transaction.on_commit(lambda: current_app.send_task("trading.tasks.cancel_order", kwargs=given), robust=True)


def _let_go(gone: Order) -> None:
    """What rested and would have left the position has ended, and all its trades are in the books: send what waited for
    that, with what it needs held now, unless something else is still to end. What was sold meanwhile nobody sells
    again."""
    rows = Order.objects.unfinished().filter(LEAVES, wallet_id=gone.wallet_id, instrument_id=gone.instrument_id)
    waiting = rows.filter(hold=None, status=states.WAITING).select_related("instrument", "wallet__connection")
    if gone.instrument.is_perpetual:  # nothing that only reduces holds anything there
        waiting = waiting.filter(trigger_price=None)
    orders = list(waiting.select_for_update(of=("self",), no_key=True).order_by("created_at", "pk"))
    if not orders or Cancellation.objects.filter(order__in=rows, closed_at=None).exists():
        return
    for order in orders:
        held = Position.objects.filter(wallet_id=order.wallet_id, instrument_id=order.instrument_id, closed_at=None)
        left: Decimal = held.values_list("quantity", flat=True).first() or Decimal(0)
        (missing,) = hold([Need(order, *to_hold(order, left))]) if left >= order.quantity else (GONE,)
        if missing is not None:
            move(order, states.EXPIRED, sentence("It was never sent: {why}", why=told_by(missing)))
            continue
        order.save(update_fields=("hold",))
        if order.trigger_price is not None:
            if order.triggered_at is None:
                continue  # it goes on waiting, for its price
            order.triggered_at = clock.now()
            order.save(update_fields=("triggered_at",))
        order.due_at = leases.start(leases.START_WITHIN)
        move(order, states.SUBMITTING, "What rested there has made way: it is sent.")
        send_soon(order)


GONE: Final = ConflictError("what made way has sold what it was to sell, or a part of it.")


def send_soon(order: Order) -> None:
    """Give the order to a worker once this is committed; a broker that is away costs a moment: the sweeper finds it."""
    if not clock.is_controlled():
        given = {"owner_id": str(order.owner_id), "order_id": str(order.pk)}
        transaction.on_commit(lambda: current_app.send_task("trading.tasks.execute_order", kwargs=given), robust=True)


def wait(order: Order, until: datetime | None = None) -> None:
    """Let a locked order rest until it is looked at again, at `until` or soon."""
    order.due_at = until or leases.start(leases.LOOK_AGAIN)
    order.save(update_fields=("due_at",))


def wait_noting(order: Order, detail: Told) -> None:
    """The same, with an event that says why."""
    wait(order)
    note_once(order, detail)


def note_once(order: Order, detail: Told) -> None:
    """An event that says what was in the way, written once however often it repeats."""
    last = order.events.order_by("-id").values_list("detail", flat=True).first()
    if last != Sentence.of(detail):
        note(order, order.status, detail)


def note(order: Order, before: str, detail: Told, *, answer: dict[str, Any] | None = None) -> None:
    """An event in the order's life, and word to the owner's open pages."""
    OrderEvent(
        owner_id=order.owner_id,
        order=order,
        from_status=before,
        to_status=order.status,
        detail=detail,
        answer=answer or {},
        created_at=clock.now(),
    ).save(force_insert=True)
    publish(owner_id=order.owner_id, event="orders", data={"order": str(order.pk), "status": order.status})


def alarm(order: Order, topic: str, title: str, body: str, **facts: Value | Told | int) -> None:
    """One alert per order and topic, so that none hides another; `facts` are the values of title and body."""
    call_out(order, topic, title, body, **facts)
    note(order, order.status, sentence(f"{title}: {body}", **facts))


def call_out(order: Order, topic: str, title: str, body: str, **facts: Value | Told | int) -> None:
    """The alert alone, for what is found again and again; `topic` may be empty for what becomes of the order at all."""
    raise_alert(
        owner_id=order.owner_id,
        key=alert_key(order, topic),
        title=title,
        body=body,
        level=Alert.Level.CRITICAL,
        about=about("order", order.pk),
        **facts,
    )


def alert_key(order: Order, topic: str = "") -> str:
    """The key of an alert about the order."""
    return f"order:{order.pk}:{topic}" if topic else f"order:{order.pk}"
