"""Sums of closed trades, kept by the database in the transaction that closes one."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import kit.models
from kit.tenancy import policy_sql

# One position's part of the sums, with a sign. The function runs as its owner, so that the sums can be granted for reading
# alone; the policy still holds them to the tenant whose transaction this is. Rows that are locked here belong to one wallet
# and instrument, whose positions are closed one after another anyway.
SUMS = """
CREATE FUNCTION trading_add_to_sums(closed trading_position, sign integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    won numeric := sign * greatest(closed.realized_pnl, 0);
    lost numeric := sign * greatest(-closed.realized_pnl, 0);
    is_won integer := sign * (closed.realized_pnl > 0)::integer;
    is_lost integer := sign * (closed.realized_pnl < 0)::integer;
    closed_on date := (closed.closed_at AT TIME ZONE 'UTC')::date;
BEGIN
    INSERT INTO public.trading_tradetotal AS sums
        (owner_id, wallet_id, instrument_id, trades, won_trades, lost_trades, won, lost, fees)
    VALUES (closed.owner_id, closed.wallet_id, closed.instrument_id, sign, is_won, is_lost, won, lost,
            sign * closed.fees)
    ON CONFLICT (wallet_id, instrument_id) DO UPDATE
    SET trades = sums.trades + excluded.trades, won_trades = sums.won_trades + excluded.won_trades,
        lost_trades = sums.lost_trades + excluded.lost_trades, won = sums.won + excluded.won,
        lost = sums.lost + excluded.lost, fees = sums.fees + excluded.fees;
    INSERT INTO public.trading_tradeday AS sums
        (owner_id, wallet_id, instrument_id, day, trades, won_trades, lost_trades, won, lost, fees)
    VALUES (closed.owner_id, closed.wallet_id, closed.instrument_id, closed_on, sign, is_won, is_lost, won, lost,
            sign * closed.fees)
    ON CONFLICT (wallet_id, day, instrument_id) DO UPDATE
    SET trades = sums.trades + excluded.trades, won_trades = sums.won_trades + excluded.won_trades,
        lost_trades = sums.lost_trades + excluded.lost_trades, won = sums.won + excluded.won,
        lost = sums.lost + excluded.lost, fees = sums.fees + excluded.fees;
END $$;
REVOKE ALL ON FUNCTION trading_add_to_sums FROM PUBLIC;

CREATE FUNCTION trading_keep_sums() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_OP <> 'INSERT' AND OLD.closed_at IS NOT NULL THEN
        PERFORM public.trading_add_to_sums(OLD, -1);
    END IF;
    IF TG_OP <> 'DELETE' AND NEW.closed_at IS NOT NULL THEN
        PERFORM public.trading_add_to_sums(NEW, 1);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER keep_sums AFTER INSERT OR DELETE OR UPDATE OF closed_at, realized_pnl, fees ON trading_position
    FOR EACH ROW EXECUTE FUNCTION trading_keep_sums();
"""


def read_only(*tables: str) -> str:
    roles = ", ".join(f'"{settings.DATABASES[alias]["USER"]}"' for alias in ("default", "system"))
    return f"REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON {', '.join(tables)} FROM {roles};"


class Migration(migrations.Migration):
    dependencies = [
        ("markets", "0001_initial"),
        ("trading", "0003_guards"),
        ("wallets", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="TradeDay",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("trades", models.BigIntegerField(default=0)),
                ("won_trades", models.BigIntegerField(default=0)),
                ("lost_trades", models.BigIntegerField(default=0)),
                (
                    "won",
                    kit.models.ValueField(default=0, help_text="Profit of the winning trades."),
                ),
                (
                    "lost",
                    kit.models.ValueField(default=0, help_text="Loss of the losing trades, above zero."),
                ),
                ("fees", kit.models.ValueField(default=0)),
                ("day", models.DateField()),
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
                "indexes": [models.Index(fields=["owner", "day"], name="trade_day_of_owner")],
                "constraints": [models.UniqueConstraint(fields=("wallet", "day", "instrument"), name="trade_day_once")],
            },
        ),
        migrations.CreateModel(
            name="TradeTotal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("trades", models.BigIntegerField(default=0)),
                ("won_trades", models.BigIntegerField(default=0)),
                ("lost_trades", models.BigIntegerField(default=0)),
                (
                    "won",
                    kit.models.ValueField(default=0, help_text="Profit of the winning trades."),
                ),
                (
                    "lost",
                    kit.models.ValueField(default=0, help_text="Loss of the losing trades, above zero."),
                ),
                ("fees", kit.models.ValueField(default=0)),
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
                "constraints": [models.UniqueConstraint(fields=("wallet", "instrument"), name="trade_total_once")],
            },
        ),
        migrations.RunSQL(policy_sql("trading_tradetotal", "trading_tradeday"), migrations.RunSQL.noop),
        migrations.RunSQL(read_only("trading_tradetotal", "trading_tradeday"), migrations.RunSQL.noop),
        migrations.RunSQL(SUMS, migrations.RunSQL.noop),
    ]
