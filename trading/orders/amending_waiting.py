"""Other terms for an order that waits for its trigger.

It rests nowhere but here: it is ended and another placed in one transaction, under the wallet's lock, so there is no
moment at which neither waits or both do. What the gate or the funds refuse leaves it as it is. A trailing trigger that
has moved stays where it is, as long as how far it trails stays.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final
from uuid import uuid5

from django.db import transaction

from kit.errors import InvalidInputError
from kit.sentences import sentence
from trading.models import Order, Side
from trading.orders import states
from trading.orders.intents import OrderConflictError
from trading.orders.life import move
from trading.orders.placing import place_order
from trading.orders.terms import Limit, Trigger, require_lots

TRAILS: Final = ("trail", "trail_share")
# What can be changed of each kind of trigger, beside the quantity.
CHANGEABLE: Final[Mapping[str, tuple[str, ...]]] = {
    Order.Type.STOP: ("trigger_price",),
    Order.Type.TAKE_PROFIT: ("trigger_price",),
    Order.Type.STOP_LIMIT: ("trigger_price", "limit_price"),
    Order.Type.OCO: ("trigger_price", "target_price"),
    Order.Type.TRAILING_STOP: TRAILS,
}
ENDED: Final = "It was amended: another order waits in its place."
AS_IT_IS: Final = "As it is."


def is_changeable(order: Order) -> bool:
    """Whether it waits here for its trigger, as somebody has asked for it."""
    return order.status == states.WAITING and not order.waits_for_stop and order.protects_id is None


def as_before(order: Order, at: Decimal | None, quantity: Decimal) -> dict[str, Any]:
    """The terms of the order, with that limit and quantity and without its trigger."""
    return {
        "side": order.side,
        "quantity": quantity,
        "reason": order.reason,
        "reduce_only": order.reduce_only,
        "leverage": order.leverage,
        "exit_stop": order.exit_stop,
        "exit_target": order.exit_target,
        "exit_trail": order.exit_trail,
        "limit": None if at is None else Limit(at, order.time_in_force, order.expires_at, order.post_only),
    }


def amend_waiting(order: Order, *, key: str, asked: Mapping[str, Decimal | None]) -> Order:
    """The order that waits in the place of this one, which comes locked, with its wallet locked before.

    Raises InvalidInputError for terms that it cannot have, or that the gate or the funds refuse.
    """
    said = {name: value for name, value in asked.items() if value is not None}
    names = ("quantity", *CHANGEABLE[order.type])
    if wrong := said.keys() - set(names):
        told = f"Of this order {', '.join(name.replace('_', ' ') for name in names)} can be changed."
        raise InvalidInputError(told, fields=dict.fromkeys(sorted(wrong), "Not of this order."))
    given = {name: value for name, value in said.items() if value != getattr(order, name)}
    if "quantity" in given:
        require_lots(order.instrument, given["quantity"])
    if said.keys() >= {*TRAILS}:
        raise InvalidInputError("Trail by an amount or by a share.", fields=dict.fromkeys(TRAILS, "One of the two."))
    if not given:
        raise InvalidInputError("Give other terms.", fields=dict.fromkeys(said or ("quantity",), AS_IT_IS))
    with transaction.atomic():
        move(order, states.CANCELLED, ENDED)
        placed = place_order(
            wallet=order.wallet,
            instrument=order.instrument,
            key=_key(order, key),
            replaces=order,
            **_terms(order, given),
        )
        if placed.is_refused:
            why = sentence("It stays as it is: {why}", why=placed.refusal)
            raise InvalidInputError(why, fields=dict.fromkeys(given, "Refused."))
        _keep_moved(order, placed, given)
    return placed


def repeated(order: Order, *, key: str, asked: Mapping[str, Decimal | None]) -> Order | None:
    """The order that took its place by the same wish before. Raises OrderConflictError where the key was another
    wish's."""
    placed = Order.objects.filter(replaces=order, key=_key(order, key)).first()
    if placed is None:
        return None
    said = {name: value for name, value in asked.items() if value is not None}
    stays = {"quantity", *CHANGEABLE[order.type]} - ({*TRAILS} if said.keys() & {*TRAILS} else set())
    wanted = {name: getattr(order, name) for name in stays} | said
    if any(getattr(placed, name) != value for name, value in wanted.items()):
        raise OrderConflictError("This key belongs to another wish: use a new key, or repeat the first one.")
    return placed


def _key(order: Order, key: str) -> str:
    return f"amend:{uuid5(order.pk, key)}"


def _terms(order: Order, given: Mapping[str, Decimal]) -> dict[str, Any]:
    """The terms of the order, but for what is given."""
    at, quantity = (given.get(name, getattr(order, name)) for name in ("limit_price", "quantity"))
    return {**as_before(order, at, quantity), "trigger": _trigger(order, given)}


def _trigger(order: Order, given: Mapping[str, Decimal]) -> Trigger:
    names = CHANGEABLE[order.type]
    if order.type != Order.Type.TRAILING_STOP:
        price, target = (given.get(name, getattr(order, name)) for name in ("trigger_price", "target_price"))
        return Trigger(order.type, price=price, target=target)
    says = set(names) & given.keys()
    trail, share = (given.get(name) if says else getattr(order, name) for name in names)
    return Trigger(order.type, trail=trail, trail_share=share)


def _keep_moved(order: Order, placed: Order, given: Mapping[str, Decimal]) -> None:
    if order.type != Order.Type.TRAILING_STOP or given.keys() & {*TRAILS}:
        return
    moved, new = order.trigger_price, placed.trigger_price
    if moved is not None and new is not None and (moved > new if order.side == Side.SELL else moved < new):
        placed.trigger_price = moved
        placed.save(update_fields=("trigger_price",))
