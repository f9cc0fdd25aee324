"""The series of a goal: what it would have said of the time before it was made, by the owner's days, and no more points
than a chart needs.
"""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from goals import charts, selectors, services, tasks
from goals.history import midnights_of
from goals.models import Goal, GoalProgress
from kit import clock
from kit.users.models import User
from portfolio.models import DailyPerformance
from tests.goals.conftest import Ground
from tests.goals.test_histories import FILL, POSITION, past_the_keys
from tests.trading.desk import fund

FIRST = datetime(2026, 1, 5, tzinfo=UTC)
DAYS = 34
SAMPLE = {"minimum_trades": 1}
KINDS: dict[str, tuple[str, Any]] = {
    "trades": ("trade_volume", "50"),
    "notional": ("trade_volume", {"measure": "notional", "value": "90000"}),
    "profit": ("profit_target", "5000"),
    "average": ("profit_target", {"measure": "average", "value": "500", **SAMPLE}),
    "win rate": ("strategy_performance", {"measure": "win_rate", "value": "0.99", **SAMPLE}),
    "profit factor": ("strategy_performance", {"measure": "profit_factor", "value": "99", **SAMPLE}),
    "return": ("strategy_performance", {"measure": "return", "value": "9"}),
    "sharpe": ("strategy_performance", {"measure": "sharpe", "value": "99"}),
    "sortino": ("strategy_performance", {"measure": "sortino", "value": "99"}),
    "equity": ("equity", "900000"),
    "custom": ("custom", {"match": "all", "conditions": [
        {"metric": "fills", "operator": ">=", "value": "70"}, {"metric": "drawdown", "operator": "<", "value": "0.9"}
    ]}),
}  # fmt: skip


def trade(ground: Ground, at: datetime, profit: int) -> None:
    """A closed trade and its two fills, as they are written down at that moment."""
    values = {
        "at": at, "profit": profit, "price": 100 + profit, "instrument": ground.desk.instrument.pk,
        "owner": ground.owner_id, "wallet": ground.desk.wallet.pk, "connection": ground.desk.connection.pk,
    }  # fmt: skip
    with past_the_keys() as writer:
        for statement in (FILL, FILL, POSITION):
            writer.execute(statement.encode(), values)


def live_through(ground: Ground, midnights: list[datetime]) -> None:
    """A month of trades, deposits and ups and downs; goals are measured every midnight."""
    for day, midnight in enumerate(midnights[1:]):
        if day % 3 == 0:
            trade(ground, midnight - timedelta(hours=3), (day * 7919) % 23 - 8)
        with clock.at(midnight - timedelta(hours=2)), ground.tenant():
            fund(ground.desk, "USDT", Decimal(100))
        close_day(ground, midnight, twr=((day * 31) % 17 - 7) / 100)
        with clock.at(midnight):
            ground.update()


def close_day(ground: Ground, midnight: datetime, *, twr: float = 0) -> None:
    """What the roll-up writes at that midnight of the farm: it holds what its agent has."""
    with ground.tenant():
        zone = User.objects.get(pk=ground.owner_id).timezone
        DailyPerformance.objects.create(
            owner_id=ground.owner_id,
            wallet=ground.desk.farm,
            day=(midnight - timedelta(hours=1)).astimezone(ZoneInfo(zone)).date(),
            ends=midnight,
            base="USDT",
            equity=ground.desk.balance("USDT"),
            **dict.fromkeys(("low", "high", "flow", "market", "realized", "fees", "adjustments"), 0),
            twr=twr,
            **dict.fromkeys(("twr_index", "twr_low", "twr_high"), 1),
        )


def series(ground: Ground, goal: Goal) -> dict[datetime, tuple[Decimal, float]]:
    with ground.tenant():
        points = selectors.series(owner_id=ground.owner_id, goal_id=goal.pk, most=10_000)
    return {point.at: (point.value, point.progress) for point in points}


@pytest.mark.slow
@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo"])
def test_the_past_of_a_goal_is_what_its_series_would_have_said(ground: Ground, zone: str) -> None:
    with ground.tenant():
        User.objects.filter(pk=ground.owner_id).update(timezone=zone)
    midnights = midnights_of(FIRST, FIRST + timedelta(days=DAYS), ZoneInfo(zone))
    start, end = midnights[0], midnights[-1]
    given = {"starts_at": start, "ends_at": end + timedelta(days=60), "scope": [ground.desk.farm.pk]}
    with clock.at(start):
        close_day(ground, start)
        lived = {name: ground.goal(*kind, **given) for name, kind in KINDS.items()}
    live_through(ground, midnights)
    with clock.at(end + timedelta(minutes=1)):
        made = {name: ground.goal(*kind, **given) for name, kind in KINDS.items()}
        now = {name: ground.fresh(goal) for name, goal in made.items()}
    for name, goal in lived.items():
        told, written = series(ground, goal), series(ground, made[name])
        assert len(told) >= 2, name
        assert {at: written.get(at) for at in told} == told, name
        assert set(written) <= set(midnights), name
        before = ground.fresh(goal)
        assert (now[name].value, now[name].progress, now[name].began_with) == (
            before.value, before.progress, before.began_with
        ), name  # fmt: skip
    assert set(series(ground, made["trades"])) == set(midnights)
    # Ratios have whole days of the owner alone: one that begins an hour later has a day less.
    with clock.at(end + timedelta(minutes=1)):
        later = ground.goal(*KINDS["sharpe"], **given | {"starts_at": start + timedelta(hours=1)})
        with ground.tenant():
            rows = [selectors.goal_row(owner_id=ground.owner_id, goal_id=one.pk) for one in (made["sharpe"], later)]
    figures = [row.reading.value for row in rows]
    assert figures[0] != figures[1]
    assert None not in figures


