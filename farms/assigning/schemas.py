"""What the API of proposals for free agents takes and gives."""

from typing import Any
from uuid import UUID

from ninja import Schema
from pydantic import Field

from farms.assigning.proposing import Proposal
from kit.api import Body, Words


class ProposedLineOut(Schema):
    """A free agent; without a farm, `why` says what is missing."""

    agent_id: UUID
    agent: str
    farm_id: UUID | None
    farm: str
    correlation: float | None = Field(description="Of its days, or its market's, with the farm's; null: not known.")
    days: int = Field(description="How many days that rests on.")
    why: Words


class ProposalOut(Schema):
    """Farms for the free agents of a pool. `seen` is sent back with what is taken."""

    pool_id: UUID
    seen: str = Field(description="Stands for these lines: it changes when others would be proposed.")
    lines: list[ProposedLineOut]


class TakenLineIn(Body):
    agent_id: UUID
    farm_id: UUID


class TakenIn(Body):
    """Lines of the proposal that was seen; those that are left out are declined."""

    seen: str = Field(max_length=64, description="As the proposal said it.")
    lines: list[TakenLineIn] = Field(min_length=1, max_length=200)


class TakenOut(Schema):
    """Who works where now."""

    agent_id: UUID
    farm_id: UUID


def told(proposal: Proposal) -> dict[str, Any]:
    """The answer, of a proposal."""
    return {
        "pool_id": proposal.pool.pk,
        "seen": proposal.seen,
        "lines": [
            {
                "agent_id": line.agent.pk,
                "agent": line.agent.name,
                "farm_id": line.farm and line.farm.pk,
                "farm": line.farm.name if line.farm else "",
                "correlation": line.correlation,
                "days": line.days,
                "why": line.why,
            }
            for line in proposal.lines
        ],
    }
