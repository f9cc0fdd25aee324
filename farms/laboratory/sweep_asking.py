"""What may be asked of a sweep: checked whole, and its trials chosen, before its row is written."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from decimal import Decimal
from importlib.util import find_spec
from itertools import product
from typing import Any, Final
from uuid import UUID

from farms.laboratory import sweeping
from farms.laboratory.asking import Rules, Wish, request_backtest, require_candles, rules_of, settle
from farms.laboratory.blocks import unpack
from farms.laboratory.keys import asked_before
from farms.models import Backtest, Sweep, SweepBlock
from farms.services.hiring import checked_parameters, invalid
from kit.errors import ConflictError, NotFoundError
from quant import strategies
from quant.errors import QuantError
from quant.sweeps import Point, Space, grid, sample, space

MOST_AXES: Final = 6
MOST_TRIALS: Final = 20_000
# An estimator looks at all earlier ones before each.
MOST_ESTIMATED: Final = 2_000
FEWEST_TRIALS: Final = 2
# Trials by candles: some minutes of two processors.
MOST_WORK: Final = 40_000_000_000
# Combinations that are looked at, whether the rules allow them or not.
MOST_LOOKED_AT: Final = 100_000
MOST_WAITING: Final = 5
TRIALS: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepWish:
    """A sweep as somebody asks for it: a backtest, and the values that are tried of some of its parameters.

    `trials` is how many sets are tried at random or by an estimator; a grid tries all. The same `seed` chooses the
    same.
    """

    wish: Wish
    axes: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    method: str = Sweep.Method.GRID
    trials: int = TRIALS
    measure: str = Sweep.Measure.SHARPE
    seed: int = 1


def request_sweep(*, owner_id: UUID, asked: SweepWish, key: str = "") -> Sweep:
    """Write what is asked for, hand its first trials out and wake workers; run it as the tenant. The same `key` with
    the same wish returns the first one.

    Raises InvalidInputError naming the field, NotFoundError for an agent that is not there, ConflictError while too
    many wait, or for a key that asked for another one.
    """
    pk, made = asked_before(Sweep, owner_id, key, asdict(asked))
    if made is not None:
        return made
    if asked.method not in Sweep.Method.values:
        raise invalid("method", f"Choose one of {', '.join(Sweep.Method.values)}.")
    if asked.measure not in Sweep.Measure.values:
        raise invalid("measure", f"Choose one of {', '.join(Sweep.Measure.values)}.")
    rules = rules_of(owner_id, asked.wish)
    where = _space(rules, asked)
    points = _points(where, asked)
    settled = settle(asked.wish, replace(rules, given=where.params(points[0]) or {}))
    if len(settled.instruments) > 1:
        raise invalid("instrument_ids", "Choose one market: a sweep is over one.")
    for value in where.axes.get("direction", ()):
        checked_parameters(settled.columns["strategy"], {"direction": value}, settled.instruments[0])
    bars = require_candles(settled, _warmup(where))
    trials = len(points) if asked.method == Sweep.Method.GRID else asked.trials
    if trials * bars > MOST_WORK:
        raise invalid(
            "trials" if asked.method != Sweep.Method.GRID else "axes",
            f"Try fewer sets, or choose a shorter time or coarser candles: {trials:,} sets on {bars:,} candles are "
            f"more than the {MOST_WORK // bars:,} there is time for.",
        )
    if Sweep.objects.filter(owner_id=owner_id, finished_at=None).count() >= MOST_WAITING:
        raise ConflictError(f"Wait until some of them are over: {MOST_WAITING} sweeps are not done yet.")
    sweep = Sweep.objects.create(
        id=pk,
        owner_id=owner_id,
        axes=[[name, list(values)] for name, values in where.axes.items()],
        method=asked.method,
        measure=asked.measure,
        trials=trials,
        seed=asked.seed,
        **settled.columns,
    )
    sweeping.hand_out(sweep, points, bars=bars)
    return sweep


def backtest_trial(*, owner_id: UUID, sweep_id: UUID, trial: int, key: str = "") -> Backtest:
    """Ask for the backtest of one of its trials, counted from 0: the same rules, candles and assumptions.

    The same `key` asks once. Raises NotFoundError where there is no such trial, ConflictError while too many wait, or
    for a key that asked for something else.
    """
    sweep = Sweep.objects.filter(owner_id=owner_id, pk=sweep_id).first()
    if sweep is None:
        raise NotFoundError("There is no such sweep.")
    return request_backtest(owner_id=owner_id, wish=_wish_of(sweep, _parameters_of(sweep, trial)), key=key)


def _wish_of(sweep: Sweep, parameters: Mapping[str, Any]) -> Wish:
    """A backtest with the assumptions of the sweep."""
    assumed = dict(sweep.assumptions)
    assumed.pop("market", None)  # follows from the instrument
    sizing, _, size = assumed.pop("size").partition(":")
    named = ("taker_fee", "maker_fee", "slippage", "leverage")
    return Wish(
        strategy=sweep.strategy,
        parameters=parameters,
        agent_id=sweep.agent_id,
        version_id=None,
        instrument_ids=sweep.instruments,
        timeframe=sweep.timeframe,
        since=sweep.since,
        until=sweep.until,
        cash=sweep.cash,
        sizing=sizing,
        size=_exact(size),
        fill=assumed.pop("fill"),
        max_entries=assumed.pop("max_entries"),
        **{name: _exact(assumed.pop(name)) for name in named},
        assumed=assumed,
    )


def _parameters_of(sweep: Sweep, trial: int) -> dict[str, Any]:
    """All parameters of the trial of this number; raises NotFoundError."""
    before = 0
    for block in SweepBlock.objects.filter(sweep=sweep, status=SweepBlock.Status.DONE).order_by("number"):
        if 0 <= trial - before < block.trials:
            place = unpack(block)["positions"][trial - before].tolist()
            chosen = {name: values[at] for (name, values), at in zip(sweep.axes, place, strict=True)}
            return {**sweep.parameters, **chosen}
        before += block.trials
    raise NotFoundError("There is no such trial.")


def _space(rules: Rules, asked: SweepWish) -> Space:
    if not 1 <= len(asked.axes) <= MOST_AXES:
        raise invalid("axes", f"Choose 1 to {MOST_AXES} parameters to try values of.")
    fixed = {name: value for name, value in rules.given.items() if name not in asked.axes}
    try:
        return space(strategies.get(rules.strategy), asked.axes, fixed)
    except QuantError as error:
        raise invalid("axes", str(error)) from error


def _points(where: Space, asked: SweepWish) -> list[Point]:
    """The sets that are tried first: all of a grid, the sample, or an estimator's first round, which is one too."""
    if asked.method == Sweep.Method.GRID:
        size = math.prod(map(len, where.axes.values()))
        if size > MOST_LOOKED_AT:
            raise invalid("axes", f"Try fewer values, or sets at random: this grid has {size:,} combinations.")
        points = grid(where)
        if len(points) > MOST_TRIALS:
            raise invalid(
                "axes", f"Try fewer values, or sets at random: {len(points):,} sets are more than {MOST_TRIALS:,}."
            )
    else:
        is_estimated = asked.method == Sweep.Method.TPE
        if is_estimated and find_spec("optuna") is None:
            raise invalid("method", "No estimator is installed here (the extra sweeps): choose a grid, or at random.")
        most = MOST_ESTIMATED if is_estimated else MOST_TRIALS
        if not FEWEST_TRIALS <= asked.trials <= most:
            raise invalid("trials", f"Try {FEWEST_TRIALS} to {most:,} sets.")
        points = sample(where, min(asked.trials, sweeping.ROUND) if is_estimated else asked.trials, seed=asked.seed)
    if len(points) < FEWEST_TRIALS:
        raise invalid("axes", "Give more values: the strategy's rules allow fewer than two of these combinations.")
    return points


def _warmup(where: Space) -> int:
    """The longest warm-up of the sets at the ends of the axes."""
    ends = product(*({0, len(values) - 1} for values in where.axes.values()))
    allowed = (where.params(point) for point in ends)
    return max((where.strategy.settle(params) for params in allowed if params is not None), default=0)


def _exact(number: float | str) -> Decimal:
    """The decimal that was asked for: the shortest that names the float."""
    return Decimal(str(number))
