"""Closed trades by the hour of their entry, by what closed them and by what the market did, kept as they close."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import kit.models
from kit.tenancy import policy_sql

# As before, and where it was closed and what the market did, which stay as they were then whatever is corrected later.
CLOSING = """
CREATE OR REPLACE FUNCTION trading_note_closing() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.closed_at IS NULL THEN
        NEW.closed_in := NULL;
        NEW.closed_under := NULL;
        NEW.regime := '';
    ELSIF TG_OP = 'UPDATE' AND OLD.closed_at IS NOT NULL THEN
        NEW.closed_in := OLD.closed_in;
        NEW.closed_under := OLD.closed_under;
        NEW.regime := OLD.regime;
    ELSE
        NEW.closed_in := pg_current_xact_id();
        NEW.closed_under := (SELECT parent_id FROM wallet_places WHERE wallet_id = NEW.wallet_id);
        NEW.regime := market_regime(NEW.instrument_id, NEW.opened_at);
    END IF;
    RETURN NEW;
END $$;
"""
# One position's part of the slices, with a sign, as for the other sums (0004).
SLICES = """
CREATE FUNCTION trading_kinds_of(closed trading_position) RETURNS TABLE (by text, key text)
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, public, pg_temp AS $$
    VALUES ('all', ''), ('exit', closed.exit_cause), ('regime', closed.regime),
           ('hour', lpad(extract(hour FROM closed.opened_at AT TIME ZONE 'UTC')::text, 2, '0'))
$$;

CREATE FUNCTION trading_add_to_slices(closed trading_position, sign integer) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    INSERT INTO public.trading_tradeslice AS sums (
        owner_id, wallet_id, under, instrument_id, by, key, trades, won_trades, lost_trades, won, lost, fees, traded
    )
    SELECT closed.owner_id, closed.wallet_id, coalesce(closed.closed_under, closed.wallet_id), closed.instrument_id,
           kind.by, kind.key, sign, sign * (closed.realized_pnl > 0)::integer, sign * (closed.realized_pnl < 0)::integer,
           sign * greatest(closed.realized_pnl, 0), sign * greatest(-closed.realized_pnl, 0), sign * closed.fees,
           sign * round(closed.entry_quantity * closed.entry_price
                        + closed.exit_quantity * coalesce(closed.exit_price, 0), 18)
    FROM public.trading_kinds_of(closed) AS kind
    ORDER BY kind.by
    ON CONFLICT (wallet_id, under, instrument_id, by, key) DO UPDATE
    SET trades = sums.trades + excluded.trades, won_trades = sums.won_trades + excluded.won_trades,
        lost_trades = sums.lost_trades + excluded.lost_trades, won = sums.won + excluded.won,
        lost = sums.lost + excluded.lost, fees = sums.fees + excluded.fees, traded = sums.traded + excluded.traded
$$;
REVOKE ALL ON FUNCTION trading_add_to_slices FROM PUBLIC;

CREATE FUNCTION trading_keep_slices() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_OP <> 'INSERT' AND OLD.closed_at IS NOT NULL THEN
        PERFORM public.trading_add_to_slices(OLD, -1);
    END IF;
    IF TG_OP <> 'DELETE' AND NEW.closed_at IS NOT NULL THEN
        PERFORM public.trading_add_to_slices(NEW, 1);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER keep_slices AFTER INSERT OR DELETE
    OR UPDATE OF closed_at, opened_at, realized_pnl, fees, entry_quantity, entry_price, exit_quantity, exit_price, exit_cause
    ON trading_position FOR EACH ROW EXECUTE FUNCTION trading_keep_slices();
"""
# Of trades of before: what closed them is not written in them, and they count where their wallet stands now.
BEFORE = """
ALTER TABLE trading_position NO FORCE ROW LEVEL SECURITY;
ALTER TABLE trading_position DISABLE TRIGGER USER;
DO $$
DECLARE
    somebody uuid;
