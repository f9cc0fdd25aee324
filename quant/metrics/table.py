"""The whole table of a value curve in one call: what a page, an API answer or a backtest shows."""

from __future__ import annotations

from typing import Any

from quant.candles import Floats
from quant.metrics import risk
from quant.metrics.returns import growth, twr_returns, yearly_rate


def summary(
    values: Floats,
    *,
    periods_per_year: float,
    flows: Floats | None = None,
    minimum: int = risk.MINIMUM_SAMPLE,
) -> dict[str, Any]:
    """Return, risk and drawdown figures of `T` valuations with cash flows as in `twr_returns`.

    Fractions, not percent. Ratios and tail figures are None under `minimum` returns. Drawdown positions count
    valuations from 0.
    """
    returns = twr_returns(values, flows)
    ratio = risk.sharpe(returns, periods_per_year=periods_per_year, minimum=minimum)
    index = growth(returns)
    worst, current = risk.drawdowns(index) if returns.size else (None, None)
    total = float(index[-1]) - 1.0 if worst else None
    yearly = yearly_rate(total, periods=returns.size, periods_per_year=periods_per_year)
    at_risk, shortfall = risk.tail(returns, minimum=minimum)
    return {
        "total_return": total,
        "annualised_return": yearly,
        "volatility": risk.volatility(returns, periods_per_year=periods_per_year),
        "sharpe": ratio.value if ratio else None,
        "sharpe_error": ratio.standard_error if ratio else None,
        "returns": int(returns.size),
        "sortino": risk.sortino(returns, periods_per_year=periods_per_year, minimum=minimum),
        "calmar": risk.calmar_of(yearly, worst) if returns.size >= minimum else None,
        "max_drawdown": worst.depth if worst else None,
        "max_drawdown_peak": worst.peak if worst else None,
        "max_drawdown_trough": worst.trough if worst else None,
        "max_drawdown_recovery": worst.recovery if worst else None,
        "current_drawdown": current,
        "value_at_risk": at_risk,
        "expected_shortfall": shortfall,
    }
