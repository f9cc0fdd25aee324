"""What must be so of perpetuals on paper once nothing is left to do.

What positions, margins and balances should be is worked out again from the trades and the funding, by plain arithmetic
of averages that shares nothing with what the venue and the books use.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final
from uuid import UUID

from kit import tenancy
from moniqo.simulation.flow import reached
from moniqo.simulation.kept import told
from moniqo.simulation.stage import CASH, Stage
from trading.models import Fill, Order, Position
from wallets.models import Account, DemoBalance, DemoFunding, DemoOrder, DemoPosition, DemoTrade, FundAllocation

ZERO: Final = Decimal(0)
# Averages are rounded at every trade in the books.
NEAR: Final = Decimal("1e-12")
OWN: Final = (Account.Kind.WALLET, Account.Kind.SUSPENSE)
Place = tuple[UUID, str]


@dataclass(slots=True)
class Plain:
    """A position by averages; `quantity` is negative when short."""

    quantity: Decimal = ZERO
    entry: Decimal = ZERO
    margin: Decimal = ZERO

    def trade(self, change: Decimal, price: Decimal, leverage: Decimal) -> Decimal:
        """What is realized."""
        realized = ZERO
        if self.quantity * change < 0:
            gone = min(abs(change), abs(self.quantity)).copy_sign(change)
            realized = gone * (self.entry - price)
            self.margin *= 1 + gone / self.quantity
            self.quantity, change = self.quantity + gone, change - gone
        if change:
            size = abs(self.quantity) + abs(change)
            self.entry = (self.entry * abs(self.quantity) + price * abs(change)) / size
            self.margin += abs(change) * price / leverage
            self.quantity += change
        return realized


def unsettled(
    on: Stage, orders: Sequence[Order], fills: Sequence[Fill], positions: Sequence[Position]
) -> Iterator[str]:
    """Every sentence that should not be so."""
    with tenancy.tenant(on.owner_id):
        there = {one.client_order_id: one for one in DemoOrder.objects.filter(connection=on.connection)}
        trades = {
            str(one.pk): one for one in DemoTrade.objects.filter(order__in=there.values()).select_related("order")
        }
        held = list(DemoPosition.objects.filter(connection=on.connection).exclude(quantity=0))
        fundings = list(DemoFunding.objects.filter(connection=on.connection).order_by("at", "pk"))
        totals = dict(DemoBalance.objects.filter(connection=on.connection).values_list("asset", "total"))
        accounts = list(Account.objects.filter(wallet__connection=on.connection))
    yield from _orders(on, orders, there, trades)
    yield from _fills(fills, trades)
    yield from (f"Funding of {one.at} is not in the books." for one in fundings if not one.is_booked)
    yield from _positions(on, positions, held)
    yield from _arithmetic(fills, fundings, positions)
    yield from _money(on, accounts, fills, fundings, positions)
    yield from _at_venue(accounts, totals)


def _orders(
    on: Stage, orders: Sequence[Order], there: dict[str, DemoOrder], trades: dict[str, DemoTrade]
) -> Iterator[str]:
    """No order twice or unknown at the venue, and each ended there as it did here."""
    own = {order.client_order_id: order for order in orders}
    filled: dict[str, Decimal] = defaultdict(Decimal)
    for trade in trades.values():
        filled[trade.order.client_order_id] += trade.quantity
    yield from (f"Order {name} was sent while the venue had it." for name in on.exchange.sent_again)
    yield from (f"The venue has order {name}, which nobody placed." for name in there.keys() - own.keys())
    for name, order in own.items():
        if not order.is_terminal:
            yield f"Order {name} is still {order.status}."
        if order.filled_quantity != filled[name]:
            yield f"Order {name} has {order.filled_quantity} filled here, {filled[name]} at the venue."
        if name in there and order.status != there[name].status:
            yield f"Order {name} is {order.status} here and {there[name].status} at the venue."


def _fills(fills: Sequence[Fill], trades: dict[str, DemoTrade]) -> Iterator[str]:
    here = Counter(fill.venue_trade_id for fill in fills)
    yield from (f"Trade {number} is lost." for number in trades.keys() - here.keys())
    yield from (f"Trade {number} is ours alone." for number in here.keys() - trades.keys())
    yield from (f"Trade {number} is booked {times} times." for number, times in here.items() if times > 1)
    for fill in fills:
        trade = trades.get(fill.venue_trade_id)
        own = (fill.price, fill.quantity, fill.fee, fill.realized)
        if trade is not None and own != (trade.price, trade.quantity, trade.fee, trade.realized):
            yield f"Trade {fill.venue_trade_id} is {own} here, and another at the venue."


def _positions(on: Stage, positions: Sequence[Position], held: Sequence[DemoPosition]) -> Iterator[str]:
    """The venue's are ours, to the last digit; none is open at a price that one of its levels forbids."""
    ours = {(str(one.wallet_id), one.instrument.symbol): one for one in positions if one.closed_at is None}
    there = {(one.part, one.symbol): one for one in held}
    for place in ours.keys() | there.keys():
        own, other = ours.get(place), there.get(place)
        here = None if own is None else (own.quantity if own.is_long else -own.quantity, own.cost, own.margin)
        if here != (None if other is None else (other.quantity, other.cost, other.margin)):
            yield f"The position is {here} here and {other and (other.quantity, other.cost, other.margin)} there."
        if own is not None and reached(on, own):
            levels = (own.exit_stop, own.exit_target, own.liquidation_price)
            yield f"A position is open at {on.price(own.instrument.symbol)} with {levels}."


