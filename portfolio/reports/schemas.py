"""What programs get of contributions, comparisons, months and reports: amounts are strings, fractions not percent."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from ninja import Schema
from pydantic import Field

from kit.api import Amount
from portfolio.schemas import RatiosOut, Reworked


class PartOut(Schema):
    """`profit` is in the answer's base; opening, flows and closing in `base` of the part, with its own return `twr`.

    `kind` is `wallet` (with everything below it), `own` (what a wallet has besides those) or `rest` (what the change of
    rates made, or the last of 18 digits).
    """

    kind: Literal["wallet", "own", "rest"]
    name: str
    wallet_id: UUID | None
    role: str
    profit: Amount
    share: Amount | None = Field(description="Of the whole profit, a fraction; null where that is zero.")
    base: str
    opening: Amount | None
    flows: Amount | None
    closing: Amount | None
    twr: float | None


class ContributionOut(Reworked):
    """The profits of `parts` sum to `profit`, exactly. Without a price for what is held it is null and has no parts."""

    base: str
    range: str
    by: Literal["farm", "agent"]
    profit: Amount | None
    parts: list[PartOut]


class MonthOut(Schema):
    """A month, or the year: `profit` the sum of its days, `twr` their returns compounded; null: not known now."""

    begins: date
    profit: Amount | None
    twr: float | None
    equity: Amount | None


class YearOut(Schema):
    year: int
    months: list[MonthOut]
    whole: MonthOut | None


class MonthsOut(Reworked):
    """Every month of which something is known, the newest year first; days are those of `timezone`."""

    base: str
    timezone: str
    years: list[YearOut]


class ReportAccountOut(Schema):
    """`key` names it in requests: `fund`, or the id of a wallet or a connection."""

    key: str
    kind: str
    name: str
    base: str


class CurvePointOut(Schema):
    at: datetime
    twr: float = Field(description="Time-weighted return since the start.")


class MetricOut(Schema):
    """A figure of both and the first less the second; `unit` is an asset for amounts, else empty.

    Numbers are text with every digit; null is what is not known, and for the difference what cannot be compared.
    """

    name: str
    unit: str
    first: str | None
    second: str | None
    difference: str | None


class ComparisonOut(Reworked):
    """Both over the same whole days: those that both have lived through. Without any all of it is empty."""

    first: ReportAccountOut
    second: ReportAccountOut
    since: date | None
    until: date | None
    whole_days: int
    why_no_difference: str = Field(description="A sentence where the two are counted in different assets, else empty.")
    metrics: list[MetricOut]
    curves: list[list[CurvePointOut]] = Field(description="Of the first and of the second, at most 480 points each.")


class ReportLineOut(Schema):
    """opening + paid_in + paid_out + profit = closing, exactly; `paid_out` is not above zero.

    Both are sums of days: where money came and went on one day, the difference of both counts.
    """

    account: ReportAccountOut
    base: str
    opening: Amount
    paid_in: Amount | None
    paid_out: Amount | None
    profit: Amount | None
    fees: Amount | None
    closing: Amount | None
    twr: float | None = Field(description="Null for a connection beside others: its own report has it.")


class HeldOut(Schema):
    asset: str
    venue: str
    quantity: Amount
    price: Amount | None
    value: Amount | None


class FlowDayOut(Schema):
    day: date
    flow: Amount


class ReportOut(Reworked):
    """An account from its day `first` to `last`; `is_over` says whether that is over or today is one of them.

    `total` is the account, `accounts` what it is the sum of. profit = realized − fees + other, exactly, where `other`
    is what prices, funding and corrections of the books did. Without any value in these days the figures are null.
    """

    account: ReportAccountOut
    base: str
    timezone: str
    first: date | None
    last: date
    is_over: bool
    total: ReportLineOut | None
    realized: Amount | None
    other: Amount | None = Field(description="What prices, funding and corrections of the books did.")
    performance: RatiosOut | None
    accounts: list[ReportLineOut]
    contribution: list[PartOut]
    holdings: list[HeldOut]
    not_in_holdings: Amount | None = Field(
        description="Open derivatives, and prices of the moment beside those of the last candle."
    )
    flows: list[FlowDayOut]
