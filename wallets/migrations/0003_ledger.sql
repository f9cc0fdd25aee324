-- The ledger: keys, privileges, the trigger that moves the balances, the views of entries and holds, and the functions
-- behind `wallets.ledger.post`. What the rows mean stands in wallets/models/ledger.py.
--
-- One row of wallets_transfer says everything about one movement: who gave, who got, how much, and what both accounts
-- said after it (`debit_version`, `debit_balance`, …). Nobody can choose those links: the row's BEFORE INSERT trigger
-- moves the balances and writes down what it found, and an account refuses every other change. So the chains hold by
-- construction and nothing is left to check at commit.
--
-- Functions run as the owner role, which row-level security binds too (FORCE), with the search path pinned. Plans are
-- cached per connection, perhaps while a table is still empty, so the functions look up rows by index whatever the
-- planner thinks of the sizes.
--
-- Refusals: LG001 funds, LG002 key reused, LG003 pending transfer, LG004 owner, wallet or account, LG005 leg,
-- LG006 limit, LG007 resolved already, LG008 allocation, LG010 history changed, LG014 links chosen.

-- --- composite keys: what belongs together has one owner ----------------------------------------------------------------

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
    ADD CONSTRAINT transfer_posting_same_owner
        FOREIGN KEY (posting_id, owner_id) REFERENCES wallets_posting (id, owner_id);

-- A transfer's number is given by its trigger, so that no row can be dropped for a conflict after it moved the balances.
ALTER TABLE wallets_transfer ALTER COLUMN id DROP IDENTITY;
CREATE SEQUENCE wallets_transfer_number OWNED BY wallets_transfer.id;

-- An account's row changes with every movement: room on its page keeps those changes out of the indexes.
ALTER TABLE wallets_account SET (fillfactor = 40);

-- --- entries and holds: what one account sees of the transfers ---------------------------------------------------------

CREATE VIEW wallets_entry WITH (security_invoker = true) AS
    SELECT id * 2 AS id, owner_id, debit_id AS account_id, debit_version AS version, id AS transfer_id,
           (-amount)::numeric(38, 18) AS amount, debit_balance AS balance_after, created_at
    FROM wallets_transfer WHERE debit_version IS NOT NULL
    UNION ALL
    SELECT id * 2 + 1, owner_id, credit_id, credit_version, id, amount, credit_balance, created_at
    FROM wallets_transfer WHERE credit_version IS NOT NULL;

CREATE VIEW wallets_hold WITH (security_invoker = true) AS
    SELECT id, owner_id, debit_id AS account_id, held_version AS version, id AS transfer_id, held_change AS amount,
           held_after, created_at
    FROM wallets_transfer WHERE held_version IS NOT NULL;

-- --- privileges: everybody but the owner may read the books, nobody else may write them ----------------------------------

DO $$
DECLARE
    books text;
    somebody text;
BEGIN
    FOREACH books IN ARRAY ARRAY['account', 'posting', 'transfer', 'entry', 'hold', 'fundallocation'] LOOP
        books := 'wallets_' || books;
        FOR somebody IN
            SELECT DISTINCT pg_get_userbyid(acl.grantee)
            FROM pg_class c, LATERAL aclexplode(c.relacl) acl
            WHERE c.oid = books::regclass AND acl.grantee NOT IN (0, c.relowner)
        LOOP
            EXECUTE format('REVOKE ALL ON %I FROM %I', books, somebody);
            EXECUTE format('GRANT SELECT ON %I TO %I', books, somebody);
            -- an allocation is a note beside its posting, checked when it is written
            IF books = 'wallets_fundallocation' THEN
                EXECUTE format('GRANT INSERT ON %I TO %I', books, somebody);
            END IF;
        END LOOP;
    END LOOP;
END $$;

-- --- history is only ever added to ---------------------------------------------------------------------------------------

CREATE FUNCTION ledger_refuse_change() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION '% on % is refused: the ledger is append-only, post a correcting transfer instead', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'LG010';
END $$;

