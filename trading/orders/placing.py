"""An intent becomes an order.

One transaction writes the order, the gate's decision and the hold on funds, before anybody outside hears of it. What
the gate refuses is a row as well: somebody will ask why nothing happened. The key makes it idempotent: an agent that
decides the same bar twice, or a program that repeats a request, gets the first order.
"""

import base64
import hashlib
import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from celery import current_app
from django.db import IntegrityError, connection, transaction

from kit import clock
from kit.decimals import plain
from kit.errors import ConflictError, InvalidInputError, NotFoundError
from kit.live.publish import publish
from markets.models import Instrument
from markets.prices import latest_price
from trading.models import Order, OrderEvent, Position, RiskDecision, Side
from trading.orders import leases, states
from trading.orders.holds import hold
from trading.orders.life import SENTENCE_LENGTH
from trading.positions.levels import wrong_side
from trading.risk import gate as risk
from trading.risk import sizing
from trading.risk.limits import limits_on_path
from wallets.models import Wallet

CLIENT_ID_PREFIX = "mq"
CLIENT_ID_LENGTH = 28
REASON_LENGTH = 200
_STANDING = """
SELECT
    (SELECT quantity FROM trading_position
     WHERE wallet_id = %(wallet)s AND instrument_id = %(instrument)s AND closed_at IS NULL),
    (SELECT sum(position.quantity) FROM trading_position AS position
     JOIN market_instruments AS instrument USING (instrument_id)
     WHERE position.wallet_id = %(wallet)s AND position.closed_at IS NULL AND instrument.base = %(base)s),
    wallet_balance(%(wallet)s, %(base)s),
    (SELECT client_order_id FROM trading_order
     WHERE wallet_id = %(wallet)s AND instrument_id = %(instrument)s AND status = ANY(%(unfinished)s) LIMIT 1)
"""


class OrderConflictError(ConflictError):
    """The key was used for another order."""

    code = "idempotency_conflict"


class WrongSideError(InvalidInputError):
    """A stop or a target that the market has passed already: nothing was placed."""

    code = "wrong_side"


@dataclass(frozen=True, slots=True)
class Intent:
    """What shall be done: the quantity in whole lots, the levels on ticks.

    `request` is the hash of what was asked for, before any rounding; two requests with one key must agree in all of it.
    """

    wallet_id: UUID
    instrument_id: int
    side: str
    quantity: Decimal
    reduce_only: bool
    exit_stop: Decimal | None
    exit_target: Decimal | None
    exit_trail: Decimal | None
    request: str


def place_order(
    *,
    wallet: Wallet,
    instrument: Instrument,
    side: str,
    quantity: Decimal,
    key: str,
    reason: str,
    reduce_only: bool = False,
    exit_stop: Decimal | None = None,
    exit_target: Decimal | None = None,
    exit_trail: Decimal | None = None,
    protects: Position | None = None,
) -> Order:
    """Commit a market order of `quantity` (base asset, rounded down to whole lots) and let a worker execute it.

    Returns the order: `submitting` with its funds held, or `rejected` with the reason in `refusal` when the gate or the
    funds say no. The same `key` with the same request returns the first order; with anything else in it, the reason and
    what rounding takes away included, it raises OrderConflictError. `exit_stop`, `exit_target` and `exit_trail` (quote)
    of a buy are handed to the position that it opens, whose monitor keeps them, each rounded to the nearest tick; a
    level that the last price, which the monitor looks at, has reached already, or one of a sale, raises
    InvalidInputError.
    `protects` names the position whose level this order carries out: a halt does not keep it from being sent. While the
    history of the wallet's account is being built, the present may not trade it: that raises ConflictError.
    Under a controlled clock nothing is enqueued: whoever runs the engine over history calls `execute_order`.
    """
    _check_input(side, quantity, key)
    stop, target, trail = (_on_tick(level, instrument) for level in (exit_stop, exit_target, exit_trail))
    _check_levels(side, stop, target, trail)
    lots = sizing.in_lots(quantity, instrument.lot_size)
    asked = (side, quantity, reduce_only, exit_stop, exit_target, exit_trail, reason, protects and protects.pk)
    request = _hash(wallet.pk, instrument.pk, *asked)
    intent = Intent(wallet.pk, instrument.pk, side, lots or quantity, reduce_only, stop, target, trail, request)
    try:
        with transaction.atomic():
            return _place(intent, instrument, quantity, key, reason, protects)
    except IntegrityError:
        # Two requests with one key at once for different wallets: only one row can have it.
        if (first := _find(wallet.owner_id, key)) is None:
            raise
        return _same(first, intent)


