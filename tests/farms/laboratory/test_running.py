"""A backtest is carried out by whichever worker comes, once, and what it says is what the command says."""

import csv
import gzip
import json
from datetime import timedelta
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connections

from farms.laboratory import asking, jobs, running
from farms.laboratory.packing import unpack
from farms.models import Backtest, BacktestResult
from farms.tasks import work_in_laboratory
from kit import clock, heartbeat, tenancy
from kit.errors import ConflictError, TimeIsUpError
from kit.users.models import User
from markets.models import Instrument
from moniqo.celery import app
from quant.candles import Candles
from tests.farms.conftest import make_instrument
from tests.farms.laboratory.conftest import BARS, RULES, SINCE, UNTIL, Ask, carry_out, hours, read, store

pytestmark = pytest.mark.usefixtures("live_db")


def said_by_the_command(tmp_path: Path, candles: Candles, **options: Any) -> dict[str, Any]:
    file = tmp_path / "candles.csv.gz"
    names = list(Candles.__dataclass_fields__)
    with gzip.open(file, "wt") as stream:
        rows = csv.writer(stream)
        rows.writerow(names)
        rows.writerows(zip(*(map(repr, getattr(candles, name).tolist()) for name in names), strict=True))
    out = StringIO()
    usual = {"strategy": "trend_following", "timeframe": "1h", "params": json.dumps(RULES), "as_json": True}
    usual |= {"lot": Decimal("0.001"), "tick": Decimal("0.01"), "minimum": Decimal(5)}  # the instrument's
    call_command("backtest", candles=file, stdout=out, **(usual | options))
    report: dict[str, Any] = json.loads(out.getvalue())
    return report


def test_it_says_what_the_command_says(ask: Ask, tmp_path: Path) -> None:
    done = carry_out(ask(slippage="0.0005", sizing="fraction", size="0.5"))
    told = said_by_the_command(tmp_path, hours(), slippage=0.0005, size="fraction:0.5")
    assert (done.status, done.progress, done.step) == ("done", 100, "")
    result = done.result
    assert result.statistics == told["metrics"]
    assert float(result.final_equity) == pytest.approx(told["final_equity"], rel=1e-15)
    trades = unpack(bytes(result.trades))
    ours = [{name: getattr(trade, name) for name in told["trades"][0]} for trade in trades]
    assert ours == told["trades"]
    assert result.trade_count == len(ours) > 10


def test_the_same_question_has_the_same_answer_and_other_candles_another(ask: Ask, market: Instrument) -> None:
    one, two = (carry_out(ask()).result for _ in range(2))
    assert (one.candles, one.outcome) == (two.candles, two.outcome)
    other = carry_out(ask(parameters=RULES | {"fast": 6})).result
    assert other.candles == one.candles
    assert other.outcome != one.outcome
    corrected = hours()
    corrected.close[500] = (corrected.low[500] + corrected.high[500]) / 2
    store(market, corrected)
    changed = carry_out(ask()).result
    assert changed.candles != one.candles


def test_several_markets_share_one_account(ask: Ask, market: Instrument) -> None:
    second = make_instrument("OTH/USDT")
    store(second, hours(seed=4))
    done = carry_out(ask(instrument_ids=[market.pk, second.pk], size="0.5"))
    trades = unpack(bytes(done.result.trades))
    assert set(trades.instrument.tolist()) == {0, 1}
    assert [len(chart["ts"]) for chart in done.result.charts] == [450, 450]
    alone = carry_out(ask(size="0.5"))
    assert alone.result.outcome != done.result.outcome


def test_who_was_served_longest_ago_comes_first(ask: Ask, other_owner: User) -> None:
    first, second = ask(), ask()
    theirs = ask(other_owner)
    order = [job.pk for job in iter(take_and_finish, None)]
    assert order == [first.pk, theirs.pk, second.pk]


def take_and_finish() -> Any:
    job = jobs.take()
    if job is not None:
        jobs.fail(job, "Over.")
    return job


def test_no_more_workers_are_at_it_than_may_be(ask: Ask) -> None:
    for _ in range(settings.LABORATORY_WORKERS + 1):
        ask()
    taken = [jobs.take() for _ in range(settings.LABORATORY_WORKERS)]
    assert None not in taken
    assert len({job.pk for job in taken if job}) == settings.LABORATORY_WORKERS
    assert jobs.take() is None


def test_what_a_dead_worker_had_is_taken_up_by_another_and_the_dead_one_is_not_heard(ask: Ask) -> None:
    asked = ask()
    dead = jobs.take()
    assert dead is not None
    assert jobs.take() is None
    expire(asked)
    assert carry_out(asked).status == "done"
    for late in (lambda: jobs.advance(dead, 50, "Late"), lambda: running.run_backtest(dead)):
        with pytest.raises(jobs.WithdrawnError):
            late()
    jobs.fail(dead, "It came too late.")
    assert (read(asked).status, str(read(asked).error), read(asked).attempts) == ("done", "", 2)


def expire(backtest: Backtest) -> None:
    with tenancy.system():
        Backtest.objects.filter(pk=backtest.pk).update(claimed_until=clock.now() - timedelta(seconds=1))


