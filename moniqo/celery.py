"""Celery, and THE schedule: everything Moniqo does on its own stands in this one table."""

import os
from typing import Any

from celery import Celery
from celery.schedules import crontab
from celery.signals import worker_init
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "moniqo.settings")

app = Celery("moniqo")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks([*(name for name in settings.INSTALLED_APPS if "." not in name or name.startswith("moniqo."))])


@worker_init.connect
def check_database(**kwargs: Any) -> None:
    """Stop the start, not the first task, on a wrong database or a role that row-level security does not bind."""
    from django.db import connection  # only here: Celery reads this module before Django is set up

    if settings.PRODUCTION:
        connection.ensure_connection()
        connection.close()


def every(seconds: float, task: str, *, then: str = "") -> dict[str, Any]:
    """A task that runs every `seconds`; a run that a busy worker could not start in time is dropped, not piled up.

    When it has succeeded, the worker goes on with the task `then`.
    """
    options: dict[str, Any] = {"expires": seconds}
    if then:
        options["link"] = app.signature(then, immutable=True, expires=seconds)
    return {"task": task, "schedule": seconds, "options": options}


app.conf.beat_schedule = {
    "heartbeat": every(10, "kit.heartbeat.beat_tick"),
    # Protection looks at a price as soon as it is there, and on its own where the feed fails.
    "collect prices": every(
        settings.FEED_SECONDS, "markets.tasks.collect_prices", then="trading.tasks.keep_protection"
    ),
    "keep protection": every(10, "trading.tasks.keep_protection"),
    "run agents": every(10, "farms.tasks.run_due_agents"),
    "resolve orders": every(10, "trading.tasks.resolve_orders"),
    "sync and snapshot": every(settings.SYNC_SECONDS, "portfolio.tasks.sync_all"),
    "prove the ledger": {"task": "wallets.tasks.verify_ledger", "schedule": crontab(hour="3", minute="30")},
    "forget old sign-ins": {
        "task": "kit.users.tasks.forget_old_sign_ins",
        "schedule": crontab(hour="4", minute="10"),
    },
    "forget old sync logs": {"task": "wallets.tasks.prune_sync_log", "schedule": crontab(hour="4", minute="0")},
}
