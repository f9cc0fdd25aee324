"""A report's figures agree with each other, with Portfolio, with the API and with the file, and stay what they are."""

import csv
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import StringIO
from typing import Any
from uuid import uuid4

import plotly.graph_objects as go
import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils.html import escape

from farms.laboratory.report import COLOURS
from kit import clock, figures, tenancy
from kit.errors import InvalidInputError
from kit.formatting import Missing
from kit.templatetags import formats
from kit.users.models import User
from portfolio.models import HourlyPerformance, Snapshot
from portfolio.reports import charts
from portfolio.selectors.accounts import FUND
from portfolio.selectors.comparison import DIFFERENCES, METRICS, Comparison
from portfolio.selectors.months import Months
from portfolio.selectors.periods import Period, Span
from portfolio.selectors.report import Frame, Length, Report
from portfolio.selectors.scope import Scope
from portfolio.services import roll_up_days, take_snapshots
from tests.conftest import as_operators, made_once, make_user
from tests.portfolio.fund import VENUE, Fund, set_price, set_price_then
from tests.portfolio.test_contribution import START, live, reading
from wallets.models import Connection, Wallet

D = Decimal
NOW = START + timedelta(days=40, hours=3)
FRAMES = (
    Frame(Length.MONTH, Span(date(2026, 1, 1), date(2026, 1, 31))),
    Frame(Length.MONTH, Span(date(2026, 2, 1), date(2026, 2, 28))),
    Frame(Length.QUARTER, Span(date(2026, 1, 1), date(2026, 3, 31))),
    Frame(None, Span(date(2026, 1, 17), date(2026, 2, 3))),
)


def forty_days() -> Fund:
    """Forty days of a random life, and a second master at a connection of its own."""
    owner = make_user("owner@example.com")
    with tenancy.tenant(owner.pk):
        set_price("100")
        fund = Fund.make(owner)
        _live(fund)
    return fund


def _live(fund: Fund) -> None:
    other = Connection.objects.create(
        owner=fund.owner, platform=fund.connection.platform, name="Second", venue=VENUE, status="ok"
    )
    second = Wallet.objects.create(owner=fund.owner, connection=other, name="second", role="master")
    fund.wallets["second"] = second
    beside = Wallet.objects.create(owner=fund.owner, connection=fund.connection, name="beside", role="master")
    fund.wallets["beside"] = beside
    for number, (moment, _) in enumerate(live(fund, 7)):
        with clock.at(moment + timedelta(minutes=5)):
            if number in {0, 30}:
                fund.deposit("1000.5", wallet="second")
                fund.deposit("400", wallet="beside")
            if number in {20, 50}:
                fund.move("second", "beside", "33.25")
                fund.buy("beside", "1", "100", fee="0.5")
            take_snapshots(owner_id=fund.owner.pk, at=moment + timedelta(minutes=5))
    roll_up_days(owner_id=fund.owner.pk)
    set_price_then("104.5", at=NOW - timedelta(minutes=1))


@pytest.fixture(scope="module")
def _lived(django_db_setup: None, django_db_blocker: Any) -> Iterator[Callable[[], Fund]]:
    with made_once(django_db_blocker, forty_days) as copies:
        yield copies


@pytest.fixture
def lived(_lived: Callable[[], Fund], db: None) -> Iterator[Fund]:
    fund = _lived()
    with tenancy.tenant(fund.owner.pk):
        yield fund


def report(fund: Fund, frame: Frame = FRAMES[0], key: str = FUND) -> Report:
    return Report(owner=fund.owner, key=key, frame=frame)


def test_every_account_opens_with_what_it_closes_with_less_what_came_and_was_earned(lived: Fund) -> None:
    with reading(NOW):
        keys = [one.key for one in report(lived).accounts.choices]
        assert len(keys) == 1 + 2 + 8
        for frame in FRAMES:
            for key in keys:
                found = report(lived, frame, key)
                outcome = found.course.outcome
                for line in found.lines:
                    assert line.opening + line.paid_in + line.paid_out + line.profit == line.closing  # type: ignore[operator]  # known here
                    assert line.paid_in >= 0 >= line.paid_out  # type: ignore[operator]  # known here
                assert outcome.profit == outcome.realized - outcome.fees + outcome.other  # type: ignore[operator]  # known here
                assert found.total.profit == outcome.profit == sum(part.profit for part in found.contribution.parts)
                assert sum(flow for _, flow in found.flow_days) == outcome.flows
                for group in (found.by_connection, found.by_wallet):
                    for name in ("opening", "profit", "fees", "closing"):
                        assert not group or sum(getattr(line, name) for line in group) == getattr(found.total, name)


