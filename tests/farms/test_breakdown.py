"""What each strategy, asset and wallet made, and its history: sums that agree with Portfolio, on page, file and API."""

import csv
import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from html import unescape
from io import StringIO
from typing import Any
from urllib.parse import quote, urlsplit

import numpy as np
import pytest
from django.http import QueryDict
from django.test import Client

from farms.models import Agent, Farm
from farms.selectors.breakdown import Breakdown, Dimension, account_of
from kit import clock, tenancy
from kit.decimals import plain
from kit.users.models import User
from portfolio.selectors.calendar import Calendar, Unit
from portfolio.selectors.histories import History, Stretch
from portfolio.selectors.periods import Period, Span
from portfolio.selectors.scope import Scope
from portfolio.services import roll_up_days, take_snapshots
from tests.conftest import made_once, make_user
from tests.portfolio.fund import Fund, make_instrument, set_price

START = datetime(2026, 1, 12, tzinfo=UTC)
DAYS = 45
NOW = START + timedelta(days=DAYS, hours=15)
BY_STRATEGY = "strategy:breakout:USDT"


def forty_five_days() -> Fund:
    """Two agents of one strategy in two farms and one of another, trades in two assets, flows, moves between them."""
    owner = make_user("owner@example.com", name="Olive Owner")
    with tenancy.tenant(owner.pk):
        set_price("100")
        fund = Fund.make(owner)
        _live(fund, owner)
    return fund


def _live(fund: Fund, owner: User) -> None:
    fund.add("agent c", "farm b")
    for name, slug in (("agent a", "breakout"), ("agent b", "breakout"), ("agent c", "trend_following")):
        wallet = fund.wallets[name]
        farm, _ = Farm.objects.get_or_create(owner=owner, wallet=wallet.parent, defaults={"name": wallet.parent.name})
        Agent.objects.create(
            owner=owner, farm=farm, name=name, wallet=wallet, strategy=slug, instrument=make_instrument()
        )
    for day in range(DAYS):
        price = Decimal(100 + (day * 7) % 11 - (day * 3) % 7)
        with clock.at(START + timedelta(days=day, hours=9)):
            set_price(price)
            set_price(price / 20, "ETH")
            if day == 0:
                for name, amount in (("agent a", "3000"), ("agent b", "2000"), ("agent c", "1000")):
                    fund.deposit(amount, wallet=name)
            if day == 20:
                fund.move("agent a", "agent b", "250")
                fund.move("agent b", "agent c", "100")
            if day % 3 == 0:
                fund.buy("agent a", "10", str(price), fee="0.25")
                fund.buy("agent b", "40", str(price / 20), fee="0.1", base="ETH")
            if day % 3 == 2:
                fund.sell("agent a", "10", str(price), fee="0.25")
                fund.sell("agent b", "40", str(price / 20), fee="0.1", base="ETH")
            take_snapshots(owner_id=owner.pk, at=clock.now())
    with clock.at(NOW - timedelta(hours=1)):
        fund.buy("agent c", "4", "101", fee="0.5")
        fund.deposit("30", wallet="agent c")
    set_price("103.5", at=NOW)
    roll_up_days(owner_id=owner.pk)


@pytest.fixture(scope="module")
def _lived(django_db_setup: None, django_db_blocker: Any) -> Iterator[Callable[[], Fund]]:
    with made_once(django_db_blocker, forty_five_days) as copies:
        yield copies


@pytest.fixture
def lived(_lived: Callable[[], Fund], db: None, client: Client, monkeypatch: pytest.MonkeyPatch) -> Iterator[Fund]:
    fund = _lived()
    monkeypatch.setattr(clock, "now", lambda: NOW)
    client.force_login(fund.owner)
    with tenancy.tenant(fund.owner.pk):
        yield fund


@pytest.fixture
def owner(lived: Fund) -> User:
    return lived.owner


