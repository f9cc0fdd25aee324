"""The funds that an open order sets aside, and gives back when it ends."""

from kit.decimals import plain
from trading.models import Order, Side
from trading.risk import gate as risk
from trading.risk import sizing
from trading.risk.fees import taker_fee
from wallets.ledger import AccountRef, InsufficientFundsError, Leg, post
from wallets.models import Account

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


def hold(order: Order, verdict: risk.Verdict) -> risk.Verdict:
    """Set the funds aside; without enough of them the verdict turns into a refusal."""
    instrument, wallet = order.instrument, order.wallet
    asset, amount = instrument.base, order.quantity
    if order.side == Side.BUY:
        asset = instrument.quote
        amount = sizing.buying_hold(quantity=order.quantity, price=order.reference_price, taker_fee=taker_fee(wallet))
    numbers = {**verdict.numbers, "hold": plain(amount), "hold_asset": asset}
    free, clearing = (AccountRef(wallet.pk, asset, kind) for kind in (Account.Kind.WALLET, Account.Kind.CLEARING))
    try:
        posting = post(
            owner_id=order.owner_id,
            key=f"order:{order.pk.hex}:hold",
            kind="hold",
            legs=[Leg(free, clearing, amount, "pending")],
            detail={"order": str(order.pk)},
        )
    except InsufficientFundsError as error:
        return risk.Verdict("funds", str(error), numbers)
    order.hold_id = posting.transfer_ids[0]
    return risk.Verdict("", verdict.explanation, numbers)
