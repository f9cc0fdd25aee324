"""The fill rules a second time, in plain slow Python, written from the rules and not from the kernel.

It exists to disagree: the tests run both on random data under random options and compare every trade. It keeps orders
and fills as objects and derives trades from the fills, where the kernel keeps running sums.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from typing import Any

import numpy as np

from quant.backtest.config import Config
from quant.backtest.result import Trade
from quant.candles import Candles, Floats
from quant.strategies.base import Intents


@dataclass(eq=False)
class _Fill:
    moment: int
    signed_quantity: float
    price: float
    fee: float


@dataclass(eq=False)
class _Book:
    """One instrument: its data, what is held, and what is still to be done."""

    candles: Candles
    intents: Intents
    funding: Floats | None
    volatility: list[float]
    bar_at: dict[int, int]
    fills: list[_Fill] = field(default_factory=list)
    funding_paid: float = 0.0
    stop: float | None = None
    target: float | None = None
    trail: float | None = None
    extreme: float = 0.0
    stop_is_trail: bool = False
    leaving: str | None = None
    last_bar: int | None = None
    price: float = 0.0
    room: float = math.inf
    left_at: int = -1
    trades: list[Trade] = field(default_factory=list)

    @property
    def held(self) -> float:
        # Entries and exits are added up apart, so that leaving everything leaves exactly nothing.
        direction = self.direction
        entered = sum(abs(fill.signed_quantity) for fill in self.fills if fill.signed_quantity * direction > 0)
        gone = sum(abs(fill.signed_quantity) for fill in self.fills if fill.signed_quantity * direction < 0)
        return direction * (entered - gone)

    @property
    def direction(self) -> int:
        if not self.fills:
            return 0
        return 1 if self.fills[0].signed_quantity > 0 else -1

    @property
    def entry_count(self) -> int:
        return sum(1 for fill in self.fills if fill.signed_quantity * self.direction > 0)


@dataclass(frozen=True)
class ReferenceResult:
    """Trades in the order of their ends, equity at each moment's close, refused entries."""

    trades: list[Trade]
    equity: list[float]
    refused_entries: int


def run_reference(
    candles: Sequence[Candles],
    intents: Sequence[Intents],
    config: Config,
    *,
    funding: Sequence[Floats] | None = None,
) -> ReferenceResult:
    """What `run_portfolio` must answer, and `run_backtest` for one instrument."""
    return _Account(candles, intents, config, funding).run()


