"""What people, agents and programs want on a stage."""

from collections.abc import Callable
from datetime import timedelta
from decimal import ROUND_DOWN, Decimal
from typing import Any, Final

from django.db.models import Q

from kit import tenancy
from moniqo.simulation.exchange import LOT
from moniqo.simulation.stage import Stage
from trading import services
from trading.models import RESTING_STOP, Order, Position
from trading.orders.terms import Limit, Trigger
from wallets.models import Wallet

Act = Callable[[Stage], object]

CENT: Final = Decimal("0.01")
# What an order may wait for.
KINDS: Final = ("stop", "stop_limit", "take_profit", "trailing_stop", "oco")
RESTING: Final = (Order.Status.OPEN, Order.Status.PARTIALLY_FILLED)


def buy(on: Stage) -> Act:
    """A buy with or without levels, by a person or an agent; now and then the same request again."""
    return _buy(on, stopped=0.7, nearest=0.99, farthest=0.8)


def buy_with_stop(on: Stage) -> Act:
    """The same, with a stop that is near."""
    return _buy(on, stopped=1, nearest=0.995, farthest=0.95)


def _buy(on: Stage, *, stopped: float, nearest: float, farthest: float) -> Act:
    rng = on.rng
    wallet, symbol = rng.choice(on.wallets), rng.choice(list(on.prices))
    price = on.prices[symbol]
    given: dict[str, Any] = {
        "wallet": wallet,
        "instrument": on.instruments[symbol],
        "side": "buy",
        "quantity": Decimal(str(round(rng.uniform(0.6, 30), 3))),
        "key": f"buy {rng.randrange(10**9)}",
        "reason": "The flow buys.",
    }
    if rng.random() < stopped:
        given["exit_stop"] = price * Decimal(str(round(rng.uniform(farthest, nearest), 4)))
    if rng.random() < 0.3:
        given["exit_target"] = price * Decimal(str(round(rng.uniform(1.01, 1.2), 4)))
    if rng.random() < 0.3:
        given["exit_trail"] = price * Decimal(str(round(rng.uniform(0.01, 0.1), 4)))
    return _placing(given)


def sell(on: Stage) -> Act:
    """An agent leaves some of its position, or all of it: what it decides of a bar has that bar's key."""
    rng = on.rng
    share, bar = Decimal(str(round(rng.uniform(0.3, 1), 3))), rng.randrange(10**9)
    wallet, symbol = rng.choice(on.wallets), rng.choice(list(on.prices))

    def act(on: Stage) -> object:
        with tenancy.tenant(on.owner_id):
            held = Position.objects.filter(wallet=wallet, instrument=on.instruments[symbol], closed_at=None).first()
            if held is None:
                return "nothing to sell"
            quantity = (held.quantity * share).quantize(LOT, ROUND_DOWN) or held.quantity
            return services.place_order(
                wallet=Wallet.objects.get(pk=wallet.pk),
                instrument=on.instruments[symbol],
                side="sell",
                quantity=quantity,
                key=f"run:{wallet.pk}:{bar}",
                reason="The agent leaves.",
                reduce_only=True,
            )

    return act


def _placing(given: dict[str, Any]) -> Act:
    def act(on: Stage) -> object:
        with tenancy.tenant(on.owner_id):
            given["wallet"] = Wallet.objects.get(pk=given["wallet"].pk)
            return services.place_order(**given)

    return act


def decide_together(on: Stage) -> Act:
    """The agents of a farm buy at one bar: their orders are placed and sent together."""
    bar, symbol = on.rng.randrange(10**9), on.rng.choice(list(on.prices))
    stop = on.prices[symbol] * Decimal("0.9")

    def act(on: Stage) -> object:
        with tenancy.tenant(on.owner_id):
            places = [services.Place(one.pk, on.instruments[symbol], f"run:{one.pk}:{bar}") for one in on.wallets]
            batch = services.Batch(places)
            for place in places:
                terms = services.Terms("buy", Decimal(2), "All agents enter.", exit_stop=stop)
                batch.place(place.wallet_id, terms)
            return batch.write()

    return act


def close(on: Stage) -> Act:
    key = f"{on.rng.randrange(10**9)}"

    def act(on: Stage) -> object:
        with tenancy.tenant(on.owner_id):
            position = Position.objects.filter(closed_at=None).order_by("opened_at", "pk").first()
            if position is None:
                return "nothing to close"
            return services.close_position(owner_id=on.owner_id, position_id=position.pk, key=key)

    return act


