"""What every venue can do, in dataclasses in and out, and how it says no.

The protocol is small on purpose: whatever a venue calls things, an adapter answers in these words. An adapter keeps no
state of its own besides a session; the same request with the same client order id is the same order, however often it
is sent.

The errors are the important half. After a request there are exactly four cases, and each error's docstring says what
the caller must do: the venue said no; the venue was never reached; nobody knows; a person has to act.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final, Literal, Protocol

from kit.errors import InvalidInputError, MoniqoError
from kit.sentences import Told

Side = Literal["buy", "sell"]
OrderType = Literal["market", "limit", "stop"]
TimeInForce = Literal["gtc", "ioc", "fok", "gtd"]
MarketKind = Literal["spot", "perpetual", "future"]
MarginMode = Literal["cross", "isolated"]
PositionSide = Literal["long", "short"]
Status = Literal["open", "partially_filled", "filled", "cancelled", "rejected", "expired"]
Kind = Literal["market", "limit", "stop", "stop_limit", "take_profit"]
Liquidity = Literal["maker", "taker", "internal"]  # the last is no venue's: it was crossed inside a farm


class VenueError(MoniqoError):
    """Something between us and a venue. Catch the subclasses: what to do differs."""

    code = "venue_error"
    status = 502


class VenueRejectedError(VenueError):
    """The venue's final no: nothing was and nothing will be done. Close the order as rejected; do not retry.

    `reason` is stable for programs: `funds`, `lot_size`, `minimum_notional`, `symbol`, `price`, `post_only` (it would
    not have rested), `reduce_only` (it would reduce nothing), `leverage`, `duplicate` or `other`.
    """

    code = "venue_rejected"
    status = 422

    def __init__(self, message: Told, *, reason: str = "other") -> None:
        super().__init__(message)
        self.reason = reason


class VenueUnavailableError(VenueError):
    """The request never reached the venue (refused, no route, told to slow down): it is safe to send it again later.

    `retry_after` is how long the venue asks us to stay away, where it says so: do not ask it sooner.
    """

    code = "venue_unavailable"
    status = 503

    def __init__(self, message: Told = "", *, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


# Longer than this nobody waits for a venue that asks to be left alone: the caller is told instead.
LONGEST_WAIT: Final = timedelta(seconds=5)


def is_worth_another(error: Exception) -> bool | timedelta:
    """For stamina: whether what never reached the venue is sent again, and when, if the venue says so."""
    if not isinstance(error, VenueUnavailableError):
        return False
    if error.retry_after is None:
        return True
    return error.retry_after if error.retry_after <= LONGEST_WAIT else False


class VenueAmbiguousError(VenueError):
    """The request may or may not have been carried out. Never treat it as a no: look the order up by its client id."""

    code = "venue_ambiguous"
    status = 504


class VenueCredentialsError(VenueError):
    """The venue rejects the key or what it may do. Stop using the connection and ask its owner; do not retry."""

    code = "venue_credentials"
    status = 424


class VenueAnswerError(VenueAmbiguousError):
    """The venue's answer holds something that is no number: it says nothing, so do what is done when none came."""

    code = "venue_answer"


def _require_numbers(report: Any) -> None:
    """Raise VenueAnswerError when an amount is not finite: NaN passes every comparison on its way into the books."""
    for field in fields(report):
        value = getattr(report, field.name)
        if isinstance(value, float) or (isinstance(value, Decimal) and not value.is_finite()):
            raise VenueAnswerError(f"The venue gave {value!r} as {field.name.replace('_', ' ')}: no exact number.")


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """An order as it is sent. `client_order_id` is the identity: sending it twice makes one order.

    `quantity` counts what the market counts: base units, or contracts where the market has a `contract_size`. A limit
    order has a `price` in the quote asset and says how long it is good, a market order has neither: until it is
    cancelled (gtc) or a moment (gtd), or what is not filled at once ends, of which a part may be (ioc) or nothing
    (fok). One that is `post_only` is turned down where it would be filled at once. A stop rests at the venue
    until the market reaches its `trigger_price`, and is an order at the market then, or one with a limit far below
    where the venue knows no other.

    Of a perpetual, `leverage` is what its margin is measured by, and `part` the part of the account whose position it
    changes; a venue without parts ignores it.
    """

    client_order_id: str
    symbol: str
    side: Side
    quantity: Decimal
    type: OrderType = "market"
    reduce_only: bool = False
    price: Decimal | None = None
    time_in_force: TimeInForce = "gtc"
    expires_at: datetime | None = None
    post_only: bool = False
    trigger_price: Decimal | None = None
    leverage: Decimal = Decimal(1)
    part: str = ""

    def __post_init__(self) -> None:
        if not self.quantity.is_finite():
            raise InvalidInputError("Order a finite quantity.", fields={"quantity": "Must be a number."})
        triggered = self.trigger_price is not None and self.trigger_price.is_finite() and self.trigger_price > 0
        if triggered != (self.type == "stop") or (self.trigger_price is not None and not triggered):
            raise InvalidInputError(
                "Give a stop a trigger above zero, and nothing else one.", fields={"trigger_price": "See above."}
            )
        if self.type != "limit" and (self.time_in_force != "gtc" or self.post_only):
            raise InvalidInputError("Only a limit order rests.", fields={"time_in_force": "Only of a limit order."})
        if (self.time_in_force == "gtd") != (self.expires_at is not None):
            raise InvalidInputError("Say until when the order is good.", fields={"expires_at": "See above."})
        priced = self.price is not None and self.price.is_finite() and self.price > 0
        if priced != (self.type == "limit") or (self.price is not None and not priced):
            raise InvalidInputError(
                "Give a limit order a price above zero, and a market order none.", fields={"price": "See above."}
            )


