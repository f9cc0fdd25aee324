"""What is told of an agent, a farm or the portfolio: its state, what happened, and what was said.

Read with the selectors of pages and API, at one moment for all that an owner's front ends watch, whatever their number.
What the API has a shape for is told in that shape: amounts are texts, what is unknown is null.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from django.db.models import Q
from ninja import Schema

from farms.models import AgentRun
from farms.schemas import AgentOut, FarmOut, RunOut
from farms.selectors import AgentRow, FarmFacts, RunRow, agent_runs, farm_facts, farm_rows, run_row, states_of
from farms.selectors.agents import rows_of
from kit import clock
from kit.decimals import plain
from kit.statuses import State
from markets.models import Instrument
from portfolio import valuation
from portfolio.exposure import limits as exposure_limits
from portfolio.exposure.measuring import read_exposure
from portfolio.exposure.schemas import ExposureLevelOut
from portfolio.exposure.standing import rows_of as levels_shown
from portfolio.selectors.standings import Standing, standings
from trading.limit_schemas import LimitsOut, limits_out
from trading.schemas import OrderOut, PositionOut
from trading.selectors import (
    Counted,
    OrderRow,
    PositionRow,
    counted_on_paths,
    fills,
    open_positions,
    orders,
    unfinished_orders,
    wallet_limits,
)
from wallets.hierarchy.schemas import WalletOut
from wallets.hierarchy.shown import wallet_shown
from wallets.hierarchy.states import work_of
from wallets.hierarchy.tree import WalletNode, wallet_tree
from wallets.models import Wallet

HAPPENED_MOST: Final = 50
SAID_MOST: Final = 10
# Of positions and of orders; a front end that needs more asks the API for pages.
ROWS_MOST: Final = 200
ORDERS_READ: Final = 1000
_FIGURES: Final = (
    "equity", "cash", "invested", "unrealized_pnl", "realized_pnl", "fees", "gross_exposure", "net_exposure",
)  # fmt: skip

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Subject:
    """What is watched: `agents` or `farms` with an id, or the `portfolio`."""

    kind: str
    id: UUID | None = None

    @property
    def name(self) -> str:
        return self.kind if self.id is None else f"{self.kind}-{self.id}"


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision of an agent, as it is told. `order` is null where it placed none."""

    id: int
    agent: str
    words: str
    seen: Json
    order: Json | None


@dataclass(frozen=True, slots=True)
class Reading:
    """A subject at one moment. `happened` holds entries by their names, `decisions` the newest ones, oldest first.

    `kept` is what no price changes of what it was read from when all of it was read, and `row` that of an agent. The
    prices of the instruments `markets` change it; of none, any may.
    """

    state: Json
    happened: dict[str, Json]
    decisions: tuple[Decision, ...]
    kept: "_Kept | None" = None
    markets: frozenset[int] = frozenset()
    row: AgentRow | None = None


@dataclass(frozen=True, slots=True)
class _Kept:
    """What is read again only when something else than prices has changed."""

    read_at: datetime
    work: Mapping[UUID, Any]
    orders: tuple[OrderRow, ...]


