"""What a backtest is worth, question by question, in words: nobody is fooled as easily as whoever looks for a profit.

Everything here is worked out from candles and figures and writes nothing. Whoever asks brings the Sharpe ratios of all
trials of the same rules on the same candles that are known: the best of many worthless ones looks good too.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

import numpy as np

from kit.sentences import Sentence, sentence, share
from quant.backtest import BacktestResult
from quant.candles import Candles, Floats
from quant.errors import QuantError, StrategyRuleError
from quant.metrics import total_return
from quant.strategies import Strategy, validator
from quant.sweeps import space
from quant.validation.overfitting import expected_best_sharpe, probabilistic_sharpe
from quant.validation.resampling import shuffled_drawdown, stressed_costs
from quant.validation.verdict import FEWEST_TRADES, SIGNIFICANT
from quant.validation.walk_forward import walk_forward

# Bars that the rules are looked at on, at least, and signals at which the past is cut off.
LOOKED_AT: Final = 1_000
CUTS: Final = 30
# What the past is walked through in, and how the parameters beside the chosen ones are scaled.
STEPS: Final = 4
STRETCHES: Final = 5
SCALES: Final = (0.5, 0.75, 1.0, 1.5, 2.0)
AXES: Final = 2
FEWEST_BARS: Final = 200
# What trading costs more on average, as a fraction of what is traded, and how often that may eat everything.
DEARER: Final = 0.001
MOST_LOST: Final = 0.05
DRAWS: Final = 20_000_000
MOST_MISSING: Final = 0.01


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a question: whether it speaks for the result (None: neither for nor against), and why."""

    question: str
    passes: bool | None
    words: Sentence
    figures: Mapping[str, float | None] = field(default_factory=dict)

    @property
    def stored(self) -> dict[str, Any]:
        return {
            "question": self.question,
            "passes": self.passes,
            "words": self.words.parts,
            "figures": dict(self.figures),
        }


@dataclass(frozen=True, slots=True)
class Judged:
    """All answers, and what follows from them."""

    answers: tuple[Answer, ...]
    trials: int
    deflated_sharpe: float | None

    @property
    def is_significant(self) -> bool:
        """Nothing speaks against it, and what has to be shown is shown."""
        said = {answer.question: answer.passes for answer in self.answers}
        return False not in said.values() and said["luck"] is True and said["trades"] is True


def judge(
    strategy: Strategy,
    params: Mapping[str, Any],
    series: Sequence[Candles],
    result: BacktestResult,
    *,
    moments: tuple[float, float, float],
    trials: Sequence[float],
    overfitting: float | None = None,
) -> Judged:
    """Judge a run by its candles, its trades and everything else that was tried.

    `moments` are the Sharpe ratio per bar, skew and kurtosis of its returns; `trials` the Sharpe ratios per bar of all
    trials that are known, its own among them; `overfitting` the probability that a sweep of them found, if there was
    one.
    """
    lucky = luck(moments, trials, int(result.ts.size))
    answers = (
        *_rules(strategy, params, series[0]),
        _habits(strategy, params, series[0]),
        _trades(result),
        lucky,
        _unseen(strategy, params, series, result),
        _overfitting(overfitting),
        _order(result),
        _costs(result),
        _gaps(series),
    )
    return Judged(answers, len(trials), lucky.figures["deflated_sharpe"])


def _rules(strategy: Strategy, params: Mapping[str, Any], candles: Candles) -> tuple[Answer, Answer]:
    """Whether the rules look ahead, and whether they decide the same wherever their data begin."""
    bars = max(LOOKED_AT, 3 * strategy.warmup(params))
    shown = candles[-bars:]
    ahead = Answer(
        "look_ahead",
        True,
        Sentence("No: with everything that comes after a candle taken away, the rules decide the same on it."),
    )
    steady = Answer(
        "warm_up",
        True,
        Sentence("Yes: begun later, after their warm-up, the rules say the same."),
    )
    try:
        validator.check(strategy, params, shown, most_cuts=CUTS)
    except StrategyRuleError as error:
        told = sentence("{why}", why=str(error))
        if "stable warm-up" in str(error):
            return ahead, Answer("warm_up", False, told)
        if "warm up" in str(error):  # there are too few candles to see
            return ahead, Answer("warm_up", None, told)
        return Answer("look_ahead", False, told), Answer("warm_up", None, Sentence("Not looked at: see above."))
    return ahead, steady


