"""What must be so once faults have stopped and nothing is left to do, whatever happened before."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db.models import Sum

from kit import tenancy
from kit.sentences import Sentence
from moniqo.simulation.exchange import LOT
from moniqo.simulation.flow import next_due, reached
from moniqo.simulation.kept import at_rest, unkept
from moniqo.simulation.settled import unsettled
from moniqo.simulation.stage import Stage
from trading.models import Fill, Order, Position
from trading.orders.amending_waiting import ENDED
from wallets.ledger import verify
from wallets.models import Account, DemoOrder, SyncRun
from wallets.venues.base import TradeReport

ZERO: Final = Decimal(0)
# Trades are booked in the smallest part of an asset; what the exchange counts is finer.
UNIT: Final = Decimal("1e-18")


def violations(on: Stage) -> list[str]:
    """Every sentence that should not be so; none when all is well."""
    found = [*on.errors.found]
    if next_due(on) is not None:
        found.append("Something is still under way after all sweeps.")
    with tenancy.tenant(on.owner_id):
        orders = list(Order.objects.select_related("instrument").order_by("created_at"))
        fills = list(Fill.objects.select_related("order", "instrument"))
        positions = list(Position.objects.select_related("instrument"))
        accounts = list(
            Account.objects.filter(wallet__connection=on.connection)
            .values("kind", "asset")
            .annotate(total=Sum("balance"), reserved=Sum("held"))
        )
        last = SyncRun.objects.order_by("created_at").last()
    if last is None or last.status != SyncRun.Status.OK:
        found.append(f"The last sync says {last and last.status}: {last and (last.step or last.error)}")
    found += _amended(on, orders)
    if on.perpetuals:
        return [*found, *unsettled(on, orders, fills, positions)]
    kept = at_rest(on)
    found += unkept(on, kept)
    found += _orders(on, orders, {order.pk for order in kept})
    found += _fills(on, fills)
    found += _balances(on, accounts, kept)
    found += _positions(on, fills, positions)
    return found


def unproved(owner_id: UUID | None = None) -> list[str]:
    """What the proof of the books says against those of one owner, or of all at once."""
    report = verify(owner_id=owner_id)
    said = [one.said for one in report.found if one.said]
    return said if report.is_whole else [*said, "The proof of the books did not come to its end."]


def _orders(on: Stage, orders: Sequence[Order], kept: Collection[UUID]) -> Iterator[str]:
    """No order twice or unknown at the venue, and each ended there as it did here: of those that stood for the same one
    there, the last. Stops that are `kept` rest."""
    named: dict[str, list[Order]] = {}
    for order in orders:
        named.setdefault(order.client_order_id, []).append(order)
    for name in on.exchange.sent_again:
        yield f"Order {name} was sent while the venue had it."
    for name, placed in on.exchange.orders.items():
        own = named.get(name)
        if own is None:
            yield f"The venue has order {name}, which nobody placed."
            continue
        last, told, there = own[-1], on.exchange.status(name), placed.filled(on.clock.now())
        is_cut = told == "filled" and placed.terms(on.clock.now()).quantity < sum(one.quantity for one in own)
        if last.status != told and not (is_cut and last.status == "cancelled"):
            yield f"Order {name} is {last.status} here and {told} at the venue."
        if (here := sum((one.filled_quantity for one in own), ZERO)) != there:
            yield f"Order {name} has {here} filled here, {there} at the venue."
    for name, own in named.items():
        yield from (f"Order {name} is still {one.status}." for one in own if not one.is_terminal and one.pk not in kept)
        if name not in on.exchange.orders and any(one.filled_quantity or one.status == "filled" for one in own):
            yield f"Order {name} is filled here, and the venue does not know it."


def _amended(on: Stage, orders: Sequence[Order]) -> Iterator[str]:
    """Of each order that waited for its trigger and was amended another took its place, and it was never sent."""
    heirs: dict[UUID | None, list[Order]] = defaultdict(list)
    for order in orders:
        heirs[order.replaces_id].append(order)
    sent = on.exchange.orders.keys() | _at_paper(on)
    for order in orders:
        gave_way, own = order.refusal == Sentence.of(ENDED), heirs[order.pk]
        of_wish = [one for one in own if one.trigger_price is not None]
        if gave_way and (len(own) != 1 or own[0].is_refused):
            yield f"Order {order.client_order_id} gave way to {len(own)} orders."
        if of_wish and not gave_way:
            yield f"Order {order.client_order_id} is {order.status} beside the one that waits in its place."
        if gave_way and (order.triggered_at is not None or order.client_order_id in sent):
            yield f"Order {order.client_order_id} was sent though another waits in its place."


def _at_paper(on: Stage) -> set[str]:
    with tenancy.tenant(on.owner_id):
        rows = DemoOrder.objects.filter(connection=on.connection)
        return set(rows.values_list("client_order_id", flat=True))


def _fills(on: Stage, fills: list[Fill]) -> Iterator[str]:
    """Ours are the venue's, by its trade ids: none is lost, doubled or changed."""
    there = {trade.trade_id: _of_venue(trade) for trade in on.exchange.trades()}
    here = Counter(fill.venue_trade_id for fill in fills)
    for number in there.keys() - here.keys():
        yield f"Trade {number} is lost: {there[number]}."
    for number in here.keys() - there.keys():
        yield f"Trade {number} is ours alone."
    yield from (f"Trade {number} is booked {times} times." for number, times in here.items() if times > 1)
    for fill in fills:
        own = (fill.order.client_order_id, fill.side, fill.quantity, fill.price, fill.fee, fill.fee_asset)
        if own != there.get(fill.venue_trade_id, own):
            yield f"Trade {fill.venue_trade_id} is {own} here, {there[fill.venue_trade_id]} at the venue."


