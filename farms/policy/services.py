"""Changing the policy of a farm. It binds the next entry; what is held stays, with its stops and its exits."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import time
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction

from farms.engine.policy import DAYS, WEEK
from farms.engine.standing import lock_farm, members
from farms.models import Agent, Farm
from farms.services.changing import require_settable
from farms.services.diary import record_changes
from farms.services.hiring import fraction
from kit.audit import services as audit
from kit.decimals import plain
from kit.errors import InvalidInputError
from markets.models import Instrument
from trading.models import RiskLimit
from trading.risk.limits import caps_of
from trading.services import set_limits
from wallets.services import update_wallet


@dataclass(frozen=True, slots=True)
class Policy:
    """`maximum_share` is the cap of a market that `caps` does not name; both are fractions of the farm's value.

    No `allowed_symbols` means all markets, no `trading_days` (1 is Monday) every day; `opens_at` and `closes_at` come
    together and are in the time zone of the farm's owner. With `nets` opposite orders at one bar are crossed inside it.
    `maximum_correlated` is a limit of the farm's wallet, which the gate keeps (`trading.risk.correlated`).
    `weights` are the targets of agents by their ids, fractions
    of the farm's value or None; who is not named keeps theirs.
    """

    maximum_share: Decimal
    caps: Mapping[str, Decimal]
    allowed_symbols: tuple[str, ...]
    trading_days: tuple[int, ...]
    opens_at: time | None
    closes_at: time | None
    nets: bool
    maximum_correlated: Decimal | None
    weights: Mapping[UUID, Decimal | None]


def set_policy(*, owner_id: UUID, farm_id: UUID, policy: Policy) -> Farm:
    """Let this policy bind the farm from now on; what changed is in its diary and in the audit log.

    Raises InvalidInputError naming the field, ConflictError for a pool, and a farm that is archived or builds its
    history.
    """
    with transaction.atomic():
        farm = require_settable(lock_farm(owner_id=owner_id, farm_id=farm_id))
        agents = {agent.pk: agent for agent in members([farm]) if agent.status != Agent.Status.ARCHIVED}
        _require(farm, policy, agents)
        before = _facts(farm, agents.values())
        farm.maximum_share = fraction(policy.maximum_share, "maximum_share")
        farm.caps = {symbol: plain(cap) for symbol, cap in sorted(policy.caps.items())}
        farm.allowed_symbols = sorted(set(policy.allowed_symbols))
        farm.trading_days = [] if len(set(policy.trading_days)) == WEEK else sorted(set(policy.trading_days))
        farm.opens_at, farm.closes_at, farm.nets = policy.opens_at, policy.closes_at, policy.nets
        farm.save(
            update_fields=("maximum_share", "caps", "allowed_symbols", "trading_days", "opens_at", "closes_at", "nets")
        )
        for agent_id, weight in policy.weights.items():
            _weigh(agents[agent_id], weight)
        _limit(farm, policy.maximum_correlated)
        after = _facts(farm, agents.values())
        record_changes(farm, before, after)
        audit.record_change(
            audit.Area.LIMITS, "Policy changed", owner_id=owner_id, subject=farm.name, before=before, after=after
        )
    return farm


def _require(farm: Farm, policy: Policy, agents: Mapping[UUID, Agent]) -> None:
    """Raises InvalidInputError with the sentence of every field that no policy can have."""
    problems = _wrong_markets(farm, policy) | _wrong_hours(policy)
    if set(policy.weights) - agents.keys():
        problems["weights"] = "Name agents that work in this farm."
    for weight in policy.weights.values():
        if weight is not None and not (weight.is_finite() and 0 <= weight <= 1):
            problems["weights"] = "Give fractions from 0 to 1, such as 0.25 for a quarter of the farm, or none."
    before = {pk: agent.wallet.target_weight for pk, agent in agents.items()}
    after = before | dict(policy.weights)
    together = sum((weight or Decimal(0) for weight in after.values()), Decimal(0))
    if "weights" not in problems and after != before and together > 1:
        problems["weights"] = f"The weights come to {percent(together)} together: give at most 100 %."
    if problems:
        raise InvalidInputError(" ".join(problems.values()), fields=problems)


def _wrong_markets(farm: Farm, policy: Policy) -> dict[str, str]:
    problems = {}
    listed = set(Instrument.objects.filter(venue=farm.wallet.connection.venue).values_list("symbol", flat=True))
    for name, symbols in (("allowed_symbols", policy.allowed_symbols), ("caps", policy.caps)):
        # What a venue no longer lists may stay as it is.
        if unknown := sorted(set(symbols) - listed - set(farm.caps) - set(farm.allowed_symbols)):
            problems[name] = f"Choose other markets: the venue does not list {', '.join(unknown)}."
    for symbol, cap in policy.caps.items():
        if not (cap.is_finite() and 0 < cap <= 1):
            problems["caps"] = f"Give {symbol} a fraction above 0 and up to 1, such as 0.25 for a quarter of the farm."
    return problems


def _wrong_hours(policy: Policy) -> dict[str, str]:
    problems = {}
    if not set(policy.trading_days) <= set(range(1, WEEK + 1)):
        problems["trading_days"] = "Days are 1 for Monday to 7 for Sunday."
    if (policy.opens_at is None) != (policy.closes_at is None):
        problems["closes_at"] = "Give both, when it opens and when it closes, or neither."
    elif policy.opens_at is not None and policy.opens_at == policy.closes_at:
        problems["closes_at"] = "It opens and closes at one time: leave both empty for the whole day."
    return problems


def _weigh(agent: Agent, weight: Decimal | None) -> None:
    wallet = agent.wallet
    if weight != wallet.target_weight:
        agent.wallet = update_wallet(
            owner_id=agent.owner_id, wallet_id=wallet.pk, name=wallet.name, target_weight=weight,
            trading_state=wallet.trading_state,
        )  # fmt: skip


def _limit(farm: Farm, most: Decimal | None) -> None:
    """The limit of the farm's wallet for what moves together; its other limits stay as they are."""
    kept = RiskLimit.objects.filter(wallet=farm.wallet_id).first()
    caps = caps_of(kept)
    if caps.maximum_correlated != most:
        said = kept or RiskLimit()
        set_limits(
            on=farm.wallet,
            allowed_symbols=said.allowed_symbols,
            maximum_notional=said.maximum_notional,
            notional_asset=said.notional_asset,
            maximum_daily_loss=said.maximum_daily_loss,
            caps=replace(caps, maximum_correlated=most),
        )


def _facts(farm: Farm, agents: Any) -> dict[str, str]:
    """The policy in words, for the diary."""
    hours = "all day" if farm.opens_at is None else f"{farm.opens_at:%H:%M} to {farm.closes_at:%H:%M}"
    facts = {
        "Most in one instrument": percent(farm.maximum_share),
        "Caps": ", ".join(f"{symbol} {percent(Decimal(cap))}" for symbol, cap in farm.caps.items()) or "none",
        "Markets": ", ".join(farm.allowed_symbols) or "all",
        "Days": ", ".join(DAYS[day - 1] for day in farm.trading_days) or "every day",
        "Hours": hours,
        "Nets": "yes" if farm.nets else "no",
    }
    most = RiskLimit.objects.filter(wallet=farm.wallet_id).values_list("maximum_correlated", flat=True).first()
    facts["Moves together"] = "no limit" if most is None else percent(most)
    for agent in agents:
        target = agent.wallet.target_weight
        facts[f"Weight of {agent.name}"] = "none" if target is None else percent(target)
    return facts


def percent(share: Decimal) -> str:
    """`25 %`."""
    return f"{(share * 100).normalize():f} %"
