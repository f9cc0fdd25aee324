"""What the API of limits takes and gives."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from ninja import Schema
from pydantic import Field

from kit.api import Amount, Body, PositiveAmount, PositiveShare, Words
from trading.selectors.limits import LimitPath, LimitStep


class LimitsIn(Body):
    """What is named replaces what was there, and what is left out stays as it is: forgetting a field loosens
    nothing. `allowed_symbols` and `maximum_notional` have to be named. Null says nothing and leaves it to the rest
    of the path; an empty list allows no market; `maximum_notional` is per order and counted in `notional_asset`, by
    default the owner's base currency, whatever market is bought; `maximum_daily_loss` is a fraction, "0.03" for 3
    %; `maximum_position` is what a position may be worth after a buy, in `notional_asset`; `maximum_open_positions`
    counts those of the wallet and below it; `maximum_risk` is the fraction of the wallet's value that the way from
    a buy's price to its stop may cost; `default_stop` and `default_target` are the fractions below and above the
    price of a buy that names none; `maximum_exposure` is the share of its usual size, and of these amounts, that a
    buy may have; `maximum_distance` is the fraction by which the price of an order may be worse than the middle of
    the market; `maximum_orders_per_minute` counts what the wallet and those below it send; `maximum_correlated` is
    the fraction of what is there and below that all that is open may come to by how it moves together, √(wᵀCw).
    Where nobody on a path says what and how much, nothing can be bought.

    The protections hold buying back for a while: `cooldown_bars` after a stop, of its market in its wallet; for
    `lock_hours` once a wallet has fallen by `maximum_drawdown` from its highest within `lookback_days`, or once the
    last `lookback_trades` of a wallet in a market won less than `minimum_profit_factor` times what they lost."""

    allowed_symbols: list[str] | None = Field(max_length=1000, examples=[["BTC/USDT"]])
    maximum_notional: PositiveAmount | None
    notional_asset: str = Field("", max_length=20, examples=["USDT"])
    maximum_daily_loss: PositiveShare | None = None
    maximum_position: PositiveAmount | None = None
    maximum_open_positions: int | None = Field(None, ge=0, le=100_000)
    maximum_risk: PositiveShare | None = None
    default_stop: PositiveShare | None = None
    default_target: PositiveAmount | None = None
    maximum_exposure: PositiveShare | None = None
    maximum_distance: PositiveShare | None = None
    maximum_orders_per_minute: int | None = Field(None, ge=0, le=100_000)
    maximum_correlated: PositiveShare | None = None
    cooldown_bars: int | None = Field(None, ge=1, le=1000)
    maximum_drawdown: PositiveShare | None = None
    lookback_days: int = Field(30, ge=1, le=365)
    minimum_profit_factor: PositiveAmount | None = None
    lookback_trades: int = Field(20, ge=2, le=1000)
    lock_hours: int = Field(24, ge=1, le=8760)


class SaidOut(Schema):
    """What somebody says; null where nobody does."""

    allowed_symbols: list[str] | None
    maximum_notional: Amount | None
    notional_asset: str


class AppliedOut(SaidOut):
    """The symbols that every list on the path shares and the smallest notional; null where nobody says.

    `obstacle` is the reason why nothing can be bought, empty when something can.
    """

    obstacle: str


class OwnOut(SaidOut):
    """`maximum_daily_loss` and `lost` are fractions. Where the day's loss has reached its maximum, nothing is bought
    until `rests_until`; `lost` and `rests_until` are null otherwise."""

    maximum_daily_loss: Amount | None
    lost: Amount | None
    rests_until: datetime | None
    maximum_position: Amount | None
    maximum_open_positions: int | None
    maximum_risk: Amount | None
    default_stop: Amount | None
    default_target: Amount | None
    maximum_exposure: Amount | None
    maximum_distance: Amount | None
    maximum_orders_per_minute: int | None
    maximum_correlated: Amount | None
    cooldown_bars: int | None
    maximum_drawdown: Amount | None
    lookback_days: int
    minimum_profit_factor: Amount | None
    lookback_trades: int
    lock_hours: int


class LockNarrow(Schema):
    """404 for a wallet that you do not have."""

    wallet_id: UUID | None = None


class LockOut(Schema):
    """A protection that holds buying back now: all that `wallet_id` and those below it buy, or one `symbol` of it.

    `kind` is the limit that says so and `who` where it stands; `measured` is what was found: bars, a fraction, or a
    factor.
    """

    id: int
    wallet_id: UUID
    symbol: str | None
    kind: Literal["cooldown_bars", "maximum_drawdown", "minimum_profit_factor"]
    who: str
    measured: Amount = Field(description="What was found: bars of pause, a fraction, or a factor, as its kind says.")
    why: Words
    began_at: datetime
    until: datetime


class UsedOut(Schema):
    """How much of a limit is used now, as the gate counts it; null of what the step does not limit, or is not known.

    An order that will open a position counts as an open one; orders are those that were sent within the last minute.
    The gate reads the daily loss every five minutes.
    """

    open_positions: int | None
    orders_per_minute: int | None
    daily_loss: Amount | None = Field(
        description="The fraction that is lost of what was there when the owner's day began; 0 where it has risen."
    )


class LimitStepOut(OwnOut):
    """What one step says, the connection first. `used` is null of the operator's, which counts nothing."""

    id: UUID
    role: str
    name: str
    used: UsedOut | None


class LimitsOut(OwnOut):
    """The own limits, those of the whole path down to here, and what they come to."""

    applied: AppliedOut
    path: list[LimitStepOut]


def limits_out(path: LimitPath) -> dict[str, Any]:
    """What a program is told of a path of limits."""
    applied = _said(path, SaidOut) | {"obstacle": path.obstacle}
    return {**_said(path.own, OwnOut), "applied": applied, "path": path.steps}


def _said(by: LimitPath | LimitStep, shape: type[Schema]) -> dict[str, Any]:
    return {name: getattr(by, name) for name in shape.model_fields}
