"""A position with a margin follows a model that is as plain as possible, to the last digit, over any trades."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quant import margin
from quant.margin import Leveraged

pytestmark = pytest.mark.offline

D = Decimal
Trade = tuple[int, Decimal, Decimal]
UNIT = Fraction(1, 10**18)
LEVERAGE = D(3)

lots = st.integers(1, 400).map(lambda number: D(number) / 1000)
prices = st.integers(1, 10_000_000).map(lambda number: D(number) / 100)
trades = st.tuples(st.sampled_from((1, -1)), lots, prices)


@dataclass
class Plain:
    """A list of what was opened, as fractions: what is closed is taken out of all of it alike, and cash is counted."""

    quantity: Fraction = Fraction(0)
    cost: Fraction = Fraction(0)
    cash: Fraction = Fraction(0)
    realized: Fraction = Fraction(0)
    ends: list[Fraction] = field(default_factory=list)

    def trade(self, change: Fraction, price: Fraction) -> None:
        self.cash -= change * price
        if self.quantity * change < 0:
            gone = min(abs(change), abs(self.quantity))
            sign = 1 if self.quantity > 0 else -1
            part = self.cost * gone / abs(self.quantity)
            self.realized += sign * (gone * price - part)
            self.cost -= part
            self.quantity -= sign * gone
            change += sign * gone
            if not self.quantity:
                self.ends.append(self.realized)
        self.quantity += change
        self.cost += abs(change) * price


@given(st.lists(trades, min_size=1, max_size=12))
def test_flips_partial_closes_and_additions_are_those_of_the_plain_model(
    given_: list[Trade],
) -> None:
    held, plain, realized = Leveraged(), Plain(), D(0)
    for sign, quantity, price in given_:
        was_plain = plain.quantity
        held, won = margin.after_trade(held, sign * quantity, price, LEVERAGE)
        realized += won
        plain.trade(Fraction(sign * quantity), Fraction(price))
        assert Fraction(held.quantity) == plain.quantity
        assert abs(Fraction(held.cost) - plain.cost) <= len(given_) * UNIT
        assert abs(Fraction(realized) - plain.realized) <= len(given_) * UNIT
        if not held.quantity or was_plain * plain.quantity < 0:
            # Over a round trip, what was realized is what was got less what was paid: not a digit is lost.
            assert Fraction(realized) == plain.ends[-1]
        assert (held.quantity == 0) == (held.cost == 0) == (held.margin == 0)


@given(trades, trades)
def test_a_flip_is_a_close_and_an_opening(first: Trade, second: Trade) -> None:
    sign, size, price = first
    opened, _ = margin.after_trade(Leveraged(), sign * size, price, LEVERAGE)
    _, more, other = second
    at_once, won = margin.after_trade(opened, -sign * (size + more), other, LEVERAGE)
    closed, first_won = margin.after_trade(opened, -sign * size, other, LEVERAGE)
    then, nothing = margin.after_trade(closed, -sign * more, other, LEVERAGE)
    assert (at_once, won, nothing) == (then, first_won, 0)
    assert closed == Leveraged()


@given(trades, st.integers(1, 20), prices)
def test_the_most_that_closing_loses_is_the_margin(first: Trade, leverage: int, gone_to: Decimal) -> None:
    """Filled at the bankruptcy price or better, the fee included."""
    sign, size, price = first
    fee, tick = D("0.001"), D("0.01")
    held, _ = margin.after_trade(Leveraged(), sign * size, price, D(leverage))
    bound = margin.bankruptcy_price(held, fee, tick)
    filled = max(gone_to, bound) if sign > 0 else min(gone_to, bound)
    if filled <= 0:
        return
    _, won = margin.after_trade(held, -sign * size, filled, D(leverage))
    # a tick of rounding is in the wallet's favour, so this is exact
    assert held.margin + won - margin.worth(size, filled) * fee >= -Fraction(1, 10**17)


@given(trades, st.integers(1, 20))
def test_the_liquidation_price_is_where_the_margin_is_used_up(first: Trade, leverage: int) -> None:
    sign, size, price = first
    held, _ = margin.after_trade(Leveraged(), sign * size, price, D(leverage))
    level = margin.liquidation_price(held, D("0.01"))
    if level is None:
        assert sign > 0
        assert leverage == 1
        return
    a_little = level * D("0.000001")
    assert margin.is_liquidated(held, level - sign * a_little, D("0.01"))
    assert not margin.is_liquidated(held, level + sign * a_little, D("0.01"))


def test_by_hand_a_long_and_a_short_of_one_at_a_hundred() -> None:
    long, _ = margin.after_trade(Leveraged(), D(1), D(100), D(10))
    short, _ = margin.after_trade(Leveraged(), D(-1), D(100), D(10))
    assert (long.margin, short.margin) == (10, 10)
    assert margin.liquidation_price(long, D("0.01")) == D("90.909090909090909091")  # (100 - 10) / 0.99
    assert margin.liquidation_price(short, D("0.01")) == D("108.910891089108910891")  # (100 + 10) / 1.01
    assert margin.unrealized(short, D(90)) == 10
    assert margin.funding_payment(long, D(100), D("0.0001")) == D("-0.01")
    assert margin.funding_payment(short, D(100), D("0.0001")) == D("0.01")


@pytest.mark.parametrize(
    ("change", "rate"),
    [("0", "0.0001"), ("0.01", "0.0001"), ("0.1", "0.0005"), ("-0.1", "-0.0005"), ("5", "0.0075"), ("-0.9", "-0.0075")],
)
def test_the_funding_rate_follows_its_formula(change: str, rate: str) -> None:
    """F = P + clamp(0.01 % - P, -0.05 %, 0.05 %), P a hundredth of the change, and never beyond 0.75 %."""
    assert margin.funding_rate(D(change)) == D(rate)


def test_the_moments_of_funding_are_midnight_and_every_eight_hours() -> None:
    start = datetime(2026, 3, 1, 8, tzinfo=UTC)
    found = margin.funding_moments(start, start + timedelta(days=1))
    assert [one.hour for one in found] == [16, 0, 8]
    assert margin.funding_moments(start, start + timedelta(hours=7, minutes=59)) == []
