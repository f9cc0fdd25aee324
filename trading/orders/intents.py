"""What is asked for: where an order is to be placed, under which key, and on what terms."""

import base64
import hashlib
import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from kit.decimals import plain
from kit.errors import ConflictError, InvalidInputError
from kit.sentences import Sentence, Told
from markets.models import Instrument
from trading.models import Order, Position, Side
from trading.positions.levels import named, on_tick, require_above_zero
from trading.risk.sizing import in_lots

CLIENT_ID_PREFIX: Final = "mq"
CLIENT_ID_LENGTH: Final = 25
KEY_LENGTH: Final = 120


class OrderConflictError(ConflictError):
    """The key was used for another order."""

    code = "idempotency_conflict"


@dataclass(frozen=True, slots=True)
class Place:
    """A wallet, an instrument, and the idempotency key of the order that may be placed there."""

    wallet_id: UUID
    instrument: Instrument
    key: str

    def __post_init__(self) -> None:
        if not 0 < len(self.key) <= KEY_LENGTH:
            raise InvalidInputError(
                f"Give a key of 1 to {KEY_LENGTH} characters.",
                fields={"key": f"Must have 1 to {KEY_LENGTH} characters."},
            )


@dataclass(frozen=True, slots=True)
class Terms:
    """Side, quantity (base asset) and what comes with it; see `place_order`. Raises InvalidInputError for nonsense."""

    side: str
    quantity: Decimal
    reason: Told
    reduce_only: bool = False
    exit_stop: Decimal | None = None
    exit_target: Decimal | None = None
    exit_trail: Decimal | None = None
    protects: Position | None = None

    def __post_init__(self) -> None:
        if self.side not in Side.values:
            raise InvalidInputError("Choose buy or sell as the side.", fields={"side": "Must be buy or sell."})
        if not (self.quantity.is_finite() and self.quantity > 0):
            raise InvalidInputError("Give a quantity above zero.", fields={"quantity": "Must be above zero."})

    @property
    def is_buy(self) -> bool:
        return self.side == Side.BUY


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

    @classmethod
    def of(cls, place: Place, terms: Terms) -> "Intent":
        """Raises InvalidInputError for levels that protect nothing."""
        instrument = place.instrument
        asked = (terms.exit_stop, terms.exit_target, terms.exit_trail)
        stop, target, trail = (on_tick(level, instrument.tick_size) for level in asked)
        _check_levels(terms.side, stop, target, trail)
        request = _hash(
            place.wallet_id,
            instrument.pk,
            terms.side,
            terms.quantity,
            terms.reduce_only,
            *asked,
            Sentence.of(terms.reason).exact,
            terms.protects and terms.protects.pk,
        )
        lots = in_lots(terms.quantity, instrument.lot_size) or terms.quantity
        wallet_id, side, reduce_only = place.wallet_id, terms.side, terms.reduce_only
        return cls(wallet_id, instrument.pk, side, lots, reduce_only, stop, target, trail, request)

    def same(self, first: Order) -> Order:
        """The order that has the key already. Raises OrderConflictError when it is another one."""
        if first.request != self.request:
            raise OrderConflictError("This key belongs to another order: use a new key, or repeat the first request.")
        return first


def client_order_id(owner_id: UUID, key: str) -> str:
    """The venue's name for the order: the same for the same key, for ever; 27 characters of a–z and 2–7.

    Its 125 bits fit into the UUID that some venues want instead, and can be read back from it.
    """
    digest = hashlib.sha256(f"{owner_id}:{key}".encode()).digest()
    return CLIENT_ID_PREFIX + base64.b32encode(digest).decode().lower()[:CLIENT_ID_LENGTH]


def _check_levels(side: str, *levels: Decimal | None) -> None:
    given = named(*levels)
    require_above_zero(given)
    if given and side != Side.BUY:
        raise InvalidInputError(
            "A sale opens no position that a stop or a target could protect: give them with the buy.",
            fields=dict.fromkeys(given, "Only with a buy."),
        )


def _hash(*asked: Any) -> str:
    """One text per value, so that 1 and 1.0 hash alike."""
    written = [plain(value) if isinstance(value, Decimal) else str(value) for value in asked]
    return hashlib.sha256(json.dumps(written).encode()).hexdigest()
