"""The calendar says of each day, week, month and year what the days and *today* say, to the last digit."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from kit import clock, display, tenancy
from kit.users.models import User
from portfolio.selectors.calendar import Calendar, Unit, Window
from portfolio.selectors.periods import Period
from portfolio.selectors.scope import Scope
from portfolio.services import roll_up_days, take_snapshots
from tests.conftest import OF_THE_SESSION
from tests.portfolio.fund import Fund, set_price
from trading.models import Position

ZONES = ("UTC", "Asia/Tokyo", "America/Los_Angeles", "Asia/Kathmandu")
START = datetime(2025, 12, 20, 3, tzinfo=UTC)
NOW = START + timedelta(days=50, hours=7, minutes=11)
PARTS = ("flow", "market", "realized", "fees", "adjustments")


def live(fund: Fund, zone: str) -> None:
    """Fifty days over a new year: prices, flows, corrections, and a trade every twenty-nine hours."""
    fund.owner.timezone = zone
    fund.owner.save(update_fields=["timezone"])
    with clock.at(START):
        fund.deposit("10000", wallet="agent a")
        fund.deposit("500", wallet="agent b")
        take_snapshots(owner_id=fund.owner.pk, at=START)
    for step in range(1, 42):
        moment = START + timedelta(hours=29 * step)
        if moment >= NOW:
            break
        with clock.at(moment):
            set_price(str(100 + step * 7 % 23))
            fund.buy("agent a", "1", str(100 + step * 7 % 23), fee="0.11")
            fund.sell("agent a", "1", str(100 + step * 5 % 23), fee="0.13")
            if step % 9 == 0:
                fund.deposit("33.33", wallet="agent a")
            if step % 13 == 0:
                fund.correct("agent a", "1.01")
            take_snapshots(owner_id=fund.owner.pk, at=moment)
    with clock.at(NOW - timedelta(minutes=5)):
        set_price("111.5")
        fund.buy("agent a", "2", "111.5", fee="0.2")
        take_snapshots(owner_id=fund.owner.pk, at=clock.now())
    roll_up_days(owner_id=fund.owner.pk)
    set_price("113.77", at=NOW)


@contextmanager
def reading(zone: str) -> Iterator[None]:
    with clock.at(NOW), display.showing(display.Display(timezone=zone)):
        yield


def scope(fund: Fund, wallet: str | None = None, period: Period = Period.WEEK) -> Scope:
    return Scope(owner=fund.owner, period=period, wallet_id=fund.wallets[wallet].pk if wallet else None)


def closed(zone: str) -> dict[date, int]:
    """The trades of each of the reader's days, counted one by one."""
    days: dict[date, int] = {}
    for moment in Position.objects.filter(closed_at__isnull=False).values_list("closed_at", flat=True):
        day = moment.astimezone(ZoneInfo(zone)).date()  # type: ignore[union-attr]  # those that are closed
        days[day] = days.get(day, 0) + 1
    return days


def a_day() -> date:
    """A day of this month on which a trade was closed."""
    return max(day for day in closed("UTC") if day < NOW.date())


@pytest.mark.slow
@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("wallet", [None, "farm a"])
def test_a_month_of_days_says_what_the_table_of_days_and_today_say(fund: Fund, zone: str, wallet: str | None) -> None:
    live(fund, zone)
    with reading(zone):
        found = scope(fund, wallet, Period.ALL)
        table = {day.day: day for day in found.days}
        calendars = [Calendar(scope(fund, wallet), unit=Unit.DAY, day=day) for day in (NOW.date(), date(2026, 1, 9))]
        spans = {span.begins: span for calendar in calendars for span in calendar.spans}
        today = found.today
    assert len(spans) >= 30
    trades = closed(zone)
    for day, span in spans.items():
        told = table[day]
        assert span.equity == told.equity
        assert [getattr(span, part) for part in PARTS] == [getattr(told, part) for part in PARTS]
        assert (span.profit, span.twr) == (told.change - told.flow, told.twr)
        assert span.trades == trades.get(day, 0)
    newest = spans[NOW.astimezone(ZoneInfo(zone)).date()]
    assert newest.is_today
    assert (newest.profit, newest.flow, newest.twr) == (today.profit, today.flows, today.twr)
    assert (newest.equity, newest.opening) == (today.closing, today.opening)


