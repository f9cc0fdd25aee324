"""What is moved along the tree is no profit of any wallet, no return, and no part of a day but its flow."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from kit import clock
from portfolio.daily import roll_up
from portfolio.models import DailyPerformance
from portfolio.selectors.standings import standings
from portfolio.services import take_snapshots
from tests.portfolio.fund import D, Fund, set_price
from wallets.hierarchy.routes import FUNDING, Move, move_along
from wallets.models import PostingKind, Wallet

PAIRS = (("agent a", "reserve"), ("agent a", "agent b"), ("reserve", "farm a"), ("master", "agent a"))


@pytest.fixture
def earning(fund: Fund) -> Fund:
    """Everybody has money, the agents have positions that won and lost, a reserve stands beside the farms."""
    fund.wallets["reserve"] = Wallet.objects.create(
        owner=fund.owner, connection=fund.connection, name="reserve", role="reserve", parent=fund.wallets["master"]
    )
    for name, amount in {"master": "5000", "reserve": "700", "agent a": "1000", "agent b": "300"}.items():
        fund.deposit(amount, wallet=name)
    fund.buy("agent a", "2", "100", fee="1")
    fund.buy("agent b", "1", "150", fee="1")
    take_snapshots(owner_id=fund.owner.pk, at=clock.now() - timedelta(hours=2))
    set_price("120")
    take_snapshots(owner_id=fund.owner.pk, at=clock.now() - timedelta(hours=1))
    return fund


def earned(fund: Fund) -> dict[UUID, Any]:
    """Profit, returns and today of every wallet and of all together."""
    return {
        wallet_id: (standing.profit, pytest.approx(standing.twr), standing.today, pytest.approx(standing.today_return))
        for wallet_id, standing in standings(owner_id=fund.owner.pk).items()
    }


def parts(fund: Fund) -> dict[UUID, Any]:
    roll_up(owner_id=fund.owner.pk)
    days: dict[UUID, Any] = {}
    for day in DailyPerformance.objects.order_by("day"):
        figures = (day.market, day.realized, day.fees, day.adjustments)
        days[day.scope] = tuple(map(sum, zip(days.get(day.scope, (0,) * 4), figures, strict=True)))
    return days


@pytest.mark.parametrize("kind", sorted(FUNDING))
def test_moving_a_hundred_by_any_kind_is_nobodys_profit(earning: Fund, kind: PostingKind) -> None:
    fund = earning
    before, parts_before = earned(fund), parts(fund)
    assert len(before) == len(fund.wallets) + 1
    assert any(profit for profit, *_ in before.values())
    for number, (source, target) in enumerate(PAIRS):
        move = Move(fund.wallets[source], fund.wallets[target], "USDT", D(100))
        move_along(owner_id=fund.owner.pk, key=f"goal:{number}", kind=kind, moves=[move])
        assert earned(fund) == before
    take_snapshots(owner_id=fund.owner.pk, at=clock.now())
    assert earned(fund) == before
    assert parts(fund) == parts_before
    values = {name: standings(owner_id=fund.owner.pk)[wallet.pk].value for name, wallet in fund.wallets.items()}
    assert values["reserve"] == 700
    assert values["agent a"] == 1000 - 201 + 240 - 100
    assert values["agent b"] == 300 - 151 + 120 + 100