BEGIN
    FOR somebody IN SELECT DISTINCT owner_id FROM trading_position WHERE closed_at IS NOT NULL LOOP
        PERFORM set_config('app.user_id', somebody::text, true);  -- whose wallets are seen
        UPDATE trading_position AS position
        SET closed_under = place.parent_id, regime = market_regime(position.instrument_id, position.opened_at)
        FROM wallet_places AS place
        WHERE place.wallet_id = position.wallet_id AND position.owner_id = somebody AND closed_at IS NOT NULL;
        INSERT INTO trading_tradeslice (
            owner_id, wallet_id, under, instrument_id, by, key, trades, won_trades, lost_trades, won, lost, fees, traded
        )
        SELECT owner_id, wallet_id, coalesce(closed_under, wallet_id), instrument_id, kind.by, kind.key, count(*),
               count(*) FILTER (WHERE realized_pnl > 0), count(*) FILTER (WHERE realized_pnl < 0),
               sum(greatest(realized_pnl, 0)), sum(greatest(-realized_pnl, 0)), sum(fees),
               sum(round(entry_quantity * entry_price + exit_quantity * coalesce(exit_price, 0), 18))
        FROM trading_position AS position
        CROSS JOIN LATERAL trading_kinds_of(position) AS kind
        WHERE owner_id = somebody AND closed_at IS NOT NULL
        GROUP BY 1, 2, 3, 4, 5, 6;
    END LOOP;
    PERFORM set_config('app.user_id', '', true);
END $$;
ALTER TABLE trading_position ENABLE TRIGGER USER;
ALTER TABLE trading_position FORCE ROW LEVEL SECURITY;
"""


def read_only(*tables: str) -> str:
    roles = ", ".join(f'"{settings.DATABASES[alias]["USER"]}"' for alias in ("default", "system"))
    return f"REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON {', '.join(tables)} FROM {roles};"


class Migration(migrations.Migration):
    dependencies = [
        ("markets", "0007_regimes"),
        ("trading", "0035_correlated"),
        ("wallets", "0037_pools"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="position",
            name="closed_under",
            field=models.UUIDField(help_text="The wallet that its wallet stood under when it was closed.", null=True),
        ),
        migrations.AddField(
            model_name="position",
            name="exit_cause",
            field=models.CharField(
                blank=True,
                choices=[
                    ("rules", "Its rules said exit"),
                    ("stop", "Stop"),
                    ("trail", "Trailing stop"),
                    ("target", "Target"),
                    ("liquidation", "Liquidation"),
                    ("other", "By hand, or by a stop of all"),
                ],
                db_default="",
                max_length=12,
            ),
        ),
        migrations.AddField(
            model_name="position",
            name="regime",
            field=models.CharField(
                blank=True,
                db_default="",
                help_text="What the market did before it was opened (`market_regime`).",
                max_length=8,
            ),
        ),
        migrations.CreateModel(
            name="TradeSlice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("trades", models.BigIntegerField(default=0)),
                ("won_trades", models.BigIntegerField(default=0)),
                ("lost_trades", models.BigIntegerField(default=0)),
                ("won", kit.models.ValueField(default=0, help_text="Profit of the winning trades.")),
                ("lost", kit.models.ValueField(default=0, help_text="Loss of the losing trades, above zero.")),
                ("fees", kit.models.ValueField(default=0)),
                ("under", models.UUIDField()),
                (
                    "by",
                    models.CharField(
                        choices=[
                            ("all", "All"),
                            ("hour", "Hour of entry, UTC"),
                            ("exit", "What closed it"),
                            ("regime", "What the market did"),
                        ],
                        max_length=6,
                    ),
                ),
                ("key", models.CharField(blank=True, max_length=12)),
                ("traded", kit.models.ValueField(default=0)),
                (
                    "instrument",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="markets.instrument",
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "wallet",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="wallets.wallet",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["owner", "under"], name="trade_slice_of_farm")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("wallet", "under", "instrument", "by", "key"), name="trade_slice_once"
                    )
                ],
            },
        ),
        migrations.RunSQL(policy_sql("trading_tradeslice"), migrations.RunSQL.noop),
        migrations.RunSQL(read_only("trading_tradeslice"), migrations.RunSQL.noop),
        migrations.RunSQL(SLICES, migrations.RunSQL.noop),
        migrations.RunSQL(CLOSING, migrations.RunSQL.noop),
        migrations.RunSQL(BEFORE, migrations.RunSQL.noop),
    ]
