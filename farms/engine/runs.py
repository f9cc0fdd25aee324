"""What an agent sees of its market at the close of a bar, and the row that its run becomes.

Neither takes a lock, and nothing is asked beyond the candles, so that many agents can look at once: most bars change
nothing. What a run does is in `acting`.
"""

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

import numpy as np

from farms.engine.decision import Decision, Signal
from farms.engine.tape import Tape
from farms.models import Agent, AgentRun
from kit import clock
from kit.sentences import Sentence, Value, number, price, sentence
from markets.candles.reading import TIMEFRAME_MS, milliseconds
from markets.models import Instrument
from markets.prices import to_price
from quant import strategies
from quant.strategies import Clause, Intents
from trading.models import Order
from trading.risk.sizing import in_ticks

# Bars beyond those a strategy needs to settle, so that a crossing on the last bar is seen with what came before it.
SPARE_BARS: Final = 5


@dataclass(frozen=True)
class View:
    """What an agent sees at the close of `bar` (its opening, ms): the strategy's intent, the high and the low, the
    indicators."""

    bar: int
    signal: Signal
    high: Decimal
    low: Decimal
    indicators: dict[str, float]

    def best(self, *, is_long: bool) -> Decimal:
        """The best price of the bar for a position."""
        return self.high if is_long else self.low


def may_short(agent: Agent) -> bool:
    """Whether its market can be sold without holding any of it."""
    return agent.instrument.is_perpetual


def look(agent: Agent, tape: Tape) -> View | None:
    """What the agent sees of its market now, or None when it has nothing to decide.

    That is when it or its farm is paused, the bar was run already or closed too long ago to act on, or an order of the
    agent is still on its way.
    """
    if agent.status != Agent.Status.RUNNING or not agent.farm.is_acting or agent.is_waiting:
        return None
    strategy = strategies.get(agent.strategy)
    parameters = strategy.validate(agent.parameters)
    bars = strategy.settle(parameters) + SPARE_BARS
    candles = tape.closed(instrument_id=agent.instrument_id, timeframe=agent.timeframe, bars=bars)
    if not len(candles):
        return None
    bar = int(candles.ts[-1])
    if not is_due(bar=bar, last_bar=agent.last_bar, timeframe=agent.timeframe):
        return None
    intents = strategy.compute(candles, parameters)
    signal = _last_signal(intents, to_price(candles.close[-1]), agent)
    high, low = to_price(candles.high[-1]), to_price(candles.low[-1])
    return View(bar, signal, high, low, _last_values(intents))


def bars_wanted(strategy: str, parameters: strategies.Params) -> int:
    """How many bars a run looks at."""
    return strategies.get(strategy).warmup(parameters) + SPARE_BARS


def is_due(*, bar: int, last_bar: int | None, timeframe: str) -> bool:
    """Whether the bar opening at `bar` (ms) is newer than the last one run, and none has closed after it should have.

    An old bar is no basis for an order: when the feed was away, the agent waits for the first bar after it. A last bar
    of the future, from a clock that was ahead, keeps no present one from being run.
    """
    now = milliseconds(clock.now())
    return (last_bar is None or bar > last_bar or last_bar > now) and now < bar + 2 * TIMEFRAME_MS[timeframe]


def told(clause: Clause, tick: Decimal) -> Sentence:
    """A strategy's clause as it is stored: its prices on the instrument's tick, like every price of the market."""
    figures: dict[str, Value | str] = {
        name: price(in_ticks(to_price(value), tick), tick) for name, value in clause.prices.items()
    }
    # What a strategy does not know yet it writes as a word.
    figures |= {name: number(text) if text[-1:].isdigit() else text for name, text in clause.numbers.items()}
    return sentence(clause.words, **figures)


def _last_signal(intents: Intents, close: Decimal, agent: Agent) -> Signal:
    """The last bar's intent. This is where a strategy's floats become money, levels rounded to the tick."""
    last = len(intents) - 1
    reason = told(intents.explain(last), agent.instrument.tick_size)
    signal = Signal(int(intents.enter[last]), bool(intents.exit[last]), close, reason)
    if not signal.enter:
        return signal
    weight = intents.size[last]
    return replace(
        signal,
        stop=_level(intents.stop[last], agent.instrument),
        target=_level(intents.target[last], agent.instrument),
        trail=_level(intents.trail[last], agent.instrument),
        weight=Decimal(1) if np.isnan(weight) else to_price(weight),
    )


def _level(value: float, instrument: Instrument) -> Decimal | None:
    if np.isnan(value):
        return None
    return in_ticks(to_price(value), instrument.tick_size)


def _last_values(intents: Intents) -> dict[str, float]:
    """The indicators at the last bar; those that are not defined yet are left out."""
    return {name: float(values[-1]) for name, values in intents.indicators.items() if np.isfinite(values[-1])}


def row(agent: Agent, view: View, decision: Decision, order: Order | None = None) -> AgentRun:
    """The run's row, not yet written."""
    entering = decision.kind == "enter"
    return AgentRun(
        owner_id=agent.owner_id,
        agent=agent,
        instrument_id=agent.instrument_id,
        bar=view.bar,
        decision=decision.kind,
        explanation=decision.explanation,
        close=view.signal.close,
        indicators=view.indicators,
        numbers=decision.numbers,
        exit_stop=view.signal.stop if entering else None,
        exit_target=view.signal.target if entering else None,
        trail=view.signal.trail if entering else None,
        order=order,
        created_at=clock.now(),
    )
