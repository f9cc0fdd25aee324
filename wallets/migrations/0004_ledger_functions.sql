-- The ledger's keys, privileges, checks and its one posting function. What they protect stands in wallets/models/ledger.py.
--
-- Functions that read run as the owner role, which row-level security binds too (FORCE), with the search path pinned.
-- Checks run when the transaction commits, after `tenant()` has taken its setting back, so each of them looks at the
-- books as the owner of the row it checks, and puts back what was set before. Plans are cached per connection, perhaps
-- while a table is still empty, so the functions look up rows by index whatever the planner thinks of the sizes.

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
    SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off AS $$
DECLARE
    asking text := current_setting('app.user_id', true);
    account record;
    link record;
BEGIN
    PERFORM set_config('app.user_id', NEW.owner_id::text, true);
    SELECT balance, version, held, held_version INTO account FROM wallets_account WHERE id = NEW.id;
    SELECT e.version, e.balance_after INTO link FROM wallets_entry e
    WHERE e.account_id = NEW.id AND e.version >= account.version ORDER BY e.version DESC LIMIT 1;
    IF (account.version, account.balance) IS DISTINCT FROM (COALESCE(link.version, 0), COALESCE(link.balance_after, 0)) THEN
        RAISE EXCEPTION 'account % says % at version %, its last entry says % at version %', NEW.id,
            account.balance, account.version, link.balance_after, link.version USING ERRCODE = 'LG011';
    END IF;
    SELECT h.version, h.held_after INTO link FROM wallets_hold h
    WHERE h.account_id = NEW.id AND h.version >= account.held_version ORDER BY h.version DESC LIMIT 1;
    IF (account.held_version, account.held) IS DISTINCT FROM (COALESCE(link.version, 0), COALESCE(link.held_after, 0)) THEN
        RAISE EXCEPTION 'account % says % held at version %, its last hold says % at version %', NEW.id,
            account.held, account.held_version, link.held_after, link.version USING ERRCODE = 'LG011';
    END IF;
    PERFORM set_config('app.user_id', COALESCE(asking, ''), true);
    RETURN NULL;
END $$;

-- An entry belongs to a transfer that moves money, is its debit or its credit, and continues its account's chain.
CREATE FUNCTION ledger_check_entry() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off AS $$
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
    SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off AS $$
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
    SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off AS $$
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
    SELECT count(*), COALESCE(sum(e.amount), 0), (SELECT count(*) FROM wallets_hold h WHERE h.transfer_id = NEW.id)
    INTO entries, total, holds
    FROM wallets_entry e WHERE e.transfer_id = NEW.id;
    IF entries <> (CASE WHEN moves THEN 2 ELSE 0 END) OR total <> 0 THEN
        RAISE EXCEPTION 'transfer % (%) has % entries that sum to %', NEW.id, NEW.phase, entries, total
            USING ERRCODE = 'LG015';
    END IF;
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
) LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
DECLARE
    first record;
    leg record;
    -- the legs by position
    debits bigint[];
    credits bigint[];
    assets text[];
    amounts numeric[];
    phases text[];
    pendings bigint[];
    -- the leg at hand
    phase text;
    amount numeric;
    held_change numeric;
    source record;
    reserved record;
    transfer bigint;
