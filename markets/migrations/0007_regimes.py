"""What a market did before a moment, in one word."""

from django.db import migrations

# Kaufman's efficiency ratio (Trading Systems and Methods, 1978) of the twenty days that were over then: how far the price
# came, of all the way that it went. Empty where that many days are not known. `quant.regimes` says the same.
REGIME = """
CREATE FUNCTION market_regime(p_instrument bigint, p_at timestamptz) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT CASE
        WHEN count(step) < 20 THEN ''
        WHEN abs(sum(step)) < 0.3 * sum(abs(step)) OR sum(abs(step)) = 0 THEN 'sideways'
        WHEN sum(step) > 0 THEN 'rising'
        ELSE 'falling'
    END
    FROM (
        SELECT close - lag(close) OVER (ORDER BY ts) AS step
        FROM (
            SELECT ts, close FROM public.markets_candle
            WHERE instrument_id = (SELECT coalesce(prices_of_id, id) FROM public.markets_instrument WHERE id = p_instrument)
                  AND timeframe = '1d' AND ts <= (extract(epoch FROM p_at) * 1000)::bigint - 86400000
            ORDER BY ts DESC LIMIT 21
        ) AS day
    ) AS change
$$;
"""


class Migration(migrations.Migration):
    dependencies = (("markets", "0006_kept_series"),)

    operations = (migrations.RunSQL(REGIME, "DROP FUNCTION market_regime"),)
