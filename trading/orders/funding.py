"""Funding of positions in perpetuals: what the venue wrote down is booked, each moment once, in the order in which it
happened.

It goes into the margin of the position, or comes out of it: what was received is held with it until it is closed. The
posting, the position and the venue's balance are one transaction, and a funding that is booked is marked in it, so a
crash leaves both or neither. A position that was traded since waits until those trades are in the books.
"""

import logging
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from kit import tenancy
from kit.alerts.links import about
from kit.alerts.models import Alert
from kit.alerts.services import raise_alert
from kit.live.publish import publish
from kit.models import joined_again
from kit.sentences import Value, amount
from markets.models import Instrument
from quant.margin import Leveraged
from trading.models import Fill, Position
from trading.orders.paying import pay
from trading.orders.shortfalls import hold_margin
from trading.positions.leveraged import leveraged, stand
from trading.positions.standing import tell_position
from wallets.ledger import AccountRef, Leg, Request
from wallets.models import Account, Connection, DemoFunding, Posting, PostingKind, Transfer, VenueIncome, Wallet
from wallets.venues.demo import funding as venue

ZERO = Decimal(0)
WALLET, CLEARING = Account.Kind.WALLET, Account.Kind.CLEARING

logger = logging.getLogger(__name__)


def settle_account(*, owner_id: UUID, connection_id: UUID) -> int:
    """Write the account's funding down and book what can be; returns how many were booked. Safe to repeat, and on
    several workers at once."""
    with tenancy.tenant(owner_id):
        connection = Connection.objects.select_related("platform").get(pk=connection_id)
        if not connection.carries_out:
            return 0
        venue.write_down(connection)
    with tenancy.tenant(owner_id), transaction.atomic():
        booked = 0
        held_back = set()
        for row in venue.unbooked(connection_id):
            key = (row.part, row.symbol)
            if key in held_back or not venue.is_whole(row, recorded=_recorded(row)):
                held_back.add(key)
                continue
            _book(row)
            booked += 1
        if booked:
            publish(owner_id=owner_id, event="orders", data={"connection": str(connection_id), "funding": booked})
    return booked


def book_funding(connection_id: UUID, *, wallet_id: UUID, symbol: str, until: datetime) -> None:
    """Book what came before a trade of the position, in the transaction that records the trade."""
    for row in venue.unbooked(connection_id, part=str(wallet_id), symbol=symbol, until=until):
        _book(row)


def _recorded(row: DemoFunding) -> int:
    rows = Fill.objects.filter(connection_id=row.connection_id, wallet_id=UUID(row.part), filled_at__lte=row.at)
    return rows.filter(instrument__symbol=row.symbol).count()


def _book(row: DemoFunding) -> None:
    wallet = Wallet.objects.select_related("connection").get(pk=UUID(row.part))
    instrument = Instrument.objects.get(venue=wallet.connection.venue, symbol=row.symbol)
    rows = Position.objects.select_for_update(of=("self",), no_key=True).select_related("hold", "instrument")
    found = rows.filter(wallet=wallet, instrument=instrument, closed_at=None).first()
    position = None if found is None else joined_again(found)
    held = leveraged(position)
    after = Leveraged(held.quantity, held.cost, held.margin + row.amount)
    venue.take_over(row, instrument.settle)
    if not row.amount:
        return
    posting, hold = _post(row, instrument.settle, position, after.margin)
    if position is not None:
        stand(position, after)
        position.funding += row.amount
        hold_margin(position, hold)
        position.save(update_fields=("margin", "liquidation_price", "funding", "hold", "margin_shortfall"))
        tell_position(wallet, instrument, after, row.price)
    VenueIncome.objects.create(
        owner_id=row.owner_id,
        connection_id=row.connection_id,
        venue_id=f"funding:{row.pk}",
        symbol=row.symbol,
        asset=instrument.settle,
        funding=row.amount,
        at=row.at,
        status=VenueIncome.Status.BOOKED,
        wallet=wallet,
        posting=posting,
    )


def _post(row: DemoFunding, asset: str, position: Position | None, margin: Decimal) -> tuple[Posting, Transfer | None]:
    """It is paid whatever the wallet has; where that leaves less than the margin, less is held."""
    own, clearing, paid = (AccountRef(UUID(row.part), asset, kind) for kind in (WALLET, CLEARING, Account.Kind.FUNDING))
    hold = None if position is None else position.hold
    legs = [] if hold is None else [Leg(own, clearing, None, "void", hold.pk)]
    legs.append(Leg(paid, own, row.amount) if row.amount > 0 else Leg(own, paid, -row.amount))
    if position is not None and margin > 0:
        legs.append(Leg(own, clearing, margin, "pending"))
    request = Request(
        key=f"funding:{row.pk}",
        kind=PostingKind.FUNDING_PAYMENT,
        legs=legs,
        detail={"connection": str(row.connection_id), "symbol": row.symbol, "funding": row.pk},
    )
    done = pay(request, owner_id=row.owner_id, wallet_id=own.wallet_id, held=(hold,))
    if missing := done.missing.get(asset):
        _tell_unpaid(row, amount(missing, asset))
    return done.posting, next(done.holds, None)


def _tell_unpaid(row: DemoFunding, missing: Value) -> None:
    raise_alert(
        owner_id=row.owner_id,
        key=f"unpaid-funding:{row.pk}",
        title="Funding in {symbol} took more than {wallet} had",
        body="It lacks {missing}, which stands in suspense: say on the connection's page whose it was, and close the "
        "position or allocate to its wallet.",
        level=Alert.Level.CRITICAL,
        about=about("wallet", row.part),
        symbol=row.symbol,
        wallet=Wallet.objects.get(pk=UUID(row.part)).name,
        missing=missing,
    )
