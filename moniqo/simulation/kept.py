"""Whether the stops of positions rest at the venue as they should, or somebody was told why not."""

from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal

from kit import tenancy
from kit.alerts.models import Alert
from moniqo.simulation.exchange import LOT
from moniqo.simulation.people import CENT, RESTING
from moniqo.simulation.stage import Stage
from trading.models import RESTING_STOP, Order, Position
from trading.orders.resting import unrested_key
from trading.positions.filling import unprotected_key


def at_rest(on: Stage) -> list[Order]:
    """The stops that rest at the venue, of which nothing is to be learnt there."""
    with tenancy.tenant(on.owner_id):
        rows = Order.objects.filter(RESTING_STOP, status__in=RESTING, cancellation=None)
        orders = list(rows.select_related("instrument").order_by("pk"))
    return [order for order in orders if _is_known(on, order)]


def unkept(on: Stage, stops: list[Order]) -> list[str]:
    """What is wrong with each stop that does not rest as its position wants it, and of which nobody was told why, where
    these `stops` are `at_rest`."""
    return list(_unkept(on, stops)) if stops or on.keeps_stops else []


def told(on: Stage) -> set[str]:
    """The keys of the alerts that stand."""
    with tenancy.tenant(on.owner_id):
        return set(Alert.objects.unresolved().filter(owner_id=on.owner_id).values_list("key", flat=True))


def _is_known(on: Stage, order: Order) -> bool:
    there = on.exchange.orders.get(order.client_order_id)
    if there is None:
        return False
    now = on.clock.now()
    return there.rests(now) and there.filled(now) == order.filled_quantity and there.triggered_at is None


def _unkept(on: Stage, stops: list[Order]) -> Iterator[str]:
    with tenancy.tenant(on.owner_id):
        positions = list(Position.objects.filter(closed_at=None).order_by("pk"))
    known = told(on)
    resting = {order.protects_id: order for order in stops}
    for gone in resting.keys() - {position.pk for position in positions}:
        yield f"The stop {resting[gone].client_order_id} rests for a position that is closed."
    for position in positions if on.keeps_stops else ():
        order, size = resting.get(position.pk), position.quantity // LOT * LOT
        if order is None:
            is_told = known & {unrested_key(position.pk), unprotected_key(position.pk)}
            if position.exit_stop is not None and size and not is_told:
                yield f"The stop {position.exit_stop} of {size} does not rest, and nobody was told."
            continue
        there = on.exchange.orders[order.client_order_id].request
        wanted = (_level(position), size)
        if wanted != (there.trigger_price, there.quantity - order.filled_quantity):
            yield f"A stop at {there.trigger_price} of {there.quantity} rests, and {wanted} is wanted."


def _level(position: Position) -> Decimal | None:
    return None if position.exit_stop is None else position.exit_stop.quantize(CENT, ROUND_HALF_UP)
