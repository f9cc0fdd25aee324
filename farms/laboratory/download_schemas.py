"""What programs ask of downloads of candles and get of them."""

from datetime import datetime
from uuid import UUID

from ninja import Schema
from pydantic import AwareDatetime, Field

from kit.api import Body, Words


class DownloadIn(Body):
    """Candles of a market at a public exchange: those that open from `since` on and before `until`, closed by now."""

    exchange: str = Field(max_length=40, description="One that is offered here, such as kraken.")
    symbol: str = Field(max_length=40, description="As BASE/QUOTE, such as BTC/USD.")
    timeframe: str = Field(max_length=3)
    since: AwareDatetime
    until: AwareDatetime | None = Field(None, description="By default now.")


class CandleGapOut(Schema):
    """Bars that the exchange does not have: the first of them and how many."""

    since: datetime
    bars: int


class DownloadOut(Schema):
    """A download. What there is in all of its time is null until it is over; `progress` is in percent.

    `status` is queued, running, done, failed (see `error`) or cancelled; what was stored stays in every case.
    """

    id: UUID
    status: str
    progress: int
    error: Words
    exchange: str
    symbol: str
    timeframe: str
    since: datetime
    until: datetime
    reached: datetime | None = Field(description="Up to when the exchange has been asked.")
    written: int = Field(description="Bars that were new or different.")
    bad: int = Field(description="Bars that cannot be true, which were left out.")
    created_at: datetime
    finished_at: datetime | None
    bars: int | None
    first: datetime | None
    last: datetime | None
    gaps: int | None
    missing: int | None = Field(description="Bars that are missing between the first and the last.")
    first_gaps: list[CandleGapOut]
