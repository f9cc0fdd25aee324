"""Credentials of connections, readable only where they belong; `kit.sealing` says how they are kept.

Owner, connection and field are bound to the ciphertext: one that was copied to another row is refused. The row keeps a
fingerprint of the key it was sealed with, which tells what a rotation has left to do. Values leave this module only
towards a venue adapter.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connections, transaction

from kit import clock, sealing, tenancy
from kit.alerts.services import resolve_alerts
from kit.audit import services as audit
from kit.errors import ConflictError
from wallets.models import Connection, Credential
from wallets.venues.alerts import old_keys_key, refused_key
from wallets.venues.asked import require_credentials

BATCH: Final = 500


class CredentialError(ConflictError):
    """A credential cannot be read or written. The message never says anything about its value."""

    code = "credential"


def store_credentials(*, connection: Connection, values: Mapping[str, str]) -> None:
    """Seal and keep `values` by field, replacing earlier ones; fields that are left out stay as they are.

    Raises InvalidInputError for a field that the platform does not have, an empty one that it requires, and one that
    is not written as the venue writes it; CredentialError when no key is configured.
    """
    require_credentials(connection.platform, values)
    try:
        sealed = {name: sealing.seal(value, place=_place(connection, name)) for name, value in values.items()}
    except sealing.SealError as error:
        raise CredentialError(error.sentence) from error
    for name, token in sealed.items():
        Credential.objects.update_or_create(
            owner_id=connection.owner_id,
            connection=connection,
            field=name,
            defaults={"token": token, "key_id": sealing.key_ids()[0], "updated_at": clock.now()},
        )
    # Another key may be another account's: its owner has to make it live again.
    Connection.objects.filter(pk=connection.pk, live_at__isnull=False).update(live_at=None)
    resolve_alerts(owner_id=connection.owner_id, keys=(refused_key(connection.pk), old_keys_key(connection.pk)))
    names = {"fields": sorted(values)}
    audit.record(audit.Area.KEYS, "Keys stored", owner_id=connection.owner_id, subject=connection.name, after=names)


def read_credentials(*, connection: Connection) -> dict[str, str]:
    """Every field of the connection in clear, for its adapter. Raises CredentialError when one cannot be trusted."""
    return {row.field: _open(connection, row) for row in Credential.objects.filter(connection=connection)}


def read_credentials_of(connections: Iterable[Connection]) -> dict[UUID, dict[str, str] | CredentialError]:
    """The same of many, for a worker that asks all of their venues; the error stands where one cannot be trusted.

    Call it as the system role.
    """
    known = {connection.pk: connection for connection in connections}
    rows: dict[UUID, list[Credential]] = {pk: [] for pk in known}
    for row in Credential.objects.filter(connection__in=known).only("connection_id", "field", "token"):
        rows[row.connection_id].append(row)
    return {pk: _opened(known[pk], found) for pk, found in rows.items()}


def _opened(connection: Connection, rows: Iterable[Credential]) -> dict[str, str] | CredentialError:
    try:
        return {row.field: _open(connection, row) for row in rows}
    except CredentialError as error:
        return error


def refuse_twice(
    owner_id: UUID, platform_id: str, credentials: Mapping[str, str], *, but: Connection | None = None
) -> None:
    """Raise ConflictError when another connection of theirs uses this key: its account would be counted twice.

    Whoever joins, replaces a key or restores a connection takes turns here, to the end of the transaction.
    """
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"keys of {owner_id}"])
    others = Connection.objects.filter(owner_id=owner_id, platform_id=platform_id)
    if but is not None:
        others = others.exclude(pk=but.pk)
    for other in others.exclude(state=Connection.State.ARCHIVED):
        with suppress(CredentialError):  # one that cannot be read counts nothing
            if _identity(read_credentials(connection=other)) == _identity(credentials):
                raise ConflictError(f"{other.name} uses this key already: its money would be counted twice.")


def _identity(credentials: Mapping[str, str]) -> str:
    """What names the key at its venue."""
    return str(credentials.get("api_key") or sorted(credentials.items())).strip()


@dataclass(frozen=True, slots=True)
class Rotation:
    """What one batch did: rows sealed again, whose and why others could not be read, the last row seen."""

    rotated: int
    unreadable: tuple[str, ...]
    last: int | None


def count_old_credentials() -> int:
    """How many rows, of everybody, are not sealed with the first key."""
    with tenancy.system():
        return Credential.objects.exclude(key_id=sealing.key_ids()[0]).count()


def rotate_credentials(*, after: int = 0, limit: int = BATCH) -> Rotation:
    """Seal the next `limit` rows of older keys behind row `after` again with the first key, in one transaction.

    What is done is known by its key, so this may be interrupted at any moment and begun anew. What an earlier version
    sealed with Fernet is old whatever its key. A row that cannot be read stays as it is and is reported: a key that was
    lost must not keep the others from theirs. One that its owner is entering anew this moment is passed over.
    """
    newest = sealing.key_ids()[0]
    rows = Credential.objects.exclude(key_id=newest).filter(pk__gt=after).select_related("connection", "owner")
    sealed: list[tuple[int, bytes]] = []
    unreadable, last = [], None
    with tenancy.system(), transaction.atomic(using=tenancy.SYSTEM_DB_ALIAS):
        for row in rows.order_by("pk").select_for_update(skip_locked=True, of=("self",))[:limit]:
            last = row.pk
            try:
                value = _open(row.connection, row)
            except CredentialError as error:
                unreadable.append(f"{row.owner.email}: {row.field}. {error}")
            else:
                sealed.append((row.pk, sealing.seal(value, place=_place(row.connection, row.field))))
        _write(sealed, newest)
    return Rotation(len(sealed), tuple(unreadable), last)


def rotate_all() -> Rotation:
    """Every batch there is, one after the other; `last` is None then."""
    total, after = Rotation(0, (), None), 0
    while (batch := rotate_credentials(after=after)).last is not None:
        total, after = Rotation(total.rotated + batch.rotated, total.unreadable + batch.unreadable, None), batch.last
    return total


def _write(sealed: Sequence[tuple[int, bytes]], key_id: str) -> None:
    with connections[tenancy.SYSTEM_DB_ALIAS].cursor() as cursor:
        cursor.execute(
            """
            UPDATE wallets_credential AS kept SET token = made.token, key_id = %s
            FROM unnest(%s::bigint[], %s::bytea[]) AS made (id, token) WHERE kept.id = made.id
            """,
            [key_id, [pk for pk, _ in sealed], [token for _, token in sealed]],
        )


def _open(connection: Connection, row: Credential) -> sealing.Secret:
    try:
        return sealing.unseal(bytes(row.token), place=_place(connection, row.field))
    except sealing.KeyLostError as error:
        raise CredentialError(
            f"Enter the keys of {connection.name} again: they were encrypted with a key that is not configured."
        ) from error
    except sealing.MisplacedError as error:
        raise CredentialError(
            f"Enter the keys of {connection.name} again: what is stored belongs somewhere else, or was altered."
        ) from error
    except sealing.SealError as error:
        raise CredentialError(error.sentence) from error


def _place(connection: Connection, field: str) -> tuple[str, ...]:
    return str(connection.owner_id), str(connection.pk), field
