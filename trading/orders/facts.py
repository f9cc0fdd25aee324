"""What the gate looks at, read at once for all wallets that are about to trade, under their locks.

The locks are taken in ascending order of the wallets' ids, here and by whoever else takes several, and everything is
read after them: what was seen of a wallet's orders stays true until the transaction ends.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import reduce
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.db.models import DecimalField, OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce

from kit import clock
from kit.errors import NotFoundError
from kit.statements import planned_once
from markets.prices import Quote, prices_in, quotes
from trading.models import Order, Position
from trading.orders import states
from trading.orders.intents import Place
from trading.risk import gate as risk
from trading.risk.limits import limits_on_paths
from trading.risk.locks import told_of
from wallets.models import Account, Connection, Transfer, VenuePosition, Wallet

ZERO: Final = Decimal(0)
_UNFINISHED: Final = ", ".join(f"'{status}'" for status in sorted(states.UNFINISHED))
# Orders are read once for all places: place by place each of a thousand agents that act at one bar would look through
# what the others have just ordered, as long as the table is so young that the planner knows nothing of it.
_STANDING: Final = f"""
WITH place AS MATERIALIZED (
    SELECT * FROM unnest(
        %(wallets)s::uuid[], %(instruments)s::bigint[], %(bases)s::text[], %(keys)s::text[], %(perpetuals)s::boolean[]
    ) AS place (wallet_id, instrument_id, base, key, is_perpetual)
), unfinished AS MATERIALIZED (
    SELECT * FROM trading_order WHERE wallet_id = ANY (%(wallets)s::uuid[]) AND status IN ({_UNFINISHED})
), known AS MATERIALIZED (
    SELECT id, key FROM trading_order WHERE owner_id = %(owner)s::uuid AND key = ANY (%(keys)s::text[])
), there AS (
    SELECT wallet_id,
        (array_agg(client_order_id) FILTER (
            WHERE CASE WHEN place.is_perpetual THEN NOT reduce_only ELSE side = 'buy' END))[1] AS opening,
        sum(greatest(quantity - filled_quantity, 0)) FILTER (
            WHERE NOT is_stop AND CASE WHEN place.is_perpetual THEN reduce_only ELSE side = 'sell' END) AS leaving,
        (array_agg(id) FILTER (WHERE is_stop))[1] AS stop
    FROM unfinished JOIN place USING (wallet_id, instrument_id)
    CROSS JOIN LATERAL (
        SELECT type = 'stop' AND protects_id IS NOT NULL AND triggered_at IS NULL AS is_stop
    ) AS as_stop
    GROUP BY wallet_id
)
SELECT place.wallet_id,
    (SELECT CASE direction WHEN 'long' THEN quantity ELSE -quantity END FROM trading_position
     WHERE wallet_id = place.wallet_id AND instrument_id = place.instrument_id AND closed_at IS NULL),
    (SELECT sum(position.quantity) FROM trading_position AS position
     JOIN market_instruments AS instrument USING (instrument_id)
     WHERE position.wallet_id = place.wallet_id AND position.closed_at IS NULL AND instrument.base = place.base
        AND NOT instrument.is_derivative),
    there.opening, there.leaving, there.stop, known.id,
    trading_entry_lock(place.wallet_id, place.instrument_id, %(now)s)
