"""Budgets stop calls before they are made, whoever asks at once, and whoever dies in between."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from threading import Barrier, Event
from time import sleep
from typing import Any

import pytest
from django.db import connections

from farms import tasks
from farms.advice import asking, budgets
from farms.advice.facts import find
from farms.advice.wanting import set_advice, set_level
from farms.advice.watching import ask_at_close, due_levels
from farms.models import AdviceCall, AdviceLevel, AdviceProposal, Agent
from kit import clock, display, tenancy
from kit.display import Display
from kit.errors import ConflictError, InvalidInputError, MoniqoError, NotFoundError
from kit.users.models import User
from tests.farms.advice.conftest import Board
from tests.farms.advice.simulator import proposal


def test_what_a_question_may_cost_at_most_is_set_aside_and_what_it_cost_is_counted(board: Board) -> None:
    board.level("comment")
    call = board.request()
    told = sum(len(one["content"].encode()) for one in call.messages)
    assert call.reserved_tokens > 2 * told + 2 * board.endpoint.most_tokens
    assert call.reserved_cost > (2 * told + 4 * board.endpoint.most_tokens) / Decimal(1_000_000)
    before = budgets.used(owner_id=board.owner_id)
    assert (before.day_tokens, before.day_cost) == (call.reserved_tokens, call.reserved_cost)
    assert (before.reserved_tokens, before.month_cost) == (call.reserved_tokens, call.reserved_cost)
    call = asking.answer(board.taken(call))
    after = budgets.used(owner_id=board.owner_id)
    assert call.tokens_in is not None
    assert after.day_tokens == call.tokens_in + (call.tokens_out or 0) < call.reserved_tokens
    assert (after.day_cost, after.reserved_tokens) == (call.cost, 0)


@pytest.mark.parametrize(
    ("budget", "words"),
    [
        ({"day_tokens": 5_000}, "The budget of 24 hours is used up: 0 of 5000 tokens"),
        ({"month_tokens": 5_000}, "The budget of 30 days is used up: 0 of 5000 tokens"),
        ({"day_cost": Decimal("0.0001")}, "The budget of 24 hours is used up: 0 USD of 0.0001 USD are used"),
        ({"month_cost": Decimal(0)}, "The budget of 30 days is used up: 0 USD of 0 USD are used"),
    ],
)
def test_a_budget_that_would_be_exceeded_at_worst_lets_nobody_be_asked(
    board: Board, budget: dict[str, object], words: str
) -> None:
    board.level("comment")
    board.budgets(**budget)
    with pytest.raises(budgets.BudgetError) as caught:
        board.request()
    told = caught.value.sentence
    assert told.exact.startswith(words)
    if "USD" in words:
        assert "$0.00 of $0.0" in str(told)
        with display.showing(Display(hide_amounts=True)):
            assert not re.search(r"\$|0\.0", str(told)), "as the page hides what was used"
    assert not AdviceCall.objects.exists()
    assert board.model.requests == []


def test_a_day_and_a_month_are_over_when_they_are(board: Board) -> None:
    board.level("comment")
    call = board.ask(proposal())
    for later, day, month in ((timedelta(hours=23), 1, 1), (timedelta(hours=25), 0, 1), (timedelta(days=31), 0, 0)):
        with clock.at(call.created_at + later):
            found = budgets.used(owner_id=board.owner_id)
        assert (found.day_cost, found.month_cost) == (day * (call.cost or 0), month * (call.cost or 0))


def test_what_may_have_been_spent_unheard_counts_as_it_was_reserved(board: Board) -> None:
    board.level("comment")
    for fault, counts in (("reset", True), ("html", True), ("500", False), ("429", False)):
        call = board.ask(fault)
        assert (call.cost is None) is counts, fault
        assert call.cost in (None, 0)
        board.endpoint.__class__.objects.update(paused_until=None)
    board.model.counts_tokens = False
    assert board.ask(proposal()).cost is None
    reserved = budgets.used(owner_id=board.owner_id).reserved_tokens
    assert reserved > 0
    board.model.counts_tokens, board.model.characters_of_a_token = True, 1_000_000  # says that it took none
    assert board.ask(proposal()).cost is None
    assert budgets.used(owner_id=board.owner_id).reserved_tokens > reserved


def test_what_no_worker_came_back_from_stays_counted_and_what_none_took_up_does_not(board: Board) -> None:
    board.level("comment")
    gone = board.taken(board.request())
    never = board.request(farm_id=board.desk.farm.pk)
    with clock.at(clock.now() + timedelta(minutes=11)):
        assert budgets.let_go_of_lost(owner_id=board.owner_id) == 2
        used = budgets.used(owner_id=board.owner_id)
        board.request()
    for call in (gone, never):
        call.refresh_from_db()
        assert call.status == "lost"
    assert (gone.cost, never.cost) == (None, 0)
    assert used.day_cost == gone.reserved_cost


def test_nobody_is_asked_where_it_is_off_or_the_endpoint_is_not_to_be_asked(board: Board) -> None:
    board.level("comment")
    set_advice(owner_id=board.owner_id, is_on=False, endpoint_id=None, budgets={})
    with pytest.raises(budgets.AdviceOffError, match="Turn advice on first"):
        board.request()
    board.budgets()
    board.ask("429")
    with pytest.raises(ConflictError, match="takes no more requests now"):
        board.request()
    assert len(board.model.requests) == 1


def test_what_is_wanted_is_checked_and_names_what_is_wrong(board: Board, other_owner: User) -> None:
    for given, field in (
        ({"day_tokens": -1}, "day_tokens"),
        ({"month_tokens": 10**12}, "month_tokens"),
        ({"day_cost": Decimal(10) ** 9}, "day_cost"),
        ({"month_cost": Decimal("NaN")}, "month_cost"),
    ):
        with pytest.raises(InvalidInputError) as caught:
            board.budgets(**given)
        assert list(caught.value.fields) == [field]
    with pytest.raises(InvalidInputError, match="there is no such one"):
        set_advice(owner_id=board.owner_id, is_on=True, endpoint_id=board.agent.pk, budgets={})
    with pytest.raises(InvalidInputError, match="Choose where advice is asked for"):
        set_advice(owner_id=board.owner_id, is_on=True, endpoint_id=None, budgets={})
    for level, also in (("more", {}), ("act", {"every": -1}), ("act", {"daily_orders": 101})):
        with pytest.raises(InvalidInputError):
            board.level(level, **also)
    with tenancy.tenant(other_owner.pk), pytest.raises(NotFoundError):
        set_level(owner_id=other_owner.pk, agent_id=board.agent.pk, level="off", every=0, daily_orders=0)


# --- several at once, and workers ------------------------------------------------------------------------------------


def test_two_that_ask_at_once_do_not_exceed_a_budget_together(stage: Board) -> None:
    """Each by itself is within it."""
    with tenancy.tenant(stage.owner_id):
        call = stage.request()
        reserved = call.reserved_tokens
        budgets.AdviceCall.objects.filter(pk=call.pk).update(status="lost", finished_at=clock.now(), cost=0,
                                                            tokens_in=0, tokens_out=0)  # fmt: skip
        stage.budgets(day_tokens=int(reserved * 2.5))
    together = Barrier(4)
    subjects = ({"agent_id": stage.agent.pk}, {"farm_id": stage.desk.farm.pk}, {"farm_id": None},
                {"instrument_id": stage.desk.instrument.pk, "timeframe": "1h"})  # fmt: skip

    def request(about: dict[str, object]) -> bool:
        together.wait()
        try:
            with tenancy.tenant(stage.owner_id):
                found = find(owner_id=stage.owner_id, **about)  # type: ignore[arg-type]  # as the names say
                asking.request_advice(owner_id=stage.owner_id, about=found)
        except MoniqoError:
            return False
        finally:
            connections.close_all()
        return True

    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(request, subjects))
    with tenancy.tenant(stage.owner_id):
        used = budgets.used(owner_id=stage.owner_id)
    assert 1 <= sum(made) < 4
    assert used.day_tokens <= int(reserved * 2.5)


def test_a_worker_asks_what_waits_once_and_a_second_finds_nothing(stage: Board) -> None:
    with tenancy.tenant(stage.owner_id):
        stage.request()
    tasks.ask_models()
    tasks.ask_models()
    with tenancy.tenant(stage.owner_id):
        assert [call.status for call in AdviceCall.objects.all()] == ["proposal"]
        assert AdviceProposal.objects.count() == 1
    assert len(stage.model.requests) == 1


def test_only_so_many_are_asked_at_the_same_time(stage: Board, settings: object) -> None:
    with tenancy.tenant(stage.owner_id):
        for about in ({"agent_id": stage.agent.pk}, {"farm_id": None}, {"farm_id": stage.desk.farm.pk}):
            stage.request(**about)
    taken = [asking.take(), asking.take(), asking.take()]
    assert [call is not None for call in taken] == [True, True, False]
    assert asking.waits()


def test_two_workers_that_look_at_once_take_up_no_more_together(
    stage: Board, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.ADVICE_AT_ONCE = 1
    with tenancy.tenant(stage.owner_id):
        for about in ({"agent_id": stage.agent.pk}, {"farm_id": None}):
            stage.request(**about)
    has_one, claim = Event(), asking.claim

    def slowly(call: AdviceCall) -> AdviceCall:
        has_one.set()
        sleep(0.3)  # the other one looks before this is committed, if nothing holds it
        return claim(call)

    def take() -> AdviceCall | None:
        try:
            return asking.take()
        finally:
            connections.close_all()

    monkeypatch.setattr(asking, "claim", slowly)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(take)
        assert has_one.wait(30)
        second = pool.submit(take)
        assert (first.result() is None, second.result()) == (False, None)


def test_a_candle_that_is_due_is_asked_about_once(stage: Board) -> None:
    def closed(bar: int) -> None:
        with tenancy.tenant(stage.owner_id):
            Agent.objects.update(last_bar=bar, status="running")

    step = 3_600_000
    closed(10 * step)
    assert due_levels() == [(stage.owner_id, stage.agent.pk)]
    tasks.keep_advice()
    tasks.keep_advice()
    with tenancy.tenant(stage.owner_id):
        call = AdviceCall.objects.get()
        assert (call.occasion, call.agent) == ("close", stage.agent)
    closed(11 * step)
    assert due_levels() == []
    closed(12 * step)
    tasks.keep_advice()
    with tenancy.tenant(stage.owner_id):
        level = AdviceLevel.objects.get()
        assert str(level.said) == "A model is being asked about this already: wait for its answer."
        assert level.last_bar == 12 * step
        assert not ask_at_close(owner_id=stage.owner_id, agent_id=stage.agent.pk)
    with tenancy.tenant(stage.owner_id):
        set_level(owner_id=stage.owner_id, agent_id=stage.agent.pk, level="off", every=1, daily_orders=1)
    closed(20 * step)
    assert due_levels() == []


def test_old_questions_go_and_what_was_proposed_stays(stage: Board) -> None:
    with tenancy.tenant(stage.owner_id):
        stage.request()
    tasks.ask_models()
    with tenancy.system():
        AdviceCall.objects.update(created_at=clock.now() - timedelta(days=29))
    assert tasks.forget_old_advice() == 0
    with tenancy.system():
        AdviceCall.objects.update(created_at=clock.now() - timedelta(days=30, seconds=1))
    assert tasks.forget_old_advice() == 1
    with tenancy.tenant(stage.owner_id):
        assert AdviceProposal.objects.get().call is None
