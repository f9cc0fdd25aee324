"""What the database grows by in a day, by table: rows of the last hours times what a row takes with its indexes, and
what of it is there after a year, when what is old has been forgotten (`moniqo.retention`).

What a row takes is the size on the disk by the rows that are there; of a table of few rows, whose pages are mostly
empty, it is what its rows are wide and an entry in each index.
"""

from dataclasses import dataclass
from typing import Final

from django.db import connections
from django.db.backends.utils import CursorWrapper

from kit import tenancy
from moniqo.retention import RULES, Rule

YEAR: Final = 365
HOURS_PER_DAY: Final = 24
# From this many on, rows are those that PostgreSQL's statistics know of.
COUNTED: Final = 1_000_000
FEW: Final = 10_000
# A row's header with its line pointer, and an entry of an index with its share of the pages above.
HEADER_BYTES: Final = 28
INDEX_BYTES: Final = 64

# Partitions count as the table that they are parts of.
SIZES: Final = """
SELECT coalesce(whole.relname, part.relname), sum(pg_total_relation_size(part.oid))::bigint,
       sum(part.reltuples)::bigint, max((SELECT count(*) FROM pg_index WHERE indrelid = part.oid))
FROM pg_class AS part
LEFT JOIN pg_inherits ON inhrelid = part.oid
LEFT JOIN pg_class AS whole ON whole.oid = inhparent
WHERE part.relkind = 'r' AND part.relnamespace = 'public'::regnamespace
GROUP BY 1
"""


@dataclass(frozen=True, slots=True)
class Growth:
    """One table: what is there, and what comes each day; `goes_a_day` of it is forgotten after `rule.kept_days`."""

    table: str
    rule: Rule
    size: int
    rows: int
    row_bytes: float
    rows_a_day: float
    goes_a_day: float

    @property
    def bytes_a_day(self) -> float:
        return self.rows_a_day * self.row_bytes

    @property
    def bytes_in_a_year(self) -> float:
        """What a year like these hours adds, less what is forgotten by then."""
        days = self.rule.kept_days
        kept = YEAR if days is None else min(YEAR, days + self.rule.spare)
        stays = self.rows_a_day - self.goes_a_day
        return (stays * YEAR + self.goes_a_day * kept) * self.row_bytes


def measure(*, hours: float) -> list[Growth]:
    """Every table, by what it grows, the fastest first. Asked as the system role."""
    with connections[tenancy.SYSTEM_DB_ALIAS].cursor() as cursor:
        cursor.execute(SIZES)
        found = [_of(cursor, hours, *row) for row in cursor.fetchall()]
    return sorted(found, key=lambda one: (-one.bytes_a_day, -one.size, one.table))


def age_in_hours() -> float:
    """How long ago this database was made: its first migration, to the minute at least."""
    with connections[tenancy.SYSTEM_DB_ALIAS].cursor() as cursor:
        cursor.execute("SELECT extract(epoch FROM now() - min(applied)) / 3600 FROM django_migrations")
        return max(float(cursor.fetchone()[0]), 1 / 60)


def _of(cursor: CursorWrapper, hours: float, table: str, size: int, known: int, indexes: int) -> Growth:
    rule = RULES.get(table, Rule())
    rows = known
    if known < COUNTED:
        cursor.execute(f'SELECT count(*) FROM "{table}"')  # noqa: S608 - the catalogue's own name
        rows = int(cursor.fetchone()[0])
    width = size / max(rows, 1)
    if 0 < rows < FEW:
        cursor.execute(f'SELECT avg(pg_column_size(one.*)) FROM "{table}" AS one')  # noqa: S608 - the same
        width = min(width, float(cursor.fetchone()[0]) + HEADER_BYTES + indexes * INDEX_BYTES)
    came = goes = 0
    if rule.moment:
        cursor.execute(
            f'SELECT count(*), count(*) FILTER (WHERE {rule.goes or "true"}) FROM "{table}" '  # noqa: S608 - ours
            f"WHERE {rule.moment} > now() - make_interval(secs => %s) AND {rule.moment} <= now()",
            [hours * 3600],
        )
        came, goes = cursor.fetchone()
    days = hours / HOURS_PER_DAY
    return Growth(table, rule, size, rows, width, came / days, (goes if rule.days else 0) / days)
