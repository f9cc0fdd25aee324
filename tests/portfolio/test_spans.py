"""A period from one day to another: its figures are those that the days say, and spans side by side add up."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from itertools import pairwise
from typing import Any

import pytest
from django.test import Client

from kit import clock, days, display, tenancy
from kit.display import Display
from kit.users.models import User
from portfolio.selectors.periods import Period, Span
from portfolio.selectors.scope import Scope
from portfolio.selectors.series import deepest_drawdown, flows_since
from portfolio.services import roll_up_days, take_snapshots
from tests.conftest import made_once, make_user
from tests.portfolio.fund import Fund, set_price

NOW = datetime(2026, 6, 30, 15, tzinfo=UTC)
DAYS = 20
ZONES = ("UTC", "Asia/Tokyo", "America/Los_Angeles")


def twenty_days(timezone: str) -> Fund:
    """Deposits, a trade that won, prices that move; seen by somebody in that zone."""
    owner = make_user("owner@example.com", timezone=timezone)
    with seen_in(timezone, owner):
        with clock.at(NOW - timedelta(days=DAYS)):
            set_price("100")
            made = Fund.make(owner)
            made.deposit("10000")
            made.move("master", "farm a", "6000")
            made.move("farm a", "agent a", "5000")
            made.buy("agent a", "20", "100", fee="2")
        for hour in range(8, 24 * DAYS, 8):
            with clock.at(NOW - timedelta(days=DAYS) + timedelta(hours=hour)) as moment:
                set_price(Decimal(100) + Decimal(hour % 42) / 3 - Decimal(hour % 66) / 5)
                if hour == 24 * 5:
                    made.deposit("2500")
                if hour == 24 * 9:
                    made.sell("agent a", "20", "112", fee="1")
                    made.buy("agent a", "8", "111", fee="1")
                take_snapshots(owner_id=owner.pk, at=moment)
        roll_up_days(owner_id=owner.pk)
        return made


@contextmanager
def seen_in(timezone: str, owner: User) -> Iterator[None]:
    with display.showing(Display(timezone=timezone)), tenancy.tenant(owner.pk), clock.at(NOW):
        yield


@pytest.fixture(scope="module", params=ZONES)
def _fund(
    request: pytest.FixtureRequest, django_db_setup: None, django_db_blocker: Any
) -> Iterator[Callable[[], Fund]]:
    with made_once(django_db_blocker, partial(twenty_days, request.param)) as copies:
        yield copies


@pytest.fixture
def fund(_fund: Callable[[], Fund], db: None) -> Iterator[Fund]:
    made = _fund()
    with seen_in(made.owner.timezone, made.owner):
        yield made


def scope(fund: Fund, period: Period | Span) -> Scope:
    return Scope(owner=fund.owner, period=period)


def test_the_parts_of_a_period_make_the_whole(fund: Fund) -> None:
    today = days.day_of(NOW)
    whole = scope(fund, Period.ALL).change
    middle = today - timedelta(days=12), today - timedelta(days=6)
    parts = [
        scope(fund, Span(None, middle[0])).change,
        scope(fund, Span(middle[0] + timedelta(days=1), middle[1])).change,
        scope(fund, Span(middle[1] + timedelta(days=1), None)).change,
    ]
    for name in ("profit", "flows", "realized", "fees", "market", "adjustments"):
        assert sum(getattr(part, name) for part in parts) == getattr(whole, name), name
    for before, after in pairwise(parts):
        assert before.closing == after.opening
    returns = (1 + part.twr for part in parts if part.twr is not None)
    product = 1.0
    for one in returns:
        product *= one
    assert product == pytest.approx(1 + (whole.twr or 0), rel=1e-9)


def test_a_span_is_what_its_days_say(fund: Fund) -> None:
    today = days.day_of(NOW)
    found = scope(fund, Span(today - timedelta(days=14), today - timedelta(days=10)))
    table = found.days
    assert [day.day for day in table] == [today - timedelta(days=number) for number in range(10, 15)]
    assert sum(day.change for day in table) == found.change.profit + found.change.flows  # type: ignore[operator]
    assert table[0].equity == found.change.closing
    assert found.performance.days == 5
    assert found.points[-1].equity == found.change.closing
    until = found.period.until
    assert until is not None
    assert all(point.at < until for point in found.points)
    flows = flows_since(scope=found.scope, base=found.base, start=found.start, until=found.end)
    assert sum(flow.amount for flow in flows) == found.change.flows
    fall = deepest_drawdown(scope=found.scope, base=found.base, start=found.start, until=found.end)
    assert fall is not None
    assert fall.at < until
    assert fall.depth == pytest.approx(found.change.max_drawdown)


def test_today_and_the_value_are_the_same_whatever_period_is_looked_at(fund: Fund) -> None:
    today = days.day_of(NOW)
    past = scope(fund, Span(today - timedelta(days=14), today - timedelta(days=10)))
    usual = scope(fund, Period.QUARTER)
    assert past.today == usual.today
    assert past.now.equity == usual.now.equity


def test_the_trades_of_a_span_are_those_that_closed_in_it(fund: Fund) -> None:
    sold = days.day_of(NOW - timedelta(days=DAYS - 9))
    for first, last, trades in (
        (sold, sold, 1),
        (None, sold, 1),
        (sold, None, 1),
        (None, sold - timedelta(days=1), 0),
        (sold + timedelta(days=1), None, 0),
    ):
        assert scope(fund, Span(first, last)).performance.trades == trades, (first, last)


def test_a_span_to_today_ends_now_as_the_presets_do(fund: Fund) -> None:
    today = days.day_of(NOW)
    year = scope(fund, Period.YEAR)
    dated = scope(fund, Span(date(today.year, 1, 1), today + timedelta(days=3)))
    assert dated.change == year.change
    assert dated.points == year.points
    assert dated.days == year.days


def test_before_there_was_anything_nothing_is_known(fund: Fund) -> None:
    found = scope(fund, Span(None, days.day_of(NOW) - timedelta(days=DAYS + 30)))
    assert found.change.profit is None
    assert found.points == ()
    assert found.performance.trades == 0


WRONG = [
    ("soon", "", "Write a day as year-month-day"),
    ("2026-W20", "", "Write a day as year-month-day"),
    ("2026-06-20", "2026-06-10", "The last day is before the first"),
    ("2999-01-01", "", "has not begun"),
    ("x", "y", "Write a day as year-month-day"),
]


def test_days_that_make_no_period_are_refused_and_stay_as_they_were_typed(client: Client, fund: Fund) -> None:
    client.force_login(fund.owner)
    for first, last, sentence in WRONG:
        page = client.get("/", {"from": first, "to": last}).content.decode()
        assert sentence in page
        assert "Shown is the usual period, 3 months." in page
        assert ", 3 months" in page
        for text in filter(None, (first, last)):
            assert f'value="{text}"' in page
        explained = client.get("/portfolio/explain/profit/", {"from": first, "to": last}).content.decode()
        assert sentence in explained
        assert "Shown is the usual period, 3 months." in explained


@pytest.mark.parametrize("endpoint", ["summary", "equity", "allocation", "performance"])
def test_a_program_is_told_what_is_wrong_with_its_days(client: Client, fund: Fund, endpoint: str) -> None:
    client.force_login(fund.owner)
    for first, last, sentence in WRONG:
        asked = {name: day for name, day in (("from", first), ("to", last)) if day}
        answer = client.get(f"/api/v1/portfolio/{endpoint}", asked)
        assert answer.status_code == 422, asked
        assert any(sentence in said for said in answer.json()["fields"].values()), asked
        assert set(answer.json()["fields"]) <= {"from", "to"}, asked


def test_the_days_of_a_sentence_are_written_as_their_reader_writes_them(client: Client, fund: Fund) -> None:
    User.objects.filter(pk=fund.owner.pk).update(date_format="23.10.2026")
    client.force_login(fund.owner)
    asked = {"from": "2026-06-20", "to": "2026-06-10"}
    assert "from 20.06.2026 on" in client.get("/", asked).content.decode()
    assert "from 2026-06-20 on" in client.get("/api/v1/portfolio/summary", asked).json()["detail"]


@pytest.mark.parametrize("day", ["2999-01-01", "soon"])
def test_a_calendar_of_no_day_says_so_and_shows_today(client: Client, fund: Fund, day: str) -> None:
    client.force_login(fund.owner)
    usual = client.get("/portfolio/calendar/").content.decode()
    page = client.get("/portfolio/calendar/", {"at": day}).content.decode()
    assert "Shown is the time that holds today." in page
    assert "Shown is the time that holds today." not in usual
    assert "Shown is today." in client.get("/portfolio/explain/day/", {"day": day}).content.decode()
    answer = client.get("/api/v1/portfolio/calendar", {"at": day})
    assert (answer.status_code, list(answer.json()["fields"])) == (422, ["at"])


def test_page_and_api_say_the_same_of_a_span(client: Client, fund: Fund) -> None:
    client.force_login(fund.owner)
    today = days.day_of(NOW)
    asked = {"from": str(today - timedelta(days=14)), "to": str(today - timedelta(days=10))}
    change = scope(fund, Span(today - timedelta(days=14), today - timedelta(days=10))).change
    body = client.get("/api/v1/portfolio/summary", asked).json()
    assert Decimal(body["period"]["profit"]) == change.profit
    assert client.get("/api/v1/portfolio/equity", asked).json()["range"] == f"{asked['from']}..{asked['to']}"
    page = client.get("/", asked).content.decode()
    assert f'name="from" value="{asked["from"]}"' in page
    for figure in ("profit", "drawdown"):
        answer = client.get(f"/portfolio/explain/{figure}/", asked)
        assert answer.status_code == 200
    # a preset beside it wins, so that its link leads away from the days
    assert ", 1 week" in client.get("/", {**asked, "range": "1W"}).content.decode()


def test_what_a_wallet_does_not_narrow_says_that_it_is_of_the_whole(client: Client, fund: Fund) -> None:
    client.force_login(fund.owner)
    farm = fund.wallets["farm a"].pk
    assert "whole portfolio" not in client.get("/").content.decode()
    assert client.get("/", {"wallet": farm}).content.decode().count("<small>whole portfolio</small>") == 4


@pytest.mark.parametrize(("day", "hours"), [(1, 25), (2, 24)])
def test_a_day_back_is_as_long_as_the_day_was(day: int, hours: int) -> None:
    """On the first of November 2026 New York's clocks go back; a week and a month that hold that day are longer too."""
    noon = datetime(2026, 11, day, 17, tzinfo=UTC)
    with display.showing(Display(timezone="America/New_York")), clock.at(noon):
        assert noon - Period.DAY.start == timedelta(hours=hours)
        assert noon - Period.WEEK.start == timedelta(days=7, hours=1)
        assert noon - Period.MONTH.start == timedelta(days=30, hours=1)
    with display.showing(Display(timezone="UTC")), clock.at(noon):
        assert noon - Period.DAY.start == timedelta(days=1)
