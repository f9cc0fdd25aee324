"""What the gate looks at: an order that is asked for, its market, what the wallet has, and what its path says."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Final

from trading.risk.locked import Lock
from trading.risk.path import Limits

# Above this age a price says nothing about what an order would pay.
PRICE_AGE_LIMIT: Final = timedelta(seconds=60)
# What of the base asset stays behind when whole lots are sold is no disagreement of the books.
DUST_LOTS: Final = 1


@dataclass(frozen=True, slots=True)
class Market:
    """The instrument as the gate sees it; `price` is what the order would pay or get per unit, in quote, and `middle`
    what lies between its bid and its ask."""

    symbol: str
    base: str
    quote: str
    is_spot: bool
    is_tradable: bool
    is_at_connection: bool
    lot_size: Decimal
    tick_size: Decimal
    minimum_notional: Decimal
    price: Decimal | None
    price_age: timedelta | None
    middle: Decimal | None = None
    is_perpetual: bool = False
    max_leverage: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """What the wallet has: `position` in this instrument, negative when short, `positions` of every spot instrument
    with the same base asset, `in_books` of that asset in its account, the order in this instrument that opens something
    and is `unfinished`, and what orders that leave it still have to trade, `selling`. `value` is what the wallet is
    worth in the quote asset, None where a price
    is missing or no limit asks for it. `lock` is the protection that holds buying there back for the longest."""

    position: Decimal = Decimal(0)
    positions: Decimal = Decimal(0)
    in_books: Decimal = Decimal(0)
    unfinished: str = ""
    selling: Decimal = Decimal(0)
    value: Decimal | None = None
    lock: Lock | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """The order to be judged. `quantity` is in whole lots, `requested` what was asked for, both in base.

    `protects` says that it carries out the stop or the target of a position, `closes` that it is one of the exits by
    which a goal, a stop or a person leaves all there is below a wallet, `liquidates` that it closes a position whose
    margin is used up, which no halt keeps from it; `standing_stop` is that of the position it adds to; `reserve` is the
    name of the wallet where that is a reserve, or what is unassigned at an account; `uncompared` is that of the account
    whose open orders nobody has held against the venue's lately.
    """

    is_buy: bool
    quantity: Decimal
    requested: Decimal
    reduce_only: bool
    market: Market
    standing: Standing
    path: tuple[Limits, ...]
    protects: bool = False
    closes: bool = False
    liquidates: bool = False
    reserve: str = ""
    uncompared: str = ""
    exit_stop: Decimal | None = None
    limit_price: Decimal | None = None
    trigger_price: Decimal | None = None
    post_only: bool = False
    liquidation_price: Decimal | None = None
    standing_stop: Decimal | None = None
    leverage: Decimal | None = None

    @property
    def price(self) -> Decimal | None:
        """What a unit is worth to the order, in quote: its limit, or what the market asks."""
        return self.market.price if self.limit_price is None else self.limit_price

    @property
    def notional(self) -> Decimal | None:
        return None if self.price is None else self.quantity * self.price

    @property
    def signed_notional(self) -> Decimal:
        """What it adds to what the wallet has there, negative when it is sold."""
        return (self.notional or Decimal(0)) * (1 if self.is_buy else -1)

    @property
    def reduces(self) -> bool:
        """Whether it can only make a position smaller: on spot a sale, of a perpetual what goes against it."""
        if not self.market.is_perpetual:
            return not self.is_buy
        return self.is_against and self.quantity <= abs(self.standing.position)

    @property
    def is_against(self) -> bool:
        """Whether it goes against the position."""
        return self.standing.position < 0 if self.is_buy else self.standing.position > 0

    @property
    def position_after(self) -> Decimal:
        """What the wallet has once all of it is filled, negative when short."""
        return self.standing.position + (self.quantity if self.is_buy else -self.quantity)


def dust(lot_size: Decimal, minimum_notional: Decimal, price: Decimal | None) -> Decimal:
    """Less than this in the books beyond the positions cannot be sold, and is no disagreement."""
    return max(lot_size * DUST_LOTS, minimum_notional / price) if price else lot_size * DUST_LOTS
