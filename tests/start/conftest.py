"""A market whose prices have just come: what the feed brings, and nothing else."""

from decimal import Decimal

import pytest

from kit import clock
from kit.users.models import User
from markets.models import Instrument
from markets.services import NewQuote, ensure_simulated_instruments, record_quotes


def bring_prices() -> tuple[Instrument, ...]:
    """A fresh quote of every simulated market."""
    markets = ensure_simulated_instruments()
    price = Decimal(100)
    record_quotes([NewQuote(each.pk, price, price, price, "simulated", clock.now()) for each in markets])
    return markets


@pytest.fixture
def prices(owner: User) -> tuple[Instrument, ...]:
    return bring_prices()
