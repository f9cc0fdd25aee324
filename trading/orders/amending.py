"""Other terms for an order that rests.

An order's intent never changes, so another takes its place. The wish is a row, committed before the venue hears of it,
with what the gate said. A venue that changes orders by itself is asked to (`changing`), and the other order stands for
what it did. Elsewhere the wish is committed with the wish to end the old order. When that has ended by the venue's
word, the new one is placed for what is left of the quantity, in the transaction that closes the wish: a crash at any
line leaves the old order, or the wish that the sweeper finishes, or the new order, and never both of them. Between the
two nothing rests, and the gate may refuse the new one: it is asked before the old one is given up, and what it says
then is kept with the wish.
"""

from collections.abc import Mapping
from contextlib import suppress
from decimal import Decimal
from typing import Final
from uuid import UUID

from celery import current_app
from django.db import transaction

from kit import clock, tenancy
from kit.errors import ConflictError, InvalidInputError, MoniqoError
from kit.sentences import Sentence, Told, amount, price, sentence, told_by
from trading.models import Amendment, Cancellation, Order, Side
from trading.orders import leases, states
from trading.orders.amending_waiting import amend_waiting, as_before, is_changeable, repeated
from trading.orders.cancelling import request_cancellation
from trading.orders.facts import locked_wallet
from trading.orders.holds import hold_again, to_buy
from trading.orders.intents import OrderConflictError, Place, Terms
from trading.orders.life import found, locked, note
from trading.orders.placing import Batch, place_order
from trading.orders.succeeding import close
from trading.orders.terms import require_lots
from trading.risk import gate as risk
from trading.risk.sizing import in_lots
from wallets.venues.capabilities import capabilities_of

Way = Amendment.Way
# How an order is changed that waits for its trigger.
HERE: Final = "here"
# What may happen between the old terms and the new ones, by how the venue changes an order.
RISKS: Final[Mapping[str, str]] = {
    HERE: (
        "It waits in Moniqo, and no venue has heard of it: another order waits in its place at once, and nothing can "
        "happen in between."
    ),
    Way.ENDS: (
        "The venue ends the order before another takes its place: meanwhile nothing of it rests, what is filled until "
        "then is taken off, and its place in the queue is lost."
    ),
    Way.AT_ONCE: (
        "The venue ends the order and places another in one message: its place in the queue is lost, and where the "
        "other is turned down nothing rests."
    ),
    Way.IN_PLACE: (
        "The venue changes the order where it stands: it is there all the time, and what is filled until then is taken "
        "off. Its place in the queue may be lost."
    ),
}
# What a venue's word for it means here.
_WAYS: Final[Mapping[str, str]] = {"yes": Way.IN_PLACE, "partly": Way.AT_ONCE, "no": Way.ENDS}


