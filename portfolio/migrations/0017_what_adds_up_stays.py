"""What a snapshot has added up changes without a mark only as a correction before it leaves it.

All that was put in, paid in fees and got for holding goes on from the value before: where another history is put before
one, all of what follows shifts by the same. The index is what the value before grew to, and what follows grows with it.
"""

from django.db import migrations

CAME, GONE = (f"({row}.flows, {row}.fees, {row}.funding)" for row in ("came", "gone"))
SHIFTED = "(came.flows - gone.flows, came.fees - gone.fees, came.funding - gone.funding)"
# Looked at once a statement, when all of it is there: a history is corrected one statement after the other, and each
# leaves what it changes in agreement with what stands before that.
FOLLOWS = f"""
CREATE FUNCTION portfolio_grown(p_scope uuid, p_base text, p_at timestamptz, p_equity numeric, p_flow numeric)
RETURNS double precision LANGUAGE sql STABLE SET search_path = pg_catalog, public AS $$
    SELECT CASE
        WHEN equity + greatest(p_flow, 0) > 0
        THEN public.portfolio_index(twr_index, (p_equity - least(p_flow, 0)) / (equity + greatest(p_flow, 0)))
        ELSE twr_index
    END
    FROM public.portfolio_snapshot
    WHERE scope = p_scope AND base = p_base AND at < p_at
          AND (equity <> 0 OR flow <> 0 OR unpriced = '[]'::jsonb)
    ORDER BY at DESC LIMIT 1
$$;
CREATE FUNCTION portfolio_refuse_what_does_not_follow() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public AS $$
BEGIN
    IF row_security_active(TG_RELID) AND EXISTS (
        WITH shifted AS (
            SELECT came.scope, came.base, min(came.at) AS since, count(*) AS rows, count(DISTINCT {SHIFTED}) AS shifts
            FROM came JOIN gone USING (id, at)
            WHERE {CAME} IS DISTINCT FROM {GONE}
            GROUP BY came.scope, came.base HAVING bool_or(came.equity_before IS NULL)
        ),
        adjusted AS (
            SELECT came.scope, came.base, came.at AS since, gone.adjustments - came.adjustments AS less
            FROM came JOIN gone USING (id, at)
            WHERE came.adjustments <> gone.adjustments AND came.equity_before IS NULL
        ),
        grown AS (
            SELECT came.scope, came.base, min(came.at) AS since, max(came.at) AS until, count(*) AS rows,
                   min(came.twr_index / nullif(gone.twr_index, 0)) AS least,
                   max(came.twr_index / nullif(gone.twr_index, 0)) AS most
            FROM came JOIN gone USING (id, at)
            WHERE came.twr_index <> gone.twr_index
            GROUP BY came.scope, came.base HAVING bool_or(came.equity_before IS NULL)
        )
        SELECT FROM shifted
        WHERE shifts > 1
              OR rows < (
                  SELECT count(*) FROM public.portfolio_snapshot AS later
                  WHERE later.scope = shifted.scope AND later.base = shifted.base AND later.at >= since
              )
              OR (
                  SELECT corrected_at IS NOT NULL OR equity_before IS NOT NULL FROM public.portfolio_snapshot AS before
                  WHERE before.scope = shifted.scope AND before.base = shifted.base AND before.at < since
                  ORDER BY at DESC LIMIT 1
              ) IS NOT TRUE
        UNION ALL
        SELECT FROM adjusted
        WHERE (
            SELECT corrected_at IS NOT NULL OR equity_before IS NOT NULL OR adjustments = less
            FROM public.portfolio_snapshot AS before
            WHERE before.scope = adjusted.scope AND before.base = adjusted.base AND before.at < since
                  AND (equity <> 0 OR flow <> 0 OR unpriced = '[]'::jsonb)
            ORDER BY at DESC LIMIT 1
        ) IS NOT TRUE
        UNION ALL
        SELECT FROM grown JOIN came ON (came.scope, came.base, came.at) = (grown.scope, grown.base, since)
        WHERE most > least * (1 + 1e-9)
              OR rows < (
                  SELECT count(*) FROM public.portfolio_snapshot AS between_them
                  WHERE between_them.scope = grown.scope AND between_them.base = grown.base
                        AND between_them.at BETWEEN since AND until
              )
              OR (
                  abs(came.twr_index - public.portfolio_grown(came.scope, came.base, since, came.equity, came.flow))
                  <= 1e-9 * came.twr_index + 1e-15
              ) IS NOT TRUE
    ) THEN
        RAISE EXCEPTION 'What a value of the past has added up changes with what it said before, or as the one before it.'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER follows AFTER UPDATE ON portfolio_snapshot REFERENCING OLD TABLE AS gone NEW TABLE AS came
    FOR EACH STATEMENT EXECUTE FUNCTION portfolio_refuse_what_does_not_follow();
"""  # noqa: S608 - joined from constants


class Migration(migrations.Migration):
    dependencies = (("portfolio", "0016_parts_stay"),)

    operations = (migrations.RunSQL(FOLLOWS, migrations.RunSQL.noop),)
