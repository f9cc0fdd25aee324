"""What an order would do, before anybody places it: judged by the gate that would judge it, and not written."""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import uuid4

from django.db import transaction

from kit.errors import ConflictError, InvalidInputError
from markets.models import Instrument
from markets.prices import Quote, worth
from quant.margin import liquidation_price
from trading.models import Order, Side
from trading.orders.drafting import bound_of
from trading.orders.facts import Facts, values_of
from trading.orders.intents import Place, Terms
from trading.orders.placing import Batch
from trading.orders.terms import Limit, Trigger, require_lots
from trading.positions.levels import require_right_side, trailed
from trading.positions.leveraged import once_filled, standing
from trading.risk import gate as risk
from trading.risk import sizing
from trading.risk.fees import taker_fee
from wallets.models import Connection, Wallet
from wallets.venues.demo.estimating import Estimate, estimate

HUNDREDTH: Final = Decimal("0.01")
NO_PRICE: Final = "There is no price of {symbol}: wait until the feed brings one."


@dataclass(frozen=True, slots=True)
class Preview:
    """An order that was judged and not written. Quantities in base, all else in quote.

    `fee` is what the venue charges for taking, `spread` what half the way between bid and ask costs; `slippage` is
    what an order at the market costs beside the middle of them, that half included, in quote and in basis points,
    by the book that was asked for at `walked_at` or else by the participation model
    (`wallets.venues.demo.estimating`): None of an order that rests or waits. All of it is about right as long as
    the market stays where it is. `free` is what no order holds. `stop` is where the stop stands at first, which one
    that follows may have raised; `risk` is what the way to it costs. None without a stop. Of a perpetual `margin`
    is what would stand for the position, and `liquidation_price` where that is used up.
    """

    order: Order
    verdict: risk.Verdict
    quote: Quote | None
    price: Decimal
    notional: Decimal
    fee: Decimal
    spread: Decimal
    position: Decimal
    position_after: Decimal
    free: Decimal
    free_after: Decimal
    value: Decimal | None
    stop: Decimal | None
    risk: Decimal | None
    margin: Decimal | None = None
    liquidation_price: Decimal | None = None
    estimate: Estimate | None = None

    @property
    def slippage(self) -> Decimal | None:
        return None if self.estimate is None else self.estimate.slippage

    @property
    def slippage_bps(self) -> Decimal | None:
        return None if self.estimate is None else self.estimate.slippage_bps.quantize(HUNDREDTH)

    @property
    def slippage_by(self) -> str:
        """How it was found: `book`, `model`, or nothing."""
        return "" if self.estimate is None else "model" if self.estimate.walked_at is None else "book"

    @property
    def walked_at(self) -> datetime | None:
        return None if self.estimate is None else self.estimate.walked_at

    @property
    def market_price(self) -> Decimal | None:
        """What a buy would pay or a sale would get at the market now."""
        if self.quote is None:
            return None
        return self.quote.ask if self.order.side == Side.BUY else self.quote.bid

    @property
    def risk_share(self) -> Decimal | None:
        """`risk` as a fraction of what the wallet is worth."""
        return self.risk / self.value if self.risk is not None and self.value else None

    @property
    def uses(self) -> Decimal | None:
        """The order as a fraction of the largest that the path allows; None where it says nothing, or for an exit."""
        maximum = self.verdict.numbers.get("maximum_notional")
        return (
            self.notional / Decimal(maximum) if self.order.side == Side.BUY and maximum and Decimal(maximum) else None
        )


def preview_order(*, wallet: Wallet, instrument: Instrument, terms: Terms) -> Preview:
    """What `place_order` would do with these terms now. Nothing is written; run it as the tenant.

    Raises what `place_order` raises for terms that no gate needs to see.
    """
    found = _estimate(wallet, instrument, terms)  # an exchange may be asked: before anything is locked
    return replace(_preview(wallet, instrument, terms), estimate=found)


def _estimate(wallet: Wallet, instrument: Instrument, terms: Terms) -> Estimate | None:
    """Of an order that is sent at once, at the market."""
    if terms.limit is not None or terms.trigger is not None:
        return None
    connection = Connection.objects.select_related("platform").get(pk=wallet.connection_id)
    size = sizing.in_lots(terms.quantity, instrument.lot_size)
    held = standing(wallet.pk, instrument.pk) if instrument.is_perpetual else None
    return estimate(connection, instrument.symbol, "buy" if terms.is_buy else "sell", size, held)


