"""Tables by months, for every app (see `kit.months`); the audit log is the first of them."""

from django.db import migrations

from kit.history import append_only_sql
from kit.months import partition_sql
from kit.tenancy import policy_sql

# A month's first instant as its table counts: by timestamptz, or by milliseconds.
BOUND = """
CREATE FUNCTION month_bound(p_table regclass, p_month date) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, public AS $$
    SELECT CASE atttypid
        WHEN 'bigint'::regtype
        THEN ((extract(epoch FROM p_month::timestamp AT TIME ZONE 'UTC') * 1000)::bigint)::text
        ELSE (p_month::timestamp AT TIME ZONE 'UTC')::text
    END
    FROM pg_partitioned_table JOIN pg_attribute ON attrelid = partrelid AND attnum = partattrs[0]
    WHERE partrelid = p_table
$$;
CREATE FUNCTION month_part(p_table regclass, p_month date) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, public AS $$
    SELECT relname || '_' || to_char(p_month, 'YYYYMM') FROM pg_class WHERE oid = p_table
$$;
"""

# The policy of the whole table decides what a query through it sees. A part itself may be touched by nobody, and if it
# could be, it would show nothing; only the role that sees every row may read it as well: pg_dump asks for each by name.
CLOSE = """
CREATE FUNCTION month_close(p_part text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
DECLARE
    grantee regrole;
BEGIN
    EXECUTE format('ALTER TABLE public.%I ENABLE ROW LEVEL SECURITY', p_part);
    EXECUTE format('ALTER TABLE public.%I FORCE ROW LEVEL SECURITY', p_part);
    FOR grantee IN
        SELECT DISTINCT acl.grantee::regrole
        FROM pg_class, aclexplode(relacl) AS acl
        WHERE pg_class.oid = format('public.%I', p_part)::regclass AND acl.grantee NOT IN (0, relowner)
    LOOP
        EXECUTE format('REVOKE ALL ON public.%I FROM %s', p_part, grantee);
        IF (SELECT rolbypassrls FROM pg_roles WHERE oid = grantee::oid) THEN
            EXECUTE format('GRANT SELECT ON public.%I TO %s', p_part, grantee);
        END IF;
    END LOOP;
END
$$;
"""

# Makes the month of `p_day` when nobody has yet. It runs as the tables' owner, because the app's role may not create
# tables; the years it accepts keep a caller from filling the catalogue. Where rows of the month are in the table's rest
# already, they stay there until they are sorted in, and it says false.
MAKE = """
CREATE FUNCTION month_make(p_table regclass, p_day date) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    month date := date_trunc('month', p_day);
    part text := month_part(p_table, month);
BEGIN
    IF to_regclass(format('public.%I', part)) IS NOT NULL THEN
        RETURN true;
    END IF;
    IF p_day NOT BETWEEN '2009-01-01' AND current_date + 366 THEN
        RAISE EXCEPTION 'No rows are kept for %: pass a day between 2009 and a year from now.', p_day;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('month_make', 0));
    IF to_regclass(format('public.%I', part)) IS NOT NULL THEN
        RETURN true;
    END IF;
    BEGIN
        EXECUTE format(
            'CREATE TABLE public.%I PARTITION OF %s FOR VALUES FROM (%L) TO (%L)',
            part, p_table, month_bound(p_table, month), month_bound(p_table, (month + interval '1 month')::date)
        );
    EXCEPTION WHEN check_violation THEN
        RETURN false;
    END;
    PERFORM month_close(part);
    RETURN true;
END
$$;
CREATE FUNCTION months_make_ahead() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    each regclass;
BEGIN
    FOR each IN
        SELECT partrelid::regclass FROM pg_partitioned_table JOIN pg_class ON pg_class.oid = partrelid
        WHERE partstrat = 'r' AND relnamespace = 'public'::regnamespace ORDER BY relname
    LOOP
        FOR number IN 0..3 LOOP
            PERFORM month_make(each, ((now() AT TIME ZONE 'UTC') + number * interval '1 month')::date);
        END LOOP;
    END LOOP;
END
$$;
"""

# The months there are, oldest first, how far each reaches, and whether what is not to stay has left it.
LIST = """
CREATE FUNCTION months_of(p_table regclass) RETURNS TABLE (month date, ends timestamptz, is_thinned boolean)
LANGUAGE sql STABLE SET search_path = pg_catalog, public AS $$
    SELECT known.month, (known.month + interval '1 month') AT TIME ZONE 'UTC',
           coalesce(obj_description(inhrelid, 'pg_class') = 'thinned', false)
    FROM pg_inherits
    JOIN pg_class ON pg_class.oid = inhrelid
    CROSS JOIN LATERAL (SELECT to_date(right(relname, 6) || '01', 'YYYYMMDD') AS month) AS known
    WHERE inhparent = p_table AND relname ~ '_\\d{6}$'
    ORDER BY 1
$$;
"""