def _habits(strategy: Strategy, params: Mapping[str, Any], candles: Candles) -> Answer:
    """Whether the rules fire now and then, and protect what they enter."""
    try:
        validator.check_habits(strategy, params, candles)
    except StrategyRuleError as error:
        seen = "Give more candles" not in str(error)
        return Answer("habits", False if seen else None, sentence("{why}", why=str(error)))
    return Answer("habits", True, Sentence("Yes: they enter now and then, and never without a stop or a trail."))


def _trades(result: BacktestResult) -> Answer:
    count = len(result.trades)
    if count >= FEWEST_TRADES:
        words = sentence(
            "{count} trades are enough to say something: at least {least} are needed.", count=count, least=FEWEST_TRADES
        )
    else:
        told = "{count} trade is" if count == 1 else "{count} trades are"
        words = sentence(told + " too few: wait for {least}.", count=count, least=FEWEST_TRADES)
    return Answer("trades", count >= FEWEST_TRADES, words, {"trades": count})


def luck(moments: tuple[float, float, float], trials: Sequence[float], bars: int) -> Answer:
    """The deflated Sharpe ratio of this run among all trials (Bailey & López de Prado, 2014)."""
    sharpe, skew, kurtosis = moments
    spread = float(np.var(trials, ddof=1)) if len(trials) > 1 else 0.0
    best = expected_best_sharpe(spread, len(trials))
    found = probabilistic_sharpe(sharpe, n=bars, skew=skew, kurtosis=kurtosis, benchmark=best)
    figures = {"deflated_sharpe": found, "trials": len(trials)}
    others = len(trials) - 1
    if found is None or sharpe == 0.0:
        return Answer("luck", None, Sentence("Its returns are too few or too odd to tell luck from skill."), figures)
    known = _share(found)
    if others == 0:
        words = sentence(
            "It is the only trial of these rules on these candles that is known. The probability that its Sharpe ratio "
            "is above zero is {known}; each further trial lowers what it is worth.",
            known=known,
        )
    else:
        words = sentence(
            "It is one of {trials} trials of these rules on these candles. The probability that it is better than the "
            "best of as many worthless ones is {known}.",
            trials=len(trials), known=known,
        )  # fmt: skip
    return Answer("luck", found >= SIGNIFICANT, words, figures)


def _unseen(strategy: Strategy, params: Mapping[str, Any], series: Sequence[Candles], result: BacktestResult) -> Answer:
    """Walk-forward where there is something to choose, else the run's own stretches."""
    axes = neighbours(strategy, params) if len(series) == 1 else {}
    bars = len(series[0])
    train = bars // 3
    if not axes or train < max(FEWEST_BARS, strategy.warmup(params)):
        return _stretches(result)
    try:
        walked = walk_forward(
            space(strategy, axes, {name: value for name, value in params.items() if name not in axes}),
            series[0],
            result.config,
            train_bars=train,
            test_bars=(bars - train) // STEPS,
        )
    except QuantError as error:
        return Answer("unseen", None, sentence("{why}", why=str(error)))
    made = total_return(walked.returns)
    won = sum(1 for window in walked.windows if (window.test_return or 0.0) > 0)
    points = math.prod(map(len, axes.values()))
    words = sentence(
        "Choosing the best of {points} parameter sets around these on a third of the candles, and trading the candles "
        "after it with them, {steps} times: {won} of {steps} stretches earned something, {made} together.",
        points=points, steps=len(walked.windows), won=won, made=_share(made or 0.0),
    )  # fmt: skip
    figures = {"return": made, "stretches": len(walked.windows), "won": won}
    return Answer("unseen", bool(made is not None and made > 0), words, figures)


