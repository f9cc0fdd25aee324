"""Orders that somebody placed at the venue: whose quantity is what the venue says, and which nobody here has sent."""

from django.conf import settings
from django.db import migrations, models

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

# What was placed at the venue, nobody here has sent.
SENT_BELOW = """
CREATE OR REPLACE FUNCTION trading_sent_below(p_wallet uuid, p_connection uuid, p_since timestamptz) RETURNS integer
LANGUAGE sql STABLE AS $$
    SELECT count(*)::integer
    FROM (
        SELECT wallet_id, connection_id FROM trading_order
        WHERE created_at > p_since AND (status <> 'rejected' OR attempts > 0) AND origin <> 'external'
        OFFSET 0
    ) AS sent
    WHERE sent.connection_id = p_connection
        OR sent.wallet_id IN (SELECT wallet_id FROM wallet_subtree(ARRAY[p_wallet]))
$$;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("markets", "0004_extremes"),
        ("trading", "0026_many_cancelled_at_once"),
        ("wallets", "0033_orders_compared"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="order",
            name="origin",
            field=models.CharField(
                choices=[("moniqo", "Moniqo"), ("external", "Placed at the venue")],
                db_default="moniqo",
                default="moniqo",
                help_text="Who placed it.",
                max_length=8,
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                condition=models.Q(("venue_order_id", ""), _negated=True),
                fields=["connection", "venue_order_id"],
                name="order_by_venues_number",
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("origin", "moniqo"),
                    models.Q(
                        ("attempts__gt", 0),
                        ("hold", None),
                        ("origin", "external"),
                        ("protects", None),
                        models.Q(("venue_order_id", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="order_external_is_the_venues",
            ),
        ),
        migrations.RunSQL(GUARD_ORDERS, migrations.RunSQL.noop),
        migrations.RunSQL(SENT_BELOW, migrations.RunSQL.noop),
    ]
