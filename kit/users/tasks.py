"""What is forgotten of signing in, so that none of its tables grows for ever."""

from datetime import timedelta

from axes.handlers.proxy import AxesProxyHandler
from celery import shared_task
from django.conf import settings
from django.core.management import call_command

from kit import clock, tenancy
from kit.alerts.models import Alert
from kit.users import security
from kit.users.models import Token


@shared_task(name="kit.users.tasks.forget_old_sign_ins")
def forget_old_sign_ins() -> None:
    """Delete sessions that are over; tokens and the log of who signed in from where the setting's days later."""
    call_command("clearsessions")
    AxesProxyHandler.reset_logs(age_days=settings.SIGN_IN_LOG_DAYS)
    with tenancy.system():
        over = Token.objects.filter(expires_at__lt=clock.now(), kind=Token.Kind.PERSONAL)
        keys = [security.token_key(token) for token in over]
        Alert.objects.unresolved().filter(kind="token", key__in=keys).update(resolved_at=clock.now())
        Token.objects.filter(expires_at__lt=clock.now() - timedelta(days=settings.SIGN_IN_LOG_DAYS)).delete()
