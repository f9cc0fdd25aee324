"""The demo exchange follows the prices: what rests in its books is matched when a price or a bar reaches it.

One statement finds the accounts where something is to be done; each is matched in a transaction of its own, under the
lock of its books. Trading is told as a real exchange would tell it: by a hint that may be lost, since it looks again
anyway. A pass may be repeated, be killed anywhere and run on several workers at once: what was filled by a price is
never filled by it again.
"""

import logging
from typing import Any, Final
from uuid import UUID

from celery import current_app
from django.db import connections

from kit import clock, tenancy
from wallets.models import Connection
from wallets.venues.demo.account import MAXIMUM_QUOTE_AGE, open_demo_venue
from wallets.venues.demo.exchange import LOOKED_AT

# An account whose history is being built belongs to the past: nothing rests there.
_DUE: Final = """
WITH waiting AS (
    SELECT book.*, instrument.instrument_id
    FROM wallets_demoorder AS book
    JOIN wallets_connection AS connection ON connection.id = book.connection_id AND NOT connection.is_rehearsing
    JOIN market_instruments AS instrument ON instrument.venue = connection.venue AND instrument.symbol = book.symbol
    WHERE book.status IN ('open', 'partially_filled')
)
SELECT DISTINCT waiting.owner_id, waiting.connection_id
FROM waiting
LEFT JOIN market_quotes(ARRAY(SELECT DISTINCT instrument_id FROM waiting), %(now)s, true) AS quote USING (instrument_id)
LEFT JOIN LATERAL (
    SELECT * FROM market_extremes(waiting.instrument_id, waiting.seen_at, %(now)s)
    WHERE waiting.seen_at < %(now)s - interval '1 minute'
) AS gone ON true
WHERE waiting.expires_at <= %(now)s
    OR (quote.at > waiting.seen_at AND quote.at > %(now)s - %(fresh)s AND CASE waiting.side
        WHEN 'buy' THEN quote.ask <= waiting.price ELSE quote.bid >= waiting.price END)
    OR CASE waiting.side WHEN 'buy' THEN gone.low < waiting.price ELSE gone.high > waiting.price END
    OR gone.until >= waiting.seen_at + %(looked_at)s
ORDER BY waiting.owner_id, waiting.connection_id
"""

logger = logging.getLogger(__name__)


def match_due() -> int:
    """Match what the market has reached in everybody's books; returns how many orders something happened to.

    Runs as nobody: each account as its owner.
    """
    with tenancy.system(), connections["system"].cursor() as cursor:
        given: dict[str, Any] = {"now": clock.now(), "fresh": MAXIMUM_QUOTE_AGE, "looked_at": LOOKED_AT}
        cursor.execute(_DUE, given)
        due = cursor.fetchall()
    found = 0
    for owner_id, connection_id in due:
        try:
            found += match_account(owner_id=owner_id, connection_id=connection_id)
        except Exception:  # one account's trouble keeps no other from its fills; it is due again at the next price
            logger.exception("The book of %s could not be matched", connection_id)
    return found


def match_account(*, owner_id: UUID, connection_id: UUID) -> int:
    """Match what rests in one account's book, and tell trading; returns how many orders something happened to."""
    with tenancy.tenant(owner_id):
        venue = open_demo_venue(Connection.objects.select_related("platform").get(pk=connection_id))
        names = venue.match()
    if names and not clock.is_controlled():
        told = {
            "owner_id": str(owner_id), "connection_id": str(connection_id), "names": list(names), "numbers": [],
        }  # fmt: skip
        current_app.send_task("trading.tasks.look_at_orders", kwargs=told)
    return len(names)
