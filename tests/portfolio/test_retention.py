"""Snapshots become hours, hours become days, and what is old goes: nothing is lost by it, whenever it is cut off."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from django.db import DatabaseError, connection, connections, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kit import clock, display, months
from kit.tenancy import SYSTEM_DB_ALIAS
from portfolio import daily
from portfolio.models import DailyPerformance, FlowMark, HourlyPerformance, PortfolioState, Snapshot
from portfolio.selectors import series
from portfolio.selectors.series import Resolution, deepest_drawdown
from portfolio.selectors.trail import read_trail
from portfolio.services import roll_up_days, take_snapshots
from tests.conftest import as_operators
from tests.portfolio.fund import Fund, set_price
from tests.portfolio.test_daily import exactly_decomposed, undone
from tests.portfolio.test_series import write_history

D = Decimal
NOW = datetime(2026, 6, 20, 10, 7, tzinfo=UTC)


def whole(fund: Fund) -> dict[str, Any]:
    return {"scope": fund.owner.pk, "base": "USDT"}


def told(model: type[DailyPerformance | HourlyPerformance], fund: Fund) -> list[tuple[Any, ...]]:
    names = [field.attname for field in model._meta.fields if field.attname != "id"]
    return list(model.objects.filter(**whole(fund)).order_by("ends").values_list(*names))


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kathmandu"])
def test_an_hour_has_its_open_high_low_close_and_flows_and_days_are_made_of_hours(fund: Fund, zone: str) -> None:
    fund.owner.timezone = zone
    fund.owner.save(update_fields=["timezone"])
    start = datetime(2026, 3, 2, 11, 50, tzinfo=UTC)
    for minutes, price, money in ((0, "100", "1000"), (30, "130", "0"), (35, "90", "50"), (50, "110", "0")):
        moment = start + timedelta(minutes=minutes)
        set_price(price)
        if money != "0":
            fund.deposit(money, wallet="agent a")
        if minutes == 0:
            fund.buy("agent a", "5", "100", fee="1")
        take_snapshots(owner_id=fund.owner.pk, at=moment)
    roll_up_days(owner_id=fund.owner.pk)
    hours = list(HourlyPerformance.objects.filter(**whole(fund)).order_by("at"))
    (day,) = DailyPerformance.objects.filter(**whole(fund))
    assert [hour.equity for hour in hours] == [999, 1099]
    first, last = hours
    assert (first.open, first.low, first.high, first.flow, first.fees) == (999, 999, 999, 1000, 1)
    assert (last.open, last.low, last.high, last.flow, last.flows) == (999, 999, 1149, 50, 1050)
    # 130 → 90 with 50 paid in: the index falls from 1149/999 by 999 ÷ 1199.
    assert last.drawdown == pytest.approx(999 / 1199 - 1)
    assert last.ends - last.at == timedelta(hours=1)
    assert (last.at - timedelta(minutes=15 if zone == "Asia/Kathmandu" else 0)).minute == 0
    assert (day.low, day.high, day.equity, day.flow, day.market) == (999, 1149, 1099, 1050, 50)
    assert day.drawdown == pytest.approx(last.drawdown)
    for part in ("flow", "market", "realized", "fees", "adjustments"):
        assert getattr(day, part) == sum(getattr(hour, part) for hour in hours)


indexes = st.lists(st.sampled_from([0.0, *(float(one) for one in range(40, 200, 7))]), min_size=2, max_size=60)


@pytest.mark.slow
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True)
@given(values=indexes, step=st.sampled_from([7, 25, 95, 400]))
def test_the_deepest_fall_is_the_same_at_every_resolution(fund: Fund, values: list[float], step: int) -> None:
    """Hours and days remember the deepest fall within them, total losses too."""
    values[0] = values[0] or 100.0
    with undone(), clock.at(NOW):
        moments = write_history(fund, values, end=NOW - timedelta(minutes=9), step=timedelta(minutes=step))
        at = {"start": moments[0] - timedelta(microseconds=1)}
        depths = []
        for resolution in Resolution:
            if resolution != Resolution.FINE:
                daily.roll_up(owner_id=fund.owner.pk)
            with chosen(resolution):
                trough = deepest_drawdown(**whole(fund), **at)
                line = read_trail(owner_id=fund.owner.pk, **whole(fund), at=NOW, **at)
            assert trough is not None
            depths.append(trough.depth)
            assert min(point.drawdown for point in line.line) == pytest.approx(trough.depth)
            assert line.period.depth == pytest.approx(trough.depth)
    assert depths == pytest.approx([worst(values)] * 3)


def chosen(resolution: Resolution) -> Any:
    """Whatever the period is, it is read by these values."""
    patch = pytest.MonkeyPatch()
    limits = {Resolution.FINE: (10_000, 10_000), Resolution.HOURLY: (-1, 10_000), Resolution.DAILY: (-1, -1)}
    fine, hourly = limits[resolution]
    patch.setattr(series, "FINE", timedelta(days=fine))
    patch.setattr(series, "HOURLY", timedelta(days=hourly))
    patch.setattr(series, "kept_from", lambda: (datetime(2009, 1, 1, tzinfo=UTC),) * 2)

    class Undone:
        def __enter__(self) -> None: ...

        def __exit__(self, *_: object) -> None:
            patch.undo()

    return Undone()


def worst(values: list[float]) -> float:
    deepest, peak = 0.0, 0.0
    for value in values:
        if value == 0:
            return -1.0
        peak = max(peak, value)
        deepest = min(deepest, value / peak - 1)
    return deepest


@pytest.fixture
def years(fund: Fund) -> Iterator[list[datetime]]:
    """Three hundred days of a value every three hours, up to now; nothing is rolled up yet."""
    values = (1000 + 200 * np.sin(np.arange(2400) / 37) + np.arange(2400) / 9).round(4).tolist()
    with clock.at(NOW), display.showing(display.Display()):
        moments = write_history(fund, values, end=NOW - timedelta(minutes=7), step=timedelta(hours=3))
        with as_operators():
            Snapshot.objects.filter(at=moments[100]).update(flow=7, flows=7)
            Snapshot.objects.filter(at__gt=moments[100]).update(flows=7)
        yield moments


def test_what_a_period_comes_to_is_the_same_after_its_snapshots_are_forgotten(
    fund: Fund, years: list[datetime]
) -> None:
    daily.roll_up(owner_id=fund.owner.pk)
    starts = [years[0] - timedelta(microseconds=1), datetime(2026, 1, 5, tzinfo=UTC), years[-9]]

    def read() -> list[Any]:
        found = [read_trail(owner_id=fund.owner.pk, **whole(fund), start=start, at=NOW) for start in starts]
        flows = series.flows_since(**whole(fund), start=starts[0])
        return [(one.period, one.today, one.days) for one in found] + [[flow.amount for flow in flows]]

    before, hours, days = read(), told(HourlyPerformance, fund), told(DailyPerformance, fund)
    with as_operators(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM portfolio_snapshot WHERE at < %s", [NOW - timedelta(days=60)])
    assert read() == before
    daily.roll_up(owner_id=fund.owner.pk)
    assert told(HourlyPerformance, fund) == hours
    assert told(DailyPerformance, fund) == days


def test_which_values_are_read_and_why(fund: Fund) -> None:
    with clock.at(NOW):
        for ago, length, expected, why in (
            (1, 1, Resolution.FINE, "no longer than 7 days"),
            (7, 7, Resolution.FINE, "no longer than 7 days"),
            (8, 8, Resolution.HOURLY, "longer than 7 days"),
            (100, 5, Resolution.HOURLY, "kept for 90 days"),
            (31, 31, Resolution.HOURLY, "longer than 7 days"),
            (32, 32, Resolution.DAILY, "longer than 31 days"),
            (900, 5, Resolution.DAILY, "kept for 25 months"),
        ):
            start = NOW - timedelta(days=ago)
            found = series.resolution(start, start + timedelta(days=length))
            assert found.resolution == expected, (ago, length)
            assert why in found.why


def test_nobody_but_the_system_forgets_a_month_and_never_a_young_one(live_db: str) -> None:
    with pytest.raises(DatabaseError, match="system role"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT month_begin_over('portfolio_snapshot', '2024-05-01')")
    with (
        pytest.raises(DatabaseError, match="last 30 days"),
        transaction.atomic(using=SYSTEM_DB_ALIAS),
        connections[SYSTEM_DB_ALIAS].cursor() as cursor,
    ):
        cursor.execute("SELECT month_begin_over('portfolio_snapshot', current_date - 20)")


def test_months_are_made_ahead(fund: Fund) -> None:
    months.make_ahead()
    with connection.cursor() as cursor:
        cursor.execute("SELECT max(month) FROM months_of('portfolio_snapshot')")
        (newest,) = cursor.fetchone()
    assert newest > datetime.now(UTC).date()


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/Los_Angeles"])
def test_who_moves_keeps_what_is_too_old_to_be_made_anew(fund: Fund, years: list[datetime], zone: str) -> None:
    """Their days are made anew as far as there are hours, and those before go on into them without a gap."""
    PortfolioState.objects.create(owner=fund.owner, valued_at=years[-1])
    roll_up_days(owner_id=fund.owner.pk)
    whole_flow = sum(day.flow for day in DailyPerformance.objects.filter(**whole(fund)))
    with as_operators(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM portfolio_snapshot WHERE at < %s", [datetime(2026, 5, 1, tzinfo=UTC)])
        cursor.execute("DELETE FROM portfolio_hourlyperformance WHERE ends <= %s", [datetime(2026, 1, 1, tzinfo=UTC)])
    fund.owner.timezone = zone
    fund.owner.save(update_fields=["timezone"])
    roll_up_days(owner_id=fund.owner.pk)
    days = list(DailyPerformance.objects.filter(**whole(fund)).order_by("day"))
    assert sum(day.flow for day in days) == whole_flow == 7
    assert exactly_decomposed(days)
    assert (days[0].opened_at, days[-1].closed_at) == (years[0], years[-1])
    assert {day.ends.hour for day in days if day.day.year < 2026} == {0}
    assert {day.ends.astimezone(ZoneInfo(zone)).hour for day in days if day.day > date(2026, 1, 4)} == {0}


def test_who_moves_loses_no_hours_where_a_history_that_ended_left_an_old_snapshot(
    fund: Fund, years: list[datetime]
) -> None:
    """The newest snapshot of a base that is valued in no more is kept alone: it makes no hour of its time anew."""
    PortfolioState.objects.create(owner=fund.owner, valued_at=years[-1])
    kept = Snapshot.objects.filter(**whole(fund), at__gt=datetime(2026, 1, 10, tzinfo=UTC)).earliest("at")
    kept.pk, kept.base = None, "EUR"
    kept.save(force_insert=True)
    FlowMark.objects.create(owner=fund.owner, base="EUR", venue="", asset="EUR")
    roll_up_days(owner_id=fund.owner.pk)
    with as_operators():
        Snapshot.objects.filter(at__lt=datetime(2026, 5, 1, tzinfo=UTC)).exclude(base="EUR").delete()
    old = HourlyPerformance.objects.filter(**whole(fund), ends__lt=datetime(2026, 5, 1, tzinfo=UTC)).order_by("at")
    before = list(old.values())
    assert before
    fund.owner.timezone = "Asia/Tokyo"
    fund.owner.save(update_fields=["timezone"])
    roll_up_days(owner_id=fund.owner.pk)
    assert list(old.values()) == before
