"""Where binaries and data of the embedded services live.

Normally the binaries stay in the virtual environment and the data under `MONIQO_DATA`. As root, though, services run
as `nobody`, and a clone under root's home is closed to it. Then both go to a state directory that it can enter:
the binaries by copy, the data for good, under a name of their own so that two clones never meet.
"""

import importlib.util
import os
import pwd
import secrets
import shutil
import subprocess
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from kit.embedded.process import ServiceError, run_as, unprivileged_account

STATE_DIRECTORY = Path("/var/lib/moniqo")


@dataclass(frozen=True)
class Home:
    """Where one service may run: `data` belongs to `account` (None: to us), `staged` when outside MONIQO_DATA."""

    data: Path
    account: pwd.struct_passwd | None
    staged: bool


def home(directory: Path) -> Home:
    """A place for a service's data: `directory/data`, or a staged one when `nobody` cannot get there."""
    directory = directory.resolve()
    directory.mkdir(parents=True, exist_ok=True)
    account = unprivileged_account()
    if account is None:
        data = directory / "data"
        data.mkdir(mode=0o700, exist_ok=True)
        return Home(data=data, account=None, staged=False)
    staged = not can_enter(directory, account)
    data = _staged_data(directory) if staged else directory / "data"
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.chown(data, account.pw_uid, account.pw_gid)
    return Home(data=data, account=account, staged=staged)


def binary(name: str, *, package: str, folder: str) -> Path:
    """The path of program `name`: from the installed `package`, staged if need be, else from PATH.

    Raises ServiceError when there is none, saying how to get one.
    """
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None or not (Path(found.origin).parent / folder / name).exists():
        return _on_path(name)
    root = Path(found.origin).parent
    account = unprivileged_account()
    if account is None or can_enter(root / folder, account):
        return root / folder / name
    return _staged_copy(root) / folder / name


def can_enter(directory: Path, account: pwd.struct_passwd) -> bool:
    """Whether `account` may reach `directory`; the kernel is asked, so ACLs and mounts count too."""
    attempt = ["/bin/sh", "-c", 'cd -- "$0"', str(directory)]
    return subprocess.run(attempt, check=False, capture_output=True, **run_as(account)).returncode == 0


def _staged_data(directory: Path) -> Path:
    """The staged directory of this clone; its random name is remembered inside the clone."""
    note = directory / "staged"
    if not note.exists():
        note.write_text(secrets.token_hex(4))
    return state_directory() / f"{directory.name}-{note.read_text().strip()}"


def _staged_copy(package: Path) -> Path:
    """A copy of an installed package and its libraries, made once per version."""
    version = metadata.version(package.name)
    target = state_directory() / f"{package.name}-{version}"
    if not target.exists():
        scratch = target.with_name(f".{target.name}.{os.getpid()}")
        for part in (package, package.with_name(f"{package.name}.libs")):
            if part.exists():
                shutil.copytree(part, scratch / part.name, symlinks=True)
        scratch.replace(target)
    return target / package.name


def state_directory() -> Path:
    """Where what belongs to no clone is kept."""
    STATE_DIRECTORY.mkdir(mode=0o755, parents=True, exist_ok=True)
    return STATE_DIRECTORY


def _on_path(name: str) -> Path:
    alternatives = {"redis-server": ("redis-server", "valkey-server")}.get(name, (name,))
    for alternative in alternatives:
        if found := shutil.which(alternative):
            return Path(found)
    variable = "REDIS_URL" if name == "redis-server" else "DATABASE_URL"
    raise ServiceError(
        f"There is no {' or '.join(alternatives)} for this platform: install one and put it on PATH, "
        f"or point {variable} at a server that runs already."
    )