def test_the_report_says_what_portfolio_says_of_these_days(lived: Fund) -> None:
    with reading(NOW):
        for frame in FRAMES:
            for name in (None, "master", "farm a", "agent c"):
                wallet = lived.wallets[name].pk if name else None
                scope = Scope(owner=lived.owner, period=frame.span, wallet_id=wallet)
                course = report(lived, frame, str(wallet or FUND)).course
                assert course.performance == scope.performance
                for figure in ("opening", "closing", "flows", "profit", "realized", "fees", "twr", "max_drawdown"):
                    assert getattr(course.outcome, figure) == getattr(scope.change, figure)


def test_holdings_at_the_end_are_the_closing_value(lived: Fund) -> None:
    with reading(NOW):
        for frame in FRAMES:
            for key in (FUND, str(lived.connection.pk), str(lived.wallets["farm b"].pk)):
                found = report(lived, frame, key)
                assert found.holdings
                assert found.not_in_holdings == 0
                assert found.held == found.course.outcome.closing


def test_a_report_of_the_past_stays_when_fine_values_are_forgotten(lived: Fund) -> None:
    def told(after: timedelta) -> list[Any]:
        with reading(NOW + after):
            rows: list[Any] = []
            for key in (FUND, str(lived.connection.pk), str(lived.wallets["agent a"].pk)):
                found = report(lived, FRAMES[0], key)
                outcome = found.course.outcome
                names = ("opening", "closing", "flows", "profit", "realized", "fees")
                exact = [getattr(outcome, name) for name in names]
                rows += [*exact, pytest.approx(outcome.twr), pytest.approx(outcome.max_drawdown)]
                rows += [[replace(line, twr=None) for line in found.lines], found.flow_days, found.contribution.parts]
            return rows

    before = told(timedelta())
    midnight = datetime(2026, 2, 1, tzinfo=UTC)
    with as_operators():
        assert Snapshot.objects.filter(at__lt=midnight).delete()[0] > 0
    assert told(timedelta(days=settings.SNAPSHOT_DAYS + 90)) == before
    with as_operators():
        assert HourlyPerformance.objects.filter(at__lt=midnight).delete()[0] > 0
    assert told(timedelta(days=31 * (settings.HOURLY_MONTHS + 3))) == before


def test_a_frame_is_a_month_a_quarter_or_a_year_and_leads_to_those_beside_it() -> None:
    with clock.at(NOW):
        for length, day, first, last, words in (
            (Length.MONTH, date(2024, 2, 29), date(2024, 2, 1), date(2024, 2, 29), "February 2024"),
            (Length.QUARTER, date(2025, 12, 31), date(2025, 10, 1), date(2025, 12, 31), "Q4 2025"),
            (Length.QUARTER, date(2025, 1, 1), date(2025, 1, 1), date(2025, 3, 31), "Q1 2025"),
            (Length.YEAR, date(2025, 7, 1), date(2025, 1, 1), date(2025, 12, 31), "2025"),
        ):
            frame = Frame.around(length, day)
            assert (frame.span.first, frame.span.last, frame.words) == (first, last, words)
            assert frame.previous == first - timedelta(days=1)
            assert frame.next == last + timedelta(days=1)
        assert Frame.around(Length.MONTH, NOW.date()).next is None
        with pytest.raises(InvalidInputError):
            Frame.around(Length.MONTH, NOW.date() + timedelta(days=1))


# --- two beside each other, and months --------------------------------------------------------------------------------


def comparison(fund: Fund, first: str, second: str, period: Period | Span = Period.ALL) -> Comparison:
    keys = [name if name == FUND else str(fund.wallets[name].pk) if name in fund.wallets else name
            for name in (first, second)]  # fmt: skip
    return Comparison(owner=fund.owner, period=period, first=keys[0], second=keys[1])


