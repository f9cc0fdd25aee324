"""Reads of the hierarchy: every wallet with its figures.

The tree with all its figures is one statement whatever its size: the wallets by a recursive step, what their accounts
hold now and held a day ago, and prices from the venue's markets. Values are in the master's base asset. A holding
without a price is named in `unpriced` and counts for nothing; its value is None, never zero.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any, Final
from uuid import UUID

from django.db import connections, router

from kit import clock
from kit.errors import NotFoundError
from markets.candles.reading import TIMEFRAME_MS, milliseconds
from markets.prices import SIMULATED
from wallets.models import Wallet
from wallets.sync.health import Freshness, SyncState, freshness

ZERO: Final = Decimal(0)
DAY: Final = timedelta(hours=24)
# Assets that a price may go through when an asset has no market with the base itself.
BRIDGES: Final = ("BTC", "ETH", "USD", "USDC", "USDT")
# Kinds of postings that move money between wallets or from outside: not earned, not lost.
FLOWS: Final = ("deposit", "allocate", "collect", "assign")
STRICTNESS: Final = {
    Wallet.TradingState.ACTIVE.value: 0,
    Wallet.TradingState.REDUCING.value: 1,
    Wallet.TradingState.HALTED.value: 2,
}


@dataclass(frozen=True, slots=True)
class Holding:
    """One asset of one wallet, in units of the asset; price and value in the tree's base asset, None if unknown.

    The base asset itself costs 1, from no source and since no moment.
    """

    asset: str
    balance: Decimal
    held: Decimal
    price: Decimal | None
    price_source: str
    price_at: datetime | None

    @property
    def available(self) -> Decimal:
        return self.balance - self.held

    @property
    def value(self) -> Decimal | None:
        return None if self.price is None else self.balance * self.price

    @property
    def is_simulated(self) -> bool:
        return self.price_source == SIMULATED


@dataclass(frozen=True, slots=True)
class WalletNode:
    """A wallet of the tree. Money is in `base_asset`; shares, targets and drift are fractions of the root's value.

    `value`, `held_value`, `change` and `unpriced` are of the wallet and everything below it; `own_value`, `free_value`
    and `holdings` of the wallet alone. `change` is what the last 24 hours earned, deposits and allocations taken out.
    """

    id: UUID
    name: str
    role: str
    parent_id: UUID | None
    root_id: UUID
    depth: int
    children: int
    trading_state: str
    state: str
    connection_id: UUID
    connection_name: str
    freshness: Freshness
    is_paper: bool
    synced_at: datetime | None
    base_asset: str
    target_weight: Decimal | None
    holdings: tuple[Holding, ...]
    own_value: Decimal
    free_value: Decimal
    value: Decimal
    held_value: Decimal
    change: Decimal | None
    unpriced: tuple[str, ...]
    share: Decimal | None
    target: Decimal | None

    @property
    def drift(self) -> Decimal | None:
        return None if self.share is None or self.target is None else self.share - self.target

    @property
    def change_fraction(self) -> Decimal | None:
        """`change` of what there was before it, flows included."""
        if self.change is None or self.value == self.change:
            return None
        return self.change / (self.value - self.change)

    def free(self, asset: str) -> Decimal:
        """What the wallet itself could give away of the asset."""
        return next((holding.available for holding in self.holdings if holding.asset == asset), ZERO)


TREE: Final = """
WITH RECURSIVE tree AS (
    SELECT w.id, w.name, w.role, w.parent_id, w.id AS root_id, w.created_at, w.trading_state, w.connection_id,
           w.base_asset, w.target_weight, 0 AS depth
    FROM wallets_wallet w WHERE w.owner_id = %(owner)s AND w.parent_id IS NULL
    UNION ALL
    SELECT w.id, w.name, w.role, w.parent_id, t.root_id, w.created_at, w.trading_state, w.connection_id,
           t.base_asset, w.target_weight, t.depth + 1
    FROM wallets_wallet w JOIN tree t ON w.parent_id = t.id
) SEARCH DEPTH FIRST BY created_at, id SET place,
holding AS (
    SELECT t.id AS wallet_id, c.venue, t.base_asset, a.asset, a.balance, a.held,
           COALESCE(earlier.balance_after, 0) AS balance_before, COALESCE(flow.amount, 0) AS flow
    FROM tree t
    JOIN wallets_connection c ON c.id = t.connection_id
    JOIN wallets_account a ON a.wallet_id = t.id AND a.kind = 'wallet'
    LEFT JOIN LATERAL (
        SELECT e.version, e.balance_after FROM wallets_entry e
        WHERE e.account_id = a.id AND e.created_at <= %(since)s
        ORDER BY e.version DESC LIMIT 1
    ) earlier ON true
    LEFT JOIN LATERAL (
        SELECT sum(e.amount) AS amount
        FROM wallets_entry e
        JOIN wallets_transfer m ON m.id = e.transfer_id
        JOIN wallets_posting p ON p.id = m.posting_id
        WHERE e.account_id = a.id AND e.version > COALESCE(earlier.version, 0) AND p.kind = ANY(%(flows)s)
    ) flow ON true
),
asset AS (
    SELECT DISTINCT venue, asset AS name FROM holding
    UNION SELECT DISTINCT venue, base_asset FROM holding
    UNION SELECT DISTINCT venue, bridge FROM holding, unnest(%(bridges)s::text[]) bridge
),
pair AS (
    SELECT i.venue, way.first, way.second, seen.source, seen.at,
           CASE WHEN way.turned THEN 1 / seen.price ELSE seen.price END AS price,
           CASE WHEN way.turned THEN 1 / earlier.price ELSE earlier.price END AS price_before
    FROM markets_instrument i
    JOIN asset base ON base.venue = i.venue AND base.name = i.base
    JOIN asset quote ON quote.venue = i.venue AND quote.name = i.quote
    LEFT JOIN markets_ticker k ON k.instrument_id = i.id AND NOT %(controlled)s
    LEFT JOIN LATERAL (
        SELECT bar.close::numeric AS price, bar.ts + frame.length AS closed_at
        FROM unnest(%(frames)s::text[], %(lengths)s::bigint[]) AS frame (timeframe, length)
        CROSS JOIN LATERAL (SELECT ts, close FROM markets_candle
                            WHERE instrument_id = i.id AND timeframe = frame.timeframe
                              AND ts <= %(now_ms)s - frame.length
                            ORDER BY ts DESC LIMIT 1) bar
        ORDER BY 2 DESC LIMIT 1
    ) bar ON %(controlled)s
    LEFT JOIN LATERAL (
        SELECT bar.close::numeric AS price
        FROM unnest(%(frames)s::text[], %(lengths)s::bigint[]) AS frame (timeframe, length)
        CROSS JOIN LATERAL (SELECT ts, close FROM markets_candle
                            WHERE instrument_id = i.id AND timeframe = frame.timeframe
                              AND ts <= %(since_ms)s - frame.length
                            ORDER BY ts DESC LIMIT 1) bar
        ORDER BY bar.ts + frame.length DESC LIMIT 1
    ) earlier ON true
    CROSS JOIN LATERAL (SELECT COALESCE(k.price, bar.price) AS price,
                               COALESCE(k.source, CASE WHEN i.is_simulated THEN 'simulated'
                                                       ELSE 'recorded' END) AS source,
                               COALESCE(k.at, to_timestamp(bar.closed_at / 1000.0)) AS at) seen
    CROSS JOIN LATERAL (VALUES (i.base, i.quote, false), (i.quote, i.base, true)) AS way (first, second, turned)
    WHERE seen.price IS NOT NULL
),
rate AS (
    SELECT DISTINCT ON (wanted.venue, wanted.asset, wanted.base_asset)
           wanted.venue, wanted.asset, wanted.base_asset, found.*
    FROM (SELECT DISTINCT venue, asset, base_asset FROM holding) wanted
    CROSS JOIN LATERAL (
        SELECT 0 AS steps, '' AS bridge, 1::numeric AS price, 1::numeric AS price_before, '' AS source,
               NULL::timestamptz AS at WHERE wanted.asset = wanted.base_asset
        UNION ALL
        SELECT 1, '', p.price, p.price_before, p.source, p.at FROM pair p
        WHERE (p.venue, p.first, p.second) = (wanted.venue, wanted.asset, wanted.base_asset)
        UNION ALL
        SELECT 2, p.second, p.price * q.price, p.price_before * q.price_before,
               CASE WHEN q.source = 'simulated' THEN q.source ELSE p.source END, least(p.at, q.at)
        FROM pair p JOIN pair q ON (q.venue, q.first, q.second) = (p.venue, p.second, wanted.base_asset)
        WHERE (p.venue, p.first) = (wanted.venue, wanted.asset)
    ) found
    ORDER BY wanted.venue, wanted.asset, wanted.base_asset, found.steps, found.bridge
)
SELECT t.id, t.name, t.role, t.parent_id, t.root_id, t.depth, t.trading_state, t.connection_id, t.base_asset,
       t.target_weight, c.name AS connection_name, c.state AS connection_state, c.status, c.is_paper, c.synced_at,
       h.asset, h.balance, h.held, h.balance_before, h.flow, r.price, r.price_before, r.source, r.at
