"""Positions are left: one by a person, or all below some wallets; whole, at the market, by orders like any other."""

import logging
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Case, Q, When

from kit import clock
from kit.errors import ConflictError, MoniqoError, NotFoundError
from kit.sentences import Sentence, sentence, told_by
from trading.models import RESTING_STOP, Order, Position
from trading.models.orders import LEAVES
from trading.orders.cancelling import request_cancellation
from trading.orders.exits import RESTING, in_books, leave, pause_after, resting
from trading.orders.facts import locked_wallet
from trading.risk.sizing import in_lots
from wallets.hierarchy.places import subtree
from wallets.models import Connection, Wallet

REASON = "Closed by hand."
BEFORE_COLLECTING: Final = Sentence("Sold by hand, so that all below a wallet can be collected.")

EVERYTHING: Final = Q()

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class StillOpen:
    """A position that is not closed yet, and why. `order` is what it waits for or what came to nothing, if anything.

    `is_placed` says that the order was placed just now.
    """

    position: Position
    why: Sentence
    order: Order | None = None
    is_placed: bool = False


@dataclass(frozen=True, slots=True)
class Closing:
    """What `close_all` has to come back for: orders that may still open something, and positions that are there.

    `cancelled` are the orders whose cancellation it asked for just now.
    """

    cancelled: tuple[Order, ...]
    opening: tuple[Order, ...]
    open: tuple[StillOpen, ...]

    @property
    def placed(self) -> tuple[Order, ...]:
        """The exits that were placed just now."""
        return tuple(one.order for one in self.open if one.is_placed and one.order is not None)

    @property
    def is_done(self) -> bool:
        """Whether nothing is held, and nothing on its way could open anything."""
        return not self.opening and not self.open


def close_position(*, owner_id: UUID, position_id: UUID, key: str) -> Order:
    """Sell what is left of the owner's open position. The same `key` of the same position returns the first order, also
    when it has closed it; of another one it is refused with ConflictError.

    What rests and would sell it, such as a limit or an order of two prices, makes way: the order waits until it has
    ended. The gate decides as it does for every order: one that is refused says so in its `refusal`. Raises
    NotFoundError when the position is not there or over already.
    """
    key = f"close:{key}"[:120]
    rows = Position.objects.select_related("wallet__connection", "instrument").filter(owner_id=owner_id, pk=position_id)
    position = rows.first()
    if position is None:
        raise NotFoundError("There is no such open position: it may be closed already.")
    with transaction.atomic():
        wallet = locked_wallet(position.wallet_id)
        if (first := _placed(position, key)) is not None:
            return first
        position = rows.filter(closed_at=None).first()
        if position is None:
            raise NotFoundError("There is no such open position: it may be closed already.")
        behind = resting(position)
        return leave(position, position.quantity, wallet=wallet, key=key, reason=REASON, behind=behind)


def _placed(position: Position, key: str) -> Order | None:
    """The order of that key. Raises ConflictError where it left another position."""
    rows = Order.objects.select_related("instrument", "wallet__parent")
    first = rows.filter(owner_id=position.owner_id, key=key).first()
    if first is None:
        return None
    is_of_it = (first.wallet_id, first.instrument_id) == (position.wallet_id, position.instrument_id)
    if not is_of_it or first.created_at < position.opened_at:
        raise ConflictError("This key was used to close another position: send a new key for a new request.")
    return first


