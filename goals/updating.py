"""Bring the goals of an owner up to date: count what is new, measure, tell, and end what has ended.

The whole of it is one transaction that holds the owner's cursor, so however many evaluators run at once, one of them
finds a goal reached and the others find it ended. What is done then is `goals.acting`'s.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import orjson
from django.db import connection, transaction
from django.db.models import Max

from goals import counting, life, renewing, telling
from goals.measuring import Measured, measure
from goals.models import Goal, GoalEvent
from goals.targets import load
from kit import clock
from kit.live.publish import publish
from portfolio.models import PortfolioState

# The newest point of a series is written at most this often; what a page shows is measured more often.
NOTED_EVERY: Final = timedelta(minutes=5)
# A fill of the last moment is told by its venue a little later; then it is too late for a goal that has ended.
GRACE: Final = timedelta(minutes=1)


def update(*, owner_id: UUID) -> list[UUID]:
    """Count, measure and end the owner's active goals; returns those that have ended now. Runs as the tenant."""
    with transaction.atomic():
        cursor = counting.lock(owner_id=owner_id)
        counting.count(cursor)
        now = clock.now()
        active = Goal.objects.filter(owner_id=owner_id, status=Goal.Status.ACTIVE, starts_at__lte=now)
        active = active.order_by("created_at", "pk")  # who was there first ends first, and collects first
        found = measure(owner_id=owner_id, goals=list(active), now=now)
        changed = [one for one in found if _differs(one)]
        if changed:
            write(owner_id, changed, now)
        ended = [one.goal.pk for one in found if _end(one, now)]
        _adjust(found, now)
        telling.tell(found)
        cursor.measured_at = now
        cursor.save(update_fields=("measured_at",))
    if changed or ended:
        publish(owner_id=owner_id, event="goals", data={})
    return ended


def due_owners() -> list[UUID]:
    """Everybody who has a goal under way, but whose history is not being built: then it has a clock of its own. Runs as
    the system."""
    building = PortfolioState.owners_building()
    rows = Goal.objects.filter(status=Goal.Status.ACTIVE).exclude(owner_id__in=building).order_by()
    return list(rows.values_list("owner_id", flat=True).distinct())


def owners_of_series() -> list[UUID]:
    """Everybody who has, or has had, a goal that was measured. Runs as the system."""
    return list(Goal.objects.filter(noted_at__isnull=False).order_by().values_list("owner_id", flat=True).distinct())


def _differs(one: Measured) -> bool:
    goal, read = one.goal, one.reading
    return (goal.value, goal.progress, goal.unknown) != (read.value, read.progress, read.unknown)


def write(owner_id: UUID, measured: Sequence[Measured], now: datetime) -> None:
    """Write down where goals stand, and a point of the series of those whose value has changed for a while."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH read (id, value, progress, unknown) AS (
                SELECT *
                FROM unnest(%(ids)s::uuid[], %(values)s::numeric[], %(progress)s::float8[], %(unknown)s::jsonb[])
            ),
            noted AS (
                INSERT INTO goals_goalprogress (owner_id, goal_id, at, value, progress)
                SELECT %(owner)s, id, %(now)s, read.value, read.progress
                FROM read JOIN goals_goal AS goal USING (id)
                WHERE read.value IS NOT NULL AND read.value IS DISTINCT FROM goal.value
                      AND (goal.noted_at IS NULL OR goal.noted_at <= %(due)s OR read.progress = 1)
                ON CONFLICT (goal_id, at) DO UPDATE SET value = excluded.value, progress = excluded.progress
                RETURNING goal_id
            )
            UPDATE goals_goal AS goal
            SET value = read.value, progress = read.progress, unknown = read.unknown,
                noted_at = CASE WHEN goal.id IN (SELECT goal_id FROM noted) THEN %(now)s ELSE goal.noted_at END
            FROM read WHERE goal.id = read.id
            """,
            {
                "owner": owner_id,
                "now": now,
                "due": now - NOTED_EVERY,
                "ids": [one.goal.pk for one in measured],
                "values": [one.reading.value for one in measured],
                "progress": [one.reading.progress for one in measured],
                "unknown": [orjson.dumps(one.reading.unknown.parts).decode() for one in measured],
            },
        )
    for one in measured:
        one.goal.value, one.goal.progress, one.goal.unknown = (
            one.reading.value,
            one.reading.progress,
            one.reading.unknown,
        )


def _end(one: Measured, now: datetime) -> bool:
    goal = one.goal
    if goal.paused_at is not None:
        return False
    if one.reading.is_reached and not _is_too_late(goal, now):
        return life.achieve(goal, at=now, read=one.reading)
    if goal.ends_at is not None and now >= goal.ends_at + GRACE:
        return life.miss(goal, at=now, read=one.reading)
    return False


def _is_too_late(goal: Goal, now: datetime) -> bool:
    """What has happened is counted by its moment; what things are worth is known of now alone."""
    return goal.ends_at is not None and now >= goal.ends_at and load(goal.target).needs("value")


def _adjust(found: Sequence[Measured], now: datetime) -> None:
    """Let the rules work that owners have accepted, each once in so many days."""
    ruled = {
        one.goal.pk: one
        for one in found
        if one.goal.accepts_changes and one.plan and one.goal.status == Goal.Status.ACTIVE and not one.goal.paused_at
        if one.plan.is_ahead or one.plan.is_behind
    }
    if not ruled:
        return
    kinds = (GoalEvent.Kind.ADJUSTED, GoalEvent.Kind.EXTENDED, GoalEvent.Kind.STARTED)
    last = GoalEvent.objects.filter(goal__in=ruled, kind__in=kinds).order_by().values_list("goal_id")
    for goal_id, newest in last.annotate(newest=Max("created_at")):
        one = ruled[goal_id]
        rule = one.goal.accepts_changes
        began = max(newest, one.goal.starts_at)
        if rule and one.plan and now - began >= timedelta(days=rule["every_days"]):
            renewing.adjust(one.goal, one.plan)
