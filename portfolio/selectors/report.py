"""What an account did in a month, a quarter, a year or from a day to a day: one statement of it, all figures agreeing.

The parts of a report are the selectors that pages read elsewhere: the figures of the period are those of Portfolio for
these days, the accounts those of `edges`, and the farms' parts those of `contribution`. What was paid in and out is
told by days, which are kept for ever, so that a report says the same whenever it is read.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from typing import Any, Final
from uuid import UUID

from django.db import connection

from kit import clock, days, formatting
from kit.users.models import User
from portfolio.selectors.accounts import CONNECTION, FUND, Account, Accounts
from portfolio.selectors.combined import Combined, Course, course_of_scope, explained_by, summed
from portfolio.selectors.contribution import Contribution
from portfolio.selectors.edges import ZERO, Edges, read_edges
from portfolio.selectors.periods import EPOCH, Span
from portfolio.selectors.scope import Scope
from wallets.models import Account as Book

QUARTER: Final = 3  # months
MOST_FLOWS: Final = 60

# What came in and went out on the days that are over, of each account: of days on which both happened the difference.
_FLOWS: Final = """
SELECT number, day, sum(sign * flow)
FROM unnest(%(numbers)s::integer[], %(scopes)s::uuid[], %(signs)s::integer[], %(bases)s::text[])
     AS part (number, scope, sign, base)
