"""An account at an exchange: markets, balances, orders and executions, in plain words and exact decimals."""

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

ZERO: Final = Decimal(0)
FEE: Final = Decimal("0.001")


class RefusedError(Exception):
    """The exchange's no; `reason` is a word that each exchange has a code of its own for."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass
class Market:
    """What can be traded. `id` is the exchange's name for it; a contract is `size` of the base asset."""

    id: str
    base: str
    quote: str
    price: Decimal
    tick: Decimal
    lot: Decimal
    minimum: Decimal = Decimal(5)
    is_perpetual: bool = False
    size: Decimal = Decimal(1)
    leverage: Decimal = Decimal(20)

    @property
    def ask(self) -> Decimal:
        return self.price + self.tick

    @property
    def bid(self) -> Decimal:
        return self.price - self.tick


@dataclass
class Fill:
    """One execution; `fee` is positive when paid."""

    number: int
    order: "Placed"
    price: Decimal
    quantity: Decimal
    fee: Decimal
    fee_asset: str
    is_maker: bool
    at_ms: int


@dataclass
class Placed:
    """An order that the exchange took."""

    number: int
    client_id: str
    market: Market
    side: str
    kind: str
    quantity: Decimal
    price: Decimal | None
    at_ms: int
    reduce_only: bool = False
    immediate: bool = False
    trigger: Decimal | None = None  # of a stop
    # What the exchange calls such a stop, whether it holds what would be sold, and what it became when it was reached.
    style: str = ""
    freezes: bool = True
    # The price when it came, and whether it waits for a rise to its trigger: where nobody says which way, that decides.
    came_at: Decimal = ZERO
    rises: bool = False
    is_set_off: bool = False
    child: int = 0
    child_name: str = ""
    state: str = "open"  # open, filled, cancelled, or failed: a stop whose funds were gone when it was reached
    fills: list[Fill] = field(default_factory=list)
    held: Decimal = ZERO

    @property
    def filled(self) -> Decimal:
        return sum((fill.quantity for fill in self.fills), ZERO)

    @property
    def cost(self) -> Decimal:
        return sum((fill.quantity * fill.price for fill in self.fills), ZERO)

    @property
    def average(self) -> Decimal:
        return self.cost / self.filled if self.filled else ZERO

    @property
    def is_partial(self) -> bool:
        return self.state == "open" and bool(self.fills)

    @property
    def waits(self) -> bool:
        """Whether it is a stop that the market has not reached."""
        return self.trigger is not None and not self.is_set_off

    @property
    def is_reached(self) -> bool:
        """Whether the market is where the stop waits for it."""
        at, trigger = self.market.price, self.trigger or ZERO
        return at >= trigger if self.rises else at <= trigger


@dataclass
class Held:
    """An open position; `quantity` in contracts, negative when short."""

    market: Market
    quantity: Decimal
    entry: Decimal
    margin: str = "cross"
    liquidation: Decimal | None = None

    @property
    def profit(self) -> Decimal:
        return (self.market.price - self.entry) * self.quantity * self.market.size


@dataclass
class Moved:
    """A deposit, or a withdrawal with its fee, that the exchange's history tells of."""

    number: int
    asset: str
    amount: Decimal
    fee: Decimal
    is_deposit: bool
    at_ms: int
    is_done: bool = True


@dataclass
class Earned:
    """What derivatives brought and cost, as the exchange's account of it has it; what else moved has a `kind` only."""

    number: int
    kind: str  # trade, funding, liquidation, transfer
    market: Market | None
    asset: str
    realized: Decimal
    funding: Decimal
    fee: Decimal
    at_ms: int
    fill: Fill | None = None
    is_told: bool = True

    @property
    def change(self) -> Decimal:
        return self.realized + self.funding - self.fee