FROM tree t
JOIN wallets_connection c ON c.id = t.connection_id
LEFT JOIN holding h ON h.wallet_id = t.id
LEFT JOIN rate r ON (r.venue, r.asset, r.base_asset) = (h.venue, h.asset, h.base_asset)
ORDER BY t.place, h.asset <> t.base_asset, h.asset
"""


def wallet_tree(*, owner_id: UUID) -> tuple[WalletNode, ...]:
    """The owner's wallets, depth first, siblings by age, with every figure of the tree: one query."""
    now = clock.now()
    since = now - DAY
    parameters: dict[str, Any] = {
        "owner": owner_id,
        "now_ms": milliseconds(now),
        "since": since,
        "since_ms": milliseconds(since),
        "flows": list(FLOWS),
        "bridges": list(BRIDGES),
        "frames": list(TIMEFRAME_MS),
        "lengths": list(TIMEFRAME_MS.values()),
        "controlled": clock.is_controlled(),
    }
    alias = router.db_for_read(Wallet) or "default"
    with connections[alias].cursor() as cursor:
        cursor.execute(TREE, parameters)
        names = [column.name for column in cursor.description or ()]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    sprouts = [_sprout(list(group)) for _, group in groupby(rows, key=lambda row: row["id"])]
    return tuple(_grow(sprouts))


