"""How often these rules were tried on these candles: counted from rows, which nobody can remove.

A trial is a set of parameters and assumptions; asked twice it is one, in a sweep or by itself. Candles are the same
where markets and timeframe are: a part of the time is no other history.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import orjson

from farms.laboratory import blocks
from farms.models import Backtest, BacktestResult, Job, Question, Sweep, SweepResult


def known_trials(asked: Question) -> list[float]:
    """The Sharpe ratios per bar of every different trial, those of `asked` among them; run it as the tenant."""
    found: dict[bytes, float] = {}
    for sweep in _alike(Sweep, asked):
        found |= dict(_of_sweep(sweep))
    backtests = _alike(Backtest, asked).values_list("pk", flat=True)
    results = BacktestResult.objects.filter(backtest__in=backtests).order_by("created_at")
    named = results.values_list("backtest__parameters", "backtest__assumptions", "sharpe_per_bar", "backtest_id")
    for parameters, assumed, sharpe, pk in named:
        key = _key(parameters, assumed)
        if key not in found or pk == asked.pk:
            found[key] = sharpe
    return list(found.values())


def known_overfitting(asked: Question) -> float | None:
    """The probability of overfitting that the newest sweep of these rules on these candles found."""
    newest = SweepResult.objects.filter(sweep__in=_alike(Sweep, asked)).order_by("-created_at").first()
    return newest.overfitting["probability"] if newest and newest.overfitting else None


def _alike(kind: type[Any], asked: Question) -> Any:
    """The owner's questions of these rules on these candles."""
    return kind.objects.filter(
        owner_id=asked.owner_id,
        strategy=asked.strategy,
        instruments__contains=asked.instruments,
        instruments__contained_by=asked.instruments,
        timeframe=asked.timeframe,
    )


def _of_sweep(sweep: Sweep) -> Iterator[tuple[bytes, float]]:
    """Every trial of a sweep that was carried out, whatever became of the sweep."""
    for block in blocks.blocks_of(sweep).filter(status=Job.Status.DONE).order_by("number"):
        figures = blocks.unpack(block)
        sharpes = figures["sharpe"] / np.sqrt(figures["periods_per_year"])
        for place, sharpe in zip(figures["positions"].tolist(), sharpes.tolist(), strict=True):
            chosen = {name: values[at] for (name, values), at in zip(sweep.axes, place, strict=True)}
            yield _key(sweep.parameters | chosen, sweep.assumptions), sharpe


def _key(parameters: dict[str, Any], assumed: dict[str, Any]) -> bytes:
    return orjson.dumps([parameters, assumed], option=orjson.OPT_SORT_KEYS)
