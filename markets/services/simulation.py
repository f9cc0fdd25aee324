"""Simulated markets: what `quant.market_simulator` plays, stored as candles and tickers that everybody shares.

A market is a row of `FeedState`: the simulator's state at the last whole minute that was stored. Playing it on and
storing the bars is one transaction under one advisory lock, so a crash repeats the same minutes and two workers cannot
play them twice. There is one market per venue name: `simulated` with the simulator's own assets, and others that go on
from where imported candles of a venue end.
"""

import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
from django.db import DEFAULT_DB_ALIAS, connections, router, transaction
from django.db.models import Q

from kit import clock
from kit.errors import ConflictError, InvalidInputError
from markets.candles import copying
from markets.candles.reading import TIMEFRAME_MS, load_candles, milliseconds, moment
from markets.candles.storing import KEEP, prune_candles
from markets.models import Candle, FeedState, Instrument, Timeframe
from markets.prices import SIMULATED, quotes, to_price
from markets.services.instruments import ensure_simulated_instruments
from markets.services.quotes import NewQuote, record_quotes
from quant import market_simulator
from quant.candles import DAY_MS, MINUTE_MS, Candles, aggregate
from quant.market_simulator import Asset, MarketState

SEED: Final = 20_261_121
HISTORY_DAYS: Final = 120
MAXIMUM_DAYS: Final = 1_500
# Played in one go: bounds memory (7 MB of candles) and, when catching up after downtime, the length of one run.
PIECE_MINUTES: Final = 30 * market_simulator.DAY
_NAME: Final = "simulator:{}"
_LOCK: Final = zlib.crc32(b"markets.simulation")
_COARSER: Final = tuple(timeframe.value for timeframe in Timeframe if timeframe is not Timeframe.M1)


@dataclass(frozen=True, slots=True)
class History:
    """What is stored of a simulated market: bars opening in `[since, until)`."""

    venue: str
    since: datetime
    until: datetime
    candles_written: int


def generate_history(*, days: int = HISTORY_DAYS, until: datetime | None = None) -> History:
    """Make sure the simulated market is stored up to `until` (default now), beginning `days` days before it.

    Coarse bars (1h, 4h, 1d) are stored for the whole time, finer ones as long as `KEEP` says. A market that exists is
    played on from where it stands; its beginning stays where it is, also when that is later than asked for.
    """
    if not 1 <= days <= MAXIMUM_DAYS:
        raise InvalidInputError(f"Ask for 1 to {MAXIMUM_DAYS} days of history.", fields={"days": f"{days} is not."})
    end = until or clock.now()
    ensure_simulated_instruments()
    with _only_player(wait=True):
        market = _Market.load(SIMULATED) or _Market(
            SIMULATED, market_simulator.initial_state(SEED, start_ms=_midnight(milliseconds(end)) - days * DAY_MS)
        )
        written = 0
        while market.behind(end):
            written += market.play(end)
    return History(SIMULATED, moment(market.state.start_ms), moment(market.state.now_ms), written)


def continue_simulated(*, venue: str, symbols: Sequence[str] | None = None, at: datetime | None = None) -> History:
    """Let the simulator go on where the venue's stored candles end, and label the instruments as simulated.

    The first prices are the last closes, volatility and volume are measured from the candles. Repeating it changes
    nothing. Raises ConflictError when an instrument has too few candles to go on from.
    """
    instruments = Instrument.objects.filter(venue=venue, is_active=True, prices_of=None).order_by("symbol")
    chosen = list(instruments.filter(symbol__in=symbols) if symbols is not None else instruments)
    end = at or clock.now()
    with _only_player(wait=True):
        market = _Market.load(venue)
        if market is None:
            assets = [_measured(instrument) for instrument in chosen]
            if not assets:
                raise ConflictError(f"Import candles of {venue} first: none of its instruments is there to go on from.")
            start = _midnight(milliseconds(end))
            market = _Market(venue, market_simulator.initial_state(SEED, assets, start_ms=start))
            ids = [instrument.pk for instrument in chosen]
            Instrument.objects.filter(Q(pk__in=ids) | Q(prices_of__in=ids)).update(is_simulated=True)
        written = 0
        while market.behind(end):
            written += market.play(end)
    return History(venue, moment(market.state.start_ms), moment(market.state.now_ms), written)


def play_simulated_markets() -> list[int]:
    """Play every simulated market to now and quote it; returns the ids of the instruments that were quoted.

    Catches up at most `PIECE_MINUTES` per market and call. When another worker is at it, nothing happens.
    """
    now = clock.now()
    quoted: list[NewQuote] = []
    for name in FeedState.objects.filter(name__startswith=_NAME.format("")).values_list("name", flat=True):
        with _only_player(wait=False) as alone:
            market = _Market.load(name.removeprefix(_NAME.format(""))) if alone else None
            if market is None:
                continue
            if market.behind(now):
                market.play(now)
            if not market.behind(now):
                quoted += market.quotes(now)
    record_quotes(quoted)
    return [quote.instrument_id for quote in quoted]


def simulated_since(venue: str) -> datetime | None:
    """When the simulator began to play the venue's market; None when it does not."""
    row = FeedState.objects.filter(name=_NAME.format(venue)).first()
    return moment(MarketState.from_dict(row.state).start_ms) if row else None