@transaction.atomic
def _preview(wallet: Wallet, instrument: Instrument, terms: Terms) -> Preview:
    place = Place(wallet.pk, instrument, f"preview:{uuid4()}")
    batch = Batch([place])
    order = batch.place(wallet.pk, terms)
    facts = batch.facts(wallet.pk)
    price = order.reference_price
    notional = worth(order.quantity, price)
    fee = worth(notional, taker_fee(facts.wallet))
    quote = facts.quote
    spread = Decimal(0)  # who rests at a limit crosses none
    if quote and order.limit_price is None:
        spread = worth(order.quantity, abs(price - (quote.bid + quote.ask) / 2))
    free = facts.purse(instrument.quote).free
    sign = 1 if terms.is_buy else -1
    position = facts.standing.position
    level = facts.level_price(order.limit_price, is_buy=terms.is_buy)
    stop = order.exit_stop
    if level is not None:
        stop = trailed(stop, best=level, trail=order.exit_trail, is_long=terms.is_buy)
    after, realized = once_filled(order) or (None, Decimal(0))
    cost = sign * notional if after is None else after.margin - standing(order.wallet_id, order.instrument_id).margin
    opened = order.quantity if after is None else min(order.quantity, after.size)  # the rest of a turn closes
    return Preview(
        order=order,
        verdict=batch.verdicts()[0],
        quote=quote,
        price=price,
        notional=notional,
        fee=fee,
        spread=spread,
        position=position,
        position_after=position + sign * order.quantity,
        free=free,
        free_after=free - cost - fee + realized,
        value=_value(facts),
        stop=stop,
        risk=None if stop is None else worth(opened, sign * (price - stop)),
        margin=None if after is None else after.margin,
        liquidation_price=None
        if after is None
        else liquidation_price(after, instrument.maintenance_margin or Decimal(0)),
    )


@transaction.atomic
def quantity_of(
    *,
    wallet: Wallet,
    instrument: Instrument,
    side: str,
    sizing_by: str,
    size: Decimal,
    stop: Decimal | None = None,
    limit: Limit | None = None,
    trigger: Trigger | None = None,
    leverage: Decimal = Decimal(1),
) -> Decimal:
    """The quantity in base that a size means now, or at the order's limit or trigger, in whole lots. What is worked out
    is rounded down to them; a quantity that somebody gives has to be in them.

    `size` is a quantity, an amount of the quote asset, a fraction of what is free (of money to buy with, of the
    position to sell), or the fraction of the wallet's value that the way to `stop` may cost. Raises InvalidInputError
    for a size that means nothing here, ConflictError while there is no price.
    """
    if sizing_by == sizing.Sizing.QUANTITY:
        require_lots(instrument, size, field="how_much")
        return size
    if sizing_by in (sizing.Sizing.SHARE, sizing.Sizing.RISK) and size > 1:
        raise InvalidInputError("Give 100 % at most.", fields={"how_much": "At most 100 %."})
    facts = Batch([Place(wallet.pk, instrument, f"size:{uuid4()}")]).facts(wallet.pk)
    is_buy, lot = side == Side.BUY, instrument.lot_size
    if sizing_by == sizing.Sizing.SHARE and not is_buy and not instrument.is_perpetual:
        return sizing.in_lots(facts.standing.position * size, lot)
    market = facts.price(is_buy=is_buy)
    terms = Terms(side, lot, "", limit=limit, trigger=None if trigger is None else trigger.in_quote(instrument))
    price = bound_of(facts, terms, market) or market  # as the order is measured by once it is placed
    if price is None:
        raise ConflictError(NO_PRICE.format(symbol=instrument.symbol))
    if sizing_by == sizing.Sizing.AMOUNT:
        return sizing.in_lots(size / price, lot)
    if sizing_by == sizing.Sizing.SHARE:
        funds = max(facts.purse(instrument.quote).spendable, Decimal(0)) * size
        is_bounded = limit is not None and limit.price == price
        cushion = Decimal(0) if is_bounded else sizing.SLIPPAGE_CUSHION
        fee = taker_fee(facts.wallet)
        if instrument.is_perpetual:
            return sizing.largest_open(
                funds=funds, price=price, taker_fee=fee, lot=lot, leverage=leverage, cushion=cushion
            )
        return sizing.largest_buy(funds=funds, price=price, taker_fee=fee, lot=lot, cushion=cushion)
    if limit is not None:
        price = limit.price
    elif terms.trigger is not None and market is not None:
        price = terms.trigger.behind(market, is_buy=is_buy)
    return _by_risk(facts, is_buy=is_buy, share=size, price=price, stop=stop)


def _by_risk(facts: Facts, *, is_buy: bool, share: Decimal, price: Decimal, stop: Decimal | None) -> Decimal:
    if not is_buy and not facts.place.instrument.is_perpetual:
        raise InvalidInputError("Only a buy has a risk to size it by.", fields={"sizing_by": "Only for a buy."})
    if stop is None:
        raise InvalidInputError("Give a stop: the risk is what the way to it costs.", fields={"exit_stop": "Missing."})
    tick = facts.place.instrument.tick_size
    require_right_side(price, stop=stop, target=None, tick=tick, what="price", is_long=is_buy)
    value = _value(facts)
    if value is None:
        raise ConflictError("The wallet holds what has no price now, so its value is not known: give a quantity.")
    lot = facts.place.instrument.lot_size
    return sizing.at_risk(funds=value, share=share, price=price, stop=stop, lot=lot, is_long=is_buy)


def _value(facts: Facts) -> Decimal | None:
    known = facts.standing.value
    return values_of([facts.place]).get(facts.place.wallet_id) if known is None else known