class _Account:
    def __init__(
        self,
        candles: Sequence[Candles],
        intents: Sequence[Intents],
        config: Config,
        funding: Sequence[Floats] | None,
    ) -> None:
        self.config = config
        self.cash = config.cash
        self.refused = 0
        self.finished: list[Trade] = []
        self.moments = sorted({int(ts) for one in candles for ts in one.ts})
        self.books = [
            _Book(
                candles=one,
                intents=_of_agent(one, wants, config),
                funding=None if funding is None else funding[index],
                volatility=_volatilities(one, config),
                bar_at={int(ts): bar for bar, ts in enumerate(one.ts)},
            )
            for index, (one, wants) in enumerate(zip(candles, intents, strict=True))
        ]

    def run(self) -> ReferenceResult:
        equity = []
        for moment, ts in enumerate(self.moments):
            trading = [book for book in self.books if ts in book.bar_at]
            for book in trading:
                self._open(book, moment, book.bar_at[ts])
            if self.config.fill == "next_open":
                self._enter(trading, moment)
            for book in trading:
                book.last_bar = book.bar_at[ts]
                book.price = float(book.candles.close[book.last_bar])
                self._inside(book, moment, book.last_bar)
            if self.config.fill == "signal_close":
                for book in trading:
                    book.left_at = -1  # what left inside the bar was another order
                    if book.leaving is None:
                        self._exit_on_signal(book, moment)
                self._enter(trading, moment)
            equity.append(self._equity())
        return ReferenceResult(self.finished, equity, self.refused)

    def _equity(self) -> float:
        return self.cash + sum(book.held * book.price for book in self.books)

    def _open(self, book: _Book, moment: int, bar: int) -> None:
        book.price = float(book.candles.open[bar])
        cap = self.config.volume_cap
        book.room = math.inf if cap is None else cap * float(book.candles.volume[bar])
        if book.funding is not None and book.held:
            paid = book.held * book.price * float(book.funding[bar])
            self.cash -= paid
            book.funding_paid += paid
        if book.leaving is not None:
            self._leave_at_market(book, moment, book.price, book.leaving)
        elif self.config.fill == "next_open":
            self._exit_on_signal(book, moment)

    def _exit_on_signal(self, book: _Book, moment: int) -> None:
        if not book.held or book.last_bar is None:
            return
        wish = int(book.intents.enter[book.last_bar])
        if wish == -book.direction:
            self._leave_at_market(book, moment, book.price, "reverse")
        elif book.intents.exit[book.last_bar]:
            self._leave_at_market(book, moment, book.price, "exit")

    def _enter(self, trading: list[_Book], moment: int) -> None:
        equity = self._equity()
        used = sum(abs(book.held) * book.price for book in self.books)
        for book in trading:
            if book.last_bar is None:
                continue
            side = int(book.intents.enter[book.last_bar])
            if side == 0 or book.leaving is not None or book.direction == -side:
                continue
            if book.entry_count >= self.config.max_entries or (self.config.market and book.left_at == moment):
                continue
            fill = book.price * (1 + self.config.slippage * side)
            quantity = min(self._quantity(book, fill, equity, used), book.room)
            dust = self.config.size.kind != "units" and quantity * fill <= 1e-9 * equity
            if self.config.market:
                lot = float(self.config.market.lot)
                quantity = math.floor(quantity / lot) * lot
                dust = dust or quantity * fill < self.config.market.minimum or self._is_passed(book)
            if quantity <= 0 or dust:
                self.refused += 1
                continue
            fee = quantity * fill * self.config.taker_fee
            self._fill(book, moment, side * quantity, fill, fee)
            used += quantity * fill + fee
            self._protect(book, side)

    def _is_passed(self, book: _Book) -> bool:
        bar, price = book.last_bar, book.price
        stop, target, trail = (float(getattr(book.intents, name)[bar]) for name in ("stop", "target", "trail"))
        return price <= stop or price >= target or price <= trail

    def _quantity(self, book: _Book, fill: float, equity: float, used: float) -> float:
        bar = book.last_bar
        weight = float(book.intents.size[bar])
        weight = 1.0 if math.isnan(weight) else weight
        if weight <= 0 or equity <= 0:
            return 0.0
        unit_cost = fill + fill * self.config.taker_fee
        cushion = float(self.config.market.cushion) if self.config.market else 0.0
        most = (self.config.leverage * equity - used) / (unit_cost + fill * cushion)
        size = self.config.size
        match size.kind:
            case "units":
                fixed = size.amount * weight
                return fixed if fixed <= most * (1 + 1e-12) else 0.0
            case "fraction":
                wanted = size.amount * weight * equity / unit_cost
            case "risk":
                loss = abs(fill - float(book.intents.stop[bar]))
                wanted = size.amount * weight * equity / loss if loss > 0 else 0.0
            case _:
                swing = book.volatility[bar or 0]
                wanted = size.amount * weight * equity / swing / unit_cost if swing > 0 else 0.0
        return max(0.0, min(wanted, most))

    def _protect(self, book: _Book, side: int) -> None:
        bar = book.last_bar
        stop, target, trail = (
            None if math.isnan(value) else value
            for value in (
                float(book.intents.stop[bar]),
                float(book.intents.target[bar]),
                float(book.intents.trail[bar]),
            )
        )
        if book.entry_count == 1:
            book.extreme = book.price
        if stop is not None:
            book.stop, book.stop_is_trail = stop, False
        book.target = book.target if target is None else target
        book.trail = book.trail if trail is None else trail
        self._follow(book, side)

    def _follow(self, book: _Book, side: int) -> None:
        if book.trail is None:
            return
        level = book.extreme - side * book.trail
        if self.config.market:
            level = _to_tick(level, self.config.market.tick)
        if book.stop is None or (level > book.stop if side > 0 else level < book.stop):
            book.stop, book.stop_is_trail = level, True

    def _inside(self, book: _Book, moment: int, bar: int) -> None:
        side = book.direction
        if side == 0 or book.leaving is not None:
            return
        opened, high, low = (float(getattr(book.candles, name)[bar]) for name in ("open", "high", "low"))
        worst, best = (low, high) if side > 0 else (high, low)
        at_open = self.config.gap == "open"
        if self.config.market:
            book.extreme = max(book.extreme, opened)
            self._follow(book, side)
        gained = self.config.market and book.target is not None and opened >= book.target
        gained = gained and not (book.stop is not None and opened <= book.stop)
        if not gained and book.stop is not None and side * (worst - book.stop) <= 0:
            gapped = at_open and side * (opened - book.stop) < 0
            price = opened if gapped else book.stop
            self._leave_at_market(book, moment, price, "trail" if book.stop_is_trail else "stop")
        elif book.target is not None and side * (best - book.target) >= 0:
            gapped = at_open and side * (opened - book.target) > 0
            rate = self.config.taker_fee if self.config.market else self.config.maker_fee
            self._leave(book, moment, opened if gapped else book.target, rate, "target")
        else:
            book.extreme = max(book.extreme, high) if side > 0 else min(book.extreme, low)
            self._follow(book, side)

    def _leave_at_market(self, book: _Book, moment: int, price: float, reason: str) -> None:
        slipped = price * (1 - self.config.slippage * book.direction)
        self._leave(book, moment, slipped, self.config.taker_fee, reason)

    def _leave(self, book: _Book, moment: int, price: float, rate: float, reason: str) -> None:
        held = abs(book.held)
        quantity = min(held, book.room)
        if quantity > 0:
            self._fill(book, moment, -book.direction * quantity, price, quantity * price * rate)
        if quantity < held:
            book.leaving = reason
            return
        self._close(book, moment, reason)

    def _fill(self, book: _Book, moment: int, signed_quantity: float, price: float, fee: float) -> None:
        book.fills.append(_Fill(moment, signed_quantity, price, fee))
        book.room -= abs(signed_quantity)
        self.cash -= signed_quantity * price + fee

    def _close(self, book: _Book, moment: int, reason: str) -> None:
        side = book.direction
        entries = [fill for fill in book.fills if fill.signed_quantity * side > 0]
        exits = [fill for fill in book.fills if fill.signed_quantity * side < 0]
        fee = sum(fill.fee for fill in book.fills)
        gain = -sum(fill.signed_quantity * fill.price for fill in book.fills)
        self.finished.append(
            Trade(
                entry_ts=self.moments[entries[0].moment],
                exit_ts=self.moments[moment],
                side="long" if side > 0 else "short",
                entry_price=_average(entries),
                exit_price=_average(exits),
                quantity=sum(abs(fill.signed_quantity) for fill in entries),
                fee=fee,
                funding=book.funding_paid,
                pnl=gain - fee - book.funding_paid,
                reason=reason,
                instrument=self.books.index(book),
            )
        )
        book.fills, book.funding_paid, book.left_at = [], 0.0, moment
        book.stop = book.target = book.trail = book.leaving = None
        book.stop_is_trail = False


