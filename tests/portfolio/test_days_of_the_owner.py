"""A day is the owner's: it begins at their midnight, and what it closes with is what the next one opens with."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from kit import clock, days, display
from moniqo.schedule import SCHEDULE
from portfolio.models import DailyPerformance, PortfolioState, Snapshot
from portfolio.selectors.performance import daily_parts
from portfolio.selectors.periods import Period
from portfolio.selectors.scope import Scope
from portfolio.selectors.standings import standings
from portfolio.services import close_day, days_that_closed, roll_up_days, take_snapshots
from tests.portfolio.fund import Fund, set_price

# Some of them have other rules in one table of time zones than in another, older one.
ZONES = (
    "Africa/Casablanca",
    "America/Vancouver",
    "CET",
    "UTC",
    "Asia/Tokyo",
    "America/Los_Angeles",
    "Europe/Berlin",
    "Asia/Kathmandu",
)


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo", "America/Los_Angeles", "Africa/Casablanca", "CET"])
def test_today_is_what_the_day_table_says_of_today(fund: Fund, zone: str) -> None:
    """Money comes in every six hours for two days; today, the table's newest day and the local midnight agree."""
    _in_zone(fund, zone)
    start = datetime(2026, 3, 2, 1, tzinfo=UTC)
    for number in range(9):
        with clock.at(start + timedelta(hours=6 * number)):
            fund.deposit("100", wallet="agent a")
            fund.correct("agent a", "1")
            take_snapshots(owner_id=fund.owner.pk, at=clock.now())
    now = start + timedelta(hours=48, minutes=30)
    with clock.at(now), display.showing(display.Display(timezone=zone)):
        take_snapshots(owner_id=fund.owner.pk, at=now)
        roll_up_days(owner_id=fund.owner.pk)
        change = Scope(owner=fund.owner, period=Period.ALL).today
        rows = daily_parts(scope=fund.owner.pk, base="USDT", start=start - timedelta(days=3))
        midnight = now.astimezone(ZoneInfo(zone)).replace(hour=0, minute=0, second=0, microsecond=0)
        came = [at for number in range(9) if (at := start + timedelta(hours=6 * number)) >= midnight]
    today, yesterday = rows[0], rows[1]
    assert today.day == now.astimezone(ZoneInfo(zone)).date()
    assert change.opening == yesterday.equity
    assert change.flows == today.flow == 100 * len(came)
    assert change.adjustments == today.adjustments == -len(came)
    assert change.profit == today.change - today.flow
    assert change.twr == pytest.approx(today.twr, abs=1e-12)
    assert sum(row.flow for row in rows) == 900


def test_midnight_belongs_to_the_day_that_begins(fund: Fund) -> None:
    _in_zone(fund, "Asia/Tokyo")
    midnight = datetime(2026, 3, 2, 15, tzinfo=UTC)
    for moment, amount in (
        (midnight - timedelta(hours=1), "10"),
        (midnight, "20"),
        (midnight + timedelta(hours=1), "40"),
    ):
        with clock.at(moment):
            fund.deposit(amount, wallet="agent a")
            take_snapshots(owner_id=fund.owner.pk, at=moment)
    roll_up_days(owner_id=fund.owner.pk)
    found = DailyPerformance.objects.filter(scope=fund.owner.pk).order_by("day").values_list("day", "equity", "flow")
    assert list(found) == [(date(2026, 3, 2), 10, 10), (date(2026, 3, 3), 70, 60)]


def test_an_owner_who_moves_gets_all_days_anew(fund: Fund) -> None:
    moment = datetime(2026, 3, 2, 20, tzinfo=UTC)
    with clock.at(moment):
        fund.deposit("10", wallet="agent a")
        take_snapshots(owner_id=fund.owner.pk, at=moment)
    roll_up_days(owner_id=fund.owner.pk)
    _in_zone(fund, "Asia/Tokyo")
    roll_up_days(owner_id=fund.owner.pk)
    assert set(DailyPerformance.objects.values_list("day", flat=True)) == {date(2026, 3, 3)}
    assert PortfolioState.objects.get().rolled_in == "Asia/Tokyo"


@given(
    moment=st.integers(0, 10 * 365 * 86_400).map(lambda second: datetime.fromtimestamp(1_577_836_800 + second, UTC)),
    name=st.sampled_from(ZONES),
)
def test_every_moment_lies_in_its_day(moment: datetime, name: str) -> None:
    zone = ZoneInfo(name)
    day = days.day_of(moment, zone)
    assert days.begins(day, zone) <= moment < days.ends(day, zone)
    assert days.ends(day, zone) == days.begins(day + timedelta(days=1), zone)