@pytest.mark.parametrize("period", [Period.ALL, Period.MONTH, Span(date(2026, 1, 20), date(2026, 2, 5))])
def test_both_sides_say_what_portfolio_says_of_the_same_whole_days(lived: Fund, period: Period | Span) -> None:
    with reading(NOW):
        found = comparison(lived, FUND, "agent a", period)
        assert found.span is not None
        assert found.span.first == (date(2026, 1, 20) if isinstance(period, Span) else max(
            date(2026, 1, 6), (NOW - timedelta(days=29)).date() if period is Period.MONTH else date.min))  # fmt: skip
        scopes = [
            Scope(owner=lived.owner, period=found.span, wallet_id=wallet)
            for wallet in (None, lived.wallets["agent a"].pk)
        ]
        rows = {row.metric.name: row for row in found.rows}
        for place, scope in enumerate(scopes):
            assert rows["total_return"].values[place] == scope.change.twr
            assert rows["profit"].values[place] == scope.change.profit
            assert rows["max_drawdown"].values[place] == scope.change.max_drawdown
            assert rows["trades"].values[place] == scope.performance.trades
        assert rows["profit"].difference == scopes[0].change.profit - scopes[1].change.profit  # type: ignore[operator]  # known here
        assert found.courses is not None
        for course, scope in zip(found.courses, scopes, strict=True):
            assert course.line[0][1] == 0
            assert course.line[-1][1] == pytest.approx(scope.change.twr)
    assert len(found.rows) == len(METRICS)


@pytest.mark.offline
def test_a_difference_says_which_way_it_goes() -> None:
    kinds = {metric.kind: DIFFERENCES.get(metric.kind, metric.kind) for metric in METRICS}
    assert kinds["ratio"] == "ratio_signed"
    assert kinds["change_1"] == kinds["percent"] == "points"
    assert formats.ratio_signed(0.254) == "+0.25"
    assert formats.ratio_signed(-0.254) == "\u22120.25"


def test_who_began_later_is_compared_from_the_first_whole_day_of_both(lived: Fund) -> None:
    with clock.at(NOW):
        lived.add("late", "farm a")
        lived.deposit("50", wallet="late")
        take_snapshots(owner_id=lived.owner.pk, at=clock.now())
    roll_up_days(owner_id=lived.owner.pk)
    with reading(NOW + timedelta(days=3)):
        found = comparison(lived, FUND, "late")
        assert found.span is not None
        assert found.span.first == (NOW + timedelta(days=1)).date()
        assert comparison(lived, FUND, "late", Span(date(2026, 1, 6), date(2026, 1, 9))).span is None


def test_a_connection_of_one_wallet_is_that_wallet(lived: Fund) -> None:
    with reading(NOW):
        second = Connection.objects.get(name="Second")
        found = comparison(lived, "second", str(second.pk))
        assert {row.difference for row in found.rows if not isinstance(row.difference, Missing)} == {0}
        several = comparison(lived, FUND, str(lived.connection.pk))
        assert several.courses is not None
        course = several.courses[1]
        parts = [report(lived, Frame(None, several.span), str(lived.wallets[name].pk)).course  # type: ignore[arg-type]  # an account that is there
                 for name in ("master", "beside")]  # fmt: skip
    for name in ("opening", "closing", "profit", "flows", "fees", "realized"):
        assert getattr(course.outcome, name) == sum(getattr(part.outcome, name) for part in parts)
    assert course.trades.trades == sum(part.trades.trades for part in parts)


def test_months_are_the_calendars_and_years_their_sums(lived: Fund) -> None:
    with reading(NOW):
        (year,) = Months(Scope(owner=lived.owner, period=Period.WEEK)).years
        known = [span for span in year.months if span]
        scopes = [Scope(owner=lived.owner, period=frame.span) for frame in FRAMES[:2]]
        assert [span.profit for span in known] == [scope.change.profit for scope in scopes]
        assert [span.twr for span in known] == pytest.approx([scope.change.twr for scope in scopes])
    assert year.whole is not None
    assert year.whole.profit == sum(span.profit or 0 for span in known)
    assert year.whole.twr == pytest.approx((1 + known[0].twr) * (1 + known[1].twr) - 1)  # type: ignore[operator]  # known here


# --- pages, files and API ---------------------------------------------------------------------------------------------

PAGES = ("contribution", "months", "compare", "report")


@pytest.fixture
def page(client: Client, lived: Fund) -> Client:
    client.force_login(lived.owner)
    return client


