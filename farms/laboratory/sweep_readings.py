"""What pages and programs are shown of sweeps."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from farms.laboratory import blocks
from farms.laboratory.readings import Told, answers_of, said_of
from farms.models import Job, Sweep, SweepResult
from kit.errors import NotFoundError
from kit.sentences import Sentence
from markets.models import Instrument
from quant import strategies
from quant import sweeps as tried
from quant.strategies import Strategy


@dataclass(frozen=True, slots=True)
class SweepRow:
    """A sweep with its headline; figures are None until there is a result. Trials are counted from 1 here."""

    id: UUID
    status: str
    status_label: str
    colour: str
    progress: int
    step: str
    error: Sentence
    is_open: bool
    strategy: str
    strategy_name: str
    parameters: dict[str, Any]
    axes: dict[str, list[Any]]
    instrument_id: int
    symbol: str
    quote: str
    timeframe: str
    since: datetime
    until: datetime
    cash: Decimal
    assumptions: dict[str, Any]
    agent_id: UUID | None
    method: str
    method_label: str
    measure: str
    measure_label: str
    seed: int
    trials: int
    created_at: datetime
    finished_at: datetime | None
    tried: int | None
    best_score: float | None
    plateau_score: float | None
    is_significant: bool | None
    candles_hash: str
    outcome_hash: str

    @property
    def done(self) -> float:
        """How far it is, as a fraction."""
        return self.progress / 100

    @property
    def name(self) -> str:
        return f"{self.strategy_name} on {self.symbol}, {self.timeframe}"

    @property
    def kind(self) -> str:
        """How the score is written."""
        return "change" if self.measure == Sweep.Measure.RETURN else "ratio"


@dataclass(frozen=True, slots=True)
class TrialRow:
    """One set of parameters and what came of it. `plateau` is the mean score of it and of its nearest trials."""

    number: int
    parameters: dict[str, Any]
    score: float
    plateau: float
    total_return: float
    sharpe: float
    max_drawdown: float
    trades: int


class FoundSweep:
    """One sweep whole. Run it as the tenant; raises NotFoundError where it is not the owner's."""

    def __init__(self, *, owner_id: UUID, sweep_id: UUID) -> None:
        found = Sweep.objects.filter(owner_id=owner_id, pk=sweep_id).first()
        if found is None:
            raise NotFoundError("There is no such sweep.")
        self.sweep = found
        self.instrument = Instrument.objects.get(pk=found.instruments[0])

    @cached_property
    def result(self) -> SweepResult | None:
        """None until the last trial is done."""
        return SweepResult.objects.filter(sweep=self.sweep).first()

    @cached_property
    def row(self) -> SweepRow:
        return _row(self.sweep, self.result, self.instrument)

    @cached_property
    def strategy(self) -> Strategy:
        return strategies.get(self.sweep.strategy)

    @cached_property
    def every(self) -> tried.Sweep | None:
        """Every trial; None until the last is done."""
        if self.result is None:
            return None
        found = blocks.together(self.sweep, list(self.sweep.blocks.filter(status=Job.Status.DONE).order_by("number")))
        return None if found is None else found.sweep

    @property
    def count(self) -> int:
        """How many trials there are to be read."""
        return 0 if self.every is None else len(self.every)

    @cached_property
    def answers(self) -> list[Told]:
        """What its chosen trial is worth, question by question."""
        return answers_of(self.result.answers if self.result else [])

    def trial_rows(self, numbers: Iterable[int]) -> list[TrialRow]:
        """The trials of these numbers, counted from 1 in the order in which they were tried."""
        every = self.every
        return [] if every is None else [_trial(every, number) for number in numbers]

    def plateau_rows(self) -> list[TrialRow]:
        """The trials in the middle of the best plateaus."""
        return self.trial_rows(one["trial"] + 1 for one in (self.result.plateaus if self.result else []))


def sweeps(*, owner_id: UUID) -> QuerySet[Sweep]:
    """The owner's sweeps, newest first."""
    return Sweep.objects.filter(owner_id=owner_id)


def sweep_rows(found: Sequence[Sweep]) -> list[SweepRow]:
    """The sweeps with their headlines; two queries for all of them."""
    results = SweepResult.objects.in_bulk([one.pk for one in found])
    named = Instrument.objects.in_bulk({one.instruments[0] for one in found})
    return [_row(one, results.get(one.pk), named[one.instruments[0]]) for one in found]


def _row(sweep: Sweep, result: SweepResult | None, instrument: Instrument) -> SweepRow:
    return SweepRow(
        **said_of(sweep),
        axes={name: list(values) for name, values in sweep.axes},
        instrument_id=instrument.pk,
        symbol=instrument.symbol,
        quote=instrument.quote,
        method=sweep.method,
        method_label=sweep.get_method_display(),
        measure=sweep.measure,
        measure_label=sweep.get_measure_display(),
        seed=sweep.seed,
        trials=sweep.trials,
        tried=result.trials if result else None,
        best_score=result.best_score if result else None,
        plateau_score=result.plateaus[0]["plateau"] if result else None,
        is_significant=result.is_significant if result else None,
        candles_hash=result.candles if result else "",
        outcome_hash=result.outcome if result else "",
    )


def _trial(every: tried.Sweep, number: int) -> TrialRow:
    at = number - 1
    axes = every.space.axes.items()
    return TrialRow(
        number=number,
        parameters={
            name: values[place] for (name, values), place in zip(axes, every.positions[at].tolist(), strict=True)
        },
        score=float(every.scores[at]),
        plateau=float(every.plateau[at]),
        total_return=float(every.total_return[at]),
        sharpe=float(every.sharpe[at]),
        max_drawdown=float(every.max_drawdown[at]),
        trades=int(every.trades[at]),
    )
