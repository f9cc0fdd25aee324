"""What programs send and get of saved strategies."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from ninja import Schema
from pydantic import Field

from kit.api import LEFT_OUT, Body, PageQuery

Rules = Annotated[
    dict[str, Any],
    Field(description="As `GET /strategies/{slug}/schema` describes them; what is left out has its default."),
]
Market = Annotated[int, Field(description="On whose candles they are checked; agents may use them on any market.")]


class SavedStrategyQuery(PageQuery):
    """Which of them are listed."""

    archived: bool = Field(False, description="Those that were put away instead of the others.")


class SavedStrategyIn(Body):
    """Rules to check and to save. They are refused with 422 and the name of the rule that they break."""

    name: str = Field(min_length=1, max_length=80)
    strategy: str = Field(max_length=40, description="A slug of `GET /strategies`.")
    parameters: Rules = Field(default_factory=dict)
    instrument_id: Market
    timeframe: str = Field(max_length=3)


class SavedStrategyChange(Body):
    """Fields that are left out stay as they are. Other rules make a new version, which `agent_ids` follow.

    With `agent_ids` and no `parameters` they follow the newest version there is.
    """

    version: int = Field(
        LEFT_OUT,
        ge=1,
        description="Number of the version that you looked at, with `parameters` and `agent_ids`: 409 if another is "
        "the newest by now.",
    )
    name: Annotated[str, Field(min_length=1, max_length=80)] = LEFT_OUT
    parameters: Rules = LEFT_OUT
    instrument_id: Market = LEFT_OUT
    timeframe: Annotated[str, Field(max_length=3)] = LEFT_OUT
    agent_ids: list[UUID] = Field(
        default_factory=list,
        max_length=1000,
        description="Those of its agents that follow the newest version from the next candle on.",
    )


class RulesIn(Body):
    """Rules to look at; nothing is saved."""

    strategy: str = Field(max_length=40, description="A slug of `GET /strategies`.")
    parameters: Rules = Field(default_factory=dict)
    instrument_id: Market
    timeframe: str = Field(max_length=3)
    version_id: UUID | None = Field(None, description="Say what differs from this version.")


class CheckedRulesOut(Schema):
    """Rules that could be saved, made complete."""

    parameters: Rules
    bars: int = Field(description="How many candles they were checked on.")
    changes: list[str] = Field(description="What differs from the version that was named, in words.")


class StrategyVersionOut(Schema):
    """The rules as they were saved once. They never change."""

    id: UUID
    number: int = Field(description="1 for the first, and one more for each change.")
    parameters: Rules
    changes: list[str] = Field(description="What differs from the version before it, in words.")
    instrument_id: Market
    timeframe: str
    bars: int = Field(description="How many candles they were checked on.")
    agent_ids: list[UUID] = Field(description="Agents that follow it, but for archived ones.")
    created_at: datetime


class SavedStrategyOut(Schema):
    """A saved strategy; `version` is the number of its newest, `agents` how many follow any version of it."""

    id: UUID
    name: str
    strategy: str
    strategy_name: str
    version: int
    agents: int
    created_at: datetime
    changed_at: datetime
    archived_at: datetime | None = Field(description="Since when it is put away: offered nowhere, and not changed.")


class SavedStrategyDetailOut(SavedStrategyOut):
    """The strategy with all its versions, newest first."""

    versions: list[StrategyVersionOut]
