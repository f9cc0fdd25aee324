"""Two worker processes that share nothing but the database and Redis, one of them killed in the middle of a sweep."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import numpy as np
import pytest
from django.conf import settings

from farms.laboratory import sweeping
from farms.models import Sweep, SweepBlock
from kit import clock, tenancy
from kit.embedded.environment import DATABASE_VARIABLES
from markets.models import Instrument
from markets.services import store_candles
from moniqo.celery import app
from quant.candles import Candles
from tests.conftest import address
from tests.farms.conftest import make_instrument
from tests.farms.laboratory.conftest import SINCE, AskSweep, read_sweep, sweep_out
from tests.quant.market import random_candles

BARS: Final = 120_000
SECONDS: Final = 120.0
AXES: Final = {"fast": list(range(3, 13)), "slow": list(range(30, 60, 3)), "stop_atr": [1.0, 2.0, 3.0]}


@contextmanager
def worker(database: str, data: Path) -> Iterator[subprocess.Popen[bytes]]:
    addresses = {name: address(name, database) for name in DATABASE_VARIABLES}
    process = subprocess.Popen(
        [sys.executable, "-m", "moniqo.workers"],
        cwd=settings.BASE_DIR,
        env=os.environ | addresses | {"MONIQO_WORKERS": "rest=1", "MONIQO_DATA": str(data)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGQUIT)
        process.wait(timeout=20)


def blocks_of(sweep: Sweep, status: str) -> set[int]:
    with tenancy.tenant(sweep.owner_id):
        return set(sweep.blocks.filter(status=status).values_list("number", flat=True))


def wait_until(holds: Callable[[], bool], seconds: float = SECONDS) -> bool:
    """Whether it has come to hold in time; workers are woken meanwhile, as beat does again and again."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            return False
        app.send_task("farms.tasks.work_in_laboratory", expires=60)
        time.sleep(0.1)
    return True


def stop_in_the_middle(process: subprocess.Popen[bytes], sweep: Sweep) -> int:
    """Stop the worker with a block in its hands, which the other one shows by going on; returns its number."""
    for _ in range(20):
        os.killpg(process.pid, signal.SIGSTOP)
        before, held = len(blocks_of(sweep, "done")), blocks_of(sweep, "running")
        goes_on = wait_until(lambda before=before: len(blocks_of(sweep, "done")) >= before + 2, 10)  # type: ignore[misc]
        if goes_on and (left := held & blocks_of(sweep, "running")):
            return left.pop()
        os.killpg(process.pid, signal.SIGCONT)  # it was between two blocks, or held what the other one needs
        time.sleep(0.05)
    raise AssertionError("It was never met in the middle of a block.")


@pytest.mark.slow
def test_two_workers_of_which_one_is_killed_find_what_one_alone_finds(
    live_db: str, ask_sweep: AskSweep, market: Instrument, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeping, "BLOCK_TRIALS", 5)
    long = make_instrument("LONG/USDT")
    minutes = random_candles(np.random.default_rng(7), BARS, volatility=0.001, step_ms=60_000)
    columns = {name: getattr(minutes, name) for name in Candles.__dataclass_fields__}
    columns["ts"] = minutes.ts + int(SINCE.timestamp()) * 1000
    store_candles(instrument=long, timeframe="1m", **columns)
    rules = {"ma": "sma", "adx_min": 0, "trail_atr": 0}
    wish = {"axes": AXES, "instrument_ids": [long.pk], "timeframe": "1m", "parameters": rules}
    alone = sweep_out(ask_sweep(**wish))
    app.control.purge()
    asked = ask_sweep(**wish)
    with worker(live_db, tmp_path / "one") as killed, worker(live_db, tmp_path / "two"):
        both = [tmp_path / name / "candles" / f"{asked.pk}.npy" for name in ("one", "two")]
        assert wait_until(lambda: all(file.exists() for file in both)), "each makes its own file of the candles"
        held = stop_in_the_middle(killed, asked)
        os.killpg(killed.pid, signal.SIGKILL)
        killed.wait()
        assert wait_until(lambda: blocks_of(asked, "running") == {held} and not blocks_of(asked, "queued"))
        with tenancy.system():  # its lease, which is minutes, runs out
            SweepBlock.objects.filter(sweep=asked, number=held).update(claimed_until=clock.now())
        assert wait_until(lambda: not read_sweep(asked).is_open)
    shared = read_sweep(asked)
    assert (shared.status, shared.result.trials) == ("done", alone.result.trials)
    assert shared.result.outcome == alone.result.outcome
    assert (shared.result.plateaus, shared.result.chosen) == (alone.result.plateaus, alone.result.chosen)
    with tenancy.tenant(asked.owner_id):
        attempts = dict(asked.blocks.values_list("number", "attempts"))
    assert len(attempts) == 60
    assert {number for number, count in attempts.items() if count > 1} == {held}
