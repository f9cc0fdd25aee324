"""Which open positions are protected, how their stops follow the price, and which of them have to be left now.

An order hands its `exit_stop`, `exit_target` and `exit_trail` (the distance at which the stop follows) to the position
it opens. Whoever opened it, an agent, a program or a person, the position is watched here at every new price until it
is closed. A stop and a target are reached by what leaving it would get: the bid, of a short the ask. One with a margin
is closed where the mark price has used that up. The stop follows the best one that was seen since and never moves back:
it is moved by one conditional UPDATE, so whoever comes with an older price changes nothing. Several are locked in the
order of their ids. A price that is too old to trade by moves and triggers nothing.

A position whose history is being built belongs to the past: it is looked at on that clock only, and every other one
only in the present.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet

from kit import clock
from kit.sentences import Sentence, sentence
from kit.sentences import price as shown
from markets.models import Instrument
from trading.models import Position
from trading.positions.levels import level_reached, trailed
from trading.risk.proposals import PRICE_AGE_LIMIT
from wallets.models import Connection

PROTECTED: Final = (
    Q(exit_stop__isnull=False)
    | Q(exit_target__isnull=False)
    | Q(exit_trail__isnull=False)
    | Q(liquidation_price__isnull=False)
)

# GREATEST and LEAST leave out what is null, so a first stop is set and a nearer one stays.
_FOLLOW: Final = """
WITH moved AS (
    SELECT position.id, wanted.stop
    FROM trading_position AS position JOIN unnest(%s::uuid[], %s::numeric[]) AS wanted (id, stop) USING (id)
    WHERE position.closed_at IS NULL
    ORDER BY position.id FOR NO KEY UPDATE OF position
)
UPDATE trading_position AS position
SET exit_stop = CASE position.direction WHEN 'long' THEN greatest(position.exit_stop, moved.stop)
                                        ELSE least(position.exit_stop, moved.stop) END
FROM moved WHERE moved.id = position.id
"""


# Over history a price is as old as the bar that it closed: there it is always the one to trade by.
_LOOK: Final = """
WITH watched AS (
    SELECT position.id, position.wallet_id, position.instrument_id, position.exit_stop, position.exit_target,
        position.exit_trail, position.liquidation_price, position.direction = 'long' AS is_long
    FROM trading_position AS position JOIN wallet_places AS place USING (wallet_id)
    WHERE position.owner_id = %(owner)s AND position.closed_at IS NULL
        AND place.connection_id <> ALL (%(elsewhen)s::uuid[])
        AND num_nonnulls(
            position.exit_stop, position.exit_target, position.exit_trail, position.liquidation_price
        ) > 0
), seen AS (
    SELECT watched.*, CASE WHEN is_long THEN quote.bid ELSE quote.ask END AS price, quote.price AS mark, quote.at,
        quote.at IS NOT NULL
        AND (NOT %(live)s OR quote.at BETWEEN %(now)s - %(fresh)s AND %(now)s + %(fresh)s) AS is_fresh
    FROM watched LEFT JOIN market_quotes(ARRAY(SELECT DISTINCT instrument_id FROM watched), %(now)s, %(live)s) AS quote
        USING (instrument_id)
), ahead AS (
    SELECT position.id, wanted.stop
    FROM trading_position AS position JOIN seen USING (id)
    CROSS JOIN LATERAL (
        SELECT CASE WHEN is_long THEN seen.price - position.exit_trail ELSE seen.price + position.exit_trail END
    ) AS wanted (stop)
    WHERE seen.is_fresh AND position.closed_at IS NULL AND CASE WHEN is_long
        THEN wanted.stop > coalesce(position.exit_stop, 0)
        ELSE wanted.stop < coalesce(position.exit_stop, 'infinity'::numeric) END
    ORDER BY position.id FOR NO KEY UPDATE OF position
), moved AS (
    UPDATE trading_position AS position SET exit_stop = ahead.stop FROM ahead WHERE ahead.id = position.id
)
SELECT seen.id, seen.instrument_id, coalesce(ahead.stop, seen.exit_stop), seen.exit_target, seen.price, seen.at,
    seen.is_fresh, seen.is_long, seen.liquidation_price, seen.mark
FROM seen LEFT JOIN ahead USING (id)
WHERE NOT seen.is_fresh OR CASE WHEN is_long
    THEN seen.price <= coalesce(ahead.stop, seen.exit_stop) OR seen.price >= seen.exit_target
         OR seen.mark <= seen.liquidation_price
    ELSE seen.price >= coalesce(ahead.stop, seen.exit_stop) OR seen.price <= seen.exit_target
         OR seen.mark >= seen.liquidation_price END
