"""What cursors over fills and trades read: nothing is passed over, however late it commits."""

import threading
import time
from decimal import Decimal
from operator import attrgetter

from django.db import connection, connections

from kit import clock, tenancy
from kit.users.models import User
from tests.trading.desk import Desk, make_desk
from trading.models import Fill, Order, Position
from wallets.models import Posting

PATIENCE = 60.0  # seconds


def oldest(*, after: int = 0) -> int:
    """The oldest transaction that still runs; with `after` once it is younger than that one.

    Of who works in another database the server does not always know that, such as of who makes one for another test.
    """
    end = time.monotonic() + PATIENCE
    while True:
        with connection.cursor() as cursor:
            cursor.execute("SELECT oldest_running()")
            (found,) = cursor.fetchone()
        if int(found) > after or time.monotonic() > end:
            return int(found)
        time.sleep(0.05)


def written(owner: User, quantity: str) -> int:
    """The transaction that wrote the fill of `quantity`."""
    with tenancy.tenant(owner.pk):
        return Fill.objects.get(quantity=quantity).written


def quantities(desk: Desk, *, since: int, before: int) -> list[Decimal]:
    with tenancy.tenant(desk.owner.pk):
        fills = Fill.objects.filter(written__gte=since, written__lt=before)
        return sorted(fill.quantity for fill in fills)


def write_fill(order: Order, quantity: str) -> Fill:
    """A fill as the books write it, posted with whatever posting has none yet."""
    return Fill.objects.create(
        owner_id=order.owner_id,
        order=order,
        wallet_id=order.wallet_id,
        connection_id=order.connection_id,
        instrument_id=order.instrument_id,
        venue_trade_id=f"by hand {quantity}",
        side=order.side,
        price=Decimal(100),
        quantity=Decimal(quantity),
        fee_asset="USDT",
        posting=Posting.objects.filter(fill=None).earliest("pk"),
        filled_at=clock.now(),
    )


def test_a_fill_that_commits_late_is_read_once_and_not_passed_over(live_db: str, owner: User) -> None:
    desk = make_desk(owner)
    order = desk.trade("buy", "1")
    oldest(after=written(owner, "1"))
    is_written, may_commit = threading.Event(), threading.Event()

    def write_slowly() -> None:
        with tenancy.tenant(owner.pk):
            write_fill(order, "2")
            is_written.set()
            may_commit.wait(PATIENCE)
        connections.close_all()

    slow = threading.Thread(target=write_slowly)
    slow.start()
    assert is_written.wait(30)
    desk.trade("buy", "3")  # a later transaction that commits earlier
    first = oldest()
    assert quantities(desk, since=0, before=first) == [1]
    may_commit.set()
    slow.join()
    second = oldest(after=written(owner, "3"))
    assert quantities(desk, since=first, before=second) == [2, 3]
    desk.trade("buy", "4")
    assert quantities(desk, since=second, before=oldest(after=written(owner, "4"))) == [4]


def test_a_trade_is_noted_by_the_transaction_that_closes_it_and_by_no_other(live_db: str, owner: User) -> None:
    desk = make_desk(owner)
    desk.trade("buy", "2")
    desk.trade("sell", "1")
    with tenancy.tenant(owner.pk):
        position = Position.objects.get()
        assert position.closed_in is None
        position.closed_in = 12  # type: ignore[assignment]
        position.save()
        position.refresh_from_db()
        assert position.closed_in is None, "nobody chooses it"
    start = oldest()
    desk.trade("sell", "1")
    with tenancy.tenant(owner.pk):
        position.refresh_from_db()
        closed_in = position.closed_in
        assert start <= closed_in
        assert closed_in < oldest(after=closed_in)
        last = max(Fill.objects.all(), key=attrgetter("pk"))
        assert last.written == closed_in
        position.closed_in = None
        position.save()
        position.refresh_from_db()
        assert position.closed_in == closed_in
        Position.objects.update(fees=1)
        position.refresh_from_db()
        assert position.closed_in == closed_in