def read(
    *, owner_id: UUID, subjects: Collection[Subject], before: Mapping[Subject, Reading] = MappingProxyType({})
) -> dict[Subject, Reading]:
    """The subjects that are there. Runs as the tenant, reading.

    Of those that are in `before` nothing has changed but prices: what happened, was decided and is allowed stays, and
    so do orders and what an agent is; none of it is read again.
    """
    book = _Book(owner_id, before)
    rows = {subject: before[subject].row for subject in subjects if subject in before}
    agents = {subject.id for subject in subjects if subject.kind == "agents" and rows.get(subject) is None}
    farms = {subject.id for subject in subjects if subject.kind == "farms"}
    found: dict[Subject, Reading] = {}
    for subject, row in rows.items():
        if row is not None and (now := book.priced(row)) is not None:
            about = book.about(subject, now.wallet_id, now.standing, now.state.next_at)
            found[subject] = replace(before[subject], state={"agent": shown(AgentOut, now), **about})
    if agents:
        states = states_of(farm_facts(owner_id=owner_id, only=Q(agents__in=agents)))
        hired = tuple(rows_of(owner_id, book.nodes, book.stand, states, only=Q(pk__in=agents)))
        book.count([agent.wallet_id for agent in hired])
        for agent in hired:
            subject = Subject("agents", agent.id)
            about = book.about(subject, agent.wallet_id, agent.standing, agent.state.next_at)
            state = {"agent": shown(AgentOut, agent), **about}
            runs = agent_runs(owner_id=owner_id, agent_id=agent.id)
            signals = runs.exclude(decision=AgentRun.Decision.HOLD)
            reading = _reading(state, book, subject, agent.wallet_id, signals=signals, decided=runs)
            found[subject] = replace(reading, row=agent)
    known = farm_rows(owner_id=owner_id, farm_ids=[pk for pk in farms if pk]) if farms else ()
    book.count([farm.wallet_id for farm in known if Subject("farms", farm.id) not in before])
    for farm in known:
        next_at = _first(agent.state.next_at for agent in farm.agents)
        subject = Subject("farms", farm.id)
        state = {"farm": shown(FarmOut, farm), **book.about(subject, farm.wallet_id, farm.standing, next_at)}
        acted = agent_runs(owner_id=owner_id, farm_id=farm.id).exclude(decision=AgentRun.Decision.HOLD)
        newest = acted.order_by("-created_at")
        found[subject] = _reading(state, book, subject, farm.wallet_id, signals=newest, decided=newest)
    if any(subject.kind == "portfolio" for subject in subjects):
        found[Subject("portfolio")] = _reading(_portfolio(book), book, Subject("portfolio"), None)
    return found


def shown(shape: type[Schema], row: Any) -> Json:
    """The row as the API tells it, in what JSON knows."""
    return shape.model_validate(row).model_dump(mode="json")


