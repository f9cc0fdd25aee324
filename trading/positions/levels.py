"""The levels that protect a position: when one is reached, and how a stop follows the price. Pure, exact.

A long position is left at the bid and loses below; a short one is left at the ask and loses above, so everything is the
other way round. `is_long` says which of them it is.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from kit.errors import InvalidInputError
from kit.sentences import Sentence, joined, sentence
from kit.sentences import price as shown
from trading.risk.sizing import in_ticks

NEITHER: Final = Sentence()
NAMES: Final = ("exit_stop", "exit_target", "exit_trail")


class WrongSideError(InvalidInputError):
    """A stop or a target that the market has passed already: nothing was placed or moved."""

    code = "wrong_side"


def level_reached(
    price: Decimal, *, stop: Decimal | None, target: Decimal | None, tick: Decimal | None = None, is_long: bool = True
) -> Sentence:
    """The sentence that names the stop or the target that `price` has reached, the stop first; empty when neither."""
    if stop is not None and (price <= stop if is_long else price >= stop):
        return sentence("The stop at {stop} was reached by {price}.", stop=shown(stop, tick), price=shown(price, tick))
    if target is not None and (price >= target if is_long else price <= target):
        return sentence(
            "The target at {target} was reached by {price}.", target=shown(target, tick), price=shown(price, tick)
        )
    return NEITHER


def trailed(stop: Decimal | None, *, best: Decimal, trail: Decimal | None, is_long: bool = True) -> Decimal | None:
    """The stop after the price has been as good as `best`: it follows at `trail`, and never moves back."""
    if trail is None:
        return stop
    if not is_long:
        return best + trail if stop is None or best + trail < stop else stop
    level = best - trail
    return level if level > (stop or 0) else stop


def wrong_side(
    *,
    price: Decimal,
    stop: Decimal | None,
    target: Decimal | None,
    trail: Decimal | None = None,
    tick: Decimal | None = None,
    what: str = "bid",
    is_long: bool = True,
) -> dict[str, Sentence]:
    """What is wrong with the levels of an entry at the `price` at which it could be left, by field; empty when both can
    protect it. `what` says what the price is.

    A level on the wrong side is reached before the position is there: whoever gives one means something else.
    """
    problems = {}
    bid = shown(price, tick)
    if not is_long:
        if stop is not None and stop <= price:
            problems["exit_stop"] = sentence(
                f"A stop above the {what} of {{bid}} protects a short; this one is at or below it.", bid=bid
            )
        if target is not None and target >= price:
            problems["exit_target"] = sentence(
                f"A target below the {what} of {{bid}} can be gained by a short; this one cannot.", bid=bid
            )
        return problems
    if stop is not None and stop >= price:
        problems["exit_stop"] = sentence(
            f"A stop below the {what} of {{bid}} protects; this one is at or above it.", bid=bid
        )
    if target is not None and target <= price:
        problems["exit_target"] = sentence(
            f"A target above the {what} of {{bid}} can be gained; this one cannot.", bid=bid
        )
    if trail is not None and trail >= price:
        problems["exit_trail"] = sentence(
            f"A stop that follows by the {what} of {{bid}} or more would stand at zero or below: give less.", bid=bid
        )
    return problems


def require_right_side(
    price: Decimal,
    *,
    stop: Decimal | None,
    target: Decimal | None,
    trail: Decimal | None = None,
    tick: Decimal | None = None,
    what: str = "bid",
    is_long: bool = True,
) -> None:
    """Raise WrongSideError for what `wrong_side` finds."""
    if wrong := wrong_side(price=price, stop=stop, target=target, trail=trail, tick=tick, what=what, is_long=is_long):
        raise WrongSideError(joined(*wrong.values()), fields={name: said.exact for name, said in wrong.items()})


def named(*levels: Decimal | None) -> dict[str, Decimal]:
    """Stop, target and trail by the names of their fields, those that are given."""
    return {name: level for name, level in zip(NAMES, levels, strict=True) if level is not None}


def on_tick(level: Decimal | None, tick: Decimal) -> Decimal | None:
    """The level as the venue could quote it; what is no number is left for `require_above_zero` to refuse."""
    return level if level is None or not level.is_finite() else in_ticks(level, tick)


def require_above_zero(given: Mapping[str, Decimal]) -> None:
    """Raise InvalidInputError for levels that are none."""
    if wrong := [name for name, level in given.items() if not (level.is_finite() and level > 0)]:
        raise InvalidInputError(
            "Give the levels that protect a position above zero.", fields=dict.fromkeys(wrong, "Must be above zero.")
        )