def amend_order(
    *,
    owner_id: UUID,
    order_id: UUID,
    key: str,
    limit_price: Decimal | None = None,
    quantity: Decimal | None = None,
    **of_trigger: Decimal | None,
) -> Amendment:
    """Commit the wish that the order have another limit or quantity (in base, with what was filled of it before); what
    is None stays. The same key of the same order returns the first wish. What is asked for of the trigger
    (`amending_waiting.CHANGEABLE`) is of an order that waits for it: that one is replaced at once, and the wish, which
    is over then, is no row.

    Runs in the owner's tenant. Raises NotFoundError, InvalidInputError for terms that it cannot have or that the gate
    would refuse, ConflictError for an order that does not rest or is being cancelled or amended already.
    """
    wallet_id = found(order_id).wallet_id
    with transaction.atomic():
        locked_wallet(wallet_id)
        order = locked(order_id, "wallet__connection__platform", "hold")
        asked = {"limit_price": limit_price, "quantity": quantity, **of_trigger}
        placed = repeated(order, key=key, asked=asked)
        if placed is not None or is_changeable(order):
            return _done_here(placed or amend_waiting(order, key=key, asked=asked), order, key)
        wished = Amendment.objects.filter(order=order).first()
        if wished is not None and wished.key == key:
            terms = (
                order.limit_price if limit_price is None else limit_price,
                order.quantity if quantity is None else quantity,
            )
            if terms != (wished.limit_price, wished.quantity) or any(
                value is not None for value in of_trigger.values()
            ):
                raise OrderConflictError("This key belongs to another wish: use a new key, or repeat the first one.")
            return wished
        _require_amendable(order, wished)
        if wrong := [name for name, value in of_trigger.items() if value is not None]:
            told = "Only an order that waits for its trigger can be given another one."
            raise InvalidInputError(told, fields=dict.fromkeys(wrong, "It waits for none."))
        at, wanted = order.limit_price if limit_price is None else limit_price, _wanted(order, quantity)
        if at is None or (at, wanted) == (order.limit_price, order.quantity):
            raise InvalidInputError(
                "Give another limit or another quantity.", fields={"limit_price": "As it is.", "quantity": "As it is."}
            )
        verdict = _require_allowed(order, at, wanted)
        way, instrument = way_of(order), order.instrument
        reason = sentence(
            "It was amended to {quantity} at {price}: another order takes its place.",
            quantity=amount(wanted, instrument.base),
            price=price(at, instrument.tick_size),
        )
        if way == Way.ENDS:
            request_cancellation(owner_id=owner_id, order_id=order.pk, reason=reason)
        wish = Amendment.objects.create(
            owner_id=owner_id, order=order, key=key, limit_price=at, quantity=wanted, way=way,
            explanation=verdict.explanation, numbers=verdict.numbers,
            due_at=leases.start(leases.LOOK_AGAIN if way == Way.ENDS else leases.START_WITHIN),
        )  # fmt: skip
        if way != Way.ENDS:
            _hold_for_both(order, wish)
            note(order, order.status, reason)
            given = {"owner_id": str(owner_id), "order_id": str(order_id)}
            transaction.on_commit(
                lambda: current_app.send_task("trading.tasks.change_order", kwargs=given),
                robust=True,  # a broker that is away costs a moment: the sweeper finds the row
            )
    return wish


def _done_here(placed: Order, order: Order, key: str) -> Amendment:
    """The wish that is over: it was never open, so it is no row."""
    return Amendment(
        owner_id=order.owner_id, order=order, key=key, limit_price=placed.limit_price, quantity=placed.quantity,
        way=HERE, result=Sentence("Another order waits in its place."), closed_at=placed.created_at,
    )  # fmt: skip


def way_of(order: Order) -> str:
    """How the order is changed, at its venue or here, as it stands now; it comes with its connection's platform."""
    if is_changeable(order):
        return HERE
    platform = order.wallet.connection.platform
    if order.is_external:
        return Way.ENDS
    way = _WAYS[capabilities_of("demo" if platform.adapter == "demo" else platform.slug)["amend"].works]
    return Way.ENDS if way == Way.AT_ONCE and order.filled_quantity else way


def give_up(order_id: UUID, why: Told) -> None:
    """The order stays as it is, and its wish is over. Runs in the owner's tenant and a transaction."""
    order = locked(order_id, "wallet__connection__platform", "hold")
    wish = Amendment.objects.select_for_update(no_key=True).filter(order=order, closed_at=None).first()
    if wish is None:
        return
    close(wish, why)
    note(order, order.status, why)
    if order.hold is not None:
        need = to_buy(order, order.left) if order.side == Side.BUY else order.left
        hold_again(order, min(order.hold.amount, need), key=f"order:{order.pk.hex}:hold:{wish.pk.hex}:back")


def end_instead(order_id: UUID) -> None:
    """The venue does not change it any more: it is ended, and another placed then. Runs in the owner's tenant and a
    transaction."""
    order = locked(order_id)
    reason = "It was filled in part: it is ended first, and another order takes its place then."
    with suppress(ConflictError), transaction.atomic():
        request_cancellation(owner_id=order.owner_id, order_id=order_id, reason=reason)
    due = {"way": Way.ENDS, "due_at": leases.start(leases.LOOK_AGAIN)}
    Amendment.objects.filter(order=order, closed_at=None).update(**due)


def _hold_for_both(order: Order, wish: Amendment) -> None:
    """From here on nobody knows which terms it is on: what the dearer ones need is held."""
    need = Decimal(wish.numbers.get("hold") or 0)
    if order.hold is not None and need > order.hold.amount:
        hold_again(order, need, key=f"order:{order.pk.hex}:hold:{wish.pk.hex}")


