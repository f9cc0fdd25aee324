"""Who stood below whom at a moment of the past: the places of now, and where wallets stood until they were moved."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from django.db import connection

from portfolio.models import Stay
from wallets.models import Wallet

LAST: Final = datetime.max.replace(tzinfo=UTC)


class Trees:
    """The owner's, at every moment. Read it as the tenant."""

    def __init__(self, *, owner_id: UUID) -> None:
        self._parents = dict(Wallet.objects.filter(owner_id=owner_id).values_list("pk", "parent_id"))
        self._stays: dict[UUID, list[tuple[datetime, UUID | None]]] = defaultdict(list)
        rows = Stay.objects.filter(owner_id=owner_id).order_by("until")
        for wallet, until, under in rows.values_list("wallet_id", "until", "under_id"):
            self._stays[wallet].append((until, under))
        self._changes = sorted({until for stays in self._stays.values() for until, _ in stays})
        self._known: dict[int, Mapping[UUID, UUID | None]] = {}  # by how many changes lie before

    def parents(self, moment: datetime | None = None) -> Mapping[UUID, UUID | None]:
        """Each wallet with the one that it stood right under then; without a moment now."""
        if moment is None:
            return self._parents
        place = bisect_left(self._changes, moment)
        if place not in self._known:
            parents: dict[UUID, UUID | None] = {**self._parents}
            for wallet, stays in self._stays.items():
                for until, under in stays:
                    if moment <= until:
                        parents[wallet] = under
                        break
            self._known[place] = parents
        return self._known[place]

    def at(self, moment: datetime) -> set[tuple[UUID, UUID]]:
        """Pairs of a wallet and one that stood below it then; each stands below itself."""
        parents = self.parents(moment)
        found = set()
        for wallet in parents:
            above: UUID | None = wallet
            while above is not None:
                found.add((above, wallet))
                above = parents[above]
        return found

    def at_last(self) -> set[tuple[UUID, UUID]]:
        """The same as they stand now."""
        return self.at(LAST)

    def changes(self, since: datetime) -> list[datetime]:
        """From then on, the moments after which somebody stood elsewhere."""
        return self._changes[bisect_left(self._changes, since) :]

    def told(self, moment: datetime) -> dict[str, list[Any]]:
        """The same as two columns of as many rows, for a statement: `tree_roots` and `tree_wallets`."""
        pairs = sorted(self.at(moment))
        return {"tree_roots": [root for root, _ in pairs], "tree_wallets": [wallet for _, wallet in pairs]}

    def ever_above(self, wallet: UUID) -> set[UUID]:
        """The wallet, those above it, and those that it stood below at any time."""
        moments = (*self._changes, LAST)
        return {root for moment in moments for root, below in self.at(moment) if below == wallet}


def stood_below(*, owner_id: UUID, root: UUID) -> list[tuple[UUID, datetime | None, datetime | None]]:
    """Who has ever stood below the wallet, itself too: after one moment, up to the other and in it; None is ever."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT wallet_id, lower(time), upper(time)
            FROM portfolio_stood_below(%s, ARRAY[%s]::uuid[]) CROSS JOIN unnest(times) AS time
            """,
            [owner_id, root],
        )
        return list(cursor.fetchall())
