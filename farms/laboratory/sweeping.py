"""Sweeps: handed out in blocks to whichever workers come, and put together when the last block is done.

A block is a job of its own, so a worker that dies loses a block's time and nothing else; whoever carries it out finds
the same. The sweep is taken up when no block is left: by an estimator to choose its next round, else to say what came
of all trials and what that is worth. The row of the sweep is locked before those of its blocks, by everybody.
"""

import math
from typing import Final
from uuid import UUID

from django.db.models import Sum

from farms.laboratory import blocks, jobs
from farms.laboratory.asking import config_of
from farms.laboratory.honesty import judge
from farms.laboratory.mapped import mapped_candles
from farms.laboratory.outcome import outcome_of
from farms.laboratory.trials import known_trials
from farms.models import Job, Sweep, SweepBlock, SweepResult
from kit import clock, tenancy
from kit.errors import ConflictError, NotFoundError
from quant import sweeps as tried
from quant.sweeps import Point, suggest
from quant.validation.overfitting import overfitting

# A block is so much work at most (trials by candles), so many trials at most, and such a part of those that are asked
# for together: it is over long before its lease, and there is one for every worker.
BLOCK_WORK: Final = 500_000_000
BLOCK_TRIALS: Final = 500
PARTS: Final = 16
# An estimator chooses so many at a time, however many workers share them: it finds the same then.
ROUND: Final = 40
# Plateaus that are told, best first, and what of the progress the trials are.
PLATEAUS: Final = 10
TRYING_PERCENT: Final = 95


