"""The emergency stop of a wallet and everything below it.

First it says what it would do: the orders that it cancels, the positions that it sells or keeps, and each stop that
would be lost. Once begun it is a row that a task takes up until it is done. The wallet only reduces from the first
moment, so that nothing is opened meanwhile; after *flatten* it is halted. *Keep* leaves the positions with their stops,
which the monitor carries out in a wallet that reduces. *Close derivatives* leaves the perpetuals and keeps what is
spot, with its stops.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from kit import clock
from kit.errors import ConflictError, InvalidInputError, NotFoundError
from kit.sentences import Sentence, joined, sentence
from markets.models import Instrument
from markets.prices import Quote, quotes
from trading.models import EmergencyStop, Order, Position
from trading.orders.cancelling import request_cancellation
from trading.orders.closing import close_all
from wallets.hierarchy.holds import choose
from wallets.hierarchy.places import get_wallet, subtree
from wallets.models import Wallet

Policy, Status = EmergencyStop.Policy, EmergencyStop.Status
STAYED: Final = "Its orders are cancelled; positions stay with their stops."
REASON: Final = Sentence("An emergency stop.")
SPOT_STAYS: Final = Sentence("Perpetuals are closed at the market; what is spot stays with its stops.")
# What a policy leaves: everything, or derivatives alone.
LEAVES: Final = {Policy.FLATTEN: Q(), Policy.DERIVATIVES: Q(instrument__prices_of__isnull=False)}

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Affected:
    """A position below the wallet. `value` is what it would bring at the last price, None where there is none."""

    position: Position
    value: Decimal | None
    is_sold: bool

    @property
    def loses(self) -> list[str]:
        """The stop and the target that go with the position."""
        position = self.position
        levels = (
            ("stop", position.exit_stop),
            ("target", position.exit_target),
            ("trailing stop", position.exit_trail),
        )
        return [name for name, level in levels if self.is_sold and level is not None]


# A review lists so many positions and orders, and counts the others.
MOST_SHOWN: Final = 100


@dataclass(frozen=True, slots=True)
class Preview:
    """What a stop would do now."""

    wallet: Wallet
    policy: str
    orders: tuple[Order, ...]
    positions: tuple[Affected, ...]
    notes: tuple[Sentence, ...]

    @property
    def shown(self) -> tuple[Affected, ...]:
        """At most `MOST_SHOWN` of the positions, those first that lose their protection."""
        return tuple(sorted(self.positions, key=lambda one: not one.loses)[:MOST_SHOWN])

    @property
    def shown_orders(self) -> tuple[Order, ...]:
        return self.orders[:MOST_SHOWN]

    @property
    def lost(self) -> tuple[Affected, ...]:
        return tuple(one for one in self.positions if one.loses)


def preview_stop(*, owner_id: UUID, wallet_id: UUID, policy: str) -> Preview:
    """What `stop` would do. Raises what it would raise."""
    wallet = _checked(owner_id, wallet_id, policy)
    notes = []
    if policy == Policy.DERIVATIVES:
        notes.append(SPOT_STAYS)
    if policy == Policy.FLATTEN:
        notes.append(Sentence("Sold at the market, one order for each; the wallet is halted when all of it is sold."))
    else:
        notes.append(Sentence("Stops and targets go on; nothing new is bought until you set the wallet to active."))
    open_ones = _positions(wallet)
    prices = quotes(instrument_ids={one.instrument_id for one in open_ones})
    positions = tuple(Affected(one, _value(one, prices), is_sold=_sells(policy, one.instrument)) for one in open_ones)
    orders = tuple(_cancellable(wallet, policy))
    return Preview(wallet, policy, orders, positions, tuple(notes))


def stop(*, owner_id: UUID, wallet_id: UUID, policy: str) -> EmergencyStop:
    """Begin: from here on nothing is opened below the wallet. One that is under way with the policy is returned.

    Runs in the owner's tenant. Raises NotFoundError, InvalidInputError for another policy or a reserve, ConflictError
    while a stop with another policy is under way.
    """
    with transaction.atomic():
        wallet = _checked(owner_id, wallet_id, policy)
        Wallet.objects.select_for_update(no_key=True).get(pk=wallet.pk)
        under_way = EmergencyStop.objects.filter(wallet=wallet, status=Status.RUNNING).first()
        if under_way is not None:
            if under_way.policy == policy:
                return under_way
            raise ConflictError(f"Wait for the stop that is under way, or call it off: {under_way}.")
        _set_state(wallet, Wallet.TradingState.REDUCING)
        return EmergencyStop.objects.create(owner_id=owner_id, wallet=wallet, policy=policy)


def call_off(*, owner_id: UUID, stop_id: UUID) -> EmergencyStop:
    """Leave it where it is: what was cancelled or sold stays so, and the wallet only reduces. Raises NotFoundError."""
    with transaction.atomic():
        found = _locked(owner_id, stop_id)
        if found.status == Status.RUNNING:
            _end(found, Status.CALLED_OFF, Sentence("It was called off."))
    return found


def carry_out(*, owner_id: UUID, stop_id: UUID) -> EmergencyStop:
    """Go on with it, in one transaction; safe to repeat and on several workers at once. Runs in the owner's tenant."""
    with transaction.atomic():
        found = _locked(owner_id, stop_id)
        if found.status != Status.RUNNING:
            return found
        wallet = found.wallet
        for order in _cancellable(wallet, found.policy):
            _cancel(order)
        waits = [
            sentence("{wallet}: an order is not cancelled yet.", wallet=order.wallet.name)
            for order in _unfinished(wallet, found.policy)
        ]
        if found.policy in LEAVES:
            among = LEAVES[Policy(found.policy)]
            closing = close_all(owner_id=owner_id, wallet_ids=[wallet.pk], reason=REASON, among=among)
            waits += [
                sentence("{wallet} still holds {symbol}: {why}", wallet=one.position.wallet.name,
                         symbol=one.position.instrument.symbol, why=one.why)
                for one in closing.open
            ]  # fmt: skip
        if waits:
            found.result = joined(*waits)
            found.save(update_fields=("result",))
        elif found.policy == Policy.FLATTEN:
            _set_state(wallet, Wallet.TradingState.HALTED)
            _end(found, Status.DONE, Sentence("Everything is sold, and the wallet is halted."))
        else:
            closed = found.policy == Policy.DERIVATIVES
            said = "Its orders are cancelled and its perpetuals closed; spot stays with its stops."
            _end(found, Status.DONE, Sentence(said if closed else STAYED))
    return found


