"""What is told of a wallet from how it stands."""

from decimal import Decimal

import pytest

from portfolio.selectors.standings import Standing

D = Decimal


@pytest.mark.parametrize(
    ("value", "funding", "twr", "told"),
    [
        (D(110), D(100), 0.1, D("0.1")),
        (D(0), D(100), -1.0, D(-1)),  # all was lost
        (D(0), D("1.05"), -0.0001, None),  # 1.05 was lost of much more, and the rest was taken out
        (D(5), D(-10), 0.5, None),
        (None, D(100), None, None),
    ],
)
def test_profit_on_what_was_given_is_unknown_where_all_that_was_left_is_taken_out(
    value: Decimal | None, funding: Decimal, twr: float | None, told: Decimal | None
) -> None:
    standing = Standing("USDT", value, funding, D(0), 0.0, twr)
    assert standing.profit_on_funding == told
