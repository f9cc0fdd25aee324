"""An agent's runs: what it saw at the close of a bar, and what it did about it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.core.paginator import Page
from django.db.models import BigIntegerField, Count, F, Func, IntegerField, Max, Min, QuerySet, Value

from farms.models import AgentRun
from kit.sentences import Sentence
from kit.statuses import colour
from markets.candles.reading import moment
from markets.models import Timeframe
from trading.models import Order


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run: what the agent saw at the close of a bar, and what it did about it."""

    id: int
    agent_id: UUID
    agent: str
    bar_closed_at: datetime
    bar_length: timedelta
    decision: str
    label: str
    explanation: Sentence
    close: Decimal
    indicators: dict[str, float]
    numbers: dict[str, Decimal]
    exit_stop: Decimal | None
    exit_target: Decimal | None
    tick_size: Decimal
    order_id: UUID | None
    order_status: str
    refusal: Sentence

    @property
    def kind(self) -> str:
        """How its chip looks."""
        return colour("run", self.decision)


def agent_runs(*, owner_id: UUID, agent_id: UUID | None = None, farm_id: UUID | None = None) -> QuerySet[AgentRun]:
    """Runs, newest bar first, with what `run_row` reads, ready to page."""
    runs = AgentRun.objects.filter(owner_id=owner_id).select_related("agent", "instrument", "order")
    if agent_id is not None:
        runs = runs.filter(agent_id=agent_id)
    if farm_id is not None:
        runs = runs.filter(agent__farm_id=farm_id)
    return runs


def run_row(run: AgentRun) -> RunRow:
    """A row that came from `agent_runs`."""
    return RunRow(
        id=run.pk,
        agent_id=run.agent_id,
        agent=run.agent.name,
        bar_closed_at=moment(run.bar) + Timeframe(run.agent.timeframe).length,
        bar_length=Timeframe(run.agent.timeframe).length,
        decision=run.decision,
        label=run.get_decision_display(),
        explanation=run.explanation,
        close=run.close,
        indicators=run.indicators,
        numbers={name: Decimal(value) for name, value in run.numbers.items()},
        exit_stop=run.exit_stop,
        exit_target=run.exit_target,
        tick_size=run.instrument.tick_size,
        order_id=run.order_id,
        order_status=run.order.outcome_label if run.order else "",
        refusal=run.order.refusal if run.order and run.order.status == Order.Status.REJECTED else Sentence(),
    )


@dataclass(frozen=True, slots=True)
class Fold:
    """Bars in a row on which nothing was done: how many, the first of them, and the newest as a run."""

    count: int
    since: datetime
    newest: RunRow


def folded(runs: QuerySet[AgentRun], acted: Page[AgentRun]) -> list[RunRow | Fold]:
    """A page of the runs that did something, newest first, with those that did nothing folded between them.

    `runs` are all of the same agent; those before the first and after the last page's belong to these pages. Three
    queries whatever is folded.
    """
    rows = [run_row(run) for run in acted.object_list]
    bars = sorted(run.bar for run in acted.object_list)
    held = runs.filter(decision=AgentRun.Decision.HOLD)
    if acted.has_previous() and bars:
        above = runs.exclude(decision=AgentRun.Decision.HOLD).filter(bar__gt=bars[-1]).order_by("bar").first()
        held = held.filter(bar__lt=above.bar) if above else held
    if acted.has_next() and bars:
        held = held.filter(bar__gt=bars[0])
    folds = _folds(runs, held, bars)
    found: list[RunRow | Fold] = []
    for place in range(len(bars), -1, -1):
        found += [folds[place]] if place in folds else []
        found += [rows[len(bars) - place]] if place else []
    return found


def _folds(runs: QuerySet[AgentRun], held: QuerySet[AgentRun], bars: list[int]) -> dict[int, Fold]:
    """By the number of `bars` before them: the runs that did nothing."""
    place = Func(
        F("bar"), Value(bars, ArrayField(BigIntegerField())), function="width_bucket", output_field=IntegerField()
    )
    counted = list(
        held.order_by()
        .annotate(place=place if bars else Value(0))
        .values("place")
        .annotate(count=Count("pk"), first=Min("bar"), last=Max("bar"))
        .filter(count__gt=0)  # of nothing there is one row as well where there is nothing to group by
    )
    newest = {run.bar: run_row(run) for run in runs.filter(bar__in=[row["last"] for row in counted])}
    return {
        row["place"]: Fold(row["count"], _closed_at(row["first"], run), run)
        for row in counted
        for run in [newest[row["last"]]]
    }


def _closed_at(bar: int, run: RunRow) -> datetime:
    """When the bar opening at `bar` (ms) closed, of the same length as the one of `run`."""
    return moment(bar) + run.bar_length


def last_runs(owner_id: UUID, agent_ids: Collection[UUID] | None = None) -> dict[UUID, RunRow]:
    """Each agent's newest run, or those of these alone, by one index probe per agent."""
    whose = None if agent_ids is None else list(agent_ids)
    newest = AgentRun.objects.raw(
        """
        SELECT run.* FROM farms_agent AS agent CROSS JOIN LATERAL (
            SELECT * FROM farms_agentrun WHERE agent_id = agent.id AND instrument_id = agent.instrument_id
            ORDER BY bar DESC LIMIT 1
        ) AS run
        WHERE agent.owner_id = %s AND (%s::uuid[] IS NULL OR agent.id = ANY(%s::uuid[]))
        """,
        [owner_id, whose, whose],
    )
    runs = agent_runs(owner_id=owner_id).filter(pk__in=[run.pk for run in newest])
    return {run.agent_id: run_row(run) for run in runs}
