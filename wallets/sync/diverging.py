"""The first entry that the venue knows nothing of, found by halving and not by reading.

What a connection's wallets traded stands in the balances of their clearing and fees accounts, and every link of those
chains says the balance after it: what had been traded up to any transfer is one row per account, found by halving the
chain's versions in the database. The venue's trades since the last agreement are summed up once. So the stretch on
which both agree is halved too, until the transfer is found at which they part. Where the venue only told the same in
another order, or traded by itself, the search goes on behind it.
"""

import logging
from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import accumulate
from typing import Final
from uuid import UUID

from django.db import connection as database
from django.db.models import Q

from markets.models import Instrument
from wallets.models import Account, Entry, SyncRun, Transfer
from wallets.sync.reconciliation import ZERO, last_agreement
from wallets.venues.base import TradeReport

# What is this much out of order is explained by no single entry.
TURNS: Final = 200
AS_OF: Final = """
    SELECT coalesce(sum(version), 0), coalesce(sum(balance), 0), coalesce(max(transfer_id), 0)
    FROM ledger_as_of(%s, %s, %s)
"""
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Cut:
    """The traded part of the books up to a transfer: how many entries, and what they changed in the wallets."""

    entries: int
    changed: Decimal
    transfer: int


def first_diverging_entry(run: SyncRun, asset: str, drift: Decimal, trades: Collection[TradeReport]) -> Entry | None:
    """The first entry since the last agreement that the venue knows nothing of; None when the venue moved by itself.

    Entries of trades are matched with the venue's by amount. Not every venue reports deposits, so an entry from
    outside is suspected only when it is exactly what is missing.
    """
    since = last_agreement(run, asset)
    traded = _accounts(run.connection_id, asset, Account.Kind.CLEARING, Account.Kind.FEES)
    transfer = _first_unknown(traded, since, told_changes(run.connection.venue, asset, trades)) if traded else None
    if transfer is None:
        transfer = _from_outside(run.connection_id, asset, drift, since)
    if transfer is None:
        return None
    sides = Entry.objects.filter(transfer_id=transfer).select_related("account", "transfer__debit", "transfer__credit")
    own = sides.exclude(account__kind__in=(Account.Kind.CLEARING, Account.Kind.FEES, Account.Kind.EXTERNAL))
    return own.order_by("pk").first()


def told_changes(venue: str, asset: str, trades: Collection[TradeReport]) -> list[Decimal]:
    """What the venue's trades did to the account's total in `asset`, oldest first, an amount per entry of the books."""
    spot = _spot_assets(venue, {trade.symbol for trade in trades})
    in_order = sorted(trades, key=lambda trade: trade.at)
    return [change for trade in in_order for change in _changes(trade, spot.get(trade.symbol), asset)]


def _first_unknown(accounts: Sequence[int], since: datetime | None, told: Sequence[Decimal]) -> int | None:
    """The id of the first transfer of a trade that the venue did not tell of."""
    start = _as_of(accounts, at=since) if since else _Cut(0, ZERO, 0)
    end = _as_of(accounts)
    sums = [ZERO, *accumulate(told)]
    places: dict[Decimal, list[int]] = {}
    for place, change in enumerate(told):
        places.setdefault(change, []).append(place)
    skipped: Counter[Decimal] = Counter()
    at, place = start, 0  # up to here everything is matched
    for _ in range(TURNS):

        def agrees(cut: _Cut, at: _Cut = at, place: int = place) -> bool:
            reached = place + cut.entries - at.entries
            return reached < len(sums) and cut.changed - at.changed == sums[reached] - sums[place]

        if agrees(end):
            return None
        good, bad = at, end
        low, high = at.transfer, end.transfer  # numbers of transfers, some of which are of other books
        while high - low > 1 and bad.entries - good.entries > 1:
            middle = _as_of(accounts, transfer=(low + high) // 2)
            if agrees(middle):
                good, low = middle, (low + high) // 2
            else:
                bad, high = middle, middle.transfer
        change = bad.changed - good.changed
        place += good.entries - at.entries
        at = bad
        if skipped[change]:
            skipped[change] -= 1
            continue
        later = places.get(change, [])
        found = bisect_left(later, place)
        if found == len(later):
            return bad.transfer
        skipped.update(told[place : later[found]])
        place = later[found] + 1
    logger.warning("The venue's trades stand in another order than %s entries of the books.", TURNS)
    return None


def _as_of(accounts: Sequence[int], *, transfer: int | None = None, at: datetime | None = None) -> _Cut:
    with database.cursor() as cursor:
        cursor.execute(AS_OF, [list(accounts), transfer, at])
        entries, balance, last = cursor.fetchone()
    return _Cut(int(entries), -balance, int(last))


def _from_outside(connection_id: UUID, asset: str, drift: Decimal, since: datetime | None) -> int | None:
    """The first transfer with the outside world that is exactly what is missing at the venue, or too much."""
    outside = _accounts(connection_id, asset, Account.Kind.EXTERNAL)
    before = _versions(outside, since) if since else {}
    own, found = Account.Kind.WALLET, Q(pk=None)
    for account in outside:
        if drift < 0:
            found |= Q(debit=account, debit_version__gt=before.get(account, 0), credit__kind=own)
        else:
            found |= Q(credit=account, credit_version__gt=before.get(account, 0), debit__kind=own)
    return Transfer.objects.filter(found, amount=abs(drift)).order_by("pk").values_list("pk", flat=True).first()


def _versions(accounts: Sequence[int], at: datetime) -> dict[int, int]:
    with database.cursor() as cursor:
        cursor.execute("SELECT account_id, version FROM ledger_as_of(%s, NULL, %s)", [list(accounts), at])
        return dict(cursor.fetchall())


def _accounts(connection_id: UUID, asset: str, *kinds: str) -> list[int]:
    rows = Account.objects.filter(wallet__connection_id=connection_id, asset=asset, kind__in=kinds, version__gt=0)
    return list(rows.values_list("pk", flat=True))


def _spot_assets(venue: str, symbols: Collection[str]) -> dict[str, tuple[str, str]]:
    """Base and quote of the spot markets among the symbols; a symbol is a name and says neither by itself."""
    rows = Instrument.objects.filter(venue=venue, symbol__in=symbols, kind=Instrument.Kind.SPOT)
    return {symbol: (base, quote) for symbol, base, quote in rows.values_list("symbol", "base", "quote")}


def _changes(trade: TradeReport, spot: tuple[str, str] | None, asset: str) -> list[Decimal]:
    """What a trade did to the account's total in `asset`, an amount per entry that the books should have, the fee last.

    `spot` are base and quote of a spot market; what a trade of anything else costs is no trade in the books
    (`wallets.sync.income`).
    """
    if spot is None:
        return []
    (base, quote), sign = spot, 1 if trade.side == "buy" else -1
    by_asset = [
        (base, sign * trade.quantity),
        (quote, -sign * trade.price * trade.quantity),
        (trade.fee_asset, -trade.fee),
    ]
    return [change for name, change in by_asset if name == asset and change]
