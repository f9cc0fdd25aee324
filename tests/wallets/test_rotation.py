"""Keys are replaced while everything runs: by a command that may be killed, every night, and by the migration."""

import hashlib
import json
import os
import pty
import signal
import subprocess
import sys
import termios
import time
from datetime import timedelta
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.apps import apps
from django.conf import settings
from django.db import connections
from django.test import Client

from kit import clock, sealing, tenancy
from kit.alerts.models import Alert, PlatformAlert
from kit.embedded.environment import DATABASE_VARIABLES, ROOT, new_encryption_key
from kit.users import two_factor
from kit.users.models import SecondFactor, User
from tests.conftest import address
from tests.simulators.listening import wait_until
from tests.simulators.server import Exchanges
from tests.wallets.keys import give_true_keys, key_of
from tests.wallets.test_credentials import SECRET, make_connection
from wallets.models import Connection, Credential
from wallets.sync.runs import sync_connection
from wallets.tasks import keep_credentials
from wallets.venues.credentials import BATCH, count_old_credentials, read_credentials, rotate_all, store_credentials

FIELDS = ("key", "secret", "note")


def stored(user: User, count: int) -> list[Connection]:
    """`count` credentials of as many connections as they need, sealed with the first key of now."""
    with tenancy.tenant(user.pk):
        platform = make_connection(user, "The first").platform
        made = Connection.objects.bulk_create(
            Connection(owner=user, platform=platform, name=f"Account {number}", venue="binance")
            for number in range(-(-count // len(FIELDS)))
        )
        places = [(connection, field) for connection in made for field in FIELDS][:count]
        Credential.objects.bulk_create(
            Credential(
                owner=user,
                connection=connection,
                field=field,
                token=sealing.seal(f"{field} of {connection.name}", place=(str(user.pk), str(connection.pk), field)),
                key_id=sealing.key_ids()[0],
            )
            for connection, field in places
        )
    return made


def written_by_an_earlier_version(connection: Connection, field: str, value: str) -> None:
    """The row that the code before AES-256-GCM wrote for this credential."""
    key = settings.CREDENTIAL_KEYS[0]
    place = [str(connection.owner_id), str(connection.pk), field]
    with tenancy.tenant(connection.owner_id):
        Credential.objects.create(
            owner_id=connection.owner_id,
            connection=connection,
            field=field,
            token=Fernet(key).encrypt(json.dumps([*place, value]).encode()),
            key_id=hashlib.sha256(key.encode()).hexdigest()[:16],
        )


class Rotating:
    """`manage.py rotate_credentials` in a process and a terminal of its own; one that is `held` stays at its first
    word, which it says after its first batch."""

    def __init__(self, database: str, *keys: str, held: bool = False) -> None:
        addresses = {name: address(name, database) for name in DATABASE_VARIABLES}
        self._terminal, theirs = pty.openpty()
        if held:
            termios.tcflow(theirs, termios.TCOOFF)
        self.process = subprocess.Popen(
            [sys.executable, "-W", "ignore", ROOT / "manage.py", "rotate_credentials"],
            env=os.environ | addresses | {"MONIQO_CREDENTIAL_KEYS": ",".join(keys), "MONIQO_ENV": "development"},
            stdout=theirs,
            stderr=subprocess.STDOUT,
            cwd=ROOT,
        )
        self._theirs = theirs
        self.shown = ""

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        assert self.process.wait(30) == -signal.SIGKILL
        os.close(self._theirs)
        os.close(self._terminal)

    def finish(self) -> int:
        os.close(self._theirs)
        while self._read():
            pass
        os.close(self._terminal)
        return self.process.wait(60)

    def _read(self) -> bool:
        try:
            text = os.read(self._terminal, 65_536).decode()
        except OSError:  # the other end is closed
            text = ""
        self.shown += text
        return bool(text)


@pytest.mark.parametrize("count", [BATCH + 100, pytest.param(10_000, marks=pytest.mark.slow)])
def test_a_rotation_killed_half_way_is_ended_by_the_next_and_the_old_key_can_go(
    live_db: str, owner: User, settings: Any, capsys: pytest.CaptureFixture[str], count: int
) -> None:
    old, new = settings.CREDENTIAL_KEYS[0], new_encryption_key()
    made = stored(owner, count)
    start = time.perf_counter()
    settings.CREDENTIAL_KEYS = [new, old]
    first = Rotating(live_db, new, old, held=True)
    wait_until(lambda: count_old_credentials() < count, "its first batch", seconds=60)
    first.kill()
    left = count_old_credentials()
    assert left == count - BATCH
    second = Rotating(live_db, new, old)
    assert second.finish() == 0, second.shown
    seconds = time.perf_counter() - start
    if count == 10_000:
        with capsys.disabled():
            print(f"\nrotation of {count:,} credentials, killed with {left:,} left: {seconds:.1f} s with both starts")
    assert f"{left:,} of {left:,}" in second.shown
    assert f"{left} credentials were encrypted again" in second.shown
    settings.CREDENTIAL_KEYS = [new]
    assert count_old_credentials() == 0
    with tenancy.tenant(owner.pk):
        for connection in (made[0], made[len(made) // 2], made[-2]):
            assert read_credentials(connection=connection) == {f: f"{f} of {connection.name}" for f in FIELDS}


def test_a_row_of_an_earlier_version_is_sealed_again_even_under_the_same_key(live_db: str, owner: User) -> None:
    with tenancy.tenant(owner.pk):
        connection = make_connection(owner)
    written_by_an_earlier_version(connection, "key", "abc")
    assert count_old_credentials() == 1
    assert rotate_all().rotated == 1
    with tenancy.tenant(owner.pk):
        assert Credential.objects.get().token[0] == 1
        assert read_credentials(connection=connection) == {"key": "abc"}
    assert rotate_all().rotated == 0


def test_the_migrations_seal_again_what_an_earlier_version_wrote(
    live_db: str, owner: User, other_owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kit.resealing.BATCH", 2)
    for user in (owner, other_owner):
        with tenancy.tenant(user.pk):
            two_factor.begin(user)
            factor = SecondFactor.objects.get()
            key = sealing.unseal(bytes(factor.secret), place=(str(user.pk), "totp"))
            token = Fernet(settings.CREDENTIAL_KEYS[0]).encrypt(json.dumps([str(user.pk), "totp", str(key)]).encode())
            SecondFactor.objects.update(secret=token)
            connection = make_connection(user)
        for field in FIELDS:
            written_by_an_earlier_version(connection, field, f"{field} of {user.email}")
    with tenancy.tenant(other_owner.pk):  # one that no key opens stays, and stops nobody
        Credential.objects.filter(field="note").update(token=Fernet(Fernet.generate_key()).encrypt(b"[]"))
    with tenancy.system():
        before = {user.pk: two_factor._open(SecondFactor.objects.get(owner=user)) for user in (owner, other_owner)}
    editor = SimpleNamespace(connection=connections["owner"])
    for _ in range(2):  # a migration that was cut off is begun anew
        import_module("wallets.migrations.0011_credentials_under_aes").seal_again(apps, editor)
        import_module("kit.users.migrations.0004_second_factors_under_aes").seal_again(apps, editor)
    with tenancy.system():
        rows = {(row.owner_id, row.field): row for row in Credential.objects.all()}
        assert all(sealing.is_newest(bytes(factor.secret)) for factor in SecondFactor.objects.all())
        after = {user.pk: two_factor._open(SecondFactor.objects.get(owner=user)) for user in (owner, other_owner)}
    assert after == before
    lost = rows.pop((other_owner.pk, "note"))
    assert not sealing.is_newest(bytes(lost.token))
    assert all(sealing.is_newest(bytes(row.token)) and row.key_id == sealing.key_ids()[0] for row in rows.values())
    with tenancy.tenant(owner.pk):
        values = read_credentials(connection=Connection.objects.get(owner=owner))
        assert values == {field: f"{field} of {owner.email}" for field in FIELDS}


def test_the_night_moves_everything_to_a_new_key_by_itself(
    live_db: str, owner: User, operator: User, settings: Any
) -> None:
    (old,) = settings.CREDENTIAL_KEYS
    (connection, *_) = stored(owner, 3)
    settings.CREDENTIAL_KEYS = [new_encryption_key(), old]
    keep_credentials()
    settings.CREDENTIAL_KEYS = settings.CREDENTIAL_KEYS[:1]
    with tenancy.tenant(owner.pk):
        assert read_credentials(connection=connection)["secret"] == "secret of Account 0"
    settings.CREDENTIAL_KEYS = [lost := new_encryption_key()]
    keep_credentials()
    with tenancy.tenant(operator.pk):
        alert = PlatformAlert.objects.unresolved().get()
    assert alert.headline() == "3 stored secrets need a key that is not configured"
    assert lost not in alert.story()


def test_a_lost_key_is_one_state_and_one_alert_that_entering_the_keys_again_ends(
    live_db: str, owner: User, settings: Any, client: Client, exchanges: Exchanges
) -> None:
    give_true_keys(exchanges)
    key = key_of(exchanges.binance())
    with tenancy.tenant(owner.pk):
        connection = Connection.objects.create(
            owner=owner, platform_id="binance", name="Exchange", venue="binance", is_paper=False
        )
        store_credentials(connection=connection, values=key)
    settings.CREDENTIAL_KEYS = [new_encryption_key()]
    sentence = "Enter the keys of Exchange again: they were encrypted with a key that is not configured."
    for _ in range(2):
        run = sync_connection(owner_id=owner.pk, connection_id=connection.pk)
        assert (run.status, run.error.exact) == ("failed", sentence)
    with tenancy.tenant(owner.pk):
        connection.refresh_from_db()
        assert (connection.status, connection.status_detail) == ("failed", sentence)
        (alert,) = Alert.objects.unresolved()
        assert sentence in alert.story()
    assert exchanges.asked == []
    client.force_login(owner)
    assert sentence in client.get("/wallets/connections/").content.decode()
    (told,) = client.get("/api/v1/connections").json()
    assert (told["status"], told["detail"]) == ("failed", sentence)
    tried = client.post(f"/api/v1/connections/{connection.pk}/test")
    assert (tried.status_code, tried.json()["detail"]) == (409, sentence)
    with tenancy.tenant(owner.pk):
        store_credentials(connection=connection, values=key)
    assert sync_connection(owner_id=owner.pk, connection_id=connection.pk).status == "ok"
    with tenancy.tenant(owner.pk):
        assert not Alert.objects.unresolved().exists()


def test_keys_that_have_been_in_use_for_long_say_so_until_others_are_entered(
    live_db: str, owner: User, settings: Any, client: Client
) -> None:
    settings.CREDENTIAL_DAYS = 30
    with tenancy.tenant(owner.pk):
        connection = make_connection(owner)
        with clock.at(clock.now() - timedelta(days=31)):
            store_credentials(connection=connection, values={"key": "abc"})
        store_credentials(connection=connection, values={"secret": SECRET})
    keep_credentials()
    keep_credentials()
    words = "Its keys are older than 30 days: make new ones at the venue and enter them."
    client.force_login(owner)
    assert words in client.get("/wallets/connections/").content.decode()
    assert client.get("/api/v1/connections").json()[0]["keys_are_old"] is True
    with tenancy.tenant(owner.pk):
        (alert,) = Alert.objects.unresolved()
        assert alert.headline() == "The keys of Exchange are old"
        assert "more than 30 days" in alert.story()
        store_credentials(connection=connection, values={"key": "new"})
        assert not Alert.objects.unresolved().exists()
    keep_credentials()
    assert words not in client.get("/wallets/connections/").content.decode()
    assert client.get("/api/v1/connections").json()[0]["keys_are_old"] is False
    with tenancy.tenant(owner.pk):
        assert not Alert.objects.unresolved().exists()


@pytest.mark.offline
def test_the_command_prints_one_key_that_works_and_what_to_do_with_it() -> None:
    """On a machine that has nothing yet: no keys, no database, in production."""
    bare = {name: os.environ[name] for name in ("PATH",)} | {"MONIQO_ENV": "production"}
    run = [sys.executable, ROOT / "manage.py", "generate_encryption_key"]
    done = [subprocess.run(run, env=bare, capture_output=True, text=True, check=True) for _ in range(2)]
    keys = [answer.stdout.strip() for answer in done]
    assert len(set(keys)) == 2
    for key in keys:
        assert sealing._key(key).id
    assert "MONIQO_CREDENTIAL_KEYS" in done[0].stderr
    assert "rotate_credentials" in done[0].stderr
