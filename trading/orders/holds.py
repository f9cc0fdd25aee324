"""The funds that an open order sets aside, and gives back when it ends."""

from collections.abc import Sequence
from decimal import Decimal

from trading.models import Order, Side
from trading.risk import sizing
from trading.risk.fees import taker_fee
from wallets.ledger import AccountRef, InsufficientFundsError, LedgerError, Leg, Request, attempt_many, post
from wallets.models import Account, PostingKind

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


def to_hold(order: Order) -> tuple[str, Decimal]:
    """The asset that the order needs and how much of it; its wallet comes with its connection's platform."""
    if order.side != Side.BUY:
        return order.instrument.base, order.quantity
    return order.instrument.quote, to_buy(order, order.quantity)


def to_buy(order: Order, quantity: Decimal) -> Decimal:
    """What the order needs of the quote asset to buy so much: at its limit, or at what the market may make of it."""
    cushion = sizing.SLIPPAGE_CUSHION if order.limit_price is None else Decimal(0)
    fee = taker_fee(order.wallet)
    return sizing.buying_hold(quantity=quantity, price=order.reference_price, taker_fee=fee, cushion=cushion)


def hold(orders: Sequence[Order]) -> list[InsufficientFundsError | None]:
    """Set the funds of each aside, in one message; says per order what is missing, None where nothing is.

    The orders are of one owner, each of a wallet of its own, and come in the order of the accounts that pay for them.
    """
    if not orders:
        return []
    answers = attempt_many(owner_id=orders[0].owner_id, requests=[_request(order) for order in orders])
    missing: list[InsufficientFundsError | None] = []
    for order, answer in zip(orders, answers, strict=True):
        if isinstance(answer, InsufficientFundsError):
            missing.append(answer)
        elif isinstance(answer, LedgerError):
            raise answer
        else:
            order.hold_id = answer.transfer_ids[0]
            missing.append(None)
    return missing


def _request(order: Order) -> Request:
    asset, amount = to_hold(order)
    free, clearing = (AccountRef(order.wallet_id, asset, kind) for kind in (WALLET, CLEARING))
    return Request(
        key=f"order:{order.pk.hex}:hold",
        kind=PostingKind.HOLD,
        legs=[Leg(free, clearing, amount, "pending")],
        detail={"order": str(order.pk)},
    )
