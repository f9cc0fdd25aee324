"""In which markets farms hold as much as their policy allows: for many farms at once what a run asks of one
(`farms.engine.work.FarmCapital`)."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db.models import Case, F, Q, Sum, When

from markets.prices import prices_in
from trading.models import Order, Position
from trading.models.orders import LEAVES
from wallets.models import Account

ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class Market:
    """A market and the most of its value, a fraction, that a farm (by its wallet) may hold there; `smallest` is the
    least that an order there is worth."""

    farm: UUID
    instrument: int
    venue: str
    base: str
    quote: str
    cap: Decimal
    smallest: Decimal


def full_markets(asked: Sequence[Market]) -> frozenset[tuple[UUID, int]]:
    """Of these the (farm, instrument) that leave no room for an entry: three queries, and one for each quote of a
    venue. Without prices nothing is said to be full."""
    if not asked:
        return frozenset()
    farms = {one.farm for one in asked}
    members = Q(wallet__in=farms) | Q(wallet__parent__in=farms)
    farm = Case(When(wallet__in=farms, then=F("wallet")), default=F("wallet__parent"))
    instruments = {one.instrument for one in asked}
    of_these = Q(members, instrument__in=instruments)
    balances = Account.objects.filter(members, kind=Account.Kind.WALLET)
    totals: dict[UUID, dict[str, Decimal]] = defaultdict(dict)
    summed = balances.order_by().annotate(farm=farm).values_list("farm", "asset").annotate(total=Sum("balance"))
    for whose, asset, total in summed.filter(total__gt=0):
        totals[whose][asset] = total
    held: dict[tuple[UUID, int], Decimal] = defaultdict(Decimal)
    for rows, quantity in (
        (Position.objects.filter(of_these, closed_at__isnull=True), F("quantity")),
        (Order.objects.unfinished().filter(~LEAVES, of_these), F("quantity") - F("filled_quantity")),
    ):
        found = rows.order_by().annotate(farm=farm).values_list("farm", "instrument").annotate(total=Sum(quantity))
        for whose, instrument, total in found:
            held[whose, instrument] += total
    return frozenset(_full(asked, totals, held))


def _full(
    asked: Sequence[Market], totals: dict[UUID, dict[str, Decimal]], held: dict[tuple[UUID, int], Decimal]
) -> set[tuple[UUID, int]]:
    found = set()
    for venue, quote in {(one.venue, one.quote) for one in asked}:
        there = [one for one in asked if (one.venue, one.quote) == (venue, quote)]
        assets = {asset for one in there for asset in (*totals[one.farm], one.base)}
        prices = {asset: said.price for asset, said in prices_in(assets=assets, base=quote, venue=venue).items()}
        for one in there:
            if one.base in prices:
                worth = sum((n * prices[asset] for asset, n in totals[one.farm].items() if asset in prices), ZERO)
                room = worth * one.cap - held[one.farm, one.instrument] * prices[one.base]
                if room <= 0 or room < one.smallest:
                    found.add((one.farm, one.instrument))
    return found
