"""A sweep is shared by whichever workers come: the same trials and the same figures, whoever does them and dies."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.conf import settings
from django.db import connections

from farms.laboratory import blocks, jobs, mapped, running, sweeping
from farms.laboratory.asking import config_of
from farms.laboratory.mapped import mapped_candles
from farms.laboratory.outcome import outcome_of
from farms.laboratory.sweep_asking import backtest_trial
from farms.laboratory.trials import known_trials
from farms.models import Job, Sweep, SweepBlock, SweepResult
from kit import clock, tenancy
from kit.errors import ConflictError, NotFoundError
from kit.users.models import User
from markets.models import Instrument
from tests.farms.laboratory.conftest import Ask, AskSweep, carry_out, hours, read_sweep, store, sweep_out

pytestmark = pytest.mark.usefixtures("live_db")
# Fourteen of these eighteen combinations are allowed.
AXES: dict[str, Any] = {"fast": [5, 10, 20], "slow": [10, 30, 60], "stop_atr": [1.0, 3.0]}


def figures(sweep: Sweep) -> Any:
    """Every trial, as its owner sees them."""
    with tenancy.tenant(sweep.owner_id):
        found = blocks.together(sweep, list(sweep.blocks.order_by("number")))
    assert found is not None
    return found.sweep


def test_every_trial_is_the_backtest_of_its_parameters(ask_sweep: AskSweep) -> None:
    done = sweep_out(ask_sweep(axes=AXES))
    every = figures(done)
    assert (done.status, done.progress, done.result.trials, len(every)) == ("done", 100, 14, 14)
    for trial in range(14):
        columns = outcome_of(every.space.strategy, every.params(trial), [hours()], config_of(done)).columns
        assert every.total_return[trial] == pytest.approx(columns["total_return"])
        assert every.sharpe[trial] == pytest.approx(columns["statistics"]["sharpe"] or 0.0)
        assert every.trades[trial] == columns["trade_count"]
    assert done.result.best == every.best
    assert done.result.chosen == int(every.plateau.argmax()) == done.result.plateaus[0]["trial"]
    assert done.result.plateaus[0]["plateau"] == pytest.approx(every.plateau.max())
    assert 0 <= done.result.overfitting["probability"] <= 1
    assert done.result.known_trials == 14
    assert len(done.result.answers) == 10


@pytest.mark.slow
def test_a_dead_workers_block_is_taken_up_and_what_comes_late_is_not_heard(
    ask_sweep: AskSweep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two workers with a data folder each; the one that dies has a block in its hands. As one worker alone finds it."""
    alone = sweep_out(ask_sweep(axes=AXES))
    asked = ask_sweep(axes=AXES)
    dead, first = jobs.take(), jobs.take()
    assert isinstance(dead, SweepBlock)
    assert isinstance(first, SweepBlock)
    assert dead.number != first.number
    assert jobs.take() is None, "both hold a block"
    monkeypatch.setattr(settings, "DATA_DIR", tmp_path / "first")
    running.run_block(first)
    assert running.take_part(), "the next block is free"
    with tenancy.system():
        SweepBlock.objects.filter(pk=dead.pk).update(claimed_until=clock.now() - timedelta(seconds=1))
    monkeypatch.setattr(settings, "DATA_DIR", tmp_path / "second")
    mapped._opened.cache_clear()
    shared = sweep_out(asked)
    for late in (lambda: running.run_block(dead), lambda: jobs.advance(dead, 50, "Late")):
        with pytest.raises(jobs.WithdrawnError):
            late()
    assert (shared.result.candles, shared.result.outcome) == (alone.result.candles, alone.result.outcome)
    assert (shared.result.plateaus, shared.result.chosen) == (alone.result.plateaus, alone.result.chosen)
    assert [len(list(folder.glob("candles/*.npy"))) for folder in (tmp_path / "first", tmp_path / "second")] == [1, 1]
    with tenancy.tenant(asked.owner_id):
        assert list(asked.blocks.order_by("number").values_list("attempts", flat=True))[dead.number] == 2
        assert set(asked.blocks.values_list("status", flat=True)) == {"done"}


