"""Reads of the hierarchy: every wallet with its figures.

The tree with all its figures is one statement whatever its size: the wallets by `wallet_subtree`, what their accounts
hold, what open derivatives have won or lost, and the prices of `markets`. Values are in the master's base asset. A
holding without a price is named in `unpriced` and counts for nothing; its value is None, never zero.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from typing import Any, Final
from uuid import UUID

from django.db import connections, router

from kit import clock
from kit.errors import NotFoundError
from kit.statements import planned_once
from markets.prices import IDENTITY, SIMULATED, worth
from wallets.models import Wallet
from wallets.sync.health import Freshness, SyncState, freshness

ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class Holding:
    """One asset of one wallet, in units of the asset; price and value in the tree's base asset, None if unknown.

    The base asset itself costs 1, from no source and since no moment. A price `is_carried` when nobody says it any
    more: it is the last that was known. `unrealized_pnl` is what open derivatives that settle in the asset have won or
    lost, `unrealized_value` that in the base asset; it is part of the value and cannot be moved.
    """

    asset: str
    balance: Decimal
    held: Decimal
    price: Decimal | None
    price_source: str
    price_at: datetime | None
    is_carried: bool = False
    unrealized_pnl: Decimal = ZERO
    unrealized_value: Decimal = ZERO

    @property
    def available(self) -> Decimal:
        return self.balance - self.held

    @property
    def value(self) -> Decimal | None:
        return None if self.price is None else worth(self.balance, self.price) + self.unrealized_value

    @property
    def is_simulated(self) -> bool:
        return self.price_source == SIMULATED


@dataclass(frozen=True, slots=True)
class WalletNode:
    """A wallet of the tree. Money is in `base_asset`; shares, targets and drift are fractions of the root's value.

    `value`, `held_value` and `unpriced` are of the wallet and everything below it; `own_value`, `free_value`
    and `holdings` of the wallet alone. A value is None where something is held and nothing of it has a
    price.
    """

    id: UUID
    name: str
    role: str
    parent_id: UUID | None
    root_id: UUID
    depth: int
    children: int
    present_children: int
    trading_state: str
    state: str
    connection_id: UUID
    connection_name: str
    freshness: Freshness
    is_paper: bool
    is_watching: bool
    synced_at: datetime | None
    base_asset: str
    target_weight: Decimal | None
    minimum_balance: Decimal
    maximum_balance: Decimal | None
    archived_at: datetime | None
    holdings: tuple[Holding, ...]
    own_value: Decimal | None
    free_value: Decimal
    value: Decimal | None
    held_value: Decimal
    unpriced: tuple[str, ...]
    share: Decimal | None
    target: Decimal | None

    @property
    def is_archived(self) -> bool:
        return self.archived_at is not None

    @property
    def is_idle(self) -> bool:
        """Whether nothing is traded from it."""
        return self.role in Wallet.IDLE

    @property
    def drift(self) -> Decimal | None:
        return None if self.share is None or self.target is None else self.share - self.target

    def free(self, asset: str) -> Decimal:
        """What the wallet itself could give away of the asset."""
        return next((holding.available for holding in self.holdings if holding.asset == asset), ZERO)


TREE: Final = """
WITH tree AS MATERIALIZED (
    SELECT w.id, w.name, w.role, w.parent_id, below.root_id, w.created_at, w.trading_state, below.state,
           w.connection_id, w.base_asset, w.target_weight, w.minimum_balance, w.maximum_balance, w.archived_at,
           below.distance AS depth
    FROM wallet_subtree(
        ARRAY(SELECT id FROM wallets_wallet WHERE owner_id = %(owner)s AND parent_id IS NULL)
    ) AS below
    JOIN wallets_wallet w ON w.id = below.wallet_id
),
derivative AS MATERIALIZED (SELECT wallet_id, asset, profit FROM wallet_derivatives(%(owner)s)),
holding AS MATERIALIZED (
    SELECT wallet_id, asset, coalesce(book.held, 0) AS held, coalesce(book.reserved, 0) AS reserved,
           opened.profit AS unrealized, opened.is_open, c.venue, t.base_asset
    FROM wallet_books(%(owner)s) AS book
    FULL JOIN (
        SELECT wallet_id, asset, sum(profit) AS profit, bool_or(profit <> 0) AS is_open
        FROM derivative GROUP BY wallet_id, asset
    ) AS opened USING (wallet_id, asset)
    JOIN tree t ON t.id = wallet_id
    JOIN wallets_connection c ON c.id = t.connection_id
),
wanted AS MATERIALIZED (
    SELECT venue, base_asset, array_agg(DISTINCT asset) AS assets FROM holding GROUP BY venue, base_asset
),
rate AS MATERIALIZED (
    SELECT wanted.venue, wanted.base_asset, found.* FROM wanted
    CROSS JOIN LATERAL market_prices(wanted.venue, wanted.base_asset, wanted.assets, %(now)s, %(live)s) AS found
)
SELECT t.id, t.name, t.role, t.parent_id, t.root_id, t.depth, t.trading_state, t.state, t.connection_id, t.base_asset,
       t.target_weight, t.minimum_balance, t.maximum_balance, t.archived_at,
       c.name AS connection_name, c.state AS connection_state,
       c.status, c.is_paper, NOT c.is_paper AND c.live_at IS NULL AS is_watching, c.synced_at, h.asset,
       h.held AS balance, h.reserved, r.price, r.source, r.at, r.is_carried, h.unrealized, h.is_open,
       CASE WHEN h.unrealized IS NOT NULL THEN (
           -- Each rounded by itself, as whoever lists them does.
           SELECT sum(round(opened.profit * r.price, 18)) FROM derivative opened
           WHERE (opened.wallet_id, opened.asset) = (h.wallet_id, h.asset)
       ) END AS unrealized_value
