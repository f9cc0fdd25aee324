"""What breaks with an error of ours is alone in that: counted, left alone for a while longer each time, and told of."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import transaction

from farms import tasks
from farms.advice import asking, settling, watching
from farms.advice.facts import find
from farms.advice.watching import due_levels
from farms.models import AdviceCall, AdviceLevel, AdviceProposal, Agent
from kit import clock, tenancy
from kit.alerts.failures import FIRST_REST, LONGEST_REST, note_failure, note_success, rest_after, resting
from kit.alerts.models import Alert, TaskFailure
from kit.users.models import User
from tests.conftest import as_operators
from tests.farms.advice.conftest import Board
from tests.farms.advice.simulator import proposal

MINUTE = timedelta(minutes=1)
# No candle is as long: whatever reckons with it raises.
BROKEN: dict[str, Any] = {"timeframe": "7h"}


def test_work_that_failed_is_left_alone_twice_as_long_each_time_up_to_a_bound(as_owner: User) -> None:
    now = clock.now()
    for failures in (1, 2, 3):
        with clock.at(now):
            assert note_failure(owner_id=as_owner.pk, work="settling x", title="Settling", said="No.") == failures
            assert resting("settling ") == {"settling x"}
            assert resting("asking ") == set()
        with clock.at(now + rest_after(failures) - timedelta(seconds=1)):
            assert resting("settling ") == {"settling x"}
        now += rest_after(failures)
        with clock.at(now):
            assert resting("settling ") == set()
    assert [rest_after(number) for number in (1, 2, 3)] == [FIRST_REST, 2 * FIRST_REST, 4 * FIRST_REST]
    assert rest_after(10_000) == LONGEST_REST
    note_success(owner_id=as_owner.pk, work="settling x")
    assert not TaskFailure.objects.exists()


def wrong(made: AdviceProposal, columns: dict[str, Any]) -> None:
    """As the app itself may not."""
    with as_operators():
        AdviceProposal.objects.filter(pk=made.pk).update(**columns)


def settle(board: Board, at: Any) -> int:
    with clock.at(at):
        return settling.settle(owner_id=board.owner_id)


def test_a_proposal_that_cannot_be_settled_keeps_no_other_waiting_and_is_told_of(
    board: Board, caplog: pytest.LogCaptureFixture
) -> None:
    board.level("comment")
    first, second = board.propose(horizon_candles=1), board.propose(horizon_candles=2)
    wrong(first, BROKEN)
    board.desk.candles([101.0, 102.0])
    at = second.due_at + 3 * MINUTE
    assert settle(board, at) == 1
    second.refresh_from_db()
    assert second.gain is not None
    work = f"{settling.WORK}{first.pk}"
    assert (TaskFailure.objects.get().work, caplog.text.count("could not be settled")) == (work, 1)
    assert settle(board, at) == 0
    assert caplog.text.count("could not be settled") == 1, "it is left alone for a minute"
    assert not Alert.objects.filter(kind="failing").exists()
    settle(board, at + MINUTE)
    settle(board, at + 3 * MINUTE)
    assert TaskFailure.objects.get().failures == 3
    alert = Alert.objects.get(kind="failing")
    assert (alert.resolved_at, alert.headline()) == (None, "Fails again and again: Settling proposals")
    wrong(first, {"timeframe": "1h"})
    assert settle(board, at + 7 * MINUTE) == 1
    alert.refresh_from_db()
    assert alert.resolved_at is not None
    assert not TaskFailure.objects.exists()


def test_all_that_break_in_settling_are_one_alert_that_says_how_many_and_ends_with_the_last(board: Board) -> None:
    board.level("comment")
    made = [board.propose(horizon_candles=1) for _ in range(3)]
    for one in made:
        wrong(one, BROKEN)
    board.desk.candles([101.0, 102.0])
    at = made[-1].due_at + 3 * MINUTE
    for minutes in (0, 1, 3):
        settle(board, at + minutes * MINUTE)
    alert = Alert.objects.get(kind="failing")
    assert alert.story().startswith("3 of them failed 3 times in a row or more.")
    wrong(made[0], {"timeframe": "1h"})
    assert settle(board, at + 7 * MINUTE) == 1
    alert = Alert.objects.get(kind="failing")
    assert (alert.resolved_at, alert.story()[:9]) == (None, "2 of them")
    for one in made[1:]:
        wrong(one, {"timeframe": "1h"})
    assert settle(board, at + 20 * MINUTE) == 2
    assert Alert.objects.get(kind="failing").resolved_at is not None


def test_what_broke_is_left_alone_even_where_the_whole_transaction_is_lost_by_the_next_one(
    board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    board.level("comment")
    made = [board.propose(horizon_candles=1) for _ in range(2)]
    for one in made:
        wrong(one, BROKEN)
    board.desk.candles([101.0, 102.0])
    at = made[-1].due_at + 3 * MINUTE
    lost = iter([False, True])
    with monkeypatch.context() as patched:
        told = SimpleNamespace(
            atomic=transaction.atomic, get_connection=lambda: SimpleNamespace(needs_rollback=next(lost))
        )
        patched.setattr(settling, "transaction", told)
        with pytest.raises(Exception, match="7h"):
            settle(board, at)
    assert set(TaskFailure.objects.values_list("work", flat=True)) == {f"{settling.WORK}{one.pk}" for one in made}


def test_as_many_broken_ones_as_are_looked_at_in_one_go_hold_up_nobody(
    board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settling, "AT_ONCE", 1)
    board.level("comment")
    first, second = board.propose(horizon_candles=1), board.propose(horizon_candles=2)
    wrong(first, BROKEN)
    board.desk.candles([101.0, 102.0])
    at = second.due_at + 3 * MINUTE
    assert [settle(board, at), settle(board, at)] == [0, 1]


def test_an_answer_that_cannot_be_written_down_is_over_and_the_next_question_is_asked(stage: Board) -> None:
    """There is room for two at the same time: three that stayed would keep everybody waiting for minutes."""
    abouts: list[dict[str, Any]] = [
        {"agent_id": stage.agent.pk}, {"farm_id": stage.desk.farm.pk}, {"farm_id": None},
        {"instrument_id": stage.desk.instrument.pk, "timeframe": "1h"},
    ]  # fmt: skip
    with tenancy.tenant(stage.owner_id):
        *broken, last = [stage.request(**about) for about in abouts]
    with tenancy.system():
        for call in broken:
            AdviceCall.objects.filter(pk=call.pk).update(
                markets={symbol: {**known, **BROKEN} for symbol, known in call.markets.items()}
            )
    for _ in abouts:
        tasks.ask_models()
    with tenancy.tenant(stage.owner_id):
        for call in broken:
            call.refresh_from_db()
            assert (call.status, call.cost) == ("lost", None), "what it may have cost counts"
            assert str(call.cause).startswith("Moniqo could not write down what came of it")
        last.refresh_from_db()
        assert last.status == "proposal"
        assert set(TaskFailure.objects.values_list("work", flat=True)) == {asking.work_of(one.about) for one in broken}
    assert len(stage.model.requests) == 4


def test_what_broke_last_is_not_asked_about_at_the_next_close_and_is_when_somebody_asks(stage: Board) -> None:
    with tenancy.tenant(stage.owner_id):
        note_failure(owner_id=stage.owner_id, work=asking.work_of(f"agent:{stage.agent.pk}"), title="Asking", said="No")
        Agent.objects.update(last_bar=10 * 3_600_000)
    tasks.keep_advice()
    with tenancy.tenant(stage.owner_id):
        assert not AdviceCall.objects.exists()
        assert "it is asked again later" in str(AdviceLevel.objects.get().said)
        stage.request()
    stage.model.answers = [proposal()]
    tasks.ask_models()
    with tenancy.tenant(stage.owner_id):
        assert AdviceCall.objects.get().status == "proposal"
        assert not TaskFailure.objects.exists(), "it is well again"
        Agent.objects.update(last_bar=12 * 3_600_000)
    tasks.keep_advice()
    with tenancy.tenant(stage.owner_id):
        assert AdviceCall.objects.count() == 2


def test_a_question_that_cannot_be_written_is_not_tried_every_quarter_of_a_minute(
    stage: Board, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with tenancy.tenant(stage.owner_id):
        Agent.objects.update(last_bar=10 * 3_600_000)
        watched = find(owner_id=stage.owner_id, farm_id=stage.desk.farm.pk)
        watching.set_watch(owner_id=stage.owner_id, about=watched, every=1, timeframe="1h")
    with breaking(monkeypatch):
        assert due_levels() == [(stage.owner_id, stage.agent.pk)]
        tasks.keep_advice()
        assert due_levels() == []
        tasks.keep_advice()
    assert caplog.text.count(f"failed for owner {stage.owner_id}") == 1
    with clock.at(clock.now() + MINUTE + timedelta(seconds=5)):
        assert due_levels() == [(stage.owner_id, stage.agent.pk)]


@contextmanager
def breaking(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What is known of markets cannot be read."""

    def look(**_: Any) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr(asking.facts, "look", look)
        yield