-- Depth 1 is this trigger itself. (A WHEN clause would be parsed anew by every statement.)
CREATE FUNCTION ledger_refuse_direct_change() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF pg_trigger_depth() = 1 THEN
        RAISE EXCEPTION '% on % is refused: the ledger is append-only, balances move by transfers alone', TG_OP, TG_TABLE_NAME
            USING ERRCODE = 'LG010';
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION ledger_refuse_kind() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'no account is of the kind %', NEW.kind USING ERRCODE = 'LG005';
END $$;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON wallets_posting
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON wallets_transfer
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON wallets_fundallocation
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();
CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON wallets_account
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();
-- an account is of a kind that we know, begins with nothing, and changes only inside the trigger of a transfer
CREATE TRIGGER of_a_known_kind BEFORE INSERT ON wallets_account
    FOR EACH ROW WHEN (NEW.kind NOT IN ('wallet', 'external', 'clearing', 'fees', 'suspense', 'pnl'))
    EXECUTE FUNCTION ledger_refuse_kind();
CREATE TRIGGER starts_empty BEFORE INSERT ON wallets_account
    FOR EACH ROW WHEN ((NEW.balance, NEW.held, NEW.version, NEW.held_version)
                       IS DISTINCT FROM (0::numeric, 0::numeric, 0::bigint, 0::bigint))
    EXECUTE FUNCTION ledger_refuse_change();
CREATE TRIGGER by_transfers_only BEFORE UPDATE ON wallets_account
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_direct_change();

-- --- a transfer moves its accounts' balances -------------------------------------------------------------------------------

-- Amounts stay below 10^18 and balances between -10^19 and 10^19 (kit/limits.py). NaN sorts above every number, so the
-- upper bounds refuse it too.
CREATE FUNCTION ledger_move() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    moves boolean := NEW.phase IN ('posted', 'settle');
    moved numeric := 0;
    held_change numeric := 0;
    refused boolean;
    reserved record;
    account record;
