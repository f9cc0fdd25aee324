"""What the venue said, made ours.

One transaction per answer: new trades become fills, each with its ledger posting and its effect on the position, and
the order moves to where the venue says it is. A trade is recognised by the venue's id, so an answer may be recorded
any number of times. An order ends only when every trade the venue counts has been recorded; until then it is looked
at again. What the venue executed is a fact: if it is more than was ordered, or more than the wallet can pay for, it is
recorded all the same, what cannot be paid is taken from the suspense account, and an alert is raised, because refusing
the fact would make the books wrong.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import orjson

from kit import clock, tenancy
from kit.alerts.services import resolve_alerts
from kit.sentences import Told, Value, amount, joined, price, quoted, sentence
from trading.models import Amendment, Cancellation, Fill, Order, Side
from trading.orders import leases, states
from trading.orders.booking import book, fee_of
from trading.orders.external import as_counted, tell
from trading.orders.life import DENIED, UNTOLD, alarm, alert_key, call_out, locked, move, note, wait, wait_noting
from trading.orders.margin import in_turn, record_perpetual
from trading.orders.succeeding import (
    AT_ONCE,
    IN_PLACE,
    beyond,
    changed,
    close,
    heir_of,
    of_its_own,
    shows,
    succeed,
    wish_of,
)
from trading.positions import accounting
from trading.positions.filling import add_to_position, take_from_position
from trading.risk.sizing import UNIT
from wallets.models import Posting
from wallets.venues.alerts import refused_key
from wallets.venues.base import OrderReport, TradeReport

# Trades come seconds after the order's end at most; what is missing after this, a person has to ask for.
TRADES_WITHIN: Final = timedelta(minutes=10)
ENDED_THERE: Final = "It was cancelled at the venue: nobody here asked for that."


def record_report(*, owner_id: UUID, order_id: UUID, report: OrderReport) -> Order:
    """Record what the venue says about an order. Repeating it changes nothing."""
    with tenancy.tenant(owner_id):
        wish = wish_of(order_id) if report.kind == "limit" else None
        order = locked(order_id, "hold", "wallet__connection__platform", "connection")
        if order.is_terminal and order.limit_price is not None and (heir_id := heir_of(order)) is not None:
            return record_report(owner_id=owner_id, order_id=heir_id, report=report)
        if order.is_external:
            report = as_counted(order, report)
        report = with_crossed(order, report)
        report = of_its_own(order, report)
        if wish is not None and wish.way == IN_PLACE and shows(wish, order, report):
            order, report = _on_new_terms(order, wish, report)
        _record(order, report)
        if order.is_terminal and wish is not None and wish.closed_at is None:
            go_on_after(order, wish, is_asked=True)
    return order


def _record(order: Order, report: OrderReport) -> None:
    """What the venue says, all of which is about this order."""
    new = _new_trades(order, report)
    trades = in_turn(order, new) if order.instrument.is_perpetual else new
    ends = _ends(order, report, trades)
    for number, trade in enumerate(trades, start=1):
        _book_trade(order, trade, is_last=ends and number == len(trades))
    if trades and order.filled_quantity > order.quantity:
        _alarm_overfilled(order)
    status = _status(order, report, ends=ends)
    if _was_ended_there(order, status):
        report = replace(report, reason=ENDED_THERE)
        tell(order, "An order was cancelled at {connection}, and not here", "To {side} {quantity} of {symbol}.")
    _calm(order)
    if trades or status != order.status:
        order.venue_order_id = report.venue_order_id or order.venue_order_id
        order.due_at = leases.next_look(order)
        move(order, status, _told(order, report, trades), answer=as_told(report))
    elif not order.is_terminal:
        wait(order, leases.next_look(order))
    if order.is_terminal:
        return
    if len(trades) < len(new):
        wait_noting(order, "Another order in the same position was filled before it: that one is booked first.")
    elif report.is_final:
        _wait_for_trades(order, report)


def with_crossed(order: Order, report: OrderReport) -> OrderReport:
    """The venue's word about an order of which a part was never sent, because it was crossed before."""
    if not order.crossed_quantity:
        return report
    return replace(
        report,
        quantity=report.quantity + order.crossed_quantity,
        filled_quantity=report.filled_quantity + order.crossed_quantity,
    )