def addresses(fund: Fund) -> dict[str, str]:
    return {
        **{name: reverse(f"reports:{name}") for name in PAGES},
        "agents": f"{reverse('reports:contribution')}?by=agent&range=All",
        "connection": f"{reverse('reports:report')}?account={fund.connection.pk}&period=year",
        "compared": f"{reverse('reports:compare')}?account=fund&against={fund.connection.pk}&range=All",
        "past": f"{reverse('reports:report')}?from=2026-01-06&to=2026-01-09",
    }


def test_programs_read_what_the_pages_show_to_the_last_digit(page: Client, lived: Fund) -> None:
    with reading(NOW):
        told = page.get("/api/v1/portfolio/report", {"period": "month", "at": "2026-01-09"}).json()
        file = page.get(reverse("reports:report"), {"period": "month", "at": "2026-01-09", "format": "csv"})
        rows = list(csv.DictReader(StringIO(file.content.decode())))
        with tenancy.tenant(lived.owner.pk):
            found = report(lived)
            total, parts, held = found.total, found.contribution.parts, found.holdings
            months = Months(Scope(owner=lived.owner, period=Period.WEEK)).years
            compared = comparison(lived, "farm a", "farm b").rows
        for name in ("opening", "paid_in", "paid_out", "profit", "fees", "closing"):
            assert Decimal(told["total"][name]) == getattr(total, name)
            assert Decimal(value(rows, "accounts", "Portfolio", name)) == getattr(total, name)
        assert told["total"]["twr"] == total.twr == float(value(rows, "accounts", "Portfolio", "twr"))
        assert [Decimal(part["profit"]) for part in told["contribution"]] == [part.profit for part in parts]
        assert [Decimal(one["value"]) for one in told["holdings"]] == [one.value for one in held]
        table = page.get("/api/v1/portfolio/months").json()
        assert [[month["twr"] for month in year["months"]] for year in table["years"]] == [
            [span.twr for span in year.months if span] for year in months
        ]
        query = {"account": str(lived.wallets["farm a"].pk), "against": str(lived.wallets["farm b"].pk)}
        answer = page.get("/api/v1/portfolio/comparison", query).json()
        assert {one["name"]: one["difference"] for one in answer["metrics"]} == {
            row.metric.name: None if isinstance(row.difference, Missing) else number(row.difference) for row in compared
        }
        whole = page.get("/api/v1/portfolio/contribution", {"by": "agent"}).json()
        assert Decimal(whole["profit"]) == sum(Decimal(part["profit"]) for part in whole["parts"])
    assert told["timezone"] == "UTC"


def number(value: Any) -> str:
    return f"{value.normalize():f}" if isinstance(value, Decimal) else repr(value)


def value(rows: list[dict[str, str]], section: str, name: str, figure: str) -> str:
    return next(row["value"] for row in rows if (row["section"], row["name"], row["figure"]) == (section, name, figure))


def test_every_page_works_whatever_its_address_says(page: Client, lived: Fund) -> None:
    nonsense = {"range": "x", "from": "2026-02-30", "to": "nonsense", "at": "2999-01-01", "period": "x", "by": "x"}
    with clock.at(NOW):
        for name in PAGES:
            assert page.get(reverse(f"reports:{name}"), nonsense).status_code == 200
        for refused in (str(uuid4()), "nonsense"):
            assert page.get(reverse("reports:report"), {"account": refused}).status_code == 404
            assert page.get(reverse("reports:compare"), {"account": refused}).status_code == 404
        for name in ("contribution", "months"):
            part = page.get(reverse(f"reports:{name}"), headers={"HX-Request": "true"}).content.decode()
            assert "<html" not in part
            assert f'id="{name}"' in part
        for headers, status in (({"HX-Request": "true"}, 200), ({}, 302)):
            both = page.get(reverse("reports:past"), {"range": "1M", "by": "agent"}, headers=headers)
            assert both.status_code == status
            assert [f'id="{name}"' in both.content.decode() for name in ("contribution", "months")] == [
                status == 200
            ] * 2
        for path in ("report?at=2999-01-01", "report?account=nonsense", "comparison?account=nonsense"):
            assert page.get(f"/api/v1/portfolio/{path}").status_code in {404, 422}