BEGIN
    IF num_nonnulls(NEW.debit_version, NEW.debit_balance, NEW.credit_version, NEW.credit_balance,
                    NEW.held_version, NEW.held_change, NEW.held_after) > 0
    THEN
        RAISE EXCEPTION 'the links of a transfer are written by the ledger alone' USING ERRCODE = 'LG014';
    END IF;
    NEW.id := nextval('public.wallets_transfer_number');
    IF NEW.phase NOT IN ('posted', 'pending', 'settle', 'void')
        OR (NEW.phase IN ('posted', 'pending')) <> (NEW.pending_id IS NULL)
    THEN
        RAISE EXCEPTION 'a leg is %: name a pending transfer with settle and void, and only there', NEW.phase
            USING ERRCODE = 'LG005';
    END IF;

    IF NEW.pending_id IS NOT NULL THEN
        SELECT t.amount INTO reserved FROM public.wallets_transfer t
        WHERE t.id = NEW.pending_id AND t.phase = 'pending'
          AND t.debit_id = NEW.debit_id AND t.credit_id = NEW.credit_id;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'transfer % is not pending between these accounts', NEW.pending_id USING ERRCODE = 'LG003';
        END IF;
        -- whoever holds the accounts is the only one who can resolve it
        PERFORM FROM public.wallets_account a WHERE a.id IN (NEW.debit_id, NEW.credit_id) ORDER BY a.id
        FOR NO KEY UPDATE;
        IF EXISTS (SELECT FROM public.wallets_transfer t WHERE t.pending_id = NEW.pending_id) THEN
            RAISE EXCEPTION 'transfer % is settled or voided already', NEW.pending_id USING ERRCODE = 'LG007';
        END IF;
        NEW.amount := COALESCE(NEW.amount, CASE NEW.phase WHEN 'void' THEN reserved.amount END);
        IF NEW.amount > reserved.amount OR (NEW.phase = 'void' AND NEW.amount <> reserved.amount) THEN
            RAISE EXCEPTION 'transfer % reserves %, not %', NEW.pending_id, reserved.amount, NEW.amount
                USING ERRCODE = 'LG003';
        END IF;
        held_change := -reserved.amount;
    ELSIF NEW.phase = 'pending' THEN
        held_change := NEW.amount;
    END IF;
    IF NEW.amount IS NULL OR NEW.amount <= 0 OR NEW.amount >= 1e18 OR NEW.debit_id = NEW.credit_id THEN
        RAISE EXCEPTION 'a leg must move a positive amount below 10^18 between two accounts, not %', NEW.amount
            USING ERRCODE = 'LG005';
    END IF;

    -- the lower account first, so that everybody waits in one order
    IF moves THEN
        moved := NEW.amount;
        IF NEW.credit_id < NEW.debit_id THEN
            UPDATE public.wallets_account a SET balance = a.balance + NEW.amount, version = a.version + 1
            WHERE a.id = NEW.credit_id AND a.asset = NEW.asset AND a.owner_id = NEW.owner_id
              AND a.balance < 1e19 - NEW.amount
            RETURNING a.version, a.balance INTO NEW.credit_version, NEW.credit_balance;
        END IF;
    END IF;
    UPDATE public.wallets_account a
    SET balance = a.balance - moved, version = a.version + moves::int,
        held = a.held + held_change, held_version = a.held_version + (held_change <> 0)::int
    WHERE a.id = NEW.debit_id AND a.asset = NEW.asset AND a.owner_id = NEW.owner_id
      AND (a.kind <> 'wallet' OR a.balance - moved >= a.held + held_change)
      AND a.balance > moved - 1e19 AND a.held < 1e19 - held_change
    RETURNING a.version, a.balance, a.held_version, a.held
    INTO NEW.debit_version, NEW.debit_balance, NEW.held_version, NEW.held_after;
    IF NEW.debit_version IS NULL THEN
        SELECT a.balance - a.held AS available, a.kind INTO account FROM public.wallets_account a
        WHERE a.id = NEW.debit_id AND a.asset = NEW.asset AND a.owner_id = NEW.owner_id;
        IF FOUND AND account.kind = 'wallet' AND account.available < moved + held_change THEN
            RAISE EXCEPTION 'only % % is free, % is needed', account.available, NEW.asset, NEW.amount
                USING ERRCODE = 'LG001', DETAIL = jsonb_build_object(
                    'asset', NEW.asset, 'available', account.available::text, 'needed', NEW.amount::text);
        END IF;
    END IF;
    IF moves AND NEW.credit_id > NEW.debit_id THEN
        UPDATE public.wallets_account a SET balance = a.balance + NEW.amount, version = a.version + 1
        WHERE a.id = NEW.credit_id AND a.asset = NEW.asset AND a.owner_id = NEW.owner_id
          AND a.balance < 1e19 - NEW.amount
        RETURNING a.version, a.balance INTO NEW.credit_version, NEW.credit_balance;
    END IF;
    refused := NEW.debit_version IS NULL OR (moves AND NEW.credit_version IS NULL);
    IF NEW.phase = 'pending' AND NOT refused THEN
        refused := NOT EXISTS (SELECT FROM public.wallets_account a
                               WHERE a.id = NEW.credit_id AND a.asset = NEW.asset AND a.owner_id = NEW.owner_id);
    END IF;
    IF refused THEN
        IF 2 = (SELECT count(*) FROM public.wallets_account a
                WHERE a.id IN (NEW.debit_id, NEW.credit_id) AND a.asset = NEW.asset AND a.owner_id = NEW.owner_id)
        THEN
            RAISE EXCEPTION 'no account may hold or owe 10^19 % or more', NEW.asset USING ERRCODE = 'LG006';
        END IF;
        RAISE EXCEPTION 'a transfer stays between two accounts of its owner in its asset' USING ERRCODE = 'LG004';
    END IF;

    IF NOT moves THEN
        NEW.debit_version := NULL;
        NEW.debit_balance := NULL;
    END IF;
    IF held_change = 0 THEN
        NEW.held_version := NULL;
        NEW.held_after := NULL;
    ELSE
        NEW.held_change := held_change;
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER moves BEFORE INSERT ON wallets_transfer FOR EACH ROW EXECUTE FUNCTION ledger_move();

-- --- the one way in ------------------------------------------------------------------------------------------------------

-- Makes the accounts that legs name and that do not exist yet, in one order for everybody.
CREATE FUNCTION ledger_open_accounts(p_owner uuid, p_legs jsonb) RETURNS void LANGUAGE sql
SET search_path = pg_catalog, public, pg_temp AS $$
    INSERT INTO wallets_account (owner_id, wallet_id, asset, kind, balance, held, version, held_version)
    SELECT DISTINCT p_owner, r.wallet_id, r.asset, r.kind, 0, 0, 0, 0
    FROM jsonb_to_recordset(p_legs) AS l (
        debit_wallet uuid, debit_kind text, credit_wallet uuid, credit_kind text, asset text
    ), LATERAL (VALUES (l.debit_wallet, l.debit_kind, l.asset), (l.credit_wallet, l.credit_kind, l.asset))
        AS r (wallet_id, kind, asset)
    WHERE EXISTS (SELECT FROM wallets_wallet w WHERE w.id = r.wallet_id)
    ORDER BY r.wallet_id, r.asset, r.kind
    ON CONFLICT (wallet_id, asset, kind) DO NOTHING
