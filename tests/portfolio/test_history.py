"""The past worked out from the books of then and the closes of then: gaps, another base, midnights, late trades."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import StringIO
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kit import clock, days, display, tenancy
from kit.users.models import User
from markets.models import Candle
from portfolio import corrections, rewriting
from portfolio.models import Correction, DailyPerformance, HourlyPerformance, PortfolioState, Snapshot
from portfolio.selectors.calendar import Calendar, Unit
from portfolio.selectors.periods import Period
from portfolio.selectors.scope import Scope
from portfolio.services import begin_history, request_days, roll_up_days, take_snapshots, value_what_came
from tests.portfolio.fund import Fund, make_instrument, set_price
from tests.portfolio.test_daily import Model, exactly_decomposed, steps, undone
from trading.models import Fill, Order
from wallets.models import Posting, VenuePosition

D = Decimal
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
START = datetime(2026, 3, 2, 0, tzinfo=UTC)


def price_at(moment: datetime) -> int:
    """What a bitcoin costs: something else every five minutes."""
    return 100 + int((moment - START) / (5 * MINUTE)) * 7 % 31


def candles(first: datetime, last: datetime, base: str = "BTC") -> None:
    """A close every five minutes, the price of its end."""
    count = int((last - first) / (5 * MINUTE))
    instrument = make_instrument(base)
    opens = [first + 5 * MINUTE * number for number in range(count)]
    Candle.objects.bulk_create(
        Candle(
            instrument=instrument, timeframe="5m", ts=int(moment.timestamp() * 1000), volume=1,
            **dict.fromkeys(("open", "high", "low", "close"), float(price_at(moment + 5 * MINUTE))),
        )
        for moment in opens
    )  # fmt: skip


def value(fund: Fund, moment: datetime) -> None:
    """What the five-minute job does at that moment of history."""
    with clock.at(moment):
        take_snapshots(owner_id=fund.owner.pk, at=moment)


def series(fund: Fund, base: str = "USDT") -> list[Snapshot]:
    return list(Snapshot.objects.filter(scope=fund.owner.pk, base=base).order_by("at"))


def grows_as_it_says(rows: list[Snapshot]) -> bool:
    """Every step's flow, cumulative flow and index follow from the row before."""
    for before, row in pairwise(rows):
        capital = before.equity + max(row.flow, D(0))
        growth = float((row.equity - min(row.flow, D(0))) / capital) if capital > 0 else 1.0
        if row.flows != before.flows + row.flow or row.twr_index != pytest.approx(before.twr_index * growth):
            return False
    return True


@pytest.fixture
def lived(fund: Fund) -> Fund:
    """Two hours of values, a day without any in which money came and a bitcoin was bought, and an hour of values."""
    candles(START - HOUR, START + 2 * DAY)
    with clock.at(START):
        fund.deposit("1000", wallet="agent a")
    for number in range(24):
        value(fund, START + 5 * MINUTE * number)
    with clock.at(START + 5 * HOUR):
        fund.buy("agent a", "2", str(price_at(START + 5 * HOUR)), fee="1")
    with clock.at(START + 11 * HOUR + 2 * MINUTE):
        fund.deposit("300", wallet="agent a")
        fund.correct("agent a", "5")
    for number in range(12):
        value(fund, START + DAY + 5 * MINUTE * number)
    roll_up_days(owner_id=fund.owner.pk)
    return fund


def worth(moment: datetime) -> Decimal:
    """In plain arithmetic, from what happened."""
    cash = D(1000) + (D(295) if moment >= START + 11 * HOUR + 2 * MINUTE else 0)
    if moment < START + 5 * HOUR:
        return cash
    return cash - 2 * price_at(START + 5 * HOUR) - 1 + 2 * price_at(moment)


def work(owner_id: Any, at_once: int = 50) -> Correction:
    done = None
    while (found := corrections.work(owner_id=owner_id, at_once=at_once)) is not None:
        done = found
    assert done is not None
    return done


@pytest.mark.parametrize("table", ["portfolio_hourlyperformance", "portfolio_dailyperformance"])
def test_of_what_is_over_the_low_the_high_and_the_flow_say_what_it_is_made_of(lived: Fund, table: str) -> None:
    with connection.cursor() as cursor:
        for column in ("equity", "low", "high", "flow"):
            cursor.execute(f"UPDATE {table} SET {column} = {column}")
            assert cursor.rowcount > 3
            for change in ("- 1", "+ 1"):
                with pytest.raises(DatabaseError, match="what is over stays"), transaction.atomic():
                    cursor.execute(f"UPDATE {table} SET {column} = {column} {change}")
        with pytest.raises(DatabaseError, match="what is over stays"), transaction.atomic():
            cursor.execute(f"UPDATE {table} SET closed_at = closed_at + interval '1 minute'")


