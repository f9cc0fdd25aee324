"""Limit orders: what they are good for, and what of it never changes."""

from decimal import Decimal

from django.conf import settings
from django.db import migrations, models

import kit.models

# A copy, because a migration never changes; a test holds it to `trading.orders.states`.
NEXT = {
    "draft": ("submitting", "rejected"),
    "submitting": ("open", "partially_filled", "uncertain", "filled", "cancelled", "rejected", "expired"),
    "open": ("partially_filled", "uncertain", "filled", "cancelled", "rejected", "expired"),
    "partially_filled": ("uncertain", "filled", "cancelled", "expired"),
    "uncertain": ("submitting", "open", "partially_filled", "filled", "cancelled", "rejected", "expired"),
}
STEPS = ", ".join(f"'{before}>{after}'" for before, afters in NEXT.items() for after in afters)
INTENT = (
    "id",
    "created_at",
    "owner_id",
    "wallet_id",
    "connection_id",
    "instrument_id",
    "key",
    "client_order_id",
    "side",
    "type",
    "quantity",
    "limit_price",
    "time_in_force",
    "expires_at",
    "post_only",
    "reduce_only",
    "reference_price",
    "exit_stop",
    "exit_target",
    "exit_trail",
    "protects_id",
)

GUARD_ORDERS = f"""
CREATE OR REPLACE FUNCTION trading_guard_order() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.status NOT IN ('draft', 'submitting', 'rejected') THEN
            RAISE EXCEPTION 'An order starts as draft, submitting or rejected, not as %.', NEW.status
                USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF NEW.status <> OLD.status AND OLD.status || '>' || NEW.status NOT IN ({STEPS}) THEN
        RAISE EXCEPTION 'An order that is % cannot become %.', OLD.status, NEW.status
            USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.filled_quantity < OLD.filled_quantity THEN
        RAISE EXCEPTION 'What was filled stays filled.' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.attempts < OLD.attempts THEN
        RAISE EXCEPTION 'What was sent stays sent.' USING ERRCODE = 'check_violation';
    END IF;
    IF ({", ".join(f"NEW.{name}" for name in INTENT)}) IS DISTINCT FROM ({", ".join(f"OLD.{name}" for name in INTENT)})
    THEN
        RAISE EXCEPTION 'The intent of an order never changes.' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
"""

# What rests waits for a price and is in nobody's way.
HAS_ORDERS = """
CREATE OR REPLACE FUNCTION has_orders(p_wallet uuid, p_statuses text[]) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (
        SELECT FROM trading_order
        WHERE wallet_id = p_wallet AND status = ANY (p_statuses)
              AND NOT (type <> 'market' AND status IN ('open', 'partially_filled'))
    )
$$;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("markets", "0004_extremes"),
        ("trading", "0019_trade_sums_of_spans"),
        ("wallets", "0031_resting_orders"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="order",
            name="order_amounts_finite",
        ),
        migrations.AddField(
            model_name="order",
            name="expires_at",
            field=models.DateTimeField(blank=True, help_text="Until when it is good.", null=True),
        ),
        migrations.AddField(
            model_name="order",
            name="limit_price",
            field=kit.models.MoneyField(blank=True, help_text="The worst price it may be filled at.", null=True),
        ),
        migrations.AddField(
            model_name="order",
            name="post_only",
            field=models.BooleanField(default=False, help_text="It rests, and never takes what is there."),
        ),
        migrations.AddField(
            model_name="order",
            name="time_in_force",
            field=models.CharField(
                blank=True,
                choices=[
                    ("gtc", "Until it is cancelled"),
                    ("ioc", "At once, the rest is cancelled"),
                    ("fok", "All at once or not at all"),
                    ("gtd", "Until a moment"),
                ],
                default="",
                help_text="How long a limit order is good.",
                max_length=3,
            ),
        ),
        migrations.AlterField(
            model_name="order",
            name="reference_price",
            field=kit.models.MoneyField(
                help_text="Price when it was decided, or its limit; the hold and the slippage are measured from it."
            ),
        ),
        migrations.AlterField(
            model_name="order",
            name="type",
            field=models.CharField(choices=[("market", "Market"), ("limit", "Limit")], default="market", max_length=12),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                condition=models.Q(
                    ("status__in", ["draft", "open", "partially_filled", "submitting", "uncertain"]),
                    ("expires_at__isnull", False),
                ),
                fields=["expires_at"],
                name="order_good_until",
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("limit_price__gt", 0), ("time_in_force__in", ["gtc", "ioc", "fok", "gtd"]), ("type", "limit")
                    ),
                    models.Q(("limit_price", None), ("time_in_force", ""), ("type", "market")),
                    _connector="OR",
                ),
                name="order_limit_has_a_price",
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("expires_at__isnull", False), ("time_in_force", "gtd")),
                    models.Q(models.Q(("time_in_force", "gtd"), _negated=True), ("expires_at", None)),
                    _connector="OR",
                ),
                name="order_good_until_a_moment",
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(("post_only", False), ("time_in_force__in", ("gtc", "gtd")), _connector="OR"),
                name="order_post_only_rests",
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("average_price__lt", Decimal(100000000000000000000)),
                    ("exit_stop__lt", Decimal(100000000000000000000)),
                    ("exit_target__lt", Decimal(100000000000000000000)),
                    ("exit_trail__lt", Decimal(100000000000000000000)),
                    ("filled_quantity__lt", Decimal(100000000000000000000)),
                    ("limit_price__lt", Decimal(100000000000000000000)),
                    ("quantity__lt", Decimal(100000000000000000000)),
                    ("reference_price__lt", Decimal(100000000000000000000)),
                ),
                name="order_amounts_finite",
            ),
        ),
        migrations.RunSQL(GUARD_ORDERS, migrations.RunSQL.noop),
        migrations.RunSQL(HAS_ORDERS, migrations.RunSQL.noop),
    ]
