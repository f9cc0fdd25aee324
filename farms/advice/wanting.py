"""What owners want of advice: whether, where and for how much, and of each agent its level."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from farms.advice.budgets import setting_of
from farms.advice.endpoints import offered
from farms.models import AdviceLevel, AdviceSetting, Agent
from kit.audit.services import Area, record_change
from kit.errors import InvalidInputError, NotFoundError

BUDGETS: Final = ("day_tokens", "month_tokens", "day_cost", "month_cost")
MOST_TOKENS: Final = 1_000_000_000
MOST_COST: Final = Decimal(100_000)
MOST_ORDERS: Final = 100
MOST_CANDLES: Final = 1_000


def set_advice(*, owner_id: UUID, is_on: bool, endpoint_id: UUID | None, budgets: Mapping[str, Any]) -> AdviceSetting:
    """Turn it on or off, where it is asked for, and what it may use; budgets that are left out stay.

    Raises InvalidInputError that names what is wrong.
    """
    endpoint = None
    if endpoint_id is not None:
        endpoint = offered(setting_of(owner_id)).filter(pk=endpoint_id).first()
        if endpoint is None:
            told = "Choose an endpoint of the list: there is no such one."
            raise InvalidInputError(told, fields={"endpoint_id": told})
    if is_on and endpoint is None:
        told = "Choose where advice is asked for, to turn it on."
        raise InvalidInputError(told, fields={"endpoint_id": told})
    with transaction.atomic():
        AdviceSetting.objects.get_or_create(owner_id=owner_id)
        setting = AdviceSetting.objects.select_for_update().get(owner_id=owner_id)
        before = _facts(setting)
        setting.is_on, setting.endpoint = is_on, endpoint
        for name, value in budgets.items():
            setattr(setting, name, value)
        _require_budgets(setting)
        setting.save(update_fields=("is_on", "endpoint", *BUDGETS))
        record_change(
            Area.LIMITS, "Advice changed", owner_id=owner_id, subject="Advice", before=before, after=_facts(setting)
        )
    return setting


def set_level(*, owner_id: UUID, agent_id: UUID, level: str, every: int, daily_orders: int) -> AdviceLevel:
    """What advice may come to for one agent. Raises NotFoundError, and InvalidInputError that names what is wrong."""
    agent = Agent.objects.select_related("wallet__connection").filter(owner_id=owner_id, pk=agent_id).first()
    if agent is None:
        raise NotFoundError("This agent does not exist.")
    wrong = {}
    if level not in AdviceLevel.Level.values:
        wrong["level"] = f"Choose one of {', '.join(AdviceLevel.Level.values)}."
    elif level == AdviceLevel.Level.ACT and not agent.wallet.connection.is_paper:
        wrong["level"] = "A model acts on paper only: choose propose, and answer its questions on Approvals."
    if not 0 <= every <= MOST_CANDLES:
        wrong["every"] = f"Give a number of candles from 0 to {MOST_CANDLES:,}."
    if not 0 <= daily_orders <= MOST_ORDERS:
        wrong["daily_orders"] = f"Give a number of orders from 0 to {MOST_ORDERS}."
    if wrong:
        raise InvalidInputError(next(iter(wrong.values())), fields=wrong)
    with transaction.atomic():
        AdviceLevel.objects.get_or_create(owner_id=owner_id, agent=agent)
        found = AdviceLevel.objects.select_for_update().get(agent=agent)
        before = _of_level(found)
        found.level, found.every, found.daily_orders = level, every, daily_orders
        if found.last_bar is None:
            found.last_bar = agent.last_bar  # what closed before it was wanted is nobody's question
        found.save(update_fields=("level", "every", "daily_orders", "last_bar"))
        record_change(
            Area.LIMITS, "Level of advice changed", owner_id=owner_id, subject=agent.name, before=before,
            after=_of_level(found),
        )  # fmt: skip
    return found


def level_of(agent: Agent) -> AdviceLevel:
    """The agent's; off, and not written yet, where there is none."""
    return AdviceLevel.objects.filter(agent=agent).first() or AdviceLevel(owner_id=agent.owner_id, agent=agent)


def _require_budgets(setting: AdviceSetting) -> None:
    wrong = {}
    for name in BUDGETS:
        value, most = getattr(setting, name), MOST_TOKENS if name.endswith("tokens") else MOST_COST
        if not (Decimal(value).is_finite() and 0 <= value <= most):
            wrong[name] = f"Give a budget from 0 to {most:,}."
    if wrong:
        raise InvalidInputError(next(iter(wrong.values())), fields=wrong)


def _facts(setting: AdviceSetting) -> dict[str, Any]:
    where = setting.endpoint.name if setting.endpoint is not None else ""
    return {"is_on": setting.is_on, "endpoint": where, **{name: getattr(setting, name) for name in BUDGETS}}


def _of_level(level: AdviceLevel) -> dict[str, Any]:
    return {"level": level.level, "every": level.every, "daily_orders": level.daily_orders}
