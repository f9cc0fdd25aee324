"""How farms and agents do, for programs. The same reading as the pages."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router

from farms.analytics.reading import Analytics
from farms.analytics.schemas import AnalyticsOut, told

router = Router()


@router.get("/farms/{farm_id}/analytics", response=AnalyticsOut, summary="How it does: ratios, trades, agents")
def get_farm_analytics(request: HttpRequest, farm_id: UUID) -> Any:
    """Ratios since it began, trades by hour, exit and regime, what each agent made, and how alike they are."""
    return told(Analytics(owner=request.user, farm_id=farm_id))  # type: ignore[arg-type]  # signed in


@router.get("/agents/{agent_id}/analytics", response=AnalyticsOut, summary="How it does: ratios, trades, drift")
def get_agent_analytics(request: HttpRequest, agent_id: UUID) -> Any:
    """Ratios since it began, trades by hour, exit and regime, and how far its fills are from its backtest's."""
    return told(Analytics(owner=request.user, agent_id=agent_id))  # type: ignore[arg-type]  # signed in