def _of_venue(trade: TradeReport) -> tuple[object, ...]:
    return (trade.client_order_id, trade.side, trade.quantity, trade.price, trade.fee, trade.fee_asset)


def _balances(on: Stage, accounts: Sequence[Mapping[str, Any]], kept: Sequence[Order]) -> Iterator[str]:
    """Nothing is held but what stops that rest would sell, nothing is unexplained, and what wallets have the venue
    has."""
    wallets: dict[str, Decimal] = {}
    sold: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for order in kept:
        sold[Account.Kind.WALLET, order.instrument.base] += order.left
    for account in accounts:
        asset, total, reserved = account["asset"], account["total"], account["reserved"]
        reserved -= sold[account["kind"], asset]
        if reserved:
            yield f"{reserved} {asset} is still held."
        if account["kind"] == Account.Kind.WALLET:
            wallets[asset] = total
        elif account["kind"] == Account.Kind.SUSPENSE and total:
            yield f"{total} {asset} is in suspense."
    for asset in {*wallets, *on.exchange.totals}:
        own, there = wallets.get(asset, ZERO), on.exchange.totals.get(asset, ZERO)
        if abs(own - there) > UNIT * 1000:
            yield f"The wallets have {own} {asset}, the venue has {there}."


def _positions(on: Stage, fills: list[Fill], positions: list[Position]) -> Iterator[str]:
    """Positions are what fills make of them, but for less than a lot of each that is closed; stops are kept."""
    net: dict[tuple[UUID, int], Decimal] = {}
    for fill in fills:
        place = fill.wallet_id, fill.instrument_id
        change = fill.quantity if fill.side == "buy" else -fill.quantity
        fee = fill.fee if fill.fee_asset == fill.instrument.base else ZERO
        net[place] = net.get(place, ZERO) + change - fee
    for place, bought in net.items():
        own = [one for one in positions if (one.wallet_id, one.instrument_id) == place]
        held, closed = sum((one.quantity for one in own), ZERO), sum(one.closed_at is not None for one in own)
        if not ZERO <= bought - held <= closed * LOT:
            yield f"Fills leave {bought} and the position says {held}."
    for position in positions:
        if position.closed_at is not None:
            continue
        if reached(on, position):
            yield f"A position is open at {on.prices[position.instrument.symbol]} with stop {position.exit_stop}."
        place = position.wallet_id, position.instrument_id
        accepted = [
            fill.order.exit_stop
            for fill in fills
            if (fill.wallet_id, fill.instrument_id) == place
            and fill.filled_at >= position.opened_at
            and fill.order.exit_stop is not None
        ]
        if accepted and (position.exit_stop is None or position.exit_stop < max(accepted)):
            yield f"The stop {max(accepted)} was accepted and is {position.exit_stop}."
