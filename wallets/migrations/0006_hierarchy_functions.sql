-- The hierarchy and the books as other statements read them. Row-level security binds whoever asks.

-- A child counts in the asset that its parent counts in, up to the master: the value of a wallet is one number.
ALTER TABLE wallets_wallet
    ADD CONSTRAINT wallet_base_identity UNIQUE (id, base_asset),
    ADD CONSTRAINT wallet_base_is_the_parents FOREIGN KEY (parent_id, base_asset)
        REFERENCES wallets_wallet (id, base_asset) ON UPDATE CASCADE;

-- Wallets with what their connection adds: what other apps may know of a wallet's row.
CREATE VIEW wallet_places WITH (security_invoker = true) AS
SELECT wallet.id AS wallet_id, wallet.owner_id, wallet.parent_id, wallet.name, wallet.role, wallet.base_asset,
       wallet.target_weight, wallet.created_at, wallet.connection_id, connection.venue
FROM wallets_wallet AS wallet
JOIN wallets_connection AS connection ON connection.id = wallet.connection_id;

-- Of two trading states the stricter one. What is not known is the strictest of all.
CREATE FUNCTION wallet_stricter(one text, other text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN coalesce(array_position(ARRAY['active', 'reducing', 'halted'], one), 4)
                     >= coalesce(array_position(ARRAY['active', 'reducing', 'halted'], other), 4)
                THEN one ELSE other END
$$;

-- What a wallet stands under, nearest first: at -1 the connection it trades through (one that is paused or
-- archived is closed: it trades nothing), at 0 itself, then every wallet above it up to the master.
CREATE FUNCTION wallet_path(p_wallet uuid)
RETURNS TABLE (step integer, wallet_id uuid, connection_id uuid, name text, trading_state text)
LANGUAGE sql STABLE AS $$
    WITH RECURSIVE path AS (
        SELECT id, parent_id, wallets_wallet.connection_id, wallets_wallet.name, wallets_wallet.trading_state, 0 AS step
        FROM wallets_wallet WHERE id = p_wallet
        UNION ALL
        SELECT above.id, above.parent_id, above.connection_id, above.name, above.trading_state, path.step + 1
        FROM wallets_wallet AS above JOIN path ON above.id = path.parent_id
    )
    SELECT path.step, path.id, NULL::uuid, path.name, path.trading_state FROM path
    UNION ALL
    SELECT -1, NULL, venue.id, venue.name, CASE venue.state WHEN 'active' THEN 'active' ELSE 'closed' END
    FROM path JOIN wallets_connection AS venue ON venue.id = path.connection_id
    WHERE path.step = 0
    ORDER BY 1
$$;

-- Each of the wallets with everything below it; at distance 0 the wallet itself. `state` is the strictest trading state
-- from the root down to the wallet.
CREATE FUNCTION wallet_subtree(p_wallets uuid[])
RETURNS TABLE (root_id uuid, wallet_id uuid, distance integer, state text) LANGUAGE sql STABLE ROWS 50 AS $$
    WITH RECURSIVE subtree (root_id, wallet_id, distance, state) AS (
        SELECT id, id, 0, trading_state::text FROM wallets_wallet WHERE id = ANY (p_wallets)
        UNION ALL
        SELECT subtree.root_id, below.id, subtree.distance + 1, wallet_stricter(subtree.state, below.trading_state)
        FROM subtree JOIN wallets_wallet AS below ON below.parent_id = subtree.wallet_id
    )
    SELECT * FROM subtree
$$;

-- Per wallet and asset what is there, how much of it is reserved, and what has ever flowed, read off the balances alone,
-- because double entry leaves a trace of everything. All accounts of a wallet in one asset sum to what other wallets gave
-- it, since every transfer inside the wallet cancels. Its `external` and `suspense` accounts are minus what the world gave
-- it, `fees` is what it paid and `pnl` minus what corrections gave it.
CREATE FUNCTION wallet_books(p_owner uuid)
RETURNS TABLE (
    wallet_id uuid, asset text, held numeric, flow numeric, fees numeric, adjustments numeric, reserved numeric
) LANGUAGE sql STABLE AS $$
    SELECT account.wallet_id, account.asset,
           coalesce(sum(balance) FILTER (WHERE kind = 'wallet'), 0),
           coalesce(sum(balance) FILTER (WHERE kind NOT IN ('external', 'suspense')), 0),
           coalesce(sum(balance) FILTER (WHERE kind = 'fees'), 0),
           coalesce(-sum(balance) FILTER (WHERE kind = 'pnl'), 0),
           coalesce(sum(account.held) FILTER (WHERE kind = 'wallet'), 0)
    FROM wallets_account AS account
    WHERE account.owner_id = p_owner
    GROUP BY account.wallet_id, account.asset
$$;

-- What the wallet itself has of an asset, reserved or not; NULL when it never had any.
CREATE FUNCTION wallet_balance(p_wallet uuid, p_asset text) RETURNS numeric LANGUAGE sql STABLE AS $$
    SELECT balance FROM wallets_account WHERE wallet_id = p_wallet AND asset = p_asset AND kind = 'wallet'
$$;
