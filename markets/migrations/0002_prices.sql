-- The only pricing. Whatever needs the price of an asset asks these functions, so that one asset has one price.
--
-- What is "now" the caller says, because the clock may stand in the past: over history (p_is_live false) the tickers of
-- the table belong to the future, and a price is the close of the bar that closed last before p_at.

-- What a ticker said last before it went away. A price that was known once is carried, and its age tells how old it is.
CREATE TABLE markets_lastprice (
    instrument_id bigint PRIMARY KEY REFERENCES markets_instrument ON DELETE CASCADE,
    price numeric(38,18) NOT NULL,
    source varchar(40) NOT NULL,
    at timestamptz NOT NULL
);

CREATE FUNCTION market_remember_price() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO markets_lastprice AS known (instrument_id, price, source, at)
    VALUES (OLD.instrument_id, OLD.price, OLD.source, OLD.at)
    ON CONFLICT (instrument_id) DO UPDATE SET price = excluded.price, source = excluded.source, at = excluded.at
    WHERE known.at <= excluded.at;
    RETURN OLD;
END
$$;

CREATE TRIGGER remember_price BEFORE DELETE ON markets_ticker FOR EACH ROW EXECUTE FUNCTION market_remember_price();

-- The lengths of candles in milliseconds, as `markets.models.Timeframe` has them (a test compares the two).
CREATE FUNCTION market_timeframes() RETURNS TABLE (timeframe text, length bigint) LANGUAGE sql IMMUTABLE AS $$
    VALUES ('1m', 60000::bigint), ('5m', 300000), ('15m', 900000), ('1h', 3600000), ('4h', 14400000), ('1d', 86400000)
$$;

-- The close of each instrument's bar that had closed last at p_at; of several at once, the finest timeframe's. A float
-- becomes money by the shortest decimal that names it, as it was quoted.
CREATE FUNCTION market_closes(p_instruments bigint[], p_at timestamptz)
RETURNS TABLE (instrument_id bigint, price numeric, source text, at timestamptz) LANGUAGE sql STABLE AS $$
    SELECT DISTINCT ON (instrument.id) instrument.id, bar.close::text::numeric,
           CASE WHEN instrument.is_simulated THEN 'simulated' ELSE 'recorded' END,
           timestamptz 'epoch' + (bar.ts + frame.length) * interval '1 millisecond'
    FROM markets_instrument AS instrument
    CROSS JOIN market_timeframes() AS frame
    CROSS JOIN LATERAL (
        SELECT ts, close FROM markets_candle
        WHERE markets_candle.instrument_id = instrument.id AND markets_candle.timeframe = frame.timeframe
              AND ts <= floor(extract(epoch FROM p_at) * 1000)::bigint - frame.length
        ORDER BY ts DESC LIMIT 1
    ) AS bar
    WHERE instrument.id = ANY (p_instruments)
    ORDER BY instrument.id, bar.ts + frame.length DESC, frame.length
$$;

-- What instruments cost at p_at, for trading: what somebody said, or nothing.
CREATE FUNCTION market_quotes(p_instruments bigint[], p_at timestamptz, p_is_live boolean)
RETURNS TABLE (instrument_id bigint, price numeric, bid numeric, ask numeric, source text, at timestamptz)
LANGUAGE sql STABLE AS $$
    SELECT instrument_id, price, coalesce(nullif(bid, 0), price), coalesce(nullif(ask, 0), price), source, at
    FROM markets_ticker
    WHERE p_is_live AND instrument_id = ANY (p_instruments)
    UNION ALL
    SELECT instrument_id, price, price, price, source, at
    FROM market_closes(CASE WHEN p_is_live THEN '{}' ELSE p_instruments END, p_at)
$$;

-- What instruments cost at p_at, for valuing: as `market_quotes`, and without a ticker the last that was ever known.
CREATE FUNCTION market_known_quotes(p_instruments bigint[], p_at timestamptz, p_is_live boolean)
RETURNS TABLE (instrument_id bigint, price numeric, source text, at timestamptz, is_carried boolean)
LANGUAGE sql STABLE AS $$
    WITH said AS (
        SELECT * FROM market_quotes(p_instruments, p_at, p_is_live) AS quote
        WHERE quote.price > 0 AND quote.price < 1e20  -- NaN is greater than every number
    ),
    silent AS (
        SELECT ARRAY(SELECT unnest(p_instruments) EXCEPT SELECT said.instrument_id FROM said) AS instruments
        WHERE p_is_live
    )
    SELECT instrument_id, price, source, at, false FROM said
    UNION ALL
    (
        SELECT DISTINCT ON (instrument_id) instrument_id, price, source, at, true
        FROM (
            SELECT closed.* FROM silent CROSS JOIN LATERAL market_closes(silent.instruments, p_at) AS closed
            UNION ALL
            SELECT known.instrument_id, known.price, known.source, known.at
            FROM silent JOIN markets_lastprice AS known ON known.instrument_id = ANY (silent.instruments)
        ) AS carried
        WHERE price > 0 AND price < 1e20
        ORDER BY instrument_id, at DESC
    )