def test_no_block_is_given_to_two(ask_sweep: AskSweep, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "LABORATORY_WORKERS", 100)
    ask_sweep(axes=AXES)
    taken = list(iter(jobs.take, None))
    assert len({job.pk for job in taken}) == len(taken) == 14


def test_a_block_is_no_more_than_its_lease_is_long(ask_sweep: AskSweep, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeping, "BLOCK_WORK", 3 * len(hours()))
    monkeypatch.setattr(sweeping, "PARTS", 1)
    asked = ask_sweep(axes=AXES)
    with tenancy.tenant(asked.owner_id):
        assert list(asked.blocks.order_by("number").values_list("trials", flat=True)) == [3, 3, 3, 3, 2]


def test_a_backtest_does_not_wait_behind_the_blocks_of_its_owner(ask: Ask, ask_sweep: AskSweep) -> None:
    ask_sweep(axes=AXES)
    asked = ask()
    job = jobs.take()
    assert job is not None
    assert job.pk == asked.pk


def test_it_is_cancelled_with_all_that_is_left_of_it(ask_sweep: AskSweep, owner: User) -> None:
    asked = ask_sweep(axes=AXES)
    running.take_part()
    under_way = jobs.take()
    assert isinstance(under_way, SweepBlock)
    assert read_sweep(asked).status == "running"
    assert 0 < read_sweep(asked).progress < 20
    for _ in range(2):
        with tenancy.tenant(owner.pk):
            sweeping.cancel_sweep(owner_id=owner.pk, sweep_id=asked.pk)
    with pytest.raises(jobs.WithdrawnError):
        running.run_block(under_way)
    assert jobs.take() is None
    with tenancy.tenant(owner.pk):
        assert sorted(asked.blocks.values_list("status", flat=True)) == ["cancelled"] * 13 + ["done"]
        assert len(known_trials(asked)) == 1, "what was tried was tried"
        assert not SweepResult.objects.exists()
    done = sweep_out(ask_sweep(axes=AXES))
    with tenancy.tenant(owner.pk), pytest.raises(ConflictError, match="over already"):
        sweeping.cancel_sweep(owner_id=owner.pk, sweep_id=done.pk)


def test_a_block_that_cannot_be_carried_out_ends_the_sweep_with_its_sentence(
    ask_sweep: AskSweep, market: Instrument
) -> None:
    asked = ask_sweep(axes=AXES)
    with connections["owner"].cursor() as cursor:
        cursor.execute("DELETE FROM markets_candle WHERE instrument_id = %s", [market.pk])
    ended = sweep_out(asked)
    assert ended.status == "failed"
    assert "candles are not there any more" in str(ended.error)
    with tenancy.tenant(asked.owner_id):
        assert set(asked.blocks.values_list("status", flat=True)) == {"failed", "cancelled"}


def test_a_block_that_ends_every_worker_ends_the_sweep(ask_sweep: AskSweep) -> None:
    asked = ask_sweep(axes=AXES)
    with tenancy.system():
        SweepBlock.objects.filter(sweep=asked, number=3).update(attempts=jobs.MOST_ATTEMPTS)
    ended = sweep_out(asked)
    assert (ended.status, str(ended.error)) == ("failed", jobs.GAVE_UP)


def test_candles_that_were_corrected_meanwhile_are_said(ask_sweep: AskSweep, market: Instrument) -> None:
    asked = ask_sweep(axes=AXES)
    running.take_part()
    corrected = hours()
    corrected.close[500] = (corrected.low[500] + corrected.high[500]) / 2
    store(market, corrected)
    (Path(settings.DATA_DIR) / "candles" / f"{asked.pk}.npy").unlink()
    mapped._opened.cache_clear()
    ended = sweep_out(asked)
    assert ended.status == "failed"
    assert "corrected while it was tried" in str(ended.error)


