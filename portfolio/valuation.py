"""What everything is worth: one query over the books, what derivatives have won or lost, and the prices.

A scope is valued from the balances of its wallets alone, and so is what happened to it (see the SQL function
`wallet_books`): how much has ever flowed in, been paid in fees and been corrected are read in the same instant as the
balance they explain, and the difference from the scope's last `FlowMark`, at the price of the moment, is what happened
since. Transfers between two wallets of one scope cancel in its sum, so an allocation is a flow for a farm and nothing
for its master.

What an open derivative has won or lost, as its venue told it last, is worth as much as a balance of the asset that it
settles in (see the SQL function `wallet_derivatives`). No money has moved by it: what it changes is the market's, and
never a flow or an adjustment. Its margin stands in the balances.

*Exposure* is what would move with the market: every asset but the base at its value, and the notional of each
derivative. Gross takes both sides as they are, net takes short from long.

Prices come from `markets`, at the venue of the wallet that holds the asset. What has no price is *unknown*, not zero:

* an asset that never had one is listed in `unpriced` and stays outside, its flows too, until it can be valued;
* a price that nobody says any more is carried by `markets` and makes the value stale, as does a derivative that its
  venue has not told of for as long as a price may be old;
* where a scope holds unpriced what it had counted before or has bought with what it counts, its value is carried from
  its last snapshot with the flows since, so that nothing is won or lost by not knowing.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db import connection

from kit import clock
from kit.errors import NotFoundError
from kit.statements import planned_once
from kit.users.models import User
from wallets.sync.health import connections_behind

# An exchange that trades at all has a newer price than this.
PRICE_IS_OLD_AFTER: Final = timedelta(minutes=15)

# Everybody that is asked for, with those below them.
TREE: Final = """wallet_subtree(
        ARRAY(
            SELECT wallet_id FROM place
            WHERE %(only)s::uuid IS NULL OR wallet_id = %(only)s OR wallet_id = ANY(%(beside)s::uuid[])
        )
    ) AS tree"""
# The start of every statement here: who holds what, at which price. Parameters: see `parameters`.
BOOKS: Final = f"""
WITH place AS MATERIALIZED (
    SELECT wallet_id, parent_id, base_asset, venue, connection_id = ANY(%(behind)s::uuid[]) AS is_behind
    FROM wallet_places WHERE owner_id = %(owner)s
),
scope (scope, base, wallet_id, venue, is_behind) AS MATERIALIZED (
    SELECT root.wallet_id, root.base_asset, place.wallet_id, place.venue, place.is_behind
    FROM {TREE}
    JOIN place AS root ON root.wallet_id = tree.root_id
    JOIN place ON place.wallet_id = tree.wallet_id
    UNION ALL
    SELECT %(owner)s::uuid, %(currency)s, wallet_id, venue, is_behind FROM place
    WHERE %(only)s::uuid IS NULL OR %(only)s = %(owner)s
),
price AS MATERIALIZED (SELECT * FROM portfolio_prices(%(owner)s, %(currency)s, %(priced_at)s, %(live)s)),
book AS MATERIALIZED (SELECT * FROM wallet_books(%(owner)s)),
derivative AS MATERIALIZED (SELECT * FROM wallet_derivatives(%(owner)s)),
part AS MATERIALIZED (
    -- A derivative is what it has won or lost, in what it settles in; a balance is none, and its own notional.
    SELECT wallet_id, asset, held, NULL::bigint AS position_id, ''::text AS symbol, asset AS underlying,
           NULL::numeric AS notional, held AS units, NULL::timestamptz AS told_at
    FROM book
    UNION ALL
    SELECT wallet_id, asset, profit, position_id, symbol, underlying, notional, units, at FROM derivative
),
holding AS (
    SELECT scope.scope, scope.base, scope.venue, scope.is_behind, part.wallet_id, part.asset, part.held,
           part.position_id, part.symbol, part.underlying, part.units, price.price, least(price.at, part.told_at) AS at,
           price.source, price.is_carried, round(part.held * price.price, 18) AS value,
           round(price.price * CASE
               WHEN part.position_id IS NOT NULL THEN part.notional
               WHEN part.asset <> scope.base THEN part.held ELSE 0
           END, 18) AS exposed
    FROM scope
    LEFT JOIN part USING (wallet_id)
    LEFT JOIN price ON price.venue = scope.venue AND price.base = scope.base AND price.asset = part.asset
)
"""  # noqa: S608 - joined from constants

# Which rows of `portfolio_snapshot` say a value: nothing that was held had a price where this is false. Such a row
# stands in no day and no series, because its zero never was.
SAYS_A_VALUE: Final = "(equity <> 0 OR flow <> 0 OR unpriced = '[]'::jsonb)"

# What had been realized before the first snapshot of a history: all of it where the history begins with nothing earned.
EARNED_BEFORE: Final = "CASE WHEN equity = flow THEN realized_pnl ELSE 0 END"

# What has flowed since the marks of each scope, by venue and asset, with the price it is told at.
MOVED: Final = """
flowed AS (
    SELECT scope, base, venue, asset, sum(held) AS held, sum(flow) AS flow, sum(fees) AS fees,
           sum(funding) AS funding, sum(adjustments) AS adjustments
    FROM (
        SELECT scope.scope, scope.base, scope.venue, book.asset, book.held, book.flow, book.fees, book.funding,
               book.adjustments
        FROM scope JOIN book USING (wallet_id)
        UNION ALL
        -- What a wallet that moved away took along is in no book of the scope any more, and its mark is.
        SELECT mark.scope, mark.base, mark.venue, mark.asset, 0, 0, 0, 0, 0
        FROM portfolio_flowmark AS mark JOIN (SELECT DISTINCT scope, base FROM scope) AS known USING (scope, base)
    ) AS part
    GROUP BY scope, base, venue, asset
),
moved AS MATERIALIZED (
    SELECT flowed.*,
           flowed.flow - coalesce(mark.flow, 0) AS new_flow,
           flowed.fees - coalesce(mark.fees, 0) AS new_fees,
           flowed.funding - coalesce(mark.funding, 0) AS new_funding,
           flowed.adjustments - coalesce(mark.adjustments, 0) AS new_adjustments,
           mark.scope IS NOT NULL AS is_marked, price.price
    FROM flowed
    LEFT JOIN portfolio_flowmark AS mark USING (scope, base, venue, asset)
    LEFT JOIN price USING (venue, base, asset)
),
movement AS (
    SELECT scope,
           portfolio_bounded(sum(new_flow * price)) AS flow,
           portfolio_bounded(sum(new_fees * price)) AS fees,
           portfolio_bounded(sum(new_funding * price)) AS funding,
           portfolio_bounded(sum(new_adjustments * price)) AS adjustments
    FROM moved
    GROUP BY scope
)
"""

VALUATION: Final = f"""{BOOKS}, {MOVED},
worth AS (
    SELECT scope, base,
           portfolio_bounded(sum(value) FILTER (WHERE position_id IS NULL AND asset = base)) AS cash,
           portfolio_bounded(sum(value) FILTER (WHERE position_id IS NULL AND asset <> base)) AS invested,
           portfolio_bounded(sum(value) FILTER (WHERE position_id IS NOT NULL)) AS of_derivatives,
           portfolio_bounded(sum(exposed)) AS net,
           portfolio_bounded(sum(abs(exposed))) AS gross,
           coalesce(jsonb_agg(DISTINCT asset) FILTER (WHERE price IS NULL AND held <> 0), '[]') AS unpriced,
           bool_or(is_behind) OR coalesce(bool_or(held <> 0 AND (is_carried OR at < %(oldest_price)s)), false)
               AS is_stale
    FROM holding
    GROUP BY scope, base
),
traded AS MATERIALIZED (
    SELECT * FROM position_totals(%(owner)s) JOIN market_instruments USING (instrument_id)
),
position AS (
    -- What derivatives have won or lost their venue tells, whoever opened them; what they made stands in the books.
    SELECT traded.wallet_id, traded.quote,
           sum(CASE WHEN traded.is_derivative THEN 0 ELSE traded.realized END) AS realized,
           sum(traded.quantity * (mark.price - traded.entry_price)) AS unrealized
    FROM traded
    LEFT JOIN price AS mark ON traded.quantity <> 0 AND NOT traded.is_derivative AND mark.venue = traded.venue
                            AND mark.base = traded.quote AND mark.asset = traded.base
    GROUP BY 1, 2
    UNION ALL
    SELECT wallet_id, asset, realized, 0 FROM book WHERE realized <> 0
),
bought AS (
    -- What stands in a position was paid for: as long as what it was paid with has a price, it was worth something.
    SELECT scope.scope, scope.venue, traded.base AS asset
    FROM traded
    JOIN scope USING (wallet_id)
    JOIN price ON price.venue = scope.venue AND price.base = scope.base AND price.asset = traded.quote
    WHERE traded.quantity <> 0 AND NOT traded.is_derivative
),
unknown AS (
    SELECT DISTINCT moved.scope FROM moved LEFT JOIN bought USING (scope, venue, asset)
    WHERE price IS NULL AND (held <> 0 OR new_flow <> 0) AND (is_marked OR bought.scope IS NOT NULL)
),
gain AS (
    SELECT scope,
           portfolio_bounded(sum(realized * price)) AS realized,
           portfolio_bounded(sum(unrealized * price)) AS unrealized
    FROM (
        SELECT scope.scope, position.realized, position.unrealized, price.price
        FROM scope
        LEFT JOIN position USING (wallet_id)
        LEFT JOIN price ON price.venue = scope.venue AND price.base = scope.base AND price.asset = position.quote
        UNION ALL
        -- What a wallet had realized elsewhere before it came is nothing that was realized here, and stays there.
        SELECT known.scope, -mark.earned, 0, price.price
        FROM portfolio_flowmark AS mark
        JOIN (SELECT DISTINCT scope, base FROM scope) AS known USING (scope, base)
        LEFT JOIN price USING (venue, base, asset)
        WHERE mark.earned <> 0
    ) AS part
    GROUP BY scope
),
valuation AS (
    SELECT worth.scope, worth.base, known.equity, cash, known.equity - cash - of_derivatives AS invested,
           unrealized + of_derivatives AS unrealized, realized, told.flow, told.adjustments,
           -- What is carried because a part has no price is at risk too.
           gross + (known.equity - counted.now) AS gross_exposure, net + (known.equity - counted.now) AS net_exposure,
           worth.is_stale OR movement.is_unknown AS is_stale, unpriced,
           portfolio_bounded(coalesce(previous.fees, 0) + told.fees) AS fees,
           portfolio_bounded(coalesce(previous.funding, 0) + told.funding) AS funding,
           portfolio_bounded(coalesce(previous.flows, 0) + told.flow) AS flows,
           growth.index AS twr_index
    FROM worth
    JOIN gain USING (scope)
    LEFT JOIN movement AS found USING (scope)
    CROSS JOIN LATERAL (
        SELECT coalesce(found.flow, 0), coalesce(found.fees, 0), coalesce(found.funding, 0),
               coalesce(found.adjustments, 0), worth.scope IN (SELECT unknown.scope FROM unknown)
    ) AS movement (flow, fees, funding, adjustments, is_unknown)
    LEFT JOIN LATERAL (
        -- The newest one, whatever moment this is: it is the one that the marks belong to.
        SELECT equity, fees, funding, flows, twr_index FROM portfolio_snapshot AS snapshot
        WHERE snapshot.scope = worth.scope AND snapshot.base = worth.base AND {SAYS_A_VALUE}
        ORDER BY at DESC LIMIT 1
    ) AS previous ON true
    CROSS JOIN LATERAL (
        SELECT cash + invested + of_derivatives, portfolio_bounded(coalesce(previous.equity, 0) + movement.flow)
    ) AS counted (now, before)
    CROSS JOIN LATERAL (
        SELECT CASE WHEN movement.is_unknown THEN greatest(counted.before, counted.now) ELSE counted.now END
    ) AS known (equity)
    CROSS JOIN LATERAL (
        -- A scope that was valued in another base until now brings what it is worth into its new history; what it has
        -- earned and paid before belongs to the old one.
        SELECT previous.equity IS NULL AND EXISTS (
            SELECT FROM portfolio_snapshot AS other WHERE other.scope = worth.scope AND other.base <> worth.base
        )
    ) AS history (is_restated)
    CROSS JOIN LATERAL (
        SELECT known.equity AS flow, 0::numeric AS fees, 0::numeric AS funding, 0::numeric AS adjustments
        WHERE history.is_restated
        UNION ALL
        SELECT movement.flow, movement.fees, movement.funding, movement.adjustments WHERE NOT history.is_restated
    ) AS told
    CROSS JOIN LATERAL (
        -- Money that comes in is there from the start of the interval, money that leaves until its end: with the few
        -- minutes between two snapshots the convention hardly matters, and no denominator is ever negative.
        SELECT coalesce(previous.equity, 0) + greatest(told.flow, 0), known.equity - least(told.flow, 0)
    ) AS capital (start, finish)
    CROSS JOIN LATERAL (
        -- After a total loss the index stays at zero until there is money again, and begins anew with it.
        SELECT CASE
            WHEN start > 0 THEN portfolio_index(previous.twr_index, finish / start)
            ELSE coalesce(previous.twr_index, 1)
        END
    ) AS growth (index)
)
"""  # noqa: S608 - joined from constants

TAKE_SNAPSHOTS: Final = f"""{VALUATION},
marked AS (
    INSERT INTO portfolio_flowmark AS mark (owner_id, wallet_id, base, venue, asset, flow, fees, funding, adjustments)
    SELECT %(owner)s, nullif(scope, %(owner)s), base, venue, asset, flow, fees, funding, adjustments
    FROM moved
    WHERE price IS NOT NULL AND (new_flow, new_fees, new_funding, new_adjustments) <> (0, 0, 0, 0)
    ORDER BY scope, base, venue, asset
    ON CONFLICT (scope, base, venue, asset) DO UPDATE
    SET flow = excluded.flow, fees = excluded.fees, funding = excluded.funding, adjustments = excluded.adjustments
)
INSERT INTO portfolio_snapshot (
    owner_id, wallet_id, at, base, equity, cash, invested, unrealized_pnl, realized_pnl, fees, funding, flow, flows,
    adjustments, gross_exposure, net_exposure, twr_index, is_stale, unpriced
)
SELECT %(owner)s, nullif(scope, %(owner)s), %(at)s, base, equity, cash, invested, unrealized, realized, fees, funding,
       flow, flows, adjustments, gross_exposure, net_exposure, twr_index, is_stale, unpriced
