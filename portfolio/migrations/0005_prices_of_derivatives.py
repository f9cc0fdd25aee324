"""The prices of what derivatives pay in, whether any of it is in the books or not."""

from django.db import migrations

PRICES = """
CREATE OR REPLACE FUNCTION portfolio_prices(p_owner uuid, p_currency text, p_at timestamptz, p_is_live boolean)
RETURNS TABLE (
    venue text, base text, asset text, price numeric, at timestamptz, source text, is_carried boolean
)
LANGUAGE plpgsql STABLE ROWS 20 AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH place AS (SELECT wallet_id, base_asset, venue FROM wallet_places WHERE owner_id = p_owner),
    held AS (
        SELECT place.venue::text AS venue, array_agg(DISTINCT part.asset) AS assets
        FROM (
            SELECT wallet_id, asset FROM wallet_books(p_owner)
            UNION
            SELECT wallet_id, asset FROM wallet_derivatives(p_owner)
        ) AS part
        JOIN place USING (wallet_id)
        GROUP BY place.venue
    ),
    base AS (
        SELECT base_asset::text AS asset FROM place
        UNION
        SELECT p_currency
        UNION
        SELECT instrument.quote::text
        FROM position_totals(p_owner) AS position JOIN market_instruments AS instrument USING (instrument_id)
        WHERE position.quantity <> 0
    )
    SELECT held.venue, base.asset, found.asset, found.price, found.at, found.source, found.is_carried
    FROM held
    CROSS JOIN base
    CROSS JOIN LATERAL market_prices(held.venue, base.asset, held.assets, p_at, p_is_live) AS found;
END
$$;
"""


class Migration(migrations.Migration):
    dependencies = (("portfolio", "0004_prices"), ("wallets", "0016_venue_positions"))

    operations = (migrations.RunSQL(PRICES, migrations.RunSQL.noop),)