def test_workers_of_one_machine_map_one_file_and_old_ones_go(ask_sweep: AskSweep, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(settings, "DATA_DIR", tmp_path)
        old = tmp_path / "candles" / "old.npy"
        old.parent.mkdir()
        old.touch()
        patched.setattr(mapped, "KEPT_SECONDS", -1)
        asked = ask_sweep(axes=AXES)
        with tenancy.tenant(asked.owner_id):
            candles, _ = mapped_candles(asked)
        (file,) = (tmp_path / "candles").iterdir()
    base: Any = candles.close
    while not isinstance(base, np.memmap):
        base = base.base
    assert file == Path(base.filename)
    for name in ("ts", "open", "high", "low", "close", "volume"):
        np.testing.assert_array_equal(getattr(candles, name), getattr(hours(), name))


@pytest.mark.slow
def test_what_a_sweep_tried_counts_against_what_is_found_later_and_says_whether_it_was_fitted(
    ask: Ask, ask_sweep: AskSweep, other_owner: User
) -> None:
    alone = verdict_of(carry_out(ask()))
    assert (alone.trials, answer(alone, "overfitting")["passes"]) == (1, None)
    done = sweep_out(ask_sweep(axes=AXES))
    assert done.result.known_trials == 15
    second = sweep_out(ask_sweep(axes={**AXES, "fast": [5, 10, 20, 25]}))
    assert second.result.trials == 18
    assert second.result.known_trials == 19, "those that both tried are one"
    again = verdict_of(carry_out(ask()))
    assert again.trials == 19
    found = answer(again, "overfitting")
    assert found["figures"]["probability"] == second.result.overfitting["probability"]
    assert verdict_of(carry_out(ask(other_owner))).trials == 1


def verdict_of(backtest: Any) -> Any:
    with tenancy.tenant(backtest.owner_id):
        return backtest.verdicts.get()


def answer(verdict: Any, question: str) -> Any:
    return next(one for one in verdict.answers if one["question"] == question)


def test_the_backtest_of_a_trial_finds_what_the_trial_found(ask_sweep: AskSweep, owner: User) -> None:
    done = sweep_out(ask_sweep(axes=AXES, slippage="0.0005", size="0.5"))
    every = figures(done)
    with tenancy.tenant(owner.pk):
        asked = backtest_trial(owner_id=owner.pk, sweep_id=done.pk, trial=9)
    result = carry_out(asked).result
    assert result.total_return == pytest.approx(every.total_return[9])
    assert result.trade_count == every.trades[9]
    assert asked.assumptions == done.assumptions
    for missing in (-1, 14):
        with tenancy.tenant(owner.pk), pytest.raises(NotFoundError):
            backtest_trial(owner_id=owner.pk, sweep_id=done.pk, trial=missing)


@pytest.mark.slow
def test_random_sets_are_those_of_the_seed(ask_sweep: AskSweep) -> None:
    wish = {"axes": {"fast": list(range(2, 40)), "slow": list(range(40, 90))}, "method": "random", "trials": 12}
    one, two, other = (sweep_out(ask_sweep(**wish, seed=seed)).result for seed in (4, 4, 5))
    assert (one.trials, one.outcome) == (12, two.outcome)
    assert other.outcome != one.outcome


@pytest.mark.slow
def test_an_estimator_goes_on_round_by_round_and_finds_the_same_however_many_share_it(
    ask_sweep: AskSweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeping, "ROUND", 8)
    wish = {"axes": {"fast": list(range(2, 40)), "slow": list(range(40, 90))}, "method": "tpe", "trials": 20}
    one = sweep_out(ask_sweep(**wish))
    monkeypatch.setattr(sweeping, "PARTS", 2)  # other blocks, taken up in another order
    asked = ask_sweep(**wish)
    monkeypatch.setattr(settings, "LABORATORY_WORKERS", 100)
    while (job := backwards()) is not None:
        running.carry_out(job)
    two = read_sweep(asked)
    assert one.result.trials == 20
    assert two.result.outcome == one.result.outcome
    with tenancy.tenant(asked.owner_id):
        assert one.blocks.count() > two.blocks.count() == 6


def backwards() -> Job | None:
    """What is to be done next, the last block of a round first."""
    taken = list(iter(jobs.take, None))
    with tenancy.system():
        SweepBlock.objects.filter(pk__in=[job.pk for job in taken[:-1]]).update(status="queued", claimed_until=None)
    return taken[-1] if taken else None
