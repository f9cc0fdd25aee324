"""The runs of agents at the close of a bar: one by itself, or the members of a farm together.

A run locks its farm, so two workers that meet at the same bar take turns and the second finds it done; members of one
farm take turns too, which is what makes the farm's cap on an instrument true. The rows of the runs and their orders are
written in one transaction: a crash leaves both or neither, and the bar is then simply run again.

Members decide one after the other, in the order in which they were hired, each from what is left by those before it:
what is the same for all is read once and carried on, so together they decide as they would alone, which a test
compares. Locks are taken in this order: the farm, the positions whose stops move, the wallets that trade, the accounts
that pay; each kind by ascending id.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from typing import Final
from uuid import UUID

from django.db.models import prefetch_related_objects

from farms.engine.decision import SKIP, Decision, Means, Signal, decide, leave_it
from farms.engine.quiet import positions_of, write
from farms.engine.runs import View, look, may_short, row
from farms.engine.standing import lock_agent, lock_farm, members
from farms.engine.tape import Tape
from farms.engine.work import FarmCapital
from farms.models import Agent, AgentRun, Farm
from kit.errors import ConflictError
from kit.live.publish import publish
from kit.sentences import Sentence, Told, joined
from trading.models import Order, Side
from trading.positions.leveraged import freed_by_leaving
from trading.positions.protection import follow
from trading.risk.fees import taker_fee
from trading.risk.gate import exposure
from trading.services import Batch, Place, Terms, WrongSideError

NO_EXIT: Final = "Not left"

logger = logging.getLogger(__name__)


class StaleError(ConflictError):
    """Money that an order counted on went elsewhere meanwhile, and later orders of the batch were decided as if not."""


@dataclass(slots=True)
class _Run:
    """An agent on its way through one bar."""

    agent: Agent
    view: View
    decision: Decision
    order: Order | None = None


def run_agent(*, owner_id: UUID, agent_id: UUID, tape: Tape | None = None) -> AgentRun | None:
    """Run the agent on the bar that closed last: intents, decision, and the order that follows from it, once.

    None when there is nothing to run: it or its farm is paused, the bar was run already or closed too long ago to act
    on, or an order of the agent is still on its way. Candles come from the `tape` where it has them.
    """
    agent = lock_agent(owner_id=owner_id, agent_id=agent_id)
    view = look(agent, tape or Tape())
    if view is None:
        return None
    runs, troubles = _act(agent.farm, [(agent, view)])
    for trouble in troubles.values():
        raise trouble
    publish(owner_id=owner_id, event="farms", data={"agent": str(agent_id), "decision": runs[0].decision})
    return runs[0]


def run_members(*, owner_id: UUID, farm_id: UUID, agent_ids: Sequence[UUID], tape: Tape) -> list[UUID]:
    """Run these members of the farm together; returns who has to run alone, because something of its own went wrong.

    One agent's trouble must not leave the others undecided; it runs alone, where it is noted.
    """
    farm = lock_farm(owner_id=owner_id, farm_id=farm_id)
    present = members([farm], agent_ids=agent_ids)
    prefetch_related_objects(present, "instrument")
    seen: list[tuple[Agent, View]] = []
    troubles: dict[UUID, Exception] = {}
    for agent in present:
        try:
            view = look(agent, tape)
        except Exception as error:  # noqa: BLE001 - logged below, and raised where the agent runs alone
            troubles[agent.pk] = error
            continue
        if view is not None:
            seen.append((agent, view))
    runs, more = _act(farm, seen)
    for agent_id, trouble in (troubles | more).items():
        logger.warning("Agent %s runs alone", agent_id, exc_info=trouble)
    if runs:
        publish(owner_id=owner_id, event="farms", data={"farm": str(farm_id), "runs": len(runs)})
    return [agent.pk for agent in present if agent.pk in troubles or agent.pk in more]


def _act(farm: Farm, seen: Sequence[tuple[Agent, View]]) -> tuple[list[AgentRun], dict[UUID, Exception]]:
    """Decide, place and write what these members of the locked farm do; and whose trouble kept it from deciding."""
    holdings = _holdings(seen)
    busy = {
        agent.pk
        for agent, view in seen
        if leave_it(signal=view.signal, held=holdings.get(agent.pk), may_short=may_short(agent)) is None
    }
    batch = Batch([_place(agent, view) for agent, view in seen if agent.pk in busy])
    capital = FarmCapital(farm)
    runs: list[_Run] = []
    troubles: dict[UUID, Exception] = {}
    for agent, view in seen:
        try:
            runs.append(_decide(agent, view, holdings.get(agent.pk), batch, capital))
        except Exception as error:  # noqa: BLE001 - raised or logged by whoever asked
            troubles[agent.pk] = error
    if farm.nets:
        batch.cross()
    if not batch.write() and len(runs) > 1:
        raise StaleError("Not all orders of the batch could be paid for.")
    rows = [row(run.agent, run.view, _answered(run), run.order) for run in runs]
    write(rows)
    return rows, troubles


def _holdings(seen: Sequence[tuple[Agent, View]]) -> Mapping[UUID, Decimal]:
    """How much each agent holds, its stop moved up behind the bar's high."""
    guarded = positions_of(agent for agent, _ in seen)
    found = [(agent, view, guarded.get((agent.wallet_id, agent.instrument_id))) for agent, view in seen]
    held = [
        (agent, position, view.best(is_long=position.is_long))
        for agent, view, position in found
        if position is not None
    ]
    follow((position, best) for _, position, best in held)
    return {agent.pk: position.signed for agent, position, _ in held}