FROM place LEFT JOIN there USING (wallet_id) LEFT JOIN known USING (key)
"""  # noqa: S608 - the names of our own states


@dataclass(frozen=True, slots=True)
class Purse:
    """A wallet's account of one asset: what is there, what of it nothing holds, and what is `lacking` of the margin of
    its positions."""

    account_id: int = 0
    balance: Decimal = ZERO
    free: Decimal = ZERO
    lacking: Decimal = ZERO

    @property
    def spendable(self) -> Decimal:
        """What an order may have: what comes is held for margins first. Below zero where more is lacking than free."""
        return self.free - self.lacking


@dataclass(frozen=True, slots=True)
class Facts:
    """All that is known at one place. `first` is the order that has its key already, `stop` the stop of the position
    that rests at the venue, which goes before anything else is sold."""

    place: Place
    wallet: Wallet
    quote: Quote | None
    standing: risk.Standing
    path: tuple[risk.Limits, ...]
    purses: Mapping[str, Purse]
    first: Order | None
    stop: Order | None = None

    def price(self, *, is_buy: bool) -> Decimal | None:
        """What a buy would pay or a sale would get now, per unit."""
        if self.quote is None:
            return None
        return self.quote.ask if is_buy else self.quote.bid

    def level_price(self, limit: Decimal | None, *, is_buy: bool = True) -> Decimal | None:
        """What the levels of an entry are held against: what leaving it would get now, or once a limit on its far side
        is filled."""
        if self.quote is None:
            return None
        if not is_buy:
            return self.quote.ask if limit is None else max(self.quote.ask, limit)
        return self.quote.bid if limit is None else min(self.quote.bid, limit)

    def without(self, order: Order, hold: Transfer | None) -> "Facts":
        """What would be known here once the order had ended as it is, and its hold had been released."""
        standing = self.standing
        leaves = order.reduce_only if self.place.instrument.is_perpetual else order.side == "sell"
        selling = standing.selling - (order.left if leaves else ZERO)
        unfinished = "" if standing.unfinished == order.client_order_id else standing.unfinished
        purses = dict(self.purses)
        if hold is not None and hold.asset in purses:
            purse = purses[hold.asset]
            purses[hold.asset] = replace(purse, free=purse.free + hold.amount)
        return replace(self, standing=replace(standing, selling=selling, unfinished=unfinished), purses=purses)

    def behind(self, orders: Iterable[Order]) -> "Facts":
        """What would be known here once these had ended as they are."""
        return reduce(lambda facts, order: facts.without(order, order.hold), orders, self)

    def purse(self, asset: str) -> Purse:
        return self.purses.get(asset) or Purse()


def read_facts(places: Collection[Place]) -> dict[UUID, Facts]:
    """By wallet, of which each has one place. Raises NotFoundError for a wallet that the tenant does not have."""
    by_wallet = {place.wallet_id: place for place in places}
    if len(by_wallet) < len(places):
        raise ValueError("One order per wallet: what a second one may do depends on the first.")
    if not places:
        return {}
    wallets = locked_wallets(by_wallet)
    prices = quotes(instrument_ids={place.instrument.pk for place in places})
    owner_id = next(iter(wallets.values())).owner_id
    standings = _standings(places, owner_id=owner_id)
    if any(standing.unfinished or standing.selling or stop for standing, stop, _ in standings.values()):
        # What rests may be filled at any moment: from here on no fill is written, and books and positions agree.
        rows = Order.objects.unfinished().filter(wallet__in=by_wallet).order_by("pk")
        list(rows.select_for_update(no_key=True).values_list("pk", flat=True))
        standings = _standings(places, owner_id=owner_id)
    purses = _purses(places)
    paths = limits_on_paths({place.wallet_id: (place.instrument.venue, place.instrument.quote) for place in places})
    stops = _orders(stop for _, stop, _ in standings.values())
    values = values_of([place for place in places if risk.tightest_risk(paths[place.wallet_id]) is not None])
    firsts = _orders(first for *_, first in standings.values())
    return {
        wallet_id: Facts(
            place=place,
            wallet=wallets[wallet_id],
            quote=prices.get(place.instrument.pk),
            standing=replace(
                standings[wallet_id][0],
                in_books=(purses[wallet_id].get(place.instrument.base) or Purse()).balance,
                value=values.get(wallet_id),
            ),
            path=paths[wallet_id],
            purses=purses[wallet_id],
            first=firsts.get(standings[wallet_id][2]),
            stop=stops.get(standings[wallet_id][1]),
        )
        for wallet_id, place in by_wallet.items()
    }


def locked_wallet(wallet_id: UUID) -> Wallet:
    """The wallet, locked: orders of one wallet are placed one after the other, so what the gate saw stays true."""
    return locked_wallets([wallet_id])[wallet_id]


def locked_wallets(wallet_ids: Iterable[UUID]) -> dict[UUID, Wallet]:
    """The same for several, with their connections and platforms. Raises NotFoundError when one is missing."""
    wanted = set(wallet_ids)
    rows = Wallet.objects.select_for_update(no_key=True).filter(pk__in=wanted).order_by("pk")
    found = {wallet.pk: wallet for wallet in rows}
    if len(found) < len(wanted):
        raise NotFoundError("There is no such wallet: choose one of yours.")
    # A thousand wallets share a connection or two.
    connection_ids = {wallet.connection_id for wallet in found.values()}
    connections = Connection.objects.select_related("platform").in_bulk(connection_ids)
    for wallet in found.values():
        wallet.connection = connections[wallet.connection_id]
    return found


def _purses(places: Collection[Place]) -> dict[UUID, dict[str, Purse]]:
    """What each wallet has of the two assets that it would trade."""
    assets = {asset for place in places for asset in (place.instrument.base, place.instrument.quote)}
    short = Position.objects.filter(
        wallet=OuterRef("wallet"), instrument__settle=OuterRef("asset"), margin_shortfall__gt=0, closed_at=None
    )
    lacking = short.order_by().values("wallet").values_list(Sum("margin_shortfall"))
    rows = (
        Account.objects.filter(
            wallet__in=[place.wallet_id for place in places], asset__in=assets, kind=Account.Kind.WALLET
        )
        .annotate(lacking=Coalesce(Subquery(lacking), ZERO, output_field=DecimalField()))
        .values_list("wallet_id", "asset", "pk", "balance", "held", "lacking")
    )
    purses: dict[UUID, dict[str, Purse]] = {place.wallet_id: {} for place in places}
    for wallet_id, asset, account_id, balance, held, lacks in rows:
        purses[wallet_id][asset] = Purse(account_id, balance, balance - held, lacks)
    return purses


def _standings(
    places: Collection[Place], *, owner_id: UUID
) -> dict[UUID, tuple[risk.Standing, UUID | None, UUID | None]]:
    """What each wallet has but for its books, the stop that rests at the venue, and the order that has the key of its
    place already."""
    given: dict[str, Any] = {
        "owner": owner_id,
        "now": clock.now(),
        "wallets": [place.wallet_id for place in places],
        "instruments": [place.instrument.pk for place in places],
        "bases": [place.instrument.base for place in places],
        "keys": [place.key for place in places],
        "perpetuals": [place.instrument.is_perpetual for place in places],
    }
    with planned_once(connection) as cursor:
        cursor.execute(_STANDING, given)
        rows = cursor.fetchall()
    held = told_of([lock_id for *_, lock_id in rows if lock_id is not None])
    return {
        wallet_id: (
            risk.Standing(
                position or ZERO,
                positions or ZERO,
                unfinished=buying or "",
                selling=selling or ZERO,
                lock=held.get(lock_id),
            ),
            stop,
            first,
        )
        for wallet_id, position, positions, buying, selling, stop, first, lock_id in rows
    }


def values_of(places: Collection[Place]) -> dict[UUID, Decimal]:
    """What each wallet is worth in the quote asset of its place; one that holds what has no price now is left out."""
    held: dict[UUID, dict[str, Decimal]] = {place.wallet_id: {} for place in places}
    rows = Account.objects.filter(wallet__in=held, kind=Account.Kind.WALLET, balance__gt=0)
    for wallet_id, asset, balance in rows.values_list("wallet_id", "asset", "balance"):
        held[wallet_id][asset] = balance
    opened = VenuePosition.objects.filter(wallet__in=held).values_list("wallet__pk", "settle", "unrealized_pnl")
    for wallet_id, asset, profit in opened:
        held[wallet_id][asset] = held[wallet_id].get(asset, ZERO) + profit
    markets: dict[tuple[str, str], list[UUID]] = {}
    for place in places:
        markets.setdefault((place.instrument.venue, place.instrument.quote), []).append(place.wallet_id)
    found: dict[UUID, Decimal] = {}
    for (venue, quote), wallet_ids in markets.items():
        assets = {asset for wallet_id in wallet_ids for asset in held[wallet_id]} - {quote}
        known = prices_in(assets=assets, base=quote, venue=venue) if assets else {}
        prices = {asset: price.price for asset, price in known.items() if not price.is_carried} | {quote: Decimal(1)}
        for wallet_id in wallet_ids:
            if held[wallet_id].keys() <= prices.keys():
                found[wallet_id] = sum((total * prices[asset] for asset, total in held[wallet_id].items()), ZERO)
    return found


def _orders(order_ids: Iterable[UUID | None]) -> dict[UUID | None, Order]:
    wanted = [order_id for order_id in order_ids if order_id is not None]
    if not wanted:
        return {}
    return {order.pk: order for order in Order.objects.select_related("instrument", "hold").filter(pk__in=wanted)}
