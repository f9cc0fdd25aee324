"""Which open positions are protected, how their stops follow the price, and which of them have to be left now.

An order hands its `exit_stop`, `exit_target` and `exit_trail` (the distance at which the stop follows) to the position
it opens. Whoever opened it, an agent, a program or a person, the position is watched here at every new price until it
is closed. The stop follows the best price that was seen since and never moves back: it is moved by one conditional
UPDATE, so whoever comes with an older price changes nothing.

A position whose history is being built belongs to the past: it is looked at on that clock only, and every other one
only in the present.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db.models import F, Q, QuerySet
from django.db.models.functions import Greatest

from kit import clock
from markets.prices import quotes
from trading.models import Position
from trading.positions.levels import level_reached, trailed

PROTECTED: Final = Q(exit_stop__isnull=False) | Q(exit_target__isnull=False) | Q(exit_trail__isnull=False)


@dataclass(frozen=True, slots=True)
class Guarded:
    """An open position of `quantity` (base asset) and the levels that protect it (quote)."""

    position_id: UUID
    wallet_id: UUID
    instrument_id: int
    quantity: Decimal
    stop: Decimal | None
    target: Decimal | None
    trail: Decimal | None


@dataclass(frozen=True, slots=True)
class Exit:
    """A position that has to be left, and the sentence that says why."""

    position_id: UUID
    reason: str


def guarded_position(*, wallet_id: UUID, instrument_id: int) -> Guarded | None:
    """The wallet's open position in the instrument, protected or not."""
    rows = Position.objects.filter(wallet_id=wallet_id, instrument_id=instrument_id, closed_at=None)
    return next(iter(_guarded(rows)), None)


def guarded_positions(*, wallet_ids: Collection[UUID]) -> list[Guarded]:
    """All open positions of the wallets, protected or not."""
    return _guarded(Position.objects.filter(wallet_id__in=wallet_ids, closed_at=None))


def follow(guarded: Guarded, *, best: Decimal) -> Guarded:
    """Move the position's stop up behind `best` (quote), if it is not there already; returns it with its levels."""
    stop = trailed(guarded.stop, best=best, trail=guarded.trail)
    if stop == guarded.stop or stop is None:
        return guarded
    # GREATEST leaves out what is null, so a first stop is set and a higher one stays.
    Position.objects.filter(pk=guarded.position_id, closed_at=None).update(exit_stop=Greatest(F("exit_stop"), stop))
    return replace(guarded, stop=stop)


def due_exits(*, owner_id: UUID) -> list[Exit]:
    """The owner's positions whose stop or target the last price has reached, oldest first; their stops are moved first.

    A position without a price is left alone: nobody knows where its market is.
    """
    watched = _guarded(_watched().filter(owner_id=owner_id))
    prices = quotes(instrument_ids={guarded.instrument_id for guarded in watched}) if watched else {}
    exits = []
    for guarded in watched:
        if (quote := prices.get(guarded.instrument_id)) is None:
            continue
        moved = follow(guarded, best=quote.price)
        if reason := level_reached(quote.price, stop=moved.stop, target=moved.target):
            exits.append(Exit(guarded.position_id, reason))
    return exits


def owners_to_protect() -> list[UUID]:
    """Owners of positions that somebody has to watch now; asked as the system role."""
    return list(_watched().values_list("owner_id", flat=True).order_by().distinct())


def _watched() -> QuerySet[Position]:
    return Position.objects.filter(
        PROTECTED, closed_at=None, wallet__connection__is_rehearsing=clock.is_controlled()
    ).order_by("opened_at")


def _guarded(rows: QuerySet[Position]) -> list[Guarded]:
    found: Iterable[Any] = rows.values_list(
        "pk", "wallet_id", "instrument_id", "quantity", "exit_stop", "exit_target", "exit_trail"
    )
    return [Guarded(*row) for row in found]