ORDER BY seen.wallet_id, seen.id
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
    is_long: bool = True
    liquidation: Decimal | None = None

    @property
    def signed(self) -> Decimal:
        """The quantity, negative when short."""
        return self.quantity if self.is_long else -self.quantity

    def is_liquidated(self, mark: Decimal) -> bool:
        """Whether the mark price has used its margin up."""
        if self.liquidation is None:
            return False
        return mark <= self.liquidation if self.is_long else mark >= self.liquidation


@dataclass(frozen=True, slots=True)
class Exit:
    """A position that has to be left, the sentence that says why, and whether it is for its stop."""

    position_id: UUID
    reason: Sentence
    by_stop: bool = True
    is_liquidation: bool = False


@dataclass(frozen=True, slots=True)
class Unseen:
    """A market with protected positions, or with orders that wait for a trigger, whose price is too old to trade by, or
    that has none (`at` is None)."""

    instrument_id: int
    symbol: str
    at: datetime | None
    positions: int
    orders: int = 0


@dataclass(frozen=True, slots=True)
class Look:
    """What a look at the prices finds. `exits` are in the order of their wallets' ids, in which wallets are locked."""

    exits: tuple[Exit, ...]
    unseen: tuple[Unseen, ...]


def guarded_positions(*, wallet_ids: Collection[UUID]) -> list[Guarded]:
    """All open positions of the wallets, protected or not."""
    return _guarded(Position.objects.filter(wallet_id__in=wallet_ids, closed_at=None))


def follow(watched: Iterable[tuple[Guarded, Decimal]]) -> None:
    """Move the stops of these positions up behind the best price (quote) of each, where they are not there already."""
    moved = []
    for guarded, best in watched:
        stop = trailed(guarded.stop, best=best, trail=guarded.trail, is_long=guarded.is_long)
        if stop is not None and stop != guarded.stop:
            moved.append((guarded.position_id, stop))
    if moved:
        with connection.cursor() as cursor:
            cursor.execute(_FOLLOW, [[position_id for position_id, _ in moved], [stop for _, stop in moved]])


def look_at_levels(*, owner_id: UUID) -> Look:
    """Which of the owner's positions the bid has brought to a stop or a target, and whose prices are too old; their
    stops are moved first. As many statements, whatever their number; run it as the tenant."""
    is_live = not clock.is_controlled()
    of_another_time = Connection.objects.filter(owner_id=owner_id, is_rehearsing=is_live)
    given: dict[str, Any] = {
        "owner": owner_id,
        "now": clock.now(),
        "live": is_live,
        "elsewhen": list(of_another_time.values_list("pk", flat=True)),
        "fresh": PRICE_AGE_LIMIT,
    }
    with connection.cursor() as cursor:
        cursor.execute(_LOOK, given)
        rows = cursor.fetchall()
    markets = Instrument.objects.in_bulk({row[1] for row in rows})
    exits: list[Exit] = []
    unseen: dict[int, Unseen] = {}
    for position_id, instrument_id, stop, target, price, at, is_fresh, is_long, liquidation, mark in rows:
        market = markets[instrument_id]
        if is_fresh:
            tick = market.tick_size
            reason = level_reached(price, stop=stop, target=target, tick=tick, is_long=is_long)
            by_stop = stop is not None and (price <= stop if is_long else price >= stop)
            # What is liquidated is closed whatever its stop says.
            is_over = liquidation is not None and (mark <= liquidation if is_long else mark >= liquidation)
            said = liquidated(liquidation, mark, tick) if is_over else reason
            exits.append(Exit(position_id, said, by_stop=by_stop, is_liquidation=is_over))
        else:
            known = unseen.setdefault(instrument_id, Unseen(instrument_id, market.symbol, at, 0))
            unseen[instrument_id] = replace(known, positions=known.positions + 1)
    return Look(tuple(exits), tuple(unseen.values()))


def liquidated(level: Decimal, mark: Decimal, tick: Decimal) -> Sentence:
    """Why a position is closed whose margin is used up."""
    return sentence(
        "Liquidated: its margin is used up at {level}, and the mark price is {mark}.",
        level=shown(level, tick),
        mark=shown(mark, tick),
    )


def owners_to_protect() -> list[UUID]:
    """Owners of positions that somebody has to watch now; asked as the system role."""
    return list(_watched().values_list("owner_id", flat=True).order_by().distinct())


def _watched() -> QuerySet[Position]:
    return Position.objects.filter(
        PROTECTED, closed_at=None, wallet__connection__is_rehearsing=clock.is_controlled()
    ).order_by("opened_at")


def _guarded(rows: QuerySet[Position]) -> list[Guarded]:
    found: Iterable[Any] = rows.annotate(is_held_long=Q(direction=Position.Direction.LONG)).values_list(
        "pk", "wallet_id", "instrument_id", "quantity", "exit_stop", "exit_target", "exit_trail",
        "instrument__tick_size", "is_held_long", "liquidation_price",
    )  # fmt: skip
    return [Guarded(*row) for row in found]
