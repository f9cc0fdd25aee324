"""A rule at work: it looks whether it is due, works out a plan, applies it or lets it wait, and says why.

A run is a plan by method, made and applied by a rule. What is due is a row under a key of its own (the day where its
owner is, or the goal), and everything that is done for it is one transaction under the rule's lock: whatever crashes,
runs twice or on two workers at once, whichever way a clock is set, it is done once, or not yet. While something stands
in the way (`obstacles`) the run is put off and looked at again; when the next one is due, it is over.
"""

import logging
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from kit import clock, formatting
from kit.alerts.links import about
from kit.alerts.services import raise_alert, resolve_alert
from kit.errors import ConflictError, MoniqoError
from kit.sentences import Sentence, Value, joined, moment, public, sentence, share, told_by
from portfolio.allocation import services as plans
from portfolio.allocation.working import Worked, work_out
from portfolio.corrections import zone_of
from portfolio.models import PortfolioState
from portfolio.rebalancing import timing
from portfolio.rebalancing.models import OPEN, SCHEDULED, RebalanceRule, RebalanceRun
from portfolio.rebalancing.obstacles import put_off, resting
from portfolio.rebalancing.rules import BY_HAND, keep, key_of, lock, paused_key_of, settle
from wallets.hierarchy.allocations import ZERO
from wallets.models import FundAllocation

Status = RebalanceRun.Status
# Its owner is told of a run that is put off for longer than this.
PATIENCE: Final = timedelta(hours=1)
SHOWN: Final = 4  # decimals of a fraction in a sentence
GONE: Final = Sentence("Nobody approved it in time: nothing was moved.")
REPLACED: Final = Sentence("A newer run took its place: nothing was moved.")
MOVED_MEANWHILE: Final = Sentence("Money moved while it was worked out: it is tried again in a minute.")
ANEW: Final = Sentence("Money had moved since it was first worked out, so it was worked out anew.")
CLOSED: Final = Sentence("A wallet of the first plan was not free to trade any more, so it was worked out anew.")

logger = logging.getLogger(__name__)


def due_rules() -> list[tuple[UUID, UUID]]:
    """(owner, wallet) of every rule that may have something to do. Runs as the system."""
    rules = RebalanceRule.objects.filter(Q(is_on=True) | Q(runs__status__in=OPEN)).order_by()
    rules = rules.exclude(owner_id__in=PortfolioState.owners_building())
    return list(rules.values_list("owner_id", "wallet_id").distinct())


def look(*, owner_id: UUID, wallet_id: UUID) -> list[RebalanceRun]:
    """Do what the wallet's rule has reason for, in one transaction; returns the runs that have changed.

    Runs in the owner's tenant. Safe to repeat, and on several workers at once. Raises NotFoundError where the rule is
    gone meanwhile.
    """
    with transaction.atomic():
        rule = lock(owner_id=owner_id, wallet_id=wallet_id)
        changed = [run for run in _waiting(rule) if _over(run)]
        if rule.is_on:
            _begin(rule)
            changed += [run for run in _open(rule, Status.DUE) if _try(run)]
    return changed


def after_goal(*, owner_id: UUID, goal_id: UUID, name: str, wallet_ids: set[UUID]) -> int:
    """A goal has ended and all it does is done; it brought money to these wallets. Lets their rules run that want to,
    once for the goal; returns how many. It is called in the goal's own transaction."""
    rules = RebalanceRule.objects.filter(owner_id=owner_id, wallet__in=wallet_ids, is_on=True, after_goals=True)
    because = sentence("The goal {name} brought money home.", name=name)
    made = [
        RebalanceRun.objects.get_or_create(
            rule=rule, key=f"goal:{goal_id}", defaults={"owner_id": owner_id, "due_at": clock.now(), "because": because}
        )
        for rule in rules
    ]
    return sum(is_new for _, is_new in made)


def approve(*, owner_id: UUID, run: RebalanceRun, plan_id: UUID) -> RebalanceRun:
    """Apply the plan that the run waits with; a second time it changes nothing.

    Where money has moved since, nothing is applied: the plan is worked out anew and the run, which is returned, waits
    with the new one or has nothing to do any more. Raises ConflictError for a run that does not wait with this plan,
    and where something stands in the way.
    """
    with transaction.atomic():
        rule = lock(owner_id=owner_id, wallet_id=run.rule.wallet_id)
        run = _reread(rule, run)
        if run.status == Status.DONE and run.allocation_id == plan_id:
            return run
        if run.status != Status.WAITING or run.has_expired:
            over = "its time is over" if run.is_open else run.get_status_display().lower()
            raise ConflictError(f"This run does not wait any more: {over}.")
        if run.allocation_id != plan_id:
            raise ConflictError("The plan was worked out anew: look at it before you approve it.")
        if why := put_off(wallet=rule.wallet, method=rule.method):
            raise ConflictError(sentence("Not now. {why}", why=joined(*why)))
        try:
            with transaction.atomic():
                _require_open(run)
                return _apply(run)
        except ConflictError as error:
            if not plans.discard(owner_id=owner_id, plan_id=plan_id):
                return settle(run, Status.DONE, BY_HAND)
            run.allocation = None
            _make(run, ANEW if isinstance(error, plans.MoneyMovedError) else CLOSED, asks=True)
            return run


