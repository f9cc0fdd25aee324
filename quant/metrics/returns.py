"""Returns of something that money flows into and out of.

A time-weighted return (TWR) measures what the manager did: every cash flow ends one sub-period and starts the next, so
deposits are never gains (Bacon, *Practical Portfolio Performance Measurement and Attribution*; GIPS). The
money-weighted return (XIRR) measures what the owner got: the yearly rate at which all flows and the final value cancel.
"""

from __future__ import annotations

import numpy as np

from quant.candles import YEAR_MS, Floats, Ints
from quant.errors import ParameterError

_LOWEST_RATE = -0.999999
_HIGHEST_RATE = 1e6
_BISECTIONS = 200


def twr_returns(values: Floats, flows: Floats | None = None) -> Floats:
    """Return of each period as a fraction, `(T - 1,)`, from `T` valuations.

    `values[t]` is the value right after `flows[t]` came in (positive) or went out (negative), so
    r_t = (values[t] - flows[t]) / values[t-1] - 1. For flows between valuations value at the moment of the flow, which
    is what a snapshot per flow does. The flow of the first valuation is the starting capital and is ignored.

    Nothing invested and nothing gained (0 → 0) is a return of 0. A period that starts at zero and gains, or starts
    below zero, has no return: NaN, which makes every figure built on it None.
    """
    values = np.asarray(values, dtype=np.float64)
    if flows is not None and np.shape(flows) != values.shape:
        raise ParameterError(f"Give one flow per valuation: {np.shape(flows)} flows for {values.shape} valuations.")
    if values.size < 2:
        return np.empty(0)
    before, after = values[:-1], values[1:]
    if flows is not None:
        after = after - np.asarray(flows, dtype=np.float64)[1:]
    if before.min() > 0:
        return after / before - 1.0
    with np.errstate(divide="ignore", invalid="ignore"):
        returns = np.where(before > 0, after / before - 1.0, np.nan)
    returns[(before == 0) & (after == 0)] = 0.0
    return returns


def twr_index(values: Floats, flows: Floats | None = None) -> Floats:
    """Growth of 1 by time-weighted returns, `(T,)`, starting at 1."""
    return growth(twr_returns(values, flows)) if len(values) else np.empty(0)


def growth(returns: Floats) -> Floats:
    """Growth of 1 through `(n,)` returns: `(n + 1,)` starting at 1."""
    index = np.empty(returns.size + 1)
    index[0] = 1.0
    np.add(returns, 1.0, out=index[1:])
    return np.multiply.accumulate(index, out=index)


def total_return(returns: Floats) -> float | None:
    """All returns compounded; None without any or with a NaN among them."""
    total = float(np.prod(1.0 + returns)) - 1.0 if returns.size else np.nan
    return total if np.isfinite(total) else None


def annualised_return(returns: Floats, *, periods_per_year: float) -> float | None:
    """(1 + total) ^ (periods_per_year / n) - 1; -1 when everything was lost; None as for `total_return`."""
    return yearly_rate(total_return(returns), periods=returns.size, periods_per_year=periods_per_year)


def yearly_rate(total: float | None, *, periods: int, periods_per_year: float) -> float | None:
    """A total return over `periods` as a rate per year; None when it is unknown or beyond any number."""
    if total is None or not np.isfinite(periods_per_year):
        return None
    if total <= -1.0:
        return -1.0
    with np.errstate(over="ignore"):
        rate = float(np.exp(np.log1p(total) * (periods_per_year / periods)) - 1.0)
    return rate if np.isfinite(rate) else None


def xirr(amounts: Floats, ts: Ints) -> float | None:
    """Yearly money-weighted return of dated flows, on 365 days.

    `amounts` are seen from the owner: money put in negative, money taken out (and the final value) positive; `ts` in
    milliseconds UTC. None when flows do not change sign or no rate between -99.9999 % and a million-fold fits.
    """
    amounts = np.asarray(amounts, dtype=np.float64)
    if amounts.size < 2 or not np.isfinite(amounts).all() or amounts.min() >= 0 or amounts.max() <= 0:
        return None
    years = (np.asarray(ts, dtype=np.int64) - int(ts[0])) / YEAR_MS

    def present_value(rate: float) -> float:
        return float(np.sum(amounts * np.exp(-years * np.log1p(rate))))

    low, high = _LOWEST_RATE, _HIGHEST_RATE
    with np.errstate(over="ignore"):
        at_low = present_value(low)
        if at_low * present_value(high) > 0 or not np.isfinite(at_low):
            return None
        for _ in range(_BISECTIONS):
            middle = (low + high) / 2
            if not low < middle < high:
                return middle  # no number lies between them
            value = present_value(middle)
            if value == 0:
                return middle
            low, high = (middle, high) if value * at_low > 0 else (low, middle)
    return (low + high) / 2