def _arithmetic(fills: Sequence[Fill], fundings: Sequence[DemoFunding], positions: Sequence[Position]) -> Iterator[str]:
    """What trades and funding make of positions, by plain averages."""
    plain: dict[Place, Plain] = {}
    events: list[tuple[object, int, int, Fill | DemoFunding]] = [
        *((fill.filled_at, 1, int(fill.venue_trade_id), fill) for fill in fills),
        *((one.at, 0, one.pk, one) for one in fundings),
    ]
    for *_, event in sorted(events, key=lambda one: one[:3]):
        if isinstance(event, DemoFunding):
            held = plain.setdefault((UUID(event.part), event.symbol), Plain())
            held.margin += event.amount
            if held.quantity != event.quantity:
                yield f"Funding of {event.at} is of {event.quantity}, and {held.quantity} was open."
            continue
        held = plain.setdefault((event.wallet_id, event.instrument.symbol), Plain())
        change = event.quantity if event.side == "buy" else -event.quantity
        realized = held.trade(change, event.price, event.order.leverage or Decimal(1))
        if abs(realized - (event.realized or ZERO)) > NEAR:
            yield f"Trade {event.venue_trade_id} realized {event.realized}, by averages {realized}."
    ours = {(one.wallet_id, one.instrument.symbol): one for one in positions if one.closed_at is None}
    for place, held in plain.items():
        own = ours.get(place)
        size = ZERO if own is None else own.quantity if own.is_long else -own.quantity
        if size != held.quantity:
            yield f"Trades leave {held.quantity} and the position says {size}."
        if own is not None and abs((own.margin or ZERO) - held.margin) > NEAR:
            yield f"Its margin is {own.margin}, by averages {held.margin}."


def _money(
    on: Stage,
    accounts: Sequence[Account],
    fills: Sequence[Fill],
    fundings: Sequence[DemoFunding],
    positions: Sequence[Position],
) -> Iterator[str]:
    """Each wallet has what it was funded with, and what trades and funding brought or took, and holds the margin of its
    positions, or all that it has. What it could not pay stands in suspense: its owner was told, and explained it."""
    due = dict.fromkeys((one.pk for one in on.wallets), CASH)
    for wallet_id, change in (*_moved(on), *_won(fills, fundings)):
        due[wallet_id] = due.get(wallet_id, ZERO) + change
    margins: dict[UUID, Decimal] = defaultdict(Decimal)
    missing: dict[UUID, Decimal] = defaultdict(Decimal)
    for position in (one for one in positions if one.closed_at is None):
        margins[position.wallet_id] += position.margin or ZERO
        missing[position.wallet_id] += position.margin_shortfall
    unpaid = {one.wallet_id: one.balance for one in accounts if one.kind == Account.Kind.SUSPENSE and one.balance}
    yield from _unexplained(on, accounts, unpaid.values())
    for account in accounts:
        if (account.kind, account.asset) != (Account.Kind.WALLET, "USDT") or account.wallet_id not in due:
            continue
        has = account.balance + unpaid.get(account.wallet_id, ZERO)
        if has != due[account.wallet_id]:
            yield f"A wallet has {has} and should have {due[account.wallet_id]}."
        short = missing[account.wallet_id]
        if account.held + short != margins[account.wallet_id]:
            yield f"{account.held} is held, its positions need {margins[account.wallet_id]} and say that {short} lack."
        if short and account.available:
            yield f"{account.available} is free in a wallet whose positions lack {short}."


def _unexplained(on: Stage, accounts: Sequence[Account], unpaid: Collection[Decimal]) -> Iterator[str]:
    if sum(unpaid) or (unpaid and not any("unpaid" in key for key in told(on))):
        yield f"{sorted(unpaid)} is in suspense, and nobody has explained it, or was told."
    for account in accounts:
        if account.kind == Account.Kind.CLEARING and account.balance:
            yield f"{account.balance} {account.asset} is in clearing."


def _moved(on: Stage) -> Iterator[tuple[UUID, Decimal]]:
    """What was handed out and brought home."""
    with tenancy.tenant(on.owner_id):
        for row in FundAllocation.objects.all():
            amount = row.amount or ZERO
            yield from ((pk, change) for pk, change in ((row.source_id, -amount), (row.target_id, amount)) if pk)


def _won(fills: Sequence[Fill], fundings: Sequence[DemoFunding]) -> Iterator[tuple[UUID, Decimal]]:
    for fill in fills:
        yield fill.wallet_id, (fill.realized or ZERO) - fill.fee
    for funding in fundings:
        yield UUID(funding.part), funding.amount


def _at_venue(accounts: Sequence[Account], totals: dict[str, Decimal]) -> Iterator[str]:
    wallets: dict[str, Decimal] = defaultdict(Decimal)
    for account in accounts:
        wallets[account.asset] += account.balance if account.kind in OWN else ZERO
    for asset in wallets.keys() | totals.keys():
        if wallets[asset] != totals.get(asset, ZERO):
            yield f"The wallets have {wallets[asset]} {asset}, the venue has {totals.get(asset, ZERO)}."
