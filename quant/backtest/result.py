"""What a backtest found: trades in columns, the equity curve, and what is still open.

Trades stay in arrays, because a run over a million bars makes tens of thousands of them; iterating gives `Trade`s.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np

from quant import metrics
from quant.backtest.config import Config
from quant.candles import YEAR_MS, Floats, Ints, usual_step

REASONS: Final = ("open", "exit", "reverse", "stop", "trail", "target")


@dataclass(frozen=True)
class Trade:
    """A completed round trip, from flat to flat.

    Times are the opening ts (ms UTC) of the bars it was filled in, prices averages over its fills, `quantity` what was
    entered in base, `pnl` in quote, net of `fee` and `funding`. `instrument` is its index in a run over several.
    """

    entry_ts: int
    exit_ts: int
    side: str
    entry_price: float
    exit_price: float
    quantity: float
    fee: float
    funding: float
    pnl: float
    reason: str
    instrument: int = 0


@dataclass(frozen=True, eq=False)
class Trades:
    """Completed trades as arrays of equal length, in the order in which they ended."""

    entry_bar: Ints
    exit_bar: Ints
    entry_ts: Ints
    exit_ts: Ints
    side: Ints
    entry_price: Floats
    exit_price: Floats
    quantity: Floats
    fee: Floats
    funding: Floats
    pnl: Floats
    reason: Ints
    instrument: Ints

    def __len__(self) -> int:
        return int(self.pnl.size)

    def __getitem__(self, index: int) -> Trade:
        return Trade(
            entry_ts=int(self.entry_ts[index]),
            exit_ts=int(self.exit_ts[index]),
            side="long" if self.side[index] > 0 else "short",
            entry_price=float(self.entry_price[index]),
            exit_price=float(self.exit_price[index]),
            quantity=float(self.quantity[index]),
            fee=float(self.fee[index]),
            funding=float(self.funding[index]),
            pnl=float(self.pnl[index]),
            reason=REASONS[int(self.reason[index])],
            instrument=int(self.instrument[index]),
        )

    def __iter__(self) -> Iterator[Trade]:
        return (self[index] for index in range(len(self)))


@dataclass(frozen=True)
class OpenPosition:
    """What is held after the last bar: signed quantity in base, average entry price, protective prices or None."""

    entry_ts: int
    quantity: float
    entry_price: float
    stop: float | None
    target: float | None
    unrealized_pnl: float
    instrument: int = 0


@dataclass(frozen=True, eq=False)
class BacktestResult:
    """The outcome of a run: `ts` `(T,)`, `equity` `(T,)` at each close in quote, open positions marked to market.

    An open position is not a trade yet: it counts in equity and not in `trades`.
    """

    config: Config
    ts: Ints
    equity: Floats
    trades: Trades
    open_positions: tuple[OpenPosition, ...]
    refused_entries: int
    exposed_bars: int

    @property
    def final_equity(self) -> float:
        """Equity after the last bar; the cash one started with when there are no bars."""
        return float(self.equity[-1]) if self.equity.size else self.config.cash

    @cached_property
    def periods_per_year(self) -> float:
        """Moments in 365 days by their usual distance; NaN under two."""
        return YEAR_MS / usual_step(self.ts) if self.ts.size > 1 else math.nan

    @cached_property
    def metrics(self) -> dict[str, Any]:
        """The table of `quant.metrics.summary` for this run; figures that a sample is too small for are None."""
        curve = np.concatenate(([self.config.cash], self.equity))
        table = metrics.summary(curve, periods_per_year=self.periods_per_year)
        traded = metrics.trade_summary(self.trades.pnl)
        notional = self.trades.quantity * (self.trades.entry_price + self.trades.exit_price)
        bars = self.equity.size
        return {
            **table,
            **traded,
            "fees": float(self.trades.fee.sum()),
            "turnover": metrics.turnover(notional, curve, periods_per_year=self.periods_per_year),
            "exposure": self.exposed_bars / bars if bars else None,
            "refused_entries": self.refused_entries,
        }
