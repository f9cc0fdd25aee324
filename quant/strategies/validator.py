"""The rules every strategy must keep, as a function that names the one that is broken.

A backtest is only as honest as its signals. `check` recomputes a strategy on shortened data and demands the same
answers: cut right after a signal bar, because that is where a look into the future shows (random cuts miss it), and
started later, because live trading never has the whole past. The project's own strategies are tested with this very
function; run it on your own before trusting its backtest.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from quant.candles import Candles
from quant.errors import StrategyRuleError
from quant.strategies.base import Intents, Params, Strategy

PRICES: Final = ("stop", "target", "trail", "size")
MOST_CUTS: Final = 60
# A leak that hides signals shows only where there should have been one, so many plain bars are tried as well.
BARS_PER_CUT: Final = 10
SETTLED: Final = 1e-6
MOST_FIRING: Final = 0.9
MOST_WEIGHT: Final = 100
# The last digits may differ with the alignment of vectorised sums; a leak differs in the first ones.
ROUNDING: Final = 1e-9


def check(strategy: Strategy, params: Params, candles: Candles, *, most_cuts: int = MOST_CUTS) -> None:
    """Raise `StrategyRuleError` with the first rule that the strategy breaks on these candles.

    In this order: shape and types; only sensible values; repeatable, and leaves the candles alone; no look-ahead
    (prefix equality at up to `most_cuts` signal bars, signals and indicators alike); bar by bar as in live trading (the
    last bars, one prefix each); stable warm-up (the same signals when the data start `warmup` bars earlier or not).
    Give at least three times `warmup` candles, with signals in them.
    """
    clean = strategy.validate(params)
    before = [column.copy() for column in _columns(candles)]
    whole = strategy.compute(candles, clean)
    _check_shapes(strategy, whole, len(candles))
    _check_values(strategy, whole)
    if any(not np.array_equal(old, new) for old, new in zip(before, _columns(candles), strict=True)):
        raise StrategyRuleError(f"Copy before you compute: {strategy.slug} changed the candles it was given.")
    _compare("repeatable", whole, strategy.compute(candles, clean), slice(0, len(candles)))
    signals = np.flatnonzero((whole.enter != 0) | whole.exit)
    for bar in _spread(signals, most_cuts):
        _check_prefix(strategy, clean, candles, whole, int(bar), "look-ahead")
    for bar in range(max(len(candles) - BARS_PER_CUT * most_cuts, 0), len(candles)):
        _check_prefix(strategy, clean, candles, whole, bar, "bar by bar")
    _check_warmup(strategy, clean, candles, whole)


def check_habits(strategy: Strategy, params: Params, candles: Candles) -> None:
    """Raise `StrategyRuleError` with the first habit that nobody should give money to: what the rules do, not how.

    In this order: never fires (no entry on any bar after the warm-up); always fires (an entry on more than
    `MOST_FIRING` of them, which is a position and no rule); no protection (an entry without stop or trail); size out of
    bounds (an entry of more than `MOST_WEIGHT` times its usual size); stop or target on the wrong side (of every entry:
    where the market stands beyond it already, none is made), and never fires where it is now one and now the other.
    """
    warmup = strategy.warmup(params)
    if len(candles) <= warmup:
        raise StrategyRuleError(f"Give more candles: these rules need {warmup} to warm up, here are {len(candles)}.")
    intents = strategy.intents(candles, params)
    entered = np.flatnonzero(intents.enter[warmup:] != 0) + warmup
    bars = len(candles) - warmup
    if not entered.size:
        raise StrategyRuleError(f"These rules break 'never fires': they enter on none of {bars} bars.")
    if entered.size > MOST_FIRING * bars:
        raise StrategyRuleError(f"These rules break 'always fires': they enter on {entered.size} of {bars} bars.")
    bare = np.isnan(intents.stop[entered]) & np.isnan(intents.trail[entered])
    if bare.any():
        raise StrategyRuleError(
            f"These rules break 'no protection': the entry at bar {int(entered[np.argmax(bare)])} has neither stop nor "
            "trail."
        )
    if (intents.size[entered] > MOST_WEIGHT).any():
        raise StrategyRuleError(
            f"These rules break 'size out of bounds': an entry may be {MOST_WEIGHT} times its usual size "
            f"at most, and one is {np.nanmax(intents.size[entered]):g} times."
        )
    _check_sides(intents, candles, entered)


def _check_sides(intents: Intents, candles: Candles, entered: np.ndarray) -> None:
    """Whether an entry is left that the market has not passed the stop or the target of. NaN is on no side."""
    side, close = intents.enter[entered], candles.close[entered]
    wrong = {
        "stop": side * (intents.stop[entered] - close) >= 0,
        "target": side * (intents.target[entered] - close) <= 0,
    }
    where = {"stop": "below the close of a long entry or above", "target": "above the close of a long entry or below"}
    for name, found in wrong.items():
        if found.all():
            raise StrategyRuleError(
                f"These rules break '{name} on the wrong side': of {entered.size} entries none has its "
                f"{name} {where[name]} that of a short one, so none would be made."
            )
    if (wrong["stop"] | wrong["target"]).all():
        raise StrategyRuleError(
            f"These rules break 'never fires': each of {entered.size} entries has its stop or its target "
            "on the wrong side of the close, so none would be made."
        )


def _columns(candles: Candles) -> tuple[np.ndarray, ...]:
    return (candles.ts, candles.open, candles.high, candles.low, candles.close, candles.volume)


def _check_shapes(strategy: Strategy, intents: Intents, bars: int) -> None:
    arrays = {"enter": intents.enter, "exit": intents.exit, **{name: getattr(intents, name) for name in PRICES}}
    for name, array in {**arrays, **intents.indicators}.items():
        if array.shape != (bars,):
            raise StrategyRuleError(
                f"Give {name} one value per bar: {strategy.slug} gave {array.shape} for {bars} bars."
            )
    if intents.enter.dtype != np.int8 or intents.exit.dtype != np.bool_:
        raise StrategyRuleError(
            f"Make enter int8 and exit bool: {strategy.slug} has {intents.enter.dtype} and {intents.exit.dtype}."
        )


def _check_values(strategy: Strategy, intents: Intents) -> None:
    entered = intents.enter != 0
    if not np.isin(intents.enter, (-1, 0, 1)).all():
        raise StrategyRuleError(f"Make enter -1, 0 or 1: {strategy.slug} has other values.")
    for name in PRICES:
        values = getattr(intents, name)[entered]
        if not (np.isnan(values) | (np.isfinite(values) & (values > 0))).all():
            raise StrategyRuleError(
                f"Make {name} a positive number or NaN on entries: {strategy.slug} has other values."
            )


def _check_prefix(strategy: Strategy, params: Params, candles: Candles, whole: Intents, bar: int, rule: str) -> None:
    cut = strategy.compute(candles[: bar + 1], params)
    _compare(rule, cut, _part(whole, slice(0, bar + 1)), slice(0, bar + 1))


def _check_warmup(strategy: Strategy, params: Params, candles: Candles, whole: Intents) -> None:
    warmup = strategy.warmup(params)
    start = (len(candles) - warmup) // 2
    if start < 1:
        raise StrategyRuleError(f"Give more candles: these rules need {warmup} to warm up, here are {len(candles)}.")
    late = strategy.compute(candles[start:], params)
    settled = slice(warmup, len(candles) - start)
    _compare(
        "stable warm-up", _part(late, settled), _part(whole, slice(start + warmup, len(candles))), settled,
        tolerance=SETTLED,
    )  # fmt: skip


def _compare(rule: str, ours: Intents, theirs: Intents, bars: slice, *, tolerance: float = ROUNDING) -> None:
    pairs: dict[str, tuple[np.ndarray, np.ndarray]] = {
        "enter": (ours.enter, theirs.enter),
        "exit": (ours.exit, theirs.exit),
        **{name: (getattr(ours, name), getattr(theirs, name)) for name in PRICES},
        **{name: (values, theirs.indicators[name]) for name, values in ours.indicators.items()},
    }
    for name, (one, other) in pairs.items():
        if one.dtype == other.dtype and one.tobytes() == other.tobytes():
            continue  # to the last digit, as nearly always: no need to ask how near each value is
        different = ~_same(one, other, tolerance)
        if different.any():
            bar = bars.start + int(np.argmax(different))
            raise StrategyRuleError(
                f"These rules break '{rule}': {name} at bar {bar} depends on which other bars are given."
            )


def _same(one: np.ndarray, other: np.ndarray, tolerance: float) -> np.ndarray:
    if one.dtype.kind != "f":
        return np.asarray(one == other)
    scale = float(np.nanmax(np.abs(other))) if np.isfinite(other).any() else 1.0
    return np.asarray(np.isclose(one, other, rtol=tolerance, atol=tolerance * scale, equal_nan=True))


def _part(intents: Intents, bars: slice) -> Intents:
    return Intents(
        enter=intents.enter[bars],
        exit=intents.exit[bars],
        stop=intents.stop[bars],
        target=intents.target[bars],
        trail=intents.trail[bars],
        size=intents.size[bars],
        indicators={name: values[bars] for name, values in intents.indicators.items()},
    )


def _spread(bars: np.ndarray, most: int) -> np.ndarray:
    """At most `most` of the bars, evenly spread, first and last included."""
    if bars.size <= most:
        return bars
    return bars[np.linspace(0, bars.size - 1, most).astype(np.int64)]
