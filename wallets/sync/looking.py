"""One look at a connection: what its venue holds, held against the books of the same moment, and what explains it.

Everything that is asked of the venue is asked here, outside of any transaction.
"""

import logging
import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import stamina

from kit import clock, tenancy
from wallets.models import Connection, SyncRun
from wallets.models.sync import is_bookable
from wallets.sync.explaining import explain
from wallets.sync.listing import list_markets, pricing_venue
from wallets.sync.reconciliation import Look, last_agreement, last_at_rest, read_books
from wallets.venues.base import (
    BalanceReport,
    PositionReport,
    TradeReport,
    Venue,
    VenueAmbiguousError,
    VenueError,
    is_worth_another,
    totals,
)

logger = logging.getLogger(__name__)

# How often the books are given the time to come to rest, and how long each time.
LOOKS: Final = 4
REST_SECONDS: Final = 0.5
# Trades are asked for from a little earlier than the last agreement: the venue's clock is not ours.
OVERLAP: Final = timedelta(minutes=1)
# What differs for longer than this is explained by a person.
LONGEST: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a venue has said already. `positions` is None where they were not asked for, and the error where none came.

    `books` is how often the connection's accounts had been posted to before it was asked.
    """

    balances: tuple[BalanceReport, ...]
    positions: tuple[PositionReport, ...] | VenueError | None
    books: int


class Answered:
    """A venue that gives the answer it has given already, once; everything else is asked of `venue`."""

    def __init__(self, venue: Venue, answer: Answer) -> None:
        self._venue = venue
        self._balances: tuple[BalanceReport, ...] | None = answer.balances
        self._positions = answer.positions

    def balances(self) -> tuple[BalanceReport, ...]:
        told, self._balances = self._balances, None
        return self._venue.balances() if told is None else told

    def positions(self) -> tuple[PositionReport, ...]:
        told, self._positions = self._positions, None
        if isinstance(told, VenueError):
            raise told
        return self._venue.positions() if told is None else told

    def __getattr__(self, name: str) -> Any:
        return getattr(self._venue, name)


def learn_markets(venue: Venue, connection: Connection, look: Look) -> bool:
    """Make known what prices the account; False when the venue did not tell.

    Balances without prices are better than none, so nothing here fails a run.
    """
    held = [asset for asset, total in look.venue.items() if total]
    base = connection.owner.base_currency
    try:
        found = pricing_venue(venue, connection)
        if found and (found[1] == connection.venue or set(held) - {base}):
            list_markets(venue=found[0], name=found[1], assets=held, base=base)
    except VenueError as error:
        logger.warning("%s lists no markets: %s", connection.venue, error)
        return False
    return True


def look_at(venue: Venue, owner_id: UUID, connection_id: UUID, *, books: int | None = None) -> Look:
    """Ask until venue and books agree or the books stand still; orders get the time to be booked.

    Of a venue that has answered already `books` are what its accounts' versions came to before that.
    """
    for attempt in range(LOOKS):
        if attempt and not clock.is_controlled():
            time.sleep(REST_SECONDS)
        if attempt or books is None:
            with tenancy.tenant(owner_id):
                before = read_books(connection_id)
            books, waits = before.version, before.in_flight
        else:
            waits = False
        held = totals(_ask(venue))
        with tenancy.tenant(owner_id):
            after = read_books(connection_id)
        still = books == after.version and not (waits or after.in_flight)
        unnamed = {asset: total for asset, total in held.items() if not is_bookable(asset)}
        look = Look({asset: held[asset] for asset in held.keys() - unnamed}, after, settled=still, unnamed=unnamed)
        if still or look.agrees():
            break
    return look


@stamina.retry(
    on=lambda error: isinstance(error, VenueAmbiguousError) or is_worth_another(error),
    attempts=3,
    timeout=20,
    wait_initial=0.2,
)
def _ask(venue: Venue):  # type: ignore[no-untyped-def]  # tuple[BalanceReport, ...]; the decorator is untyped
    return venue.balances()


def explained(venue: Venue, connection: Connection, look: Look) -> Look:
    """The look, or another one where somebody knew why venue and books are not the same, and has booked it."""
    unexplained = [asset for asset in look.assets() if look.unexplained(asset)]
    if connection.is_paper or not look.settled or not unexplained:
        return look
    with tenancy.tenant(connection.owner_id):
        rests = [last_at_rest(connection.pk, asset) for asset in unexplained]
    since = min((at for at in rests if at), default=connection.created_at)
    trades = venue.trades_since(max(since - OVERLAP, clock.now() - LONGEST))
    if not trades or not explain(venue=venue, connection=connection, trades=trades):
        return look
    return look_at(venue, connection.owner_id, connection.pk)


def trades_of(venue: Venue, owner_id: UUID, run: SyncRun, assets: Collection[str]) -> tuple[TradeReport, ...]:
    """The venue's trades since all of the drifting assets last agreed."""
    with tenancy.tenant(owner_id):
        agreed = [last_agreement(run, asset) for asset in assets]
        opened = Connection.objects.values_list("created_at", flat=True).get(pk=run.connection_id)
    return venue.trades_since(min((moment for moment in agreed if moment), default=opened) - OVERLAP)
