"""What is kept of runs how long: those that moved nothing for three months, those that moved money for two years.

What was moved, and by which plan, stays for ever. The newest run of a rule stays, however old: what is due next is
counted from it.
"""

from datetime import timedelta

from django.conf import settings
from django.db.models import Exists, OuterRef, Q

from kit import clock, tenancy
from portfolio.rebalancing.models import OPEN, RebalanceRun


def forget_runs() -> int:
    """Remove every owner's old runs; returns how many. Runs as the system."""
    now = clock.now()
    with tenancy.system():
        newer = RebalanceRun.objects.filter(rule=OuterRef("rule"), due_at__gt=OuterRef("due_at"))
        moved, idle = (timedelta(days=days) for days in (settings.REBALANCE_DAYS, settings.REBALANCE_IDLE_DAYS))
        old = RebalanceRun.objects.filter(
            Q(due_at__lt=now - moved) | (Q(due_at__lt=now - idle) & ~Q(status=RebalanceRun.Status.DONE)),
            Exists(newer),
        )
        return old.exclude(status__in=OPEN).order_by().delete()[0]
