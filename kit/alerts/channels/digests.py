"""A digest once a day, at an hour of its reader's own: queued when the hour has come, once, whoever looks."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Q

from kit import clock, tenancy
from kit.alerts.models import Channel, Delivery


def queue_due() -> int:
    """Queue the digests of everybody whose hour has come and who got none today; returns how many.

    What was missed because nothing ran is sent later on the same day, and not on another one.
    """
    with tenancy.system():
        rows = Channel.objects.filter(is_active=True, digest_at__isnull=False, owner__is_active=True)
        found = list(rows.values_list("owner_id", "pk", "digest_at", "owner__timezone"))
    now, count = clock.now(), 0
    for owner_id, pk, hour, zone in found:
        local = now.astimezone(ZoneInfo(zone))
        if hour is None or not _has_come(hour, local):
            continue
        with tenancy.tenant(owner_id):
            open_days = Q(digested_on__isnull=True) | Q(digested_on__lt=local.date())
            # One statement decides who queues it: another worker finds the day taken.
            if Channel.objects.filter(open_days, pk=pk, is_active=True).update(digested_on=local.date()):
                digest = Delivery.Purpose.DIGEST
                Delivery.objects.create(owner_id=owner_id, channel_id=pk, purpose=digest, next_try_at=now)
                count += 1
    return count


def begun(hour: time, zone: str) -> date:
    """The day that counts as told when somebody asks for a digest at `hour` now: today once it is over."""
    local = clock.now().astimezone(ZoneInfo(zone))
    return local.date() if _has_come(hour, local) else local.date() - timedelta(days=1)


def _has_come(hour: time, local: datetime) -> bool:
    return local.time() >= hour
