"""What an owner is told of a running goal: half the way, nine tenths, reached; falling behind, and catching up."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from goals.measuring import Measured
from goals.models import Goal
from goals.targets import load
from goals.words import standing_in_words, target_in_words
from kit.alerts.links import about
from kit.alerts.models import Alert
from kit.alerts.services import raise_alert, resolve_alert

STEPS: Final = (50, 90, 100)


def tell(*, owner_id: UUID, found: Sequence[Measured], now: datetime) -> None:
    """Raise what is new to say of these goals, each thing once, and resolve what is over."""
    for one in found:
        goal = one.goal
        step = _step(one)
        if step > goal.told:
            _tell_step(one, step)
        is_behind = goal.status == Goal.Status.ACTIVE and one.plan is not None and one.plan.is_behind
        if is_behind != goal.is_behind or step > goal.told:
            _tell_behind(one, is_behind=is_behind)
            Goal.objects.filter(pk=goal.pk).update(told=max(step, goal.told), is_behind=is_behind)
            goal.told, goal.is_behind = max(step, goal.told), is_behind


def _step(one: Measured) -> int:
    if one.goal.status == Goal.Status.ACHIEVED:
        return STEPS[-1]
    return max((step for step in STEPS[:-1] if one.reading.progress * 100 >= step), default=0)


def _tell_step(one: Measured, step: int) -> None:
    goal, target = one.goal, load(one.goal.target)
    reached = step == STEPS[-1]
    raise_alert(
        owner_id=goal.owner_id,
        key=f"goal:{goal.pk}",
        level=Alert.Level.INFO,
        title="{name}: reached" if reached else "{name}: {step} % of the way",
        body="{wanted}. {standing}",
        about=about("goal", goal.pk),
        name=goal.name,
        step=step,
        wanted=target_in_words(target, goal.base),
        standing=standing_in_words(target, one.reading, one.plan, goal.base),
    )


def _tell_behind(one: Measured, *, is_behind: bool) -> None:
    goal = one.goal
    if not is_behind:
        resolve_alert(owner_id=goal.owner_id, key=f"goal-behind:{goal.pk}")
    elif not goal.is_behind:
        target = load(goal.target)
        raise_alert(
            owner_id=goal.owner_id,
            key=f"goal-behind:{goal.pk}",
            level=Alert.Level.WARNING,
            title="{name} falls behind its plan",
            body="{wanted}. {standing}",
            about=about("goal", goal.pk),
            name=goal.name,
            wanted=target_in_words(target, goal.base),
            standing=standing_in_words(target, one.reading, one.plan, goal.base),
        )
