"""Many orders at once: of a wallet, of everything below it, of a market, or of one side.

First it says what would go: the orders, the stops and targets that would never come to be, and what stays because the
venue has not answered yet. What carries out the stop or the target of a position is no part of it: a position keeps
what protects it. The wish is one row with a wish for each order, written together, so that a request that is repeated
finds the same orders and cancels none that came later.
"""

import hashlib
import json
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from kit.audit import services as audit
from kit.errors import ConflictError, InvalidInputError
from markets.models import Instrument
from trading.models import MassCancellation, Order, Side
from trading.orders import states
from trading.orders.cancelling import request_cancellation
from trading.orders.intents import KEY_LENGTH, OrderConflictError
from wallets.hierarchy.places import get_wallet, subtree
from wallets.models import Wallet

REASON: Final = "All were to be cancelled."
# A review lists so many orders, and counts the others.
MOST_SHOWN: Final = 100
# A sale that waits for the price to fall is a stop of what is held.
SELLING_STOPS: Final = frozenset({Order.Type.STOP, Order.Type.STOP_LIMIT, Order.Type.TRAILING_STOP})


@dataclass(frozen=True, slots=True)
class Which:
    """Whose orders: None and "" name all. `below` says whether those of the wallets below are meant too."""

    wallet: Wallet | None = None
    instrument: Instrument | None = None
    side: str = ""
    below: bool = True

    @classmethod
    def of(
        cls, *, owner_id: UUID, wallet_id: UUID | None = None, symbol: str = "", side: str = "", below: bool = True
    ) -> "Which":
        """Raises NotFoundError for a wallet that the owner does not have, InvalidInputError for what is nowhere."""
        wallet = None if wallet_id is None else get_wallet(owner_id=owner_id, wallet_id=wallet_id)
        if side and side not in Side.values:
            raise InvalidInputError("Choose buy or sell as the side.", fields={"side": "Must be buy or sell."})
        listed = Instrument.objects.filter(symbol=symbol) if symbol else Instrument.objects.none()
        if symbol and wallet is not None:
            listed = listed.filter(venue=wallet.connection.venue)
        instrument = listed.filter(Q(venue__in=_venues(owner_id))).first()
        if symbol and instrument is None:
            raise InvalidInputError(
                f"Choose another symbol: nothing is listed as {symbol} at your venues.",
                fields={"symbol": "Not listed at your venues."},
            )
        return cls(wallet, instrument, side, below)

    @property
    def request(self) -> str:
        """The hash of all that is asked for."""
        symbol = "" if self.instrument is None else self.instrument.symbol
        asked = ["" if self.wallet is None else str(self.wallet.pk), symbol, self.side, self.below]
        return hashlib.sha256(json.dumps(asked).encode()).hexdigest()


def _venues(owner_id: UUID) -> list[str]:
    return list(Wallet.objects.filter(owner_id=owner_id).values_list("connection__venue", flat=True).distinct())


@dataclass(frozen=True, slots=True)
class Going:
    """An order that would be cancelled, and what protects by it: the levels of what it buys, or itself what is held."""

    order: Order

    @property
    def loses(self) -> list[str]:
        """The stop and the target that never come to be, or the stop that it is."""
        order = self.order
        levels = (("stop", order.exit_stop), ("target", order.exit_target), ("trailing stop", order.exit_trail))
        own = [order.get_type_display().lower()] if order.leaves and order.type in SELLING_STOPS else []
        return own + [name for name, level in levels if level is not None]


@dataclass(frozen=True, slots=True)
class Preview:
    """What would go; `waits` of it until its venue has answered, and `keeps` carries out a stop or a target."""

    which: Which
    going: tuple[Going, ...]
    waits: tuple[Order, ...]
    keeps: tuple[Order, ...]

    @property
    def shown(self) -> tuple[Going, ...]:
        """At most `MOST_SHOWN`, those first that lose a level."""
        return tuple(sorted(self.going, key=lambda one: not one.loses)[:MOST_SHOWN])

    @property
    def lost(self) -> tuple[Going, ...]:
        return tuple(one for one in self.going if one.loses)


def preview_all(*, owner_id: UUID, which: Which) -> Preview:
    """What `cancel_all` would do now."""
    orders = list(_unfinished(owner_id, which))
    entries = [order for order in orders if order.protects_id is None]
    return Preview(
        which,
        going=tuple(Going(order) for order in entries if order.is_cancellable),
        waits=tuple(order for order in entries if order.status == states.SUBMITTING and order.attempts),
        keeps=tuple(order for order in orders if order.protects_id is not None),
    )


def cancel_all(*, owner_id: UUID, which: Which, key: str) -> MassCancellation:
    """Commit the wish to cancel all that `preview_all` says goes, and let workers carry it out.

    The same `key` with the same request returns the first answer and cancels nothing else; with another one it raises
    OrderConflictError. An order that ends meanwhile is left out.
    """
    if not 0 < len(key) <= KEY_LENGTH:
        raise InvalidInputError(
            f"Give a key of 1 to {KEY_LENGTH} characters.", fields={"key": f"Must have 1 to {KEY_LENGTH} characters."}
        )
    with transaction.atomic():
        asked, is_new = MassCancellation.objects.get_or_create(
            owner_id=owner_id,
            key=key,
            defaults={
                "request": which.request,
                "wallet": which.wallet,
                "instrument": which.instrument,
                "side": which.side,
                "below": which.below,
                "orders": [one.order.pk for one in preview_all(owner_id=owner_id, which=which).going],
            },
        )
        if asked.request != which.request:
            raise OrderConflictError("This key belongs to another request: use a new key, or repeat the first one.")
        if is_new:
            for order_id in asked.orders:
                _ask(owner_id, order_id)
    if is_new and asked.orders:
        audit.record(
            audit.Area.MONEY,
            "Orders cancelled",
            owner_id=owner_id,
            subject="everything" if which.wallet is None else which.wallet.name,
            after={"orders": len(asked.orders), "symbol": "" if which.instrument is None else which.instrument.symbol},
        )
    return asked


def _ask(owner_id: UUID, order_id: UUID) -> None:
    try:
        with transaction.atomic():
            request_cancellation(owner_id=owner_id, order_id=order_id, reason=REASON)
    except ConflictError:
        return  # it has ended since it was looked at


def _unfinished(owner_id: UUID, which: Which) -> list[Order]:
    orders = Order.objects.unfinished().filter(owner_id=owner_id)
    if which.wallet is not None:
        orders = orders.filter(wallet__in=subtree([which.wallet.pk]) if which.below else [which.wallet.pk])
    if which.instrument is not None:
        orders = orders.filter(instrument__symbol=which.instrument.symbol)
    if which.side:
        orders = orders.filter(side=which.side)
    return list(orders.select_related("wallet", "instrument").order_by("pk"))
