"""Value over time: exact where it is summed, thinned out without losing what matters."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import plotly.graph_objects as go
import pytest
from django.db import connection

from farms.laboratory.report import COLOURS
from kit import clock, figures
from markets.models import Candle
from moniqo.home import charts
from portfolio.api import EquityOut
from portfolio.daily import roll_up
from portfolio.models import Snapshot
from portfolio.selectors.benchmark import Benchmark, benchmark
from portfolio.selectors.periods import Period
from portfolio.selectors.series import POINTS, deepest_drawdown, flows_since
from portfolio.services import take_snapshots
from portfolio.valuation import value_scope
from quant.candles import Candles
from tests.portfolio.fund import VENUE, Fund, make_instrument, set_price
from tests.portfolio.periods import change_since, clamp, equity_series

D = Decimal
FIVE_MINUTES = timedelta(minutes=5)


def write_history(fund: Fund, equity: list[float], *, end: datetime, step: timedelta = FIVE_MINUTES) -> list[datetime]:
    """Snapshots of the whole fund with these values and no flow, the last one at `end`."""
    moments = [end - step * (len(equity) - 1 - number) for number in range(len(equity))]
    for month in sorted({moment.strftime("%Y-%m") for moment in moments}):
        ensure_month(month)
    Snapshot.objects.bulk_create(
        Snapshot(
            owner=fund.owner, at=moment, base="USDT", equity=D(str(value)), cash=D(str(value)), invested=0,
            twr_index=value / equity[0],
        )
        for moment, value in zip(moments, equity, strict=True)
    )  # fmt: skip
    return moments


def ensure_month(month: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT month_make('portfolio_snapshot', %s::date)", [f"{month}-01"])


def test_a_period_is_measured_from_the_last_value_before_it(fund: Fund) -> None:
    now = clock.now()
    fund.deposit("1000")
    fund.buy("master", "5", "100", fee="1")
    take_snapshots(owner_id=fund.owner.pk, at=now - timedelta(days=3))  # 999
    fund.deposit("200")
    set_price("120")
    take_snapshots(owner_id=fund.owner.pk, at=now - timedelta(hours=20))  # 1299
    set_price("90")
    take_snapshots(owner_id=fund.owner.pk, at=now - timedelta(hours=10))  # 1149
    fund.sell("master", "2", "95", fee="3")
    fund.withdraw("50")
    set_price("110")

    live = value_scope(owner_id=fund.owner.pk, scope=fund.owner.pk)
    assert live.equity == 1199 - 500 + 190 - 3 - 50 + 3 * 110 - 1 + 1
    change = change_since(scope=fund.owner.pk, start=now - timedelta(days=1), now=live)

    assert change.began == now - timedelta(days=3)
    assert (change.opening, change.closing) == (D(999), D(1166))
    assert change.flows == 200 - 50
    assert change.profit == 1166 - 999 - 150 == 17
    assert (change.realized, change.market, change.fees, change.adjustments) == (-10, 30, 3, 0)
    assert change.max_drawdown == pytest.approx(1149 / 1299 - 1)
    growth = (1299 / 1199) * (1149 / 1299) * (1216 / 1149)  # deposits from the start, withdrawals until the end
    assert change.twr == pytest.approx(growth - 1)

    everything = change_since(
        scope=fund.owner.pk, start=clamp(scope=fund.owner.pk, base="USDT", start=Period.ALL.start), now=live
    )
    assert (everything.opening, everything.flows, everything.profit) == (0, 1150, 16)
    assert [flow.amount for flow in flows_since(scope=fund.owner.pk, base="USDT", start=Period.ALL.start)] == [
        200,
        1000,
    ]


def test_without_any_snapshot_there_is_a_value_and_nothing_else(fund: Fund) -> None:
    fund.deposit("70")
    live = value_scope(owner_id=fund.owner.pk, scope=fund.owner.pk)
    change = change_since(scope=fund.owner.pk, start=Period.DAY.start, now=live)
    assert (change.closing, change.profit, change.began) == (70, 0, None)
    assert equity_series(scope=fund.owner.pk, base="USDT", start=Period.DAY.start, now=live) == ()
    assert deepest_drawdown(scope=fund.owner.pk, base="USDT", start=Period.DAY.start) is None


@pytest.mark.parametrize("length", [12, 700, 5000])
def test_a_long_series_keeps_its_extremes_and_its_ends_in_few_points(fund: Fund, length: int) -> None:
    values = (1000 + 20 * np.sin(np.arange(length) / 40) + np.arange(length) / 50).round(6).tolist()
    values[length // 3] = 700.0
    values[length // 2] = 1900.0
    moments = write_history(fund, values, end=clock.now() - timedelta(minutes=1))
    points = equity_series(
        scope=fund.owner.pk, base="USDT", start=clamp(scope=fund.owner.pk, base="USDT", start=Period.ALL.start)
    )

    assert len(points) == min(length, len(points)) <= POINTS
    assert f"At most {POINTS} points" in (EquityOut.__doc__ or "")
    assert [point.at for point in points] == sorted({point.at for point in points})
    found = {float(point.equity) for point in points}
    assert {700.0, 1900.0} <= found <= set(values)
    assert (points[0].at, points[-1].at) == (moments[0], moments[-1])
    falls = np.array(values) / np.maximum.accumulate(values) - 1
    assert min(point.drawdown for point in points) == pytest.approx(falls.min())


def test_a_series_of_years_is_read_from_its_days_and_keeps_the_depth_of_a_fall_within_one(fund: Fund) -> None:
    end = datetime(2026, 6, 1, tzinfo=UTC)
    values = [1000.0] * 1200
    values[601] = 600.0
    write_history(fund, values, end=end, step=timedelta(hours=8))
    roll_up(owner_id=fund.owner.pk)
    with clock.at(end):
        points = equity_series(
            scope=fund.owner.pk, base="USDT", start=clamp(scope=fund.owner.pk, base="USDT", start=Period.ALL.start)
        )
        month = equity_series(scope=fund.owner.pk, base="USDT", start=end - timedelta(days=30, minutes=1))
    assert 399 <= len(points) <= 406  # every day, and what is left at both ends by three a day
    assert 90 <= len(month) <= 94  # every hour in which there is a value, which are three a day
    assert min(point.drawdown for point in points) == pytest.approx(-0.4)


def test_a_period_comes_to_the_same_whether_its_days_are_written_down_or_not(fund: Fund) -> None:
    values = [1000.0 + 37 * ((7 * number) % 11) for number in range(100)]
    moments = write_history(fund, values, end=clock.now() - timedelta(minutes=1), step=timedelta(hours=6))
    live = value_scope(owner_id=fund.owner.pk, scope=fund.owner.pk)
    starts = [moments[2], moments[2] + timedelta(hours=3), moments[-30], moments[-3]]
    before = [change_since(scope=fund.owner.pk, start=start, now=live) for start in starts]
    roll_up(owner_id=fund.owner.pk)
    after = [change_since(scope=fund.owner.pk, start=start, now=live) for start in starts]
    assert before == after


def test_a_day_that_only_rises_has_no_drawdown_however_long_the_period(fund: Fund) -> None:
    midnight = clock.now().replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=1)
    write_history(fund, [100.0] * 120, end=midnight - timedelta(hours=1), step=timedelta(days=1))
    write_history(fund, [100.0, 110.0, 120.0], end=midnight + timedelta(hours=20), step=timedelta(hours=6))
    roll_up(owner_id=fund.owner.pk)
    points = equity_series(scope=fund.owner.pk, base="USDT", start=midnight - timedelta(days=110))
    assert points[-1].equity == 120
    assert min(point.drawdown for point in points) == 0


def test_the_deepest_fall_is_told_with_its_dates(fund: Fund) -> None:
    values = [100.0, 120, 108, 90, 110, 121, 110, 115]
    moments = write_history(fund, values, end=clock.now() - timedelta(minutes=1))
    trough = deepest_drawdown(scope=fund.owner.pk, base="USDT", start=moments[0])
    assert trough is not None
    assert trough.depth == pytest.approx(-0.25)
    assert (trough.peak_at, trough.at, trough.recovered_at) == (moments[1], moments[3], moments[5])
    assert (trough.peak_equity, trough.equity) == (120, 90)


@pytest.fixture
def daily_bars(fund: Fund) -> list[float]:
    """Ten four-hour bars of bitcoin up to now, closing at 100, 101, … 109."""
    closes = [100.0 + number for number in range(10)]
    end = clock.now().replace(minute=0, second=0, microsecond=0)
    for number, close in enumerate(closes):
        ts = int((end - timedelta(hours=4) * (10 - number)).timestamp() * 1000)
        Candle.objects.create(
            instrument=make_instrument(), timeframe="4h", ts=ts, volume=1,
            **dict.fromkeys(("open", "high", "low", "close"), close),
        )  # fmt: skip
    return closes


def test_the_benchmark_is_bitcoin_at_the_owners_venue(fund: Fund, daily_bars: list[float]) -> None:
    make_instrument("AAA")
    found = benchmark(venues=[VENUE], base="USDT", start=clock.now() - timedelta(days=1))
    assert found is not None
    assert found.name == "BTC"
    assert found.candles.close[-1] == daily_bars[-1]
    assert benchmark(venues=[VENUE], base="EUR", start=clock.now()) is None


def test_holding_the_benchmark_buys_with_every_flow(fund: Fund) -> None:
    hour = timedelta(hours=1)
    start = clock.now() - timedelta(days=1)
    ts = np.array([int((start + hour * (number - 1)).timestamp() * 1000) for number in range(4)])
    close = np.array([100.0, 50.0, 200.0, 200.0])
    candles = Candles(ts, close, close, close, close, close)
    fund.deposit("1000")
    take_snapshots(owner_id=fund.owner.pk, at=start)
    fund.deposit("500")
    take_snapshots(owner_id=fund.owner.pk, at=start + hour)
    take_snapshots(owner_id=fund.owner.pk, at=start + 2 * hour)
    points = equity_series(scope=fund.owner.pk, base="USDT", start=start - hour)
    drawn = charts.equity(points, Benchmark("BTC", candles), currency="USDT")
    line = next(trace for trace in drawn["data"] if trace["name"] == "BTC hold")
    # Ten bitcoin at 100; ten more for 500 at 50; all of them at 200.
    assert line["y"] == pytest.approx([1000.0, 1000.0, 4000.0])
    marks = next(trace for trace in drawn["data"] if trace["name"] == "Cash flow")
    assert marks["text"] == ["Deposit +$1,000", "Deposit +$500"]
    for figure in (drawn, charts.equity(points, Benchmark("BTC", candles), currency="USDT", as_return=True)):
        assert len(go.Figure(figures.painted(figure, COLOURS)).data) == len(figure["data"])