JOIN portfolio_dailyperformance AS daily USING (scope, base)
WHERE day >= %(first)s AND day < %(before)s AND flow <> 0
GROUP BY number, day
HAVING sum(sign * flow) <> 0
"""
_IN_AND_OUT: Final = f"""
SELECT number, coalesce(sum(flow) FILTER (WHERE flow > 0), 0), coalesce(sum(flow) FILTER (WHERE flow < 0), 0)
FROM ({_FLOWS}) AS flowed (number, day, flow) GROUP BY number
"""  # noqa: S608 - joined from constants
_FLOW_DAYS: Final = f"{_FLOWS} ORDER BY day DESC LIMIT {MOST_FLOWS}"
# What the accounts held at a moment, at the prices of then.
_HELD: Final = """
WITH held AS MATERIALIZED (
    SELECT told.venue, told.asset, sum(book.balance) AS quantity
    FROM unnest(%(books)s::bigint[], %(venues)s::text[], %(assets)s::text[]) AS told (account_id, venue, asset)
    JOIN ledger_as_of(%(books)s::bigint[], NULL, %(at)s) AS book USING (account_id)
    GROUP BY told.venue, told.asset HAVING sum(book.balance) <> 0
),
priced AS (
    SELECT at_venue.venue, found.asset, found.price, found.at
    FROM (SELECT venue, array_agg(asset) AS assets FROM held GROUP BY venue) AS at_venue
    CROSS JOIN LATERAL market_prices(at_venue.venue, %(base)s, at_venue.assets, %(at)s, %(live)s) AS found
)
SELECT asset, venue, venue_name(venue), quantity, price, priced.at, round(quantity * price, 18)
FROM held LEFT JOIN priced USING (venue, asset)
ORDER BY quantity * price DESC NULLS LAST, asset, venue
"""


class Length(StrEnum):
    """How long a report is; the value stands in addresses and in the API."""

    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class Frame:
    """The days of a report. `length` is None where they were chosen one by one."""

    length: Length | None
    span: Span

    @classmethod
    def around(cls, length: Length, day: date) -> "Frame":
        """The month, quarter or year that the day lies in. Raises InvalidInputError where it has not begun."""
        days.check_begun(day, name="at")
        first = _first(length, day)
        return cls(length, Span(first, _after(length, first) - timedelta(days=1)))

    @property
    def words(self) -> str:
        first = self.span.first
        if self.length is None or first is None:
            return self.span.words
        if self.length is Length.QUARTER:
            return f"Q{(first.month - 1) // QUARTER + 1} {first.year}"
        return f"{first:%B %Y}" if self.length is Length.MONTH else str(first.year)

    @property
    def previous(self) -> date | None:
        """A day of the one before; None where that is before anything that could be told."""
        first = self.span.first
        return first - timedelta(days=1) if self.length and first and first > EPOCH.date() else None

    @property
    def next(self) -> date | None:
        """A day of the one after; None where that has not begun."""
        if self.length is None or self.span.last is None or self.span.last >= days.day_of(clock.now()):
            return None
        return self.span.last + timedelta(days=1)


def _first(length: Length, day: date) -> date:
    if length is Length.YEAR:
        return day.replace(month=1, day=1)
    if length is Length.QUARTER:
        return day.replace(month=(day.month - 1) // QUARTER * QUARTER + 1, day=1)
    return day.replace(day=1)


def _after(length: Length, first: date) -> date:
    months = {Length.MONTH: 1, Length.QUARTER: QUARTER, Length.YEAR: 12}[length]
    return _first(length, first + timedelta(days=31 * months))


@dataclass(frozen=True, slots=True)
class Line:
    """An account over the period: opening + paid in + paid out + profit = closing, exactly; `paid_out` is ≤ 0.

    `part` and `twr` are None for what has no history of its own, all but the opening where it is not known.
    """

    account: Account
    base: str
    opening: Decimal
    paid_in: Decimal | None
    paid_out: Decimal | None
    profit: Decimal | None
    fees: Decimal | None
    closing: Decimal | None
    twr: float | None


@dataclass(frozen=True, slots=True)
class Held:
    """What was held of an asset at a venue at the end, at its price then."""

    asset: str
    venue: str
    venue_name: str
    quantity: Decimal
    price: Decimal | None
    priced_at: datetime | None
    value: Decimal | None


class Report:
    """Of the account `key` over the days of `frame`.

    Raises NotFoundError for what is none of the owner's, InvalidInputError for a connection that makes no sum.
    """

    def __init__(self, *, owner: User, key: str, frame: Frame) -> None:
        self.owner = owner
        self.frame = frame
        self.accounts = Accounts(owner_id=owner.pk, currency=owner.base_currency)
        self.account = self.accounts.find(key)
        self.moment = clock.now()

    @property
    def base(self) -> str:
        return self.account.base

    @property
    def until(self) -> datetime | None:
        return self.frame.span.until

    @property
    def is_over(self) -> bool:
        return self.until is not None

    @cached_property
    def _side(self) -> Scope | Combined:
        if self.account.scope is None:
            return Combined(
                self.account, owner_id=self.owner.pk, currency=self.owner.base_currency, period=self.frame.span,
                at=self.moment,
            )  # fmt: skip
        wallet = None if self.account.scope == self.owner.pk else self.account.scope
        return Scope(owner=self.owner, period=self.frame.span, wallet_id=wallet)

    @cached_property
    def course(self) -> Course:
        side = self._side
        return side.course if isinstance(side, Combined) else course_of_scope(self.account, side)

    @property
    def is_known(self) -> bool:
        """Whether anything is told of the account in these days."""
        return self.course.outcome.closing is not None

    @property
    def why_empty(self) -> str:
        if self.is_over:
            return "Nothing was written down of this account in these days or before them."
        return "What it is worth now is not known: nothing that is held has a price."

    @cached_property
    def edges(self) -> Mapping[UUID, Edges]:
        side = self._side
        if isinstance(side, Combined):
            return side.edges
        return read_edges(
            owner_id=self.owner.pk, currency=self.owner.base_currency, start=side.start, at=side.moment,
            until=self.until, behind=[one.pk for one in side.behind],
        )  # fmt: skip

    @cached_property
    def contribution(self) -> Contribution:
        return Contribution(
            self.accounts, self.account, start=self._side.start, until=self.until, edges=self.edges
        )  # fmt: skip

    # --- accounts, and what was paid in and out -----------------------------------------------------------------------

    @cached_property
    def lines(self) -> Sequence[Line]:
        """The account itself, then connections and the wallets at the top of them, as far as they are within it."""
        inner: list[Account] = []
        if self.account.kind == FUND:
            inner = [*self.accounts.connections, *self.accounts.reported[1 + len(self.accounts.connections) :]]
        elif self.account.kind == CONNECTION:
            inner = [self.accounts.find(str(pk)) for pk in self.account.adds]
        shown = [self.account, *(one for one in inner if self._adds_up(one))]
        moved = self._moved(shown)
        return [self._line(account, *moved[number]) for number, account in enumerate(shown)]

    @property
    def total(self) -> Line:
        return self.lines[0]

    @property
    def by_connection(self) -> Sequence[Line]:
        return [line for line in self.lines[1:] if line.account.kind == CONNECTION]

    @property
    def by_wallet(self) -> Sequence[Line]:
        return [line for line in self.lines[1:] if line.account.kind != CONNECTION]

    def _adds_up(self, account: Account) -> bool:
        """Whether it had a value, in one asset."""
        bases = {self.edges[pk].base for pk in (*account.adds, *account.takes) if pk in self.edges}
        return len(bases) == 1

    def _line(self, account: Account, paid_in: Decimal, paid_out: Decimal) -> Line:
        total = summed(account, self.edges)
        if account is self.account:
            outcome = self.course.outcome
            total = Edges(
                self.base, outcome.opening or ZERO, outcome.closing, outcome.flows, outcome.realized, outcome.fees,
                (1.0, 1.0),
            )  # fmt: skip
        twr = self.course.outcome.twr if account is self.account else total.twr if account.scope else None
        if total.flows is None:
            return Line(account, account.base, total.opening, None, None, None, None, None, None)
        today = total.flows - paid_in - paid_out  # what the days that are over do not have
        return Line(
            account, account.base, total.opening, paid_in + max(today, ZERO), paid_out + min(today, ZERO),
            total.profit, total.fees, total.closing, twr,
        )  # fmt: skip

    def _moved(self, accounts: Sequence[Account]) -> dict[int, tuple[Decimal, Decimal]]:
        moved = dict.fromkeys(range(len(accounts)), (ZERO, ZERO))
        with connection.cursor() as cursor:
            cursor.execute(_IN_AND_OUT, self._members(accounts))
            for number, came, went in cursor.fetchall():
                moved[number] = (came, went)
        return moved

    @cached_property
    def flow_days(self) -> Sequence[tuple[date, Decimal]]:
        """The days on which more came than went, or went than came, newest first, at most `MOST_FLOWS`; today too."""
        with connection.cursor() as cursor:
            cursor.execute(_FLOW_DAYS, self._members([self.account]))
            found = [(day, flow) for _, day, flow in cursor.fetchall()]
        if self.is_over or self.total.paid_in is None or self.total.paid_out is None:
            return found
        came, went = self._moved([self.account])[0]
        today = self.total.paid_in + self.total.paid_out - came - went
        return [(days.day_of(self.moment), today), *found] if today else found

    def _members(self, accounts: Sequence[Account]) -> dict[str, Any]:
        rows = [
            (number, pk, sign, account.base)
            for number, account in enumerate(accounts)
            for sign, pks in ((1, account.adds), (-1, account.takes))
            for pk in pks
        ]
        names = ("numbers", "scopes", "signs", "bases")
        today = days.day_of(self.moment)
        last = self.frame.span.last or today
        return dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)) | {
            "first": self.frame.span.first or date.min,
            "before": min(today, days.after(last)),
        }

    # --- what was held ------------------------------------------------------------------------------------------------

    @cached_property
    def holdings(self) -> Sequence[Held]:
        """At the end, the largest first: the books of then at the prices of then."""
        within = self.accounts.within(self.account)
        books = Book.objects.filter(owner_id=self.owner.pk, kind=Book.Kind.WALLET, wallet_id__in=within)
        rows = list(books.values_list("pk", "wallet_id", "asset"))
        at = self.moment if self.until is None else self.until - days.INSTANT
        given: dict[str, Any] = {
            "books": [pk for pk, _, _ in rows],
            "venues": [self.accounts.nodes[wallet].venue for _, wallet, _ in rows],
            "assets": [asset for _, _, asset in rows],
            "base": self.base,
            "at": at,
            "live": self.until is None and not clock.is_controlled(),
        }
        with connection.cursor() as cursor:
            cursor.execute(_HELD, given)
            return [Held(*row) for row in cursor.fetchall()]

    @property
    def held(self) -> Decimal:
        """What has a price, together."""
        return sum((one.value for one in self.holdings if one.value is not None), ZERO)

    @property
    def not_in_holdings(self) -> Decimal | None:
        """What the closing value has beside them: open derivatives, and prices other than the last closes."""
        closing = self.course.outcome.closing
        return None if closing is None else closing - self.held

    @property
    def explained_by(self) -> str:
        """The query of the pages that explain its figures; empty for a connection, whose wallets explain it."""
        return explained_by(self.account, self.frame.span)

    @property
    def words(self) -> str:
        return f"{self.account.name}, {self.frame.words}"

    @property
    def last(self) -> date:
        """The last day that it tells of: today where the period is not over."""
        today = days.day_of(self.moment)
        return min(self.frame.span.last or today, today)

    @property
    def days_words(self) -> str:
        first = self.frame.span.first
        return f"{formatting.day(first) if first else 'The beginning'} to {formatting.day(self.last)}"
