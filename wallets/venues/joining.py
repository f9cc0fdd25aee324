"""An account at a real venue becomes a connection: its key is tried, stored, and later made live or given up.

The venue is asked before anything is written: a request's transaction that is open meanwhile holds no lock, and what
was found out is written after it. What the venue says of a key's permissions is kept on the connection; a key that may
withdraw is more than Moniqo needs, and is taken only from an owner who insists. Nothing here sends an order, and a
connection that was joined only watches until `make_live`.
"""

import logging
from collections.abc import Mapping
from typing import Final
from uuid import UUID

from django.db import connection as database

from kit import clock, tenancy
from kit.audit import services as audit
from kit.errors import ConflictError, InvalidInputError, MoniqoError, NotFoundError
from kit.users.models import User
from kit.users.throttle import require_password
from wallets.models import Connection, Platform
from wallets.venues.accounts import get_connection, named, named_once, record_opening
from wallets.venues.alerts import tell_of_rights, tell_of_switch
from wallets.venues.asked import require_credentials
from wallets.venues.base import CredentialsReport
from wallets.venues.credentials import read_credentials, refuse_twice, store_credentials
from wallets.venues.registry import ADAPTERS, open_platform

logger = logging.getLogger(__name__)

PERMISSION: Final = Connection.Permission
INSIST: Final = "accept_withdrawals"


def joinable() -> tuple[Platform, ...]:
    """The platforms that can be connected here, the paper exchange first."""
    found = Platform.objects.filter(is_active=True, adapter__in=ADAPTERS).prefetch_related("credential_fields")
    return tuple(found.order_by("-is_paper", "name"))


def platform_of(slug: str) -> Platform:
    """One of them, switched off or not. Raises NotFoundError."""
    found = Platform.objects.filter(slug=slug, adapter__in=ADAPTERS).first()
    if found is None:
        raise NotFoundError("There is no such platform here.")
    return found


def try_credentials(
    *, platform: Platform, credentials: Mapping[str, str], accept_withdrawals: bool = False
) -> CredentialsReport:
    """What the venue says of the key.

    Raises InvalidInputError for what cannot be a key, and for one that may withdraw unless its owner accepts that;
    VenueError, in the venue's own words, when it refuses the key or does not answer.
    """
    require_credentials(platform, credentials, complete=True)
    report = open_platform(platform, credentials).check_credentials()
    if report.can_withdraw and not accept_withdrawals:
        raise InvalidInputError(
            "This key may withdraw money. Make one at the venue that may only read and trade, or insist on this one.",
            fields={INSIST: "Tick this to use a key that may withdraw."},
        )
    return report


def join(
    *,
    owner_id: UUID,
    platform: Platform,
    name: str,
    credentials: Mapping[str, str],
    accept_withdrawals: bool = False,
) -> Connection:
    """A new connection that watches the account of this key.

    Raises what `try_credentials` raises, InvalidInputError for no name, ConflictError for one in use.
    """
    name = named(name)
    if not platform.is_active:
        raise ConflictError(f"{platform.name} is switched off here: ask the operator.")
    report = try_credentials(platform=platform, credentials=credentials, accept_withdrawals=accept_withdrawals)
    with tenancy.tenant(owner_id), named_once(name):
        refuse_twice(owner_id, platform.pk, credentials)
        made = Connection.objects.create(
            owner_id=owner_id,
            platform=platform,
            name=name,
            venue=platform.slug,
            is_paper=False,
            permissions=_permissions(report),
        )
        store_credentials(connection=made, values={field: value for field, value in credentials.items() if value})
        record_opening(made)
    return made


def replace_key(
    *, owner_id: UUID, connection_id: UUID, credentials: Mapping[str, str], accept_withdrawals: bool = False
) -> Connection:
    """Give a connection another key of the same account; from then on it only watches, because nobody can tell whether
    it is the same. Raises what `join` raises; NotFoundError."""
    with tenancy.tenant(owner_id):
        found = get_connection(owner_id=owner_id, connection_id=connection_id)
    if found.is_paper:
        raise ConflictError(f"{found.name} is a paper account: it has no key.")
    report = try_credentials(platform=found.platform, credentials=credentials, accept_withdrawals=accept_withdrawals)
    with tenancy.tenant(owner_id):
        refuse_twice(owner_id, found.platform_id, credentials, but=found)
        store_credentials(connection=found, values={field: value for field, value in credentials.items() if value})
        _keep(found, report)
        tell_of_rights(found, found.permissions)
        Connection.objects.filter(pk=found.pk).update(next_try_at=None)  # it is worth trying now
    return found


