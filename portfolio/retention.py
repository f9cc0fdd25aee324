"""What is kept how long: snapshots of five minutes for some months, hours for some years, days for ever.

Nothing is forgotten that has not been summed up before, and what is cut off goes on where it stopped: every step is a
transaction of its own, and done twice it changes nothing. Snapshots go by whole months, so they stay up to a month
longer than the setting says; hours go by whole days of their owner.
"""

import logging
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection, connections
from django.db.backends.utils import CursorWrapper

from kit import clock, days, months, tenancy
from kit.tenancy import SYSTEM_DB_ALIAS
from portfolio import daily
from portfolio.models import DailyPerformance, HourlyPerformance
from portfolio.valuation import SAYS_A_VALUE

DAYS_PER_MONTH: Final = 31
HOURS_AT_ONCE: Final = 20_000
DAY: Final = timedelta(days=1)
MONTHS: Final = months.Months("portfolio_snapshot", by="at", days="SNAPSHOT_DAYS")

# The newest row of each history of which nothing newer is known: the next value goes on from it.
_KEEP: Final = f"""
CREATE TEMPORARY TABLE kept_snapshot ON COMMIT DROP AS
WITH RECURSIVE history AS (
    (
        SELECT scope, base FROM portfolio_snapshot WHERE at >= %(begins)s AND at < %(ends)s
        ORDER BY scope, base LIMIT 1
    )
    UNION ALL
    SELECT following.* FROM history
    CROSS JOIN LATERAL (
        SELECT scope, base FROM portfolio_snapshot
        WHERE (scope, base) > (history.scope, history.base) AND at >= %(begins)s AND at < %(ends)s
        ORDER BY scope, base LIMIT 1
    ) AS following
)
SELECT newest.* FROM history
CROSS JOIN LATERAL (
    SELECT * FROM portfolio_snapshot AS snapshot
    WHERE snapshot.scope = history.scope AND snapshot.base = history.base AND at >= %(begins)s AND at < %(ends)s
          AND {SAYS_A_VALUE}
    ORDER BY at DESC LIMIT 1
) AS newest
WHERE NOT EXISTS (
    SELECT FROM portfolio_snapshot AS later
    WHERE later.scope = history.scope AND later.base = history.base AND at >= %(ends)s AND {SAYS_A_VALUE}
)
"""  # noqa: S608 - joined from constants
_MORE: Final = """
SELECT (SELECT count(*) FROM kept_snapshot),
       (SELECT count(*) FROM (
           SELECT FROM portfolio_snapshot WHERE at >= %(begins)s AND at < %(ends)s
           LIMIT (SELECT count(*) + 1 FROM kept_snapshot)
       ) AS few)
"""
_FORGET_HOURS: Final = """
DELETE FROM portfolio_hourlyperformance WHERE id IN (
    SELECT hour.id
    FROM (
        SELECT scope, base FROM unnest(%(scopes)s::uuid[]) AS scope CROSS JOIN unnest(%(bases)s::text[]) AS base
    ) AS history
    CROSS JOIN LATERAL (
        SELECT id FROM portfolio_hourlyperformance AS old
        WHERE old.scope = history.scope AND old.base = history.base AND old.at < %(before)s ORDER BY at LIMIT %(most)s
    ) AS hour
    LIMIT %(most)s
)
"""

logger = logging.getLogger(__name__)


def kept_from(now: datetime | None = None) -> tuple[datetime, datetime]:
    """Since when there are five-minute snapshots, and since when hours, as the settings promise it."""
    now = now or clock.now()
    return now - timedelta(days=settings.SNAPSHOT_DAYS), now - timedelta(days=settings.HOURLY_MONTHS * DAYS_PER_MONTH)


def make_month(at: datetime) -> None:
    """Make the month of a moment that is written now, where nobody has yet: snapshots have no rest."""
    months.make((MONTHS.table,), (at.date(),))


