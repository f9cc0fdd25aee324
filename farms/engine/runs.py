"""The run of an agent at the close of a bar.

A run locks its farm and then its agent, so two workers that meet at the same bar take turns and the second finds it
done; members of one farm take turns too, which is what makes the farm's cap on an instrument true. The run's row and
its order are written in one transaction: a crash leaves both or neither, and the bar is then simply run again.

`look` and `row` are the parts without a lock and without a query, which `quiet` shares: most bars change nothing.
"""

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final
from uuid import UUID

import numpy as np

from farms.engine.decision import Decision, Holding, Means, Signal, decide
from farms.engine.standing import lock_agent
from farms.engine.tape import Tape
from farms.engine.work import farm_capital, free_cash
from farms.models import Agent, AgentRun
from kit import clock
from kit.live.publish import publish
from markets.candles.reading import TIMEFRAME_MS, milliseconds
from markets.models import Instrument
from markets.prices import latest_price, to_price
from quant import strategies
from quant.strategies import Intents
from trading.models import Order, Side
from trading.orders.intents import WrongSideError
from trading.positions.protection import follow, guarded_position
from trading.risk.fees import taker_fee
from trading.risk.sizing import in_ticks
from trading.services import place_order

# Bars beyond those a strategy needs to settle, so that a crossing on the last bar is seen with what came before it.
SPARE_BARS: Final = 5


@dataclass(frozen=True)
class View:
    """What an agent sees at the close of `bar` (its opening, ms): the strategy's intent, the high, the indicators."""

    bar: int
    signal: Signal
    high: Decimal
    indicators: dict[str, float]


def run_agent(*, owner_id: UUID, agent_id: UUID, tape: Tape | None = None) -> AgentRun | None:
    """Run the agent on the bar that closed last: intents, decision, and the order that follows from it, once.

    None when there is nothing to run: it or its farm is paused, the bar was run already or closed too long ago to act
    on, or an order of the agent is still on its way. Candles come from the `tape` where it has them.
    """
    agent = lock_agent(owner_id=owner_id, agent_id=agent_id)
    view = look(agent, tape or Tape())
    if view is None:
        return None
    signal = view.signal
    decision = decide(signal=signal, holding=_holding(agent, best=view.high), means=lambda: _means(agent, signal))
    return _carry_out(agent, view, decision)


def look(agent: Agent, tape: Tape) -> View | None:
    """What the agent sees of its market now, or None when it has nothing to decide; see `run_agent`."""
    if agent.status != Agent.Status.RUNNING or not agent.farm.is_acting or agent.is_waiting:
        return None
    candles = tape.closed(
        instrument_id=agent.instrument_id, timeframe=agent.timeframe, bars=bars_wanted(agent.strategy, agent.parameters)
    )
    if not len(candles):
        return None
    bar = int(candles.ts[-1])
    if not is_due(bar=bar, last_bar=agent.last_bar, timeframe=agent.timeframe):
        return None
    intents = strategies.get(agent.strategy).intents(candles, agent.parameters)
    signal = _last_signal(intents, to_price(candles.close[-1]), agent)
    return View(bar, signal, to_price(candles.high[-1]), _last_values(intents))


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


def _holding(agent: Agent, *, best: Decimal) -> Holding | None:
    """What the agent holds, its stop moved up behind the bar's high."""
    guarded = guarded_position(wallet_id=agent.wallet_id, instrument_id=agent.instrument_id)
    if guarded is None:
        return None
    followed = follow(guarded, best=best)
    return Holding(followed.quantity, followed.stop, followed.target)


def _last_signal(intents: Intents, close: Decimal, agent: Agent) -> Signal:
    """The last bar's intent. This is where a strategy's floats become money, levels rounded to the tick."""
    last = len(intents) - 1
    signal = Signal(int(intents.enter[last]), bool(intents.exit[last]), close, intents.explain(last))
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


def _means(agent: Agent, signal: Signal) -> Means:
    """What the agent may spend now, and what its farm leaves it in the instrument."""
    quote = latest_price(instrument_id=agent.instrument_id)
    price = quote.ask if quote else signal.close
    capital = farm_capital(farm=agent.farm, instrument=agent.instrument, price=price)
    return Means(
        cash=free_cash(wallet_id=agent.wallet_id, asset=agent.instrument.quote),
        price=price,
        room=capital.value * agent.farm.maximum_share - capital.exposure,
        sizing="risk" if agent.sizing == Agent.Sizing.RISK else "cash",
        size=agent.size,
        fee_rate=taker_fee(agent.wallet),
        lot=agent.instrument.lot_size,
        minimum_notional=agent.instrument.minimum_notional,
    )


def _carry_out(agent: Agent, view: View, decision: Decision) -> AgentRun:
    """Write the run and the order it decided on, and remember the bar."""
    order: Order | None = None
    if decision.quantity > 0:
        order, decision = _place(agent, view.bar, view.signal, decision)
    run = row(agent, view, decision, order)
    run.save()
    Agent.objects.filter(pk=agent.pk).update(last_bar=view.bar, failures=0, status_detail="")
    publish(owner_id=agent.owner_id, event="farms", data={"agent": str(agent.pk), "decision": decision.kind})
    return run


def row(agent: Agent, view: View, decision: Decision, order: Order | None = None) -> AgentRun:
    """The run's row, not yet written."""
    entering = decision.kind == "enter"
    return AgentRun(
        owner_id=agent.owner_id,
        agent=agent,
        instrument_id=agent.instrument_id,
        bar=view.bar,
        decision=decision.kind,
        explanation=decision.explanation[:400],
        close=view.signal.close,
        indicators=view.indicators,
        numbers=decision.numbers,
        exit_stop=view.signal.stop if entering else None,
        exit_target=view.signal.target if entering else None,
        trail=view.signal.trail if entering else None,
        order=order,
        created_at=clock.now(),
    )


def _place(agent: Agent, bar: int, signal: Signal, decision: Decision) -> tuple[Order | None, Decision]:
    """Place the decided order. One that the gate or the funds refuse makes the run a skip that says so.

    So does an entry whose stop or target the market has passed since the bar closed: there is nothing to protect then.
    """
    side = Side.BUY if decision.kind == "enter" else Side.SELL
    enters = side == Side.BUY
    try:
        order = place_order(
            wallet=agent.wallet,
            instrument=agent.instrument,
            side=side,
            quantity=decision.quantity,
            key=f"run:{agent.pk}:{bar}",
            reason=decision.explanation[:200],
            reduce_only=not enters,
            exit_stop=signal.stop if enters else None,
            exit_target=signal.target if enters else None,
            exit_trail=signal.trail if enters else None,
        )
    except WrongSideError as error:
        return None, replace(decision, kind="skip", explanation=f"{decision.explanation} {error}")
    if order.status == Order.Status.REJECTED:
        refused = f"{decision.explanation} The {'entry' if decision.kind == 'enter' else 'exit'} was refused."
        return order, replace(decision, kind="skip", explanation=refused)
    return order, decision
