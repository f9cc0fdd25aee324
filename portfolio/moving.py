"""A wallet that gets another place takes what it holds out of the wallets above it and into those that it comes to.

For each of them that is a flow, as if money had moved: nobody has won or lost anything by it. So everything is valued
right before, and the marks from which flows are told are shifted by what the wallet ever got and what it holds now:
the value right after finds exactly what it holds gone, or come, at the same prices. What it has realized so far stays
with those whose it was then, and where it stood until when is kept. Derivatives that become another wallet's do the
same with what they have won or lost.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import connection

from kit import clock, days
from kit.users.models import User
from portfolio.models import PortfolioState, Stay
from portfolio.services import take_snapshots
from portfolio.trees import Trees
from trading.positions.late import Earned
from wallets.hierarchy.archiving import Relocation

SHIFT: Final = """
WITH moved AS MATERIALIZED (
    SELECT place.venue, book.asset, sum(book.held) AS held, sum(book.flow) AS flow, sum(book.fees) AS fees,
           sum(book.funding) AS funding, sum(book.adjustments) AS adjustments, sum(book.realized) AS realized
    FROM wallet_subtree(ARRAY[%(wallet)s]::uuid[]) AS tree
    JOIN wallet_places AS place USING (wallet_id)
    JOIN (
        SELECT wallet_id, asset, held, flow, fees, funding, adjustments, realized FROM wallet_books(%(owner)s)
        UNION ALL
        SELECT wallet_id, asset, profit, 0, 0, 0, 0, 0 FROM wallet_derivatives(%(owner)s)
        UNION ALL
        SELECT wallet_id, quote, 0, 0, 0, 0, 0, realized
        FROM position_totals(%(owner)s) JOIN market_instruments USING (instrument_id) WHERE NOT is_derivative
    ) AS book USING (wallet_id)
    GROUP BY place.venue, book.asset
),
above (wallet_id, sign) AS (
    SELECT unnest(%(left)s::uuid[]), -1
    UNION ALL
    SELECT unnest(%(entered)s::uuid[]), 1
)
INSERT INTO portfolio_flowmark AS mark
    (owner_id, wallet_id, base, venue, asset, flow, fees, funding, adjustments, earned)
SELECT %(owner)s, above.wallet_id, %(base)s, venue, asset, sign * (flow - held), sign * fees, sign * funding,
       sign * adjustments, sign * realized
FROM moved CROSS JOIN above
ORDER BY above.wallet_id, venue, asset
ON CONFLICT (scope, base, venue, asset) DO UPDATE
SET flow = mark.flow + excluded.flow, fees = mark.fees + excluded.fees, funding = mark.funding + excluded.funding,
    adjustments = mark.adjustments + excluded.adjustments, earned = mark.earned + excluded.earned
