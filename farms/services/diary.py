"""The farm's diary: what happened, kept for its page and told to open ones."""

from farms.models import Agent, Farm, FarmEvent
from kit import clock
from kit.live.publish import publish
from kit.sentences import Told


def record(farm: Farm, kind: FarmEvent.Kind, *, agent: Agent | None = None, detail: Told = "") -> None:
    """Write an event of the farm, or of one of its agents."""
    FarmEvent.objects.create(
        owner_id=farm.owner_id, farm=farm, agent=agent, kind=kind, detail=detail, created_at=clock.now()
    )
    publish(
        owner_id=farm.owner_id,
        event="farms",
        data={"farm": str(farm.pk), "agent": str(agent.pk) if agent else None, "kind": kind.value},
    )
