"""Mixed: several strategies vote, and a position needs enough of them to agree.

Each member's last entry is its vote, for or against, until it says exit or `vote_bars` have passed. The score is the
weighted mean of the votes, -1 … 1. A position is entered on the bar whose score reaches the agreement and left when the
score returns to zero. Protection is the mixture's own, because members' stops contradict each other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np

from quant import indicators
from quant.candles import Bools, Candles, Floats
from quant.errors import ParameterError
from quant.strategies import breakout, custom, mean_reversion, price_action, trend_following
from quant.strategies.base import Clause, Condition, Intents, Parameter, Params, Signs, Strategy, digits
from quant.strategies.grammar import MOST_CONDITIONS, all_conditions
from quant.strategies.signals import DIRECTION, entries, latest, offset_from, shifted, sides, times, word_of

MEMBERS: Final = {
    module.STRATEGY.slug: module.STRATEGY
    for module in (trend_following, breakout, mean_reversion, price_action, custom)
}
MOST_MEMBERS: Final = 10
WEIGHT: Final = Parameter("weight", "float", 1.0, "", minimum=0.01, maximum=100, label="Weight")
# Weights such as 0.1 do not add up exactly: a score this near to the agreement reaches it.
_ROUNDING: Final = 1e-9


def _complete(params: dict[str, Any]) -> dict[str, Any]:
    members = params["members"]
    if not isinstance(members, list) or not 1 <= len(members) <= MOST_MEMBERS:
        raise ParameterError(f"Make members a list of one to {MOST_MEMBERS} strategies.")
    clean = [_clean_member(member, number) for number, member in enumerate(members, start=1)]
    if sum(map(_count_conditions, clean)) > MOST_CONDITIONS:
        raise ParameterError(f"Shorten the members: at most {MOST_CONDITIONS} conditions over all of them.")
    return {**params, "members": clean}


def _count_conditions(member: Mapping[str, Any]) -> int:
    """How many conditions a member of composed rules has to enter and to leave."""
    groups = [value for value in (member["params"].get(name) for name in ("entry", "exit")) if isinstance(value, dict)]
    return sum(1 for group in groups for _ in all_conditions(group))


def _clean_member(member: Any, number: int) -> dict[str, Any]:
    if not isinstance(member, dict) or set(member) - {"strategy", "weight", "params"}:
        raise ParameterError(f"Make member {number} an object with strategy, weight and params.")
    strategy = MEMBERS.get(str(member.get("strategy")))
    if strategy is None:
        raise ParameterError(f"Choose the strategy of member {number} from {', '.join(MEMBERS)}.")
    own = {} if member.get("params") is None else member["params"]
    if not isinstance(own, dict):
        raise ParameterError(f"Make the params of member {number}, {strategy.name}, an object: {own!r} is not one.")
    try:
        return {
            "strategy": strategy.slug,
            "weight": WEIGHT.clean(member.get("weight", 1.0)),
            "params": strategy.validate(own),
        }
    except ParameterError as error:
        raise ParameterError(f"Correct member {number}, {strategy.name}: {error}") from error


def _settle(params: Params) -> int:
    slowest: int = max(MEMBERS[member["strategy"]].warmup(member["params"]) for member in params["members"])
    voted = slowest + int(params["vote_bars"]) + 1
    return 1 + max(voted, int(params["atr_period"]) * indicators.WILDER_SETTLING)


def _vote(intents: Intents, vote_bars: int) -> Floats:
    spoke = (intents.enter != 0) | intents.exit
    return np.nan_to_num(latest(spoke, intents.enter.astype(np.float64), within=vote_bars))


def _compute(candles: Candles, params: Params) -> Intents:
    members = params["members"]
    votes = [
        _vote(MEMBERS[member["strategy"]].compute(candles, member["params"]), params["vote_bars"]) for member in members
    ]
    weights = np.array([member["weight"] for member in members])
    score: Floats = np.average(votes, axis=0, weights=weights)
    atr = indicators.atr(candles, params["atr_period"])
    agreed, against = score >= params["agreement"] - _ROUNDING, score <= _ROUNDING - params["agreement"]
    known = np.isfinite(atr)
    enter = entries(agreed & ~shifted(agreed) & known, against & ~shifted(against) & known, params["direction"])
    above_zero, below_zero = score > _ROUNDING, score < -_ROUNDING
    gone = (shifted(above_zero) & ~above_zero) | (shifted(below_zero) & ~below_zero)
    return Intents(
        enter=enter,
        exit=gone,
        stop=offset_from(candles.close, atr, enter, times=-params["stop_atr"]),
        trail=times(atr, params["trail_atr"]),
        indicators={"score": score, "atr": atr},
        explain=_explainer(members, votes, score, enter, gone, params["agreement"]),
        conditions=lambda bar, held: _conditions(score[bar], int(enter[bar]), bool(gone[bar]), params, held),
    )


def _conditions(score: float, entered: int, is_gone: bool, params: Params, held: int) -> tuple[Condition, ...]:
    if held:
        words = f"Score of the strategies {'falls' if held > 0 else 'rises'} to"
        return (Condition(words, 0, is_gone, score, 0.0, -held, crosses=True),)
    return tuple(
        Condition(
            "Score of the strategies gets to", side, entered == side, score, side * params["agreement"], side, True
        )
        for side in sides(params["direction"])
    )


def _explainer(
    members: list[Any], votes: list[Floats], score: Floats, enter: Signs, gone: Bools, agreement: float
) -> Callable[[int], Clause]:
    def explain(bar: int) -> Clause:
        each = ", ".join(
            f"{MEMBERS[member['strategy']].name} {word_of(int(vote[bar]))}"
            for member, vote in zip(members, votes, strict=True)
        )
        told = f"score {{score}} ({each})"
        numbers = {"score": f"{score[bar]:+.2f}", "agreement": digits(agreement)}
        if gone[bar]:
            return Clause(f"{told}: the agreement is over", numbers=numbers)
        reached = abs(score[bar]) >= agreement - _ROUNDING
        if enter[bar] or not reached:
            missing = "" if enter[bar] else " is missing, {away} away"
            numbers["away"] = f"{agreement - abs(score[bar]):.2f}"
            return Clause(f"{told}, agreement at {{agreement}}{missing}", numbers=numbers)
        return Clause(f"{told}: agreement at {{agreement}} was reached before", numbers=numbers)

    return explain


def _say_members(members: Any) -> str:
    """`Trend following with weight 1 (direction: Long and short); …`, with what differs from the defaults."""
    return "; ".join(_each_member(members))


def _each_member(members: Any) -> list[str]:
    return [_say_member(member) for member in members]


def _say_member(member: Mapping[str, Any]) -> str:
    strategy = MEMBERS[member["strategy"]]
    given, usual = strategy.validate(member.get("params") or {}), strategy.validate({})
    own = [
        f"{item.title.lower()}: {item.in_words(given[item.name])}"
        for item in strategy.schema
        if given[item.name] != usual[item.name]
    ]
    return f"{strategy.name} with weight {member.get('weight', 1.0):g}" + (f" ({', '.join(own)})" if own else "")


STRATEGY: Final = Strategy(
    slug="mixed",
    name="Mixed",
    description="Several strategies vote; a position needs enough of them to agree.",
    schema=(
        Parameter(
            "members",
            "data",
            [
                {"strategy": "trend_following", "weight": 1.0, "params": {"direction": "both", "adx_min": 0}},
                {"strategy": "breakout", "weight": 1.0, "params": {"direction": "both"}},
            ],
            "Strategies with weight and parameters.",
            label="Strategies that vote",
            say=_say_members,
            shape="members",
            parts=_each_member,
        ),
        Parameter(
            "agreement",
            "float",
            0.6,
            "Score from which to enter.",
            minimum=0.05,
            maximum=1,
            step=0.05,
            label="Score to enter",
        ),
        Parameter(
            "vote_bars",
            "int",
            50,
            "Bars for which an entry counts as a vote.",
            minimum=1,
            maximum=1000,
            step=10,
            label="A vote counts for",
            unit="bars",
        ),
        Parameter(
            "atr_period",
            "int",
            14,
            "Bars in the ATR.",
            minimum=2,
            maximum=200,
            step=2,
            label="Average true range over",
            unit="bars",
        ),
        Parameter(
            "stop_atr",
            "float",
            2.5,
            "Stop distance from the signal's close, in ATRs.",
            minimum=0.1,
            maximum=20,
            step=0.5,
            label="Stop distance",
            unit="ATR",
        ),
        Parameter(
            "trail_atr",
            "float",
            0.0,
            "Trailing distance in ATRs; 0 for a fixed stop.",
            minimum=0,
            maximum=20,
            step=0.5,
            label="Trailing distance",
            unit="ATR",
        ),
        DIRECTION,
    ),
    compute=_compute,
    settle=_settle,
    complete=_complete,
)
