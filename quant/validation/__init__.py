"""Honest statistics: what a backtest's result is worth."""

from quant.validation.cross_validation import Paths, Split, combinatorial_splits, cross_validate
from quant.validation.overfitting import (
    Overfitting,
    deflated_sharpe,
    expected_best_sharpe,
    overfitting,
    probabilistic_sharpe,
)
from quant.validation.resampling import (
    CostStress,
    Range,
    bootstrap,
    drawdown_figure,
    sharpe_figure,
    shuffled_drawdown,
    stressed_costs,
    total_return_figure,
)
from quant.validation.verdict import Verdict, judge
from quant.validation.walk_forward import WalkForward, Window, walk_forward

__all__ = [
    "CostStress", "Overfitting", "Paths", "Range", "Split", "Verdict", "WalkForward", "Window", "bootstrap",
    "combinatorial_splits", "cross_validate", "deflated_sharpe", "drawdown_figure", "expected_best_sharpe", "judge",
    "overfitting", "probabilistic_sharpe", "sharpe_figure", "shuffled_drawdown", "stressed_costs",
    "total_return_figure", "walk_forward",
]  # fmt: skip
