-- The ledger's keys, privileges, checks and its one posting function. What they protect stands in wallets/models/ledger.py.
--
-- Functions that read run as the owner role, which row-level security binds too (FORCE), with the search path pinned.
-- Checks run when the transaction commits, after `tenant()` has taken its setting back, so each of them looks at the
-- books as the owner of the row it checks, and puts back what was set before.

-- --- composite keys: what belongs together has one owner and one asset ----------------------------------------------

ALTER TABLE wallets_connection ADD CONSTRAINT connection_identity UNIQUE (id, owner_id);
ALTER TABLE wallets_wallet
    ADD CONSTRAINT wallet_connection_same_owner
        FOREIGN KEY (connection_id, owner_id) REFERENCES wallets_connection (id, owner_id),
    ADD CONSTRAINT wallet_parent_same_owner
        FOREIGN KEY (parent_id, owner_id) REFERENCES wallets_wallet (id, owner_id);
ALTER TABLE wallets_account
    ADD CONSTRAINT account_wallet_same_owner
        FOREIGN KEY (wallet_id, owner_id) REFERENCES wallets_wallet (id, owner_id);
ALTER TABLE wallets_transfer
    ADD CONSTRAINT transfer_debit_same_asset
        FOREIGN KEY (debit_id, asset, owner_id) REFERENCES wallets_account (id, asset, owner_id),
    ADD CONSTRAINT transfer_credit_same_asset
        FOREIGN KEY (credit_id, asset, owner_id) REFERENCES wallets_account (id, asset, owner_id);

-- --- privileges: everybody but the owner may read, nobody else may write -----------------------------------------------

DO $$
DECLARE
    books text;
    somebody text;
BEGIN
    FOREACH books IN ARRAY ARRAY['wallets_account', 'wallets_posting', 'wallets_transfer', 'wallets_entry', 'wallets_hold']
    LOOP
        FOR somebody IN
            SELECT DISTINCT pg_get_userbyid(acl.grantee)
            FROM pg_class c, LATERAL aclexplode(c.relacl) acl
            WHERE c.oid = books::regclass AND acl.grantee NOT IN (0, c.relowner)
        LOOP
            EXECUTE format('REVOKE ALL ON %I FROM %I', books, somebody);
            EXECUTE format('GRANT SELECT ON %I TO %I', books, somebody);
        END LOOP;
    END LOOP;
END $$;

-- --- history is only ever added to ---------------------------------------------------------------------------------------

CREATE FUNCTION ledger_refuse_change() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION '% on % is refused: the ledger is append-only, post a correcting transfer instead', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'LG010';
END $$;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON wallets_posting
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON wallets_transfer
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON wallets_entry
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON wallets_hold
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();
CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON wallets_account
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();
CREATE TRIGGER same_identity BEFORE UPDATE ON wallets_account
    FOR EACH ROW WHEN ((OLD.id, OLD.owner_id, OLD.wallet_id, OLD.asset, OLD.kind)
                       IS DISTINCT FROM (NEW.id, NEW.owner_id, NEW.wallet_id, NEW.asset, NEW.kind))
    EXECUTE FUNCTION ledger_refuse_change();

-- --- checks at commit ----------------------------------------------------------------------------------------------------

-- An account equals the last links of its two chains.
CREATE FUNCTION ledger_check_account() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    asking text := current_setting('app.user_id', true);
    head record;