@dataclass(frozen=True, slots=True)
class TradeReport:
    """One execution. `fee` is positive when it is paid; `trade_id` is unique at the venue and symbol.

    `client_order_id` is empty where the venue's list of trades does not tell it: `venue_order_id` then names the order.
    `realized` is what it realized of a derivative before the fee, where the venue tells that with the trade.
    """

    trade_id: str
    client_order_id: str
    symbol: str
    side: Side
    price: Decimal
    quantity: Decimal
    fee: Decimal
    fee_asset: str
    liquidity: Liquidity
    at: datetime
    venue_order_id: str = ""
    realized: Decimal | None = None

    def __post_init__(self) -> None:
        _require_numbers(self)


@dataclass(frozen=True, slots=True)
class OrderReport:
    """An order as the venue knows it now, with all of its executions that it tells, oldest first.

    `filled_quantity` is the venue's own count of what was executed, from the order itself: a venue's list of trades may
    lag behind it, and an order is over only when both agree. What kind of order it is, and at which prices, a venue
    tells of those that others have placed; of ours nobody asks.
    """

    client_order_id: str
    venue_order_id: str
    symbol: str
    side: Side
    quantity: Decimal
    filled_quantity: Decimal
    status: Status
    trades: tuple[TradeReport, ...]
    at: datetime
    reason: Told = ""
    kind: Kind = "market"
    price: Decimal | None = None
    trigger_price: Decimal | None = None
    time_in_force: TimeInForce = "gtc"

    def __post_init__(self) -> None:
        _require_numbers(self)

    @property
    def average_price(self) -> Decimal | None:
        """The mean price of the executions told so far, weighted by quantity; None before the first."""
        told = sum((trade.quantity for trade in self.trades), Decimal(0))
        return sum((trade.price * trade.quantity for trade in self.trades), Decimal(0)) / told if told else None

    @property
    def is_final(self) -> bool:
        """Whether the venue will never change it again."""
        return self.status not in ("open", "partially_filled")


@dataclass(frozen=True, slots=True)
class BalanceReport:
    """What the venue owes one of its accounts in one asset; `available` is what no open order reserves.

    `account` is the venue's own division, such as `spot`, `funding` or `futures`: an asset may stand in several, and
    `totals` adds them up. Unrealised profit is no part of it: see `PositionReport`.
    """

    asset: str
    total: Decimal
    available: Decimal
    account: str = "spot"

    def __post_init__(self) -> None:
        _require_numbers(self)


def totals(balances: Iterable[BalanceReport]) -> dict[str, Decimal]:
    """What the venue holds per asset, all of its accounts together."""
    found: dict[str, Decimal] = {}
    for balance in balances:
        found[balance.asset] = found.get(balance.asset, Decimal(0)) + balance.total
    return found


@dataclass(frozen=True, slots=True)
class PositionReport:
    """An open position in a derivative.

    `quantity` counts contracts and is positive on either side; one contract is `contract_size` of the base asset, or of
    the quote asset where the market is inverse (its profit is settled in the base asset). Prices are in the quote
    asset, `unrealized_pnl` in `settle`; `base` is what the price is of. What the venue does not tell is None.
    """

    symbol: str
    side: PositionSide
    quantity: Decimal
    contract_size: Decimal
    entry_price: Decimal
    mark_price: Decimal | None
    unrealized_pnl: Decimal
    settle: str
    leverage: Decimal | None = None
    margin_mode: MarginMode | None = None
    liquidation_price: Decimal | None = None
    is_inverse: bool = False
    base: str = ""

    def __post_init__(self) -> None:
        _require_numbers(self)


