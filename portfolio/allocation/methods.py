"""The methods in words: a name and two sentences each, what it does and when it is the one to take."""

from dataclasses import dataclass
from typing import Final

from quant.allocation import METHODS


@dataclass(frozen=True, slots=True)
class Method:
    """One of `quant.allocation.METHODS` as people read it."""

    slug: str
    label: str
    words: str


_WORDS: Final = (
    (
        "equal",
        "Equal",
        "Everyone gets the same. It estimates nothing, which makes it hard to beat.",
    ),
    (
        "inverse_volatility",
        "Inverse volatility",
        "Who swings less gets more. It looks at each alone and not at how they move together.",
    ),
    (
        "risk_parity",
        "Risk parity",
        "Everyone carries the same share of the risk. It counts how they move together, and no return.",
    ),
    (
        "minimum_variance",
        "Minimum variance",
        "The mix that swings least. It may put nearly everything into the calmest one.",
    ),
    (
        "mean_variance",
        "Mean and variance",
        "Weighs past returns against risk by your tolerance. Returns are hard to estimate, so it needs long histories.",
    ),
    (
        "maximum_sharpe",
        "Highest Sharpe ratio",
        "The mix that earned most for its risk. It follows the past closely, good luck included.",
    ),
    (
        "hierarchical_risk_parity",
        "Hierarchical risk parity",
        "Groups those that move alike and splits the risk between groups. It stays steady where histories are short.",
    ),
    (
        "maximum_diversification",
        "Maximum diversification",
        "The mix in which risks cancel out most. It prefers who moves differently from the others.",
    ),
    (
        "momentum",
        "Momentum",
        "Who earned most lately gets most, newer days counting more. Who lost lately gets nothing.",
    ),
    (
        "performance_based",
        "Performance",
        "In proportion to what each earned over all the days. Who lost gets nothing.",
    ),
    (
        "risk_adjusted",
        "Risk-adjusted",
        "In proportion to what each earned for its risk. Who lost gets nothing.",
    ),
    (
        "fractional_kelly",
        "Fractional Kelly",
        "A careful part of the stake that would grow fastest. What is not worth its risk stays in cash.",
    ),
)
CHOICES: Final = {slug: Method(slug, label, words) for slug, label, words in _WORDS}
assert set(CHOICES) == set(METHODS)  # noqa: S101 - a new method has to be told of


def label_of(slug: str) -> str:
    """What a method is called; "cash" is what remains where none can be used."""
    return CHOICES[slug].label if slug in CHOICES else slug.replace("_", " ").capitalize()