class Account:
    """Everything one user has at one exchange. `main` is the account that orders are paid from."""

    def __init__(self, markets: list[Market], *, main: str, fee_in_base: bool) -> None:
        self.markets = {market.id: market for market in markets}
        self.main = main
        self.fee_in_base = fee_in_base
        self.skew_ms = 0
        self.wallets: dict[str, dict[str, Decimal]] = {main: {}}
        self.orders: list[Placed] = []
        self.positions: dict[str, Held] = {}
        self.moved: list[Moved] = []
        self.earned: list[Earned] = []
        self.doubles_earned = False
        self.reverses_earned = False
        self.page = 1000  # so many of them are told at once, at most
        self.duplicates_fills = False
        self.reverses_fills = False
        self.pays_fees_in: tuple[str, Decimal] | None = None  # a coin of the exchange's own, and its price in quote
        # Of candles (ms): before when there are none (0: every one stands at the price of now), and which are missing.
        self.unlisted_until = 0
        self.missing: set[int] = set()
        self.rests = False  # whether orders at the market, or at once, wait until the test fills them
        # What is called with a word (balance, order, position) and what it is about, when it has changed.
        self.changed: Callable[[str, Any], None] = lambda what, about: None
        self.doubles_ids = False  # whether a client id may be used again once its order has ended
        self.doubles_stop_ids = False  # the same of that of a stop
        self.takes_above = False  # whether a stop above the market is taken, as one that waits for a rise
        self.numbers = itertools.count(1_000_001)

    def bars(self, market: Market, length: int, start: int, end: int) -> list[tuple[int, str]]:
        """When each bar of `length` ms opens from `start` on and before `end`, and the price that it stood at.

        Of those before it was listed, and that are `missing`, there are none; the last has not closed yet.
        """
        first = max(-(-start // length), self.unlisted_until // length) * length
        opened = range(first, min(end, self.now_ms()), length)
        return [(at, self.price_at(market, at)) for at in opened if at not in self.missing]

    def price_at(self, market: Market, at: int) -> str:
        """The price of now, or with a past one that moves."""
        price = market.price
        return f"{price + at // 60_000 % 7 * market.tick if self.unlisted_until else price:f}"

    def now_ms(self) -> int:
        return int(time.time() * 1000) + self.skew_ms

    # --- money ---------------------------------------------------------------------------------------------------

    def deposit(self, asset: str, amount: Decimal | int | str, account: str = "") -> None:
        wallet = self.wallets.setdefault(account or self.main, {})
        wallet[asset] = wallet.get(asset, ZERO) + Decimal(amount)
        self.changed("balance", [asset])

    def receive(self, asset: str, amount: Decimal | int | str, account: str = "") -> Moved:
        """A deposit from outside: it is in the balance and in the history."""
        self.deposit(asset, amount, account)
        return self._note(asset, Decimal(amount), ZERO, is_deposit=True)

    def pay_out(self, asset: str, amount: Decimal | int | str, fee: Decimal | int | str = 0) -> Moved:
        """A withdrawal of so much, with its fee beside it."""
        self.deposit(asset, -Decimal(amount) - Decimal(fee))
        return self._note(asset, Decimal(amount), Decimal(fee), is_deposit=False)

    def _note(self, asset: str, amount: Decimal, fee: Decimal, *, is_deposit: bool) -> Moved:
        self.moved.append(Moved(next(self.numbers), asset, amount, fee, is_deposit, self.now_ms()))
        return self.moved[-1]

    def moves(self, *, deposits: bool, since_ms: int) -> list[Moved]:
        """Those of the history, newest first."""
        return [one for one in reversed(self.moved) if one.is_deposit == deposits and one.at_ms >= since_ms]

    def total(self, asset: str, account: str = "") -> Decimal:
        return self.wallets.get(account or self.main, {}).get(asset, ZERO)

    def held(self, asset: str) -> Decimal:
        """What resting orders reserve."""
        return sum((order.held for order in self.orders if self._held_in(order) == asset), ZERO)

    @staticmethod
    def _held_in(order: Placed) -> str:
        return order.market.quote if order.side == "buy" or order.market.is_perpetual else order.market.base

    # --- orders --------------------------------------------------------------------------------------------------

    def place(
        self,
        *,
        client_id: str,
        market_id: str,
        side: str,
        kind: str,
        quantity: Decimal,
        price: Decimal | None = None,
        reduce_only: bool = False,
        immediate: bool = False,
        post_only: bool = False,
        trigger: Decimal | None = None,
        style: str = "",
        freezes: bool = True,
        turns_down: bool = True,
    ) -> Placed:
        """Take an order, fill what meets the price at once, keep the rest. Raises RefusedError.

        One that only rests and would be filled is refused, or taken and cancelled where the exchange does not
        `turns_down` such an order. A stop holds what it would sell where the exchange `freezes` that.
        """
        market = self.market(market_id)
        at = self._require_steps(market, side, quantity, price)
        earlier = self.find(client_id=client_id) if client_id else None
        doubles = self.doubles_ids if trigger is None else self.doubles_ids or self.doubles_stop_ids
        if earlier and not (doubles and earlier.state != "open"):
            raise RefusedError("duplicate")
        need = quantity * at * market.size if side == "buy" or market.is_perpetual else quantity
        if market.is_perpetual:
            need = ZERO if reduce_only else need / market.leverage
        paid_in = market.quote if side == "buy" or market.is_perpetual else market.base
        if self.total(paid_in) - self.held(paid_in) < need:
            raise RefusedError("funds")
        order = Placed(
            next(self.numbers), client_id, market, side, kind, quantity, price, self.now_ms(), reduce_only, immediate,
            trigger, style, freezes,
        )  # fmt: skip
        order.came_at, order.rises = market.price, self._waits_for_a_rise(market, trigger)
        meets = trigger is None and self._meets(market, side, price)
        if meets and post_only and turns_down:
            raise RefusedError("post_only")
        self.orders.append(order)
        if meets and post_only:
            order.state = "cancelled"
            self.changed("order", (order, None))
        elif self.rests and trigger is None and (kind == "market" or immediate):
            order.held = need
            self.changed("order", (order, None))
        elif meets:
            self.changed("order", (order, None))
            self.fill(order, quantity, market.ask if side == "buy" else market.bid, is_maker=False)
        elif immediate:
            order.state = "cancelled"
            self.changed("order", (order, None))
        else:
            order.held = need if freezes else ZERO
            self.changed("order", (order, None))
            self.changed("balance", [paid_in])
        return order

    @staticmethod
    def _meets(market: Market, side: str, price: Decimal | None) -> bool:
        return price is None or (price >= market.ask if side == "buy" else price <= market.bid)

    def _waits_for_a_rise(self, market: Market, trigger: Decimal | None) -> bool:
        """Of a stop that sells; above the market it is refused, where it is not taken for a take profit. Raises
        RefusedError."""
        if trigger is not None and trigger % market.tick:
            raise RefusedError("price")
        if trigger is not None and trigger >= market.price and not self.takes_above:
            raise RefusedError("trigger")
        return trigger is not None and trigger > market.price

    @staticmethod
    def _require_steps(market: Market, side: str, quantity: Decimal, price: Decimal | None) -> Decimal:
        """The price that it is paid for at. Raises RefusedError."""
        if quantity <= 0 or quantity % market.lot:
            raise RefusedError("lot_size")
        if price is not None and price % market.tick:
            raise RefusedError("price")
        at = price if price is not None else (market.ask if side == "buy" else market.bid)
        if quantity * at * market.size < market.minimum:
            raise RefusedError("minimum_notional")
        return at

    def fill(self, order: Placed, quantity: Decimal | str, price: Decimal | str, *, is_maker: bool = True) -> Fill:
        """Execute a part of an order, and pay for it."""
        quantity, price, market = Decimal(quantity), Decimal(price), order.market
        if order.waits:
            self._set_off(order)
        cost = quantity * price * market.size
        buys = order.side == "buy"
        if buys and self.fee_in_base and not market.is_perpetual:
            fee, fee_asset = quantity * FEE, market.base
        else:
            fee, fee_asset = cost * FEE, market.quote
        if self.pays_fees_in:
            fee, fee_asset = cost * FEE / self.pays_fees_in[1], self.pays_fees_in[0]
        if order.held:
            order.held -= order.held * quantity / (order.quantity - order.filled)
        wallet = self.wallets[self.main]
        realized = ZERO
        if market.is_perpetual:
            realized = self._change_position(market, quantity if buys else -quantity, price)
        else:
            wallet[market.base] = wallet.get(market.base, ZERO) + (quantity if buys else -quantity)
            wallet[market.quote] = wallet.get(market.quote, ZERO) + (-cost if buys else cost)
        wallet[fee_asset] = wallet.get(fee_asset, ZERO) - fee
        fill = Fill(next(self.numbers), order, price, quantity, fee, fee_asset, is_maker, self.now_ms())
        order.fills.append(fill)
        if market.is_perpetual:
            self._earn("trade", market, fee_asset, realized=realized, fee=fee, fill=fill)
        if order.filled == order.quantity:
            order.state, order.held = "filled", ZERO
        self.changed("order", (order, fill))
        self.changed("balance", sorted({market.base, market.quote, fee_asset}))
        return fill

    def reach(self, price: Decimal | str, market_id: str = "") -> None:
        """The market is at this price now, and the stops that it has reached are filled there, within their limits."""
        market = self.markets[market_id] if market_id else next(iter(self.markets.values()))
        market.price = Decimal(price)
        for order in [one for one in self.orders if one.market is market and one.state == "open"]:
            if order.trigger is None or (order.waits and not order.is_reached):
                continue
            left, was_waiting = order.quantity - order.filled, order.waits
            if was_waiting:
                self._set_off(order)
            if not order.freezes and self.total(market.base) - self.held(market.base) < left:
                order.state = "failed"
                self.changed("order", (order, None))
            elif order.price is None or order.price <= market.bid:
                self.fill(order, left, market.bid, is_maker=False)
            elif was_waiting:
                self.changed("order", (order, None))

    def _set_off(self, order: Placed) -> None:
        """The market has reached the stop: it is an order like others now, at OKX another one."""
        order.is_set_off, order.child = True, next(self.numbers)

    def _change_position(self, market: Market, change: Decimal, price: Decimal) -> Decimal:
        """What was realized by it."""
        realized = ZERO
        held = self.positions.setdefault(market.id, Held(market, ZERO, price))
        if held.quantity * change >= 0:
            held.entry = (held.entry * held.quantity + price * change) / (held.quantity + change)
        else:
            closed = min(abs(change), abs(held.quantity)) * (1 if held.quantity > 0 else -1)
            realized = (price - held.entry) * closed * market.size
            self.deposit(market.quote, realized)
            if abs(change) > abs(held.quantity):
                held.entry = price
        held.quantity += change
        if not held.quantity:
            del self.positions[market.id]
        return realized

    # --- what derivatives bring ------------------------------------------------------------------------------------

    def pay_funding(self, market_id: str, amount: Decimal | int | str) -> Earned:
        """So much is received for holding the position, or paid where it is negative."""
        market = self.market(market_id)
        self.deposit(market.quote, amount)
        return self._earn("funding", market, market.quote, funding=Decimal(amount))

    def liquidate(self, market_id: str, penalty: Decimal | int | str) -> Earned:
        """The exchange closes the position at the market's price and takes its fee."""
        held = self.positions[market_id]
        realized = self._change_position(held.market, -held.quantity, held.market.price)
        self.deposit(held.market.quote, -Decimal(penalty))
        return self._earn("liquidation", held.market, held.market.quote, realized=realized, fee=Decimal(penalty))

    def transfer(self, asset: str, amount: Decimal | int | str) -> Earned:
        """Money comes from another account at the exchange, or goes there: nothing is earned by it."""
        self.deposit(asset, amount)
        return self._earn("transfer", None, asset, realized=Decimal(amount))

    def _earn(self, kind: str, market: Market | None, asset: str, **amounts: Any) -> Earned:
        given = {"realized": ZERO, "funding": ZERO, "fee": ZERO, **amounts}
        self.earned.append(Earned(next(self.numbers), kind, market, asset, at_ms=self.now_ms(), **given))
        return self.earned[-1]

    def told_earned(self, *, since_ms: int = 0, until_ms: int = 10**15) -> list[Earned]:
        """Oldest first, unless the account has been told to muddle them."""
        found = [one for one in self.earned if one.is_told and since_ms <= one.at_ms <= until_ms]
        if self.doubles_earned:
            found = [one for one in found for _ in range(2)]
        return found[::-1] if self.reverses_earned else found

    def cancel(self, order: Placed | None) -> Placed:
        """Raises RefusedError for an order that is unknown or over."""
        if order is None or order.state != "open":
            raise RefusedError("unknown_order")
        order.state, order.held = "cancelled", ZERO
        self.changed("order", (order, None))
        return order

    def amend(
        self, order: Placed | None, quantity: Decimal, price: Decimal, *, post_only: bool = False, least: bool = True
    ) -> Placed:
        """Give an order that rests another size and limit, and fill what meets the price now. Raises RefusedError.

        One that is to be no more than what is filled ends; where the exchange knows no such end it refuses.
        """
        if order is None or order.state != "open" or (quantity <= order.filled and not least):
            raise RefusedError("unknown_order")
        market, buys = order.market, order.side == "buy"
        self._require_steps(market, order.side, quantity, price)
        left = quantity - order.filled
        paid_in = market.quote if buys or market.is_perpetual else market.base
        need = left * price * market.size if buys or market.is_perpetual else left
        need = need / market.leverage if market.is_perpetual else need
        if self.total(paid_in) - self.held(paid_in) + order.held < need:
            raise RefusedError("funds")
        meets = price >= market.ask if buys else price <= market.bid
        if meets and post_only:
            raise RefusedError("post_only")
        order.quantity, order.price, order.held = max(quantity, order.filled), price, max(need, ZERO)
        if left <= 0:
            order.state, order.held = "filled", ZERO
        self.changed("order", (order, None))
        if meets and left > 0:
            self.fill(order, left, market.ask if buys else market.bid, is_maker=False)
        return order

    def market(self, market_id: str) -> Market:
        if market_id not in self.markets:
            raise RefusedError("symbol")
        return self.markets[market_id]

    def find(self, *, client_id: str = "", number: str = "") -> Placed | None:
        """The newest order of this client id, or the one of this number."""
        for order in reversed(self.orders):
            if (client_id and order.client_id == client_id) or (number and str(order.number) == number):
                return order
        return None

    def fills(self, *, market_id: str = "", number: str = "", since_ms: int = 0) -> list[Fill]:
        """Executions, oldest first, unless the account has been told to muddle them."""
        found = [
            fill
            for order in self.orders
            if market_id in ("", order.market.id) and number in ("", str(order.number))
            for fill in order.fills
            if fill.at_ms >= since_ms
        ]
        found.sort(key=lambda fill: fill.number)
        if self.duplicates_fills:
            found = [fill for fill in found for _ in range(2)]
        return found[::-1] if self.reverses_fills else found