def test_a_gap_is_filled_from_the_books_and_the_closes_of_then(lived: Fund) -> None:
    owner_id = lived.owner.pk
    before = series(lived)
    corrections.fill(owner_id=owner_id, since=START - DAY, until=START + 5 * DAY, step=5 * MINUTE)
    done = work(owner_id, at_once=37)
    rows = series(lived)
    assert (done.skipped, done.unpriced, done.written) == (0, [], 6 * (len(rows) - len(before)))
    assert [row.at for row in rows] == [START + 5 * MINUTE * number for number in range(24 * 12 + 12)]
    assert [row.equity for row in rows] == [worth(row.at) for row in rows]
    assert grows_as_it_says(rows)
    assert sum(row.flow for row in rows) == rows[-1].flows == 1300
    assert sum(row.adjustments for row in rows) == -5
    assert {row.at: row.adjustments for row in rows if row.adjustments} == {START + 11 * HOUR + 5 * MINUTE: -5}
    new = [row for row in rows if row.at not in {one.at for one in before}]
    assert all(row.corrected_at is not None and row.equity_before is None for row in new)
    assert [row.equity for row in rows if row.corrected_at is None] == [row.equity for row in before]
    assert (rows[-1].realized_pnl, rows[30].realized_pnl) == (-1, 0)
    found = list(DailyPerformance.objects.filter(scope=owner_id).order_by("day"))
    assert exactly_decomposed(found)
    assert HourlyPerformance.objects.filter(scope=owner_id).count() == 25
    assert found[0].corrected_at is not None
    # Whoever asks again finds nothing to do.
    corrections.fill(owner_id=owner_id, since=START - DAY, until=START + 5 * DAY, step=5 * MINUTE)
    assert work(owner_id).written == 0
    assert [row.equity for row in series(lived)] == [row.equity for row in rows]


def test_what_had_no_price_is_said_and_left_out(lived: Fund, page: Client) -> None:
    with clock.at(START + 7 * HOUR):
        lived.deposit("3", "XYZ", wallet="agent b")
    out = StringIO()
    with clock.at(START + 2 * DAY):
        with pytest.raises(CommandError, match="Not everything could be valued"):
            call_command("backfill", lived.owner.email, "--from", "2026-03-02", "--every", "1h", stdout=out)
        told = page.get("/?range=All").content.decode()
        day = page.get("/portfolio/explain/day/?day=2026-03-02").content.decode()
        span, *_ = page.get("/api/v1/portfolio/calendar?at=2026-03-02").json()["spans"]
    assert "Values of this period were corrected on" in told
    assert "Values of this day were corrected on" in day
    assert span["corrected_at"] is not None
    rows = series(lived)
    assert "Not known: XYZ." in out.getvalue()
    assert {row.at for row in rows if row.corrected_at} == {START + HOUR * number for number in range(3, 7)}
    assert grows_as_it_says(rows)


def test_nobody_guesses_what_a_derivative_had_won(lived: Fund) -> None:
    VenuePosition.objects.create(
        owner=lived.owner, connection=lived.connection, symbol="BTC/USDT:USDT", side="long", quantity=1, entry_price=1,
        unrealized_pnl=50, settle="USDT", at=START,
    )  # fmt: skip
    before = series(lived)
    corrections.fill(owner_id=lived.owner.pk, since=START, until=START + 5 * DAY, step=4 * HOUR)
    done = work(lived.owner.pk)
    assert (done.written, done.skipped, done.unpriced) == (0, 4, ["BTC/USDT:USDT"])
    assert series(lived) == before


def in_bitcoin(fund: Fund) -> None:
    fund.owner.base_currency = "BTC"
    fund.owner.save(update_fields=["base_currency"])


