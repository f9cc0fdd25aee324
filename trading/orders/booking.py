"""A trade in the ledger: what was held is settled, what was got comes in, the fee goes out, in one posting."""

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from markets.prices import price_in
from trading.models import Order, Side
from trading.orders.holds import CLEARING, WALLET, to_buy
from trading.orders.life import alarm, note
from trading.risk.sizing import UNIT
from wallets.ledger import AccountRef, InsufficientFundsError, Leg, post
from wallets.models import Account, Posting, Transfer
from wallets.venues.base import TradeReport


def fee_of(order: Order, trade: TradeReport) -> tuple[Decimal, Decimal]:
    """The fee's worth in quote, and the part of it that was taken from the base asset."""
    instrument = order.instrument
    if trade.fee_asset == instrument.base:
        return (trade.fee * trade.price).quantize(UNIT), trade.fee
    if trade.fee_asset in ("", instrument.quote) or not trade.fee:
        return trade.fee, Decimal(0)
    quote = price_in(asset=trade.fee_asset, base=instrument.quote, venue=instrument.venue)
    if quote is None:
        note(
            order, order.status, f"The fee of {trade.fee} {trade.fee_asset} has no price and counts as zero in profit."
        )
        return Decimal(0), Decimal(0)
    return (trade.fee * quote.price).quantize(UNIT), Decimal(0)


@dataclass(frozen=True, slots=True)
class _Sides:
    """What the order gives and gets in a trade."""

    gives: str
    given: Decimal
    gets: str
    got: Decimal


def _sides(order: Order, trade: TradeReport) -> _Sides:
    instrument = order.instrument
    notional = (trade.price * trade.quantity).quantize(UNIT)
    if order.side == Side.BUY:
        return _Sides(instrument.quote, notional, instrument.base, trade.quantity)
    return _Sides(instrument.base, trade.quantity, instrument.quote, notional)


def _legs(order: Order, trade: TradeReport, *, is_last: bool) -> list[Leg]:
    """Settle what was given, hold the rest again unless this is the last trade, take what was got, pay the fee."""
    sides = _sides(order, trade)

    def account(asset: str, kind: str) -> AccountRef:
        return AccountRef(order.wallet_id, asset, kind)

    given, to_clearing = account(sides.gives, WALLET), account(sides.gives, CLEARING)
    held = order.hold.amount if order.hold else Decimal(0)
    settled = min(sides.given, held)
    fee_from_hold = max(trade.fee, Decimal(0)) if trade.fee_asset == sides.gives else Decimal(0)
    rest = held - settled - fee_from_hold
    if order.side == Side.BUY and order.limit_price is not None and not is_last:
        # What it was filled for better than its limit is free again.
        left = order.quantity - order.filled_quantity - trade.quantity
        rest = min(rest, to_buy(order, max(left, Decimal(0))))
    legs = []
    if order.hold:
        legs.append(Leg(given, to_clearing, settled, "settle", order.hold.pk))
    if order.hold and rest > 0 and not is_last:
        legs.append(Leg(given, to_clearing, rest, "pending"))
    if sides.given > settled:
        legs.append(Leg(given, to_clearing, sides.given - settled))
    legs.append(Leg(account(sides.gets, CLEARING), account(sides.gets, WALLET), sides.got))
    purse, fees = account(trade.fee_asset, WALLET), account(trade.fee_asset, Account.Kind.FEES)
    if trade.fee > 0:
        legs.append(Leg(purse, fees, trade.fee))
    elif trade.fee < 0:  # a rebate: the venue paid for the liquidity
        legs.append(Leg(fees, purse, -trade.fee))
    return legs


def book(order: Order, trade: TradeReport, *, is_last: bool) -> Posting:
    legs = _legs(order, trade, is_last=is_last)
    request: dict[str, Any] = {
        "owner_id": order.owner_id,
        "key": f"fill:{order.pk.hex}:{trade.trade_id}",
        "kind": "trade",
        "detail": {"order": str(order.pk), "trade": trade.trade_id},
    }
    try:
        posting = post(legs=legs, **request)
    except InsufficientFundsError as error:
        posting = post(legs=[_from_suspense(leg) for leg in legs], **request)
        told = f"{error} The difference stands in suspense."
        alarm(order, "unpaid", "The venue took more than the wallet had", told)
    held_again = [pk for leg, pk in zip(legs, posting.transfer_ids, strict=True) if leg.phase == "pending"]
    order.hold = Transfer.objects.get(pk=held_again[0]) if held_again else None
    return posting


def _from_suspense(leg: Leg) -> Leg:
    """What a wallet cannot pay is paid by its suspense account, which may be overdrawn until somebody looks."""
    if leg.phase == "posted" and leg.debit.kind == WALLET:
        return replace(leg, debit=replace(leg.debit, kind=Account.Kind.SUSPENSE))
    return leg
