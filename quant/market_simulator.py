"""A market that never was: several correlated assets, second by second, the same for everybody with the same seed.

The demo's prices come from here, and they have to survive restarts and rewinds, so nothing is drawn from a running
generator: every random number is a function of (seed, day, position) through the counter-based Philox generator
(Salmon et al., *Parallel random numbers: as easy as 1, 2, 3*, 2011). Advancing ten minutes and then twenty gives to the
last bit what advancing thirty gives.

Every minute is a walk of twelve five-second steps in log price, whose first, highest, lowest and last point are the
minute's candle; `price_at` reads the same walk, so a live tick can never contradict the candle it becomes. Steps share
one market factor, which makes the correlation. A market-wide regime (calm, rally, slide, crash) lasts four hours at
least; it sets drift and volatility, and a slowly moving heat makes quiet and busy spells within it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final, NamedTuple

import numpy as np

from quant.candles import MINUTE_MS, Candles, Floats
from quant.errors import QuantError

OPEN, HIGH, LOW, CLOSE, VOLUME = range(5)

STEPS: Final = 12
STEP_SECONDS: Final = 5
DAY: Final = 1440
SEGMENT: Final = 240
_STEPS_PER_YEAR: Final = 365 * DAY * STEPS
_MINUTES_PER_YEAR: Final = 365 * DAY
# One generator per purpose, so that adding an asset or a step never shifts another purpose's numbers.
_WALK, _VOLUME, _REGIME = range(3)


class Regime(NamedTuple):
    """What the market as a whole is doing; drift per year in log price, volatility relative to the asset's own."""

    name: str
    drift: float
    volatility: float
    correlation: float


REGIMES: Final = (
    Regime("calm", 0.30, 0.65, 0.65),
    Regime("rally", 2.20, 1.00, 0.70),
    Regime("slide", -1.60, 1.10, 0.72),
    Regime("crash", -40.0, 2.40, 0.85),
)
# Row: regime now; column: regime of the next four hours. Calm and trends last days, a crash about eight hours.
_TRANSITIONS: Final = np.cumsum(
    [[0.93, 0.04, 0.025, 0.005], [0.05, 0.93, 0.015, 0.005], [0.05, 0.025, 0.91, 0.015], [0.20, 0.20, 0.10, 0.50]],
    axis=1,
)
# Share of the volatility budget that regimes and heat use on average: keeps the long-run figure at the asset's own.
_LONG_RUN_VOLATILITY: Final = 1.01
_HEAT_MEMORY: Final = 0.90
_HEAT_SPREAD: Final = 0.30


@dataclass(frozen=True)
class Asset:
    """A simulated asset: first price in quote, volatility per year as a fraction, price step, base volume per day."""

    symbol: str
    price: float
    volatility: float
    tick: float
    daily_volume: float


ASSETS: Final = (
    Asset("BTC/USDT", 64_000.0, 0.60, 0.01, 24_000.0),
    Asset("ETH/USDT", 3_100.0, 0.75, 0.01, 310_000.0),
    Asset("SOL/USDT", 148.0, 0.95, 0.01, 3_900_000.0),
    Asset("BNB/USDT", 580.0, 0.65, 0.1, 690_000.0),
)


@dataclass(frozen=True)
class MarketState:
    """The market at the start of minute `minute` after `start_ms`; small, and exact through JSON."""

    seed: int
    start_ms: int
    assets: tuple[Asset, ...]
    minute: int
    log_prices: tuple[float, ...]
    regime: int
    heat: float

    @property
    def now_ms(self) -> int:
        """Opening time of the minute that has not been played yet, in milliseconds since 1970 UTC."""
        return self.start_ms + self.minute * MINUTE_MS

    def to_dict(self) -> dict[str, Any]:
        """JSON types only; `from_dict` gives back an equal state."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> MarketState:
        """The state that `to_dict` wrote."""
        return cls(
            **{
                **data,
                "assets": tuple(Asset(**asset) for asset in data["assets"]),
                "log_prices": tuple(data["log_prices"]),
            }
        )


def initial_state(seed: int, assets: Sequence[Asset] = ASSETS, *, start_ms: int) -> MarketState:
    """A calm market at the assets' first prices; `start_ms` is a whole minute, UTC."""
    if start_ms % MINUTE_MS:
        raise QuantError(f"Start the simulated market on a whole minute: {start_ms} ms is inside one.")
    prices = tuple(float(np.log(asset.price)) for asset in assets)
    return MarketState(seed, start_ms, tuple(assets), 0, prices, regime=0, heat=0.0)