def _in_zone(fund: Fund, zone: str) -> None:
    fund.owner.timezone = zone
    fund.owner.save(update_fields=["timezone"])


def test_days_written_again_and_again_stay_as_they_are(fund: Fund) -> None:
    """In a zone of which the database may know other rules, a later roll-up does not cut an earlier day short."""
    _in_zone(fund, "Africa/Casablanca")
    start = datetime(2026, 11, 24, 1, tzinfo=UTC)
    for hour in range(48):
        with clock.at(start + timedelta(hours=hour)):
            fund.deposit("1", wallet="agent a")
            take_snapshots(owner_id=fund.owner.pk, at=clock.now())
            roll_up_days(owner_id=fund.owner.pk)
    kept = DailyPerformance.objects.filter(scope=fund.owner.pk).order_by("day")
    assert sum(row.flow for row in kept) == 48
    before = list(kept.values_list("day", "ends", "equity", "flow"))
    PortfolioState.objects.update(rolled_in="")
    roll_up_days(owner_id=fund.owner.pk)
    assert list(kept.values_list("day", "ends", "equity", "flow")) == before


def test_what_is_no_place_is_no_time_zone() -> None:
    assert not days.zones() & {"localtime", "Factory", "Etc/GMT+5", "posix/UTC"}
    assert days.zones() >= {"UTC", "Asia/Tokyo", "Africa/Casablanca"}


def then(moment: datetime) -> time_machine.travel:
    """That moment as the machine's own clock tells it: prices are those of tickers, as in a fund that lives."""
    return time_machine.travel(moment, tick=False)


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata", "Asia/Kathmandu", "America/St_Johns", "Australia/Lord_Howe"])
def test_a_day_closes_at_its_own_midnight_whenever_the_last_look_was(fund: Fund, zone: str) -> None:
    """A price that moves between the last snapshot and midnight belongs to the day that ends."""
    _in_zone(fund, zone)
    owner_id = fund.owner.pk
    midnight = days.begins(date(2026, 3, 3), ZoneInfo(zone))
    with then(midnight - timedelta(minutes=4)):
        set_price("100", at=clock.now())
        fund.deposit("1", "BTC", wallet="agent a")
        take_snapshots(owner_id=owner_id)
        assert days_that_closed() == []
    with then(midnight - timedelta(seconds=30)):
        set_price("110", at=clock.now())
    with then(midnight + timedelta(seconds=2)):
        assert days_that_closed() == [owner_id]
        close_day(owner_id=owner_id)
        close_day(owner_id=owner_id)  # and whoever comes again changes nothing
    with then(midnight + timedelta(hours=1)), display.showing(display.Display(timezone=zone)):
        set_price("125", at=clock.now())
        assert days_that_closed() == []
        take_snapshots(owner_id=owner_id)
        roll_up_days(owner_id=owner_id)
        change = Scope(owner=fund.owner, period=Period.ALL).today
        stand = standings(owner_id=owner_id)[owner_id]
    found = DailyPerformance.objects.filter(scope=owner_id).order_by("day").values_list("day", "equity", "market")
    assert list(found) == [(date(2026, 3, 2), 110, 10), (date(2026, 3, 3), 125, 15)]
    assert (change.opening, stand.today) == (110, 15)
    assert Snapshot.objects.filter(scope=owner_id, at=midnight - days.INSTANT).count() == 1


def test_a_day_that_nobody_closed_in_time_keeps_what_was_there_before_its_midnight(fund: Fund) -> None:
    _in_zone(fund, "Asia/Kolkata")
    midnight = days.begins(date(2026, 3, 3), ZoneInfo("Asia/Kolkata"))
    with then(midnight - timedelta(hours=2)):
        set_price("100", at=clock.now())
        fund.deposit("1", "BTC", wallet="agent a")
        take_snapshots(owner_id=fund.owner.pk)
    with then(midnight + timedelta(hours=9)):
        set_price("150", at=clock.now())
        take_snapshots(owner_id=fund.owner.pk)
        roll_up_days(owner_id=fund.owner.pk)
    assert not Snapshot.objects.filter(at=midnight - days.INSTANT).exists()
    found = DailyPerformance.objects.filter(scope=fund.owner.pk).order_by("day").values_list("equity", flat=True)
    assert list(found) == [100, 150]


def test_every_midnight_of_every_zone_is_one_of_those_that_days_are_closed_at() -> None:
    closes = SCHEDULE["close days"]["schedule"].minute
    year = [date(2026, 1, 1) + timedelta(days=number) for number in range(0, 365, 13)]
    late = {
        f"{name} {day}"
        for name in days.zones()
        for day in year
        if (at := days.begins(day, ZoneInfo(name))).minute not in closes or at.second
    }
    assert late == set()
