"""Credentials open only in the row they were written for, and every key change is survivable."""

from io import StringIO
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command

from kit import tenancy
from kit.errors import InvalidInputError
from kit.sealing import key_ids
from kit.users.models import User
from tests.wallets.books import keyed_platform
from wallets.models import Connection, Credential
from wallets.venues.credentials import CredentialError, read_credentials, rotate_credentials, store_credentials

SECRET = "correct horse battery staple"


def make_connection(user: User, name: str = "Exchange") -> Connection:
    platform = keyed_platform("key", "secret", optional=("note",))
    return Connection.objects.create(owner=user, platform=platform, name=name, venue="binance")


def test_what_is_stored_can_be_read_and_is_not_there_in_clear(as_owner: User) -> None:
    connection = make_connection(as_owner)
    store_credentials(connection=connection, values={"key": "abc", "secret": SECRET})
    assert read_credentials(connection=connection) == {"key": "abc", "secret": SECRET}
    row = Credential.objects.get(field="secret")
    assert SECRET.encode() not in bytes(row.token)
    assert SECRET not in f"{row} {row!r}"
    assert row.key_id == key_ids()[0]


def test_entering_a_field_again_replaces_it_alone(as_owner: User) -> None:
    connection = make_connection(as_owner)
    store_credentials(connection=connection, values={"key": "abc", "secret": SECRET})
    store_credentials(connection=connection, values={"key": "new"})
    assert read_credentials(connection=connection) == {"key": "new", "secret": SECRET}


@pytest.mark.parametrize("values", [{"key": ""}, {"pin": "1234"}])
def test_fields_are_those_of_the_platform(as_owner: User, values: dict[str, str]) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        store_credentials(connection=make_connection(as_owner), values=values)
    assert set(refusal.value.fields) == set(values)
    assert not Credential.objects.exists()


def test_a_token_that_was_moved_is_refused_wherever_it_goes(as_owner: User) -> None:
    first, second = make_connection(as_owner, "one"), make_connection(as_owner, "two")
    for connection in (first, second):
        store_credentials(connection=connection, values={"key": connection.name, "secret": SECRET})
    stolen = Credential.objects.get(connection=first, field="key").token
    for place in (Credential.objects.filter(connection=second, field="key"), Credential.objects.filter(field="secret")):
        place.update(token=stolen)
        with pytest.raises(CredentialError, match="belongs somewhere else"):
            read_credentials(connection=second)


def test_errors_say_nothing_about_the_value(as_owner: User, settings: Any) -> None:
    connection = make_connection(as_owner)
    store_credentials(connection=connection, values={"secret": SECRET})
    settings.CREDENTIAL_KEYS = [Fernet.generate_key().decode()]
    with pytest.raises(CredentialError, match="a key that is not configured") as refusal:
        read_credentials(connection=connection)
    assert SECRET not in str(refusal.value)


def test_without_a_key_nothing_is_stored(as_owner: User, settings: Any) -> None:
    settings.CREDENTIAL_KEYS = []
    with pytest.raises(CredentialError, match="MONIQO_CREDENTIAL_KEYS"):
        store_credentials(connection=make_connection(as_owner), values={"key": "abc"})


def test_after_a_rotation_the_old_key_can_go(live_db: str, owner: User, settings: Any) -> None:
    with tenancy.tenant(owner.pk):
        connection = make_connection(owner)
        store_credentials(connection=connection, values={"key": "abc", "secret": SECRET})
    new = Fernet.generate_key().decode()
    settings.CREDENTIAL_KEYS = [new, *settings.CREDENTIAL_KEYS]
    for said in ("2 credentials", "0 credentials"):
        out = StringIO()
        call_command("rotate_credentials", stdout=out)
        assert said in out.getvalue()
    settings.CREDENTIAL_KEYS = [new]
    with tenancy.tenant(owner.pk):
        assert read_credentials(connection=connection) == {"key": "abc", "secret": SECRET}


def test_rotation_goes_on_behind_what_no_key_opens_and_says_whose_it_is(
    live_db: str, owner: User, other_owner: User, settings: Any
) -> None:
    (known,) = settings.CREDENTIAL_KEYS
    with tenancy.tenant(owner.pk):
        settings.CREDENTIAL_KEYS = [Fernet.generate_key().decode()]
        store_credentials(connection=make_connection(owner, "Lost"), values={"key": "abc", "secret": SECRET})
    with tenancy.tenant(other_owner.pk):
        settings.CREDENTIAL_KEYS = [known]
        connection = make_connection(other_owner)
        store_credentials(connection=connection, values={"key": "abc", "secret": SECRET})
    new = Fernet.generate_key().decode()
    settings.CREDENTIAL_KEYS = [new, known]
    out, errors = StringIO(), StringIO()
    with pytest.raises(CommandError, match="2 credentials could not be read"):
        call_command("rotate_credentials", stdout=out, stderr=errors)
    assert "2 credentials were encrypted again" in out.getvalue()
    assert errors.getvalue().count("owner@example.com: ") == 2
    assert "Enter the keys of Lost again" in errors.getvalue()
    assert SECRET not in errors.getvalue()
    settings.CREDENTIAL_KEYS = [new]
    with tenancy.tenant(other_owner.pk):
        assert read_credentials(connection=connection) == {"key": "abc", "secret": SECRET}


def test_a_rotation_takes_any_number_in_batches(live_db: str, owner: User, settings: Any) -> None:
    with tenancy.tenant(owner.pk):
        for name in ("one", "two", "three"):
            store_credentials(connection=make_connection(owner, name), values={"key": name, "secret": SECRET})
    settings.CREDENTIAL_KEYS = [Fernet.generate_key().decode(), *settings.CREDENTIAL_KEYS]
    first = rotate_credentials(limit=4)
    assert first.last is not None
    second = rotate_credentials(after=first.last, limit=4)
    assert (first.rotated, second.rotated) == (4, 2)
    assert rotate_credentials().last is None


@pytest.mark.parametrize("value", ["abc", f"{'k' * 64} ", "k" * 63 + "-"])
def test_a_key_that_cannot_be_one_is_refused_without_being_repeated(as_owner: User, value: str) -> None:
    connection = Connection.objects.create(owner=as_owner, platform_id="binance", name="Binance", venue="binance")
    with pytest.raises(InvalidInputError) as refusal:
        store_credentials(connection=connection, values={"api_key": value})
    assert set(refusal.value.fields) == {"api_key"}
    assert value not in f"{refusal.value} {refusal.value.fields}"
    store_credentials(connection=connection, values={"api_key": "k" * 64})
    assert read_credentials(connection=connection) == {"api_key": "k" * 64}