def decline(*, owner_id: UUID, run: RebalanceRun) -> RebalanceRun:
    """Leave it: nothing of the run is moved. A second time changes nothing; ConflictError for one that is over."""
    with transaction.atomic():
        rule = lock(owner_id=owner_id, wallet_id=run.rule.wallet_id)
        run = _reread(rule, run)
        if run.status == Status.DECLINED:
            return run
        if run.status not in OPEN:
            raise ConflictError(f"This run is over: {run.get_status_display().lower()}.")
        settle(run, Status.DECLINED, Sentence("Its owner declined it: nothing was moved."))
        if run.status != Status.DECLINED:
            raise ConflictError("This run is over: its plan was applied by hand.")
        return run


# --- when it begins and ends ----------------------------------------------------------------------------------------


def _begin(rule: RebalanceRule) -> None:
    """The run of the newest due time, where there is none yet; older ones that were put off are over."""
    now = clock.now()
    if clock.is_ahead(rule.since):  # a clock was wrong, and shall not keep the rule waiting
        RebalanceRule.objects.filter(pk=rule.pk).update(since=now)
        rule.since = now
    day, due_at = timing.last_due(now, zone_of(rule.owner_id), every=rule.every, on_day=rule.on_day, hour=rule.hour)
    newest = rule.runs.filter(key__startswith=SCHEDULED).order_by("-due_at").values_list("due_at", flat=True).first()
    if due_at <= rule.since or (newest is not None and due_at <= newest and not clock.is_ahead(newest)):
        return
    key = f"{SCHEDULED}{day}"
    if rule.runs.filter(key=key).exists():
        return
    for old in _open(rule, Status.DUE):
        if old.key.startswith(SCHEDULED):
            told = sentence("It was put off until the next one was due. {reason}", reason=old.reason)
            settle(old, Status.EXPIRED, told)
    because = sentence("{every}: it was due at {at}.", every=rule.get_every_display(), at=moment(due_at))
    RebalanceRun.objects.create(
        owner_id=rule.owner_id, rule=rule, key=key, due_at=due_at, because=because, created_at=now
    )


def _over(run: RebalanceRun) -> bool:
    """Whether a run that waited does so no more: its plan was applied by hand, or its time is over."""
    if run.allocation is not None and run.allocation.status != FundAllocation.Status.PREVIEWED:
        settle(run, Status.DONE, BY_HAND)
        return True
    if run.allocation is None or run.has_expired:
        settle(run, Status.EXPIRED, GONE)
        return True
    return False


def _try(run: RebalanceRun) -> bool:
    """Do what is due, or say what stands in its way; whether that has changed anything."""
    rule = run.rule
    if why := put_off(wallet=rule.wallet, method=rule.method):
        return _postpone(run, joined(*why))
    try:
        with transaction.atomic():
            _make(run, Sentence())
    except plans.MoneyMovedError:
        return _postpone(run, MOVED_MEANWHILE)
    except ConflictError as error:
        return _postpone(run, sentence("{said}", said=told_by(error)))
    return True


def _postpone(run: RebalanceRun, why: Sentence) -> bool:
    has_changed: bool = run.reason.parts != why.parts
    run.reason, run.looked_at = why, clock.now()
    run.allocation = None
    run.save(update_fields=("reason", "looked_at", "allocation"))
    if run.looked_at - run.created_at >= PATIENCE:
        raise_alert(
            owner_id=run.owner_id,
            key=paused_key_of(run.rule_id),
            title="Rebalancing of {wallet} is put off",
            body="{why}",
            about=about("rebalance-run", run.pk),
            wallet=run.rule.wallet.name,
            why=why,
        )
    return has_changed


# --- a plan, and what becomes of it -----------------------------------------------------------------------------------


