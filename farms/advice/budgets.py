"""What advice may use, reserved before anybody is asked and settled afterwards.

All of it in the database: whoever asks takes turns at the owner's setting, and what a question may cost at most counts
from before it is asked until its cost is known. A worker that dies in between has spent it, as far as anybody knows.
Windows are 24 hours and 30 days back from now, which are nobody's midnight.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db.models import F, Q, Sum
from django.db.models.functions import Coalesce

from farms.advice import endpoints
from farms.advice.client import Message
from farms.advice.facts import About, Facts
from farms.advice.prompts import most_tokens
from farms.models import AdviceCall, AdviceEndpoint, AdviceProposal, AdviceSetting
from kit import clock, tenancy
from kit.errors import ConflictError
from kit.sentences import cost as money
from kit.sentences import number, sentence

DAY: Final = timedelta(days=1)
MONTH: Final = timedelta(days=30)
ZERO: Final = Decimal(0)
# Whoever was not asked by then is not asked any more: what it was told is old.
STALE: Final = timedelta(minutes=10)


class BudgetError(ConflictError):
    """A budget would be exceeded at worst, and nobody was asked."""

    code = "budget"


class AdviceOffError(ConflictError):
    """Its owner has not turned it on."""

    code = "advice_off"


@dataclass(frozen=True, slots=True)
class Used:
    """What has been used of the budgets, and what of that is only reserved."""

    day_tokens: int
    month_tokens: int
    day_cost: Decimal
    month_cost: Decimal
    reserved_tokens: int
    reserved_cost: Decimal


def used(*, owner_id: UUID) -> Used:
    """By now. One statement."""
    now = clock.now()
    tokens = Coalesce(F("tokens_in") + F("tokens_out"), F("reserved_tokens"))
    spent = Coalesce(F("cost"), F("reserved_cost"))
    today, unknown = Q(created_at__gt=now - DAY), Q(cost__isnull=True)
    rows = AdviceCall.objects.filter(owner_id=owner_id, created_at__gt=now - MONTH)
    found = rows.aggregate(
        day_tokens=Sum(tokens, filter=today),
        month_tokens=Sum(tokens),
        day_cost=Sum(spent, filter=today),
        month_cost=Sum(spent),
        reserved_tokens=Sum("reserved_tokens", filter=unknown & today),
        reserved_cost=Sum("reserved_cost", filter=unknown & today),
    )
    return Used(**{name: _or_zero(name, value) for name, value in found.items()})


def setting_of(owner_id: UUID) -> AdviceSetting:
    """The owner's setting; off, and not written yet, where there is none."""
    found = AdviceSetting.objects.select_related("endpoint").filter(owner_id=owner_id).first()
    return found or AdviceSetting(owner_id=owner_id)


def reserve(
    *, owner_id: UUID, about: About, facts: Facts, messages: Sequence[Message], occasion: AdviceCall.Occasion
) -> AdviceCall:
    """A question that may be asked, what it costs at most set aside. Commit it before anybody is asked.

    Raises AdviceOffError, EndpointError, BudgetError, and ConflictError while another about the same is under way.
    """
    setting = AdviceSetting.objects.select_for_update().filter(owner_id=owner_id, is_on=True).first()
    if setting is None or setting.endpoint is None:
        raise AdviceOffError("Turn advice on first, in its settings.")
    endpoint = setting.endpoint
    endpoints.require_open(endpoint)
    let_go_of_lost(owner_id=owner_id)
    if AdviceCall.objects.filter(owner_id=owner_id, about=about.key, finished_at__isnull=True).exists():
        raise ConflictError("A model is being asked about this already: wait for its answer.")
    tokens_in, tokens_out = most_tokens(messages, answer=endpoint.most_tokens)
    cost = endpoints.cost(endpoint, tokens_in=tokens_in, tokens_out=tokens_out)
    _require_room(setting, used(owner_id=owner_id), tokens=tokens_in + tokens_out, cost=cost)
    return AdviceCall.objects.create(
        owner_id=owner_id,
        about=about.key,
        agent=about.agent,
        farm=about.farm,
        instrument=about.instrument,
        timeframe=about.timeframe,
        occasion=occasion,
        endpoint=endpoint,
        model=endpoints.name_of(endpoint),
        messages=list(messages),
        markets=dict(facts.markets),
        reserved_tokens=tokens_in + tokens_out,
        reserved_cost=cost,
    )