BEGIN
    PERFORM set_config('app.user_id', NEW.owner_id::text, true);
    SELECT a.balance, a.version, a.held, a.held_version,
           COALESCE(e.balance_after, 0) AS balance_after, COALESCE(e.version, 0) AS last_entry,
           COALESCE(h.held_after, 0) AS held_after, COALESCE(h.version, 0) AS last_hold
    INTO head
    FROM wallets_account a
    LEFT JOIN LATERAL (SELECT balance_after, version FROM wallets_entry
                       WHERE account_id = a.id ORDER BY version DESC LIMIT 1) e ON true
    LEFT JOIN LATERAL (SELECT held_after, version FROM wallets_hold
                       WHERE account_id = a.id ORDER BY version DESC LIMIT 1) h ON true
    WHERE a.id = NEW.id;
    IF (head.balance, head.version) IS DISTINCT FROM (head.balance_after, head.last_entry) THEN
        RAISE EXCEPTION 'account % says % at version %, its last entry says % at version %',
            NEW.id, head.balance, head.version, head.balance_after, head.last_entry USING ERRCODE = 'LG011';
    END IF;
    IF (head.held, head.held_version) IS DISTINCT FROM (head.held_after, head.last_hold) THEN
        RAISE EXCEPTION 'account % says % held at version %, its last hold says % at version %',
            NEW.id, head.held, head.held_version, head.held_after, head.last_hold USING ERRCODE = 'LG011';
    END IF;
    PERFORM set_config('app.user_id', COALESCE(asking, ''), true);
    RETURN NULL;
END $$;

-- An entry belongs to a transfer that moves money, is its debit or its credit, and continues its account's chain.
CREATE FUNCTION ledger_check_entry() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    asking text := current_setting('app.user_id', true);
    seen record;
BEGIN
    PERFORM set_config('app.user_id', NEW.owner_id::text, true);
    SELECT a.version, a.balance, t.phase, t.amount, t.debit_id, t.credit_id, previous.balance_after AS balance_before
    INTO seen
    FROM wallets_account a
    JOIN wallets_transfer t ON t.id = NEW.transfer_id
    LEFT JOIN wallets_entry previous ON previous.account_id = NEW.account_id AND previous.version = NEW.version - 1
    WHERE a.id = NEW.account_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'entry %#% has no transfer or no account of its owner', NEW.account_id, NEW.version
            USING ERRCODE = 'LG012';
    END IF;
    IF seen.phase NOT IN ('posted', 'settle')
        OR NEW.amount IS DISTINCT FROM (CASE NEW.account_id WHEN seen.debit_id THEN -seen.amount
                                                            WHEN seen.credit_id THEN seen.amount END)
    THEN
        RAISE EXCEPTION 'entry %#% does not match its transfer %', NEW.account_id, NEW.version, NEW.transfer_id
            USING ERRCODE = 'LG013';
    END IF;
    IF NEW.version = 1 THEN
        seen.balance_before := 0;
    END IF;
    IF NEW.version < 1 OR NEW.balance_after IS DISTINCT FROM seen.balance_before + NEW.amount THEN
        RAISE EXCEPTION 'entry %#% does not continue its account''s chain', NEW.account_id, NEW.version
            USING ERRCODE = 'LG014';
    END IF;
    IF seen.version < NEW.version OR (seen.version = NEW.version AND seen.balance <> NEW.balance_after) THEN
        RAISE EXCEPTION 'account % does not equal its last entry, version %', NEW.account_id, NEW.version
            USING ERRCODE = 'LG011';
    END IF;
    PERFORM set_config('app.user_id', COALESCE(asking, ''), true);
    RETURN NULL;
END $$;

-- A hold belongs to a transfer that reserves or releases, on its debited account, and continues that account's chain.
CREATE FUNCTION ledger_check_hold() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    asking text := current_setting('app.user_id', true);
    seen record;
