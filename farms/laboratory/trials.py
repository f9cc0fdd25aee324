"""How often these rules were tried on these candles: counted from rows, which nobody can remove.

A trial is a set of parameters, assumptions and a time; asked twice it is one, in a sweep or by itself. Candles are the
same where markets and timeframe are. Another beginning is another trial, and so is an end before the newest candle that
there was: whoever tries many times looks for a kind one. What was asked up to now is the same trial again when more
candles have closed.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import orjson

from farms.laboratory import blocks
from farms.models import Backtest, BacktestResult, Job, Question, Sweep, SweepResult
from markets.candles.known import known_series
from markets.candles.reading import TIMEFRAME_MS

Span = tuple[datetime, datetime, datetime]  # since, until, and when it was asked
Time = tuple[float, float | None]


def known_trials(asked: Question) -> list[float]:
    """The Sharpe ratios per bar of every different trial, those of `asked` among them; run it as the tenant."""
    found: dict[bytes, float] = {}
    sweeps = list(_alike(Sweep, asked))
    spans = _alike(Backtest, asked).values_list("pk", "since", "until", "created_at")
    backtests = {pk: (since, until, at) for pk, since, until, at in spans}
    ends = _Ends(asked, [*backtests.values(), *((one.since, one.until, one.created_at) for one in sweeps)])
    for sweep in sweeps:
        found |= dict(_of_sweep(sweep, ends.time(sweep.since, sweep.until)))
    results = BacktestResult.objects.filter(backtest__in=list(backtests)).order_by("created_at")
    named = results.values_list("backtest__parameters", "backtest__assumptions", "sharpe_per_bar", "backtest_id")
    for parameters, assumed, sharpe, pk in named:
        key = _key(parameters, assumed, ends.time(*backtests[pk][:2]))
        if key not in found or pk == asked.pk:
            found[key] = sharpe
    return list(found.values())


def known_overfitting(asked: Question) -> float | None:
    """The probability of overfitting that the newest sweep of these rules on these candles found."""
    newest = SweepResult.objects.filter(sweep__in=_alike(Sweep, asked)).order_by("-created_at").first()
    return newest.overfitting["probability"] if newest and newest.overfitting else None


class _Ends:
    """Which ends were "up to now" when somebody asked; a repetition asks for the same end later."""

    def __init__(self, asked: Question, spans: Sequence[Span]) -> None:
        step = timedelta(milliseconds=TIMEFRAME_MS[asked.timeframe])
        of_its_own = [one for one in known_series() if one.instrument_id in asked.instruments]
        lasts = [one.last for one in of_its_own if one.timeframe == asked.timeframe]
        # The candle that is forming when somebody asks is none yet.
        self.newest = min(lasts) + step if lasts else None
        self.now = {(since, until) for since, until, at in spans if until >= at - step}

    def time(self, since: datetime, until: datetime) -> Time:
        """The beginning, and the end where it left newer candles out."""
        is_newest = (since, until) in self.now or (self.newest is not None and until >= self.newest)
        return since.timestamp(), None if is_newest else until.timestamp()


def _alike(kind: type[Any], asked: Question) -> Any:
    """The owner's questions of these rules on these candles."""
    return kind.objects.filter(
        owner_id=asked.owner_id,
        strategy=asked.strategy,
        instruments__contains=asked.instruments,
        instruments__contained_by=asked.instruments,
        timeframe=asked.timeframe,
    )


def _of_sweep(sweep: Sweep, time: Time) -> Iterator[tuple[bytes, float]]:
    """Every trial of a sweep that was carried out, whatever became of the sweep."""
    for block in blocks.blocks_of(sweep).filter(status=Job.Status.DONE).order_by("number"):
        figures = blocks.unpack(block)
        sharpes = figures["sharpe"] / np.sqrt(figures["periods_per_year"])
        for place, sharpe in zip(figures["positions"].tolist(), sharpes.tolist(), strict=True):
            chosen = {name: values[at] for (name, values), at in zip(sweep.axes, place, strict=True)}
            yield _key(sweep.parameters | chosen, sweep.assumptions, time), sharpe


def _key(parameters: dict[str, Any], assumed: dict[str, Any], time: Time) -> bytes:
    return orjson.dumps([parameters, assumed, time], option=orjson.OPT_SORT_KEYS)
