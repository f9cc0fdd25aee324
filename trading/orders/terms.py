"""The terms of an order: its limit, what it waits for, and the lots of its quantity."""

import math
from collections.abc import Mapping
from dataclasses import astuple, dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from kit import clock
from kit.errors import InvalidInputError
from kit.sentences import moment, rule, sentence
from kit.sentences import price as shown
from markets.candles.reading import load_candles
from markets.models import Instrument, Timeframe
from quant.indicators import WILDER_SETTLING, atr
from trading.models import Order, TimeInForce
from trading.models.orders import LIMITED, RESTS, TRIGGERED
from trading.positions.levels import WrongSideError
from trading.risk.sizing import in_lots, in_ticks

# The period of the average true range that a trailing stop is placed by: Wilder's own.
ATR_PERIOD: Final = 14
# What the fields of a trigger are called where they are asked for.
TOLD: Final[Mapping[str, str]] = {
    "price": "trigger_price",
    "target": "target_price",
    "atr": "trail_atr",
    "timeframe": "trail_timeframe",
}


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
        if self.timeframe and self.atr is None:
            raise InvalidInputError(
                "Candles say how far it trails only in average true ranges: leave them out, or give trail_atr.",
                fields={"trail_timeframe": "Goes with trail_atr."},
            )
        if (self.atr is not None and not self.timeframe) or self.timeframe not in ("", *Timeframe.values):
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


def require_lots(instrument: Instrument, quantity: Decimal, *, field: str = "quantity") -> None:
    """Raise InvalidInputError, with the nearest sizes, for a quantity that somebody gives and that is not in whole
    lots: less than was asked for would be another order."""
    if not (quantity.is_finite() and quantity > 0):
        raise InvalidInputError("Give a quantity above zero.", fields={field: "Must be above zero."})
    lot = instrument.lot_size
    below = in_lots(quantity, lot)
    if below == quantity:
        return
    base = instrument.base
    known = {"lot": rule(lot, base), "above": rule(below + lot, base)}
    words = "{symbol} is traded in multiples of {lot}: give {above} or more."
    if below > 0:
        words = "{symbol} is traded in multiples of {lot}: give {below} or {above}."
        known["below"] = rule(below, base)
    told = sentence(words, symbol=instrument.symbol, **known)
    raise InvalidInputError(told, fields={field: "Must be a multiple of the lot."})


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
        told = (
            "It is sent at the market once its trigger is reached: choose a stop limit order for a limit."
            if kind in TRIGGERED
            else "An order at the market is filled at once, at what is there: choose a limit order for that."
        )
        raise InvalidInputError(told, fields=dict.fromkeys(wrong, "Only of a limit or a stop limit order."))
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
