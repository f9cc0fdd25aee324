"""The services of one data directory, and who keeps them running.

Exactly one process holds the lock on a data directory: `make run`, or the management command that came first. It
starts PostgreSQL and Redis and writes their addresses to `services.json`; everybody else reads them there. What the
environment names already (`DATABASE_URL`, `REDIS_URL`) is used as it is and never started.
"""

import fcntl
import json
import os
import time
from pathlib import Path
from typing import Any, TextIO

import psycopg
import redis

from kit import impatient
from kit.embedded.environment import DATABASE_VARIABLES
from kit.embedded.postgres import APP, OWNER, SYSTEM, Postgres
from kit.embedded.process import ServiceError, is_alive, whoami
from kit.embedded.redis import Redis
from kit.files import read_object, write_private

_JOIN_SECONDS = 60.0
_POLL_SECONDS = 0.05
_CONNECT_SECONDS = 5


class Lock:
    """A file lock that the system releases when its holder ends, however that happens."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: TextIO | None = None

    def acquire(self, *, shared: bool = False, wait: bool = False) -> bool:
        """Take the lock; False when somebody else has it and `wait` is not set."""
        try:
            file = self._path.open("a")
        except OSError as error:
            raise ServiceError(f"{self._path} cannot be opened ({error.strerror}): give it to {whoami()}.") from error
        try:
            fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            file.close()
            return False
        self._file = file
        return True

    def release(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


class Services:
    """PostgreSQL and Redis of `directory`, as far as the environment does not name others."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.lock = Lock(directory / "services.lock")
        self.guests = Lock(directory / "guests.lock")
        self.postgres = None if os.environ.get("DATABASE_URL") else Postgres(directory / "postgres")
        self.redis = None if os.environ.get("REDIS_URL") else Redis(directory / "redis")

    @property
    def embedded(self) -> list[tuple[str, Postgres | Redis]]:
        """The services that are ours to run, by name."""
        ours: list[tuple[str, Postgres | Redis | None]] = [("postgres", self.postgres), ("redis", self.redis)]
        return [(name, service) for name, service in ours if service is not None]

    def start(self) -> None:
        """Start what is ours and put its addresses into the environment. The caller holds the lock.

        Raises ServiceError; nothing is left running then.
        """
        _services_file(self.directory).unlink(missing_ok=True)
        try:
            for _, service in self.embedded:
                service.start()
        except BaseException:
            self.stop()
            raise
        os.environ.update(self.addresses())

    def stop(self) -> None:
        """Stop what is ours, and give the data directory back."""
        _services_file(self.directory).unlink(missing_ok=True)
        for _, service in reversed(self.embedded):
            service.stop()
        self.lock.release()

    def addresses(self) -> dict[str, str]:
        """The environment variables that name the services we run."""
        found = {}
        if self.postgres is not None:
            roles = zip(DATABASE_VARIABLES, (APP, OWNER, SYSTEM), strict=True)
            found.update({variable: self.postgres.url(role) for variable, role in roles})
        if self.redis is not None:
            found["REDIS_URL"] = self.redis.url()
        return found

    def publish(self, command: str, **details: Any) -> None:
        """Let others find the services, and `status` and `down` find us."""
        description = {"pid": os.getpid(), "command": command, "addresses": self.addresses(), **details}
        write_private(_services_file(self.directory), json.dumps(description, indent=2))

    def join(self) -> bool:
        """Use the services that another process runs here; False when that process has just ended."""
        deadline = time.monotonic() + _JOIN_SECONDS
        while time.monotonic() < deadline:
            if (running := published(self.directory)) is not None:
                self.guests.acquire(shared=True, wait=True)
                missing = {name for name, _ in self.embedded} - set(_named(running["addresses"]))
                if missing:
                    raise ServiceError(
                        f"`{running['command']}` (process {running['pid']}) uses other services on {self.directory}: "
                        "set the same DATABASE_URL and REDIS_URL here."
                    )
                os.environ.update({name: url for name, url in running["addresses"].items() if not os.environ.get(name)})
                return True
            if self.lock.acquire():
                self.lock.release()
                return False
            time.sleep(_POLL_SECONDS)
        raise ServiceError(
            f"The services of {self.directory} did not come up in {_JOIN_SECONDS:.0f} s: try `make down`."
        )

    def wait_for_guests(self) -> None:
        """Let commands that joined us finish before their database goes away."""
        self.guests.acquire(wait=True)
        self.guests.release()


def check_addresses() -> None:
    """Every address the environment names must answer now, not in the first request."""
    for variable in DATABASE_VARIABLES:
        url = os.environ.get(variable)
        if not url:
            raise ServiceError(
                f"{variable} is not set: DATABASE_URL needs DATABASE_OWNER_URL and DATABASE_SYSTEM_URL beside it "
                "(`manage.py create_roles` makes the three roles), or unset it to use the embedded PostgreSQL."
            )
        try:
            psycopg.connect(url, connect_timeout=_CONNECT_SECONDS).close()
        except psycopg.Error as error:
            raise ServiceError(
                f"{variable} does not lead to a database: correct it, or unset it to use the embedded PostgreSQL "
                f"({' '.join(str(error).split())})."
            ) from error
    try:
        with impatient.client(os.environ.get("REDIS_URL", ""), seconds=_CONNECT_SECONDS) as client:
            client.ping()
    except (redis.RedisError, ValueError) as error:
        raise ServiceError(f"REDIS_URL does not lead to a Redis: correct it, or unset it ({error}).") from error


def is_kept(directory: Path) -> bool:
    """Whether somebody holds the lock on `directory`."""
    lock = Lock(directory / "services.lock")
    if lock.acquire():
        lock.release()
        return False
    return True


def published(directory: Path) -> dict[str, Any] | None:
    """What the process that runs the services of `directory` says about itself; None when there is none (yet)."""
    if not is_kept(directory):  # whatever the file says is of the past
        return None
    try:
        description = read_object(_services_file(directory))
        return description if is_alive(description["pid"]) else None
    except (OSError, ValueError, KeyError, TypeError):  # not there yet, or damaged: written anew with the next change
        return None


def _named(addresses: dict[str, str]) -> list[str]:
    return [name for name, variable in (("postgres", "DATABASE_URL"), ("redis", "REDIS_URL")) if variable in addresses]


def _services_file(directory: Path) -> Path:
    return directory / "services.json"
