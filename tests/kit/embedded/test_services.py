"""Management commands find running services or bring their own, and leave nothing behind."""

import json
import os
import signal
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
import redis

from tests.kit.embedded.conftest import eventually, processes_of

# What a management command does, reduced to its start: it ends when its standard input does.
COMMAND = """
import os, sys
from kit.embedded import ensure
ensure()
print(os.environ["DATABASE_SYSTEM_URL"], os.environ["REDIS_URL"], os.environ["MONIQO_SECRET_KEY"], flush=True)
sys.stdin.read()
"""

Start = Callable[..., subprocess.Popen[str]]


def addresses(process: subprocess.Popen[str]) -> list[str]:
    assert process.stdout
    return process.stdout.readline().split()


def finish(process: subprocess.Popen[str]) -> None:
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors


def answers(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def test_a_command_brings_its_own_services_and_takes_them_along(directory: Path, start: Start) -> None:
    command = start("-c", COMMAND)
    url, *_ = addresses(command)
    assert answers(url)
    finish(command)
    assert not answers(url)
    assert processes_of(directory) == []
    assert not (directory / "services.json").exists()


def test_a_second_command_uses_the_services_of_the_first(start: Start) -> None:
    first = start("-c", COMMAND)
    shared = addresses(first)
    second = start("-c", COMMAND)
    assert addresses(second) == shared
    finish(second)
    assert answers(shared[0]), "the services are not the second command's to stop"
    finish(first)


def test_the_first_command_waits_for_the_second_before_it_takes_the_services_away(start: Start) -> None:
    first = start("-c", COMMAND)
    url, *_ = addresses(first)
    second = start("-c", COMMAND)
    addresses(second)
    assert first.stdin
    first.stdin.close()
    first.stdin = None
    assert answers(url)
    assert first.poll() is None
    finish(second)
    finish(first)


@pytest.mark.slow
def test_a_killed_command_takes_its_services_along(directory: Path, start: Start) -> None:
    command = start("-c", COMMAND)
    addresses(command)
    command.send_signal(signal.SIGKILL)
    command.wait()
    eventually(lambda: processes_of(directory) == [], "PostgreSQL and Redis end with the command")
    again = start("-c", COMMAND)
    assert answers(addresses(again)[0])
    finish(again)


def test_sigterm_ends_command_and_services(directory: Path, start: Start) -> None:
    command = start("-c", COMMAND)
    addresses(command)
    command.terminate()
    command.communicate(timeout=60)
    assert command.returncode == 128 + signal.SIGTERM
    assert processes_of(directory) == []


def test_what_the_environment_names_is_never_started(directory: Path, start: Start) -> None:
    given = dict.fromkeys(("DATABASE_URL", "DATABASE_OWNER_URL", "DATABASE_SYSTEM_URL"), "postgresql://a:b@192.0.2.1/c")
    command = start("-c", COMMAND, **given)
    url, redis_url, _ = addresses(command)
    assert url == given["DATABASE_SYSTEM_URL"]
    assert redis_url.startswith("redis://:")
    assert not (directory / "postgres").exists()
    finish(command)


def test_secrets_are_made_once_and_kept_private(directory: Path, start: Start) -> None:
    secrets = []
    for _ in range(2):
        command = start("-c", COMMAND)
        secrets.append(addresses(command)[2])
        finish(command)
    assert secrets[0] == secrets[1]
    path = directory / "secrets.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(json.loads(path.read_text())["MONIQO_SECRET_KEY"]) >= 50


def test_a_description_left_behind_by_a_dead_process_is_not_believed(directory: Path, start: Start) -> None:
    """Even when its process id now belongs to somebody else, here to this test."""
    stale = {"pid": os.getpid(), "command": "make run", "addresses": {"DATABASE_URL": "postgresql://nowhere"}}
    (directory / "services.json").write_text(json.dumps(stale))
    command = start("-c", COMMAND)
    assert answers(addresses(command)[0])
    finish(command)


@pytest.mark.parametrize("name", ["my data", """it's "data" #1\\n %s"""])
def test_a_data_path_may_hold_any_character(directory: Path, start: Start, name: str) -> None:
    (directory / name).mkdir()
    command = start("-c", COMMAND, MONIQO_DATA=str(directory / name))
    database, broker, _ = addresses(command)
    assert answers(database)
    with redis.Redis.from_url(broker) as client:
        assert client.config_get("dir")["dir"].startswith(str(directory / name))
    finish(command)
