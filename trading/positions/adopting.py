"""What a wallet holds and no position knows of becomes a position: it was given, or arrived, and was not bought here.

Its cost is the price of the moment in which it is taken up. So the trade that it becomes wins or loses what happens
from then on; what it gained or lost before was the market's, and is in the value of the wallet already.
"""

from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import DecimalField, OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce

from kit import clock
from kit.audit import services as audit
from kit.errors import ConflictError, InvalidInputError, NotFoundError
from kit.live.publish import publish
from kit.sentences import amount, price, sentence
from markets.models import Instrument
from markets.prices import quotes
from trading.models import Position
from trading.positions import accounting
from trading.risk.proposals import dust
from wallets.models import Account, Wallet

ZERO: Final = Decimal(0)


def unclaimed(*, owner_id: UUID, wallet_id: UUID) -> dict[str, Decimal]:
    """By asset, what the wallet's books have beyond its open positions; one statement, so of one moment."""
    spot = Position.objects.filter(margin=None, closed_at=None)  # a perpetual holds no base asset
    claimed = (
        spot.filter(wallet=OuterRef("wallet"), instrument__base=OuterRef("asset"))
        .order_by()
        .values("instrument__base")
        .annotate(total=Sum("quantity"))
        .values("total")
    )
    rows = (
        Account.objects.filter(owner_id=owner_id, wallet=wallet_id, kind=Account.Kind.WALLET, balance__gt=0)
        .annotate(claimed=Coalesce(Subquery(claimed), ZERO, output_field=DecimalField()))
        .values_list("asset", "balance", "claimed")
    )
    return {asset: balance - known for asset, balance, known in rows if balance > known}


def adopt(*, owner_id: UUID, wallet_id: UUID, symbol: str) -> Position:
    """Take up what the wallet holds of the market's base asset beyond its positions, at the market's price now.

    Joins the open position of the market where there is one. Raises NotFoundError; InvalidInputError for a market that
    the wallet's venue has not, or that is not spot; ConflictError where nothing is to be taken up, it is less than can
    be sold, nothing is traded from the wallet, or there is no price.
    """
    with transaction.atomic():
        # As whoever places an order does: one after the other.
        rows = Wallet.objects.select_for_update(of=("self",), no_key=True).select_related("connection")
        wallet = rows.filter(owner_id=owner_id, pk=wallet_id).first()
        if wallet is None:
            raise NotFoundError("There is no such wallet: choose one of yours.")
        if wallet.role in Wallet.IDLE:
            raise ConflictError(f"Nothing is traded from {wallet.name}: move the money to a farm first.")
        instrument = Instrument.objects.filter(venue=wallet.connection.venue, symbol=symbol).first()
        if instrument is None or instrument.kind != Instrument.Kind.SPOT:
            raise InvalidInputError(
                "Choose a spot market of the wallet's venue.",
                fields={"symbol": "No spot market of the wallet's venue."},
            )
        quote = quotes(instrument_ids=[instrument.pk]).get(instrument.pk)
        if quote is None:
            raise ConflictError(f"{symbol} has no price now: try again when it has one.")
        found = unclaimed(owner_id=owner_id, wallet_id=wallet_id).get(instrument.base, ZERO)
        if found < dust(instrument.lot_size, instrument.minimum_notional, quote.price):
            raise ConflictError(
                f"{wallet.name} holds no {instrument.base} beyond its positions that could be sold: nothing to take up."
            )
        position = _joined(wallet, instrument, found, quote.price)
    audit.record(
        audit.Area.MONEY,
        "Taken up as a position",
        owner_id=owner_id,
        subject=wallet.name,
        after={"quantity": found, "asset": instrument.base, "price": quote.price},
    )
    publish(owner_id=owner_id, event="wallets", data={"wallet": str(wallet.pk), "change": "taken up"})
    return position


def _joined(wallet: Wallet, instrument: Instrument, quantity: Decimal, at: Decimal) -> Position:
    open_ = Position.objects.select_for_update(no_key=True)
    position = open_.filter(wallet=wallet, instrument=instrument, closed_at=None).first()
    reason = sentence(
        "Not bought here: {quantity} was in the wallet, and was taken up at {price}, its price then.",
        quantity=amount(quantity, instrument.base),
        price=price(at, instrument.tick_size),
    )
    if position is None:
        position = Position(
            owner_id=wallet.owner_id, wallet=wallet, instrument=instrument, entry_reason=reason, opened_at=clock.now()
        )
        held = accounting.Holding()
    else:
        held = accounting.Holding(
            quantity=position.quantity,
            entry_quantity=position.entry_quantity,
            entry_price=position.entry_price,
        )
    bought = accounting.after_buy(held, accounting.Execution(quantity, at))
    position.quantity, position.entry_quantity = bought.quantity, bought.entry_quantity
    position.entry_price = bought.entry_price
    position.traded_at = clock.now()
    position.save()
    return position
