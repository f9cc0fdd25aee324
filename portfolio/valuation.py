"""What everything is worth: one query over the books, the prices and the positions.

A scope is valued from the balances of its wallets alone, and so is what happened to it, because double entry leaves a
trace of everything. All accounts of a wallet in one asset sum to what other wallets gave it, since every transfer
inside the wallet cancels. Its `external` and `suspense` accounts are minus what the world gave it, its `fees` account
is what it paid, its `pnl` account is minus what corrections of the books gave it. So

    flow = Σ accounts − external − suspense        fees = fees account        adjustments = −pnl account

are quantities that have ever flowed, read in the same instant as the balance they explain; the difference from the last
`FlowMark`, at the price of the moment, is what happened since. Transfers between two wallets of one scope cancel in its
sum, so an allocation is a flow for a farm and nothing for its master.

Prices come from `markets`, at the venue of the wallet that holds the asset. What has no price is listed, not counted.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db import connection

from kit import clock
from kit.errors import NotFoundError
from markets import prices
from wallets.models import Connection
from wallets.sync.health import connections_behind

# An exchange that trades at all has a newer price than this.
PRICE_IS_OLD_AFTER: Final = timedelta(minutes=15)
DERIVATIVES: Final = ("perpetual", "future")

# Which prices are asked for: of all assets in the books, in every base asset that something is valued in, at each
# venue; and of the derivatives with an open position.
NEEDED: Final = """
WITH open AS (
    SELECT DISTINCT instrument.id, instrument.quote, instrument.kind = ANY(%(derivatives)s) AS is_derivative
    FROM trading_position AS position
    JOIN markets_instrument AS instrument ON instrument.id = position.instrument_id
    WHERE position.owner_id = %(owner)s AND position.closed_at IS NULL
),
held AS (
    SELECT connection.venue, array_agg(DISTINCT account.asset) AS assets
    FROM wallets_account AS account
    JOIN wallets_wallet AS wallet ON wallet.id = account.wallet_id
    JOIN wallets_connection AS connection ON connection.id = wallet.connection_id
    WHERE account.owner_id = %(owner)s
    GROUP BY connection.venue
),
base AS (
    SELECT base_asset AS asset FROM wallets_wallet WHERE owner_id = %(owner)s
    UNION
    SELECT base_currency FROM users_user WHERE id = %(owner)s
    UNION
    SELECT quote FROM open
)
SELECT held.venue, base.asset, held.assets, (SELECT array_agg(id) FROM open WHERE is_derivative)
FROM held CROSS JOIN base
"""

# The start of every statement here. Parameters: see `parameters`.
BOOKS: Final = """
WITH RECURSIVE
wallet AS MATERIALIZED (
    SELECT wallet.id, wallet.parent_id, wallet.base_asset, connection.venue,
           connection.id = ANY(%(behind)s::uuid[]) AS is_behind
    FROM wallets_wallet AS wallet
    JOIN wallets_connection AS connection ON connection.id = wallet.connection_id
    WHERE wallet.owner_id = %(owner)s
),
subtree (scope, base, wallet_id) AS (
    SELECT id, base_asset, id FROM wallet WHERE %(only)s::uuid IS NULL OR id = %(only)s
    UNION ALL
    SELECT subtree.scope, subtree.base, wallet.id FROM subtree JOIN wallet ON wallet.parent_id = subtree.wallet_id
),
scope (scope, base, wallet_id, venue, is_behind) AS MATERIALIZED (
    SELECT subtree.scope, subtree.base, wallet.id, wallet.venue, wallet.is_behind
    FROM subtree JOIN wallet ON wallet.id = subtree.wallet_id
    UNION ALL
    SELECT person.id, person.base_currency, wallet.id, wallet.venue, wallet.is_behind
    FROM users_user AS person CROSS JOIN wallet
    WHERE person.id = %(owner)s AND (%(only)s::uuid IS NULL OR person.id = %(only)s)
),
price (venue, base, asset, price, at, source) AS MATERIALIZED (
    SELECT * FROM unnest(
        %(venues)s::text[], %(bases)s::text[], %(assets)s::text[],
        %(prices)s::numeric[], %(moments)s::timestamptz[], %(sources)s::text[]
    )
),
book AS (
    SELECT wallet_id, asset,
           coalesce(sum(balance) FILTER (WHERE kind = 'wallet'), 0) AS held,
           coalesce(sum(balance) FILTER (WHERE kind NOT IN ('external', 'suspense')), 0) AS flow,
           coalesce(sum(balance) FILTER (WHERE kind = 'fees'), 0) AS fees,
           coalesce(-sum(balance) FILTER (WHERE kind = 'pnl'), 0) AS adjustments
    FROM wallets_account
    WHERE owner_id = %(owner)s
    GROUP BY wallet_id, asset
),
moved AS MATERIALIZED (
    SELECT book.*,
           book.flow - coalesce(mark.flow, 0) AS new_flow,
           book.fees - coalesce(mark.fees, 0) AS new_fees,
           book.adjustments - coalesce(mark.adjustments, 0) AS new_adjustments
    FROM book LEFT JOIN portfolio_flowmark AS mark USING (wallet_id, asset)
),
holding AS (
    SELECT scope.scope, scope.base, scope.venue, scope.is_behind, moved.*, price.price, price.at, price.source
    FROM scope
    LEFT JOIN moved USING (wallet_id)
    LEFT JOIN price ON price.venue = scope.venue AND price.base = scope.base AND price.asset = moved.asset
)
"""

VALUATION: Final = f"""{BOOKS},
worth AS (
    SELECT scope,
           coalesce(sum(held) FILTER (WHERE asset = base), 0) AS cash,
           round(coalesce(sum(held * price) FILTER (WHERE asset <> base), 0), 18) AS invested,
           round(coalesce(sum(new_flow * price), 0), 18) AS flow,
           round(coalesce(sum(new_fees * price), 0), 18) AS fees,
           round(coalesce(sum(new_adjustments * price), 0), 18) AS adjustments,
           coalesce(jsonb_agg(DISTINCT asset) FILTER (WHERE price IS NULL AND held <> 0), '[]') AS unpriced,
           bool_or(is_behind) OR coalesce(bool_or(held <> 0 AND at < %(oldest_price)s), false) AS is_stale
    FROM holding
    GROUP BY scope
),
derivative (instrument_id, price) AS (SELECT * FROM unnest(%(instruments)s::bigint[], %(marks)s::numeric[])),
position AS (
    SELECT position.wallet_id, instrument.quote, instrument.kind = ANY(%(derivatives)s) AS is_derivative,
           sum(position.realized_pnl) AS realized,
           sum(open.quantity * (mark.price - position.entry_price)) AS unrealized,
           sum(open.quantity * mark.price) AS net,
           sum(position.quantity * mark.price) AS gross
    FROM trading_position AS position
    JOIN markets_instrument AS instrument ON instrument.id = position.instrument_id
    LEFT JOIN LATERAL (
        SELECT price FROM derivative WHERE derivative.instrument_id = instrument.id
        UNION ALL
        SELECT price FROM price
        WHERE instrument.kind <> ALL(%(derivatives)s)
              AND price.venue = instrument.venue AND price.base = instrument.quote AND price.asset = instrument.base
    ) AS mark ON position.closed_at IS NULL
    CROSS JOIN LATERAL (
        SELECT CASE position.direction WHEN 'long' THEN position.quantity ELSE -position.quantity END
    ) AS open (quantity)
    WHERE position.owner_id = %(owner)s
    GROUP BY 1, 2, 3
),
gain AS (
    SELECT scope.scope,
           round(coalesce(sum(realized * price), 0), 18) AS realized,
           round(coalesce(sum(unrealized * price), 0), 18) AS unrealized,
           round(coalesce(sum(unrealized * price) FILTER (WHERE is_derivative), 0), 18) AS of_derivatives,
           round(coalesce(sum(net * price) FILTER (WHERE is_derivative), 0), 18) AS net,
           round(coalesce(sum(gross * price) FILTER (WHERE is_derivative), 0), 18) AS gross
    FROM scope
    LEFT JOIN position USING (wallet_id)
    LEFT JOIN price ON price.venue = scope.venue AND price.base = scope.base AND price.asset = position.quote
    GROUP BY scope.scope
),
valuation AS (
    SELECT worth.scope, cash + invested + of_derivatives AS equity, cash, invested, unrealized, realized,
           flow, adjustments, worth.fees AS new_fees, invested + gross AS gross_exposure,
           invested + net AS net_exposure, is_stale, unpriced,
           coalesce(previous.fees, 0) + worth.fees AS fees,
           coalesce(previous.twr_index, 1) * growth.factor AS twr_index
    FROM worth
    JOIN gain USING (scope)
    LEFT JOIN LATERAL (
        SELECT equity, fees, twr_index FROM portfolio_snapshot
        WHERE portfolio_snapshot.scope = worth.scope AND portfolio_snapshot.at < %(at)s
        ORDER BY at DESC LIMIT 1
    ) AS previous ON true
    CROSS JOIN LATERAL (
        -- Money that comes in is there from the start of the interval, money that leaves until its end: with the few
        -- minutes between two snapshots the convention hardly matters, and no denominator is ever negative.
        SELECT coalesce(previous.equity, 0) + greatest(flow, 0), cash + invested + of_derivatives - least(flow, 0)
    ) AS capital (start, finish)
    CROSS JOIN LATERAL (
        SELECT CASE WHEN start > 0 THEN greatest(finish / start, 0) ELSE 1 END::double precision
    ) AS growth (factor)
)
"""  # noqa: S608 - joined from constants

TAKE_SNAPSHOTS: Final = f"""{VALUATION},
marked AS (
    INSERT INTO portfolio_flowmark AS mark (owner_id, wallet_id, asset, flow, fees, adjustments)
    SELECT %(owner)s, moved.wallet_id, moved.asset, moved.flow, moved.fees, moved.adjustments
    FROM moved
    JOIN wallet ON wallet.id = moved.wallet_id
    JOIN price ON price.venue = wallet.venue AND price.base = wallet.base_asset AND price.asset = moved.asset
    WHERE (new_flow, new_fees, new_adjustments) <> (0, 0, 0)
    ORDER BY moved.wallet_id, moved.asset
    ON CONFLICT (wallet_id, asset) DO UPDATE
    SET flow = excluded.flow, fees = excluded.fees, adjustments = excluded.adjustments
)
INSERT INTO portfolio_snapshot (
    owner_id, wallet_id, at, equity, cash, invested, unrealized_pnl, realized_pnl, fees, flow, adjustments,
    gross_exposure, net_exposure, twr_index, is_stale, unpriced
)
SELECT %(owner)s, nullif(scope, %(owner)s), %(at)s, equity, cash, invested, unrealized, realized, fees, flow,
       adjustments, gross_exposure, net_exposure, twr_index, is_stale, unpriced
