"""What stood at both ends of a period, of every wallet and of all together: one query, however long the period is.

Value, flows, fees and realized profit are told cumulatively, so a period is the difference of two moments. Its start is
the last value that was written down; so is its end where it is over, and else it is the valuation of every page.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db import connection

from kit.statements import planned_once
from portfolio.valuation import EARNED_BEFORE, SAYS_A_VALUE, VALUATION, parameters

ZERO: Final = Decimal(0)

_OPENING: Final = f"""
LEFT JOIN LATERAL portfolio_value_before(ended.scope, ended.base, %(start)s + interval '1 microsecond') AS opening
          ON true
LEFT JOIN LATERAL (
    -- What had been realized when the history began; its first snapshots may be forgotten, its days are not.
    (
        SELECT realized_pnl - realized + fees AS earned_before FROM portfolio_dailyperformance AS daily
        WHERE opening.at IS NULL AND daily.scope = ended.scope AND daily.base = ended.base AND opened_at IS NOT NULL
        ORDER BY day LIMIT 1
    )
    UNION ALL
    (
        SELECT {EARNED_BEFORE} FROM portfolio_snapshot AS snapshot
        WHERE opening.at IS NULL AND snapshot.scope = ended.scope AND snapshot.base = ended.base AND {SAYS_A_VALUE}
        ORDER BY at LIMIT 1
    )
    LIMIT 1
) AS beginning ON true
"""  # noqa: S608 - joined from constants
_FIGURES: Final = """
SELECT ended.*, coalesce(opening.equity, 0), coalesce(opening.flows, 0),
       coalesce(opening.realized_pnl, earned_before, CASE WHEN ended.equity = ended.flows THEN ended.realized END, 0),
       coalesce(opening.fees, 0), coalesce(opening.twr_index, 1)
"""
_NOW: Final = f"""{VALUATION},
ended AS (
    SELECT scope, base, equity, flows, realized, fees, twr_index, equity <> 0 OR unpriced = '[]' AS is_known
    FROM valuation
)
{_FIGURES} FROM ended {_OPENING}
"""  # noqa: S608 - joined from constants
_THEN: Final = f"""
WITH known (scope, base) AS (
    SELECT wallet_id, base_asset FROM wallet_places WHERE owner_id = %(owner)s
    UNION ALL
    SELECT %(owner)s::uuid, %(currency)s
),
ended AS (
    SELECT scope, base, closing.equity, closing.flows, closing.realized_pnl AS realized, closing.fees,
           closing.twr_index, true AS is_known
    FROM known CROSS JOIN LATERAL portfolio_value_before(scope, base, %(until)s) AS closing
)
{_FIGURES} FROM ended {_OPENING}
"""  # noqa: S608 - joined from constants


@dataclass(frozen=True, slots=True)
class Edges:
    """A scope over a period, money in `base`. All but what it opened with is None where it cannot be valued now.

    opening + flows + profit = closing, exactly. `realized` is before fees. `index` is that of both ends: the return is
    their quotient less one, as long as nothing was lost altogether between them.
    """

    base: str
    opening: Decimal
    closing: Decimal | None
    flows: Decimal | None
    realized: Decimal | None
    fees: Decimal | None
    index: tuple[float, float]

    @property
    def profit(self) -> Decimal | None:
        return None if self.closing is None or self.flows is None else self.closing - self.opening - self.flows

    @property
    def twr(self) -> float | None:
        """After a total loss before the period the index began anew at one."""
        before, after = self.index
        return None if self.closing is None else after / (before or 1.0) - 1


NOTHING: Final = Edges("", ZERO, ZERO, ZERO, ZERO, ZERO, (1.0, 1.0))


def read_edges(
    *,
    owner_id: UUID,
    currency: str,
    start: datetime,
    at: datetime,
    until: datetime | None,
    behind: Collection[UUID] | None = None,
) -> dict[UUID, Edges]:
    """Of every wallet by its id, of all together by the owner's, each in what it is valued in.

    From `start` until `until`, without one until now, which is `at`. Who had no value yet at the end is left out where
    the period is over.
    """
    if until is None:
        given, statement = parameters(owner_id=owner_id, at=at, currency=currency, behind=behind), _NOW
    else:
        given, statement = {"owner": owner_id, "currency": currency, "until": until}, _THEN
    with planned_once(connection) as cursor:
        cursor.execute(statement, given | {"start": start})
        return {row[0]: _edges(*row[1:]) for row in cursor.fetchall()}


def _edges(base: str, *figures: Any) -> Edges:
    equity, flows, realized, fees, index, is_known, *at_the_start, before = figures
    opening, flows_before, realized_before, fees_before = at_the_start
    if not is_known:
        return Edges(base, opening, None, None, None, None, (before, index))
    paid = fees - fees_before
    return Edges(
        base=base,
        opening=opening,
        closing=equity,
        flows=flows - flows_before,
        realized=realized - realized_before + paid,
        fees=paid,
        index=(before, index),
    )