def due_stops() -> list[tuple[UUID, UUID]]:
    """(owner, stop) of all that are under way. Runs as the system."""
    return list(EmergencyStop.objects.filter(status=Status.RUNNING).order_by().values_list("owner_id", "pk"))


# --- inside ---------------------------------------------------------------------------------------------------------


def _checked(owner_id: UUID, wallet_id: UUID, policy: str) -> Wallet:
    wallet = get_wallet(owner_id=owner_id, wallet_id=wallet_id)
    if policy not in Policy.values:
        raise InvalidInputError(f"Choose one of {', '.join(Policy.values)}.", fields={"policy": "No such policy."})
    if wallet.role in Wallet.IDLE:
        raise InvalidInputError(f"Nothing is traded from {wallet.name}: there is nothing to stop.")
    return wallet


def _locked(owner_id: UUID, stop_id: UUID) -> EmergencyStop:
    rows = EmergencyStop.objects.select_for_update(of=("self",)).select_related("wallet")
    found = rows.filter(owner_id=owner_id, pk=stop_id).first()
    if found is None:
        raise NotFoundError("There is no such stop.")
    return found


def _positions(wallet: Wallet) -> Sequence[Position]:
    rows = Position.objects.filter(owner_id=wallet.owner_id, wallet__in=subtree([wallet.pk]), closed_at=None)
    return list(rows.select_related("wallet", "instrument"))


def _unfinished(wallet: Wallet, policy: str) -> list[Order]:
    """The orders that the stop ends: all that open, and of *flatten* those that rest in the way of a sale too.

    What carries out a stop or a target goes on, whatever the policy; the stop's own sales are its own.
    """
    orders = Order.objects.unfinished().filter(owner_id=wallet.owner_id, wallet__in=subtree([wallet.pk]))
    found = orders.select_related("wallet", "instrument").order_by("wallet_id", "pk")
    return [order for order in found if not order.leaves or (_sells(policy, order.instrument) and _is_resting(order))]


def _is_resting(order: Order) -> bool:
    return order.protects_id is None and order.type != Order.Type.MARKET


def _cancellable(wallet: Wallet, policy: str) -> list[Order]:
    return [order for order in _unfinished(wallet, policy) if order.is_cancellable]


def _cancel(order: Order) -> None:
    try:
        with transaction.atomic():
            request_cancellation(owner_id=order.owner_id, order_id=order.pk, reason=REASON)
    except ConflictError:
        logger.info("Order %s could not be cancelled yet", order.pk)  # it has ended meanwhile


def _sells(policy: str, instrument: Instrument) -> bool:
    return policy == Policy.FLATTEN or (policy == Policy.DERIVATIVES and instrument.kind != Instrument.Kind.SPOT)


def _value(position: Position, prices: Mapping[int, Quote]) -> Decimal | None:
    quote = prices.get(position.instrument_id)
    return position.quantity * quote.price if quote else None


def _set_state(wallet: Wallet, state: str) -> None:
    choose(owner_id=wallet.owner_id, wallet_id=wallet.pk, state=state)


def _end(found: EmergencyStop, status: str, result: Sentence) -> None:
    found.status, found.result, found.done_at = status, result, clock.now()
    found.save(update_fields=("status", "result", "done_at"))
