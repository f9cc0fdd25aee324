"""An exchange that fails in every way that the protocol of venues allows, in memory, from a seed.

What it has accepted it carries out, whatever it told: orders are filled at once, in parts, later, in part or not at
all; its answers get lost, are older than what was told before, or hold a trade twice and others not yet. Messages may
arrive seconds after their sender has given up. It is stricter than the protocol in one thing: an order that is sent
while it is known is counted, so that no sending is forgiven.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from random import Random
from typing import Final

from wallets.venues.base import (
    BalanceReport,
    CandleReport,
    CredentialsReport,
    IncomeReport,
    MarketReport,
    MovementReport,
    OrderReport,
    OrderRequest,
    PositionReport,
    Status,
    TickerReport,
    TradeReport,
    VenueAmbiguousError,
    VenueAnswerError,
    VenueCredentialsError,
    VenueRejectedError,
    VenueUnavailableError,
)

ZERO: Final = Decimal(0)
LOT: Final = Decimal("0.001")
FEE: Final = Decimal("0.001")
SPREAD: Final = Decimal("0.0002")
# What fees are paid in by a seed: the quote asset, what was got, or an asset of the exchange's own.
FEES: Final = ("quote", "received", "coin")
COIN: Final = "COIN"
COIN_PRICE: Final = Decimal(500)
# A message that is on its way arrives within this, an older state is seen for so long: less than any grace of ours.
LATEST: Final = 25.0
OLDEST: Final = 4.0
# What becomes of an order, and how often of a hundred.
FATES: Final = {"at once": 48, "in parts": 12, "slowly": 14, "later": 8, "part": 8, "nothing": 5, "refused": 5}


@dataclass(slots=True)
class _Execution:
    """A trade that has come or is to come; `told` is when the list of trades has it."""

    at: datetime
    told: datetime
    quantity: Decimal
    number: int = 0
    price: Decimal = ZERO
    fee: Decimal = ZERO
    fee_asset: str = ""


@dataclass(slots=True)
class Placed:
    """An order on the exchange's books. It ends at `ends` with `outcome`, unless all of it is filled before."""

    request: OrderRequest
    number: int
    at: datetime
    executions: list[_Execution] = field(default_factory=list)
    ends: datetime | None = None
    outcome: Status = "cancelled"

    def filled(self, now: datetime) -> Decimal:
        return sum((one.quantity for one in self.executions if one.at <= now and one.number), ZERO)

    def status(self, now: datetime) -> Status:
        filled = self.filled(now)
        if filled >= self.request.quantity:
            return "filled"
        if self.ends is not None and self.ends <= now:
            return self.outcome
        return "partially_filled" if filled else "open"