def history(owner: User, key: str, unit: Unit, first: date | None = None) -> History:
    return History(
        account_of(key, owner=owner), owner_id=owner.pk, currency=owner.base_currency, unit=unit, first=first
    )


@pytest.mark.parametrize("unit", list(Unit))
def test_every_row_adds_up_and_rows_of_any_length_are_the_sums_of_days(lived: Fund, owner: User, unit: Unit) -> None:
    first = date(2026, 1, 1)
    for key in ("fund", str(lived.wallets["farm b"].pk), str(lived.connection.pk), BY_STRATEGY):
        by_day, found = (history(owner, key, one, first).rows for one in (Unit.DAY, unit))
        for before, row in zip([None, *found], found, strict=False):
            assert row.opening + row.flow + row.profit == row.closing
            assert row.profit == row.realized - row.fees + row.other
            assert before is None or before.closing == row.opening
        for name in ("flow", "profit", "realized", "fees"):
            assert sum(getattr(row, name) for row in found) == sum(getattr(row, name) for row in by_day)
        assert sum(row.trades.trades for row in found) == sum(row.trades.trades for row in by_day)
        assert found[-1].is_today
        assert {unit.of(row.begins) for row in by_day} == {unit.of(row.begins) for row in found}


def test_a_wallets_days_and_months_are_those_of_its_calendar(lived: Fund, owner: User) -> None:
    for name in (None, "farm a", "agent b"):
        wallet = lived.wallets[name].pk if name else None
        for unit in (Unit.DAY, Unit.MONTH):
            spans = {
                span.begins: span
                for span in Calendar(Scope(owner=owner, period=Period.WEEK, wallet_id=wallet), unit=unit).spans
            }
            rows = {unit.of(row.begins): row for row in history(owner, str(wallet or "fund"), unit).rows}
            assert len(spans) >= 2
            for begins, span in spans.items():
                row = rows[begins]
                assert (span.profit, span.flow, span.fees, span.realized) == (
                    row.profit, row.flow, row.fees, row.realized,
                )  # fmt: skip
                assert (span.trades, span.won, span.lost) == (
                    row.trades.trades, row.trades.won_trades, row.trades.lost_trades,
                )  # fmt: skip
                assert row.twr == pytest.approx(span.twr, abs=1e-12)


def test_a_strategy_is_the_sum_of_the_wallets_of_its_agents(lived: Fund, owner: User) -> None:
    lines = {line.account.key: line for line in Breakdown(owner=owner, by=Dimension.STRATEGY, period=Period.ALL).lines}
    agents = {line.account.name: line for line in Breakdown(owner=owner, by=Dimension.AGENT, period=Period.ALL).lines}
    assert set(lines) == {BY_STRATEGY, "strategy:trend_following:USDT"}
    both = (agents["agent a"], agents["agent b"])
    for name in ("opening", "flows", "profit", "realized", "fees", "closing"):
        assert getattr(lines[BY_STRATEGY], name) == sum(getattr(line, name) for line in both)
    assert lines[BY_STRATEGY].flows == 3000 + 2000 - 100  # what moved between the two is no flow
    assert lines[BY_STRATEGY].trades.trades == sum(line.trades.trades for line in both) == 30
    assert Agent.objects.filter(owner=owner, strategy="breakout").update(status="archived") == 2
    again = {line.account.key: line for line in Breakdown(owner=owner, by=Dimension.STRATEGY, period=Period.ALL).lines}
    assert again == lines


