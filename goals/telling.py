"""What an owner is told of a goal: half the way, nine tenths, reached or missed, what could not be done then; falling
behind, and catching up.
"""

from collections.abc import Sequence
from typing import Final

from goals.measuring import Measured
from goals.models import Goal, GoalAction
from goals.targets import load
from goals.words import left_in_words, standing_in_words, target_in_words
from kit.alerts.links import about
from kit.alerts.models import Alert
from kit.alerts.services import raise_alert, resolve_alert, resolve_alerts

STEPS: Final = (50, 90, 100)


def tell(found: Sequence[Measured]) -> None:
    """Raise what is new to say of these goals, each thing once, and resolve what is over."""
    for one in found:
        goal = one.goal
        step = _step(one)
        if step > goal.told:
            _tell_step(one, step)
        is_behind = goal.status == Goal.Status.ACTIVE and one.plan is not None and one.plan.is_behind
        if is_behind != goal.is_behind:
            _tell_behind(one, is_behind=is_behind)
        if is_behind != goal.is_behind or step > goal.told:
            goal.told, goal.is_behind = max(step, goal.told), is_behind
            Goal.objects.filter(pk=goal.pk).update(told=goal.told, is_behind=is_behind)
        if goal.status == Goal.Status.MISSED:
            _tell_missed(one)


def tell_left(goal: Goal, action: GoalAction) -> None:
    """What was to be done, and was not done, or not all of it."""
    is_given_up = action.status == GoalAction.Status.SKIPPED
    raise_alert(
        owner_id=goal.owner_id,
        key=f"goal:{goal.pk}:action-{action.number}",
        level=Alert.Level.WARNING if is_given_up else Alert.Level.INFO,
        title="{name}: {left}",
        body="{result}",
        about=about("goal", goal.pk),
        name=goal.name,
        left=left_in_words(action),
        result=action.result,
    )


def forget(goal: Goal) -> None:
    """Nothing is said any more of a goal that somebody has ended, or given another way to go."""
    keys = [f"goal-behind:{goal.pk}", *(f"goal:{goal.pk}:{step}" for step in STEPS)]
    resolve_alerts(owner_id=goal.owner_id, keys=keys)
    goal.told, goal.is_behind = 0, False
    goal.save(update_fields=("told", "is_behind"))


def _step(one: Measured) -> int:
    if one.goal.status == Goal.Status.ACHIEVED:
        return STEPS[-1]
    return max((step for step in STEPS[:-1] if one.reading.progress * 100 >= step), default=0)


def _tell_step(one: Measured, step: int) -> None:
    """Each step calls its person; the one before it has been overtaken."""
    goal = one.goal
    resolve_alerts(owner_id=goal.owner_id, keys=[f"goal:{goal.pk}:{before}" for before in STEPS if before < step])
    reached = step == STEPS[-1]
    title = "{name}: reached" if reached else "{name}: {step} % of the way"
    _raise(one, f"goal:{goal.pk}:{step}", Alert.Level.INFO, title, step=step)


def _tell_missed(one: Measured) -> None:
    resolve_alerts(owner_id=one.goal.owner_id, keys=[f"goal:{one.goal.pk}:{step}" for step in STEPS])
    _raise(one, f"goal:{one.goal.pk}:missed", Alert.Level.WARNING, "{name}: missed")


def _tell_behind(one: Measured, *, is_behind: bool) -> None:
    key = f"goal-behind:{one.goal.pk}"
    if is_behind:
        _raise(one, key, Alert.Level.WARNING, "{name} falls behind its plan")
    else:
        resolve_alert(owner_id=one.goal.owner_id, key=key)


def _raise(one: Measured, key: str, level: str, title: str, **facts: int) -> None:
    goal, target = one.goal, load(one.goal.target)
    raise_alert(
        owner_id=goal.owner_id,
        key=key,
        level=level,
        title=title,
        body="{wanted}. {standing}",
        about=about("goal", goal.pk),
        name=goal.name,
        wanted=target_in_words(target, goal.base),
        standing=standing_in_words(target, one.reading, one.plan, goal.base),
        **facts,
    )
