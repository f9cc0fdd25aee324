"""What is asked for: where an order is to be placed, under which key, and on what terms."""

import base64
import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import astuple, dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from kit import clock
from kit.decimals import plain
from kit.errors import ConflictError, InvalidInputError
from kit.sentences import Sentence, Told, moment, rule, sentence
from kit.sentences import price as shown
from markets.candles.reading import load_candles
from markets.models import Instrument, Timeframe
from quant.indicators import WILDER_SETTLING, atr
from trading.models import Order, Position, Side, TimeInForce
from trading.models.orders import LIMITED, RESTS, TRIGGERED
from trading.positions.levels import WrongSideError, named, on_tick, require_above_zero
from trading.risk.sizing import in_lots, in_ticks
from wallets.models import Connection
from wallets.venues.capabilities import OPERATIONS, capabilities_of

CLIENT_ID_PREFIX: Final = "mq"
CLIENT_ID_LENGTH: Final = 25
KEY_LENGTH: Final = 120
# What a venue has to be able to do for an order that is good in a certain way.
# The period of the average true range that a trailing stop is placed by: Wilder's own.
ATR_PERIOD: Final = 14
# What the fields of a trigger are called where they are asked for.
TOLD: Final[Mapping[str, str]] = {
    "price": "trigger_price",
    "target": "target_price",
    "atr": "trail_atr",
    "timeframe": "trail_timeframe",
}
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
class Limit:
    """The worst price (quote) that an order may be filled at, how long it is good, and whether it only rests.

    Raises InvalidInputError for nonsense.
    """

    price: Decimal
    time_in_force: str = TimeInForce.GTC
    expires_at: datetime | None = None
    post_only: bool = False

    def __post_init__(self) -> None:
        if not (self.price.is_finite() and self.price > 0):
            raise InvalidInputError("Give a limit above zero.", fields={"limit_price": "Must be above zero."})
        if self.time_in_force not in TimeInForce.values:
            offered = ", ".join(TimeInForce.values)
            raise InvalidInputError(f"Choose {offered}.", fields={"time_in_force": f"Must be one of {offered}."})
        if (self.time_in_force == TimeInForce.GTD) != (self.expires_at is not None):
            raise InvalidInputError(
                "Say until when the order is good, with gtd and with nothing else.",
                fields={"expires_at": "Goes with gtd, and only with it."},
            )
        if self.post_only and self.time_in_force not in RESTS:
            raise InvalidInputError(
                "An order that only rests cannot be filled at once: choose gtc or gtd.",
                fields={"time_in_force": "Must be gtc or gtd where it only rests."},
            )

    def require_fit(self, instrument: Instrument) -> None:
        """Raise InvalidInputError for a price off the tick."""
        if self.price % instrument.tick_size:
            raise InvalidInputError(
                sentence(
                    "Give a limit that is a multiple of {tick}.", tick=rule(instrument.tick_size, instrument.quote)
                ),
                fields={"limit_price": "Must be a multiple of the tick."},
            )

    def require_time(self) -> None:
        """Raise InvalidInputError for a moment that is over."""
        if self.expires_at is not None and self.expires_at <= clock.now():
            raise InvalidInputError(
                sentence("Give a moment that is still to come: {at} is over.", at=moment(self.expires_at)),
                fields={"expires_at": "Must be still to come."},
            )


# What a trigger of a kind is said by: the sets of what may be given together, and that in words.
_A_PRICE: Final = ([{"trigger_price"}], "the price that sends it")
_ASKED: Final[Mapping[str, tuple[list[set[str]], str]]] = {
    Order.Type.TRAILING_STOP: (
        [{"trail"}, {"trail_share"}, {"trail_atr"}],
        "how far it trails, as an amount, as a share or in average true ranges",
    ),
    Order.Type.OCO: ([{"trigger_price", "target_price"}], "the two prices that send it, the bad and the good one"),
}


