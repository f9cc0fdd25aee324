"""What the pages of goals put together: one goal with all that is behind it, and what a new one begins with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from goals import selectors, services
from goals.cards import GoalRow, Total
from goals.drafts import FUND
from goals.models import Goal, GoalAction, GoalAssignment, GoalEvent, GoalMove, GoalProgress
from goals.moving import Moves
from goals.plan import Projection
from goals.templates import FARMS, RESERVE, Template
from goals.words import action_in_words, figure, status_in_words
from kit import clock, days, formatting
from kit.sentences import Sentence, sentence, share
from kit.statuses import colour
from wallets.models import Wallet

EVENTS_SHOWN: Final = 20
POINTS_DRAWN: Final = 400  # as many as a chart has pixels for
POINTS_LISTED: Final = 50
MOVES_SHOWN: Final = 50
HUNDRED: Final = Decimal(100)
NO_PROJECTION: Final = "Not known before a week has passed since its start."


@dataclass(frozen=True, slots=True)
class Step:
    """An action as a page tells it; without a status it waits for the goal to end."""

    words: Sentence
    status: str = ""
    label: str = ""
    result: Sentence | None = None

    @property
    def colour(self) -> str:
        return colour("goal_step", self.status)


@dataclass(frozen=True, slots=True)
class GoalPage:
    """A goal and everything behind its numbers."""

    row: GoalRow
    points: Sequence[GoalProgress]
    projection: Projection | None
    projected: Sentence
    moves: Moves | None
    achieved: Sequence[Step]
    missed: Sequence[Step]
    done: Sequence[GoalMove]
    events: Sequence[GoalEvent]
    assignments: Sequence[GoalAssignment]
    renews: Goal | None
    renewed_by: Goal | None

    @property
    def chart_words(self) -> str:
        """What the chart shows, for who does not see it."""
        row = self.row
        plan = ", against its straight plan" if row.has_plan else ""
        return f"{row.metric.label} since {formatting.day(days.day_of(row.goal.starts_at))}{plan}. {row.standing}"

    @property
    def would_move(self) -> Sequence[Total]:
        """What would be moved, by asset."""
        if self.moves is None:
            return ()
        return [Total(asset, amount) for asset, amount in sorted(self.moves.totals.items())]

    @property
    def former(self) -> Sequence[GoalAssignment]:
        """Who has worked for it and does no longer."""
        return [one for one in self.assignments if one.until is not None]


def goal_page(*, owner_id: UUID, goal_id: UUID) -> GoalPage:
    """Raises NotFoundError."""
    row = selectors.goal_row(owner_id=owner_id, goal_id=goal_id)
    goal = row.goal
    points = selectors.series(owner_id=owner_id, goal_id=goal_id, most=POINTS_DRAWN)
    projection = selectors.projection(row) if goal.status == Goal.Status.ACTIVE else None
    names = wallet_names(owner_id)
    steps = list(goal.steps.all())
    return GoalPage(
        row=row,
        points=points,
        projection=projection,
        projected=_projected(row, projection),
        moves=selectors.preview(owner_id=owner_id, goal_id=goal_id) if goal.is_open else None,
        achieved=_steps(goal, goal.actions, steps if goal.status == Goal.Status.ACHIEVED else [], names),
        missed=_steps(goal, goal.on_miss, steps if goal.status == Goal.Status.MISSED else [], names),
        done=list(selectors.moves(owner_id=owner_id, goal_id=goal_id)[:MOVES_SHOWN]),
        events=list(selectors.events(owner_id=owner_id, goal_id=goal_id)[:EVENTS_SHOWN]),
        assignments=list(goal.assignments.all()),
        renews=goal.renews,
        renewed_by=next(iter(goal.renewals.all()), None),
    )


def listed(page: GoalPage) -> list[tuple[datetime, Sentence, float]]:
    """The newest points of the series in words, newest first: the chart as a table."""
    metric, base = page.row.metric, page.row.goal.base
    return [
        (one.at, sentence("{value}", value=figure(metric, one.value, base)), one.progress)
        for one in page.points[-POINTS_LISTED:][::-1]
    ]


def wallet_names(owner_id: UUID) -> dict[str, str]:
    """The names of the owner's wallets by their ids as text."""
    return {str(pk): name for pk, name in Wallet.objects.filter(owner_id=owner_id).values_list("pk", "name")}


