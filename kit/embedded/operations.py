"""The commands of `manage.py` that work without Django, such as `up`, `down` and `status`."""

import argparse
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path

import psutil

from kit import heartbeat
from kit.embedded import backups, containers, ensure, environment, probe, schema
from kit.embedded.environment import data_directory
from kit.embedded.process import ServiceError
from kit.embedded.services import is_kept, published
from kit.embedded.supervisor import DEFAULT_HOST, DEFAULT_PORT, Supervisor
from kit.roles import create_roles

_DOWN_SECONDS = 45.0
_POLL_SECONDS = 0.1
_MEGABYTE = 1024 * 1024
_WHAT_TO_DO_WITH_A_KEY = """\
Put it first in MONIQO_CREDENTIAL_KEYS, keep the keys that stand there behind it after a comma, and restart everything.
`manage.py rotate_credentials`, or the next night, seals what is stored with it; then the old keys can go.
Keep a copy where no backup of the database is: whoever has both reads the exchange keys, and without it nobody does."""


def up(arguments: list[str]) -> int:
    """Run everything until Ctrl-C."""
    _parser("up", up).parse_args(arguments)
    return Supervisor().run()


def down(arguments: list[str]) -> int:
    """Stop what `make run` started on this data directory."""
    _parser("down", down).parse_args(arguments)
    directory = data_directory()
    running = published(directory)
    if running is None:
        print(f"Nothing runs on {directory}.")
        return 0
    os.kill(running["pid"], signal.SIGTERM)
    deadline = time.monotonic() + _DOWN_SECONDS
    while is_kept(directory):
        if time.monotonic() > deadline:
            raise ServiceError(f"Process {running['pid']} did not stop in {_DOWN_SECONDS:.0f} s: end it with kill -9.")
        time.sleep(_POLL_SECONDS)
    print(f"Stopped {running['command']} (process {running['pid']}).")
    return 0


def status(arguments: list[str]) -> int:
    """Say what runs on this data directory, with memory and readiness; exit code 1 when something is missing."""
    _parser("status", status).parse_args(arguments)
    directory = data_directory()
    running = published(directory)
    if running is None:
        print(f"Nothing runs on {directory}.")
        return 1
    print(f"{running['command']} (process {running['pid']}) runs on {directory}")
    for name, pid in running.get("processes", {}).items():
        print(f"  {name:<10}{_describe(pid)}")
    if "url" not in running:
        return 0
    code, body = probe.get(f"{running['url']}/readyz")
    if code == 0:
        print(f"  {running['url']} does not answer: {body}")
        return 1
    for part, state in json.loads(body)["parts"].items():
        print(f"  {part:<10}{'ready' if state['ok'] else 'NOT READY'}, {state['detail']}")
    print(f"  {running['url']}")
    return 0 if code == HTTPStatus.OK else 1


def health(arguments: list[str]) -> int:
    """Container health check of one part (web, worker, one of its queues, beat): exit code 0 when it does its work."""
    parser = _parser("health", health)
    parser.add_argument("part", choices=["web", "worker", *heartbeat.PARTS])
    parser.add_argument(
        "--end-after",
        type=int,
        default=0,
        metavar="N",
        help="in a container with an init: when this is the Nth failure in a row, end everything, to be started again",
    )
    options = parser.parse_args(arguments)
    is_well = _web_is_well() if options.part == "web" else _is_well(options.part)
    if options.end_after:
        containers.count(options.part, options.end_after, is_well=is_well)
    return 0 if is_well else 1


def _is_well(part: str) -> bool:
    """Whether the workers of a part, or beat, have left a sign of life; nobody is to blame while Redis is away."""
    parts = [part] if part in heartbeat.PARTS else [name for name in heartbeat.PARTS if name != "beat"]
    ages = {name: heartbeat.age(name) for name in parts}
    for name, age in ages.items():
        print(f"{name}: {heartbeat.in_words(age)}")
    if all(age is None for age in ages.values()) and not heartbeat.answers():
        print("Redis does not answer: nobody knows.")
        return True
    return all(heartbeat.is_fresh(name, age) for name, age in ages.items())


