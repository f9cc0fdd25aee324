"""What an hour or a day that is over says of its parts is what it is made of too: gains, fees, funding and the market's.

And of a snapshot that is there only what follows from another's correction changes without a mark: what it held stays.
"""

from django.db import migrations

from kit.history import History, history_sql

SUMMED_UP = (
    "ends", "opened_at", "closed_at", "open", "equity", "low", "high", "flow", "flows", "market", "realized",
    "realized_pnl", "funding", "funding_got", "fees", "fees_paid", "adjustments", "twr", "twr_index", "twr_low",
    "twr_high", "drawdown", "corrected_at",
)  # fmt: skip
# As a row of either table says them, which is what the functions are given: a column more is one more of these.
SAYS = (
    "equity", "low", "high", "flow", "flows", "realized", "realized_pnl", "fees", "fees_paid", "funding", "funding_got",
    "adjustments", "market",
)  # fmt: skip
GIVEN = ", ".join(f"p_{name} numeric" for name in SAYS)
HEAD = f"(p_scope uuid, p_base text, opened timestamptz, closed timestamptz, {GIVEN}) RETURNS boolean"
# The parts of an hour are what came between the value before it and its last. Where that value has been forgotten, they
# are held to nothing but their sums at the close.
AGREE = f"""
CREATE FUNCTION portfolio_hour_agrees{HEAD}
LANGUAGE sql STABLE SET search_path = pg_catalog, public AS $$
    WITH own AS (
        SELECT at, equity, realized_pnl, fees, funding, flow, flows, adjustments FROM public.portfolio_snapshot
        WHERE scope = p_scope AND base = p_base AND at BETWEEN opened AND closed
              AND (equity <> 0 OR flow <> 0 OR unpriced = '[]'::jsonb)
    ),
    summed AS (
        SELECT min(equity) AS low, max(equity) AS high, public.portfolio_bounded(sum(flow)) AS flow,
               public.portfolio_bounded(sum(adjustments)) AS adjustments
        FROM own
    ),
    earlier AS (
        SELECT equity, realized_pnl, fees, funding FROM public.portfolio_snapshot
        WHERE scope = p_scope AND base = p_base AND at < opened
              AND (equity <> 0 OR flow <> 0 OR unpriced = '[]'::jsonb)
        ORDER BY at DESC LIMIT 1
    )
    SELECT (summed.low, summed.high, summed.flow, summed.adjustments) = (p_low, p_high, p_flow, p_adjustments)
           AND (own.equity, own.realized_pnl, own.fees, own.funding, own.flows)
               = (p_equity, p_realized_pnl, p_fees_paid, p_funding_got, p_flows)
           AND (
               earlier.equity IS NULL
               OR (
                   public.portfolio_bounded(own.realized_pnl - earlier.realized_pnl + own.fees - earlier.fees),
                   public.portfolio_bounded(own.fees - earlier.fees),
                   public.portfolio_bounded(own.funding - earlier.funding),
                   own.equity - earlier.equity - p_flow - p_realized - p_funding + p_fees - p_adjustments
               ) = (p_realized, p_fees, p_funding, p_market)
           )
    FROM summed JOIN own ON own.at = closed LEFT JOIN earlier ON true
$$;
CREATE FUNCTION portfolio_day_agrees{HEAD}
LANGUAGE sql STABLE SET search_path = pg_catalog, public AS $$
    WITH own AS (
        SELECT * FROM public.portfolio_hourlyperformance
        WHERE scope = p_scope AND base = p_base AND at > opened - interval '1 hour' AND at <= closed
              AND opened_at >= opened AND closed_at <= closed
    ),
    summed AS (
        SELECT min(low) AS low, max(high) AS high, public.portfolio_bounded(sum(flow)) AS flow,
               public.portfolio_bounded(sum(realized)) AS realized, public.portfolio_bounded(sum(fees)) AS fees,
               public.portfolio_bounded(sum(funding)) AS funding,
               public.portfolio_bounded(sum(adjustments)) AS adjustments, sum(market) AS market
        FROM own
    )
    SELECT (
               summed.low, summed.high, summed.flow, summed.realized, summed.fees, summed.funding, summed.adjustments,
               summed.market
           ) = (p_low, p_high, p_flow, p_realized, p_fees, p_funding, p_adjustments, p_market)
           AND (last.equity, last.realized_pnl, last.fees_paid, last.funding_got, last.flows)
               = (p_equity, p_realized_pnl, p_fees_paid, p_funding_got, p_flows)
    FROM summed JOIN own AS last ON last.closed_at = closed
$$;
"""  # noqa: S608 - joined from constants


def _over(what: str) -> str:
    new = ", ".join(f"NEW.{name}" for name in ("opened_at", "closed_at", *SAYS))
    return f"OLD.ends <= now() AND portfolio_{what}_agrees(OLD.scope, OLD.base, {new}) IS NOT TRUE"


MAY_CHANGE = {
    "portfolio_hourlyperformance": History(SUMMED_UP, over=_over("hour")),
    "portfolio_dailyperformance": History(SUMMED_UP, over=_over("day")),
}
SIX = "uuid, text, timestamptz, timestamptz, numeric, numeric, numeric, numeric"
BEFORE = f"DROP FUNCTION portfolio_hour_agrees({SIX}); DROP FUNCTION portfolio_day_agrees({SIX});"

# What a snapshot held and what that was worth changes only with its mark, what it said before; its flow without one only
# to what came since the value before it, as a correction of that one leaves it.
HELD = ("cash", "invested", "unrealized_pnl", "realized_pnl", "gross_exposure", "net_exposure", "is_stale", "unpriced")
OLD, NEW = (f"({', '.join(f'{row}.{name}' for name in HELD)})" for row in ("OLD", "NEW"))
UNMARKED = f"""
CREATE FUNCTION portfolio_flow_follows(p_scope uuid, p_base text, p_at timestamptz, p_flow numeric, p_flows numeric)
RETURNS boolean LANGUAGE sql STABLE SET search_path = pg_catalog, public AS $$
    SELECT p_flow = p_flows - (
        SELECT flows FROM public.portfolio_snapshot
        WHERE scope = p_scope AND base = p_base AND at < p_at
              AND (equity <> 0 OR flow <> 0 OR unpriced = '[]'::jsonb)
        ORDER BY at DESC LIMIT 1
    )
$$;
CREATE TRIGGER marked BEFORE UPDATE ON portfolio_snapshot
    FOR EACH ROW WHEN (
        NEW.equity_before IS NULL
        AND (
            {NEW} IS DISTINCT FROM {OLD}
            OR (
                NEW.flow IS DISTINCT FROM OLD.flow
                AND portfolio_flow_follows(OLD.scope, OLD.base, OLD.at, NEW.flow, NEW.flows) IS NOT TRUE
            )
        )
    )
    EXECUTE FUNCTION portfolio_refuse_rewriting();
"""  # noqa: S608 - the same


class Migration(migrations.Migration):
    dependencies = (("portfolio", "0015_months_of_every_table"),)

    operations = (migrations.RunSQL(AGREE + history_sql(MAY_CHANGE) + BEFORE + UNMARKED, migrations.RunSQL.noop),)
