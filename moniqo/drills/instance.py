"""A scratch instance: `make run` with a data folder and ports of its own, on loopback, with one trader and no demo."""

import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

import psutil
import redis

from kit.embedded import probe
from kit.embedded.environment import DATABASE_VARIABLES, ROOT
from kit.embedded.process import LOOPBACK, free_port
from kit.offspring import die_with_parent

EMAIL: Final = "drill@moniqo.local"
# Not taken over from whoever drills: the instance finds or makes its own.
_OWN: Final = (*DATABASE_VARIABLES, "REDIS_URL", "MONIQO_SECRET_KEY", "MONIQO_CREDENTIAL_KEYS", "MONIQO_ENV")
_START_SECONDS: Final = 240.0
_POLL_SECONDS: Final = 0.25
_HEARTBEAT: Final = "moniqo:heartbeat:{}"


class DrillError(Exception):
    """The drill itself cannot go on."""


class Instance:
    """One supervisor on `directory`, started again where a drill ends it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.url = f"http://{LOOPBACK}:{free_port()}"
        self.password = secrets.token_urlsafe(16)
        kept = {name: value for name, value in os.environ.items() if name not in _OWN}
        self._environment = kept | {
            "MONIQO_DATA": str(directory),
            "MONIQO_HOST": LOOPBACK,
            "MONIQO_PORT": self.url.rpartition(":")[2],
            "MONIQO_FEED": "simulated",
            "MONIQO_API_TOKEN_LIMIT": "0",  # its own trader asks more often than any program should
            "MONIQO_API_ADDRESS_LIMIT": "0",
        }
        self._supervisor: subprocess.Popen[bytes] | None = None

    # --- life ------------------------------------------------------------------------------------------------------

    def make(self) -> None:
        """A database with one user, so that no demo trader is made."""
        self.manage("migrate", "--no-input")
        self.manage("createsuperuser", "--no-input", "--email", EMAIL, DJANGO_SUPERUSER_PASSWORD=self.password)

    def start(self) -> None:
        """Start everything and wait until it is ready."""
        me = os.getpid()
        with (self.directory / "up.log").open("ab") as output:
            self._supervisor = subprocess.Popen(
                [sys.executable, "manage.py", "up"],
                cwd=ROOT,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=lambda: die_with_parent(me),
            )
        self.wait(lambda: self.is_ready(), _START_SECONDS, "the scratch instance is ready")

    def stop(self) -> None:
        """End it, and whatever of it is left."""
        family = self._family(self._supervisor.pid) if self._supervisor is not None else []
        if self._supervisor is not None and self._supervisor.poll() is None:
            self._supervisor.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                self._supervisor.wait(60)
            self._supervisor.kill()
            self._supervisor.wait()
        self._supervisor = None
        for process in family:
            with suppress(psutil.Error):
                process.kill()

    def manage(self, *arguments: str, **changes: str) -> str:
        """Run a management command there; returns what it printed. Raises DrillError when it fails."""
        result = subprocess.run(
            [sys.executable, "-W", "ignore", "manage.py", *arguments],
            cwd=ROOT,
            env=self._environment | changes,
            capture_output=True,
            text=True,
            check=False,
        )
        if result.returncode:
            raise DrillError(f"{arguments[0]} failed in the scratch instance: {result.stderr.strip()[-500:]}")
        return result.stdout

    # --- what it is ------------------------------------------------------------------------------------------------

    @property
    def pid(self) -> int:
        """The supervisor's process."""
        if self._supervisor is None:
            raise DrillError("The scratch instance does not run.")
        return self._supervisor.pid

    def is_ready(self) -> bool:
        """Whether the instance says so itself."""
        if self._supervisor is not None and self._supervisor.poll() is not None:
            return False
        return "worker" in self.described().get("processes", {}) and self.asks("/readyz") == HTTPStatus.OK

    def asks(self, path: str) -> int:
        """The status of one request, 0 when nobody answers."""
        return probe.get(f"{self.url}{path}")[0]

    def described(self) -> dict[str, Any]:
        """What the supervisor says of itself."""
        try:
            found: dict[str, Any] = json.loads((self.directory / "services.json").read_text())
        except (OSError, ValueError):
            return {}
        return found if found.get("pid") == self.pid else {}

    def address(self, variable: str) -> str:
        """Where a service listens."""
        found: str = self.described()["addresses"][variable]
        return found

    def part(self, name: str) -> psutil.Process:
        """The process of a part: one of the supervisor's, the supervisor itself, or the worker of one queue."""
        if name == "supervisor":
            return psutil.Process(self.pid)
        self.wait(lambda: self._find(name) is not None, _START_SECONDS, f"there is a process of {name}")
        found = self._find(name)
        if found is None:
            raise DrillError(f"The scratch instance has no {name}.")
        return found

    def _find(self, name: str) -> psutil.Process | None:
        pids = self.described().get("processes", {})
        try:
            if pids.get(name):
                return psutil.Process(pids[name])
            return next((child for child in psutil.Process(pids["worker"]).children() if child.name() == name), None)
        except (psutil.Error, KeyError, TypeError):
            return None

    def lived(self, part: str, since: float) -> bool:
        """Whether a part left its sign of life after the moment `since`."""
        try:
            with redis.Redis.from_url(self.address("REDIS_URL"), socket_timeout=1, socket_connect_timeout=1) as client:
                moment = client.get(_HEARTBEAT.format(part))
        except (redis.RedisError, KeyError):
            return False
        return moment is not None and float(moment) > since

    def wait(self, condition: Callable[[], bool], seconds: float, what: str) -> None:
        """Wait until it holds. Raises DrillError when the time is up."""
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                raise DrillError(f"In vain for {seconds:.0f} s: {what}. The logs are in {self.directory}.")
            time.sleep(_POLL_SECONDS)

    # --- faults ----------------------------------------------------------------------------------------------------

    def kill(self, part: str) -> list[psutil.Process]:
        """End one process as the system does when memory is short; returns what was hit."""
        process = self.part(part)
        process.kill()
        return [process]

    def hang(self, part: str) -> list[psutil.Process]:
        """Let a part and its offspring stand still; returns what was hit."""
        family = self._family(self.part(part).pid)
        for process in family:
            with suppress(psutil.Error):
                process.suspend()
        return family

    @staticmethod
    def _family(pid: int) -> list[psutil.Process]:
        try:
            process = psutil.Process(pid)
            return [process, *process.children(recursive=True)]
        except psutil.Error:
            return []


@contextmanager
def instance(directory: Path) -> Iterator[Instance]:
    """A running instance with one trader; everything of it has ended after the block."""
    scratch = Instance(directory)
    try:
        scratch.make()
        scratch.start()
        yield scratch
    finally:
        scratch.stop()
