"""Rules of a master or a farm that carry themselves out.

Each has reasons: a deposit that came, a minimum balance that is not kept, a period that has begun, a child above its
ceiling. A reason has a key that follows from the books or the calendar, and what is done for it (one posting) and the
line that says so are one transaction under that key: whatever crashes or runs twice, it is done once, or not yet.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, Decimal, localcontext
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from kit import clock, formatting
from kit.audit import services as audit
from kit.errors import InvalidInputError, MoniqoError, NotFoundError
from kit.live.publish import publish
from kit.sentences import Sentence, amount, sentence, told_by
from wallets.hierarchy import wishes
from wallets.hierarchy.allocations import RULE, ZERO, Line, carry_out
from wallets.hierarchy.movements import smallest_unit
from wallets.hierarchy.places import get_wallet
from wallets.models import (
    Account,
    Connection,
    FundAllocation,
    PostingKind,
    Purpose,
    RuleRun,
    Transfer,
    Wallet,
    WalletRule,
)
from wallets.models.kinds import PURPOSES

Kind, Every = WalletRule.Kind, WalletRule.Every
FLOWS: Final = tuple(kind.value for kind, purpose in PURPOSES.items() if purpose == Purpose.FLOW)
# Money that was written down while others were may show up this much later.
LATE: Final = timedelta(hours=1)
RUNS_SHOWN: Final = 20

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a rule acts now, under which key, and what it would move; nothing, with a sentence, where it cannot."""

    key: str
    why: Sentence
    kind: FundAllocation.Kind
    told: tuple[Line, ...]
    lines: tuple[Line, ...]


# --- for people -----------------------------------------------------------------------------------------------------


def make_rule(*, owner_id: UUID, wallet_id: UUID, kind: str, every: str = "") -> WalletRule:
    """Give a master or a farm a rule, switched on; one that it has already is switched on again.

    Raises NotFoundError, InvalidInputError for a wallet that has no rules, another kind, and a sweep without a rhythm.
    """
    wallet = get_wallet(owner_id=owner_id, wallet_id=wallet_id)
    if wallet.role not in (Wallet.Role.MASTER, Wallet.Role.FARM):
        raise InvalidInputError(f"{wallet.name} has nothing below it: give the rule to a master or a farm.")
    if kind not in Kind.values:
        raise InvalidInputError(f"Choose one of {', '.join(Kind.values)}.", fields={"kind": "No such rule."})
    if kind == Kind.SWEEP and every not in Every.values:
        raise InvalidInputError(f"Choose one of {', '.join(Every.values)}.", fields={"every": "Needed for a sweep."})
    if kind != Kind.SWEEP and every:
        raise InvalidInputError("Only a sweep has a rhythm.", fields={"every": "Leave this empty."})
    rule, is_new = WalletRule.objects.get_or_create(
        owner_id=owner_id, wallet=wallet, kind=kind, every=every, defaults={"on_since": clock.now()}
    )
    if is_new:
        _tell(rule, "Rule made")
    return rule if is_new or rule.is_on else switch_rule(owner_id=owner_id, rule_id=rule.pk, is_on=True)


def switch_rule(*, owner_id: UUID, rule_id: UUID, is_on: bool) -> WalletRule:
    """Switch a rule on or off. What came while it was off concerns it no more. Raises NotFoundError."""
    with transaction.atomic():
        rule = _locked(owner_id, rule_id)
        if rule.is_on != is_on:
            rule.is_on, rule.on_since = is_on, clock.now() if is_on else rule.on_since
            rule.save(update_fields=("is_on", "on_since"))
            _tell(rule, "Rule switched on" if is_on else "Rule switched off")
    return rule


def find_rule(*, owner_id: UUID, rule_id: UUID) -> WalletRule:
    """One rule with its wallet, or NotFoundError."""
    rule = WalletRule.objects.select_related("wallet").filter(owner_id=owner_id, pk=rule_id).first()
    if rule is None:
        raise NotFoundError("There is no such rule.")
    return rule


def would_do(rule: WalletRule) -> list[Reason]:
    """What the rule would do now, whether it is on or not, as if no period had been served yet."""
    return list(_reasons(rule, wishes.read_books(rule.owner_id)))


# --- by themselves --------------------------------------------------------------------------------------------------


def owners_with_rules() -> list[UUID]:
    """Whose rules want to be asked. Runs as the system."""
    return list(WalletRule.objects.filter(is_on=True).order_by().values_list("owner_id", flat=True).distinct())


