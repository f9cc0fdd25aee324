"""What everything was worth at a moment of the past: the books as they stood then, at the prices of then.

The statement is the one that values now (see `valuation`): what it asks of the present (the books, the positions, the
prices, the last value) is told to it instead. A balance is what the account's last entry up to the moment said; a trade
stands where the venue says that it happened, whenever we were told. Prices are the closes of candles. Perpetuals on
paper are replayed from their trades (`perpetuals`); what derivatives had won or lost at a real venue nobody knows any
more, so nobody's past is worked out who has any.

The tree is that of then (`trees`). Between two values a wallet may have got another place: what it held at the first
of them leaves those that it left and comes to those that it came to, as when it moved (see `moving`). What it had
realized by then stays with those whose it was (`elsewhere`).
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.db.models import OuterRef, Subquery
from django.db.models.functions import Least

from portfolio import valuation
from portfolio.books import Books, Positions
from portfolio.elsewhere import Elsewhere
from portfolio.models import Snapshot
from portfolio.perpetuals import TOLD, Perpetuals
from portfolio.trees import Trees
from trading.models import Position
from wallets.models import Connection, VenuePosition, Wallet

ZERO: Final = Decimal(0)
# Of a moment with a price no older than this it is known what everything was worth.
PRICE_IS_OLD_AFTER: Final = valuation.PRICE_IS_OLD_AFTER

_BOOKS: Final = (
    "unnest(%(book_wallets)s::uuid[], %(book_assets)s::text[], %(held)s::numeric[], %(flow)s::numeric[], "
    "%(fees)s::numeric[], %(adjustments)s::numeric[], %(book_realized)s::numeric[], %(funding)s::numeric[]) "
    "AS told (wallet_id, asset, held, flow, fees, adjustments, realized, funding)"
)
_POSITIONS: Final = (
    "unnest(%(position_wallets)s::uuid[], %(instruments)s::bigint[], %(realized)s::numeric[], "
    "%(quantities)s::numeric[], %(entries)s::numeric[]) "
    "AS told (wallet_id, instrument_id, realized, quantity, entry_price)"
)
_PRICES: Final = (
    "unnest(%(price_venues)s::text[], %(price_bases)s::text[], %(price_assets)s::text[], %(prices)s::numeric[], "
    "%(price_ats)s::timestamptz[], %(price_sources)s::text[]) AS said (venue, base, asset, price, at, source)"
)
# What the last value before counted of each asset: what had flowed by then, of all that had a price. That of all
# wallets together may be of another moment than that of each: in a base currency of now they have their own history.
_MARKS: Final = """
before AS MATERIALIZED (
    SELECT * FROM unnest(
        %(before_alls)s::boolean[], %(before_wallets)s::uuid[], %(before_assets)s::text[], %(before_flow)s::numeric[],
        %(before_fees)s::numeric[], %(before_adjustments)s::numeric[], %(before_funding)s::numeric[],
        %(before_held)s::numeric[]
    ) AS before (is_of_all, wallet_id, asset, flow, fees, adjustments, funding, held)
),
marked_then AS (
    -- Who came since brings what they held, as in `moving`.
    SELECT scope.scope, scope.base, scope.venue, before.asset,
           before.flow - CASE WHEN came.root_id IS NULL THEN 0 ELSE before.held END AS flow, before.fees,
           before.funding, before.adjustments, 0::numeric AS earned
    FROM scope
    JOIN before
        ON before.wallet_id = scope.wallet_id AND before.is_of_all = (scope.scope = %(owner)s)
    JOIN unnest(%(priced_alls)s::boolean[], %(before_venues)s::text[], %(before_bases)s::text[],
                %(before_priced)s::text[]) AS priced (is_of_all, venue, base, asset)
        ON priced.is_of_all = before.is_of_all
           AND priced.venue = scope.venue AND priced.base = scope.base AND priced.asset = before.asset
    LEFT JOIN unnest(%(came_roots)s::uuid[], %(came_wallets)s::uuid[]) AS came (root_id, wallet_id)
        ON came.root_id = scope.scope AND came.wallet_id = scope.wallet_id
    WHERE came.root_id IS NOT NULL OR EXISTS (
        SELECT FROM portfolio_snapshot AS earlier
        WHERE earlier.scope = scope.scope AND earlier.base = scope.base AND earlier.at < %(at)s
    )
    UNION ALL
    -- Who left takes along what they held.
    SELECT root.wallet_id, root.base_asset, own.venue, before.asset, before.held, 0, 0, 0, 0
    FROM unnest(%(gone_roots)s::uuid[], %(gone_wallets)s::uuid[]) AS gone (root_id, wallet_id)
    JOIN place AS root ON root.wallet_id = gone.root_id
    JOIN place AS own ON own.wallet_id = gone.wallet_id
    JOIN before ON before.wallet_id = gone.wallet_id AND NOT before.is_of_all
    UNION ALL
    SELECT scope, base, venue, asset, 0, 0, 0, 0, amount
    FROM unnest(%(earned_scopes)s::uuid[], %(earned_bases)s::text[], %(earned_venues)s::text[],
                %(earned_assets)s::text[], %(earned_amounts)s::numeric[])
        AS elsewhere (scope, base, venue, asset, amount)
),
mark_then AS MATERIALIZED (
    SELECT scope, base, venue, asset, sum(flow) AS flow, sum(fees) AS fees, sum(funding) AS funding,
           sum(adjustments) AS adjustments, sum(earned) AS earned
    FROM marked_then GROUP BY scope, base, venue, asset
),
flowed AS ("""
# What was ever valued; of what is over long ago days alone are kept.
_VALUED: Final = """
    SELECT scope, base, at FROM portfolio_snapshot
    UNION ALL
    SELECT scope, base, closed_at FROM portfolio_dailyperformance WHERE closed_at IS NOT NULL
"""
_TREE: Final = """(
        SELECT * FROM unnest(%(tree_roots)s::uuid[], %(tree_wallets)s::uuid[]) AS stood (root_id, wallet_id)
        WHERE root_id = ANY(%(beside)s::uuid[])
    ) AS tree"""
# What is asked of the present, and what is told instead.
_INSTEAD: Final = {
    valuation.TREE: _TREE,
    "* FROM portfolio_prices(%(owner)s, %(currency)s, %(priced_at)s, %(live)s)": (
        f"said.*, false AS is_carried FROM {_PRICES}"
    ),
    "wallet_books(%(owner)s)": _BOOKS,
    "position_totals(%(owner)s)": _POSITIONS,
    "\nflowed AS (": _MARKS,
    "portfolio_flowmark AS mark": "mark_then AS mark",
    "FROM portfolio_snapshot AS snapshot\n        WHERE ": (
        "FROM portfolio_snapshot AS snapshot\n        WHERE snapshot.at < %(at)s AND "
    ),
    # The first value of all tells what happened since the books began; one after values in another base does not.
    "FROM portfolio_snapshot AS other WHERE": f"FROM ({_VALUED}) AS other WHERE other.at < %(at)s AND",
}


def _of_then(statement: str) -> str:
    for asked, told in _INSTEAD.items():
        if asked not in statement:
            raise RuntimeError(f"Values are asked for in other words now, repair `history`: {asked}")
        statement = statement.replace(asked, told)
    return statement.replace("wallet_derivatives(%(owner)s)", TOLD)


_WRITE: Final = f"""{_of_then(valuation.VALUATION)}
INSERT INTO portfolio_snapshot AS kept (
    owner_id, wallet_id, at, base, equity, cash, invested, unrealized_pnl, realized_pnl, fees, funding, flow, flows,
    adjustments, gross_exposure, net_exposure, twr_index, is_stale, unpriced, corrected_at
)
SELECT %(owner)s, nullif(scope, %(owner)s), %(at)s, base, equity, cash, invested, unrealized, realized, fees, funding,
       flow, flows, adjustments, gross_exposure, net_exposure, twr_index, is_stale, unpriced, %(now)s
FROM valuation
ORDER BY scope
ON CONFLICT (scope, base, at) DO UPDATE
SET equity = excluded.equity, cash = excluded.cash, invested = excluded.invested,
    unrealized_pnl = excluded.unrealized_pnl, realized_pnl = excluded.realized_pnl, fees = excluded.fees,
    funding = excluded.funding, flow = excluded.flow, flows = excluded.flows, adjustments = excluded.adjustments,
    gross_exposure = excluded.gross_exposure, net_exposure = excluded.net_exposure, twr_index = excluded.twr_index,
    is_stale = excluded.is_stale, unpriced = excluded.unpriced, corrected_at = excluded.corrected_at,
    equity_before = coalesce(kept.equity_before, kept.equity)
WHERE (kept.equity, kept.cash, kept.realized_pnl, kept.fees, kept.funding, kept.flow, kept.adjustments,
       kept.twr_index)
      IS DISTINCT FROM (excluded.equity, excluded.cash, excluded.realized_pnl, excluded.fees, excluded.funding,
                        excluded.flow, excluded.adjustments, excluded.twr_index)
"""  # noqa: S608 - joined from constants
_PRICES_THEN: Final = """
SELECT held.venue, base, found.asset, found.price, found.at, found.source
FROM (
    SELECT venue, array_agg(DISTINCT asset) AS assets
    FROM unnest(%(venues)s::text[], %(assets)s::text[]) AS held (venue, asset) GROUP BY venue
) AS held
CROSS JOIN unnest(%(bases)s::text[]) AS base
CROSS JOIN LATERAL market_prices(held.venue, base, held.assets, %(at)s, false) AS found
"""


# What is told of a mark, by what the books call it.
MARKED: Final = {
    "before_wallets": "book_wallets", "before_assets": "book_assets", "before_flow": "flow", "before_fees": "fees",
    "before_adjustments": "adjustments", "before_funding": "funding", "before_held": "held",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Prices:
    """What everything cost at one moment, and what had no price, or an old one."""

    rows: Sequence[tuple[Any, ...]]
    missing: frozenset[str]
    old: frozenset[str]

    def told(self) -> dict[str, list[Any]]:
        names = ("price_venues", "price_bases", "price_assets", "prices", "price_ats", "price_sources")
        return {name: [row[place] for row in self.rows] for place, name in enumerate(names)}

    def of(self, venue: str, base: str, asset: str) -> tuple[Decimal, datetime] | None:
        """What the asset cost in `base` there, and when that was said."""
        return next(((row[3], row[4]) for row in self.rows if row[:3] == (venue, base, asset)), None)


NO_PRICES: Final = Prices((), frozenset(), frozenset())


@dataclass(frozen=True, slots=True)
class Mark:
    """What the books said when something was valued last, and what had a price then."""

    books: Mapping[str, list[Any]]
    prices: Prices


def _told_before(marks: Mapping[bool, Mark]) -> dict[str, list[Any]]:
    """The marks as the statement takes them; by whether it is that of all wallets together."""
    told: dict[str, list[Any]] = defaultdict(list)
    for is_of_all, mark in marks.items():
        for name, asked in MARKED.items():
            told[name] += mark.books[asked]
        told["before_alls"] += [is_of_all] * len(mark.books["book_wallets"])
        for place, name in enumerate(("before_venues", "before_bases", "before_priced")):
            told[name] += [row[place] for row in mark.prices.rows]
        told["priced_alls"] += [is_of_all] * len(mark.prices.rows)
    return dict(told)


@dataclass
class Past:
    """The owner's past from `first` up to `until`, led on step by step and never back.

    Values are written for all wallets together, and for those of `only`, or of all, that had begun by then: a wallet
    begins when it is made, or with its first value where that is earlier. They are corrected `now`, or with None as if
    they had been written then. Runs as the tenant.
    """

    owner_id: UUID
    currency: str
    first: datetime
    until: datetime
    now: datetime | None
    only: Collection[UUID] | None = None
    _books: Books = field(init=False)
    _positions: Positions = field(init=False)
    _perpetuals: Perpetuals = field(init=False)
    _marks: dict[bool, Mark] = field(init=False)
    _begun: Mapping[UUID, datetime] = field(init=False)
    _trees: Trees = field(init=False)
    _elsewhere: Elsewhere = field(init=False)
    _marked_at: datetime | None = field(init=False, default=None)  # when each was valued last

    def __post_init__(self) -> None:
        self._books = Books(owner_id=self.owner_id, at=self.first, until=self.until)
        self._positions = Positions(owner_id=self.owner_id, at=self.first, until=self.until)
        self._perpetuals = Perpetuals(owner_id=self.owner_id, at=self.first, until=self.until)
        self._trees = Trees(owner_id=self.owner_id)
        own = Snapshot.objects.filter(scope=OuterRef("pk"), base=OuterRef("base_asset")).order_by("at")
        begun = Least("created_at", Subquery(own.values("at")[:1]))
        rows = Wallet.objects.filter(owner_id=self.owner_id).annotate(begun=begun)
        wallets = list(rows.values_list("pk", "connection__venue", "base_asset", "begun"))
        self._venues: Mapping[UUID, str] = {pk: venue for pk, venue, _, _ in wallets}
        self._bases = {pk: {base, self.currency} for pk, _, base, _ in wallets}
        self._begun = {pk: at for pk, _, _, at in wallets if self.only is None or pk in self.only}
        quotes = Position.objects.filter(owner_id=self.owner_id).order_by().values_list("instrument__quote", flat=True)
        self._priced_in = sorted({self.currency, *quotes.distinct(), *(base for _, _, base, _ in wallets)})
        self._marks = dict.fromkeys((True, False), Mark(self._books.told(), NO_PRICES))
        self._elsewhere = Elsewhere(owner_id=self.owner_id, trees=self._trees, venues=self._venues)

    def mark(self, *, of_all: datetime | None, of_each: datetime | None) -> None:
        """Take the values that stand at these moments for the ones before the next: that of all wallets together, and
        those of each."""
        known = [(at, is_of_all) for at, is_of_all in ((of_all, True), (of_each, False)) if at is not None]
        for at, is_of_all in sorted(known):
            prices = self.lead_to(at)
            self._marks[is_of_all] = Mark(self._books_with_derivatives(prices), prices)
        self._marked_at = of_each

    def _books_with_derivatives(self, prices: Prices) -> dict[str, list[Any]]:
        """What the books say, and what derivatives have won or lost held as what they settle in."""
        books, profits = self._books.told(), self._derivatives(prices)
        names = ("derivative_wallet_id", "derivative_asset", "derivative_profit")
        for wallet, asset, profit in zip(*(profits[name] for name in names), strict=True):
            for place, key in enumerate(zip(books["book_wallets"], books["book_assets"], strict=True)):
                if key == (wallet, asset):
                    books["held"][place] += profit
        return books

    def _derivatives(self, prices: Prices) -> dict[str, list[Any]]:
        return self._perpetuals.told(lambda wallet, quote, asset: prices.of(self._venues[wallet], quote, asset))

    def prices(self, at: datetime) -> Prices:
        """Of all that is in the books, in whatever anything is valued in."""
        followed = {(wallet, pk): self._perpetuals.instruments[pk] for wallet, pk in self._perpetuals.open}
        keys = [*self._books.sums, *((wallet, one.base) for (wallet, _), one in followed.items())]
        given: dict[str, Any] = {
            "venues": [self._venues[wallet] for wallet, _ in keys],
            "assets": [asset for _, asset in keys],
            "bases": self._priced_in,
            "at": at,
        }
        with connection.cursor() as cursor:
            cursor.execute(_PRICES_THEN, given)
            rows = cursor.fetchall()
        ages = {(venue, base, asset): said for venue, base, asset, _, said, _ in rows}
        missing, old = set(), set()
        for (wallet, asset), sums in self._books.sums.items():
            for base in self._bases[wallet] if sums.held != 0 else ():
                said = ages.get((self._venues[wallet], base, asset))
                if said is None:
                    missing.add(asset)
                elif said < at - PRICE_IS_OLD_AFTER:
                    old.add(asset)
        for (wallet, _), one in followed.items():
            said = ages.get((self._venues[wallet], one.quote, one.base))
            if said is None:
                missing.add(one.symbol)
            elif said < at - PRICE_IS_OLD_AFTER:
                old.add(one.symbol)
        return Prices(rows, frozenset(missing), frozenset(old))

    def lead_to(self, at: datetime) -> Prices:
        """Take in what happened up to `at`; what everything cost then."""
        self._books.lead_to(at)
        self._perpetuals.lead_to(at)
        return self.prices(at)

    def write(self, at: datetime, prices: Prices) -> int:
        """Write what everything was worth at `at`, which `lead_to` was led to; returns how many values were.

        What happened since the moment that was marked last is told in it, and it is marked then.
        """
        stand, stood = self._trees.at(at), self._trees.at(self._marked_at or at)
        came, gone = sorted(stand - stood), sorted(stood - stand)
        given = {
            **valuation.parameters(owner_id=self.owner_id, at=at, currency=self.currency, behind=()),
            **self._books.told(),
            **self._positions.told(at),
            **prices.told(),
            **self._derivatives(prices),
            **_told_before(self._marks),
            "live": False,
            "priced_at": at,
            "oldest_price": at - PRICE_IS_OLD_AFTER,
            "now": self.now,
            "only": self.owner_id,
            "beside": [pk for pk, begun in self._begun.items() if begun <= at],
            "came_roots": [root for root, _ in came],
            "came_wallets": [wallet for _, wallet in came],
            "gone_roots": [root for root, _ in gone],
            "gone_wallets": [wallet for _, wallet in gone],
            **self._elsewhere.told(at),
            **self._trees.told(at),
        }
        with connection.cursor() as cursor:
            cursor.execute(_WRITE, given)
            written = int(cursor.rowcount)
        self._marks = dict.fromkeys((True, False), Mark(self._books_with_derivatives(prices), prices))
        self._marked_at = at
        return written

    def moved(self, at: datetime) -> set[UUID]:
        """Who has others below them at the moment than when they were valued last."""
        return {root for root, _ in self._trees.at(at) ^ self._trees.at(self._marked_at or at)}


def unknown_derivatives(*, owner_id: UUID) -> Sequence[str]:
    """What the owner has open at venues that tell what it has won or lost, and whose trades are not known here."""
    ours = Position.objects.filter(owner_id=owner_id, leverage__isnull=False, closed_at__isnull=True)
    there = VenuePosition.objects.filter(owner_id=owner_id).exclude(symbol__in=ours.values("instrument__symbol"))
    live = there.exclude(connection__state=Connection.State.ARCHIVED).order_by("symbol")
    return list(live.values_list("symbol", flat=True).distinct())
