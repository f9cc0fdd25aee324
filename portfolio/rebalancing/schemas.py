"""What programs send and get about rules that rebalance, and their runs."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from ninja import Schema
from pydantic import Field

from kit.api import Amount, Body, Share, Words
from portfolio.allocation.schemas import MethodPreviewIn, MethodTargetOut
from portfolio.rebalancing.models import MOST_HOURS, USUAL
from portfolio.rebalancing.rules import Wish

Automatic = Annotated[Amount, Field(gt=0, le=2, max_digits=9, decimal_places=8)]
RunStatus = Literal["due", "waiting", "done", "nothing", "refused", "declined", "expired"]


class RebalanceRuleIn(MethodPreviewIn):
    """The weights that are wanted, as for a plan by method, and when: at an hour of every day, of a day of every week
    (1 is Monday) or of every month, where the owner is.

    Nothing moves while no weight is farther than `band` off. A run is applied by itself where it moves at most
    `automatic_up_to` of the capital, in and out; else it waits `approve_within` hours for its owner. One run moves at
    most `constraints.turnover`: it goes that far towards the weights, and the next one goes on.
    """

    every: Literal["day", "week", "month"] = "week"
    on_day: int | None = Field(None, ge=1, le=31, description="Needed for a week and a month; null for every day.")
    hour: int = Field(3, ge=0, le=23)
    band: Share = Field(USUAL["band"], description="A fraction of the capital.")
    automatic_up_to: Automatic | None = Field(None, description="Null: every plan waits for its owner.")
    approve_within: int = Field(USUAL["approve_within"], ge=1, le=MOST_HOURS)
    after_goals: bool = Field(False, description="Also after each goal that has brought money home to this wallet.")
    is_on: bool = True

    @property
    def wish(self) -> Wish:
        names = ("every", "on_day", "hour", "band", "automatic_up_to", "approve_within", "after_goals", "is_on")
        return Wish(self.asked, **{name: getattr(self, name) for name in names})


class RebalanceRuleOut(Schema):
    """A rule; `asked` are options, days and constraints with their defaults. `put_off` says what would keep it from
    moving anything now."""

    id: UUID
    wallet_id: UUID
    is_on: bool
    every: str
    on_day: int | None
    hour: int
    method: str
    asked: dict[str, Any]
    band: Amount = Field(description="A fraction of the capital.")
    automatic_up_to: Amount | None = Field(description="A fraction of the capital; null: it always asks.")
    approve_within: int
    after_goals: bool
    next_at: datetime | None = Field(description="When it is due next; null while it is off.")
    put_off: list[Words]


class RebalanceRunOut(Schema):
    """One time that was due. `because` says what it was for, `reason` why it did what it did, why not, or not yet.

    `due` is put off and looked at every minute; `waiting` waits for its owner until `expires_at`.
    """

    id: UUID
    wallet_id: UUID
    due_at: datetime
    because: Words
    status: RunStatus
    reason: Words
    plan_id: UUID | None = Field(description="The plan that it waits with or has applied.")
    method: str
    used: str
    base: str
    capital: Amount | None = Field(description="What the weights are fractions of.")
    drift: Amount | None = Field(description="The farthest that a weight was off, a fraction.")
    turnover: Amount | None = Field(description="What it moves in and out, a fraction of the capital.")
    cost: Amount | None = Field(description="What moving itself costs, in the base asset.")
    notes: list[str]
    targets: list[MethodTargetOut]
    expires_at: datetime | None
    settled_at: datetime | None
    taken_back_at: datetime | None = Field(description="When what it moved was undone.")


class RebalanceApproveIn(Body):
    """The plan that was looked at."""

    plan_id: UUID
