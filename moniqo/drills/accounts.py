"""What became of the orders that were accepted: counted in the database of the instance, past the API."""

from collections.abc import Collection
from typing import Any, Final

import psycopg

from moniqo.drills.instance import Instance

# Accepted, and it has not ended: neither filled, here and at the venue, nor expired here without being there.
_LOST: Final = """
SELECT count(*) FROM unnest(%(keys)s::text[]) AS told (key)
WHERE NOT EXISTS (
    SELECT FROM trading_order AS ours
    LEFT JOIN wallets_demoorder AS theirs USING (client_order_id)
    WHERE ours.key = 'api:' || told.key
      AND (ours.status = 'filled' AND theirs.status = 'filled'
               AND EXISTS (SELECT FROM trading_fill WHERE order_id = ours.id)
           OR ours.status = 'expired' AND theirs.status IS NULL)
)
"""
# A key with two orders, an order that is at the venue twice, or one that was filled or booked for more than it asked.
_DOUBLED: Final = """
SELECT count(*) FROM unnest(%(keys)s::text[]) AS told (key)
WHERE (SELECT count(*) FROM trading_order WHERE key = 'api:' || told.key) > 1
   OR (SELECT count(*) FROM trading_order JOIN wallets_demoorder USING (client_order_id)
       WHERE key = 'api:' || told.key) > 1
   OR EXISTS (SELECT FROM trading_order AS ours WHERE key = 'api:' || told.key
       AND ((SELECT sum(quantity) FROM trading_fill WHERE order_id = ours.id) > ours.quantity
         OR (SELECT sum(trade.quantity) FROM wallets_demotrade AS trade
             JOIN wallets_demoorder AS theirs ON theirs.id = trade.order_id
             WHERE theirs.client_order_id = ours.client_order_id) > ours.quantity))
"""
_ENDED: Final = "SELECT count(*) FROM trading_order WHERE key = ANY(%(keys)s) AND status = %(status)s"


def lost(instance: Instance, keys: Collection[str]) -> int:
    """How many of the accepted orders have not ended, or not in the same way in the books and at the venue."""
    return _count(instance, _LOST, keys=list(keys))


def expired(instance: Instance, keys: Collection[str]) -> int:
    """How many of them could not be sent in time, so that they never will be."""
    return _count(instance, _ENDED, keys=[f"api:{key}" for key in keys], status="expired")


def doubled(instance: Instance, keys: Collection[str]) -> int:
    """How many orders stand twice in the books or at the venue, or were filled for more than was asked."""
    return _count(instance, _DOUBLED, keys=list(keys))


def filled(instance: Instance, keys: Collection[str]) -> int:
    """How many of the orders are filled; 0 while the database does not answer."""
    try:
        return _count(instance, _ENDED, keys=[f"api:{key}" for key in keys], status="filled")
    except (psycopg.Error, KeyError):
        return 0


def _count(instance: Instance, statement: str, **given: Any) -> int:
    address = instance.address("DATABASE_SYSTEM_URL")
    with psycopg.connect(address, connect_timeout=2, options="-c statement_timeout=5000") as connection:
        row = connection.execute(statement, given).fetchone()
    return int(row[0]) if row else 0
