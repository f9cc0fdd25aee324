"""What is no number comes past no adapter: NaN would pass every comparison on its way into the books."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from kit import clock
from kit.errors import InvalidInputError
from wallets.venues.base import (
    BalanceReport,
    MarketReport,
    OrderReport,
    OrderRequest,
    TickerReport,
    TradeReport,
    VenueAmbiguousError,
)

ONE = Decimal(1)
NONSENSE = (Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity"), Decimal("-Infinity"), 0.1)
# Each takes the amount that is to be judged and puts it where the venue's answer might have it.
ANSWERS: dict[str, Callable[[Any], object]] = {
    "price of a trade": lambda x: TradeReport("T", "", "A/B", "buy", x, ONE, ONE, "B", "taker", clock.now()),
    "quantity of a trade": lambda x: TradeReport("T", "", "A/B", "buy", ONE, x, ONE, "B", "taker", clock.now()),
    "fee of a trade": lambda x: TradeReport("T", "", "A/B", "buy", ONE, ONE, x, "B", "taker", clock.now()),
    "quantity of an order": lambda x: OrderReport("C", "V", "A/B", "buy", x, ONE, "open", (), clock.now()),
    "filled of an order": lambda x: OrderReport("C", "V", "A/B", "buy", ONE, x, "open", (), clock.now()),
    "balance": lambda x: BalanceReport("A", x, ONE),
    "available balance": lambda x: BalanceReport("A", ONE, x),
    "step of a market": lambda x: MarketReport("A/B", "A", "B", x, ONE, ONE),
    "price of a ticker": lambda x: TickerReport("A/B", x, ONE, ONE, clock.now()),
}


@pytest.mark.parametrize("nonsense", NONSENSE, ids=str)
@pytest.mark.parametrize("place", ANSWERS)
def test_an_answer_without_a_number_is_no_answer(place: str, nonsense: Any) -> None:
    ANSWERS[place](ONE)
    with pytest.raises(VenueAmbiguousError, match="no exact number"):
        ANSWERS[place](nonsense)


@pytest.mark.parametrize("quantity", ["NaN", "sNaN", "Infinity", "-Infinity"])
def test_no_request_leaves_without_a_quantity(quantity: str) -> None:
    with pytest.raises(InvalidInputError):
        OrderRequest("C", "A/B", "buy", Decimal(quantity))
