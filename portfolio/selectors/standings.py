"""How each of an owner's wallets stands, with all below it, and all of them together: value, today and return.

The one source of these figures where many wallets are shown. One statement values all scopes at one moment, as the
snapshots do, and looks up what each was worth at the last midnight of the reader.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection

from kit import clock, days, formatting
from kit.statements import planned_once
from portfolio.valuation import VALUATION, parameters

# What a `Standing` is made of, out of `valuation` and `opening`, which is what stood at the reader's last midnight.
FIGURES: Final = """
    valuation.scope, valuation.base, valuation.equity, valuation.equity <> 0 OR valuation.unpriced = '[]',
    valuation.flows, valuation.twr_index,
    coalesce(opening.equity, 0), coalesce(opening.flows, 0), coalesce(nullif(opening.twr_index, 0), 1)
"""
SIZE: Final = 9  # columns
# Of what is there has to be others' money: with less the quotient tells how much was taken out again, and no longer how
# well it did. Who has grown tenfold has the time-weighted return beside it, which says so.
LEAST_FUNDING: Final = Decimal("0.1")
OPENING: Final = """
LEFT JOIN LATERAL (
    SELECT equity, flows, twr_index FROM portfolio_snapshot AS snapshot
    WHERE snapshot.scope = valuation.scope AND snapshot.base = valuation.base AND snapshot.at <= %(midnight)s
    ORDER BY at DESC LIMIT 1
) AS opening ON true
"""
_STANDINGS: Final = f"{VALUATION} SELECT {FIGURES} FROM valuation {OPENING}"  # noqa: S608 - joined from constants


@dataclass(frozen=True, slots=True)
class Standing:
    """A scope now, money in `base`, returns time-weighted fractions; None is what cannot be valued now.

    `funding` is what was put in less what was taken out, ever; `profit` is value less funding. `twr` is the return
    since the start or, after a total loss, since it began anew.
    """

    base: str
    value: Decimal | None
    funding: Decimal
    today: Decimal | None
    today_return: float | None
    twr: float | None

    @property
    def profit(self) -> Decimal | None:
        return None if self.value is None else self.value - self.funding

    @property
    def profit_on_funding(self) -> Decimal | None:
        """Profit on the capital given: by how much it grew what it holds of others' money, whenever that came.

        None where nothing is left in it that was not lost: the rest was taken out, and what was lost is not all of it.
        None too where what was given is zero as amounts are written, or next to nothing of what is there
        (`LEAST_FUNDING`).
        """
        if self.value is None or self.profit is None or (not self.value and self.twr != -1):
            return None
        if self.funding <= self.value * LEAST_FUNDING or formatting.is_dust(self.funding, self.base):
            return None
        return self.profit / self.funding


class HasStanding:
    """A row about a wallet, which shows the figures of its standing as its own."""

    __slots__ = ()
    standing: Standing

    @property
    def value(self) -> Decimal | None:
        return self.standing.value

    @property
    def funding(self) -> Decimal:
        return self.standing.funding

    @property
    def profit(self) -> Decimal | None:
        return self.standing.profit

    @property
    def profit_on_funding(self) -> Decimal | None:
        return self.standing.profit_on_funding

    @property
    def today(self) -> Decimal | None:
        return self.standing.today

    @property
    def today_return(self) -> float | None:
        return self.standing.today_return

    @property
    def twr(self) -> float | None:
        return self.standing.twr


def standings(*, owner_id: UUID, where: ZoneInfo | None = None) -> dict[UUID, Standing]:
    """The standing of each wallet by its id, of those too that never held anything; of all together by the owner's.

    The day began at midnight `where` the reader is, if nothing else is said.
    """
    now = clock.now()
    with planned_once(connection) as cursor:
        cursor.execute(_STANDINGS, parameters(owner_id=owner_id, at=now) | midnight(now, where))
        return dict(standing(row) for row in cursor.fetchall())


def midnight(now: datetime, where: ZoneInfo | None = None) -> dict[str, Any]:
    """The parameter of `OPENING`."""
    return {"midnight": days.before_today(now, where)}


def standing(row: Sequence[Any]) -> tuple[UUID, Standing]:
    """A scope and how it stands, of a row of `FIGURES`."""
    scope, base, equity, is_known, flows, index, opening, flows_before, index_before = row
    return scope, Standing(
        base=base,
        value=equity if is_known else None,
        funding=flows,
        today=equity - opening - (flows - flows_before) if is_known else None,
        today_return=index / index_before - 1 if is_known else None,
        twr=index - 1 if is_known else None,
    )
