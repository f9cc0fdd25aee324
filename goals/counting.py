"""Count what was filled and closed into the goals it belongs to, each row once.

A row counts for a goal if its wallet worked for it at that moment, and the moment lies in the goal's period. A wallet
works for those that anything above it works for, for as long as it stands there: one that was moved counts for where it
stood then. Rows are
read by the transaction that wrote them, up to the oldest one that still runs: one that commits late is read later, and
none is read twice or passed over. An owner's counting is serial: whoever counts holds the owner's cursor.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final
from uuid import UUID

from django.db import connection

from goals.models import Goal, GoalCursor, GoalTotal

# All there is to count, from the functions of `trading`; and which wallets worked for which goal when. A batch is added
# up by wallet first: as a rule all of it lies in a goal's time, and only where it does not is it looked at row by row.
_COUNTED: Final = """
WITH goal AS MATERIALIZED (
    SELECT id, starts_at, ends_at FROM goals_goal
    WHERE owner_id = %(owner)s
          AND CASE WHEN %(goals)s::uuid[] IS NULL THEN status = 'active' ELSE id = ANY (%(goals)s) END
),
assigned AS MATERIALIZED (
    SELECT assignment.goal_id, coalesce(assignment.wallet_id, assignment.owner_id) AS root_id,
           tstzrange(greatest(assignment.since, goal.starts_at),
                     greatest(coalesce(least(assignment.until, goal.ends_at), 'infinity'), assignment.since,
                              goal.starts_at)) AS time
    FROM goals_goalassignment AS assignment JOIN goal ON goal.id = assignment.goal_id
),
tree AS MATERIALIZED (
    SELECT root_id, wallet_id, times
    FROM portfolio_stood_below(%(owner)s, ARRAY(SELECT DISTINCT root_id FROM assigned WHERE root_id <> %(owner)s))
    UNION ALL
    SELECT %(owner)s, wallet_id, '{{(,)}}'::tstzmultirange FROM wallet_places WHERE owner_id = %(owner)s
),
fresh AS MATERIALIZED (
    SELECT wallet_id, quote, at, 1 AS fills, volume, 0 AS trades, 0 AS won_trades, 0 AS lost_trades,
           0::numeric AS won, 0::numeric AS lost
    FROM owner_fills(%(owner)s)
    WHERE written >= %(since)s::xid8 AND written < %(until)s::xid8 AND {narrowed}
    UNION ALL
    SELECT wallet_id, quote, at, 0, 0, 1, (profit > 0)::integer, (profit < 0)::integer,
           greatest(profit, 0), greatest(-profit, 0)
    FROM owner_trades(%(owner)s)
    WHERE written >= %(since)s::xid8 AND written < %(until)s::xid8 AND {narrowed}
),
batch AS MATERIALIZED (
    SELECT wallet_id, quote, tstzrange(min(at), max(at), '[]') AS span, sum(fills) AS fills, sum(volume) AS volume,
           sum(trades) AS trades, sum(won_trades) AS won_trades, sum(lost_trades) AS lost_trades, sum(won) AS won,
           sum(lost) AS lost
    FROM fresh GROUP BY wallet_id, quote
),
working AS MATERIALIZED (
    -- A wallet may work for a goal by more than one of its assignments, one after the other or at once.
    SELECT goal_id, wallet_id, range_agg(tstzmultirange(time) * times) AS times
    FROM assigned JOIN tree USING (root_id)
    WHERE wallet_id IN (SELECT wallet_id FROM batch)
    GROUP BY goal_id, wallet_id
),
counted AS (
    SELECT goal_id, quote, fills, volume, trades, won_trades, lost_trades, won, lost{at}
    FROM working JOIN {whole} AS batch USING (wallet_id)
    WHERE times @> {span}
    {by_row}
)
"""
_BY_ROW: Final = """
    UNION ALL
    SELECT goal_id, fresh.quote, fresh.fills, fresh.volume, fresh.trades, fresh.won_trades, fresh.lost_trades,
           fresh.won, fresh.lost
    FROM working
    JOIN batch USING (wallet_id)
    JOIN fresh ON fresh.wallet_id = batch.wallet_id AND fresh.quote = batch.quote
    WHERE times && span AND NOT times @> span AND times @> fresh.at
"""
_SUMS: Final = """
sum(fills) AS fills, sum(volume) AS volume, sum(trades) AS trades, sum(won_trades) AS won_trades,
sum(lost_trades) AS lost_trades, sum(won) AS won, sum(lost) AS lost
"""
_ADD: Final = f"""
INSERT INTO goals_goaltotal AS total
    (owner_id, goal_id, quote, fills, volume, trades, won_trades, lost_trades, won, lost)
