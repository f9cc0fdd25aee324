"""What is done about alerts on its own: they are sent to channels, old ones are forgotten, and operators hear of parts
that have died."""

from typing import Final
from uuid import UUID

from celery import shared_task

from kit import heartbeat
from kit.alerts import services
from kit.alerts.channels import delivering, digests, talking
from kit.alerts.models import PlatformAlert

WAITS_SECONDS: Final = 60


@shared_task(name="kit.alerts.tasks.send_deliveries")
def send_deliveries() -> None:
    """Send what waits for channels, each owner's by a task: nobody's receiver keeps another's waiting."""
    for owner_id in delivering.owners_waiting():
        deliver.apply_async(args=(str(owner_id),), expires=WAITS_SECONDS)


@shared_task(name="kit.alerts.tasks.queue_digests")
def queue_digests() -> int:
    """Queue the digests whose hour has come; returns how many."""
    return digests.queue_due()


@shared_task(name="kit.alerts.tasks.hear_bots")
def hear_bots() -> None:
    """Look for messages to the bots of linked accounts, each by a task."""
    for owner_id, channel_id in talking.who_listens():
        hear_bot.apply_async(args=(str(owner_id), str(channel_id)), expires=WAITS_SECONDS // 6)


@shared_task(name="kit.alerts.tasks.hear_bot")
def hear_bot(owner_id: str, channel_id: str) -> None:
    """Answer what was written to an owner's bot. Safe to run twice at once."""
    talking.hear(owner_id=UUID(owner_id), channel_id=UUID(channel_id))


@shared_task(name="kit.alerts.tasks.deliver")
def deliver(owner_id: str) -> None:
    """Send an owner's alerts to their channels. Safe to run twice at once."""
    delivering.deliver(owner_id=UUID(owner_id))


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
