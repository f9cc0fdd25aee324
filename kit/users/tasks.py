"""What is forgotten of signing in, so that neither table grows for ever."""

from axes.handlers.proxy import AxesProxyHandler
from celery import shared_task
from django.conf import settings
from django.core.management import call_command


@shared_task(name="kit.users.tasks.forget_old_sign_ins")
def forget_old_sign_ins() -> None:
    """Delete sessions that are over, and the log of who signed in from where after the days of the setting."""
    call_command("clearsessions")
    AxesProxyHandler.reset_logs(age_days=settings.SIGN_IN_LOG_DAYS)
