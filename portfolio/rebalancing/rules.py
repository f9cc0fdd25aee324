"""Making a rule, setting it anew, switching it, taking it away."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction

from kit import clock
from kit.alerts.services import resolve_alert
from kit.audit import services as audit
from kit.decimals import plain
from kit.errors import ConflictError, InvalidInputError, NotFoundError
from kit.live.publish import publish
from kit.sentences import Sentence, sentence
from portfolio.allocation.asking import Asked, Limits
from portfolio.allocation.filters import ACTIVE, traits_of
from portfolio.allocation.working import FEWEST_TARGETS
from portfolio.rebalancing.models import MOST_HOURS, OPEN, USUAL, RebalanceRule, RebalanceRun
from wallets.hierarchy.places import get_wallet
from wallets.hierarchy.plans import Plan
from wallets.models import FundAllocation, Wallet

Every = RebalanceRule.Every
DAYS = {Every.WEEK: 7, Every.MONTH: 31}
SWITCHED_OFF = Sentence("The rule was switched off.")
BY_HAND = Sentence("Its owner applied the plan by hand.")
SET_ANEW = Sentence("The rule was set anew.")
WHAT_BECAME = (
    "status", "reason", "allocation", "used", "base", "capital", "cost", "drift", "turnover", "notes", "targets",
    "looked_at", "expires_at", "settled_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wish:
    """A rule as its owner words it; fractions of the capital."""

    asked: Asked
    every: str = Every.WEEK
    on_day: int | None = 1
    hour: int = 3
    band: Decimal = USUAL["band"]
    automatic_up_to: Decimal | None = None
    approve_within: int = USUAL["approve_within"]
    after_goals: bool = False
    is_on: bool = True


def key_of(rule_id: UUID) -> str:
    """Of the alert that a plan waits, or could not be made or carried out."""
    return f"rebalance:{rule_id}"


def paused_key_of(rule_id: UUID) -> str:
    """Of the alert that it is put off for long."""
    return f"rebalance-paused:{rule_id}"


def find_rule(*, owner_id: UUID, wallet_id: UUID) -> RebalanceRule:
    """The rule of a wallet. Raises NotFoundError."""
    found = RebalanceRule.objects.select_related("wallet__connection").filter(owner_id=owner_id, wallet=wallet_id)
    rule = found.first()
    if rule is None:
        raise NotFoundError("There is no such rule.")
    return rule


def why_none(wallet: Wallet) -> str:
    """Why the wallet can have no rule; empty where it can."""
    if wallet.role in (Wallet.Role.MASTER, Wallet.Role.FARM):
        return ""
    return f"{wallet.name} has nothing below it: give the rule to a master or a farm."


def set_rule(*, owner_id: UUID, wallet_id: UUID, wish: Wish) -> RebalanceRule:
    """Give a master or a farm this rule, or set the one that it has anew; what was due before concerns it no more.

    What of an older one is put off or waits is over. Raises NotFoundError; InvalidInputError for a wallet that has
    nothing below it, and for numbers that make no sense.
    """
    wallet = get_wallet(owner_id=owner_id, wallet_id=wallet_id)
    if why := why_none(wallet):
        raise InvalidInputError(why)
    _check(wish)
    _check_bounds(wallet, wish.asked)
    _check_children(wallet, wish.asked.limits)
    given: dict[str, Any] = {
        "every": wish.every, "on_day": wish.on_day, "hour": wish.hour, "method": wish.asked.method,
        "asked": wish.asked.as_json, "band": wish.band, "automatic_up_to": wish.automatic_up_to,
        "approve_within": wish.approve_within, "after_goals": wish.after_goals, "is_on": wish.is_on,
    }  # fmt: skip
    with transaction.atomic():
        rule = RebalanceRule.objects.select_for_update(no_key=True).filter(owner_id=owner_id, wallet=wallet).first()
        before = {name: getattr(rule, name) for name in given} if rule else {}
        if rule is None:
            # Of two at once the second finds the first one's.
            rule, is_new = RebalanceRule.objects.get_or_create(
                owner_id=owner_id, wallet=wallet, defaults={**given, "since": clock.now()}
            )
            if not is_new:
                return set_rule(owner_id=owner_id, wallet_id=wallet_id, wish=wish)
        elif before != given:
            for name, value in given.items():
                setattr(rule, name, value)
            rule.since = clock.now()
            rule.save()
            _end_open(rule, SET_ANEW if rule.is_on else SWITCHED_OFF)
        _tell(rule, "Rebalancing rule set" if before else "Rebalancing rule made", before, given)
    return rule


def switch_rule(*, owner_id: UUID, wallet_id: UUID, is_on: bool) -> RebalanceRule:
    """On or off. What was due while it was off concerns it no more. Raises NotFoundError."""
    with transaction.atomic():
        rule = lock(owner_id=owner_id, wallet_id=wallet_id)
        if rule.is_on != is_on:
            rule.is_on, rule.since = is_on, clock.now() if is_on else rule.since
            rule.save(update_fields=("is_on", "since"))
            if not is_on:
                _end_open(rule, SWITCHED_OFF)
            action = "Rebalancing rule switched on" if is_on else "Rebalancing rule switched off"
            _tell(rule, action, {"is_on": not is_on}, {"is_on": is_on})
    return rule


def remove_rule(*, owner_id: UUID, wallet_id: UUID) -> None:
    """Take the rule away with its runs; what it moved stays moved and told. Raises NotFoundError."""
    with transaction.atomic():
        rule = lock(owner_id=owner_id, wallet_id=wallet_id)
        _end_open(rule, SWITCHED_OFF)
        _tell(rule, "Rebalancing rule removed", {"rule": str(rule)}, {})
        rule.delete()


def lock(*, owner_id: UUID, wallet_id: UUID) -> RebalanceRule:
    """The rule, which nobody else works at until the transaction ends: whoever makes or decides a run holds it."""
    rows = RebalanceRule.objects.select_for_update(of=("self",), no_key=True).select_related("wallet__connection")
    rule = rows.filter(owner_id=owner_id, wallet=wallet_id).first()
    if rule is None:
        raise NotFoundError("There is no such rule.")
    return rule


def settle(run: RebalanceRun, status: str, reason: Sentence) -> RebalanceRun:
    """End a run, and what was told of it; where somebody applied its plan meanwhile it is done, whatever `status`."""
    if status != RebalanceRun.Status.DONE and run.allocation_id is not None:
        plan = FundAllocation.objects.select_for_update().filter(pk=run.allocation_id).first()
        if plan is not None and plan.status != FundAllocation.Status.PREVIEWED:
            status, reason = RebalanceRun.Status.DONE, BY_HAND
    run.status, run.reason, run.settled_at = status, reason, clock.now()
    keep(run)
    resolve_alert(owner_id=run.owner_id, key=key_of(run.rule_id))
    resolve_alert(owner_id=run.owner_id, key=paused_key_of(run.rule_id))
    publish(owner_id=run.owner_id, event="wallets", data={"wallet": str(run.rule.wallet_id), "change": "rebalancing"})
    return run


def require_waiting(plan: Plan) -> None:
    """Raises ConflictError for the plan of a run that is over without it; other plans are none of its business.

    It is asked while the plan is locked, and who ends a run locks its plan first: one of the two comes second.
    """
    if why := why_over(owner_id=plan.allocation.owner_id, plan_id=plan.allocation.pk):
        raise ConflictError(why)


def why_over(*, owner_id: UUID, plan_id: UUID) -> Sentence | None:
    """Why a plan can be applied no more, where the run that made it is over without it."""
    runs = RebalanceRun.objects.filter(owner_id=owner_id, allocation=plan_id)
    run = runs.exclude(status=RebalanceRun.Status.DONE).first()
    if run is None:
        return None
    if not run.is_open:
        return sentence("The run that made this plan is over. {reason}", reason=run.reason)
    return Sentence("The run that made this plan is over: nobody approved it in time.") if run.has_expired else None


def keep(run: RebalanceRun) -> None:
    """Write what has become of a run; what it was for stays."""
    run.save(update_fields=WHAT_BECAME)


def _end_open(rule: RebalanceRule, why: Sentence) -> None:
    for run in rule.runs.filter(status__in=OPEN):
        run.rule = rule
        settle(run, RebalanceRun.Status.EXPIRED, why)
    resolve_alert(owner_id=rule.owner_id, key=key_of(rule.pk))


def _check(wish: Wish) -> None:
    wish.asked.check()
    fields: dict[str, str] = {}
    if wish.every not in Every.values:
        fields["every"] = f"One of {', '.join(Every.values)}."
    elif wish.every == Every.DAY and wish.on_day is not None:
        fields["on_day"] = "Leave this empty: it is every day."
    elif wish.every != Every.DAY and not 1 <= (wish.on_day or 0) <= DAYS[Every(wish.every)]:
        fields["on_day"] = f"From 1 to {DAYS[Every(wish.every)]}."
    if not 0 <= wish.hour <= 23:
        fields["hour"] = "From 0 to 23."
    if not wish.band.is_finite() or not 0 <= wish.band <= 1:
        fields["band"] = "From 0 to 100 %."
    if wish.automatic_up_to is not None and not (wish.automatic_up_to.is_finite() and 0 < wish.automatic_up_to <= 2):
        fields["automatic_up_to"] = "Above 0, up to 200 %; leave it empty to be asked each time."
    if not 1 <= wish.approve_within <= MOST_HOURS:
        fields["approve_within"] = f"From 1 to {MOST_HOURS} hours."
    if wish.asked.limits.turnover == 0:
        fields["constraints.turnover"] = "Above 0: a run that moves at most nothing never moves anything."
    if fields:
        raise InvalidInputError(" ".join(fields.values()), fields=fields)


def _check_bounds(wallet: Wallet, asked: Asked) -> None:
    known = set(Wallet.objects.filter(parent=wallet, pk__in=asked.limits.bounds).values_list("pk", flat=True))
    if unknown := set(asked.limits.bounds) - known:
        told = f"Only what stands right below {wallet.name} has a bound."
        raise InvalidInputError(
            told, fields={"constraints.targets": f"No child of it: {', '.join(map(str, sorted(unknown)))}."}
        )


def _check_children(wallet: Wallet, limits: Limits) -> None:
    """Raises InvalidInputError for what no run could ever keep with what is below the wallet now: kinds of which there
    are fewer than two, and least weights that leave no room for two, or for all where all are weighed."""
    children = list(Wallet.objects.filter(parent=wallet, archived_at=None).exclude(role__in=Wallet.IDLE))
    if len(children) < FEWEST_TARGETS:
        return  # they may come
    traits = traits_of(wallet.owner_id, {one.pk: ACTIVE for one in children})
    chosen = [one for one in children if not limits.kinds or traits[one.pk].kinds.keys() & set(limits.kinds)]
    if len(chosen) < FEWEST_TARGETS:
        kinds = sorted({kind for trait in traits.values() for kind in trait.kinds})
        there = f"There are {', '.join(kinds)}." if kinds else "None of them has a kind."
        told = f"Fewer than two wallets under {wallet.name} are of these kinds. {there}"
        raise InvalidInputError(told, fields={"constraints.kinds": told})
    own = [bound.minimum if (bound := limits.bounds.get(one.pk)) else None for one in chosen]
    least = sorted(limits.minimum if one is None else one for one in own)
    if limits.statuses or limits.minimum_history or limits.looks_at_risk or limits.minimum_sharpe is not None:
        least = least[:FEWEST_TARGETS]  # the others may be left out
    whole, room = sum(least, Decimal(0)), 1 - limits.cash_reserve
    if whole > room:
        told = (
            f"The least weights of {len(least)} wallets are {plain(whole * 100)} % together, and {plain(room * 100)} % "
            "is there to give: lower the minimum or the cash reserve."
        )
        raise InvalidInputError(told, fields={"constraints.minimum": told})


def _tell(rule: RebalanceRule, action: str, before: dict[str, Any], after: dict[str, Any]) -> None:
    audit.record_change(
        audit.Area.MONEY, action, owner_id=rule.owner_id, subject=rule.wallet.name, before=before, after=after
    )
    publish(owner_id=rule.owner_id, event="wallets", data={"wallet": str(rule.wallet_id), "change": "rebalancing"})
