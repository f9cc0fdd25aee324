"""Orders of two prices, and trailing stops by the average true range."""

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
    "limit_price",
    "time_in_force",
    "expires_at",
    "post_only",
    "trail",
    "trail_share",
    "trail_atr",
    "trail_timeframe",
    "target_price",
    "reduce_only",
    "reference_price",
    "exit_stop",
    "exit_target",
    "exit_trail",
    "protects_id",
    "replaces_id",
    "origin",
)

GUARD_ORDERS = f"""
CREATE OR REPLACE FUNCTION trading_guard_order() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.origin = 'external' THEN
            IF NEW.status <> 'open' OR NEW.filled_quantity <> 0 THEN
                RAISE EXCEPTION 'An order of the venue starts as open, with nothing filled.'
                    USING ERRCODE = 'check_violation';
            END IF;
            RETURN NEW;
        END IF;
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
    -- How much was ordered at the venue, the venue says.
    IF NEW.quantity <> OLD.quantity AND OLD.origin <> 'external' THEN
        RAISE EXCEPTION 'The intent of an order never changes.' USING ERRCODE = 'check_violation';
    END IF;
    IF ({", ".join(f"NEW.{name}" for name in INTENT)}) IS DISTINCT FROM ({", ".join(f"OLD.{name}" for name in INTENT)})
    THEN
        RAISE EXCEPTION 'The intent of an order never changes.' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("markets", "0004_extremes"),
        ("trading", "0027_external_orders"),
        ("wallets", "0032_places_at_platforms"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="order",
            name="order_trigger_has_a_price",
        ),
        migrations.RemoveConstraint(
            model_name="order",
            name="order_amounts_finite",
        ),
        migrations.AddField(
            model_name="order",
            name="target_price",
            field=kit.models.MoneyField(
                blank=True,
                help_text="The other trigger of one that cancels the other: a price as good as that.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="order",
            name="trail_atr",
            field=kit.models.MoneyField(
                blank=True, help_text="How many average true ranges `trail` was, when it was placed.", null=True
            ),
        ),
        migrations.AddField(
            model_name="order",
            name="trail_timeframe",
            field=models.CharField(
                blank=True,
                choices=[
                    ("1m", "1 minute"),
                    ("5m", "5 minutes"),
                    ("15m", "15 minutes"),
                    ("1h", "1 hour"),
                    ("4h", "4 hours"),
                    ("1d", "1 day"),
                ],
                default="",
                help_text="Of which candles the range was.",
                max_length=3,
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
                    ("oco", "One cancels the other"),
                ],
                default="market",
                max_length=13,
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
                        ("type__in", ("stop", "stop_limit", "take_profit", "oco")),
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
                    models.Q(("target_price__gt", 0), ("type", "oco")),
                    models.Q(models.Q(("type", "oco"), _negated=True), ("target_price", None)),
                    _connector="OR",
                ),
                name="order_target_of_two",
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("trail__isnull", False),
                        ("trail_atr__gt", 0),
                        ("trail_timeframe__in", ["1m", "5m", "15m", "1h", "4h", "1d"]),
                    ),
                    models.Q(("trail_atr", None), ("trail_timeframe", "")),
                    _connector="OR",
                ),
                name="order_trail_by_range",
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
                    ("target_price__lt", Decimal(100000000000000000000)),
                    ("trail__lt", Decimal(100000000000000000000)),
                    ("trail_atr__lt", Decimal(100000000000000000000)),
                    ("trail_share__lt", Decimal(100000000000000000000)),
                    ("trigger_price__lt", Decimal(100000000000000000000)),
                ),
                name="order_amounts_finite",
            ),
        ),
        # The way back is the function that 0022 made; what reads the new columns goes with them.
        migrations.RunSQL(GUARD_ORDERS, migrations.RunSQL.noop),
    ]