$$;

-- Where a venue's assets are priced: at itself where it has spot or prediction markets. An exchange of derivatives alone has
-- none, and is named after the exchange it belongs to (binanceusdm after binance): that one's prices are its own.
CREATE FUNCTION market_priced_at(p_venue text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT CASE
        WHEN EXISTS (SELECT FROM markets_instrument WHERE venue = p_venue AND kind IN ('spot', 'prediction')) THEN p_venue
        ELSE coalesce((
            SELECT venue FROM markets_instrument
            WHERE kind = 'spot' AND starts_with(p_venue, venue) ORDER BY length(venue) DESC LIMIT 1
        ), p_venue)
    END
$$;

-- What one of each asset is worth in p_base at p_at, by the venue's spot and prediction markets. Taken are, in this
-- order: 1 for the base itself, ASSET/BASE, BASE/ASSET turned round, one step over a third asset that both have a market
-- with (the first by name); a price that somebody says now comes before one that is carried. An asset without any of
-- these is left out, not guessed. Never more than 1e20, so that what is valued fits what remembers it.
CREATE FUNCTION market_prices(p_venue text, p_base text, p_assets text[], p_at timestamptz, p_is_live boolean)
RETURNS TABLE (asset text, price numeric, source text, at timestamptz, is_carried boolean) LANGUAGE sql STABLE AS $$
    WITH wanted AS (SELECT DISTINCT name FROM unnest(p_assets) AS name WHERE name <> p_base),
    pair AS MATERIALIZED (
        SELECT instrument.id, way.asset, way.other, way.is_turned
        FROM markets_instrument AS instrument
        CROSS JOIN LATERAL (
            VALUES (instrument.base, instrument.quote, false), (instrument.quote, instrument.base, true)
        ) AS way (asset, other, is_turned)
        WHERE instrument.venue = (SELECT market_priced_at(p_venue)) AND instrument.kind IN ('spot', 'prediction')
              AND (way.other = p_base OR way.asset = ANY (p_assets))
    ),
    path AS MATERIALIZED (
        SELECT wanted.name, '' AS bridge, one.id AS first, one.is_turned AS first_turned,
               NULL::bigint AS second, false AS second_turned
        FROM wanted JOIN pair AS one ON one.asset = wanted.name AND one.other = p_base
        UNION ALL
        SELECT wanted.name, one.other, one.id, one.is_turned, two.id, two.is_turned
        FROM wanted
        JOIN pair AS one ON one.asset = wanted.name AND one.other <> p_base
        JOIN pair AS two ON two.asset = one.other AND two.other = p_base
    ),
    quote AS MATERIALIZED (
        SELECT * FROM market_known_quotes(
            ARRAY(SELECT first FROM path UNION SELECT second FROM path WHERE second IS NOT NULL), p_at, p_is_live
        )
    )
    SELECT p_base, 1::numeric, 'identity', p_at, false WHERE p_base = ANY (p_assets)
    UNION ALL
    (
        SELECT DISTINCT ON (path.name) path.name, worth.price,
               CASE WHEN 'simulated' IN (one.source, two.source) THEN 'simulated' ELSE one.source END,
               least(one.at, two.at), one.is_carried OR coalesce(two.is_carried, false)
        FROM path
        JOIN quote AS one ON one.instrument_id = path.first
        LEFT JOIN quote AS two ON two.instrument_id = path.second
        CROSS JOIN LATERAL (
            SELECT CASE WHEN path.first_turned THEN 1 / one.price ELSE one.price END
                   * CASE WHEN path.second IS NULL THEN 1 WHEN path.second_turned THEN 1 / two.price ELSE two.price END
        ) AS worth (price)
        WHERE worth.price > 0 AND worth.price < 1e20
        ORDER BY path.name, one.is_carried OR coalesce(two.is_carried, false), path.bridge, path.first_turned,
                 path.second_turned, path.first, path.second
    )
$$;

-- Instruments as other apps' statements may read them.
CREATE VIEW market_instruments AS
SELECT id AS instrument_id, venue, symbol, base, quote, kind IN ('perpetual', 'future') AS is_derivative
FROM markets_instrument;