def go_on_after(order: Order, wish: Amendment, *, is_asked: bool) -> Order | None:
    """What becomes of a wish once the locked order has ended: where a venue ends one and places another at once, and
    may have been asked to, the other stands for it."""
    if is_asked and wish.way == AT_ONCE and order.status == states.CANCELLED:
        return succeed(order, wish, "")
    close(wish, "It had ended before the venue changed it: nothing takes its place.")
    return None


def _on_new_terms(order: Order, wish: Amendment, report: OrderReport) -> tuple[Order, OrderReport]:
    """The order that stands for the venue's from here on, and what of its word is about that one: what the new limit
    does not allow was traded before."""
    before = beyond(wish, order, _new_trades(order, report))
    for trade in before:
        _book_trade(order, trade, is_last=False)
    heir = succeed(order, wish, changed(order, wish), number=report.venue_order_id or order.venue_order_id)
    if heir is not None:
        return heir, of_its_own(heir, report)
    # It has ended there with less than this one's quantity, because it was to be no more.
    is_cut = report.status == states.FILLED and report.quantity < order.quantity
    return order, replace(report, status=states.CANCELLED) if is_cut else report


def _was_ended_there(order: Order, status: str) -> bool:
    """Whether somebody else has cancelled an order of ours that rested."""
    is_end = status == states.CANCELLED and order.status in (states.OPEN, states.PARTIALLY_FILLED)
    is_ours = not order.is_external and (order.rests or order.is_resting_stop)
    return is_end and is_ours and not Cancellation.objects.filter(order=order).exists()


def _calm(order: Order) -> None:
    """The venue knows the order, so it takes our key, and what was said of an order that it had forgotten is over."""
    keys = [refused_key(order.connection_id)] if order.status in states.ON_ITS_WAY else []
    if leases.is_old(order) and not order.is_terminal:
        keys += [alert_key(order), alert_key(order, DENIED)]
    if keys:
        resolve_alerts(owner_id=order.owner_id, keys=keys)


def _new_trades(order: Order, report: OrderReport) -> list[TradeReport]:
    """Those that are not recorded yet, each once: pages of a venue's list may overlap."""
    if not report.trades:
        return []
    known = set(order.fills.values_list("venue_trade_id", flat=True))
    return list({trade.trade_id: trade for trade in report.trades if trade.trade_id not in known}.values())


def _ends(order: Order, report: OrderReport, trades: Sequence[TradeReport]) -> bool:
    """Whether the order is over once `trades` are recorded.

    One that the venue calls over is not while trades that the venue counts itself have not been told: its hold stays,
    and it is asked about until they have.
    """
    filled = order.filled_quantity + sum((trade.quantity for trade in trades), Decimal(0))
    if filled >= order.quantity:
        return True
    return report.is_final and report.status != states.FILLED and filled >= report.filled_quantity


def _status(order: Order, report: OrderReport, *, ends: bool) -> str:
    """The status that the venue's word and the recorded fills agree on. A late trade does not reopen an order."""
    if order.is_terminal:
        return order.status
    if order.filled_quantity >= order.quantity:
        return states.FILLED
    if ends:
        return states.CANCELLED if report.status == states.REJECTED and order.filled_quantity else report.status
    return states.PARTIALLY_FILLED if order.filled_quantity else states.OPEN


