"""After the clock had once been ahead, or was set back, the present goes on: nothing waits for the future."""

from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
import time_machine

from kit import clock, tenancy
from kit.users.models import User
from markets.models import Ticker
from markets.services import NewQuote, generate_history, play_simulated_markets, record_quotes
from portfolio.models import DailyPerformance, PortfolioState, Snapshot
from portfolio.services import roll_up_days, take_snapshots
from tests.farms.conftest import make_instrument
from tests.portfolio.fund import Fund, set_price
from tests.wallets.books import make_wallet
from wallets.models import Connection, SyncRun
from wallets.services import deposit
from wallets.sync.health import connection_health, freshness
from wallets.sync.runs import sync_connection
from wallets.venues.accounts import create_demo_connection

AHEAD = timedelta(days=200)


def in_the_future() -> time_machine.travel:
    return time_machine.travel(clock.now() + AHEAD)


@pytest.mark.django_db
def test_a_price_of_the_future_is_replaced_by_one_of_now() -> None:
    instrument = make_instrument()

    def quote(price: int) -> int:
        return record_quotes([NewQuote(instrument.pk, *[Decimal(price)] * 3, "simulated", clock.now())])

    with in_the_future():
        assert quote(200) == 1
    assert quote(100) == 1
    ticker = Ticker.objects.get(instrument=instrument)
    assert (ticker.price, ticker.at <= clock.now()) == (100, True)


@pytest.mark.django_db
def test_a_simulated_market_that_was_played_ahead_is_quoted_now() -> None:
    with time_machine.travel(clock.now() + timedelta(hours=5)):
        generate_history(days=1)
        assert play_simulated_markets()
    quoted = play_simulated_markets()
    assert quoted
    moments = Ticker.objects.filter(instrument_id__in=quoted).values_list("at", flat=True)
    assert all(abs(moment - clock.now()) < timedelta(minutes=1) for moment in moments)


def test_values_and_days_are_written_again(live_db: str, owner: User) -> None:
    with tenancy.tenant(owner.pk):
        set_price("100")
        fund = Fund.make(owner)
        fund.deposit("1000")
        assert take_snapshots(owner_id=owner.pk)
    with in_the_future(), tenancy.tenant(owner.pk):
        fund.deposit("500")
        assert take_snapshots(owner_id=owner.pk)
        roll_up_days(owner_id=owner.pk)
    with tenancy.tenant(owner.pk):
        assert take_snapshots(owner_id=owner.pk)
        assert roll_up_days(owner_id=owner.pk)
        present = Snapshot.objects.filter(scope=owner.pk, at__lte=clock.now()).latest("at")
        assert (present.equity, present.flow, present.twr_index) == (1500, 0, 1), "the deposit of the future is no gain"
        assert DailyPerformance.objects.filter(scope=owner.pk, day=clock.now().date()).exists()
        assert PortfolioState.objects.get().valued_at == present.at
        assert Snapshot.objects.filter(scope=owner.pk).count() == 3, "nothing is thrown away: our clock may be wrong"


def test_a_sync_of_the_future_is_shown_as_such_and_the_next_one_stands_before_it(as_owner: User) -> None:
    connection = create_demo_connection(owner_id=as_owner.pk)
    wallet = make_wallet(as_owner, connection=connection)
    deposit(owner_id=as_owner.pk, wallet_id=wallet.pk, amount=Decimal(100), asset="USDT", key=str(uuid4()))
    with in_the_future():
        sync_connection(owner_id=as_owner.pk, connection_id=connection.pk)
    connection.refresh_from_db()
    assert (freshness(connection).word, freshness(connection).is_ahead) == ("stale", True)
    (health,) = connection_health(owner_id=as_owner.pk)
    assert "dated in the future" in health.notice
    run = sync_connection(owner_id=as_owner.pk, connection_id=connection.pk)
    assert (run.status, SyncRun.objects.count()) == (SyncRun.Status.OK, 2)
    (health,) = connection_health(owner_id=as_owner.pk)
    assert (health.status, health.runs[0].run) == (Connection.Status.OK, run)
