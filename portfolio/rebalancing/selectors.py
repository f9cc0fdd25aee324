"""Rules and their runs as pages and programs read them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import DateTimeField, OuterRef, QuerySet, Subquery, TextField, Value
from django.db.models.functions import Cast, Concat

from kit import clock
from kit.errors import NotFoundError
from kit.sentences import Sentence, public, sentence
from portfolio.allocation.methods import label_of
from portfolio.allocation.selectors import Target
from portfolio.corrections import zone_of
from portfolio.rebalancing import timing
from portfolio.rebalancing.models import SCHEDULED, RebalanceRule, RebalanceRun
from portfolio.rebalancing.obstacles import put_off
from wallets.hierarchy.undoing import UNDO
from wallets.models import Posting

WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
DAYS_ASKED: Final = 10  # the newest keys: what is due next meets no older one


@dataclass(frozen=True, slots=True)
class Standing:
    """A rule, when it is due next (None while it is off), and what would put it off if that were now."""

    rule: RebalanceRule
    next_at: datetime | None
    in_the_way: tuple[Sentence, ...]

    @property
    def method_label(self) -> str:
        return label_of(self.rule.method)

    @property
    def rhythm(self) -> str:
        """`Every Monday at 03:00`."""
        rule = self.rule
        if rule.every == RebalanceRule.Every.WEEK:
            return f"Every {WEEKDAYS[(rule.on_day or 1) - 1]} at {rule.hour:02d}:00"
        if rule.every == RebalanceRule.Every.MONTH:
            return f"On day {rule.on_day} of every month at {rule.hour:02d}:00"
        return f"Every day at {rule.hour:02d}:00"


@dataclass(frozen=True, slots=True)
class Explained:
    """A run with a line for each child: what it was worth, its weight and why."""

    run: RebalanceRun
    targets: tuple[Target, ...]

    @property
    def notes(self) -> list[Sentence]:
        return [sentence("{said}", said=public(one)) for one in self.run.notes]

    @property
    def used_label(self) -> str:
        return label_of(self.run.used) if self.run.used else ""

    @property
    def is_other(self) -> bool:
        """Whether another method was used than the rule's."""
        return bool(self.run.used) and self.run.used != self.run.rule.method

    @property
    def waits(self) -> bool:
        return self.run.status == RebalanceRun.Status.WAITING and self.run.allocation_id is not None

    @property
    def has_moved(self) -> bool:
        return self.run.status == RebalanceRun.Status.DONE


def standing_of(rule: RebalanceRule) -> Standing:
    next_at = None
    if rule.is_on:
        now, zone = clock.now(), zone_of(rule.owner_id)
        # A day is done once, whatever its hour or the zone become on it.
        keys = rule.runs.filter(key__startswith=SCHEDULED).order_by("-key")[:DAYS_ASKED].values_list("key", flat=True)
        used = {key.removeprefix(SCHEDULED) for key in keys}
        next_at = timing.next_due(now, zone, every=rule.every, on_day=rule.on_day, hour=rule.hour, used=used)
    return Standing(rule, next_at, tuple(put_off(wallet=rule.wallet, method=rule.method)))


def rules_of(*, owner_id: UUID) -> list[RebalanceRule]:
    """All of the owner's, oldest first."""
    return list(RebalanceRule.objects.select_related("wallet__connection").filter(owner_id=owner_id))


def runs_of(*, owner_id: UUID, wallet_id: UUID | None = None, statuses: Sequence[str] = ()) -> QuerySet[RebalanceRun]:
    """The owner's runs, of one wallet's rule or of all, newest first; `taken_back_at` is when one was undone."""
    key = Concat(Value(UNDO), Cast(OuterRef("allocation_id"), TextField()))
    undone = Posting.objects.filter(owner_id=OuterRef("owner_id"), key=key).order_by().values("created_at")[:1]
    rows = RebalanceRun.objects.filter(owner_id=owner_id).select_related("rule__wallet__connection", "allocation")
    rows = rows.annotate(taken_back_at=Subquery(undone, output_field=DateTimeField()))
    if wallet_id is not None:
        rows = rows.filter(rule__wallet=wallet_id)
    return rows.filter(status__in=statuses) if statuses else rows


def find_run(*, owner_id: UUID, run_id: UUID) -> RebalanceRun:
    """One of them. Raises NotFoundError."""
    found = runs_of(owner_id=owner_id).filter(pk=run_id).first()
    if found is None:
        raise NotFoundError("There is no such run.")
    return found


def explained(run: RebalanceRun) -> Explained:
    return Explained(run, tuple(Target.read(one) for one in run.targets))
