"""Tables that are kept by months: what is old leaves them as a whole, and is never deleted row by row.

Such a table is partitioned by the moment of its rows. Its months are made ahead, so that no writer waits for one. A row
of a month that nobody made is in the table's *rest*: nothing is refused for want of a part, and the night sorts such
rows in and tells operators. When a month is older than its setting says, what is to stay of it (`Months.stays`) is
written beside it while everybody works, and takes its place in the moment in which the month is dropped.
"""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import OperationalError, connection, connections, transaction
from django.db.backends.utils import CursorWrapper

from kit import clock
from kit.tenancy import SYSTEM_DB_ALIAS

# Nothing younger is forgotten, whatever a setting says: the database refuses it as well.
LEAST_DAYS: Final = 31
# Whoever reads or writes goes first: a lock that is not had by then is asked for again, and then the next night. Less
# than PostgreSQL waits before it looks for a deadlock, so that it is never somebody else who is ended by one.
PATIENCE: Final = "800ms"
TRIES: Final = 5

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Months:
    """A table by months: `days` names the setting of how long, `stays` says in SQL which rows `old` stay after that."""

    table: str
    by: str
    days: str
    stays: str = ""
    is_in_milliseconds: bool = False

    @property
    def kept_from(self) -> datetime:
        """Every row since then is there; older ones go as their months end before it."""
        return clock.now() - timedelta(days=max(int(getattr(settings, self.days)), LEAST_DAYS))

    @property
    def moment(self) -> str:
        """SQL: when a row `old` was made."""
        return f"to_timestamp(old.{self.by} / 1000.0)" if self.is_in_milliseconds else f"old.{self.by}"


def make(tables: Iterable[str], days: Iterable[date]) -> None:
    """Make the months of `days` where nobody has yet: whoever writes at other moments than now asks for them before."""
    months = sorted({day.replace(day=1) for day in days})
    with connection.cursor() as cursor:
        for table in tables:
            for month in months:
                cursor.execute("SELECT month_make(%s, %s)", [table, month])


def make_between(tables: Iterable[str], since: date, until: date) -> None:
    """The months of a span."""
    make(tables, (since + timedelta(days=number) for number in range((until - since).days + 1)))


def make_ahead() -> None:
    """This month and the three that follow, of every table by months."""
    for _ in range(TRIES):
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL lock_timeout = '{PATIENCE}'")
                cursor.execute("SELECT months_make_ahead()")
        except OperationalError as error:
            logger.warning("The months ahead are made another night: %s", error)
        else:
            return


def sort_in(table: Months) -> int:
    """Give the rows in the table's rest the months that they belong to; returns how many there were.

    Runs outside of any tenant block, as the system; one transaction, so that no row is ever missing or there twice.
    """
    for _ in range(TRIES):
        try:
            with transaction.atomic(using=SYSTEM_DB_ALIAS), connections[SYSTEM_DB_ALIAS].cursor() as cursor:
                return _sort_in(cursor, table)
        except OperationalError as error:
            logger.warning("What is in no month of %s stays there: %s", table.table, error)
    return 0


def _sort_in(cursor: CursorWrapper, table: Months) -> int:
    cursor.execute(f'SELECT count(*) FROM "{table.table}_rest"')  # noqa: S608 - ours, as all below
    strays = int(cursor.fetchone()[0])
    if not strays:
        return 0
    cursor.execute(f"SET LOCAL lock_timeout = '{PATIENCE}'")
    cursor.execute("SELECT month_rest_off(%s)", [table.table])
    (off,) = cursor.fetchone()
    cursor.execute(
        f"SELECT DISTINCT date_trunc('month', {table.moment} AT TIME ZONE 'UTC')::date FROM \"{off}\" AS old "  # noqa: S608
        f"WHERE {table.moment} BETWEEN '2009-01-01' AND now() + interval '1 year'"
    )
    for (month,) in cursor.fetchall():
        cursor.execute("SELECT month_make(%s, %s)", [table.table, month])
    columns = _columns(cursor, table.table)
    cursor.execute(f'INSERT INTO "{table.table}" ({columns}) SELECT {columns} FROM "{off}"')  # noqa: S608
    cursor.execute("SELECT month_rest_away(%s)", [table.table])
    return strays


def old(table: Months, *, also_thinned: bool = False) -> list[date]:
    """The months of which every row is older than the setting says, oldest first: those that nothing has left yet."""
    with connections[SYSTEM_DB_ALIAS].cursor() as cursor:
        cursor.execute(
            "SELECT month FROM months_of(%s) WHERE ends <= %s AND (%s OR NOT is_thinned)",
            [table.table, table.kept_from, also_thinned],
        )
        return [month for (month,) in cursor.fetchall()]


