"""What programs get of how farms and agents do: amounts are strings, returns and rates fractions."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from ninja import Schema
from pydantic import Field

from kit.api import Amount
from portfolio.schemas import RatiosOut, Reworked


class TradesOfKindOut(Schema):
    """Closed trades of one kind. Amounts are in `quote`, net of fees; null where they are paid in several assets."""

    key: str = Field(description="Of hours the hour in UTC, of exits and regimes a word; empty where it is not known.")
    label: str = Field(description="The same in words.")
    trades: int
    win_rate: float | None
    profit_factor: float | None
    expectancy: Amount | None
    profit: Amount | None = Field(description="What they made, net of fees.")
    fees: Amount | None
    traded: Amount | None = Field(description="All that was bought and sold.")
    quote: str | None


class ContributorOut(Schema):
    """What an agent made of the farm's profit while it worked there; `share` is null where that profit is zero."""

    wallet_id: UUID
    name: str
    profit: Amount
    share: Amount | None = Field(description="Of the profit, a fraction.")
    twr: float | None


class AlikeOut(Schema):
    """Two agents, over the `days` of the last ninety that both know."""

    first_id: UUID
    second_id: UUID
    correlation: float
    days: int = Field(description="Whole days that both know.")


class DriftedOut(Schema):
    """What fills of one kind of account cost beyond the backtest; see `GET /agents/{agent_id}/drift`."""

    account: Literal["paper", "live"]
    matched: int
    drift_cost: Amount
    drift_points: Amount | None = Field(description="What fills cost beyond the backtest; negative is better.")


class GoalPathOut(Schema):
    """Where a goal wants its time-weighted return to be: straight from one to the other, in fractions."""

    goal_id: UUID
    name: str
    starts_at: datetime
    starts_with: float = Field(description="Its return when the goal began, since it began itself.")
    ends_at: datetime
    target: float = Field(description="Its return once the goal is reached: of a profit, by its value when it began.")


class AnalyticsOut(Reworked):
    """Since it began. A farm's trades are those that were closed while their agents worked there."""

    kind: Literal["farm", "agent"]
    id: UUID
    name: str
    base: str
    began: datetime | None = Field(description="When its history begins; null where it has none.")
    ratios: RatiosOut
    benchmark: str = Field(description="What it is held against, bought when it began; empty where there is none.")
    benchmark_return: float | None = Field(description="Of buying and holding that, a fraction.")
    goal_paths: list[GoalPathOut] = Field(
        description="Of goals for it alone, with a deadline, that want a profit or a return."
    )
    share: Amount | None
    target: Amount | None
    turnover: float | None = Field(description="What was traded in a year, by its mean value.")
    trades: TradesOfKindOut
    hours: list[TradesOfKindOut] = Field(description="By the hour (UTC) in which they were opened.")
    exits: list[TradesOfKindOut] = Field(description="By what closed them.")
    regimes: list[TradesOfKindOut] = Field(
        description="By what the market did in the twenty days before they were opened."
    )
    contribution: list[ContributorOut] = Field(
        description="Of a farm, all who ever worked there, the largest gain first."
    )
    mean_correlation: float | None = Field(description="Of every two of a farm's agents; null without such.")
    correlations: list[AlikeOut] = Field(description="Of a farm's agents, the most alike first.")
    drift: list[DriftedOut] = Field(description="Of an agent, by kind of account.")


def told(found: Any) -> dict[str, Any]:
    """The answer, of an `Analytics`."""
    return {
        "kind": found.kind,
        "id": found.subject.pk,
        "name": found.subject.name,
        "base": found.base,
        "began": found.scope.change.began,
        "ratios": found.scope.performance,
        "benchmark": found.benchmark_name,
        "benchmark_return": found.benchmark_return,
        "goal_paths": [
            {
                "goal_id": one.goal_id,
                "name": one.name,
                "starts_at": one.since,
                "starts_with": one.begins,
                "ends_at": one.until,
                "target": one.target,
            }
            for one in found.paths
        ],
        "share": found.node.share,
        "target": found.node.target,
        "turnover": found.turnover,
        "trades": _slice(found.trades),
        **{name: [_slice(one) for one in getattr(found, name)] for name in ("hours", "exits", "regimes")},
        "contribution": found.contributors,
        "mean_correlation": found.mean_correlation,
        "correlations": found.pairs,
        "drift": [
            {"account": one.account, "matched": one.matched, "drift_cost": one.cost, "drift_points": one.total}
            for one in (found.drift.sums if found.drift else ())
        ],
    }


def _slice(one: Any) -> dict[str, Any]:
    figures = one.figures
    return {
        "key": one.key,
        "label": one.label,
        "trades": one.trades,
        "win_rate": figures.win_rate,
        "profit_factor": figures.profit_factor,
        "expectancy": one.net / one.trades if one.net is not None and one.trades else None,
        "profit": one.net,
        "fees": one.fees,
        "traded": one.traded,
        "quote": one.quote,
    }