def apply_rules(*, owner_id: UUID) -> list[RuleRun]:
    """Carry out what there is reason for; returns what was written down. Runs in the owner's tenant, in a transaction.

    One rule's trouble keeps no other from its work. What is archived, at a connection that is not active or in the past
    is left alone.
    """
    done: list[RuleRun] = []
    rules = WalletRule.objects.filter(owner_id=owner_id, is_on=True).order_by("created_at", "pk")
    for rule_id in list(rules.values_list("pk", flat=True)):
        try:
            with transaction.atomic():
                done += _apply(_locked(owner_id, rule_id))
        except Exception:  # it is asked again in a minute
            logger.exception("The rule %s could not be carried out", rule_id)
    return done


def _apply(rule: WalletRule) -> list[RuleRun]:
    wallet = rule.wallet
    connection = wallet.connection
    if (
        not rule.is_on
        or wallet.archived_at
        or connection.state != Connection.State.ACTIVE
        or connection.belongs_to_the_past
    ):
        return []
    now, runs = clock.now(), list[RuleRun]()
    for reason in _reasons(rule, wishes.read_books(rule.owner_id)):
        if not RuleRun.objects.filter(rule=rule, key=reason.key).exists():
            runs.append(_carry_out(rule, reason, now))
    WalletRule.objects.filter(pk=rule.pk).update(looked_at=now)
    return runs


def _carry_out(rule: WalletRule, reason: Reason, now: datetime) -> RuleRun:
    """Post what the reason asks for and write it down, both or neither."""
    status, said, done = RuleRun.Status.NOTHING, reason.why, None
    if reason.lines:
        try:
            with transaction.atomic():
                done, _ = carry_out(
                    owner_id=rule.owner_id,
                    key=f"{RULE}{rule.pk}:{reason.key}",
                    kind=reason.kind.value,
                    lines=reason.lines,
                    told=reason.told,
                    note=f"Rule: {rule.get_kind_display().lower()}",
                    detail={"rule": str(rule.pk)},
                )
            status = RuleRun.Status.DONE
        except MoniqoError as error:
            status, said = RuleRun.Status.REFUSED, sentence("{why} {said}", why=reason.why, said=told_by(error))
    return RuleRun.objects.create(
        owner_id=rule.owner_id,
        rule=rule,
        key=reason.key,
        status=status,
        reason=said,
        allocation=done,
        created_at=now,
    )


# --- the reasons ----------------------------------------------------------------------------------------------------


def _reasons(rule: WalletRule, books: wishes.Books) -> Iterator[Reason]:
    wallet = books.wallet(rule.wallet_id)
    if rule.kind == Kind.DISTRIBUTE:
        yield from _deposits(rule, wallet, books)
    elif rule.kind == Kind.RESERVE:
        yield from _lacking(wallet, books)
    elif rule.every == Every.CEILING:
        yield from _above_ceiling(wallet, books)
    else:
        yield _profit(rule, wallet, books)


def _deposits(rule: WalletRule, wallet: Wallet, books: wishes.Books) -> Iterator[Reason]:
    """Each sum that came since the rule was switched on: to a master from outside, to a farm from its master."""
    since = max(rule.on_since, (rule.looked_at or rule.on_since) - LATE)
    came = Transfer.objects.filter(
        owner_id=rule.owner_id,
        credit__wallet=wallet,
        credit__kind=Account.Kind.WALLET,
        phase__in=(Transfer.Phase.POSTED, Transfer.Phase.SETTLE),
        created_at__gte=since,
    )
    if wallet.parent_id is None:
        came = came.filter(posting__kind__in=FLOWS)
    else:
        came = came.filter(posting__kind=PostingKind.ALLOCATE, debit__wallet=wallet.parent_id)
        came = came.exclude(posting__key__startswith="undo:")
    children = [
        one for one in books.children(wallet) if one.target_weight and one.connection_id == wallet.connection_id
    ]
    whole = max(sum((one.target_weight or ZERO for one in children), ZERO), Decimal(1))
    for transfer in came.select_related("posting").order_by("pk"):
        if _was_split(transfer, wallet):
            continue
        asset, sum_ = transfer.asset, min(transfer.amount, books.usable(wallet, transfer.asset))
        parts = [(one, _down(sum_ * (one.target_weight or ZERO) / whole, asset)) for one in children]
        lines = tuple(Line(wallet, one, asset, part) for one, part in parts if part > 0)
        why = sentence("{amount} came to {wallet}.", amount=amount(transfer.amount, asset), wallet=wallet.name)
        if not lines:
            why = sentence("{why} Nothing below it has a target, or it is not free any more.", why=why)
        books.apply(lines)
        yield Reason(f"transfer:{transfer.pk}", why, FundAllocation.Kind.ALLOCATE, lines, lines)