def raise_stop(on: Stage) -> Act:
    def act(on: Stage) -> object:
        with tenancy.tenant(on.owner_id):
            position = Position.objects.filter(closed_at=None).select_related("instrument").order_by("pk").first()
            if position is None:
                return "nothing to protect"
            stop = max(position.exit_stop or Decimal(0), on.prices[position.instrument.symbol] * Decimal("0.97"))
            return services.move_levels(owner_id=on.owner_id, position_id=position.pk, levels={"exit_stop": stop})

    return act


def cancel(on: Stage) -> Act:
    def act(on: Stage) -> object:
        with tenancy.tenant(on.owner_id):
            order = Order.objects.unfinished().order_by("-created_at", "pk").first()
            if order is None:
                return "nothing to cancel"
            return services.request_cancellation(owner_id=on.owner_id, order_id=order.pk)

    return act


def wait_for(on: Stage) -> Act:
    """An order waits for its trigger: an entry, or the exit of some of a position."""
    rng = on.rng
    wallet, symbol = rng.choice(on.wallets), rng.choice(list(on.prices))
    kind, side = rng.choice(KINDS), rng.choice(("buy", "sell"))
    away, share = Decimal(str(round(rng.uniform(0.002, 0.04), 4))), Decimal(str(round(rng.uniform(0.3, 1), 3)))
    key = f"wait {rng.randrange(10**9)}"

    def act(on: Stage) -> object:
        price = on.prices[symbol]
        above = (side == "buy") == (kind in ("stop", "stop_limit", "oco"))
        level = (price * (1 + away if above else 1 - away)).quantize(CENT)
        other = (price * (1 - away if above else 1 + away)).quantize(CENT) if kind == "oco" else None
        trail = kind == "trailing_stop"
        trigger = Trigger(kind, trail_share=away) if trail else Trigger(kind, price=level, target=other)
        said = {"key": key, "reason": "The flow waits.", "trigger": trigger}
        said |= {"limit": Limit(level)} if kind == "stop_limit" else {}
        return _placed(on, wallet, symbol, side, size=Decimal(2), share=share, **said)

    return act


def _placed(
    on: Stage, wallet: Wallet, symbol: str, side: str, *, size: Decimal, share: Decimal, **terms: Any
) -> object:
    """A buy of `size`, or a sale of that share of what is held, which is a refusal where nothing is."""
    instrument = on.instruments[symbol]
    with tenancy.tenant(on.owner_id):
        held = Position.objects.filter(wallet=wallet, instrument=instrument, closed_at=None).first()
        if side == "sell" and held is None:
            return "nothing to leave"
        quantity = size if side == "buy" or held is None else held.quantity * share
        return services.place_order(
            wallet=Wallet.objects.get(pk=wallet.pk),
            instrument=instrument,
            side=side,
            quantity=quantity.quantize(LOT, ROUND_DOWN) or quantity,
            reduce_only=side == "sell",
            **terms,
        )


def rest(on: Stage) -> Act:
    """A limit order, perhaps with the levels of a bracket, perhaps for some time only: it rests, or is met at once."""
    rng = on.rng
    wallet, symbol, side = rng.choice(on.wallets), rng.choice(list(on.prices)), rng.choice(("buy", "buy", "sell"))
    away, share = Decimal(str(round(rng.uniform(-0.01, 0.05), 4))), Decimal(str(round(rng.uniform(0.3, 1), 3)))
    size, seconds = Decimal(str(round(rng.uniform(1, 20), 3))), rng.choice((0, 0, 0, 9, 40, 90))
    bracket, post_only = rng.random() < 0.6, rng.random() < 0.2
    key = f"rest {rng.randrange(10**9)}"

    def act(on: Stage) -> object:
        at = (on.prices[symbol] * (1 - away if side == "buy" else 1 + away)).quantize(CENT)
        until = on.clock.now() + timedelta(seconds=seconds) if seconds else None
        levels: dict[str, Any] = {"exit_stop": at * Decimal("0.93"), "exit_target": at * Decimal("1.08")}
        said: dict[str, Any] = {"key": key, "reason": "The flow rests."} | (levels if bracket and side == "buy" else {})
        limit = Limit(at, "gtd" if until else "gtc", until, post_only)
        return _placed(on, wallet, symbol, side, size=size, share=share, limit=limit, **said)

    return act


def amend(on: Stage) -> Act:
    """An order that rests gets another limit, another quantity, or both."""
    rng = on.rng
    moved = Decimal(str(round(rng.uniform(0.97, 1.03), 4))) if rng.random() < 0.8 else Decimal(1)
    grown = Decimal(str(round(rng.uniform(0.5, 1.6), 3))) if rng.random() < 0.5 else Decimal(1)
    key = f"amend {rng.randrange(10**9)}"

    def act(on: Stage) -> object:
        with tenancy.tenant(on.owner_id):
            resting = Order.objects.filter(status__in=RESTING, limit_price__isnull=False, amendment=None)
            order = resting.order_by("-created_at", "pk").first()
            if order is None or order.limit_price is None:
                return "nothing rests"
            return services.amend_order(
                owner_id=on.owner_id,
                order_id=order.pk,
                key=key,
                limit_price=(order.limit_price * moved).quantize(CENT),
                quantity=(order.quantity * grown).quantize(LOT, ROUND_DOWN),
            )

    return act