def _web_is_well() -> bool:
    host = (os.environ.get("MONIQO_ALLOWED_HOSTS") or DEFAULT_HOST).split(",")[0].lstrip(".")
    port = os.environ.get("MONIQO_PORT") or DEFAULT_PORT
    code, body = probe.get(f"http://{DEFAULT_HOST}:{port}/healthz", host=host)
    print(f"web: {code} {body}")
    return code == HTTPStatus.OK


def roles(arguments: list[str]) -> int:
    """Create database and roles named in DATABASE_URL, DATABASE_OWNER_URL and DATABASE_SYSTEM_URL."""
    parser = _parser("create_roles", roles)
    parser.parse_args(arguments)
    # From the environment, as every address: a command line shows the password to every local user.
    admin_url = os.environ.get("MONIQO_ADMIN_URL", "")
    if not admin_url:
        raise ServiceError("Set MONIQO_ADMIN_URL: an address with a role that may create roles and databases.")
    create_roles(
        admin_url,
        owner_url=os.environ.get("DATABASE_OWNER_URL", ""),
        app_url=os.environ.get("DATABASE_URL", ""),
        system_url=os.environ.get("DATABASE_SYSTEM_URL", ""),
    )
    print("Database and roles are there.")
    return 0


def backup(arguments: list[str]) -> int:
    """Write everything the database holds to one file."""
    parser = _parser("backup", backup)
    parser.add_argument("file", type=Path, metavar="FILE", help="replaced when it exists")
    file = parser.parse_args(arguments).file
    ensure()
    size = backups.back_up(backups.Addresses.from_environment(), file)
    print(f"{file} holds everything ({size / _MEGABYTE:.1f} MB). Keep MONIQO_CREDENTIAL_KEYS too, elsewhere.")
    return 0


def restore(arguments: list[str]) -> int:
    """Make an empty database what it was when FILE was written."""
    parser = _parser("restore", restore)
    parser.add_argument("file", type=Path, metavar="FILE")
    parser.add_argument("--replace", action="store_true", help="give up what the database holds now")
    options = parser.parse_args(arguments)
    ensure()
    backups.restore(backups.Addresses.from_environment(), options.file, replace=options.replace)
    print(f"Restored {options.file}. Run `manage.py migrate` if it is of an older version, then `manage.py verify`.")
    return 0


def make_schema(arguments: list[str]) -> int:
    """Replay all migrations and write down what came out (`make schema`)."""
    _parser("make_schema", make_schema).parse_args(arguments)
    environment.prepare(data_directory())
    schema.FILE.write_text(schema.replayed())
    print(f"{schema.FILE.relative_to(environment.ROOT)} stands for the migrations as they are now.")
    return 0


def generate_encryption_key(arguments: list[str]) -> int:
    """Print a new key for MONIQO_CREDENTIAL_KEYS; what to do with it goes to standard error."""
    _parser("generate_encryption_key", generate_encryption_key).parse_args(arguments)
    print(environment.new_encryption_key())
    print(_WHAT_TO_DO_WITH_A_KEY, file=sys.stderr)
    return 0


COMMANDS: dict[str, Callable[[list[str]], int]] = {
    "up": up,
    "down": down,
    "status": status,
    "health": health,
    "create_roles": roles,
    "backup": backup,
    "restore": restore,
    "make_schema": make_schema,
    "generate_encryption_key": generate_encryption_key,
}


def _parser(name: str, command: Callable[[list[str]], int]) -> argparse.ArgumentParser:
    return argparse.ArgumentParser(prog=f"manage.py {name}", description=command.__doc__)


def _describe(pid: int) -> str:
    """Process id, memory of it and its descendants (shared pages divided among their users), and age."""
    try:
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)]
        megabytes = sum(member.memory_full_info().pss for member in family) / _MEGABYTE
        age = time.time() - process.create_time()
    except psutil.Error:
        return f"process {pid} has ended"
    return f"process {pid:<8} {len(family)} processes  {megabytes:6.0f} MB  up {age:.0f} s"
