"""What people, agents and programs want of perpetuals on a stage, on paper."""

from datetime import datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from typing import Any, Final

from django.db.models import F, Q

from kit import tenancy
from moniqo.simulation.exchange import LOT
from moniqo.simulation.people import CENT, Act, another_trigger
from moniqo.simulation.stage import Stage
from trading import services, tasks
from trading.models import Order, Position
from trading.orders.terms import Limit, Trigger
from wallets import services as wallets
from wallets.ledger import AccountRef, Leg, post
from wallets.models import Account, Wallet
from wallets.venues.demo import account as demo
from wallets.venues.demo import following
from wallets.venues.demo.funding import accounts_to_fund

LEVERAGES: Final = tuple(Decimal(times) for times in (1, 3, 10, 20, 20, 40))
# What is opened is worth so much at most.
WORTH_MOST: Final = 40_000


# --- the market and the workers --------------------------------------------------------------------------------------


def fund(on: Stage) -> Act:
    """Hours pass, and a worker settles the funding of then: once, or twice."""
    hours, times = on.rng.choice((1, 8, 9, 17)), on.rng.choice((1, 1, 2))

    def act(on: Stage) -> object:
        on.clock.sleep(timedelta(hours=hours).total_seconds())
        on.quote()
        return [tasks.settle_funding() for _ in range(times)]

    return act


def squeeze(on: Stage) -> Act:
    """The market goes as far as the position that has been open for longest can bear, and a little beyond."""
    beyond = Decimal(str(round(on.rng.uniform(0.0005, 0.02), 4)))

    def act(on: Stage) -> object:
        position = _first(on)
        level = None if position is None else position.liquidation_price or position.exit_stop
        if position is None or level is None:
            return "nothing to squeeze"
        at = (level * (1 - beyond if position.is_long else 1 + beyond)).quantize(CENT)
        on.prices[on.perpetuals[position.instrument.symbol]] = max(at, Decimal(1))
        on.quote()
        return f"{position.instrument.symbol} to {at}"

    return act


def settle(_: Stage) -> Act:
    return lambda _: tasks.settle_funding()


def match(_: Stage) -> Act:
    """The paper exchange holds what rests against the price of now."""
    return lambda _: following.match_due()


# --- people ----------------------------------------------------------------------------------------------------------


def trade(on: Stage) -> Act:
    """A long or a short, which opens a position, adds to one, makes it smaller or turns it."""
    rng = on.rng
    wallet, symbol = rng.choice(on.wallets), rng.choice(list(on.perpetuals))
    given: dict[str, Any] = {"side": rng.choice(("buy", "sell")), "leverage": rng.choice(LEVERAGES)}
    worth = Decimal(rng.randint(200, WORTH_MOST))
    sign = 1 if given["side"] == "buy" else -1
    stop, target, trail = (Decimal(str(round(rng.uniform(0.005, 0.1), 4))) for _ in range(3))
    levels = [name for name, odds in (("stop", 0.5), ("target", 0.3), ("trail", 0.2)) if rng.random() < odds]
    given["key"] = f"trade {rng.randrange(10**9)}"

    def act(on: Stage) -> object:
        price = on.price(symbol)
        said = {
            "exit_stop": (price * (1 - sign * stop)).quantize(CENT) if "stop" in levels else None,
            "exit_target": (price * (1 + sign * target)).quantize(CENT) if "target" in levels else None,
            "exit_trail": (price * trail).quantize(CENT) if "trail" in levels else None,
        }
        return _placed(on, wallet, symbol, quantity=worth / price, **given, **said)

    return act


def turn_with_little(on: Stage) -> Act:
    """A position is to be turned round; all else that its wallet has is brought home, and the market goes against what
    is still open before a worker sends the order: what is left is less than the margin of what comes to stand there."""
    rng = on.rng
    times, moves = Decimal(str(round(rng.uniform(1.5, 3), 2))), Decimal(str(round(rng.uniform(0.01, 0.06), 3)))
    leverage, key = rng.choice((20, 40)), f"turn {rng.randrange(10**9)}"

    def act(on: Stage) -> object:
        position = _first(on)
        if position is None:
            return "nothing is open"
        symbol, wallet, side = position.instrument.symbol, position.wallet, "sell" if position.is_long else "buy"
        terms: dict[str, Any] = {"side": side, "leverage": Decimal(leverage), "key": key}
        order = _placed(on, wallet, symbol, quantity=position.quantity * times, **terms)
        _moved(on, wallet, on.farm, Decimal(1), key)
        at = on.price(symbol) * (1 - moves if position.is_long else 1 + moves)
        on.prices[on.perpetuals[symbol]] = at.quantize(CENT)
        on.quote()
        return tasks.execute_order(str(on.owner_id), str(order.pk))

    return act


def reduce(on: Stage) -> Act:
    """A part of a position is closed, or all of it."""
    rng = on.rng
    share, key = Decimal(str(round(rng.uniform(0.2, 1.2), 3))), f"reduce {rng.randrange(10**9)}"

    def act(on: Stage) -> object:
        position = _first(on)
        if position is None:
            return "nothing is open"
        return _placed(
            on,
            position.wallet,
            position.instrument.symbol,
            quantity=position.quantity * share,
            side="sell" if position.is_long else "buy",
            leverage=position.leverage,
            key=key,
            reduce_only=True,
        )

    return act


