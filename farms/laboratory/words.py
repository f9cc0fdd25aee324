"""What the figures of a backtest are called, and how each is written."""

from decimal import Decimal
from typing import Any, Final, NamedTuple

from kit import formatting


class Figure(NamedTuple):
    """A figure of the table by its `name`; `kind` is how it is written: change, percent, ratio, money or count."""

    name: str
    label: str
    kind: str
    help: str


FIGURES: Final = (
    Figure("total_return", "Return", "change", "What the cash became, less the cash, as a fraction of it."),
    Figure("annualised_return", "A year", "change", "The return, as if it went on for a year at the same pace."),
    Figure("volatility", "Volatility", "percent", "The deviation of the returns of bars, over a year."),
    Figure("sharpe", "Sharpe", "ratio", "Mean return of a bar by its deviation, over a year."),
    Figure("sharpe_error", "Error of Sharpe", "ratio", "One standard error of the Sharpe ratio."),
    Figure("sortino", "Sortino", "ratio", "As Sharpe, counting only the deviation of bars that lost."),
    Figure("calmar", "Calmar", "ratio", "The return of a year by the deepest drawdown."),
    Figure("max_drawdown", "Max drawdown", "change", "The deepest fall from the highest equity so far."),
    Figure("value_at_risk", "Value at risk", "percent", "On 95 of 100 bars less was lost."),
    Figure("expected_shortfall", "Shortfall", "percent", "The average of the worst 5 of 100 bars."),
    Figure("trades", "Trades", "count", "Round trips that are over."),
    Figure("win_rate", "Won", "percent", "The share of trades that made money after fees."),
    Figure("profit_factor", "Profit factor", "ratio", "What trades won by what they lost, after fees."),
    Figure("expectancy", "Average trade", "money", "The average profit of a trade, after fees."),
    Figure("average_win", "Average win", "money", "The average of the trades that made money."),
    Figure("average_loss", "Average loss", "money", "The average of the trades that lost money."),
    Figure("best_trade", "Best trade", "money", "The largest profit of a trade."),
    Figure("worst_trade", "Worst trade", "money", "The largest loss of a trade."),
    Figure("winning_streak", "Won in a row", "count", "The most trades in a row that made money."),
    Figure("losing_streak", "Lost in a row", "count", "The most trades in a row that lost money."),
    Figure("fees", "Fees", "spent", "What the trades paid in fees."),
    Figure("turnover", "Turnover a year", "times", "What was traded in a year, by the mean equity."),
    Figure("exposure", "In the market", "percent", "The share of bars on which something was held."),
    Figure("refused_entries", "Entries refused", "count", "Signals that the cash did not allow."),
)
# What a page's headline has already.
HEADLINE: Final = ("total_return", "sharpe", "max_drawdown", "trades", "win_rate", "exposure")
COMPARED: Final = tuple(figure for figure in FIGURES if figure.name not in ("sharpe_error", "refused_entries"))
REASONS: Final = {
    "exit": "Its rules said exit",
    "reverse": "Its rules reversed",
    "stop": "Stop",
    "trail": "Trailing stop",
    "target": "Target",
}

QUESTIONS: Final = {
    "look_ahead": "Does it look ahead?",
    "warm_up": "Does it decide the same wherever its data begin?",
    "habits": "Do its rules fire as rules should?",
    "trades": "Are there enough trades?",
    "luck": "Is it more than luck?",
    "unseen": "Does it earn on candles it has not seen?",
    "overfitting": "Was it fitted to the past?",
    "order": "How deep might it have fallen?",
    "costs": "Does it survive higher costs?",
    "gaps": "Are the candles whole?",
}


def told(statistics: dict[str, Any], *, but: tuple[str, ...] = ()) -> list[tuple[Figure, Any]]:
    """Each figure with its value, in their order."""
    return [(figure, statistics.get(figure.name)) for figure in FIGURES if figure.name not in but]


def sized(size: str) -> str:
    """`50 % of its equity`, from `fraction:0.5`."""
    kind, _, given = size.partition(":")
    amount = Decimal(given)
    if kind == "units":
        return f"{formatting.quantity(amount)} of the base asset"
    share = formatting.percent(amount, 2)
    return {
        "fraction": f"{share} of its equity",
        "risk": f"{share} of its equity at risk",
        "volatility": f"{share} of its equity a year by its volatility",
    }[kind]
