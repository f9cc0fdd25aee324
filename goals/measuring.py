"""Where goals stand now, by what is counted and what their scope is worth."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from goals.figures import read_figures
from goals.measures import Figures, Reading, reading
from goals.models import Goal
from goals.plan import Plan, planned
from goals.targets import load
from kit import clock


@dataclass(frozen=True, slots=True)
class Measured:
    """A goal with where it stands now, which may not be written down yet."""

    goal: Goal
    figures: Figures
    reading: Reading
    plan: Plan | None


def measure(*, owner_id: UUID, goals: Sequence[Goal], now: datetime | None = None) -> list[Measured]:
    """Where the goals stand by what is counted: nothing is written."""
    now = now or clock.now()
    figures = read_figures(owner_id=owner_id, goals=goals)
    found = []
    for goal in goals:
        target = load(goal.target)
        read = reading(target, figures[goal.pk], began_with=goal.began_with)
        plan = planned(
            target,
            value=read.value,
            began_with=goal.began_with,
            starts_at=goal.starts_at,
            ends_at=goal.ends_at,
            now=now,
        )
        found.append(Measured(goal, figures[goal.pk], read, plan))
    return found
