"""An exchange that fails in every way that the protocol of venues allows, in memory, from a seed.

What it has accepted it carries out, whatever it told: orders are filled at once, in parts, later, in part or not at
all, and those with a limit or a trigger when the market is there; one that rests is changed in its place, or ended and
another placed by one message. Its answers get lost, are older than what was told before, or hold a trade twice and
others not yet. Messages may arrive seconds after their sender has given up. It is stricter than the protocol in one
thing: an order that is sent while it is known is counted, so that no sending is forgiven.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from random import Random
from typing import Final

from moniqo.simulation.placed import SPREAD, ZERO, Execution, Placed, Terms
from moniqo.simulation.unasked import Unasked
from wallets.venues.amending import Change
from wallets.venues.base import (
    BalanceReport,
    OrderReport,
    OrderRequest,
    TradeReport,
    VenueAmbiguousError,
    VenueAnswerError,
    VenueCredentialsError,
    VenueRejectedError,
    VenueUnavailableError,
)

LOT: Final = Decimal("0.001")
FEE: Final = Decimal("0.001")
# What fees are paid in by a seed: the quote asset, what was got, or an asset of the exchange's own.
FEES: Final = ("quote", "received", "coin")
COIN: Final = "COIN"
COIN_PRICE: Final = Decimal(500)
# A message that is on its way arrives within this, an older state is seen for so long: less than any grace of ours.
LATEST: Final = 25.0
OLDEST: Final = 4.0
# What becomes of an order, and how often of a hundred.
FATES: Final = {"at once": 48, "in parts": 12, "slowly": 14, "later": 8, "part": 8, "nothing": 5, "refused": 5}


class Exchange(Unasked):
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
        self._coming: list[tuple[datetime, Callable[[], object]]] = []
        self._rng, self._now, self._price, self._step, self._fees = rng, now, price, step, fees
        self._numbers = 0

    # --- what a test asks ------------------------------------------------------------------------------------------

    def calm(self) -> None:
        """No fault from here on; what is on its way or half done still happens."""
        self.trouble, self._away_until = 0.0, None

    @contextmanager
    def reliable(self) -> Iterator[None]:
        """No fault inside the block."""
        trouble, self.trouble = self.trouble, 0.0
        yield
        self.trouble = trouble

    def trades(self) -> Iterator[TradeReport]:
        """Every execution so far, told or not."""
        now = self._pass()
        for order in self.orders.values():
            yield from (order.trade(one) for one in order.executions if one.number and one.at <= now)

    def status(self, client_order_id: str) -> str:
        """What has become of an order."""
        return self.orders[client_order_id].status(self._pass())

    # --- what happens there without us -----------------------------------------------------------------------------

    def reach(self) -> None:
        """The market has moved: what rests there and is met is filled, whether somebody asks or not."""
        self._pass()

    def cancel_by_hand(self, client_order_id: str) -> None:
        """Its owner ends an order there."""
        now = self._pass()
        order = self.orders[client_order_id]
        if order.rests(now):
            order.cut(now)

    def forget(self, client_order_id: str) -> None:
        """From here on nobody finds it there, and nothing more becomes of it; its trades are still in the list. How it
        ended, where it was not filled, nobody can learn: it counts as cancelled."""
        self.cancel_by_hand(client_order_id)
        order = self.orders[client_order_id]
        order.forgotten, order.outcome = True, "cancelled"

    # --- the protocol ----------------------------------------------------------------------------------------------

    def submit(self, request: OrderRequest) -> OrderReport:
        self._begin("submit")
        fault = self.fault(("lost", "late", "late", "answer lost", "answer lost", "garbled", "refused", "key"))
        if fault == "refused":
            raise VenueRejectedError("No such order today.")
        if fault == "key":
            raise VenueCredentialsError("The key is not known.")
        if fault == "lost":
            raise VenueAmbiguousError("The request timed out.")
        if fault == "late":
            self._arrives_late(lambda: self._take(request))
            raise VenueAmbiguousError("The request timed out.")
        order = self._take(request)
        report = order.report(self._pass())
        self._step("submit done")
        if fault == "answer lost":
            raise VenueAmbiguousError("The answer timed out.")
        if fault == "garbled":
            raise VenueAnswerError("The venue gave NaN as price.")
        if report.status == "rejected":
            raise VenueRejectedError("Refused.")
        return report

    def amend(self, change: Change) -> OrderReport:
        self._begin("amend")
        fault = self.fault(("lost", "late", "late", "answer lost", "answer lost", "refused"))
        if fault == "refused":
            raise VenueRejectedError("Not now.")
        if fault in ("lost", "late"):
            if fault == "late":
                self._arrives_late(lambda: self._change(change))
            raise VenueAmbiguousError("The request timed out.")
        order = self._change(change)
        self._step("amend done")
        if fault == "answer lost":
            raise VenueAmbiguousError("The answer timed out.")
        if order is None:
            raise VenueRejectedError("There is no such order that rests.")
        return self._seen(order)

    def replace(self, client_order_id: str, request: OrderRequest) -> OrderReport:
        self._begin("replace")
        fault = self.fault(("lost", "late", "answer lost", "answer lost", "refused"))
        if fault == "refused":
            raise VenueRejectedError("Not now.")
        if fault in ("lost", "late"):
            if fault == "late":
                self._arrives_late(lambda: self._replace(client_order_id, request))
            raise VenueAmbiguousError("The request timed out.")
        order = self._replace(client_order_id, request)
        self._step("replace done")
        if fault == "answer lost":
            raise VenueAmbiguousError("The answer timed out.")
        if order is None or order.status(self._now()) == "rejected":
            raise VenueRejectedError("The first was left, or the other turned down.")
        return self._seen(order)

    def cancel(self, client_order_id: str, symbol: str) -> OrderReport:
        self._begin("cancel")
        fault = self.fault(("lost", "answer lost"))
        if fault == "lost":
            raise VenueAmbiguousError("The request timed out.")
        now = self._pass()
        order = self._find(client_order_id)
        if order is None:
            raise VenueRejectedError("There is no such order.")
        if order.rests(now):
            order.cut(now + timedelta(seconds=self._rng.choice((0, 0, 2))))
        self._step("cancel done")
        if fault:
            raise VenueAmbiguousError("The answer timed out.")
        return self._seen(order)

    def order(self, client_order_id: str, symbol: str) -> OrderReport | None:
        self._begin("order")
        if self.fault(("no answer",)):
            raise VenueAmbiguousError("The answer timed out.")
        order = self._find(client_order_id)
        old = timedelta(seconds=self._rng.uniform(0, OLDEST)) if self._happens() else timedelta(0)
        if order is None or order.at > self._now() - old:
            return None
        report = self._seen(order, old)
        self._step("order done")
        return report

    def open_orders(self) -> tuple[OrderReport, ...]:
        self._begin("open_orders")
        if self.fault(("no answer",)):
            raise VenueAmbiguousError("The answer timed out.")
        now = self._pass()
        listed = [one for one in self.orders.values() if one.rests(now) and not one.forgotten]
        return tuple(self._seen(one) for one in listed if not self._happens())

    def balances(self) -> tuple[BalanceReport, ...]:
        self._begin("balances")
        if self.fault(("no answer",)):
            raise VenueAmbiguousError("The answer timed out.")
        return tuple(BalanceReport(asset, total, total) for asset, total in sorted(self.totals.items()) if total)

    def trades_since(self, since: datetime, symbol: str | None = None) -> tuple[TradeReport, ...]:
        self._begin("trades_since")
        found = [one for one in self.trades() if one.at >= since and symbol in (None, one.symbol)]
        return tuple(sorted(found, key=lambda one: one.at))

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

    def fault(self, kinds: Sequence[str]) -> str:
        """Which of them happens to a message now; mostly none."""
        return self._rng.choice(kinds) if self._happens() else ""

    # --- matching --------------------------------------------------------------------------------------------------

    def _arrives_late(self, message: Callable[[], object]) -> None:
        self._coming.append((self._now() + timedelta(seconds=self._rng.uniform(1, LATEST)), message))

    def _find(self, client_order_id: str) -> Placed | None:
        order = self.orders.get(client_order_id)
        return None if order is None or order.forgotten else order

    def _take(self, request: OrderRequest) -> Placed:
        known = self.orders.get(request.client_order_id)
        if known is None:
            return self._accept(request)
        self.sent_again.append(request.client_order_id)
        return known

    def _change(self, change: Change) -> Placed | None:
        """Give it other terms; None where it does not rest. To ask for the same a second time changes nothing."""
        now = self._pass()
        order = self.orders.get(change.client_order_id)
        if order is None or not order.rests(now):
            return None
        filled, terms = order.filled(now), order.terms(now)
        if (terms.quantity, terms.price) != (change.quantity, change.price):
            order.changes.append(Terms(now, max(change.quantity, filled), change.price))
            order.parts = self._split(change.quantity - filled) if change.quantity > filled else []
        self._pass()
        return order

    def _replace(self, client_order_id: str, request: OrderRequest) -> Placed | None:
        """End it as long as nothing of it is filled, and take the other; None where it was left as it is."""
        now = self._pass()
        order = self.orders.get(client_order_id)
        if order is None or not order.rests(now) or order.filled(now):
            return None
        order.ends, order.outcome, order.parts = now, "cancelled", []
        return self._take(request)

    def _accept(self, request: OrderRequest) -> Placed:
        self._numbers += 1
        now = self._now()
        order = Placed(request, self._numbers, now)
        self.orders[request.client_order_id] = order
        if request.type == "limit":
            return self._accept_limit(order)
        fate = self._fate()
        if fate == "refused" or request.quantity % LOT or order.is_touched(self._price(request.symbol)):
            order.ends, order.outcome = now, "rejected"
        elif request.type != "stop":
            self._plan(order, fate, now)
        self._pass()
        return order

    def _fate(self) -> str:
        return self._rng.choices(list(FATES), list(FATES.values()))[0] if self.trouble else "at once"

    def _accept_limit(self, order: Placed) -> Placed:
        """It rests until the market is at its limit. An order that ends at a moment is not ended by every exchange."""
        request = order.request
        if request.post_only and order.is_met(self._price(request.symbol), order.at):
            order.ends, order.outcome = order.at, "rejected"
            return order
        order.parts = self._split(request.quantity)
        if request.expires_at is not None and self._rng.random() < 0.5:
            order.ends, order.outcome = request.expires_at, "expired"
        self._pass()
        return order

    def _meet(self, order: Placed, now: datetime) -> None:
        """Fill a part of it, or all, if the market is at its limit; a stop is an order at the market once it is at its
        trigger."""
        is_idle = order.triggered_at is None and order.ends is None
        if is_idle and order.is_touched(self._price(order.request.symbol)):
            order.triggered_at = now
            self._plan(order, self._fate(), now)
        if not order.parts or not order.rests(now) or not order.is_met(self._price(order.request.symbol), now):
            return
        count = self._rng.randint(1, len(order.parts))
        met, order.parts = order.parts[:count], order.parts[count:]
        for part in met:
            lag = self._rng.choice((0, 0, 1, 5, 30)) if self.trouble else 0
            order.executions.append(
                Execution(now, now + timedelta(seconds=lag), part, price=order.terms(now).price or ZERO)
            )

    def _plan(self, order: Placed, fate: str, now: datetime) -> None:
        """When how much of it is to be filled, and when the list of trades tells it."""
        quantity = order.request.quantity
        if fate in ("nothing", "refused"):
            order.ends, order.outcome = now + timedelta(seconds=self._rng.choice((0, 20))), "expired"
            return
        parts = [quantity] if fate in ("at once", "later") else self._split(quantity)
        seconds = {"slowly": 40.0, "later": 60.0, "part": 15.0}.get(fate, 0.0)
        moments = sorted(now + timedelta(seconds=self._rng.uniform(0, seconds)) for _ in parts)
        if fate == "part":
            parts, moments = parts[:-1] or parts, moments[: max(len(parts) - 1, 1)]
            order.ends, order.outcome = moments[-1], self._rng.choice(("cancelled", "expired"))
        for at, part in zip(moments, parts, strict=True):
            lag = self._rng.choice((0, 0, 0, 1, 5, 30)) if self.trouble else 0
            order.executions.append(Execution(at, at + timedelta(seconds=lag), part))

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
            known = set(self.orders)
            arrived[1]()
            for name in self.orders.keys() - known:  # it was there since then, though nobody has asked meanwhile
                self.orders[name].at = arrived[0]
        for order in self.orders.values():
            self._meet(order, now)
        due = [(one.at, o) for o in self.orders.values() for one in o.executions if not one.number and one.at <= now]
        for at, order in sorted(due, key=lambda one: (one[0], one[1].number)):
            self._execute(order, next(one for one in order.executions if not one.number and one.at == at))
        return now

    def _execute(self, order: Placed, one: Execution) -> None:
        request = order.request
        base, quote = request.symbol.split("/")
        is_buy = request.side == "buy"
        self._numbers += 1
        one.number = self._numbers
        middle = self._price(request.symbol)
        if not one.price:
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
        report = order.report(max(self._pass() - old, order.at))
        trades = list(report.trades)
        if trades and self._happens():
            self._rng.shuffle(trades)
            trades += [self._rng.choice(trades)]
        return replace(report, trades=tuple(trades))