def wait_to_trade(on: Stage) -> Act:
    """An order rests at its limit, or waits for its trigger."""
    rng = on.rng
    wallet, symbol, rests = rng.choice(on.wallets), rng.choice(list(on.perpetuals)), rng.random() < 0.6
    given: dict[str, Any] = {"side": rng.choice(("buy", "sell")), "leverage": rng.choice(LEVERAGES)}
    given |= {"reduce_only": rng.random() < 0.3, "key": f"wait {rng.randrange(10**9)}"}
    away, worth = Decimal(str(round(rng.uniform(0.001, 0.04), 4))), Decimal(rng.randint(200, WORTH_MOST))

    def act(on: Stage) -> object:
        price = on.price(symbol)
        is_above = (given["side"] == "sell") == rests
        level = (price * (1 + away if is_above else 1 - away)).quantize(CENT)
        terms: dict[str, Any] = {"limit": Limit(level)} if rests else {"trigger": Trigger("stop", price=level)}
        return _placed(on, wallet, symbol, quantity=worth / price, **given, **terms)

    return act


def amend_waiting_trade(on: Stage) -> Act:
    """An order that waits for its trigger, or one that comes to wait now, gets another one."""
    return another_trigger(on, wait_to_trade(on))


def tighten(on: Stage) -> Act:
    """The stop of a position comes nearer, or gets one."""
    away = Decimal(str(round(on.rng.uniform(0.001, 0.03), 4)))

    def act(on: Stage) -> object:
        position = _first(on)
        if position is None:
            return "nothing to protect"
        price = on.price(position.instrument.symbol)
        stop = (price * (1 - away if position.is_long else 1 + away)).quantize(CENT)
        with tenancy.tenant(on.owner_id):
            return services.move_levels(owner_id=on.owner_id, position_id=position.pk, levels={"exit_stop": stop})

    return act


def bring_home(on: Stage) -> Act:
    """What is free in a wallet, or a part of it, goes to the farm."""
    wallet, share = on.rng.choice(on.wallets), Decimal(str(round(on.rng.uniform(0.5, 1.2), 2)))
    key = f"home {on.rng.randrange(10**9)}"
    return lambda on: _moved(on, wallet, on.farm, min(share, Decimal(1)), key)


def hand_out(on: Stage) -> Act:
    """What the farm has, or a part of it, goes to a wallet: to one that lacks margin, where one does."""
    wallet, share = on.rng.choice(on.wallets), Decimal(str(round(on.rng.uniform(0.05, 1), 2)))
    key = f"out {on.rng.randrange(10**9)}"

    def act(on: Stage) -> object:
        with tenancy.tenant(on.owner_id):
            short = Wallet.objects.filter(positions__margin_shortfall__gt=0).order_by("pk").first()
        return _moved(on, on.farm, short or wallet, share, key)

    return act


def _moved(on: Stage, source: Wallet, target: Wallet, share: Decimal, key: str) -> object:
    move = wallets.collect if target == on.farm else wallets.allocate
    with tenancy.tenant(on.owner_id):
        account = Account.objects.filter(wallet=source, asset="USDT", kind=Account.Kind.WALLET).first()
        amount = (account.available * share).quantize(CENT, ROUND_DOWN) if account else Decimal(0)
        if amount <= 0:
            return "nothing is free"
        ends: dict[str, Any] = {"owner_id": on.owner_id, "source_id": source.pk, "target_id": target.pk}
        move(**ends, asset="USDT", amount=amount, key=key)
        return f"{amount} from {source.name} to {target.name}"


def explain(on: Stage) -> Act:
    """What wallets could not pay is paid in, and somebody says that it was the fund's."""
    key = f"explained {on.rng.randrange(10**9)}"

    def act(on: Stage) -> object:
        with tenancy.tenant(on.owner_id):
            accounts = Account.objects.filter(asset="USDT", kind=Account.Kind.SUSPENSE)
            missing = -sum((account.balance for account in accounts), Decimal(0))
            fund = on.farm.parent_id
            if missing <= 0 or fund is None:
                return "nothing is missing"
            legs = [Leg(AccountRef(fund, "USDT", Account.Kind.EXTERNAL), AccountRef(fund, "USDT"), missing)]
            post(owner_id=on.owner_id, key=key, kind="deposit", legs=legs)
            demo.credit(owner_id=on.owner_id, connection_id=on.connection.pk, asset="USDT", amount=missing)
            given: dict[str, Any] = {"connection_id": on.connection.pk, "wallet_id": fund}
            wallets.assign_suspense(owner_id=on.owner_id, asset="USDT", key=f"{key} as the fund's", **given)
            on.clock.sleep(1)
            return f"{missing} is explained"

    return act


def _first(on: Stage) -> Position | None:
    with tenancy.tenant(on.owner_id):
        rows = Position.objects.filter(closed_at=None).select_related("instrument", "wallet")
        return rows.order_by("opened_at", "pk").first()


def _placed(on: Stage, wallet: Wallet, symbol: str, *, quantity: Decimal, **terms: Any) -> Order:
    with tenancy.tenant(on.owner_id):
        return services.place_order(
            wallet=Wallet.objects.get(pk=wallet.pk),
            instrument=on.instruments[symbol],
            quantity=quantity.quantize(LOT, ROUND_DOWN),
            reason="The flow trades.",
            **terms,
        )


def due_funding(on: Stage) -> list[datetime]:
    """Now, where funding is due or not in the books, or a margin is short that its wallet has money for."""
    with tenancy.system():
        due = [on.clock.now() for owner_id, _ in accounts_to_fund() if owner_id == on.owner_id]
    with tenancy.tenant(on.owner_id):
        short = Position.objects.filter(margin_shortfall__gt=0).values("wallet_id")
        has_more = Q(kind=Account.Kind.WALLET, asset="USDT", balance__gt=F("held"))
        return due or [on.clock.now() for _ in Account.objects.filter(has_more, wallet_id__in=short)]