$$;

-- What a key stands for: the same key with another request is refused.
CREATE FUNCTION ledger_hash(p_kind text, p_legs jsonb, p_detail jsonb) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT encode(sha256(convert_to(jsonb_build_array(p_kind, p_legs, p_detail)::text, 'UTF8')), 'hex')
$$;

-- Many postings, all or none: [{key, kind, legs, detail}], where legs are [{debit_wallet, debit_kind, credit_wallet,
-- credit_kind, asset, amount, phase, pending}]. Everything takes effect in the order given, a set at a time. Whoever
-- comes second with a key waits for the first to commit; a key that was used before, here too, gets its first result.
-- Locks in this order: the keys' rows by key, then all accounts by ascending id, so that two of them wait for each other
-- and never in a circle; two in one transaction may, as any two statements that lock. Returns [{posting, hash, made_at, transfers, replayed}].
CREATE FUNCTION ledger_post_many(p_owner uuid, p_requests jsonb, p_at timestamptz)
RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off SET enable_bitmapscan = off
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    keys text[];        -- of each request
    hashes text[];
    postings bigint[];  -- of each request; NULL where the key was used before
    legs jsonb;         -- of the new requests, in their order
    owning bigint[];    -- of each leg: its posting
    debits bigint[];
    credits bigint[];
    exact boolean;
    made jsonb := '{}'; -- by posting: its transfers
    strange text;
    answers jsonb;
BEGIN
    IF p_owner IS DISTINCT FROM NULLIF(current_setting('app.user_id', true), '')::uuid THEN
        RAISE EXCEPTION 'post inside the tenant block of the owner of the books' USING ERRCODE = 'LG004';
    END IF;

    SELECT array_agg(r.key ORDER BY r.place), array_agg(ledger_hash(r.kind, r.legs, r.detail) ORDER BY r.place),
           bool_or(jsonb_array_length(r.legs) = 0)
    INTO keys, hashes, exact
    FROM ROWS FROM (jsonb_to_recordset(p_requests) AS (key text, kind text, legs jsonb, detail jsonb))
         WITH ORDINALITY AS r (key, kind, legs, detail, place);
    IF exact IS DISTINCT FROM false THEN
        RAISE EXCEPTION 'a posting needs at least one leg' USING ERRCODE = 'LG005';
    END IF;

    WITH made AS (
        INSERT INTO wallets_posting (owner_id, key, request_hash, kind, detail, created_at)
        SELECT p_owner, r.key, hashes[r.place], r.kind, r.detail, p_at
        FROM ROWS FROM (jsonb_to_recordset(p_requests) AS (key text, kind text, detail jsonb))
             WITH ORDINALITY AS r (key, kind, detail, place)
        ORDER BY r.key
        ON CONFLICT (owner_id, key) DO NOTHING
        RETURNING id, key
    )
    SELECT array_agg(CASE WHEN r.place = array_position(keys, r.key) THEN made.id END ORDER BY r.place) INTO postings
    FROM unnest(keys) WITH ORDINALITY AS r (key, place) LEFT JOIN made USING (key);

    SELECT jsonb_agg(l.leg ORDER BY r.place, l.place), array_agg(postings[r.place] ORDER BY r.place, l.place)
    INTO legs, owning
    FROM jsonb_array_elements(p_requests) WITH ORDINALITY AS r (request, place),
         jsonb_array_elements(r.request -> 'legs') WITH ORDINALITY AS l (leg, place)
    WHERE postings[r.place] IS NOT NULL;

    IF legs IS NOT NULL THEN
        FOR attempt IN 1 .. 2 LOOP
            SELECT array_agg((SELECT a.id FROM wallets_account a
                              WHERE a.wallet_id = l.debit_wallet AND a.asset = l.asset AND a.kind = l.debit_kind)),
                   array_agg((SELECT a.id FROM wallets_account a
                              WHERE a.wallet_id = l.credit_wallet AND a.asset = l.asset AND a.kind = l.credit_kind)),
                   bool_and(l.amount IS NULL OR (l.amount > 0 AND l.amount < 1e18 AND l.amount = round(l.amount, 18)))
            INTO debits, credits, exact
            FROM jsonb_to_recordset(legs) AS l (
                debit_wallet uuid, debit_kind text, credit_wallet uuid, credit_kind text, asset text, amount numeric
            );
            EXIT WHEN array_position(debits, NULL) IS NULL AND array_position(credits, NULL) IS NULL;
            IF attempt = 2 THEN
                RAISE EXCEPTION 'a leg names a wallet that does not exist or belongs to somebody else'
                    USING ERRCODE = 'LG004';
            END IF;
            PERFORM ledger_open_accounts(p_owner, legs);
        END LOOP;
        IF NOT exact THEN  -- the column would round
            RAISE EXCEPTION 'a leg must move a positive amount below 10^18 of at most 18 decimals'
                USING ERRCODE = 'LG005';
        END IF;
        PERFORM FROM wallets_account WHERE id = ANY (debits || credits) ORDER BY id FOR NO KEY UPDATE;
        WITH moved AS (
            INSERT INTO wallets_transfer
                (owner_id, posting_id, phase, debit_id, credit_id, asset, amount, pending_id, created_at)
            SELECT p_owner, l.posting, l.phase, l.debit, l.credit, l.asset, l.amount, l.pending, p_at
            FROM ROWS FROM (jsonb_to_recordset(legs) AS (asset text, amount numeric, phase text, pending bigint),
                            unnest(owning), unnest(debits), unnest(credits))
                 AS l (asset, amount, phase, pending, posting, debit, credit)
            RETURNING id, posting_id
        )
        SELECT jsonb_object_agg(one.posting_id, one.ids) INTO made
        FROM (SELECT posting_id, jsonb_agg(id ORDER BY id) AS ids FROM moved GROUP BY posting_id) one;
    END IF;

    -- Only where a key was used before there is something to look up, each by itself: a plan made while the table is small
    -- would join all of the owner's postings.
    SELECT jsonb_agg(jsonb_build_object(
               'posting', COALESCE(postings[r.place], first.id), 'hash', hashes[r.place],
               'made_at', COALESCE(first.created_at, p_at), 'replayed', postings[r.place] IS NULL,
               'transfers', COALESCE(made -> postings[r.place]::text, (
                   SELECT jsonb_agg(t.id ORDER BY t.id) FROM wallets_transfer t WHERE t.posting_id = first.id))
           ) ORDER BY r.place),
           min(r.key) FILTER (WHERE first.request_hash <> hashes[r.place])
    INTO answers, strange
    FROM unnest(keys) WITH ORDINALITY AS r (key, place)
    LEFT JOIN LATERAL (
        SELECT p.id, p.request_hash, p.created_at FROM wallets_posting p
        WHERE postings[r.place] IS NULL AND p.owner_id = p_owner AND p.key = r.key LIMIT 1
    ) AS first ON true;
    IF strange IS NOT NULL THEN
        RAISE EXCEPTION 'the key % was used before with another request', strange USING ERRCODE = 'LG002';
    END IF;
    RETURN answers;
