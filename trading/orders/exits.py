"""The orders that keep a position's protection: what was accepted as a stop or a target is carried out.

One monitor for every position, whoever opened it. It looks at each new price (`positions.protection` says which
positions have to be left) and sells them whole, as far as the books go. Pausing a farm or halting a wallet ends
decisions, not protection.
"""

import logging
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Max, Q, QuerySet, Sum

from kit import clock
from kit.alerts.links import about
from kit.alerts.models import Alert
from kit.alerts.services import raise_alert, resolve_alerts
from kit.sentences import Sentence, Told, moment, sentence
from markets.models import Instrument
from trading.models import RESTING_STOP, Order, Position, Side
from trading.models.orders import LEAVES, RESTS
from trading.orders import states
from trading.orders.cancelling import request_cancellation
from trading.orders.facts import locked_wallet
from trading.orders.life import note
from trading.orders.placing import place_order
from trading.orders.resting import keep_resting
from trading.orders.triggers import Waits, look_at_triggers, send_reached
from trading.positions.filling import unprotected_key
from trading.positions.protection import Exit, Unseen, look_at_levels
from trading.risk import gate as risk
from trading.risk.limits import limits_on_path
from trading.risk.sizing import in_lots
from wallets.models import Account, Connection, Wallet

# After so many orders that did not close the position a person has to look at it. Trying never ends, it only slows
# down: a price that was too old, or a venue that was away, must not leave the position without its stop once it is
# over.
ATTEMPTS_BEFORE_ALARM: Final = 5
FIRST_PAUSE: Final = timedelta(seconds=10)
LONGEST_PAUSE: Final = timedelta(minutes=15)
# Where the market is not active any more the venue is asked ever more rarely: it may list it again, and seldom does.
LONGEST_WHERE_DELISTED: Final = timedelta(days=1)
# A stop at a venue that the price has reached for longer than this is not believed any more: it is ended there, and the
# position is sold when the venue has said what became of it.
CARRIED_OUT_WITHIN: Final = timedelta(seconds=60)
# The price touches a stop once as long as no more than this lies between two looks that find it there.
TOUCH: Final = timedelta(seconds=30)
LOOKS_APART: Final = timedelta(seconds=10)
REACHED: Final = "The price has reached it: the venue carries it out."
PASSED_OVER: Final = (
    "The stop rests at the venue, the price reached it more than a minute ago, and the venue has not sold: Moniqo ends "
    "it there and sells the position itself as soon as the venue has said what became of it. Look at the account."
)
RESTING: Final = frozenset({states.WAITING, states.OPEN, states.PARTIALLY_FILLED})

logger = logging.getLogger(__name__)


def keep_protection(*, owner_id: UUID) -> list[Order]:
    """Sell every position of the owner whose stop or target the last price has reached, and send the orders that waited
    for it; returns the orders placed.

    A position whose order is still on its way gets no second one, and one that cannot be protected does not keep the
    others from it. Runs in the owner's tenant; safe to run twice and on several workers at once.
    """
    placed = keep_resting(owner_id=owner_id)
    look, waiting = look_at_levels(owner_id=owner_id), look_at_triggers(owner_id=owner_id)
    _say_unseen(owner_id, _together(look.unseen, waiting.unseen))
    send_reached(waiting)
    for exit_ in look.exits:
        try:
            with transaction.atomic():
                placed += _leave(exit_)
        except Exception:
            # One position's trouble must not leave the owner's other stops unguarded; it is tried again.
            logger.exception("The position %s could not be protected", exit_.position_id)
    return placed


def _leave(exit_: Exit) -> list[Order]:
    """Sell what is left of the position: a second look, under the wallet's lock, which every placing takes."""
    position = _open(exit_.position_id)
    if position is None:
        return []
    wallet = locked_wallet(position.wallet_id)
    position = _open(exit_.position_id)
    if position is None or _is_waiting(position):
        return []
    if exit_.by_stop and _is_carried_out(position, exit_, wallet):
        return []
    rests = _make_way(position, exit_)
    if not wallet.connection.carries_out:
        _say_unwatched(position, exit_.reason, wallet.connection)
        return []
    if not exit_.is_liquidation and _is_frozen(wallet):
        return []  # its owner has said in words that nothing is carried out there meanwhile
    attempts, failed, again_at = _tries(position, wallet.connection)
    if clock.now() < again_at:
        return []
    quantity = in_lots(min(position.quantity, in_books(position)), position.instrument.lot_size)
    if quantity <= 0 and rests:
        return []  # all of it is in what rests, which is being cancelled
    _say_of_tries(position, exit_.reason, attempts=attempts, failed=failed, is_there=quantity > 0)
    if quantity <= 0:
        return []
    key = f"{Order.LIQUIDATES if exit_.is_liquidation else 'protect:'}{position.pk}:{attempts}"
    return [leave(position, quantity, wallet=wallet, key=key, reason=exit_.reason, protects=position)]


