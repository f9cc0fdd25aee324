"""All methods side by side on this fund's own days, walking forward with costs, equal weights among them.

At each step a method sees only the days before it. Where the history is too short for that, nothing is compared and the
verdict says so.
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Final
from uuid import UUID

import numpy as np

from kit.errors import InvalidInputError
from portfolio.allocation.answer import Candidate, of_wallets, sort_out
from portfolio.allocation.asking import MOST_BACK, Asked
from portfolio.allocation.methods import CHOICES, label_of
from portfolio.allocation.returns import read_returns
from portfolio.selectors.performance import DAYS_PER_YEAR
from quant.allocation import Options, Track, compare
from quant.errors import QuantError
from wallets.hierarchy.wishes import read_books
from wallets.models import Wallet

LOOKBACK: Final = 60
STEP: Final = 7  # days
FEWEST: Final = 2  # wallets
NEEDS_HISTORY: Final = "risk_parity"
FEWEST_STEPS: Final = 2
# What agents pay when they close positions to give money up, and open some with what they get.
COST: Final = 0.001
# More than this takes a page too long.
MOST_WALLETS: Final = 20


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """The tracks, the highest Sharpe ratio first, over `days`; each weighed the `lookback` days before it."""

    tracks: tuple[Track, ...]
    verdict: str
    days: int
    lookback: int
    step: int = STEP
    cost: float = COST


def compare_methods(*, owner_id: UUID, wallet_id: UUID, back: int = MOST_BACK) -> Comparison:
    """Every method on the days that all children of the wallet share.

    Raises NotFoundError, InvalidInputError for days that make no sense and for fewer than two children or too many.
    """
    Asked("equal", back).check()
    books = read_books(owner_id)
    wallet = books.wallet(wallet_id)
    children = [one for one in books.children(wallet) if one.role not in Wallet.IDLE]
    if not 2 <= len(children) <= MOST_WALLETS:
        raise InvalidInputError(
            f"Methods are compared on 2 to {MOST_WALLETS} wallets: there are {len(children)} under {wallet.name}."
        )
    returns = read_returns(wallets=children, back=back)
    # Who is new would cut the days that the others share, as in a plan.
    sorted_out = sort_out([Candidate(one, Decimal(0)) for one in children], returns, Asked(NEEDS_HISTORY, back))
    kept = [place for place, one in enumerate(sorted_out) if not one.why_not]
    left = "".join(f" {one.wallet.name} is {one.why_not}." for one in sorted_out if one.why_not)
    table = returns.of(kept)
    table = table[~np.isnan(table).any(axis=1)]
    lookback = max(LOOKBACK, 2 * len(kept))
    needed = lookback + FEWEST_STEPS * STEP
    if len(table) < needed or len(kept) < FEWEST:
        told = f"Nothing is compared yet: they share {len(table)} whole days, {needed} are needed.{left}"
        if len(kept) < FEWEST:
            told = f"Nothing is compared yet: fewer than two have a history.{left}"
        return Comparison((), told, 0, lookback)
    try:
        found = compare(
            table,
            lookback=lookback,
            rebalance_every=STEP,
            cost=COST,
            options=Options(periods_per_year=float(DAYS_PER_YEAR)),
        )
    except QuantError as error:
        raise InvalidInputError(of_wallets(str(error))) from error
    return Comparison(found.tracks, _in_words(found.verdict) + left, len(table) - lookback, lookback)


def _in_words(verdict: str) -> str:
    """The library calls methods by their slugs; "equal" is also a word of its sentences."""
    for slug in CHOICES:
        if slug != "equal":
            verdict = re.sub(rf"\b{slug}\b", label_of(slug), verdict)
    return verdict
