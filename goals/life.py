"""A goal's life: draft → active → achieved | missed | cancelled, with pauses aside. Each step is taken once and written
down; what is not possible from where a goal stands is refused with a sentence.
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction

from goals import counting, history, telling
from goals.drafts import FUND, Draft, check, currency_of, refuse_reached, told
from goals.figures import read_figures
from goals.holding import hold
from goals.measures import Reading, reading, value_of
from goals.models import Goal, GoalAction, GoalAssignment, GoalEvent
from goals.targets import load
from goals.words import action_in_words, figure, target_in_words
from kit import clock
from kit.audit import services as audit
from kit.errors import ConflictError, NotFoundError
from kit.live.publish import publish
from kit.sentences import Sentence, Told, Value, joined, moment, sentence, share
from wallets.models import Wallet


def create(*, owner_id: UUID, is_draft: bool = False, key: str = "", **given: Any) -> Goal:
    """Make a goal, active unless it is a draft. `given` are the `FIELDS`; see `check` for what is refused.

    The same `key` with the same request returns the first goal. Raises ConflictError for it with another.
    """
    asked = _hash(is_draft, given)
    with transaction.atomic():
        counting.lock(owner_id=owner_id)  # two with one key wait for each other
        if key and (made := Goal.objects.filter(owner_id=owner_id, key=key).first()):
            if made.request_hash != asked:
                raise ConflictError("The key was used for another goal: use a new key for a new goal.")
            return made
        goal = _make(owner_id, check(owner_id=owner_id, **given), is_draft=is_draft)
        if key:
            goal.key, goal.request_hash = key, asked
            goal.save(update_fields=("key", "request_hash"))
        record(goal, GoalEvent.Kind.CREATED)
        if not is_draft:
            _begin_ahead(goal)
        audit.record(audit.Area.MONEY, "Goal made", owner_id=owner_id, subject=goal.name, after=_facts(goal))
    return goal


def change(*, owner_id: UUID, goal_id: UUID, **given: Any) -> Goal:
    """Change a goal that has not ended; what it has counted is counted anew where its time or scope has changed.

    Wallets that leave the scope worked for it until now. Raises ConflictError for one that has ended, and
    InvalidInputError as `create`, also where what is wanted now is reached already.
    """
    with transaction.atomic():
        goal = lock(owner_id=owner_id, goal_id=goal_id)
        if not goal.is_open:
            raise ConflictError(f"{goal.name} has ended: duplicate it to go on with its settings.")
        before, old = _facts(goal), told(goal)
        draft = check(owner_id=owner_id, is_running=goal.status == Goal.Status.ACTIVE, **{**old, **given})
        _write(goal, draft)
        goal.save()
        assign(goal, draft.scope, began=old["starts_at"])
        if goal.status == Goal.Status.ACTIVE:
            read = _measure(goal, is_new=draft.starts_at != old["starts_at"])
        after = _facts(goal)
        changed = [name for name, value in after.items() if before[name] != value]
        if goal.status == Goal.Status.ACTIVE and {"target", "sample", "starts", "scope"} & set(changed):
            _refuse_reached(goal, read)
        if {"target", "starts", "deadline", "scope"} & set(changed):
            telling.forget(goal)
        if changed:
            record(goal, GoalEvent.Kind.CHANGED, _changes(before, after, changed))
        audit.record_change(
            audit.Area.MONEY, "Goal changed", owner_id=owner_id, subject=goal.name, before=before, after=after
        )
    return goal


def activate(*, owner_id: UUID, goal_id: UUID) -> Goal:
    """Let a draft begin. An active goal stays as it is. Raises as `create` for what time has made impossible."""
    with transaction.atomic():
        goal = lock(owner_id=owner_id, goal_id=goal_id)
        if goal.status == Goal.Status.ACTIVE:
            return goal
        if goal.status != Goal.Status.DRAFT:
            raise ConflictError(f"{goal.name} has ended: duplicate it to begin again.")
        check(owner_id=owner_id, **told(goal))
        goal.status = Goal.Status.ACTIVE
        goal.save(update_fields=("status",))
        _begin_ahead(goal)
    return goal


def pause(*, owner_id: UUID, goal_id: UUID) -> Goal:
    """Let it count on and neither be achieved nor missed. Pausing a paused goal changes nothing."""
    return _switch(owner_id, goal_id, clock.now(), GoalEvent.Kind.PAUSED)


def resume(*, owner_id: UUID, goal_id: UUID) -> Goal:
    """Let a paused goal end again; it ends at once if it was reached, or its time passed, meanwhile."""
    return _switch(owner_id, goal_id, None, GoalEvent.Kind.RESUMED)


def cancel(*, owner_id: UUID, goal_id: UUID) -> Goal:
    """End it with nothing done. Raises ConflictError for one that was achieved or missed."""
    with transaction.atomic():
        goal = lock(owner_id=owner_id, goal_id=goal_id)
        if goal.status == Goal.Status.CANCELLED:
            return goal
        if not goal.is_open:
            raise ConflictError(f"{goal.name} has ended already: nothing is left to cancel.")
        read = _read(goal) if goal.status == Goal.Status.ACTIVE else None
        _end(goal, Goal.Status.CANCELLED, clock.now(), GoalEvent.Kind.CANCELLED, Sentence(), read)
        telling.forget(goal)
    return goal


def achieve(goal: Goal, *, at: datetime, read: Reading) -> bool:
    """End a goal that is reached, and make what is to be done then; False where somebody else was first.

    `read` is where it stands at that moment.
    """
    if goal.status != Goal.Status.ACTIVE:
        return False
    _end(goal, Goal.Status.ACHIEVED, at, GoalEvent.Kind.ACHIEVED, _reached(goal), read)
    _plan_actions(goal, goal.actions)
    return True


def miss(goal: Goal, *, at: datetime, read: Reading) -> bool:
    """End a goal whose time is over, unless it may be extended; False where it goes on."""
    if goal.status != Goal.Status.ACTIVE:
        return False
    for one in goal.on_miss:
        if one["do"] == "extend" and one["times"] > 0 and goal.ends_at is not None:
            _extend(goal, one)
            return False
    _end(goal, Goal.Status.MISSED, at, GoalEvent.Kind.MISSED, _reached(goal), read)
    _plan_actions(goal, [one for one in goal.on_miss if one["do"] != "extend"])
    return True


def lock(*, owner_id: UUID, goal_id: UUID) -> Goal:
    """The goal, held until the end of the transaction. Raises NotFoundError.

    The cursor is taken first, as whoever measures does it: two who wait for each other would be a deadlock.
    """
    counting.lock(owner_id=owner_id)
    goal = Goal.objects.select_for_update().filter(owner_id=owner_id, pk=goal_id).first()
    if goal is None:
        raise NotFoundError("There is no such goal.")
    return goal


def _hash(*asked: Any) -> str:
    return hashlib.sha256(json.dumps(asked, default=str, sort_keys=True).encode()).hexdigest()


def _make(owner_id: UUID, draft: Draft, *, is_draft: bool) -> Goal:
    goal = Goal(owner_id=owner_id, base=currency_of(owner_id))
    _write(goal, draft)
    goal.status = Goal.Status.DRAFT if is_draft else Goal.Status.ACTIVE
    goal.created_at = clock.now()
    goal.save()
    assign(goal, draft.scope)
    return goal


def _write(goal: Goal, draft: Draft) -> None:
    goal.name, goal.kind, goal.target = draft.name, draft.kind, draft.target.stored
    goal.starts_at, goal.ends_at = draft.starts_at, draft.ends_at
    goal.actions, goal.on_miss, goal.accepts_changes = draft.actions, draft.on_miss, draft.accepts_changes


def assign(goal: Goal, scope: Collection[UUID | None], *, began: datetime | None = None) -> None:
    """Let exactly these work for it from now on; whoever is there at its beginning has worked since then.

    `began` is when it started until now, if that has changed.
    """
    now = clock.now()
    is_running = goal.status == Goal.Status.ACTIVE and goal.assignments.exists()
    if began is not None:
        goal.assignments.filter(since=began).update(since=goal.starts_at)
    working = {one.wallet_id: one for one in goal.assignments.filter(until=None)}
    for wallet_id, assignment in working.items():
        if wallet_id in scope:
            continue
        if is_running and assignment.since < now:
            GoalAssignment.objects.filter(pk=assignment.pk).update(until=now)
        else:
            assignment.delete()
    GoalAssignment.objects.bulk_create(
        GoalAssignment(
            owner_id=goal.owner_id,
            goal=goal,
            wallet_id=wallet_id,
            since=max(now, goal.starts_at) if is_running else goal.starts_at,
        )
        for wallet_id in scope
        if wallet_id not in working
    )


def begin(goal: Goal) -> None:
    """Measure it for the first time and say that it runs."""
    _measure(goal, is_new=True)
    record(goal, GoalEvent.Kind.STARTED)


def _begin_ahead(goal: Goal) -> None:
    """The same, where somebody begins it: what has happened since its start must leave something to reach."""
    _refuse_reached(goal, _measure(goal, is_new=True))
    record(goal, GoalEvent.Kind.STARTED)


def _refuse_reached(goal: Goal, read: Reading) -> None:
    """Raises InvalidInputError where it would end at once and move money that nobody has waited for."""
    if read.is_reached and goal.starts_at <= clock.now():
        said = "What has happened since its start reaches it already: choose one that lies ahead, or a later start."
        refuse_reached(goal.kind, said)


def _read(goal: Goal) -> Reading:
    figures = read_figures(owner_id=goal.owner_id, goals=[goal])[goal.pk]
    return reading(load(goal.target), figures, began_with=goal.began_with)


def _measure(goal: Goal, *, is_new: bool) -> Reading:
    """Count anew what its wallets have done in its time, up to where everything is counted."""
    cursor = counting.lock(owner_id=goal.owner_id)
    counting.recount(cursor, [goal])
    target = load(goal.target)
    figures = read_figures(owner_id=goal.owner_id, goals=[goal])[goal.pk]
    if is_new:
        goal.began_with = value_of("equity", figures) if target.main.metric.source == "value" else None
        goal.noted_at = None
        history.fill(cursor, goal)
    read = reading(target, figures, began_with=goal.began_with)
    goal.value, goal.progress, goal.unknown = read.value, min(read.progress, 1.0), read.unknown
    goal.save(update_fields=("value", "progress", "unknown", "began_with", "noted_at"))
    return read


def _plan_actions(goal: Goal, actions: Sequence[Mapping[str, Any]]) -> None:
    """Write down what is to be done. Where positions are to be left, nothing is opened any more from this moment on."""
    if any(action["do"] == "close" for action in actions):
        hold(goal)
    GoalAction.objects.bulk_create(
        GoalAction(
            owner_id=goal.owner_id,
            goal=goal,
            number=place,
            do=action["do"],
            options={name: value for name, value in action.items() if name != "do"},
        )
        for place, action in enumerate(actions, 1)
    )


def _end(
    goal: Goal, status: Goal.Status, at: datetime, kind: GoalEvent.Kind, detail: Told, read: Reading | None
) -> None:
    goal.status, goal.ended_at, goal.paused_at = status, at, None
    goal.ended_with = read.values if read else []
    goal.save(update_fields=("status", "ended_at", "paused_at", "ended_with"))
    record(goal, kind, detail)


def _extend(goal: Goal, extension: dict[str, Any]) -> None:
    assert goal.ends_at is not None  # noqa: S101 - it was missed
    goal.ends_at = max(goal.ends_at, clock.now()) + timedelta(days=extension["days"])
    goal.on_miss = [one if one["do"] != "extend" else one | {"times": one["times"] - 1} for one in goal.on_miss]
    goal.save(update_fields=("ends_at", "on_miss"))
    record(goal, GoalEvent.Kind.EXTENDED, sentence("Until {until}.", until=moment(goal.ends_at)))


def _switch(owner_id: UUID, goal_id: UUID, paused_at: datetime | None, kind: GoalEvent.Kind) -> Goal:
    with transaction.atomic():
        goal = lock(owner_id=owner_id, goal_id=goal_id)
        if goal.status != Goal.Status.ACTIVE:
            raise ConflictError(
                f"{goal.name} is {goal.get_status_display().lower()}: only an active goal pauses and goes on."
            )
        if (goal.paused_at is None) != (paused_at is None):
            goal.paused_at = paused_at
            goal.save(update_fields=("paused_at",))
            record(goal, kind)
    return goal


def record(goal: Goal, kind: GoalEvent.Kind, detail: Told = "") -> None:
    """Write what happened to it, and tell pages."""
    GoalEvent.objects.create(owner_id=goal.owner_id, goal=goal, kind=kind, detail=detail, created_at=clock.now())
    publish(owner_id=goal.owner_id, event="goals", data={"goal": str(goal.pk), "kind": kind.value})


def _reached(goal: Goal) -> Sentence:
    if goal.value is None:
        return Sentence("It could not be measured.")
    return sentence("It stood at {value}.", value=figure(load(goal.target).main.metric, goal.value, goal.base))


def _changes(before: Mapping[str, Any], after: Mapping[str, Any], names: Iterable[str]) -> Sentence:
    """What was changed, each from what to what."""
    changes = [
        sentence("{name} from “{old}” to “{new}”", name=name, old=_in_words(before[name]), new=_in_words(after[name]))
        for name in names
    ]
    return sentence("Changed: {changes}.", changes=joined(*changes, by="; "))


def _in_words(fact: Any) -> Value | Told:
    """A fact of `_facts`, as its reader writes it."""
    if isinstance(fact, datetime):
        return moment(fact)
    if isinstance(fact, list):
        return joined(*fact, by=" " if any(isinstance(one, Sentence) for one in fact) else ", ") or "none"
    return fact or "none"


def _facts(goal: Goal) -> dict[str, Any]:
    """What the log says of a goal, before and after, in words."""
    target, scope, rule = load(goal.target), told(goal)["scope"], goal.accepts_changes
    wallets = Wallet.objects.filter(owner_id=goal.owner_id).values_list("pk", "name")
    names = {str(pk): name for pk, name in wallets}

    def does(actions: Sequence[Mapping[str, Any]]) -> list[Sentence]:
        return [action_in_words(action, goal.base, names) for action in actions]

    return {
        "name": goal.name,
        "kind": goal.get_kind_display(),
        "target": target_in_words(target, goal.base),
        "sample": f"{target.minimum_trades} trades, {target.minimum_days} days",
        "starts": goal.starts_at,
        "deadline": goal.ends_at,
        "scope": "whole fund" if scope == FUND else [names[str(one)] for one in scope],
        "actions": does(goal.actions),
        "on missing": does(goal.on_miss),
        "adjusts itself": sentence("{by} every {days} days", by=share(Decimal(rule["by"])), days=rule["every_days"])
        if rule
        else None,
    }
