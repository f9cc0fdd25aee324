"""A worker that dies at any numbered step while a position with a resting stop is left sells nothing twice.

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
from tests.trading.desk import Desk, assert_books_prove_themselves, set_price
from tests.trading.exchange_desk import desk_at
from trading import services
from trading.models import Cancellation, Fill, Order, Position
from trading.orders import leases

# The work below has some hundred steps; the last of these is beyond it.
FEW = (40, 95, 150)
MANY = tuple(range(5, 330, 13))


@pytest.fixture(autouse=True)
def _without_waiting() -> Iterator[None]:
    with stamina.set_testing(True, attempts=1):
        yield


def work(desk: Desk) -> None:
    """What the tasks do: look at the prices, cancel what was asked for, send what is new, ask about the rest."""
    own = desk.owner.pk
    with tenancy.tenant(own):
        services.keep_protection(owner_id=own)
    with tenancy.tenant(own):
        ending = list(Cancellation.objects.filter(closed_at=None).values_list("order", flat=True))
        Cancellation.objects.filter(closed_at=None).update(due_at=leases.now())
    for order_id in ending:
        services.cancel_order(owner_id=own, order_id=order_id)
    with tenancy.tenant(own):
        rows = Order.objects.unfinished().exclude(status="waiting")
        rows.update(due_at=leases.now())
        due = list(rows.order_by("created_at").values_list("pk", flat=True))
    for order_id in due:
        services.resolve_order(owner_id=own, order_id=order_id)


def close(desk: Desk, key: str) -> None:
    """A person sells what is there; whoever asks again with the key gets the same order."""
    with tenancy.tenant(desk.owner.pk):
        position = Position.objects.filter(closed_at=None).first()
        if position is not None:
            services.close_position(owner_id=desk.owner.pk, position_id=position.pk, key=key)


@pytest.mark.parametrize("falls", [False, True])
@pytest.mark.parametrize("at", [*FEW, *(pytest.param(number, marks=pytest.mark.slow) for number in MANY)])
@pytest.mark.parametrize("slug", ["binance", pytest.param("okx", marks=pytest.mark.slow)])
def test_the_position_is_sold_once_wherever_the_worker_dies(
    live_db: str, owner: User, exchanges: Exchanges, slug: str, at: int, falls: bool
) -> None:
    """The stop is sent and makes way for a sale, or is filled meanwhile."""
    with tenancy.tenant(owner.pk):
        desk = desk_at(exchanges, owner, slug)
        account = exchanges.wires[slug].account
        account.fee_in_base = False
        assert desk.trade("buy", "0.5", exit_stop=Decimal(45_000)).status == "filled"
    steps = Steps()
    steps.begin(at, "worker")
    try:
        with counted(steps):
            work(desk)
            close(desk, "now")
            if falls:
                account.reach("44000")
            for _ in range(3):
                work(desk)
    except Crash:
        new_process()
    if falls:
        account.reach("44000")
        with tenancy.tenant(owner.pk):
            set_price(desk.instrument, "44000")
    for key in ("now", "again", "and again"):
        close(desk, key)
        for _ in range(3):
            work(desk)
    with tenancy.tenant(owner.pk):
        assert not Order.objects.unfinished().exists()
        assert Position.objects.get().closed_at is not None
        assert sum(fill.quantity for fill in Fill.objects.filter(side="sell")) == Decimal("0.5")
    assert sum(order.filled for order in account.orders if order.side == "sell") == Decimal("0.5")
    assert [order for order in account.orders if order.state == "open"] == []
    assert (desk.held("BTC"), desk.held("USDT")) == (0, 0)
    assert desk.books_agree()
    assert_books_prove_themselves(desk)
