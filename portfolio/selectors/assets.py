"""What stood of each asset at the moments of a period: read from running totals, prices and income of derivatives.

What follows from it is worked out in `asset_figures`.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.db.models import DateTimeField, Func, Min, Sum, Value

from kit import clock, days
from markets.models import Instrument
from markets.prices import worth
from portfolio.selectors.asset_figures import ZERO, AssetLine, Pair, Standing, Step, steps_of
from trading.models import Position
from trading.selectors.held import Held, held_at, traded_pairs
from trading.selectors.sums import Traded, figures, trade_sums
from wallets.models import VenueIncome, VenuePosition

ASSET: Final = "asset"
# Every midnight of every time zone is at one of these, so income is read by them, however much there is.
QUARTER: Final = timedelta(minutes=15)

_OPEN: Final = """
SELECT underlying, asset, sum(profit) FROM wallet_derivatives(%s) GROUP BY underlying, asset
"""
_PRICES: Final = """
SELECT wanted.place, wanted.venue, wanted.quote, found.asset, found.price
FROM (
    SELECT place, venue, quote, at, is_live, array_agg(DISTINCT base) AS bases
    FROM unnest(%(places)s::integer[], %(venues)s::text[], %(bases)s::text[], %(quotes)s::text[],
                %(ats)s::timestamptz[], %(lives)s::boolean[]) AS held (place, venue, base, quote, at, is_live)
    GROUP BY place, venue, quote, at, is_live
) AS wanted
CROSS JOIN LATERAL market_prices(wanted.venue, wanted.quote, wanted.bases, wanted.at, wanted.is_live) AS found
"""


def pairs_of(*, owner_id: UUID) -> Sequence[Pair]:
    """Every asset that was ever traded, with what it is paid in, by name."""
    told = VenueIncome.objects.filter(owner_id=owner_id, status=VenueIncome.Status.BOOKED).order_by()
    rows = list(told.values("connection__venue", "symbol", "asset").distinct())
    named = _underlying(owner_id, rows)
    income = {(named(row), row["asset"]) for row in rows}
    return sorted({*traded_pairs(owner_id=owner_id), *income, *_open(owner_id)})


class AssetMoney:
    """Of all assets, or of one, what stood at each of the reader's midnights in a period and at both of its ends.

    It begins with what there was when anything was first traded, and ends now where `until` is None. A fixed number of
    queries; their cost grows with the days and with what was traded, never with the trades.
    """

    def __init__(self, *, owner_id: UUID, since: datetime, until: datetime | None, pair: Pair | None = None) -> None:
        self.owner_id = owner_id
        self.pair = pair
        self.is_now = until is None
        self.ends = until or clock.now()
        self.since = since

    @cached_property
    def moments(self) -> Sequence[datetime]:
        """None where there was nothing before its end."""
        traded = Position.objects.filter(owner_id=self.owner_id).order_by().aggregate(at=Min("opened_at"))["at"]
        brought = self._booked.aggregate(at=Min("at"))["at"]
        began = min((at for at in (traded, brought) if at is not None), default=self.ends)
        # A trade that was told late may be older than its position.
        first = days.begins(days.day_of(began) - timedelta(days=1))
        start = max(self.since, first)
        found = [start] if start < self.ends else []
        day = days.day_of(start)
        while found and (midnight := days.ends(day)) < self.ends:
            found.append(midnight)
            day += timedelta(days=1)
        return [*found, self.ends]

    @cached_property
    def standings(self) -> Mapping[Pair, Sequence[Standing]]:
        """One of each moment."""
        held: dict[Pair, dict[int, list[Held]]] = defaultdict(lambda: defaultdict(list))
        base, quote = self.pair or (None, None)
        rows = held_at(owner_id=self.owner_id, moments=self.moments, base=base, quote=quote)
        for row in rows:
            held[row.base, row.quote][row.place].append(row)
        prices = self._prices(rows)
        brought = self._brought
        told = _open(self.owner_id) if self.is_now else {}
        keys = held.keys() | brought.keys() | told.keys() if self.pair is None else {self.pair}
        return {key: self._standings(key, held.get(key, {}), prices, brought, told) for key in keys}

    def lines(self) -> Sequence[AssetLine]:
        """Those with which anything was done or that were held; the largest gain first, what is not known last."""
        traded: dict[Pair, list[Traded]] = defaultdict(list)
        for one in trade_sums(owner_id=self.owner_id, spans=[(self.moments[0], self.ends)]):
            traded[one.asset, one.quote].append(one)
        found = []
        for key, told in self.standings.items():
            line = AssetLine(*key, Step(told[0], told[-1]), steps_of(told), figures(traded.get(key, ())))
            if line.trades.trades or line.profit is None or not all(step.is_empty for step in line.steps):
                found.append(line)
        return sorted(found, key=lambda line: (line.profit is None, -(line.profit or ZERO), line.asset, line.quote))

    def _standings(
        self, key: Pair, held: Mapping[int, Sequence[Held]], prices: Mapping[Any, Decimal],
        brought: Mapping[Pair, Mapping[int, Sequence[Decimal]]], told: Mapping[Pair, Decimal],
    ) -> Sequence[Standing]:  # fmt: skip
        found, none = [], (ZERO,) * 3
        made, funding, margin_fees = none
        for place, at in enumerate(self.moments):
            more = brought.get(key, {}).get(place, none)
            made, funding, margin_fees = made + more[0], funding + more[1], margin_fees + more[2]
            rows = held.get(place, ())
            values = [_value(row, prices) for row in rows]
            standing = Standing(
                at=at,
                value=None if None in values else sum((one for one in values if one is not None), ZERO),
                cost=sum((row.cost for row in rows), ZERO),
                paid=sum((row.paid for row in rows), ZERO),
                got=sum((row.got for row in rows), ZERO),
                fees=sum((row.fees for row in rows), ZERO),
                made=made,
                funding=funding,
                margin_fees=margin_fees,
                positions=sum(row.positions for row in rows),
            )
            found.append(standing)
        if key in told:
            found[-1] = replace(found[-1], open_derivatives=told[key])
        return found

    def _prices(self, rows: Sequence[Held]) -> Mapping[Any, Decimal]:
        """By place, venue, quote and base, of what was held: closes of the past, the price of now where it ends now."""
        asked = [row for row in rows if row.quantity]
        if not asked:
            return {}
        last, is_live = len(self.moments) - 1, self.is_now and not clock.is_controlled()
        given: dict[str, Any] = {
            "places": [row.place for row in asked],
            "venues": [row.venue for row in asked],
            "bases": [row.base for row in asked],
            "quotes": [row.quote for row in asked],
            "ats": [self.moments[row.place] for row in asked],
            "lives": [is_live and row.place == last for row in asked],
        }
        with connection.cursor() as cursor:
            cursor.execute(_PRICES, given)
            return {(place, venue, quote, base): price for place, venue, quote, base, price in cursor.fetchall()}

    @property
    def _booked(self) -> Any:
        return VenueIncome.objects.filter(owner_id=self.owner_id, status=VenueIncome.Status.BOOKED).order_by()

    @cached_property
    def _brought(self) -> Mapping[Pair, Mapping[int, Sequence[Decimal]]]:
        """By place, what derivatives brought between the moment before and it: made, funding, fees.

        Income of a market that is in no list, and that its venue never showed open, is told by its symbol.
        """
        quarter = Func(
            Value(QUARTER), "at", Value(datetime(2001, 1, 1, tzinfo=UTC)), function="date_bin",
            output_field=DateTimeField(),
        )  # fmt: skip
        rows = list(
            self._booked.filter(at__gte=self.moments[0], at__lt=self.ends)
            .values("connection__venue", "symbol", "asset", quarter=quarter)
            .annotate(made=Sum("realized"), got=Sum("funding"), paid=Sum("fee"))
        )
        named = _underlying(self.owner_id, rows)
        found: dict[Pair, dict[int, list[Decimal]]] = defaultdict(lambda: defaultdict(lambda: [ZERO] * 3))
        for row in rows:
            sums = found[named(row), row["asset"]][bisect_right(self.moments, max(row["quarter"], self.moments[0]))]
            for number, name in enumerate(("made", "got", "paid")):
                sums[number] += row[name]
        return found


def _value(row: Held, prices: Mapping[Any, Decimal]) -> Decimal | None:
    if not row.quantity:
        return ZERO
    price = prices.get((row.place, row.venue, row.quote, row.base))
    return None if price is None else worth(row.quantity, price)


def _open(owner_id: UUID) -> Mapping[Pair, Decimal]:
    """What open derivatives stand at now, by what they are of and settle in."""
    with connection.cursor() as cursor:
        cursor.execute(_OPEN, [owner_id])
        return {(asset, settle): profit for asset, settle, profit in cursor.fetchall()}


def _underlying(owner_id: UUID, rows: Sequence[Mapping[str, Any]]) -> Any:
    """What names the asset that income is of."""
    symbols = {row["symbol"] for row in rows}
    if not symbols:
        return lambda row: row["asset"]
    markets = Instrument.objects.filter(symbol__in=symbols).values_list("venue", "symbol", "base")
    bases = {(venue, symbol): base for venue, symbol, base in markets}
    shown = VenuePosition.objects.filter(owner_id=owner_id, symbol__in=symbols).exclude(base="")
    bases |= {(venue, symbol): base for venue, symbol, base in shown.values_list("connection__venue", "symbol", "base")}
    return lambda row: bases.get((row["connection__venue"], row["symbol"]), row["symbol"] or row["asset"])
