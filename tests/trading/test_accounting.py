"""A position's figures add up to what the wallet gained, whatever the fills were."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from trading.positions.accounting import Execution, Holding, after_buy, after_sell, break_even, unrealized_pnl
from trading.risk.sizing import buying_hold, in_lots, largest_buy

prices = st.decimals("0.01", "100000", places=2)
quantities = st.decimals("0.001", "1000", places=3)
rates = st.sampled_from([Decimal(0), Decimal("0.001"), Decimal("0.01")])
TOLERANCE = Decimal("1e-9")


@given(st.lists(st.tuples(quantities, prices, rates, st.booleans()), min_size=1, max_size=6), prices, rates)
def test_profit_is_the_cash_that_came_back(
    buys: list[tuple[Decimal, Decimal, Decimal, bool]], out: Decimal, rate: Decimal
) -> None:
    holding, cash = Holding(), Decimal(0)
    for quantity, price, fee, in_base in buys:
        fee_value = quantity * price * fee
        holding = after_buy(holding, Execution(quantity, price, fee_value, quantity * fee if in_base else Decimal(0)))
        cash -= quantity * price + (0 if in_base else fee_value)
    for part in (holding.quantity / 2, holding.quantity - holding.quantity / 2):
        holding = after_sell(holding, Execution(part, out, part * out * rate))
        cash += part * out * (1 - rate)
    assert holding.quantity == 0
    assert abs(holding.realized_pnl - cash) < TOLERANCE
    assert holding.exit_price is not None
    assert abs(holding.exit_price - out) < TOLERANCE


@given(quantities, prices, rates, rates)
def test_selling_at_break_even_makes_the_round_trip_zero(
    quantity: Decimal, price: Decimal, paid: Decimal, rate: Decimal
) -> None:
    holding = after_buy(Holding(), Execution(quantity, price, quantity * price * paid))
    at = break_even(
        quantity=quantity, entry_price=holding.entry_price, realized_pnl=holding.realized_pnl, taker_fee=rate
    )
    assert at is not None
    closed = after_sell(holding, Execution(quantity, at, quantity * at * rate))
    assert abs(closed.realized_pnl) < TOLERANCE


def test_a_known_round_trip() -> None:
    holding = after_buy(Holding(), Execution(Decimal(2), Decimal(100), Decimal("0.2")))
    holding = after_buy(holding, Execution(Decimal(2), Decimal(110), Decimal("0.22")))
    assert (holding.entry_price, holding.fees, holding.realized_pnl) == (105, Decimal("0.42"), Decimal("-0.42"))
    assert unrealized_pnl(quantity=holding.quantity, entry_price=holding.entry_price, price=Decimal(120)) == 60
    holding = after_sell(holding, Execution(Decimal(4), Decimal(120), Decimal("0.48")))
    assert (holding.quantity, holding.realized_pnl, holding.exit_price) == (0, Decimal("59.1"), 120)


@given(st.decimals("0", "1000000", places=6), prices, rates)
def test_the_largest_buy_fits_and_one_lot_more_does_not(funds: Decimal, price: Decimal, rate: Decimal) -> None:
    lot = Decimal("0.001")
    quantity = largest_buy(funds=funds, price=price, taker_fee=rate, lot=lot)
    assert quantity == in_lots(quantity, lot)
    assert buying_hold(quantity=quantity, price=price, taker_fee=rate) <= funds
    assert buying_hold(quantity=quantity + lot, price=price, taker_fee=rate) > funds
