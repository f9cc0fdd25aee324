"""Bars that change nothing, which are most of them: decided in memory, written together.

Candles are loaded once for all who look at them. Whoever has something to do, a stop to move or an order to place, is
left to `acting`, which decides again under its lock. The rows are the same either way.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from uuid import UUID

from farms.engine.decision import leave_it
from farms.engine.missed import passed_over
from farms.engine.runs import View, bars_wanted, may_short, row
from farms.engine.tape import Series, Tape
from farms.models import Agent, AgentRun
from kit.sentences import Sentence
from quant.errors import QuantError
from trading.positions.levels import trailed
from trading.positions.protection import Guarded, guarded_positions


def prepare_runs(*, owner_id: UUID, agent_ids: Sequence[UUID]) -> tuple[dict[UUID, list[UUID]], Tape]:
    """The agents by their farm, and the candles that they look at now, each series loaded once."""
    farms: dict[UUID, list[UUID]] = {}
    wanted: dict[Series, int] = {}
    rows = Agent.objects.filter(owner_id=owner_id, pk__in=agent_ids).values_list(
        "pk", "farm_id", "instrument_id", "timeframe", "strategy", "parameters"
    )
    for agent_id, farm_id, instrument_id, timeframe, strategy, parameters in rows:
        farms.setdefault(farm_id, []).append(agent_id)
        series = instrument_id, timeframe
        try:
            wanted[series] = max(wanted.get(series, 0), bars_wanted(strategy, parameters))
        except QuantError:
            continue  # what is wrong with it is told by its own run
    return farms, Tape.of_now(wanted)


def positions_of(agents: Iterable[Agent]) -> Mapping[tuple[UUID, int], Guarded]:
    """What the agents' wallets hold, by wallet and instrument."""
    found = guarded_positions(wallet_ids=[agent.wallet_id for agent in agents])
    return {(guarded.wallet_id, guarded.instrument_id): guarded for guarded in found}


def quiet_run(agent: Agent, view: View, held: Guarded | None) -> AgentRun | None:
    """The row of a bar that changes nothing, not yet written; None when an order or a stop may have to follow."""
    if held is not None and held.stop != trailed(
        held.stop, best=view.best(is_long=held.is_long), trail=held.trail, is_long=held.is_long
    ):
        return None
    signed = None if held is None else held.signed
    decision = leave_it(signal=view.signal, held=signed, may_short=may_short(agent))
    return None if decision is None else row(agent, view, decision)


def write(runs: Sequence[AgentRun]) -> None:
    """Write the rows in their order, and let every agent remember its last bar; what was passed over is said once."""
    AgentRun.objects.bulk_create([*passed_over(runs), *runs])
    newest = {run.agent_id: run.bar for run in runs}
    by_bar = sorted(newest.items(), key=lambda item: item[1])
    for bar, agents in groupby(by_bar, key=lambda item: item[1]):
        ids = [agent_id for agent_id, _ in agents]
        Agent.objects.filter(pk__in=ids).update(last_bar=bar, failures=0, status_detail=Sentence())
