"""The five-minute job: every venue is asked, then everything is valued, whatever the venues said."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from kit import clock, tenancy
from kit.users.models import User
from portfolio import tasks
from portfolio.models import DailyPerformance, PortfolioState, Snapshot
from portfolio.services import SYNC_IS_DEAD_AFTER, sync_owner
from tests.portfolio.fund import Fund, set_price
from wallets.models import Connection, SyncRun
from wallets.venues import registry


@pytest.fixture
def live_fund(live_db: str, owner: User) -> Iterator[Fund]:
    """A fund whose commits are real."""
    with tenancy.tenant(owner.pk):
        set_price("100")
        fund = Fund.make(owner)
        fund.deposit("1000")
    return fund


def test_a_sync_asks_every_venue_and_leaves_a_value_and_a_day(live_fund: Fund) -> None:
    owner_id = live_fund.owner.pk
    assert sync_owner(owner_id=owner_id)
    with tenancy.tenant(owner_id):
        assert SyncRun.objects.filter(connection=live_fund.connection).count() == 1
        assert Snapshot.objects.filter(scope=owner_id).get().equity == 1000
        assert DailyPerformance.objects.filter(scope=owner_id).get().flow == 1000
        state = PortfolioState.objects.get()
    assert state.synced_at is not None
    assert state.syncing_since is None


def test_a_venue_that_fails_is_carried_forward_and_flagged(live_fund: Fund) -> None:
    owner_id = live_fund.owner.pk
    with tenancy.tenant(owner_id):
        live_fund.connection.platform.adapter = "nobody-knows"
        live_fund.connection.platform.save()
    assert sync_owner(owner_id=owner_id)
    with tenancy.tenant(owner_id):
        assert Connection.objects.get().status in {Connection.Status.FAILED, Connection.Status.STALE}
        snapshot = Snapshot.objects.filter(scope=owner_id).get()
    assert (snapshot.equity, snapshot.is_stale) == (1000, True)


def test_a_bug_in_an_adapter_does_not_cost_the_fund_its_values(
    live_fund: Fund, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(registry.ADAPTERS, "demo", lambda connection: 1 // 0)
    owner_id = live_fund.owner.pk
    assert sync_owner(owner_id=owner_id)
    with tenancy.tenant(owner_id):
        snapshot = Snapshot.objects.filter(scope=owner_id).get()
    assert (snapshot.equity, snapshot.is_stale) == (1000, True)


def test_a_sync_that_runs_already_is_not_started_again_until_it_must_be_dead(live_fund: Fund) -> None:
    owner_id = live_fund.owner.pk
    with tenancy.tenant(owner_id):
        PortfolioState.objects.create(owner_id=owner_id, syncing_since=clock.now() - timedelta(minutes=1))
    assert not sync_owner(owner_id=owner_id)
    with tenancy.tenant(owner_id):
        PortfolioState.objects.update(syncing_since=clock.now() - SYNC_IS_DEAD_AFTER - timedelta(seconds=1))
    assert sync_owner(owner_id=owner_id)


def test_the_job_finds_every_owner_with_wallets_and_leaves_a_history_that_is_being_built_alone(
    live_fund: Fund, other_owner: User
) -> None:
    assert tasks.sync_all.run() == 1
    with tenancy.tenant(other_owner.pk):
        Fund.make(other_owner)
        PortfolioState.objects.create(owner=other_owner, building=10)
    assert tasks.sync_all.run() == 1
    with tenancy.tenant(other_owner.pk):
        PortfolioState.objects.update(building=None)
    assert tasks.sync_all.run() == 2
