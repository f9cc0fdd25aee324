"""Who stood below whom, and when: asked by whoever counts what wallets did while they stood somewhere."""

from django.db import migrations

# As `portfolio.trees` has it: a wallet stood where it was until the moment of its stay, and stands where it is from
# then on. Each stands below itself.
STOOD_BELOW = """
CREATE FUNCTION portfolio_stood_below(p_owner uuid, p_roots uuid[])
RETURNS TABLE (root_id uuid, wallet_id uuid, times tstzmultirange)
LANGUAGE sql STABLE AS $$
    WITH RECURSIVE place (wallet_id, under_id, time) AS MATERIALIZED (
        SELECT stay.wallet_id, stay.under_id,
               tstzrange(lag(stay.until) OVER (PARTITION BY stay.wallet_id ORDER BY stay.until), stay.until, '(]')
        FROM portfolio_stay AS stay WHERE stay.owner_id = p_owner
        UNION ALL
        SELECT now.wallet_id, now.parent_id, tstzrange(moved.last, NULL, '()')
        FROM wallet_places AS now
        LEFT JOIN (
            SELECT stay.wallet_id, max(stay.until) AS last FROM portfolio_stay AS stay
            WHERE stay.owner_id = p_owner GROUP BY stay.wallet_id
        ) AS moved USING (wallet_id)
        WHERE now.owner_id = p_owner
    ),
    below (root_id, wallet_id, time) AS (
        SELECT root, root, tstzrange(NULL, NULL) FROM unnest(p_roots) AS root
        UNION ALL
        SELECT below.root_id, place.wallet_id, below.time * place.time
        FROM below JOIN place ON place.under_id = below.wallet_id AND place.time && below.time
    )
    SELECT below.root_id, below.wallet_id, range_agg(below.time) FROM below GROUP BY below.root_id, below.wallet_id
$$;
"""


class Migration(migrations.Migration):
    dependencies = (("portfolio", "0020_stays"),)

    operations = (migrations.RunSQL(STOOD_BELOW, "DROP FUNCTION portfolio_stood_below;"),)
