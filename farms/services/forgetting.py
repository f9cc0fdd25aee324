"""Most bars change nothing, and a year later nobody asks why: of those decisions only the last months are kept."""

from datetime import timedelta
from typing import Final

from django.conf import settings
from django.db import connections

from kit import clock
from kit.tenancy import SYSTEM_DB_ALIAS

AT_ONCE: Final = 5_000
# By agent and bar, as the index goes; the newest decision of an agent stays, however old: its page shows it.
FORGET: Final = """
DELETE FROM farms_agentrun WHERE id IN (
    SELECT run.id
    FROM farms_agent AS agent
    CROSS JOIN LATERAL (
        SELECT id FROM farms_agentrun AS old
        WHERE old.agent_id = agent.id AND old.bar < %(bar)s AND old.created_at < %(before)s
          AND old.decision = 'hold' AND old.order_id IS NULL
          AND EXISTS (SELECT FROM farms_agentrun AS newer WHERE newer.agent_id = agent.id AND newer.bar > old.bar)
    ) AS run
    LIMIT %(most)s
)
"""


def forget_holds(*, days: int | None = None, at_once: int = AT_ONCE) -> int:
    """Remove every owner's decisions to do nothing that are older than `days` (default: the setting); returns how many.

    Each `at_once` of them are a transaction of their own: one that is killed has done what it has done. Decisions that
    led to something stay for ever, which the database sees to, as it does that nothing younger than 30 days goes.
    """
    before = clock.now() - timedelta(days=settings.AGENT_RUN_DAYS if days is None else days)
    gone = 0
    while True:
        with connections[SYSTEM_DB_ALIAS].cursor() as cursor:
            cursor.execute(FORGET, {"bar": int(before.timestamp() * 1000), "before": before, "most": at_once})
            removed = int(cursor.rowcount)
        gone += removed
        if removed < at_once:
            return gone