@dataclass(frozen=True, slots=True)
class Trigger:
    """The price (quote) that sends an order, or how far it stays behind the best one: an amount, a share of it, or so
    many average true ranges of the market's candles of a timeframe, which is an amount once the order is placed.

    One that cancels the other has two prices: `price` is as bad as the market may become, `target` as good.
    Raises InvalidInputError for nonsense.
    """

    kind: str
    price: Decimal | None = None
    trail: Decimal | None = None
    trail_share: Decimal | None = None
    target: Decimal | None = None
    atr: Decimal | None = None
    timeframe: str = ""

    def __post_init__(self) -> None:
        given = {name: value for name, value in self._said().items() if value is not None}
        ways, what = _ASKED.get(self.kind, _A_PRICE)
        if self.kind not in TRIGGERED or set(given) not in ways:
            names = sorted(set().union(*ways))
            raise InvalidInputError(f"Give {what}, and nothing else.", fields=dict.fromkeys(names, f"Give {what}."))
        if wrong := [name for name, value in given.items() if not (value.is_finite() and value > 0)]:
            raise InvalidInputError("Give it above zero.", fields=dict.fromkeys(wrong, "Must be above zero."))
        if self.trail_share is not None and self.trail_share >= 1:
            raise InvalidInputError("Trail by less than 100 %.", fields={"trail_share": "Must be below 100 %."})
        if (self.atr is None) != (not self.timeframe) or self.timeframe not in ("", *Timeframe.values):
            offered = ", ".join(Timeframe.values)
            raise InvalidInputError(
                f"Say of which candles the average true range is: {offered}.",
                fields={"trail_timeframe": f"Goes with trail_atr: one of {offered}."},
            )

    @property
    def exact(self) -> tuple[Any, ...]:
        """What of it makes a request another one."""
        said = astuple(self)
        return said if any(said[4:]) else said[:4]

    def in_quote(self, instrument: Instrument) -> "Trigger":
        """By the distance in quote that its average true ranges are now, rounded to the nearest tick, one at least.

        Raises InvalidInputError where the market has too few candles to say.
        """
        if self.atr is None:
            return self
        bars = ATR_PERIOD * WILDER_SETTLING
        candles = load_candles(instrument_id=instrument.pk, timeframe=self.timeframe, limit=bars)
        range_now = atr(candles, ATR_PERIOD)[-1] if len(candles.close) > ATR_PERIOD else math.nan
        if not range_now > 0:
            raise InvalidInputError(
                f"There are too few candles of {self.timeframe} in {instrument.symbol} for an average true range: "
                "choose another timeframe, or say the distance.",
                fields={"trail_timeframe": "Too few candles."},
            )
        distance = self.atr * Decimal(repr(float(range_now)))
        trail = in_ticks(distance, instrument.tick_size) or instrument.tick_size
        return replace(self, trail=trail, atr=None, timeframe="")

    def _said(self) -> dict[str, Decimal | None]:
        return {
            "trigger_price": self.price,
            "trail": self.trail,
            "trail_share": self.trail_share,
            "target_price": self.target,
            "trail_atr": self.atr,
        }

    def require_fit(self, instrument: Instrument) -> None:
        """Raise InvalidInputError for a price off the tick."""
        for name, price in (("trigger_price", self.price), ("target_price", self.target)):
            if price is not None and price % instrument.tick_size:
                raise InvalidInputError(
                    sentence(
                        "Give a trigger that is a multiple of {tick}.",
                        tick=rule(instrument.tick_size, instrument.quote),
                    ),
                    fields={name: "Must be a multiple of the tick."},
                )

    def behind(self, best: Decimal, *, is_buy: bool) -> Decimal:
        """Where the trigger stands when the price that counts is `best`."""
        if self.price is not None:
            return self.price
        distance = self.trail if self.trail is not None else best * (self.trail_share or 0)
        return best + distance if is_buy else best - distance

    def require_ahead(self, best: Decimal, *, is_buy: bool, tick: Decimal) -> None:
        """Raise WrongSideError for one that the market has reached already; `best` is the ask for a buy, or the bid."""
        name = "trail" if self.kind == Order.Type.TRAILING_STOP else "trigger_price"
        above = is_buy != (self.kind == Order.Type.TAKE_PROFIT)
        _require_ahead(name, self.behind(best, is_buy=is_buy), best, above=above, is_buy=is_buy, tick=tick)
        if self.target is not None:
            _require_ahead("target_price", self.target, best, above=not is_buy, is_buy=is_buy, tick=tick)


def _require_ahead(name: str, level: Decimal, best: Decimal, *, above: bool, is_buy: bool, tick: Decimal) -> None:
    if not (level > best if above else 0 < level < best):
        side, which = "above" if above else "below", "ask" if is_buy else "bid"
        told = sentence(
            f"A trigger {side} the {which} of {{at}} can be reached; this one has been already.", at=shown(best, tick)
        )
        raise WrongSideError(told, fields={name: "On the wrong side of the market."})


def limit_of(
    kind: str,
    *,
    price: Decimal | None = None,
    time_in_force: str = "",
    expires_at: datetime | None = None,
    post_only: bool = False,
) -> Limit | None:
    """The limit of an order of that kind; None at the market. Raises InvalidInputError for what does not fit."""
    if kind in LIMITED:
        if price is None:
            raise InvalidInputError("Give a limit order its limit.", fields={"limit_price": "Missing."})
        return Limit(price, time_in_force or TimeInForce.GTC, expires_at, post_only)
    said = {"limit_price": price, "time_in_force": time_in_force, "expires_at": expires_at, "post_only": post_only}
    if wrong := [name for name, value in said.items() if value]:
        raise InvalidInputError(
            "An order at the market is filled at once, at what is there: choose a limit order for that.",
            fields=dict.fromkeys(wrong, "Only of a limit order."),
        )
    return None


def trigger_of(kind: str, **said: Any) -> Trigger | None:
    """The trigger of an order of that kind, said by the fields of a Trigger; None where it is sent at once. Raises
    InvalidInputError for what does not fit."""
    if kind in TRIGGERED:
        return Trigger(kind, **said)
    if wrong := [TOLD.get(name, name) for name, value in said.items() if value]:
        raise InvalidInputError(
            "An order at the market or within a limit is sent at once: choose a stop for that.",
            fields=dict.fromkeys(wrong, "Only of an order that waits for a trigger."),
        )
    return None


@dataclass(frozen=True, slots=True)
class Terms:
    """Side, quantity (base asset) and what comes with it; see `place_order`. Raises InvalidInputError for nonsense.

    A stop that `rests_there` is sent at once, and the venue waits for its trigger.
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
