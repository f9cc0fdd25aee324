"""What each farm and agent does now, or what keeps it from it: the states that the facts come to.

The words say what is missing and the step says how it is put right, worst cause first: a person can act on one thing at
a time. Whether a limit that is counted in another asset has a price is left to the agent's page, which asks for prices.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.urls import reverse

from farms.engine.policy import closed, forbidden
from farms.models import Agent, Farm
from farms.selectors.facts import AgentFacts, FarmFacts, Refusals
from kit import clock
from kit.sentences import Told, Value, amount, day, moment, number, sentence, stored
from kit.statuses import State, Step
from markets.candles.reading import milliseconds
from markets.candles.reading import moment as moment_of
from markets.models import Timeframe
from trading.risk import gate, locked
from trading.selectors.limits import NO_MARKETS, NO_MAXIMUM, NO_SHARED_MARKET, NOT_ALLOWED

ZERO: Final = Decimal(0)
# A bar whose candle has not come by the time the next one closes is late.
LATE_BARS: Final = 3
ORDERING: Final = "Waiting: an order is on its way"
RESTING: Final = "Waiting: an order for {symbol} rests"
ONE_AT_A_TIME: Final = "Nothing else is entered there until it is filled or cancelled."


def agent_state(agent: AgentFacts, *, farm: FarmFacts, now: datetime | None = None) -> State:
    """What the agent does at `now` (default: this moment), or the first thing that keeps it from trading."""
    at = now or clock.now()
    first = next(obstacles(agent, farm=farm, now=at), None)
    return first if first is not None else State("running", "Running", next_at=next_close(agent.timeframe, at))


def obstacles(agent: AgentFacts, *, farm: FarmFacts, now: datetime) -> Iterator[State]:
    """All that keeps it from trading, or from an entry while it holds nothing; what comes first is put right first."""
    if agent.status == Agent.Status.ARCHIVED:
        yield State("archived", "Archived")
        return
    yield from _not_started(agent, farm)
    if agent.failures and agent.status == Agent.Status.RUNNING:
        yield State(
            "failing", "Failing: {failures}× in a row", stored(failures=agent.failures), agent.detail,
            Step("See its runs", reverse("farms:agent", args=[agent.id])),
        )  # fmt: skip
    if (stopped := _stopped(agent)) is not None:
        yield stopped
    if agent.is_ordering:
        yield State("waiting", ORDERING, action=_orders(agent))
    if not agent.is_holding:
        if (obstacle := _obstacle(agent, farm)) is not None:
            yield obstacle
        if agent.is_opening and not agent.is_ordering:
            yield State("waiting", RESTING, stored(symbol=agent.symbol), ONE_AT_A_TIME, _orders(agent))
        yield from _policy(agent, farm, now)
    if agent.refusals is not None:
        yield _refused(agent, agent.refusals)
    if agent.status == Agent.Status.RUNNING and (behind := _behind(agent, now)) is not None:
        yield behind


def _not_started(agent: AgentFacts, farm: FarmFacts) -> Iterator[State]:
    if agent.status == Agent.Status.PAUSED:
        yield _resting(agent, farm)
    if farm.status == Farm.Status.REHEARSING:
        yield State("rehearsing", "Building its history")
    if farm.status == Farm.Status.PAUSED and not farm.is_pool:
        yield State("waiting", "Waiting: farm paused", action=_start_farm(farm.id))


def states_of(farms: Iterable[FarmFacts]) -> dict[UUID, State]:
    """The state of each agent and each farm by its id."""
    now = clock.now()
    found: dict[UUID, State] = {}
    for farm in farms:
        agents = {agent.id: agent_state(agent, farm=farm, now=now) for agent in farm.agents}
        found |= agents | {farm.id: farm_state(farm, tuple(agents.values()))}
    return found


def farm_state(farm: FarmFacts, states: Sequence[State]) -> State:
    """What the farm does, with the `states` of its agents."""
    if farm.status == Farm.Status.ARCHIVED:
        return State("archived", "Archived")
    if farm.status == Farm.Status.REHEARSING:
        return State("rehearsing", "Building its history")
    if farm.is_pool:
        free = "{count} free agent" if farm.size == 1 else "{count} free agents"
        return State("paused", free, stored(count=farm.size)) if farm.size else State("new", "No free agents")
    if all(agent.status == Agent.Status.ARCHIVED for agent in farm.agents):
        return State(
            "new", "Nobody works here yet", action=Step("Hire an agent", reverse("farms:hire", args=[farm.id]))
        )
    if farm.status == Farm.Status.PAUSED:
        if farm.running:
            waiting = "{count} agent waits" if farm.running == 1 else "{count} agents wait"
            return State("held_up", f"Paused: {waiting}", stored(count=farm.running), action=_start_farm(farm.id))
        return State("paused", "Paused", action=_start_farm(farm.id))
    worst, others = _worst(states)
    if worst.needs_somebody:
        more = f" · {others} more" if others else ""
        return State(worst.code, f"{worst.template}{more}", worst.values, worst.detail, worst.action)
    deciding = [state.next_at for state in states if state.next_at is not None]
    if not farm.running:
        return State("paused", "No agent is started")
    return State("running", "Running", next_at=min(deciding, default=None))


def next_close(timeframe: str, now: datetime) -> datetime:
    """When the candle of `timeframe` that is open at `now` closes."""
    length = Timeframe(timeframe).length // timedelta(milliseconds=1)
    return moment_of((milliseconds(now) // length + 1) * length)


def _worst(states: Sequence[State]) -> tuple[State, int]:
    """The worst state, and how many others need somebody too."""
    ordered = sorted(states, key=lambda state: state.rank)
    return ordered[0], sum(state.needs_somebody for state in ordered[1:])


def _resting(agent: AgentFacts, farm: FarmFacts) -> State:
    if farm.is_pool:
        return State("paused", "Free: in no farm", action=Step("Move", reverse("farms:agent-move", args=[agent.id])))
    start = Step("Start", reverse("farms:agent-start", args=[agent.id]), is_form=True)
    if agent.failures:
        return State(
            "failed", "Failed: {failures}× in a row", stored(failures=agent.failures), agent.detail,
            Step("Start again", start.url, is_form=True),
        )  # fmt: skip
    if not agent.is_holding and agent.free <= 0:
        return State("paused", "Paused: no money yet", action=_allocate(agent, farm_wallet_id=None))
    return State("paused", "Paused", action=start)


def _stopped(agent: AgentFacts) -> State | None:
    """A connection or a wallet of the path that is not active."""
    for step in agent.path:
        named = stored(name=step.name)
        if step.trading_state == gate.CLOSED:
            connections = Step("Make it active", reverse("wallets:connections"))
            return State("held_up", "Waiting: connection {name} is not active", named, action=connections)
        if step.trading_state == gate.WATCHING:
            connections = Step("Make it live", reverse("wallets:connections"))
            return State("cannot_trade", "Cannot trade: connection {name} only watches", named, action=connections)
        if step.trading_state in (gate.HALTED, gate.FROZEN):
            return State("cannot_trade", "Cannot trade: {name} is halted", named, action=_settings(agent, "Resume"))
        if step.trading_state == gate.REDUCING and not agent.is_holding:
            return State("cannot_trade", "Cannot buy: {name} only sells", named, action=_settings(agent, "Resume"))
        if step.rests_until is not None and not agent.is_holding:
            fallen = stored(lost=number(f"{(step.lost or 0) * 100:.2f}"))
            return State(
                "waiting", "Waiting: {name} lost {lost} % today", named | fallen,
                "Its limit for a day is reached: nothing is bought until the next.", _limits(agent, "See limits"),
                next_at=step.rests_until,
            )  # fmt: skip
    if (lock := agent.lock) is not None and not agent.is_holding:
        return State(
            "waiting", _HELD[lock.kind], stored(wallet=lock.wallet), lock.words, _limits(agent, "See limits"),
            next_at=lock.until,
        )  # fmt: skip
    return None


# What holds buying back, in as few words as a status has room for.
_HELD: Final = {
    locked.COOLDOWN: "Waiting: pause after its stop",
    locked.DRAWDOWN: "Waiting: {wallet} fell too far",
    locked.PROFIT_FACTOR: "Waiting: its trades lost too much",
}


def _obstacle(agent: AgentFacts, farm: FarmFacts) -> State | None:
    """What keeps an agent without a position from opening one: its limits, then its money."""
    symbols, limits = gate.shared_symbols(agent.path), _limits(agent)
    if symbols is None:
        return State("cannot_trade", "Cannot trade: no limits", detail=NO_MARKETS, action=limits)
    if not symbols:
        return State("cannot_trade", "Cannot trade: no market allowed", detail=NO_SHARED_MARKET, action=limits)
    if agent.symbol not in symbols:
        words, detail = "Cannot trade: {symbol} not allowed", NOT_ALLOWED.format(symbol=agent.symbol)
        return State("cannot_trade", words, stored(symbol=agent.symbol), detail, limits)
    if gate.tightest_notional(agent.path) is None:
        return State("cannot_trade", "Cannot trade: no order size allowed", detail=NO_MAXIMUM, action=limits)
    allocate = _allocate(agent, farm_wallet_id=None if agent.farm_free > 0 else farm.wallet_id)
    if agent.free <= 0:
        return State("cannot_trade", "Cannot trade: no money", action=allocate)
    if agent.free < agent.minimum:
        values = stored(minimum=amount(agent.minimum, agent.quote))
        return State("cannot_trade", "Cannot trade: less than the smallest order of {minimum}", values, action=allocate)
    return None


def _policy(agent: AgentFacts, farm: FarmFacts, now: datetime) -> Iterator[State]:
    """What the policy of its farm has against an entry now."""
    if farm.is_pool:
        return
    symbol, see = stored(symbol=agent.symbol), Step("See the policy", reverse("farms:farm-policy", args=[farm.id]))
    if (why := forbidden(farm.name, farm.allowed, agent.symbol)) is not None:
        yield State("cannot_trade", "Cannot trade: its farm does not allow {symbol}", symbol, why, see)
    if (opens := farm.schedule.next_opening(now)) is not None:
        why = closed(farm.name, farm.schedule, opens)
        until = stored(opens=moment(opens))
        yield State("waiting", "Waiting: its farm enters from {opens} on", until, why, see, next_at=opens)
    if agent.is_full:
        words = "{farm} holds as much of {symbol} as its policy allows, or so nearly that no order fits."
        why = sentence(words, farm=farm.name, symbol=agent.symbol)
        yield State("waiting", "Waiting: its farm has no room for {symbol}", symbol, why, see)


def _refused(agent: AgentFacts, refusals: Refusals) -> State:
    values: dict[str, Value | Told | int] = {"count": refusals.count, "since": day(refusals.since)}
    cause, step = "the venue says no", _orders(agent)
    if refusals.is_by_gate:
        cause = _CAUSES.get(refusals.limit, "the gate says no")
        if refusals.limit == "maximum_notional" and refusals.maximum is not None:
            cause, values["maximum"] = "order over {maximum}", amount(refusals.maximum, agent.quote)
        if refusals.limit in gate.LIMITS:
            step = _limits(agent, "Raise limit" if refusals.limit == "maximum_notional" else "Set limits")
        elif refusals.limit == "funds":
            step = _allocate(agent, farm_wallet_id=None)
    verb = "Refused" if refusals.is_by_gate else "Rejected"
    return State("refused", f"{verb} {{count}}× since {{since}}: {cause}", stored(**values), refusals.words, step)


# What the gate looked at (`trading.risk.gate.CHECKS`, and the funds) in as few words as a status has room for.
_CAUSES: Final = {
    "reserve": "nothing is traded from it",
    "trading_state": "trading was stopped",
    "compared": "its account was not compared",
    "daily_loss": "lost what it may in a day",
    "cooldown_bars": "pause after its stop",
    "maximum_drawdown": "fell too far",
    "minimum_profit_factor": "its trades lost too much",
    "instrument": "the market does not trade",
    "price_age": "no fresh price",
    "lot_size": "less than one lot",
    "unfinished_order": "another order was on its way",
    "reconciliation": "books and venue differ",
    "position": "nothing to sell",
    "minimum_notional": "order too small",
    "allowed_symbols": "market not allowed",
    "maximum_notional": "order too large",
    "maximum_position": "position would be too large",
    "maximum_open_positions": "too many positions open",
    "maximum_risk": "order too risky",
    "exposure": "more than its exposure",
    "maximum_distance": "too far from the market",
    "post_only": "it would take what is there",
    "liquidation": "its stop lies beyond its liquidation",
    "maximum_orders_per_minute": "too many orders in a minute",
    "maximum_correlated": "too much would move together",
    "funds": "not enough money",
}


def _behind(agent: AgentFacts, now: datetime) -> State | None:
    """Its market has had no candle for long."""
    length = Timeframe(agent.timeframe).length
    if agent.last_bar is not None:
        closed = moment_of(agent.last_bar) + length
        if now >= closed + (LATE_BARS - 1) * length:
            return State("behind", "Waiting: no candle since {closed}", stored(closed=moment(closed)))
    return None


def _start_farm(farm_id: UUID) -> Step:
    return Step("Start the farm", reverse("farms:farm-start", args=[farm_id]), is_form=True)


def _allocate(agent: AgentFacts, *, farm_wallet_id: UUID | None) -> Step:
    """To the agent, or first to its farm where that has nothing to give."""
    return Step("Allocate", f"{reverse('wallets:tree')}?wallet={farm_wallet_id or agent.wallet_id}&tab=allocate")


def _settings(agent: AgentFacts, label: str) -> Step:
    return Step(label, f"{reverse('wallets:tree')}?wallet={agent.wallet_id}&tab=settings")


def _limits(agent: AgentFacts, label: str = "Set limits") -> Step:
    return Step(label, reverse("trading:limits", args=[agent.wallet_id]))


def _orders(agent: AgentFacts) -> Step:
    return Step("See orders", f"{reverse('trading:orders')}?wallet={agent.wallet_id}")
