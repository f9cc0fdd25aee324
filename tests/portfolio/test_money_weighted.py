"""The return of the money: reckoned by hand, the same on page and API to the last digit, and why there is none."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.test import Client

from kit import clock
from kit.templatetags import formats
from kit.users.models import User
from portfolio.selectors.money_weighted import (
    ALL_LOST,
    NO_MONEY,
    NO_RATE,
    NOT_VALUED,
    ONE_WAY,
    TOO_SHORT,
    MoneyWeighted,
    money_weighted,
)
from portfolio.selectors.periods import Period
from portfolio.selectors.scope import Scope
from portfolio.services import roll_up_days, take_snapshots
from tests.portfolio.fund import Fund, set_price

START = datetime(2026, 1, 1, tzinfo=UTC)
YEAR = timedelta(days=365)
D = Decimal


def rate(
    opening: str,
    closing: str | None,
    flows: dict[int, str] | None = None,
    *,
    days: int = 365,
    began: datetime | None = START,
) -> MoneyWeighted:
    return money_weighted(
        began=began,
        opening=D(opening),
        flows=[(START + timedelta(days=day), D(flow)) for day, flow in (flows or {}).items()],
        closing=None if closing is None else D(closing),
        ends=START + timedelta(days=days),
    )


@pytest.mark.offline
def test_without_flows_it_is_the_growth_of_the_value_per_year() -> None:
    assert rate("100", "110").rate == pytest.approx(0.10)
    assert rate("100", "121", days=730).rate == pytest.approx(0.10)
    assert rate("100", "110", days=73).rate == pytest.approx(1.1**5 - 1)


@pytest.mark.offline
def test_what_came_in_late_earned_for_a_short_time() -> None:
    """100 for a year and 100 for half of it, with 20 % a year: 120 + 100 × 1.2^0.5."""
    closing = D(120) + D(100) * D("1.2").sqrt()
    found = money_weighted(
        began=START, opening=D(100), flows=[(START + YEAR / 2, D(100))], closing=closing, ends=START + YEAR
    )
    assert found.rate == pytest.approx(0.20)
    assert found.why_blank == ""
    assert [one.amount for one in found.payments] == [-100, -100, closing]
    assert sum(one.worth(found.rate) for one in found.payments) == pytest.approx(0, abs=1e-9)


@pytest.mark.offline
def test_money_that_was_all_taken_out_has_a_rate_and_what_was_left_alone_too() -> None:
    assert rate("0", "0", {0: "100", 365: "-90"}, days=400).rate == pytest.approx(-0.10)
    assert rate("0", "130", {0: "100"}).rate == pytest.approx(0.30)


@pytest.mark.offline
@pytest.mark.parametrize(
    ("found", "why"),
    [
        (rate("100", None), NOT_VALUED),
        (rate("100", "101", days=0), TOO_SHORT),
        (rate("100", "101", began=None), TOO_SHORT),
        (rate("0", "0"), NO_MONEY),
        (rate("100", "0"), ALL_LOST),
        (rate("0", "10"), ONE_WAY),
        (rate("100", "-5"), ONE_WAY),
        (rate("0.0001", "100000000", days=1), NO_RATE),
    ],
)
def test_where_there_is_no_rate_a_sentence_says_why(found: MoneyWeighted, why: str) -> None:
    assert found.rate is None
    assert found.why_blank == why


@pytest.fixture
def lived(fund: Fund, owner: User, client: Client, monkeypatch: pytest.MonkeyPatch) -> tuple[Fund, datetime]:
    """Fifty days with a deposit, another and a withdrawal, and a price that goes up and down."""
    for day in range(50):
        with clock.at(START + timedelta(days=day, hours=9)):
            set_price(D(100 + (day * 7) % 11))
            if day == 0:
                fund.deposit("1000", wallet="agent a")
                fund.buy("agent a", "5", "100", fee="0.5")
            if day == 20:
                fund.deposit("500", wallet="agent a")
            if day == 40:
                fund.withdraw("100", wallet="agent a")
                fund.deposit("50", wallet="agent b")
            take_snapshots(owner_id=owner.pk, at=clock.now())
    now = START + timedelta(days=50, hours=1)
    set_price("111.5", at=now)
    roll_up_days(owner_id=owner.pk)
    monkeypatch.setattr(clock, "now", lambda: now)
    client.force_login(owner)
    return fund, now


@pytest.mark.parametrize("period", list(Period))
def test_the_flows_are_those_that_the_time_weighted_return_takes_out(
    lived: tuple[Fund, datetime], owner: User, period: Period
) -> None:
    fund, now = lived
    for wallet in (None, fund.wallets["farm a"].pk, fund.wallets["agent a"].pk):
        scope = Scope(owner=owner, period=period, wallet_id=wallet)
        paid = scope.money_weighted.payments
        change = scope.change
        assert change.opening is not None
        assert change.closing is not None
        assert change.flows == -sum(one.amount for one in paid) - change.opening + change.closing
        assert paid[-1].at == now


def test_page_and_programs_say_the_same_to_the_last_digit(
    lived: tuple[Fund, datetime], owner: User, client: Client
) -> None:
    fund, _ = lived
    known = 0
    for period in Period:
        for wallet in (None, fund.wallets["farm a"].pk):
            performance = Scope(owner=owner, period=period, wallet_id=wallet).performance
            query = {"range": period.value} | ({"wallet_id": str(wallet)} if wallet else {})
            told = json.loads(client.get("/api/v1/portfolio/performance", query).content)
            assert told["xirr"] == performance.xirr
            assert told["why_no_xirr"] == performance.why_no_xirr
            page = {"range": period.value, "wallet": str(wallet or "")}
            home, explained = (
                client.get(address, page).content.decode() for address in ("/", "/portfolio/explain/xirr/")
            )
            if performance.xirr is not None:
                known += 1
                assert str(formats.change(performance.xirr, 1)) in home
                assert str(formats.change(performance.xirr, 1)) in explained
            else:
                assert performance.why_no_xirr in home
    assert known >= 10


def test_the_report_and_the_comparison_have_it(lived: tuple[Fund, datetime], client: Client, owner: User) -> None:
    fund, _ = lived
    told = json.loads(client.get("/api/v1/portfolio/report", {"from": "2026-01-01"}).content)
    assert isinstance(told["performance"]["xirr"], float)
    page = client.get("/portfolio/report/", {"from": "2026-01-01"}).content.decode()
    assert str(formats.change(told["performance"]["xirr"], 1)) in page
    assert "/portfolio/explain/xirr/" in page
    file = client.get("/portfolio/report/", {"from": "2026-01-01", "format": "csv"}).content.decode()
    assert f"xirr,{told['performance']['xirr']}" in file
    compared = client.get("/portfolio/compare/", {"against": str(fund.wallets["farm a"].pk)}).content.decode()
    assert "XIRR" in compared


def test_wallets_farms_and_agents_lead_to_their_performance(
    lived: tuple[Fund, datetime], client: Client, owner: User
) -> None:
    fund, _ = lived
    wallet = fund.wallets["farm a"].pk
    address = f"/portfolio/statistics/?range=All&amp;wallet={wallet}"
    assert address in client.get(f"/wallets/{wallet}/").content.decode()
    rate = Scope(owner=owner, period=Period.ALL, wallet_id=wallet).performance.xirr
    assert rate is not None
    for part in ({}, {"HTTP_HX_REQUEST": "true", "HTTP_HX_TARGET": "statistics"}):
        told = client.get(address.replace("&amp;", "&"), **part).content.decode()  # type: ignore[arg-type]  # headers
        assert str(formats.change(rate, 1)) in told
        assert "<html" not in told or not part
