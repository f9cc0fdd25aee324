"""A trade in the ledger: what was held is settled, what was got comes in, the fee goes out, in one posting."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final

from django.db.models import F

from kit.sentences import amount, sentence
from markets.prices import price_in
from trading.models import Order, Side
from trading.orders.holds import CLEARING, WALLET, to_rest
from trading.orders.life import alarm, note
from trading.risk.sizing import UNIT
from wallets.ledger import AccountRef, InsufficientFundsError, Leg, Request, post, post_many
from wallets.models import Account, Posting, PostingKind, Transfer, Wallet
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


SPENT_BY_HAND: Final = "What was spent at {connection} by hand is in other wallets here"
WHOSE: Final = (
    "The unassigned wallet has not so much. The difference stands in suspense: say on the connection's page whose it "
    "was."
)


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
        rest = min(rest, to_rest(order, max(left, Decimal(0))))
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
    request, posting = _posted(order, trade, request_of_trade(order, trade, is_last=is_last))
    keep_rest(order, request, posting)
    return posting


def request_of_trade(order: Order, trade: TradeReport, *, is_last: bool) -> Request:
    """What a trade moves, to be posted."""
    return Request(
        key=f"fill:{order.pk.hex}:{trade.trade_id}",
        kind="trade",
        legs=_legs(order, trade, is_last=is_last),
        detail={"order": str(order.pk), "trade": trade.trade_id},
    )


def keep_rest(order: Order, request: Request, posting: Posting) -> None:
    """Let the order, which is not saved here, hold what the posting of its trade has set aside again."""
    held = [pk for leg, pk in zip(request.legs, posting.transfer_ids, strict=True) if leg.phase == "pending"]
    order.hold = Transfer.objects.get(pk=held[0]) if held else None


def _posted(order: Order, trade: TradeReport, request: Request) -> tuple[Request, Posting]:
    """The trade's posting, and what was posted. A fee in a third asset that the wallet has too little of, such as a
    venue's own coin, is paid by a wallet that has it; what nobody has is paid by the wallet's suspense account, with a
    word about it."""
    own: dict[str, Any] = {"owner_id": order.owner_id, "kind": request.kind, "detail": request.detail}
    missing: dict[str, Decimal] = {}
    short: dict[str, InsufficientFundsError] = {}
    while True:
        paid = replace(request, legs=from_suspense(request.legs, missing))
        try:
            posting = post(key=paid.key, legs=paid.legs, **own)
        except InsufficientFundsError as error:
            if not missing and (of_another := _with_fee_of_another(order, trade, request, error)) is not None:
                return request, of_another
            lacks = missing.get(error.asset, Decimal(0))
            missing[error.asset] = lacks + error.needed - error.available
            if missing[error.asset] <= lacks or paid.legs == from_suspense(request.legs, missing):
                raise
            short.setdefault(error.asset, error)
        else:
            break
    if short and order.is_external:
        alarm(order, "unpaid", SPENT_BY_HAND, WHOSE, connection=order.connection.name)
    elif short:
        tell_unpaid(order, short.values())
    return paid, posting


def tell_unpaid(order: Order, short: Iterable[InsufficientFundsError]) -> None:
    """Alarm that the wallet could not pay what the venue took."""
    told = " ".join(str(error) for error in short)
    alarm(order, "unpaid", "The venue took more than the wallet had", f"{told} The difference stands in suspense.")


def _with_fee_of_another(
    order: Order, trade: TradeReport, request: Request, error: InsufficientFundsError
) -> Posting | None:
    """The trade's posting, after what is missing of its fee came from a wallet above or from what is unassigned at the
    account; None where it is no such fee, or nobody has so much. One message: its accounts are locked in order."""
    asset, instrument = error.asset, order.instrument
    if asset != trade.fee_asset or asset in (instrument.base, instrument.quote):
        return None
    missing, own = error.needed - error.available, AccountRef(order.wallet_id, asset)
    for payer in _payers(order, asset, missing):
        kind = PostingKind.CLAIM if payer.role == Wallet.Role.UNASSIGNED else PostingKind.ALLOCATE
        detail = {"order": str(order.pk), "trade": trade.trade_id, "note": "For a fee."}
        key = f"fee:{order.pk.hex}:{trade.trade_id}"
        brought = Request(key, kind, [Leg(AccountRef(payer.pk, asset), own, missing)], detail)
        try:
            _, posting = post_many(owner_id=order.owner_id, requests=[brought, request])
        except InsufficientFundsError:  # it was spent meanwhile
            continue
        words = "{fee} of its fee came from {wallet}, which had it."
        note(order, order.status, sentence(words, fee=amount(missing, asset), wallet=payer.name))
        return posting
    return None


def _payers(order: Order, asset: str, missing: Decimal) -> list[Wallet]:
    """The wallets of the same account that have so much: those above, the nearest first, then the unassigned one."""
    rows = Wallet.objects.filter(connection_id=order.connection_id, archived_at=None)
    able = rows.filter(
        accounts__asset=asset, accounts__kind=WALLET, accounts__balance__gte=F("accounts__held") + missing
    )
    found = {wallet.pk: wallet for wallet in able}
    above = []
    parent = rows.filter(children=order.wallet_id).first()
    while parent is not None:
        above.append(parent.pk)
        parent = rows.filter(children=parent.pk).first()
    spare = [pk for pk, wallet in found.items() if wallet.role == Wallet.Role.UNASSIGNED and pk != order.wallet_id]
    return [found[pk] for pk in (*above, *spare) if pk in found]


def from_suspense(legs: Sequence[Leg], missing: Mapping[str, Decimal]) -> list[Leg]:
    """What a wallet cannot pay is paid by its suspense account, which may be overdrawn until somebody looks: so much of
    each asset, and of what is paid last first. The wallet pays all that it has."""
    left = dict(missing)
    paid: list[Leg] = []
    for leg in reversed(legs):
        lacks = left.get(leg.debit.asset, Decimal(0))
        if leg.amount is None or leg.phase != "posted" or leg.debit.kind != WALLET or lacks <= 0:
            paid.append(leg)
            continue
        taken = min(lacks, leg.amount)
        left[leg.debit.asset] = lacks - taken
        paid.append(replace(leg, debit=replace(leg.debit, kind=Account.Kind.SUSPENSE), amount=taken))
        if leg.amount > taken:
            paid.append(replace(leg, amount=leg.amount - taken))
    return paid[::-1]
