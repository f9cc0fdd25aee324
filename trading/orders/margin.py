"""A trade of a perpetual in the ledger: no base asset moves. What was realized comes from, or goes to, the account of
what derivatives brought, the fee to that of their costs, and what stands for the position is held: all in one posting.

What was held for the order is released with it, and what it still needs is held again, as is the margin of what is
open. These are the accounts that real venues' derivatives have (`wallets.sync.income`), and it stands in the same list.
"""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from uuid import UUID

from kit.alerts.links import about
from kit.alerts.models import Alert
from kit.alerts.services import raise_alert
from kit.sentences import Sentence, amount
from trading.models import Fill, Order, Position
from trading.orders import leases
from trading.orders.booking import tell_unpaid
from trading.orders.funding import book_funding
from trading.orders.holds import CLEARING, WALLET, to_open
from trading.orders.life import note
from trading.orders.paying import pay
from trading.orders.shortfalls import hold_margin
from trading.positions import late
from trading.positions.leveraged import Traded, leveraged, trade_position, write
from trading.positions.standing import tell_position
from wallets.ledger import AccountRef, Leg, Request
from wallets.models import Account, Posting, PostingKind, Transfer, VenueIncome
from wallets.venues.base import TradeReport
from wallets.venues.demo.account import trades_of

ZERO = Decimal(0)


def record_perpetual(order: Order, trade: TradeReport, *, is_last: bool) -> tuple[Posting, Decimal]:
    """Post the trade, and let the position be what it is after it; what it realized before the fee comes with it."""
    book_funding(order.connection_id, wallet_id=order.wallet_id, symbol=order.instrument.symbol, until=trade.at)
    traded = trade_position(order, trade)
    holds_nothing = is_last or order.reduce_only or order.is_terminal
    rest = ZERO if holds_nothing else _rest(order, trade)
    posting, hold = _post(order, trade, traded, rest)
    for position, held_by in ((traded.closed, None), (traded.open, hold)):
        if position is not None:
            hold_margin(position, held_by)
    write(traded, order)
    _tell_what_was_earned(order, trade, traded)
    tell_position(order.wallet, order.instrument, leveraged(traded.open), trade.price)
    VenueIncome.objects.create(
        owner_id=order.owner_id,
        connection_id=order.connection_id,
        venue_id=f"trade:{trade.trade_id}",
        symbol=order.instrument.symbol,
        asset=order.instrument.settle,
        realized=traded.realized,
        fee=trade.fee,
        at=trade.at,
        status=VenueIncome.Status.BOOKED,
        wallet_id=order.wallet_id,
        posting=posting,
    )
    if order.liquidates and traded.closed is not None:
        _tell_of_liquidation(order, traded)
    return posting, traded.realized


def in_turn(order: Order, trades: Sequence[TradeReport]) -> list[TradeReport]:
    """Those before which the demo exchange made none of the same position that is not in the books: what a trade
    realizes depends on what stood there.

    An order whose trades come first is asked about at once, unless somebody is at it. One that has ended waits for
    none: nobody would ask about it again.
    """
    if order.is_terminal:
        return list(trades)
    others = Order.objects.unfinished().filter(
        wallet_id=order.wallet_id, instrument_id=order.instrument_id, attempts__gt=0
    )
    sent = dict(others.exclude(pk=order.pk).values_list("client_order_id", "pk"))
    if not trades or not sent:
        return list(trades)
    known = set(Fill.objects.filter(order__in=sent.values()).values_list("venue_trade_id", flat=True))
    made = trades_of(connection_id=order.connection_id, client_order_ids=sent.keys())
    missing = [(number, name) for number, name in made if str(number) not in known]
    first = min((number for number, _ in missing), default=None)
    found = [trade for trade in trades if first is None or int(trade.trade_id) < first]
    if len(found) < len(trades):
        last = max(int(trade.trade_id) for trade in trades)
        before = Order.objects.unfinished().filter(pk__in={sent[name] for number, name in missing if number < last})
        idle = before.select_for_update(skip_locked=True, no_key=True).values_list("pk", flat=True)
        Order.objects.filter(pk__in=list(idle)).update(due_at=leases.now())
    return found


