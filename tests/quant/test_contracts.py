"""What contracts are worth and have won, worked out by hand."""

from decimal import Decimal
from typing import Any

import pytest

from quant.contracts import notional, unrealized_profit

D = Decimal


@pytest.mark.parametrize(
    ("contracts", "size", "entry", "mark", "is_long", "is_inverse", "worth", "profit"),
    [
        ("0.25", "1", "50123.5", "50173.5", False, False, "12543.375", "-12.5"),
        ("12.5", "0.01", "49876.5", "50000.1", True, False, "6250.0125", "15.45"),
        ("30", "100", "30000", "25000", False, True, "0.12", "0.02"),
        ("30", "100", "30000", "25000", True, True, "0.12", "-0.02"),
        ("1", "10", "3", "7", True, True, "1.428571428571428571", "1.904761904761904762"),
        ("1", "1", "100", "100", True, False, "100", "0"),
    ],
)
def test_profit_and_worth_of_contracts(
    contracts: str, size: str, entry: str, mark: str, is_long: bool, is_inverse: bool, worth: str, profit: str
) -> None:
    what: dict[str, Any] = {"contracts": D(contracts), "contract_size": D(size), "is_inverse": is_inverse}
    assert notional(**what, price=D(mark)) == D(worth)
    won = unrealized_profit(**what, entry_price=D(entry), mark_price=D(mark), is_long=is_long)
    assert won == D(profit)