def test_a_history_in_a_new_base_is_put_behind_what_was_before(lived: Fund) -> None:
    owner_id = lived.owner.pk
    days_before = list(DailyPerformance.objects.filter(scope=owner_id, base="USDT").values_list("day", "equity"))
    in_bitcoin(lived)
    value(lived, START + DAY + HOUR)
    for number in range(13, 16):
        value(lived, START + DAY + 5 * MINUTE * number)
    (began, *_) = series(lived, "BTC")
    corrections.fill(owner_id=owner_id, since=START - DAY, until=START + 5 * DAY, step=HOUR)
    done = work(owner_id, at_once=9)
    rows = series(lived, "BTC")
    assert done.joins_at == began.at
    assert [row.at for row in rows[:26]] == [START + HOUR * number for number in range(26)]
    assert [row.equity for row in rows] == [
        pytest.approx(worth(row.at) / price_at(row.at), abs=D("1e-15")) for row in rows
    ]
    assert grows_as_it_says(rows)
    assert rows[-1].flow == 0
    kept = DailyPerformance.objects.filter(scope=owner_id, base="USDT").values_list("day", "equity")
    assert list(kept) == days_before, "and what was told in the old one stays"
    assert exactly_decomposed(list(DailyPerformance.objects.filter(scope=owner_id, base="BTC").order_by("day")))


def test_after_a_change_of_base_today_begins_at_midnight_and_the_days_before_follow(lived: Fund, page: Client) -> None:
    owner_id, now = lived.owner.pk, START + DAY + HOUR
    beside = list(Snapshot.objects.filter(base="USDT").order_by("pk").values())
    in_bitcoin(lived)
    midnight = START + DAY - days.INSTANT
    with clock.at(now):
        begin_history(owner_id=owner_id)
        today = Scope(owner=lived.owner, period=Period.ALL).today
        assert (today.began, today.opening) == (midnight, approximately(midnight))
        assert grows_as_it_says(series(lived, "BTC"))
        told = page.get("/").content.decode()
        assert "today</a>, since" not in told
        held_together = together(lived, today.opening)
        done = work(owner_id)
        assert held_together == together(lived, today.opening)
        assert (done.kind, done.skipped, done.finished_at) == ("restate", 0, now)
        assert "The history in" not in page.get("/?range=All").content.decode()
        assert page.get("/api/v1/portfolio/summary?range=All").json()["corrected_at"] is None
    value(lived, now + 5 * MINUTE)
    rows = series(lived, "BTC")
    assert [row.at for row in rows] == [START, midnight, START + DAY, now, now + 5 * MINUTE]
    assert [row.equity for row in rows] == [approximately(row.at) for row in rows]
    assert grows_as_it_says(rows)
    assert rows[-1].flow == 0
    assert exactly_decomposed(list(DailyPerformance.objects.filter(scope=owner_id, base="BTC").order_by("day")))
    assert list(Snapshot.objects.filter(base="USDT", at__lt=now).order_by("pk").values()) == beside
    # The way back, and there again: nothing is worked out twice.
    for base in ("USDT", "BTC"):
        lived.owner.base_currency = base
        lived.owner.save(update_fields=["base_currency"])
        with clock.at(now + 2 * HOUR):
            begin_history(owner_id=owner_id)
    assert Correction.objects.filter(kind="restate").count() == 1


def together(fund: Fund, opening: Decimal) -> tuple[bool, Any, Any]:
    """Whether the history holds together, and what it says of today and of its whole profit."""
    whole = Scope(owner=fund.owner, period=Period.ALL)
    rows = series(fund, "BTC")
    assert whole.change.closing - whole.change.opening - sum((row.flow for row in rows), D(0)) == whole.change.profit
    return grows_as_it_says(rows), whole.today.opening == opening, whole.today.profit


def approximately(moment: datetime) -> Any:
    return pytest.approx(worth(moment) / price_at(moment), abs=D("1e-15"))


def test_a_history_in_a_new_base_goes_back_as_far_as_its_prices_do(lived: Fund) -> None:
    owner_id, now = lived.owner.pk, START + DAY + HOUR
    Candle.objects.filter(ts__lt=int((START + 18 * HOUR).timestamp() * 1000)).delete()
    in_bitcoin(lived)
    with clock.at(now):
        begin_history(owner_id=owner_id)
    work(owner_id)
    rows = series(lived, "BTC")
    assert rows[0].at == START + DAY - days.INSTANT
    assert grows_as_it_says(rows)
    assert rows[0].flow == rows[0].equity == approximately(rows[0].at)


