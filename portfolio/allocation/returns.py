"""The children's daily time-weighted returns, side by side on the reader's whole days."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

import numpy as np

from kit import clock, days
from portfolio.models import DailyPerformance
from wallets.models import Wallet

Table = np.ndarray[Any, np.dtype[np.float64]]
LOST: Final = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Returns:
    """`table` is (T, N): a row per day of `calendar`, a column per wallet, NaN on days that a wallet has none of."""

    calendar: tuple[date, ...]
    table: Table

    @property
    def counts(self) -> list[int]:
        """How many days of each wallet are known."""
        return [int(one) for one in (~np.isnan(self.table)).sum(axis=0)]

    def shared(self, columns: Sequence[int]) -> int:
        """On how many days all of these wallets have a return."""
        return int((~np.isnan(self.table[:, list(columns)]).any(axis=1)).sum()) if columns else 0

    def of(self, columns: Sequence[int]) -> Table:
        return self.table[:, list(columns)]


def read_returns(*, wallets: Sequence[Wallet], back: int) -> Returns:
    """Of the last `back` days before today, one query.

    A day counts where it was whole: not the one on which a history began, and not one in another base asset. After a
    total loss the history begins anew.
    """
    today = days.day_of(clock.now())
    first = today - timedelta(days=back)
    bases = {wallet.pk: wallet.base_asset for wallet in wallets}
    # With the day before, which says whose history does not begin on the first.
    asked = DailyPerformance.objects.filter(
        scope__in=list(bases), day__gte=first - timedelta(days=1), day__lt=today
    ).order_by("scope", "day")
    found: dict[UUID, dict[date, float]] = defaultdict(dict)
    began: set[UUID] = set()
    for scope, day, base, twr, index in asked.values_list("scope", "day", "base", "twr", "twr_index"):
        if base != bases[scope]:
            continue
        if day < first:
            began.add(scope)
        elif scope not in began:
            began.add(scope)
            found[scope][day] = np.nan  # the day on which it began
        elif index == LOST:
            found[scope].clear()
            found[scope][day] = np.nan
        else:
            found[scope][day] = twr
    calendar = tuple(sorted({day for one in found.values() for day in one}))
    table = np.full((len(calendar), len(wallets)), np.nan)
    place = {day: number for number, day in enumerate(calendar)}
    for column, wallet in enumerate(wallets):
        for day, twr in found[wallet.pk].items():
            table[place[day], column] = twr
    return Returns(calendar, table)