def client_order_id(owner_id: UUID, key: str) -> str:
    """The venue's name for the order: the same for the same key, for ever; 30 characters of a–z and 2–7."""
    digest = hashlib.sha256(f"{owner_id}:{key}".encode()).digest()
    return CLIENT_ID_PREFIX + base64.b32encode(digest).decode().lower()[:CLIENT_ID_LENGTH]


def _hash(*asked: Any) -> str:
    """One text per value, so that 1 and 1.0 hash alike."""
    written = [plain(value) if isinstance(value, Decimal) else str(value) for value in asked]
    return hashlib.sha256(json.dumps(written).encode()).hexdigest()


def _check_input(side: str, quantity: Decimal, key: str) -> None:
    if side not in Side.values:
        raise InvalidInputError("Choose buy or sell as the side.", fields={"side": "Must be buy or sell."})
    if not (quantity.is_finite() and quantity > 0):
        raise InvalidInputError("Give a quantity above zero.", fields={"quantity": "Must be above zero."})
    if not 0 < len(key) <= Order._meta.get_field("key").max_length:  # type: ignore[operator]  # a CharField has one
        raise InvalidInputError("Give a key of 1 to 120 characters.", fields={"key": "Must have 1 to 120 characters."})


def _on_tick(level: Decimal | None, instrument: Instrument) -> Decimal | None:
    """The level as the venue could quote it; what is no number is left for `_check_levels` to refuse."""
    return level if level is None or not level.is_finite() else sizing.in_ticks(level, instrument.tick_size)


def _check_levels(side: str, *levels: Decimal | None) -> None:
    names = ("exit_stop", "exit_target", "exit_trail")
    given = {name: level for name, level in zip(names, levels, strict=True) if level is not None}
    if wrong := [name for name, level in given.items() if not (level.is_finite() and level > 0)]:
        raise InvalidInputError(
            "Give the levels that protect a position above zero.", fields=dict.fromkeys(wrong, "Must be above zero.")
        )
    if given and side != Side.BUY:
        raise InvalidInputError(
            "A sale opens no position that a stop or a target could protect: give them with the buy.",
            fields=dict.fromkeys(given, "Only with a buy."),
        )