BEGIN
    PERFORM set_config('app.user_id', NEW.owner_id::text, true);
    SELECT a.held_version, a.held, t.debit_id, previous.held_after AS held_before,
           CASE t.phase WHEN 'pending' THEN t.amount WHEN 'settle' THEN -p.amount WHEN 'void' THEN -p.amount END AS change
    INTO seen
    FROM wallets_account a
    JOIN wallets_transfer t ON t.id = NEW.transfer_id
    LEFT JOIN wallets_transfer p ON p.id = t.pending_id
    LEFT JOIN wallets_hold previous ON previous.account_id = NEW.account_id AND previous.version = NEW.version - 1
    WHERE a.id = NEW.account_id;
    IF NOT FOUND OR NEW.account_id <> seen.debit_id OR NEW.amount IS DISTINCT FROM seen.change THEN
        RAISE EXCEPTION 'hold %#% does not match its transfer %', NEW.account_id, NEW.version, NEW.transfer_id
            USING ERRCODE = 'LG013';
    END IF;
    IF NEW.version = 1 THEN
        seen.held_before := 0;
    END IF;
    IF NEW.version < 1 OR NEW.held_after IS DISTINCT FROM seen.held_before + NEW.amount THEN
        RAISE EXCEPTION 'hold %#% does not continue its account''s chain', NEW.account_id, NEW.version
            USING ERRCODE = 'LG014';
    END IF;
    IF seen.held_version < NEW.version OR (seen.held_version = NEW.version AND seen.held <> NEW.held_after) THEN
        RAISE EXCEPTION 'account % does not equal its last hold, version %', NEW.account_id, NEW.version
            USING ERRCODE = 'LG011';
    END IF;
    PERFORM set_config('app.user_id', COALESCE(asking, ''), true);
    RETURN NULL;
END $$;

-- A transfer has two entries that cancel when it moves money, else none; a hold unless it was posted at once; and one
-- that resolves a pending transfer stays between its accounts and within its amount.
CREATE FUNCTION ledger_check_transfer() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    asking text := current_setting('app.user_id', true);
    moves boolean := NEW.phase IN ('posted', 'settle');
    reserves boolean := NEW.phase <> 'posted';
    entries bigint;
    total numeric;
    holds bigint;
    reserved record;
BEGIN
    PERFORM set_config('app.user_id', NEW.owner_id::text, true);
    SELECT count(*), COALESCE(sum(amount), 0) INTO entries, total FROM wallets_entry WHERE transfer_id = NEW.id;
    IF entries <> (CASE WHEN moves THEN 2 ELSE 0 END) OR total <> 0 THEN
        RAISE EXCEPTION 'transfer % (%) has % entries that sum to %', NEW.id, NEW.phase, entries, total
            USING ERRCODE = 'LG015';
    END IF;
    SELECT count(*) INTO holds FROM wallets_hold WHERE transfer_id = NEW.id;
    IF holds <> (CASE WHEN reserves THEN 1 ELSE 0 END) THEN
        RAISE EXCEPTION 'transfer % (%) has % holds', NEW.id, NEW.phase, holds USING ERRCODE = 'LG015';
    END IF;
    IF NEW.pending_id IS NOT NULL THEN
        SELECT phase, debit_id, credit_id, amount INTO reserved FROM wallets_transfer WHERE id = NEW.pending_id;
        IF NOT FOUND OR reserved.phase <> 'pending'
            OR (reserved.debit_id, reserved.credit_id) IS DISTINCT FROM (NEW.debit_id, NEW.credit_id)
            OR NEW.amount > reserved.amount OR (NEW.phase = 'void' AND NEW.amount <> reserved.amount)
        THEN
            RAISE EXCEPTION 'transfer % (%) does not fit the pending transfer %', NEW.id, NEW.phase, NEW.pending_id
                USING ERRCODE = 'LG016';
        END IF;
    END IF;
    PERFORM set_config('app.user_id', COALESCE(asking, ''), true);
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER equals_last_entry AFTER INSERT OR UPDATE ON wallets_account
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_check_account();
CREATE CONSTRAINT TRIGGER continues_chain AFTER INSERT ON wallets_entry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_check_entry();
CREATE CONSTRAINT TRIGGER continues_chain AFTER INSERT ON wallets_hold
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_check_hold();
CREATE CONSTRAINT TRIGGER balances AFTER INSERT ON wallets_transfer
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_check_transfer();

-- --- the one way in ------------------------------------------------------------------------------------------------------

