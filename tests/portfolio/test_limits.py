"""What the books accept, every column behind them can hold: from the deposit to the snapshot and the day."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import count

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, example, given, settings

from kit import tenancy
from kit.limits import DECIMALS, MAX_AMOUNT, MONEY_DIGITS
from portfolio.models import DailyPerformance, Snapshot
from portfolio.services import roll_up_days, take_snapshots
from tests.conftest import make_user
from tests.portfolio.fund import Fund, set_price

GRAIN = Decimal(1).scaleb(-DECIMALS)
MAX_PRICE = Decimal(10) ** (MONEY_DIGITS - DECIMALS)  # the largest a column holds
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
# Mostly the ends of what is allowed, where a column is too narrow or a quotient too fine.
AMOUNTS = st.one_of(
    st.sampled_from((GRAIN, Decimal(1), MAX_AMOUNT - GRAIN)),
    st.decimals(GRAIN, MAX_AMOUNT - GRAIN, places=DECIMALS, allow_nan=False, allow_infinity=False),
)
PRICES = st.one_of(
    st.sampled_from((GRAIN, Decimal(1), MAX_PRICE - GRAIN)),
    st.decimals(GRAIN, MAX_PRICE - GRAIN, places=DECIMALS, allow_nan=False, allow_infinity=False),
)
NUMBERS: Iterator[int] = count(1)


@pytest.mark.slow
@pytest.mark.django_db
@settings(max_examples=25, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@example(deposits=[("DUST", Decimal(1))], prices=[GRAIN] * 3)
@given(
    deposits=st.lists(st.tuples(st.sampled_from(("BTC", "USDT", "DUST")), AMOUNTS), min_size=1, max_size=6),
    prices=st.lists(PRICES, min_size=3, max_size=3),
)
def test_whatever_is_deposited_at_whatever_price_has_a_snapshot_and_what_is_known_a_day(
    deposits: list[tuple[str, Decimal]], prices: list[Decimal]
) -> None:
    owner = make_user(f"limits-{next(NUMBERS)}@example.com")
    with tenancy.tenant(owner.pk):
        fund = Fund.make(owner)
        for day, price in enumerate(prices):
            set_price(price)
            set_price(price, "DUST", "BTC")
            for asset, amount in deposits:
                fund.deposit(amount, asset)
            assert take_snapshots(owner_id=owner.pk, at=NOON + timedelta(days=day)) == 6
        roll_up_days(owner_id=owner.pk)
        books = {asset: sum((a for name, a in deposits if name == asset), Decimal(0)) * 3 for asset, _ in deposits}
        last = Snapshot.objects.filter(scope=owner.pk).latest("at")
        assert last.cash == books.get("USDT", 0)
        assert last.equity >= last.cash
        assert set(last.unpriced) <= {"DUST"}  # over a bridge a price may be too small or too large to be one
        if "DUST" not in books:
            assert last.equity == last.cash + (books.get("BTC", Decimal(0)) * prices[-1]).quantize(GRAIN, ROUND_HALF_UP)
        # What never had a price is unknown, and not worth nothing: a day is made of values that are known.
        known = [row for row in Snapshot.objects.filter(scope=owner.pk) if row.equity or row.flow or not row.unpriced]
        assert DailyPerformance.objects.filter(scope=owner.pk).exists() == bool(known)
