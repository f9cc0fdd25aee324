"""The prices of everything that an owner's books hold, as a function whose plan a session keeps."""

from django.db import migrations

# At each venue, in every base asset that something is valued in. plpgsql, because the plan is larger than the work: a
# statement that contains this text is planned anew each time, a function of this language once in a session.
PRICES = """
CREATE FUNCTION portfolio_prices(p_owner uuid, p_currency text, p_at timestamptz, p_is_live boolean)
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
            SELECT book.wallet_id, book.asset FROM wallet_books(p_owner) AS book
            UNION ALL
            SELECT opened.wallet_id, opened.asset FROM wallet_derivatives(p_owner) AS opened
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
    dependencies = (
        ("portfolio", "0003_scene_of_a_history"),
        ("trading", "0005_functions"),
        ("wallets", "0023_derivatives"),
        ("markets", "0002_prices"),
    )

    operations = (migrations.RunSQL(PRICES, "DROP FUNCTION portfolio_prices"),)
