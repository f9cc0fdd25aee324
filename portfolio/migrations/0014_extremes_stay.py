"""An hour or a day that is over says the low, the high and the flow of what it is made of too, not only its last value."""

from django.db import migrations

from kit.history import History, history_sql

SUMMED_UP = (
    "ends", "opened_at", "closed_at", "open", "equity", "low", "high", "flow", "flows", "market", "realized",
    "realized_pnl", "funding", "funding_got", "fees", "fees_paid", "adjustments", "twr", "twr_index", "twr_low",
    "twr_high", "drawdown", "corrected_at",
)  # fmt: skip
SAYS = """opened timestamptz, closed timestamptz, says numeric, lowest numeric, highest numeric, flowed numeric
) RETURNS boolean LANGUAGE sql STABLE SET search_path = pg_catalog, public"""
AGREE = f"""
CREATE FUNCTION portfolio_hour_agrees(p_scope uuid, p_base text, {SAYS} AS $$
    SELECT (min(equity), max(equity), public.portfolio_bounded(sum(flow))) = (lowest, highest, flowed)
           AND bool_or(at = closed AND equity = says)
    FROM public.portfolio_snapshot
    WHERE scope = p_scope AND base = p_base AND at BETWEEN opened AND closed
          AND (equity <> 0 OR flow <> 0 OR unpriced = '[]'::jsonb)
$$;
CREATE FUNCTION portfolio_day_agrees(p_scope uuid, p_base text, {SAYS} AS $$
    SELECT (min(low), max(high), public.portfolio_bounded(sum(flow))) = (lowest, highest, flowed)
           AND bool_or(closed_at = closed AND equity = says)
    FROM public.portfolio_hourlyperformance
    WHERE scope = p_scope AND base = p_base AND at > opened - interval '1 hour' AND at <= closed
          AND opened_at >= opened AND closed_at <= closed
$$;
"""  # noqa: S608 - joined from constants


def _over(what: str) -> str:
    new = ", ".join(f"NEW.{name}" for name in ("opened_at", "closed_at", "equity", "low", "high", "flow"))
    return f"OLD.ends <= now() AND portfolio_{what}_agrees(OLD.scope, OLD.base, {new}) IS NOT TRUE"


MAY_CHANGE = {
    "portfolio_hourlyperformance": History(SUMMED_UP, over=_over("hour")),
    "portfolio_dailyperformance": History(SUMMED_UP, over=_over("day")),
}
BEFORE = """
DROP FUNCTION portfolio_hour_agrees(uuid, text, timestamptz, numeric);
DROP FUNCTION portfolio_day_agrees(uuid, text, timestamptz, numeric);
"""


class Migration(migrations.Migration):
    dependencies = (("portfolio", "0013_what_it_was_worth"),)

    operations = (migrations.RunSQL(AGREE + history_sql(MAY_CHANGE) + BEFORE, migrations.RunSQL.noop),)