def amend_waiting(on: Stage) -> Act:
    """An order that waits for its trigger, or one that comes to wait now, gets another one."""
    return another_trigger(on, wait_for(on))


def another_trigger(on: Stage, come_to_wait: Act) -> Act:
    """An order that waits for its trigger gets another one, another quantity, or both; where none waits one comes to.
    Or the last such wish is sent once more, whatever became of it."""
    rng = on.rng
    away, again = Decimal(str(round(rng.uniform(0.002, 0.04), 4))), rng.random() < 0.25
    moved = rng.random() < 0.8
    grown = Decimal(str(round(rng.uniform(0.5, 1.6), 3))) if rng.random() < 0.5 else Decimal(1)
    key = f"amend {rng.randrange(10**9)}"

    def act(on: Stage) -> object:
        if not (again and on.wishes):
            if (order := _waiting(on)) is None:
                come_to_wait(on)
                order = _waiting(on)
            if order is None:
                return "nothing waits"
            asked = _another_trigger(on, order, away) if moved else {}
            asked["quantity"] = (order.quantity * grown).quantize(LOT, ROUND_DOWN)
            on.wishes.append({"order_id": order.pk, "key": key, **asked})
        with tenancy.tenant(on.owner_id):
            return services.amend_order(owner_id=on.owner_id, **on.wishes[-1])

    return act


def _waiting(on: Stage) -> Order | None:
    with tenancy.tenant(on.owner_id):
        waiting = Order.objects.filter(status=Order.Status.WAITING, trigger_price__isnull=False, protects=None)
        return waiting.select_related("instrument").order_by("-created_at", "pk").first()


def _another_trigger(on: Stage, order: Order, away: Decimal) -> dict[str, Any]:
    """What its type says of a trigger that is so far away from the market, as a fraction."""
    if order.type == Order.Type.TRAILING_STOP:
        return {"trail_share": away}
    price, is_above = on.price(order.instrument.symbol), (order.side == "buy") != (order.type == "take_profit")
    said = {"trigger_price": (price * (1 + away if is_above else 1 - away)).quantize(CENT)}
    if order.type == Order.Type.OCO:
        said["target_price"] = (price * (1 - away if is_above else 1 + away)).quantize(CENT)
    if order.type == Order.Type.STOP_LIMIT:
        said["limit_price"] = said["trigger_price"]
    return said


def cancel_there(on: Stage) -> Act:
    """The owner ends an order by hand at the venue, or the venue forgets one that it has told a number of."""
    forgets = on.rng.random() < 0.5

    def act(on: Stage) -> object:
        with tenancy.tenant(on.owner_id):
            resting = Order.objects.filter(status__in=RESTING, amendment=None).exclude(venue_order_id="")
            order = resting.filter(RESTING_STOP | Q(limit_price__isnull=False)).order_by("-created_at", "pk").first()
        if order is None:
            return "nothing rests"
        (on.exchange.forget if forgets else on.exchange.cancel_by_hand)(order.client_order_id)
        return f"{'forgotten' if forgets else 'cancelled'}: {order.client_order_id}"

    return act


def cancel_everything(on: Stage) -> Act:
    key = f"all {on.rng.randrange(10**9)}"

    def act(on: Stage) -> object:
        with tenancy.tenant(on.owner_id):
            return services.cancel_all(owner_id=on.owner_id, which=services.Which(), key=key)

    return act


def end_waiting(_: Stage) -> Act:
    """What still waits for a price is not wanted any more, here or at the venue. An exit that waits for a stop to make
    way is: whoever ends it each time is in the way of the monitor for ever."""

    def act(on: Stage) -> object:
        with tenancy.tenant(on.owner_id):
            rests = Q(status__in=RESTING, limit_price__isnull=False)
            rows = Order.objects.filter(rests | Q(status=Order.Status.WAITING), cancellation=None)
            waiting = [order for order in rows.order_by("pk") if not order.waits_for_stop]
            return [services.request_cancellation(owner_id=on.owner_id, order_id=one.pk).pk for one in waiting]

    return act


def stop_all(on: Stage) -> Act:
    policy = on.rng.choice(("flatten", "keep"))

    def act(on: Stage) -> object:
        with tenancy.tenant(on.owner_id):
            return services.stop(owner_id=on.owner_id, wallet_id=on.farm.pk, policy=policy)

    return act
