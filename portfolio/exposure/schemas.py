"""What programs send and get about exposure: fractions, not percent."""

from datetime import datetime
from decimal import Decimal
from typing import Final, Literal
from uuid import UUID

from ninja import Schema
from pydantic import Field

from kit.api import Amount, Body, NotNegative, Quotient, Share
from portfolio.exposure.levels import USUAL_MARGIN
from portfolio.exposure.models import ExposureLimit

BOUND: Final = "A fraction of net value, of leverage a multiple."
MARGIN: Final = "The fraction of the limit by which a level falls later than it rose."


class SliceOut(Schema):
    """`long`, `short`, `gross`, `net` and `value` in the answer's base; `share` is gross by net value.

    `value` is what is held there, `gross` what of it moves with the market.
    """

    key: str
    name: str
    long: Amount = Field(description="What of it rises with the market.")
    short: Amount = Field(description="What of it falls with the market.")
    gross: Amount = Field(description="Long and short together.")
    net: Amount = Field(description="Long less short.")
    value: Amount = Field(description="What is held, with what open derivatives have won or lost.")
    share: Quotient | None = Field(description="Gross by net value, a fraction.")


class ConcentrationOut(Schema):
    """Of the assets' shares of gross exposure: the largest, and Σ wᵢ², which is 1 where all is in one."""

    largest: str | None
    largest_share: Quotient | None
    herfindahl: Amount | None


class ExposureLevelOut(Schema):
    """A limit beside what it measures. `usage` is measured ÷ limit, of a floor limit ÷ measured.

    It is null where nobody knows it, or nothing may be and something is. `held_wallets` are those that its breach has
    put on hold.
    """

    limit_id: UUID
    kind: str
    subject: str
    name: str
    measured: Amount | None = Field(description="A fraction of net value, of leverage a multiple; null: not known now.")
    limit: Amount = Field(description=BOUND)
    usage: Amount | None = Field(description="How much of the limit is used, a fraction.")
    level: Literal["ok", "watch", "warning", "breach"]
    since: datetime | None
    suggestion: str
    held_wallets: list[UUID]


class ExposureOut(Schema):
    """What would move with the market, in `base`: every other asset at its value, and derivatives' notional.

    gross = long + short, net = long − short; `leverage` is gross by net value. `carried` is the part of gross in assets
    that have no price now.
    """

    at: datetime
    base: str
    equity: Amount | None
    gross_exposure: Amount | None
    net_exposure: Amount | None
    leverage: Amount | None = Field(description="Gross exposure in multiples of net value.")
    carried: Amount = Field(description="The part of gross in what has no price now, from its last value.")
    stable: Amount = Field(description="Held in stable coins and currencies.")
    is_stale: bool
    unpriced: list[str]
    concentration: ConcentrationOut
    by_asset: list[SliceOut]
    by_instrument: list[SliceOut]
    by_venue: list[SliceOut]
    by_farm: list[SliceOut]
    by_agent: list[SliceOut]
    by_side: list[SliceOut]
    limits: list[ExposureLevelOut]


class ExposureLimitIn(Body):
    """`limit` is a fraction of net value, of leverage a multiple. `subject` is one asset or venue, empty for each.

    A level falls once the usage is `margin` below its threshold. `action` is what a breach does to the masters
    concerned; with `recovers` they get their state back by themselves.
    """

    kind: Literal["asset", "venue", "leverage", "stable"]
    subject: str = Field("", max_length=40)
    limit: NotNegative = Field(description=BOUND)
    margin: Share = Field(USUAL_MARGIN, description=MARGIN)
    action: Literal["none", "reduce", "halt"] = "none"
    recovers: bool = False


class ExposureLimitsIn(Body):
    """All limits of the scope: those that are not named are removed."""

    limits: list[ExposureLimitIn] = Field(max_length=50)


class ExposureLimitOut(Schema):
    id: UUID
    kind: str
    subject: str
    limit: Amount = Field(description=BOUND)
    margin: Amount = Field(description=MARGIN)
    action: str
    recovers: bool
    wallet_id: UUID | None

    @staticmethod
    def resolve_limit(row: ExposureLimit) -> Decimal:
        bound: Decimal = row.bound
        return bound


class ExposureLimitsOut(Schema):
    """The limits of a master, or of all wallets together, and how near each is now."""

    limits: list[ExposureLimitOut]
    levels: list[ExposureLevelOut]
