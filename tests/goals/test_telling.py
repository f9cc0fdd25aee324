"""What an owner is told of a goal: each thing once, and no longer than it is so."""

from datetime import timedelta
from typing import Any

import pytest

from goals import selectors, services
from goals.models import Goal, GoalEvent
from kit import clock
from kit.alerts.models import Alert
from tests.goals.conftest import Ground
from tests.goals.test_histories import FILL, POSITION, past_the_keys


def trade(ground: Ground, count: int = 1) -> None:
    values = {
        "at": clock.now(), "profit": 5, "price": 100, "instrument": ground.desk.instrument.pk,
        "owner": ground.owner_id, "wallet": ground.desk.wallet.pk, "connection": ground.desk.connection.pk,
    }  # fmt: skip
    with past_the_keys() as writer:
        for _ in range(count):
            for statement in (FILL, FILL, POSITION):
                writer.execute(statement.encode(), values)


def told(ground: Ground, goal: Goal) -> dict[str, tuple[str, int]]:
    """The open alerts about the goal, by the end of their key: level, and how often they were raised."""
    with ground.tenant():
        alerts = Alert.objects.unresolved().filter(key__contains=str(goal.pk))
        return {one.key.replace(f":{goal.pk}", ""): (one.level, one.times) for one in alerts}


def test_half_nine_tenths_and_the_end_are_told_once_each_and_the_last_one_stays(ground: Ground) -> None:
    goal = ground.goal(target=10)
    steps: list[set[str]] = []
    for _ in range(10):
        trade(ground)
        ground.update()
        ground.update()
        open_now = told(ground, goal)
        assert all(times == 1 for _, times in open_now.values())
        steps.append(set(open_now))
    assert steps == [set()] * 4 + [{"goal:50"}] * 4 + [{"goal:90"}, {"goal:100"}]
    with ground.tenant():
        assert Alert.objects.filter(key__startswith=f"goal:{goal.pk}").count() == 3  # each was one of its own


def test_a_leap_to_the_end_is_told_as_the_end_alone(ground: Ground) -> None:
    goal = ground.goal(target=10)
    trade(ground, 12)
    ground.update()
    assert told(ground, goal) == {"goal:100": ("info", 1)}


def behind(ground: Ground, **given: Any) -> Goal:
    goal = ground.goal(target=10, **given)
    with ground.tenant():
        now = clock.now()
        Goal.objects.filter(pk=goal.pk).update(starts_at=now - timedelta(days=5), ends_at=now + timedelta(days=5))
        goal.assignments.update(since=now - timedelta(days=5))
    ground.update()
    return goal


def test_falling_behind_is_told_once_and_over_when_it_is_on_plan_again(ground: Ground) -> None:
    goal = behind(ground)
    ground.update()
    assert told(ground, goal) == {"goal-behind": ("warning", 1)}
    trade(ground, 5)
    ground.update()
    assert told(ground, goal) == {"goal:50": ("info", 1)}
    with clock.at(clock.now() + timedelta(days=3)):
        ground.update()
        assert set(told(ground, goal)) == {"goal:50", "goal-behind"}


@pytest.mark.parametrize("end", ["achieved", "missed", "cancelled", "changed"])
def test_nothing_is_said_of_the_plan_of_a_goal_that_has_ended_or_got_another_way(ground: Ground, end: str) -> None:
    goal = behind(ground)
    assert set(told(ground, goal)) == {"goal-behind"}
    with ground.tenant():
        if end == "cancelled":
            services.cancel(owner_id=ground.owner_id, goal_id=goal.pk)
        if end == "changed":
            services.change(owner_id=ground.owner_id, goal_id=goal.pk, ends_at=clock.now() + timedelta(days=600))
        if end == "missed":
            Goal.objects.filter(pk=goal.pk).update(ends_at=clock.now() - timedelta(minutes=2))
    if end == "achieved":
        trade(ground, 10)
    ground.update()
    expected = {"achieved": {"goal:100"}, "missed": {"goal:missed"}, "cancelled": set(), "changed": set()}
    assert set(told(ground, goal)) == expected[end]


def test_a_missed_goal_is_told_once_as_a_warning(ground: Ground) -> None:
    goal = behind(ground)
    trade(ground, 6)
    with ground.tenant():
        Goal.objects.filter(pk=goal.pk).update(ends_at=clock.now() + timedelta(seconds=1))
    with clock.at(clock.now() + timedelta(seconds=30)):
        assert ground.update() == []  # a venue may still tell of a fill of the last moment
    with clock.at(clock.now() + timedelta(seconds=90)):
        assert ground.update() == [goal.pk]
        ground.update()
    assert told(ground, goal) == {"goal:missed": ("warning", 1)}
    with ground.tenant():
        assert ground.fresh(goal).value == 6
        assert selectors.events(owner_id=ground.owner_id, goal_id=goal.pk)[0].kind == "missed"


def test_another_name_tells_nothing_again(ground: Ground) -> None:
    goal = ground.goal(target=10)
    trade(ground, 5)
    ground.update()
    with ground.tenant():
        services.change(owner_id=ground.owner_id, goal_id=goal.pk, name="Renamed")
    ground.update()
    assert told(ground, goal) == {"goal:50": ("info", 1)}
    with ground.tenant():
        services.change(owner_id=ground.owner_id, goal_id=goal.pk, target=20)
    ground.update()
    assert told(ground, goal) == {}


@pytest.mark.parametrize(("trades", "way", "wanted"), [(0, "Behind plan", "8"), (9, "Ahead of plan", "12")])
def test_a_rule_that_was_accepted_adjusts_the_target_once_in_its_time(
    ground: Ground, trades: int, way: str, wanted: str
) -> None:
    goal = ground.goal(target=10, accepts_changes={"by": "0.2", "every_days": 3})
    with ground.tenant():
        now = clock.now()
        Goal.objects.filter(pk=goal.pk).update(starts_at=now - timedelta(days=5), ends_at=now + timedelta(days=5))
        goal.assignments.update(since=now - timedelta(days=5))
    if trades:
        trade(ground, trades)
    ground.update()
    assert ground.fresh(goal).target["conditions"][0]["value"] == "10"  # it has just begun
    with clock.at(clock.now() + timedelta(days=3, hours=1)):
        for _ in range(3):
            ground.update()
    changed = ground.fresh(goal)
    with ground.tenant():
        (event,) = GoalEvent.objects.filter(goal=goal, kind="adjusted")
    assert changed.target["conditions"][0]["value"] == wanted
    assert event.detail.exact == f"{way}: the target goes from 10 to {wanted}."
    assert changed.status == "active"


def test_equity_that_comes_after_the_deadline_comes_too_late(ground: Ground) -> None:
    goal = ground.goal("equity", "100005", scope="fund")
    with ground.tenant():
        Goal.objects.filter(pk=goal.pk).update(
            starts_at=clock.now() - timedelta(days=2), ends_at=clock.now() - timedelta(minutes=2)
        )
    ground.round_trip()  # worth 100,009.73 now
    ground.update()
    assert ground.fresh(goal).status == "missed"
