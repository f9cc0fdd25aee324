"""What programs get of breakdowns and histories: amounts are strings, returns and rates fractions."""

from datetime import date
from typing import Any

from ninja import Schema
from pydantic import Field

from kit.api import Amount
from portfolio.schemas import RatiosOut, Reworked


class TradesOut(Schema):
    """Of the trades that closed in it; amounts in `quote`, null where they are paid in several assets."""

    trades: int
    won_trades: int
    lost_trades: int
    quote: str | None
    win_rate: float | None
    profit_factor: float | None
    expectancy: float | None
    average_win: float | None
    average_loss: float | None


class BrokenOut(Schema):
    """opening + flows + profit = closing, exactly, in `base`; null is what cannot be valued now."""

    key: str = Field(description="Names it for `GET /portfolio/history`.")
    kind: str
    name: str
    base: str
    opening: Amount
    flows: Amount | None
    profit: Amount | None
    realized: Amount | None = Field(description="Before fees.")
    fees: Amount | None
    closing: Amount | None
    twr: float | None
    trades: TradesOut

    @staticmethod
    def resolve_key(line: Any) -> str:
        return str(line.account.key)

    @staticmethod
    def resolve_kind(line: Any) -> str:
        return str(line.account.kind)

    @staticmethod
    def resolve_name(line: Any) -> str:
        return str(line.account.name)

    @staticmethod
    def resolve_base(line: Any) -> str:
        return str(line.account.base)


class AssetMadeOut(Schema):
    """opening + flow + profit = closing, and
    profit = realized + derivatives + funding − derivative_fees + open + open_derivatives, exactly, in `quote`.

    What was paid for it came in, what was got for it went out, what is held is worth its price. Null is what has no
    price; where derivatives took part, which cost nothing, there is no return.
    """

    key: str = Field(description="Names it for `GET /portfolio/history`.")
    asset: str
    quote: str
    opening: Amount | None = Field(description="Worth of what was held when the period began.")
    flow: Amount = Field(description="Paid for it less got for it, fees included.")
    profit: Amount | None
    realized: Amount = Field(description="Of what was sold in the period, net of the fees of trades.")
    open: Amount | None = Field(description="What the price did to what is held; null without a price.")
    derivatives: Amount = Field(description="What closed derivatives brought, before fees.")
    funding: Amount
    derivative_fees: Amount = Field(description="What derivatives cost.")
    open_derivatives: Amount = Field(description="What open derivatives stand at.")
    fees: Amount = Field(description="Of trades and of derivatives together.")
    closing: Amount | None = Field(description="Worth of what is held when it ends.")
    twr: float | None
    xirr: float | None
    why_no_return: str = Field(description="Why there is no time-weighted return; empty where there is one.")
    positions: int = Field(description="Open at the end of the period.")
    trades: TradesOut


class BreakdownOut(Reworked):
    """`lines` of wallets, connections and strategies, or `assets`; the largest gain first."""

    by: str
    range: str
    lines: list[BrokenOut]
    assets: list[AssetMadeOut]


class StretchOut(Schema):
    """opening + flow + profit = closing, and profit = realized − fees + other, exactly.

    `other` is what prices, funding and corrections of the books did. `why_no_xirr` says why there is no money-weighted
    return, and is empty else.
    """

    begins: date
    ends: date
    opening: Amount
    flow: Amount
    profit: Amount
    realized: Amount
    fees: Amount
    other: Amount = Field(description="What prices, funding and corrections of the books did.")
    closing: Amount
    twr: float | None = Field(description="Null for an asset where derivatives took part, which cost nothing.")
    xirr: float | None
    why_no_xirr: str
    trades: TradesOut
    is_today: bool = Field(description="Whether it is not over yet.")


class HistoryOut(Reworked):
    """Days, weeks, months or years of which something is known, oldest first; days are those of `timezone`."""

    account: str
    name: str
    base: str
    timezone: str
    period: str
    first: date
    last: date
    rows: list[StretchOut]
    total: StretchOut | None = Field(description="All rows together; null where nothing is known.")
    ratios: RatiosOut | None = Field(
        description="Of the whole days from `first` to `last`, `days` of them; null for an asset."
    )