def hand_out(sweep: Sweep, points: list[Point], *, bars: int) -> None:
    """Make the blocks of these trials, and wake workers; within the transaction that decides them."""
    size = max(min(math.ceil(len(points) / PARTS), BLOCK_WORK // bars, BLOCK_TRIALS), 1)
    first = blocks.blocks_of(sweep).count()
    made = [
        SweepBlock(
            owner_id=sweep.owner_id,
            sweep_id=sweep.pk,
            number=first + number,
            trials=len(part),
            points=blocks.pack_points(part),
        )
        for number, part in enumerate(points[at : at + size] for at in range(0, len(points), size))
    ]
    SweepBlock.objects.bulk_create(made)
    jobs.wake(len(made))


def run_block(block: SweepBlock) -> None:
    """Try its sets of parameters and keep every figure."""
    with tenancy.tenant(block.owner_id):
        sweep = _locked(block)
        if sweep.status == Job.Status.QUEUED:
            sweep.status, sweep.step = Job.Status.RUNNING, "Trying sets of parameters"
            sweep.save(update_fields=("status", "step"))
    candles, hashed = mapped_candles(sweep)
    points = blocks.unpack_points(bytes(block.points))
    # One thread: each worker has a processor, and the next block goes to the next of them.
    found = tried.sweep(
        blocks.space_of(sweep),
        candles,
        points,
        config_of(sweep),
        objective=sweep.measure,  # type: ignore[arg-type]  # a constraint of the column's choices
        workers=1,
    )
    with tenancy.tenant(block.owner_id):
        sweep = _locked(block)
        row = jobs.hold(block)
        row.body = blocks.pack(found, hashed)
        row.save(update_fields=("body",))
        jobs.finish(row)
        sweep.progress = TRYING_PERCENT * _done(sweep) // max(sweep.trials, 1)
        sweep.save(update_fields=("progress",))


def run_sweep(sweep: Sweep) -> None:
    """What is to be done when none of its blocks is left."""
    with tenancy.tenant(sweep.owner_id):
        parts = list(blocks.blocks_of(sweep).order_by("number"))
    broken = next((part for part in parts if part.status == Job.Status.FAILED), None)
    if broken is not None:
        jobs.fail(sweep, broken.error)
        _call_off(sweep)
        return
    found = blocks.together(sweep, parts)
    if found is None:
        raise NotFoundError("None of its trials was carried out: run it again.")
    if sweep.method == Sweep.Method.TPE and _go_on(sweep, found):
        return
    _conclude(sweep, found)


def cancel_sweep(*, owner_id: UUID, sweep_id: UUID) -> Sweep:
    """End it before it is done. Raises NotFoundError, ConflictError when it has come to another end."""
    try:
        sweep = jobs.cancel(Sweep, owner_id=owner_id, job_id=sweep_id)
    except Sweep.DoesNotExist as error:
        raise NotFoundError("There is no such sweep.") from error
    _call_off_blocks(sweep)
    return sweep


def _go_on(sweep: Sweep, found: blocks.Tried) -> bool:
    """Let the estimator choose the next round; whether it found something more to try."""
    scores = dict(zip(map(tuple, found.sweep.positions.tolist()), found.sweep.scores.tolist(), strict=True))
    count = min(ROUND, sweep.trials - len(scores))
    if count <= 0:
        return False
    points = suggest(found.sweep.space, scores, count=count, seed=sweep.seed + len(scores))
    if not points:
        return False
    with tenancy.tenant(sweep.owner_id):
        jobs.release(sweep, TRYING_PERCENT * len(scores) // sweep.trials, "Trying sets of parameters")
        hand_out(sweep, points, bars=found.sweep.bars)
    return True


def _conclude(sweep: Sweep, found: blocks.Tried) -> None:
    """Say what came of all trials, and what the middle of the highest plateau is worth; raises ConflictError where the
    candles are others by now."""
    jobs.advance(sweep, TRYING_PERCENT, "Asking what that is worth")
    every = found.sweep
    plateaus = every.plateaus(PLATEAUS)
    chosen = plateaus[0]
    candles, hashed = mapped_candles(sweep)
    if hashed != found.candles:
        raise ConflictError("Its candles were corrected while it was tried: run it again.")
    chance = overfitting(every.block_sums, every.block_squares, bars=every.bars)
    with tenancy.tenant(sweep.owner_id):
        trials = known_trials(sweep)
    strategy, params = every.space.strategy, every.params(chosen)
    outcome = outcome_of(strategy, params, [candles], config_of(sweep))
    columns = outcome.columns
    judged = judge(
        strategy,
        params,
        [candles],
        outcome.result,
        moments=(columns["sharpe_per_bar"], columns["skew"], columns["kurtosis"]),
        trials=trials,
        overfitting=chance.probability if chance else None,
    )
    with tenancy.tenant(sweep.owner_id):
        jobs.hold(sweep)
        SweepResult.objects.create(
            owner_id=sweep.owner_id,
            sweep=sweep,
            bars=every.bars,
            trials=len(every),
            best=every.best,
            best_score=float(every.scores[every.best]),
            chosen=chosen,
            fragility=every.fragility,
            plateaus=[
                {"trial": trial, "score": float(every.scores[trial]), "plateau": float(every.plateau[trial])}
                for trial in plateaus
            ],
            overfitting=None
            if chance is None
            else {
                "probability": chance.probability,
                "degradation": chance.degradation,
                "loss": chance.loss,
                "splits": chance.splits,
            },
            is_significant=judged.is_significant,
            known_trials=judged.trials,
            deflated_sharpe=judged.deflated_sharpe,
            answers=[answer.stored for answer in judged.answers],
            candles=found.candles,
            outcome=found.outcome,
        )
        jobs.finish(sweep)


def _locked(block: SweepBlock) -> Sweep:
    """The block's sweep, locked; raises `WithdrawnError` where it is over."""
    sweep = Sweep.objects.select_for_update().get(pk=block.sweep_id)
    if not sweep.is_open:
        raise jobs.WithdrawnError
    return sweep


def _done(sweep: Sweep) -> int:
    """How many trials are carried out."""
    done: int | None = blocks.blocks_of(sweep).filter(status=Job.Status.DONE).aggregate(count=Sum("trials"))["count"]
    return done or 0


def _call_off(sweep: Sweep) -> None:
    with tenancy.tenant(sweep.owner_id):
        Sweep.objects.select_for_update().get(pk=sweep.pk)
        _call_off_blocks(sweep)


def _call_off_blocks(sweep: Sweep) -> None:
    """Nobody carries out what is left of it; within the transaction that holds its row."""
    blocks.blocks_of(sweep).filter(finished_at=None).update(
        status=Job.Status.CANCELLED, finished_at=clock.now(), claim=None, claimed_until=None
    )