class _Market:
    """One market while its lock is held."""

    def __init__(self, venue: str, state: MarketState) -> None:
        self.venue = venue
        self.state = state
        by_symbol = {instrument.symbol: instrument for instrument in Instrument.objects.filter(venue=venue)}
        self.instruments = [by_symbol[asset.symbol] for asset in state.assets]

    @classmethod
    def load(cls, venue: str) -> "_Market | None":
        row = FeedState.objects.filter(name=_NAME.format(venue)).first()
        return cls(venue, MarketState.from_dict(row.state)) if row else None

    def behind(self, now: datetime) -> int:
        """Whole minutes that have passed and are not stored."""
        return max(0, (milliseconds(now) - self.state.now_ms) // MINUTE_MS)

    def play(self, now: datetime) -> int:
        """Store the next minutes, at most one piece; returns how many candles were written."""
        first_ms = self.state.now_ms
        # Pieces end at midnight UTC where they can, so that every coarser bar lies inside one.
        to_midnight = PIECE_MINUTES - (first_ms % DAY_MS) // MINUTE_MS
        state, played = market_simulator.advance(self.state, min(self.behind(now), to_midnight))
        written = 0
        for index, instrument in enumerate(self.instruments):
            fresh = market_simulator.to_candles(first_ms, played, index)
            written += _store(instrument, fresh, now)
        if first_ms // DAY_MS != state.now_ms // DAY_MS:
            prune_candles(instrument_ids=[instrument.pk for instrument in self.instruments], now=now)
        self.state = state
        FeedState.objects.update_or_create(
            name=_NAME.format(self.venue), defaults={"state": state.to_dict(), "updated_at": clock.now()}
        )
        return written

    def quotes(self, now: datetime) -> list[NewQuote]:
        """The prices inside the minute that is being played."""
        if milliseconds(now) < self.state.now_ms:
            return self._played(now)
        prices = market_simulator.price_at(self.state, (milliseconds(now) - self.state.now_ms) / 1000)
        return [
            NewQuote(
                instrument.pk, price, max(price - instrument.tick_size, price / 2), price + instrument.tick_size,
                SIMULATED, now,
            )
            for instrument, price in zip(self.instruments, map(to_price, prices), strict=True)
        ]  # fmt: skip

    def _played(self, now: datetime) -> list[NewQuote]:
        """The closes of what was played for now when the clock was ahead; it catches up with the market by itself."""
        ids = [instrument.pk for instrument in self.instruments]
        with clock.at(now):
            closes = quotes(instrument_ids=ids)
        return [NewQuote(pk, quote.price, quote.bid, quote.ask, SIMULATED, now) for pk, quote in closes.items()]


def _store(instrument: Instrument, fresh: Candles, now: datetime) -> int:
    """Store new minutes and every coarser bar that they complete."""
    minutes = _concatenate(_unfinished_day(instrument, int(fresh.ts[0])), fresh)
    written = copying.write(
        instrument_id=instrument.pk, timeframe=Timeframe.M1, candles=fresh.between(_kept_from(Timeframe.M1, now), None)
    )
    if len(minutes) < 2:  # the very first minute of a market: no bar can be complete
        return written
    for timeframe in _COARSER:
        length = TIMEFRAME_MS[timeframe]
        first = int(fresh.ts[0]) // length * length
        bars = aggregate(minutes, length // MINUTE_MS).between(max(first, _kept_from(timeframe, now)), None)
        written += copying.write(instrument_id=instrument.pk, timeframe=timeframe, candles=bars)
    return written


def _unfinished_day(instrument: Instrument, before_ms: int) -> Candles:
    """The minutes before `before_ms` of the day it falls into; at midnight, those of the whole day before."""
    since = _midnight(before_ms - MINUTE_MS)
    return load_candles(
        instrument_id=instrument.pk,
        timeframe=Timeframe.M1,
        until=moment(before_ms),
        limit=(before_ms - since) // MINUTE_MS,
    ).between(since, None)


def _concatenate(earlier: Candles, later: Candles) -> Candles:
    return Candles(*(np.concatenate((getattr(earlier, name), getattr(later, name))) for name in copying.COLUMNS))


def _kept_from(timeframe: str, now: datetime) -> int:
    kept = KEEP.get(Timeframe(timeframe))
    return milliseconds(now - kept) if kept else 0


def _measured(instrument: Instrument) -> Asset:
    """The instrument as the simulator sees it, from its last candles of the finest timeframe that it has."""
    for timeframe in TIMEFRAME_MS:
        candles = load_candles(instrument_id=instrument.pk, timeframe=timeframe, limit=1000)
        if len(candles) >= 30:
            break
    else:
        raise ConflictError(f"Import at least 30 candles of {instrument} first: there is nothing to go on from.")
    returns = np.diff(np.log(candles.close))
    return Asset(
        symbol=instrument.symbol,
        price=float(candles.close[-1]),
        volatility=float(np.clip(returns.std(ddof=1) * np.sqrt(candles.periods_per_year), 0.05, 3.0)),
        tick=float(instrument.tick_size),
        daily_volume=float(candles.volume.mean() * DAY_MS / candles.timeframe_ms),
    )


@contextmanager
def _only_player(*, wait: bool) -> Iterator[bool]:
    """A transaction that holds the players' lock; false when it is taken and `wait` is not asked for."""
    alias = router.db_for_write(Candle) or DEFAULT_DB_ALIAS
    with transaction.atomic(using=alias), connections[alias].cursor() as cursor:
        if wait:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
            yield True
        else:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
            yield bool(cursor.fetchone()[0])


def _midnight(ms: int) -> int:
    return ms // DAY_MS * DAY_MS