END $$;

-- One posting. With a new key and accounts that exist, the commonest by far, it is done without the machinery of sets.
CREATE FUNCTION ledger_post(p_owner uuid, p_key text, p_kind text, p_legs jsonb, p_detail jsonb, p_at timestamptz)
RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    hash text := ledger_hash(p_kind, p_legs, p_detail);
    posting bigint;
    leg jsonb;
    legs int := jsonb_array_length(p_legs);
    debits bigint[] := '{}';
    credits bigint[] := '{}';
    amount numeric;
    transfer bigint;
    transfers bigint[] := '{}';
BEGIN
    IF p_owner IS DISTINCT FROM NULLIF(current_setting('app.user_id', true), '')::uuid THEN
        RAISE EXCEPTION 'post inside the tenant block of the owner of the books' USING ERRCODE = 'LG004';
    END IF;
    FOR place IN 0 .. legs - 1 LOOP
        leg := p_legs -> place;
        debits := debits || (SELECT a.id FROM wallets_account a
                             WHERE a.wallet_id = (leg ->> 'debit_wallet')::uuid AND a.asset = leg ->> 'asset'
                               AND a.kind = leg ->> 'debit_kind');
        credits := credits || (SELECT a.id FROM wallets_account a
                               WHERE a.wallet_id = (leg ->> 'credit_wallet')::uuid AND a.asset = leg ->> 'asset'
                                 AND a.kind = leg ->> 'credit_kind');
    END LOOP;
    IF legs > 0 AND array_position(debits || credits, NULL) IS NULL THEN
        INSERT INTO wallets_posting (owner_id, key, request_hash, kind, detail, created_at)
        VALUES (p_owner, p_key, hash, p_kind, p_detail, p_at)
        ON CONFLICT (owner_id, key) DO NOTHING
        RETURNING id INTO posting;
    END IF;
    IF posting IS NULL THEN
        RETURN ledger_post_many(p_owner, jsonb_build_array(jsonb_build_object(
            'key', p_key, 'kind', p_kind, 'legs', p_legs, 'detail', p_detail)), p_at) -> 0;
    END IF;

    IF legs > 1 THEN
        PERFORM FROM wallets_account WHERE id = ANY (debits || credits) ORDER BY id FOR NO KEY UPDATE;
    END IF;
    FOR place IN 0 .. legs - 1 LOOP
        leg := p_legs -> place;
        amount := leg ->> 'amount';
        IF amount <= 0 OR amount >= 1e18 OR amount <> round(amount, 18) THEN  -- the column would round
            RAISE EXCEPTION 'a leg must move a positive amount below 10^18 of at most 18 decimals'
                USING ERRCODE = 'LG005';
        END IF;
        INSERT INTO wallets_transfer
            (owner_id, posting_id, phase, debit_id, credit_id, asset, amount, pending_id, created_at)
        VALUES (p_owner, posting, leg ->> 'phase', debits[place + 1], credits[place + 1], leg ->> 'asset',
                amount, (leg ->> 'pending')::bigint, p_at)
        RETURNING id INTO transfer;
        transfers := transfers || transfer;
    END LOOP;
    RETURN jsonb_build_object('posting', posting, 'hash', hash, 'made_at', p_at, 'transfers', transfers,
                              'replayed', false);