def _place(
    intent: Intent, instrument: Instrument, requested: Decimal, key: str, reason: str, protects: Position | None
) -> Order:
    wallet = locked_wallet(intent.wallet_id)
    if (first := _find(wallet.owner_id, key)) is not None:
        return _same(first, intent)
    if wallet.connection.belongs_to_the_past:
        raise ConflictError(
            f"Wait until the history of {wallet.connection.name} is built: what is done now would stand before it."
        )
    quote = latest_price(instrument_id=instrument.pk)
    is_buy = intent.side == Side.BUY
    price = None if quote is None else quote.ask if is_buy else quote.bid
    if quote is not None and (
        # The monitor looks at the last price, wherever the order would be filled.
        wrong := wrong_side(price=quote.price, stop=intent.exit_stop, target=intent.exit_target)
    ):
        raise WrongSideError(" ".join(wrong.values()), fields=wrong)
    verdict = risk.assess(
        risk.Proposal(
            is_buy=is_buy,
            quantity=sizing.in_lots(requested, instrument.lot_size),
            requested=requested,
            reduce_only=intent.reduce_only,
            protects=protects is not None,
            market=risk.Market(
                symbol=instrument.symbol,
                base=instrument.base,
                is_spot=instrument.kind == Instrument.Kind.SPOT,
                is_tradable=instrument.is_active,
                is_at_connection=instrument.venue == wallet.connection.venue,
                lot_size=instrument.lot_size,
                minimum_notional=instrument.minimum_notional,
                price=price,
                price_age=None if quote is None else clock.now() - quote.at,
            ),
            standing=_standing(wallet, instrument),
            path=limits_on_path(
                wallet_id=wallet.pk,
                venue=instrument.venue,
                unit=instrument.quote,
            ),
        )
    )
    order = Order(
        id=uuid4(),
        owner_id=wallet.owner_id,
        wallet=wallet,
        connection=wallet.connection,
        instrument=instrument,
        key=key,
        request=intent.request,
        client_order_id=client_order_id(wallet.owner_id, key),
        side=intent.side,
        quantity=intent.quantity,
        reduce_only=intent.reduce_only,
        reason=reason[:REASON_LENGTH],
        reference_price=price or Decimal(0),
        exit_stop=intent.exit_stop,
        exit_target=intent.exit_target,
        exit_trail=intent.exit_trail,
        protects=protects,
    )
    if verdict.allowed:
        verdict = hold(order, verdict)
    _save(order, verdict)
    return order


def locked_wallet(wallet_id: UUID) -> Wallet:
    """The wallet, locked: orders of one wallet are placed one after the other, so what the gate saw stays true."""
    wallet = (
        Wallet.objects.select_related("connection__platform")
        .select_for_update(of=("self",), no_key=True)
        .filter(pk=wallet_id)
        .first()
    )
    if wallet is None:
        raise NotFoundError("There is no such wallet: choose one of yours.")
    return wallet


def _find(owner_id: UUID, key: str) -> Order | None:
    return Order.objects.select_related("instrument").filter(owner_id=owner_id, key=key).first()


def _same(first: Order, intent: Intent) -> Order:
    if first.request != intent.request:
        raise OrderConflictError("This key belongs to another order: use a new key, or repeat the first request.")
    return first


def _standing(wallet: Wallet, instrument: Instrument) -> risk.Standing:
    parameters: dict[str, Any] = {
        "wallet": wallet.pk,
        "instrument": instrument.pk,
        "base": instrument.base,
        "unfinished": sorted(states.UNFINISHED),
    }
    with connection.cursor() as cursor:
        cursor.execute(_STANDING, parameters)
        position, positions, in_books, unfinished = cursor.fetchone()
    zero = Decimal(0)
    return risk.Standing(position or zero, positions or zero, in_books or zero, unfinished or "")


def _save(order: Order, verdict: risk.Verdict) -> None:
    order.status = states.SUBMITTING if verdict.allowed else states.REJECTED
    if verdict.allowed:
        order.due_at = leases.start(leases.START_WITHIN)
    else:
        order.closed_at = order.created_at
        order.refusal = verdict.explanation[:SENTENCE_LENGTH]
    order.save(force_insert=True)
    RiskDecision(
        owner_id=order.owner_id,
        order=order,
        allowed=verdict.allowed,
        limit=verdict.limit,
        explanation=verdict.explanation[:SENTENCE_LENGTH],
        numbers=verdict.numbers,
    ).save(force_insert=True)
    OrderEvent(
        owner_id=order.owner_id,
        order=order,
        from_status=states.DRAFT,
        to_status=order.status,
        detail=order.refusal or order.reason,
    ).save(force_insert=True)
    publish(owner_id=order.owner_id, event="orders", data={"order": str(order.pk), "status": order.status})
    if verdict.allowed and not clock.is_controlled():
        arguments = {"owner_id": str(order.owner_id), "order_id": str(order.pk)}
        transaction.on_commit(
            lambda: current_app.send_task("trading.tasks.execute_order", kwargs=arguments),
            robust=True,  # a broker that is away costs a moment: the sweeper finds the order
        )
