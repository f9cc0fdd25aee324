"""Which open positions are protected, how their stops follow the price, and which of them have to be left now.

An order hands its `exit_stop`, `exit_target` and `exit_trail` (the distance at which the stop follows) to the position
it opens. Whoever opened it, an agent, a program or a person, the position is watched here at every new price until it
is closed. The stop follows the best price that was seen since and never moves back: it is moved by one conditional
UPDATE, so whoever comes with an older price changes nothing. Several are
locked in the order of their ids.

A position whose history is being built belongs to the past: it is looked at on that clock only, and every other one
only in the present.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet

from kit import clock
from kit.sentences import Sentence
from markets.prices import quotes
from trading.models import Position
from trading.positions.levels import level_reached, trailed

PROTECTED: Final = Q(exit_stop__isnull=False) | Q(exit_target__isnull=False) | Q(exit_trail__isnull=False)

# GREATEST leaves out what is null, so a first stop is set and a higher one stays.
_FOLLOW: Final = """
WITH moved AS (
    SELECT position.id, wanted.stop
    FROM trading_position AS position JOIN unnest(%s::uuid[], %s::numeric[]) AS wanted (id, stop) USING (id)
    WHERE position.closed_at IS NULL
    ORDER BY position.id FOR NO KEY UPDATE OF position
)
UPDATE trading_position AS position SET exit_stop = greatest(position.exit_stop, moved.stop)
FROM moved WHERE moved.id = position.id
"""


@dataclass(frozen=True, slots=True)
class Guarded:
    """An open position of `quantity` (base asset), the levels that protect it (quote) and its instrument's tick."""

    position_id: UUID
    wallet_id: UUID
    instrument_id: int
    quantity: Decimal
    stop: Decimal | None
    target: Decimal | None
    trail: Decimal | None
    tick: Decimal


@dataclass(frozen=True, slots=True)
class Exit:
    """A position that has to be left, and the sentence that says why."""

    position_id: UUID
    reason: Sentence


def guarded_positions(*, wallet_ids: Collection[UUID]) -> list[Guarded]:
    """All open positions of the wallets, protected or not."""
    return _guarded(Position.objects.filter(wallet_id__in=wallet_ids, closed_at=None))


def follow(watched: Iterable[tuple[Guarded, Decimal]]) -> list[Guarded]:
    """Move the stops of these positions up behind the best price (quote) of each, where they are not there already;
    returns the positions with their levels."""
    followed, moved = [], []
    for guarded, best in watched:
        stop = trailed(guarded.stop, best=best, trail=guarded.trail)
        followed.append(replace(guarded, stop=stop))
        if stop is not None and stop != guarded.stop:
            moved.append((guarded.position_id, stop))
    if moved:
        with connection.cursor() as cursor:
            cursor.execute(_FOLLOW, [[position_id for position_id, _ in moved], [stop for _, stop in moved]])
    return followed


def due_exits(*, owner_id: UUID) -> list[Exit]:
    """The owner's positions whose stop or target the last price has reached, in the order of their wallets' ids, which
    is the order in which wallets are locked; their stops are moved first.

    A position without a price is left alone: nobody knows where its market is.
    """
    watched = _guarded(_watched().filter(owner_id=owner_id))
    prices = quotes(instrument_ids={guarded.instrument_id for guarded in watched}) if watched else {}
    priced = [(guarded, prices[guarded.instrument_id].price) for guarded in watched if guarded.instrument_id in prices]
    exits = []
    for guarded, (_, price) in zip(follow(priced), priced, strict=True):
        if reason := level_reached(price, stop=guarded.stop, target=guarded.target, tick=guarded.tick):
            exits.append((guarded.wallet_id, Exit(guarded.position_id, reason)))
    return [exit_ for _, exit_ in sorted(exits, key=lambda one: one[0])]


def owners_to_protect() -> list[UUID]:
    """Owners of positions that somebody has to watch now; asked as the system role."""
    return list(_watched().values_list("owner_id", flat=True).order_by().distinct())


def _watched() -> QuerySet[Position]:
    return Position.objects.filter(
        PROTECTED, closed_at=None, wallet__connection__is_rehearsing=clock.is_controlled()
    ).order_by("opened_at")


def _guarded(rows: QuerySet[Position]) -> list[Guarded]:
    found: Iterable[Any] = rows.values_list(
        "pk", "wallet_id", "instrument_id", "quantity", "exit_stop", "exit_target", "exit_trail",
        "instrument__tick_size",
    )  # fmt: skip
    return [Guarded(*row) for row in found]
