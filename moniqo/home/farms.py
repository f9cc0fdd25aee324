"""The farms as the portfolio shows them: who works, and what today brought."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Count, F, OuterRef, Q, Subquery

from farms.models import Agent, Farm
from kit import clock, days
from portfolio.models import DailyPerformance


@dataclass(frozen=True, slots=True)
class FarmLine:
    """A farm with its agents counted; `today` is the day's profit without flows, `twr` its return, None before any."""

    id: UUID
    name: str
    wallet_id: UUID
    is_running: bool
    agents: int
    running: int
    equity: Decimal | None
    today: Decimal | None
    twr: float | None


def farm_lines(*, owner_id: UUID) -> Sequence[FarmLine]:
    """The owner's farms, oldest first, in one query that finds each farm's newest day by index."""
    earned = F("market") + F("realized") - F("fees") + F("adjustments")
    written = DailyPerformance.objects.filter(scope=OuterRef("wallet_id")).order_by("-day").annotate(earned=earned)
    rows = Farm.objects.filter(owner_id=owner_id).annotate(
        agent_count=Count("agents"),
        running_count=Count("agents", filter=Q(agents__status=Agent.Status.RUNNING)),
        **{f"last_{name}": Subquery(written.values(name)[:1]) for name in ("day", "equity", "earned", "twr")},
    )
    return [_line(farm) for farm in rows]


def _line(farm: Any) -> FarmLine:
    is_today = farm.last_day == days.day_of(clock.now())
    return FarmLine(
        id=farm.pk,
        name=farm.name,
        wallet_id=farm.wallet_id,
        is_running=farm.status == Farm.Status.RUNNING,
        agents=farm.agent_count,
        running=farm.running_count,
        equity=farm.last_equity,
        today=farm.last_earned if is_today else None,
        twr=farm.last_twr if is_today else None,
    )
