"""What is filled and closed counts once for the goals it belongs to, whenever it commits."""

from datetime import timedelta

import pytest

from goals import selectors, services
from goals.models import Goal, GoalTotal
from kit import clock
from tests.goals.conftest import Ground
from trading.models import Fill, Position
from wallets.hierarchy import archiving


def total(ground: Ground, goal: object) -> GoalTotal:
    with ground.tenant():
        return GoalTotal.objects.get(goal=goal)


def test_fills_and_trades_count_once_however_often_they_are_looked_for(ground: Ground) -> None:
    goal = ground.goal()
    ground.round_trip()
    ground.round_trip(bought="100", sold="95", quantity="2")
    for _ in range(3):
        ground.update()
    found = total(ground, goal)
    assert (found.fills, found.trades, found.won_trades, found.lost_trades) == (4, 2, 1, 1)
    with ground.tenant():
        assert found.volume == sum(fill.notional for fill in Fill.objects.all()) > 600
        won, lost = (trade.realized_pnl for trade in Position.objects.order_by("closed_at"))
    assert (found.won, found.lost) == (won, -lost)
    assert ground.fresh(goal).value == 2


def test_a_goal_that_starts_in_the_past_counts_what_happened_since_then_and_nothing_before(ground: Ground) -> None:
    ground.round_trip()
    between = clock.now()
    ground.round_trip()
    ground.update()
    ground.round_trip()
    goal = ground.goal(starts_at=between)
    ground.update()
    assert total(ground, goal).trades == 2
    later = ground.goal()
    ground.update()
    with ground.tenant():
        assert not GoalTotal.objects.filter(goal=later).exists()


def test_only_wallets_in_scope_count_and_each_once(ground: Ground) -> None:
    other = ground.wallet("Other farm", "farm", ground.desk.master)
    everywhere = ground.goal(scope="fund")
    twice = ground.goal(scope=[ground.desk.farm.pk, ground.desk.wallet.pk, ground.desk.master.pk])
    elsewhere = ground.goal(scope=[other.pk])
    ground.round_trip()
    ground.update()
    assert [total(ground, goal).trades for goal in (everywhere, twice)] == [1, 1]
    with ground.tenant():
        assert not GoalTotal.objects.filter(goal=elsewhere).exists()


def test_what_left_the_scope_counts_for_the_time_that_it_was_there(ground: Ground) -> None:
    goal = ground.goal(scope=[ground.desk.farm.pk])
    ground.round_trip()
    with ground.tenant():
        services.change(owner_id=ground.owner_id, goal_id=goal.pk, scope=[ground.desk.master.pk])
        services.change(
            owner_id=ground.owner_id, goal_id=goal.pk, scope=[ground.wallet("B", "farm", ground.desk.master).pk]
        )
    ground.round_trip()
    ground.update()
    assert total(ground, goal).trades == 1


def test_what_an_agent_did_counts_for_the_farm_where_it_stood_then_by_whichever_goal(ground: Ground) -> None:
    """Of goals that were there before it moved, and of ones that begin in the past; so do the lists on their pages."""
    began = clock.now()
    other = ground.wallet("Other farm", "farm", ground.desk.master)
    left, came = (ground.goal(target=99, scope=[pk]) for pk in (ground.desk.farm.pk, other.pk))
    everywhere = ("fund", [ground.desk.master.pk], [ground.desk.wallet.pk])
    always = [ground.goal(target=99, scope=scope) for scope in everywhere]
    ground.round_trip()
    with ground.tenant():
        archiving.change_place(archiving.lock_to_move(ground.desk.wallet), other)
    ground.round_trip()
    ground.round_trip()
    ground.update()
    later = [ground.goal(target=99, scope=[pk], starts_at=began) for pk in (ground.desk.farm.pk, other.pk)]
    counted = [(left, 1), (came, 2), *((goal, 3) for goal in always), *zip(later, (1, 2), strict=True)]
    assert [(goal.pk, total(ground, goal).trades) for goal, _ in counted] == [(goal.pk, told) for goal, told in counted]
    with ground.tenant():
        for goal, told in counted:
            assert selectors.trades(owner_id=ground.owner_id, goal_id=goal.pk).count() == told
            assert selectors.fills(owner_id=ground.owner_id, goal_id=goal.pk).count() == 2 * told


def test_nothing_after_the_deadline_counts(ground: Ground) -> None:
    goal = ground.goal()
    ground.round_trip()
    with ground.tenant():
        Goal.objects.filter(pk=goal.pk).update(ends_at=clock.now())
    ground.round_trip()
    ground.update()
    assert total(ground, goal).trades == 1


@pytest.mark.parametrize("measure", ["count", "notional"])
def test_a_goal_is_reached_when_its_count_is(ground: Ground, measure: str) -> None:
    goal = ground.goal(target={"measure": measure, "value": "2" if measure == "count" else "420"})
    ground.round_trip()
    assert ground.update() == []
    half = ground.fresh(goal)
    assert (half.status, half.progress) == ("active", 0.5)
    ground.round_trip()
    assert ground.update() == [goal.pk]
    assert ground.update() == []
    assert ground.fresh(goal).status == "achieved"


def test_a_goal_of_the_whole_fund_counts_its_past(ground: Ground) -> None:
    began = clock.now()
    ground.round_trip()
    for ends_at in (None, clock.now() + timedelta(days=1)):
        goal = ground.goal(scope="fund", starts_at=began, ends_at=ends_at)
        assert total(ground, goal).trades == 1
