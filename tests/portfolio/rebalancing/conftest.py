"""A fund whose farms have a history, with values of now."""

from datetime import UTC, datetime
from typing import Any

import pytest

from kit import clock
from portfolio.allocation.asking import Asked, Limits
from portfolio.rebalancing import rules, running
from portfolio.rebalancing.models import RebalanceRule, RebalanceRun
from portfolio.services import take_snapshots
from tests.portfolio.fund import D, Fund
from tests.portfolio.test_method_plans import WALKS, remember

SET = datetime(2030, 5, 6, 12, tzinfo=UTC)  # a Monday
DUE = datetime(2030, 5, 7, 3, tzinfo=UTC)


class Ruled:
    """The fund, and its master's rule at work at moments that a test says."""

    def __init__(self, fund: Fund) -> None:
        self.fund = fund

    def make(self, name: str = "master", *, at: datetime = SET, method: str = "equal", **wish: Any) -> RebalanceRule:
        limits = {key: wish.pop(key) for key in list(wish) if key in Limits.__dataclass_fields__}
        given: dict[str, Any] = {"every": "day", "on_day": None, "automatic_up_to": D(2), **wish}
        with clock.at(at):
            return rules.set_rule(
                owner_id=self.fund.owner.pk,
                wallet_id=self.fund.wallets[name].pk,
                wish=rules.Wish(Asked(method, 90, {}, Limits(**limits)), **given),
            )

    def look(self, at: datetime = DUE, name: str = "master") -> list[tuple[str, str]]:
        """What has changed of the runs, as a status and a reason."""
        with clock.at(at):
            found = running.look(owner_id=self.fund.owner.pk, wallet_id=self.fund.wallets[name].pk)
        return [(run.status, run.reason.exact) for run in found]

    def live(self) -> list[tuple[str, str]]:
        """The same now, when data may be old."""
        found = running.look(owner_id=self.fund.owner.pk, wallet_id=self.fund.wallets["master"].pk)
        return [(run.status, run.reason.exact) for run in found]

    def value(self) -> None:
        take_snapshots(owner_id=self.fund.owner.pk)

    def runs(self) -> list[RebalanceRun]:
        return list(RebalanceRun.objects.order_by("due_at", "created_at"))


@pytest.fixture
def ruled(fund: Fund) -> Ruled:
    """100 in the master; 600 with agent a under farm a; 300 with agent b under farm b."""
    fund.deposit("1000")
    for letter, amount in (("a", "600"), ("b", "300")):
        fund.move("master", f"farm {letter}", amount)
        fund.move(f"farm {letter}", f"agent {letter}", amount)
    return Ruled(fund)


@pytest.fixture
def remembered(ruled: Ruled) -> Ruled:
    """With 80 days of history."""
    remember(ruled.fund, WALKS[:80], "farm a", "farm b")
    return ruled
