"""What the venue said, made ours.

One transaction per answer: new trades become fills, each with its ledger posting and its effect on the position, and
the order moves to where the venue says it is. A trade is recognised by the venue's id, so an answer may be recorded
any number of times. An order ends only when every trade the venue counts has been recorded; until then it is looked
at again. What the venue executed is a fact: if it is more than was ordered, or more than the wallet can pay for, it is
recorded all the same, what cannot be paid is taken from the suspense account, and an alert is raised, because refusing
the fact would make the books wrong.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson

from markets.selectors import price_in
from moniqo.alerts.models import Alert
from moniqo.alerts.services import raise_alert
from moniqo.lib import clock, tenancy
from moniqo.lib.api import plain
from moniqo.live.publish import publish
from trading import accounting, states
from trading.models import Fill, Order, OrderEvent, Position, Side
from trading.services import leases
from trading.sizing import UNIT
from wallets.ledger import AccountRef, InsufficientFundsError, Leg, post
from wallets.models import Account, Posting, Transfer
from wallets.venues.base import OrderReport, TradeReport

SENTENCE_LENGTH = 300
WALLET = Account.Kind.WALLET
CLEARING = Account.Kind.CLEARING


def record_report(*, owner_id: UUID, order_id: UUID, report: OrderReport) -> Order:
    """Record what the venue says about an order. Repeating it changes nothing."""
    with tenancy.tenant(owner_id):
        order = locked(order_id, "hold")
        trades = _new_trades(order, report)
        ends = _ends(order, report, trades)
        for number, trade in enumerate(trades, start=1):
            _record_trade(order, trade, is_last=ends and number == len(trades))
        if trades and order.filled_quantity > order.quantity:
            _alarm_overfilled(order)
        status = _status(order, report, ends=ends)
        if trades or status != order.status:
            order.venue_order_id = report.venue_order_id or order.venue_order_id
            order.due_at = leases.start(leases.LOOK_AGAIN)
            move(order, status, _told(report, trades), answer=as_told(report))
        elif not order.is_terminal:
            wait(order)
    return order


def locked(order_id: UUID, *related: str) -> Order:
    """The order with its instrument and what else the caller names, locked until the end of the transaction."""
    return (
        Order.objects.select_related("instrument", *related)
        .select_for_update(of=("self",), no_key=True)
        .get(pk=order_id)
    )


def move(order: Order, status: str, detail: str = "", *, answer: dict[str, Any] | None = None) -> None:
    """Take a locked order to `status`, with an event; one that ends gives back what is still held for it."""
    states.check(order.status, status)
    before, order.status = order.status, status
    if order.is_terminal:
        _release(order)
        order.due_at = None
        order.closed_at = order.closed_at or clock.now()
        if status != before and status != states.FILLED:
            order.refusal = detail[:SENTENCE_LENGTH]
    order.save(
        update_fields=(
            "status",
            "venue_order_id",
            "refusal",
            "hold",
            "filled_quantity",
            "average_price",
            "attempts",
            "due_at",
            "submitted_at",
            "closed_at",
        )
    )
    note(order, before, detail, answer=answer)


def wait(order: Order) -> None:
    """Let a locked order rest until it is looked at again."""
    order.due_at = leases.start(leases.LOOK_AGAIN)
    order.save(update_fields=("due_at",))


def note(order: Order, before: str, detail: str, *, answer: dict[str, Any] | None = None) -> None:
    """An event in the order's life, and word to the owner's open pages."""
    OrderEvent(
        owner_id=order.owner_id,
        order=order,
        from_status=before,
        to_status=order.status,
        detail=detail[:SENTENCE_LENGTH],
        answer=answer or {},
        created_at=clock.now(),
    ).save(force_insert=True)
    publish(owner_id=order.owner_id, event="orders", data={"order": str(order.pk), "status": order.status})


# --- trades ---------------------------------------------------------------------------------------------------------


def _new_trades(order: Order, report: OrderReport) -> list[TradeReport]:
    if not report.trades:
        return []
    known = set(order.fills.values_list("venue_trade_id", flat=True))
    return [trade for trade in report.trades if trade.trade_id not in known]


def _ends(order: Order, report: OrderReport, trades: Sequence[TradeReport]) -> bool:
    """Whether the order is over once `trades` are recorded. One called filled whose trades are not all told is not."""
    filled = order.filled_quantity + sum((trade.quantity for trade in trades), Decimal(0))
    return filled >= order.quantity or (report.is_final and report.status != states.FILLED)


def _status(order: Order, report: OrderReport, *, ends: bool) -> str:
    """The status that the venue's word and the recorded fills agree on. A late trade does not reopen an order."""
    if order.is_terminal:
        return order.status
    if order.filled_quantity >= order.quantity:
        return states.FILLED
    if ends:
        return states.CANCELLED if report.status == states.REJECTED and order.filled_quantity else report.status
    return states.PARTIALLY_FILLED if order.filled_quantity else states.OPEN


def _told(report: OrderReport, trades: Sequence[TradeReport]) -> str:
    """The event's sentence."""
    if not trades:
        return report.reason or f"The venue says it is {report.status.replace('_', ' ')}."
    parts = ", ".join(f"{plain(trade.quantity)} at {plain(trade.price)}" for trade in trades)
    return f"Filled {parts}."