def _tries(position: Position, connection: Connection) -> tuple[int, int, datetime]:
    """How many orders were to leave it, how many of them failed, and when the next may follow these."""
    # What failed before the connection was made active again does not make anybody wait.
    anew = Q() if connection.active_since is None else Q(created_at__gte=connection.active_since)
    anew &= ~Q(status=states.FILLED)  # that sold what it could, beside what rested then
    number, failed, last = (
        position.exits.exclude(RESTING_STOP)
        .aggregate(number=Count("pk"), failed=Count("pk", filter=anew), last=Max("created_at", filter=anew))
        .values()
    )
    if not failed:
        return number, failed, clock.now()
    longest = LONGEST_PAUSE if position.instrument.is_active else LONGEST_WHERE_DELISTED
    return number, failed, last + pause_after(failed, longest)


def _say_of_tries(position: Position, reason: Sentence, *, attempts: int, failed: int, is_there: bool) -> None:
    """Tell a person, after the first refusal where the market is gone, which trying does not bring back."""
    if failed and is_there and not position.instrument.is_active:
        _say_gone(position, reason)
    elif attempts + 1 >= ATTEMPTS_BEFORE_ALARM or not is_there:
        _call_for_help(position, reason, attempts)


def _say_unseen(owner_id: UUID, unseen: Collection[Unseen]) -> None:
    """Tell of markets whose stops wait for a price, and that those have one again that were told of."""
    keys = {f"stale-price:{one.instrument_id}": one for one in unseen}
    told = set(Alert.objects.unresolved().filter(owner_id=owner_id, kind="stale-price").values_list("key", flat=True))
    resolve_alerts(owner_id=owner_id, keys=told - keys.keys())
    for key in keys.keys() - told:
        one = keys[key]
        known = sentence("The last price is of {at}.", at=moment(one.at)) if one.at else Sentence("There is no price.")
        raise_alert(
            owner_id=owner_id,
            key=key,
            title=f"Stops and targets of {one.symbol} wait for a price",
            body=f"{{known}} {_many(one)} levels that an old price may not carry out: the next one may.",
            level=Alert.Level.CRITICAL,
            about=about("position", one.instrument_id),
            known=known,
        )


def _together(positions: Collection[Unseen], orders: Collection[Waits]) -> list[Unseen]:
    """The markets that either waits for, each once."""
    known = {one.instrument_id: one for one in positions}
    symbols = dict(Instrument.objects.filter(pk__in=[one.instrument_id for one in orders]).values_list("pk", "symbol"))
    for one in orders:
        before = known.get(one.instrument_id, Unseen(one.instrument_id, symbols[one.instrument_id], one.at, 0))
        known[one.instrument_id] = replace(before, orders=one.orders)
    return list(known.values())


def _many(one: Unseen) -> str:
    """`1 position has`, `2 positions and 1 order have`."""
    parts = [
        f"{count} {noun}{'' if count == 1 else 's'}"
        for count, noun in ((one.positions, "position"), (one.orders, "order"))
        if count
    ]
    return f"{' and '.join(parts)} {'has' if one.positions + one.orders == 1 else 'have'}"


def leave(
    position: Position,
    quantity: Decimal,
    *,
    wallet: Wallet,
    key: str,
    reason: Told,
    protects: Position | None = None,
    behind: tuple[Order, ...] = (),
) -> Order:
    """An order that leaves so much of the position at the market; `wallet` is the position's, with its connection."""
    return place_order(
        wallet=wallet,
        instrument=position.instrument,
        side=leaving_side(position),
        quantity=quantity,
        key=key,
        reason=reason,
        reduce_only=True,
        protects=protects,
        behind=behind,
    )


def leaving_side(position: Position) -> str:
    """The side of an order that leaves the position."""
    return Side.SELL if position.is_long else Side.BUY


def _open(position_id: UUID) -> Position | None:
    return Position.objects.select_related("instrument", "wallet").filter(pk=position_id, closed_at=None).first()


def _is_waiting(position: Position) -> bool:
    """Whether an order that sells it has no answer yet, or is another exit."""
    return any(
        order.status not in RESTING or order.protects_id is not None or order.waits_for_stop
        for order in _selling(position)
    )


def _make_way(position: Position, exit_: Exit) -> bool:
    """Ask for the cancellation of what rests and would sell the position, and of an entry that has been filled in part:
    it would buy on what is being left. Returns whether anything rests that sells; what it holds is sold once it is
    gone."""
    selling = _selling(position)
    buying = _unfinished(position, ~LEAVES).filter(status=states.PARTIALLY_FILLED, limit_price__isnull=False)
    reason = sentence("It has to go first: {why}", why=exit_.reason)
    for order in (*selling, *buying):
        request_cancellation(owner_id=order.owner_id, order_id=order.pk, reason=reason)
    return bool(selling)


def resting(position: Position) -> tuple[Order, ...]:
    """What waits for its price and would leave it then, but for its stop at the venue."""
    rests = Q(time_in_force__in=RESTS) | Q(status=states.WAITING, trigger_price__isnull=False)
    orders = _unfinished(position, LEAVES & rests).exclude(RESTING_STOP).select_related("instrument", "hold")
    return tuple(order for order in orders.order_by("pk") if order.is_cancellable)


