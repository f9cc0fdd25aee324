"""How far a wallet has fallen from its highest: measured with every valuation, over the days that its limit names."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kit import clock
from portfolio.losses import look_after_drawdowns
from portfolio.services import roll_up_days, take_snapshots
from tests.portfolio.fund import Fund, set_price
from trading.models import EntryLock, RiskLimit
from trading.risk.gate import Caps
from trading.services import set_limits
from wallets.models import Connection, Wallet

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def begun(fund: Fund, monkeypatch: pytest.MonkeyPatch) -> Iterator[Fund]:
    """Agent a holds a bitcoin of 100 USDT beside 100 USDT; 300 USDT are in the master wallet. It is the present."""
    monkeypatch.setattr(clock, "is_controlled", lambda: False)
    with clock.at(NOON):
        set_price("100")
        fund.deposit(500)
        fund.move("master", "farm a", 200)
        fund.move("farm a", "agent a", 200)
        fund.buy("agent a", "1", "100")
        take_snapshots(owner_id=fund.owner.pk)
        roll_up_days(owner_id=fund.owner.pk)
        yield fund


def limit(on: Wallet | Connection, share: str, *, days: int = 30, hours: int = 24) -> RiskLimit:
    caps = Caps(maximum_drawdown=Decimal(share), lookback_days=days, lock_hours=hours)
    return set_limits(on=on, allowed_symbols=None, maximum_notional=None, caps=caps)


def look(fund: Fund, price: str, after: timedelta) -> Decimal | None:
    """What is found of the fall once the price is known so long after noon; None where nothing is held back then."""
    with clock.at(NOON + after):
        set_price(price)
        take_snapshots(owner_id=fund.owner.pk)
        roll_up_days(owner_id=fund.owner.pk)
        look_after_drawdowns(owner_id=fund.owner.pk)
        held = EntryLock.objects.filter(until__gt=clock.now())
        return held.values_list("measured", flat=True).first()


def test_a_fall_is_measured_from_the_highest_of_its_days_and_not_from_a_midnight(begun: Fund) -> None:
    limit(begun.wallets["agent a"], "0.1")
    assert look(begun, "140", timedelta(hours=1)) is None
    assert look(begun, "117", timedelta(days=1)) is None  # 217 of 240
    assert look(begun, "116", timedelta(days=2)) == Decimal("0.1")


def test_days_before_those_that_are_looked_back_on_are_forgotten(begun: Fund) -> None:
    limit(begun.wallets["agent a"], "0.1", days=2)
    look(begun, "140", timedelta(hours=1))
    assert look(begun, "120", timedelta(days=1)) is None
    assert look(begun, "110", timedelta(days=2)) is None  # 210 of 220: the first day is none of the two any more


def test_money_that_leaves_is_no_fall(begun: Fund) -> None:
    limit(begun.wallets["agent a"], "0.1")
    begun.move("agent a", "farm a", 90)
    assert look(begun, "100", timedelta(hours=1)) is None


def test_all_masters_of_a_connection_are_measured_each_by_itself(begun: Fund) -> None:
    limit(begun.connection, "0.1")
    assert look(begun, "51", timedelta(hours=1)) is None  # 451 of 500
    assert look(begun, "50", timedelta(hours=2)) == Decimal("0.1")
    assert EntryLock.objects.get().wallet.name == "master"


def test_after_its_end_it_is_measured_from_the_next_day_on(begun: Fund) -> None:
    limit(begun.wallets["agent a"], "0.1", hours=6)
    assert look(begun, "60", timedelta(hours=1)) == Decimal("0.2")
    assert look(begun, "60", timedelta(hours=8)) is None  # it is over, and what was before is not measured again
    assert look(begun, "60", timedelta(days=1)) is None
    assert look(begun, "40", timedelta(days=1, hours=1)) == Decimal("0.125")  # 140 of 160


def test_a_look_asks_as_much_whatever_the_number_of_wallets_and_days(begun: Fund) -> None:
    limit(begun.wallets["agent a"], "0.5")
    counted = []
    for day, wallets in enumerate((("agent a",), ("agent a", "farm a", "agent b"), ("agent a", "farm a", "master"))):
        with clock.at(NOON + timedelta(days=day)):
            for name in wallets:
                limit(begun.wallets[name], "0.5")
            take_snapshots(owner_id=begun.owner.pk)
            roll_up_days(owner_id=begun.owner.pk)
            with CaptureQueriesContext(connection) as queries:
                look_after_drawdowns(owner_id=begun.owner.pk)
            counted.append(len(queries))
    assert len(set(counted)) == 1, counted
