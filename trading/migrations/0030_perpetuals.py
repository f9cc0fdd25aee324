"""Positions in perpetuals: their margin and what holds it, what trades realized of them, and the leverage of orders."""

from decimal import Decimal

import django.db.models.deletion
from django.db import migrations, models

import kit.models

BEYOND = Decimal(100000000000000000000)
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
    "leverage",
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
# What derivatives bring stands in the books, and what is open of them in none: they are no part of what was bought.
SPOT_ALONE = """

DROP TRIGGER keep_held ON trading_position;
CREATE TRIGGER keep_held_first AFTER INSERT ON trading_position
    FOR EACH ROW WHEN (NEW.leverage IS NULL) EXECUTE FUNCTION trading_keep_held();
CREATE TRIGGER keep_held AFTER UPDATE OF quantity, entry_price, realized_pnl, fees, closed_at ON trading_position
    FOR EACH ROW WHEN (NEW.leverage IS NULL) EXECUTE FUNCTION trading_keep_held();
CREATE TRIGGER keep_held_last AFTER DELETE ON trading_position
    FOR EACH ROW WHEN (OLD.leverage IS NULL) EXECUTE FUNCTION trading_keep_held();

CREATE OR REPLACE FUNCTION wallet_profits(p_owner uuid, p_since timestamptz)
RETURNS TABLE (wallet_id uuid, quote text, profit numeric)
LANGUAGE sql STABLE AS $$
    -- Of the spot trades that closed from `p_since` on, net of fees. Whole UTC days come from their sums, as in
    -- `trade_sums`. What derivatives made is read off the books.
    WITH day AS (SELECT (p_since AT TIME ZONE 'UTC')::date + 1 AS first)
    SELECT part.wallet_id, market.quote::text, sum(part.profit)
    FROM (
        SELECT wallet_id, instrument_id, won - lost AS profit FROM trading_tradeday
        WHERE owner_id = p_owner AND day >= (SELECT first FROM day)
        UNION ALL
        SELECT wallet_id, instrument_id, realized_pnl FROM trading_position
        WHERE owner_id = p_owner AND closed_at >= p_since
              AND closed_at < (SELECT first FROM day)::timestamp AT TIME ZONE 'UTC'
    ) AS part
    JOIN market_instruments AS market USING (instrument_id)
    WHERE NOT market.is_derivative
    GROUP BY part.wallet_id, market.quote
$$;
"""


class Migration(migrations.Migration):
    dependencies = (
        ("markets", "0005_perpetuals"),
        ("trading", "0029_log_of_orders_by_months"),
        ("wallets", "0034_perpetuals"),
    )

    operations = (
        migrations.AddField(
            "order",
            "leverage",
            kit.models.MoneyField(
                blank=True, help_text="Of a perpetual: how many times its margin what it opens is worth.", null=True
            ),
        ),
        migrations.AddConstraint(
            "order",
            models.CheckConstraint(
                condition=models.Q(
                    ("leverage", None),
                    models.Q(("leverage__gte", 1), ("leverage__lt", BEYOND)),
                    _connector="OR",
                ),
                name="order_leverage",
            ),
        ),
        migrations.AddField(
            "fill",
            "realized",
            kit.models.ValueField(
                help_text="Of a perpetual: what it realized in the settle asset, before the fee.", null=True
            ),
        ),
        migrations.AddField(
            "position",
            "leverage",
            kit.models.MoneyField(
                blank=True, help_text="Of a perpetual: that of the last order that opened it.", null=True
            ),
        ),
        migrations.AddField(
            "position",
            "cost",
            kit.models.MoneyField(blank=True, help_text="Of a perpetual: what is open was opened for.", null=True),
        ),
        migrations.AddField(
            "position",
            "margin",
            kit.models.MoneyField(
                blank=True,
                help_text="Of a perpetual: what stands for it, which is the most that it can lose.",
                null=True,
            ),
        ),
        migrations.AddField(
            "position",
            "liquidation_price",
            kit.models.MoneyField(
                blank=True,
                help_text="Of a perpetual: where it is closed, because its margin is used up.",
                null=True,
            ),
        ),
        migrations.AddField(
            "position",
            "funding",
            kit.models.ValueField(db_default=0, default=0, help_text="What funding has brought, less what it took."),
        ),
        migrations.AddField(
            "position",
            "hold",
            models.ForeignKey(
                blank=True,
                help_text="Of a perpetual: what holds its margin in the ledger.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="wallets.transfer",
            ),
        ),
        migrations.AddConstraint(
            "position",
            models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("cost", None),
                        ("hold", None),
                        ("leverage", None),
                        ("liquidation_price", None),
                        ("margin", None),
                    ),
                    models.Q(("cost__gte", 0), ("leverage__gte", 1), ("margin__gte", 0)),
                    _connector="OR",
                ),
                name="position_margin",
            ),
        ),
        migrations.AddConstraint(
            "position",
            models.CheckConstraint(
                condition=models.Q(
                    ("cost__lt", BEYOND),
                    ("funding__lt", BEYOND),
                    ("leverage__lt", BEYOND),
                    ("liquidation_price__lt", BEYOND),
                    ("margin__lt", BEYOND),
                ),
                name="position_margin_finite",
            ),
        ),
        migrations.RunSQL(GUARD_ORDERS, migrations.RunSQL.noop),
        migrations.RunSQL(SPOT_ALONE, migrations.RunSQL.noop),
    )
