"""Limits are written by no program without the scope `limits`; what the gate notes beside them is."""

from django.db import migrations

from kit.tenancy import scopes_sql

LIMITS = (
    "connection_id", "wallet_id", "allowed_symbols", "maximum_notional", "notional_asset", "maximum_daily_loss",
    "maximum_position", "maximum_open_positions", "maximum_risk", "default_stop", "default_target", "maximum_exposure",
    "maximum_distance", "maximum_orders_per_minute", "cooldown_bars", "maximum_drawdown", "lookback_days",
    "minimum_profit_factor", "lookback_trades", "lock_hours", "updated_at",
)  # fmt: skip


class Migration(migrations.Migration):
    dependencies = (("trading", "0032_room_for_trails"), ("users", "0008_what_scopes_write"))

    operations = (
        migrations.RunSQL(
            scopes_sql("trading_risklimit", f"INSERT OR DELETE OR UPDATE OF {', '.join(LIMITS)}", "limits"),
            "DROP TRIGGER scopes ON trading_risklimit;",
        ),
    )
