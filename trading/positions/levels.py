"""The levels that protect a long position: when one is reached, and how a stop follows the price. Pure, exact."""

from decimal import Decimal

from kit.decimals import plain


def level_reached(price: Decimal, *, stop: Decimal | None, target: Decimal | None) -> str:
    """The sentence that names the stop or the target that `price` has reached, the stop first; "" when neither."""
    if stop is not None and price <= stop:
        return f"The stop at {plain(stop)} was reached by {plain(price)}."
    if target is not None and price >= target:
        return f"The target at {plain(target)} was reached by {plain(price)}."
    return ""


def trailed(stop: Decimal | None, *, best: Decimal, trail: Decimal | None) -> Decimal | None:
    """The stop after the price has been as good as `best`: it follows at `trail`, and never moves back."""
    if trail is None:
        return stop
    level = best - trail
    return level if level > (stop or 0) else stop


def wrong_side(*, price: Decimal, stop: Decimal | None, target: Decimal | None) -> dict[str, str]:
    """What is wrong with the levels of a buy at the last `price`, by the order's field; empty when both can protect it.

    A level on the wrong side is reached before the position is there: whoever gives one means something else.
    """
    problems = {}
    if stop is not None and stop >= price:
        problems["exit_stop"] = f"A stop below the last price of {plain(price)} protects; this one is at or above it."
    if target is not None and target <= price:
        problems["exit_target"] = f"A target above the last price of {plain(price)} can be gained; this one cannot."
    return problems
