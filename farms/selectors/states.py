"""What each farm and agent does now, or what keeps it from it: the facts in one query, and the states they come to.

The words say what is missing and the step says how it is put right, worst cause first: a person can act on one thing at
a time. Whether a limit that is counted in another asset has a price is left to the agent's page, which asks for prices.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db.models import BigIntegerField, Exists, F, Func, JSONField, OuterRef, Q, QuerySet, Subquery
from django.db.models import Value as Given
from django.urls import reverse

from farms.models import Agent, Farm
from kit import clock
from kit.sentences import Sentence, Told, Value, amount, day, moment, number, stored
from kit.statements import Statement
from kit.statuses import State, Step
from markets.candles.reading import milliseconds
from markets.candles.reading import moment as moment_of
from markets.models import Timeframe
from trading.models import RESTING_STOP, Order, Position
from trading.risk import gate, locked
from trading.risk.limits import told
from trading.risk.locks import told_of
from trading.selectors.limits import NO_MARKETS, NO_MAXIMUM, NO_SHARED_MARKET, NOT_ALLOWED
from wallets.models import Account, Connection, Wallet

ZERO: Final = Decimal(0)
# A bar whose candle has not come by the time the next one closes is late.
LATE_BARS: Final = 3
ORDERING: Final = "Waiting: an order is on its way"


@dataclass(frozen=True, slots=True)
class Refusals:
    """The orders that nobody took since the last accepted one; `limit` and `maximum` of the most frequent reason."""

    count: int
    since: datetime
    is_by_gate: bool
    limit: str
    maximum: Decimal | None
    words: Sentence


@dataclass(frozen=True, slots=True)
class AgentFacts:
    """What an agent's state depends on. `free` is its wallet's own cash in `quote`, `farm_free` its farm's."""

    id: UUID
    name: str
    status: str
    failures: int
    detail: Sentence
    last_bar: int | None
    timeframe: str
    wallet_id: UUID
    symbol: str
    quote: str
    minimum: Decimal
    free: Decimal
    farm_free: Decimal
    is_holding: bool
    is_ordering: bool
    refusals: Refusals | None
    path: tuple[gate.Limits, ...]
    lock: gate.Lock | None = None


@dataclass(frozen=True, slots=True)
class FarmFacts:
    """A farm with what is true of its agents, in the order in which they were hired."""

    id: UUID
    name: str
    status: str
    wallet_id: UUID
    agents: tuple[AgentFacts, ...]
    is_pool: bool = False

    @property
    def running(self) -> int:
        return sum(agent.status == Agent.Status.RUNNING for agent in self.agents)

    @property
    def size(self) -> int:
        """How many agents it has that are not archived."""
        return sum(agent.status != Agent.Status.ARCHIVED for agent in self.agents)


def farm_facts(*, owner_id: UUID, only: Q | None = None) -> tuple[FarmFacts, ...]:
    """The owner's farms, oldest first: one query, and one more where a protection holds one back; `only` says of which
    farms, or of which `agents`."""
    known = ROWS.rows(owner_id=owner_id) if only is None else []
    rows: dict[UUID, list[dict[str, Any]]] = {}
    for row in (dict(zip(NAMES, values, strict=True)) for values in known) if only is None else _rows(owner_id, only):
        rows.setdefault(row["pk"], []).append(row)
    locks = told_of({row["lock"] for of_farm in rows.values() for row in of_farm if row["lock"] is not None})
    return tuple(
        FarmFacts(
            id=first["pk"],
            name=first["name"],
            status=first["status"],
            wallet_id=first["wallet_id"],
            agents=tuple(_agent(row, locks) for row in of_farm if row["agents__pk"] is not None),
            is_pool=first["wallet__role"] == Wallet.Role.POOL,
        )
        for of_farm in rows.values()
        for first in of_farm[:1]
    )


# --- the states -----------------------------------------------------------------------------------------------------


def agent_state(agent: AgentFacts, *, farm: FarmFacts, now: datetime | None = None) -> State:
    """What the agent does at `now` (default: this moment), or the first thing that keeps it from trading."""
    if agent.status == Agent.Status.ARCHIVED:
        return State("archived", "Archived")
    if agent.status == Agent.Status.PAUSED:
        return _resting(agent, farm)
    if farm.status == Farm.Status.REHEARSING:
        return State("rehearsing", "Building its history")
    if farm.status == Farm.Status.PAUSED:
        return State("waiting", "Waiting: farm paused", action=_start_farm(farm.id))
    if agent.failures:
        return State(
            "failing", "Failing: {failures}× in a row", stored(failures=agent.failures), agent.detail,
            Step("See its runs", reverse("farms:agent", args=[agent.id])),
        )  # fmt: skip
    if (stopped := _stopped(agent)) is not None:
        return stopped
    if agent.is_ordering:
        return State("waiting", ORDERING, action=_orders(agent))
    if (obstacle := _obstacle(agent, farm)) is not None:
        return obstacle
    if agent.refusals is not None:
        return _refused(agent, agent.refusals)
    return _at_work(agent, now or clock.now())


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
    if agent.is_holding:
        return None
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


def _at_work(agent: AgentFacts, now: datetime) -> State:
    length = Timeframe(agent.timeframe).length
    if agent.last_bar is not None:
        closed = moment_of(agent.last_bar) + length
        if now >= closed + (LATE_BARS - 1) * length:
            return State("behind", "Waiting: no candle since {closed}", stored(closed=moment(closed)))
    return State("running", "Running", next_at=next_close(agent.timeframe, now))


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


