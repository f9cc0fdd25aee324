"""As root, what serves and trades runs as `nobody`, or says why it cannot."""

import os
import subprocess
from pathlib import Path

import pytest

from kit.embedded import runners
from kit.embedded.process import run_as, unprivileged_account
from kit.embedded.runners import Runner, give, runner_of
from kit.files import write_private
from tests.kit.embedded.conftest import as_root, without_root

PORT = 8000
PROGRAM = """
import os, pathlib, django, kit
home = pathlib.Path(os.environ["HOME"])
(home / "log" / "probe").write_text(str(os.geteuid()))
print(os.geteuid(), open(home / "secrets.json").read())
"""


@without_root
def test_an_ordinary_user_runs_everything_themselves(directory: Path) -> None:
    assert runner_of(directory, PORT) == Runner()


@as_root
def test_root_runs_nothing_that_serves_and_its_files_are_theirs_to_read_and_write(directory: Path) -> None:
    (directory / "log").mkdir()
    write_private(directory / "secrets.json", "a secret")
    runner = runner_of(directory, PORT)
    assert runner.why_root == ""
    assert runner.account is not None
    done = subprocess.run(
        [runner.python, "-c", PROGRAM],
        env=os.environ | runner.variables,
        cwd=runners.ROOT,
        capture_output=True,
        text=True,
        check=False,
        **run_as(runner.account),
    )
    assert (done.stdout.strip(), done.stderr) == (f"{runner.account.pw_uid} a secret", "")
    assert runner.account.pw_uid != 0
    assert (directory / "log" / "probe").read_text() == str(runner.account.pw_uid)
    write_private(directory / "later.json", "written by root")
    assert (directory / "later.json").stat().st_uid == runner.account.pw_uid


@as_root
def test_passwords_of_the_servers_and_what_is_not_ours_stay_roots(directory: Path) -> None:
    for name in ("postgres/passwords.json", "redis/password", "mine.txt", "log/web.log"):
        (directory / name).parent.mkdir(exist_ok=True)
        (directory / name).touch()
    account = unprivileged_account()
    assert account is not None
    give(directory, account)
    owners = {str(path.relative_to(directory)): path.stat().st_uid for path in directory.rglob("*") if path.is_file()}
    assert owners == {
        "postgres/passwords.json": 0,
        "redis/password": 0,
        "mine.txt": 0,
        "log/web.log": account.pw_uid,
    }


@as_root
def test_where_nobody_else_can_run_it_a_sentence_says_why(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed = directory / "closed"
    closed.mkdir(mode=0o700)
    said = "Web, worker and beat run as root, better as another user: "
    assert runner_of(closed, PORT).why_root == f"{said}`nobody` cannot enter {closed}"
    monkeypatch.setattr(runners, "_FIRST_FREE", directory / "nothing")
    assert runner_of(directory, 80).why_root == f"{said}nobody else may listen at port 80"
    monkeypatch.setattr(runners, "_TRY", "import nothing_that_is_installed")
    assert "`nobody` cannot run" in runner_of(directory, PORT).why_root
    assert closed.stat().st_uid == directory.stat().st_uid == 0
