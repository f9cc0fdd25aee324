-- Only its owner, in person, makes a connection live.
--
-- No role that runs Moniqo may write `live_at` otherwise than to nothing: a trigger refuses it to everybody but the owner
-- of the table, and the one function that runs as that owner is granted to the role of the pages alone. What the
-- operators' admin and the jobs of all owners run as may not execute it.

CREATE FUNCTION wallets_guard_live() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_user <> (SELECT tableowner FROM pg_tables WHERE schemaname = TG_TABLE_SCHEMA AND tablename = TG_TABLE_NAME)
    THEN
        RAISE EXCEPTION 'A connection is made live by its owner in person.' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER guard_live_insert BEFORE INSERT ON wallets_connection
    FOR EACH ROW WHEN (NEW.live_at IS NOT NULL) EXECUTE FUNCTION wallets_guard_live();
CREATE TRIGGER guard_live BEFORE UPDATE ON wallets_connection
    FOR EACH ROW WHEN (NEW.live_at IS NOT NULL AND NEW.live_at IS DISTINCT FROM OLD.live_at)
    EXECUTE FUNCTION wallets_guard_live();

-- True when it is live now; false when the tenant has no such connection that watches.
CREATE FUNCTION wallets_make_live(connection uuid, moment timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    UPDATE wallets_connection SET live_at = moment
    WHERE id = connection AND owner_id = NULLIF(current_setting('app.user_id', true), '')::uuid
        AND NOT is_paper AND live_at IS NULL;
    RETURN FOUND;
END $$;

REVOKE ALL ON FUNCTION wallets_make_live FROM PUBLIC;
DO $$
DECLARE somebody regrole;
BEGIN
    FOR somebody IN
        SELECT acl.grantee::regrole FROM pg_proc, aclexplode(proacl) AS acl
        JOIN pg_roles ON pg_roles.oid = acl.grantee AND rolbypassrls
        WHERE proname = 'wallets_make_live'
    LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION wallets_make_live FROM %s', somebody);
    END LOOP;
END $$;