class _Book:
    """What all subjects of an owner are read from, once each."""

    def __init__(self, owner_id: UUID, before: Mapping[Subject, Reading]) -> None:
        self.owner_id, self.before = owner_id, before
        self.read_at, self.counted = clock.now(), dict[UUID, Counted]()
        older = [reading.kept for reading in before.values() if reading.kept is not None]
        self._older = max(older, key=lambda kept: kept.read_at, default=None)

    @cached_property
    def kept(self) -> _Kept:
        return _Kept(self.read_at, self.work, self.orders)

    @cached_property
    def nodes(self) -> dict[UUID, WalletNode]:
        return {node.id: node for node in wallet_tree(owner_id=self.owner_id)}

    @cached_property
    def stand(self) -> dict[UUID, Standing]:
        return standings(owner_id=self.owner_id)

    @cached_property
    def work(self) -> Mapping[UUID, Any]:
        return self._older.work if self._older else work_of(self.owner_id)

    @cached_property
    def positions(self) -> tuple[PositionRow, ...]:
        return open_positions(owner_id=self.owner_id)

    @cached_property
    def orders(self) -> tuple[OrderRow, ...]:
        return self._older.orders if self._older else unfinished_orders(owner_id=self.owner_id, limit=ORDERS_READ)

    @cached_property
    def markets(self) -> frozenset[int]:
        """Those of what is held, and of what it is counted in."""
        counted = {node.base_asset for node in self.nodes.values()} | {one.base for one in self.stand.values()}
        held = {holding.asset for node in self.nodes.values() for holding in node.holdings}
        known = Instrument.objects.filter(base__in=counted | held).values_list("pk", flat=True)
        return frozenset(known).union(row.instrument_id for row in self.positions)

    @cached_property
    def held(self) -> dict[tuple[UUID, str], PositionRow]:
        return {(row.wallet_id, row.symbol): row for row in self.positions}

    def priced(self, agent: AgentRow) -> AgentRow | None:
        """The agent at the prices of now; None where its wallet is gone."""
        node, standing = self.nodes.get(agent.wallet_id), self.stand.get(agent.wallet_id)
        if node is None or standing is None:
            return None
        position = self.held.get((agent.wallet_id, agent.symbol))
        return replace(agent, standing=standing, free=node.free_value, position=position)

    def is_within(self, wallet_id: UUID, top: UUID) -> bool:
        """Whether the first wallet is the second one or stands below it."""
        at: UUID | None = wallet_id
        while at is not None and at != top:
            at = self.nodes[at].parent_id
        return at is not None

    def rows(self, top: UUID | None) -> Json:
        """Open positions and unfinished orders of the wallet and below it, or of all; the newest of many."""
        positions = [row for row in self.positions if top is None or self.is_within(row.wallet_id, top)]
        unfinished = [row for row in self.orders if top is None or self.is_within(row.wallet_id, top)]
        return {
            "positions": {str(row.id): shown(PositionOut, row) for row in positions[:ROWS_MOST]},
            "orders": {str(row.id): shown(OrderOut, row) for row in unfinished[:ROWS_MOST]},
            "left_out": max(len(positions) - ROWS_MOST, 0) + max(len(unfinished) - ROWS_MOST, 0),
        }

    def about(self, subject: Subject, wallet_id: UUID, standing: Standing, next_at: datetime | None) -> Json:
        """What is told of an agent's or a farm's money: wallet, positions, orders, day, limits, age of the data."""
        node = self.nodes[wallet_id]
        rows = self.rows(wallet_id)
        priced = [row["mark_at"] for row in rows["positions"].values() if row["mark_at"]]
        return {
            "wallet": shown(WalletOut, wallet_shown(node, self.work)),
            **rows,
            "today": _today(standing),
            "limits": self._limits(subject, wallet_id),
            "next_run_at": _moment(next_at),
            "data": {
                "connection": node.freshness.word,
                "synced_at": _moment(node.synced_at),
                "priced_at": min(priced, default=None),
                "is_paper": node.is_paper,
            },
        }

    def count(self, wallet_ids: Sequence[UUID]) -> None:
        """Have what the gate counts on the paths of all of them, in one statement."""
        if wallet_ids:
            self.counted |= counted_on_paths(wallet_ids)

    def _limits(self, subject: Subject, wallet_id: UUID) -> Json:
        """The limits on the path, and of each connection and wallet there how much of them is used.

        Prices change no number of orders and positions: what was counted stays until all is read again.
        """
        if subject in self.before:
            told = self.before[subject].state["limits"]
        else:
            told = shown(LimitsOut, limits_out(wallet_limits(owner_id=self.owner_id, wallet_id=wallet_id)))
        return {"applied": told["applied"], "path": [{**step, "used": self._used(step)} for step in told["path"]]}

    def _used(self, step: Json) -> Json | None:
        """What the day has cost, as a fraction, and what the gate counts; null is what nothing is counted of."""
        if step["role"] == "platform":
            return None
        step_id = UUID(step["id"])
        counted = step.get("used") or asdict(self.counted.get(step_id, Counted()))
        return {**counted, "daily_loss": self._lost(step_id)}

    def _lost(self, step_id: UUID) -> str | None:
        if step_id not in self.nodes or (fallen := self.stand[step_id].today_return) is None:
            return None
        return plain(max(-Decimal(fallen), Decimal(0)).quantize(_FALL))


_FALL: Final = Decimal("1e-8")


def _portfolio(book: _Book) -> Json:
    owner_id = book.owner_id
    facts = farm_facts(owner_id=owner_id)
    states = states_of(facts)
    given = valuation.parameters(owner_id=owner_id, at=clock.now(), only=owner_id)
    now, exposure = valuation.value(given), read_exposure(given)
    nothing = Standing(now.base, Decimal(0), Decimal(0), Decimal(0), today_return=None, twr=None)
    standing = book.stand.get(owner_id, nothing)  # who has no wallet yet has nothing
    levels = levels_shown(
        exposure_limits.standings_of(exposure_limits.limits_of(owner_id=owner_id, wallet_id=None), exposure)
    )
    masters = [node for node in book.nodes.values() if node.role == Wallet.Role.MASTER]
    known = {name: plain(getattr(now, name)) if now.is_known else None for name in _FIGURES}
    return {
        "portfolio": {
            "base": now.base, **known, "funding": plain(standing.funding), "profit": _amount(standing.profit),
            "twr": standing.twr, "is_stale": now.is_stale, "unpriced": list(now.unpriced),
        },
        "wallets": {str(node.id): shown(WalletOut, wallet_shown(node, book.work)) for node in masters},
        "farms": {str(farm.id): _farm(farm, states[farm.id], book) for farm in facts if farm.status != "archived"},
        **book.rows(None),
        "today": _today(standing),
        "limits": {
            f"{row['limit_id']} {row['subject']}".strip(): shown(ExposureLevelOut, row) for row in levels
        },
        "next_run_at": _moment(_first(state.next_at for state in states.values())),
        "data": {
            "behind": sorted({node.connection_name for node in masters if node.freshness.is_behind}),
            "synced_at": _moment(_first(node.synced_at for node in masters)),
            "priced_at": _moment(_first(row.mark_at for row in book.positions)),
        },
    }  # fmt: skip


