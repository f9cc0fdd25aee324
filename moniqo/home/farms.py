"""The farms as the portfolio shows them: who works, and what today brought."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Count, Q

from farms.models import Agent, Farm
from portfolio.selectors.standings import Standing


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


def farm_lines(*, owner_id: UUID, stand: Mapping[UUID, Standing]) -> Sequence[FarmLine]:
    """The owner's farms, oldest first, in one query; `stand` says how their wallets do."""
    farms = Farm.objects.filter(owner_id=owner_id).annotate(
        agent_count=Count("agents"), running_count=Count("agents", filter=Q(agents__status=Agent.Status.RUNNING))
    )
    return [_line(farm, stand[farm.wallet_id]) for farm in farms]


def _line(farm: Any, standing: Standing) -> FarmLine:
    return FarmLine(
        id=farm.pk,
        name=farm.name,
        wallet_id=farm.wallet_id,
        is_running=farm.status == Farm.Status.RUNNING,
        agents=farm.agent_count,
        running=farm.running_count,
        equity=standing.value,
        today=standing.today,
        twr=standing.today_return,
    )
