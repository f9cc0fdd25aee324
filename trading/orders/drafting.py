"""The order that terms make at a place, not yet judged, and what the gate is asked of it."""

from collections.abc import Sequence
from decimal import Decimal
from uuid import uuid4

from kit import clock
from markets.models import Instrument
from quant.margin import liquidation_price
from trading.models import Order, Position, Side
from trading.orders.facts import Facts
from trading.orders.intents import Intent, Terms, client_order_id, require_offered
from trading.positions.leveraged import once_filled
from trading.risk import gate as risk
from trading.risk import sizing
from wallets.models import Wallet


def proposal_of(facts: Facts, terms: Terms, order: Order, price: Decimal | None) -> risk.Proposal:
    """What the gate is asked, but for the stop of what opens something: see `stop_of` and `liquidation_of`."""
    instrument = facts.place.instrument
    return risk.Proposal(
        is_buy=terms.is_buy,
        quantity=sizing.in_lots(terms.quantity, instrument.lot_size),
        requested=terms.quantity,
        reduce_only=terms.reduce_only,
        protects=terms.protects is not None,
        closes=order.closes_all,
        liquidates=order.liquidates,
        leverage=order.leverage,
        market=risk.Market(
            symbol=instrument.symbol,
            base=instrument.base,
            quote=instrument.quote,
            is_spot=instrument.kind == Instrument.Kind.SPOT,
            is_tradable=instrument.is_active,
            is_at_connection=instrument.venue == facts.wallet.connection.venue,
            lot_size=instrument.lot_size,
            tick_size=instrument.tick_size,
            minimum_notional=instrument.minimum_notional,
            price=price,
            price_age=None if facts.quote is None else clock.now() - facts.quote.at,
            middle=None if facts.quote is None else (facts.quote.bid + facts.quote.ask) / 2,
            is_perpetual=instrument.is_perpetual and facts.wallet.connection.is_paper,
            max_leverage=instrument.max_leverage,
        ),
        standing=facts.standing,
        path=facts.path,
        uncompared="" if facts.wallet.connection.orders_are_compared else facts.wallet.connection.name,
        reserve=facts.wallet.name if facts.wallet.role in Wallet.IDLE else "",
        limit_price=None if order.type == Order.Type.MARKET or terms.rests_there else order.reference_price,
        trigger_price=order.trigger_price,
        post_only=order.post_only,
    )


def entered_at(facts: Facts, terms: Terms, price: Decimal | None) -> list[Decimal]:
    """What the levels of an entry are held against: what leaving it would get at its trigger, at its limit, or now; two
    of one with two prices, none where there is no price."""
    limit, trigger = None if terms.limit is None else terms.limit.price, terms.trigger
    if trigger is None or price is None:
        level = facts.level_price(limit, is_buy=terms.is_buy)
        return [] if level is None else [level]
    nearer = min if terms.is_buy else max
    triggers = [one for one in (trigger.behind(price, is_buy=terms.is_buy), trigger.target) if one is not None]
    return [one if limit is None else nearer(one, limit) for one in triggers]


def give_usual_levels(order: Order, facts: Facts, entries: Sequence[Decimal]) -> None:
    """An entry without a stop or a target gets those that its path says are usual, from where it would be left at once,
    the bid, or of a short the ask; what an agent asks for brings them nearer."""
    is_long = order.side == Side.BUY
    if not entries:
        return
    price = min(entries) if is_long else max(entries)
    tick, sign = facts.place.instrument.tick_size, 1 if is_long else -1

    def losing(share: Decimal) -> Decimal | None:
        level = sizing.in_ticks(price * (1 - sign * share), tick)
        return level if level > 0 and (price - level) * sign > 0 else None

    def winning(share: Decimal) -> Decimal | None:
        level = sizing.in_ticks(price * (1 + sign * share), tick)
        return level if level > 0 and (level - price) * sign > 0 else None

    stop, target = risk.usual_levels(facts.path)
    if stop is not None and order.exit_stop is None and order.exit_trail is None:
        order.exit_stop = losing(stop)
    if target is not None and order.exit_target is None:
        order.exit_target = winning(target)
    stop, target = risk.asked_levels(facts.path)
    if stop is not None and (level := losing(stop)) is not None:
        trailed = price - sign * order.exit_trail if order.exit_trail is not None else None
        farther = [said for said in (order.exit_stop, trailed) if said is not None]
        if all((level - said) * sign > 0 for said in farther):
            order.exit_stop = level
    if (
        target is not None
        and (level := winning(target)) is not None
        and (order.exit_target is None or (order.exit_target - level) * sign > 0)
    ):
        order.exit_target = level


