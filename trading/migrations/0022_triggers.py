"""Orders that wait for a price before they are sent."""

from decimal import Decimal

from django.conf import settings
from django.db import migrations, models

import kit.models

# A copy, because a migration never changes; a test holds it to `trading.orders.states`.
NEXT = {
    "draft": ("waiting", "submitting", "rejected"),
    "waiting": ("submitting", "cancelled", "expired"),
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
    "trail",
    "trail_share",
    "reduce_only",
    "reference_price",
    "exit_stop",
    "exit_target",
    "exit_trail",
    "protects_id",
    "replaces_id",
)

GUARD_ORDERS = f"""
CREATE OR REPLACE FUNCTION trading_guard_order() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.status NOT IN ('draft', 'waiting', 'submitting', 'rejected') THEN
            RAISE EXCEPTION 'An order starts as draft, waiting, submitting or rejected, not as %.', NEW.status
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
    -- What trails only follows the best price, as long as it waits.
    IF NEW.trigger_price IS DISTINCT FROM OLD.trigger_price AND NOT (
        OLD.type = 'trailing_stop' AND OLD.status = 'waiting'
        AND CASE OLD.side WHEN 'sell' THEN NEW.trigger_price > OLD.trigger_price
                          ELSE NEW.trigger_price < OLD.trigger_price END)
    THEN
        RAISE EXCEPTION 'A trigger follows the best price and never moves back.' USING ERRCODE = 'check_violation';
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
              AND NOT (type <> 'market' AND status IN ('waiting', 'open', 'partially_filled'))
    )
$$;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("markets", "0004_extremes"),
        ("trading", "0021_amendments"),
        ("wallets", "0031_resting_orders"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="order",
            name="order_status_known",
        ),
        migrations.RemoveConstraint(
            model_name="order",
            name="order_unfinished_is_never_forgotten",
        ),
        migrations.RemoveConstraint(
            model_name="order",
            name="order_limit_has_a_price",
        ),
        migrations.RemoveConstraint(
            model_name="order",
            name="order_amounts_finite",
        ),
        migrations.RemoveIndex(
            model_name="order",
            name="order_unfinished",
        ),
        migrations.RemoveIndex(
            model_name="order",
            name="order_due",
        ),
        migrations.RemoveIndex(
            model_name="order",
            name="order_good_until",
        ),
        migrations.AddField(
            model_name="order",
            name="trail",
            field=kit.models.MoneyField(
                blank=True, help_text="How far the trigger stays behind the best price, in quote.", null=True
            ),
        ),
        migrations.AddField(
            model_name="order",
            name="trail_share",
            field=kit.models.MoneyField(blank=True, help_text="The same, as a fraction of the best price.", null=True),
        ),
        migrations.AddField(
            model_name="order",
            name="trigger_price",
            field=kit.models.MoneyField(
                blank=True, help_text="The price that sends it; of a trailing stop it follows the best one.", null=True
            ),
        ),
        migrations.AddField(
            model_name="order",
            name="triggered_at",
            field=models.DateTimeField(blank=True, help_text="When the market reached its trigger.", null=True),
        ),
        migrations.AlterField(
            model_name="order",
            name="status",
            field=models.CharField(
                choices=[
                    ("draft", "Draft"),
                    ("waiting", "Waiting"),
                    ("submitting", "Submitting"),
                    ("open", "Open"),
                    ("partially_filled", "Partially filled"),
                    ("filled", "Filled"),
                    ("cancelled", "Cancelled"),
                    ("rejected", "Rejected"),
                    ("expired", "Expired"),
                    ("uncertain", "Uncertain"),
                ],
                default="draft",
                max_length=16,
            ),
        ),
        migrations.AlterField(
            model_name="order",
            name="type",
            field=models.CharField(
                choices=[
                    ("market", "Market"),
                    ("limit", "Limit"),
                    ("stop", "Stop"),
                    ("stop_limit", "Stop limit"),
                    ("take_profit", "Take profit"),
                    ("trailing_stop", "Trailing stop"),
                ],
                default="market",
                max_length=13,
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                condition=models.Q(
                    ("status__in", ["draft", "open", "partially_filled", "submitting", "uncertain", "waiting"])
                ),
                fields=["wallet", "instrument"],
                name="order_unfinished",
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                condition=models.Q(
                    ("status__in", ["draft", "open", "partially_filled", "submitting", "uncertain", "waiting"])
                ),
                fields=["due_at"],
                name="order_due",
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(condition=models.Q(("status", "waiting")), fields=["owner"], name="order_waiting"),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                condition=models.Q(
                    ("status__in", ["draft", "open", "partially_filled", "submitting", "uncertain", "waiting"]),
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
                        ("limit_price__gt", 0),
                        ("time_in_force__in", ["gtc", "ioc", "fok", "gtd"]),
                        ("type__in", ("limit", "stop_limit")),
                    ),
                    models.Q(
                        models.Q(("type__in", ("limit", "stop_limit")), _negated=True),
                        ("limit_price", None),
                        ("time_in_force", ""),
                    ),
                    _connector="OR",
                ),
                name="order_limit_has_a_price",
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("trail", None),
                        ("trail_share", None),
                        ("trigger_price", None),
                        ("type__in", ("market", "limit")),
                    ),
                    models.Q(
                        ("trail", None),
                        ("trail_share", None),
                        ("trigger_price__gt", 0),
                        ("type__in", ("stop", "stop_limit", "take_profit")),
                    ),
                    models.Q(
                        ("trigger_price__gt", 0),
                        ("type", "trailing_stop"),
                        models.Q(
                            models.Q(("trail__gt", 0), ("trail_share", None)),
                            models.Q(("trail", None), ("trail_share__gt", 0), ("trail_share__lt", 1)),
                            _connector="OR",
                        ),
                    ),
                    _connector="OR",
                ),
                name="order_trigger_has_a_price",
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
                    ("trail__lt", Decimal(100000000000000000000)),
                    ("trail_share__lt", Decimal(100000000000000000000)),
                    ("trigger_price__lt", Decimal(100000000000000000000)),
                ),
                name="order_amounts_finite",
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "status__in",
                        [
                            "cancelled",
                            "draft",
                            "expired",
                            "filled",
                            "open",
                            "partially_filled",
                            "rejected",
                            "submitting",
                            "uncertain",
                            "waiting",
                        ],
                    )
                ),
                name="order_status_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("closed_at__isnull", True), ("due_at__isnull", True), ("status", "waiting")),
                    models.Q(
                        ("status__in", ["draft", "open", "partially_filled", "submitting", "uncertain", "waiting"]),
                        models.Q(("status", "waiting"), _negated=True),
                        ("closed_at__isnull", True),
                        ("due_at__isnull", False),
                    ),
                    models.Q(
                        models.Q(
                            ("status__in", ["draft", "open", "partially_filled", "submitting", "uncertain", "waiting"]),
                            _negated=True,
                        ),
                        ("closed_at__isnull", False),
                        ("due_at__isnull", True),
                        ("hold__isnull", True),
                    ),
                    _connector="OR",
                ),
                name="order_unfinished_is_never_forgotten",
            ),
        ),
        migrations.RunSQL(GUARD_ORDERS, migrations.RunSQL.noop),
        migrations.RunSQL(HAS_ORDERS, migrations.RunSQL.noop),
    ]
