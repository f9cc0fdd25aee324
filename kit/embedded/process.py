"""Child processes that cannot outlive us.

Everything `make run` starts is a direct child in a process group of its own. The group lets us end a child together
with whatever it forked; the parent-death signal (Linux) ends it when we are killed without a chance to clean up.
"""

import os
import pwd
import signal
import socket
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypedDict

from kit.errors import MoniqoError
from kit.files import private, read_object
from kit.offspring import die_with_parent

LOOPBACK = "127.0.0.1"
UNPRIVILEGED_USER = "nobody"  # PostgreSQL refuses to run as root; this account exists on every Unix


class ServiceError(MoniqoError):
    """A service could not be started, found or stopped."""

    code = "service_unavailable"
    status = 503


def read_sound(path: Path, consequence: str) -> dict[str, str]:
    """The strings by name that a file of the data folder holds. Raises ServiceError with one sentence."""
    try:
        found = read_object(path)
    except OSError as error:
        raise ServiceError(f"{path} cannot be read ({error.strerror}): give it back to {whoami()}.") from error
    except ValueError:
        found = {}
    if not found or not all(isinstance(value, str) and value for value in found.values()):
        raise ServiceError(f"{path} is damaged: restore it from a copy ({consequence}), or start with an empty folder.")
    return found


def whoami() -> str:
    """The name of the account that we run as."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return f"user {os.geteuid()}"


def unprivileged_account() -> pwd.struct_passwd | None:
    """The account that services run as when we are root, else None (they run as we do)."""
    return pwd.getpwnam(UNPRIVILEGED_USER) if os.geteuid() == 0 else None


def spawn(
    command: Sequence[str | Path],
    *,
    log: Path,
    account: pwd.struct_passwd | None = None,
    stdin: bytes = b"",
    environment: Mapping[str, str] | None = None,
    directory: Path | None = None,
    death_signal: signal.Signals = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """Start `command` in its own process group, its output appended to `log`.

    The child gets `death_signal` when the calling thread ends, however that happens: call it from the main thread.
    """
    parent = os.getpid()
    log.parent.mkdir(parents=True, exist_ok=True)
    with open(log, "ab", opener=private) as output:
        process = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(environment) if environment is not None else None,
            cwd=directory,
            start_new_session=True,
            # Runs after the change of user, which would clear the signal. No other thread runs when we are called.
            preexec_fn=lambda: die_with_parent(parent, death_signal),
            **run_as(account),
        )
    if process.stdin is not None:
        process.stdin.write(stdin)
        process.stdin.close()
    return process


class Identity(TypedDict):
    """The arguments of `subprocess` that choose whom a child runs as."""

    user: int | None
    group: int | None
    extra_groups: list[int] | None


def run_as(account: pwd.struct_passwd | None) -> Identity:
    """The identity of `account`, or our own for None."""
    if account is None:
        return Identity(user=None, group=None, extra_groups=None)
    return Identity(user=account.pw_uid, group=account.pw_gid, extra_groups=[])


def stop(
    process: subprocess.Popen[bytes],
    *,
    first: signal.Signals = signal.SIGTERM,
    patience: float = 10,
) -> None:
    """End the child: `first`, then after `patience` seconds SIGKILL to its whole group."""
    if process.poll() is None:
        process.send_signal(first)
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    kill_group(process.pid)


def kill_group(leader: int) -> None:
    """Kill what a dead child left behind in its process group."""
    try:
        os.killpg(leader, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def is_alive(pid: int) -> bool:
    """Whether a process with this id exists (a zombie does)."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def free_port() -> int:
    """A loopback port that was free a moment ago. Callers retry when somebody else was faster."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])
