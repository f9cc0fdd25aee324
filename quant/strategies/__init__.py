"""Strategies by slug. The built-in ones are listed here; installed packages add theirs by entry point.

A package joins with an entry point in the group `moniqo.strategies` whose value is a `Strategy`. Its slug must be new.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import entry_points
from typing import Final

from quant.errors import StrategyRuleError, UnknownStrategyError
from quant.strategies import breakout, custom, mean_reversion, mixed, price_action, trend_following
from quant.strategies.base import Clause, Intents, Parameter, Params, Rule, Strategy

ENTRY_POINTS: Final = "moniqo.strategies"
_BUILT_IN: Final = tuple(
    module.STRATEGY for module in (trend_following, breakout, price_action, mean_reversion, mixed, custom)
)

__all__ = ["Clause", "Intents", "Parameter", "Params", "Rule", "Strategy", "catalog", "get"]


@cache
def _by_slug() -> dict[str, Strategy]:
    found = {strategy.slug: strategy for strategy in _BUILT_IN}
    for point in entry_points(group=ENTRY_POINTS):
        strategy = point.load()
        if not isinstance(strategy, Strategy):
            raise StrategyRuleError(
                f"Make the entry point {point.name} a quant.strategies.Strategy: it is {strategy!r}."
            )
        if strategy.slug in found:
            raise StrategyRuleError(
                f"Give the strategy of entry point {point.name} another slug: {strategy.slug} is taken."
            )
        found[strategy.slug] = strategy
    return found


def catalog() -> list[Strategy]:
    """All strategies, built-in ones first."""
    return list(_by_slug().values())


def get(slug: str) -> Strategy:
    """The strategy with this slug; `UnknownStrategyError` lists those there are."""
    try:
        return _by_slug()[slug]
    except KeyError:
        raise UnknownStrategyError(f"Choose one of {', '.join(_by_slug())}: there is no strategy {slug!r}.") from None