FROM valuation
ORDER BY scope
"""  # noqa: S608 - joined from constants

VALUE_ONE: Final = f"""{VALUATION}
SELECT equity, cash, invested, unrealized, realized, fees, flow, adjustments, gross_exposure, net_exposure, twr_index,
       is_stale, ARRAY(SELECT jsonb_array_elements_text(unpriced) ORDER BY 1)
FROM valuation
"""  # noqa: S608 - joined from constants


@dataclass(frozen=True, slots=True)
class Valuation:
    """The value of a scope at `at`, in its base asset; the fields are those of a `Snapshot`."""

    at: datetime
    equity: Decimal
    cash: Decimal
    invested: Decimal
    unrealized_pnl: Decimal
    realized_pnl: Decimal
    fees: Decimal
    flow: Decimal
    adjustments: Decimal
    gross_exposure: Decimal
    net_exposure: Decimal
    twr_index: float
    is_stale: bool
    unpriced: tuple[str, ...]


def value_scope(*, owner_id: UUID, scope: UUID) -> Valuation:
    """What the scope (a wallet's id, or the owner's) is worth now, counted from its last snapshot. Writes nothing.

    Raises NotFoundError when the owner has no such wallet.
    """
    return value(parameters(owner_id=owner_id, at=clock.now(), only=scope))


def value(given: dict[str, Any]) -> Valuation:
    """`value_scope` with `parameters` that are known already; `only` must name a scope."""
    with connection.cursor() as cursor:
        cursor.execute(VALUE_ONE, given)
        row = cursor.fetchone()
    if row is not None:
        figures: list[Any] = [*row[:-1], tuple(row[-1])]
        return Valuation(given["at"], *figures)
    if given["only"] != given["owner"]:
        raise NotFoundError("There is no such wallet: choose one of yours.")
    # An owner without any wallet has nothing, and that is a value too.
    nothing: list[Any] = [*[Decimal(0)] * 10, 1.0, False, ()]
    return Valuation(given["at"], *nothing)


def parameters(
    *, owner_id: UUID, at: datetime, only: UUID | None = None, behind: Collection[Connection] | None = None
) -> dict[str, Any]:
    """What every statement here needs: the owner, the moment, the prices. `only` is the one scope asked for.

    `behind` are the connections whose figures are carried forward, for callers that know them already.
    """
    if behind is None:
        behind = connections_behind(owner_id=owner_id)
    live = not clock.is_controlled()
    return {
        "owner": owner_id,
        "at": at,
        "only": only,
        "derivatives": list(DERIVATIVES),
        # History has no outages: its prices are the closes of that time, and its venue is the demo's.
        "behind": [one.pk for one in behind] if live else [],
        "oldest_price": at - PRICE_IS_OLD_AFTER if live else None,
        **_prices(owner_id),
    }


def _prices(owner_id: UUID) -> dict[str, list[Any]]:
    """The prices that `NEEDED` names, as columns."""
    with connection.cursor() as cursor:
        cursor.execute(NEEDED, {"owner": owner_id, "derivatives": list(DERIVATIVES)})
        needed = cursor.fetchall()
    rows = [
        (venue, base, asset, quote.price, quote.at, quote.source)
        for venue, base, assets, _ in needed
        for asset, quote in prices.prices_in(assets=assets, base=base, venue=venue).items()
    ]
    derivatives = needed[0][-1] if needed else None
    marks = prices.quotes(instrument_ids=derivatives) if derivatives else {}
    names = ("venues", "bases", "assets", "prices", "moments", "sources")
    columns = zip(*rows, strict=True) if rows else ((),) * len(names)
    return {
        **{name: list(column) for name, column in zip(names, columns, strict=True)},
        "instruments": list(marks),
        "marks": [quote.price for quote in marks.values()],
    }
