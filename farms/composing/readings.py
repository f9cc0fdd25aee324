"""Saved strategies as pages and programs see them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, Max, Prefetch, Q, QuerySet

from farms.composing.changes import told
from farms.models import Agent, SavedStrategy, StrategyVersion
from kit.errors import NotFoundError
from kit.formatting import respelled
from quant import strategies
from quant.strategies import Params


@dataclass(frozen=True, slots=True)
class StrategyRow:
    """A saved strategy with the number of its newest version and of the agents that follow any."""

    id: UUID
    name: str
    strategy: str
    strategy_name: str
    version: int
    agents: int
    created_at: datetime
    changed_at: datetime
    archived_at: datetime | None


@dataclass(frozen=True, slots=True)
class VersionRow:
    """The rules as they were saved once; `exact_changes` are what differs from the version before, in words."""

    id: UUID
    number: int
    parameters: dict[str, Any]
    exact_changes: list[str]
    symbol: str
    instrument_id: int
    timeframe: str
    bars: int
    agents: tuple[Agent, ...]
    created_at: datetime

    @property
    def changes(self) -> list[str]:
        """The same as the reader of this request writes numbers."""
        return told(self.exact_changes)


def saved_strategies(*, owner_id: UUID, archived: bool = False) -> QuerySet[SavedStrategy]:
    """The owner's that are there, or those that were put away."""
    return SavedStrategy.objects.filter(owner_id=owner_id, archived_at__isnull=not archived)


def strategy_rows(saved: Sequence[SavedStrategy]) -> list[StrategyRow]:
    """The same, in their order, as rows; one query."""
    working = Count("agents", filter=~Q(agents__status=Agent.Status.ARCHIVED))
    numbers = (
        StrategyVersion.objects.filter(saved__in=[one.pk for one in saved])
        .order_by()
        .values("saved")
        .annotate(newest=Max("number"), changed_at=Max("created_at"))
    )
    newest = {one["saved"]: one for one in numbers}
    followed = dict(
        StrategyVersion.objects.filter(saved__in=list(newest))
        .order_by()
        .values_list("saved")
        .annotate(agents_at_work=working)
    )
    return [
        StrategyRow(
            one.pk, one.name, one.strategy, name_of(one.strategy), newest[one.pk]["newest"], followed[one.pk],
            one.created_at, newest[one.pk]["changed_at"], one.archived_at,
        )
        for one in saved
    ]  # fmt: skip


def saved_strategy(*, owner_id: UUID, strategy_id: UUID) -> SavedStrategy:
    """One of the owner's, or NotFoundError."""
    found = SavedStrategy.objects.filter(owner_id=owner_id, pk=strategy_id).first()
    if found is None:
        raise NotFoundError("There is no such saved strategy.")
    return found


def versions_of(saved: SavedStrategy) -> list[VersionRow]:
    """Its versions, newest first, each with the agents that follow it and are not archived; two queries."""
    working = Agent.objects.exclude(status=Agent.Status.ARCHIVED).select_related("farm", "instrument").order_by("name")
    rows = saved.versions.select_related("instrument").prefetch_related(Prefetch("agents", queryset=working))
    return [
        VersionRow(
            one.pk, one.number, one.parameters, one.changes, one.instrument.symbol, one.instrument_id,
            one.timeframe, one.bars, tuple(one.agents.all()), one.created_at,
        )
        for one in rows
    ]  # fmt: skip


def newest_version(saved: SavedStrategy) -> StrategyVersion:
    """The version that an edit begins with."""
    return saved.versions.select_related("instrument").latest("number")


def meanwhile(saved: SavedStrategy, base: int) -> list[str]:
    """What the versions after this one changed, in words, oldest first."""
    later = saved.versions.filter(number__gt=base).order_by("number")
    return [f"Version {one.number}: {line}" for one in later for line in told(one.changes)]


def in_words(slug: str, parameters: Params) -> list[tuple[str, str]]:
    """Each parameter's title and value; nothing of a strategy that is not installed."""
    strategy = next((one for one in strategies.catalog() if one.slug == slug), None)
    return [
        (item.title, respelled(item.in_words(parameters.get(item.name, item.default))))
        for item in (strategy.schema if strategy else ())
    ]


def name_of(slug: str) -> str:
    """What people call the strategy."""
    return next((one.name for one in strategies.catalog() if one.slug == slug), slug)
