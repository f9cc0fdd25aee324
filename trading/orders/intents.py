"""What is asked for: where an order is to be placed, under which key, and on what terms."""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from kit.decimals import plain
from kit.errors import ConflictError, InvalidInputError
from kit.sentences import Sentence, Told
from markets.models import Instrument
from trading.models import Order, Position, Side, TimeInForce
from trading.orders.terms import Limit, Trigger
from trading.positions.levels import named, on_tick, require_above_zero
from trading.risk.sizing import in_lots
from wallets.models import Connection
from wallets.venues.capabilities import OPERATIONS, capabilities_of

CLIENT_ID_PREFIX: Final = "mq"
CLIENT_ID_LENGTH: Final = 25
KEY_LENGTH: Final = 120
# What a venue has to be able to do for an order that is good in a certain way.
OFFERED: Final[Mapping[str, str]] = {TimeInForce.IOC: "ioc", TimeInForce.FOK: "fok", TimeInForce.GTD: "gtd"}


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
    """Side, quantity (base asset) and what comes with it; see `place_order`. Raises InvalidInputError for nonsense.

    A stop that `rests_there` is sent at once, and the venue waits for its trigger. What rests `behind` a sale is ended
    for it, and lends it what it holds until then.
    """

    side: str
    quantity: Decimal
    reason: Told
    reduce_only: bool = False
    exit_stop: Decimal | None = None
    exit_target: Decimal | None = None
    exit_trail: Decimal | None = None
    protects: Position | None = None
    limit: Limit | None = None
    replaces: Order | None = None
    trigger: Trigger | None = None
    rests_there: bool = False
    leverage: Decimal | None = None
    behind: tuple[Order, ...] = ()

    def __post_init__(self) -> None:
        if self.leverage is not None and not (self.leverage.is_finite() and self.leverage >= 1):
            raise InvalidInputError("Give a leverage of 1 or more.", fields={"leverage": "Must be 1 or more."})
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
    limit: Limit | None
    trigger: Trigger | None
    request: str

    @property
    def type(self) -> str:
        if self.trigger is not None:
            return self.trigger.kind
        return Order.Type.MARKET if self.limit is None else Order.Type.LIMIT

    @classmethod
    def of(cls, place: Place, terms: Terms) -> "Intent":
        """Raises InvalidInputError for levels that protect nothing, and a limit that the market does not take."""
        instrument = place.instrument
        if terms.limit is not None:
            terms.limit.require_fit(instrument)
        if terms.trigger is not None:
            terms.trigger.require_fit(instrument)
            if (terms.trigger.kind == Order.Type.STOP_LIMIT) != (terms.limit is not None):
                raise InvalidInputError(
                    "A stop limit order has a limit, and no other that waits for a trigger has one.",
                    fields={"limit_price": "Goes with a stop limit order."},
                )
        asked = (terms.exit_stop, terms.exit_target, terms.exit_trail)
        stop, target, trail = (on_tick(level, instrument.tick_size) for level in asked)
        _check_levels(terms.side, stop, target, trail, is_perpetual=instrument.is_perpetual)
        if terms.leverage is not None and not instrument.is_perpetual:
            raise InvalidInputError(
                f"{instrument.symbol} is traded without leverage: leave it out, or choose a perpetual.",
                fields={"leverage": "Only of a perpetual."},
            )
        request = _hash(
            place.wallet_id,
            instrument.pk,
            terms.side,
            terms.quantity,
            terms.reduce_only,
            *asked,
            Sentence.of(terms.reason).exact,
            terms.protects and terms.protects.pk,
            *(() if terms.limit is None else astuple(terms.limit)),
            *(() if terms.trigger is None else terms.trigger.exact),
            *(() if terms.leverage is None else (f"leverage {plain(terms.leverage)}",)),
        )
        lots = in_lots(terms.quantity, instrument.lot_size) or terms.quantity
        wallet_id, side, reduce_only = place.wallet_id, terms.side, terms.reduce_only
        return cls(
            wallet_id, instrument.pk, side, lots, reduce_only, stop, target, trail, terms.limit, terms.trigger, request
        )

    def same(self, first: Order) -> Order:
        """The order that has the key already. Raises OrderConflictError when it is another one."""
        if first.request != self.request:
            raise OrderConflictError("This key belongs to another order: use a new key, or repeat the first request.")
        return first


def require_offered(connection: Connection, limit: Limit) -> None:
    """Raise InvalidInputError for what the connection's venue does not take; it comes with its platform."""
    platform = connection.platform
    offered = capabilities_of("demo" if platform.adapter == "demo" else platform.slug)
    wanted = {"limit_price": "limit_order", "time_in_force": OFFERED.get(limit.time_in_force, "limit_order")}
    if limit.post_only:
        wanted["post_only"] = "post_only"
    if missing := {field: name for field, name in wanted.items() if offered[name].works == "no"}:
        told = ", ".join(OPERATIONS[name].lower() for name in missing.values())
        raise InvalidInputError(
            f"{platform.name} does not take this: {told}.", fields=dict.fromkeys(missing, "Not at this venue.")
        )


def client_order_id(owner_id: UUID, key: str) -> str:
    """The venue's name for the order: the same for the same key, for ever; 27 characters of a–z and 2–7.

    Its 125 bits fit into the UUID that some venues want instead, and can be read back from it.
    """
    digest = hashlib.sha256(f"{owner_id}:{key}".encode()).digest()
    return CLIENT_ID_PREFIX + base64.b32encode(digest).decode().lower()[:CLIENT_ID_LENGTH]


def _check_levels(side: str, *levels: Decimal | None, is_perpetual: bool) -> None:
    given = named(*levels)
    require_above_zero(given)
    if given and side != Side.BUY and not is_perpetual:
        raise InvalidInputError(
            "A sale opens no position that a stop or a target could protect: give them with the buy.",
            fields=dict.fromkeys(given, "Only with a buy."),
        )


def _hash(*asked: Any) -> str:
    """One text per value, so that 1 and 1.0 hash alike."""
    written = [plain(value) if isinstance(value, Decimal) else str(value) for value in asked]
    return hashlib.sha256(json.dumps(written).encode()).hexdigest()