def test_a_young_account_loses_nothing_of_before_its_first_value_in_a_new_base(fund: Fund) -> None:
    """Fees and profits of its first minutes are told in every base."""
    candles(START - HOUR, START + DAY)
    with clock.at(START):
        fund.deposit("1000", wallet="agent a")
        fund.buy("agent a", "2", "100", fee="1")
        fund.sell("agent a", "1", "130", fee="2")
    first = START + 10 * MINUTE
    for number in range(3):
        value(fund, first + 5 * MINUTE * number)
    with clock.at(first + 11 * MINUTE):
        before = Scope(owner=fund.owner, period=Period.ALL).change
        in_bitcoin(fund)
        begin_history(owner_id=fund.owner.pk)
        while corrections.work(owner_id=fund.owner.pk) is not None:
            pass
        change = Scope(owner=fund.owner, period=Period.ALL).change
    assert (before.fees, before.realized) == (3, 30)
    rate = D(price_at(first))
    assert (change.fees, change.realized) == (approximate(3 / rate), approximate(30 / D(price_at(first + 10 * MINUTE))))
    assert change.began == before.began == first
    assert change.flows == approximate(1000 / rate)
    assert change.profit == change.market + change.realized + change.funding - change.fees + change.adjustments


def approximate(value: D) -> Any:
    return pytest.approx(value, rel=D("0.05"))


def test_without_prices_of_then_a_history_in_a_new_base_begins_now(lived: Fund) -> None:
    owner_id, now = lived.owner.pk, START + DAY + HOUR
    Candle.objects.filter(ts__lt=int((now - 5 * MINUTE).timestamp() * 1000)).delete()
    in_bitcoin(lived)
    with clock.at(now):
        begin_history(owner_id=owner_id)
    while corrections.work(owner_id=owner_id) is not None:
        pass
    assert [row.at for row in series(lived, "BTC")] == [now]


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "America/Los_Angeles"])
def test_a_day_begins_at_its_own_midnight_wherever_its_owner_moves(lived: Fund, page: Client, zone: str) -> None:
    lived.owner.timezone = zone
    lived.owner.save(update_fields=["timezone"])
    with clock.at(START + DAY + HOUR):
        roll_up_days(owner_id=lived.owner.pk)
        assert work(lived.owner.pk).kind == "close"
    there = ZoneInfo(zone)
    midnight = days.begins(days.day_of(START + DAY, there), there)
    now = START + DAY + HOUR
    with clock.at(now), display.showing(display.Display(timezone=zone)):
        calendar = Calendar(Scope(owner=lived.owner, period=Period.WEEK), unit=Unit.DAY)
        today = calendar.spans[-1]
        whole = Scope(owner=lived.owner, period=Period.ALL)
        assert whole.today.opening == worth(midnight - days.INSTANT)
        assert whole.today.began == midnight - days.INSTANT
        home = page.get("/").content.decode()
        told = page.get("/api/v1/portfolio/summary?range=All").json()
        line = page.get("/api/v1/portfolio/equity?range=All").json()
        assert (today.since, today.measured_from) == (midnight, None)
        assert datetime.fromisoformat(told["today"]["began"]) == midnight
    assert "today</a>, since" not in home
    assert told["corrected_at"] is line["corrected_at"] is None
    assert grows_as_it_says(series(lived))
    assert exactly_decomposed(list(DailyPerformance.objects.filter(scope=lived.owner.pk).order_by("day")))


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "America/Los_Angeles"])
def test_what_came_in_is_told_once_wherever_its_owner_moves_while_another_base_has_few_moments(
    fund: Fund, zone: str
) -> None:
    """In the new base all wallets together have a value at each midnight; each wallet has one every hour."""
    owner_id = fund.owner.pk
    candles(START - HOUR, START + 2 * DAY)
    with clock.at(START):
        fund.deposit("1000", wallet="agent a")
    for number in range(26):
        value(fund, START + number * HOUR)
        with clock.at(START + number * HOUR + 2 * MINUTE):
            if number in (4, 11):
                fund.deposit("700", wallet="agent b")
    roll_up_days(owner_id=owner_id)
    before = {row.pk: (row.flow, row.flows, row.twr_index) for row in Snapshot.objects.filter(base="USDT")}
    in_bitcoin(fund)
    with clock.at(START + 26 * HOUR):
        begin_history(owner_id=owner_id)
        work(owner_id)
        fund.owner.timezone = zone
        fund.owner.save(update_fields=["timezone"])
        request_days(owner_id=owner_id)
        while corrections.work(owner_id=owner_id) is not None:
            pass
    wallets = {row.scope for row in Snapshot.objects.exclude(wallet=None)}
    for scope in wallets:
        rows = list(Snapshot.objects.filter(scope=scope).order_by("at"))
        assert grows_as_it_says(rows)
        assert all(row.flow >= 0 for row in rows), "nothing came in twice and was taken back"
    kept = {row.pk: (row.flow, row.flows, row.twr_index) for row in Snapshot.objects.filter(pk__in=before)}
    assert {pk: told[:2] for pk, told in kept.items()} == {pk: told[:2] for pk, told in before.items()}
    assert {pk: told[2] for pk, told in kept.items()} == pytest.approx({pk: told[2] for pk, told in before.items()})