def old_months() -> Sequence[date]:
    """The months of which every snapshot is older than the setting says, oldest first; of one that was let go, what
    stayed may be known by newer ones meanwhile."""
    return months.old(MONTHS, also_thinned=True)


def forget_month(month: date) -> bool:
    """Take a month away that has been summed up; False where there was nothing to take, or somebody reads it.

    Runs outside of any tenant block, as the system.
    """
    begins = datetime(month.year, month.month, 1, tzinfo=UTC)
    given = {"begins": begins, "ends": (begins + timedelta(days=DAYS_PER_MONTH)).replace(day=1)}

    def write(cursor: CursorWrapper, stays: str, columns: str) -> int | None:
        cursor.execute(_KEEP, given)
        cursor.execute(_MORE, given)
        kept, counted = cursor.fetchone()
        if counted <= kept and counted:
            return None
        cursor.execute(f'INSERT INTO "{stays}" ({columns}) SELECT {columns} FROM kept_snapshot')  # noqa: S608 - ours
        return int(kept)

    return months.replace(MONTHS.table, month, write)


def forget_hours(*, owner_id: UUID, zone: ZoneInfo) -> int:
    """Remove the owner's hours that are older than the setting says, whole days of them; returns how many.

    Days that are summed up only: each `HOURS_AT_ONCE` of them are a statement of their own. Runs as the system.
    """
    given = {
        **_histories(owner_id),
        "before": days.begins(days.day_of(kept_from()[1], zone), zone),
        "most": HOURS_AT_ONCE,
    }
    gone = 0
    while True:
        with connections[SYSTEM_DB_ALIAS].cursor() as cursor:
            cursor.execute(_FORGET_HOURS, given)
            removed = int(cursor.rowcount)
        gone += removed
        if removed < HOURS_AT_ONCE:
            return gone


def give_up_days(*, owner_id: UUID, zone: ZoneInfo) -> tuple[date | None, datetime | None]:
    """Remove what can be made anew for another zone: hours of which there are snapshots, days of which there are hours.

    What is older stays as it was made, in the zone that its owner was in then. Returns the day and the moment that days
    and hours are to be made from, None for the beginning. Runs as the tenant.
    """
    since = days.begins(daily.BEGINNING)
    snapshots = daily.span(daily.SNAPSHOTS_SPANNED, daily.given(owner_id), since=since)
    if snapshots is None:
        return None, None
    scopes = _histories(owner_id)["scopes"]
    every_hour, every_day = (model.objects.filter(scope__in=scopes) for model in (HourlyPerformance, DailyPerformance))
    hours_from = days_from = None
    if every_hour.filter(closed_at__lt=snapshots[0]).exists():
        hours_from = _midnight_after(snapshots[0], zone)
    hours = daily.span(daily.HOURS_SPANNED, daily.given(owner_id), since=since) if hours_from else None
    _give_up("hours", scopes, hours_from)
    known = hours or snapshots
    if every_day.filter(closed_at__lt=known[0]).exists():
        days_from = _midnight_after(known[0] + DAY, zone)
    _give_up("days", scopes, days_from)
    return (days.day_of(days_from, zone) if days_from else None), hours_from


def _give_up(what: str, scopes: Sequence[UUID], since: datetime | None) -> None:
    """Those that can be made again, and no others: of what ended long ago the newest snapshot is kept alone."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT portfolio_give_up_{what}(%s, %s)", [list(scopes), since])


def _histories(owner_id: UUID) -> dict[str, Any]:
    """The owner's scopes, and every base that any of them was ever valued in."""
    with tenancy.tenant(owner_id), connection.cursor() as cursor:
        cursor.execute(f"{daily.SCOPES} SELECT DISTINCT scope, base FROM scope", daily.given(owner_id))  # noqa: S608 - ours
        rows = cursor.fetchall()
    return {"scopes": sorted({scope for scope, _ in rows}), "bases": sorted({base for _, base in rows})}


def _midnight_after(moment: datetime, zone: ZoneInfo) -> datetime:
    return days.ends(days.day_of(moment, zone), zone)
