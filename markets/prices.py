"""The one price that counts now.

"Now" is `kit.clock`. Over history, under a controlled clock, the tickers of the table belong to the future; the
price is then the close of the bar that closed last, and no function here returns what was not known at that moment.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from django.db import DEFAULT_DB_ALIAS, connections, router

from kit import clock
from markets.candles.reading import TIMEFRAME_MS, milliseconds, moment
from markets.models import Candle, Instrument, Ticker

ONE: Final = Decimal(1)
SIMULATED: Final = "simulated"
RECORDED: Final = "recorded"


@dataclass(frozen=True, slots=True)
class Quote:
    """A price in the quote asset, who said it, and when. `bid` and `ask` equal `price` where only one is known."""

    price: Decimal
    bid: Decimal
    ask: Decimal
    source: str
    at: datetime

    @property
    def is_simulated(self) -> bool:
        return self.source == SIMULATED

    def inverse(self) -> "Quote":
        """The same market seen from its quote asset."""
        return Quote(ONE / self.price, ONE / self.ask, ONE / self.bid, self.source, self.at)

    def through(self, other: "Quote") -> "Quote":
        """A/B through B/C: the price of A in C, as old as the older of the two and simulated when one of them is."""
        source = SIMULATED if SIMULATED in (self.source, other.source) else self.source
        return Quote(
            self.price * other.price, self.bid * other.bid, self.ask * other.ask, source, min(self.at, other.at)
        )


def latest_price(*, instrument_id: int) -> Quote | None:
    """What the instrument costs now, or None when nobody has said so yet."""
    return quotes(instrument_ids=[instrument_id]).get(instrument_id)


def quotes(*, instrument_ids: Collection[int]) -> dict[int, Quote]:
    """The prices of many instruments in one query; those without a price are left out."""
    if clock.is_controlled():
        return _closes(instrument_ids)
    return {ticker.instrument_id: _quote(ticker) for ticker in Ticker.objects.filter(instrument_id__in=instrument_ids)}


def price_in(*, asset: str, base: str, venue: str) -> Quote | None:
    """What one `asset` is worth in `base` at the venue; see `prices_in`."""
    return prices_in(assets=[asset], base=base, venue=venue).get(asset)


def prices_in(*, assets: Iterable[str], base: str, venue: str) -> dict[str, Quote]:
    """What one of each asset is worth in `base`, from the venue's markets, in two queries whatever their number.

    Taken are, in this order: 1 for the base itself, ASSET/BASE, BASE/ASSET turned round, and one step over a third
    asset that both have a market with. An asset without any of these is left out, not guessed.
    """
    markets = list(Instrument.objects.filter(venue=venue).values_list("pk", "base", "quote"))
    known = quotes(instrument_ids=[pk for pk, _, _ in markets])
    pairs: dict[tuple[str, str], Quote] = {}
    for pk, first, second in markets:
        if pk in known:
            pairs[first, second] = known[pk]
            pairs.setdefault((second, first), known[pk].inverse())
    found = ((asset, _price(asset, base, pairs)) for asset in assets)
    return {asset: quote for asset, quote in found if quote is not None}


def _price(asset: str, base: str, pairs: dict[tuple[str, str], Quote]) -> Quote | None:
    if asset == base:
        return Quote(ONE, ONE, ONE, "identity", clock.now())
    if (asset, base) in pairs:
        return pairs[asset, base]
    for first, bridge in sorted(pairs):
        if first == asset and (bridge, base) in pairs:
            return pairs[asset, bridge].through(pairs[bridge, base])
    return None


def _quote(ticker: Ticker) -> Quote:
    price = ticker.price
    return Quote(price, ticker.bid or price, ticker.ask or price, ticker.source, ticker.at)


def _closes(instrument_ids: Collection[int]) -> dict[int, Quote]:
    """The close of each instrument's bar that closed last; of several at once, the finest timeframe's."""
    alias = router.db_for_read(Candle) or DEFAULT_DB_ALIAS
    with connections[alias].cursor() as cursor:
        cursor.execute(
            """
            SELECT DISTINCT ON (instrument.id) instrument.id, instrument.is_simulated, bar.close, bar.ts + frame.length
            FROM markets_instrument AS instrument
            CROSS JOIN unnest(%s::text[], %s::bigint[]) AS frame (timeframe, length)
            CROSS JOIN LATERAL (
                SELECT ts, close FROM markets_candle
                WHERE instrument_id = instrument.id AND timeframe = frame.timeframe AND ts <= %s - frame.length
                ORDER BY ts DESC LIMIT 1
            ) AS bar
            WHERE instrument.id = ANY(%s)
            ORDER BY instrument.id, bar.ts + frame.length DESC, frame.length
            """,
            [list(TIMEFRAME_MS), list(TIMEFRAME_MS.values()), milliseconds(clock.now()), list(instrument_ids)],
        )
        rows = cursor.fetchall()
    found = {}
    for instrument_id, is_simulated, close, closed_at in rows:
        price = to_price(close)
        found[instrument_id] = Quote(price, price, price, SIMULATED if is_simulated else RECORDED, moment(closed_at))
    return found


def to_price(value: float) -> Decimal:
    """The one place where a candle's float becomes money: the shortest decimal that names it, as it was quoted."""
    return Decimal(repr(float(value)))
