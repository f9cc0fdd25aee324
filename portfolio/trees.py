"""Who stood below whom at a moment of the past: the places of now, and where wallets stood until they were moved."""

from collections import defaultdict
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from portfolio.models import Stay
from wallets.models import Wallet


class Trees:
    """The owner's, at every moment. Read it as the tenant."""

    def __init__(self, *, owner_id: UUID) -> None:
        self._parents = dict(Wallet.objects.filter(owner_id=owner_id).values_list("pk", "parent_id"))
        self._stays: dict[UUID, list[tuple[datetime, UUID | None]]] = defaultdict(list)
        rows = Stay.objects.filter(owner_id=owner_id).order_by("until")
        for wallet, until, under in rows.values_list("wallet_id", "until", "under_id"):
            self._stays[wallet].append((until, under))

    def at(self, moment: datetime) -> set[tuple[UUID, UUID]]:
        """Pairs of a wallet and one that stood below it then; each stands below itself."""
        parents: dict[UUID, UUID | None] = {**self._parents}
        for wallet, stays in self._stays.items():
            for until, under in stays:
                if moment <= until:
                    parents[wallet] = under
                    break
        found = set()
        for wallet in parents:
            above: UUID | None = wallet
            while above is not None:
                found.add((above, wallet))
                above = parents[above]
        return found

    def told(self, moment: datetime) -> dict[str, list[Any]]:
        """The same as two columns of as many rows, for a statement: `tree_roots` and `tree_wallets`."""
        pairs = sorted(self.at(moment))
        return {"tree_roots": [root for root, _ in pairs], "tree_wallets": [wallet for _, wallet in pairs]}

    def changed(self, since: datetime, until: datetime) -> set[UUID]:
        """Who had others below them at the one moment than at the other."""
        return {root for root, _ in self.at(since) ^ self.at(until)}

    def ever_above(self, wallet: UUID) -> set[UUID]:
        """The wallet, those above it, and those that it stood below at any time."""
        moments = {until for stays in self._stays.values() for until, _ in stays} | {datetime.max.replace(tzinfo=UTC)}
        return {root for moment in moments for root, below in self.at(moment) if below == wallet}