def steps_in_words(goal: Goal, actions: Sequence[Mapping[str, Any]], names: Mapping[str, str]) -> Sequence[Step]:
    """Actions that wait for their goal to end."""
    return [Step(action_in_words(action, goal.base, names)) for action in actions]


def _steps(
    goal: Goal, actions: Sequence[Mapping[str, Any]], steps: Sequence[GoalAction], names: Mapping[str, str]
) -> Sequence[Step]:
    """What is to be done, or what was done and is under way once it has ended."""
    if not steps:
        return steps_in_words(goal, actions, names)
    return [
        Step(
            action_in_words({"do": step.do, **step.options}, goal.base, names),
            step.status,
            status_in_words(step),
            step.result,
        )
        for step in steps
    ]


def _projected(row: GoalRow, found: Projection | None) -> Sentence:
    if found is None:
        return Sentence()
    metric = row.target.main.metric

    def told(value: float) -> Any:
        return figure(metric, Decimal(repr(round(value, 2))), row.goal.base)

    return sentence(
        "About {middle} at the deadline if the days to come are like those so far, between {low} and {high} in eight "
        "of ten futures; {chance} of them reach the target.",
        middle=told(found.middle),
        low=told(found.low),
        high=told(found.high),
        chance=share(Decimal(repr(round(found.chance, 2)))),
    )


# --- what a new goal begins with ------------------------------------------------------------------------------------


def duplicated(told: Mapping[str, Any]) -> dict[str, Any]:
    """The same goal once more, from now on and for as long."""
    now = clock.now()
    lasts = told["ends_at"] - told["starts_at"] if told["ends_at"] else None
    return {
        **told,
        "name": f"{told['name'][:70]} (copy)",
        "starts_at": None,
        "ends_at": now + lasts if lasts else None,
    }


def from_template(owner_id: UUID, template: Template | None) -> dict[str, Any]:
    """What a template says, with the owner's own wallets in it; nothing but the whole fund without one."""
    if template is None:
        return {"scope": FUND}
    wallets = list(Wallet.objects.filter(owner_id=owner_id).order_by("created_at"))
    reserve = next((str(one.pk) for one in wallets if one.role == Wallet.Role.RESERVE), "master")
    farms = [str(one.pk) for one in wallets if one.role == Wallet.Role.FARM][:6]
    ends_at = clock.now() + timedelta(days=template.days) if template.days else None
    return {
        "name": template.name,
        "kind": template.kind,
        "target": dict(template.target),
        "ends_at": ends_at.replace(second=0, microsecond=0) if ends_at else None,
        "scope": FUND if template.whole else farms[:1],
        "actions": [_filled(dict(one), reserve, farms) for one in template.actions],
        "on_miss": [dict(one) for one in template.on_miss],
    }


def _filled(action: dict[str, Any], reserve: str, farms: Sequence[str]) -> dict[str, Any]:
    if action.get("to") == RESERVE:
        action["to"] = reserve
    if action.get("shares") == FARMS:
        action["shares"] = [
            {"to": farm, "share": part} for farm, part in zip(farms, _equally(len(farms)), strict=True)
        ] or [{"to": "agents", "share": "1"}]
    return action


def _equally(count: int) -> list[str]:
    """Shares in whole percent that add up to 1: what is left over goes to the first."""
    if not count:
        return []
    each = HUNDRED // count
    return [str((each + (HUNDRED - each * count if number == 0 else 0)) / HUNDRED) for number in range(count)]


# --- the review ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Review:
    """What a goal would be if it began now."""

    row: GoalRow
    moves: Moves
    projected: Sentence
    achieved: Sequence[Step]
    missed: Sequence[Step]


def review(*, owner_id: UUID, told: Mapping[str, Any], goal: Goal | None) -> Review:
    """Make the goal, or change it, see what it is, and take it all back. Raises as these do."""
    with transaction.atomic():
        if goal is None:
            made = services.create(owner_id=owner_id, **told)
        else:
            made = services.change(owner_id=owner_id, goal_id=goal.pk, **told)
        row = selectors.goal_row(owner_id=owner_id, goal_id=made.pk)
        names = wallet_names(owner_id)
        found = Review(
            row=row,
            moves=selectors.preview(owner_id=owner_id, goal_id=made.pk),
            projected=_projected(row, selectors.projection(row)) or Sentence(NO_PROJECTION if row.has_plan else ""),
            achieved=steps_in_words(row.goal, row.goal.actions, names),
            missed=steps_in_words(row.goal, row.goal.on_miss, names),
        )
        transaction.set_rollback(True)
    return found
