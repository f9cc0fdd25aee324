"""From returns to weights in the words of wallets: `quant.allocation` asked, and its answer told.

The one place of the engine where amounts become floats. Nothing here reads or writes a row.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_FLOOR, Decimal
from typing import Final

import numpy as np

from kit.errors import InvalidInputError
from portfolio.allocation.asking import Asked
from portfolio.allocation.returns import Returns, Table
from portfolio.selectors.performance import DAYS_PER_YEAR
from quant.allocation import Allocation, Constraints, Options, allocate
from quant.allocation.allocate import CONSTANT
from quant.errors import QuantError
from wallets.models import Wallet

EQUAL: Final = "equal"
CASH: Final = "cash"
FEWEST_RETURNS: Final = 2


@dataclass(frozen=True, slots=True)
class Candidate:
    """A child and what it is worth now in the base asset; `why_not` says why it is left as it is."""

    wallet: Wallet
    value: Decimal
    why_not: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """Weights of the capital by column of `wallets`; the rest is as in `quant.allocation.Allocation`."""

    wallets: tuple[Wallet, ...]
    shared_days: int
    found: Allocation


def sort_out(candidates: Sequence[Candidate], returns: Returns, asked: Asked) -> list[Candidate]:
    """The candidates, those with too little history to be weighed against the others marked with the reason.

    What estimates nothing needs no history, and where all are as new nobody is compared.
    """
    if asked.method == EQUAL and not asked.limits.minimum_history:
        return list(candidates)
    counts = returns.counts
    most = max((count for count, one in zip(counts, candidates, strict=True) if not one.why_not), default=0)
    # One short history would cut the days that all share.
    least = max(asked.limits.minimum_history, most // 2)
    found = []
    for one, count in zip(candidates, counts, strict=True):
        why = ""
        if count < asked.limits.minimum_history:
            why = f"left as it is: {count} whole days, {asked.limits.minimum_history} are asked for"
        elif count < least:
            why = f"left as it is: {count} whole days where others have {most}"
        found.append(one if one.why_not else replace(one, why_not=why))
    return found


def weigh(
    wallets: Sequence[Wallet],
    values: Sequence[Decimal],
    capital: Decimal,
    table: Table,
    asked: Asked,
    risky: Mapping[int, Decimal] | None = None,
) -> Answer:
    """The weights that the method wants within the limits, fractions of the capital.

    `risky` are the columns that get nothing, because their risk score, which it gives, is above what is allowed. Raises
    InvalidInputError where no weights keep the limits, naming what is enough to relax, and where nobody can be weighed.
    """
    names = _names(wallets)
    shared = int((~np.isnan(table).any(axis=1)).sum())
    risky = risky or {}
    if len(risky) == len(wallets):
        least = min(risky, key=lambda column: (risky[column], column))
        raise InvalidInputError(
            f"Every one of them is riskier than allowed: the calmest is {wallets[least].name}, whose risk score is "
            f"{risky[least]}. It is enough to raise the maximum risk score to {risky[least]}."
        )

    def allocated(left_out: Mapping[int, Decimal], wish: Asked = asked) -> Allocation:
        constraints = replace(
            _constraints(wallets, values, capital, wish, risky=left_out),
            unwanted={
                column: f"nothing: its risk score of {score} is above {asked.limits.risk_of(wallets[column].pk)}"
                for column, score in left_out.items()
            },
        )
        options = Options(**{"periods_per_year": float(DAYS_PER_YEAR), **asked.options})
        return _allocate(table, wish.method, constraints, options, names)

    try:
        found = allocated(risky)
    except QuantError as error:
        calmer = _calmer(wallets, risky, allocated)
        raise InvalidInputError(of_wallets(" ".join((str(error), calmer)).strip())) from error
    if found.method == CASH:
        why = "; ".join(f"{name}: {of_wallets(reason)}" for name, reason in zip(names, found.reasons, strict=True))
        told = f"None of them can be weighed by their returns. {why}."
        if asked.limits.minimum_sharpe is not None:
            enough = _less_sharpe(table, asked, lambda wish: allocated(risky, wish))
        else:
            enough = "Equal weights need none." if asked.method != EQUAL else ""
        raise InvalidInputError(f"{told} {enough}".strip())
    return Answer(tuple(wallets), shared, found)


def _less_sharpe(table: Table, asked: Asked, allocated: Callable[[Asked], Allocation]) -> str:
    """The highest minimum of the Sharpe ratio with which there are weights, or that none is to be asked for."""

    def works(least: Decimal | None, method: str) -> bool:
        try:
            wish = replace(asked, method=method, limits=replace(asked.limits, minimum_sharpe=least))
            return allocated(wish).method != CASH
        except (QuantError, InvalidInputError):
            return False

    ratios = sorted((one for one in map(_yearly_sharpe, table.T) if one is not None), reverse=True)
    least = next((one for one in ratios if works(one, asked.method)), None)
    if least is not None:
        return f"It is enough to lower the minimum Sharpe ratio to {least}."
    if works(None, asked.method):
        return "It is enough to ask for no minimum Sharpe ratio."
    return "Equal weights without a minimum Sharpe ratio need none." if works(None, EQUAL) else ""


def _yearly_sharpe(returns: Table) -> Decimal | None:
    """Rounded down to hundredths; None of what has none."""
    known = returns[~np.isnan(returns)]
    deviation = float(known.std(ddof=1)) if len(known) >= FEWEST_RETURNS else 0.0
    if deviation <= CONSTANT:
        return None
    yearly = Decimal(repr(float(known.mean()) / deviation * DAYS_PER_YEAR**0.5))
    return yearly.quantize(Decimal("0.01"), ROUND_FLOOR)


def _calmer(
    wallets: Sequence[Wallet], risky: Mapping[int, Decimal], allocated: Callable[[Mapping[int, Decimal]], Allocation]
) -> str:
    """The smallest rise of the maximum risk score with which there are weights; empty where none helps."""
    for score in sorted(set(risky.values())):
        left_out = {column: its for column, its in risky.items() if its > score}
        try:
            allocated(left_out)
        except (QuantError, InvalidInputError):
            continue
        names = " and ".join(wallets[column].name for column in sorted(risky.keys() - left_out.keys()))
        return f"Or raise the maximum risk score to {score}, which lets {names} in."
    return ""


def of_wallets(said: str) -> str:
    """The library speaks of assets and periods; here they are wallets and days."""
    for theirs, ours in (
        ("common periods", "shared whole days"),
        ("assets", "wallets"),
        ("asset", "wallet"),
        ("in the periods that all share", "on the days that all share"),
        ("per period", "per day"),
        ("returns, ", "whole days, "),
        (" returns where others", " whole days where others"),
    ):
        said = said.replace(theirs, ours)
    return said


def _allocate(table: Table, method: str, constraints: Constraints, options: Options, names: list[str]) -> Allocation:
    """The library's answer; equal weights without returns where there are none, and where equal ones were asked for.

    The library gives nothing to what never moved. Equal weights are for that too: they are asked of returns that say
    nothing, and the risk that such returns would have is not told.
    """
    counts = (~np.isnan(table)).sum(axis=0)
    shared = table[~np.isnan(table).any(axis=1)]
    is_known = counts.min() >= FEWEST_RETURNS
    if method == EQUAL:
        is_known = counts.min() >= counts.max() // 2 and len(shared) >= FEWEST_RETURNS
        is_known = is_known and bool((shared.std(axis=0, ddof=1) > CONSTANT).all())
    if is_known or constraints.minimum_sharpe is not None:
        return allocate(table, method, constraints, options, names=names)
    found = allocate(np.eye(len(names)), EQUAL, constraints, options, names=names)
    notes = found.notes
    if method != EQUAL:
        notes = ("There are no shared whole days to estimate anything from: equal weights.", *notes)
    unknown = np.zeros(len(names))
    return replace(found, expected_return=None, volatility=None, risk_contributions=unknown, notes=notes)


def _constraints(
    wallets: Sequence[Wallet],
    values: Sequence[Decimal],
    capital: Decimal,
    asked: Asked,
    *,
    risky: Mapping[int, Decimal],
) -> Constraints:
    limits = asked.limits
    low, high = [], []
    for column, wallet in enumerate(wallets):
        bound = limits.bounds.get(wallet.pk)
        least = limits.minimum if bound is None or bound.minimum is None else bound.minimum
        most = limits.maximum if bound is None or bound.maximum is None else bound.maximum
        if bound is not None and bound.capacity is not None:
            most = min(most, bound.capacity / capital)
        if column in risky and bound is not None and bound.minimum:
            raise InvalidInputError(
                f"{wallet.name} must have {float(bound.minimum):.2%}, and its risk score of {risky[column]} is above "
                f"{limits.risk_of(wallet.pk)}: lower its minimum to 0, or raise its maximum risk score to "
                f"{risky[column]}."
            )
        if least > most:
            raise InvalidInputError(
                f"{wallet.name} can take at most {float(most):.2%} and must have {float(least):.2%}: lower its minimum"
                f" by {float(least - most):.2%}."
            )
        low.append(float(least))
        high.append(float(most))
    yearly = limits.minimum_sharpe
    return Constraints(
        minimum=np.array(low),
        maximum=np.array(high),
        minimum_sharpe=None if yearly is None else float(yearly) / DAYS_PER_YEAR**0.5,
        current=np.array([float(value / capital) for value in values]),
        turnover=None if limits.turnover is None else float(limits.turnover),
        cash_reserve=float(limits.cash_reserve),
    )


def _names(wallets: Sequence[Wallet]) -> list[str]:
    """What the library calls them: each once, and without braces, which are places in its sentences."""
    plain = [wallet.name.replace("{", "(").replace("}", ")") for wallet in wallets]
    often = Counter(plain)
    return [f"{name} ({number})" if often[name] > 1 else name for number, name in enumerate(plain, 1)]
