"""Statistics of closed trades, from their profit and loss net of fees.

A trade of exactly zero is neither won nor lost but counts as a trade. All are None without trades.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from quant.candles import Bools, Floats, Ints


def win_rate(pnl: Floats) -> float | None:
    """Share of trades that made money."""
    return float((pnl > 0).mean()) if pnl.size else None


def profit_factor(pnl: Floats) -> float | None:
    """Sum of profits over sum of losses; None when nothing was lost, 0 when nothing was won."""
    lost = -float(pnl[pnl < 0].sum())
    return float(pnl[pnl > 0].sum()) / lost if lost > 0 else None


def expectancy(pnl: Floats) -> float | None:
    """Mean profit and loss of a trade, in quote."""
    return float(pnl.mean()) if pnl.size else None


def average_win(pnl: Floats) -> float | None:
    """Mean profit of winning trades; None without one."""
    won = pnl[pnl > 0]
    return float(won.mean()) if won.size else None


def average_loss(pnl: Floats) -> float | None:
    """Mean result of losing trades, below zero; None without one."""
    lost = pnl[pnl < 0]
    return float(lost.mean()) if lost.size else None


def longest_streak(hits: Bools) -> int:
    """Length of the longest unbroken run of True."""
    if not hits.any():
        return 0
    padded = np.concatenate(([False], hits, [False])).astype(np.int8)
    edges = np.flatnonzero(np.diff(padded))
    return int((edges[1::2] - edges[::2]).max())


def trade_summary(pnl: Floats) -> dict[str, Any]:
    """Every figure of this module by name, for trades in the order in which they ended."""
    return {
        "trades": int(pnl.size),
        "win_rate": win_rate(pnl),
        "profit_factor": profit_factor(pnl),
        "expectancy": expectancy(pnl),
        "average_win": average_win(pnl),
        "average_loss": average_loss(pnl),
        "best_trade": float(pnl.max()) if pnl.size else None,
        "worst_trade": float(pnl.min()) if pnl.size else None,
        "winning_streak": longest_streak(pnl > 0),
        "losing_streak": longest_streak(pnl < 0),
    }


def turnover(notional: Floats, equity: Floats, *, periods_per_year: float) -> float | None:
    """Traded notional per year over mean equity; `notional` per fill or trade, `equity` one value per period and start.

    None under two equity values or when mean equity is not positive.
    """
    if equity.size < 2 or not np.isfinite(periods_per_year):
        return None
    mean = float(equity.mean())
    return float(notional.sum()) / mean * periods_per_year / (equity.size - 1) if mean > 0 else None


def exposure(entry_ts: Ints, exit_ts: Ints, *, start_ms: int, end_ms: int) -> float | None:
    """Share of the time from start to end in which at least one trade was open; times in milliseconds."""
    if end_ms <= start_ms:
        return None
    order = np.argsort(entry_ts, kind="stable")
    begins = np.clip(np.asarray(entry_ts)[order], start_ms, end_ms)
    ends = np.maximum.accumulate(np.clip(np.asarray(exit_ts)[order], start_ms, end_ms)) if order.size else begins
    covered_until = np.concatenate(([start_ms], ends[:-1]))
    fresh = np.maximum(ends - np.maximum(begins, covered_until), 0) if order.size else begins
    return float(fresh.sum()) / (end_ms - start_ms)
