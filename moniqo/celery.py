"""Celery for web and workers, with every task. The schedule and the queues stand in `moniqo.schedule`."""

import os
from typing import Any

from celery import Celery
from celery.signals import task_success, worker_init
from django.conf import settings
from kombu.exceptions import OperationalError

from kit import impatient
from moniqo import schedule

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "moniqo.settings")

OURS = {"kit", "moniqo", "markets", "wallets", "trading", "farms", "goals", "portfolio"}


class App(Celery):
    """Sends nothing while Redis is away: whoever sends has committed what it is about, and the schedule finds it."""

    def send_task(self, *args: Any, **options: Any) -> Any:
        """Send it, or raise OperationalError at once when Redis has failed a moment ago."""
        if impatient.is_away():
            raise OperationalError("Redis did not answer a moment ago: nothing is sent to the workers.")
        with impatient.noticing(OperationalError):
            return super().send_task(*args, **options)


app = App("moniqo", task_cls="kit.tasks:Task")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.update(schedule.CONFIGURATION)
app.conf.imports = ["kit.heartbeat"]
app.autodiscover_tasks([name for name in settings.INSTALLED_APPS if name.partition(".")[0] in OURS])


@task_success.connect
def go_on(sender: Any, **kwargs: Any) -> None:
    """Send what follows the task that has succeeded. What is lost here, the schedule sends within seconds."""
    for name in schedule.FOLLOWED_BY.get(sender.name, ()):
        app.send_task(name, expires=schedule.FOLLOWS_WITHIN, retry=False)


@worker_init.connect
def check_database(**kwargs: Any) -> None:
    """Stop the start, not the first task, on a wrong database or a role that row-level security does not bind."""
    from django.db import connection  # only here: Celery reads this module before Django is set up

    if settings.PRODUCTION:
        connection.ensure_connection()
        connection.close()
