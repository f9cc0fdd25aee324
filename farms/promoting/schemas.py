"""What the API of promotions takes and gives."""

from datetime import datetime
from uuid import UUID

from ninja import Schema
from pydantic import Field

from farms.services.promoting import REASON_LENGTH
from kit.api import Body


class OverrideIn(Body):
    """Doing without a verdict in favour; both are kept."""

    words: str = Field(max_length=200, description="As `GET /agents/{agent_id}/promotions` says it, to the letter.")
    reason: str = Field(min_length=1, max_length=REASON_LENGTH, description="Why the owner does it nevertheless.")


class PromotionIn(Body):
    farm_id: UUID = Field(description="A farm at a real account, whose kind allows the strategy.")
    name: str = Field("", max_length=80, description="Of the copy; that of the agent where nothing is given.")
    override: OverrideIn | None = None


class PromotedOut(Schema):
    """A copy that was promoted. `reason` is its owner's, where no verdict was in its favour."""

    agent_id: UUID
    name: str
    promoted_from: UUID
    from_name: str
    backtest_id: UUID | None = Field(description="Whose verdict was the newest then.")
    reason: str
    promoted_at: datetime


class PromotionsOut(Schema):
    """Where an agent comes from, what was promoted from it, and what would stand in the way now."""

    promoted_from: PromotedOut | None = Field(description="How it came to a real account; null where it was hired.")
    promoted: list[PromotedOut] = Field(description="Its copies at real accounts, the newest first.")
    lacks: str = Field(description="Why no verdict stands for it now; empty where one does.")
    override_words: str = Field(description="What the owner types to do without one.")
    verdict_backtest_id: UUID | None = Field(description="The backtest with the newest verdict on its rules.")
