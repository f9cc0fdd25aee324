"""What is kept of runs how long: those that moved nothing for three months, those that moved money for two years.

What was moved, and by which plan, stays for ever. The newest run of a rule stays, however old: what is due next is
counted from it.
"""

from datetime import timedelta
from typing import Final

from django.db.models import Exists, OuterRef, Q

from kit import clock, tenancy
from portfolio.rebalancing.models import OPEN, RebalanceRun

IDLE_KEPT: Final = timedelta(days=90)
KEPT: Final = timedelta(days=730)


def forget_runs() -> int:
    """Remove every owner's old runs; returns how many. Runs as the system."""
    now = clock.now()
    with tenancy.system():
        newer = RebalanceRun.objects.filter(rule=OuterRef("rule"), due_at__gt=OuterRef("due_at"))
        old = RebalanceRun.objects.filter(
            Q(due_at__lt=now - KEPT) | (Q(due_at__lt=now - IDLE_KEPT) & ~Q(status=RebalanceRun.Status.DONE)),
            Exists(newer),
        )
        return old.exclude(status__in=OPEN).order_by().delete()[0]
