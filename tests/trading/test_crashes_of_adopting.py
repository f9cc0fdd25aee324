"""A worker that dies at any numbered step while orders of the venue are adopted leaves each adopted and booked once.

A step is a statement or a commit on a real database; the venue is a simulated exchange over real HTTP.
"""

from collections.abc import Iterator
from decimal import Decimal

import pytest
import stamina

from kit import tenancy
from kit.users.models import User
from moniqo.simulation.crashes import Crash, Steps, counted, new_process
from tests.simulators.server import Exchanges
from tests.trading.desk import assert_books_prove_themselves
from tests.trading.test_external import place_at
from trading import services
from trading.models import Fill, Order
from wallets.models import Connection, Reconciliation, SyncRun
from wallets.sync.runs import sync_connection

FEW = (25, 60, 95)
MANY = tuple(range(4, 190, 9))


@pytest.fixture(autouse=True)
def _without_waiting() -> Iterator[None]:
    with stamina.set_testing(True, attempts=1):
        yield


@pytest.mark.parametrize("at", [*FEW, *(pytest.param(number, marks=pytest.mark.slow) for number in MANY)])
def test_what_was_placed_by_hand_is_adopted_and_booked_once_wherever_the_worker_dies(
    live_db: str, owner: User, exchanges: Exchanges, at: int
) -> None:
    with tenancy.tenant(owner.pk):
        place = place_at(exchanges, owner, "binance")
    own = {"owner_id": owner.pk, "connection_id": place.desk.connection.pk}
    resting = place.hand("buy", "0.02", "40000", name="rests")
    place.account.fill(resting, "0.005", "40000")
    place.hand("sell", "0.01", name="sold")

    def look() -> SyncRun:
        with tenancy.tenant(owner.pk):
            Connection.objects.update(orders_due_at=None)
            SyncRun.objects.filter(status=SyncRun.Status.RUNNING).update(status=SyncRun.Status.FAILED)
        services.compare_orders(**own)
        return sync_connection(**own)

    steps = Steps()
    steps.begin(at, "worker")
    try:
        with counted(steps):
            look()
    except Crash:
        new_process()
    look()
    run = look()
    with tenancy.tenant(owner.pk):
        found = {(order.side, order.status, order.filled_quantity) for order in Order.objects.all()}
        rows = Reconciliation.objects.filter(run=run)
        assert (run.status, any(row.drift or row.suspense for row in rows)) == (SyncRun.Status.OK, False)
        assert (Order.objects.count(), Fill.objects.count()) == (2, 2)
    assert found == {("buy", "partially_filled", Decimal("0.005")), ("sell", "filled", Decimal("0.01"))}
    assert_books_prove_themselves(place.desk)