@dataclass(frozen=True, slots=True)
class MarketReport:
    """A market and the steps its orders move in; `minimum_notional` in the quote asset, 0 where there is none.

    `lot_size` and `minimum_quantity` count base units or, where `contract_size` is not 1, contracts of that size.
    `settle` is what a derivative's profit is paid in, empty for spot; `max_leverage` is None where nobody says, and so
    is `maintenance_margin`, the fraction of its worth at which a position is liquidated.
    """

    symbol: str
    base: str
    quote: str
    tick_size: Decimal
    lot_size: Decimal
    minimum_notional: Decimal
    kind: MarketKind = "spot"
    settle: str = ""
    contract_size: Decimal = Decimal(1)
    max_leverage: Decimal | None = None
    minimum_quantity: Decimal = Decimal(0)
    is_active: bool = True
    maintenance_margin: Decimal | None = None

    def __post_init__(self) -> None:
        _require_numbers(self)


@dataclass(frozen=True, slots=True)
class TickerReport:
    """The price of a market, in its quote asset; bid and ask are None where the venue's list of prices has none."""

    symbol: str
    price: Decimal
    bid: Decimal | None
    ask: Decimal | None
    at: datetime

    def __post_init__(self) -> None:
        _require_numbers(self)


@dataclass(frozen=True, slots=True)
class CandleReport:
    """One bar that opened `at`; the last one of an answer may still be open."""

    at: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal

    def __post_init__(self) -> None:
        _require_numbers(self)


@dataclass(frozen=True, slots=True)
class MovementReport:
    """A deposit or a withdrawal that the venue has carried out; `venue_id` is unique at the venue and kind.

    `amount` is positive: what came in, or what went out with its fee. `at` is when it was done, as far as it is told.
    """

    kind: Literal["deposit", "withdrawal"]
    venue_id: str
    asset: str
    amount: Decimal
    at: datetime

    def __post_init__(self) -> None:
        _require_numbers(self)


@dataclass(frozen=True, slots=True)
class IncomeReport:
    """What a derivative brought in `asset` or cost, by the venue's own account of it; `venue_id` is its id there.

    `realized` is before the `fee`, which is positive when it is paid; `funding` is positive when it was received.
    """

    venue_id: str
    symbol: str
    asset: str
    realized: Decimal
    funding: Decimal
    fee: Decimal
    at: datetime

    def __post_init__(self) -> None:
        _require_numbers(self)

    @property
    def change(self) -> Decimal:
        """What it did to the account's total."""
        return self.realized + self.funding - self.fee


@dataclass(frozen=True, slots=True)
class CredentialsReport:
    """What the key is allowed to do. A key that may withdraw is more than Moniqo needs: warn its owner.

    Where the venue does not tell a key's permissions, `is_told` is false: the key works, and what else it may do is
    unknown, so nobody may conclude from `can_withdraw` that it may not. `is_bound` says whether it works from named
    addresses only; None when the venue does not say.
    """

    can_trade: bool
    can_withdraw: bool
    detail: str = ""
    is_told: bool = True
    is_bound: bool | None = None
    expires_at: datetime | None = None


class Venue(Protocol):
    """A place where orders are filled. Every method may raise any `VenueError`."""

    def markets(self) -> tuple[MarketReport, ...]:
        """Everything that can be traded."""

    def tickers(self, symbols: Sequence[str] | None = None) -> tuple[TickerReport, ...]:
        """Prices of the given symbols (None: of all); a symbol without a price is left out."""

    def candles(self, symbol: str, timeframe: str, since: datetime, limit: int) -> tuple[CandleReport, ...]:
        """Bars that opened at `since` or later, oldest first, `limit` at most; `timeframe` as in `1m`, `4h`, `1d`."""

    def balances(self) -> tuple[BalanceReport, ...]:
        """Every asset whose total is not zero, per account of the venue; `totals` adds them up."""

    def positions(self) -> tuple[PositionReport, ...]:
        """Every open position in a derivative."""

    def submit(self, request: OrderRequest) -> OrderReport:
        """Place the order, or return the one that its client id already names.

        The same client id with another order is a VenueRejectedError with reason `duplicate`.
        """

    def cancel(self, client_order_id: str, symbol: str) -> OrderReport:
        """Cancel what is still open of the order; its last report when nothing is. Unknown: VenueRejectedError."""

    def order(self, client_order_id: str, symbol: str) -> OrderReport | None:
        """The order of this client id, rejected ones included; None when the venue has never heard of it."""

    def open_orders(self) -> tuple[OrderReport, ...]:
        """Every order of the account that may still be filled, each with its executions so far.

        One question whatever their number; an order that is not among them has ended or never arrived.
        """

    def trades_since(self, since: datetime, symbol: str | None = None) -> tuple[TradeReport, ...]:
        """Executions at `since` or later, oldest first."""

    def movements_since(self, since: datetime) -> tuple[MovementReport, ...]:
        """Deposits and withdrawals that were done at `since` or later, oldest first; none where none are told."""

    def income_since(self, since: datetime) -> tuple[IncomeReport, ...]:
        """What derivatives have brought and cost at `since` or later, each of the venue's ids once, oldest first."""

    def check_credentials(self) -> CredentialsReport:
        """Whether the key works and what it may do."""