@pytest.mark.parametrize("zone", ZONES)
def test_weeks_months_and_years_are_the_sums_of_their_days(fund: Fund, zone: str) -> None:
    live(fund, zone)
    trades = closed(zone)
    with reading(zone):
        table = {day.day: day for day in scope(fund, period=Period.ALL).days}
        for unit in (Unit.WEEK, Unit.MONTH, Unit.YEAR):
            windows = {Calendar(scope(fund), unit=unit, day=day).window: day for day in table}
            calendars = [Calendar(scope(fund), unit=unit, day=day) for day in windows.values()]
            spans = [span for calendar in calendars for span in calendar.spans]
            assert sum(span.profit or 0 for span in spans) == sum(day.change - day.flow for day in table.values())
            assert sum(span.trades for span in spans) == sum(trades.values()) > 35
            for span in spans:
                inside = [day for day in table.values() if span.begins <= day.day <= span.ends]
                assert [getattr(span, part) for part in PARTS] == [
                    sum(getattr(day, part) for day in inside) for part in PARTS
                ]
                assert span.equity == inside[0].equity
                growth = 1.0
                for day in inside:
                    growth *= 1 + day.twr
                assert span.twr == pytest.approx(growth - 1, abs=1e-12)
                assert span.trades == sum(trades.get(day.day, 0) for day in inside)
            for calendar in calendars:
                assert calendar.total.profit == sum(span.profit or 0 for span in calendar.spans)


def test_a_month_begins_where_its_reader_is(fund: Fund) -> None:
    """At 15:30 UTC on the last of November it is December in Tokyo."""
    fund.owner.timezone = "Asia/Tokyo"
    fund.owner.save(update_fields=["timezone"])
    moment = datetime(2026, 11, 30, 15, 30, tzinfo=UTC)
    with clock.at(moment):
        fund.deposit("100", wallet="agent a")
        fund.buy("agent a", "1", "100")
        fund.sell("agent a", "1", "90")
        take_snapshots(owner_id=fund.owner.pk, at=moment)
    roll_up_days(owner_id=fund.owner.pk)
    with clock.at(moment + timedelta(hours=1)), display.showing(display.Display(timezone="Asia/Tokyo")):
        found = Calendar(scope(fund), unit=Unit.DAY)
        assert (found.window.first, found.previous, found.next) == (date(2026, 12, 1), None, None)
        assert [(span.begins, span.profit, span.trades, span.lost) for span in found.spans] == [
            (date(2026, 12, 1), Decimal(-10), 1, 1)
        ]


def test_after_a_total_loss_the_return_begins_anew(fund: Fund) -> None:
    steps: tuple[tuple[int, Callable[[], None]], ...] = (
        (0, lambda: fund.deposit("1000")),
        (1, lambda: fund.correct("master", "1000")),
        (40, lambda: fund.deposit("500")),
        (41, lambda: fund.correct("master", "50")),
    )
    for day, happens in steps:
        with clock.at(START + timedelta(days=day)):
            happens()
            take_snapshots(owner_id=fund.owner.pk, at=clock.now())
    roll_up_days(owner_id=fund.owner.pk)
    with clock.at(START + timedelta(days=45)):
        months = [
            (span.begins, span.twr)
            for day in (date(2025, 12, 31), date(2026, 1, 31))
            for span in Calendar(scope(fund), unit=Unit.MONTH, day=day).spans
        ]
    assert months == [(date(2025, 12, 1), -1), (date(2026, 1, 1), pytest.approx(-0.1)), (date(2026, 2, 1), 0)]