class Exchange:
    """One account. `price` says what a market's middle is now, `step` is told of every call's beginning and end."""

    def __init__(
        self,
        *,
        rng: Random,
        now: Callable[[], datetime],
        price: Callable[[str], Decimal],
        step: Callable[[str], object],
        fees: str,
        trouble: float,
    ) -> None:
        self.orders: dict[str, Placed] = {}
        self.totals: dict[str, Decimal] = {}
        self.sent_again: list[str] = []
        self.trouble = trouble
        self._away_until: datetime | None = None
        self._coming: list[tuple[datetime, OrderRequest]] = []
        self._rng, self._now, self._price, self._step, self._fees = rng, now, price, step, fees
        self._numbers = 0

    # --- what a test asks ------------------------------------------------------------------------------------------

    def calm(self) -> None:
        """No fault from here on; what is on its way or half done still happens."""
        self.trouble, self._away_until = 0.0, None

    def trades(self) -> Iterator[TradeReport]:
        """Every execution so far, told or not."""
        now = self._pass()
        for order in self.orders.values():
            yield from (self._trade(order, one) for one in order.executions if one.number and one.at <= now)

    def status(self, client_order_id: str) -> Status:
        """What has become of an order."""
        return self.orders[client_order_id].status(self._pass())

    # --- the protocol ----------------------------------------------------------------------------------------------

    def submit(self, request: OrderRequest) -> OrderReport:
        self._begin("submit")
        fault = self._fault(("lost", "late", "late", "answer lost", "answer lost", "garbled", "refused", "key"))
        if fault == "refused":
            raise VenueRejectedError("No such order today.")
        if fault == "key":
            raise VenueCredentialsError("The key is not known.")
        if fault == "lost":
            raise VenueAmbiguousError("The request timed out.")
        if fault == "late":
            self._coming.append((self._now() + timedelta(seconds=self._rng.uniform(1, LATEST)), request))
            raise VenueAmbiguousError("The request timed out.")
        known = self.orders.get(request.client_order_id)
        if known is not None:
            self.sent_again.append(request.client_order_id)
        order = known or self._accept(request)
        report = self._report(order, self._pass())
        self._step("submit done")
        if fault == "answer lost":
            raise VenueAmbiguousError("The answer timed out.")
        if fault == "garbled":
            raise VenueAnswerError("The venue gave NaN as price.")
        if report.status == "rejected":
            raise VenueRejectedError("Refused.")
        return report

    def cancel(self, client_order_id: str, symbol: str) -> OrderReport:
        self._begin("cancel")
        fault = self._fault(("lost", "answer lost"))
        if fault == "lost":
            raise VenueAmbiguousError("The request timed out.")
        now = self._pass()
        order = self.orders.get(client_order_id)
        if order is None:
            raise VenueRejectedError("There is no such order.")
        if order.status(now) in ("open", "partially_filled"):
            order.ends, order.outcome = now + timedelta(seconds=self._rng.choice((0, 0, 2))), "cancelled"
            order.executions = [one for one in order.executions if one.at <= order.ends]
        self._step("cancel done")
        if fault:
            raise VenueAmbiguousError("The answer timed out.")
        return self._seen(order)

    def order(self, client_order_id: str, symbol: str) -> OrderReport | None:
        self._begin("order")
        if self._fault(("no answer",)):
            raise VenueAmbiguousError("The answer timed out.")
        order = self.orders.get(client_order_id)
        old = timedelta(seconds=self._rng.uniform(0, OLDEST)) if self._happens() else timedelta(0)
        if order is None or order.at > self._now() - old:
            return None
        report = self._seen(order, old)
        self._step("order done")
        return report

    def open_orders(self) -> tuple[OrderReport, ...]:
        self._begin("open_orders")
        if self._fault(("no answer",)):
            raise VenueAmbiguousError("The answer timed out.")
        now = self._pass()
        listed = [one for one in self.orders.values() if one.status(now) in ("open", "partially_filled")]
        return tuple(self._seen(one) for one in listed if not self._happens())

    def balances(self) -> tuple[BalanceReport, ...]:
        self._begin("balances")
        if self._fault(("no answer",)):
            raise VenueAmbiguousError("The answer timed out.")
        return tuple(BalanceReport(asset, total, total) for asset, total in sorted(self.totals.items()) if total)

    def trades_since(self, since: datetime, symbol: str | None = None) -> tuple[TradeReport, ...]:
        self._begin("trades_since")
        found = [one for one in self.trades() if one.at >= since and symbol in (None, one.symbol)]
        return tuple(sorted(found, key=lambda one: one.at))

    def markets(self) -> tuple[MarketReport, ...]:
        return ()

    def tickers(self, symbols: Sequence[str] | None = None) -> tuple[TickerReport, ...]:
        return ()

    def candles(self, symbol: str, timeframe: str, since: datetime, limit: int) -> tuple[CandleReport, ...]:
        return ()

    def positions(self) -> tuple[PositionReport, ...]:
        return ()

    def movements_since(self, since: datetime) -> tuple[MovementReport, ...]:
        return ()

    def income_since(self, since: datetime) -> tuple[IncomeReport, ...]:
        return ()

    def check_credentials(self) -> CredentialsReport:
        return CredentialsReport(can_trade=True, can_withdraw=False)

    # --- faults ----------------------------------------------------------------------------------------------------

    def _begin(self, call: str) -> None:
        """A message sets out, unless nobody can be reached."""
        self._step(call)
        now = self._pass()
        if self._away_until is not None and now < self._away_until:
            raise VenueUnavailableError("The connection was refused.")
        if not self._happens():
            return
        kind = self._rng.choice(("away", "refused once", "too many", "fine", "fine"))
        if kind == "away":
            self._away_until = now + timedelta(seconds=self._rng.uniform(1, 90))
        if kind in ("away", "refused once"):
            raise VenueUnavailableError("The connection was refused.")
        if kind == "too many":
            raise VenueUnavailableError("Too many requests.", retry_after=timedelta(seconds=self._rng.randint(1, 20)))

    def _happens(self) -> bool:
        return self._rng.random() < self.trouble

    def _fault(self, kinds: Sequence[str]) -> str:
        return self._rng.choice(kinds) if self._happens() else ""

    # --- matching --------------------------------------------------------------------------------------------------

    def _accept(self, request: OrderRequest) -> Placed:
        self._numbers += 1
        now = self._now()
        order = Placed(request, self._numbers, now)
        self.orders[request.client_order_id] = order
        fate = self._rng.choices(list(FATES), list(FATES.values()))[0] if self.trouble else "at once"
        if fate == "refused" or request.quantity % LOT:
            order.ends, order.outcome = now, "rejected"
        elif fate == "nothing":
            order.ends, order.outcome = now + timedelta(seconds=self._rng.choice((0, 20))), "expired"
        else:
            self._plan(order, fate)
        self._pass()
        return order

    def _plan(self, order: Placed, fate: str) -> None:
        """When how much of it is to be filled, and when the list of trades tells it."""
        now, quantity = order.at, order.request.quantity
        parts = [quantity] if fate in ("at once", "later") else self._split(quantity)
        seconds = {"slowly": 40.0, "later": 60.0, "part": 15.0}.get(fate, 0.0)
        moments = sorted(now + timedelta(seconds=self._rng.uniform(0, seconds)) for _ in parts)
        if fate == "part":
            parts, moments = parts[:-1] or parts, moments[: max(len(parts) - 1, 1)]
            order.ends, order.outcome = moments[-1], self._rng.choice(("cancelled", "expired"))
        for at, part in zip(moments, parts, strict=True):
            lag = self._rng.choice((0, 0, 0, 1, 5, 30)) if self.trouble else 0
            order.executions.append(_Execution(at, at + timedelta(seconds=lag), part))

    def _split(self, quantity: Decimal) -> list[Decimal]:
        parts, left = [], quantity
        for _ in range(self._rng.randint(1, 3)):
            part = (left * Decimal(str(round(self._rng.uniform(0.2, 0.7), 3)))).quantize(LOT, ROUND_DOWN)
            if ZERO < part < left:
                parts.append(part)
                left -= part
        return [*parts, left]

    def _pass(self) -> datetime:
        """Let everything happen that is due by now, in the order of time."""
        now = self._now()
        # Accepting one lets time pass here again, in which others of them may arrive.
        while arrived := min((one for one in self._coming if one[0] <= now), key=lambda one: one[0], default=None):
            self._coming.remove(arrived)
            if arrived[1].client_order_id in self.orders:
                self.sent_again.append(arrived[1].client_order_id)
            else:
                self._accept(arrived[1])
        due = [(one.at, o) for o in self.orders.values() for one in o.executions if not one.number and one.at <= now]
        for at, order in sorted(due, key=lambda one: (one[0], one[1].number)):
            self._execute(order, next(one for one in order.executions if not one.number and one.at == at))
        return now

    def _execute(self, order: Placed, one: _Execution) -> None:
        request = order.request
        base, quote = request.symbol.split("/")
        is_buy = request.side == "buy"
        self._numbers += 1
        one.number = self._numbers
        middle = self._price(request.symbol)
        one.price = (middle * (1 + SPREAD if is_buy else 1 - SPREAD)).quantize(Decimal("0.01"))
        notional = one.price * one.quantity
        got = base if is_buy else quote
        one.fee_asset = {"quote": quote, "received": got, "coin": COIN}[self._fees]
        worth = {quote: notional, base: one.quantity, COIN: notional / COIN_PRICE}[one.fee_asset]
        one.fee = (worth * FEE).quantize(Decimal("1e-10"))
        sign = 1 if is_buy else -1
        for asset, change in ((base, sign * one.quantity), (quote, -sign * notional), (one.fee_asset, -one.fee)):
            self.totals[asset] = self.totals.get(asset, ZERO) + change

    # --- telling ---------------------------------------------------------------------------------------------------

    def _seen(self, order: Placed, old: timedelta = timedelta(0)) -> OrderReport:
        """The order as this answer has it: perhaps as it was a moment ago, its trades perhaps in another order, one
        perhaps twice."""
        report = self._report(order, max(self._pass() - old, order.at))
        trades = list(report.trades)
        if trades and self._happens():
            self._rng.shuffle(trades)
            trades += [self._rng.choice(trades)]
        return _with(report, trades)

    def _report(self, order: Placed, seen: datetime) -> OrderReport:
        told = [one for one in order.executions if one.number and one.at <= seen and one.told <= seen]
        return OrderReport(
            client_order_id=order.request.client_order_id,
            venue_order_id=str(order.number),
            symbol=order.request.symbol,
            side=order.request.side,
            quantity=order.request.quantity,
            filled_quantity=order.filled(seen),
            status=order.status(seen),
            trades=tuple(self._trade(order, one) for one in told),
            at=order.at,
        )

    @staticmethod
    def _trade(order: Placed, one: _Execution) -> TradeReport:
        return TradeReport(
            trade_id=str(one.number),
            client_order_id=order.request.client_order_id,
            symbol=order.request.symbol,
            side=order.request.side,
            price=one.price,
            quantity=one.quantity,
            fee=one.fee,
            fee_asset=one.fee_asset,
            liquidity="taker",
            at=one.at,
            venue_order_id=str(order.number),
        )


def _with(report: OrderReport, trades: Sequence[TradeReport]) -> OrderReport:
    return OrderReport(
        client_order_id=report.client_order_id,
        venue_order_id=report.venue_order_id,
        symbol=report.symbol,
        side=report.side,
        quantity=report.quantity,
        filled_quantity=report.filled_quantity,
        status=report.status,
        trades=tuple(trades),
        at=report.at,
    )
