"""The line of a farm's return has beside it where its goals want it to be, on the page and for programs."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from farms.analytics.paths import Wanted, paths_of, tell_from
from farms.analytics.reading import Analytics
from farms.models import Farm
from goals.paths import wanted_of
from kit import clock, tenancy
from portfolio.services import take_snapshots
from tests.goals.conftest import Ground
from tests.programs import bearer
from tests.trading.desk import set_price

D = Decimal
DAY = timedelta(days=1)


@pytest.fixture
def farm(ground: Ground) -> Farm:
    """With a value of before its goals begin, and one of after."""
    with ground.tenant():
        made = Farm.objects.create(owner_id=ground.owner_id, name="Farm", wallet=ground.desk.farm, status="running")
        take_snapshots(owner_id=ground.owner_id)
    return made


def test_a_goal_of_profit_or_return_is_a_straight_path_to_its_deadline(ground: Ground, farm: Farm) -> None:
    until = clock.now() + 10 * DAY
    profit = ground.goal("profit_target", {"measure": "total", "value": "5000"}, name="Five", ends_at=until)
    share = ground.goal("strategy_performance", {"measure": "return", "value": "0.1"}, name="Tenth", ends_at=until)
    ground.goal("trade_volume", 3, name="Not a return")
    ground.goal("profit_target", {"measure": "total", "value": "5000"}, name="No deadline", ends_at=None)
    ground.goal(
        "profit_target", {"measure": "total", "value": "5000"}, name="Of another", scope=[ground.desk.wallet.pk]
    )
    ground.goal("profit_target", {"measure": "total", "value": "5000"}, name="Of all", scope="fund")
    set_price(ground.desk.instrument, "100")
    with ground.tenant(), clock.at(clock.now() + DAY):
        take_snapshots(owner_id=ground.owner_id)
        found = Analytics(owner=ground.desk.owner, farm_id=farm.pk)
        equity = found.scope.points[0].equity
        assert {path.name: (path.goal_id, path.begins, path.until) for path in found.paths} == {
            "Five": (profit.pk, 0, until), "Tenth": (share.pk, 0, until)
        }  # fmt: skip
        targets = {path.name: path.target for path in found.paths}
        assert targets == pytest.approx({"Five": float(5000 / equity), "Tenth": 0.1})
        client = Client()
        client.force_login(ground.desk.owner)
        said = client.get(f"/api/v1/farms/{farm.pk}/analytics", headers=bearer(ground.desk.owner)).json()
        assert {one["name"]: one["target"] for one in said["goal_paths"]} == pytest.approx(targets)
        page = client.get(reverse("farms:farm-analytics", args=[farm.pk]))
    drawn = {trace["name"]: trace for trace in page.context["chart"]["data"]}
    assert {"Goal: Five", "Goal: Tenth"} <= drawn.keys()
    assert len(drawn["Goal: Five"]["x"]) == 2
    assert {name for name, trace in drawn.items() if "dash" in trace["line"]} == {"Goal: Five", "Goal: Tenth"}
    assert "goal Five:" in page.content.decode()


def test_a_path_begins_where_the_return_was_when_its_goal_began() -> None:
    began = clock.now()
    wallet, nothing = uuid4(), uuid4()

    def source(owner: Any, wallet_id: Any, base: str) -> list[Wanted]:
        return [Wanted(uuid4(), "Half", began + DAY, began + 3 * DAY, profit=D(50))] if wallet_id == wallet else []

    tell_from(source)
    values = [(began, 0.0, D(80)), (began + DAY, 0.25, D(100)), (began + 2 * DAY, 0.5, D(120))]
    (path,) = paths_of(owner_id=uuid4(), wallet_id=wallet, base="USDT", values=values)
    assert (path.begins, path.target) == (0.25, pytest.approx(1.25 * 1.5 - 1))
    assert path.upto(began + 2 * DAY)[-1] == (began + 2 * DAY, pytest.approx((0.25 + path.target) / 2))
    assert path.upto(began + 9 * DAY)[-1] == (began + 3 * DAY, pytest.approx(path.target))
    assert paths_of(owner_id=uuid4(), wallet_id=nothing, base="USDT", values=values) == []
    broke = [(at, twr, D(0)) for at, twr, _ in values]
    assert paths_of(owner_id=uuid4(), wallet_id=wallet, base="USDT", values=broke) == []


def test_goals_tell_their_paths_once() -> None:
    tell_from(wanted_of)
    tell_from(wanted_of)
    with tenancy.system():
        assert paths_of(owner_id=uuid4(), wallet_id=uuid4(), base="USDT", values=[]) == []
