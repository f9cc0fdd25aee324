"""A farm's history in memory: the agents of a rehearsal, run over bars that are already there.

Of ninety days' bars three in a hundred lead to anything. Between those nothing changes, so the agents, their positions
and all candles are held here, stops are compared with prices in memory, and the rows of quiet bars are written
together. As soon as something has to be done it is done by what trades live, and everything is read anew. The rows
are those that `run_agent` and the look at the stops would leave when asked at every moment, which a test compares.
"""

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Final
from uuid import UUID

from farms.engine.acting import run_agent
from farms.engine.quiet import positions_of, quiet_run, write
from farms.engine.runs import look
from farms.engine.standing import lock_rehearsing, members
from farms.engine.tape import Tape
from farms.models import Agent, AgentRun
from kit import clock
from markets.candles.reading import TIMEFRAME_MS, milliseconds
from markets.models import Instrument
from quant.margin import PERIOD
from trading.positions.levels import level_reached, trailed
from trading.positions.protection import Guarded
from trading.services import keep_protection, settle_funding
from wallets.models import Wallet

PERIOD_MS: Final = PERIOD // timedelta(milliseconds=1)

Execute = Callable[[UUID], object]
"""What brings an order, by its id, to the venue."""


class History:
    """The rehearsing agents of one owner over the bars of `tape`; lives within one transaction of the owner's."""

    def __init__(self, *, owner_id: UUID, tape: Tape, execute: Execute) -> None:
        self._owner_id, self._tape, self._execute = owner_id, tape, execute
        self._quiet: list[AgentRun] = []
        self._markets: dict[int, Instrument] = {}
        self.read()

    def read(self) -> None:
        """Lock the farms and read how things stand: at the beginning, and after anything was done by others."""
        self.agents = members(lock_rehearsing(owner_id=self._owner_id))
        # Markets stay as they are: each is read once, not again for every agent after every order.
        if new := {agent.instrument_id for agent in self.agents} - self._markets.keys():
            self._markets |= Instrument.objects.in_bulk(new)
        for agent in self.agents:
            agent.instrument = self._markets[agent.instrument_id]
        self._held = positions_of(self.agents)

    def step(self) -> None:
        """What the live tasks do at this moment: stops first, then the agents whose bar has closed."""
        if any(self._moves(guarded) for guarded in self._held.values()):
            self.write()
            self._send(order.pk for order in keep_protection(owner_id=self._owner_id))
        now = milliseconds(clock.now())
        if now % PERIOD_MS == 0:
            self._fund()
        for agent_id in [agent.pk for agent in self.agents if now % TIMEFRAME_MS[agent.timeframe] == 0]:
            self._run(self._agent(agent_id))

    def _fund(self) -> None:
        """Book the funding of what stands in perpetuals."""
        held = {agent.wallet_id for agent in self.agents if agent.instrument.is_perpetual}
        accounts = Wallet.objects.filter(pk__in=held).order_by().values_list("connection_id", flat=True).distinct()
        if held and sum(settle_funding(owner_id=self._owner_id, connection_id=pk) for pk in accounts):
            self.write()
            self.read()

    def write(self) -> None:
        """Write what was decided so far; whoever ends the transaction asks for it."""
        write(self._quiet)
        self._quiet = []

    def _run(self, agent: Agent) -> None:
        view = look(agent, self._tape)
        if view is None:
            return
        run = quiet_run(agent, view, self._held.get((agent.wallet_id, agent.instrument_id)))
        if run is not None:
            self._quiet.append(run)
            agent.last_bar = view.bar
            return
        self.write()
        done = run_agent(owner_id=self._owner_id, agent_id=agent.pk, tape=self._tape)
        self._send([] if done is None or done.order_id is None else [done.order_id])

    def _send(self, orders: Iterable[UUID]) -> None:
        for order_id in orders:
            self._execute(order_id)
        self.read()

    def _moves(self, guarded: Guarded) -> bool:
        """Whether the price of now moves the position's stop, or has reached one of its levels."""
        price = self._tape.price(guarded.instrument_id)
        if price is None:
            return False
        is_long = guarded.is_long
        stop = trailed(guarded.stop, best=price, trail=guarded.trail, is_long=is_long)
        is_reached = bool(level_reached(price, stop=stop, target=guarded.target, is_long=is_long))
        return stop != guarded.stop or is_reached or guarded.is_liquidated(price)

    def _agent(self, agent_id: UUID) -> Agent:
        return next(agent for agent in self.agents if agent.pk == agent_id)
