"""Holding a venue's answer against our books, and finding what made them differ.

Reads only; `wallets.sync.runs` acts on it.

Per connection and asset, Σ wallets + suspense = venue total. A difference is explained by walking our entries since the
last agreement beside the venue's trades: the first entry that the venue does not know is where the two part.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db.models import Exists, OuterRef, Sum

from kit import clock
from markets.models import Instrument
from wallets.models import Account, Entry, Reconciliation, SyncRun, Transfer, Wallet
from wallets.venues.base import TradeReport

ZERO: Final = Decimal(0)
# An order's reservation explains a difference this long; one that hangs longer explains nothing any more.
IN_FLIGHT: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Books:
    """What a connection's wallets say. `version` changes with every posting on them."""

    totals: Mapping[str, Decimal]
    suspense: Mapping[str, Decimal]
    version: int
    in_flight: bool


@dataclass(frozen=True, slots=True)
class Look:
    """The venue's totals with the books of the same moment; `settled` when nothing moved in between."""

    venue: Mapping[str, Decimal]
    books: Books
    settled: bool

    def drift(self, asset: str) -> Decimal:
        return self.venue.get(asset, ZERO) - self.books.totals.get(asset, ZERO) - self.books.suspense.get(asset, ZERO)

    def assets(self) -> list[str]:
        return sorted({*self.venue, *self.books.totals, *self.books.suspense})

    def agrees(self) -> bool:
        return not any(self.drift(asset) for asset in self.assets())


def read_books(connection_id: UUID) -> Books:
    """What the connection's wallets say now; run it as the tenant."""
    totals: dict[str, Decimal] = {}
    suspense: dict[str, Decimal] = {}
    version, held = 0, ZERO
    sums = (
        Account.objects.filter(wallet__connection_id=connection_id)
        .values_list("asset", "kind")
        .annotate(Sum("balance"), Sum("held"), Sum("version"))
    )
    for asset, kind, balance, reserved, moves in sums:
        version += moves
        held += reserved
        if kind == Account.Kind.WALLET and balance:
            totals[asset] = balance
        elif kind == Account.Kind.SUSPENSE and balance:
            suspense[asset] = balance
    return Books(totals, suspense, version, in_flight=held > 0 and _in_flight(connection_id))


def _in_flight(connection_id: UUID) -> bool:
    """Whether money of the connection is reserved for something that may be happening at the venue right now."""
    return Transfer.objects.filter(
        ~Exists(Transfer.objects.filter(pending_id=OuterRef("pk"))),
        phase=Transfer.Phase.PENDING,
        debit__wallet__connection_id=connection_id,
        debit__held__gt=0,
        created_at__gt=clock.now() - IN_FLIGHT,
        created_at__lte=clock.now() + clock.SKEW,
    ).exists()


def first_wallet(connection_id: UUID) -> UUID | None:
    """The wallet that keeps the connection's suspense: its oldest master, or its oldest wallet."""
    wallets = Wallet.objects.filter(connection_id=connection_id, archived_at=None).order_by("created_at", "pk")
    chosen = wallets.filter(role=Wallet.Role.MASTER).first() or wallets.first()
    return chosen.pk if chosen else None


def last_agreement(run: SyncRun, asset: str) -> datetime | None:
    rows = Reconciliation.objects.filter(
        run__connection_id=run.connection_id, asset=asset, drift=0, run__created_at__lte=clock.now() + clock.SKEW
    )
    return rows.exclude(run=run).order_by("-run__created_at").values_list("run__created_at", flat=True).first()


def first_diverging_entry(run: SyncRun, asset: str, drift: Decimal, trades: Collection[TradeReport]) -> Entry | None:
    """The first entry since the last agreement that the venue knows nothing of; None when the venue moved by itself.

    Entries of trades are matched with the venue's by amount. The venue reports no deposits here, so an entry from
    outside is suspected only when it is exactly what is missing.
    """
    entries = (
        Entry.objects.filter(
            account__wallet__connection_id=run.connection_id, account__asset=asset, account__kind=Account.Kind.WALLET
        )
        .select_related("account", "transfer__debit", "transfer__credit")
        .order_by("pk")
    )
    since = last_agreement(run, asset)
    if since is not None:
        entries = entries.filter(created_at__gt=since)
    spot = _spot_assets(run.connection.venue, {trade.symbol for trade in trades})
    known = Counter(change for trade in trades for change in _changes(trade, spot.get(trade.symbol), asset))
    from_outside = None
    for entry in entries.iterator(chunk_size=500):
        kind = _other_side(entry).kind
        if kind in (Account.Kind.CLEARING, Account.Kind.FEES):
            if not known[entry.amount]:
                return entry
            known[entry.amount] -= 1
        elif kind == Account.Kind.EXTERNAL and entry.amount == -drift:
            from_outside = from_outside or entry
    return from_outside


def _spot_assets(venue: str, symbols: Collection[str]) -> dict[str, tuple[str, str]]:
    """Base and quote of the spot markets among the symbols; a symbol is a name and says neither by itself."""
    rows = Instrument.objects.filter(venue=venue, symbol__in=symbols, kind=Instrument.Kind.SPOT)
    return {symbol: (base, quote) for symbol, base, quote in rows.values_list("symbol", "base", "quote")}


def _changes(trade: TradeReport, spot: tuple[str, str] | None, asset: str) -> list[Decimal]:
    """What a trade did to the account's total in `asset`, one amount per entry that the books should have.

    `spot` are base and quote of a spot market; a trade of anything else moves neither, only its fee.
    """
    sign = 1 if trade.side == "buy" else -1
    by_asset = [(trade.fee_asset, -trade.fee)]
    if spot is not None:
        base, quote = spot
        by_asset += [(base, sign * trade.quantity), (quote, -sign * trade.price * trade.quantity)]
    return [change for name, change in by_asset if name == asset and change]


def _other_side(entry: Entry) -> Account:
    transfer = entry.transfer
    return transfer.credit if transfer.debit_id == entry.account_id else transfer.debit
