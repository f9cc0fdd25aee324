"""What an agent does next: what its rule lacks after the candle that closed last, when it looks again, and what keeps
it from acting then.

The figures are those of the strategy itself, on the candles that a run looks at, so they are what the run of that
candle decided on; what is in the way are the states that stand everywhere else.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

import numpy as np
from django.db.models import Q

from farms.engine.runs import bars_wanted, told
from farms.engine.tape import Tape
from farms.models import Agent, Farm
from farms.selectors.facts import farm_facts
from farms.selectors.states import next_close, obstacles
from kit import clock
from kit.errors import NotFoundError
from kit.sentences import Sentence
from kit.statuses import State
from markets.candles.reading import moment
from markets.models import Timeframe
from quant import strategies
from quant.errors import UnknownStrategyError
from quant.strategies import Clause
from quant.strategies.base import ALSO, Condition, digits
from trading.models import Position

TOWARD: Final = {"long": "To go long", "short": "To go short", "exit": "To leave"}
HOLDS: Final = Sentence("It holds.")
APPEARS: Final = Sentence("It has to appear.")
BESIDE: Final = Sentence("Without it nothing is entered.")
UNKNOWN: Final = Sentence("It is not known yet: there are too few candles.")


@dataclass(frozen=True, slots=True)
class Missing:
    """A condition of the rule: `value` against `threshold`, floats of the market that may not be known, and what would
    have to happen, in words. `toward` is what it is for: `long`, `short` or `exit`; `group` says with which others it
    counts, as that of `quant.strategies.base.Condition`."""

    words: str
    toward: str
    holds: bool
    value: float | None
    threshold: float | None
    is_price: bool
    shown: Sentence
    against: Sentence
    needs: Sentence
    group: str

    @property
    def difference(self) -> float | None:
        """From the value to the threshold: above zero where the value has to rise."""
        return None if self.value is None or self.threshold is None else self.threshold - self.value


@dataclass(frozen=True, slots=True)
class Ahead:
    """`conditions` as the candle left them that closed at `looked_at`, None where none has; the next closes at
    `closes_at`, None where the agent or its farm is not running. `obstacles` keep it from acting, the first to be put
    right first.
    """

    agent_id: UUID
    is_holding: bool
    looked_at: datetime | None
    closes_at: datetime | None
    conditions: tuple[Missing, ...]
    obstacles: tuple[State, ...]

    @property
    def groups(self) -> list[tuple[str, list[Missing]]]:
        """The conditions by what they are for and whether all or any of them have to hold, in words."""
        found: dict[tuple[str, str], list[Missing]] = {}
        for one in self.conditions:
            found.setdefault((one.toward, one.group), []).append(one)
        rule = Counter(one.toward for one in self.conditions if one.group != ALSO)
        return [(_headed(*key, is_alone=rule[key[0]] == 1), members) for key, members in found.items()]


def _headed(toward: str, group: str, *, is_alone: bool) -> str:
    """`To go long: all of`; of a group within another `To go long: all of, (2) any of`."""
    if group == ALSO:
        return f"{TOWARD[toward]}, besides"
    if is_alone:
        return TOWARD[toward]
    path = group.replace("[", " of, (").replace("].", ") ")
    return f"{TOWARD[toward]}: {path} of"


def ahead_of(*, owner_id: UUID, agent_id: UUID) -> Ahead:
    """Raises NotFoundError."""
    now = clock.now()
    agent = Agent.objects.select_related("instrument").filter(owner_id=owner_id, pk=agent_id).first()
    if agent is None:
        raise NotFoundError("This agent does not exist.")
    (farm,) = farm_facts(owner_id=owner_id, only=Q(agents=agent_id))
    (facts,) = farm.agents
    held = _held(agent)
    looked_at, conditions = _looked(agent, held)
    looks = agent.status == Agent.Status.RUNNING and farm.status == Farm.Status.RUNNING
    return Ahead(
        agent_id=agent.pk,
        is_holding=bool(held),
        looked_at=looked_at,
        closes_at=next_close(agent.timeframe, now) if looks else None,
        conditions=conditions,
        obstacles=tuple(obstacles(facts, farm=farm, now=now)),
    )


def _held(agent: Agent) -> int:
    """The side of what it holds: 1, -1, or 0 for nothing."""
    rows = Position.objects.filter(wallet=agent.wallet_id, instrument=agent.instrument_id, closed_at=None)
    position = rows.first()
    return 0 if position is None else 1 if position.is_long else -1


def _looked(agent: Agent, held: int) -> tuple[datetime | None, tuple[Missing, ...]]:
    try:
        strategy = strategies.get(agent.strategy)
    except UnknownStrategyError:
        return None, ()
    bars = bars_wanted(agent.strategy, agent.parameters)
    candles = Tape().closed(instrument_id=agent.instrument_id, timeframe=agent.timeframe, bars=bars)
    if not len(candles):
        return None, ()
    found = strategy.intents(candles, agent.parameters).conditions(len(candles) - 1, held)
    closed_at = moment(int(candles.ts[-1])) + Timeframe(agent.timeframe).length
    return closed_at, tuple(_missing(one, agent.instrument.tick_size) for one in found)


def _missing(one: Condition, tick: Decimal) -> Missing:
    value, threshold = (float(figure) if np.isfinite(figure) else None for figure in (one.value, one.threshold))
    return Missing(
        words=one.words,
        toward={1: "long", -1: "short"}.get(one.toward, "exit"),
        holds=one.holds,
        value=value,
        threshold=threshold,
        is_price=one.is_price,
        shown=_written("{figure}", one.value, one, tick),
        against=_written("{figure}", one.threshold, one, tick),
        needs=_needs(one, tick),
        group=one.group,
    )


def _needs(one: Condition, tick: Decimal) -> Sentence:
    """What would have to happen for it to hold."""
    if one.holds:
        return HOLDS
    if not one.has_figures:
        return BESIDE if one.group == ALSO else APPEARS
    if not np.isfinite(one.difference):
        return UNKNOWN
    move, back = ("rise", "below") if one.goes > 0 else ("fall", "above")
    if one.crosses and one.is_beyond:
        words = f"It is there since before: it has to get back {back}, {{figure}} away, and cross again."
    else:
        words = f"It has to {move} by {{figure}}."
    return _written(words, abs(one.difference), one, tick)


def _written(words: str, value: float, one: Condition, tick: Decimal) -> Sentence:
    """As the explanations of runs write their figures; nothing where it is not known."""
    if not np.isfinite(value):
        return Sentence()
    figure = {"figure": value}
    return told(Clause(words, figure) if one.is_price else Clause(words, numbers={"figure": digits(value)}), tick)
