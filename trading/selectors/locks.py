"""What protections hold back now: on the path of a wallet and below it, or anywhere."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import Q

from kit import clock
from kit.sentences import Sentence
from trading.models import EntryLock
from trading.risk.limits import paths_of
from trading.risk.locks import told_of
from trading.selectors.filters import below


@dataclass(frozen=True, slots=True)
class HeldBack:
    """A protection in force; `symbol` is None where it holds all that the wallet and those below it buy."""

    id: int
    wallet_id: UUID
    wallet: str
    symbol: str | None
    kind: str
    who: str
    measured: Decimal
    why: Sentence
    began_at: datetime
    until: datetime


def held_back(*, owner_id: UUID, wallet_id: UUID | None = None) -> list[HeldBack]:
    """All that is held back now, longest first; of a wallet what is held on its path, in it, and below it."""
    rows = EntryLock.objects.filter(owner_id=owner_id, ended_at=None, until__gt=clock.now())
    if wallet_id is not None:
        above = [step.id for step in paths_of([wallet_id])[wallet_id] if step.id not in (None, wallet_id)]
        rows = rows.filter(below([wallet_id]) | Q(wallet__in=above, instrument=None))
    locks = list(rows.order_by("-until", "pk"))
    told = told_of([lock.pk for lock in locks])
    return [
        HeldBack(
            id=lock.pk,
            wallet_id=lock.wallet_id,
            wallet=said.wallet,
            symbol=said.symbol or None,
            kind=lock.kind,
            who=said.who,
            measured=lock.measured,
            why=said.why,
            began_at=lock.began_at,
            until=lock.until,
        )
        for lock in locks
        if (said := told[lock.pk])
    ]
