"""How risky something has been, as one number from 0 to 100.

The score is a convention of ours, made so that farms and agents can be set side by side; it forecasts nothing. Each
part is what was measured as a fraction of what counts as the worst (`WORST`), at most 1, and has a weight (`WEIGHTS`):

    drawdown     the deepest fall from a peak                          35 of 100, the worst at 50 %
    volatility   the standard deviation per year                       25 of 100, the worst at 100 %
    tail         the mean of the worst twentieth of the days           25 of 100, the worst at a loss of 10 %
    losing       the share of closed trades that made no profit        15 of 100

Where nothing was closed, the other three make up the whole. The three measures are those of `quant.metrics.risk`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

DRAWDOWN, VOLATILITY, TAIL, LOSING = "drawdown", "volatility", "tail", "losing"
WEIGHTS: Final = {DRAWDOWN: 0.35, VOLATILITY: 0.25, TAIL: 0.25, LOSING: 0.15}
WORST: Final = {DRAWDOWN: 0.5, VOLATILITY: 1.0, TAIL: 0.1, LOSING: 1.0}
FULL: Final = 100.0


@dataclass(frozen=True)
class RiskScore:
    """`parts` sum to `value`: how many points each contributes."""

    value: float
    parts: Mapping[str, float]


def risk_score(
    *, drawdown: float | None, volatility: float | None, shortfall: float | None, win_rate: float | None
) -> RiskScore | None:
    """The score of these measures, fractions; None where the history is too short for one of the first three.

    `drawdown` is ≤ 0 and `shortfall` ≥ 0, as `quant.metrics.risk` has them; a shortfall below 0 is no loss.
    """
    if drawdown is None or volatility is None or shortfall is None:
        return None
    measured = {DRAWDOWN: -drawdown, VOLATILITY: volatility, TAIL: shortfall}
    if win_rate is not None:
        measured[LOSING] = 1 - win_rate
    whole = sum(WEIGHTS[name] for name in measured)
    parts = {
        name: FULL * WEIGHTS[name] / whole * min(max(value, 0.0) / WORST[name], 1.0) for name, value in measured.items()
    }
    return RiskScore(sum(parts.values()), parts)
