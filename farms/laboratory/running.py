"""Carrying out what waits in the laboratory: a worker takes one job after the other and says how far it is.

The row says what is asked, so nothing is lost with a worker: what it has written stays, and the rest is done by the one
that takes the job up after it.
"""

from typing import Final

from farms.laboratory import jobs
from farms.laboratory.asking import config_of
from farms.laboratory.compiled import keep_compiled
from farms.laboratory.downloading import run_download
from farms.laboratory.honesty import judge
from farms.laboratory.outcome import outcome_of
from farms.laboratory.sweeping import run_block, run_sweep
from farms.laboratory.trials import known_overfitting, known_trials
from farms.models import Backtest, BacktestResult, Download, Job, Sweep, SweepBlock, Verdict
from kit import tenancy
from kit.errors import MoniqoError, TimeIsUpError
from kit.sentences import sentence
from markets.candles.known import load_between
from quant import strategies
from quant.candles import Candles
from quant.errors import CandleError, QuantError

TOOK_TOO_LONG: Final = "It took longer than a worker may: choose a shorter time, coarser candles or fewer markets."
BROKE: Final = "Something broke on our side. Run it again; when it fails again, tell the operator."


def take_part() -> bool:
    """Carry out the job whose turn it is; whether there was one, and so may be another. Outside of transactions."""
    job = jobs.take()
    if job is None:
        return False
    try:
        carry_out(job)
    except jobs.WithdrawnError:
        pass
    except (QuantError, MoniqoError) as error:
        jobs.fail(job, sentence("{why}", why=str(error)) if isinstance(error, QuantError) else error.sentence)
    except TimeIsUpError:
        jobs.fail(job, TOOK_TOO_LONG)
        raise
    except Exception:  # whatever broke, who asked is told that it ended, and the worker's log what it was
        jobs.fail(job, BROKE)
        raise
    return True


def carry_out(job: Job) -> None:
    """Do what a job that was taken up asks for."""
    if isinstance(job, Download):
        run_download(job)
        return
    keep_compiled()
    if isinstance(job, Backtest):
        run_backtest(job)
    elif isinstance(job, SweepBlock):
        run_block(job)
    elif isinstance(job, Sweep):
        run_sweep(job)


def run_backtest(backtest: Backtest) -> None:
    """Work out its result, unless an earlier worker has, then what that is worth, and end it."""
    strategy, config = strategies.get(backtest.strategy), config_of(backtest)
    jobs.advance(backtest, 5, "Loading candles")
    series = candles_of(backtest)
    if not all(map(len, series)):
        raise CandleError("Its candles are not there any more: import or collect them, and run it again.")
    jobs.advance(backtest, 30, "Trading the past")
    found = outcome_of(strategy, backtest.parameters, series, config)
    columns = found.columns
    with tenancy.tenant(backtest.owner_id):
        jobs.hold(backtest)
        if not BacktestResult.objects.filter(backtest=backtest).exists():
            BacktestResult.objects.create(owner_id=backtest.owner_id, backtest=backtest, **columns)
    jobs.advance(backtest, 60, "Asking what that is worth")
    with tenancy.tenant(backtest.owner_id):
        trials, chance = known_trials(backtest), known_overfitting(backtest)
    judged = judge(
        strategy,
        backtest.parameters,
        series,
        found.result,
        moments=(columns["sharpe_per_bar"], columns["skew"], columns["kurtosis"]),
        trials=trials,
        overfitting=chance,
    )
    with tenancy.tenant(backtest.owner_id):
        jobs.hold(backtest)
        Verdict.objects.create(
            owner_id=backtest.owner_id,
            backtest=backtest,
            is_significant=judged.is_significant,
            trials=judged.trials,
            deflated_sharpe=judged.deflated_sharpe,
            answers=[answer.stored for answer in judged.answers],
        )
        jobs.finish(backtest)


def candles_of(backtest: Backtest) -> list[Candles]:
    """The candles it trades, in the order of its markets."""
    return [
        load_between(instrument_id=pk, timeframe=backtest.timeframe, since=backtest.since, until=backtest.until)
        for pk in backtest.instruments
    ]
