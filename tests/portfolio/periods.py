"""The parts of a period one by one, as the tests ask for them."""

from datetime import datetime
from uuid import UUID

from kit import clock
from portfolio.models import Snapshot
from portfolio.selectors import performance as figures
from portfolio.selectors import series
from portfolio.selectors.money_weighted import MoneyWeighted
from portfolio.selectors.trail import Trail, change, read_trail, recovery, upto
from portfolio.valuation import Valuation, value_scope


def trail(*, scope: UUID, base: str, start: datetime) -> Trail:
    return read_trail(owner_id=scope, scope=scope, base=base, start=start, at=clock.now())


def change_since(*, scope: UUID, start: datetime, now: Valuation) -> series.Change:
    return change(trail(scope=scope, base=now.base, start=start).period, now)


def equity_series(*, scope: UUID, base: str, start: datetime, now: Valuation | None = None) -> tuple[series.Point, ...]:
    line = trail(scope=scope, base=base, start=start).line
    return line if now is None else upto(line, now)


def performance(*, scope: UUID, base: str, start: datetime) -> figures.Performance:
    found, now = trail(scope=scope, base=base, start=start), value_scope(owner_id=scope, scope=scope)
    return figures.performance(
        found.days,
        found.trades,
        change=change(found.period, now),
        elapsed=now.at - start,
        recovery=recovery(found, now.twr_index, at=now.at),
        paid=MoneyWeighted(None, "Nobody asked."),
    )


def clamp(*, scope: UUID, base: str, start: datetime) -> datetime:
    first = Snapshot.objects.filter(scope=scope, base=base).order_by("at").values_list("at", flat=True).first()
    return series.clamp(start, first)