def require_timely(facts: Facts, terms: Terms, price: Decimal | None) -> None:
    """Raise for a trigger that is reached already, and for a limit that is over or that the venue does not take."""
    if terms.trigger is not None and price is not None:
        terms.trigger.require_ahead(price, is_buy=terms.is_buy, tick=facts.place.instrument.tick_size)
    if terms.limit is not None:
        terms.limit.require_time()
        require_offered(facts.wallet.connection, terms.limit)


def called(facts: Facts, terms: Terms, level: Decimal) -> str:
    """What the price is that levels are held against."""
    is_buy = terms.is_buy
    if terms.trigger is not None and (terms.limit is None or level != terms.limit.price):
        return "trigger"
    if facts.quote is not None and level == (facts.quote.bid if is_buy else facts.quote.ask):
        return "bid" if is_buy else "ask"
    return "limit"


def bound_of(facts: Facts, terms: Terms, price: Decimal | None) -> Decimal | None:
    """What the order is measured by instead of the market: its limit, or where its trigger stands.

    A perpetual that is sold is worth the more the dearer it is sold: there the highest counts that it may be sold at.
    """
    limit, trigger = None if terms.limit is None else terms.limit.price, terms.trigger
    level = None if trigger is None or price is None else trigger.behind(price, is_buy=terms.is_buy)
    if limit is None and level is None:
        return None
    if terms.is_buy or not facts.place.instrument.is_perpetual:
        return level if limit is None else limit
    known = (limit, level, price if trigger is None else trigger.target)
    return max(one for one in known if one is not None)


def stop_of(order: Order, price: Decimal | None) -> Decimal | None:
    """Where the stop of what it opens stands at first: at its level, or as far away as it trails."""
    stop: Decimal | None = order.exit_stop
    paid: Decimal | None = price if order.type == Order.Type.MARKET else order.reference_price
    if stop is not None or paid is None or order.exit_trail is None:
        return stop
    away: Decimal = order.exit_trail if order.side == Side.BUY else -order.exit_trail
    return paid - away


def liquidation_of(order: Order) -> Decimal | None:
    """Where what it opens in a perpetual would be liquidated; None on spot."""
    filled = once_filled(order)
    return None if filled is None else liquidation_price(filled[0], order.instrument.maintenance_margin or Decimal(0))


def stop_that_stands(order: Order) -> Decimal | None:
    """The stop of what the order adds to; None where it adds to nothing, or that has none."""
    direction = Position.Direction.LONG if order.side == Side.BUY else Position.Direction.SHORT
    held = {"wallet": order.wallet_id, "instrument": order.instrument_id, "closed_at": None}
    return Position.objects.filter(**held, direction=direction).values_list("exit_stop", flat=True).first()


def draft(facts: Facts, intent: Intent, terms: Terms, price: Decimal) -> Order:
    wallet, key, limit, trigger = facts.wallet, facts.place.key, intent.limit, terms.trigger
    bound = bound_of(facts, terms, price)
    return Order(
        id=uuid4(),
        owner_id=wallet.owner_id,
        wallet=wallet,
        connection=wallet.connection,
        instrument=facts.place.instrument,
        key=key,
        request=intent.request,
        client_order_id=client_order_id(wallet.owner_id, key),
        side=intent.side,
        quantity=intent.quantity,
        reduce_only=intent.reduce_only,
        reason=terms.reason,
        type=intent.type,
        trigger_price=None if trigger is None else trigger.behind(price, is_buy=terms.is_buy),
        trail=None if trigger is None else trigger.trail,
        trail_share=None if trigger is None else trigger.trail_share,
        trail_atr=None if intent.trigger is None else intent.trigger.atr,
        trail_timeframe="" if intent.trigger is None else intent.trigger.timeframe,
        target_price=None if trigger is None else trigger.target,
        limit_price=None if limit is None else limit.price,
        time_in_force="" if limit is None else limit.time_in_force,
        expires_at=None if limit is None else limit.expires_at,
        post_only=limit is not None and limit.post_only,
        reference_price=price if bound is None else bound,
        exit_stop=intent.exit_stop,
        exit_target=intent.exit_target,
        exit_trail=intent.exit_trail,
        protects=terms.protects,
        replaces=terms.replaces,
        leverage=(terms.leverage or Decimal(1)) if facts.place.instrument.is_perpetual else None,
    )
