"""Whoever ends a goal may be killed before any statement and any commit, and be one of fifty: all is done once.

The killed are real processes that send themselves a SIGKILL; what they leave is taken up by the next tick.
"""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, connections

from goals import services
from goals.models import Goal, GoalAction, GoalEvent, GoalMove, GoalTotal
from kit import tenancy
from kit.alerts.models import Alert
from kit.embedded.environment import DATABASE_VARIABLES
from tests.conftest import address
from tests.goals.conftest import Ground
from tests.goals.test_acting import execute_exits, fall_due, second_agent
from tests.trading.desk import assert_books_prove_themselves
from trading.models import Order, Position
from wallets.models import Posting, Wallet

D = Decimal
ROOT = Path(__file__).resolve().parents[2]
EVALUATORS = 50
A_FEW = 5  # of the points in the quick run; the slow one takes all


def make_goal(ground: Ground, *, with_position: bool) -> Goal:
    """A goal that is reached and not measured yet: close, collect, distribute, begin again."""
    second_agent(ground)
    shares = [{"to": "agents", "share": "0.5"}, {"to": "master", "share": "0.25"}, {"to": "farm", "share": "0.25"}]
    goal = ground.goal(
        target=1,
        actions=[
            "close",
            {"do": "collect", "amount": "profit", "to": "master"},
            {"do": "distribute", "shares": shares},
            {"do": "renew", "rule": "percentage", "value": "9"},
        ],
    )
    ground.round_trip(quantity="3")
    if with_position:
        ground.desk.trade("buy", "1")
    return goal


def go(ground: Ground, goal: Goal) -> None:
    """What the tasks do at a tick, and once more. The ground has settled: a wait would be a number of statements."""
    with ground.tenant():
        services.update(owner_id=ground.owner_id)
    ground.carry_out(goal)


@contextmanager
def dying_at(point: int) -> Iterator[list[int]]:
    """Count statements and commits; die at the one of this number, which is not carried out."""
    seen = [0]
    commit = connection._commit

    def count() -> None:
        seen[0] += 1
        if seen[0] == point:
            os.kill(os.getpid(), signal.SIGKILL)

    def statement(execute: Callable[..., Any], *given: Any) -> Any:
        count()
        return execute(*given)

    def counted_commit() -> Any:
        count()
        return commit()

    connection._commit = counted_commit
    try:
        with connection.execute_wrapper(statement):
            yield seen
    finally:
        del connection._commit


def points(ground: Ground, goal: Goal) -> int:
    """How many places there are to die at. Does it all."""
    ground.settle()
    with dying_at(0) as seen:
        go(ground, goal)
    return seen[0]


def killed_at(point: int, ground: Ground, goal: Goal) -> None:
    """A process of its own goes until there. It is forked: a new one would take seconds, and there are hundreds."""
    ground.settle()
    connections.close_all()  # or both would speak over one socket
    child = os.fork()
    if child == 0:
        try:
            with dying_at(point):
                go(ground, goal)
        finally:
            os._exit(1)  # it should have died before
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == -signal.SIGKILL, point


def resume(ground: Ground, goal: Goal) -> None:
    """The ticks after that: what waits for the world outside gets what it waits for."""
    for _ in range(3):
        ground.update()
        with tenancy.system():
            due = {goal_id for _, goal_id in services.due_goals()}
        assert ground.fresh(goal).status == "achieved"
        if goal.pk in due:
            ground.carry_out(goal)
        execute_exits(ground)
        fall_due(ground, goal)


def assert_done_once(ground: Ground, goal: Goal, *, with_position: bool) -> None:
    with ground.tenant():
        assert [(one.do, one.status) for one in GoalAction.objects.filter(goal=goal)] == [
            ("close", "done"), ("collect", "done"), ("distribute", "done"), ("renew", "done")
        ]  # fmt: skip
        kinds = list(GoalEvent.objects.filter(goal=goal).order_by("pk").values_list("kind", flat=True))
        assert kinds == ["created", "started", "achieved", *["acted"] * 3, "renewed", "acted"]
        postings = Posting.objects.filter(kind__in=("collect", "reward")).order_by("id")
        assert list(postings.values_list("kind", flat=True)) == ["collect", "reward"]
        assert GoalTotal.objects.get(goal=goal).trades == 1
        assert Goal.objects.get(renews=goal).status == "active"
        assert Wallet.objects.get(pk=ground.desk.farm.pk).trading_state == "active"
        alert = Alert.objects.get(key=f"goal:{goal.pk}:100")
        assert alert.times == 1
        assert Order.objects.filter(side="sell").count() == 1 + with_position
        profit = sum(Position.objects.exclude(closed_at=None).values_list("realized_pnl", flat=True), D(0))
        collected, rewarded = (
            sum(GoalMove.objects.filter(goal=goal, purpose=one).values_list("amount", flat=True), D(0))
            for one in ("collect", "reward")
        )
    assert profit - D("0.01") < collected <= profit
    assert collected == rewarded + ground.balance(ground.desk.master)
    assert_books_prove_themselves(ground.desk)


@pytest.mark.parametrize("with_position", [pytest.param(False, marks=pytest.mark.slow), True])
def test_a_kill_at_some_points_loses_and_doubles_nothing(
    ground: Ground, make_ground: Callable[[], Ground], with_position: bool
) -> None:
    count = points(ground, make_goal(ground, with_position=with_position))
    step = count // A_FEW
    for point in range(step, count + 1, step):
        kill_and_resume(make_ground(), point, with_position=with_position)


@pytest.mark.slow
@pytest.mark.parametrize("with_position", [False, True])
def test_a_kill_at_any_point_loses_and_doubles_nothing(
    ground: Ground, make_ground: Callable[[], Ground], with_position: bool
) -> None:
    count = points(ground, make_goal(ground, with_position=with_position))
    assert count > 50
    for point in range(1, count + 1):
        kill_and_resume(make_ground(), point, with_position=with_position)
    print(f"survived {count} kills, position open: {with_position}")


def kill_and_resume(ground: Ground, point: int, *, with_position: bool) -> None:
    goal = make_goal(ground, with_position=with_position)
    killed_at(point, ground, goal)
    resume(ground, goal)
    assert_done_once(ground, goal, with_position=with_position)


@pytest.mark.slow
def test_what_a_killed_process_left_is_done_by_the_command(ground: Ground) -> None:
    """The end is written, nothing is done yet: operators may wait for the tick, or run it."""
    goal = make_goal(ground, with_position=False)
    ground.update()
    database = str(connections["default"].settings_dict["NAME"])
    result = subprocess.run(
        [sys.executable, "manage.py", "update_goals", "--owner", ground.desk.owner.email],
        env={**os.environ, **{name: address(name, database) for name in DATABASE_VARIABLES}},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert f"goal {goal.pk}: done" in result.stdout
    assert_done_once(ground, goal, with_position=False)


def test_fifty_evaluators_at_once_end_a_goal_once(ground: Ground) -> None:
    goal = make_goal(ground, with_position=False)
    ready = threading.Barrier(EVALUATORS)
    ended: list[Any] = []

    def evaluate(_: int) -> None:
        try:
            connections["default"].ensure_connection()
            ready.wait(60)
            ended.extend(ground.update())
            ground.carry_out(goal)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(EVALUATORS) as pool:
        list(pool.map(evaluate, range(EVALUATORS)))
    assert ended == [goal.pk]
    assert_done_once(ground, goal, with_position=False)
