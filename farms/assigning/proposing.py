"""Which farm each free agent might work in: one whose kind has its strategy, and whose days are least like its own.

A farm of the strategy's own kind comes before a mixed one; among these the one with the lowest correlation of daily
returns: the agent's own with the farm's, or its market's while the agent has too few. Of a farm that has too few
itself nothing is known, which counts as 0. A proposal changes nothing. What the trader takes of it is moved line by
line in one transaction, if it still is what would be proposed.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import blake2b
from typing import Any, Final
from uuid import UUID

import numpy as np
from django.db import transaction

from farms.analytics.reading import BACK, FEWEST_DAYS, correlation
from farms.kinds import may_have, preset
from farms.models import Agent, AgentFarmAssignment, Farm
from farms.services.changing import require_changeable
from farms.services.moving import move_agent, take_turns
from kit.errors import ConflictError, InvalidInputError, NotFoundError
from kit.sentences import Sentence, number, sentence
from markets.candles.reading import load_candles, moment
from markets.models import Instrument, Timeframe
from portfolio.allocation.returns import Returns, read_returns
from quant import strategies
from quant.errors import UnknownStrategyError
from wallets.models import Wallet

# A change of price of one day that is none: candles with a gap between them.
DAY: Final = timedelta(days=1)


class StaleProposalError(ConflictError):
    """Agents or farms have changed since it was made. Ask for it again."""

    code = "stale_proposal"


@dataclass(frozen=True, slots=True)
class Fit:
    """How an agent and a farm go together: `correlation` over `days` of both, None where too little is known."""

    farm: Farm
    is_own_kind: bool
    correlation: float | None
    days: int
    agents: int

    @property
    def rank(self) -> tuple[bool, float, int, str]:
        """What comes first is proposed."""
        return not self.is_own_kind, self.correlation or 0.0, self.agents, self.farm.name


@dataclass(frozen=True, slots=True)
class Line:
    """A free agent with the farm that is proposed for it, and why; without a farm `why` says what is missing."""

    agent: Agent
    farm: Farm | None
    correlation: float | None
    days: int
    why: Sentence


@dataclass(frozen=True, slots=True)
class Proposal:
    """Of a pool; `seen` stands for its lines, and changes with them."""

    pool: Farm
    lines: tuple[Line, ...]

    @property
    def takeable(self) -> tuple[Line, ...]:
        return tuple(line for line in self.lines if line.farm is not None)

    @property
    def seen(self) -> str:
        said = sorted(f"{line.agent.pk}:{line.farm.pk}" for line in self.takeable if line.farm is not None)
        return blake2b(" ".join(said).encode(), digest_size=16).hexdigest()


def propose(*, owner_id: UUID, pool_id: UUID) -> Proposal:
    """What might be done with the free agents of a pool. Writes nothing.

    Raises NotFoundError, and ConflictError for a farm that is no pool.
    """
    pool = Farm.objects.select_related("wallet").filter(owner_id=owner_id, pk=pool_id).first()
    if pool is None:
        raise NotFoundError("This farm does not exist.")
    if not pool.is_pool:
        raise ConflictError(f"{pool.name} is a farm: its agents are not free.")
    free = Agent.objects.filter(farm=pool).exclude(status=Agent.Status.ARCHIVED)
    agents = list(free.select_related("wallet", "instrument").order_by("created_at", "pk"))
    farms = _farms_beside(pool)
    names = {farm.pk: set() for farm in farms}  # type: dict[UUID, set[str]]
    there = Agent.objects.filter(farm__in=farms)
    for farm_id, name in there.values_list("farm_id", "name"):
        names[farm_id].add(name.casefold())
    wallets = [agent.wallet for agent in agents] + [farm.wallet for farm in farms]
    table = read_returns(wallets=wallets, back=BACK)
    markets = {one.instrument_id: _returns_of(one.instrument, table) for one in agents}
    lines = []
    for place, agent in enumerate(agents):
        known = [farm for farm in farms if agent.name.casefold() not in names[farm.pk] and may_have(farm, agent)]
        own = table.table[:, place]
        is_own = int((~np.isnan(own)).sum()) >= FEWEST_DAYS
        days = own if is_own else markets[agent.instrument_id]
        fits = [
            _fit(farm, days, table.table[:, len(agents) + farms.index(farm)], len(names[farm.pk])) for farm in known
        ]
        line = _line(agent, sorted(fits, key=lambda fit: fit.rank), is_own=is_own)
        if line.farm is not None:
            names[line.farm.pk].add(agent.name.casefold())
        lines.append(line)
    return Proposal(pool, tuple(lines))


def take(
    *, owner_id: UUID, pool_id: UUID, seen: str, lines: Collection[tuple[UUID, UUID]], key: str
) -> Sequence[Agent]:
    """Move these (agent, farm) of the proposal that was `seen`, all or none; the same `key` again returns them.

    Raises StaleProposalError where something else would be proposed now, InvalidInputError for a line that was not
    proposed or none at all, and what `move_agent` raises.
    """
    if not lines:
        raise InvalidInputError("Choose at least one agent.", fields={"lines": "Choose at least one."})
    keys = {agent_id: _key(key, agent_id) for agent_id, _ in lines}
    with transaction.atomic():
        take_turns(owner_id)
        done = AgentFarmAssignment.objects.filter(owner_id=owner_id, key__in=keys.values()).count()
        if done != len(keys):
            proposal = propose(owner_id=owner_id, pool_id=pool_id)
            if proposal.seen != seen:
                raise StaleProposalError("Agents or farms have changed since: look at what is proposed now.")
            proposed = {(line.agent.pk, line.farm.pk) for line in proposal.takeable if line.farm is not None}
            if not set(lines) <= proposed:
                told = "Take only what is proposed: move others by themselves."
                raise InvalidInputError(told, fields={"lines": told})
        return [
            move_agent(owner_id=owner_id, agent_id=agent_id, farm_id=farm_id, key=keys[agent_id])
            for agent_id, farm_id in sorted(lines)
        ]


def _key(key: str, agent_id: UUID) -> str:
    """One for each line, of a length that every key has."""
    return f"assign:{blake2b(f'{key}:{agent_id}'.encode(), digest_size=20).hexdigest()}"


def _farms_beside(pool: Farm) -> list[Farm]:
    farms = Farm.objects.filter(
        owner_id=pool.owner_id, wallet__parent=pool.wallet.parent_id, wallet__role=Wallet.Role.FARM
    )
    return [farm for farm in farms.select_related("wallet").order_by("created_at", "pk") if _is_open(farm)]


def _is_open(farm: Farm) -> bool:
    try:
        require_changeable(farm)
    except ConflictError:
        return False
    return True


def _fit(farm: Farm, days: np.ndarray[Any, Any], of_farm: np.ndarray[Any, Any], agents: int) -> Fit:
    found = correlation(np.column_stack((days, of_farm)))
    value, shared = (None, 0) if found is None else found
    return Fit(farm, bool(preset(farm)), value, shared, agents)


def _line(agent: Agent, fits: Sequence[Fit], *, is_own: bool) -> Line:
    if not fits:
        strategy = _name_of(agent.strategy)
        why = sentence(
            "No farm of this master may have it: {strategy} or its market fits none, or its name is used.",
            strategy=strategy,
        )
        return Line(agent, None, None, 0, why)
    best, *others = fits
    whose = "Its own days" if is_own else "The days of its market"
    kind = "of its own kind" if best.is_own_kind else "mixed"
    values: dict[str, Any] = {"farm": best.farm.name}
    if best.correlation is None:
        words = f"{{farm}} is {kind}; too few days of both are known to compare."
    else:
        words = f"{{farm}} is {kind}. {whose} have a correlation of {{found}} with it, over {{days}} days."
        values |= {"found": number(f"{best.correlation:.2f}"), "days": number(str(best.days))}
    compared = [fit for fit in others if fit.is_own_kind == best.is_own_kind and fit.correlation is not None]
    if compared and best.correlation is not None:
        words += " The next is {next} with {theirs}."
        values |= {"next": compared[0].farm.name, "theirs": number(f"{compared[0].correlation:.2f}")}
    return Line(agent, best.farm, best.correlation, best.days, sentence(words, **values))


def _name_of(slug: str) -> str:
    try:
        return strategies.get(slug).name
    except UnknownStrategyError:
        return slug


def _returns_of(instrument: Instrument, table: Returns) -> np.ndarray[Any, np.dtype[np.float64]]:
    """The daily returns (UTC) of the market on the table's days, NaN where a candle or the one before is missing."""
    candles = load_candles(instrument_id=instrument.pk, timeframe=Timeframe.D1, limit=BACK + 2)
    closes: Mapping[Any, float] = {
        moment(int(ts)).date(): float(close) for ts, close in zip(candles.ts, candles.close, strict=True)
    }
    found = [
        closes[day] / closes[day - DAY] - 1 if {day, day - DAY} <= closes.keys() else np.nan for day in table.calendar
    ]
    return np.array(found, dtype=np.float64)
