"""`wallet_under` as it was at a moment, now that it is kept."""

from django.db import migrations

UNDER = """
CREATE OR REPLACE FUNCTION wallet_under(p_wallet uuid, p_at timestamptz) RETURNS uuid LANGUAGE plpgsql STABLE AS $$
DECLARE
    stood record;
BEGIN
    SELECT under_id INTO stood FROM portfolio_stay
    WHERE wallet_id = p_wallet AND until >= p_at ORDER BY until LIMIT 1;
    IF FOUND THEN
        RETURN stood.under_id;
    END IF;
    RETURN (SELECT parent_id FROM wallet_places WHERE wallet_id = p_wallet);
END $$;
"""
NOW = """
CREATE OR REPLACE FUNCTION wallet_under(p_wallet uuid, p_at timestamptz) RETURNS uuid LANGUAGE sql STABLE AS $$
    SELECT parent_id FROM wallet_places WHERE wallet_id = p_wallet
$$;
"""


class Migration(migrations.Migration):
    dependencies = (("portfolio", "0021_who_stood_below"), ("wallets", "0040_where_they_stood"))

    operations = (migrations.RunSQL(UNDER, NOW),)