def advance(state: MarketState, minutes: int) -> tuple[MarketState, Floats]:
    """Play `minutes` minutes: the state after them, and their candles `(minutes, assets, 5)`.

    The last axis is open, high, low, close in quote, rounded to the asset's tick, and volume in base. Bar i opens at
    `state.now_ms + i` minutes.
    """
    played = np.empty((minutes, len(state.assets), 5))
    done = 0
    while done < minutes:
        count = min(minutes - done, DAY - state.minute % DAY)
        state = _play(state, count, played[done : done + count])
        done += count
    return state, played


def price_at(state: MarketState, seconds: float) -> Floats:
    """Prices `(assets,)` at `seconds` (0 … 60) into the minute that `advance` would play next.

    Between two steps the price moves in a straight line of logs, so it stays inside the candle it becomes.
    """
    _, path = _walk(state, 1)
    position = min(max(seconds, 0.0), 60.0) / STEP_SECONDS
    before = min(int(position), STEPS - 1)
    share = position - before
    return _rounded(np.exp(path[before] * (1 - share) + path[before + 1] * share), state.assets)


def aggregate(candles: Floats, minutes: int) -> Floats:
    """Candles `(M, assets, 5)` of one minute as `(M / minutes, assets, 5)` of `minutes` minutes."""
    bars, assets, columns = candles.shape
    if bars % minutes:
        raise QuantError(f"Give a whole number of {minutes}-minute bars: {bars} minutes leave {bars % minutes} over.")
    groups = candles.reshape(bars // minutes, minutes, assets, columns)
    result = np.empty((bars // minutes, assets, columns))
    result[..., OPEN] = groups[:, 0, :, OPEN]
    result[..., HIGH] = groups[..., HIGH].max(axis=1)
    result[..., LOW] = groups[..., LOW].min(axis=1)
    result[..., CLOSE] = groups[:, -1, :, CLOSE]
    result[..., VOLUME] = groups[..., VOLUME].sum(axis=1)
    return result


def to_candles(first_ms: int, candles: Floats, asset: int, *, minutes: int = 1) -> Candles:
    """One asset's column of `advance`'s or `aggregate`'s answer as `Candles`; `first_ms` is the first bar's opening."""
    ts = first_ms + np.arange(len(candles), dtype=np.int64) * (minutes * MINUTE_MS)
    return Candles(ts, *(candles[:, asset, column] for column in range(5)))


def _play(state: MarketState, minutes: int, out: Floats) -> MarketState:
    """Play minutes of one day into `out`."""
    after, path = _walk(state, minutes)
    prices = np.exp(path)
    inside = prices[:-1].reshape(minutes, STEPS, -1)
    closes = prices[STEPS::STEPS]
    out[..., OPEN] = inside[:, 0]
    out[..., HIGH] = np.maximum(inside.max(axis=1), closes)
    out[..., LOW] = np.minimum(inside.min(axis=1), closes)
    out[..., CLOSE] = closes
    for column in range(VOLUME):
        out[..., column] = _rounded(out[..., column], state.assets)
    out[..., VOLUME] = _volumes(state, minutes, path)
    return after


def _walk(state: MarketState, minutes: int) -> tuple[MarketState, Floats]:
    """Log prices at every step `(minutes × STEPS + 1, assets)`, within one day; and the state after."""
    assets = len(state.assets)
    day, first = divmod(state.minute, DAY)
    normals = _normals(state.seed, day, assets)[first : first + minutes]
    scale = np.array([asset.volatility for asset in state.assets]) / (np.sqrt(_STEPS_PER_YEAR) * _LONG_RUN_VOLATILITY)
    path = np.empty((minutes * STEPS + 1, assets))
    path[0] = state.log_prices
    moves = path[1:].reshape(minutes, STEPS, assets)
    regime, heat, done = state.regime, state.heat, 0
    while done < minutes:
        minute = state.minute + done
        if minute % SEGMENT == 0:
            regime, heat = _next_segment(state.seed, minute // SEGMENT, regime, heat)
        until = min(minutes, done + SEGMENT - minute % SEGMENT)
        now = REGIMES[regime]
        noise = normals[done:until]
        sigma = scale * now.volatility * np.exp(heat)
        # Half the variance is taken off so that drift is the growth of the expected price.
        moves[done:until] = noise[..., 1:] * (sigma * np.sqrt(1 - now.correlation))
        moves[done:until] += noise[..., :1] * (sigma * np.sqrt(now.correlation)) + (
            now.drift / _STEPS_PER_YEAR - sigma**2 / 2
        )
        done = until
    np.cumsum(path, axis=0, out=path)
    after = replace(
        state,
        minute=state.minute + minutes,
        log_prices=tuple(float(price) for price in path[-1]),
        regime=regime,
        heat=heat,
    )
    return after, path


def _next_segment(seed: int, segment: int, regime: int, heat: float) -> tuple[int, float]:
    generator = _generator(seed, _REGIME, segment)
    regime = int(np.searchsorted(_TRANSITIONS[regime], generator.random(), side="right"))
    heat = _HEAT_MEMORY * heat + _HEAT_SPREAD * np.sqrt(1 - _HEAT_MEMORY**2) * generator.standard_normal()
    return min(regime, len(REGIMES) - 1), float(heat)


def _volumes(state: MarketState, minutes: int, path: Floats) -> Floats:
    """Base volumes `(minutes, assets)`: busier when prices move and during European and American hours."""
    day, first = divmod(state.minute, DAY)
    noise = _volume_noise(state.seed, day, len(state.assets))[first : first + minutes]
    moves = np.abs(np.diff(path[::STEPS], axis=0))
    typical = np.array([asset.volatility for asset in state.assets]) / np.sqrt(_MINUTES_PER_YEAR)
    minute_of_day = (state.start_ms // MINUTE_MS + state.minute + np.arange(minutes)) % DAY
    daytime = 1 + 0.4 * np.sin(2 * np.pi * (minute_of_day[:, None] / DAY - 0.375))
    average = np.array([asset.daily_volume for asset in state.assets]) / DAY
    volumes: Floats = average * daytime * (0.5 + 0.6 * moves / typical) * noise
    return np.round(volumes, 6)


@lru_cache(maxsize=2)
def _normals(seed: int, day: int, assets: int) -> Floats:
    """The day's steps `(DAY, STEPS, 1 + assets)`: the market factor, then each asset's own."""
    return _generator(seed, _WALK, day).standard_normal((DAY, STEPS, assets + 1))


@lru_cache(maxsize=2)
def _volume_noise(seed: int, day: int, assets: int) -> Floats:
    """The day's volume multipliers `(DAY, assets)`, lognormal with mean 1."""
    spread = 0.6
    return np.exp(spread * _generator(seed, _VOLUME, day).standard_normal((DAY, assets)) - spread**2 / 2)


def _generator(seed: int, purpose: int, block: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=[seed, purpose], counter=[0, 0, block, 0]))


def _rounded(prices: Floats, assets: Sequence[Asset]) -> Floats:
    """Prices `(…, assets)` on the grid of each asset's tick, as they are quoted, and never below one tick."""
    ticks = np.array([asset.tick for asset in assets])
    whole_ticks: Floats = np.maximum(np.round(prices / ticks), 1.0)
    steps, scales = _decimal_ticks(tuple(asset.tick for asset in assets))
    quoted: Floats = whole_ticks * steps / scales
    return quoted


@lru_cache(maxsize=4)
def _decimal_ticks(ticks: tuple[float, ...]) -> tuple[Floats, Floats]:
    """Each tick as a whole number over a power of ten, which floats have exactly: 0.01 is 1 / 100, 2.5 is 25 / 10.

    Multiples of 0.01 are not exact in binary; a whole number divided once is the float that prints as quoted.
    """
    parts = [Decimal(repr(tick)).normalize().as_tuple() for tick in ticks]
    places = [max(0, -part.exponent) if isinstance(part.exponent, int) else 0 for part in parts]
    scales = np.array([10.0**place for place in places])
    return np.round(np.array(ticks) * scales), scales
