"""What is done about questions on its own: those that nobody has answered in time are closed."""

from datetime import timedelta

from celery import shared_task
from django.conf import settings

from kit import clock, tenancy
from kit.alerts.failures import contained
from kit.approvals import services
from kit.approvals.models import Approval


@shared_task(name="kit.approvals.tasks.close_late_approvals")
def close_late_approvals() -> int:
    """Close them, and end their alerts; returns how many."""
    closed = 0
    for owner_id in services.owners_with_late_ones():
        with contained(owner_id=owner_id, work="late approvals", title="Closing questions"), tenancy.tenant(owner_id):
            closed += services.expire(owner_id=owner_id)
    return closed


@shared_task(name="kit.approvals.tasks.forget_old_approvals")
def forget_old_approvals() -> int:
    """Delete what was answered the setting's days ago; returns how many."""
    with tenancy.system():
        old = Approval.objects.filter(answered_at__lt=clock.now() - timedelta(days=settings.APPROVAL_DAYS))
        return old.delete()[0]