END $$;

-- The same inside a transaction that goes on after a refusal: what `ledger_post` raises comes back as {code, reason,
-- detail}, and nothing of the posting is left.
CREATE FUNCTION ledger_attempt(p_owner uuid, p_key text, p_kind text, p_legs jsonb, p_detail jsonb, p_at timestamptz)
RETURNS jsonb LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    reason text;
    detail text;
BEGIN
    RETURN ledger_post(p_owner, p_key, p_kind, p_legs, p_detail, p_at);
EXCEPTION WHEN SQLSTATE 'LG001' OR SQLSTATE 'LG002' OR SQLSTATE 'LG003' OR SQLSTATE 'LG004' OR SQLSTATE 'LG005'
    OR SQLSTATE 'LG006' OR SQLSTATE 'LG007'
THEN
    GET STACKED DIAGNOSTICS reason = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
    RETURN jsonb_build_object('code', SQLSTATE, 'reason', reason, 'detail', detail);
END $$;

REVOKE ALL ON FUNCTION ledger_open_accounts, ledger_hash, ledger_post, ledger_attempt, ledger_post_many FROM PUBLIC;

-- --- allocations: notes beside a posting, each of which says what one of its legs says --------------------------------------------------

CREATE FUNCTION ledger_allocation_agrees(a wallets_fundallocation) RETURNS boolean LANGUAGE sql STABLE AS $$
    -- There are as many such legs as there are notes of them.
    SELECT count(*) > (
        SELECT count(*) FROM public.wallets_fundallocation o
        WHERE o.posting_id = a.posting_id AND o.id <> a.id AND (o.asset, o.amount) = (a.asset, a.amount)
              AND (o.source_id, o.target_id) IS NOT DISTINCT FROM (a.source_id, a.target_id)
    )
    FROM public.wallets_posting p
    JOIN public.wallets_transfer t ON t.posting_id = p.id
    JOIN public.wallets_account d ON d.id = t.debit_id
    JOIN public.wallets_account c ON c.id = t.credit_id
    WHERE p.id = a.posting_id
      AND p.owner_id = a.owner_id AND p.kind = a.kind AND t.phase = 'posted'
      AND (t.asset, t.amount) = (a.asset, a.amount)
      AND (d.wallet_id, d.kind) = (COALESCE(a.source_id, a.target_id),
                                   CASE WHEN a.source_id IS NULL THEN 'external' ELSE 'wallet' END)
      AND (c.wallet_id, c.kind) = (a.target_id, 'wallet')
$$;

CREATE FUNCTION ledger_check_allocation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF public.ledger_allocation_agrees(NEW) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'allocation % says something else than its posting %', NEW.id, NEW.posting_id
        USING ERRCODE = 'LG008';
END $$;

CREATE TRIGGER agrees BEFORE INSERT ON wallets_fundallocation FOR EACH ROW EXECUTE FUNCTION ledger_check_allocation();