def test_days_are_the_owners(ground: Ground) -> None:
    """Midnight in Tokyo is 15:00 in UTC: nine hours after the UTC day began its second day has not ended."""
    with ground.tenant():
        User.objects.filter(pk=ground.owner_id).update(timezone="Asia/Tokyo")
    tokyo = ZoneInfo("Asia/Tokyo")
    midnights = midnights_of(FIRST, FIRST + timedelta(days=4), tokyo)
    assert [at.hour for at in midnights] == [15] * 4
    for midnight in midnights:
        close_day(ground, midnight)
    counts = []
    with clock.at(midnights[-1] + timedelta(minutes=1)):
        for start in (midnights[0], midnights[0] + timedelta(minutes=1), midnights[0].replace(hour=0)):
            goal = ground.goal(*KINDS["sharpe"], starts_at=start, ends_at=midnights[-1] + timedelta(days=9))
            counts.append(goal.unknown.exact)
    assert [text.partition("there are ")[2] for text in counts] == ["3 so far.", "2 so far.", "3 so far."]


def test_another_start_begins_another_series(ground: Ground) -> None:
    for day in range(3):
        trade(ground, FIRST + timedelta(days=day, hours=5), 5)
    with clock.at(FIRST + timedelta(days=3, hours=1)):
        goal = ground.goal(target=9, starts_at=FIRST + timedelta(days=2), ends_at=FIRST + timedelta(days=30))
        assert [int(value) for value, _ in series(ground, goal).values()] == [0, 1]
        with ground.tenant():
            services.change(owner_id=ground.owner_id, goal_id=goal.pk, starts_at=FIRST)
        assert [int(value) for value, _ in series(ground, goal).values()] == [0, 1, 2, 3]
        with ground.tenant():
            services.change(owner_id=ground.owner_id, goal_id=goal.pk, name="Renamed")
        assert len(series(ground, goal)) == 4


def test_a_goal_with_a_past_has_a_projection_at_once(ground: Ground) -> None:
    for day in range(9):
        trade(ground, FIRST + timedelta(days=day, hours=5), 5)
    with clock.at(FIRST + timedelta(days=9, hours=1)):
        goal = ground.goal(target=12, starts_at=FIRST, ends_at=FIRST + timedelta(days=12))
        with ground.tenant():
            row = selectors.goal_row(owner_id=ground.owner_id, goal_id=goal.pk)
            found = selectors.projection(row)
    assert found is not None
    # A trade each day, so every future is the same: 9 and three days less an hour.
    assert found.low == found.high == pytest.approx(12 - 1 / 24)


def test_the_chart_of_a_goal_that_has_ended_ends_with_it(ground: Ground) -> None:
    with clock.at(FIRST + timedelta(days=9)):
        goal = ground.goal(target=12, starts_at=FIRST, ends_at=FIRST + timedelta(days=30))
        with ground.tenant():
            until = []
            for _ in range(2):
                row = selectors.goal_row(owner_id=ground.owner_id, goal_id=goal.pk)
                until.append(charts.course(row, [], None)["layout"]["xaxis"]["range"][1][:10])
                if row.goal.status == "active":
                    services.cancel(owner_id=ground.owner_id, goal_id=goal.pk)
    assert until == [f"{FIRST + timedelta(days=day):%Y-%m-%d}" for day in (30, 9)]


def test_days_without_a_trade_are_days_of_the_projection_too(ground: Ground) -> None:
    """Two days of ten with five trades each are a trade a day, not five."""
    for day in (2, 6):
        for _ in range(5):
            trade(ground, FIRST + timedelta(days=day, hours=5), 5)
    with clock.at(FIRST + timedelta(days=10)):
        goal = ground.goal(target=40, starts_at=FIRST, ends_at=FIRST + timedelta(days=30))
        with ground.tenant():
            row = selectors.goal_row(owner_id=ground.owner_id, goal_id=goal.pk)
            found = selectors.projection(row)
    assert found is not None
    assert 25 <= found.middle <= 35


def test_a_series_keeps_five_minutes_for_a_week_and_then_a_point_a_day(ground: Ground) -> None:
    goal = ground.goal(target=9)
    now = clock.now().replace(hour=12, minute=0, second=0, microsecond=0)
    made = [now - number * timedelta(minutes=5) for number in range(12 * 24 * 20)]
    with ground.tenant():
        GoalProgress.objects.filter(goal=goal).delete()
        GoalProgress.objects.bulk_create(
            GoalProgress(owner_id=ground.owner_id, goal=goal, at=at, value=number, progress=0)
            for number, at in enumerate(made)
        )
        Goal.objects.filter(pk=goal.pk).update(noted_at=now)
    for _ in range(2):
        with clock.at(now):
            tasks.thin_out_series()
        left = sorted(series(ground, goal))
        week = [at for at in left if at > now - timedelta(days=7)]
        before = [at for at in left if at < now - timedelta(days=7)]
        assert len(week) == 7 * 24 * 12
        days = [at.date() for at in before]
        assert len(days) == len(set(days)) == 14
        assert {(at.hour, at.minute) for at in before[:-1]} == {(23, 55)}  # the last of its day stays
