"""Credentials of connections, readable only where they belong.

Each field is one Fernet token (authenticated encryption; cryptography's MultiFernet, so that keys can be rotated).
Owner, connection and field are inside the token with the value: a ciphertext that was copied to another row decrypts,
but names another place and is refused. The row keeps a fingerprint of the key it was written with, which tells what a
rotation has left to do. Values leave this module only towards a venue adapter.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

from kit import clock
from kit.alerts.services import resolve_alert
from kit.audit import services as audit
from kit.errors import InvalidInputError, MoniqoError
from wallets.models import Connection, Credential, CredentialField
from wallets.venues.alerts import refused_key

KEY_ID_LENGTH: Final = 16


class CredentialError(MoniqoError):
    """A credential cannot be read or written. The message never says anything about its value."""

    code = "credential"
    status = 409


def store_credentials(*, connection: Connection, values: Mapping[str, str]) -> None:
    """Encrypt and keep `values` by field, replacing earlier ones; fields that are left out stay as they are.

    Raises InvalidInputError for a field that the platform does not have, an empty one that it requires, and one that
    is not written as the venue writes it.
    """
    declared = {field.name: field for field in connection.platform.credential_fields.all()}
    problems = {name: problem for name, value in values.items() if (problem := _problem(declared.get(name), value))}
    if problems:
        raise InvalidInputError("Correct the credentials' fields.", fields=problems)
    for name, value in values.items():
        Credential.objects.update_or_create(
            owner_id=connection.owner_id,
            connection=connection,
            field=name,
            defaults={
                "token": _encrypt(connection, name, value),
                "key_id": key_ids()[0],
                "updated_at": clock.now(),
            },
        )
    resolve_alert(owner_id=connection.owner_id, key=refused_key(connection.pk))
    names = {"fields": sorted(values)}
    audit.record(audit.Area.KEYS, "Keys stored", owner_id=connection.owner_id, subject=connection.name, after=names)


def _problem(field: CredentialField | None, value: str) -> str:
    """What is wrong with a value, without saying it; empty when nothing is."""
    if field is None:
        return "The platform has no such field."
    if not value:
        return f"Enter the {field.label}." if field.required else ""
    if field.pattern and not re.fullmatch(field.pattern, value):
        return f"This is not what a {field.label} looks like: copy the whole of it, and nothing around it."
    return ""


def read_credentials(*, connection: Connection) -> dict[str, str]:
    """Every field of the connection in clear, for its adapter. Raises CredentialError when one cannot be trusted."""
    return {row.field: _decrypt(connection, row) for row in Credential.objects.filter(connection=connection)}


@dataclass(frozen=True, slots=True)
class Rotation:
    """What one batch did: rows encrypted again, the errors of rows that no configured key opens, the last row seen."""

    rotated: int
    unreadable: tuple[CredentialError, ...]
    last: int | None


def rotate_credentials(*, after: int = 0, limit: int = 500) -> Rotation:
    """Encrypt the next `limit` rows of older keys behind row `after` again with the first key, as the system role.

    A row that cannot be read stays as it is and is reported: a key that was lost must not keep the others from theirs.
    One that its owner enters anew meanwhile keeps what was entered.
    """
    newest = key_ids()[0]
    rows = Credential.objects.exclude(key_id=newest).filter(pk__gt=after).select_related("connection__owner")
    rotated, unreadable, last = 0, [], None
    for row in rows.order_by("pk")[:limit]:
        last = row.pk
        try:
            token = _encrypt(row.connection, row.field, _decrypt(row.connection, row))
        except CredentialError as error:
            unreadable.append(CredentialError(f"{row.connection.owner.email}: {error}"))
            continue
        rotated += Credential.objects.filter(pk=row.pk, token=row.token).update(token=token, key_id=newest)
    return Rotation(rotated, tuple(unreadable), last)


def key_ids() -> list[str]:
    """Fingerprints of the keys in use, the one that encrypts first. They say nothing about the keys."""
    return [hashlib.sha256(key.encode()).hexdigest()[:KEY_ID_LENGTH] for key in _keys()]


def _encrypt(connection: Connection, field: str, value: str) -> bytes:
    return _fernet().encrypt(json.dumps([*_place(connection, field), value]).encode())


def _decrypt(connection: Connection, row: Credential) -> str:
    try:
        *place, value = json.loads(_fernet().decrypt(bytes(row.token)))
    except (InvalidToken, ValueError) as error:
        raise CredentialError(
            f"Enter {row.field} of {connection.name} again: it was encrypted with a key that is not configured."
        ) from error
    if place != _place(connection, row.field):
        raise CredentialError(f"Enter {row.field} of {connection.name} again: what is stored belongs somewhere else.")
    return str(value)


def _place(connection: Connection, field: str) -> list[str]:
    return [str(connection.owner_id), str(connection.pk), field]


def _fernet() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in _keys()])


def _keys() -> list[str]:
    if not settings.CREDENTIAL_KEYS:
        raise CredentialError("Set MONIQO_CREDENTIAL_KEYS first: without a key nothing secret is stored.")
    return list(settings.CREDENTIAL_KEYS)
