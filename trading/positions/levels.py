"""The levels that protect a long position: when one is reached, and how a stop follows the price. Pure, exact."""

from decimal import Decimal
from typing import Final

from kit.sentences import Sentence, sentence
from kit.sentences import price as shown

NEITHER: Final = Sentence()


def level_reached(
    price: Decimal, *, stop: Decimal | None, target: Decimal | None, tick: Decimal | None = None
) -> Sentence:
    """The sentence that names the stop or the target that `price` has reached, the stop first; empty when neither."""
    if stop is not None and price <= stop:
        return sentence("The stop at {stop} was reached by {price}.", stop=shown(stop, tick), price=shown(price, tick))
    if target is not None and price >= target:
        return sentence(
            "The target at {target} was reached by {price}.", target=shown(target, tick), price=shown(price, tick)
        )
    return NEITHER


def trailed(stop: Decimal | None, *, best: Decimal, trail: Decimal | None) -> Decimal | None:
    """The stop after the price has been as good as `best`: it follows at `trail`, and never moves back."""
    if trail is None:
        return stop
    level = best - trail
    return level if level > (stop or 0) else stop


def wrong_side(
    *, price: Decimal, stop: Decimal | None, target: Decimal | None, tick: Decimal | None = None
) -> dict[str, Sentence]:
    """What is wrong with the levels of a buy at the last `price`, by the order's field; empty when both can protect it.

    A level on the wrong side is reached before the position is there: whoever gives one means something else.
    """
    problems = {}
    last = shown(price, tick)
    if stop is not None and stop >= price:
        problems["exit_stop"] = sentence(
            "A stop below the last price of {last} protects; this one is at or above it.", last=last
        )
    if target is not None and target <= price:
        problems["exit_target"] = sentence(
            "A target above the last price of {last} can be gained; this one cannot.", last=last
        )
    return problems