def _record_trade(order: Order, trade: TradeReport, *, is_last: bool) -> None:
    fee_value, fee_in_base = _fee(order, trade)
    posting = _post(order, trade, is_last=is_last)
    Fill(
        owner_id=order.owner_id,
        order=order,
        wallet_id=order.wallet_id,
        connection_id=order.connection_id,
        instrument=order.instrument,
        venue_trade_id=trade.trade_id,
        side=order.side,
        price=trade.price,
        quantity=trade.quantity,
        fee=trade.fee,
        fee_asset=trade.fee_asset,
        liquidity=trade.liquidity,
        posting=posting,
        filled_at=trade.at,
    ).save(force_insert=True)
    paid = (order.average_price or Decimal(0)) * order.filled_quantity + trade.price * trade.quantity
    order.filled_quantity += trade.quantity
    order.average_price = (paid / order.filled_quantity).quantize(UNIT)
    execution = accounting.Execution(trade.quantity, trade.price, fee_value, fee_in_base)
    if order.side == Side.BUY:
        _add_to_position(order, trade, execution)
    else:
        _take_from_position(order, trade, execution)


def _fee(order: Order, trade: TradeReport) -> tuple[Decimal, Decimal]:
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


# --- the ledger -----------------------------------------------------------------------------------------------------


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


def _post(order: Order, trade: TradeReport, *, is_last: bool) -> Posting:
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
        _alarm(order, "unpaid", "The venue took more than the wallet had", told)
    held_again = [pk for leg, pk in zip(legs, posting.transfer_ids, strict=True) if leg.phase == "pending"]
    order.hold = Transfer.objects.get(pk=held_again[0]) if held_again else None
    return posting


def _from_suspense(leg: Leg) -> Leg:
    """What a wallet cannot pay is paid by its suspense account, which may be overdrawn until somebody looks."""
    if leg.phase == "posted" and leg.debit.kind == WALLET:
        return replace(leg, debit=replace(leg.debit, kind=Account.Kind.SUSPENSE))
    return leg


def _release(order: Order) -> None:
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


def _alarm_overfilled(order: Order) -> None:
    base, symbol = order.instrument.base, order.instrument.symbol
    _alarm(
        order,
        "overfilled",
        f"The venue filled more {symbol} than was ordered",
        f"{plain(order.filled_quantity)} {base} instead of {plain(order.quantity)} {base} is in the books and in the "
        "position: ask the venue why, and decide what to do with the excess.",
    )


def _alarm(order: Order, topic: str, title: str, body: str) -> None:
    """One alert per order and topic, so that none hides another."""
    key = f"order:{order.pk}:{topic}"
    raise_alert(owner_id=order.owner_id, key=key, title=title, body=body, level=Alert.Level.CRITICAL)
    note(order, order.status, f"{title}: {body}")


# --- the position ---------------------------------------------------------------------------------------------------


def _open_position(order: Order) -> Position | None:
    return (
        Position.objects.select_for_update(no_key=True)
        .filter(wallet_id=order.wallet_id, instrument_id=order.instrument_id, closed_at=None)
        .first()
    )


def _holding(position: Position) -> accounting.Holding:
    return accounting.Holding(
        quantity=position.quantity,
        entry_quantity=position.entry_quantity,
        entry_price=position.entry_price,
        exit_quantity=position.exit_quantity,
        exit_price=position.exit_price,
        fees=position.fees,
        realized_pnl=position.realized_pnl,
    )


def _write(position: Position, holding: accounting.Holding) -> None:
    position.quantity = holding.quantity
    position.entry_quantity = holding.entry_quantity
    position.entry_price = holding.entry_price
    position.exit_quantity = holding.exit_quantity
    position.exit_price = holding.exit_price
    position.fees = holding.fees
    position.realized_pnl = holding.realized_pnl


def _add_to_position(order: Order, trade: TradeReport, execution: accounting.Execution) -> None:
    position = _open_position(order)
    if position is None:
        position = Position(
            owner_id=order.owner_id,
            wallet_id=order.wallet_id,
            instrument=order.instrument,
            direction=Position.Direction.LONG,
            entry_reason=order.reason,
            opened_at=trade.at,
        )
        holding = accounting.Holding()
    else:
        holding = _holding(position)
    _write(position, accounting.after_buy(holding, execution))
    position.stop_price = order.stop_price or position.stop_price
    position.target_price = order.target_price or position.target_price
    position.save()


def _take_from_position(order: Order, trade: TradeReport, execution: accounting.Execution) -> None:
    position = _open_position(order)
    if position is None or position.quantity < execution.quantity:
        _alarm(
            order,
            "oversold",
            "The venue sold more than the position held",
            f"Trade {trade.trade_id} is in the books: compare the wallet's entries with the venue's account.",
        )
        if position is None:
            return
        execution = replace(execution, quantity=position.quantity)
    holding = accounting.after_sell(_holding(position), execution)
    if holding.quantity < order.instrument.lot_size:
        # Less than a lot cannot be sold: it stays in the wallet and the round trip is over.
        holding = replace(holding, quantity=Decimal(0))
        position.closed_at = trade.at
        position.exit_reason = order.reason
    _write(position, holding)
    position.save()


def as_told(report: OrderReport) -> dict[str, Any]:
    """The report as JSON, amounts as strings."""
    told: dict[str, Any] = orjson.loads(orjson.dumps(report, default=str))
    return told