@pytest.mark.parametrize("period", [Period.ALL, Period.MONTH, Span(date(2026, 1, 20), date(2026, 2, 10))])
def test_lines_say_what_portfolio_says_of_each(lived: Fund, owner: User, period: Period | Span) -> None:
    for by in (Dimension.MASTER, Dimension.FARM, Dimension.AGENT):
        for line in Breakdown(owner=owner, by=by, period=period).lines:
            scope = Scope(owner=owner, period=period, wallet_id=line.account.scope)
            change, trades = scope.change, scope.trade_figures
            assert (line.opening, line.flows, line.profit, line.realized, line.fees, line.closing) == (
                change.opening, change.flows, change.profit, change.realized, change.fees, change.closing,
            )  # fmt: skip
            assert line.twr == pytest.approx(change.twr, abs=1e-12)
            assert (line.trades.trades, line.trades.won or 0, line.trades.lost or 0) == (
                trades.trades, trades.won or 0, trades.lost or 0,
            )  # fmt: skip


def test_the_return_of_a_strategy_is_that_of_the_days_of_its_sum(lived: Fund, owner: User) -> None:
    """By hand: each day what is there at its end, less what left, beside what was there and what came in."""
    rows = history(owner, BY_STRATEGY, Unit.DAY, date(2026, 1, 1)).rows
    grown = 1.0
    for row in rows:
        grown *= float((row.closing - min(row.flow, Decimal(0))) / (row.opening + max(row.flow, Decimal(0))))
    (line,) = (
        one
        for one in Breakdown(owner=owner, by=Dimension.STRATEGY, period=Period.ALL).lines
        if one.account.key == BY_STRATEGY
    )
    assert line.twr == pytest.approx(grown - 1, abs=1e-12)
    (whole,) = history(owner, BY_STRATEGY, Unit.YEAR).rows
    assert whole.twr == pytest.approx(grown - 1, abs=1e-12)
    assert whole.xirr is not None