@pytest.mark.parametrize("unit", Unit)
def test_every_day_lies_in_one_window_and_windows_follow_each_other(unit: Unit) -> None:
    day = date(2019, 12, 20)
    while day < date(2021, 2, 1):
        window = Window.around(unit, day)
        assert window.first <= day <= window.last
        assert unit.of(window.first) == window.first
        assert Window.around(unit, window.first) == window == Window.around(unit, window.last)
        assert Window.around(unit, window.after).first == window.after
        assert Window.around(unit, window.first - timedelta(days=1)).after == window.first
        day += timedelta(days=1)


# --- pages and API ---------------------------------------------------------------------------------------------------


@pytest.fixture
def page(client: Client, owner: User) -> Client:
    client.force_login(owner)
    return client


def test_the_page_shows_a_month_and_leads_to_its_days_and_other_windows(page: Client, fund: Fund) -> None:
    live(fund, "UTC")
    with clock.at(NOW):
        text = page.get(reverse("portfolio:calendar")).content.decode()
        assert "February 2026" in text
        assert "today" in text
        assert f"{reverse('portfolio:explain', args=['day'])}?day={a_day()}" in text
        earlier = re.search(r'rel="prev" href="([^"]+)"', text)
        assert earlier
        assert "January 2026" in page.get(earlier[1]).content.decode()
        for unit in ("week", "month", "year", "nonsense"):
            assert page.get(reverse("portfolio:calendar"), {"period": unit, "at": "nonsense"}).status_code == 200
        part = page.get(reverse("portfolio:calendar"), headers={"HX-Request": "true"}).content.decode()
        assert "<html" not in part
        assert 'id="calendar"' in part


def test_portfolio_and_farm_fetch_it_of_what_they_show(page: Client, fund: Fund) -> None:
    address = reverse("portfolio:calendar")
    assert f'hx-get="{address}"' in page.get("/").content.decode()
    wallet = fund.wallets["farm a"].pk
    assert f'hx-get="{address}?wallet={wallet}"' in page.get("/", {"wallet": str(wallet)}).content.decode()


def test_a_day_explains_itself_by_its_parts_and_trades(page: Client, fund: Fund) -> None:
    live(fund, "UTC")
    with clock.at(NOW):
        for day in ("2026-02-03", "2026-01-30", "1999-01-01", "nonsense", "2999-01-01"):
            answer = page.get(reverse("portfolio:explain", args=["day"]), {"day": day})
            assert answer.status_code == 200
        text = page.get(reverse("portfolio:explain", args=["day"]), {"day": str(a_day())}).content.decode()
    table = re.search(r'aria-label="Trades, table".*?</table>', text, re.DOTALL)
    assert table
    assert len(re.findall(r"<tr>", table[0])) - 1 == closed("UTC")[a_day()] > 0


def test_hidden_amounts_are_hidden_in_the_calendar(page: Client, fund: Fund) -> None:
    live(fund, "UTC")
    User.objects.filter(pk=fund.owner.pk).update(privacy=True)
    with clock.at(NOW):
        shown = Calendar(scope(fund), unit=Unit.DAY).spans[-2]
        for address in ("calendar/", "calendar/?period=month", f"explain/day/?day={shown.begins}"):
            text = page.get(f"/portfolio/{address}").content.decode()
            assert "•••" in text
            assert "$" not in text


def test_another_owners_wallet_has_no_calendar(page: Client, fund: Fund, other_owner: User) -> None:
    theirs = Client()
    theirs.force_login(other_owner)
    query = {"wallet": str(fund.wallets["farm a"].pk)}
    assert page.get(reverse("portfolio:calendar"), query).status_code == 200
    assert theirs.get(reverse("portfolio:calendar"), query).status_code == 404
    assert theirs.get(reverse("portfolio:explain", args=["day"]), query).status_code == 404
    assert theirs.get("/api/v1/portfolio/calendar", {"wallet_id": query["wallet"]}).status_code == 404