# A month goes as a whole, nothing is deleted row by row: `month_begin_over` makes a table for what is to stay of it and
# keeps writers out of the month; `month_go_on` lets the month go, and that table takes its place. Only a role that sees
# every owner's rows may, and nothing of the last 30 days goes, whoever asks.
LET_GO = """
CREATE FUNCTION month_may_go(p_month date) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public AS $$
BEGIN
    IF NOT (SELECT rolbypassrls FROM pg_roles WHERE rolname = session_user) THEN
        RAISE EXCEPTION 'What is old is forgotten by the system role only.' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF (p_month + interval '1 month') AT TIME ZONE 'UTC' > now() - interval '30 days' THEN
        RAISE EXCEPTION 'Nothing of the last 30 days is forgotten.' USING ERRCODE = 'check_violation';
    END IF;
END
$$;
CREATE FUNCTION month_begin_over(p_table regclass, p_month date) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    month date := date_trunc('month', p_month);
    part text := month_part(p_table, month);
    stays text := part || '_stays';
BEGIN
    PERFORM month_may_go(month);
    EXECUTE format('LOCK TABLE public.%I IN SHARE MODE', part);
    EXECUTE format('CREATE TABLE public.%I (LIKE %s INCLUDING ALL EXCLUDING IDENTITY)', stays, p_table);
    PERFORM month_close(stays);
    EXECUTE format('GRANT SELECT, INSERT ON public.%I TO %I', stays, session_user);
    RETURN stays;
END
$$;
CREATE FUNCTION month_go_on(p_table regclass, p_month date, p_stays boolean) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    month date := date_trunc('month', p_month);
    part text := month_part(p_table, month);
    stays text := part || '_stays';
BEGIN
    PERFORM month_may_go(month);
    EXECUTE format('ALTER TABLE %s DETACH PARTITION public.%I', p_table, part);
    EXECUTE format('DROP TABLE public.%I', part);
    IF NOT p_stays THEN
        EXECUTE format('DROP TABLE public.%I', stays);
        RETURN;
    END IF;
    EXECUTE format('REVOKE INSERT ON public.%I FROM %I', stays, session_user);
    EXECUTE format('ALTER TABLE public.%I RENAME TO %I', stays, part);
    EXECUTE format(
        'ALTER TABLE %s ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)',
        p_table, part, month_bound(p_table, month), month_bound(p_table, (month + interval '1 month')::date)
    );
    EXECUTE format('COMMENT ON TABLE public.%I IS %L', part, 'thinned');
END
$$;
"""

# What came for a month that nobody had made is in the table's rest. It is taken off, put in again by the role that sees
# every row, once its months are there, and then away.
REST = """
CREATE FUNCTION month_rest_off(p_table regclass) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    rest text := (SELECT relname FROM pg_class WHERE oid = p_table) || '_rest';
    off text := rest || '_off';
BEGIN
    PERFORM month_may_go('2009-01-01');
    EXECUTE format('ALTER TABLE %s DETACH PARTITION public.%I', p_table, rest);
    EXECUTE format('ALTER TABLE public.%I RENAME TO %I', rest, off);
    EXECUTE format('CREATE TABLE public.%I PARTITION OF %s DEFAULT', rest, p_table);
    PERFORM month_close(rest);
    RETURN off;
END
$$;
CREATE FUNCTION month_rest_away(p_table regclass) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    PERFORM month_may_go('2009-01-01');
    EXECUTE format('DROP TABLE public.%I', (SELECT relname FROM pg_class WHERE oid = p_table) || '_rest_off');
END
$$;
"""
NOBODYS = """
REVOKE ALL ON FUNCTION month_close, month_make, months_make_ahead, month_begin_over, month_go_on, month_rest_off,
    month_rest_away FROM PUBLIC;
"""


class Migration(migrations.Migration):
    dependencies = (("audit", "0002_trading_area"),)

    operations = (
        migrations.RunSQL(BOUND + CLOSE + MAKE + LIST + LET_GO + REST + NOBODYS, migrations.RunSQL.noop),
        migrations.RunSQL(partition_sql("audit_auditentry", by="at"), migrations.RunSQL.noop),
        migrations.RunSQL(policy_sql("audit_auditentry"), migrations.RunSQL.noop),
        migrations.RunSQL(append_only_sql("audit_auditentry"), migrations.RunSQL.noop),
    )
