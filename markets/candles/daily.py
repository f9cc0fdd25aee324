"""What markets closed at, day by day in UTC: by the bar that closed at midnight, of whatever length it is."""

from collections.abc import Collection
from typing import Final

import numpy as np
from django.db import DEFAULT_DB_ALIAS, connections, router

from kit import clock
from markets.candles.reading import milliseconds
from markets.models import Candle
from quant.candles import DAY_MS, Floats

# One index probe for each day and length.
_CLOSES: Final = """
SELECT instrument.id, day.midnight, bar.close
FROM markets_instrument AS instrument
CROSS JOIN unnest(%(midnights)s::bigint[]) AS day (midnight)
CROSS JOIN LATERAL (
    SELECT close FROM market_timeframes() AS frame
    JOIN markets_candle AS candle ON candle.timeframe = frame.timeframe AND candle.ts = day.midnight - frame.length
         AND candle.instrument_id = coalesce(instrument.prices_of_id, instrument.id)
    ORDER BY frame.length DESC LIMIT 1
) AS bar
WHERE instrument.id = ANY (%(instruments)s)
"""


def daily_closes(*, instrument_ids: Collection[int], days: int) -> dict[int, Floats]:
    """The closes of the last `days` whole days by instrument, oldest first, NaN where none is known; one query."""
    last = milliseconds(clock.now()) // DAY_MS * DAY_MS
    midnights = [last - back * DAY_MS for back in reversed(range(days))]
    places = {midnight: place for place, midnight in enumerate(midnights)}
    found = {instrument_id: np.full(days, np.nan) for instrument_id in instrument_ids}
    with connections[router.db_for_read(Candle) or DEFAULT_DB_ALIAS].cursor() as cursor:
        cursor.execute(_CLOSES, {"midnights": midnights, "instruments": list(instrument_ids)})
        for instrument_id, midnight, close in cursor.fetchall():
            found[instrument_id][places[midnight]] = close
    return found
