"""The perpetuals that paper accounts trade: each has the prices and the candles of a spot market."""

from decimal import Decimal

import django.db.models.deletion
from django.db import migrations, models

import kit.models

# As before, the series that the instrument's prices come from told by it.
PRICES = """
CREATE OR REPLACE FUNCTION market_closes(p_instruments bigint[], p_at timestamptz)
RETURNS TABLE (instrument_id bigint, price numeric, source text, at timestamptz) LANGUAGE sql STABLE AS $$
    SELECT DISTINCT ON (instrument.id) instrument.id, bar.close::text::numeric,
           CASE WHEN instrument.is_simulated THEN 'simulated' ELSE 'recorded' END,
           timestamptz 'epoch' + (bar.ts + frame.length) * interval '1 millisecond'
    FROM markets_instrument AS instrument
    CROSS JOIN market_timeframes() AS frame
    CROSS JOIN LATERAL (
        SELECT ts, close FROM markets_candle
        WHERE markets_candle.instrument_id = coalesce(instrument.prices_of_id, instrument.id)
              AND markets_candle.timeframe = frame.timeframe
              AND ts <= floor(extract(epoch FROM p_at) * 1000)::bigint - frame.length
        ORDER BY ts DESC LIMIT 1
    ) AS bar
    WHERE instrument.id = ANY (p_instruments)
    ORDER BY instrument.id, bar.ts + frame.length DESC, frame.length
$$;

CREATE OR REPLACE FUNCTION market_quotes(p_instruments bigint[], p_at timestamptz, p_is_live boolean)
RETURNS TABLE (instrument_id bigint, price numeric, bid numeric, ask numeric, source text, at timestamptz)
LANGUAGE sql STABLE AS $$
    SELECT instrument.id, price, coalesce(nullif(bid, 0), price), coalesce(nullif(ask, 0), price), source, at
    FROM markets_instrument AS instrument
    JOIN markets_ticker AS ticker ON ticker.instrument_id = coalesce(instrument.prices_of_id, instrument.id)
    WHERE p_is_live AND instrument.id = ANY (p_instruments)
    UNION ALL
    SELECT instrument_id, price, price, price, source, at
    FROM market_closes(CASE WHEN p_is_live THEN '{}' ELSE p_instruments END, p_at)
$$;

CREATE OR REPLACE FUNCTION market_extremes(p_instrument bigint, p_since timestamptz, p_until timestamptz)
RETURNS TABLE (low numeric, high numeric, until timestamptz) LANGUAGE sql STABLE AS $$
    SELECT min(low)::text::numeric, max(high)::text::numeric,
           timestamptz 'epoch' + (max(ts) + 60000) * interval '1 millisecond'
    FROM markets_candle
    WHERE instrument_id = (SELECT coalesce(prices_of_id, id) FROM markets_instrument WHERE id = p_instrument)
          AND timeframe = '1m'
          AND ts >= ceil(extract(epoch FROM p_since) * 1000)::bigint
          AND ts <= floor(extract(epoch FROM p_until) * 1000)::bigint - 60000
$$;
"""


class Migration(migrations.Migration):
    dependencies = (("markets", "0004_extremes"),)

    operations = (
        migrations.AddField(
            model_name="instrument",
            name="maintenance_margin",
            field=kit.models.MoneyField(
                blank=True,
                help_text="Of a paper perpetual: the fraction of its worth at which it is liquidated.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="instrument",
            name="prices_of",
            field=models.ForeignKey(
                blank=True,
                help_text="Of a paper perpetual: the spot market whose prices and candles are its own.",
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="markets.instrument",
            ),
        ),
        migrations.AddConstraint(
            model_name="instrument",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("prices_of", None),
                    models.Q(
                        ("contract_size", 1),
                        ("kind", "perpetual"),
                        ("maintenance_margin__gt", 0),
                        ("maintenance_margin__lt", 1),
                        ("max_leverage__gte", 1),
                        ("max_leverage__lt", Decimal(100000000000000000000)),
                        ("settle", models.F("quote")),
                    ),
                    _connector="OR",
                ),
                name="instrument_paper_perpetual",
            ),
        ),
        migrations.RunSQL(PRICES, migrations.RunSQL.noop),
    )
