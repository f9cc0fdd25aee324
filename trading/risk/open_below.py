"""What is open below wallets and connections whose limits look at how it moves together, and how their markets do."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Final
from uuid import UUID

from django.db import connection

from markets.candles.daily import daily_closes
from markets.models import Instrument
from markets.prices import Quote, prices_in, quotes
from quant.correlation import correlation, daily_returns
from quant.metrics.risk import MINIMUM_SAMPLE
from trading.models import Order, Position
from trading.models.orders import LEAVES
from trading.risk.correlated import Book, Known
from wallets.models import Account, VenuePosition

ZERO: Final = Decimal(0)
DAYS: Final = 90
DIGITS: Final = 6
_BELOW: Final = """
SELECT root_id, wallet_id FROM wallet_subtree(%(places)s::uuid[])
UNION ALL
SELECT connection_id, wallet_id FROM wallet_places WHERE connection_id = ANY (%(places)s::uuid[])
"""


@dataclass(frozen=True, slots=True)
class Place:
    """A wallet or a connection, and the venue and the asset in which what is there is counted."""

    id: UUID
    venue: str
    unit: str


def books_of(places: Iterable[Place], *, markets: Iterable[Instrument] = ()) -> dict[Place, Book]:
    """The book of each place, with the correlations of all that is open there and of further `markets`."""
    wanted = set(places)
    if not wanted:
        return {}
    below = _below({place.id for place in wanted})
    everywhere = {wallet_id for wallets in below.values() for wallet_id in wallets}
    opened = _opened(everywhere)
    known_markets = {market.pk: market for market in (*markets, *(market for _, market, _ in opened))}
    series = {pk: market.prices_of_id or pk for pk, market in known_markets.items()}
    names = {series[pk]: market.symbol for pk, market in sorted(known_markets.items(), reverse=True)}
    known = _known(set(series.values()))
    prices = quotes(instrument_ids=known_markets.keys())
    books = {}
    for place in wanted:
        wallets = below[place.id]
        assets = _assets(wallets)
        own = [row for row in opened if row[0] in wallets]
        foreign = assets.keys() | {market.quote for _, market, _ in own}
        worth = _worth(place, foreign)
        book = Book(_value(assets, worth), names, known)
        for _, market, quantity in own:
            price = prices.get(market.pk)
            if price is None or market.quote not in worth:
                book.value = None  # who cannot be priced cannot be weighed
                break
            book.add(series[market.pk], quantity * price.price * worth[market.quote])
        books[place] = book
    return books


def series_of(market: Instrument) -> int:
    """By which number a book knows the market: that of whose candles it has."""
    return market.prices_of_id or market.pk


def _below(places: Collection[UUID]) -> Mapping[UUID, set[UUID]]:
    found: dict[UUID, set[UUID]] = {place: set() for place in places}
    with connection.cursor() as cursor:
        cursor.execute(_BELOW, {"places": list(places)})
        for root_id, wallet_id in cursor.fetchall():
            found[root_id].add(wallet_id)
    return found


def _opened(wallets: Collection[UUID]) -> list[tuple[UUID, Instrument, Decimal]]:
    """Wallet, market and quantity of every open position, negative when short, and of what orders are still to open."""
    held = Position.objects.filter(wallet__in=wallets, closed_at=None).select_related("instrument")
    coming = Order.objects.unfinished().filter(~LEAVES, wallet__in=wallets).select_related("instrument")
    return [
        *((one.wallet_id, one.instrument, one.quantity if one.is_long else -one.quantity) for one in held),
        *((one.wallet_id, one.instrument, one.left if one.side == "buy" else -one.left) for one in coming),
    ]


def _assets(wallets: Collection[UUID]) -> dict[str, Decimal]:
    """What the wallets have, with what is unrealized of their perpetuals, by asset."""
    found: dict[str, Decimal] = {}
    rows = Account.objects.filter(wallet__in=wallets, kind=Account.Kind.WALLET, balance__gt=0)
    for asset, balance in rows.values_list("asset", "balance"):
        found[asset] = found.get(asset, ZERO) + balance
    unrealized = VenuePosition.objects.filter(wallet__in=wallets).values_list("settle", "unrealized_pnl")
    for asset, profit in unrealized:
        found[asset] = found.get(asset, ZERO) + profit
    return found


def _worth(place: Place, assets: Collection[str]) -> dict[str, Decimal]:
    """What one of each asset is worth in the place's unit; what has no price now is left out."""
    foreign = set(assets) - {place.unit}
    found: Mapping[str, Quote] = prices_in(assets=foreign, base=place.unit, venue=place.venue) if foreign else {}
    return {asset: one.price for asset, one in found.items() if not one.is_carried} | {place.unit: Decimal(1)}


def _value(assets: Mapping[str, Decimal], worth: Mapping[str, Decimal]) -> Decimal | None:
    if not assets.keys() <= worth.keys():
        return None
    return sum((amount * worth[asset] for asset, amount in assets.items()), ZERO)


def _known(series: Collection[int]) -> Known:
    """Correlations of daily returns, worked out when first asked for: the one place where they become decimals."""
    closes = daily_closes(instrument_ids=series, days=DAYS + 1) if len(series) > 1 else {}
    returns = {pk: daily_returns(found) for pk, found in closes.items()}

    @cache
    def ordered(one: int, other: int) -> Decimal | None:
        found = correlation(returns[one], returns[other], least=MINIMUM_SAMPLE)
        return None if found is None else Decimal(f"{found:.{DIGITS}f}")

    return lambda one, other: Decimal(1) if one == other else ordered(min(one, other), max(one, other))