@pytest.mark.parametrize("zone", ["Asia/Kathmandu", "America/Los_Angeles"])
def test_today_begins_at_midnight_as_soon_as_its_owner_has_moved(lived: Fund, zone: str) -> None:
    """Before any worker has had the days before it in hand."""
    lived.owner.timezone = zone
    lived.owner.save(update_fields=["timezone"])
    now = START + DAY + HOUR
    with clock.at(now), display.showing(display.Display(timezone=zone)):
        request_days(owner_id=lived.owner.pk)
        request_days(owner_id=lived.owner.pk)
        there = ZoneInfo(zone)
        midnight = days.begins(days.day_of(now, there), there) - days.INSTANT
        today = Scope(owner=lived.owner, period=Period.WEEK).today
        assert (today.began, today.opening) == (midnight, worth(midnight))
    assert grows_as_it_says(series(lived))


def test_who_is_young_began_when_it_did_wherever_its_owner_moves(lived: Fund) -> None:
    """The midnights of another zone are closed for those that were there, and for no others."""
    made = START + DAY + 56 * MINUTE
    with clock.at(made):
        lived.add("farm c", "master")
        lived.add("agent c", "farm c")
        lived.deposit("500", wallet="agent c")
    now = START + DAY + HOUR
    value(lived, now)
    lived.owner.timezone = "Asia/Kolkata"
    lived.owner.save(update_fields=["timezone"])
    with clock.at(now), display.showing(display.Display(timezone="Asia/Kolkata")):
        request_days(owner_id=lived.owner.pk)
        roll_up_days(owner_id=lived.owner.pk)
        while corrections.work(owner_id=lived.owner.pk) is not None:
            pass
        for name in ("farm c", "agent c"):
            wallet = lived.wallets[name]
            whole = Scope(owner=lived.owner, period=Period.ALL, wallet_id=wallet.pk)
            assert [(row.at, row.flow) for row in Snapshot.objects.filter(scope=wallet.pk)] == [(now, 500)]
            assert (whole.change.began, whole.start) == (now, now - days.INSTANT)
            assert [(day.day, day.flow) for day in whole.days] == [(days.day_of(now), 500)]
        closed = Snapshot.objects.get(scope=lived.wallets["farm a"].pk, at=days.before_today(now))
        assert closed.equity == worth(closed.at), "who was there is closed"


@pytest.fixture
def page(client: Client, lived: Fund) -> Client:
    client.force_login(lived.owner)
    return client