def _was_split(transfer: Transfer, wallet: Wallet) -> bool:
    """Whether the posting that brought it gave it on itself."""
    return Transfer.objects.filter(posting_id=transfer.posting_id, debit__wallet=wallet, debit__kind="wallet").exists()


def _lacking(wallet: Wallet, books: wishes.Books) -> Iterator[Reason]:
    base = wallet.base_asset
    lacks = wallet.minimum_balance - books.free(wallet, base)
    if lacks <= 0:
        return
    account = Account.objects.filter(wallet=wallet, asset=base, kind=Account.Kind.WALLET).first()
    key = f"books:{account.version}:{account.held_version}:{wallet.minimum_balance:f}" if account else "books:none"
    givers = [one for one in books.children(wallet) if one.role not in Wallet.IDLE]
    there = {one: books.usable(one, base) for one in givers if one.connection_id == wallet.connection_id}
    whole = sum(there.values(), ZERO)
    with localcontext(prec=formatting.PRECISION):
        parts = [
            (one, free if whole <= lacks else min(free, _up(lacks * free / whole, base)))
            for one, free in there.items()
            if free > 0
        ]
    lines = tuple(Line(one, wallet, base, part) for one, part in parts if part > 0)
    why = sentence("{wallet} lacks {amount} of its minimum balance.", wallet=wallet.name, amount=amount(lacks, base))
    if not lines:
        why = sentence("{why} Nothing below it has that free.", why=why)
    yield Reason(key[:100], why, FundAllocation.Kind.COLLECT, lines, lines)


def _above_ceiling(wallet: Wallet, books: wishes.Books) -> Iterator[Reason]:
    for one in books.children(wallet):
        asset = one.base_asset
        if one.maximum_balance is None or one.connection_id != wallet.connection_id:
            continue
        due = books.free(one, asset) - one.maximum_balance
        if due <= 0:
            continue
        account = Account.objects.get(wallet=one, asset=asset, kind=Account.Kind.WALLET)
        lines = (Line(one, wallet, asset, due),)
        why = sentence("{wallet} is {amount} above its ceiling.", wallet=one.name, amount=amount(due, asset))
        key = f"ceiling:{one.pk}:{account.version}:{account.held_version}"
        yield Reason(key, why, FundAllocation.Kind.COLLECT, lines, lines)


def _profit(rule: WalletRule, wallet: Wallet, books: wishes.Books) -> Reason:
    draft = wishes.sweep(books, wallet)
    period = _period(rule.every, clock.now())
    total = sum((line.amount for line in draft.told), ZERO)
    why = (
        sentence("{amount} of free profit below {wallet}.", amount=amount(total, wallet.base_asset), wallet=wallet.name)
        if draft.lines
        else sentence("There is no free profit below {wallet}.", wallet=wallet.name)
    )
    return Reason(period, why, draft.kind, draft.told, draft.lines)


def _period(every: str, now: datetime) -> str:
    """The name of the hour, the day or the ISO week that it is, UTC."""
    if every == Every.HOUR:
        return f"{now:%Y-%m-%dT%H}"
    return f"{now:%Y-%m-%d}" if every == Every.DAY else f"{now:%G-W%V}"


# --- inside ---------------------------------------------------------------------------------------------------------


def _locked(owner_id: UUID, rule_id: UUID) -> WalletRule:
    rows = WalletRule.objects.select_for_update(of=("self",)).select_related("wallet__connection")
    rule = rows.filter(owner_id=owner_id, pk=rule_id).first()
    if rule is None:
        raise NotFoundError("There is no such rule.")
    return rule


def _tell(rule: WalletRule, action: str) -> None:
    facts: dict[str, Any] = {"rule": rule.get_kind_display(), "every": rule.get_every_display()}
    audit.record(audit.Area.MONEY, action, owner_id=rule.owner_id, subject=rule.wallet.name, after=facts)
    publish(owner_id=rule.owner_id, event="wallets", data={"wallet": str(rule.wallet_id), "change": "rules"})


def _down(value: Decimal, asset: str) -> Decimal:
    with localcontext(prec=formatting.PRECISION):
        return value.quantize(smallest_unit(asset), ROUND_DOWN)


def _up(value: Decimal, asset: str) -> Decimal:
    lower = _down(value, asset)
    return lower if lower == value else lower + smallest_unit(asset)
