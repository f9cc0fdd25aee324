"""Where agents at real accounts come from, and what stood for them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from farms.models import Agent, Promotion, Verdict
from farms.services.promoting import newest_verdict, override_words, why_not
from kit.errors import NotFoundError


@dataclass(frozen=True, slots=True)
class Promoted:
    """A copy that was promoted, from whom, on what."""

    agent_id: UUID
    name: str
    promoted_from: UUID
    from_name: str
    backtest_id: UUID | None
    reason: str
    promoted_at: datetime


@dataclass(frozen=True, slots=True)
class Promotions:
    """How an agent came to a real account, if it did so, and its copies there, the newest first."""

    promoted_from: Promoted | None
    promoted: tuple[Promoted, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """What an agent would be promoted on now: the newest verdict, and why that is not enough."""

    agent: Agent
    verdict: Verdict | None
    lacks: str
    override_words: str

    @property
    def verdict_backtest_id(self) -> UUID | None:
        return self.verdict.backtest_id if self.verdict else None


def promotions_of(*, owner_id: UUID, agent_id: UUID) -> Promotions:
    """One query."""
    rows = Promotion.objects.select_related("agent", "promoted_from", "verdict").filter(owner_id=owner_id)
    found = _told(rows.filter(Q(agent=agent_id) | Q(promoted_from=agent_id)).order_by("-created_at"))
    own = next((one for one in found if one.agent_id == agent_id), None)
    return Promotions(own, tuple(one for one in found if one.promoted_from == agent_id))


def standing_of(*, owner_id: UUID, agent_id: UUID) -> Standing:
    """Raises NotFoundError for an agent that the owner does not have."""
    rows = Agent.objects.select_related("farm", "instrument", "wallet__connection")
    agent = rows.filter(owner_id=owner_id, pk=agent_id).first()
    if agent is None:
        raise NotFoundError("This agent does not exist.")
    verdict = newest_verdict(agent)
    return Standing(agent, verdict, why_not(agent, verdict), override_words(agent))


def _told(rows: Iterable[Promotion]) -> list[Promoted]:
    return [
        Promoted(
            agent_id=row.agent_id,
            name=row.agent.name,
            promoted_from=row.promoted_from_id,
            from_name=row.promoted_from.name,
            backtest_id=row.verdict.backtest_id if row.verdict else None,
            reason=row.reason,
            promoted_at=row.created_at,
        )
        for row in rows
    ]