def _of_agent(candles: Candles, intents: Intents, config: Config) -> Intents:
    """What an agent does of it on a spot market: see `quant.backtest.Market`."""
    if config.market is None:
        return intents
    enter, leave, levels = [], [], {name: [] for name in ("stop", "target", "trail")}  # type: ignore[var-annotated]
    for bar in range(len(candles)):
        is_last = bar + 1 == len(candles)
        fresh = is_last or candles.ts[bar + 1] - candles.ts[bar] < 2 * candles.timeframe_ms
        wish = int(intents.enter[bar])
        enter.append(1 if fresh and wish > 0 else 0)
        leave.append(bool(fresh and (intents.exit[bar] or wish < 0)))
        for name, column in levels.items():
            column.append(_to_tick(float(getattr(intents, name)[bar]), config.market.tick))
    arrays = {name: np.array(column) for name, column in levels.items()}
    return Intents(enter=np.array(enter, dtype=np.int8), exit=np.array(leave), size=intents.size, **arrays)


def _to_tick(level: float, tick: Decimal) -> float:
    if math.isnan(level):
        return level
    return float((Decimal(str(level)) / tick).quantize(Decimal(1), ROUND_HALF_UP) * tick)


def _average(fills: list[_Fill]) -> float:
    quantity = sum(abs(fill.signed_quantity) for fill in fills)
    return sum(abs(fill.signed_quantity) * fill.price for fill in fills) / quantity


def _volatilities(candles: Candles, config: Config) -> list[Any]:
    """Sample deviation of log returns over the window, per year, at each bar; NaN before there are enough."""
    if config.size.kind != "volatility":
        return []
    window, closes = config.volatility_window, [float(close) for close in candles.close]
    moves = [math.log(after / before) for before, after in pairwise(closes)]
    result = []
    for bar in range(len(closes)):
        recent = moves[bar - window : bar] if bar >= window else []
        if not recent:
            result.append(math.nan)
            continue
        mean = math.fsum(recent) / window
        variance = math.fsum((move - mean) ** 2 for move in recent) / (window - 1)
        result.append(math.sqrt(variance * candles.periods_per_year))
    return result
