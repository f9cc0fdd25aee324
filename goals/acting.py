"""What is done once a goal has ended: its actions in their order, each exactly once, whatever crashes in between.

An action and the note that it is done are one transaction, so a crash at any moment leaves it to be done or done; the
key of what it moves is the goal's id with the numbers of action and try. What waits for the world outside (positions to
close, money to become free) comes back after a while, and is given up with a statement of what is left. What fails does
so by itself: it says why, is tried again after ever longer pauses, and in the end is given up and lets the next one
begin.
"""

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from farms.models import Agent, Farm
from farms.services import pause_agent, pause_farm
from goals import holding, life, moving, renewing, telling
from goals.actions import EVERYTHING, MASTER, PROFIT
from goals.models import Goal, GoalAction, GoalEvent, GoalMove
from goals.moving import Moves
from kit import clock
from kit.errors import MoniqoError
from kit.sentences import Sentence, joined, money, sentence, told_by
from portfolio.models import PortfolioState
from portfolio.rebalancing.running import after_goal
from trading.services import close_all
from wallets.models import PostingKind, Wallet
from wallets.services import move_along

logger = logging.getLogger(__name__)
Status = GoalAction.Status
OPEN: Final = (Status.WAITING, Status.RUNNING)
TRY_AGAIN: Final = timedelta(seconds=20)
# Ten minutes for positions to close, five for money to come out of open orders.
TRIES_TO_CLOSE: Final = 30
TRIES_TO_COLLECT: Final = 15
# What fails is tried after 20 seconds, 40, 60 and so on: half an hour in all.
TRIES_THAT_FAIL: Final = 13


def due_goals() -> list[tuple[UUID, UUID]]:
    """(owner, goal) of everybody with something to do now. Runs as the system."""
    now = clock.now()
    rows = GoalAction.objects.filter(Q(next_try_at=None) | Q(next_try_at__lte=now), status__in=OPEN).order_by()
    rows = rows.exclude(owner_id__in=PortfolioState.owners_building())
    return list(rows.values_list("owner_id", "goal_id").distinct())


def carry_out_next(*, owner_id: UUID, goal_id: UUID) -> bool | None:
    """Do the next action of the goal, in one transaction; True when none is left, False when one waits, None to go on.

    Runs as the tenant.
    """
    with transaction.atomic():
        goal = life.lock(owner_id=owner_id, goal_id=goal_id)
        action = goal.steps.filter(status__in=OPEN).order_by("number").first()
        if action is None:
            return True
        if action.next_try_at is not None and action.next_try_at > clock.now():
            return False
        _try(goal, action)
        if action.status in OPEN:
            return False
        if not goal.steps.filter(status__in=OPEN).exists():
            _bring_to_mind(goal)
            holding.let_go(goal)  # with the last action: nobody comes back to a goal with nothing left to do
        return None


def carry_out(*, owner_id: UUID, goal_id: UUID) -> bool:
    """Do all there is to do for the goal now; False while something is left for later. Runs as the tenant."""
    while (done := carry_out_next(owner_id=owner_id, goal_id=goal_id)) is None:
        pass
    return done


def _bring_to_mind(goal: Goal) -> None:
    """Let the rules that rebalance know where money came home."""
    home = set(goal.moves.filter(purpose=GoalMove.Purpose.COLLECT).values_list("target_id", flat=True))
    if home:
        after_goal(owner_id=goal.owner_id, goal_id=goal.pk, name=goal.name, wallet_ids=home)


