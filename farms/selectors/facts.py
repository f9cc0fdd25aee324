"""What the states of farms and agents depend on: the facts of all that an owner has, in one query."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import BigIntegerField, BooleanField, Exists, F, Func, JSONField, OuterRef, Q, QuerySet, Subquery
from django.db.models import Value as Given

from farms.engine.policy import Schedule
from farms.models import Agent, Farm
from farms.selectors.rooms import Market, full_markets
from kit import clock
from kit.sentences import Sentence
from kit.statements import Statement
from trading.models import Order, Position
from trading.models.orders import LEAVES
from trading.orders.states import UNFINISHED
from trading.risk import gate
from trading.risk.limits import told
from trading.risk.locks import told_of
from wallets.models import Account, Connection, Wallet

ZERO: Final = Decimal(0)


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
    """What an agent's state depends on. `free` is its wallet's own cash in `quote`, `farm_free` its farm's.

    `is_ordering` is what keeps a run from deciding: an order without an answer, and none that rests. `is_opening` is
    what the gate allows one of: an order that would open a position in its market. `is_full` says that the policy
    of its farm leaves no room for that: it holds as much as it may, or may hold less than the smallest order.
    """

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
    is_opening: bool
    refusals: Refusals | None
    path: tuple[gate.Limits, ...]
    lock: gate.Lock | None = None
    is_full: bool = False


@dataclass(frozen=True, slots=True)
class FarmFacts:
    """A farm with what is true of its agents, in the order in which they were hired, and what its policy says of
    entries: the markets `allowed` (none means all) and when."""

    id: UUID
    name: str
    status: str
    wallet_id: UUID
    agents: tuple[AgentFacts, ...]
    allowed: tuple[str, ...]
    schedule: Schedule
    is_pool: bool = False

    @property
    def running(self) -> int:
        return sum(agent.status == Agent.Status.RUNNING for agent in self.agents)

    @property
    def size(self) -> int:
        """How many agents it has that are not archived."""
        return sum(agent.status != Agent.Status.ARCHIVED for agent in self.agents)


def farm_facts(*, owner_id: UUID, only: Q | None = None) -> tuple[FarmFacts, ...]:
    """The owner's farms, oldest first: one query, one more where a protection holds one back, and those of
    `full_markets` where a market of one that may enter may be full. `only` says of which farms, or
    of which `agents`."""
    known = ROWS.rows(owner_id=owner_id) if only is None else []
    rows: dict[UUID, list[dict[str, Any]]] = {}
    for row in (dict(zip(NAMES, values, strict=True)) for values in known) if only is None else _rows(owner_id, only):
        rows.setdefault(row["pk"], []).append(row)
    every = [row for of_farm in rows.values() for row in of_farm]
    locks = told_of({row["lock"] for row in every if row["lock"] is not None})
    full = full_markets([_market(row) for row in every if _may_enter(row) and _may_be_full(row)])
    return tuple(
        FarmFacts(
            id=first["pk"],
            name=first["name"],
            status=first["status"],
            wallet_id=first["wallet_id"],
            agents=tuple(_agent(row, locks, full) for row in of_farm if row["agents__pk"] is not None),
            allowed=tuple(first["allowed_symbols"]),
            schedule=Schedule(
                tuple(first["trading_days"]), first["opens_at"], first["closes_at"], ZoneInfo(first["owner__timezone"])
            ),
            is_pool=first["wallet__role"] == Wallet.Role.POOL,
        )
        for of_farm in rows.values()
        for first in of_farm[:1]
    )


# The wallets of a path from the agent's own upwards, as an agent's row reaches them.
_WALLETS: Final = ("agents__wallet", "agents__wallet__parent", "agents__wallet__parent__parent")
_CONNECTION: Final = "agents__wallet__connection"
_LIMIT: Final = ("allowed_symbols", "maximum_notional", "notional_asset", "maximum_daily_loss", "lost", "rests_until")
_COLUMNS: Final = (
    "pk", "name", "status", "wallet_id", "wallet__role", "allowed_symbols", "trading_days", "opens_at", "closes_at",
    "caps", "maximum_share", "owner__timezone", "agents__pk", "agents__name", "agents__status",
    "agents__failures", "agents__status_detail", "agents__last_bar", "agents__timeframe", "agents__wallet_id",
    "agents__instrument", "agents__instrument__symbol", "agents__instrument__venue", "agents__instrument__base",
    "agents__instrument__quote", "agents__instrument__minimum_notional",
    *(f"{step}__name" for step in (_CONNECTION, *_WALLETS)),
    *(f"{_CONNECTION}__{column}" for column in ("state", "is_paper", "live_at")),
    *(f"{wallet}__trading_state" for wallet in _WALLETS),
    *(f"{step}__limit__{column}" for step in (_CONNECTION, *_WALLETS) for column in _LIMIT),
)  # fmt: skip


def _rows(owner_id: UUID, *only: Q) -> QuerySet[Farm, dict[str, Any]]:
    """A row for each agent, and one for a farm without any."""
    there = Position.objects.filter(instrument_id=OuterRef("agents__instrument_id"), closed_at=None)
    opening = Order.objects.unfinished().filter(~LEAVES, instrument_id=OuterRef("agents__instrument_id"))
    rows: QuerySet[Farm, dict[str, Any]] = (
        Farm.objects.filter(*only, owner_id=owner_id)
        .order_by("created_at", "pk", "agents__created_at", "agents__pk")
        .annotate(
            free=_cash("agents__wallet_id"),
            farm_free=_cash("wallet_id"),
            is_holding=Exists(there.filter(wallet_id=OuterRef("agents__wallet_id"))),
            is_shared=Exists(there.filter(wallet__parent_id=OuterRef("wallet_id")))
            | Exists(opening.filter(wallet__parent_id=OuterRef("wallet_id"))),
            is_ordering=Func(
                F("agents__wallet_id"), Given(sorted(UNFINISHED)), function="has_orders", output_field=BooleanField()
            ),
            is_opening=Exists(opening.filter(wallet_id=OuterRef("agents__wallet_id"))),
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


NAMES: Final = (
    *_COLUMNS,
    "free",
    "farm_free",
    "is_holding",
    "is_shared",
    "is_ordering",
    "is_opening",
    "refusals",
    "lock",
)
ROWS: Final = Statement(_rows)


def _cash(wallet: str) -> Subquery:
    accounts = Account.objects.filter(
        wallet_id=OuterRef(wallet), asset=OuterRef("agents__instrument__quote"), kind=Account.Kind.WALLET
    )
    return Subquery(accounts.values(free=F("balance") - F("held"))[:1])


def _may_enter(row: Mapping[str, Any]) -> bool:
    return not row["is_holding"] and row["agents__status"] == Agent.Status.RUNNING == row["status"]


def _may_be_full(row: Mapping[str, Any]) -> bool:
    """Whether another agent of its farm is in its market or on its way there, or the cap there may be less than the
    smallest order: the farm is worth what is seen here at least."""
    if row["is_shared"]:
        return True
    market = _market(row)
    return market.cap < 1 and ((row["free"] or ZERO) + (row["farm_free"] or ZERO)) * market.cap < market.smallest


def _market(row: Mapping[str, Any]) -> Market:
    symbol = row["agents__instrument__symbol"]
    return Market(
        farm=row["wallet_id"],
        instrument=row["agents__instrument"],
        venue=row["agents__instrument__venue"],
        base=row["agents__instrument__base"],
        quote=row["agents__instrument__quote"],
        cap=Farm(caps=row["caps"], maximum_share=row["maximum_share"]).cap_of(symbol),
        smallest=row["agents__instrument__minimum_notional"],
    )


def _agent(row: Mapping[str, Any], locks: Mapping[int, gate.Lock], full: Collection[tuple[UUID, int]]) -> AgentFacts:
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
        is_opening=row["is_opening"],
        refusals=_refusals(row["refusals"]),
        path=tuple(_step(row, step) for step in (_CONNECTION, *reversed(_WALLETS)) if row[f"{step}__name"]),
        lock=locks.get(row["lock"]),
        is_full=(row["wallet_id"], row["agents__instrument"]) in full,
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
