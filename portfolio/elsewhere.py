"""What wallets that came had realized elsewhere, less what those that left had realized here, as of a past moment.

The marks say it as of now (`FlowMark.earned`); each move that lies after the moment is taken back from them.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from kit import days
from portfolio.books import Books, Positions
from portfolio.models import FlowMark
from portfolio.trees import Trees
from trading.models import Position
from wallets.models import Wallet

_QUOTES: Final = ("instrument_id", "instrument__quote")

Sums = dict[tuple[UUID, str, str], Decimal]  # by scope, venue and asset


class Elsewhere:
    """The owner's. Read it as the tenant."""

    def __init__(self, *, owner_id: UUID, trees: Trees, venues: Mapping[UUID, str]) -> None:
        self._owner_id, self._trees, self._venues = owner_id, trees, venues
        self._bases = dict(Wallet.objects.filter(owner_id=owner_id).values_list("pk", "base_asset"))
        marks = FlowMark.objects.filter(owner_id=owner_id, wallet__isnull=False).exclude(earned=0)
        rows = marks.values_list("wallet_id", "venue", "asset", "base", "earned")
        self._now: Sums = {
            (scope, venue, asset): earned for scope, venue, asset, base, earned in rows if base == self._bases[scope]
        }
        self._by_move: dict[datetime, Sums] = {}

    def told(self, at: datetime) -> dict[str, list[Any]]:
        """As rows for the statement: `earned_scopes` and so on."""
        sums: Sums = defaultdict(Decimal, self._now)
        moments = self._trees.changes(at)
        self._look_at([moment for moment in moments if moment not in self._by_move])
        for moment in moments:
            for key, amount in self._by_move[moment].items():
                sums[key] -= amount
        known = {key: amount for key, amount in sums.items() if amount}
        return {
            "earned_scopes": [scope for scope, _, _ in known],
            "earned_bases": [self._bases[scope] for scope, _, _ in known],
            "earned_venues": [venue for _, venue, _ in known],
            "earned_assets": [asset for _, _, asset in known],
            "earned_amounts": list(known.values()),
        }

    def _look_at(self, moments: Sequence[datetime]) -> None:
        """What the moves right after each of these moments, which ascend, added to the marks.

        Books and positions are opened once, at the first of them, and led on from move to move.
        """
        if not moments:
            return
        books = Books(owner_id=self._owner_id, at=moments[0], until=moments[-1])
        positions = Positions(owner_id=self._owner_id, at=moments[0], until=moments[-1])
        quotes = dict(Position.objects.filter(owner_id=self._owner_id).order_by().values_list(*_QUOTES).distinct())
        for moment in moments:
            books.lead_to(moment)
            realized = _realized(books, positions.told(moment), quotes)
            before, after = self._trees.at(moment), self._trees.at(moment + days.INSTANT)
            found: Sums = defaultdict(Decimal)
            for pairs, sign in ((after - before, 1), (before - after, -1)):
                for root, wallet in pairs:
                    for asset, amount in realized.get(wallet, {}).items():
                        found[root, self._venues[wallet], asset] += sign * amount
            self._by_move[moment] = found


def _realized(books: Books, spot: Mapping[str, list[Any]], quotes: Mapping[int, str]) -> dict[UUID, dict[str, Decimal]]:
    """By wallet and asset."""
    found: dict[UUID, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for (wallet, asset), sums in books.sums.items():
        found[wallet][asset] += sums.realized
    rows = zip(spot["position_wallets"], spot["instruments"], spot["realized"], strict=True)
    for wallet, instrument, realized in rows:
        found[wallet][quotes[instrument]] += realized
    return found
