"""Days are the exact sum of their parts."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portfolio.daily import roll_up
from portfolio.models import DailyPerformance, PortfolioState, Snapshot
from portfolio.services import roll_up_days, take_snapshots
from tests.portfolio.fund import Fund, set_price

D = Decimal
START = datetime(2026, 3, 2, 22, tzinfo=UTC)
EXAMPLES = 15


def snap(fund: Fund, *, hours: float) -> None:
    take_snapshots(owner_id=fund.owner.pk, at=START + timedelta(hours=hours))


def days(fund: Fund, name: str | None = None) -> list[DailyPerformance]:
    scope = fund.wallets[name].pk if name else fund.owner.pk
    return list(DailyPerformance.objects.filter(scope=scope).order_by("day"))


@contextmanager
def undone() -> Iterator[None]:
    """Everything in the block is rolled back."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def trade_over_midnight(fund: Fund) -> None:
    fund.deposit("1000", wallet="agent a")
    snap(fund, hours=0)
    fund.buy("agent a", "4", "100", fee="2")
    set_price("110")
    snap(fund, hours=1)
    fund.sell("agent a", "1", "120", fee="1")
    fund.deposit("500", wallet="agent a")
    fund.correct("agent a", "7")
    set_price("90")
    snap(fund, hours=3)
    set_price("105")
    snap(fund, hours=4)


def test_a_day_shows_what_changed_it(fund: Fund) -> None:
    trade_over_midnight(fund)
    roll_up_days(owner_id=fund.owner.pk)
    first, second = days(fund, "agent a")

    # 1,000 came in; four at 100 are worth 110; the fee was 2.
    assert (first.day, first.equity) == (date(2026, 3, 2), D(1038))
    assert (first.flow, first.market, first.realized, first.fees, first.adjustments) == (1000, 40, 0, 2, 0)
    assert (first.low, first.high) == (1000, 1038)
    assert first.twr == pytest.approx(0.038)

    # One sold for 120 (20 over its cost), three left at 105: 15 of open profit after 40 the day before.
    assert second.equity == 1000 - 402 + 119 + 500 - 7 + 3 * 105
    assert (second.flow, second.market, second.realized, second.fees, second.adjustments) == (500, -25, 20, 1, -7)
    assert second.twr == pytest.approx((1480 / 1538) * (1525 / 1480) - 1)
    assert second.twr_index == pytest.approx(1.038 * 1525 / 1538)


def test_rolling_up_again_changes_nothing_and_continues_where_it_stopped(fund: Fund) -> None:
    trade_over_midnight(fund)
    roll_up_days(owner_id=fund.owner.pk)
    fields = [field.attname for field in DailyPerformance._meta.fields]
    before = list(DailyPerformance.objects.order_by("pk").values_list(*fields))
    assert PortfolioState.objects.get().rolled_to == date(2026, 3, 3)

    assert roll_up_days(owner_id=fund.owner.pk) == 6  # only the day that is not over
    roll_up(owner_id=fund.owner.pk)
    assert list(DailyPerformance.objects.order_by("pk").values_list(*fields)) == before

    set_price("200")
    snap(fund, hours=5)
    roll_up_days(owner_id=fund.owner.pk)
    assert days(fund, "agent a")[1].market == -25 + 3 * 95


def test_a_day_without_snapshots_has_no_row_and_its_change_goes_to_the_next(fund: Fund) -> None:
    fund.deposit("1", "BTC")
    snap(fund, hours=0)
    set_price("130")
    snap(fund, hours=60)
    roll_up_days(owner_id=fund.owner.pk)
    assert [(day.day, day.market) for day in days(fund)] == [(date(2026, 3, 2), 0), (date(2026, 3, 5), 30)]


amounts = st.decimals(min_value=1, max_value=5000, places=2)
steps = st.one_of(
    st.tuples(st.just("deposit"), amounts),
    st.tuples(st.just("withdraw"), amounts),
    st.tuples(st.just("move"), amounts),
    st.tuples(st.just("correct"), amounts),
    st.tuples(st.just("buy"), amounts),
    st.tuples(st.just("sell"), amounts),
    st.tuples(st.just("price"), amounts),
)


