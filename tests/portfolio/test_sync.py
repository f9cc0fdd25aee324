"""The five-minute job: every venue is asked, then everything is valued, whatever the venues said."""

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest

from kit import clock, tenancy
from kit.users.models import User
from portfolio import tasks
from portfolio.models import DailyPerformance, PortfolioState, Snapshot
from portfolio.services import SYNC_IS_DEAD_AFTER, ask_venues, value_what_came
from tests.portfolio.fund import Fund, set_price
from wallets.models import Connection, SyncRun
from wallets.sync import rounds, runs
from wallets.venues import accounts, registry


@pytest.fixture
def live_fund(live_db: str, owner: User) -> Iterator[Fund]:
    """A fund whose commits are real."""
    with tenancy.tenant(owner.pk):
        set_price("100")
        fund = Fund.make(owner)
        fund.deposit("1000")
    return fund


def sync_owner(*, owner_id: UUID) -> bool:
    """The whole five-minute job of one owner."""
    if not ask_venues(owner_id=owner_id):
        return False
    rounds.sync_waiting()  # what the workers of the queue `sync` do
    assert value_what_came(owner_id=owner_id, last_look=False)
    return True


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


def test_a_late_venue_holds_up_neither_the_others_nor_the_values_and_is_flagged(live_fund: Fund) -> None:
    owner_id = live_fund.owner.pk
    with tenancy.tenant(owner_id):
        slow = accounts.create_demo_connection(owner_id=owner_id, name="Slow")
    assert sync_owner(owner_id=owner_id)
    assert ask_venues(owner_id=owner_id)
    with tenancy.tenant(owner_id):
        other = Connection.objects.exclude(pk=slow.pk).get()
    assert runs.sync_connection(owner_id=owner_id, connection_id=other.pk).status == "ok"
    assert not value_what_came(owner_id=owner_id, last_look=False), "one of them may still answer"
    assert value_what_came(owner_id=owner_id, last_look=True)
    with tenancy.tenant(owner_id):
        assert Snapshot.objects.filter(scope=owner_id).count() == 2
        assert Connection.objects.get(pk=other.pk).status == Connection.Status.OK
        slow.refresh_from_db()
        assert (slow.status, slow.status_detail) == (Connection.Status.STALE, runs.LATE)
        assert PortfolioState.objects.get().syncing_since is None
    rounds.sync_waiting()
    with tenancy.tenant(owner_id):
        slow.refresh_from_db()
        assert slow.status == Connection.Status.OK, "who answers late is fresh again"


def test_a_venue_that_is_late_makes_the_values_of_its_wallets_stale(live_fund: Fund) -> None:
    owner_id = live_fund.owner.pk
    assert sync_owner(owner_id=owner_id)
    assert ask_venues(owner_id=owner_id)
    assert value_what_came(owner_id=owner_id, last_look=True)
    with tenancy.tenant(owner_id):
        flags = Snapshot.objects.filter(scope=owner_id).order_by("at").values_list("equity", "is_stale")
        assert list(flags) == [(1000, False), (1000, True)]


def test_the_tasks_look_until_the_venues_have_answered(live_fund: Fund) -> None:
    owner_id = str(live_fund.owner.pk)
    assert tasks.sync_now.run(owner_id)
    assert not tasks.value_owner.run(owner_id)
    assert tasks.value_owner.run(owner_id, len(tasks.LOOKS) - 1)
    assert sum(tasks.LOOKS) < 60


def test_what_a_clock_that_was_ahead_began_blocks_nothing(live_fund: Fund) -> None:
    owner_id = live_fund.owner.pk
    with clock.at(clock.now() + timedelta(days=400)), tenancy.tenant(owner_id):
        PortfolioState.objects.create(owner_id=owner_id, syncing_since=clock.now())
        SyncRun.objects.create(owner_id=owner_id, connection=live_fund.connection)
    assert sync_owner(owner_id=owner_id)
    with tenancy.tenant(owner_id):
        assert Snapshot.objects.filter(scope=owner_id).count() == 1
        assert SyncRun.objects.latest("created_at").error.exact == "It was interrupted."
        assert not SyncRun.objects.filter(status=SyncRun.Status.RUNNING).exists()


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
