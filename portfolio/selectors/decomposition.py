"""What changed the value day by day, and that it is all of it.

The parts are flows, prices, realized profit, funding payments, fees and corrections. Days that are over are read from
the daily table, where the parts of each are kept, so a window costs the same however long the history is; today is what
every page says of it now. What a day began with is not taken from its row: it is what the day before ended with, so
that `residual` says whether anything is missing, to the last digit. Weeks and months are sums of days.

A connection's is what its wallets' trees are, less what stands below them at other connections, in each asset that they
are counted in. The tree is that of now.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from itertools import groupby
from typing import Any, Final
from uuid import UUID

from django.db import connection

from kit import clock, days
from kit.errors import InvalidInputError, NotFoundError
from kit.users.models import User
from portfolio.selectors.calendar import Unit
from portfolio.selectors.periods import Period
from portfolio.selectors.scope import Scope
from portfolio.selectors.series import Change
from wallets.models import Connection, Wallet

ZERO: Final = Decimal(0)
MOST_DAYS: Final = 400
# A page shows so much unless something else is asked for.
USUAL: Final = timedelta(days=62)
PARTS: Final = ("flow", "market", "realized", "funding", "fees", "adjustments")

# The days of the window, and of each scope the last one before it.
_DAYS: Final = """
SELECT scope.scope, known.day, known.equity, known.flow, known.market, known.realized, known.funding, known.fees,
       known.adjustments
