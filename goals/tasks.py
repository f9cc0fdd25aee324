"""What goals do on their own: measure what is new, end what has ended, and do what is to be done then."""

import logging
from datetime import timedelta
from uuid import UUID

from celery import shared_task

from goals import services
from kit import clock, tenancy

logger = logging.getLogger(__name__)
KEPT_WHOLE = timedelta(days=7)
EXPIRES = 30  # seconds; the next one comes anyway


@shared_task(name="goals.tasks.update_goals")
def update_goals() -> int:
    """A task for every owner with a goal under way and one for every goal with something to do; returns how many."""
    with tenancy.system():
        owners, due = services.due_owners(), services.due_goals()
    for owner_id in owners:
        update_goals_of.apply_async(args=(str(owner_id),), expires=EXPIRES)
    for owner_id, goal_id in due:
        act_for_goal.apply_async(args=(str(owner_id), str(goal_id)), expires=EXPIRES)
    return len(owners) + len(due)


@shared_task(name="goals.tasks.thin_out_series")
def thin_out_series() -> int:
    """Of what is older than a week a point a day is enough; returns how many went."""
    with tenancy.system():
        owners = services.owners_of_series()
    gone = 0
    for owner_id in owners:
        with tenancy.system():  # of goals that have ended as well
            gone += services.thin_out(owner_id=owner_id, older_than=clock.now() - KEPT_WHOLE)
    return gone


@shared_task(name="goals.tasks.update_goals_of")
def update_goals_of(owner_id: str) -> int:
    """Bring one owner's goals up to date; returns how many have ended."""
    with tenancy.tenant(UUID(owner_id)):
        ended = services.update(owner_id=UUID(owner_id))
    for goal_id in ended:
        act_for_goal.apply_async(args=(owner_id, str(goal_id)), expires=EXPIRES)
    return len(ended)


@shared_task(name="goals.tasks.act_for_goal")
def act_for_goal(owner_id: str, goal_id: str) -> bool:
    """Do what is to be done for a goal now: one action in each transaction. False while something is left for later."""
    while True:
        with tenancy.tenant(UUID(owner_id)):
            done = services.carry_out_next(owner_id=UUID(owner_id), goal_id=UUID(goal_id))
        if done is not None:
            return done
