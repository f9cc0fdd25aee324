"""The funds that an open order sets aside, and gives back when it ends."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from decimal import ROUND_UP, Decimal
from uuid import UUID

from quant.margin import initial_margin, worth
from trading.models import Amendment, Order, Side
from trading.positions.leveraged import freed_by_leaving
from trading.risk import sizing
from trading.risk.fees import taker_fee
from wallets.ledger import (
    AccountRef,
    InsufficientFundsError,
    LedgerError,
    Leg,
    Request,
    attempt_many,
    post,
    transfer_many,
)
from wallets.models import Account, PostingKind, Transfer

WALLET = Account.Kind.WALLET
CLEARING = Account.Kind.CLEARING


def release(order: Order) -> None:
    if order.hold is None:
        return
    hold, order.hold = order.hold, None
    wallet, clearing = (AccountRef(order.wallet_id, hold.asset, kind) for kind in (WALLET, CLEARING))
    post(
        owner_id=order.owner_id,
        key=f"order:{order.pk.hex}:release",
        kind="release",
        legs=[Leg(wallet, clearing, None, "void", hold.pk)],
        detail={"order": str(order.pk)},
    )


def to_hold(order: Order, position: Decimal) -> tuple[str, Decimal]:
    """The asset that the order needs and how much of it, zero for one that needs nothing; `position` is what its wallet
    has of the instrument, negative when short, and the wallet comes with its connection's platform."""
    asset, need = needed(order, position)
    return asset, max(need, Decimal(0))


def needed(order: Order, position: Decimal) -> tuple[str, Decimal]:
    """The same; below zero for what turns a position round and frees more than it needs."""
    if order.instrument.is_perpetual:
        is_against = position < 0 if order.side == Side.BUY else position > 0
        closes = min(order.quantity, abs(position)) if is_against else Decimal(0)
        need = to_open(order, order.quantity, closes=closes)
        if closes and not order.reduce_only:
            # What turns a position round pays with what that frees.
            need -= freed_by_leaving(
                wallet_id=order.wallet_id, instrument=order.instrument, price=order.reference_price
            )
        return order.instrument.settle, need
    if order.side != Side.BUY:
        return order.instrument.base, order.quantity
    return order.instrument.quote, to_buy(order, order.quantity)


def to_open(order: Order, quantity: Decimal, *, closes: Decimal = Decimal(0)) -> Decimal:
    """What the order needs of the settle asset to trade so much of a perpetual, of which a part `closes` a position:
    the margin of the rest, at its limit or at what the market may make of it, and the fee."""
    if order.reduce_only:
        return Decimal(0)
    cushion = Decimal(0) if order.limit_price == order.reference_price else sizing.SLIPPAGE_CUSHION
    price: Decimal = order.reference_price * (1 + cushion)
    fee = (quantity * price * taker_fee(order.wallet)).quantize(sizing.UNIT, ROUND_UP)
    return initial_margin(worth(quantity - closes, price), order.leverage or Decimal(1)) + fee


def to_buy(order: Order, quantity: Decimal) -> Decimal:
    """What the order needs of the quote asset to buy so much: at its limit, or at what the market may make of it."""
    cushion = sizing.SLIPPAGE_CUSHION if order.limit_price is None else Decimal(0)
    fee = taker_fee(order.wallet)
    return sizing.buying_hold(quantity=quantity, price=order.reference_price, taker_fee=fee, cushion=cushion)


def to_rest(order: Order, left: Decimal) -> Decimal:
    """What the rest of a buy needs: at its limit, or on the terms that the venue may have given it by now."""
    need = to_buy(order, left)
    wish = Amendment.objects.filter(order=order, closed_at=None).exclude(way=Amendment.Way.ENDS).first()
    if wish is None:
        return need
    wished = max(wish.quantity - order.quantity + left, Decimal(0))
    fee = taker_fee(order.wallet)
    return max(need, sizing.buying_hold(quantity=wished, price=wish.limit_price, taker_fee=fee, cushion=Decimal(0)))


def hold_again(order: Order, amount: Decimal, *, key: str) -> None:
    """Let a locked order hold so much from here on, of what it holds now. Raises InsufficientFundsError."""
    if order.hold is None or order.hold.amount == amount:
        return
    wallet, clearing = (AccountRef(order.wallet_id, order.hold.asset, kind) for kind in (WALLET, CLEARING))
    legs = [Leg(wallet, clearing, None, "void", order.hold.pk)]
    if amount > 0:
        legs.append(Leg(wallet, clearing, amount, "pending"))
    posting = post(
        owner_id=order.owner_id, key=key, kind=PostingKind.HOLD, legs=legs, detail={"order": str(order.pk)}
    )  # fmt: skip
    order.hold = Transfer.objects.get(pk=posting.transfer_ids[1]) if amount > 0 else None
    order.save(update_fields=("hold",))


@dataclass(frozen=True, slots=True)
class Need:
    """What an order sets aside."""

    order: Order
    asset: str
    amount: Decimal


def hold(needs: Sequence[Need]) -> list[InsufficientFundsError | None]:
    """Set the funds of each aside, in one message; says per order what is missing, None where nothing is.

    The orders are of one owner, each of a wallet of its own, and come in the order of the accounts that pay for them.
    """
    wanted = [need for need in needs if need.amount]
    if not wanted:
        return [None] * len(needs)
    transfers = _transfers(wanted[0].order.owner_id, [_request(need) for need in wanted])
    missing: dict[UUID, InsufficientFundsError] = {}
    for need, transfer in zip(wanted, transfers, strict=True):
        if isinstance(transfer, InsufficientFundsError):
            missing[need.order.pk] = transfer
        elif isinstance(transfer, LedgerError):
            raise transfer
        else:
            need.order.hold_id = transfer
    return [missing.get(need.order.pk) for need in needs]


def _transfers(owner_id: UUID, requests: Sequence[Request]) -> Sequence[int | LedgerError]:
    """Each one's hold: all of them at once, which is fastest and nearly always possible; one by one where any is
    refused."""
    if len(requests) > 1:
        with suppress(LedgerError):
            return [first for first, *_ in transfer_many(owner_id=owner_id, requests=requests)]
    answers = attempt_many(owner_id=owner_id, requests=requests)
    return [answer if isinstance(answer, LedgerError) else answer.transfer_ids[0] for answer in answers]


def _request(need: Need) -> Request:
    order = need.order
    free, clearing = (AccountRef(order.wallet_id, need.asset, kind) for kind in (WALLET, CLEARING))
    return Request(
        key=f"order:{order.pk.hex}:hold",
        kind=PostingKind.HOLD,
        legs=[Leg(free, clearing, need.amount, "pending")],
        detail={"order": str(order.pk)},
    )
