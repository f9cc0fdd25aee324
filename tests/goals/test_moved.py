"""A goal of several wallets after one of them was moved: of each day those count that no other contained then."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from goals.figures import DaysOf, Rates, Span, Worth
from goals.models import Goal
from kit import clock
from portfolio.services import roll_up_days, take_snapshots
from tests.portfolio.conftest import fund  # noqa: F401 - the fixture
from tests.portfolio.fund import Fund, set_price_then
from tests.portfolio.test_moved_wallets import START
from wallets.hierarchy import archiving

UTC = ZoneInfo("UTC")


def test_a_day_is_of_all_in_scope_as_they_stood_then(fund: Fund) -> None:  # noqa: F811
    agent, farm = fund.wallets["agent a"], fund.wallets["farm b"]
    for day, price in enumerate(("100", "110", "110", "121", "121")):
        with clock.at(START + timedelta(days=day)):
            set_price_then(price, at=clock.now())
            if day == 0:
                fund.deposit("1000", wallet="agent a")
                fund.buy("agent a", "10", "100")
                fund.deposit("3000", wallet="agent b")
            take_snapshots(owner_id=fund.owner.pk, at=clock.now())
            if day == 2:
                archiving.change_place(archiving.lock_to_move(agent), farm)
    roll_up_days(owner_id=fund.owner.pk)
    goal = Goal(owner=fund.owner, starts_at=START - timedelta(days=1), base="USDT")
    spans = [Span(wallet.pk, goal.starts_at, None) for wallet in (farm, agent)]
    with clock.at(START + timedelta(days=5)):
        returns, _ = DaysOf(goal, spans, UTC).until(clock.now())
        assert list(returns) == pytest.approx([0, 100 / 4000, 0, 110 / 4100, 0])
        midnights = [(START + timedelta(days=day + 1)).replace(hour=0) for day in (0, 1, 2, 3)]
        worth = Worth(goal, spans, midnights, Rates(fund.owner.pk))
        assert [worth(midnight) for midnight in midnights] == [4000, 4100, 4100, 4210]