def wallet_node(*, owner_id: UUID, wallet_id: UUID) -> WalletNode:
    """One wallet of the tree with its figures, or NotFoundError."""
    for node in wallet_tree(owner_id=owner_id):
        if node.id == wallet_id:
            return node
    raise NotFoundError("There is no such wallet.")


def wallet_value(*, owner_id: UUID, wallet_id: UUID) -> Decimal:
    """What the wallet and everything below it is worth, in the master's base asset; unpriced holdings left out."""
    return wallet_node(owner_id=owner_id, wallet_id=wallet_id).value


@dataclass(slots=True)
class _Sprout:
    """A wallet while its figures are added up from the leaves to the root."""

    row: dict[str, Any]
    holdings: tuple[Holding, ...]
    own_value: Decimal
    free_value: Decimal
    value: Decimal
    held_value: Decimal
    change: Decimal | None
    unpriced: set[str]
    children: int = 0
    state: str = field(default=Wallet.TradingState.ACTIVE.value)
    target: Decimal | None = None


def _sprout(rows: list[dict[str, Any]]) -> _Sprout:
    holdings = tuple(
        Holding(row["asset"], row["balance"], row["held"], row["price"], row["source"] or "", row["at"])
        for row in rows
        if row["asset"] is not None and (row["balance"] or row["balance_before"])
    )
    own = sum((holding.value or ZERO for holding in holdings), ZERO)
    held = sum((holding.held * holding.price for holding in holdings if holding.price is not None), ZERO)
    return _Sprout(
        row=rows[0],
        holdings=tuple(holding for holding in holdings if holding.balance),
        own_value=own,
        free_value=sum((h.available for h in holdings if h.asset == rows[0]["base_asset"]), ZERO),
        value=own,
        held_value=held,
        change=_change([row for row in rows if row["asset"] is not None]),
        unpriced={holding.asset for holding in holdings if holding.price is None and holding.balance},
    )


def _change(rows: list[dict[str, Any]]) -> Decimal | None:
    """Value now − value a day ago − flows at today's price; None while a price of either day is missing."""
    change = ZERO
    for row in rows:
        kept = row["balance"] - row["flow"]
        if kept and row["price"] is None:
            return None
        if row["balance_before"] and row["price_before"] is None:
            return None
        if kept:
            change += kept * row["price"]
        if row["balance_before"]:
            change -= row["balance_before"] * row["price_before"]
    return change


def _grow(sprouts: list[_Sprout]) -> Iterator[WalletNode]:
    by_id = {sprout.row["id"]: sprout for sprout in sprouts}
    for sprout in reversed(sprouts):
        parent = by_id.get(sprout.row["parent_id"])
        if parent is not None:
            parent.value += sprout.value
            parent.held_value += sprout.held_value
            parent.change = None if None in (parent.change, sprout.change) else _sum(parent.change, sprout.change)
            parent.unpriced |= sprout.unpriced
            parent.children += 1
    for sprout in sprouts:
        row, parent = sprout.row, by_id.get(sprout.row["parent_id"])
        above = parent.state if parent else Wallet.TradingState.ACTIVE.value
        sprout.state = max(row["trading_state"], above, key=STRICTNESS.__getitem__)
        if parent is None:
            sprout.target = Decimal(1)
        elif parent.target is not None and row["target_weight"] is not None:
            sprout.target = parent.target * row["target_weight"]
        yield _node(sprout, whole=by_id[row["root_id"]].value)


def _node(sprout: _Sprout, *, whole: Decimal) -> WalletNode:
    row = sprout.row
    return WalletNode(
        id=row["id"],
        name=row["name"],
        role=row["role"],
        parent_id=row["parent_id"],
        root_id=row["root_id"],
        depth=row["depth"],
        children=sprout.children,
        trading_state=row["trading_state"],
        state=sprout.state,
        connection_id=row["connection_id"],
        connection_name=row["connection_name"],
        freshness=freshness(SyncState(row["connection_state"], row["status"], row["synced_at"])),
        is_paper=row["is_paper"],
        synced_at=row["synced_at"],
        base_asset=row["base_asset"],
        target_weight=row["target_weight"],
        holdings=sprout.holdings,
        own_value=sprout.own_value,
        free_value=sprout.free_value,
        value=sprout.value,
        held_value=sprout.held_value,
        change=sprout.change,
        unpriced=tuple(sorted(sprout.unpriced)),
        share=sprout.value / whole if whole else None,
        target=sprout.target,
    )


def _sum(one: Decimal | None, other: Decimal | None) -> Decimal:
    return (one or ZERO) + (other or ZERO)
