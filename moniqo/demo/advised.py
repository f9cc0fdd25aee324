"""Advice at work in the demo: rules of thumb are asked about three agents, one at each level, in the last days of the
history. Questions, answers, orders and answers of the trader are written by the code that serves a real model."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from farms.advice import asking, rules, wanting, watching
from farms.models import AdviceCall, AdviceEndpoint, AdviceLevel, AdviceProposal, AdviceSetting, Agent
from kit import clock
from kit.approvals import services as approvals
from markets.candles.reading import TIMEFRAME_MS
from quant.candles import DAY_MS

DAYS: Final = 8
# Who may do how much; the last is the boldest.
LEVELS: Final = (
    ("Ether swing", AdviceLevel.Level.COMMENT),
    ("Bitcoin swing", AdviceLevel.Level.PROPOSE),
    ("Solana hourly", AdviceLevel.Level.ACT),
)
# What is proposed so late is left to whoever looks at the demo.
LEFT_OPEN: Final = timedelta(days=1)


def begin(*, owner_id: UUID) -> None:
    """Turn it on, asked once a day; not where an operator has switched the demo's rules off."""
    endpoint = AdviceEndpoint.objects.filter(base_url=rules.ADDRESS, is_active=True).first()
    if endpoint is None:
        return
    AdviceSetting.objects.get_or_create(owner_id=owner_id, defaults={"is_on": True, "endpoint": endpoint})
    for name, level in LEVELS:
        if agent := Agent.objects.filter(owner_id=owner_id, name=name).first():
            every = max(DAY_MS // TIMEFRAME_MS[agent.timeframe], 1)
            wanting.set_level(owner_id=owner_id, agent_id=agent.pk, level=level, every=every, daily_orders=2)


def follow(*, owner_id: UUID, end: datetime, execute: Callable[[UUID], object]) -> None:
    """Ask where a question is due, carry out what it comes to, and say what the trader says to it: yes and no by turns,
    and nothing to what is proposed right before the `end` of the history."""
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
