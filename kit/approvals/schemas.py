"""A question as programs are told it."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from ninja import Schema
from pydantic import Field

from kit.api import PartsOut, Words, parts_of


class ApprovalOut(Schema):
    """Something that a program wants done, and what its owner says to it."""

    id: UUID
    kind: str = Field(description="What is asked for, such as `order` or `pause`.")
    title: Words = Field(description="What would be done.")
    title_parts: PartsOut = parts_of("title")
    lines: list[Words] = Field(description="What that would have come to when it was asked.")
    reason: Words = Field(description="Why, in the words of whoever asked.")
    asked_by: str = Field(description="The name of the token that asked.")
    created_at: datetime
    expires_at: datetime = Field(description="Until when it can be answered.")
    status: Literal["open", "approved", "declined", "expired"]
    answered_at: datetime | None = Field(description="When it was answered, or closed because nobody had.")
    answered_by: str = Field(description="The name of the token that answered; empty for the owner in the browser.")
    note: Words = Field(description="What was said with the answer.")
    result: dict[str, Any] = Field(description="What came of it; `said` is the sentence where it was refused then.")
    needs_owner: bool = Field(description="Whether only the owner may approve it, in the browser.")
