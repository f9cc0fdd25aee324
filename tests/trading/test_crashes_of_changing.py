"""A worker that dies at any numbered step while a venue is asked to change an order loses and doubles nothing.

A step is a statement or a commit on a real database; the venue is a simulated exchange over real HTTP, which outlives
the worker.
"""

from collections.abc import Iterator
from decimal import Decimal

import pytest
import stamina

from kit import tenancy
from kit.users.models import User
from moniqo.simulation.crashes import Crash, Steps, counted, new_process
from tests.simulators.server import Exchanges
from tests.trading.desk import Desk, assert_books_prove_themselves
from tests.trading.exchange_desk import desk_at
from trading import services, tasks
from trading.models import Amendment, Cancellation, Fill, Order
from trading.orders import leases
from trading.orders.terms import Limit

D = Decimal
# The work below has less than a hundred steps.
FEW = (30, 62)
MANY = tuple(range(3, 110, 4))


@pytest.fixture(autouse=True)
def _without_waiting() -> Iterator[None]:
    with stamina.set_testing(True, attempts=1):
        yield


def wish(desk: Desk, order: Order) -> None:
    """Whoever wishes again with its key gets the same wish."""
    own = desk.owner.pk
    with tenancy.tenant(own):
        services.amend_order(owner_id=own, order_id=order.pk, key="k", limit_price=D(41_000), quantity=D("0.6"))


def sweep(desk: Desk) -> None:
    with tenancy.tenant(desk.owner.pk):
        Order.objects.unfinished().update(due_at=leases.now())
        Cancellation.objects.filter(closed_at=None).update(due_at=leases.now())
        Amendment.objects.filter(closed_at=None).update(due_at=leases.now())
    tasks.resolve_orders()


@pytest.mark.parametrize(("slug", "fee"), [("kraken", "0.004"), ("binance", "0.001")])
@pytest.mark.parametrize("at", [*FEW, *(pytest.param(number, marks=pytest.mark.slow) for number in MANY)])
def test_there_is_one_order_of_the_wished_terms_wherever_the_worker_dies(
    live_db: str, owner: User, exchanges: Exchanges, slug: str, fee: str, at: int
) -> None:
    with tenancy.tenant(owner.pk):
        desk = desk_at(exchanges, owner, slug)
    account = exchanges.wires[slug].account
    account.fee_in_base = False
    order = desk.trade("buy", "0.5", limit=Limit(D(40_000)))
    steps = Steps()
    steps.begin(at, "worker")
    try:
        with counted(steps):
            wish(desk, order)
            services.change_order(owner_id=owner.pk, order_id=order.pk)
    except Crash:
        new_process()
        wish(desk, order)
    for _ in range(4):
        sweep(desk)
    with tenancy.tenant(owner.pk):
        known = {one.limit_price: one.status for one in Order.objects.all()}
    assert known == {D(40_000): "cancelled", D(41_000): "open"}
    (there,) = [one for one in account.orders if one.state == "open"]
    assert (there.price, there.quantity) == (41_000, D("0.6"))
    assert desk.held("USDT") == D("24600") * (1 + D(fee))
    account.fill(there, "0.6", "41000")
    sweep(desk)
    with tenancy.tenant(owner.pk):
        assert not Order.objects.unfinished().exists()
        assert not Amendment.objects.filter(closed_at=None).exists()
        assert sum(fill.quantity for fill in Fill.objects.all()) == D("0.6")
        assert desk.wallet.positions.get().quantity == D("0.6")
    assert (desk.held("USDT"), desk.books_agree()) == (0, True)
    assert_books_prove_themselves(desk)