# --- the facts ------------------------------------------------------------------------------------------------------

# The wallets of a path from the agent's own upwards, as an agent's row reaches them.
_WALLETS: Final = ("agents__wallet", "agents__wallet__parent", "agents__wallet__parent__parent")
_CONNECTION: Final = "agents__wallet__connection"
_LIMIT: Final = ("allowed_symbols", "maximum_notional", "notional_asset", "maximum_daily_loss", "lost", "rests_until")
_COLUMNS: Final = (
    "pk", "name", "status", "wallet_id", "wallet__role", "agents__pk", "agents__name", "agents__status",
    "agents__failures", "agents__status_detail", "agents__last_bar", "agents__timeframe", "agents__wallet_id",
    "agents__instrument__symbol", "agents__instrument__quote", "agents__instrument__minimum_notional",
    *(f"{step}__name" for step in (_CONNECTION, *_WALLETS)),
    *(f"{_CONNECTION}__{column}" for column in ("state", "is_paper", "live_at")),
    *(f"{wallet}__trading_state" for wallet in _WALLETS),
    *(f"{step}__limit__{column}" for step in (_CONNECTION, *_WALLETS) for column in _LIMIT),
)  # fmt: skip


def _rows(owner_id: UUID, *only: Q) -> QuerySet[Farm, dict[str, Any]]:
    """A row for each agent, and one for a farm without any."""
    orders = Order.objects.unfinished().exclude(RESTING_STOP).filter(wallet_id=OuterRef("agents__wallet_id"))
    positions = Position.objects.filter(
        wallet_id=OuterRef("agents__wallet_id"), instrument_id=OuterRef("agents__instrument_id"), closed_at=None
    )
    rows: QuerySet[Farm, dict[str, Any]] = (
        Farm.objects.filter(*only, owner_id=owner_id)
        .order_by("created_at", "pk", "agents__created_at", "agents__pk")
        .annotate(
            free=_cash("agents__wallet_id"),
            farm_free=_cash("wallet_id"),
            is_holding=Exists(positions),
            is_ordering=Exists(orders),
            refusals=Func(F("agents__wallet_id"), function="refused_orders", output_field=JSONField()),
            lock=Func(
                F("agents__wallet_id"),
                F("agents__instrument_id"),
                Given(clock.now()),
                function="trading_entry_lock",
                output_field=BigIntegerField(),
            ),
        )
        .values(*NAMES)
    )
    return rows


NAMES: Final = (*_COLUMNS, "free", "farm_free", "is_holding", "is_ordering", "refusals", "lock")
ROWS: Final = Statement(_rows)


def _cash(wallet: str) -> Subquery:
    accounts = Account.objects.filter(
        wallet_id=OuterRef(wallet), asset=OuterRef("agents__instrument__quote"), kind=Account.Kind.WALLET
    )
    return Subquery(accounts.values(free=F("balance") - F("held"))[:1])


def _agent(row: Mapping[str, Any], locks: Mapping[int, gate.Lock]) -> AgentFacts:
    return AgentFacts(
        id=row["agents__pk"],
        name=row["agents__name"],
        status=row["agents__status"],
        failures=row["agents__failures"],
        detail=row["agents__status_detail"],
        last_bar=row["agents__last_bar"],
        timeframe=row["agents__timeframe"],
        wallet_id=row["agents__wallet_id"],
        symbol=row["agents__instrument__symbol"],
        quote=row["agents__instrument__quote"],
        minimum=row["agents__instrument__minimum_notional"],
        free=row["free"] or ZERO,
        farm_free=row["farm_free"] or ZERO,
        is_holding=row["is_holding"],
        is_ordering=row["is_ordering"],
        refusals=_refusals(row["refusals"]),
        path=tuple(_step(row, step) for step in (_CONNECTION, *reversed(_WALLETS)) if row[f"{step}__name"]),
        lock=locks.get(row["lock"]),
    )


def _step(row: Mapping[str, Any], step: str) -> gate.Limits:
    symbols, most = row[f"{step}__limit__allowed_symbols"], row[f"{step}__limit__maximum_notional"]
    if step == _CONNECTION:
        state = gate.ACTIVE if row[f"{step}__state"] == Connection.State.ACTIVE else gate.CLOSED
        if state == gate.ACTIVE and not row[f"{step}__is_paper"] and row[f"{step}__live_at"] is None:
            state = gate.WATCHING
    else:
        state = row[f"{step}__trading_state"]
    said = gate.Limits(
        row[f"{step}__name"], state, None if symbols is None else frozenset(symbols), most, in_unit=most,
        notional_asset=row[f"{step}__limit__notional_asset"] or "",
    )  # fmt: skip
    limit = f"{step}__limit"
    return told(said, row[f"{limit}__maximum_daily_loss"], row[f"{limit}__lost"], row[f"{limit}__rests_until"])


def _refusals(told: Mapping[str, Any] | None) -> Refusals | None:
    if told is None:
        return None
    return Refusals(
        count=told["count"],
        since=datetime.fromisoformat(told["since"]),
        is_by_gate=told["is_by_gate"],
        limit=told["limit"],
        maximum=None if told["maximum"] is None else Decimal(told["maximum"]),
        words=Sentence.of(told["refusal"]),
    )