def _selling(position: Position) -> list[Order]:
    """What leaves it, but for its stop at the venue, which makes way for whatever is placed."""
    return list(_unfinished(position, LEAVES).exclude(RESTING_STOP).order_by("pk"))


def rests_at_venue(position: Position) -> bool:
    """Whether the venue has its stop now."""
    return stop_at_venue(position) is not None


def stop_at_venue(position: Position) -> Order | None:
    """Its stop, if the venue has it now and nobody has asked for its end."""
    there = (states.OPEN, states.PARTIALLY_FILLED)
    return _unfinished(position, LEAVES).filter(RESTING_STOP, cancellation=None, status__in=there).first()


def _is_carried_out(position: Position, exit_: Exit, wallet: Wallet) -> bool:
    """Whether the venue has its stop and is believed to carry it out, or nobody here may do it instead; a person is
    told where it is not believed any more."""
    stop = stop_at_venue(position)
    if stop is None:
        return False
    if not wallet.connection.carries_out or _is_frozen(wallet) or not _is_passed(stop):
        return True
    _say_unprotected(position, exit_.reason, PASSED_OVER)
    return False


def _is_frozen(wallet: Wallet) -> bool:
    return any(step.trading_state == risk.FROZEN for step in limits_on_path(wallet_id=wallet.pk))


def _is_passed(stop: Order) -> bool:
    """Whether the price has been beyond the stop for a while, and the venue still has it open. Each look at that is an
    event of the order, a few seconds apart; looks further apart than `TOUCH` are of two times."""
    now = clock.now()
    seen = stop.events.filter(detail=Sentence.of(REACHED), created_at__gte=now - CARRIED_OUT_WITHIN - TOUCH)
    looks = list(seen.order_by("-created_at").values_list("created_at", flat=True))
    first = now
    for at in looks:
        if first - at > TOUCH:
            break
        first = at
    if not looks or now - looks[0] >= LOOKS_APART:
        note(stop, stop.status, REACHED)
    return now - first > CARRIED_OUT_WITHIN


def _unfinished(position: Position, which: Q) -> QuerySet[Order]:
    orders = Order.objects.unfinished().filter(wallet_id=position.wallet_id, instrument_id=position.instrument_id)
    return orders.filter(which)


def in_books(position: Position) -> Decimal:
    """What the wallet has of the base asset, whatever the position says, and what its stop at the venue holds of it; of
    a perpetual, which no base asset moves for, what the position says."""
    if position.instrument.is_perpetual:
        size: Decimal = position.quantity
        return size
    account = Account.objects.filter(
        wallet_id=position.wallet_id, asset=position.instrument.base, kind=Account.Kind.WALLET
    ).first()
    there = _unfinished(position, LEAVES).filter(RESTING_STOP)
    lent = there.aggregate(total=Sum("hold__amount"))["total"] or Decimal(0)
    return account.available + lent if account else Decimal(0)


def pause_after(attempts: int, longest: timedelta = LONGEST_PAUSE) -> timedelta:
    """Ten seconds after the first attempt, then twice as long after each."""
    return min(FIRST_PAUSE * (1 << min(attempts - 1, 20)), longest)


def _say_unwatched(position: Position, reason: Sentence, connection: Connection) -> None:
    """Nothing is sent through a connection that is not active or only watches: it waits for its owner, without wearing
    itself out."""
    watches = connection.state == Connection.State.ACTIVE
    state, wanted = ("only watched", "live") if watches else (connection.state, "active")
    rest = f"{connection.name} is {state}, so nothing is sold until you make it {wanted}."
    _say_unprotected(position, reason, rest)


def _call_for_help(position: Position, reason: Sentence, attempts: int) -> None:
    tried = f"{attempts} orders did not close it" if attempts else "The books have nothing of it left to sell"
    rest = (
        f"{tried}; it is tried again, every quarter of an hour in the end: look at why its orders were refused, or "
        "close the position by hand."
    )
    _say_unprotected(position, reason, rest)


def _say_gone(position: Position, reason: Sentence) -> None:
    """The market is not active and its venue has not sold: what a person can do about it."""
    market, connection = position.instrument, position.wallet.connection
    rest = (
        f"{market.symbol} is not active any more, and {connection.name} did not take the sale: sell {market.base} "
        "there in another market, or send it to a venue that trades it. It is tried again ever more rarely, once a "
        "day in the end."
    )
    _say_unprotected(position, reason, rest)


def _say_unprotected(position: Position, reason: Sentence, rest: str) -> None:
    raise_alert(
        owner_id=position.owner_id,
        key=unprotected_key(position.pk),
        title=f"{position.wallet.name} cannot close its position",
        body=f"{{reason}} {rest}",
        level=Alert.Level.CRITICAL,
        about=about("position", position.pk),
        reason=reason,
    )
