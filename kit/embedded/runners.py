"""Whom our own processes run as: as root they run as `nobody`, as the servers do.

What serves pages and trades needs nothing that only root may do, and whoever breaks into it should not own the machine.
It needs the clone, to read, and the data folder, which then belongs to it. Where the interpreter stands in a folder
that `nobody` cannot enter, such as root's home, a copy of it is kept beside those of the servers' programs (`staging`).
"""

import os
import pwd
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Final

from kit.embedded import staging
from kit.embedded.environment import ROOT
from kit.embedded.process import run_as, unprivileged_account

# What is ours in a data folder. The servers keep their passwords in folders of their own, from everybody but us.
OURS: Final = (
    "log", "numba", "bytecode", "beat-schedule*", "secrets.json", "demo.json", "demo-unfinished", "services.json",
    "services.lock", "guests.lock", "drill.json",
)  # fmt: skip
# Of the interpreter what no program of ours loads.
LEFT_OUT: Final = ("site-packages", "test", "idlelib", "tkinter", "ensurepip", "config-*", "__pycache__")
# Below it only root may listen, where the system says nothing else.
_FIRST_FREE_PORT: Final = 1024
_FIRST_FREE: Final = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start")
_TRY: Final = "import django, granian, celery, psycopg, kit.embedded"


@dataclass(frozen=True, slots=True)
class Runner:
    """`account` is None for our own; `why_root` says why that is root's."""

    account: pwd.struct_passwd | None = None
    python: str = sys.executable
    variables: Mapping[str, str] = field(default_factory=dict)
    why_root: str = ""


def runner_of(directory: Path, port: int) -> Runner:
    """Who runs what serves on `port` and keeps its files in `directory`, which belongs to them afterwards."""
    account = unprivileged_account()
    if account is None:
        return Runner()
    name = account.pw_name
    closed = next((place for place in (ROOT, directory) if not staging.can_enter(place, account)), None)
    if port < _first_free_port():
        why = f"nobody else may listen at port {port}"
    elif closed is not None:
        why = f"`{name}` cannot enter {closed}"
    else:
        found = next((one for one in _candidates(account, directory) if _works(one)), None)
        if found is not None:
            give(directory, account)
            return found
        why = f"`{name}` cannot run {sys.executable} with what is installed in {sys.prefix}"
    return Runner(why_root=f"Web, worker and beat run as root, better as another user: {why}")


def give(directory: Path, account: pwd.struct_passwd) -> None:
    """The folder and what is ours in it belong to `account`; whatever else lies there stays whose it is."""
    own = [path for name in OURS for path in directory.glob(name)]
    within = [path for folder in own if folder.is_dir() and not folder.is_symlink() for path in folder.rglob("*")]
    for path in (directory, *own, *within):
        os.chown(path, account.pw_uid, account.pw_gid, follow_symlinks=False)


def _candidates(account: pwd.struct_passwd, directory: Path) -> Iterator[Runner]:
    # Bytecode goes where it may be written: without it every start compiles everything.
    variables = {"HOME": str(directory), "PYTHONPYCACHEPREFIX": str(directory / "bytecode")}
    yield Runner(account, sys.executable, variables)
    try:
        copy = _copied_interpreter()
    except OSError:
        return
    modules = {"PYTHONPATH": sysconfig.get_path("purelib"), "LD_LIBRARY_PATH": str(copy / "lib")}
    yield Runner(account, str(copy / "bin" / Path(_interpreter()).name), variables | modules)


def _copied_interpreter() -> Path:
    """The interpreter and its library, copied once per version and place."""
    source = Path(sys.base_prefix)
    mark = sha256(f"{source} {sys.version}".encode()).hexdigest()[:8]
    target = staging.state_directory() / f"python-{sys.version_info.major}.{sys.version_info.minor}-{mark}"
    if not target.exists():
        scratch = target.with_name(f".{target.name}.{os.getpid()}")
        library = Path(sysconfig.get_path("stdlib"))
        shutil.copytree(library, scratch / library.relative_to(source), ignore=shutil.ignore_patterns(*LEFT_OUT))
        (scratch / "bin").mkdir()
        shutil.copy2(_interpreter(), scratch / "bin")
        for shared in (source / "lib").glob("libpython*.so*"):
            shutil.copy2(shared, scratch / "lib")
        scratch.replace(target)
    return target


def _interpreter() -> str:
    return str(Path(sys._base_executable).resolve())  # type: ignore[attr-defined]  # that of the environment is a link


def _works(runner: Runner) -> bool:
    """Whether all that is needed can be loaded; that is asked of the system, since many things may forbid it."""
    attempt = [runner.python, "-c", _TRY]
    variables = {**os.environ, **runner.variables}
    try:
        done = subprocess.run(
            attempt, check=False, capture_output=True, cwd=ROOT, env=variables, **run_as(runner.account)
        )
    except OSError:
        return False
    return done.returncode == 0


def _first_free_port() -> int:
    try:
        return int(_FIRST_FREE.read_text())
    except (OSError, ValueError):
        return _FIRST_FREE_PORT
