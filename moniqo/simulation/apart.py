"""Simulations on a database server of their own, so that nobody's books are touched: some processes with a database
each, which play their share and tell of each flow and kill in a line (`process`)."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import IO, Final

import psycopg
from psycopg import sql

from kit.embedded.environment import ROOT
from kit.embedded.postgres import APP, OWNER, SUPERUSER, SYSTEM, Postgres

PROCESS: Final = "moniqo.simulation.process"
# Nobody listens there: what pages are told is told nobody.
NO_REDIS: Final = "redis://127.0.0.1:1/0"


@dataclass(frozen=True, slots=True)
class Outcome:
    """A flow by its seed, or a kill by its work and step; `cut` is how much of it was cut off."""

    name: str
    is_kill: bool
    cut: int
    violations: tuple[str, ...]
    told: tuple[str, ...] = ()


def simulate(*, first: int, seeds: int, kills: bool, processes: int) -> Iterator[Outcome]:
    """Play the seeds from `first` on, and kill workers at every step if `kills`; what comes of each, as it comes."""
    with tempfile.TemporaryDirectory(prefix="moniqo-simulation-") as directory, ExitStack() as stack:
        root = Path(directory)
        root.chmod(0o755)  # as root the server runs as nobody, who must be able to enter
        server = stack.enter_context(_server(root))
        shares = [range(first + at, first + seeds, processes) for at in range(min(processes, max(seeds, 1)))]
        running = [_start(server, number, share, kills=kills and number == 0) for number, share in enumerate(shares)]
        lines = _merged([process.stdout for process in running if process.stdout is not None])
        for line in lines:
            found = json.loads(line)
            yield Outcome(**{**found, "violations": tuple(found["violations"]), "told": tuple(found["told"])})
        if failed := [process.returncode for process in running if process.wait()]:
            raise RuntimeError(f"{len(failed)} of {len(running)} processes ended with an error: see above.")


def run(module: str, argument: str) -> str:
    """What a module, as a process of its own on a database of its own, prints of its argument."""
    with tempfile.TemporaryDirectory(prefix="moniqo-simulation-") as directory:
        root = Path(directory)
        root.chmod(0o755)
        with _server(root) as server:
            command = [sys.executable, "-m", module, argument]
            environment = _environment(server, "moniqo")
            done = subprocess.run(command, env=environment, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout


@contextmanager
def _server(root: Path) -> Iterator[Postgres]:
    """A server with the finished schema."""
    server = Postgres(root / "postgres", fsync=False)
    server.start()
    try:
        subprocess.run(
            [sys.executable, "manage.py", "migrate"],
            env=_environment(server, "moniqo"),
            cwd=ROOT,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        yield server
    finally:
        server.stop()


def _start(server: Postgres, number: int, seeds: range, *, kills: bool) -> "subprocess.Popen[str]":
    name = f"simulation_{number}"
    with psycopg.connect(server.url(SUPERUSER, "postgres"), autocommit=True) as connection:
        words = sql.SQL("CREATE DATABASE {} TEMPLATE moniqo OWNER {}")
        connection.execute(words.format(sql.Identifier(name), sql.Identifier(OWNER)))
    command = [sys.executable, "-m", PROCESS, str(seeds.start), str(seeds.stop), str(seeds.step), str(int(kills))]
    return subprocess.Popen(command, env=_environment(server, name), cwd=ROOT, stdout=subprocess.PIPE, text=True)


def _environment(server: Postgres, database: str) -> dict[str, str]:
    return os.environ | {
        "DATABASE_URL": server.url(APP, database),
        "DATABASE_OWNER_URL": server.url(OWNER, database),
        "DATABASE_SYSTEM_URL": server.url(SYSTEM, database),
        "REDIS_URL": NO_REDIS,
        "DJANGO_SETTINGS_MODULE": "moniqo.settings",
        "MONIQO_DEMO_LATENCY_MS": "0",
        "PYTHONHASHSEED": "0",
    }


def _merged(streams: Iterable[IO[str]]) -> Iterator[str]:
    """Lines of all of them, as they come."""
    lines: SimpleQueue[str | None] = SimpleQueue()

    def read(stream: IO[str]) -> None:
        for line in stream:
            lines.put(line)
        lines.put(None)

    threads = [Thread(target=read, args=(stream,), daemon=True) for stream in streams]
    for thread in threads:
        thread.start()
    left = len(threads)
    while left:
        line = lines.get()
        if line is None:
            left -= 1
        else:
            yield line