def _place(agent: Agent, view: View) -> Place:
    return Place(agent.wallet_id, agent.instrument, key=f"{Order.RUN}{agent.pk}:{view.bar}")


def _decide(agent: Agent, view: View, held: Decimal | None, batch: Batch, capital: FarmCapital) -> _Run:
    """The decision, its order placed in the batch. One that the gate or the funds refuse is there too, as rejected.

    An entry whose stop or target the market has passed since the bar closed is a skip: there is nothing to protect
    then.
    """
    signal = view.signal
    means = partial(means_of, agent, view, batch, capital, held)
    decision = decide(signal=signal, held=held, means=means, may_short=may_short(agent))
    run = _Run(agent, view, decision)
    if run.decision.quantity <= 0:
        return run
    enters = run.decision.kind == "enter"
    try:
        run.order = batch.place(agent.wallet_id, terms_of(agent, signal, run.decision, held, batch))
    except WrongSideError as error:
        run.decision = replace(run.decision, kind="skip", explanation=_instead(run.decision, error.sentence))
        return run
    if enters and run.order.status == Order.Status.SUBMITTING:
        capital.bought(agent.instrument, run.order.quantity)
    return run


def terms_of(agent: Agent, signal: Signal, decision: Decision, held: Decimal | None, batch: Batch) -> Terms:
    """What the order of a decision to enter or to leave asks for."""
    enters = decision.kind == "enter"
    standing = batch.facts(agent.wallet_id).standing
    # What an order of its owner rests with is sold by that one.
    free = decision.quantity if enters else abs(standing.position) - standing.selling
    is_buy = signal.enter > 0 if enters else held is not None and held < 0
    return Terms(
        side=Side.BUY if is_buy else Side.SELL,
        quantity=min(decision.quantity, free) if free > 0 else decision.quantity,
        reason=decision.explanation,
        reduce_only=not enters,
        exit_stop=signal.stop if enters else None,
        exit_target=signal.target if enters else None,
        exit_trail=signal.trail if enters else None,
        leverage=agent.leverage if may_short(agent) else None,
    )


def means_of(agent: Agent, view: View, batch: Batch, capital: FarmCapital, held: Decimal | None) -> Means:
    """What the agent may spend now, with what leaving what is `held` would free, and what its farm leaves it in the
    instrument."""
    facts, instrument = batch.facts(agent.wallet_id), agent.instrument
    price = facts.price(is_buy=view.signal.enter > 0) or view.signal.close
    left = capital.quantity(instrument) - (abs(held) if held else Decimal(0))
    room = capital.value(instrument) * agent.farm.cap_of(instrument.symbol) - left * price
    freed = freed_by_leaving(wallet_id=agent.wallet_id, instrument=instrument, price=price) if held else Decimal(0)
    return Means(
        cash=max(facts.purse(instrument.quote).spendable + freed, Decimal(0)),
        price=price,
        room=room,
        sizing="risk" if agent.sizing == Agent.Sizing.RISK else "cash",
        size=agent.size,
        fee_rate=taker_fee(facts.wallet),
        lot=instrument.lot_size,
        minimum_notional=instrument.minimum_notional,
        exposure=exposure(facts.path),
        leverage=agent.leverage if may_short(agent) else None,
        obstacle=capital.entries.obstacle(instrument),
    )


def _answered(run: _Run) -> Decision:
    """The decision, a skip that says so where its order was refused."""
    if run.order is None or run.order.status != Order.Status.REJECTED:
        return run.decision
    what = "entry" if run.decision.kind == "enter" else "exit"
    return replace(run.decision, kind="skip", explanation=_instead(run.decision, f"The {what} was refused."))


def _instead(decision: Decision, why: Told) -> Sentence:
    """The reason of a decision that came to nothing, and why: it does not begin with what was not done."""
    _, _, reason = decision.explanation.template.partition(": ")
    lead = SKIP if decision.kind == "enter" else NO_EXIT
    return joined(Sentence(f"{lead}: {reason}", decision.explanation.values), why)