def _wait_for_trades(order: Order, report: OrderReport) -> None:
    """The venue has done with the order, and its list of trades has not: usually a matter of seconds."""
    wait_noting(
        order,
        sentence(
            "The venue says it is {status} with {filled} filled, and has told {told} of it: the rest is asked for "
            "again.",
            status=report.status.replace("_", " "),
            filled=amount(report.filled_quantity, order.instrument.base),
            told=amount(order.filled_quantity, order.instrument.base),
        ),
    )
    if clock.now() - (order.submitted_at or order.created_at) > TRADES_WITHIN:
        call_out(
            order,
            UNTOLD,
            f"Trades of an order in {order.instrument.symbol} are missing",
            "The venue has filled {filled} of order {number} and told {told}: look at its trades there. Moniqo keeps "
            "asking and keeps the funds held.",
            filled=amount(report.filled_quantity, order.instrument.base),
            told=amount(order.filled_quantity, order.instrument.base),
            number=order.client_order_id,
        )


def _told(order: Order, report: OrderReport, trades: Sequence[TradeReport]) -> Told:
    """The event's sentence."""
    if not trades:
        said = report.reason or f"The venue says it is {report.status.replace('_', ' ')}."
        return sentence("{said}", said=quoted(said)) if isinstance(said, str) else said
    values: dict[str, Value] = {}
    for number, trade in enumerate(trades):
        values[f"quantity{number}"] = amount(trade.quantity, order.instrument.base)
        values[f"price{number}"] = price(trade.price, order.instrument.tick_size)
    parts = ", ".join(f"{{quantity{number}}} at {{price{number}}}" for number in range(len(trades)))
    filled = sentence(f"Filled {parts}.", **values)
    if not (report.reason and report.is_final):
        return filled
    return joined(
        filled, sentence("{said}", said=quoted(report.reason)) if isinstance(report.reason, str) else report.reason
    )


def _book_trade(order: Order, trade: TradeReport, *, is_last: bool) -> None:
    if order.instrument.is_perpetual:
        record_trade(order, trade, *record_perpetual(order, trade, is_last=is_last))
    else:
        record_trade(order, trade, book(order, trade, is_last=is_last))


def record_trade(order: Order, trade: TradeReport, posting: Posting, realized: Decimal | None = None) -> None:
    """The fill of a trade that is posted, what it adds to the order, which is not saved here, and to the position."""
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
        realized=realized,
        posting=posting,
        filled_at=trade.at,
    ).save(force_insert=True)
    paid = (order.average_price or Decimal(0)) * order.filled_quantity + trade.price * trade.quantity
    order.filled_quantity += trade.quantity
    order.average_price = (paid / order.filled_quantity).quantize(UNIT)
    if order.is_external:
        return  # nobody trades from what is unassigned: it is money, and no position
    if order.instrument.is_perpetual:
        return
    execution = accounting.Execution(trade.quantity, trade.price, *fee_of(order, trade))
    if order.side == Side.BUY:
        add_to_position(order, trade, execution)
        return
    taken = take_from_position(order, trade, execution)
    if taken.dust:
        words = "{dust} is less than a lot: it stays in the wallet, free, and goes with the next position there."
        note(order, order.status, sentence(words, dust=amount(taken.dust, order.instrument.base)))
    if taken.oversold:
        alarm(
            order,
            "oversold",
            "The venue sold more than the position held",
            f"Trade {trade.trade_id} is in the books: compare the wallet's entries with the venue's account.",
        )


def _alarm_overfilled(order: Order) -> None:
    base, symbol = order.instrument.base, order.instrument.symbol
    alarm(
        order,
        "overfilled",
        f"The venue filled more {symbol} than was ordered",
        "{filled} instead of {ordered} is in the books and in the position: ask the venue why, and decide what to do "
        "with the excess.",
        filled=amount(order.filled_quantity, base),
        ordered=amount(order.quantity, base),
    )


def as_told(report: OrderReport) -> dict[str, Any]:
    """The report as JSON, amounts as strings."""
    told: dict[str, Any] = orjson.loads(orjson.dumps(report, default=str))
    return told
