"""Backtests: `run_backtest` for one instrument, `run_portfolio` for several that share an account's cash."""

from quant.backtest.config import Config, Market, Size
from quant.backtest.engine import run_backtest, run_portfolio
from quant.backtest.result import BacktestResult, OpenPosition, Trade, Trades

__all__ = [
    "BacktestResult",
    "Config",
    "Market",
    "OpenPosition",
    "Size",
    "Trade",
    "Trades",
    "run_backtest",
    "run_portfolio",
]
