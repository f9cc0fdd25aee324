"""Reports of funds made for one question each: what moves inside a connection, what a page costs, other assets."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from kit import clock
from kit.users.models import User
from portfolio.selectors.accounts import FUND
from portfolio.selectors.periods import Span
from portfolio.selectors.report import Frame
from portfolio.services import roll_up_days, take_snapshots
from tests.conftest import OF_THE_SESSION
from tests.portfolio.fund import VENUE, Fund, set_price_then
from tests.portfolio.test_contribution import START, reading
from tests.portfolio.test_reports import FRAMES, NOW, PAGES, D, addresses, report
from wallets.models import Connection, Wallet


@pytest.fixture
def page(client: Client, owner: User) -> Client:
    client.force_login(owner)
    return client


def test_a_connection_is_the_sum_of_its_wallets_and_what_moves_between_them_is_no_flow(fund: Fund) -> None:
    beside = Wallet.objects.create(owner=fund.owner, connection=fund.connection, name="beside", role="master")
    fund.wallets["beside"] = beside
    steps = (
        (0, lambda: (fund.deposit("1000"), fund.deposit("500", wallet="beside"))),
        (1, lambda: fund.correct("master", "150")),
        (2, lambda: fund.move("master", "beside", "400")),
        (3, lambda: fund.deposit("135", wallet="beside")),
        (4, lambda: fund.correct("beside", "148.5")),
    )
    for day, happens in steps:
        with clock.at(START + timedelta(days=day)):
            happens()
            take_snapshots(owner_id=fund.owner.pk, at=clock.now())
    roll_up_days(owner_id=fund.owner.pk)
    with reading(START + timedelta(days=6)):
        frame = Frame(None, Span(date(2026, 1, 6), date(2026, 1, 9)))
        found = report(fund, frame, str(fund.connection.pk))
        outcome, line = found.course.outcome, found.total
        whole = report(fund, frame)
    assert (line.opening, line.paid_in, line.paid_out, line.profit) == (1500, 135, 0, D("-298.5"))
    # −150 of 1,500; nothing; nothing of 1,485; −148.5 of 1,485
    assert outcome.twr == pytest.approx(0.9 * 0.9 - 1)
    assert outcome.max_drawdown == pytest.approx(0.9 * 0.9 - 1)
    assert outcome.twr == pytest.approx(whole.course.outcome.twr)
    assert [part.profit for part in found.contribution.parts] == [D("-148.5"), D(-150)]


def test_what_a_connection_has_elsewhere_is_taken_out_of_it(fund: Fund) -> None:
    other = Connection.objects.create(
        owner=fund.owner, platform=fund.connection.platform, name="Second", venue=VENUE, status="ok"
    )
    Wallet.objects.filter(pk__in=[fund.wallets["farm b"].pk, fund.wallets["agent b"].pk]).update(connection=other)
    with clock.at(START):
        for name in ("master", "agent a", "agent b"):
            fund.deposit("100", wallet=name)
        take_snapshots(owner_id=fund.owner.pk, at=START)
    with clock.at(START + timedelta(days=1)):
        fund.correct("agent b", "7")
        fund.correct("agent a", "2")
        take_snapshots(owner_id=fund.owner.pk, at=clock.now())
    roll_up_days(owner_id=fund.owner.pk)
    with reading(START + timedelta(days=2)):
        found = [report(fund, FRAMES[0], str(pk)) for pk in (fund.connection.pk, other.pk)]
        told = [
            (one.total.closing, one.total.profit, sum(part.profit for part in one.contribution.parts)) for one in found
        ]
    assert told == [(198, -2, -2), (93, -7, -7)]


def queries(page: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert page.get(address).status_code == 200
    own = ("SAVEPOINT", "RELEASE", "SELECT set_config")
    return sum(not query["sql"].startswith(own) for query in captured.captured_queries)


MOST_QUERIES = {
    "contribution": 9, "months": 11, "compare": 14, "report": 15, "agents": 9, "connection": 17, "compared": 16,
    "past": 15,
}  # fmt: skip


def test_pages_ask_a_fixed_number_of_queries_however_much_happened(page: Client, fund: Fund) -> None:
    with clock.at(START):
        fund.deposit("10", wallet="agent a")
        take_snapshots(owner_id=fund.owner.pk, at=START)
    roll_up_days(owner_id=fund.owner.pk)
    beside = Wallet.objects.create(owner=fund.owner, connection=fund.connection, name="beside", role="master")
    fund.wallets["beside"] = beside
    with clock.at(START + timedelta(days=4)):
        take_snapshots(owner_id=fund.owner.pk, at=clock.now())
    roll_up_days(owner_id=fund.owner.pk)
    with clock.at(START + timedelta(days=7)):
        page.get("/")
        few = {name: queries(page, address) for name, address in addresses(fund).items()}
    for number in range(12):
        fund.add(f"farm {number}", "master")
        fund.add(f"more {number}", f"farm {number}")
    for day in range(8, 40):
        with clock.at(START + timedelta(days=day)):
            fund.deposit("5", wallet=f"more {day % 12}")
            fund.correct("agent a", "0.01")
            take_snapshots(owner_id=fund.owner.pk, at=clock.now())
    roll_up_days(owner_id=fund.owner.pk)
    with clock.at(NOW):
        many = {name: queries(page, address) for name, address in addresses(fund).items()}
    assert many == few
    assert {name: few[name] for name in few if few[name] > MOST_QUERIES[name] + OF_THE_SESSION} == {}


def test_figures_counted_in_different_assets_have_no_difference_and_it_is_said(page: Client, fund: Fund) -> None:
    User.objects.filter(pk=fund.owner.pk).update(base_currency="EUR")
    fund.owner.refresh_from_db()
    for day, rate in enumerate(("0.8", "0.9", "0.7", "0.6")):
        with clock.at(START + timedelta(days=day)):
            set_price_then("100", at=clock.now())
            set_price_then(rate, "USDT", "EUR", at=clock.now())
            if not day:
                fund.deposit("1000", wallet="agent a")
            take_snapshots(owner_id=fund.owner.pk, at=clock.now())
    roll_up_days(owner_id=fund.owner.pk)
    with reading(START + timedelta(days=3, hours=1)):
        query = {"account": FUND, "against": str(fund.wallets["agent a"].pk), "range": "All"}
        answer = page.get("/api/v1/portfolio/comparison", query).json()
        text = page.get(reverse("reports:compare"), query).content.decode()
        alike = page.get("/api/v1/portfolio/comparison", query | {"account": str(fund.wallets["farm a"].pk)}).json()
    told = {one["name"]: one for one in answer["metrics"]}
    assert told["total_return"]["first"] != told["total_return"]["second"]
    assert {name for name, one in told.items() if one["difference"] is not None} <= {"trades", "win_rate"}
    assert told["trades"]["difference"] == "0"
    assert "Portfolio is counted in EUR and agent a in USDT" in answer["why_no_difference"]
    assert answer["why_no_difference"] in text
    assert "Figures in EUR and in USDT have no difference." in text
    assert alike["why_no_difference"] == ""
    assert {one["name"]: one["difference"] for one in alike["metrics"]}["total_return"] == "0.0"


def test_somebody_new_sees_empty_pages(page: Client) -> None:
    for name in PAGES:
        assert page.get(reverse(f"reports:{name}")).status_code == 200
    assert page.get("/api/v1/portfolio/report").status_code == 200
