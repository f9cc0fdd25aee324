"""The verdict on a sweep's best trial, in words: what the headline is worth after everything that was tried."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from quant.sweeps import Sweep
from quant.validation.overfitting import Overfitting, deflated_sharpe, overfitting

SIGNIFICANT: Final = 0.95
MOST_OVERFITTING: Final = 0.2
FEWEST_TRADES: Final = 30
FRAGILE: Final = 0.5


@dataclass(frozen=True)
class Verdict:
    """Whether the best trial is significant after deflation, the figures, and the sentences that say why."""

    significant: bool
    deflated_sharpe: float | None
    overfitting: Overfitting | None
    sentences: tuple[str, ...]


def judge(sweep: Sweep) -> Verdict:
    """Judge the trial with the highest Sharpe ratio by all trials that were made.

    Significant means a deflated Sharpe ratio of at least 0.95, a probability of overfitting of at most 0.2 and at least
    30 trades.
    """
    best = int(sweep.sharpe.argmax())
    per_bar = sweep.sharpe / math.sqrt(sweep.periods_per_year)
    deflated = deflated_sharpe(
        per_bar, n=sweep.bars, skew=float(sweep.skew[best]), kurtosis=float(sweep.kurtosis[best])
    )
    chance = overfitting(sweep.block_sums, sweep.block_squares, bars=sweep.bars)
    trades = int(sweep.trades[best])
    unlucky = deflated is None or not deflated >= SIGNIFICANT
    overfitted = chance is not None and chance.probability > MOST_OVERFITTING
    sentences = [
        f"The best of {len(sweep)} trials has a Sharpe ratio of {sweep.sharpe[best]:.2f} over {trades} trades."
    ]
    if deflated is None:
        sentences.append("Its returns are too few or too odd to tell luck from skill.")
    elif unlucky:
        sentences.append(
            f"As many worthless trials would show as much: the probability that it is more than luck is {deflated:.0%}."
        )
    else:
        sentences.append(f"That is more than the best of as many worthless trials would show ({deflated:.1%}).")
    if chance is not None:
        word = "too often" if overfitted else "rarely enough"
        sentences.append(
            f"In {chance.probability:.0%} of {chance.splits:,} halvings of history the best of one half was below the "
            f"median of the other, which is {word}."
        )
    if trades < FEWEST_TRADES:
        counted = "1 trade is" if trades == 1 else f"{trades} trades are"
        sentences.append(f"{counted} too few: wait for {FEWEST_TRADES}.")
    if sweep.fragility is not None and sweep.fragility > FRAGILE:
        sentences.append("Its neighbours are much worse: prefer the middle of a plateau.")
    significant = not unlucky and not overfitted and trades >= FEWEST_TRADES
    sentences.append("Verdict: significant." if significant else "Verdict: not significant.")
    return Verdict(significant, deflated, chance, tuple(sentences))
