"""Protections of limits: what they measure, and what they hold back until when."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from kit.tenancy import policy_sql

# What holds buying of an instrument in a wallet back for the longest: of the wallet itself, in that instrument or in
# all, or of a wallet above it. The limit has to stand on the wallet's path as it is now.
ENTRY_LOCK = """
CREATE FUNCTION trading_entry_lock(p_wallet uuid, p_instrument bigint, p_now timestamptz) RETURNS bigint
LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN EXISTS (SELECT FROM trading_entrylock WHERE ended_at IS NULL AND until > p_now) THEN (
        WITH path AS MATERIALIZED (SELECT wallet_id, connection_id FROM wallet_path(p_wallet))
        SELECT held.id
        FROM path
        JOIN trading_entrylock AS held ON held.wallet_id = path.wallet_id AND held.until > p_now
            AND (held.instrument_id IS NULL OR (held.instrument_id = p_instrument AND held.wallet_id = p_wallet))
        JOIN trading_risklimit AS own ON own.id = held.limit_id
        WHERE own.wallet_id IN (SELECT wallet_id FROM path) OR own.connection_id IN (SELECT connection_id FROM path)
        ORDER BY held.until DESC, held.id LIMIT 1
    ) END
$$;
"""
# Who lets agents decide says how long their bars are, in the place of this.
BAR_OF = """
CREATE FUNCTION trading_bar_of(p_wallet uuid) RETURNS interval LANGUAGE sql STABLE AS $$
    SELECT interval '1 hour'
$$;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("markets", "0003_derivatives"),
        ("trading", "0023_distance_and_rate"),
        ("wallets", "0032_places_at_platforms"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="EntryLock",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("cooldown_bars", "Pause after a stop"),
                            ("maximum_drawdown", "Fall"),
                            ("minimum_profit_factor", "Trades that lost"),
                        ],
                        max_length=24,
                    ),
                ),
                (
                    "measured",
                    models.DecimalField(decimal_places=8, help_text="Bars, a fraction, or a factor.", max_digits=20),
                ),
                ("began_at", models.DateTimeField()),
                ("until", models.DateTimeField()),
                (
                    "ended_at",
                    models.DateTimeField(
                        blank=True, help_text="Empty until somebody has said that it is over.", null=True
                    ),
                ),
            ],
            options={
                "ordering": ("-began_at",),
            },
        ),
        migrations.AddField(
            model_name="risklimit",
            name="cooldown_bars",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="So many bars after a stop nothing is bought in its market for its wallet.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="risklimit",
            name="lock_hours",
            field=models.PositiveIntegerField(
                default=24, help_text="So long buying is held back after a fall, or after trades that lost."
            ),
        ),
        migrations.AddField(
            model_name="risklimit",
            name="lookback_days",
            field=models.PositiveIntegerField(default=30, help_text="Within so many days the fall is measured."),
        ),
        migrations.AddField(
            model_name="risklimit",
            name="lookback_trades",
            field=models.PositiveIntegerField(
                default=20, help_text="So many trades of a wallet in a market are measured together."
            ),
        ),
        migrations.AddField(
            model_name="risklimit",
            name="maximum_drawdown",
            field=models.DecimalField(
                blank=True,
                decimal_places=8,
                help_text="A fraction: the fall from the highest within the days looked back on that holds buying back.",
                max_digits=9,
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="risklimit",
            name="minimum_profit_factor",
            field=models.DecimalField(
                blank=True,
                decimal_places=8,
                help_text="What the trades looked back on have to win for what they lose; less holds buying back.",
                max_digits=12,
                null=True,
            ),
        ),
        migrations.AddIndex(
            model_name="position",
            index=models.Index(
                condition=models.Q(("closed_at__isnull", False)),
                fields=["wallet", "instrument", "-closed_at"],
                name="trade_of_pair",
            ),
        ),
        migrations.AddConstraint(
            model_name="risklimit",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("cooldown_bars__isnull", True),
                        models.Q(("cooldown_bars__gte", 1), ("cooldown_bars__lte", 1000)),
                        _connector="OR",
                    ),
                    models.Q(
                        ("maximum_drawdown__isnull", True),
                        models.Q(("maximum_drawdown__gt", 0), ("maximum_drawdown__lte", 1)),
                        _connector="OR",
                    ),
                    models.Q(
                        ("minimum_profit_factor__isnull", True),
                        models.Q(("minimum_profit_factor__gt", 0), ("minimum_profit_factor__lte", 1000)),
                        _connector="OR",
                    ),
                    ("lookback_days__gte", 1),
                    ("lookback_days__lte", 365),
                    ("lookback_trades__gte", 2),
                    ("lookback_trades__lte", 1000),
                    ("lock_hours__gte", 1),
                    ("lock_hours__lte", 8760),
                ),
                name="risk_limit_protections",
            ),
        ),
        migrations.AddField(
            model_name="entrylock",
            name="instrument",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="markets.instrument",
            ),
        ),
        migrations.AddField(
            model_name="entrylock",
            name="limit",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="locks",
                to="trading.risklimit",
            ),
        ),
        migrations.AddField(
            model_name="entrylock",
            name="owner",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="entrylock",
            name="wallet",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="wallets.wallet"
            ),
        ),
        migrations.AddIndex(
            model_name="entrylock",
            index=models.Index(fields=["wallet", "until"], name="entry_lock_of_wallet"),
        ),
        migrations.AddIndex(
            model_name="entrylock",
            index=models.Index(
                condition=models.Q(("ended_at", None)), fields=["owner", "until"], name="entry_lock_in_force"
            ),
        ),
        migrations.AddConstraint(
            model_name="entrylock",
            constraint=models.UniqueConstraint(
                fields=("limit", "kind", "wallet", "instrument"), name="entry_lock_once", nulls_distinct=False
            ),
        ),
        migrations.AddConstraint(
            model_name="entrylock",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ("cooldown_bars", "maximum_drawdown", "minimum_profit_factor"))),
                name="entry_lock_kind_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="entrylock",
            constraint=models.CheckConstraint(
                condition=models.Q(("measured__gte", 0), ("measured__lte", 1000)), name="entry_lock_measured"
            ),
        ),
        migrations.AddConstraint(
            model_name="entrylock",
            constraint=models.CheckConstraint(
                condition=models.Q(("until__gte", models.F("began_at"))), name="entry_lock_has_a_time"
            ),
        ),
        migrations.RunSQL(policy_sql("trading_entrylock"), migrations.RunSQL.noop),
        migrations.RunSQL(ENTRY_LOCK, "DROP FUNCTION trading_entry_lock"),
        migrations.RunSQL(BAR_OF, "DROP FUNCTION trading_bar_of"),
    ]