@pytest.mark.slow
@pytest.mark.parametrize("unit", Unit)
def test_a_calendar_asks_as_many_queries_however_much_happened(page: Client, fund: Fund, unit: Unit) -> None:
    def counted() -> int:
        with CaptureQueriesContext(connection) as captured:
            page.get(reverse("portfolio:calendar"), {"period": unit}, headers={"HX-Request": "true"})
        own = ("SAVEPOINT", "RELEASE", "SELECT set_config")
        return sum(not query["sql"].startswith(own) for query in captured.captured_queries)

    with clock.at(START):
        fund.deposit("10", wallet="agent a")
        take_snapshots(owner_id=fund.owner.pk, at=START)
    roll_up_days(owner_id=fund.owner.pk)
    with clock.at(START + timedelta(hours=1)):
        counted()
        few = counted()
    live(fund, "UTC")
    with clock.at(NOW):
        assert counted() == few <= 10 + OF_THE_SESSION


def test_programs_read_what_the_page_shows(page: Client, fund: Fund) -> None:
    live(fund, "Asia/Tokyo")
    with reading("Asia/Tokyo"):
        for unit in Unit:
            body: dict[str, Any] = page.get("/api/v1/portfolio/calendar", {"period": unit, "at": "2026-01-09"}).json()
            with tenancy.tenant(fund.owner.pk):
                found = Calendar(scope(fund), unit=unit, day=date(2026, 1, 9))
                assert [Decimal(span["profit"]) for span in body["spans"]] == [span.profit for span in found.spans]
                assert Decimal(body["total"]["profit"]) == found.total.profit
            assert body["timezone"] == "Asia/Tokyo"
            assert body["period"] == unit
            assert all(
                Decimal(span["profit"])
                == Decimal(span["market"])
                + Decimal(span["realized"])
                - Decimal(span["fees"])
                + Decimal(span["adjustments"])
                for span in body["spans"]
            )
    assert page.get("/api/v1/portfolio/calendar", {"period": "decade"}).status_code == 422


def test_a_day_that_was_not_closed_at_its_midnight_counts_trades_as_it_counts_profit(page: Client, fund: Fund) -> None:
    """The last value before midnight in Los Angeles, 08:00 in UTC, is of 04:00: a trade of 06:00 is today's profit."""
    fund.owner.timezone = "America/Los_Angeles"
    fund.owner.save(update_fields=["timezone"])
    four, now = datetime(2026, 2, 10, 4, tzinfo=UTC), datetime(2026, 2, 10, 13, tzinfo=UTC)
    for moment in (four - timedelta(hours=16), four, four + timedelta(hours=2), now - timedelta(hours=1)):
        with clock.at(moment):
            set_price("100")
            if moment.hour == 12 and moment < four:
                fund.deposit("10000", wallet="agent a")
            if moment.hour == 6:
                fund.buy("agent a", "1", "100", fee="0.5")
                fund.sell("agent a", "1", "131.85", fee="0")
            else:
                take_snapshots(owner_id=fund.owner.pk, at=moment)
    roll_up_days(owner_id=fund.owner.pk)
    with clock.at(now), display.showing(display.Display(timezone="America/Los_Angeles")):
        yesterday, today = Calendar(scope(fund), unit=Unit.DAY).spans
        assert scope(fund).today.began == today.measured_from == four
        assert yesterday.measured_from is None
        shown = page.get(reverse("portfolio:explain", args=["day"])).content.decode()
        home = page.get("/").content.decode()
        month = Calendar(scope(fund), unit=Unit.MONTH).spans[-1]
    assert (yesterday.trades, yesterday.realized) == (0, 0)
    assert (today.trades, today.won, today.realized, today.profit) == (1, 1, Decimal("31.85"), Decimal("31.35"))
    assert (month.trades, month.realized) == (1, Decimal("31.85"))
    assert "9 Feb 2026, 20:00 PST</time> on, the last one before" in shown
    assert "+$31.35" in shown.partition('aria-label="Trades, table"')[2]
    assert "today</a>, since 20:00<" in home