def neighbours(strategy: Strategy, params: Mapping[str, Any]) -> dict[str, tuple[Any, ...]]:
    """Values around the chosen ones of the first few whole-number parameters."""
    axes: dict[str, tuple[Any, ...]] = {}
    for item in strategy.schema:
        if item.kind == "int" and len(axes) < AXES and params[item.name]:
            low, high = item.minimum or 0, item.maximum or math.inf
            values = {int(min(max(round(params[item.name] * scale), low), high)) for scale in SCALES}
            axes[item.name] = tuple(sorted(values))
    return axes


def _stretches(result: BacktestResult) -> Answer:
    curve = np.concatenate(([result.config.cash], result.equity))
    if curve.size < STRETCHES + 1 or curve.min() <= 0:
        return Answer("unseen", None, Sentence("There are too few candles to look at them stretch by stretch."))
    ends = curve[np.linspace(0, curve.size - 1, STRETCHES + 1).astype(np.int64)]
    won = int((np.diff(ends) > 0).sum())
    words = sentence(
        "Nothing was chosen by these candles to be walked forward. Of {stretches} equal stretches {won} earned "
        "something.",
        stretches=STRETCHES, won=won,
    )  # fmt: skip
    earned = won > STRETCHES // 2 and bool(ends[-1] > ends[0])
    return Answer("unseen", earned, words, {"stretches": STRETCHES, "won": won})


def _overfitting(probability: float | None) -> Answer:
    if probability is None:
        told = "There was no sweep of these rules on these candles: how often the best of one half fails in the other "
        return Answer("overfitting", None, Sentence(told + "is not known."))
    words = sentence(
        "In {probability} of all halvings of history the best of the sweep in one half was below the median of the "
        "other; 20 % is the most that is taken for chance.",
        probability=_share(probability),
    )
    return Answer("overfitting", probability <= 0.2, words, {"probability": probability})


def _order(result: BacktestResult) -> Answer:
    pnl = result.trades.pnl
    if not pnl.size:
        return Answer("order", None, Sentence("There is no trade to put in another order."))
    found = shuffled_drawdown(pnl, cash=result.config.cash, samples=_draws(pnl), seed=1)
    words = sentence(
        "The same trades in another order: in one of twenty orders equity falls by {worst} or more, where it fell by "
        "{actual}. Be ready for the deeper one.",
        worst=_share(-found.low), actual=_share(-found.actual),
    )  # fmt: skip
    return Answer("order", None, words, {"drawdown": found.actual, "one_in_twenty": found.low})


def _costs(result: BacktestResult) -> Answer:
    trades = result.trades
    if not trades.pnl.size:
        return Answer("costs", None, Sentence("There is no trade that could cost more."))
    notional = trades.quantity * (trades.entry_price + trades.exit_price)
    found = stressed_costs(trades.pnl, notional, mean=DEARER, samples=_draws(trades.pnl), seed=1)
    figures = {"share_of_losses": found.share_of_losses, "break_even": found.break_even}
    if found.break_even is None:
        return Answer("costs", False, Sentence("It loses as it is, before anything costs more."), figures)
    words = sentence(
        "If trading costs {dearer} more of what is traded on average, {lost} of the draws end with a loss. Nothing is "
        "left of the profit at {even} more.",
        dearer=_share(DEARER), lost=_share(found.share_of_losses), even=_share(found.break_even, 4),
    )  # fmt: skip
    return Answer("costs", found.share_of_losses <= MOST_LOST, words, figures)


def _gaps(series: Sequence[Candles]) -> Answer:
    missing = sum(int(candles.gaps()[:, 1].sum()) for candles in series)
    there = sum(map(len, series))
    part = missing / (missing + there) if there else 0.0
    if not missing:
        return Answer("gaps", True, Sentence("No candle is missing."), {"missing": 0})
    words = sentence(
        "{missing} candles are missing, {part} of them: what happened there is not known.",
        missing=missing, part=_share(part, 4),
    )  # fmt: skip
    return Answer("gaps", part <= MOST_MISSING, words, {"missing": missing})


def _draws(pnl: Floats) -> int:
    """As many as there is time for."""
    return max(min(2_000, DRAWS // pnl.size), 100)


def _share(value: float, places: int = 3) -> Any:
    return share(Decimal(str(round(value, places))))