FROM tree t
JOIN wallets_connection c ON c.id = t.connection_id
LEFT JOIN holding h ON h.wallet_id = t.id
LEFT JOIN rate r ON (r.venue, r.asset, r.base_asset) = (h.venue, h.asset, h.base_asset)
ORDER BY t.created_at, t.id, h.asset <> t.base_asset, h.asset
"""


def wallet_tree(*, owner_id: UUID) -> tuple[WalletNode, ...]:
    """The owner's wallets, depth first, siblings by age, with every figure of the tree: one query."""
    now = clock.now()
    parameters: dict[str, Any] = {
        "owner": owner_id,
        "now": now,
        "live": not clock.is_controlled(),
    }
    alias = router.db_for_read(Wallet) or "default"
    with planned_once(connections[alias]) as cursor:
        cursor.execute(TREE, parameters)
        names = [column.name for column in cursor.description or ()]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    sprouts = [_sprout(list(group)) for _, group in groupby(rows, key=lambda row: row["id"])]
    return tuple(_grow(_depth_first(sprouts)))


def wallet_node(*, owner_id: UUID, wallet_id: UUID) -> WalletNode:
    """One wallet of the tree with its figures, or NotFoundError."""
    for node in wallet_tree(owner_id=owner_id):
        if node.id == wallet_id:
            return node
    raise NotFoundError("There is no such wallet.")


@dataclass(slots=True)
class _Sprout:
    """A wallet while its figures are added up from the leaves to the root."""

    row: dict[str, Any]
    holdings: tuple[Holding, ...]
    own_value: Decimal
    free_value: Decimal
    value: Decimal
    held_value: Decimal
    unpriced: set[str]
    children: int = 0
    present_children: int = 0
    target: Decimal | None = None


def _sprout(rows: list[dict[str, Any]]) -> _Sprout:
    holdings = tuple(_holding(row) for row in rows if row["asset"] is not None and (row["balance"] or row["is_open"]))
    own = sum((holding.value or ZERO for holding in holdings), ZERO)
    held = sum((worth(holding.held, holding.price) for holding in holdings if holding.price is not None), ZERO)
    return _Sprout(
        row=rows[0],
        holdings=holdings,
        own_value=own,
        free_value=sum((h.available for h in holdings if h.asset == rows[0]["base_asset"]), ZERO),
        value=own,
        held_value=held,
        unpriced={holding.asset for holding in holdings if holding.price is None},
    )


def _holding(row: dict[str, Any]) -> Holding:
    is_base = row["source"] == IDENTITY
    source, at = ("", None) if is_base else (row["source"] or "", row["at"])
    return Holding(
        row["asset"], row["balance"], row["reserved"], row["price"], source, at, bool(row["is_carried"]),
        row["unrealized"] or ZERO, row["unrealized_value"] or ZERO,
    )  # fmt: skip


def _depth_first(sprouts: list[_Sprout]) -> list[_Sprout]:
    """Each wallet right before everything below it; siblings stay in their order."""
    below: dict[UUID | None, list[_Sprout]] = {}
    for sprout in reversed(sprouts):
        below.setdefault(sprout.row["parent_id"], []).append(sprout)
    placed, waiting = [], below.get(None, [])
    while waiting:
        placed.append(sprout := waiting.pop())
        waiting += below.get(sprout.row["id"], [])
    return placed


def _grow(sprouts: list[_Sprout]) -> Iterator[WalletNode]:
    by_id = {sprout.row["id"]: sprout for sprout in sprouts}
    for sprout in reversed(sprouts):
        parent = by_id.get(sprout.row["parent_id"])
        if parent is not None:
            parent.value += sprout.value
            parent.held_value += sprout.held_value
            parent.unpriced |= sprout.unpriced
            parent.children += 1
            parent.present_children += sprout.row["archived_at"] is None
    for sprout in sprouts:
        row, parent = sprout.row, by_id.get(sprout.row["parent_id"])
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
        present_children=sprout.present_children,
        trading_state=row["trading_state"],
        state=row["state"],
        connection_id=row["connection_id"],
        connection_name=row["connection_name"],
        freshness=freshness(SyncState(row["connection_state"], row["status"], row["synced_at"])),
        is_paper=row["is_paper"],
        is_watching=row["is_watching"],
        synced_at=row["synced_at"],
        base_asset=row["base_asset"],
        target_weight=row["target_weight"],
        minimum_balance=row["minimum_balance"],
        maximum_balance=row["maximum_balance"],
        archived_at=row["archived_at"],
        holdings=sprout.holdings,
        own_value=_known(sprout.own_value, any(holding.price is None for holding in sprout.holdings)),
        free_value=sprout.free_value,
        value=_known(sprout.value, bool(sprout.unpriced)),
        held_value=sprout.held_value,
        unpriced=tuple(sorted(sprout.unpriced)),
        share=sprout.value / whole if whole and _known(sprout.value, bool(sprout.unpriced)) is not None else None,
        target=sprout.target,
    )


def _known(value: Decimal, is_unpriced: bool) -> Decimal | None:
    """The value of what has a price; None where nothing has one, which is unknown and not zero."""
    return None if is_unpriced and not value else value