class Model:
    """What the fund should be, in plain arithmetic: `agent a` in cash and bitcoin, the other money in `master`."""

    FEE = D("0.10")

    def __init__(self, fund: Fund) -> None:
        self.fund = fund
        self.price = D(100)
        self.master = self.agent = D(0)
        self.held = self.average = D(0)
        self.realized = self.fees = self.adjusted = D(0)
        self.in_master = self.in_agent = D(0)

    def apply(self, kind: str, amount: Decimal) -> None:
        getattr(self, kind)(amount)

    def deposit(self, amount: Decimal) -> None:
        self.fund.deposit(amount)
        self.master += amount
        self.in_master += amount

    def withdraw(self, amount: Decimal) -> None:
        if amount <= self.master:
            self.fund.withdraw(amount)
            self.master -= amount
            self.in_master -= amount

    def move(self, amount: Decimal) -> None:
        if amount <= self.master:
            self.fund.move("master", "agent a", amount)
            self.master -= amount
            self.agent += amount
            self.in_agent += amount

    def correct(self, amount: Decimal) -> None:
        if amount <= self.agent:
            self.fund.correct("agent a", amount)
            self.agent -= amount
            self.adjusted -= amount

    def buy(self, amount: Decimal) -> None:
        quantity = (amount / 100).quantize(D("0.01"))
        cost = quantity * self.price
        if quantity and cost + self.FEE <= self.agent:
            self.fund.buy("agent a", str(quantity), str(self.price), fee=str(self.FEE))
            self.average = (self.held * self.average + cost) / (self.held + quantity)
            self.held += quantity
            self.agent -= cost + self.FEE
            self.fees += self.FEE

    def sell(self, amount: Decimal) -> None:
        quantity = min(self.held, (amount / 100).quantize(D("0.01")))
        if quantity and quantity * self.price > self.FEE:
            self.fund.sell("agent a", str(quantity), str(self.price), fee=str(self.FEE))
            self.realized += (self.price - self.average) * quantity
            self.held -= quantity
            self.agent += quantity * self.price - self.FEE
            self.fees += self.FEE

    def set(self, amount: Decimal) -> None:
        self.price = amount
        set_price(amount)

    price_to = set

    @property
    def unrealized(self) -> Decimal:
        return self.held * (self.price - self.average)

    def totals(self, name: str | None) -> dict[str, Decimal]:
        """What all days together should say of a scope."""
        agent = self.agent + self.held * self.price
        return {
            "equity": agent + (0 if name else self.master),
            "flow": self.in_agent if name else self.in_master,
            "market": self.unrealized,
            "realized": self.realized,
            "fees": self.fees,
            "adjustments": self.adjusted,
        }


def exactly_decomposed(rows: list[DailyPerformance]) -> bool:
    before = D(0)
    for day in rows:
        if day.equity - before != day.flow + day.market + day.realized - day.fees + day.adjustments:
            return False
        before = day.equity
    return True


@settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)
@given(intervals=st.lists(st.lists(steps, max_size=4), min_size=1, max_size=6))
def test_whatever_happens_the_parts_of_every_day_sum_exactly_and_mean_what_they_say(
    fund: Fund, intervals: list[list[Any]]
) -> None:
    with undone():
        model = Model(fund)
        for number, interval in enumerate(intervals):
            for kind, amount in interval:
                model.apply("price_to" if kind == "price" else kind, amount)
            snap(fund, hours=number * 5)
        roll_up_days(owner_id=fund.owner.pk)
        for name in ("agent a", None):
            rows = days(fund, name)
            assert exactly_decomposed(rows)
            expected = model.totals(name)
            assert rows[-1].equity == expected.pop("equity")
            for part, total in expected.items():
                # Average prices are stored with 18 decimals, so realized and open profit may differ in the last ones.
                assert sum(getattr(day, part) for day in rows) == pytest.approx(total, abs=D("1e-12")), part


@settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)
@given(
    periods=st.lists(
        st.tuples(st.decimals(min_value=10, max_value=1000, places=2), st.integers(min_value=-50, max_value=50)),
        min_size=1,
        max_size=8,
    )
)
def test_flows_never_change_the_time_weighted_return(fund: Fund, periods: list[tuple[Decimal, int]]) -> None:
    """Whoever holds only bitcoin earns what bitcoin does, however much is put in and taken out on the way."""
    with undone():
        fund.deposit("60", "BTC")
        held, hours = 60, 0
        snap(fund, hours=hours)
        for price, flow in periods:
            set_price(price)
            snap(fund, hours=(hours := hours + 1))
            if flow > 0:
                fund.deposit(str(flow), "BTC")
            elif 0 < -flow < held:
                fund.withdraw(str(-flow), "BTC")
            held += flow if flow > -held else 0
            snap(fund, hours=(hours := hours + 1))
        roll_up_days(owner_id=fund.owner.pk)
        growth = float(periods[-1][0]) / 100
        assert Snapshot.objects.filter(scope=fund.owner.pk).order_by("-at")[0].twr_index == pytest.approx(growth)
        compounded = 1.0
        for day in days(fund):
            compounded *= 1 + day.twr
        assert compounded == pytest.approx(growth)