-- Legs take effect in the order given: [{debit_wallet, debit_kind, credit_wallet, credit_kind, asset, amount, phase,
-- pending}]. Locks in this order: the key's row, then the accounts by ascending id. Refusals carry their figures as JSON
-- in the error's detail: LG001 funds, LG002 key reused, LG003 pending transfer, LG004 owner or wallet, LG005 leg.
CREATE FUNCTION ledger_post(
    p_owner uuid, p_key text, p_kind text, p_legs jsonb, p_detail jsonb, p_at timestamptz,
    OUT posting bigint, OUT hash text, OUT made_at timestamptz, OUT transfers bigint[], OUT replayed boolean
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    known record;
    -- the legs by position; an account's name is wallet, kind and asset
    leg_debit text[];
    leg_credit text[];
    leg_asset text[];
    leg_amount numeric[];
    leg_phase text[];
    leg_pending bigint[];
    -- the accounts, ascending by id
    names text[];
    ids bigint[];
    kinds text[];
    balances numeric[];
    versions bigint[];
    helds numeric[];
    held_versions bigint[];
    -- rows to write
    debits bigint[] := '{}';
    credits bigint[] := '{}';
    amounts numeric[] := '{}';
    entry_account bigint[] := '{}';
    entry_version bigint[] := '{}';
    entry_transfer bigint[] := '{}';
    entry_amount numeric[] := '{}';
    entry_after numeric[] := '{}';
    hold_account bigint[] := '{}';
    hold_version bigint[] := '{}';
    hold_transfer bigint[] := '{}';
    hold_amount numeric[] := '{}';
    hold_after numeric[] := '{}';
    -- the leg at hand
    d int;
    c int;
    amount numeric;
    held_change numeric;
    reserved record;
BEGIN
    IF p_owner IS DISTINCT FROM NULLIF(current_setting('app.user_id', true), '')::uuid THEN
        RAISE EXCEPTION 'post inside the tenant block of the owner of the books' USING ERRCODE = 'LG004';
    END IF;

    -- The key: whoever comes second waits here for the first to commit, then gets the first one's result.
    hash := encode(sha256(convert_to(jsonb_build_array(p_kind, p_legs, p_detail)::text, 'UTF8')), 'hex');
    INSERT INTO wallets_posting (owner_id, key, request_hash, kind, detail, created_at)
    VALUES (p_owner, p_key, hash, p_kind, p_detail, p_at)
    ON CONFLICT (owner_id, key) DO NOTHING
    RETURNING id INTO posting;
    made_at := p_at;
    replayed := posting IS NULL;
    IF replayed THEN
        SELECT p.id, p.request_hash, p.created_at INTO known FROM wallets_posting p WHERE p.owner_id = p_owner AND p.key = p_key;
        IF known.request_hash IS DISTINCT FROM hash THEN
            RAISE EXCEPTION 'the key % was used before with another request', p_key USING ERRCODE = 'LG002';
        END IF;
        posting := known.id;
        made_at := known.created_at;
        SELECT array_agg(t.id ORDER BY t.id) INTO transfers FROM wallets_transfer t WHERE t.posting_id = posting;
        RETURN;
    END IF;

    SELECT array_agg(concat_ws(' ', l.debit_wallet, l.debit_kind, l.asset) ORDER BY n),
           array_agg(concat_ws(' ', l.credit_wallet, l.credit_kind, l.asset) ORDER BY n),
           array_agg(l.asset ORDER BY n), array_agg(l.amount ORDER BY n),
           array_agg(l.phase ORDER BY n), array_agg(l.pending ORDER BY n)
    INTO leg_debit, leg_credit, leg_asset, leg_amount, leg_phase, leg_pending
    FROM ROWS FROM (jsonb_to_recordset(p_legs) AS (
        debit_wallet uuid, debit_kind text, credit_wallet uuid, credit_kind text,
        asset text, amount numeric, phase text, pending bigint
    )) WITH ORDINALITY AS l (debit_wallet, debit_kind, credit_wallet, credit_kind, asset, amount, phase, pending, n);
    IF leg_amount IS NULL THEN
        RAISE EXCEPTION 'a posting needs at least one leg' USING ERRCODE = 'LG005';
    END IF;

    -- The accounts: missing ones are made, in one order for everybody, then all are locked ascending.
    INSERT INTO wallets_account (owner_id, wallet_id, asset, kind, balance, held, version, held_version)
    SELECT DISTINCT p_owner, r.wallet_id, r.asset, r.kind, 0, 0, 0, 0
    FROM jsonb_to_recordset(p_legs) AS l (
        debit_wallet uuid, debit_kind text, credit_wallet uuid, credit_kind text, asset text
    ), LATERAL (VALUES (l.debit_wallet, l.debit_kind, l.asset), (l.credit_wallet, l.credit_kind, l.asset))
        AS r (wallet_id, kind, asset)
    WHERE NOT EXISTS (SELECT FROM wallets_account a
                      WHERE a.wallet_id = r.wallet_id AND a.asset = r.asset AND a.kind = r.kind)
    ORDER BY r.wallet_id, r.asset, r.kind
    ON CONFLICT (wallet_id, asset, kind) DO NOTHING;

    FOR known IN
        SELECT a.*
        FROM wallets_account a
        JOIN (SELECT DISTINCT r.wallet_id, r.asset, r.kind
              FROM jsonb_to_recordset(p_legs) AS l (
                  debit_wallet uuid, debit_kind text, credit_wallet uuid, credit_kind text, asset text
              ), LATERAL (VALUES (l.debit_wallet, l.debit_kind, l.asset), (l.credit_wallet, l.credit_kind, l.asset))
                  AS r (wallet_id, kind, asset)) wanted USING (wallet_id, asset, kind)
        ORDER BY a.id
        FOR NO KEY UPDATE OF a
    LOOP
        names := names || concat_ws(' ', known.wallet_id, known.kind, known.asset);
        ids := ids || known.id;
        kinds := kinds || known.kind::text;
        balances := balances || known.balance;
        versions := versions || known.version;
        helds := helds || known.held;
        held_versions := held_versions || known.held_version;
    END LOOP;

    SELECT array_agg(nextval('wallets_transfer_id_seq') ORDER BY n) INTO transfers
    FROM generate_subscripts(leg_amount, 1) n;

    FOR i IN 1 .. array_length(leg_amount, 1) LOOP
        d := array_position(names, leg_debit[i]);
        c := array_position(names, leg_credit[i]);
        IF d IS NULL OR c IS NULL THEN
            RAISE EXCEPTION 'leg % names a wallet that does not exist or belongs to somebody else', i
                USING ERRCODE = 'LG004';
        END IF;
        amount := leg_amount[i];
        held_change := 0;

        IF leg_phase[i] IN ('settle', 'void') THEN
            -- The debited account is locked, so nobody can resolve the same transfer at the same time.
            SELECT t.amount, EXISTS (SELECT FROM wallets_transfer r WHERE r.pending_id = t.id) AS resolved INTO reserved
            FROM wallets_transfer t
            WHERE t.id = leg_pending[i] AND t.phase = 'pending' AND t.debit_id = ids[d] AND t.credit_id = ids[c];
            IF NOT FOUND THEN
                RAISE EXCEPTION 'transfer % is not pending between these accounts', leg_pending[i]
                    USING ERRCODE = 'LG003';
            END IF;
            IF reserved.resolved OR leg_pending[i] = ANY (leg_pending[:i - 1]) THEN
                RAISE EXCEPTION 'transfer % is settled or voided already', leg_pending[i] USING ERRCODE = 'LG003';
            END IF;
            IF leg_phase[i] = 'void' THEN
                amount := COALESCE(amount, reserved.amount);
            END IF;
            IF amount > reserved.amount OR (leg_phase[i] = 'void' AND amount <> reserved.amount) THEN
                RAISE EXCEPTION 'transfer % reserves %, not %', leg_pending[i], reserved.amount, amount
                    USING ERRCODE = 'LG003';
            END IF;
            held_change := -reserved.amount;
        ELSIF leg_phase[i] = 'pending' THEN
            held_change := amount;
        END IF;
        IF leg_phase[i] NOT IN ('posted', 'pending', 'settle', 'void')
            OR (leg_phase[i] IN ('posted', 'pending')) <> (leg_pending[i] IS NULL)
        THEN
            RAISE EXCEPTION 'leg % is %: name a pending transfer with settle and void, and only there', i, leg_phase[i]
                USING ERRCODE = 'LG005';
        END IF;
        -- NaN sorts above every number, so the upper bound refuses it too.
        IF amount IS NULL OR amount <= 0 OR amount >= 1e20 OR amount <> round(amount, 18) OR d = c THEN
            RAISE EXCEPTION 'leg % must move a positive amount of at most 18 decimals between two accounts', i
                USING ERRCODE = 'LG005';
        END IF;
        IF kinds[d] = 'wallet' AND leg_phase[i] IN ('posted', 'pending') AND balances[d] - helds[d] < amount THEN
            RAISE EXCEPTION 'only % % is free, % is needed', balances[d] - helds[d], leg_asset[i], amount
                USING ERRCODE = 'LG001', DETAIL = jsonb_build_object(
                    'asset', leg_asset[i], 'available', (balances[d] - helds[d])::text, 'needed', amount::text);
        END IF;

        debits := debits || ids[d];
        credits := credits || ids[c];
        amounts := amounts || amount;
        IF held_change <> 0 THEN
            helds[d] := helds[d] + held_change;
            held_versions[d] := held_versions[d] + 1;
            hold_account := hold_account || ids[d];
            hold_version := hold_version || held_versions[d];
            hold_transfer := hold_transfer || transfers[i];
            hold_amount := hold_amount || held_change;
            hold_after := hold_after || helds[d];
        END IF;
        IF leg_phase[i] IN ('posted', 'settle') THEN
            balances[d] := balances[d] - amount;
            balances[c] := balances[c] + amount;
            versions[d] := versions[d] + 1;
            versions[c] := versions[c] + 1;
            entry_account := entry_account || ids[d] || ids[c];
            entry_version := entry_version || versions[d] || versions[c];
            entry_transfer := entry_transfer || transfers[i] || transfers[i];
            entry_amount := entry_amount || -amount || amount;
            entry_after := entry_after || balances[d] || balances[c];
        END IF;
    END LOOP;

    INSERT INTO wallets_transfer (id, owner_id, posting_id, phase, debit_id, credit_id, asset, amount, pending_id, created_at)
    SELECT t.id, p_owner, posting, t.phase, t.debit_id, t.credit_id, t.asset, t.amount, t.pending_id, p_at
    FROM unnest(transfers, leg_phase, debits, credits, leg_asset, amounts, leg_pending)
        AS t (id, phase, debit_id, credit_id, asset, amount, pending_id);
    IF entry_account <> '{}' THEN
        INSERT INTO wallets_entry (owner_id, account_id, version, transfer_id, amount, balance_after, created_at)
        SELECT p_owner, e.*, p_at
        FROM unnest(entry_account, entry_version, entry_transfer, entry_amount, entry_after) AS e;
    END IF;
    IF hold_account <> '{}' THEN
        INSERT INTO wallets_hold (owner_id, account_id, version, transfer_id, amount, held_after, created_at)
        SELECT p_owner, h.*, p_at
        FROM unnest(hold_account, hold_version, hold_transfer, hold_amount, hold_after) AS h;
    END IF;
    UPDATE wallets_account a
    SET balance = u.balance, version = u.version, held = u.held, held_version = u.held_version
    FROM unnest(ids, balances, versions, helds, held_versions) AS u (id, balance, version, held, held_version)
    WHERE a.id = u.id;
END $$;

REVOKE ALL ON FUNCTION ledger_post FROM PUBLIC;
