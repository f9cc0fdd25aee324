"""`make run`: everything under one process that stops it all.

Embedded services, roles, migrations, demo trader, then web, worker and beat, none of them as root (see `runners`). From
then on nothing but Ctrl-C and SIGTERM ends the whole: what ends is started again with growing pauses, what hangs is
ended and started again, and on a full disk what has ended waits for room. After a `kill -9` the children end by
themselves (see `process`), and the next start finds the data as they were.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from pathlib import Path
from types import FrameType

import psycopg

from kit.embedded import environment, hosts, parts, probe, schema, space
from kit.embedded.environment import ROOT
from kit.embedded.parts import Part, Process, Service
from kit.embedded.process import ServiceError, kill_group, spawn
from kit.embedded.runners import Runner, runner_of
from kit.embedded.services import Services, check_addresses, published
from kit.files import read_object, write_private
from kit.pauses import MANY, Record

DEFAULT_HOST, DEFAULT_PORT = "127.0.0.1", 8000
# Granian's own default stops at 1,024 connections, and every open page holds one for its live events.
_CONNECTIONS = 8192
_DRAIN_SECONDS = "2"  # open live streams never finish by themselves, and the browser comes back to them

_POLL_SECONDS = 0.1
_FIRST_PAGE_SECONDS = 120.0
_FIRST_PAGE_FAILURES = 5  # while nothing runs yet, who cannot start has to be seen
_STOP_SECONDS = 12.0
_LOOK_SECONDS = 5.0  # between two looks at signs of life
_HELLO = {
    "postgres": bytes([0, 0, 0, 8, 4, 210, 22, 47]),  # may we speak TLS? (PostgreSQL's protocol, SSLRequest)
    "redis": b"PING\r\n",
}


class Supervisor:
    """One run of Moniqo on one data directory."""

    def __init__(self) -> None:
        self.host = hosts.bare(os.environ.get("MONIQO_HOST") or DEFAULT_HOST)
        self.port = hosts.port_of(os.environ.get("MONIQO_PORT") or str(DEFAULT_PORT))
        self.directory = environment.data_directory()
        self.logs = self.directory / "log"
        self.services = Services(self.directory)
        self.runner = Runner()
        self.parts: list[Part] = []
        self.demo: subprocess.Popen[bytes] | None = None
        self.demo_started_at = 0.0
        self.signals = 0
        self.looked_at = 0.0
        self.waits_for_space = False
        self.untold: dict[str, str] = {}
        self.teller: tuple[subprocess.Popen[bytes], str] | None = None

    @property
    def url(self) -> str:
        return hosts.url_of(self.host, self.port)

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
        hosts.check(self.host, self.port)

    def _start(self) -> None:
        environment.prepare(self.directory)
        os.environ.update(MONIQO_HOST=self.host, MONIQO_PORT=str(self.port), PYTHONUNBUFFERED="1")
        self.logs.mkdir(exist_ok=True)
        self.runner = runner_of(self.directory, self.port)
        if self.runner.why_root:
            self._say(self.runner.why_root)
        if self.services.embedded:
            self._say("Starting " + " and ".join(service.title for _, service in self.services.embedded))
            self.services.start()
            self._say_where_staged()
        for name, service in self.services.embedded:
            lives = partial(self._greets, name)
            self.parts.append(Part(name, service.log, Service(service), lives, Record(time.monotonic())))
        check_addresses()
        self._publish()
        self._bring_up_to_date()
        self._say("Starting web, worker and beat")
        self._add("web", lambda: parts.web_lives(self.url))  # it loads while the demo trader is made
        with_demo = not environment.is_production()
        if with_demo and not _has_users():
            self._demo_marker.touch()  # stays until the history is complete, so that an interrupted build goes on
            self._step("Making the demo trader", "demo", "demo", "--prepare")
        self._wait_for_first_page()  # before the others start: the page gets the whole machine
        self._add("worker", self._crew_lives)
        self._add("beat", parts.beat_lives)
        if with_demo and self._demo_marker.exists():
            self.demo = self._spawn("demo", self._manage("demo", "--build"))
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

    def _add(self, name: str, lives: Callable[[], bool | None]) -> None:
        """Start a child that is to stay up."""
        python = [self.runner.python, "-m"]
        many = str(_CONNECTIONS)
        command = {
            "web": [
                *(*python, "granian", "--interface", "asgi", "--host", self.host, "--port", str(self.port)),
                *("--backlog", many, "--backpressure", many, "--workers-kill-timeout", _DRAIN_SECONDS),
                "moniqo.asgi:application",
            ],
            "worker": [*python, "moniqo.workers"],
            "beat": [*python, "celery", "-A", "moniqo.beat", "beat", "-s", str(self.directory / "beat-schedule")],
        }[name]
        now = time.monotonic()
        runs = Process(command, partial(self._spawn, name))
        part = Part(name, self.logs / f"{name}.log", runs, lives, Record(now))
        part.start(now)
        self.parts.append(part)

    def _wait_for_first_page(self) -> None:
        deadline = time.monotonic() + _FIRST_PAGE_SECONDS
        web = self.parts[-1]
        while probe.get(f"{self.url}/healthz")[0] != HTTPStatus.OK:
            self._stop_if_asked()
            self._tend()
            if time.monotonic() > deadline or web.record.failures >= _FIRST_PAGE_FAILURES:
                sys.stderr.write("".join(f"  {line}\n" for line in web.last_lines()))
                raise ServiceError(f"The web process does not answer: the reason is in {web.log}.")
            time.sleep(_POLL_SECONDS)

    def _step(self, title: str, log: str, *arguments: str) -> None:
        """Run one management command to its end."""
        self._say(title)
        process = self._spawn(log, self._manage(*arguments))
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
        return [self.runner.python, str(ROOT / "manage.py"), *arguments]

    def _spawn(self, log: str, command: Sequence[str]) -> subprocess.Popen[bytes]:
        return spawn(
            command,
            log=self.logs / f"{log}.log",
            account=self.runner.account,
            environment={**os.environ, **self.runner.variables},
            directory=ROOT,
        )

    # --- watch -----------------------------------------------------------------------------------------------------

    def _tend(self) -> None:
        """Start again what has ended, end what hangs, and tell of both. Nothing here may end us."""
        now = time.monotonic()
        if now > self.looked_at + _LOOK_SECONDS:
            self.looked_at = now
            for part in self.parts:
                self._look(part)
            self._tell()
        for part in self.parts:
            self._tend_part(part, time.monotonic())
        if self.demo is not None and self.demo.poll() is not None:
            self._finish_demo(self.demo)

    def _tend_part(self, part: Part, now: float) -> None:
        if part.record.again_at is None and part.runs.code() is not None:
            reason = part.why()
            part.runs.kill()  # what it has left behind
            self._lose(part, reason, now)
        elif part.record.again_at is not None and (part.record.is_due(now) or self.waits_for_space):
            if self._has_space():
                self._start_again(part)
        elif part.is_told and part.record.is_steady(now):
            part.is_told = False
            self.untold[part.name] = ""

    def _lose(self, part: Part, reason: str, now: float) -> None:
        pause = part.record.fail(now)
        sentence = f"{part.name} {reason} and starts again in {pause:.0f} s; its log is {part.log}"
        if self._has_space():
            self._say(sentence)
        if part.record.failures >= MANY:
            part.is_told, self.untold[part.name] = True, sentence

    def _start_again(self, part: Part) -> None:
        try:
            part.start(time.monotonic())
        except (ServiceError, OSError) as error:
            self._lose(part, f"could not be started: {error}", time.monotonic())
            return
        self._publish()

    def _look(self, part: Part) -> None:
        """End a part that runs and does nothing; it starts again. Keep its log small."""
        part.keep_log_small()
        if not part.is_up or (silent := part.hangs(time.monotonic())) is None:
            return
        self._say(sentence := f"{part.name} gave no sign of life for {silent:.0f} s: it is ended and started again")
        part.is_told, self.untold[part.name] = True, sentence
        part.runs.kill()
        part.record.fail(time.monotonic())

    def _crew_lives(self) -> bool | None:
        return parts.crew_lives(next(part.runs.pid for part in self.parts if part.name == "worker"))

    def _greets(self, name: str) -> bool:
        service = dict(self.services.embedded)[name]
        return parts.greets(service.port, _HELLO[name])

    def _has_space(self) -> bool:
        """Whether there is room to start anything; says so once when there is none, and when there is again."""
        places = [service.place.data for _, service in self.services.embedded if service.place is not None]
        is_full = space.is_full(self.directory, *places)
        if is_full and not self.waits_for_space:
            self._say(f"The disk of {self.directory} is full: what has ended waits until there is room")
        elif self.waits_for_space and not is_full:
            self._say("There is room on the disk again: what waited is started")
        self.waits_for_space = is_full
        return not is_full

    def _tell(self) -> None:
        """Let operators know, one alert at a time; what cannot be told now is told later."""
        if self.teller is not None:
            process, name = self.teller
            if process.poll() is None:
                return
            kill_group(process.pid)
            self.teller = None
            if process.returncode == 0:
                self.untold.pop(name, None)
        if (
            self.untold
            and not self.waits_for_space
            and all(part.is_up for part in self.parts if isinstance(part.runs, Service))
        ):
            name, sentence = next(iter(self.untold.items()))
            with suppress(OSError):
                self.teller = self._spawn("alerts", self._manage("tell_operators", name, sentence)), name

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
        children = [part.runs.child for part in self.parts if isinstance(part.runs, Process)]
        others = [self.demo, None if self.teller is None else self.teller[0]]
        processes = [process for process in (*children, *others) if process is not None]
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
        with suppress(OSError):  # what we print to may be a file on a full disk
            print(f"{time.strftime('%H:%M:%S')}  {sentence}", flush=True)

    def _say_where_staged(self) -> None:
        for name, service in self.services.embedded:
            if service.place is not None and service.place.staged:
                self._say(f"{name} keeps its data in {service.place.data}: `nobody`, who runs it, cannot enter {ROOT}")

    def _publish(self) -> None:
        processes = {part.name: part.runs.pid for part in self.parts}
        if self.demo is not None:
            processes["demo"] = self.demo.pid
        with suppress(OSError):  # on a full disk the description stays the old one until the next change
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
        try:
            login: dict[str, str] = read_object(path)
            known = {name: login[name] for name in ("url", "email", "password")}
        except (OSError, ValueError, KeyError):
            self._say(f"{path} cannot be read: delete it, and `make demo` writes a new one")
            return None
        if known["url"] != self.url:  # another port than last time
            known["url"] = self.url
            write_private(path, json.dumps(login | known))
        return known


class _StoppedError(Exception):
    """A signal arrived while things were still starting."""


def _has_users() -> bool:
    with psycopg.connect(os.environ["DATABASE_SYSTEM_URL"]) as connection:
        row = connection.execute("SELECT EXISTS (SELECT FROM users_user)").fetchone()
    return bool(row and row[0])


def _tail(path: Path) -> str:
    lines = path.read_text(errors="replace").splitlines()[-8:]
    return "".join(f"  {line}\n" for line in lines)
