-- Allocations are plans: a header that is previewed, then applied as one posting, perhaps taken back by another; and its
-- lines, each of which says what one leg of that posting says.

DROP TRIGGER agrees ON wallets_fundallocation;
DROP TRIGGER append_only ON wallets_fundallocation;
DROP FUNCTION ledger_check_allocation();
DROP FUNCTION ledger_allocation_agrees(wallets_fundallocation);

-- A leg of the posting says the line, and there are as many such legs as there are lines of them.
CREATE FUNCTION ledger_line_agrees(l wallets_allocationline, p_posting bigint) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT count(*) > (
        SELECT count(*) FROM public.wallets_allocationline o
        WHERE o.allocation_id IN (
                  SELECT h.id FROM public.wallets_fundallocation h WHERE h.posting_id = p_posting
                  UNION SELECT l.allocation_id
              )
              AND o.id <> l.id AND (o.asset, o.amount) = (l.asset, l.amount)
              AND (o.source_id, o.target_id) IS NOT DISTINCT FROM (l.source_id, l.target_id)
    )
    FROM public.wallets_posting p
    JOIN public.wallets_transfer t ON t.posting_id = p.id
    JOIN public.wallets_account d ON d.id = t.debit_id
    JOIN public.wallets_account c ON c.id = t.credit_id
    WHERE p.id = p_posting AND p.owner_id = l.owner_id AND t.phase = 'posted'
      AND (t.asset, t.amount) = (l.asset, l.amount)
      AND (d.wallet_id, d.kind) = (COALESCE(l.source_id, l.target_id),
                                   CASE WHEN l.source_id IS NULL THEN 'external' ELSE 'wallet' END)
      AND (c.wallet_id, c.kind) = (l.target_id, 'wallet')
$$;

-- An allocation is its posting's kind and owner; one that is only previewed has none.
CREATE FUNCTION ledger_allocation_agrees(a wallets_fundallocation) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT (a.status = 'previewed') = (a.posting_id IS NULL)
       AND (a.posting_id IS NULL OR EXISTS (
                SELECT FROM public.wallets_posting p
                WHERE p.id = a.posting_id AND (p.owner_id, p.kind) = (a.owner_id, a.kind)))
$$;

CREATE FUNCTION ledger_check_line() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    plan public.wallets_fundallocation;
BEGIN
    SELECT * INTO plan FROM public.wallets_fundallocation h WHERE h.id = NEW.allocation_id AND h.owner_id = NEW.owner_id;
    IF FOUND AND (plan.posting_id IS NULL OR public.ledger_line_agrees(NEW, plan.posting_id)) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'allocation % says something else than its posting %', NEW.allocation_id, plan.posting_id
        USING ERRCODE = 'LG008';
END $$;

CREATE FUNCTION ledger_check_allocation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.status = 'previewed' THEN
            RETURN OLD;
        END IF;
    ELSIF TG_OP = 'INSERT' OR (
        -- a plan is applied once, and what was applied is taken back once; nothing else of it changes
        (OLD.status, NEW.status) IN (('previewed', 'applied'), ('applied', 'undone'))
        AND (NEW.posting_id = OLD.posting_id OR OLD.status = 'previewed')
        AND to_jsonb(OLD) - ARRAY['status', 'posting_id', 'created_at']
            = to_jsonb(NEW) - ARRAY['status', 'posting_id', 'created_at']
    ) THEN
        IF NOT public.ledger_allocation_agrees(NEW) OR (TG_OP = 'UPDATE' AND NEW.status = 'applied' AND EXISTS (
            SELECT FROM public.wallets_allocationline l
            WHERE l.allocation_id = NEW.id AND NOT public.ledger_line_agrees(l, NEW.posting_id)
        )) THEN
            RAISE EXCEPTION 'allocation % says something else than its posting %', NEW.id, NEW.posting_id
                USING ERRCODE = 'LG008';
        END IF;
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '% on % is refused: the ledger is append-only, take an allocation back instead', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'LG010';
END $$;

-- Lines go with a plan that was never applied, and with no other.
CREATE FUNCTION ledger_keep_line() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND EXISTS (
        SELECT FROM public.wallets_fundallocation h WHERE h.id = OLD.allocation_id AND h.status = 'previewed'
    ) THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION '% on % is refused: the ledger is append-only', TG_OP, TG_TABLE_NAME USING ERRCODE = 'LG010';
END $$;

INSERT INTO wallets_allocationline (owner_id, allocation_id, number, source_id, target_id, asset, amount, profit)
SELECT owner_id, id, 1, source_id, target_id, asset, amount, 0 FROM wallets_fundallocation;

CREATE TRIGGER agrees BEFORE INSERT OR UPDATE OR DELETE ON wallets_fundallocation
    FOR EACH ROW EXECUTE FUNCTION ledger_check_allocation();
CREATE TRIGGER append_only BEFORE TRUNCATE ON wallets_fundallocation
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();
CREATE TRIGGER agrees BEFORE INSERT ON wallets_allocationline FOR EACH ROW EXECUTE FUNCTION ledger_check_line();
CREATE TRIGGER kept BEFORE UPDATE OR DELETE ON wallets_allocationline
    FOR EACH ROW EXECUTE FUNCTION ledger_keep_line();
CREATE TRIGGER append_only BEFORE TRUNCATE ON wallets_allocationline
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();

DO $$
DECLARE
    somebody text;
BEGIN
    FOR somebody IN
        SELECT DISTINCT pg_get_userbyid(acl.grantee)
        FROM pg_class c, LATERAL aclexplode(c.relacl) acl
        WHERE c.oid = 'wallets_fundallocation'::regclass AND acl.grantee NOT IN (0, c.relowner)
    LOOP
        EXECUTE format('GRANT UPDATE (status, posting_id, created_at), DELETE ON wallets_fundallocation TO %I', somebody);
        EXECUTE format('REVOKE ALL ON wallets_allocationline FROM %I', somebody);
        EXECUTE format('GRANT SELECT, INSERT, DELETE ON wallets_allocationline TO %I', somebody);
    END LOOP;
END $$;