FROM unnest(%(scopes)s::uuid[]) AS scope
CROSS JOIN LATERAL (
    (
        SELECT * FROM portfolio_dailyperformance AS daily
        WHERE daily.scope = scope.scope AND daily.base = %(base)s AND daily.day < %(first)s ORDER BY day DESC LIMIT 1
    )
    UNION ALL
    (
        SELECT * FROM portfolio_dailyperformance AS daily
        WHERE daily.scope = scope.scope AND daily.base = %(base)s AND daily.day >= %(first)s AND daily.day < %(until)s
    )
) AS known
ORDER BY known.day
"""


@dataclass(frozen=True, slots=True)
class Line:
    """Some days in a row, money in one asset; `fees` are positive where they were paid, all else where it came."""

    begins: date
    ends: date
    opening: Decimal
    closing: Decimal
    flow: Decimal
    market: Decimal
    realized: Decimal
    funding: Decimal
    fees: Decimal
    adjustments: Decimal
    is_today: bool = False

    @property
    def change(self) -> Decimal:
        return self.closing - self.opening

    @property
    def profit(self) -> Decimal:
        """What was earned: all parts but the flows."""
        return self.market + self.realized + self.funding - self.fees + self.adjustments

    @property
    def residual(self) -> Decimal:
        """What of the change no part explains."""
        return self.change - self.flow - self.profit


class Decomposition:
    """The days from `first` to `last`, both included, of all wallets, of one with all below it, or of a connection.

    By default the last two months. `base` is one of the assets that a connection's wallets are counted in, by default
    the first of them. Raises NotFoundError for what is not the owner's, InvalidInputError for a window that is none.
    """

    def __init__(
        self,
        *,
        owner: User,
        first: date | None = None,
        last: date | None = None,
        wallet_id: UUID | None = None,
        connection_id: UUID | None = None,
        base: str = "",
    ) -> None:
        if wallet_id and connection_id:
            raise InvalidInputError("Ask for a wallet or a connection.", fields={"connection_id": "Leave one out."})
        self.owner = owner
        self.today_is = days.day_of(clock.now())
        self.last = min(last or self.today_is, self.today_is)
        self.first = first or max(self.last, date.min + USUAL) - USUAL
        days.check(self.first, last, names=("from", "to"))
        if (self.last - self.first).days >= MOST_DAYS:
            raise InvalidInputError(
                f"Ask for at most {MOST_DAYS} days at once.", fields={"from": "Further back than that."}
            )
        self.connection = self._connection(connection_id) if connection_id else None
        self._scope = None if self.connection else self._scope_of(wallet_id)
        self.bases: Sequence[str] = [self._scope.base] if self._scope else list(self._trees)
        self.base = base or (self.bases[0] if self.bases else owner.base_currency)
        known = self.bases or [owner.base_currency]
        if self.base not in known:
            raise InvalidInputError(
                f"Choose one of {', '.join(known)}.", fields={"base": "Nothing is counted in it there."}
            )

    @property
    def name(self) -> str:
        if self.connection:
            return str(self.connection.name)
        return self._scope.name if self._scope else ""

    @property
    def wallet_id(self) -> UUID | None:
        """The wallet that is looked at; None for all of them, and for a connection."""
        return self._scope.wallet.pk if self._scope and self._scope.wallet else None

    @cached_property
    def days(self) -> Sequence[Line]:
        """Those of which something is known, oldest first."""
        worth, by_day = self._kept
        lines, closing = [], sum(worth.values(), ZERO)
        for day, rows in by_day:
            parts = dict.fromkeys(PARTS, ZERO)
            for scope, equity, *told in rows:
                sign = self._members[scope]
                worth[scope] = sign * equity
                for name, amount in zip(PARTS, told, strict=True):
                    parts[name] += sign * amount
            opening, closing = closing, sum(worth.values(), ZERO)
            lines.append(_line((day, day), opening, closing, parts))
        return [*lines, self._today] if self._today else lines

    @cached_property
    def weeks(self) -> Sequence[Line]:
        return _summed(self.days, Unit.WEEK.of)

    @cached_property
    def months(self) -> Sequence[Line]:
        return _summed(self.days, Unit.MONTH.of)

    @cached_property
    def total(self) -> Line | None:
        """All of the window together; None where nothing is known of it."""
        return next(iter(_summed(self.days, lambda day: self.first)), None)

    def by(self, unit: Unit) -> Sequence[Line]:
        """The lines of days, weeks or months."""
        return {Unit.DAY: self.days, Unit.WEEK: self.weeks}.get(unit, self.months)

    # --- inside ------------------------------------------------------------------------------------------------------

    def _scope_of(self, wallet_id: UUID | None) -> Scope:
        return Scope(owner=self.owner, period=Period.WEEK, wallet_id=wallet_id)

    def _connection(self, connection_id: UUID) -> Connection:
        found = Connection.objects.filter(owner_id=self.owner.pk, pk=connection_id).first()
        if found is None:
            raise NotFoundError("There is no such connection.")
        return found

    @cached_property
    def _trees(self) -> Mapping[str, Mapping[UUID, int]]:
        """By asset, the wallets whose trees begin at the connection (1), and those that leave it there (−1)."""
        rows = Wallet.objects.filter(owner_id=self.owner.pk).order_by("created_at", "pk")
        known = list(rows.values_list("pk", "parent_id", "connection_id", "base_asset"))
        here = {pk for pk, _, at, _ in known if self.connection and at == self.connection.pk}
        found: dict[str, dict[UUID, int]] = defaultdict(dict)
        for pk, parent, _, base in known:
            if (pk in here) != (parent in here):
                found[base][pk] = 1 if pk in here else -1
        return found

    @cached_property
    def _members(self) -> Mapping[UUID, int]:
        return {self._scope.scope: 1} if self._scope else self._trees.get(self.base, {})

    @cached_property
    def _kept(self) -> tuple[dict[UUID, Decimal], Sequence[tuple[date, Sequence[Any]]]]:
        """What each scope was worth before the window, and what is written of its days that are over."""
        given: dict[str, Any] = {
            "scopes": list(self._members),
            "base": self.base,
            "first": self.first,
            "until": min(self.last + timedelta(days=1), self.today_is),
        }
        with connection.cursor() as cursor:
            cursor.execute(_DAYS, given)
            rows = cursor.fetchall()
        before = {scope: self._members[scope] * equity for scope, day, equity, *_ in rows if day < self.first}
        within = [row for row in rows if row[1] >= self.first]
        by_day = [(day, [(row[0], *row[2:]) for row in same]) for day, same in groupby(within, key=lambda row: row[1])]
        return before, by_day

    @cached_property
    def _today(self) -> Line | None:
        """Today so far; None where it is not asked for, or what is held cannot be valued now."""
        if self.last < self.today_is or not self._members:
            return None
        own = {self._scope.scope: self._scope} if self._scope else {}
        changes = {scope: (own.get(scope) or self._scope_of(scope)).today for scope in self._members}
        told = {scope: one for scope, one in changes.items() if isinstance(one, Change)}
        if len(told) < len(changes) or all(one.began is None for one in told.values()):
            return None

        def summed(name: str) -> Decimal:
            return sum((self._members[scope] * getattr(one, name) for scope, one in told.items()), ZERO)

        parts = {name: summed({"flow": "flows"}.get(name, name)) for name in PARTS}
        day = self.today_is
        return _line((day, day), summed("opening"), summed("closing"), parts, is_today=True)


def _line(
    span: tuple[date, date], opening: Decimal, closing: Decimal, parts: Mapping[str, Decimal], *, is_today: bool = False
) -> Line:
    flow, market, realized, funding, fees, adjustments = (parts[name] for name in PARTS)
    return Line(*span, opening, closing, flow, market, realized, funding, fees, adjustments, is_today)


def _summed(lines: Sequence[Line], of: Callable[[date], date]) -> list[Line]:
    """Days that have the same beginning together."""
    found = []
    for _, group in groupby(lines, key=lambda line: of(line.begins)):
        same = list(group)
        parts = {name: sum((getattr(line, name) for line in same), ZERO) for name in PARTS}
        first, last = same[0], same[-1]
        found.append(_line((first.begins, last.ends), first.opening, last.closing, parts, is_today=last.is_today))
    return found