@pytest.mark.parametrize("hours", [12, 23])
def test_what_came_in_on_the_first_day_before_a_period_began_is_no_flow_of_it(
    lived: Fund, owner: User, hours: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, *rest = history(owner, BY_STRATEGY, Unit.DAY, date(2026, 1, 1)).rows
    assert first.flow > 0
    grown = 1.0
    for row in rest:
        grown *= float((row.closing - min(row.flow, Decimal(0))) / (row.opening + max(row.flow, Decimal(0))))
    monkeypatch.setattr(Breakdown, "start", START + timedelta(hours=hours))
    lines = Breakdown(owner=owner, by=Dimension.STRATEGY, period=Period.ALL).lines
    (line,) = (one for one in lines if one.account.key == BY_STRATEGY)
    assert line.twr == pytest.approx(grown - 1, abs=1e-12)


def test_assets_have_what_was_made_with_them(lived: Fund, owner: User) -> None:
    found = {line.asset: line for line in Breakdown(owner=owner, by=Dimension.ASSET, period=Period.ALL).assets}
    assert set(found) == {"BTC", "ETH"}
    bitcoin, ether = found["BTC"], found["ETH"]
    assert bitcoin.trades.trades == ether.trades.trades == 15
    assert bitcoin.open == 4 * (Decimal("103.5") - 101)
    assert bitcoin.realized == (bitcoin.trades.won or 0) - (bitcoin.trades.lost or 0) - Decimal("0.5")
    assert bitcoin.profit == bitcoin.realized + bitcoin.open
    assert ether.fees == Decimal("0.2") * 15
    assert sum(line.profit or 0 for line in found.values()) == history(owner, "fund", Unit.YEAR).rows[0].profit


def test_a_strategy_and_a_connection_have_the_ratios_of_their_days(lived: Fund, owner: User, client: Client) -> None:
    """By hand, of the returns of the days that are over; blank where those are fewer than thirty."""
    for key in (BY_STRATEGY, str(lived.connection.pk), str(lived.wallets["farm b"].pk)):
        query = {"account": key, "from": "2026-01-12", "period": "day"}
        told = client.get("/api/v1/portfolio/history", query).json()
        returns = np.array([row["twr"] for row in told["rows"] if not row["is_today"]])
        ratios = told["ratios"]
        assert ratios["days"] == returns.size == DAYS
        if key == BY_STRATEGY:  # a wallet's own first day begins when its history does
            assert ratios["volatility"] == pytest.approx(returns.std(ddof=1) * 365**0.5, rel=1e-9)
            assert ratios["sharpe"] == pytest.approx(returns.mean() / returns.std(ddof=1) * 365**0.5, rel=1e-9)
            index = np.cumprod(np.concatenate([[1.0], 1 + np.array([row["twr"] for row in told["rows"]])]))
            assert ratios["max_drawdown"] == pytest.approx((index / np.maximum.accumulate(index) - 1).min(), abs=1e-12)
        assert ratios["sortino"] is not None
        page = client.get("/portfolio/history/", query).content.decode()
        assert "45 whole days" in page
        few = client.get("/api/v1/portfolio/history", query | {"from": "2026-02-20"}).json()["ratios"]
        assert 0 < few["days"] < 30
        assert (few["sharpe"], few["sortino"], few["volatility"]) == (None, None, None)
        page = client.get("/portfolio/history/", query | {"from": "2026-02-20"}).content.decode()
        assert f"Shown after 30 whole days; there are {few['days']} so far." in page


def test_page_file_and_programs_say_the_same(lived: Fund, owner: User, client: Client) -> None:
    for by in Dimension:
        query = {"by": by.value, "range": "All"}
        told: dict[str, Any] = client.get("/api/v1/portfolio/breakdown", query).json()
        rows = list(csv.DictReader(StringIO(client.get("/portfolio/by/", query | {"format": "csv"}).content.decode())))
        page = client.get("/portfolio/by/", query).content.decode()
        lines = told["assets"] if by is Dimension.ASSET else told["lines"]
        assert len(rows) == len(lines) > 0
        for row, line in zip(rows, lines, strict=True):
            assert line["asset" if by is Dimension.ASSET else "name"] in page
            for name in ("profit", "fees"):
                assert row[name] == line[name]
            assert row["trades"] == str(line["trades"]["trades"])
    for key in ("fund", BY_STRATEGY):
        query = {"account": key, "period": "week"}
        told = client.get("/api/v1/portfolio/history", query).json()
        text = client.get("/portfolio/history/", query | {"format": "csv"}).content.decode()
        rows = list(csv.DictReader(StringIO(text)))
        assert len(rows) == len(told["rows"]) >= 6
        for row, line in zip(rows, told["rows"], strict=True):
            for name in ("opening", "flow", "profit", "other", "closing"):
                assert row[name] == line[name]
            assert row["xirr"] == ("" if line["xirr"] is None else repr(line["xirr"]))
            assert (line["xirr"] is None) == bool(line["why_no_xirr"])
        assert client.get("/portfolio/history/", query).status_code == 200


@pytest.mark.parametrize("asked", [{"range": "All"}, {"from": "2026-01-20", "to": "2026-02-10"}])
def test_a_line_leads_to_the_days_whose_total_it_is(
    lived: Fund, owner: User, client: Client, asked: dict[str, str]
) -> None:
    for by in Dimension:
        told = client.get("/api/v1/portfolio/breakdown", {"by": by.value, **asked}).json()
        page = client.get("/portfolio/by/", {"by": by.value, **asked}).content.decode()
        links = [unescape(link) for link in re.findall(r'<th scope="row" class="name"><a href="([^"]+)"', page)]
        lines = told["assets"] if by is Dimension.ASSET else told["lines"]
        assert len(links) == len(lines) > 0
        for link, line in zip(links, lines, strict=True):
            total = client.get("/api/v1/portfolio/history", QueryDict(urlsplit(link).query).dict()).json()["total"]
            if line["profit"] is None:
                continue  # what was held at the start had no price: the days begin with the first
            assert total["profit"] == line["profit"], (by, line)
            shown = client.get(link).context["found"].total
            assert (plain(shown.profit), plain(shown.fees)) == (total["profit"], total["fees"])


def test_ratios_of_a_history_lead_to_what_explains_the_same_figure(lived: Fund, owner: User, client: Client) -> None:
    for key in ("fund", str(lived.wallets["farm b"].pk)):
        query = {"account": key, "from": "2026-01-15", "period": "day"}
        page = client.get("/portfolio/history/", query).content.decode()
        found = re.findall(r'<dt><a href="([^"]+)"><dfn[^>]*>([^<]+)</dfn></a></dt><dd>(.*?)</dd>', page)
        assert [label for _, label, _ in found] == [
            "Sharpe", "Sortino", "Volatility", "Max drawdown", "Annualised", "Calmar", "Value at risk", "Shortfall",
        ]  # fmt: skip
        for link, label, figure in found:
            figure = re.sub(r"<[^>]+>", "", figure)
            assert figure in re.sub(r"<[^>]+>", "", client.get(unescape(link)).content.decode()), label


def test_page_and_programs_mean_the_same_period_where_none_is_named(lived: Fund, owner: User, client: Client) -> None:
    told = client.get("/api/v1/portfolio/breakdown").json()
    assert client.get("/portfolio/by/").context["found"].period.value == told["range"] == "All"


def test_another_owner_and_wrong_addresses_get_nothing(lived: Fund, owner: User, other_owner: User) -> None:
    theirs = Client()
    theirs.force_login(other_owner)
    keys = (BY_STRATEGY, str(lived.wallets["farm a"].pk), str(lived.connection.pk), "nobody", "strategy:luck:USDT")
    for key in keys:
        assert theirs.get("/portfolio/history/", {"account": key}).status_code == 404
        assert theirs.get(f"/api/v1/portfolio/history?account={quote(key)}").status_code == 404
    for by in Dimension:
        told = theirs.get("/api/v1/portfolio/breakdown", {"by": by.value}).json()
        assert told["lines"] == told["assets"] == []
        assert "agent a" not in theirs.get("/portfolio/by/", {"by": by.value}).content.decode()
    far = {"from": "1900-01-01", "to": "2026-01-31"}
    assert theirs.get("/api/v1/portfolio/history", far).status_code == 422
    assert theirs.get("/portfolio/history/", far | {"format": "csv"}).status_code == 422
    assert "at most" in theirs.get("/portfolio/history/", far).content.decode()
    assert theirs.get("/portfolio/by/", {"from": "2026-02-30", "format": "csv"}).status_code == 422


def test_the_number_of_statements_does_not_grow(lived: Fund, owner: User, django_assert_max_num_queries: Any) -> None:
    found_of_fund = history(owner, "fund", Unit.DAY)
    with django_assert_max_num_queries(4):
        rows: list[Stretch] = list(found_of_fund.rows)
    assert rows
    for by in Dimension:
        with django_assert_max_num_queries(7):
            found = Breakdown(owner=owner, by=by, period=Period.ALL)
            assert found.assets if by is Dimension.ASSET else found.lines


def test_a_farm_of_a_contribution_leads_to_its_agents_whose_parts_are_its_profit(lived: Fund, client: Client) -> None:
    farm = lived.wallets["farm b"].pk
    query = {"range": "All", "by": "farm"}
    page = client.get("/portfolio/contribution/", query).content.decode()
    assert f"wallet={farm}" in page
    whole = client.get("/api/v1/portfolio/contribution", query).json()
    within = client.get("/api/v1/portfolio/contribution", query | {"wallet_id": str(farm)}).json()
    assert {part["name"] for part in within["parts"]} == {"agent b", "agent c"}
    (mine,) = (part for part in whole["parts"] if part["wallet_id"] == str(farm))
    assert sum(Decimal(part["profit"]) for part in within["parts"]) == Decimal(mine["profit"])
    assert "agent c" in client.get("/portfolio/contribution/", query | {"wallet": str(farm)}).content.decode()
