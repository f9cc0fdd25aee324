"""What the API of a farm's policy takes and gives."""

import re
from dataclasses import replace
from datetime import datetime, time
from typing import Annotated, Any, Final
from uuid import UUID

from ninja import Schema
from pydantic import AfterValidator, Field

from farms.engine.policy import DAYS
from farms.policy.readings import PolicyRow
from farms.policy.services import Policy
from kit.api import LEFT_OUT, Amount, Body, PositiveShare, Quotient, Share
from kit.errors import InvalidInputError

_HOUR: Final = "([01][0-9]|2[0-3]):[0-5][0-9]"


def _hour(text: str) -> str:
    if re.fullmatch(_HOUR, text) is None:
        raise ValueError('Give a time of day with four digits, such as "08:00".')
    return text


Hour = Annotated[str, AfterValidator(_hour), Field(examples=["08:00"], json_schema_extra={"pattern": f"^{_HOUR}$"})]


class WeightOut(Schema):
    """An agent and the share of the farm's money that it should have; null where nothing says."""

    agent_id: UUID
    name: str
    weight: Amount | None = Field(description="A fraction of the farm: how its money is split among its agents.")


class WeightIn(Body):
    """Null lets nothing say what the agent should have."""

    agent_id: UUID
    weight: Share | None = Field(description="A fraction of the farm: how its money is split among its agents.")


class PolicyOut(Schema):
    """What a farm lets its agents do together. Fractions are of the farm's value; exits go on whatever it says.

    It binds what agents decide. Orders of people and programs in their wallets are bound by the limits of these wallets
    and of the farm's; of a policy `maximum_correlated` alone is such a limit, and binds both.
    """

    maximum_share: Amount
    caps: dict[str, Amount] = Field(description="The most in one market where it has a cap of its own, by symbol.")
    allowed_symbols: list[str] = Field(description="The markets that its agents enter; empty means all.")
    trading_days: list[int] = Field(description="On which days they enter, 1 is Monday; empty means each.")
    opens_at: Hour | None = Field(description="From when on they enter, in `timezone`; null means all day.")
    closes_at: Hour | None = Field(description="Until when; earlier than `opens_at` means on the next day.")
    nets: bool = Field(description="Whether opposite orders at one bar are crossed inside the farm, on spot.")
    maximum_correlated: Amount | None
    correlated_exposure: Quotient | None = Field(
        description="√(wᵀCw) of what is open now, a fraction of the farm's value; null where a price is missing."
    )
    correlations_unknown: list[str] = Field(
        description="Markets of which fewer than 30 days are known: they are taken to move as one with the others."
    )
    timezone: str
    opens_next: datetime | None = Field(description="When entries may be made again; null while they may be.")
    weights: list[WeightOut]


class PolicyChange(Body):
    """Fields that are left out stay as they are. `caps` and `allowed_symbols` are given whole; of `weights` who is not
    named keeps theirs."""

    maximum_share: PositiveShare = LEFT_OUT
    caps: dict[str, PositiveShare] = Field(LEFT_OUT, max_length=1000)
    allowed_symbols: list[str] = Field(LEFT_OUT, max_length=1000)
    trading_days: list[Annotated[int, Field(ge=1, le=len(DAYS))]] = Field(LEFT_OUT, max_length=len(DAYS))
    opens_at: Hour | None = None
    closes_at: Hour | None = None
    nets: bool = LEFT_OUT
    maximum_correlated: PositiveShare | None = None
    weights: list[WeightIn] = Field(LEFT_OUT, max_length=1000)


def changed(policy: Policy, body: PolicyChange) -> Policy:
    """The policy with what a program sent. Raises InvalidInputError where an agent is weighed twice."""
    sent = body.sent()
    if "weights" in sent:
        if len({one.agent_id for one in body.weights}) < len(body.weights):
            told = "Name each agent once."
            raise InvalidInputError(told, fields={"weights": told})
        sent["weights"] = {one.agent_id: one.weight for one in body.weights}
    for name in {"opens_at", "closes_at"} & sent.keys():
        sent[name] = time.fromisoformat(sent[name]) if sent[name] else None
    return replace(policy, **sent)


def _written(hour: time | None) -> str | None:
    return None if hour is None else f"{hour:%H:%M}"


def policy_out(row: PolicyRow) -> dict[str, Any]:
    """What a program is told of a policy."""
    policy = row.policy
    return {
        "maximum_share": policy.maximum_share,
        "caps": policy.caps,
        "allowed_symbols": policy.allowed_symbols,
        "trading_days": policy.trading_days,
        "opens_at": _written(policy.opens_at),
        "closes_at": _written(policy.closes_at),
        "nets": policy.nets,
        "maximum_correlated": policy.maximum_correlated,
        "correlated_exposure": None if row.correlated.value is None else row.correlated.now,
        "correlations_unknown": row.correlated.guessed,
        "timezone": row.schedule.zone.key,
        "opens_next": row.opens_next,
        "weights": [{"agent_id": member.id, "name": member.name, "weight": member.weight} for member in row.members],
    }
