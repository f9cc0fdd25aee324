"""Opposite orders that were placed together meet each other before their rest meets the venue.

Both have passed the gate and hold what they give. They are crossed at the middle of the market, in the transaction
that writes them, so a crash leaves all of it or nothing, and whoever looks finds no order that is still to be crossed.
Each side is a trade of its own wallet, by the accounts and the rows that a trade at the venue has, with no fee; both
are posted in one message. At the venue nothing moves: what the wallets of the account have together stays what it was,
so it has to be one account. How much of an order was crossed stands in it from its beginning and never changes, because
the rest is what the venue is asked for, whoever sends it and however often.

On spot alone: a perpetual is margin that the venue holds for a position of each wallet, and the venue would have to
move that. At the market alone: what waits for a price, or for a stop that rests, has no price yet.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from kit import clock
from kit.sentences import Sentence, amount, price, sentence
from trading.models import Order, Side
from trading.orders import states
from trading.orders.booking import request_of_trade
from trading.orders.life import move
from trading.orders.paying import Paid
from trading.orders.recording import record_trade
from trading.risk.sizing import SLIPPAGE_CUSHION, UNIT, in_lots
from wallets.ledger import lock as lock_accounts
from wallets.ledger import post_many
from wallets.venues.base import TradeReport

ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class Cross:
    """So much of two orders changes hands at a price of quote."""

    buy: Order
    sell: Order
    quantity: Decimal
    price: Decimal

    @property
    def name(self) -> str:
        return f"cross:{self.buy.pk.hex}:{self.sell.pk.hex}"


def find(orders: Iterable[Order], middles: Mapping[int, Decimal]) -> list[Cross]:
    """What of these orders can be crossed, in their order; `middles` are the middles of markets by instrument.

    The rest of an order stays large enough for its venue, or there is none.
    """
    crosses: list[Cross] = []
    left = {order.pk: order.quantity for order in orders if _may(order)}
    able = [order for order in orders if order.pk in left and order.instrument_id in middles]
    for buy in (order for order in able if order.side == Side.BUY):
        for sell in (order for order in able if order.side == Side.SELL):
            if (buy.connection_id, buy.instrument_id) != (sell.connection_id, sell.instrument_id):
                continue
            middle = middles[buy.instrument_id].quantize(UNIT)
            quantity = _quantity(left[buy.pk], left[sell.pk], buy, middle)
            if quantity > 0:
                crosses.append(Cross(buy, sell, quantity, middle))
                left[buy.pk] -= quantity
                left[sell.pk] -= quantity
    return crosses


def _may(order: Order) -> bool:
    return (
        order.status == states.SUBMITTING
        and order.type == Order.Type.MARKET
        and order.leverage is None
        and not order.is_external
    )


def _quantity(of_buy: Decimal, of_sell: Decimal, order: Order, middle: Decimal) -> Decimal:
    """The smaller of both; less where that leaves the larger a rest that its venue is too large for."""
    smaller, larger = sorted((of_buy, of_sell))
    instrument = order.instrument
    least = instrument.minimum_notional * (1 + SLIPPAGE_CUSHION) / middle
    least = in_lots(least, instrument.lot_size) + instrument.lot_size
    rest = larger - smaller
    return smaller if not rest or rest >= least else smaller - least


def lock(crosses: Collection[Cross]) -> None:
    """Lock the accounts of all that is to be crossed, before any of it is held."""
    both = [order for cross in crosses for order in (cross.buy, cross.sell)]
    if both:
        assets = {asset for order in both for asset in (order.instrument.base, order.instrument.quote)}
        lock_accounts(wallet_ids={order.wallet_id for order in both}, assets=assets)


def carry_out(crosses: Collection[Cross]) -> None:
    """Book what was found of orders that are written now and hold what they give; who is filled by it is never sent."""
    for cross in crosses:
        trades = {order.pk: _trade(cross, order) for order in (cross.buy, cross.sell)}
        both = [(order, trades[order.pk], _is_last(order, cross)) for order in (cross.buy, cross.sell)]
        requests = [request_of_trade(order, trade, is_last=is_last) for order, trade, is_last in both]
        postings = post_many(owner_id=cross.buy.owner_id, requests=requests)
        for (order, trade, is_last), request, posting in zip(both, requests, postings, strict=True):
            order.hold = next(Paid(posting, tuple(request.legs)).holds, None)
            record_trade(order, trade, posting)
            move(order, states.FILLED if is_last else states.SUBMITTING, _told(cross, order))


def _is_last(order: Order, cross: Cross) -> bool:
    return bool(order.filled_quantity + cross.quantity >= order.quantity)


def _trade(cross: Cross, order: Order) -> TradeReport:
    return TradeReport(
        trade_id=f"{cross.name}:{order.side}",
        client_order_id=order.client_order_id,
        symbol=order.instrument.symbol,
        side="buy" if order.side == Side.BUY else "sell",
        price=cross.price,
        quantity=cross.quantity,
        fee=ZERO,
        fee_asset=order.instrument.quote,
        liquidity="internal",
        at=clock.now(),
    )


def _told(cross: Cross, order: Order) -> Sentence:
    other, does = (cross.sell, "bought from") if order.side == Side.BUY else (cross.buy, "sold to")
    rest = "" if order.filled_quantity >= order.quantity else " The rest goes to the venue."
    return sentence(
        f"Crossed inside the farm at mid {{price}}: {{quantity}} {does} {{other}}, without a fee.{rest}",
        price=price(cross.price),
        quantity=amount(cross.quantity, order.instrument.base),
        other=other.wallet.name,
    )
