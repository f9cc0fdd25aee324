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
        (D(9), D(1), 0.5, D(8)),
        (D(10), D(1), 0.5, None),  # what is there is nearly all profit: the rest was taken out
        (D("0.006"), D("0.004"), 0.5, None),  # 0.00 was given
        (None, D(100), None, None),
    ],
)
def test_profit_on_what_was_given_is_unknown_where_next_to_nothing_of_it_is_left(
    value: Decimal | None, funding: Decimal, twr: float | None, told: Decimal | None
) -> None:
    standing = Standing("USDT", value, funding, D(0), 0.0, twr)
    assert standing.profit_on_funding == told
