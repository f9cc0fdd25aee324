"""Where a goal's collections take money from and to: from its scope, up to a farm, a master or a reserve."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from wallets.models import Wallet


class Reach:
    """The owner's wallets as a goal of this scope may collect among them. `scope` are ids; None is the whole fund."""

    def __init__(self, owner_id: UUID, scope: Iterable[Any]) -> None:
        wallets = Wallet.objects.filter(owner_id=owner_id).order_by("created_at")
        self.family = {str(wallet.pk): wallet for wallet in wallets}
        wanted = {None if one is None else str(one) for one in scope}
        self.scope = [
            wallet
            for pk, wallet in self.family.items()
            if pk in wanted or (None in wanted and wallet.parent_id is None and wallet.role not in Wallet.IDLE)
        ]

    def sources(self, named: Iterable[str] = ()) -> Sequence[Wallet]:
        """What gives, each with all below it: those that are named, or else the scope."""
        return [self.family[one] for one in named if one in self.family] or self.scope

    def covers(self, wallet: Wallet) -> bool:
        """Whether something is collected there at all: it is in scope, and money is at work in it."""
        return wallet.role not in Wallet.IDLE and any(one in self.scope for one in self._path(wallet))

    def is_below(self, wallet: Wallet, sources: Iterable[Wallet]) -> bool:
        """Whether it is one of these or stands below one, and would give to itself."""
        return wallet.role not in Wallet.IDLE and any(one in sources for one in self._path(wallet))

    def places(self, sources: Sequence[Wallet]) -> Sequence[Wallet]:
        """Where what these give may go: a reserve under the master of any, and the farms and masters above them all."""
        masters = [self._path(one)[-1] for one in sources]
        reserves = [
            one for one in self.family.values() if one.role == Wallet.Role.RESERVE and self._path(one)[-1] in masters
        ]
        first, *others = [self._path(one)[1:] for one in sources] or [[]]
        return [*reserves, *(one for one in first if all(one in path for path in others))]

    def assets(self, sources: Iterable[Wallet]) -> list[str]:
        """What these keep their money in: one asset for each tree."""
        return sorted({one.base_asset for one in sources})

    def _path(self, wallet: Wallet) -> list[Wallet]:
        path = [wallet]
        while path[-1].parent_id is not None:
            path.append(self.family[str(path[-1].parent_id)])
        return path
