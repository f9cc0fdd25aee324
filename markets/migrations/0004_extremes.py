"""How far a market went since a moment, for the statements of whoever keeps orders that wait for a price."""

from django.db import migrations

EXTREMES = """
-- What the instrument's bars of a minute went through that opened at p_since or later and were over at p_until, and when
-- the last of them was; a row of nulls where there are none. As quoted: see `market_closes`.
CREATE FUNCTION market_extremes(p_instrument bigint, p_since timestamptz, p_until timestamptz)
RETURNS TABLE (low numeric, high numeric, until timestamptz) LANGUAGE sql STABLE AS $$
    SELECT min(low)::text::numeric, max(high)::text::numeric,
           timestamptz 'epoch' + (max(ts) + 60000) * interval '1 millisecond'
    FROM markets_candle
    WHERE instrument_id = p_instrument AND timeframe = '1m'
          AND ts >= ceil(extract(epoch FROM p_since) * 1000)::bigint
          AND ts <= floor(extract(epoch FROM p_until) * 1000)::bigint - 60000
$$;
"""


class Migration(migrations.Migration):
    dependencies = (("markets", "0003_derivatives"),)

    operations = (migrations.RunSQL(EXTREMES, "DROP FUNCTION market_extremes"),)
