"""What changed the value day by day, for programs. The same reading as the page."""

from datetime import date
from typing import Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from kit import days
from kit.api import Amount, Day
from portfolio.schemas import Reworked
from portfolio.selectors.calendar import Unit
from portfolio.selectors.decomposition import Decomposition

router = Router()


class DecompositionQuery(Schema):
    """Of all wallets, of `wallet_id` with all below it, or of `connection_id`, in `base` where that has several.

    Days from `from` to `to`, both included and at most 400: by default the last two months.
    """

    wallet_id: UUID | None = None
    connection_id: UUID | None = None
    base: str = Field("", max_length=20)
    since: Day | None = Field(None, alias="from")
    until: Day | None = Field(None, alias="to")
    period: Literal["day", "week", "month"] = "day"


class ChangeLineOut(Schema):
    """closing − opening = flow + market + realized + funding − fees + adjustments: `residual` is what is left, "0".

    `market` is what prices did to what is held, `realized` what was closed (before fees), `funding` what holding
    derivatives brought, `adjustments` what corrections of the books did. `opening` is the `closing` of the line before.
    """

    begins: date
    ends: date
    opening: Amount
    closing: Amount
    change: Amount
    flow: Amount
    market: Amount
    realized: Amount
    funding: Amount
    fees: Amount
    adjustments: Amount
    residual: Amount = Field(description='What of the change no part explains: "0".')
    is_today: bool = Field(description="Whether it is not over yet.")


class DecompositionOut(Reworked):
    """Lines of which something is known, oldest first, days of `timezone`; weeks and months are the sums of their days.

    `bases` are the assets that the wallets of a connection are counted in; `base` is the one of these figures.
    """

    base: str
    bases: list[str]
    timezone: str
    period: Literal["day", "week", "month"]
    first: date
    last: date
    total: ChangeLineOut | None
    lines: list[ChangeLineOut]


@router.get(
    "/decomposition", response=DecompositionOut, summary="What changed the value, day by day, to the last digit"
)
def decomposition(request: HttpRequest, query: Query[DecompositionQuery]) -> Any:
    found = Decomposition(
        owner=request.user,  # type: ignore[arg-type]  # signed in
        first=query.since,
        last=query.until,
        wallet_id=query.wallet_id,
        connection_id=query.connection_id,
        base=query.base,
    )
    return {
        "base": found.base,
        "bases": list(found.bases),
        "timezone": days.zone().key,
        "period": query.period,
        "first": found.first,
        "last": found.last,
        "total": found.total,
        "lines": list(found.by(Unit(query.period))),
    }
