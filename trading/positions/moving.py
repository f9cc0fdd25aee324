"""The levels of an open position are moved by its owner: a stop, a target, and how far the stop follows the price."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db import transaction

from kit import clock
from kit.audit import services as audit
from kit.errors import ConflictError, NotFoundError
from kit.live.publish import publish
from kit.sentences import price as shown
from kit.sentences import sentence
from markets.prices import latest_price
from trading.models import Position
from trading.positions.levels import (
    NAMES,
    WrongSideError,
    named,
    on_tick,
    require_above_zero,
    require_right_side,
    trailed,
)
from trading.risk.proposals import PRICE_AGE_LIMIT

NO_PRICE: Final = "There is no price of {symbol} that is fresh enough to judge a level by: wait for the next one."


@transaction.atomic
def move_levels(*, owner_id: UUID, position_id: UUID, levels: Mapping[str, Decimal | None]) -> Position:
    """Give the position the `levels` that are named (`exit_stop`, `exit_target`, `exit_trail`, in quote).

    None takes one away, and what is not named stays, however a trailing stop has moved it meanwhile. Each is rounded to
    the nearest tick. Run it as the tenant.

    Raises WrongSideError for a level that the bid has reached already and for a trail that is not below it,
    InvalidInputError for one that is no amount above zero, ConflictError for a position that is closed or belongs to a
    past that is being built, and where no fresh price says on which side a level is.
    """
    rows = Position.objects.select_for_update(no_key=True, of=("self",)).select_related(
        "instrument", "wallet__connection"
    )
    position = rows.filter(owner_id=owner_id, pk=position_id).first()
    if position is None:
        raise NotFoundError("There is no such position.")
    if position.closed_at is not None:
        raise ConflictError("It is closed already: there is nothing left to protect.")
    if position.wallet.connection.belongs_to_the_past:
        raise ConflictError(f"Wait until the history of {position.wallet.connection.name} is built.")
    tick = position.instrument.tick_size
    given = {name: on_tick(level, tick) for name, level in levels.items()}
    before = {name: getattr(position, name) for name in NAMES}
    new = {name: level for name, level in given.items() if level != before[name]}
    wanted = named(*(new.get(name) for name in NAMES))
    require_above_zero(wanted)
    if wanted:
        _require_in_reach(position, wanted, stands=None if "exit_stop" in new else position.exit_stop)
    if new:
        Position.objects.filter(pk=position.pk).update(**new)
        audit.record_change(
            audit.Area.TRADING,
            "Protection moved",
            owner_id=owner_id,
            subject=f"{position.instrument.symbol}, {position.wallet.name}",
            before=before,
            after=before | new,
        )
        publish(owner_id=owner_id, event="orders", data={"position": str(position.pk)})
    for name, level in new.items():
        setattr(position, name, level)
    return position


def _require_in_reach(position: Position, wanted: Mapping[str, Decimal], *, stands: Decimal | None) -> None:
    """That the market has not passed what is wanted, by a price to trade by, and that its stop, which `stands` where
    none is wanted, comes before its liquidation."""
    quote = latest_price(instrument_id=position.instrument_id)
    if quote is None or abs(clock.now() - quote.at) > PRICE_AGE_LIMIT:
        raise ConflictError(NO_PRICE.format(symbol=position.instrument.symbol))
    stop, target, trail = (wanted.get(name) for name in NAMES)
    best = quote.bid if position.is_long else quote.ask
    require_right_side(
        best,
        stop=stop,
        target=target,
        trail=trail,
        tick=position.instrument.tick_size,
        what="bid" if position.is_long else "ask",
        is_long=position.is_long,
    )
    follows = trailed(stands if stop is None else stop, best=best, trail=trail, is_long=position.is_long)
    end, names = position.liquidation_price, [name for name in ("exit_stop", "exit_trail") if name in wanted]
    if names and follows is not None and end is not None and (follows <= end if position.is_long else follows >= end):
        told = sentence(
            "It is liquidated at {end}, before a stop at {stop} is reached: give one that is nearer.",
            end=shown(end, position.instrument.tick_size),
            stop=shown(follows, position.instrument.tick_size),
        )
        raise WrongSideError(told, fields=dict.fromkeys(names, "Beyond the liquidation price."))