def try_connection(*, owner_id: UUID, connection_id: UUID) -> CredentialsReport:
    """Ask the venue about the stored key now, and keep what it says.

    Raises NotFoundError; VenueError in the venue's own words; CredentialError when the key cannot be read.
    """
    with tenancy.tenant(owner_id):
        found = get_connection(owner_id=owner_id, connection_id=connection_id)
        if found.is_paper:
            return CredentialsReport(can_trade=True, can_withdraw=False, detail="A paper account needs no key.")
        credentials = read_credentials(connection=found)
    report = open_platform(found.platform, credentials).check_credentials()
    with tenancy.tenant(owner_id):
        before = found.permissions
        _keep(found, report)
        tell_of_rights(found, before)
    return report


def connections_with_keys() -> list[tuple[UUID, UUID]]:
    """(owner, connection) of every real account that is active, for the nightly look at what its key may do."""
    with tenancy.system():
        rows = Connection.objects.filter(is_paper=False, state=Connection.State.ACTIVE).order_by("pk")
        return list(rows.values_list("owner_id", "pk"))


def look_at_rights(*, owner_id: UUID, connection_id: UUID) -> bool:
    """Ask the venue what the stored key may do now, mark it and tell its owner of what is new; whether it answered.

    A venue that refuses the key or does not answer, and a key that nothing opens, are told of by the sync.
    """
    try:
        try_connection(owner_id=owner_id, connection_id=connection_id)
    except MoniqoError as error:
        logger.info("What the key of %s may do is not known tonight: %s", connection_id, error)
        return False
    return True


def make_live(*, user: User, connection_id: UUID, password: str, typed: str) -> Connection:
    """Let orders through a connection that watched so far: its owner only, in a session of their own.

    Raises NotFoundError; ConflictError when it does not watch or its key may not trade; InvalidInputError for a wrong
    password or name, TooManyAttemptsError after five wrong passwords.
    """
    found = get_connection(owner_id=user.pk, connection_id=connection_id)
    if found.state != Connection.State.ACTIVE:
        raise ConflictError(f"Make {found.name} active first: it is {found.state}.")
    if not found.is_watching:
        raise ConflictError(f"{found.name} is {'a paper account' if found.is_paper else 'live already'}.")
    if found.permissions is not None and PERMISSION.TRADE not in found.permissions:
        raise ConflictError(f"The key of {found.name} may not trade: give it another one first.")
    require_password(user, password)
    if typed.strip() != found.name:
        raise InvalidInputError(f"Type {found.name} as it is written.", fields={"typed": "Not the name."})
    with database.cursor() as cursor:
        cursor.execute("SELECT wallets_make_live(%s, %s)", [found.pk, clock.now()])
    found.refresh_from_db(fields=("live_at",))
    tell_of_switch(found)
    audit.record(audit.Area.KEYS, "Connection made live", owner_id=user.pk, subject=found.name)
    return found


def only_watch(*, owner_id: UUID, connection_id: UUID) -> Connection:
    """Send nothing more through a live connection; it goes on syncing. Raises NotFoundError, ConflictError."""
    found = get_connection(owner_id=owner_id, connection_id=connection_id)
    if found.is_paper or found.is_watching:
        raise ConflictError(f"{found.name} is not live.")
    found.live_at = None
    found.save(update_fields=("live_at",))
    tell_of_switch(found)
    audit.record(audit.Area.KEYS, "Connection only watches", owner_id=owner_id, subject=found.name)
    return found


def _permissions(report: CredentialsReport) -> list[str] | None:
    if not report.is_told:
        return None
    may = {PERMISSION.READ: True, PERMISSION.TRADE: report.can_trade, PERMISSION.WITHDRAW: report.can_withdraw}
    return [permission.value for permission, granted in may.items() if granted]


def _keep(found: Connection, report: CredentialsReport) -> None:
    found.permissions = _permissions(report)
    found.save(update_fields=("permissions",))
