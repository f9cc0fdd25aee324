"""A venue that rejects many people at once has a trouble of its own: then operators are told, once per platform."""

from collections import defaultdict
from typing import Final
from uuid import UUID

from kit import tenancy
from kit.alerts.models import Alert, PlatformAlert
from kit.alerts.services import raise_platform_alert, resolve_platform_alert
from wallets.models import Connection
from wallets.venues.keeping import sealed_with_lost_keys

MANY: Final = 3
REFUSED: Final = ("sync", "credentials")


def tell_operators_of_refusals() -> int:
    """Raise or resolve an alert per platform; returns how many platforms refuse three owners or more."""
    with tenancy.system():
        keys = Alert.objects.unresolved().filter(kind__in=REFUSED).values_list("key", flat=True)
        refused = {UUID(key.partition(":")[2]) for key in keys}
        concerned: dict[tuple[str, str], set[UUID]] = defaultdict(set)
        # What we cannot open ourselves no venue has refused: of that `wallets.venues.keeping` tells.
        failing = Connection.objects.filter(pk__in=refused).exclude(pk__in=sealed_with_lost_keys())
        rows = failing.values_list("platform__slug", "platform__name", "owner_id")
        for slug, name, owner_id in rows:
            concerned[slug, name].add(owner_id)
        known = set(PlatformAlert.objects.unresolved().filter(kind="platform").values_list("key", flat=True))
    many = {
        f"platform:{slug}": (name, len(owners)) for (slug, name), owners in concerned.items() if len(owners) >= MANY
    }
    for key, (name, owners) in many.items():
        raise_platform_alert(
            key=key,
            level=PlatformAlert.Level.CRITICAL,
            title=f"{name} rejects the connections of {{owners}} people",
            body="Look at the platform's status and at what has changed there: their syncs or orders are rejected.",
            owners=owners,
        )
    for key in known - set(many):
        resolve_platform_alert(key=key)
    return len(many)
