"""Which transaction wrote a fill and which one closed a trade: what cursors read, however late a row commits."""

from django.db import migrations, models

import kit.models

# Whoever saves a position writes all of its columns: what the trigger says stands.
CLOSED_IN = """
CREATE FUNCTION trading_note_closing() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.closed_at IS NULL THEN
        NEW.closed_in := NULL;
    ELSIF TG_OP = 'UPDATE' AND OLD.closed_at IS NOT NULL THEN
        NEW.closed_in := OLD.closed_in;
    ELSE
        NEW.closed_in := pg_current_xact_id();
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER note_closing BEFORE INSERT OR UPDATE ON trading_position
    FOR EACH ROW EXECUTE FUNCTION trading_note_closing();
"""
# Transactions are counted per server. Columns are rewritten as a change of their type, which neither asks policies nor
# fires triggers: the tables' owner may do that, and nobody else.
BEGIN_ANEW = """
CREATE FUNCTION trading_cursors_begin_anew() RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    -- 3 is the oldest transaction that there can be.
    ALTER TABLE public.trading_fill ALTER COLUMN written TYPE xid8 USING '3'::xid8;
    ALTER TABLE public.trading_position ALTER COLUMN closed_in TYPE xid8
        USING CASE WHEN closed_at IS NOT NULL THEN '3'::xid8 END;
END $$;
REVOKE ALL ON FUNCTION trading_cursors_begin_anew FROM PUBLIC;
"""


class Migration(migrations.Migration):
    dependencies = (("trading", "0012_daily_loss"),)

    operations = (
        migrations.AddField(
            model_name="fill",
            name="written",
            field=kit.models.TransactionField(
                db_default=kit.models.CurrentTransaction(), help_text="What cursors over new fills read."
            ),
        ),
        migrations.AddField(
            model_name="position",
            name="closed_in",
            field=kit.models.TransactionField(
                help_text="Set by a trigger; what cursors over new trades read.", null=True
            ),
        ),
        migrations.RunSQL(CLOSED_IN, "DROP FUNCTION trading_note_closing CASCADE"),
        migrations.RunSQL(BEGIN_ANEW, "DROP FUNCTION trading_cursors_begin_anew"),
        # Trades that were closed before this stand at the beginning. Before the indexes, which are made once then.
        migrations.RunSQL("SELECT trading_cursors_begin_anew()", migrations.RunSQL.noop),
        migrations.AddIndex(
            model_name="fill",
            index=models.Index(fields=["owner", "written"], name="fill_by_writing"),
        ),
        migrations.AddIndex(
            model_name="position",
            index=models.Index(
                condition=models.Q(("closed_at__isnull", False)),
                fields=["owner", "closed_in"],
                name="trade_by_closing",
            ),
        ),
    )
