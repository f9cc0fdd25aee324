"""What everything was worth stays: a value that is corrected keeps what it said before, and of hours and days only those
go that can be made again from the snapshots there are; one that is over says what its last value says."""

import django.db.models.deletion
from django.db import migrations, models

from kit.history import History, history_sql

SUMMED_UP = (
    "ends", "opened_at", "closed_at", "open", "equity", "low", "high", "flow", "flows", "market", "realized",
    "realized_pnl", "funding", "funding_got", "fees", "fees_paid", "adjustments", "twr", "twr_index", "twr_low",
    "twr_high", "drawdown", "corrected_at",
)  # fmt: skip
# An hour is made of snapshots, a day of hours: what it opened and what it closed with must be known still.
SUMS = """
CREATE FUNCTION portfolio_hour_is_known(p_scope uuid, p_base text, opened timestamptz, closed timestamptz)
RETURNS boolean LANGUAGE sql STABLE SET search_path = pg_catalog, public AS $$
    SELECT EXISTS (SELECT FROM public.portfolio_snapshot WHERE scope = p_scope AND base = p_base AND at = closed)
           AND (opened IS NULL OR EXISTS (
               SELECT FROM public.portfolio_snapshot WHERE scope = p_scope AND base = p_base AND at = opened
           ))
$$;
CREATE FUNCTION portfolio_day_is_known(p_scope uuid, p_base text, opened timestamptz, closed timestamptz)
RETURNS boolean LANGUAGE sql STABLE SET search_path = pg_catalog, public AS $$
    SELECT bool_and(
        EXISTS (SELECT FROM public.portfolio_snapshot WHERE scope = p_scope AND base = p_base AND at = moment)
        OR EXISTS (
            SELECT FROM public.portfolio_hourlyperformance
            WHERE scope = p_scope AND base = p_base AND at > moment - interval '1 hour' AND at <= moment
                  AND moment IN (opened_at, closed_at)
        )
    )
    FROM (VALUES (coalesce(opened, closed)), (closed)) AS needed (moment)
$$;
CREATE FUNCTION portfolio_hour_agrees(p_scope uuid, p_base text, closed timestamptz, says numeric) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, public AS $$
    SELECT EXISTS (
        SELECT FROM public.portfolio_snapshot WHERE scope = p_scope AND base = p_base AND at = closed AND equity = says
    )
$$;
CREATE FUNCTION portfolio_day_agrees(p_scope uuid, p_base text, closed timestamptz, says numeric) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, public AS $$
    SELECT EXISTS (
        SELECT FROM public.portfolio_hourlyperformance
        WHERE scope = p_scope AND base = p_base AND at > closed - interval '1 hour' AND at <= closed
              AND closed_at = closed AND equity = says
    )
$$;
CREATE FUNCTION portfolio_give_up_hours(p_scopes uuid[], since timestamptz) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    DELETE FROM public.portfolio_hourlyperformance
    WHERE scope = ANY (p_scopes) AND (since IS NULL OR ends > since)
          AND portfolio_hour_is_known(scope, base, opened_at, closed_at)
$$;
CREATE FUNCTION portfolio_give_up_days(p_scopes uuid[], since timestamptz) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    DELETE FROM public.portfolio_dailyperformance
    WHERE scope = ANY (p_scopes) AND (since IS NULL OR ends > since)
          AND portfolio_day_is_known(scope, base, opened_at, closed_at)
$$;
REVOKE ALL ON FUNCTION portfolio_give_up_hours, portfolio_give_up_days FROM PUBLIC;
"""
MAY_CHANGE = {
    "portfolio_snapshot": History(
        columns=(
            "equity", "cash", "invested", "unrealized_pnl", "realized_pnl", "fees", "funding", "flow", "flows",
            "adjustments", "gross_exposure", "net_exposure", "twr_index", "is_stale", "unpriced", "corrected_at",
            "equity_before",
        )
    ),
    "portfolio_hourlyperformance": History(
        SUMMED_UP, over="OLD.ends <= now() AND NOT portfolio_hour_agrees(OLD.scope, OLD.base, NEW.closed_at, NEW.equity)"
    ),
    "portfolio_dailyperformance": History(
        SUMMED_UP, over="OLD.ends <= now() AND NOT portfolio_day_agrees(OLD.scope, OLD.base, NEW.closed_at, NEW.equity)"
    ),
    "portfolio_correction": History(
        columns=("joins_at", "done_to", "finished_at", "written", "skipped", "unpriced"),
        over="OLD.finished_at IS NOT NULL",
    ),
    "portfolio_rebalancerun": History(
        columns=(
            "status", "reason", "allocation_id", "used", "base", "capital", "cost", "drift", "turnover", "notes",
            "targets", "looked_at", "expires_at", "settled_at",
        ),
        over="OLD.settled_at IS NOT NULL",
    ),
    "portfolio_allocationplan": History(removes="wallets_is_previewed(OLD.allocation_id)"),
}  # fmt: skip

# Whoever writes: `equity_before` is what the value said at first, and stays that.
CORRECTED = """
CREATE FUNCTION portfolio_refuse_rewriting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'A value of the past is corrected together with what it said before.'
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER corrected BEFORE UPDATE ON portfolio_snapshot
    FOR EACH ROW WHEN (
        (NEW.equity IS DISTINCT FROM OLD.equity OR NEW.equity_before IS DISTINCT FROM OLD.equity_before)
        AND NEW.equity_before IS DISTINCT FROM coalesce(OLD.equity_before, OLD.equity)
    )
    EXECUTE FUNCTION portfolio_refuse_rewriting();
"""

KEY = "portfolio_rebalancer_rule_id_4fa08cd4_fk_portfolio"
WITH_THEIR_RULE = f"""
ALTER TABLE portfolio_rebalancerun DROP CONSTRAINT {KEY}, ADD CONSTRAINT {KEY} FOREIGN KEY (rule_id)
    REFERENCES portfolio_rebalancerule (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED;
"""


class Migration(migrations.Migration):
    dependencies = (("portfolio", "0012_funding"), ("wallets", "0029_what_was_found"))

    operations = (
        migrations.AlterField(
            model_name="rebalancerun",
            name="rule",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.DO_NOTHING, related_name="runs", to="portfolio.rebalancerule"
            ),
        ),
        migrations.RunSQL(WITH_THEIR_RULE, migrations.RunSQL.noop),
        migrations.RunSQL(SUMS + history_sql(MAY_CHANGE) + CORRECTED, migrations.RunSQL.noop),
    )
