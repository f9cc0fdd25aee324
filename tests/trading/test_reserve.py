"""Nothing is traded from a reserve, whoever asks."""

from decimal import Decimal

import pytest

from kit import tenancy
from kit.users.models import User
from tests.trading.desk import Desk, fund, make_desk
from trading.models import RiskDecision
from wallets.models import Wallet


@pytest.fixture
def reserve(as_owner: User) -> Desk:
    """A desk at a reserve with money, under limits that would allow the order."""
    desk = make_desk(as_owner)
    wallet = Wallet.objects.create(
        owner=as_owner, connection=desk.connection, name="Savings", role="reserve", parent=desk.master
    )
    found = Desk(as_owner, desk.connection, desk.master, desk.farm, wallet, desk.instrument)
    fund(found, "USDT", Decimal(1000))
    return found


@pytest.mark.parametrize("terms", [{"side": "buy"}, {"side": "sell"}, {"side": "sell", "reduce_only": True}])
def test_the_gate_refuses_every_order_of_a_reserve(reserve: Desk, terms: dict[str, object]) -> None:
    order = reserve.place(quantity="1", **terms)  # type: ignore[arg-type]
    assert order.is_refused
    said = "Nothing is traded from Savings: move the money to a farm first."
    assert order.refusal.exact == said
    with tenancy.tenant(reserve.owner.pk):
        assert RiskDecision.objects.get(order=order).limit == "reserve"
    assert (reserve.held("USDT"), reserve.balance("USDT")) == (0, 1000)
