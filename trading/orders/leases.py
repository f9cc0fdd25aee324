"""Who works on an order, and for how long nobody else may.

A lease is about processes, so it counts real seconds whatever moment the engine believes in. An order that is not
finished always has a moment at which it falls due; a worker that takes it moves that moment, and one that died does
not. Machines whose clocks differ by a second or two only look a little earlier or later: taking an order is a
conditional UPDATE, whatever the clocks say.
"""

from datetime import datetime, timedelta
from typing import Final

from django.db.models import Q

from kit import clock
from trading.models import Order
from wallets.models import Connection

# A new order that no worker has taken after this is taken by the sweeper.
START_WITHIN: Final = timedelta(seconds=15)
# Longer than all calls of one worker to the venue together, so a lease that is over belongs to nobody. It also is the
# grace: whatever was on its way to the venue when the worker died has arrived or never will.
LEASE: Final = timedelta(seconds=45)
# After an unknown outcome the venue gets this long before "not known here" is believed.
GRACE: Final = timedelta(seconds=30)
# How often an order that rests at the venue, or cannot reach it, is looked at.
LOOK_AGAIN: Final = timedelta(seconds=10)
# The same where the venue tells by itself what becomes of its orders; no longer than a lease.
LOOK_TOLD: Final = timedelta(seconds=40)


def now() -> datetime:
    """The real moment, even over history."""
    return clock.present()


def due() -> Q:
    """Rows that are due: their moment has come, or lies further ahead than any lease.

    The second was written by a clock that was ahead, or ours was set back since: it must not wait until then.
    """
    moment = now()
    return Q(due_at__lte=moment) | Q(due_at__gt=moment + LEASE + clock.SKEW)


def start(length: timedelta) -> datetime:
    """When a lease of `length` that starts now is over."""
    return now() + length


def next_look(order: Order) -> datetime:
    """When an order that rests at its venue is looked at again."""
    is_told = order.venue_order_id and Connection.objects.streaming().filter(pk=order.connection_id).exists()
    return start(LOOK_TOLD if is_told else LOOK_AGAIN)


def is_old(order: Order) -> bool:
    """Whether the order has outlived the grace: one whose end nobody knows may have been called out by now."""
    return clock.now() - order.created_at > GRACE
