"""Advice at work in the demo: rules of thumb are asked about agents once a day. For most of the history they only
comment, on three of them, so that there is something to judge them by; in its last days three have a level each.

Questions, answers, orders, answers of the trader and what became of proposals are written by the code that serves a
real model, at the time of then and from the candles of then."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from farms.advice import asking, rules, settling, wanting, watching
from farms.models import AdviceCall, AdviceEndpoint, AdviceLevel, AdviceProposal, AdviceSetting, Agent
from kit import clock
from kit.approvals import services as approvals
from markets.candles.reading import TIMEFRAME_MS
from quant.candles import DAY_MS

# So many days before the end they are asked for the first time: enough for a verdict on all agents together, and on
# none of them alone.
DAYS: Final = 84
# Who is commented on from then on; the last of them is trusted at the end.
COMMENTED: Final = ("Bitcoin both ways", "Bitcoin swing", "Solana hourly")
# In the last days: who may do how much; the last is the boldest. Who buys dips is often told to leave one.
TRUSTED_DAYS: Final = 8
LEVELS: Final = (
    ("Ether swing", AdviceLevel.Level.COMMENT),
    ("Ether dips", AdviceLevel.Level.PROPOSE),
    ("Solana hourly", AdviceLevel.Level.ACT),
)
# What is proposed so late is left to whoever looks at the demo.
LEFT_OPEN: Final = timedelta(days=1)


def midnight(*, owner_id: UUID, day: int, days_left: int) -> None:
    """What the trader does about advice on the `day` of the history, of which the first is 1: as much of it as there
    is room for in a short one."""
    if days_left == DAYS or (day == 1 and days_left < DAYS):
        begin(owner_id=owner_id)
    if days_left == TRUSTED_DAYS or (day == 1 and days_left < TRUSTED_DAYS):
        trust(owner_id=owner_id)


def begin(*, owner_id: UUID) -> None:
    """Turn it on, comments only; not where an operator has switched the demo's rules off."""
    endpoint = AdviceEndpoint.objects.filter(base_url=rules.ADDRESS, is_active=True).first()
    if endpoint is None:
        return
    AdviceSetting.objects.get_or_create(owner_id=owner_id, defaults={"is_on": True, "endpoint": endpoint})
    for name in COMMENTED:
        _set(owner_id, name, AdviceLevel.Level.COMMENT)


def trust(*, owner_id: UUID) -> None:
    """Let them do as much as each agent's level says."""
    if AdviceSetting.objects.filter(owner_id=owner_id, is_on=True).exists():
        for name, level in LEVELS:
            _set(owner_id, name, level)


def _set(owner_id: UUID, name: str, level: AdviceLevel.Level) -> None:
    """Once a day; nothing for who is not there."""
    if agent := Agent.objects.filter(owner_id=owner_id, name=name).first():
        every = max(DAY_MS // TIMEFRAME_MS[agent.timeframe], 1)
        wanting.set_level(owner_id=owner_id, agent_id=agent.pk, level=level, every=every, daily_orders=2)


def follow(*, owner_id: UUID, end: datetime, execute: Callable[[UUID], object]) -> None:
    """Settle what is over, ask where a question is due, carry out what it comes to, and say what the trader says to it:
    yes and no by turns, and nothing to what is proposed right before the `end` of the history."""
    settling.settle(owner_id=owner_id)
    for agent_id in AdviceLevel.objects.filter(owner_id=owner_id, every__gt=0).values_list("agent_id", flat=True):
        if not watching.ask_at_close(owner_id=owner_id, agent_id=agent_id):
            continue
        call = AdviceCall.objects.get(agent=agent_id, status=AdviceCall.Status.WAITING)
        made = AdviceProposal.objects.filter(call=asking.answer(asking.claim(call))).first()
        if made is None:
            continue
        if made.approval_id is not None and clock.now() < end - LEFT_OPEN:
            is_approved = clock.now().toordinal() % 2 == 0
            note = "" if is_approved else "I would rather wait."
            approvals.answer(owner_id=owner_id, approval_id=made.approval_id, is_approved=is_approved, note=note)
            made.refresh_from_db()
        if made.order_id is not None and made.became == AdviceProposal.Became.ORDERED:
            execute(made.order_id)
