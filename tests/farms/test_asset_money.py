"""The money of an asset by days, weeks, months and years: rows that add up, of the same profit as its line."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from django.test import Client

from farms.selectors.breakdown import Breakdown, Dimension, account_of, history_of
from kit import clock, days
from kit.users.models import User
from markets.models import Candle
from portfolio.selectors.asset_figures import ON_MARGIN, AssetLine
from portfolio.selectors.calendar import Unit
from portfolio.selectors.histories import Stretch
from portfolio.selectors.periods import Period, Span
from tests.portfolio.fund import Fund, set_price, set_price_then
from wallets.models import VenueIncome

D = Decimal
DAY = timedelta(days=1)
START = datetime(2026, 1, 26, tzinfo=UTC)  # a Monday, so that a month ends within
NOW = START + 9 * DAY + timedelta(hours=15)
CLOSES = (100, 104, 98, 107, 111, 96, 101, 103, 99)  # of a bitcoin on each day that is over
BITCOIN, ETHER = "asset:BTC:USDT", "asset:ETH:USDT"


@pytest.fixture
def traded(as_owner: User, owner: User, client: Client, monkeypatch: pytest.MonkeyPatch) -> Fund:
    """Two agents in bitcoin, over days, within one, and open now; ether by one; derivatives of ether as well."""
    fund = Fund.make(as_owner)
    set_price(100, at=START)
    for name in ("agent a", "agent b"):
        with clock.at(START):
            fund.deposit("5000", wallet=name)
    for number, close in enumerate(CLOSES):
        set_price_then(close, at=START + (number + 1) * DAY)
        set_price_then(D(close) / 20, "ETH", at=START + (number + 1) * DAY)
    acts: list[tuple[float, str, str, str, str, str, str]] = [
        (0.4, "buy", "agent a", "10", "99", "0.5", "BTC"),
        (1.5, "buy", "agent b", "4", "105", "0.2", "BTC"),
        (2.2, "sell", "agent a", "6", "101", "0.3", "BTC"),
        (3.3, "buy", "agent a", "5", "103", "0.25", "BTC"),
        (4.6, "sell", "agent b", "4", "109", "0.2", "BTC"),
        (5.1, "buy", "agent b", "2", "100", "0.1", "BTC"),
        (5.2, "sell", "agent b", "2", "104", "0.1", "BTC"),
        (6.5, "buy", "agent b", "40", "5", "0.1", "ETH"),
        (9.5, "sell", "agent a", "1", "102", "0.05", "BTC"),
    ]
    for day, side, *given in acts:
        wallet, quantity, price, fee, base = given
        with clock.at(START + day * DAY):
            getattr(fund, side)(wallet, quantity, price, fee=fee, base=base)
    set_price("103.5", at=NOW)
    set_price("5.1", "ETH", at=NOW)
    monkeypatch.setattr(clock, "now", lambda: NOW)
    client.force_login(owner)
    return fund


def rows_of(owner: User, key: str, unit: Unit, first: date | None = None, last: date | None = None) -> list[Stretch]:
    account = account_of(key, owner=owner)
    return list(history_of(account, owner=owner, unit=unit, first=first or START.date(), last=last).rows)


def line_of(owner: User, key: str, period: Period | Span) -> AssetLine:
    lines = Breakdown(owner=owner, by=Dimension.ASSET, period=period).assets
    [line] = [line for line in lines if line.key == key]
    return line


def test_days_are_what_was_paid_got_and_held_at_the_close(traded: Fund, owner: User) -> None:
    """By hand: what is held at each close, and the money of each day."""
    held = (10, 14, 8, 13, 9, 9, 9, 9, 9)
    paid = ("990.5", "420.2", "0", "515.25", "0", "200.1", "0", "0", "0")
    got = ("0", "0", "605.7", "0", "435.8", "207.9", "0", "0", "0")
    rows = rows_of(owner, BITCOIN, Unit.DAY)
    assert len(rows) == 10
    before = D(0)
    for row, quantity, close, came, left in zip(rows, held, CLOSES, paid, got, strict=False):
        assert (row.opening, row.closing, round(row.flow, 12)) == (before, quantity * close, D(came) - D(left))
        assert row.profit == row.closing - row.opening - row.flow
        assert row.twr == pytest.approx(float((row.closing + D(left)) / (row.opening + D(came))) - 1, abs=1e-12)
        before = row.closing
    assert (rows[-1].closing, round(rows[-1].flow, 12), rows[-1].is_today) == (8 * D("103.5"), -D("101.95"), True)
    # bought and sold within the day: 200.1 became 207.9 beside what was held
    assert rows[5].twr == pytest.approx(float((9 * D(96) + D("207.9")) / (9 * D(111) + D("200.1"))) - 1, abs=1e-12)


@pytest.mark.parametrize("unit", list(Unit))
def test_every_row_adds_up_and_longer_rows_are_the_sums_of_days(traded: Fund, owner: User, unit: Unit) -> None:
    for key in (BITCOIN, ETHER):
        by_day, found = (rows_of(owner, key, one) for one in (Unit.DAY, unit))
        for before, row in zip([None, *found], found, strict=False):
            assert row.opening + row.flow + row.profit == row.closing
            assert row.profit == row.realized - row.fees + row.other
            assert before is None or before.closing == row.opening
        for name in ("flow", "profit", "realized", "fees"):
            assert sum(getattr(row, name) for row in found) == sum(getattr(row, name) for row in by_day)
        assert sum(row.trades.trades for row in found) == sum(row.trades.trades for row in by_day)
    assert sum(row.trades.trades for row in rows_of(owner, BITCOIN, unit)) == 2


@pytest.mark.parametrize(
    "period", [Period.ALL, Period.WEEK, Span(date(2026, 1, 28), date(2026, 2, 1)), Span(None, date(2026, 1, 30))]
)
def test_the_line_of_an_asset_has_the_profit_of_its_days(traded: Fund, owner: User, period: Period | Span) -> None:
    for key in (BITCOIN, ETHER):
        first = days.day_of(period.start + days.INSTANT) if period.start > START else START.date()
        last = period.last if isinstance(period, Span) else None
        if key == ETHER and last == date(2026, 1, 30):  # it was first bought later
            assert key not in {line.key for line in Breakdown(owner=owner, by=Dimension.ASSET, period=period).assets}
            assert rows_of(owner, key, Unit.DAY, first, last) == []
            continue
        line, rows = line_of(owner, key, period), rows_of(owner, key, Unit.DAY, first, last)
        assert line.opening is not None
        assert line.profit is not None
        assert line.open is not None
        assert line.opening + line.flow + line.profit == line.closing == rows[-1].closing
        assert line.profit == line.realized + line.open
        if period is not Period.WEEK:  # which begins at this time of day
            assert line.profit == sum(row.profit for row in rows)
            assert line.fees == sum(row.fees for row in rows)
            assert line.realized == sum(row.realized - row.fees for row in rows)
            grown = np.prod([1 + (row.twr or 0) for row in rows]) - 1
            assert line.twr == pytest.approx(grown, abs=1e-12)
            assert line.trades.trades == sum(row.trades.trades for row in rows)
            if period is Period.ALL:
                [whole] = rows_of(owner, key, Unit.YEAR)
                assert line.xirr == whole.xirr is not None


def test_all_of_it_is_what_the_positions_made(traded: Fund, owner: User) -> None:
    line = line_of(owner, BITCOIN, Period.ALL)
    made = (
        sum(D(one) for one in ("605.7", "435.8", "207.9", "101.95"))
        - D("990.5")
        - D("420.2")
        - D("515.25")
        - D("200.1")
    )
    assert line.profit is not None
    assert (round(line.profit, 12), line.closing) == (made + 8 * D("103.5"), 8 * D("103.5"))
    assert line.positions == 1


def test_what_derivatives_brought_is_profit_of_its_day_and_no_return(traded: Fund, owner: User) -> None:
    before = rows_of(owner, ETHER, Unit.DAY)
    with clock.at(NOW):
        for number, day in enumerate((2, 7)):
            VenueIncome.objects.create(
                owner=owner, connection=traded.connection, venue_id=str(number), symbol="ETH/USDT:USDT", asset="USDT",
                realized=7, funding=2, fee=1, at=START + day * DAY + timedelta(hours=8), status="booked",
                wallet=traded.wallets["agent b"],
            )  # fmt: skip
        traded.derive("12.5", base="ETH")
    rows = {row.begins: row for row in rows_of(owner, ETHER, Unit.DAY)}
    alone = rows[date(2026, 1, 28)]
    assert (alone.opening, alone.flow, alone.profit, alone.closing) == (0, -8, 8, 0)
    assert (alone.realized, alone.fees, alone.other) == (7, 1, 2)
    assert (alone.twr, alone.xirr, alone.why_no_xirr) == (None, None, ON_MARGIN)
    beside, today = rows[date(2026, 2, 2)], rows[NOW.date()]
    was = {row.begins: row for row in before}
    assert beside.profit == was[date(2026, 2, 2)].profit + 8
    assert today.profit == was[NOW.date()].profit + D("12.5")
    assert today.closing == 40 * D("5.1") + D("12.5")
    assert rows[date(2026, 2, 1)].twr == was[date(2026, 2, 1)].twr
    line = line_of(owner, ETHER, Period.ALL)
    assert line.profit == sum(row.profit for row in rows.values())
    assert line.open is not None
    assert line.profit == line.realized + line.open + 14 + 4 - 2 + D("12.5")
    assert (line.derivatives, line.funding, line.derivative_fees, line.open_derivatives) == (14, 4, 2, D("12.5"))
    assert (line.twr, line.xirr, line.why_no_return) == (None, None, ON_MARGIN)
    assert all(row.opening + row.flow + row.profit == row.closing for row in rows.values())


def test_a_day_without_a_price_is_in_the_next_that_has_one(traded: Fund, owner: User) -> None:
    whole = rows_of(owner, BITCOIN, Unit.YEAR)
    Candle.objects.filter(instrument__base="BTC", close__in=(100, 104)).delete()
    first, *rest = rows_of(owner, BITCOIN, Unit.DAY)
    assert (first.begins, first.opening, first.closing) == (date(2026, 1, 28), 0, 8 * 98)
    assert first.flow == D("990.5") + D("420.2") - D("605.7")
    assert first.profit + sum(row.profit for row in rest) == whole[0].profit
    period = Span(date(2026, 1, 27), None)
    line = line_of(owner, BITCOIN, period)
    assert (line.opening, line.profit, line.twr, line.open) == (None,) * 4
    assert (line.flow, line.why_no_return) != (0, "")


def test_days_are_the_readers(traded: Fund, owner: User, client: Client) -> None:
    owner.timezone = "Asia/Kathmandu"  # midnight at 18:15 UTC
    owner.save(update_fields=["timezone"])
    told: dict[str, Any] = client.get(
        "/api/v1/portfolio/history", {"account": BITCOIN, "from": "2026-01-26", "period": "day"}
    ).json()
    assert told["timezone"] == "Asia/Kathmandu"
    by_day = {row["begins"]: row for row in told["rows"]}
    assert D(by_day["2026-01-31"]["flow"]) == D("200.1") - D("207.9")
    assert D(by_day["2026-01-30"]["flow"]) == D("-435.8")
    line = client.get("/api/v1/portfolio/breakdown", {"by": "asset"}).json()["assets"]
    made = {one["key"]: D(one["profit"]) for one in line}
    assert made[BITCOIN] == sum(D(row["profit"]) for row in told["rows"])


def test_page_file_and_programs_say_the_same(traded: Fund, owner: User, client: Client, other_owner: User) -> None:
    query = {"account": BITCOIN, "period": "day"}
    told = client.get("/api/v1/portfolio/history", query).json()
    assert (told["account"], told["name"], told["base"]) == (BITCOIN, "BTC", "USDT")
    file = client.get("/portfolio/history/", query | {"format": "csv"}).content.decode().splitlines()
    assert len(file) == len(told["rows"]) + 1 == 11
    page = client.get("/portfolio/history/", query).content.decode()
    assert "History of BTC" in page
    assert 'value="asset:ETH:USDT"' in page
    by_asset = client.get("/portfolio/by/", {"by": "asset", "range": "All"}).content.decode()
    assert f"account={BITCOIN.replace(':', '%3A')}" in by_asset
    theirs = Client()
    theirs.force_login(other_owner)
    for key in (BITCOIN, "asset:BTC:EUR", "asset:", "asset:BTC"):
        assert theirs.get("/portfolio/history/", {"account": key}).status_code == 404
    assert client.get("/api/v1/portfolio/history", {"account": "asset:BTC:EUR"}).status_code == 404


def test_the_number_of_statements_is_fixed(traded: Fund, owner: User, django_assert_max_num_queries: Any) -> None:
    account = account_of(BITCOIN, owner=owner)
    with django_assert_max_num_queries(7):
        assert history_of(account, owner=owner, unit=Unit.DAY).rows