"""

HELD: Final = """
SELECT opened.wallet_id, place.venue, opened.asset, opened.profit
FROM wallet_derivatives(%(owner)s) AS opened JOIN wallet_places AS place USING (wallet_id)
"""
# What was there leaves and what is there comes; who stands above both neither loses nor gets anything.
HANDED: Final = f"""
WITH handed (holder, venue, asset, amount) AS (
    SELECT * FROM unnest(%(holders)s::uuid[], %(venues)s::text[], %(assets)s::text[], %(profits)s::numeric[])
    UNION ALL
    SELECT wallet_id, venue, asset, -profit FROM ({HELD}) AS now
),
step AS (
    SELECT place.wallet_id, place.base_asset AS base, handed.venue, handed.asset, handed.amount
    FROM handed
    CROSS JOIN LATERAL wallet_path(handed.holder) AS path
    JOIN wallet_places AS place ON place.wallet_id = path.wallet_id
    UNION ALL
    SELECT NULL, %(currency)s, venue, asset, amount FROM handed
)
INSERT INTO portfolio_flowmark AS mark (owner_id, wallet_id, base, venue, asset, flow, fees, adjustments)
SELECT %(owner)s, wallet_id, base, venue, asset, sum(amount), 0, 0
FROM step
GROUP BY wallet_id, base, venue, asset
HAVING sum(amount) <> 0
ORDER BY wallet_id, venue, asset
ON CONFLICT (scope, base, venue, asset) DO UPDATE SET flow = mark.flow + excluded.flow
"""  # noqa: S608 - joined from constants


@contextmanager
def handed_over(owner_id: UUID) -> Iterator[None]:
    """Around a change of whose derivatives are, in its transaction: value everything, then tell what goes and comes."""
    take_snapshots(owner_id=owner_id)
    with connection.cursor() as cursor:
        cursor.execute(HELD, {"owner": owner_id})
        before = cursor.fetchall()
    yield
    names = ("holders", "venues", "assets", "profits")
    given: dict[str, Any] = {name: [row[place] for row in before] for place, name in enumerate(names)}
    given |= {"owner": owner_id, "currency": User.objects.values_list("base_currency", flat=True).get(pk=owner_id)}
    with connection.cursor() as cursor:
        cursor.execute(HANDED, given)


@contextmanager
def followed(relocation: Relocation) -> Iterator[None]:
    """Around the change of a wallet's place, in its transaction: value everything, and again with what went and came.

    Whatever prices do from then on is for those that the wallet has come to. The owner's state is held already, as
    `archiving.lock_to_move` has it: who values something refers to wallets.
    """
    wallet = relocation.wallet
    take_snapshots(owner_id=wallet.owner_id)
    stayed_until = _valued_at(wallet.owner_id)
    Stay.objects.create(owner_id=wallet.owner_id, wallet=wallet, under_id=wallet.parent_id, until=stayed_until)
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
    take_snapshots(owner_id=wallet.owner_id, at=max(clock.now(), _valued_at(wallet.owner_id) + days.INSTANT))


EARNED: Final = """
INSERT INTO portfolio_flowmark AS mark (owner_id, wallet_id, base, venue, asset, flow, fees, adjustments, earned)
SELECT %(owner)s, place.wallet_id, place.base_asset, own.venue, told.asset, 0, sum(told.fees), 0, sum(told.earned)
FROM (
    SELECT unnest(%(left)s::uuid[]) AS wallet_id, %(asset)s AS asset, 0 AS fees, -%(amount)s::numeric AS earned
    UNION ALL
    SELECT unnest(%(entered)s::uuid[]), %(asset)s, 0, %(amount)s
    UNION ALL
    SELECT unnest(%(entered)s::uuid[]), %(fee_asset)s, %(fee)s, 0
) AS told
JOIN wallet_places AS place USING (wallet_id)
JOIN wallet_places AS own ON own.wallet_id = %(wallet)s
GROUP BY place.wallet_id, place.base_asset, own.venue, told.asset
ORDER BY place.wallet_id, told.asset
ON CONFLICT (scope, base, venue, asset) DO UPDATE
SET fees = mark.fees + excluded.fees, earned = mark.earned + excluded.earned
"""


def earned_before(one: Earned) -> None:
    """What a trade of before a move has realized and is told after it: it is of those under whom the wallet stood when
    it traded, and was realized elsewhere for those under whom it stands now. Of its fee these are told nothing; those
    that it left are told it as their past is worked out anew (`corrections`)."""
    if not Stay.objects.filter(owner_id=one.owner_id, until__gte=one.at).exists():
        return
    trees = Trees(owner_id=one.owner_id)
    then, now = (
        {root for root, wallet in pairs if wallet == one.wallet_id} for pairs in (trees.at(one.at), trees.at_last())
    )
    given: dict[str, Any] = {
        "owner": one.owner_id,
        "wallet": one.wallet_id,
        "asset": one.asset,
        "amount": one.amount,
        "fee": one.fee,
        "fee_asset": one.fee_asset,
        "left": list(then - now),
        "entered": list(now - then),
    }
    with connection.cursor() as cursor:
        cursor.execute(EARNED, given)


def _valued_at(owner_id: UUID) -> datetime:
    """When everything was valued last, which it was."""
    found = PortfolioState.objects.values_list("valued_at", flat=True).get(owner_id=owner_id)
    assert found is not None  # noqa: S101 - valued before
    return found