def let_go_of_lost(*, owner_id: UUID) -> int:
    """End what nobody will end any more; how many. What was asked counts as it was reserved: its cost is unknown."""
    now = clock.now()
    rows = AdviceCall.objects.filter(owner_id=owner_id, finished_at__isnull=True)
    never = rows.filter(status=AdviceCall.Status.WAITING, created_at__lte=now - STALE)
    gone = rows.filter(status=AdviceCall.Status.ASKING, claimed_until__lte=now)
    over: dict[str, Any] = {"status": AdviceCall.Status.LOST, "finished_at": now}
    return never.update(
        **over, cause="No worker had time to ask within ten minutes.", cost=0, tokens_in=0, tokens_out=0
    ) + gone.update(**over, cause="Its worker did not come back: what it may have cost at most is counted.")


def owners_with_lost_ones() -> list[UUID]:
    """Whose questions nobody will end any more. As the system."""
    now = clock.now()
    never = Q(status=AdviceCall.Status.WAITING, created_at__lte=now - STALE)
    gone = Q(status=AdviceCall.Status.ASKING, claimed_until__lte=now)
    with tenancy.system():
        rows = AdviceCall.objects.filter(never | gone, finished_at__isnull=True)
        return list(rows.order_by().values_list("owner_id", flat=True).distinct())


def forget_old_calls() -> int:
    """Delete what is older than the setting says; proposals stay. As the system."""
    before = clock.now() - timedelta(days=settings.ADVICE_DAYS)
    with tenancy.system():
        old = AdviceCall.objects.filter(created_at__lt=before, finished_at__isnull=False)
        AdviceProposal.objects.filter(call__in=old).update(call=None)
        return old.delete()[0]


def costs_of(
    endpoint: AdviceEndpoint, *, tokens_in: int | None, tokens_out: int | None, is_free: bool
) -> dict[str, Any]:
    """The columns of what a call has cost; nothing known leaves what was reserved."""
    if is_free:
        return {"tokens_in": 0, "tokens_out": 0, "cost": ZERO}
    if tokens_in is None or tokens_out is None:
        return {}
    cost = endpoints.cost(endpoint, tokens_in=tokens_in, tokens_out=tokens_out)
    return {"tokens_in": tokens_in, "tokens_out": tokens_out, "cost": cost}


def _require_room(setting: AdviceSetting, so_far: Used, *, tokens: int, cost: Decimal) -> None:
    for span, words in (("day", "24 hours"), ("month", "30 days")):
        most, had = getattr(setting, f"{span}_tokens"), getattr(so_far, f"{span}_tokens")
        if had + tokens > most:
            raise BudgetError(
                sentence(
                    f"The budget of {words} is used up: {{had}} of {{most}} tokens are used or reserved, and this "
                    "question may take {more}.",
                    had=number(str(had)), most=number(str(most)), more=number(str(tokens)),
                )
            )  # fmt: skip
        limit, spent = getattr(setting, f"{span}_cost"), getattr(so_far, f"{span}_cost")
        if spent + cost > limit:
            raise BudgetError(
                sentence(
                    f"The budget of {words} is used up: {{had}} of {{most}} are used or reserved, and this "
                    "question may take {more}.",
                    had=money(spent, "USD"), most=money(limit, "USD"), more=money(cost, "USD"),
                )
            )  # fmt: skip


def _or_zero(name: str, value: Any) -> Any:
    if name.endswith("cost"):
        return ZERO if value is None else value
    return int(value or 0)
