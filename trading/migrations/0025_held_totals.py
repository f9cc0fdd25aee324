"""What positions had come to at each moment, kept as they change, for the money of an asset by days."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import kit.models
from kit.tenancy import policy_sql

# A position's change, at the moment of the trade that made it. What was paid or got is what it cost more or less than
# before, beside what it has realized: cost + got - paid = realized. Runs as its owner, so that the totals are granted for
# reading alone. Who changes a position of a wallet in an instrument has locked it, so they come one after the other.
KEEP = """
CREATE FUNCTION trading_add_to_held(
    p_owner uuid, p_wallet uuid, p_instrument bigint, p_at timestamptz, p_quantity numeric, p_cost numeric,
    p_realized numeric, p_fees numeric
) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    more_paid numeric := greatest(p_cost - p_realized, 0);
    more_got numeric := greatest(p_realized - p_cost, 0);
BEGIN
    IF (p_quantity, p_cost, p_realized, p_fees) = (0, 0, 0, 0) THEN
        RETURN;
    END IF;
    INSERT INTO public.trading_heldtotal AS held
        (owner_id, wallet_id, instrument_id, at, quantity, cost, paid, got, fees)
    SELECT p_owner, p_wallet, p_instrument, p_at, coalesce(before.quantity, 0) + p_quantity,
           coalesce(before.cost, 0) + p_cost, coalesce(before.paid, 0) + more_paid, coalesce(before.got, 0) + more_got,
           coalesce(before.fees, 0) + p_fees
    FROM (SELECT) AS one
    LEFT JOIN LATERAL (
        SELECT * FROM public.trading_heldtotal
        WHERE owner_id = p_owner AND wallet_id = p_wallet AND instrument_id = p_instrument AND at <= p_at
        ORDER BY at DESC LIMIT 1
    ) AS before ON true
    ON CONFLICT (owner_id, wallet_id, instrument_id, at) DO UPDATE
    SET quantity = excluded.quantity, cost = excluded.cost, paid = excluded.paid, got = excluded.got,
        fees = excluded.fees;
    UPDATE public.trading_heldtotal
    SET quantity = quantity + p_quantity, cost = cost + p_cost, paid = paid + more_paid, got = got + more_got,
        fees = fees + p_fees
    WHERE owner_id = p_owner AND wallet_id = p_wallet AND instrument_id = p_instrument AND at > p_at;
END $$;
REVOKE ALL ON FUNCTION trading_add_to_held FROM PUBLIC;

CREATE FUNCTION trading_keep_held() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    was record;
    now_is record;
    changed public.trading_position := CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    sign integer := CASE changed.direction WHEN 'long' THEN 1 ELSE -1 END;
    moment timestamptz;
BEGIN
    SELECT 0::numeric AS quantity, 0::numeric AS cost, 0::numeric AS realized, 0::numeric AS fees INTO was;
    now_is := was;
    IF TG_OP <> 'INSERT' THEN
        SELECT sign * OLD.quantity AS quantity, round(sign * OLD.quantity * OLD.entry_price, 18) AS cost,
               OLD.realized_pnl AS realized, OLD.fees AS fees INTO was;
    ELSIF NEW.closed_at IS NOT NULL THEN
        -- Over when it is told: all of it was bought when it was opened.
        SELECT sign * NEW.entry_quantity AS quantity, round(sign * NEW.entry_quantity * NEW.entry_price, 18) AS cost,
               0::numeric AS realized, 0::numeric AS fees INTO was;
        PERFORM public.trading_add_to_held(
            NEW.owner_id, NEW.wallet_id, NEW.instrument_id, NEW.opened_at, was.quantity, was.cost, 0, 0
        );
    END IF;
    IF TG_OP <> 'DELETE' THEN
        SELECT sign * NEW.quantity AS quantity, round(sign * NEW.quantity * NEW.entry_price, 18) AS cost,
               NEW.realized_pnl AS realized, NEW.fees AS fees INTO now_is;
    END IF;
    moment := coalesce(changed.closed_at, changed.traded_at, changed.opened_at);
    PERFORM public.trading_add_to_held(
        changed.owner_id, changed.wallet_id, changed.instrument_id, moment, now_is.quantity - was.quantity,
        now_is.cost - was.cost, now_is.realized - was.realized, now_is.fees - was.fees
    );
    RETURN NULL;
END $$;
CREATE TRIGGER keep_held AFTER INSERT OR DELETE
    OR UPDATE OF quantity, entry_price, realized_pnl, fees, closed_at ON trading_position
    FOR EACH ROW EXECUTE FUNCTION trading_keep_held();
