"""What is done about alerts on its own: old ones are forgotten, and operators hear of parts that have died."""

from celery import shared_task

from kit import heartbeat
from kit.alerts import services
from kit.alerts.models import PlatformAlert


@shared_task(name="kit.alerts.tasks.forget_old_alerts")
def forget_old_alerts() -> int:
    """Delete what was resolved 90 days ago; returns how many."""
    return services.forget_old_alerts()


@shared_task(name="kit.alerts.tasks.watch_parts")
def watch_parts(queue: str) -> None:
    """Ask for beat's and every queue's sign of life, from whichever queue's workers still answer."""
    for part in heartbeat.PARTS:
        seconds = heartbeat.age(part)
        if heartbeat.is_fresh(part, seconds):
            services.resolve_platform_alert(key=f"lag:{part}")
            continue
        what = {"beat": "beat", "streams": "the process that listens to venues"}.get(part, f"the workers of {part}")
        services.raise_platform_alert(
            key=f"lag:{part}",
            level=PlatformAlert.Level.CRITICAL,
            title=f"No sign of life from {what}",
            body=f"The last one: {heartbeat.in_words(seconds)}. What is to be done there waits; the log says why.",
        )