def finish_amendment(*, owner_id: UUID, order_id: UUID) -> Order | None:
    """Place the order that takes the place of an amended one, if that has ended; returns it. Safe to repeat."""
    with tenancy.tenant(owner_id):
        wishes = Amendment.objects.filter(order=order_id, closed_at=None, way=Way.ENDS)
        wallet_id = wishes.values_list("order__wallet", flat=True).first()
        if wallet_id is None:
            return None
        locked_wallet(wallet_id)
        wish = wishes.select_for_update(no_key=True).first()
        if wish is None:
            return None
        order = locked(order_id, "wallet__connection__platform")
        if not order.is_terminal:
            Amendment.objects.filter(pk=wish.pk).update(due_at=leases.start(leases.LOOK_AGAIN))
            return None
        placed, result = _placed(order, wish)
        now = clock.now()
        Amendment.objects.filter(pk=wish.pk).update(due_at=None, closed_at=now, result=Sentence.of(result))
        note(order, order.status, result)
    return placed


def due_amendments(most: int) -> list[tuple[UUID, UUID, str]]:
    """(owner, order, way) of those that are due; asked as the system role."""
    rows = Amendment.objects.filter(leases.due(), closed_at=None).order_by("due_at")
    return list(rows.values_list("owner_id", "order_id", "way")[:most])


# --- inside ---------------------------------------------------------------------------------------------------------


def _placed(order: Order, wish: Amendment) -> tuple[Order | None, Told]:
    """The order that takes its place, and what became of the wish."""
    left = in_lots(wish.quantity - order.filled_quantity, order.instrument.lot_size)
    if left <= 0:
        return None, "All that was wanted had been filled when the order ended: nothing takes its place."
    try:
        with transaction.atomic():
            placed = place_order(
                wallet=order.wallet,
                instrument=order.instrument,
                key=f"amend:{wish.pk}",
                replaces=order,
                **as_before(order, wish.limit_price, left),
            )
    except MoniqoError as error:
        return None, sentence("Nothing takes its place: {why}", why=told_by(error))
    if placed.is_refused:
        return placed, sentence("The order that was to take its place was refused: {why}", why=placed.refusal)
    return placed, "Another order took its place."


def _wanted(order: Order, quantity: Decimal | None) -> Decimal:
    """All that is wanted. Raises InvalidInputError for what is not in whole lots, or no more than is filled already."""
    if quantity is None:
        whole: Decimal = order.quantity
        return whole
    require_lots(order.instrument, quantity)
    if quantity <= order.filled_quantity:
        told = sentence(
            "Want more than the {filled} that is filled already, or cancel the order.",
            filled=amount(order.filled_quantity, order.instrument.base),
        )
        raise InvalidInputError(told, fields={"quantity": "Must be more than what is filled."})
    return quantity


def _require_amendable(order: Order, wished: Amendment | None) -> None:
    if wished is not None and wished.closed_at is not None and not order.is_terminal:
        raise ConflictError(
            "The venue did not change it when it was asked: cancel it, and place another as you want it."
        )
    if wished is not None:
        raise ConflictError("The order is being amended already: amend the one that takes its place.")
    if order.limit_price is None or order.status not in (states.OPEN, states.PARTIALLY_FILLED):
        status = order.get_status_display().lower()
        raise ConflictError(f"Only an order that rests or waits for its trigger can be amended: this one is {status}.")
    if Cancellation.objects.filter(order=order).exists():
        raise ConflictError("The order is being cancelled: place another one when it has ended.")


def _require_allowed(order: Order, at: Decimal, wanted: Decimal) -> risk.Verdict:
    """What the gate says of the terms as if the order had ended as it is now. Raises InvalidInputError for what it or
    the funds refuse."""
    place = Place(order.wallet_id, order.instrument, f"amend?:{order.pk}")
    batch = Batch([place])
    batch.suppose_ended(order)
    terms = Terms(**as_before(order, at, wanted - order.filled_quantity))
    batch.place(order.wallet_id, terms)
    (verdict,) = batch.verdicts()
    if not verdict.allowed:
        told = sentence("It stays as it is: {why}", why=verdict.explanation)
        asked = {"limit_price": at != order.limit_price, "quantity": wanted != order.quantity}
        raise InvalidInputError(told, fields={name: "Refused." for name, differs in asked.items() if differs})
    return verdict
