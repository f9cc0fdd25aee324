"""Work that fails again and again for one owner becomes an alert; work that succeeds resolves it.

Once is the weather: a venue that restarts, a lock that was waited for too long. The third time in a row somebody has to
know, because whatever it does (snapshots, stops, syncs) has not happened since. Counted per owner and work, in a row of
its own, so that it does not matter which process or machine failed.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.core.cache import cache
from django.db import connection

from kit import clock, tenancy
from kit.alerts.models import Alert, TaskFailure
from kit.alerts.services import raise_alert, raise_platform_alert, resolve_alert, resolve_platform_alert
from kit.sentences import quoted

ALARM_AFTER: Final = 3
FIRST_REST: Final = timedelta(minutes=1)
LONGEST_REST: Final = timedelta(hours=6)
_MOST_ERROR: Final = 300
_REMEMBERED_SECONDS: Final = 86_400

logger = logging.getLogger(__name__)


def note_failure(*, owner_id: UUID, work: str, title: str, said: str, about: str = "", among: str = "") -> int:
    """Count one more failure of `work`, known to people as `title`, which `said` why; returns how many in a row.

    Works whose names begin with `among` have one alert together, which says how many of them fail.
    """
    with tenancy.tenant(owner_id):
        with connection.cursor() as cursor:
            cursor.execute(
                """
                INSERT INTO alerts_taskfailure AS known (owner_id, work, failures, error, failed_at)
                VALUES (%s, %s, 1, %s, %s)
                ON CONFLICT (owner_id, work) DO UPDATE
                SET failures = known.failures + 1, error = excluded.error, failed_at = excluded.failed_at
                RETURNING failures
                """,
                [owner_id, work, said[:_MOST_ERROR], clock.now()],
            )
            count = int(cursor.fetchone()[0])
        if count >= ALARM_AFTER and among:
            raise_alert(
                owner_id=owner_id,
                key=_key_among(among),
                level=Alert.Level.CRITICAL,
                title=f"Fails again and again: {title}",
                body=f"{{number}} of them failed {ALARM_AFTER} times in a row or more. Each is tried again, ever "
                "later, and this alert ends when all have succeeded. The last one says: {said}",
                about=about,
                number=_failing_among(owner_id, among),
                said=quoted(said[:_MOST_ERROR]),
            )
        elif count >= ALARM_AFTER:
            raise_alert(
                owner_id=owner_id,
                key=_key(work),
                level=Alert.Level.CRITICAL,
                title=f"Failed {count} times in a row: {title}",
                body="It is tried again, and this alert ends when it succeeds. It says: {said}",
                about=about,
                said=quoted(said[:_MOST_ERROR]),
            )
    return count


def note_success(*, owner_id: UUID, work: str, among: str = "") -> None:
    """Forget the failures of `work`, and resolve their alert; one that they have `among` others, when none fails."""
    with tenancy.tenant(owner_id):
        forgotten = TaskFailure.objects.filter(owner_id=owner_id, work=work).delete()[0]
        if forgotten and not among:
            resolve_alert(owner_id=owner_id, key=_key(work))
        elif forgotten and not _failing_among(owner_id, among):
            resolve_alert(owner_id=owner_id, key=_key_among(among))


def _failing_among(owner_id: UUID, among: str) -> int:
    """How many works whose names begin so have failed often enough to be told of."""
    failing = TaskFailure.objects.filter(owner_id=owner_id, work__startswith=among, failures__gte=ALARM_AFTER)
    return failing.count()


def resting(works: str) -> set[str]:
    """The works of the tenant whose names begin so and that are to be left alone: a minute after the first failure,
    twice as long after each further one, six hours at most."""
    now = clock.now()
    failed = TaskFailure.objects.filter(work__startswith=works, failed_at__gt=now - LONGEST_REST)
    return {one.work for one in failed if one.failed_at + rest_after(one.failures) > now}


def rest_after(failures: int) -> timedelta:
    """How long work is left alone that has failed so often in a row."""
    doubled: timedelta = FIRST_REST * 2 ** min(failures - 1, 16)
    return min(doubled, LONGEST_REST)


def note_platform_failure(*, work: str, title: str, said: str) -> int:
    """The same for work that is nobody's in particular: operators are told. Counted in the cache, for a day at most."""
    counter = _counter(work)
    cache.add(counter, 0, _REMEMBERED_SECONDS)
    count: int = cache.incr(counter)
    if count >= ALARM_AFTER:
        raise_platform_alert(
            key=_key(work),
            level=Alert.Level.CRITICAL,
            title=f"Failed {count} times in a row: {title}",
            body="It is tried again, and this alert ends when it succeeds. It says: {said}",
            said=quoted(said[:_MOST_ERROR]),
        )
    return count


def note_platform_success(*, work: str) -> None:
    """Forget the failures of work that is nobody's in particular, and resolve their alert."""
    if cache.delete(_counter(work)):
        resolve_platform_alert(key=_key(work))


@contextmanager
def contained(*, owner_id: UUID, work: str, title: str, among: str = "") -> Iterator[None]:
    """Go on whatever happens in the block, which is one part of a larger task, and count it like a task's failure.

    Run it outside of transactions: the count must survive what the block rolls back.
    """
    try:
        yield
    except Exception as error:
        logger.exception("%s failed for owner %s", title, owner_id)
        note_failure(owner_id=owner_id, work=work, title=title, said=in_words(error), among=among)
    else:
        note_success(owner_id=owner_id, work=work, among=among)


def in_words(error: BaseException) -> str:
    """The error's kind and what it says, for people who look for it in a log."""
    return f"{type(error).__name__}: {error}"


def _counter(work: str) -> str:
    return f"failures:{work}"


def _key(work: str) -> str:
    return f"failing:{work}"


def _key_among(works: str) -> str:
    return _key(f"each {works.strip()}")