def _make(run: RebalanceRun, why: Sentence, *, asks: bool = False) -> None:
    """Work the plan out, keep it where there is something to move, and apply it or let it wait; `asks`: let it wait.

    Raises MoneyMovedError where money moves at the same time, ConflictError where it cannot be applied now.
    """
    rule, run.looked_at = run.rule, clock.now()
    wish = rule.wish
    closed = resting(owner_id=rule.owner_id, wallet_id=rule.wallet_id)
    try:
        worked = work_out(
            owner_id=rule.owner_id,
            wallet_id=rule.wallet_id,
            asked=replace(wish, limits=replace(wish.limits, turnover=None)),
            closed=closed,
            at_most=wish.limits.turnover,
        )
    except MoniqoError as error:
        run.allocation = None
        why = sentence("{said}", said=public(str(error)))  # no amount is in it
        settle(run, Status.REFUSED, why)
        _tell(run, "Rebalancing of {wallet} was refused", why)
        return
    _explain(run, worked)
    drift, whose = worked.drift
    off = sentence("{wallet} is {drift} off its weight", wallet=whose, drift=_percent(drift))
    if drift <= rule.band:
        run.allocation = None
        told = sentence("{off}, the farthest of all: within the band of {band}.", off=off, band=_percent(rule.band))
        settle(run, Status.NOTHING, told)
        return
    if not worked.draft.lines:
        run.allocation = None
        settle(
            run, Status.NOTHING, joined(sentence("{off}, and nothing is free to move.", off=off), *worked.draft.stays)
        )
        return
    plan = plans.keep(worked, note=f"Rebalancing rule: {rule.get_every_display().lower()}")
    run.allocation, run.cost = plan.row.allocation, plan.cost
    beyond = sentence("{off}, beyond the band of {band}.", off=off, band=_percent(rule.band))
    run.reason = joined(beyond, why, _moves(run, wish.limits.turnover), *worked.draft.stays)
    if not asks and rule.automatic_up_to is not None and worked.turnover <= rule.automatic_up_to:
        _apply(run)
    else:
        _wait(run)


def _explain(run: RebalanceRun, worked: Worked) -> None:
    run.used, run.base, run.capital = worked.found.found.method, worked.wallet.base_asset, worked.sums.capital
    run.drift, run.turnover = worked.drift[0], worked.turnover
    run.notes, run.targets = worked.notes, worked.targets


def _apply(run: RebalanceRun) -> RebalanceRun:
    """Move the money and note it, both or neither. Raises ConflictError."""
    assert run.allocation_id is not None  # noqa: S101 - only what has a plan is applied
    plans.apply_by_rule(
        owner_id=run.owner_id, plan_id=run.allocation_id, key=f"{run.rule_id}:{run.pk}:{run.allocation_id}"
    )
    return settle(run, Status.DONE, run.reason)


def _wait(run: RebalanceRun) -> None:
    rule = run.rule
    for older in _waiting(rule):
        if older.pk != run.pk:
            settle(older, Status.EXPIRED, REPLACED)
    run.status = Status.WAITING
    run.expires_at = run.expires_at or clock.now() + timedelta(hours=rule.approve_within)
    keep(run)
    resolve_alert(owner_id=run.owner_id, key=paused_key_of(run.rule_id))
    words = joined(run.reason, sentence("It waits until {at}.", at=moment(run.expires_at)))
    _tell(run, "Rebalancing of {wallet} waits for you", words)


def _require_open(run: RebalanceRun) -> None:
    """Raises ConflictError where money of the plan comes from or goes to a wallet that may not trade freely now."""
    closed = resting(owner_id=run.owner_id, wallet_id=run.rule.wallet_id)
    weighed = {UUID(one["wallet_id"]) for one in run.targets if one["weight"] is not None}
    if closed.keys() & weighed:
        raise ConflictError("One of the wallets may not trade freely any more.")


def _tell(run: RebalanceRun, title: str, why: Sentence) -> None:
    raise_alert(
        owner_id=run.owner_id,
        key=key_of(run.rule_id),
        title=title,
        body="{why}",
        about=about("rebalance-run", run.pk),
        wallet=run.rule.wallet.name,
        why=why,
    )


def _moves(run: RebalanceRun, at_most: Decimal | None) -> Sentence:
    told = sentence("It moves {turnover} of the capital, in and out.", turnover=_percent(run.turnover or ZERO))
    asked = sum((abs(Decimal(one["change"])) for one in run.targets), ZERO) / (run.capital or 1)
    if at_most is None or asked <= at_most:
        return told
    capped = sentence("The weights ask for {asked}, and one run moves at most {most}.",
                      asked=_percent(asked), most=_percent(at_most))  # fmt: skip
    return joined(told, capped)


def _percent(fraction: Decimal) -> Value:
    return share(formatting.rounded(fraction, SHOWN).normalize())


def _reread(rule: RebalanceRule, run: RebalanceRun) -> RebalanceRun:
    found = RebalanceRun.objects.select_related("allocation").get(pk=run.pk)
    found.rule = rule
    return found


def _waiting(rule: RebalanceRule) -> list[RebalanceRun]:
    return _open(rule, Status.WAITING)


def _open(rule: RebalanceRule, status: Status) -> list[RebalanceRun]:
    found = list(rule.runs.filter(status=status).select_related("allocation").order_by("due_at", "created_at"))
    for run in found:
        run.rule = rule
    return found
