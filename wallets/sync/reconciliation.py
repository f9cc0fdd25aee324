"""Holding a venue's answer against our books.

Reads only; `wallets.sync.runs` acts on it. Per connection and asset, venue total = Σ wallets + unassigned, and what is
missing to that is suspense as soon as it was found. Which entry made them differ, `wallets.sync.diverging` finds.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final, Self
from uuid import UUID

from django.db.models import Case, Exists, OuterRef, QuerySet, Sum, Value, When

from kit import clock
from wallets.models import Account, Reconciliation, SyncRun, Transfer, Wallet
from wallets.sync.standing import standing

ZERO: Final = Decimal(0)
# An order's reservation explains a difference this long; one that hangs longer explains nothing any more.
IN_FLIGHT: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Books:
    """What a connection's wallets say. `version` changes with every posting on them."""

    totals: Mapping[str, Decimal]
    unassigned: Mapping[str, Decimal]
    suspense: Mapping[str, Decimal]
    version: int
    in_flight: bool

    def with_unassigned(self, more: Mapping[str, Decimal]) -> Self:
        """The same after so much more was written down as unassigned."""
        return replace(self, unassigned=_plus(self.unassigned, more))

    def after(self, asset: str, change: Decimal, *, is_claimed: bool, from_suspense: Decimal) -> Self:
        """The same after a movement: what it changed in a wallet or in the unassigned one, and took from suspense."""
        suspense = _plus(self.suspense, {asset: -from_suspense})
        if is_claimed:
            return replace(self, totals=_plus(self.totals, {asset: change}), suspense=suspense)
        return replace(self, unassigned=_plus(self.unassigned, {asset: change}), suspense=suspense)


@dataclass(frozen=True, slots=True)
class Look:
    """The venue's totals with the books of the same moment; `settled` when nothing moved in between.

    `unnamed` are the totals of what the books cannot name: they are shown, and compared with nothing.
    """

    venue: Mapping[str, Decimal]
    books: Books
    settled: bool
    unnamed: Mapping[str, Decimal] = field(default_factory=dict)

    def drift(self, asset: str) -> Decimal:
        return self.unexplained(asset) - self.books.suspense.get(asset, ZERO)

    def unexplained(self, asset: str) -> Decimal:
        """What the venue holds beyond wallets and unassigned, found now or earlier."""
        books = self.books.totals.get(asset, ZERO) + self.books.unassigned.get(asset, ZERO)
        return self.venue.get(asset, ZERO) - books

    def assets(self) -> list[str]:
        return sorted({*self.venue, *self.books.totals, *self.books.unassigned, *self.books.suspense})

    def agrees(self) -> bool:
        return not any(self.drift(asset) for asset in self.assets())


def _plus(sums: Mapping[str, Decimal], more: Mapping[str, Decimal]) -> dict[str, Decimal]:
    return {asset: sums.get(asset, ZERO) + more.get(asset, ZERO) for asset in {*sums, *more}}


def read_books(connection_id: UUID) -> Books:
    """What the connection's wallets say now; run it as the tenant."""
    found: dict[str, dict[str, Decimal]] = {kind: {} for kind in ("wallet", "unassigned", "suspense")}
    version, held = 0, ZERO
    is_unassigned = When(kind=Account.Kind.WALLET, wallet__role=Wallet.Role.UNASSIGNED, then=Value("unassigned"))
    sums = (
        Account.objects.filter(wallet__connection_id=connection_id)
        .annotate(what=Case(is_unassigned, default="kind"))
        .values_list("asset", "what")
        .annotate(Sum("balance"), Sum("held"), Sum("version"))
    )
    for asset, what, balance, reserved, moves in sums:
        version += moves
        held += reserved
        if what in found and balance:
            found[what][asset] = balance
    in_flight = held > 0 and _in_flight(connection_id)
    return Books(found["wallet"], found["unassigned"], found["suspense"], version, in_flight)


def _in_flight(connection_id: UUID) -> bool:
    """Whether money of the connection is reserved for something that may be happening at the venue right now."""
    young = Transfer.objects.filter(
        ~Exists(Transfer.objects.filter(pending_id=OuterRef("pk"))),
        phase=Transfer.Phase.PENDING,
        debit__wallet__connection_id=connection_id,
        debit__held__gt=0,
        created_at__gt=clock.now() - IN_FLIGHT,
        created_at__lte=clock.now() + clock.SKEW,
    )
    return young.exclude(pk__in=standing(connection_id)).exists()


def first_wallet(connection_id: UUID) -> UUID | None:
    """The wallet that keeps the connection's suspense: its oldest master, its oldest wallet, or the unassigned one."""
    rank = Case(
        When(role=Wallet.Role.MASTER, then=Value(0)), When(role=Wallet.Role.UNASSIGNED, then=Value(2)), default=Value(1)
    )
    wallets = Wallet.objects.filter(connection_id=connection_id, archived_at=None).order_by(rank, "created_at", "pk")
    return wallets.values_list("pk", flat=True).first()


def last_agreement(run: SyncRun, asset: str) -> datetime | None:
    rows = Reconciliation.objects.filter(
        run__connection_id=run.connection_id, asset=asset, drift=0, run__created_at__lte=clock.now() + clock.SKEW
    )
    return _last_seen(rows.exclude(run=run))


def last_at_rest(connection_id: UUID, asset: str) -> datetime | None:
    """When venue and books last agreed in the asset, with nothing in suspense."""
    rows = Reconciliation.objects.filter(run__connection_id=connection_id, asset=asset, drift=0, suspense=0)
    return _last_seen(rows)


def _last_seen(rows: QuerySet[Reconciliation]) -> datetime | None:
    """When the newest of the rows was last true: it may have been seen again, without a sync of its own."""
    newest = rows.order_by("-run__created_at").values_list("run__created_at", "run__seen_at").first()
    return max((at for at in newest if at), default=None) if newest else None
