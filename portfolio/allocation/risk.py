"""The children of a wallet side by side: how risky each has been, how they move together, how concentrated it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from math import ceil
from typing import Final
from uuid import UUID

import numpy as np

from kit import clock, days
from kit.errors import InvalidInputError
from portfolio.allocation.asking import USUAL_BACK, Asked
from portfolio.allocation.returns import Returns, Table, read_returns
from portfolio.selectors.calendar import HEATS
from portfolio.selectors.performance import DAYS_PER_YEAR
from portfolio.selectors.standings import standings
from quant.concentration import herfindahl, shares
from quant.correlation import correlation
from quant.metrics.returns import growth
from quant.metrics.risk import MINIMUM_SAMPLE, drawdowns, expected_shortfall, volatility
from quant.metrics.score import RiskScore, risk_score
from trading.selectors.trades import TradeFigures, trade_figures_each
from wallets.hierarchy.wishes import read_books
from wallets.models import Wallet

# A map of more squares than this tells nobody anything.
MOST_WALLETS: Final = 20
SHARE_PLACES: Final = 8


@dataclass(frozen=True, slots=True)
class RiskRow:
    """One child: what it is worth, the whole days that are known of it, and what they measure; fractions.

    None where its history is too short, where nothing was closed, or where nobody knows its price in the base asset
    of the wallet above. `volatility` is per year, `shortfall` the mean loss of the worst twentieth of the days.
    """

    wallet: Wallet
    value: Decimal | None
    share: Decimal | None
    days: int
    drawdown: float | None
    volatility: float | None
    shortfall: float | None
    win_rate: float | None
    trades: int
    score: RiskScore | None


@dataclass(frozen=True, slots=True)
class Cell:
    """A square of the map; `heat` is 1 to 3 by how strongly two move together or against each other, 0 for neither."""

    value: float | None

    @property
    def heat(self) -> int:
        return ceil(HEATS * abs(self.value)) if self.value else 0


@dataclass(frozen=True, slots=True)
class RiskMap:
    """The rows, the riskiest first; `correlations` has a row and a column for each of them, in their order.

    A correlation is None where two share fewer than `MINIMUM_SAMPLE` days or one of them never moved. `herfindahl` is
    that of what the children are worth, and `left_out` how many smaller ones there are.
    """

    wallet: Wallet
    back: int
    rows: tuple[RiskRow, ...]
    correlations: tuple[tuple[float | None, ...], ...]
    herfindahl: Decimal | None
    left_out: int

    @property
    def lines(self) -> list[tuple[RiskRow, list[Cell]]]:
        """Each child with its line of the map."""
        return [(row, [Cell(one) for one in line]) for row, line in zip(self.rows, self.correlations, strict=True)]

    @property
    def equal_parts(self) -> Decimal | None:
        """To as many equal parts the concentration comes."""
        return None if not self.herfindahl else 1 / self.herfindahl


def read_risk(*, owner_id: UUID, wallet_id: UUID, back: int = USUAL_BACK) -> RiskMap:
    """Of the children of a master or farm over the last `back` whole days; the largest `MOST_WALLETS` of them.

    Raises NotFoundError, and InvalidInputError for days that make no sense and for a wallet without children.
    """
    Asked("equal", back).check()
    books = read_books(owner_id)
    wallet = books.wallet(wallet_id)
    children = [one for one in books.children(wallet) if one.role not in Wallet.IDLE]
    if not children:
        raise InvalidInputError(f"Nothing stands under {wallet.name} that could be set side by side.")
    known = standings(owner_id=owner_id)
    # What counts in another asset than the wallet above is no share of the same whole.
    values = {one.pk: known[one.pk].value if one.base_asset == wallet.base_asset else None for one in children}
    children.sort(key=lambda one: values[one.pk] or Decimal(0), reverse=True)
    kept = children[:MOST_WALLETS]
    returns = read_returns(wallets=kept, back=back)
    amounts = [max(values[one.pk] or Decimal(0), Decimal(0)) for one in children]
    parts: Sequence[Decimal | None] = [round(one, SHARE_PLACES) for one in shares(amounts)] or [None] * len(children)
    traded = _traded(kept, back)
    rows = []
    for column, (child, share) in enumerate(zip(kept, parts, strict=False)):
        rows.append(_row(child, values[child.pk], share, returns.table[:, column], traded[child.pk]))
    order = sorted(range(len(rows)), key=lambda place: 1.0 if (score := rows[place].score) is None else -score.value)
    return RiskMap(
        wallet,
        back,
        tuple(rows[place] for place in order),
        tuple(tuple(_correlation(returns.table, one, other) for other in order) for one in order),
        herfindahl(amounts),
        len(children) - len(kept),
    )


def scores_of(wallets: Sequence[Wallet], returns: Returns, back: int) -> list[RiskScore | None]:
    """The risk score of each, None where its history is too short; a column of the returns each, one query for all."""
    traded = _traded(wallets, back)
    return [
        _row(wallet, None, None, returns.table[:, column], traded[wallet.pk]).score
        for column, wallet in enumerate(wallets)
    ]


def _traded(wallets: Sequence[Wallet], back: int) -> dict[UUID, TradeFigures]:
    """What each closed over the last `back` whole days."""
    if not wallets:
        return {}
    since = days.begins(days.day_of(clock.now()) - timedelta(days=back))
    return trade_figures_each(owner_id=wallets[0].owner_id, since=since, wallet_ids=[one.pk for one in wallets])


def _row(wallet: Wallet, value: Decimal | None, share: Decimal | None, series: Table, traded: TradeFigures) -> RiskRow:
    series = series[~np.isnan(series)]
    enough = len(series) >= MINIMUM_SAMPLE
    worst, _ = drawdowns(growth(series)) if enough else (None, None)
    depth = (0.0 if worst is None else worst.depth) if enough else None
    spread = volatility(series, periods_per_year=float(DAYS_PER_YEAR)) if enough else None
    tail = expected_shortfall(series)
    score = risk_score(drawdown=depth, volatility=spread, shortfall=tail, win_rate=traded.win_rate)
    return RiskRow(wallet, value, share, len(series), depth, spread, tail, traded.win_rate, traded.trades, score)


def _correlation(table: Table, one: int, other: int) -> float | None:
    return correlation(table[:, one], table[:, other], least=MINIMUM_SAMPLE)
