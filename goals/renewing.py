"""The next goal after one that has ended, and another target for one that runs."""

from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal
from typing import Final

from goals import drafts
from goals.life import assign, begin, record
from goals.models import Goal, GoalEvent
from goals.plan import Plan
from goals.targets import Target, load
from goals.words import figure, target_in_words
from kit import clock
from kit.sentences import Sentence, Told, sentence

AVERAGED: Final = 3  # goals that a moving average is of


def renew(goal: Goal, value: Decimal, *, why: Told = "") -> Goal:
    """The next goal after one that has ended: the same with another target, for as long from now on. Made once."""
    if next_one := goal.renewals.first():
        return next_one
    now = clock.now()
    lasts = goal.ends_at - goal.starts_at if goal.ends_at else None
    target = load(goal.target).with_value(value)
    following = Goal(
        owner_id=goal.owner_id,
        name=goal.name,
        kind=goal.kind,
        target=target.stored,
        base=goal.base,
        starts_at=now,
        ends_at=now + lasts if lasts else None,
        status=Goal.Status.ACTIVE,
        actions=goal.actions,
        on_miss=goal.on_miss,
        accepts_changes=goal.accepts_changes,
        renews=goal,
    )
    following.save()
    scope = goal.assignments.filter(until=None).values_list("wallet_id", flat=True)
    assign(following, tuple(scope))
    record(goal, GoalEvent.Kind.RENEWED, why)
    record(following, GoalEvent.Kind.CREATED, why)
    begin(following)
    return following


def next_value(goal: Goal, rule: str, by: str = "0") -> Decimal:
    """The target of the goal that follows: the same, changed by a fraction, the best that was reached (ratchet), or the
    mean of what this one and those before it reached."""
    target, reached = load(goal.target), goal.value
    old = target.main.value
    match rule:
        case "percentage":
            value = old * (1 + Decimal(by))
        case "ratchet" if reached is not None:
            value = max(old, reached) if target.main.wants_more else min(old, reached)
        case "average" if reached is not None:
            values, earlier = [reached], goal.renews
            while earlier is not None and len(values) < AVERAGED:
                if earlier.value is not None:
                    values.append(earlier.value)
                earlier = earlier.renews
            value = sum(values, Decimal(0)) / len(values)
        case _:
            value = old
    return _sensible(target, value, old)


def is_reached_at_once(goal: Goal, value: Decimal) -> bool:
    """Whether the goal that would follow has nothing left to wait for: then it would begin and end for ever."""
    scope = goal.assignments.filter(until=None).values_list("wallet_id", flat=True)
    target = load(goal.target).with_value(value)
    return drafts.is_reached_at_once(goal.owner_id, target, scope, base=goal.base)


def adjust(goal: Goal, plan: Plan) -> bool:
    """Change the target of a running goal that is ahead or behind, by the rule that its owner has accepted."""
    rule = goal.accepts_changes
    if rule is None or not (plan.is_ahead or plan.is_behind):
        return False
    target = load(goal.target)
    factor = 1 + Decimal(rule["by"]) if plan.is_ahead else 1 - Decimal(rule["by"])
    old = target.main.value
    value = _sensible(target, old * factor, old)
    if value == old:
        return False
    goal.target = target.with_value(value).stored
    goal.save(update_fields=("target",))
    record(
        goal, GoalEvent.Kind.ADJUSTED,
        sentence(
            "{way}: the target goes from {old} to {new}.",
            way="Ahead of plan" if plan.is_ahead else "Behind plan", old=figure(target.main.metric, old, goal.base),
            new=figure(target.main.metric, value, goal.base),
        ),
    )  # fmt: skip
    return True


def _sensible(target: Target, value: Decimal, old: Decimal) -> Decimal:
    """A new value that a target may have: whole where things are counted, within what is possible, above zero."""
    metric = target.main.metric
    money = Decimal("0.01") if old >= 1 else Decimal("1e-8")  # a little bitcoin is a lot
    places = Decimal(1) if metric.unit == "count" else money if metric.unit == "money" else Decimal("0.0001")
    value = value.quantize(places, ROUND_CEILING if metric.unit == "count" else ROUND_HALF_UP)
    if metric.most is not None:
        value = min(value, metric.most if target.main.operator == ">=" else metric.most - places)
    return value if value > 0 else old


def target_of(goal: Goal) -> Sentence:
    """What is wanted of it, in words."""
    return target_in_words(load(goal.target), goal.base)
