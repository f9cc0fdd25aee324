"""Raise and resolve alerts."""

from uuid import UUID

from kit import clock
from kit.alerts.models import Alert


def raise_alert(*, owner_id: UUID, key: str, title: str, body: str = "", level: str = Alert.Level.WARNING) -> Alert:
    """Make the alert `key` unless it is open already; an open one gets the newer words."""
    alert, _ = Alert.objects.update_or_create(
        owner_id=owner_id, key=key, resolved_at=None, defaults={"level": level, "title": title, "body": body}
    )
    return alert


def resolve_alert(*, owner_id: UUID, key: str) -> int:
    """Close the open alert `key`; returns how many there were (0 or 1)."""
    return Alert.objects.filter(owner_id=owner_id, key=key, resolved_at=None).update(resolved_at=clock.now())


def resolve_alerts(*, owner_id: UUID, prefix: str) -> int:
    """Close the open alerts whose key begins with `prefix`; returns how many there were."""
    found = Alert.objects.filter(owner_id=owner_id, key__startswith=prefix, resolved_at=None)
    return found.update(resolved_at=clock.now())