BEGIN
    IF p_owner IS DISTINCT FROM NULLIF(current_setting('app.user_id', true), '')::uuid THEN
        RAISE EXCEPTION 'post inside the tenant block of the owner of the books' USING ERRCODE = 'LG004';
    END IF;

    -- The key: whoever comes second waits here for the first to commit, then gets the first one's result.
    made_at := p_at;
    hash := encode(sha256(convert_to(jsonb_build_array(p_kind, p_legs, p_detail)::text, 'UTF8')), 'hex');
    INSERT INTO wallets_posting (owner_id, key, request_hash, kind, detail, created_at)
    VALUES (p_owner, p_key, hash, p_kind, p_detail, p_at)
    ON CONFLICT (owner_id, key) DO NOTHING
    RETURNING id INTO posting;
    replayed := posting IS NULL;
    IF replayed THEN
        SELECT p.id, p.request_hash, p.created_at INTO first
        FROM wallets_posting p WHERE p.owner_id = p_owner AND p.key = p_key;
        IF first.request_hash IS DISTINCT FROM hash THEN
            RAISE EXCEPTION 'the key % was used before with another request', p_key USING ERRCODE = 'LG002';
        END IF;
        posting := first.id;
        made_at := first.created_at;
        SELECT array_agg(t.id ORDER BY t.id) INTO transfers FROM wallets_transfer t WHERE t.posting_id = posting;
        RETURN;
    END IF;

    -- The accounts: missing ones are made, in one order for everybody, then all are locked ascending.
    FOR attempt IN 1 .. 2 LOOP
        debits := '{}';
        credits := '{}';
        assets := '{}';
        amounts := '{}';
        phases := '{}';
        pendings := '{}';
        FOR leg IN SELECT * FROM jsonb_to_recordset(p_legs) AS (
            debit_wallet uuid, debit_kind text, credit_wallet uuid, credit_kind text,
            asset text, amount numeric, phase text, pending bigint
        ) LOOP
            debits := debits || (SELECT id FROM wallets_account
                                 WHERE (wallet_id, asset, kind) = (leg.debit_wallet, leg.asset, leg.debit_kind));
            credits := credits || (SELECT id FROM wallets_account
                                   WHERE (wallet_id, asset, kind) = (leg.credit_wallet, leg.asset, leg.credit_kind));
            assets := assets || leg.asset;
            amounts := amounts || leg.amount;
            phases := phases || leg.phase;
            pendings := pendings || leg.pending;
        END LOOP;
        EXIT WHEN attempt = 2 OR array_position(debits || credits, NULL) IS NULL;
        INSERT INTO wallets_account (owner_id, wallet_id, asset, kind, balance, held, version, held_version)
        SELECT DISTINCT p_owner, r.wallet_id, r.asset, r.kind, 0, 0, 0, 0
        FROM jsonb_to_recordset(p_legs) AS l (
            debit_wallet uuid, debit_kind text, credit_wallet uuid, credit_kind text, asset text
        ), LATERAL (VALUES (l.debit_wallet, l.debit_kind, l.asset), (l.credit_wallet, l.credit_kind, l.asset))
            AS r (wallet_id, kind, asset)
        JOIN wallets_wallet w ON w.id = r.wallet_id
        ORDER BY r.wallet_id, r.asset, r.kind
        ON CONFLICT (wallet_id, asset, kind) DO NOTHING;
    END LOOP;
    IF debits = '{}' THEN
        RAISE EXCEPTION 'a posting needs at least one leg' USING ERRCODE = 'LG005';
    END IF;
    IF array_position(debits || credits, NULL) IS NOT NULL THEN
        RAISE EXCEPTION 'a leg names a wallet that does not exist or belongs to somebody else' USING ERRCODE = 'LG004';
    END IF;
    PERFORM FROM wallets_account WHERE id = ANY (debits || credits) ORDER BY id FOR NO KEY UPDATE;

    transfers := '{}';
    FOR i IN 1 .. cardinality(debits) LOOP
        phase := phases[i];
        amount := amounts[i];
        held_change := 0;
        IF phase NOT IN ('posted', 'pending', 'settle', 'void')
            OR (phase IN ('posted', 'pending')) <> (pendings[i] IS NULL)
        THEN
            RAISE EXCEPTION 'leg % is %: name a pending transfer with settle and void, and only there', i, phase
                USING ERRCODE = 'LG005';
        END IF;

        IF phase IN ('settle', 'void') THEN
            -- The debited account is locked, so nobody can resolve the same transfer at the same time.
            SELECT t.amount, EXISTS (SELECT FROM wallets_transfer r WHERE r.pending_id = t.id) AS resolved INTO reserved
            FROM wallets_transfer t
            WHERE t.id = pendings[i] AND t.phase = 'pending' AND t.debit_id = debits[i] AND t.credit_id = credits[i];
            IF NOT FOUND THEN
                RAISE EXCEPTION 'transfer % is not pending between these accounts', pendings[i] USING ERRCODE = 'LG003';
            END IF;
            IF reserved.resolved THEN
                RAISE EXCEPTION 'transfer % is settled or voided already', pendings[i] USING ERRCODE = 'LG003';
            END IF;
            IF phase = 'void' THEN
                amount := COALESCE(amount, reserved.amount);
            END IF;
            IF amount > reserved.amount OR (phase = 'void' AND amount <> reserved.amount) THEN
                RAISE EXCEPTION 'transfer % reserves %, not %', pendings[i], reserved.amount, amount
                    USING ERRCODE = 'LG003';
            END IF;
            held_change := -reserved.amount;
        ELSIF phase = 'pending' THEN
            held_change := amount;
        END IF;
        -- NaN sorts above every number, so the upper bound refuses it too.
        IF amount IS NULL OR amount <= 0 OR amount >= 1e20 OR amount <> round(amount, 18) OR debits[i] = credits[i] THEN
            RAISE EXCEPTION 'leg % must move a positive amount of at most 18 decimals between two accounts', i
                USING ERRCODE = 'LG005';
        END IF;
        SELECT a.kind, a.balance - a.held AS available INTO source FROM wallets_account a WHERE a.id = debits[i];
        IF source.kind = 'wallet' AND phase IN ('posted', 'pending') AND source.available < amount THEN
            RAISE EXCEPTION 'only % % is free, % is needed', source.available, assets[i], amount
                USING ERRCODE = 'LG001', DETAIL = jsonb_build_object(
                    'asset', assets[i], 'available', source.available::text, 'needed', amount::text);
        END IF;

        INSERT INTO wallets_transfer
            (owner_id, posting_id, phase, debit_id, credit_id, asset, amount, pending_id, created_at)
        VALUES (p_owner, posting, phase, debits[i], credits[i], assets[i], amount, pendings[i], p_at)
        RETURNING id INTO transfer;
        transfers := transfers || transfer;
        IF held_change <> 0 THEN
            WITH changed AS (
                UPDATE wallets_account a SET held = a.held + held_change, held_version = a.held_version + 1
                WHERE a.id = debits[i] RETURNING a.id, a.held_version, a.held
            )
            INSERT INTO wallets_hold (owner_id, account_id, version, transfer_id, amount, held_after, created_at)
            SELECT p_owner, id, held_version, transfer, held_change, held, p_at FROM changed;
        END IF;
        IF phase IN ('posted', 'settle') THEN
            WITH changed AS (
                UPDATE wallets_account a SET balance = a.balance + side.change, version = a.version + 1
                FROM (VALUES (debits[i], -amount), (credits[i], amount)) AS side (id, change)
                WHERE a.id = side.id RETURNING a.id, a.version, side.change, a.balance
            )
            INSERT INTO wallets_entry (owner_id, account_id, version, transfer_id, amount, balance_after, created_at)
            SELECT p_owner, id, version, transfer, change, balance, p_at FROM changed;
        END IF;
    END LOOP;
END $$;

REVOKE ALL ON FUNCTION ledger_post FROM PUBLIC;