def test_what_was_claimed_while_a_worker_waited_for_its_turn_is_not_free(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, waited = ask(), timedelta(milliseconds=50)
    assert jobs.take() is not None
    with tenancy.system():
        Backtest.objects.filter(pk=asked.pk).update(claimed_until=clock.now() + jobs.LEASE + waited / 5)
    monkeypatch.setattr(jobs, "_ONE_AT_A_TIME", f"SELECT pg_sleep({waited.total_seconds()})")
    assert jobs.take() is None


def test_a_job_that_ends_every_worker_fails_with_a_sentence(ask: Ask) -> None:
    asked = ask()
    for _ in range(jobs.MOST_ATTEMPTS):
        assert jobs.take() is not None
        expire(asked)
    assert jobs.take() is None
    assert (read(asked).status, str(read(asked).error)) == ("failed", jobs.GAVE_UP)


@pytest.mark.parametrize(
    ("error", "sentence"), [(TimeIsUpError(), running.TOOK_TOO_LONG), (RuntimeError("bug"), running.BROKE)]
)
def test_what_breaks_ends_with_a_sentence(
    ask: Ask, monkeypatch: pytest.MonkeyPatch, error: BaseException, sentence: str
) -> None:
    def broken(*_: Any) -> None:
        raise error

    asked = ask()
    monkeypatch.setattr(np, "searchsorted", broken)
    with pytest.raises(type(error)):
        running.take_part()
    assert (read(asked).status, str(read(asked).error)) == ("failed", sentence)


def test_candles_that_went_meanwhile_are_a_sentence(ask: Ask, market: Instrument) -> None:
    asked = ask()
    with connections["owner"].cursor() as cursor:
        cursor.execute("DELETE FROM markets_candle WHERE instrument_id = %s", [market.pk])
    done = carry_out(asked)
    assert done.status == "failed"
    assert "candle" in str(done.error)


def test_it_is_cancelled_while_it_waits_and_while_it_runs(ask: Ask, owner: User) -> None:
    waiting = ask()
    cancel(owner, waiting)
    assert running.take_part() is False
    under_way = ask()
    job = jobs.take()
    cancel(owner, under_way)
    cancel(owner, under_way)
    with pytest.raises(jobs.WithdrawnError):
        running.run_backtest(job)  # type: ignore[arg-type]  # a backtest
    assert {read(waiting).status, read(under_way).status} == {"cancelled"}
    with tenancy.tenant(owner.pk):
        assert not BacktestResult.objects.exists()
    done = carry_out(ask())
    with pytest.raises(ConflictError, match="over already"):
        cancel(owner, done)


def cancel(owner: User, backtest: Backtest) -> None:
    with tenancy.tenant(owner.pk):
        jobs.cancel(Backtest, owner_id=owner.pk, job_id=backtest.pk)


@pytest.mark.slow
def test_what_was_tried_before_is_counted_and_the_same_question_only_once(
    ask: Ask, market: Instrument, other_owner: User
) -> None:
    carry_out(ask(other_owner))
    first = carry_out(ask())
    assert trials_of(first) == 1, "what others try is nobody else's trial"
    for fast in (6, 7):
        last = carry_out(ask(parameters=RULES | {"fast": fast}))
    assert trials_of(last) == 3
    assert trials_of(carry_out(ask())) == 3
    assert trials_of(carry_out(ask(strategy="breakout", parameters={"period": 10}))) == 1
    for number, moved in enumerate((1, 2, 3), start=4):
        assert trials_of(carry_out(ask(since=SINCE + timedelta(hours=moved)))) == number, "another time is a trial"
    cut = ask(until=UNTIL - timedelta(hours=30))
    assert trials_of(carry_out(cut)) == 7
    with tenancy.tenant(cut.owner_id):
        again = asking.repeat_backtest(owner_id=cut.owner_id, backtest_id=cut.pk)
    assert trials_of(carry_out(again)) == 7, "the same question"
    store(market, hours(bars=BARS + 24))
    assert trials_of(carry_out(ask())) == 7, "only time has passed"
    with tenancy.tenant(first.owner_id):
        again = asking.repeat_backtest(owner_id=first.owner_id, backtest_id=first.pk)
    assert trials_of(carry_out(again)) == 7, "the same question, though candles came after its end"


def trials_of(backtest: Backtest) -> int:
    with tenancy.tenant(backtest.owner_id):
        verdict = backtest.verdicts.get()
    assert len(verdict.answers) == 10
    return int(verdict.trials)


def test_the_task_carries_out_one_job_and_wakes_the_next_worker(ask: Ask) -> None:
    first, second = ask(), ask()
    app.control.purge()
    work_in_laboratory()
    assert (read(first).status, read(second).status) == ("done", "queued")
    assert heartbeat.waiting("rest") == 1
    work_in_laboratory()
    app.control.purge()
    work_in_laboratory()
    assert (read(second).status, heartbeat.waiting("rest")) == ("done", 0)


def test_asking_again_is_asking_once_more(ask: Ask, owner: User) -> None:
    made = [ask() for _ in range(asking.MOST_WAITING)]
    with tenancy.tenant(owner.pk), pytest.raises(ConflictError, match="not done yet"):
        asking.repeat_backtest(owner_id=owner.pk, backtest_id=made[0].pk)
