"""A wallet that gets another place takes its value along as a flow: no profit, no loss, no return of anybody."""

from datetime import timedelta

import pytest

from kit import clock
from portfolio.models import DailyPerformance
from portfolio.selectors.standings import standings
from portfolio.services import take_snapshots
from tests.portfolio.fund import Fund
from tests.portfolio.test_routes import earned, earning, parts  # noqa: F401 - the fixture
from wallets.hierarchy import archiving


@pytest.mark.parametrize(("which", "to"), [("agent a", "farm b"), ("agent b", "farm a")])
def test_an_agent_that_moves_is_nobodys_profit(earning: Fund, which: str, to: str) -> None:  # noqa: F811
    fund = earning
    fund.sell(which, "0.5", "130", fee="1")
    take_snapshots(owner_id=fund.owner.pk, at=clock.now() - timedelta(minutes=30))
    wallet, target, made = fund.wallets[which], fund.wallets[to], parts(fund)
    assert made[wallet.pk][1] != 0
    before, values = earned(fund), {pk: one.value for pk, one in standings(owner_id=fund.owner.pk).items()}
    value = values[wallet.pk]
    assert value
    archiving.change_place(archiving.lock(wallet), target)
    assert earned(fund) == before
    take_snapshots(owner_id=fund.owner.pk, at=clock.now())
    assert earned(fund) == before
    after = {pk: one.value for pk, one in standings(owner_id=fund.owner.pk).items()}
    left = fund.wallets["farm a" if to == "farm b" else "farm b"]
    assert after[left.pk] == values[left.pk] - value
    assert after[target.pk] == values[target.pk] + value
    assert after[fund.wallets["master"].pk] == values[fund.wallets["master"].pk]
    assert parts(fund) == made  # to the market, to trades and to fees falls what did before
    day = DailyPerformance.objects.filter(wallet=target).latest("day")
    assert day.flow >= value
