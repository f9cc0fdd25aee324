-- What derivatives brought stands in accounts of its own beside the wallet's, so that it is read off the balances like
-- everything else: `profit` and `funding` are minus what was realized and received, `costs` what was paid in fees.
CREATE OR REPLACE TRIGGER of_a_known_kind BEFORE INSERT ON wallets_account
    FOR EACH ROW WHEN (NEW.kind NOT IN (
        'wallet', 'external', 'clearing', 'fees', 'suspense', 'pnl', 'profit', 'funding', 'costs'
    ))
    EXECUTE FUNCTION ledger_refuse_kind();

-- Per wallet and asset what is there, how much of it is reserved, and what has ever flowed, read off the balances alone,
-- because double entry leaves a trace of everything. All accounts of a wallet in one asset sum to what other wallets gave
-- it, since every transfer inside the wallet cancels. Its `external` and `suspense` accounts are minus what the world gave
-- it, `fees` and `costs` are what it paid and `pnl` minus what corrections gave it. `realized` is what derivatives made
-- after their fees, `funding` what they received less what they paid.
DROP FUNCTION wallet_books(uuid);
CREATE FUNCTION wallet_books(p_owner uuid)
RETURNS TABLE (
    wallet_id uuid, asset text, held numeric, flow numeric, fees numeric, adjustments numeric, reserved numeric,
    realized numeric, funding numeric
) LANGUAGE sql STABLE AS $$
    SELECT account.wallet_id, account.asset,
           coalesce(sum(balance) FILTER (WHERE kind = 'wallet'), 0),
           coalesce(sum(balance) FILTER (WHERE kind NOT IN ('external', 'suspense')), 0),
           coalesce(sum(balance) FILTER (WHERE kind IN ('fees', 'costs')), 0),
           coalesce(-sum(balance) FILTER (WHERE kind = 'pnl'), 0),
           coalesce(sum(account.held) FILTER (WHERE kind = 'wallet'), 0),
           coalesce(-sum(balance) FILTER (WHERE kind IN ('profit', 'costs')), 0),
           coalesce(-sum(balance) FILTER (WHERE kind = 'funding'), 0)
    FROM wallets_account AS account
    WHERE account.owner_id = p_owner
    GROUP BY account.wallet_id, account.asset
$$;

-- Whose the derivatives of an account are, and what they bring: the wallet that their owner has named. Where none is named
-- they were opened by hand at the venue, and are what nobody claims: the connection's unassigned wallet's. Where there is
-- none, all that the account holds is its master's, or the oldest wallet's.
CREATE FUNCTION wallet_of_derivatives(p_connection uuid) RETURNS TABLE (wallet_id uuid) LANGUAGE sql STABLE ROWS 1 AS $$
    SELECT own.id
    FROM wallets_connection AS account
    JOIN wallets_wallet AS own ON own.connection_id = account.id
    WHERE account.id = p_connection AND own.archived_at IS NULL
    ORDER BY own.id IS DISTINCT FROM account.derivatives_to_id, own.role <> 'unassigned', own.role <> 'master',
             own.created_at, own.id
    LIMIT 1
$$;

-- As before, the wallet told by the function above.
CREATE OR REPLACE FUNCTION wallet_derivatives(p_owner uuid)
RETURNS TABLE (
    position_id bigint, wallet_id uuid, symbol text, side text, asset text, underlying text, contracts numeric,
    contract_size numeric, entry_price numeric, mark_price numeric, is_inverse boolean, profit numeric,
    notional numeric, units numeric, at timestamptz
) LANGUAGE sql STABLE ROWS 5 AS $$
    SELECT held.id, own.wallet_id, held.symbol, held.side, held.settle, coalesce(nullif(held.base, ''), held.symbol),
           held.quantity, held.contract_size, held.entry_price, held.mark_price, held.is_inverse, held.unrealized_pnl,
           round(CASE WHEN held.is_inverse THEN counts.size / counts.price ELSE counts.size * counts.price END, 18),
           round(CASE WHEN held.is_inverse THEN counts.size / counts.price ELSE counts.size END, 18),
           held.at
    FROM wallets_venueposition AS held
    JOIN wallets_connection AS account ON account.id = held.connection_id AND account.state <> 'archived'
    CROSS JOIN LATERAL (
        SELECT CASE held.side WHEN 'short' THEN -1 ELSE 1 END * held.quantity * held.contract_size,
               greatest(coalesce(nullif(held.mark_price, 0), held.entry_price), 1e-18)
    ) AS counts (size, price)
    CROSS JOIN LATERAL wallet_of_derivatives(held.connection_id) AS own
    WHERE held.owner_id = p_owner
$$;
