"""Whether rules may be trusted with money, on the candles of a market: what is asked before they are saved."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from farms.services.hiring import invalid
from markets.candles.known import known_series
from markets.candles.reading import load_candles
from markets.models import Instrument, Timeframe
from quant import strategies
from quant.candles import Candles
from quant.errors import QuantError, StrategyRuleError
from quant.strategies import Params, Strategy, validator

# Candles that rules are checked on, at least where there are so many; and how many must be left once they have settled.
LOOKED_AT: Final = 1_000
FEWEST: Final = 100
# Signals after which the past is cut off, to see whether they knew what came later.
CUTS: Final = 20


@dataclass(frozen=True, slots=True)
class Checked:
    """Rules that passed, made complete, and on how many candles."""

    parameters: dict[str, Any]
    bars: int


def markets_with_candles() -> list[Instrument]:
    """The markets that are traded and have candles, by name."""
    known = {one.instrument_id for one in known_series()}
    return list(Instrument.objects.filter(pk__in=known, is_active=True).order_by("symbol", "venue"))


def require_sound(slug: str, parameters: Params, instrument_id: int, timeframe: str) -> Checked:
    """The rules made complete; InvalidInputError naming the field, and the rule that they break.

    Refused are parameters outside their schema, a market that is gone or has too few candles in a row, a short side on
    a spot market, and what `validator.check` and `check_habits` refuse: looking ahead, never or always entering, and
    entering without protection.
    """
    strategy = known_strategy(slug)
    clean = valid(strategy, parameters)
    instrument = tradable(instrument_id)
    if timeframe not in Timeframe.values:
        raise invalid("timeframe", f"Choose one of {', '.join(Timeframe.values)}.")
    if instrument.kind == Instrument.Kind.SPOT and clean.get("direction", "long") != "long":
        raise invalid(
            "parameters",
            f"{instrument.symbol} is a spot market, which nobody sells short: enter long only, or check the rules on a "
            "perpetual.",
        )
    candles = _candles(strategy, clean, instrument, timeframe)
    try:
        validator.check(strategy, clean, candles, most_cuts=CUTS)
        validator.check_habits(strategy, clean, candles)
    except StrategyRuleError as error:
        where = f"Looked at were {len(candles)} candles of {timeframe} of {instrument.symbol}."
        raise invalid("parameters", f"{error} {where}") from error
    return Checked(clean, len(candles))


def known_strategy(slug: str) -> Strategy:
    """The strategy, or InvalidInputError that names those there are."""
    try:
        return strategies.get(slug)
    except QuantError as error:
        raise invalid("strategy", str(error)) from error


def valid(strategy: Strategy, parameters: Params) -> dict[str, Any]:
    """All parameters, or InvalidInputError naming `parameters` that says which is wrong."""
    try:
        return strategy.validate(parameters)
    except QuantError as error:
        raise invalid("parameters", str(error)) from error


def tradable(instrument_id: int) -> Instrument:
    """The market, or InvalidInputError where it is none or is not traded any more."""
    instrument = Instrument.objects.filter(pk=instrument_id).first()
    if instrument is None:
        raise invalid("instrument_id", "Choose a market that there is: see GET /instruments.")
    if not instrument.is_active:
        raise invalid("instrument_id", f"{instrument.symbol} is no longer traded: choose another market.")
    return instrument


def unbroken(candles: Candles) -> Candles:
    """The candles since the last gap."""
    if len(candles) < 2:
        return candles
    broken = np.flatnonzero(np.diff(candles.ts) > candles.timeframe_ms)
    return candles[int(broken[-1]) + 1 :] if broken.size else candles


def _candles(strategy: Strategy, clean: Params, instrument: Instrument, timeframe: str) -> Candles:
    warmup = strategy.warmup(clean)
    wanted = max(LOOKED_AT, 3 * warmup)
    found = load_candles(instrument_id=instrument.pk, timeframe=timeframe, limit=wanted)
    whole = unbroken(found)
    needed = warmup + FEWEST
    if len(found) < needed:
        raise invalid(
            "timeframe",
            f"{instrument.symbol} has {len(found)} candles of {timeframe}, and these rules need {needed} to be "
            "checked: choose a shorter timeframe or another market, or shorten their averages.",
        )
    if len(whole) < needed:
        raise invalid(
            "timeframe",
            f"{instrument.symbol} has a gap in its candles of {timeframe}, with {len(whole)} after it, and these rules "
            f"need {needed} in a row to be checked: choose another timeframe or market, or shorten their averages.",
        )
    return whole
