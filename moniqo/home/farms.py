"""The farms as the portfolio shows them: who works, and what today brought."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.db.models import Count, OuterRef, Q, Subquery

from farms.models import Agent, Farm
from kit import clock
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
    """The owner's farms, oldest first, in two queries."""
    running = Q(agents__status=Agent.Status.RUNNING)
    farms = list(
        Farm.objects.filter(owner_id=owner_id).annotate(
            agent_count=Count("agents"), running_count=Count("agents", filter=running)
        )
    )
    newest = DailyPerformance.objects.filter(scope=OuterRef("scope")).order_by("-day").values("day")[:1]
    days = {
        day.scope: day
        for day in DailyPerformance.objects.filter(
            owner_id=owner_id, scope__in=[farm.wallet_id for farm in farms], day=Subquery(newest)
        )
    }
    return [_line(farm, days.get(farm.wallet_id), farm.agent_count, farm.running_count) for farm in farms]


def _line(farm: Farm, day: DailyPerformance | None, agents: int, running: int) -> FarmLine:
    is_today = day is not None and day.day == clock.now().date()
    return FarmLine(
        id=farm.pk,
        name=farm.name,
        wallet_id=farm.wallet_id,
        is_running=farm.status == Farm.Status.RUNNING,
        agents=agents,
        running=running,
        equity=day.equity if day else None,
        today=day.market + day.realized - day.fees + day.adjustments if day and is_today else None,
        twr=day.twr if day and is_today else None,
    )
