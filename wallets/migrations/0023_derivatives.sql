-- The derivatives that are open at an owner's venues, each with the wallet that it belongs to and what it adds to that
-- wallet's value: `profit`, what it has won or lost since it was opened, as the venue told it at `at`. Everybody who says
-- what a wallet is worth reads it here. The margin of a position stands in the balances already and is not told again.
--
-- They belong to the wallet that their owner has named. Where none is named they were opened by hand at the venue, and are
-- what nobody claims: the connection's unassigned wallet's. Where there is none, all that the account holds is its
-- master's, or the oldest wallet's. An archived account is not looked at any more, and its positions are nobody's.
--
-- `profit` and `notional` (what its contracts are worth at the mark price, negative where it is short) are in `asset`, what
-- it settles in. `underlying` is what its price is of, and `units` how much of that it stands for, negative likewise.
CREATE FUNCTION wallet_derivatives(p_owner uuid)
RETURNS TABLE (
    position_id bigint, wallet_id uuid, symbol text, side text, asset text, underlying text, contracts numeric,
    contract_size numeric, entry_price numeric, mark_price numeric, is_inverse boolean, profit numeric,
    notional numeric, units numeric, at timestamptz
) LANGUAGE sql STABLE ROWS 5 AS $$
    SELECT held.id, own.id, held.symbol, held.side, held.settle, coalesce(nullif(held.base, ''), held.symbol),
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
    CROSS JOIN LATERAL (
        SELECT id FROM wallets_wallet
        WHERE connection_id = held.connection_id AND archived_at IS NULL
        ORDER BY id IS DISTINCT FROM account.derivatives_to_id, role <> 'unassigned', role <> 'master', created_at, id LIMIT 1
    ) AS own
    WHERE held.owner_id = p_owner
$$;