def forget(table: Months) -> int:
    """Let the months go of which every row is older than the setting says; returns how many.

    Each is a transaction of its own: whoever is killed has done what is done, and the next night goes on. Runs outside
    of any tenant block, as the system.
    """
    return sum(_forget_month(table, month) for month in old(table))


def _forget_month(table: Months, month: date) -> bool:
    def write(cursor: CursorWrapper, stays: str, columns: str) -> int:
        if not table.stays:
            return 0
        cursor.execute(
            f'INSERT INTO "{stays}" ({columns}) SELECT {columns} FROM "{table.table}_{month:%Y%m}" AS old '  # noqa: S608
            f"WHERE {table.stays}"
        )
        return int(cursor.rowcount)

    return replace(table.table, month, write)


def replace(table: str, month: date, write: Callable[[CursorWrapper, str, str], int | None]) -> bool:
    """Drop a month, with what `write` writes into the table that it is given the name and the columns of in its place.

    It returns how many rows those are: for 0 nothing takes the month's place, for None the month is left as it is.
    False then, or where somebody could not be waited for.
    """
    for _ in range(TRIES):
        try:
            with transaction.atomic(using=SYSTEM_DB_ALIAS), connections[SYSTEM_DB_ALIAS].cursor() as cursor:
                cursor.execute(f"SET LOCAL lock_timeout = '{PATIENCE}'")
                cursor.execute("SELECT month_begin_over(%s, %s)", [table, month])
                (stays,) = cursor.fetchone()
                rows = write(cursor, stays, _columns(cursor, table))
                if rows is None:
                    transaction.set_rollback(True, using=SYSTEM_DB_ALIAS)
                    return False
                cursor.execute("SELECT month_go_on(%s, %s, %s)", [table, month, rows > 0])
        except OperationalError as error:
            logger.warning("%s of %s stays for now: %s", f"{month:%B %Y}", table, error)
        else:
            return True
    return False


def _columns(cursor: CursorWrapper, table: str) -> str:
    """Those that are written: what is computed from them computes itself."""
    cursor.execute(
        "SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute "
        "WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''",
        [table],
    )
    return str(cursor.fetchone()[0])


def partition_sql(table: str, *, by: str, is_in_milliseconds: bool = False) -> str:
    """SQL that makes a table of Django's one by months of `by`, with the rows that are there.

    Its key, its foreign keys, indexes and unique constraints stay what they were, but that the key takes `by` in;
    a unique constraint has to contain it already. Policy, guards and grants are made anew by the migration after it.
    """
    moment = f"to_timestamp({by} / 1000.0)" if is_in_milliseconds else by
    return f"""
ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY;
ALTER TABLE {table} RENAME TO {table}_whole;
CREATE TABLE {table} (
    LIKE {table}_whole INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING GENERATED INCLUDING STORAGE
) PARTITION BY RANGE ({by});
CREATE TABLE {table}_rest PARTITION OF {table} DEFAULT;
SELECT month_close('{table}_rest');
DO $$
DECLARE
    made record;
    newest bigint;
BEGIN
    FOR made IN
        SELECT DISTINCT date_trunc('month', {moment} AT TIME ZONE 'UTC')::date AS month FROM {table}_whole
        WHERE {moment} BETWEEN '2009-01-01' AND now() + interval '1 year'
    LOOP
        PERFORM month_make('{table}', made.month);
    END LOOP;
    INSERT INTO {table} SELECT * FROM {table}_whole;
    SELECT coalesce(max(id), 0) INTO newest FROM {table}_whole;
    CREATE TEMPORARY TABLE known_definition AS
        SELECT conname AS name, contype::text AS kind, pg_get_constraintdef(oid) AS definition
        FROM pg_constraint WHERE conrelid = '{table}_whole'::regclass AND contype IN ('u', 'f')
        UNION ALL
        SELECT relname, 'i', replace(pg_get_indexdef(indexrelid), '{table}_whole', '{table}')
        FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
        WHERE indrelid = '{table}_whole'::regclass AND NOT indisunique;
    DROP TABLE {table}_whole;
    EXECUTE format(
        'ALTER TABLE {table} ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (START WITH %s)', newest + 1
    );
    ALTER TABLE {table} ADD CONSTRAINT {table}_pkey PRIMARY KEY (id, {by});
    FOR made IN SELECT * FROM known_definition ORDER BY kind DESC, name LOOP
        EXECUTE CASE made.kind
            WHEN 'i' THEN made.definition
            ELSE format('ALTER TABLE {table} ADD CONSTRAINT %I %s', made.name, made.definition)
        END;
    END LOOP;
    DROP TABLE known_definition;
END $$;
SELECT months_make_ahead();
"""  # noqa: S608 - names of ours
