"""A throw-away PostgreSQL with its own port: nobody's books are touched, and a commit costs what it does elsewhere."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from kit.embedded.postgres import APP, OWNER, SYSTEM, Postgres

ROOT: Final = Path(__file__).resolve().parents[2]


@contextmanager
def cluster() -> Iterator[Postgres]:
    """The server with the finished schema; it and its data are gone after the block."""
    with tempfile.TemporaryDirectory(prefix="moniqo-bench-") as directory:
        root = Path(directory)
        root.chmod(0o755)  # as root the server runs as nobody, who must be able to enter
        server = Postgres(root / "postgres")
        server.start()
        try:
            command = [sys.executable, "manage.py", "migrate"]
            subprocess.run(command, env=environment(server), cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
            yield server
        finally:
            server.stop()


def environment(server: Postgres) -> dict[str, str]:
    """What a process needs to work on that server instead of the one at hand."""
    addresses = {
        "DATABASE_URL": server.url(APP),
        "DATABASE_OWNER_URL": server.url(OWNER),
        "DATABASE_SYSTEM_URL": server.url(SYSTEM),
    }
    return os.environ | addresses | {"DJANGO_SETTINGS_MODULE": "moniqo.settings"}


def measure_apart(module: str, *arguments: object, given: Mapping[str, str]) -> dict[str, float]:
    """The figures that a module prints as its last line, run in a process of its own with the environment `given`.

    Raises RuntimeError, with what it said, where it ended in an error.
    """
    command = [sys.executable, "-m", module, *map(str, arguments)]
    answer = subprocess.run(command, env=dict(given), cwd=ROOT, capture_output=True, text=True, check=False)
    if answer.returncode:
        raise RuntimeError(f"{module} measured nothing: {answer.stderr.strip()[-2000:]}")
    figures: dict[str, float] = json.loads(answer.stdout.strip().splitlines()[-1])
    return figures