def _try(goal: Goal, action: GoalAction) -> None:
    """Do the action, all of it or nothing; what goes wrong is its result."""
    try:
        with transaction.atomic():
            action.tries += 1
            status, result = _DOES[action.do](goal, action)
            _write(goal, action, status, result, again=TRY_AGAIN)
    except Exception as error:
        # One goal's trouble must neither keep its other actions for ever nor be asked of the database all day.
        why = sentence("{said}", said=told_by(error))
        if not isinstance(error, MoniqoError):
            logger.exception("Action %s of goal %s failed", action.number, goal.pk)
            why = Sentence("Something went wrong.")
        goal.refresh_from_db()
        action.refresh_from_db()
        action.tries += 1
        if action.tries < TRIES_THAT_FAIL:
            result = sentence("{why} It is tried again.", why=why)
            _write(goal, action, Status.RUNNING, result, again=TRY_AGAIN * action.tries)
        else:
            _write(goal, action, Status.SKIPPED, sentence("Given up. {why}", why=why))


def _write(
    goal: Goal, action: GoalAction, status: Status, result: Sentence, *, again: timedelta = timedelta(0)
) -> None:
    action.status, action.result = status, result
    action.next_try_at = clock.now() + again if status in OPEN else None
    action.done_at = None if status in OPEN else clock.now()
    action.save(update_fields=("options", "status", "result", "tries", "next_try_at", "done_at"))
    if status not in OPEN:
        life.record(goal, GoalEvent.Kind.ACTED, result)
    if status in (Status.PARTLY, Status.SKIPPED):
        telling.tell_left(goal, action)


# --- the actions ----------------------------------------------------------------------------------------------------


def _close(goal: Goal, action: GoalAction) -> tuple[Status, Sentence]:
    """Leave what is open in scope. Nothing is opened there since the goal has ended, until everything else is done."""
    closing = close_all(owner_id=goal.owner_id, wallet_ids=holding.scope_of(goal), reason=_because(goal))
    if closing.is_done:
        return Status.DONE, Sentence("All positions in scope are closed.")
    left = [
        sentence("{wallet} still holds {symbol}: {why}", wallet=one.position.wallet.name,
                 symbol=one.position.instrument.symbol, why=one.why)
        for one in closing.open
    ]  # fmt: skip
    left += [sentence("{wallet}: an order is not cancelled yet.", wallet=one.wallet.name) for one in closing.opening]
    return (Status.RUNNING if action.tries < TRIES_TO_CLOSE else Status.PARTLY), joined(
        *left, Sentence("All else in scope is closed.")
    )


def _collect(goal: Goal, action: GoalAction) -> tuple[Status, Sentence]:
    books = moving.read_books(goal)
    before = sum((move.amount for move in action.moves.all()), Decimal(0))
    kind = action.options["amount"]
    wanted = None if kind in (PROFIT, EVERYTHING) else Decimal(kind) - before
    found = moving.collection(action.options, books, wanted=wanted)
    _move(goal, action, GoalMove.Purpose.COLLECT, PostingKind.COLLECT, found)
    told = joined(_told("Collected", action), *found.notes, *found.stays)
    if found.waits and action.tries < TRIES_TO_COLLECT:
        return Status.RUNNING, told
    return (Status.PARTLY if found.stays else Status.DONE), told


def _distribute(goal: Goal, action: GoalAction) -> tuple[Status, Sentence]:
    pools: dict[tuple[UUID, str], Decimal] = defaultdict(lambda: Decimal(0))
    for move in goal.moves.filter(purpose=GoalMove.Purpose.COLLECT):
        pools[move.target_id, move.asset] += move.amount
    found = moving.distribution(action.options, pools, moving.read_books(goal))
    _move(goal, action, GoalMove.Purpose.REWARD, PostingKind.REWARD, found)
    return Status.DONE, joined(_told("Distributed", action), *found.stays)


def _return(goal: Goal, action: GoalAction) -> tuple[Status, Sentence]:
    """All that is free goes to the masters."""
    action.options = {"amount": EVERYTHING, "from": [], "to": MASTER}
    return _collect(goal, action)