def holds_of(connection_id: UUID) -> Iterable[int]:
    """What holds the margin of open positions: nothing is under way for it."""
    rows = Position.objects.filter(wallet__connection_id=connection_id, closed_at=None, hold__isnull=False)
    return rows.values_list("hold", flat=True)


def _rest(order: Order, trade: TradeReport) -> Decimal:
    """What the rest of the order still needs."""
    left = order.quantity - order.filled_quantity - trade.quantity
    return to_open(order, max(left, ZERO))


def _post(order: Order, trade: TradeReport, traded: Traded, rest: Decimal) -> tuple[Posting, Transfer | None]:
    """One posting; where the wallet has too little, less is held, and what it cannot pay stands in suspense."""
    margin = traded.after.margin
    request = Request(
        key=f"fill:{order.pk.hex}:{trade.trade_id}",
        kind=PostingKind.TRADE,
        legs=[*_released(order, traded), *_moved(order, trade, traded), *_held(order, margin, rest)],
        detail={"order": str(order.pk), "trade": trade.trade_id},
    )
    held = (order.hold, traded.held_by)
    paid = pay(request, owner_id=order.owner_id, wallet_id=order.wallet_id, held=held)
    if paid.missing:
        tell_unpaid(order, paid.missing)
    elif paid.error is not None:
        note(order, order.status, f"{paid.error} What is missing is not held.")
    holds = paid.holds
    hold = next(holds, None) if margin > 0 else None
    order.hold = next(holds, None)
    return paid.posting, hold


def _released(order: Order, traded: Traded) -> Iterator[Leg]:
    for hold in (order.hold, traded.held_by):
        if hold is not None:
            yield Leg(_account(order, WALLET), _account(order, CLEARING), None, "void", hold.pk)


def _moved(order: Order, trade: TradeReport, traded: Traded) -> Iterator[Leg]:
    """What came first, so that it pays for what goes."""
    own, profit = _account(order, WALLET), _account(order, Account.Kind.PROFIT)
    costs = AccountRef(order.wallet_id, trade.fee_asset, Account.Kind.COSTS)
    purse = AccountRef(order.wallet_id, trade.fee_asset, WALLET)
    if traded.realized > 0:
        yield Leg(profit, own, traded.realized)
    if trade.fee < 0:
        yield Leg(costs, purse, -trade.fee)
    if traded.realized < 0:
        yield Leg(own, profit, -traded.realized)
    if trade.fee > 0:
        yield Leg(purse, costs, trade.fee)


def _held(order: Order, margin: Decimal, rest: Decimal) -> Iterator[Leg]:
    for held in (margin, rest):
        if held > 0:
            yield Leg(_account(order, WALLET), _account(order, CLEARING), held, "pending")


def _account(order: Order, kind: str) -> AccountRef:
    return AccountRef(order.wallet_id, order.instrument.settle, kind)


def _tell_what_was_earned(order: Order, trade: TradeReport, traded: Traded) -> None:
    """As a trade of a spot market does, net of what it cost: so are derivatives' profits counted (`wallet_books`)."""
    settle = order.instrument.settle
    earned = traded.realized - (trade.fee if trade.fee_asset == settle else ZERO)
    if earned or trade.fee:
        told = late.Earned(order.owner_id, order.wallet_id, settle, earned, trade.fee, trade.fee_asset, trade.at)
        late.tell(told)


def _tell_of_liquidation(order: Order, traded: Traded) -> None:
    position = traded.closed
    if position is None:
        return
    raise_alert(
        owner_id=order.owner_id,
        key=f"liquidated:{position.pk}",
        title=f"{order.wallet.name} was liquidated in {order.instrument.symbol}",
        body="{reason} It lost {lost} in all, its fees included; the liquidation took no more than its margin. Look at "
        "its leverage and its stop before it opens the next one.",
        level=Alert.Level.CRITICAL,
        about=about("position", position.pk),
        reason=Sentence.of(order.reason),
        lost=amount(-position.realized_pnl, order.instrument.settle),
    )