SELECT %(owner)s, goal_id, quote, {_SUMS} FROM counted GROUP BY goal_id, quote
ON CONFLICT (goal_id, quote) DO UPDATE
SET fills = total.fills + excluded.fills, volume = total.volume + excluded.volume,
    trades = total.trades + excluded.trades, won_trades = total.won_trades + excluded.won_trades,
    lost_trades = total.lost_trades + excluded.lost_trades, won = total.won + excluded.won,
    lost = total.lost + excluded.lost
"""  # noqa: S608 - joined from constants

_BATCHED: Final = {"whole": "batch", "span": "span", "at": "", "by_row": _BY_ROW}
# A goal that begins in the past, or whose scope has changed, reads the rows of its own wallets and time.
_OWN: Final = """
wallet_id IN (SELECT wallet_id FROM assigned JOIN tree USING (root_id)) AND at >= (SELECT min(starts_at) FROM goal)
"""
COUNT_FRESH: Final = _COUNTED.format(narrowed="true", **_BATCHED) + _ADD
COUNT_OWN: Final = _COUNTED.format(narrowed=_OWN, **_BATCHED) + _ADD
COUNT_DAYS: Final = (
    _COUNTED.format(narrowed=_OWN, whole="fresh", span="batch.at", at=", batch.at", by_row="")
    + f"""
SELECT quote, width_bucket(at, %(ends)s::timestamptz[]) AS day, {_SUMS} FROM counted GROUP BY quote, day ORDER BY day
"""  # noqa: S608 - joined from constants
)


def lock(*, owner_id: UUID) -> GoalCursor:
    """The owner's cursor, which nobody else moves until this transaction ends; made where there is none yet."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO goals_goalcursor (owner_id, read_to) VALUES (%s, oldest_running())
            ON CONFLICT (owner_id) DO NOTHING
            """,
            [owner_id],
        )
    return GoalCursor.objects.select_for_update().get(owner_id=owner_id)


def count(cursor: GoalCursor) -> int:
    """Add to the active goals what was written since the locked cursor, and move it; returns how many were changed.

    A cursor that is ahead of all transactions comes from another database, whose backup this one was restored from:
    then everything is counted anew.
    """
    oldest = _oldest_running()
    if cursor.read_to == oldest:
        return 0
    if cursor.read_to is not None and oldest < cursor.read_to:
        cursor.read_to = oldest
        cursor.save(update_fields=("read_to",))
        goals = Goal.objects.filter(owner_id=cursor.owner_id, status=Goal.Status.ACTIVE)
        recount(cursor, goals)
        return len(goals)
    with connection.cursor() as database:
        # Nobody can know beforehand how many rows a batch and its goals are; taken for one each, they are held against
        # one another pair by pair.
        database.execute("SET LOCAL enable_nestloop = off")
        database.execute(COUNT_FRESH, _given(cursor.owner_id, None, since=cursor.read_to or 0, until=oldest))
        changed = int(database.rowcount)
        database.execute("SET LOCAL enable_nestloop = on")
    cursor.read_to = oldest
    cursor.save(update_fields=("read_to",))
    return changed


def recount(cursor: GoalCursor, goals: Iterable[Goal]) -> None:
    """Count the goals anew, each up to the locked cursor: what `count` would have come to."""
    pks = [goal.pk for goal in goals]
    GoalTotal.objects.filter(goal__in=pks).delete()
    with connection.cursor() as database:
        database.execute(COUNT_OWN, _given(cursor.owner_id, pks, since=0, until=cursor.read_to or 0))


def count_by_day(cursor: GoalCursor, goal: Goal, ends: Sequence[Any]) -> list[tuple[Any, ...]]:
    """What counted for the goal up to the locked cursor: (quote, number of the day that `ends` ends, the sums)."""
    with connection.cursor() as database:
        database.execute(
            COUNT_DAYS, _given(cursor.owner_id, [goal.pk], since=0, until=cursor.read_to or 0) | {"ends": list(ends)}
        )
        return list(database.fetchall())


def _given(owner_id: UUID, goals: Sequence[UUID] | None, *, since: int, until: int) -> dict[str, Any]:
    return {
        "owner": owner_id,
        "goals": None if goals is None else list(goals),
        "since": str(since),
        "until": str(until),
    }


def _oldest_running() -> int:
    with connection.cursor() as database:
        database.execute("SELECT oldest_running()::text")
        return int(database.fetchone()[0])