FROM valuation
ORDER BY scope
"""  # noqa: S608 - joined from constants

# The fields of a `Valuation` after its moment.
VALUES: Final = """
    valuation.base, valuation.equity, valuation.cash, valuation.invested, valuation.unrealized, valuation.realized,
    valuation.fees, valuation.funding, valuation.flow, valuation.flows, valuation.adjustments, valuation.gross_exposure,
    valuation.net_exposure, valuation.twr_index, valuation.is_stale,
    ARRAY(SELECT jsonb_array_elements_text(valuation.unpriced) ORDER BY 1)
"""

VALUE_ONE: Final = f"""{VALUATION}
SELECT {VALUES} FROM valuation
"""  # noqa: S608 - joined from constants


@dataclass(frozen=True, slots=True)
class Valuation:
    """The value of a scope at `at`, in `base`; the fields are those of a `Snapshot`."""

    at: datetime
    base: str
    equity: Decimal
    cash: Decimal
    invested: Decimal
    unrealized_pnl: Decimal
    realized_pnl: Decimal
    fees: Decimal
    funding: Decimal
    flow: Decimal
    flows: Decimal
    adjustments: Decimal
    gross_exposure: Decimal
    net_exposure: Decimal
    twr_index: float
    is_stale: bool
    unpriced: tuple[str, ...]

    @property
    def derivatives_pnl(self) -> Decimal:
        """What open derivatives have won or lost: the part of the equity that is neither cash nor invested."""
        return self.equity - self.cash - self.invested

    @property
    def is_known(self) -> bool:
        """False where nothing that is held has ever had a price: its value is unknown then, and not the zero here."""
        return bool(self.equity) or not self.unpriced


def value_scope(*, owner_id: UUID, scope: UUID) -> Valuation:
    """What the scope (a wallet's id, or the owner's) is worth now, counted from its last snapshot. Writes nothing.

    Raises NotFoundError when the owner has no such wallet.
    """
    return value(parameters(owner_id=owner_id, at=clock.now(), only=scope))


def value(given: dict[str, Any]) -> Valuation:
    """`value_scope` with `parameters` that are known already; `only` must name a scope."""
    with planned_once(connection) as cursor:
        cursor.execute(VALUE_ONE, given)
        row = cursor.fetchone()
    return valued(given, row)


def valued(given: dict[str, Any], row: Sequence[Any] | None) -> Valuation:
    """The valuation whose `VALUES` are this row; without one the scope has no wallet, which only an owner may."""
    if row is not None:
        figures: list[Any] = [*row[:-1], tuple(row[-1])]
        return Valuation(given["at"], *figures)
    if given["only"] != given["owner"]:
        raise NotFoundError("There is no such wallet: choose one of yours.")
    # An owner without any wallet has nothing, and that is a value too.
    nothing: list[Any] = [given["currency"], *[Decimal(0)] * 12, 1.0, False, ()]
    return Valuation(given["at"], *nothing)


def parameters(
    *,
    owner_id: UUID,
    at: datetime,
    only: UUID | None = None,
    beside: Collection[UUID] = (),
    currency: str | None = None,
    behind: Collection[UUID] | None = None,
) -> dict[str, Any]:
    """What every statement here needs: the owner, the moment, who is behind. `only` is the one scope asked for, and
    `beside` are wallets that are valued with it.

    `currency` is the owner's and `behind` the ids of the connections whose figures are carried forward, for callers
    that know them already.
    """
    live = not clock.is_controlled()
    if behind is None:
        behind = [one.pk for one in connections_behind(owner_id=owner_id)] if live else ()
    return {
        "owner": owner_id,
        "currency": currency or User.objects.values_list("base_currency", flat=True).get(pk=owner_id),
        "at": at,
        "priced_at": clock.now(),
        "live": live,
        "only": only,
        "beside": list(beside),
        # History has no outages: its prices are the closes of that time, and its venue is the demo's.
        "behind": list(behind) if live else [],
        "oldest_price": at - PRICE_IS_OLD_AFTER if live else None,
    }
