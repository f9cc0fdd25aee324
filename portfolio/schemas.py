"""Shapes that more than one API of the portfolio tells."""

from typing import Any

from ninja import Schema
from pydantic import Field

from portfolio.models import are_days_reworked


class Reworked(Schema):
    """What rests on days of the past says so while they are worked out."""

    is_reworked: bool = Field(
        description="Days of the past are being worked out, as after a change of time zone or base currency: figures "
        "of days that are over are not all there yet, and change until it is done."
    )

    @staticmethod
    def resolve_is_reworked(_: Any) -> bool:
        return are_days_reworked()


class RatiosOut(Schema):
    """Fractions, not percent, a year of 365 days; null where nothing can be known.

    `expectancy` and the average win and loss are in `quote`, what all closed trades are paid in; null where those
    are several. `xirr` is the yearly rate at which what was put in and what came back cancel; where there is none,
    `why_no_xirr` says why, and is empty else.
    """

    days: int
    total_return: float | None
    xirr: float | None
    why_no_xirr: str
    annualised_return: float | None
    volatility: float | None
    sharpe: float | None
    sharpe_error: float | None
    sortino: float | None
    calmar: float | None
    max_drawdown: float | None
    recovery_days: int | None
    value_at_risk: float | None
    expected_shortfall: float | None
    trades: int
    quote: str | None
    win_rate: float | None
    profit_factor: float | None
    expectancy: float | None
    average_win: float | None
    average_loss: float | None