WRONG = (
    {"from": "2026-01-20", "to": "2026-01-10"}, {"from": "abc"}, {"to": "2026-02-30"}, {"from": "2999-01-01"},
    {"at": "2999-01-01"}, {"at": "nonsense"}, {"period": "x"},
)  # fmt: skip


@pytest.mark.parametrize("wrong", [WRONG[0], *(pytest.param(one, marks=pytest.mark.slow) for one in WRONG[1:])])
def test_the_file_of_a_period_that_is_none_is_refused_in_words(
    page: Client, lived: Fund, wrong: dict[str, str]
) -> None:
    address = reverse("reports:report")
    with clock.at(NOW):
        file = page.get(address, {**wrong, "format": "csv"})
        shown = page.get(address, wrong)
        link = re.search(r'href="(\?[^"]*format=csv)"', shown.content.decode())
        assert link is not None
        offered = page.get(f"{address}{link[1].replace('&amp;', '&')}")
    assert file.status_code == 422
    assert "Content-Disposition" not in file.headers
    assert shown.status_code == 200
    assert "Shown is what can be told." in shown.content.decode()
    assert escape(file.content.decode()) in shown.content.decode()
    assert (offered.status_code, offered.headers["Content-Type"]) == (200, "text/csv; charset=utf-8")
    assert "2026-02-01" in offered.content.decode(), "of the month that the page shows"


def test_a_connection_whose_wallets_are_valued_in_several_assets_is_refused_in_words(page: Client, lived: Fund) -> None:
    with tenancy.tenant(lived.owner.pk):
        Wallet.objects.filter(name="beside").update(base_asset="BTC")
    query = {"account": str(lived.connection.pk)}
    assert "valued in BTC and USDT" in page.get(reverse("reports:report"), query).content.decode()
    assert page.get(reverse("reports:report"), {**query, "format": "csv"}).status_code == 422
    assert page.get("/api/v1/portfolio/report", query).status_code == 422


def test_another_owner_sees_nothing_of_it(page: Client, lived: Fund, other_owner: User) -> None:
    theirs = Client()
    theirs.force_login(other_owner)
    wallet, account = str(lived.wallets["farm a"].pk), str(lived.connection.pk)
    for name in ("contribution", "months"):
        assert page.get(reverse(f"reports:{name}"), {"wallet": wallet}).status_code == 200
        assert theirs.get(reverse(f"reports:{name}"), {"wallet": wallet}).status_code == 404
    for key in (wallet, account):
        assert theirs.get(reverse("reports:report"), {"account": key}).status_code == 404
        assert theirs.get(reverse("reports:compare"), {"against": key}).status_code == 404
        assert theirs.get("/api/v1/portfolio/report", {"account": key}).status_code == 404
    assert Client().get(reverse("reports:report")).status_code == 302


def test_hidden_amounts_are_hidden(page: Client, lived: Fund) -> None:
    with clock.at(NOW):
        for path in addresses(lived).values():
            assert "$1" in page.get(path).content.decode()
        User.objects.filter(pk=lived.owner.pk).update(privacy=True)
        for path in addresses(lived).values():
            text = page.get(path).content.decode()
            assert "•••" in text
            assert not re.search(r"\$\d", text)


def test_figures_are_what_plotly_takes(lived: Fund) -> None:
    with reading(NOW):
        found = report(lived)
        drawn = [charts.contribution(found.contribution), charts.courses([found.course], revision="x")]
        compared = comparison(lived, "farm a", "farm b")
        assert compared.courses is not None
        drawn.append(charts.courses(compared.courses, revision="x"))
    for figure in drawn:
        go.Figure(figures.painted(figure, COLOURS))
    bars = drawn[0]["data"][0]
    assert bars["measure"] == [*["relative"] * (len(bars["y"]) - 1), "total"]
    assert sum(bars["y"][:-1]) == pytest.approx(bars["y"][-1])


def test_a_long_line_is_thinned_and_keeps_its_ends_and_extremes() -> None:
    line = [(START + timedelta(hours=number), float((number * 7919) % 1009)) for number in range(5000)]
    thin = charts.thinned(line)
    assert len(thin) <= charts.MOST_POINTS
    assert (thin[0], thin[-1]) == (line[0], line[-1])
    for extreme in (min, max):
        assert extreme(value for _, value in thin) == extreme(value for _, value in line)
    assert charts.thinned(line[:300]) == line[:300]