def _pause(goal: Goal, action: GoalAction) -> tuple[Status, Sentence]:
    """The farms in scope decide nothing more, or the agents, where only they are in scope."""
    books = moving.read_books(goal)
    members = [wallet.pk for wallet in books.below(books.scope)]
    farms = Farm.objects.filter(owner_id=goal.owner_id, wallet__in=members, status=Farm.Status.RUNNING)
    agents = Agent.objects.filter(owner_id=goal.owner_id, wallet__in=members, status=Agent.Status.RUNNING)
    names = [pause_farm(owner_id=goal.owner_id, farm_id=farm.pk).name for farm in farms]
    alone = agents.exclude(farm__wallet__in=members)
    names += [pause_agent(owner_id=goal.owner_id, agent_id=agent.pk).name for agent in alone]
    return Status.DONE, sentence("Paused: {names}.", names=", ".join(names) or "nothing was running")


def _continue(goal: Goal, action: GoalAction) -> tuple[Status, Sentence]:
    return Status.DONE, Sentence("Everything goes on.")


def _renew(goal: Goal, action: GoalAction) -> tuple[Status, Sentence]:
    value = renewing.next_value(goal, action.options.get("rule", "percentage"), action.options.get("value", "0"))
    if renewing.is_reached_at_once(goal, value):
        return Status.PARTLY, Sentence("It does not begin again: what it would want is reached already.")
    holding.let_go(goal)
    following = renewing.renew(goal, value)
    return Status.DONE, sentence("It begins again as a new goal, {target}.", target=renewing.target_of(following))


def _reduce(goal: Goal, action: GoalAction) -> tuple[Status, Sentence]:
    changed = holding.stop(goal, holding.REDUCING)
    return Status.DONE, sentence("Opens nothing new: {names}.", names=_names(changed))


def _halt(goal: Goal, action: GoalAction) -> tuple[Status, Sentence]:
    changed = holding.stop(goal, holding.HALTED)
    return Status.DONE, sentence("Halted: {names}.", names=_names(changed))


_DOES: Final[dict[str, Callable[[Goal, GoalAction], tuple[Status, Sentence]]]] = {
    "close": _close,
    "collect": _collect,
    "distribute": _distribute,
    "pause": _pause,
    "continue": _continue,
    "renew": _renew,
    "adjust": _renew,
    "reduce": _reduce,
    "halt": _halt,
    "return": _return,
}


# --- what they share ------------------------------------------------------------------------------------------------


def _move(goal: Goal, action: GoalAction, purpose: GoalMove.Purpose, kind: PostingKind, found: Moves) -> None:
    if not found.moves:
        return
    profits = found.profits or (Decimal(0),) * len(found.moves)
    posting = move_along(
        owner_id=goal.owner_id,
        key=f"goal:{goal.pk}:{action.number}:{action.tries}",
        kind=kind,
        moves=[replace(move, profit=profit) for move, profit in zip(found.moves, profits, strict=True)],
        detail={"goal": str(goal.pk), "note": goal.name},
    )
    GoalMove.objects.bulk_create(
        GoalMove(
            owner_id=goal.owner_id,
            goal=goal,
            action=action,
            purpose=purpose,
            source_id=move.source.pk,
            target_id=move.target.pk,
            asset=move.asset,
            amount=move.amount,
            profit=profit,
            posting=posting,
            created_at=clock.now(),
        )
        for move, profit in zip(found.moves, profits, strict=True)
    )


def _names(changed: Iterable[Wallet]) -> str:
    return ", ".join(wallet.name for wallet in changed) or "it was so already"


def _told(done: str, action: GoalAction) -> Sentence:
    """What the action has moved so far, all tries together."""
    totals: dict[str, Decimal] = defaultdict(lambda: Decimal(0))
    for move in action.moves.all():
        totals[move.asset] += move.amount
    if not totals:
        return sentence("{done}: nothing.", done=done)
    parts = [sentence("{amount}", amount=money(total, asset)) for asset, total in sorted(totals.items())]
    return sentence("{done} {amounts}.", done=done, amounts=joined(*parts, by=" and "))


def _because(goal: Goal) -> Sentence:
    if goal.status == Goal.Status.MISSED:
        return sentence("The goal {name} was missed.", name=goal.name)
    return sentence("The goal {name} was achieved.", name=goal.name)
