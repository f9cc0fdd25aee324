"""A spot market with a past of random hourly candles, and rules that pass every check on it."""

from typing import Any

import pytest

from kit.users.models import User
from markets.models import Instrument
from tests.farms.conftest import make_instrument
from tests.farms.laboratory.conftest import hours, store

BARS = 1_100
PRICE: dict[str, Any] = {"indicator": "price"}


def average(period: int) -> dict[str, Any]:
    return {"indicator": "sma", "period": period}


ENTRY: dict[str, Any] = {"all": [{"left": PRICE, "op": "crosses_above", "right": average(10)}]}
RULES: dict[str, Any] = {
    "entry": ENTRY,
    "exit": {"any": [{"left": PRICE, "op": "crosses_below", "right": average(10)}]},
    "stop": {"percent": 0.05},
}


@pytest.fixture
def market(owner: User) -> Instrument:
    instrument = make_instrument()
    store(instrument, hours(bars=BARS))
    return instrument
