"""How far from the market a price may be, how many orders a minute may have, and what the operator allows a platform.

The operator's word is the operator's: what serves pages may only read it.
"""

from decimal import Decimal

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import kit.models

# A minute of the owner's orders, by the index that has the newest first; those that the gate refused were never sent.
SENT_BELOW = """
CREATE FUNCTION trading_sent_below(p_wallet uuid, p_connection uuid, p_since timestamptz) RETURNS integer
LANGUAGE sql STABLE AS $$
    SELECT count(*)::integer
    FROM (
        SELECT wallet_id, connection_id FROM trading_order
        WHERE created_at > p_since AND (status <> 'rejected' OR attempts > 0)
        OFFSET 0
    ) AS sent
    WHERE sent.connection_id = p_connection
        OR sent.wallet_id IN (SELECT wallet_id FROM wallet_subtree(ARRAY[p_wallet]))
$$;
"""
OPERATORS_ONLY = (
    f'REVOKE INSERT, UPDATE, DELETE ON trading_platformlimit FROM "{settings.DATABASES["default"]["USER"]}"'
)


class Migration(migrations.Migration):
    dependencies = [
        ("trading", "0022_triggers"),
        ("wallets", "0032_places_at_platforms"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="PlatformLimit",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "maximum_notional",
                    kit.models.MoneyField(blank=True, help_text="Per order, in the notional asset.", null=True),
                ),
                (
                    "notional_asset",
                    models.CharField(blank=True, help_text="What the maximum notional is counted in.", max_length=20),
                ),
                (
                    "maximum_distance",
                    models.DecimalField(
                        blank=True,
                        decimal_places=8,
                        help_text="A fraction: how much worse than the middle of the market an order's price may be.",
                        max_digits=9,
                        null=True,
                    ),
                ),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="risklimit",
            name="risk_limit_shares",
        ),
        migrations.AddField(
            model_name="risklimit",
            name="maximum_distance",
            field=models.DecimalField(
                blank=True,
                decimal_places=8,
                help_text="A fraction: how much worse than the middle of the market an order's price may be.",
                max_digits=9,
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="risklimit",
            name="maximum_orders_per_minute",
            field=models.PositiveIntegerField(
                blank=True, help_text="How many orders may be sent within a minute from here and below.", null=True
            ),
        ),
        migrations.AddConstraint(
            model_name="risklimit",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("maximum_risk__isnull", True),
                        models.Q(("maximum_risk__gt", 0), ("maximum_risk__lte", 1)),
                        _connector="OR",
                    ),
                    models.Q(
                        ("default_stop__isnull", True),
                        models.Q(("default_stop__gt", 0), ("default_stop__lt", 1)),
                        _connector="OR",
                    ),
                    models.Q(("default_target__isnull", True), ("default_target__gt", 0), _connector="OR"),
                    models.Q(
                        ("maximum_exposure__isnull", True),
                        models.Q(("maximum_exposure__gt", 0), ("maximum_exposure__lte", 1)),
                        _connector="OR",
                    ),
                    models.Q(
                        ("maximum_distance__isnull", True),
                        models.Q(("maximum_distance__gt", 0), ("maximum_distance__lte", 1)),
                        _connector="OR",
                    ),
                ),
                name="risk_limit_shares",
            ),
        ),
        migrations.AddField(
            model_name="platformlimit",
            name="platform",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.CASCADE, related_name="limit", to="wallets.platform"
            ),
        ),
        migrations.AddConstraint(
            model_name="platformlimit",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("maximum_notional__isnull", True),
                    models.Q(
                        ("maximum_notional__gt", 0),
                        ("maximum_notional__lt", Decimal(100000000000000000000)),
                        models.Q(("notional_asset", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="platform_limit_positive",
            ),
        ),
        migrations.AddConstraint(
            model_name="platformlimit",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("maximum_distance__isnull", True),
                    models.Q(("maximum_distance__gt", 0), ("maximum_distance__lte", 1)),
                    _connector="OR",
                ),
                name="platform_limit_distance_is_a_share",
            ),
        ),
        migrations.RunSQL(SENT_BELOW, "DROP FUNCTION trading_sent_below"),
        migrations.RunSQL(OPERATORS_ONLY, migrations.RunSQL.noop),
    ]
