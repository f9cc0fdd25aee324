"""What a scope stands among: wallets that can be chosen, connections, how far the portfolio's own work is."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import connection

from kit.statements import planned_once

MASTER: Final = "master"
FARM: Final = "farm"
AGENT: Final = "agent"

# Agents are too many to choose from: of them only the one that is looked at, if one is.
_PLACES: Final = """
SELECT state.synced_at, state.valued_at, state.syncing_since, state.building, state.building_step,
       (SELECT least(
           (
               SELECT at FROM portfolio_snapshot
               WHERE portfolio_snapshot.scope = history.scope AND portfolio_snapshot.base = history.base
               ORDER BY at LIMIT 1
           ),
           (
               -- its first snapshots may be forgotten
               SELECT opened_at FROM portfolio_dailyperformance AS daily
               WHERE daily.scope = history.scope AND daily.base = history.base ORDER BY day LIMIT 1
           )
       ) FROM (VALUES (coalesce(%(only)s::uuid, %(owner)s::uuid), coalesce(
           (SELECT base_asset FROM wallet_places WHERE wallet_id = %(only)s::uuid), %(currency)s
       ))) AS history (scope, base)),
       venue.connection_id, venue.name, venue.venue, venue.state, venue.status, venue.synced_at, venue.wallets,
       place.wallet_id, place.name, place.role, place.base_asset
FROM (VALUES (1)) AS one
LEFT JOIN portfolio_portfoliostate AS state ON state.owner_id = %(owner)s
LEFT JOIN wallet_connections AS venue ON venue.owner_id = %(owner)s
LEFT JOIN wallet_places AS place ON place.connection_id = venue.connection_id
          AND (place.role <> 'agent' OR place.wallet_id = %(only)s::uuid)
ORDER BY place.role, place.created_at
"""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the portfolio's own work has come; `building` is a percentage while the demo's history is being made."""

    synced_at: datetime | None
    valued_at: datetime | None
    syncing_since: datetime | None
    building: int | None
    building_step: str | None


@dataclass(frozen=True, slots=True)
class Venue:
    """A connection as `wallets.sync.health.freshness` reads it, with the number of its wallets."""

    pk: UUID
    name: str
    venue: str
    state: str
    status: str
    synced_at: datetime | None
    wallet_count: int


@dataclass(frozen=True, slots=True)
class Place:
    """A wallet that can be looked at alone."""

    pk: UUID
    name: str
    role: str
    base_asset: str


@dataclass(frozen=True, slots=True)
class Places:
    """Connections by name, wallets by role and age, and when the scope's history begins."""

    state: Progress
    first_at: datetime | None
    connections: tuple[Venue, ...]
    wallets: tuple[Place, ...]

    @property
    def choices(self) -> tuple[Place, ...]:
        """Masters, farms and what stands beside them."""
        return tuple(wallet for wallet in self.wallets if wallet.role != AGENT)

    @property
    def farms(self) -> tuple[UUID, ...]:
        """The wallets of the farms."""
        return tuple(wallet.pk for wallet in self.wallets if wallet.role == FARM)

    @property
    def has_wallets(self) -> bool:
        return any(wallet.role == MASTER for wallet in self.wallets)

    def wallet(self, wallet_id: UUID) -> Place | None:
        """The owner's wallet of that id, if it is among these."""
        return next((wallet for wallet in self.wallets if wallet.pk == wallet_id), None)


def read_places(*, owner_id: UUID, currency: str, only: UUID | None) -> Places:
    """All of it in one query, for the scope of the wallet `only` or of all."""
    given: dict[str, Any] = {"owner": owner_id, "currency": currency, "only": only}
    with planned_once(connection) as cursor:
        cursor.execute(_PLACES, given)
        rows = cursor.fetchall()
    venues = {row[6]: Venue(*row[6:13]) for row in rows if row[6] is not None}.values()
    wallets = [Place(*row[13:]) for row in rows if row[13] is not None]
    return Places(Progress(*rows[0][:5]), rows[0][5], tuple(sorted(venues, key=lambda one: one.name)), tuple(wallets))
