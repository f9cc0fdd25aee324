"""How each figure of the metrics bar and of Performance is reckoned: a formula in words, what it was fed, and the rows.

Rows and inputs are read as the figure itself reads them, so that whoever does the sum again comes to the same digits.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import numpy as np

from kit.days import INSTANT
from kit.formatting import Value
from portfolio.models import DailyPerformance
from portfolio.selectors.holdings import Holding
from portfolio.selectors.money_weighted import MoneyWeighted, Payment
from portfolio.selectors.performance import DAYS_PER_YEAR, since_it_began
from portfolio.selectors.scope import Scope
from quant import metrics
from trading.selectors import PositionRow
from trading.selectors.trades import TradeRow, trades_since

DAYS: Final = "days"
PAYMENTS: Final = "payments"
TRADES: Final = "trades"
POSITIONS: Final = "positions"
HOLDINGS: Final = "holdings"
MOST_ROWS: Final = 500
MOST_HELD: Final = 200
ZERO: Final = Decimal(0)
TAIL: Final = 0.05


@dataclass(frozen=True, slots=True)
class Input:
    """A number that went into a figure. `kind` says how it is written, as in the template; money is in `unit`."""

    label: str
    value: Value
    kind: str
    unit: str = ""


@dataclass(frozen=True, slots=True)
class RatioDay:
    """A whole day of those that ratios rest on; `index` grows from 1 before the first, `fall` is below its peak (≤ 0).

    `is_tail`: one of the worst, of which value at risk and shortfall are made.
    """

    day: date
    twr: float
    index: float
    fall: float
    is_tail: bool = False

    @property
    def exact(self) -> str:
        """The return with every digit, for whoever reckons again."""
        return repr(self.twr)


@dataclass(frozen=True, slots=True)
class Reckoning:
    """`term` is a slug of the glossary; `result` the figure as the page has it; `rows` what `rows_of` names.

    `count` is how many rows there are, `rows` at most the newest `MOST_ROWS` of trades, and of what is held now the
    `MOST_HELD` that weigh most.
    """

    term: str
    result: Input
    formula: str
    source: str
    inputs: Sequence[Input]
    rows_of: str
    rows: Sequence[Any]
    count: int


def reckon(scope: Scope, figure: str) -> Reckoning | None:
    """How the figure of that name in addresses comes about, None where there is none of that name."""
    make = FIGURES.get(figure)
    return make(scope) if make else None


def ratio_days(*, scope: UUID, base: str, start: datetime, at: datetime) -> list[RatioDay]:
    """The whole days that the ratios of a period rest on, oldest first: since the index last began."""
    rows = DailyPerformance.objects.filter(scope=scope, base=base, ends__gt=start + INSTANT, ends__lte=at).order_by(
        "day"
    )
    found = list(rows.values_list("day", "twr", "twr_low"))
    returns = since_it_began([row[1:] for row in found])
    index = metrics.growth(returns)
    falls = metrics.drawdown_series(index)
    worst = int((returns.size - 1) * TAIL) + 1 if returns.size else 0
    tail = set(np.argsort(returns, kind="stable")[:worst].tolist())
    days = [day for day, *_ in found[len(found) - returns.size :]]
    return [
        RatioDay(day, float(returns[number]), float(index[number + 1]), float(falls[number + 1]), number in tail)
        for number, day in enumerate(days)
    ]


# --- figures of whole days -------------------------------------------------------------------------------------------


def _of_days(
    term: str, name: str, kind: str, formula: str, source: str, inputs: Callable[[Scope, Any], Sequence[Input]]
) -> Callable[[Scope], Reckoning]:
    def make(scope: Scope) -> Reckoning:
        days = ratio_days(scope=scope.scope, base=scope.base, start=scope.start, at=scope.end)
        returns = np.array([day.twr for day in days])
        result = Input("", scope.figures.get(name, scope.recovery), kind)
        given = [Input("Whole days", len(days), "count"), *inputs(scope, returns)]
        return Reckoning(term, result, formula, source, given, DAYS, days, len(days))

    return make


def _mean(returns: Any) -> Input:
    return Input("Mean of the daily returns", float(returns.mean()) if returns.size else None, "fine_change")


def _deviation(returns: Any) -> Input:
    known = float(returns.std(ddof=1)) if returns.size > 1 else None
    return Input("Their standard deviation", known, "fine_percent")


def _downside(returns: Any) -> Input:
    known = float(np.sqrt(np.mean(np.minimum(returns, 0) ** 2))) if returns.size else None
    return Input("Downside deviation", known, "fine_percent")


def _total(scope: Scope) -> Input:
    return Input("Return", scope.performance.total_return, "fine_change")


def _elapsed(scope: Scope) -> Input:
    return Input("Days from the first to the last moment", scope.elapsed / timedelta(days=1), "fine_ratio")


def _fall(scope: Scope) -> Input:
    return Input("Deepest fall of the index", scope.performance.max_drawdown, "fine_change")


def _year(scope: Scope) -> Input:
    return Input("Annualised return", scope.figures["annualised_return"], "fine_change")


ROOT: Final = Input("√365", DAYS_PER_YEAR**0.5, "fine_ratio")


def _return(scope: Scope) -> Reckoning:
    days = ratio_days(scope=scope.scope, base=scope.base, start=scope.start, at=scope.end)
    inputs = (
        Input("Index at the start", scope.index_before, "fine_ratio"),
        Input("Index at the end", scope.index_after, "fine_ratio"),
    )
    return Reckoning(
        "return",
        Input("", scope.change.twr, "change"),
        "Index at the end ÷ index at the start − 1. The index grows by each snapshot's return: its value less what "
        "flowed since the snapshot before, ÷ the value then.",
        "Time-weighted return, as the Global Investment Performance Standards define it; Bacon, Practical Portfolio "
        "Performance Measurement and Attribution",
        inputs, DAYS, days, len(days),
    )  # fmt: skip


def _xirr(scope: Scope) -> Reckoning:
    found = scope.money_weighted
    rows = [(one, one.worth(found.rate) if found.rate is not None else None) for one in found.payments]
    inputs = (
        Input("Put in, with what stood at the start", _sum(found.payments, -1), "money", scope.base),
        Input("Taken out, with what stands at the end", _sum(found.payments, 1), "money", scope.base),
        _elapsed(scope),
        Input("Sum of the worths below", _worth(found), "money_signed", scope.base),
    )
    return Reckoning(
        "xirr",
        Input("", scope.figures["xirr"], "change_1"),
        "The yearly rate at which the payments below come to nothing: each is worth amount ÷ (1 + rate) ^ years at the "
        "start. What stood at the start counts as put in, what stands at the end as taken out.",
        "Money-weighted return, as XIRR has it, on 365 days; of the flows that the time-weighted return has. A period "
        "of more than 31 days is read by days, whose flows count from the beginning of their day",
        inputs, PAYMENTS, rows[-MOST_ROWS:], len(rows),
    )  # fmt: skip


def _worth(found: MoneyWeighted) -> Decimal | None:
    return None if found.rate is None else sum((one.worth(found.rate) for one in found.payments), Decimal(0))


def _sum(payments: Sequence[Payment], sign: int) -> Decimal:
    return sum((abs(one.amount) for one in payments if one.amount * sign > 0), Decimal(0))


# --- figures of trades -----------------------------------------------------------------------------------------------


def _of_trades(term: str, name: str, kind: str, formula: str, names: Sequence[str]) -> Callable[[Scope], Reckoning]:
    def make(scope: Scope) -> Reckoning:
        sums = scope.trade_figures
        unit = sums.quote or ""
        every = {
            "trades": Input("Trades", sums.trades, "count"),
            "won_trades": Input("Won", sums.won_trades, "count"),
            "lost_trades": Input("Lost", sums.lost_trades, "count"),
            "won": Input("What the won trades made", sums.won, "money", unit),
            "lost": Input("What the lost trades lost", sums.lost, "money", unit),
        }
        rows: Sequence[TradeRow] = trades_since(
            owner_id=scope.owner_id,
            since=scope.start,
            until=scope.end,
            wallet_ids=None if scope.wallet is None else [scope.wallet.pk],
            limit=MOST_ROWS,
        )
        result = Input("", scope.trades[name], kind, unit)
        source = "Closed trades of the period, each net of its fees; one of exactly zero is neither won nor lost"
        return Reckoning(term, result, formula, source, [every[one] for one in names], TRADES, rows, sums.trades)

    return make


# --- what is held now ------------------------------------------------------------------------------------------------


def _weightiest(rows: Sequence[Any], weight: Callable[[Any], Decimal | None]) -> Sequence[Any]:
    """All of a few in their order; of very many the heaviest first."""
    if len(rows) <= MOST_HELD:
        return rows
    return sorted(rows, key=lambda row: abs(weight(row) or ZERO), reverse=True)[:MOST_HELD]


def _profit(row: PositionRow | Holding) -> Decimal | None:
    return row.unrealized_pnl if isinstance(row, PositionRow) else row.quantity


def _open(scope: Scope) -> Reckoning:
    result = Input("", scope.unrealized, "pnl", scope.base)
    rows: list[PositionRow | Holding] = [*scope.positions, *scope.derivatives]
    formula = (
        "For each open position: quantity × (price now − average entry price); for each derivative what its venue "
        "says, which is contracts × contract size × (mark − entry), of an inverse one × (1 ÷ entry − 1 ÷ mark), the "
        "negative where it is short; in the base currency, summed."
    )
    source = "Positions by average cost; prices as of the moment of the page, marks as of the last sync"
    inputs = [
        Input("Open positions", len(scope.positions), "count"),
        Input("Open derivatives", len(scope.derivatives), "count"),
        Input("Of derivatives", scope.now.derivatives_pnl if scope.now.is_known else None, "pnl", scope.base),
    ]
    return Reckoning("open_pnl", result, formula, source, inputs, POSITIONS, _weightiest(rows, _profit), len(rows))


def _exposure(term: str, name: str, of: str) -> Callable[[Scope], Reckoning]:
    def make(scope: Scope) -> Reckoning:
        known = scope.now.is_known
        inputs = (
            Input(of, getattr(scope.now, name) if known else scope.net_value, "money", scope.base),
            Input("Net value", scope.net_value, "money", scope.base),
        )
        rows = [held for held in scope.holdings if not held.is_cash]
        result = Input("", getattr(scope, name), "times_signed" if name == "net_exposure" else "times")
        formula = f"{of} ÷ net value."
        source = "What is held in anything but the base currency, at the prices of the page, and derivatives' notional"
        return Reckoning(
            term, result, formula, source, inputs, HOLDINGS, _weightiest(rows, lambda held: held.exposed), len(rows)
        )

    return make


FIGURES: Final[dict[str, Callable[[Scope], Reckoning]]] = {
    "return": _return,
    "xirr": _xirr,
    "annualised": _of_days(
        "annualised", "annualised_return", "change_1", "(1 + return) ^ (365 ÷ days) − 1.",
        "Geometric; a year of 365 days, because the markets never close",
        lambda scope, _: [_total(scope), _elapsed(scope)],
    ),
    "volatility": _of_days(
        "volatility", "volatility", "percent", "Standard deviation of the daily returns (n − 1) × √365.",
        "Sample standard deviation", lambda _, returns: [_mean(returns), _deviation(returns), ROOT],
    ),
    "sharpe": _of_days(
        "sharpe", "sharpe", "ratio",
        "Mean of the daily returns ÷ their standard deviation (n − 1) × √365; the rate without risk counts as zero.",
        "Sharpe 1994; the error after ± by Lo, The Statistics of Sharpe Ratios (2002), and Mertens (2002)",
        lambda scope, returns: [
            _mean(returns), _deviation(returns), ROOT,
            Input("Standard error", scope.figures["sharpe_error"], "ratio"),
        ],
    ),
    "sortino": _of_days(
        "sortino", "sortino", "ratio",
        "Mean of the daily returns ÷ their downside deviation × √365. The downside deviation is the root of the mean "
        "of squares, a gain counting as zero.",
        "Sortino and Price 1994", lambda _, returns: [_mean(returns), _downside(returns), ROOT],
    ),
    "calmar": _of_days(
        "calmar", "calmar", "ratio", "Annualised return ÷ the depth of the deepest fall, both along the same index.",
        "Young 1991", lambda scope, _: [_year(scope), _fall(scope)],
    ),
    "recovery": _of_days(
        "recovery", "recovery_days", "days",
        "Days, begun ones too, from the lowest point of the deepest fall until the peak before it was reached again.",
        "Along the time-weighted index, whose moments the drawdown's explanation shows",
        lambda scope, _: [_fall(scope)],
    ),
    "value-at-risk": _of_days(
        "value_at_risk", "value_at_risk", "percent",
        "The daily return that 5 of 100 days are worse than, as a loss: between the two rows around place "
        "5 % × (n − 1), in proportion.",
        "Historical, the empirical quantile with linear interpolation", lambda _, __: [],
    ),
    "shortfall": _of_days(
        "shortfall", "expected_shortfall", "percent", "The mean of the worst 5 of 100 daily returns, as a loss.",
        "Historical expected shortfall; at least one day", lambda _, returns: [
            Input("Worst days", int((returns.size - 1) * TAIL) + 1 if returns.size else 0, "count")
        ],
    ),
    "profit-factor": _of_trades(
        "profit_factor", "profit_factor", "ratio", "What the won trades made ÷ what the lost trades lost.",
        ("won", "lost", "won_trades", "lost_trades"),
    ),
    "expectancy": _of_trades(
        "expectancy", "expectancy", "pnl", "(What the won trades made − what the lost trades lost) ÷ trades.",
        ("won", "lost", "trades"),
    ),
    "win-rate": _of_trades(
        "win_rate", "win_rate", "percent", "Won trades ÷ trades.", ("won_trades", "lost_trades", "trades")
    ),
    "average-win": _of_trades(
        "average_win", "average_win", "pnl", "What the won trades made ÷ their number.", ("won", "won_trades")
    ),
    "average-loss": _of_trades(
        "average_loss", "average_loss", "pnl", "What the lost trades lost ÷ their number.", ("lost", "lost_trades")
    ),
    "open-pnl": _open,
    "net-exposure": _exposure("net_exposure", "net_exposure", "Net exposure, long less short"),
    "gross-exposure": _exposure("gross_exposure", "gross_exposure", "Gross exposure, long and short together"),
}  # fmt: skip
