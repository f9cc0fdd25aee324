"""`make run`: everything under one process that stops it all.

Embedded services, roles, migrations, demo trader, then web, worker and beat. A child that ends is started again with
growing pauses; one that cannot stay up ends the whole with a message. Ctrl-C and SIGTERM stop everything in order;
after a `kill -9` the children end by themselves (see `process`), and the next start finds the data as they were.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from types import FrameType

import psycopg
import redis

from kit import heartbeat
from kit.embedded import environment, probe, schema
from kit.embedded.environment import DATABASE_VARIABLES, ROOT
from kit.embedded.process import ServiceError, kill_group, spawn, write_private
from kit.embedded.services import Services, published

DEFAULT_HOST, DEFAULT_PORT = "127.0.0.1", 8000
# Granian's own default stops at 1,024 connections, and every open page holds one for its live events.
_CONNECTIONS = 8192
_DRAIN_SECONDS = "2"  # open live streams never finish by themselves, and the browser comes back to them

_POLL_SECONDS = 0.1
_FIRST_PAGE_SECONDS = 120.0
_CONNECT_SECONDS = 5
_STOP_SECONDS = 12.0
_STEADY_SECONDS = 60.0  # a child that stayed up this long starts with a clean record
_MAXIMUM_FAILURES = 5
_LOOK_SECONDS = 10.0  # between two looks at beat's heartbeat
_LOG_LINES = 8


@dataclass
class Child:
    """A process that is meant to stay up."""

    name: str
    command: Sequence[str]
    log: Path
    process: subprocess.Popen[bytes]
    started_at: float
    failures: int = 0
    restart_at: float | None = None


class Supervisor:
    """One run of Moniqo on one data directory."""

    def __init__(self) -> None:
        self.host = os.environ.get("MONIQO_HOST") or DEFAULT_HOST
        self.port = _port(os.environ.get("MONIQO_PORT") or str(DEFAULT_PORT))
        self.directory = environment.data_directory()
        self.logs = self.directory / "log"
        self.services = Services(self.directory)
        self.children: list[Child] = []
        self.demo: subprocess.Popen[bytes] | None = None
        self.demo_started_at = 0.0
        self.signals = 0
        self.beat_looked_at = 0.0

    @property
    def url(self) -> str:
        shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self.host, self.host)  # noqa: S104 - shown, not bound
        return f"http://{shown}:{self.port}"

    def run(self) -> int:
        """Start everything, watch it, stop it. Returns the exit code; raises ServiceError with one sentence."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        self._claim()
        try:
            self._start()
            while not self.signals:
                self._tend()
                time.sleep(_POLL_SECONDS)
        except _StoppedError:
            pass
        finally:
            self._stop()
        return 0

    # --- start -----------------------------------------------------------------------------------------------------

    def _claim(self) -> None:
        if not self.services.lock.acquire():
            running = published(self.directory) or {"command": "another process", "pid": "starting"}
            raise ServiceError(
                f"{running['command']} (process {running['pid']}) already runs on {self.directory}: use it"
                f"{' at ' + running['url'] if 'url' in running else ''}, stop it with `make down`, or set MONIQO_DATA."
            )
        _check_port(self.host, self.port)

    def _start(self) -> None:
        environment.prepare(self.directory)
        os.environ.update(MONIQO_HOST=self.host, MONIQO_PORT=str(self.port), PYTHONUNBUFFERED="1")
        if self.services.embedded:
            self._say("Starting " + " and ".join(service.title for _, service in self.services.embedded))
            self.services.start()
            self._say_where_staged()
        _check_addresses()
        self._publish()
        self._bring_up_to_date()
        self._say("Starting web, worker and beat")
        self._start_child("web")  # it loads while the demo trader is made
        with_demo = not environment.is_production()
        if with_demo and not _has_users():
            self._demo_marker.touch()  # stays until the history is complete, so that an interrupted build goes on
            self._step("Making the demo trader", "demo", "demo", "--prepare")
        self._wait_for_first_page()  # before the others start: the page gets the whole machine
        self._start_child("worker")
        self._start_child("beat")
        if with_demo and self._demo_marker.exists():
            self.demo = self._spawn(self._manage("demo", "--build"), "demo")
            self.demo_started_at = time.monotonic()
        self._publish()
        self._greet()

    def _bring_up_to_date(self) -> None:
        """Migrate where there is something to migrate: starting Django takes longer than everything else here."""
        owner_url = os.environ["DATABASE_OWNER_URL"]
        if schema.is_current(owner_url):
            return
        if schema.load_from_environment() and schema.is_current(owner_url):
            self._say("The database is made")
            return
        self._step("Bringing the database up to date", "migrate", "migrate", "--no-input", "--skip-checks")

    @property
    def _demo_marker(self) -> Path:
        return self.directory / "demo-unfinished"

    def _start_child(self, name: str) -> None:
        python = [sys.executable, "-m"]
        web = [*python, "granian", "--interface", "asgi", "--host", self.host, "--port", str(self.port)]
        web += [
            "--backlog",
            str(_CONNECTIONS),
            "--backpressure",
            str(_CONNECTIONS),
            "--workers-kill-timeout",
            _DRAIN_SECONDS,
        ]
        command = {
            "web": [*web, "moniqo.asgi:application"],
            "worker": [*python, "moniqo.workers"],
            "beat": [*python, "celery", "-A", "moniqo.beat", "beat", "-s", str(self.directory / "beat-schedule")],
        }[name]
        process = self._spawn(command, name)
        self.children.append(Child(name, command, self.logs / f"{name}.log", process, time.monotonic()))

    def _wait_for_first_page(self) -> None:
        deadline = time.monotonic() + _FIRST_PAGE_SECONDS
        while probe.get(f"{self.url}/healthz")[0] != HTTPStatus.OK:
            self._stop_if_asked()
            self._tend()
            if time.monotonic() > deadline:
                raise ServiceError(f"The web process does not answer: the reason is in {self.logs / 'web.log'}.")
            time.sleep(_POLL_SECONDS)

    def _step(self, title: str, log: str, *arguments: str) -> None:
        """Run one management command to its end."""
        self._say(title)
        process = self._spawn(self._manage(*arguments), log)
        try:
            while process.poll() is None:
                self._stop_if_asked()
                time.sleep(_POLL_SECONDS / 10)
        finally:
            kill_group(process.pid)
        if process.returncode != 0:
            path = self.logs / f"{log}.log"
            sys.stderr.write(_tail(path))
            raise ServiceError(f"{title} failed: the lines above are the end of {path}.")

    def _manage(self, *arguments: str) -> list[str]:
        return [sys.executable, str(ROOT / "manage.py"), *arguments]

    def _spawn(self, command: Sequence[str], log: str) -> subprocess.Popen[bytes]:
        return spawn(command, log=self.logs / f"{log}.log", environment=os.environ, directory=ROOT)

    # --- watch -----------------------------------------------------------------------------------------------------

    def _tend(self) -> None:
        """Start again what has ended."""
        for name, service in self.services.embedded:
            if service.has_failed():
                self._say(f"{name} ended unexpectedly and is started again; its log is {service.log}")
                service.start()
                self._publish()
        for child in self.children:
            self._tend_child(child, time.monotonic())
        self._watch_beat(time.monotonic())
        if self.demo is not None and self.demo.poll() is not None:
            self._finish_demo(self.demo)

    def _tend_child(self, child: Child, now: float) -> None:
        if child.restart_at is not None:
            if now >= child.restart_at:
                child.process, child.started_at, child.restart_at = self._spawn(child.command, child.name), now, None
                self._publish()
            return
        if child.process.poll() is None:
            return
        kill_group(child.process.pid)
        child.failures = 1 if now - child.started_at > _STEADY_SECONDS else child.failures + 1
        if child.failures >= _MAXIMUM_FAILURES:
            sys.stderr.write(_tail(child.log))
            raise ServiceError(
                f"{child.name} ended {child.failures} times in a row: the lines above are the end of {child.log}."
            )
        pause = 2.0 ** (child.failures - 1)
        child.restart_at = now + pause
        self._say(f"{child.name} ended with code {child.process.returncode} and starts again in {pause:.0f} s")

    def _watch_beat(self, now: float) -> None:
        """End a beat that runs without a fresh sign of life, such as one that waits for the future; it starts again."""
        if now < self.beat_looked_at + _LOOK_SECONDS:
            return
        self.beat_looked_at = now
        for child in self.children:
            if child.name != "beat" or child.restart_at is not None or now < child.started_at + _STEADY_SECONDS:
                continue
            age = heartbeat.age("beat")
            if not heartbeat.is_fresh("beat", age):
                self._say(f"beat's last sign of life is no fresh one ({heartbeat.in_words(age)}): it is started again")
                child.process.kill()  # it may not listen either

    def _finish_demo(self, process: subprocess.Popen[bytes]) -> None:
        self.demo = None
        if process.returncode == 0:
            self._demo_marker.unlink(missing_ok=True)
            self._say(f"The demo history is complete after {time.monotonic() - self.demo_started_at:.0f} s")
        else:
            self._say(f"The demo history could not be built; its log is {self.logs / 'demo.log'}")
        self._publish()

    # --- stop ------------------------------------------------------------------------------------------------------

    def _stop(self) -> None:
        processes = [child.process for child in self.children]
        if self.demo is not None:
            processes.append(self.demo)
        if processes:
            self._say("Stopping")
        for process in processes:
            if process.poll() is None:
                process.terminate()
        deadline = time.monotonic() + _STOP_SECONDS
        # A second Ctrl-C means now: tasks are idempotent and orders survive a kill.
        while self.signals < 2 and time.monotonic() < deadline and any(p.poll() is None for p in processes):
            time.sleep(_POLL_SECONDS)
        for process in processes:
            kill_group(process.pid)
            process.wait()
        self.services.stop()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.signals += 1

    def _stop_if_asked(self) -> None:
        if self.signals:
            raise _StoppedError

    # --- words -----------------------------------------------------------------------------------------------------

    def _say(self, sentence: str) -> None:
        print(f"{time.strftime('%H:%M:%S')}  {sentence}", flush=True)

    def _say_where_staged(self) -> None:
        for name, service in self.services.embedded:
            if service.place is not None and service.place.staged:
                self._say(f"{name} keeps its data in {service.place.data}: `nobody`, who runs it, cannot enter {ROOT}")

    def _publish(self) -> None:
        processes = {name: service.pid for name, service in self.services.embedded}
        processes |= {child.name: child.process.pid for child in self.children}
        if self.demo is not None:
            processes["demo"] = self.demo.pid
        self.services.publish("make run", url=self.url, processes=processes)

    def _greet(self) -> None:
        lines = [("Moniqo", self.url), ("Data", str(self.directory)), ("Logs", str(self.logs))]
        if (login := self._demo_login()) is not None:
            lines.insert(1, ("Demo login", f"{login['email']}   {login['password']}"))
        print()
        for label, value in lines:
            print(f"  {label:<12}{value}")
        print()
        if self.demo is not None:
            self._say("The demo history is being built; the page shows how far it is")
        self._say("Ctrl-C stops everything")

    def _demo_login(self) -> dict[str, str] | None:
        path = self.directory / "demo.json"
        if environment.is_production() or not path.exists():
            return None
        login: dict[str, str] = json.loads(path.read_text())
        if login["url"] != self.url:  # another port than last time
            login["url"] = self.url
            write_private(path, json.dumps(login))
        return login


