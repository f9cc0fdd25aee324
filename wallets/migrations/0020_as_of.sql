-- What accounts said at a moment of their past: the last link of each that is not after the transfer `p_transfer` nor
-- after `p_at` (NULL: whatever). A chain's versions have no gap and its transfers grow with them, so the link is found by
-- halving: some seventeen rows of a hundred thousand are read. Accounts that had none yet are left out. Whatever the
-- planner makes of a table that it has seen empty, reading all of an owner for each link would be wrong: every look asks
-- for the next link in the chain's order, which without a sort only the chain's own index can tell.
CREATE FUNCTION ledger_as_of(p_accounts bigint[], p_transfer bigint, p_at timestamptz)
RETURNS TABLE (account_id bigint, version bigint, balance numeric, transfer_id bigint)
LANGUAGE plpgsql STABLE SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off
AS $$
DECLARE
    low bigint;   -- a link that is early enough, 0 while none is known
    high bigint;  -- one that is not, or the one after the last
    middle bigint;
    link record;
BEGIN
    FOREACH account_id IN ARRAY p_accounts LOOP
        low := 0;
        SELECT a.version + 1 INTO high FROM wallets_account a WHERE a.id = account_id;
        CONTINUE WHEN high IS NULL;
        transfer_id := NULL;
        WHILE low + 1 < high LOOP
            -- the last one first: it is what is asked for as a rule
            middle := CASE WHEN low = 0 AND p_transfer IS NULL AND p_at IS NULL THEN high - 1 ELSE (low + high) / 2 END;
            SELECT t.id, t.debit_version AS number, t.debit_balance AS said, t.created_at INTO link
            FROM wallets_transfer t WHERE t.debit_id = account_id AND t.debit_version >= middle
            ORDER BY t.debit_version LIMIT 1;
            IF link.number IS DISTINCT FROM middle THEN
                SELECT t.id, t.credit_version AS number, t.credit_balance AS said, t.created_at INTO link
                FROM wallets_transfer t WHERE t.credit_id = account_id AND t.credit_version >= middle
                ORDER BY t.credit_version LIMIT 1;
            END IF;
            IF link.id > p_transfer OR link.created_at > p_at THEN
                high := middle;
            ELSE
                low := middle;
                version := middle;
                balance := link.said;
                transfer_id := link.id;
            END IF;
        END LOOP;
        IF transfer_id IS NOT NULL THEN
            RETURN NEXT;
        END IF;
    END LOOP;
END $$;