def test_a_trade_that_is_told_late_corrects_what_came_after_it(live_db: str, owner: User) -> None:
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    start = now - 3 * HOUR
    with tenancy.tenant(owner.pk):
        make_instrument()
        set_price("100")
        fund = Fund.make(owner)
        instrument = make_instrument()
        Candle.objects.bulk_create(
            Candle(
                instrument=instrument, timeframe="5m", ts=int((start + 5 * MINUTE * number).timestamp() * 1000),
                volume=1, **dict.fromkeys(("open", "high", "low", "close"), 101.0 + number),
            )
            for number in range(-3, 40)
        )  # fmt: skip
        with clock.at(start):
            fund.deposit("1000", wallet="agent a")
            fund.deposit("500", wallet="agent b")
        for number in range(36):
            value(fund, start + 5 * MINUTE * number)
        corrections.find_late(owner_id=owner.pk)
    assert Correction.objects.count() == 0
    happened, told = start + 62 * MINUTE, start + 121 * MINUTE
    with tenancy.tenant(owner.pk):
        with clock.at(told):
            fund.buy("agent a", "2", "110", fee="1")
        order = Order.objects.create(
            owner=owner, wallet=fund.wallets["agent a"], connection=fund.connection, instrument=instrument, key="late",
            client_order_id="late", side="buy", type="market", quantity=2, status="submitting", reference_price=110,
            due_at=now,
        )  # fmt: skip
        Fill.objects.create(
            owner=owner, order=order, wallet=order.wallet, connection=fund.connection, instrument=instrument,
            venue_trade_id="late", side="buy", price=110, quantity=2, fee=1, fee_asset="USDT", filled_at=happened,
            posting=Posting.objects.filter(kind="trade").latest("pk"),
        )  # fmt: skip
        before = {row.at: row for row in series(fund)}
        beside = list(Snapshot.objects.filter(wallet=fund.wallets["agent b"]).order_by("at").values_list("equity"))
    assert value_what_came(owner_id=owner.pk, last_look=True)
    with tenancy.tenant(owner.pk):
        asked = Correction.objects.get(kind="late")  # whatever midnight lies among them
        assert (asked.kind, asked.wallet, asked.since, asked.until) == ("late", order.wallet, happened, told)
    done = work(owner.pk, at_once=5)
    with tenancy.tenant(owner.pk):
        rows = series(fund)
        # The close of a day that ends among them is written in its own right.
        changed = [row for row in rows if row.corrected_at and row.at.second == 0]
        assert [row.at for row in changed] == [start + 5 * MINUTE * number for number in range(13, 25)]
        for row in changed:
            number = (row.at - start) // (5 * MINUTE)
            assert row.equity == 1500 - 220 - 1 + 2 * (100 + number)
            assert row.equity_before == before[row.at].equity == 1500
        assert grows_as_it_says(rows)
        assert (rows[-1].equity, done.skipped) == (
            before[rows[-1].at].equity if rows[-1].at in before else 1279 + 200,
            0,
        )
        same = Snapshot.objects.filter(wallet=fund.wallets["agent b"]).order_by("at").values_list("equity")
        assert list(same)[: len(beside)] == beside
        assert HourlyPerformance.objects.filter(scope=owner.pk, corrected_at__isnull=False).exists()
        assert PortfolioState.objects.get().fills_to is not None
    assert corrections.work(owner_id=owner.pk) is None


def test_a_day_of_the_command_has_to_be_one(lived: Fund) -> None:
    for arguments, told in (
        ((lived.owner.email, "--from", "yesterday"), "Write a day"),
        (("nobody@example.com", "--from", "2026-03-02"), "There is nobody called nobody@example.com"),
        (("--from", "2026-03-02"), "Name whose history"),
        ((lived.owner.email, "--from", "2026-03-02", "--to", "2026-03-01"), "The first day is after the last"),
    ):
        with pytest.raises(CommandError, match=told):
            call_command("backfill", *arguments)
    assert date(2026, 3, 2) == days.read("2026-03-02", name="day")


FIGURES = ("equity", "cash", "invested", "flow", "flows", "fees", "adjustments", "gross_exposure", "net_exposure")


def told(fund: Fund) -> dict[tuple[Any, datetime], tuple[Any, ...]]:
    """What every scope says at every moment."""
    rows = Snapshot.objects.filter(owner=fund.owner).values_list("scope", "at", *FIGURES, "twr_index")
    return {(scope, at): (*figures, pytest.approx(index)) for scope, at, *figures, index in rows}


@pytest.mark.slow
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True)
@given(intervals=st.lists(st.lists(steps, max_size=3), min_size=3, max_size=9), data=st.data())
def test_what_is_filled_in_afterwards_is_what_would_have_been_written_then(
    fund: Fund, intervals: list[list[Any]], data: st.DataObject
) -> None:
    """The same life twice: valued every five minutes, and now and then only, with the rest worked out afterwards."""
    moments = [START + 5 * MINUTE * number for number in range(len(intervals))]
    middle = moments[1:-1]
    off = data.draw(st.sets(st.sampled_from(middle), min_size=1))
    found = []
    for missing in (set[datetime](), off):
        with undone():
            candles(START - HOUR, START + HOUR)
            model = Model(fund)
            for moment, interval in zip(moments, intervals, strict=True):
                with clock.at(moment):
                    model.price = D(price_at(moment))
                    for kind, amount in interval:
                        if kind != "price":
                            model.apply(kind, amount)
                    if moment not in missing:
                        take_snapshots(owner_id=fund.owner.pk, at=moment)
            if missing:
                rewriting.write(owner_id=fund.owner.pk, moments=sorted(missing))
            found.append(told(fund))
    assert found[0] == found[1]
    assert len(found[0]) == 6 * len(moments)