class _StoppedError(Exception):
    """A signal arrived while things were still starting."""


def _port(text: str) -> int:
    if not text.isdigit() or not 0 < int(text) < 2**16:
        raise ServiceError(f"MONIQO_PORT is {text!r}: set it to a number between 1 and 65535.")
    return int(text)


def _check_port(host: str, port: int) -> None:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen(1)
    except PermissionError as error:
        raise ServiceError(f"Port {port} needs privileges: choose one above 1023 with MONIQO_PORT.") from error
    except OSError as error:
        if isinstance(error, socket.gaierror) or not _is_local(host):
            raise ServiceError(f"MONIQO_HOST is {host!r}, no address of this machine: set it to 127.0.0.1.") from error
        raise ServiceError(
            f"Port {port} is in use: stop what uses it, or choose another with `make run MONIQO_PORT={port + 1}`."
        ) from error


def _is_local(host: str) -> bool:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.bind(address)
    except OSError:
        return False
    return True


def _check_addresses() -> None:
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
        with redis.Redis.from_url(os.environ.get("REDIS_URL", ""), socket_connect_timeout=_CONNECT_SECONDS) as client:
            client.ping()
    except (redis.RedisError, ValueError) as error:
        raise ServiceError(f"REDIS_URL does not lead to a Redis: correct it, or unset it ({error}).") from error


def _has_users() -> bool:
    with psycopg.connect(os.environ["DATABASE_SYSTEM_URL"]) as connection:
        row = connection.execute("SELECT EXISTS (SELECT FROM users_user)").fetchone()
    return bool(row and row[0])


def _tail(path: Path) -> str:
    lines = path.read_text(errors="replace").splitlines()[-_LOG_LINES:]
    return "".join(f"  {line}\n" for line in lines)