def _farm(farm: FarmFacts, state: State, book: _Book) -> Json:
    standing = book.stand[farm.wallet_id]
    return {
        "name": farm.name, "status": str(farm.status), "state": state.code, "state_words": state.exact,
        "agents": farm.size, "running": farm.running, "value": _amount(standing.value),
        "today": _amount(standing.today), "next_decision_at": _moment(state.next_at),
    }  # fmt: skip


def _today(standing: Standing) -> Json:
    return {"base": standing.base, "profit": _amount(standing.today), "return": standing.today_return}


def _amount(value: Decimal | None) -> str | None:
    return None if value is None else plain(value)


def _moment(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat().replace("+00:00", "Z")


def _first(moments: Iterable[datetime | None]) -> datetime | None:
    return min((at for at in moments if at is not None), default=None)


# --- what happened and what was said -------------------------------------------------------------------------------


def _reading(
    state: Json,
    book: _Book,
    subject: Subject,
    wallet_id: UUID | None,
    *,
    signals: Iterable[Any] | None = None,
    decided: Any = None,
) -> Reading:
    if (before := book.before.get(subject)) is not None:
        return replace(before, state=state)  # what is kept stays what all of it was read from
    where = None if wallet_id is None else [wallet_id]
    placed = orders(owner_id=book.owner_id, wallet_ids=where, limit=HAPPENED_MOST)
    entries: dict[str, Json] = {f"order-{row.id}": _order_entry(row) for row in placed}
    for fill in fills(owner_id=book.owner_id, wallet_ids=where, limit=HAPPENED_MOST):
        entries[f"fill-{fill.id}"] = {
            "at": _moment(fill.filled_at), "kind": "fill", "wallet": fill.wallet, "symbol": fill.symbol,
            "order_id": str(fill.order_id), "side": fill.side, "quantity": plain(fill.quantity),
            "price": plain(fill.price), "fee": plain(fill.fee), "fee_asset": fill.fee_asset,
        }  # fmt: skip
    decisions: tuple[Decision, ...] = ()
    if decided is not None:
        for run in map(run_row, signals[:HAPPENED_MOST]):  # type: ignore[index]  # they come with the decisions
            entries[f"signal-{run.id}"] = _signal_entry(run)
        decisions = tuple(_decision(run) for run in sorted(map(run_row, decided[:SAID_MOST]), key=lambda run: run.id))
    newest = sorted(entries, key=lambda name: entries[name]["at"], reverse=True)[:HAPPENED_MOST]
    return Reading(state, {name: entries[name] for name in newest}, decisions, book.kept, book.markets)


def _order_entry(row: OrderRow) -> Json:
    is_refused = row.outcome in ("refused", "rejected")
    return {
        "at": _moment(row.created_at), "kind": "refusal" if is_refused else "order", "wallet": row.wallet,
        "symbol": row.symbol, "order_id": str(row.id), "side": row.side, "quantity": plain(row.quantity),
        "filled_quantity": plain(row.filled_quantity), "outcome": row.outcome,
        "words": row.refusal.exact if is_refused else row.reason.exact,
    }  # fmt: skip


def _signal_entry(run: RunRow) -> Json:
    return {
        "at": _moment(run.bar_closed_at), "kind": "signal", "agent": run.agent, "decision": run.decision,
        "order_id": None if run.order_id is None else str(run.order_id), "words": run.explanation.exact,
    }  # fmt: skip


def _decision(run: RunRow) -> Decision:
    told = shown(RunOut, run)
    seen = {name: told[name] for name in ("agent_id", "bar_closed_at", "close", "indicators", "decision")}
    order = None
    if run.order_id is not None:
        asked = {name: told[name] for name in ("numbers", "exit_stop", "exit_target")}
        result = {"order_id": told["order_id"], "status": run.order_status, "refusal": told["refusal"]}
        order = {"asked": asked, "result": result}
    return Decision(run.id, run.agent, run.explanation.exact, seen, order)
