"""Funding at the demo exchange: who owes some, and what of it the account's books have not taken over yet.

The exchange writes funding down when its moment has passed (`perpetuals.Positions.fund`), and moves the balance in the
transaction in which whoever keeps the account's books books it, so that venue and books never differ by it.
"""

from datetime import UTC, datetime
from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from kit import clock
from quant.margin import PERIOD
from wallets.models import Connection, DemoFunding, DemoPosition, DemoTrade
from wallets.venues.demo.account import DatabaseBooks, open_demo_venue


def accounts_to_fund() -> list[tuple[UUID, UUID]]:
    """(owner, connection) of accounts with funding that is not written down, or not booked; asked as the system role.

    An account whose history is being built is funded on that clock alone.
    """
    unfunded = DemoPosition.objects.filter(connection=OuterRef("pk"), funded_at__lt=_last_moment()).exclude(quantity=0)
    unbooked = DemoFunding.objects.filter(connection=OuterRef("pk"), is_booked=False)
    rows = Connection.objects.filter(Exists(unfunded) | Exists(unbooked), is_rehearsing=clock.is_controlled())
    return list(rows.order_by("owner_id", "pk").values_list("owner_id", "pk"))


def write_down(connection: Connection) -> int:
    """Write the funding of every moment down that has passed; returns how many there were. Runs as the tenant."""
    return open_demo_venue(connection).fund()


def unbooked(
    connection_id: UUID, *, part: str = "", symbol: str = "", until: datetime | None = None
) -> list[DemoFunding]:
    """What the books have not taken over, oldest first, locked; of a part of the account and a market, or of all."""
    narrow = Q(part=part, symbol=symbol) if part else Q()
    rows = DemoFunding.objects.filter(narrow, connection_id=connection_id, is_booked=False)
    if until is not None:
        rows = rows.filter(at__lte=until)
    return list(rows.select_for_update().order_by("at", "pk"))


def is_whole(funding: DemoFunding, *, recorded: int) -> bool:
    """Whether `recorded` are all the trades of its market up to then: what comes later may not be booked before."""
    trades = DemoTrade.objects.filter(
        order__connection_id=funding.connection_id,
        order__part=funding.part,
        order__symbol=funding.symbol,
        created_at__lte=funding.at,
    )
    return trades.count() == recorded


def take_over(funding: DemoFunding, asset: str) -> None:
    """Move the balance by it, once; in the transaction that books it."""
    books = DatabaseBooks(owner_id=funding.owner_id, connection_id=funding.connection_id)
    with books.account():
        books.change({asset: funding.amount})
        DemoFunding.objects.filter(pk=funding.pk).update(is_booked=True)


def _last_moment() -> datetime:
    now = clock.now().astimezone(UTC)
    day = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return day + (now - day) // PERIOD * PERIOD