def close_all(*, owner_id: UUID, wallet_ids: Collection[UUID], reason: Sentence, among: Q = EVERYTHING) -> Closing:
    """End what would open something in the wallets and below them, and leave every position there, or those `among`
    them (by their instrument).

    Asked again it places nothing twice: an exit that is under way is waited for, and one that came to nothing is tried
    anew after a pause, which doubles. So ask until it `is_done`. The gate decides of each exit: it lets them through a
    wallet that only reduces or that a rule has halted, and refuses them in one that its owner has halted. One
    position's trouble keeps no other from being left. Runs in the owner's tenant. Raises NotFoundError for a wallet
    that the owner does not have.
    """
    wanted = set(wallet_ids)
    if Wallet.objects.filter(owner_id=owner_id, pk__in=wanted).count() < len(wanted):
        raise NotFoundError("There is no such wallet: choose one of yours.")
    here = Q(owner_id=owner_id, wallet__in=subtree(wanted)) & among
    # Wallets are locked in the order of their ids.
    buys = Order.objects.unfinished().filter(~LEAVES, here).order_by("wallet_id", "pk")
    cancelled = [order for order in buys.filter(cancellation=None) if _is_cancelled(order, reason)]
    positions = Position.objects.filter(here, closed_at=None).order_by("wallet_id", "pk").values_list("pk", flat=True)
    left = [_leave(position_id, reason) for position_id in list(positions)]
    return Closing(tuple(cancelled), tuple(buys), tuple(one for one in left if one is not None))


def _is_cancelled(order: Order, reason: Sentence) -> bool:
    """Whether its cancellation could be asked for: it may have ended meanwhile."""
    try:
        with transaction.atomic():
            request_cancellation(owner_id=order.owner_id, order_id=order.pk, reason=reason)
    except ConflictError:
        return False
    return True


def _leave(position_id: UUID, reason: Sentence) -> StillOpen | None:
    """Place the position's exit, or say why not; None when it is closed."""
    try:
        with transaction.atomic():
            return _exit(position_id, reason)
    except MoniqoError as error:
        why = sentence("{said}", said=told_by(error))
    except Exception:  # one position's trouble must not keep the others
        logger.exception("The position %s could not be left", position_id)
        why = Sentence("Something went wrong while its exit was placed: it is tried again.")
    position = _open(position_id)
    return None if position is None else StillOpen(position, why)


def _exit(position_id: UUID, reason: Sentence) -> StillOpen | None:
    """A second look, under the wallet's lock, which every placing takes."""
    position = _open(position_id)
    if position is None:
        return None
    wallet = locked_wallet(position.wallet_id)
    position = _open(position_id)
    if position is None:
        return None
    orders = Order.objects.filter(wallet=wallet, instrument=position.instrument)
    waiting = orders.unfinished().exclude(RESTING_STOP).order_by(Case(When(LEAVES, then=1), default=0), "pk").first()
    if waiting is not None:
        if waiting.leaves and waiting.status in RESTING and waiting.type != Order.Type.MARKET:
            request_cancellation(owner_id=waiting.owner_id, order_id=waiting.pk, reason=reason)
            return StillOpen(position, Sentence("An order that rests and sells it has to go first."), waiting)
        is_exit = waiting.leaves
        return StillOpen(position, _said(is_exit), waiting)
    if wallet.connection.state != Connection.State.ACTIVE:
        told = sentence(f"{{name}} is {wallet.connection.state}: make it active to sell.", name=wallet.connection.name)
        return StillOpen(position, told)
    key = f"{Order.CLOSES_ALL}{position.pk}:"
    tried = list(orders.filter(created_at__gte=position.created_at, key__startswith=key).order_by("-created_at"))
    if tried and clock.now() < tried[0].created_at + pause_after(len(tried)):
        return StillOpen(position, tried[0].refusal or Sentence("Its last exit did not close it."), tried[0])
    quantity = in_lots(min(position.quantity, in_books(position)), position.instrument.lot_size)
    if quantity <= 0:
        return StillOpen(position, Sentence("The books have nothing of it left to sell: sync the connection."))
    order = leave(position, quantity, wallet=wallet, key=f"{key}{len(tried)}", reason=reason)
    if order.is_refused:
        return StillOpen(position, order.refusal, order)
    return StillOpen(position, _said(is_exit=True), order, is_placed=True)


def _said(is_exit: bool) -> Sentence:
    return Sentence("Its exit is on its way." if is_exit else "An order that buys more of it has to end first.")


def _open(position_id: UUID) -> Position | None:
    return Position.objects.select_related("instrument", "wallet").filter(pk=position_id, closed_at=None).first()