"""

# Of positions of before: when each of their trades was is not written in them, so they were bought when they were opened.
BEFORE = """
ALTER TABLE trading_position NO FORCE ROW LEVEL SECURITY;
INSERT INTO trading_heldtotal (owner_id, wallet_id, instrument_id, at, quantity, cost, paid, got, fees)
SELECT owner_id, wallet_id, instrument_id, at, sum(sum(quantity)) OVER so_far, sum(sum(cost)) OVER so_far,
       sum(sum(greatest(cost - realized, 0))) OVER so_far, sum(sum(greatest(realized - cost, 0))) OVER so_far,
       sum(sum(fees)) OVER so_far
FROM (
    SELECT owner_id, wallet_id, instrument_id, opened_at AS at, sign * size AS quantity,
           round(sign * size * entry_price, 18) AS cost,
           CASE WHEN closed_at IS NULL THEN realized_pnl ELSE 0 END AS realized,
           CASE WHEN closed_at IS NULL THEN fees ELSE 0 END AS fees
    FROM trading_position
    CROSS JOIN LATERAL (
        SELECT CASE direction WHEN 'long' THEN 1 ELSE -1 END,
               CASE WHEN closed_at IS NULL THEN quantity ELSE entry_quantity END
    ) AS held (sign, size)
    UNION ALL
    SELECT owner_id, wallet_id, instrument_id, closed_at, -sign * entry_quantity,
           -round(sign * entry_quantity * entry_price, 18), realized_pnl, fees
    FROM trading_position
    CROSS JOIN LATERAL (SELECT CASE direction WHEN 'long' THEN 1 ELSE -1 END) AS held (sign)
    WHERE closed_at IS NOT NULL
) AS move
GROUP BY owner_id, wallet_id, instrument_id, at
WINDOW so_far AS (PARTITION BY wallet_id, instrument_id ORDER BY at);
ALTER TABLE trading_position FORCE ROW LEVEL SECURITY;
"""

HELD_AT = """
CREATE FUNCTION held_at(p_owner uuid, p_moments timestamptz[], p_base text, p_quote text)
RETURNS TABLE (
    place bigint, instrument_id bigint, quantity numeric, cost numeric, paid numeric, got numeric, fees numeric,
    positions bigint
)
LANGUAGE sql STABLE AS $$
    -- Of each instrument, or of those of a base and a quote, what stood right before each moment, all wallets together.
    -- The pairs apart: what comes out of an outer join may not be compared before the policy, so no index would be used.
    WITH pair AS MATERIALIZED (
        SELECT wallet_id, instrument_id
        FROM position_totals(p_owner) JOIN market_instruments AS market USING (instrument_id)
        WHERE (p_base IS NULL OR market.base = p_base) AND (p_quote IS NULL OR market.quote = p_quote)
    )
    SELECT moment.place, pair.instrument_id, sum(held.quantity), sum(held.cost), sum(held.paid), sum(held.got),
           sum(held.fees), count(*) FILTER (WHERE held.quantity <> 0)
    FROM pair
    CROSS JOIN unnest(p_moments) WITH ORDINALITY AS moment (at, place)
    CROSS JOIN LATERAL (
        SELECT * FROM trading_heldtotal AS total
        WHERE total.owner_id = p_owner AND total.wallet_id = pair.wallet_id
              AND total.instrument_id = pair.instrument_id AND total.at < moment.at
        ORDER BY total.at DESC LIMIT 1
    ) AS held
    GROUP BY moment.place, pair.instrument_id
$$;
"""


def read_only(*tables: str) -> str:
    roles = ", ".join(f'"{settings.DATABASES[alias]["USER"]}"' for alias in ("default", "system"))
    return f"REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON {', '.join(tables)} FROM {roles};"


class Migration(migrations.Migration):
    dependencies = (
        ("markets", "0003_derivatives"),
        ("trading", "0024_protections"),
        ("wallets", "0030_proof"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    )

    operations = (
        migrations.AddField(
            model_name="position",
            name="traded_at",
            field=models.DateTimeField(blank=True, help_text="When the trade was that changed it last.", null=True),
        ),
        migrations.CreateModel(
            name="HeldTotal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField()),
                ("quantity", kit.models.ValueField(help_text="In base, negative when short.")),
                ("cost", kit.models.ValueField(help_text="Quantity times the average entry price.")),
                ("paid", kit.models.ValueField(help_text="All that was ever paid, fees included.")),
                ("got", kit.models.ValueField(help_text="All that was ever got, less fees.")),
                ("fees", kit.models.ValueField()),
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
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
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
                "constraints": [
                    models.UniqueConstraint(fields=("owner", "wallet", "instrument", "at"), name="held_total_once"),
                ],
            },
        ),
        migrations.RunSQL(BEFORE, migrations.RunSQL.noop),
        migrations.RunSQL(policy_sql("trading_heldtotal"), migrations.RunSQL.noop),
        migrations.RunSQL(read_only("trading_heldtotal"), migrations.RunSQL.noop),
        migrations.RunSQL(KEEP, migrations.RunSQL.noop),
        migrations.RunSQL(HELD_AT, "DROP FUNCTION held_at"),
    )
