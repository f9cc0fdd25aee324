"""A wallet that gets another place takes what it holds out of the wallets above it and into those that it comes to.

For each of them that is a flow, as if money had moved: nobody has won or lost anything by it. So everything is valued
right before, and the marks from which flows are told are shifted by what the wallet ever got and what it holds now:
the next value finds exactly what it holds gone, or come. Derivatives that become another wallet's do the same with what
they have won or lost.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final
from uuid import UUID

from django.db import connection

from portfolio.services import take_snapshots
from wallets.hierarchy.archiving import Relocation

SHIFT: Final = """
WITH moved AS MATERIALIZED (
    SELECT place.venue, book.asset, sum(book.held) AS held, sum(book.flow) AS flow, sum(book.fees) AS fees,
           sum(book.adjustments) AS adjustments
    FROM wallet_subtree(ARRAY[%(wallet)s]::uuid[]) AS tree
    JOIN wallet_places AS place USING (wallet_id)
    JOIN (
        SELECT wallet_id, asset, held, flow, fees, adjustments FROM wallet_books(%(owner)s)
        UNION ALL
        SELECT wallet_id, asset, profit, 0, 0, 0 FROM wallet_derivatives(%(owner)s)
    ) AS book USING (wallet_id)
    GROUP BY place.venue, book.asset
),
above (wallet_id, sign) AS (
    SELECT unnest(%(left)s::uuid[]), -1
    UNION ALL
    SELECT unnest(%(entered)s::uuid[]), 1
)
INSERT INTO portfolio_flowmark AS mark (owner_id, wallet_id, base, venue, asset, flow, fees, adjustments)
SELECT %(owner)s, above.wallet_id, %(base)s, venue, asset, sign * (flow - held), sign * fees, sign * adjustments
FROM moved CROSS JOIN above
ORDER BY above.wallet_id, venue, asset
ON CONFLICT (scope, base, venue, asset) DO UPDATE
SET flow = mark.flow + excluded.flow, fees = mark.fees + excluded.fees,
    adjustments = mark.adjustments + excluded.adjustments
"""

HELD: Final = "SELECT position_id, wallet_id FROM wallet_derivatives(%(owner)s)"
HANDED: Final = """
WITH handed AS (
    SELECT before.wallet_id AS source, opened.wallet_id AS target, place.venue, opened.asset, opened.profit
    FROM unnest(%(positions)s::bigint[], %(holders)s::uuid[]) AS before (position_id, wallet_id)
    JOIN wallet_derivatives(%(owner)s) AS opened USING (position_id)
    JOIN wallet_places AS place ON place.wallet_id = opened.wallet_id
    WHERE before.wallet_id <> opened.wallet_id
),
step AS (
    -- Who stands above both neither loses nor gets anything.
    SELECT path.wallet_id, handed.venue, handed.asset, sum(side.sign * handed.profit) AS flow
    FROM handed
    CROSS JOIN LATERAL (VALUES (handed.source, 1), (handed.target, -1)) AS side (wallet, sign)
    CROSS JOIN LATERAL wallet_path(side.wallet) AS path
    WHERE path.wallet_id IS NOT NULL
    GROUP BY path.wallet_id, handed.venue, handed.asset
    HAVING sum(side.sign * handed.profit) <> 0
)
INSERT INTO portfolio_flowmark AS mark (owner_id, wallet_id, base, venue, asset, flow, fees, adjustments)
SELECT %(owner)s, step.wallet_id, place.base_asset, step.venue, step.asset, step.flow, 0, 0
FROM step JOIN wallet_places AS place USING (wallet_id)
ORDER BY step.wallet_id, step.venue, step.asset
ON CONFLICT (scope, base, venue, asset) DO UPDATE SET flow = mark.flow + excluded.flow
"""


@contextmanager
def handed_over(owner_id: UUID) -> Iterator[None]:
    """Around a change of whose derivatives are, in its transaction: value everything, then tell what goes and comes."""
    take_snapshots(owner_id=owner_id)
    with connection.cursor() as cursor:
        cursor.execute(HELD, {"owner": owner_id})
        before = cursor.fetchall()
    yield
    given: dict[str, Any] = {
        "owner": owner_id,
        "positions": [position for position, _ in before],
        "holders": [wallet for _, wallet in before],
    }
    with connection.cursor() as cursor:
        cursor.execute(HANDED, given)


@contextmanager
def followed(relocation: Relocation) -> Iterator[None]:
    """Around the change of a wallet's place, in its transaction: value everything, then tell what goes and comes."""
    wallet = relocation.wallet
    take_snapshots(owner_id=wallet.owner_id)
    given: dict[str, Any] = {
        "owner": wallet.owner_id,
        "wallet": wallet.pk,
        "base": wallet.base_asset,
        "left": list(relocation.left),
        "entered": list(relocation.entered),
    }
    with connection.cursor() as cursor:
        cursor.execute(SHIFT, given)
    yield
