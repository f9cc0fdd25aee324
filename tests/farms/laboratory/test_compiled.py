"""Whoever works in the laboratory loads what a process of its own has compiled, once for each version of the files."""

import fcntl
from pathlib import Path

import numpy as np
import pytest

from farms.laboratory import compiled
from quant import indicators, strategies
from quant.backtest import run_backtest
from quant.sweeps import grid, space, sweep
from tests.quant.market import random_candles


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "numba"))
    return tmp_path / "numba"


def keep(noted: Path, monkeypatch: pytest.MonkeyPatch, *, fails: bool = False) -> int:
    """As a process that begins; how often somebody has compiled."""
    told = f"import os; os.chdir({str(noted.parent)!r}); open('noted', 'a').write('x'); raise SystemExit({int(fails)})"
    monkeypatch.setattr(compiled, "COMPILES", told)
    compiled.keep_compiled.__wrapped__()
    return len(noted.read_text())


def test_one_process_compiles_for_all_until_something_changes(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted = tmp_path / "noted"
    assert [keep(noted, monkeypatch, fails=True), keep(noted, monkeypatch), keep(noted, monkeypatch)] == [1, 2, 2]
    changed = tmp_path / "kernel"
    changed.mkdir()
    (changed / "kernel.py").touch()
    monkeypatch.setattr(compiled, "KERNEL", changed)
    assert [keep(noted, monkeypatch), keep(noted, monkeypatch)] == [3, 3]


def test_compiling_that_hangs_is_ended_and_held_against_nobody(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiled, "SECONDS", 0.1)
    monkeypatch.setattr(compiled, "COMPILES", "import time; time.sleep(3600)")
    compiled.keep_compiled.__wrapped__()
    assert not list(folder.glob("compiled-*"))
    monkeypatch.undo()
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(folder))
    assert keep(tmp_path / "noted", monkeypatch) == 1


def test_who_never_gives_its_turn_away_is_waited_for_no_longer_than_compiling_may_take(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiled, "SECONDS", 0.2)
    (noted := tmp_path / "noted").touch()
    folder.mkdir()
    with (folder / "compiling").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        assert keep(noted, monkeypatch) == 0
    monkeypatch.setattr(compiled, "SECONDS", 300.0)
    assert keep(noted, monkeypatch) == 1


def test_whatever_calls_the_kernel_uses_what_was_compiled_once() -> None:
    """A sweep's arrays may not be written to, a backtest's may."""
    candles, strategy = random_candles(np.random.default_rng(4), 300), strategies.get("trend_following")
    where = space(strategy, {"fast": [5, 6]}, {"slow": 20})
    sweep(where, candles, grid(where))
    with indicators.remembering():
        run_backtest(candles, strategy.intents(candles, {}))
    run_backtest(candles, strategy.intents(candles, {}))
    from quant.backtest import kernel  # compiled where it is imported, so not by each worker that collects

    assert len(kernel.run_one.signatures) == len(kernel.run_many.signatures) == 1
