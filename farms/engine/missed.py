"""Bars that closed without a decision: nothing ran, a run failed, or an order of the agent had no answer yet.

Only the newest bar is acted on: what closed before it is no basis for an order. That they passed is said once, in a row
of the last of them, beside the run that comes after.
"""

from collections.abc import Sequence

from django.db.models import Q

from farms.models import Agent, AgentRun
from kit import clock
from kit.sentences import Sentence, number, sentence
from markets.candles.reading import TIMEFRAME_MS
from markets.models import Candle
from markets.prices import to_price


def passed_over(runs: Sequence[AgentRun]) -> list[AgentRun]:
    """The rows, not yet written, for those of the runs whose agents let bars pass since their last one.

    A bar that its market never had is none that passed.
    """
    late = [(run, _before(run)) for run in runs if _count(run.agent, run.bar) > 0]
    if not late:
        return []
    there = Q()
    for instrument_id, timeframe, bar in {before for _, before in late}:
        there |= Q(instrument_id=instrument_id, timeframe=timeframe, ts=bar)
    bars = Candle.objects.filter(there).values_list("instrument_id", "timeframe", "ts", "close")
    closes = {(instrument_id, timeframe, bar): close for instrument_id, timeframe, bar, close in bars}
    return [_row(run, before[-1], closes[before]) for run, before in late if before in closes]


def _count(agent: Agent, bar: int) -> int:
    """How many bars lie between the agent's last one and this one."""
    return 0 if agent.last_bar is None else (bar - agent.last_bar) // TIMEFRAME_MS[agent.timeframe] - 1


def _before(run: AgentRun) -> tuple[int, str, int]:
    """The bar before the run's: whose candles the agent looks at, their length, and its opening."""
    agent = run.agent
    series = agent.instrument.prices_of_id or agent.instrument_id
    return series, agent.timeframe, run.bar - TIMEFRAME_MS[agent.timeframe]


def _row(run: AgentRun, bar: int, close: float) -> AgentRun:
    return AgentRun(
        owner_id=run.owner_id,
        agent=run.agent,
        instrument_id=run.instrument_id,
        bar=bar,
        decision=AgentRun.Decision.SKIP,
        explanation=_told(_count(run.agent, run.bar)),
        close=to_price(close),
        created_at=clock.now(),
    )


def _told(bars: int) -> Sentence:
    why = "nothing ran, its run failed, or an order of its own had no answer. What closed then is too old to act on."
    if bars == 1:
        return Sentence(f"Nothing was decided at this close: {why}")
    return sentence(f"Nothing was decided at {{bars}} closes up to this one: {why}", bars=number(str(bars)))
