"""Performance figures: pure functions of arrays, fractions not percent, None where nothing can be known."""

from quant.metrics.returns import annualised_return, growth, total_return, twr_index, twr_returns, xirr
from quant.metrics.risk import (
    MINIMUM_SAMPLE,
    Drawdown,
    Sharpe,
    calmar,
    drawdown_series,
    drawdowns,
    expected_shortfall,
    sharpe,
    sortino,
    value_at_risk,
    volatility,
)
from quant.metrics.rolling import (
    rolling_drawdown,
    rolling_return,
    rolling_sharpe,
    rolling_sortino,
    rolling_volatility,
)
from quant.metrics.table import summary
from quant.metrics.trades import (
    average_loss,
    average_win,
    expectancy,
    exposure,
    longest_streak,
    profit_factor,
    trade_summary,
    turnover,
    win_rate,
)

__all__ = [
    "MINIMUM_SAMPLE", "Drawdown", "Sharpe", "annualised_return", "average_loss", "average_win", "calmar",
    "drawdown_series", "drawdowns", "expectancy", "expected_shortfall", "exposure", "growth", "longest_streak",
    "profit_factor", "rolling_drawdown", "rolling_return", "rolling_sharpe", "rolling_sortino", "rolling_volatility",
    "sharpe", "sortino", "summary", "total_return", "trade_summary", "turnover", "twr_index", "twr_returns",
    "value_at_risk", "volatility", "win_rate", "xirr",
]  # fmt: skip
