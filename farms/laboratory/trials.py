"""How often these rules were tried on these candles: counted from rows, which nobody can remove.

A trial is a set of parameters and assumptions; asked twice it is one. Candles are the same where markets and timeframe
are: a part of the time is no other history.
"""

import orjson

from farms.models import Backtest, BacktestResult


def known_trials(backtest: Backtest) -> list[float]:
    """The Sharpe ratios per bar of every different trial, this one's among them; run it as the tenant."""
    results = BacktestResult.objects.filter(
        backtest__owner_id=backtest.owner_id,
        backtest__strategy=backtest.strategy,
        backtest__instruments__contains=backtest.instruments,
        backtest__instruments__contained_by=backtest.instruments,
        backtest__timeframe=backtest.timeframe,
    ).values_list("backtest__parameters", "backtest__assumptions", "sharpe_per_bar", "backtest_id")
    own = backtest.pk
    found: dict[bytes, float] = {}
    for parameters, assumed, sharpe, pk in results.order_by("created_at"):
        key = orjson.dumps([parameters, assumed], option=orjson.OPT_SORT_KEYS)
        if key not in found or pk == own:
            found[key] = sharpe
    return list(found.values())
