"""What happens to credentials every night: they move to the newest key, and those in use for long are told of."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db.models import Count, QuerySet

from kit import clock, resealing, sealing, tenancy
from kit.alerts.channels import addresses
from kit.alerts.links import about
from kit.alerts.models import PlatformAlert
from kit.alerts.services import raise_alert, raise_platform_alert, resolve_platform_alert
from kit.users import two_factor
from wallets.models import Connection, Credential
from wallets.venues.alerts import old_keys_key
from wallets.venues.credentials import rotate_all

LOST_KEY: Final = "lost-key"


def keep_credentials() -> int:
    """Seal again what an older key sealed, then tell the owners of old credentials; returns how many were sealed.

    What no key opens is told to its owner by the sync of the connection, and here to operators, who may have the key.
    """
    if not settings.CREDENTIAL_KEYS:
        return 0
    done = rotate_all()
    with tenancy.system():
        factors, locked_out = two_factor.rotate_secrets()
    channels, unknown = addresses.rotate_addresses()
    others, lost = resealing.rotate_others()
    _tell_operators(len(done.unreadable) + len(locked_out) + len(unknown) + len(lost))
    tell_of_old_keys()
    return done.rotated + factors + channels + others


@dataclass(frozen=True, slots=True)
class SealedWith:
    """How many credentials one key seals. What none of the configured keys seals needs its key back, is entered again,
    or was sealed by an earlier version and is sealed again in the next night.
    """

    key_id: str
    credentials: int
    is_newest: bool
    is_configured: bool


@dataclass(frozen=True, slots=True)
class Keeping:
    """How far everybody's stored secrets have come to the newest key, and how many connections have old ones."""

    newest: str
    keys: tuple[SealedWith, ...]
    old_second_factors: int
    old_channels: int
    old_others: int
    old_days: int
    connections_with_old_keys: int


def keeping() -> Keeping:
    """What a rotation has left to do."""
    ids = sealing.key_ids()
    with tenancy.system():
        counts = Credential.objects.values_list("key_id").annotate(credentials=Count("pk")).order_by("-credentials")
        found = list(counts)
        old = _old_connections().count()
    keys = tuple(SealedWith(key_id, count, key_id == ids[0], key_id in ids) for key_id, count in found)
    return Keeping(
        newest=ids[0],
        keys=keys,
        old_second_factors=two_factor.count_old_secrets(),
        old_channels=addresses.count_old_addresses(),
        old_others=resealing.count_others(),
        old_days=settings.CREDENTIAL_DAYS,
        connections_with_old_keys=old,
    )


def sealed_with_lost_keys() -> QuerySet[Credential, UUID]:
    """The ids of connections with a credential that none of the configured keys has sealed; run it as the system."""
    known = sealing.key_ids() if settings.CREDENTIAL_KEYS else []
    return Credential.objects.exclude(key_id__in=known).values_list("connection_id", flat=True)


def is_old(since: datetime | None) -> bool:
    """Whether what was entered at `since` has been in use for longer than the setting says."""
    return since is not None and clock.now() - since > timedelta(days=settings.CREDENTIAL_DAYS)


def tell_of_old_keys() -> None:
    """Tell every owner of connections whose credentials are older than the setting says."""
    with tenancy.system():
        old = list(_old_connections().values_list("owner_id", "pk", "name"))
    for owner_id, pk, name in old:
        _tell(owner_id, pk, name)


def _old_connections() -> QuerySet[Connection]:
    before = clock.now() - timedelta(days=settings.CREDENTIAL_DAYS)
    rows = Connection.objects.exclude(state=Connection.State.ARCHIVED)
    return rows.filter(credentials__updated_at__lt=before).order_by("pk").distinct()


def _tell_operators(count: int) -> None:
    """What a lost key takes from everybody is one alert for those who can put the key back."""
    if not count:
        resolve_platform_alert(key=LOST_KEY)
        return
    raise_platform_alert(
        key=LOST_KEY,
        level=PlatformAlert.Level.CRITICAL,
        title="{count} stored secrets need a key that is not configured",
        body="Put it back behind the first in MONIQO_CREDENTIAL_KEYS. Where it is lost, the owners are asked to enter "
        "their keys again. `manage.py rotate_credentials` says whose they are.",
        count=count,
    )


def _tell(owner_id: UUID, pk: UUID, name: str) -> None:
    with tenancy.tenant(owner_id):
        raise_alert(
            owner_id=owner_id,
            key=old_keys_key(pk),
            title=f"The keys of {name} are old",
            body="They have been in use for more than {days} days. Make new ones at the venue, enter them, and delete "
            "the old ones there.",
            about=about("connection", pk),
            days=settings.CREDENTIAL_DAYS,
        )
