"""Limits of exposure: set by their owner, watched after every valuation, and what a breach does by rule.

A breach may let the wallets concerned only sell, or halt them: it holds each of them once (`wallets.hierarchy.holds`),
those too that come to have a part in it later. They are let go by their owner or, where the rule says so, by itself
once the limit is kept again by its margin.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import groupby
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from kit import clock
from kit.alerts.links import about
from kit.alerts.models import Alert
from kit.alerts.services import raise_alert, resolve_alert
from kit.audit import services as audit
from kit.errors import InvalidInputError, NotFoundError
from kit.live.publish import publish
from kit.sentences import Sentence, joined, sentence, share
from markets.bounds import ASSET_LENGTH, BEYOND
from markets.models import Instrument
from portfolio import valuation
from portfolio.exposure.levels import USUAL_MARGIN, Level
from portfolio.exposure.measuring import Exposure, read_exposure
from portfolio.exposure.models import ExposureLevel, ExposureLimit
from portfolio.exposure.standing import SHOWN, Standing, concerned, standing_of
from wallets.hierarchy.holds import held_by, hold, let_go
from wallets.models import Account, Connection, Wallet

Kind, Action, State = ExposureLimit.Kind, ExposureLimit.Action, Wallet.TradingState
TARGETS: Final = {Action.REDUCE: State.REDUCING, Action.HALT: State.HALTED}
MOST: Final = Decimal(1000)


@dataclass(frozen=True, slots=True)
class Wish:
    """A limit as its owner words it; fractions of net value."""

    kind: str
    bound: Decimal
    subject: str = ""
    margin: Decimal = USUAL_MARGIN
    action: str = Action.NONE
    recovers: bool = False


def limits_of(*, owner_id: UUID, wallet_id: UUID | None) -> list[ExposureLimit]:
    """The limits of a master or, without one, of all wallets together, each with its levels."""
    rows = ExposureLimit.objects.filter(Q(wallet_id=wallet_id), owner_id=owner_id)
    return list(rows.select_related("wallet").prefetch_related("levels"))


def find_limit(*, owner_id: UUID, limit_id: UUID) -> ExposureLimit:
    """One of the owner's, with its levels. Raises NotFoundError."""
    found = ExposureLimit.objects.filter(owner_id=owner_id, pk=limit_id).prefetch_related("levels").first()
    if found is None:
        raise NotFoundError("There is no such limit.")
    return found


def standings_of(limits: Iterable[ExposureLimit], exposure: Exposure) -> list[Standing]:
    """How the exposure stands against each of the limits, the worst first."""
    rows = [row for limit in limits for row in standing_of(limit, exposure, _known(limit))]
    held = held_by(owner_id=rows[0].limit.owner_id) if rows else {}
    rows = [replace(row, held=tuple(wallet.pk for wallet in held.get(row.holder, ()))) for row in rows]
    return sorted(rows, key=lambda row: -row.level)


def set_limit(*, owner_id: UUID, wallet_id: UUID | None, wish: Wish) -> ExposureLimit:
    """Set one limit, or change the one of the same kind and subject, and look at once whether it is kept.

    Raises NotFoundError for somebody else's wallet; InvalidInputError naming the field.
    """
    with transaction.atomic():
        _require_master(owner_id, wallet_id)
        made = _write(owner_id, wallet_id, _checked(owner_id, wish))
        watch(owner_id=owner_id)
    return made


def replace_limits(*, owner_id: UUID, wallet_id: UUID | None, wishes: Sequence[Wish]) -> None:
    """Let a master, or all wallets together, have exactly these; one that stays keeps its level. See `set_limit`."""
    with transaction.atomic():
        _require_master(owner_id, wallet_id)
        checked = _all_checked(owner_id, wishes)
        kept = {_write(owner_id, wallet_id, one).pk for one in checked}
        for limit in limits_of(owner_id=owner_id, wallet_id=wallet_id):
            if limit.pk not in kept:
                _remove(limit)
        watch(owner_id=owner_id)


def remove_limit(*, owner_id: UUID, limit_id: UUID) -> None:
    """Take a limit away; wallets that it holds get back the state they had. Raises NotFoundError."""
    with transaction.atomic():
        _remove(find_limit(owner_id=owner_id, limit_id=limit_id))


def release(*, owner_id: UUID, limit_id: UUID) -> list[Wallet]:
    """Give back the wallets that a limit holds, although it may still be broken: its owner has decided so.

    It holds them again when it is broken anew. Returns those that have changed. Raises NotFoundError.
    """
    with transaction.atomic():
        limit = find_limit(owner_id=owner_id, limit_id=limit_id)
        levels = limit.levels.all()
        changed = [wallet for level in levels for wallet in let_go(owner_id=owner_id, holder=level.holder)]
        levels.filter(level=Level.BREACH).update(released=True)
        if changed:
            names = ", ".join(wallet.name for wallet in changed)
            audit.record(
                audit.Area.LIMITS, "Exposure limit: wallets given back", owner_id=owner_id, subject=str(limit),
                after={"wallets": names},
            )  # fmt: skip
    return changed


def watch(*, owner_id: UUID) -> int:
    """Measure everything that is limited and do what follows; returns how many levels have changed. Runs as the tenant.

    One query where nothing is limited; else one more for each scope that has limits, whatever they are.
    """
    rows = ExposureLimit.objects.select_for_update(of=("self",)).filter(owner_id=owner_id)
    limits = list(rows.select_related("wallet").prefetch_related("levels").order_by("wallet_id", "pk"))
    changed = 0
    at = clock.now()
    for wallet_id, group in groupby(limits, key=lambda limit: limit.wallet_id):
        given = valuation.parameters(owner_id=owner_id, at=at, only=wallet_id or owner_id)
        exposure = read_exposure(given)
        for limit in group:
            known = _known(limit)
            changed += sum(_settle(row, known, exposure) for row in standing_of(limit, exposure, known))
    if changed:
        publish(owner_id=owner_id, event="portfolio", data={"at": at})
    return changed


def _settle(found: Standing, known: dict[str, ExposureLevel], exposure: Exposure) -> bool:
    """Write down a level, and do what its change asks for; whether it has changed."""
    limit, subject, now = found.limit, found.measure.subject, exposure.now.at
    row = known.get(subject)
    if row is None:
        if found.level == Level.OK:
            return False
        row = ExposureLevel(owner_id=limit.owner_id, limit=limit, subject=subject, since=now)
    before, row.at = row.level, now
    row.level = found.level
    if found.measure.measured is not None:
        row.measured = min(found.measure.measured, BEYOND / 10)
    if before != found.level:
        row.since, row.released, row.answered = now, False, []
    done: list[Wallet] = []
    if found.level == Level.BREACH and not row.released:  # whoever comes to have a part in it later is held as well
        done = _hold(row, concerned(limit, subject, exposure))
    elif before == Level.BREACH > found.level and limit.recovers:
        done = let_go(owner_id=limit.owner_id, holder=row.holder)
    row.save()
    if before != found.level or done:
        _tell(found, before, row, done)
    return before != found.level


def _tell(found: Standing, before: int, row: ExposureLevel, done: Sequence[Wallet]) -> None:
    """Alert and log: a limit that is nearly reached warns, one that is broken is critical."""
    limit, key = found.limit, row.holder
    if found.level < Level.WARNING or before > found.level:
        resolve_alert(owner_id=limit.owner_id, key=key)
    if before != found.level:
        audit.record(
            audit.Area.LIMITS, f"Exposure limit: {found.word}", owner_id=limit.owner_id, subject=_place(limit),
            before={"level": Level(before).word},
            after={"what": found.what, "measured": found.measure.measured, "limit": limit.bound,
                   "wallets": ", ".join(f"{wallet.name}: {wallet.trading_state}" for wallet in done)},
        )  # fmt: skip
    if found.level < Level.WARNING:
        return
    raise_alert(
        owner_id=limit.owner_id,
        key=key,
        level=Alert.Level.CRITICAL if found.level == Level.BREACH else Alert.Level.WARNING,
        title="{what}, {place}: {measured}; the limit is {limit}",
        body="{words}",
        about=about("exposure", limit.wallet_id or ""),
        what=found.what,
        place=_place(limit),
        measured=share(found.measure.measured.quantize(SHOWN)) if found.measure.measured is not None else "more",
        limit=share(limit.bound.normalize()),
        words=joined(found.suggestion, _held_words(row)),
    )


def _held_words(row: ExposureLevel) -> Sentence | str:
    held = held_by(owner_id=row.owner_id).get(row.holder, [])
    if not held:
        return ""
    names = ", ".join(sorted(wallet.name for wallet in held))
    if row.limit.action == Action.HALT:
        return sentence("Halted by your rule: {names}.", names=names)
    return sentence("Only selling now, by your rule: {names}.", names=names)


def _place(limit: ExposureLimit) -> str:
    return limit.wallet.name if limit.wallet else "the whole fund"


# --- wallets on hold --------------------------------------------------------------------------------------------------


def _hold(row: ExposureLevel, masters: Collection[UUID]) -> list[Wallet]:
    """Hold the masters that this breach has not held before, as the rule says; returns those that have changed."""
    target = TARGETS.get(Action(row.limit.action))
    anew = set(masters) - set(row.answered)
    if target is None or not anew:
        return []
    row.answered = [*row.answered, *sorted(anew)]
    return hold(owner_id=row.owner_id, wallet_ids=anew, holder=row.holder, state=target, words=row.limit.reason)


# --- wording them -----------------------------------------------------------------------------------------------------


def _known(limit: ExposureLimit) -> dict[str, ExposureLevel]:
    found = {row.subject: row for row in limit.levels.all()}
    for row in found.values():
        row.limit = limit
    return found


def _require_master(owner_id: UUID, wallet_id: UUID | None) -> None:
    if wallet_id is None:
        return
    wallet = Wallet.objects.filter(owner_id=owner_id, pk=wallet_id).first()
    if wallet is None:
        raise NotFoundError("There is no such wallet: choose one of yours.")
    if wallet.role != Wallet.Role.MASTER:
        raise InvalidInputError(
            "Exposure is limited for a master or for the whole fund.", fields={"wallet_id": "Not a master."}
        )


def _checked(owner_id: UUID, wish: Wish) -> Wish:
    """The wish with its subject as it is known by. Raises InvalidInputError naming the field."""
    fields: dict[str, str] = {}
    if wish.kind not in Kind.values:
        fields["kind"] = f"One of {', '.join(Kind.values)}."
    if wish.action not in Action.values:
        fields["action"] = f"One of {', '.join(Action.values)}."
    most = Decimal(1) if wish.kind == Kind.STABLE else MOST
    if not wish.bound.is_finite() or not 0 <= wish.bound <= most:
        fields["limit"] = f"From 0 to {most * 100:f} %."
    if not wish.margin.is_finite() or not 0 <= wish.margin < 1:
        fields["margin"] = "From 0 to less than 100 %."
    subject = wish.subject.strip().upper() if wish.kind == Kind.ASSET else wish.subject.strip()
    if subject and (wrong := _wrong_subject(owner_id, wish.kind, subject)):
        fields["subject"] = wrong
    if fields:
        raise InvalidInputError(" ".join(fields.values()), fields=fields)
    return Wish(wish.kind, wish.bound, subject, wish.margin, wish.action, wish.recovers)


def _all_checked(owner_id: UUID, wishes: Sequence[Wish]) -> list[Wish]:
    """All of them, or InvalidInputError naming each field that is wrong: `limits.1.subject`."""
    checked: list[Wish] = []
    known: dict[tuple[str, str], int] = {}
    fields: dict[str, str] = {}
    for place, wish in enumerate(wishes):
        try:
            one = _checked(owner_id, wish)
        except InvalidInputError as error:
            fields |= {f"limits.{place}.{name}": said for name, said in error.fields.items()}
            continue
        first = known.setdefault((one.kind, one.subject), place)
        if first != place:
            fields[f"limits.{place}"] = f"The same kind and subject as limit {first}: name each limit once."
        checked.append(one)
    if fields:
        raise InvalidInputError(" ".join(dict.fromkeys(fields.values())), fields=fields)
    return checked


def _wrong_subject(owner_id: UUID, kind: str, subject: str) -> str:
    if kind == Kind.ASSET:
        if len(subject) > ASSET_LENGTH:
            return "The code of an asset, such as BTC."
        traded = Instrument.objects.filter(Q(base=subject) | Q(quote=subject))
        if traded.exists() or Account.objects.filter(owner_id=owner_id, asset=subject).exists():
            return ""
        return "You hold none, and no market has it: the code of an asset, such as BTC."
    if kind != Kind.VENUE:
        return "Empty: it is of everything together."
    venues = Connection.objects.filter(owner_id=owner_id).order_by().values_list("venue", flat=True).distinct()
    known = sorted(venues)
    if subject in known:
        return ""
    return f"One of your venues: {', '.join(known)}." if known else "You have no venue yet."


def _write(owner_id: UUID, wallet_id: UUID | None, wish: Wish) -> ExposureLimit:
    names = ("bound", "margin", "action", "recovers")
    rows = ExposureLimit.objects.select_for_update().filter(Q(wallet_id=wallet_id), owner_id=owner_id)
    found = rows.filter(kind=wish.kind, subject=wish.subject).first()
    before = {name: getattr(found, name) for name in names} if found else {}
    if found and any(before[name] != getattr(wish, name) for name in ("bound", "margin", "action")):
        _forget_levels(found)  # what was broken was another limit: this one is looked at anew
    limit = found or ExposureLimit(owner_id=owner_id, wallet_id=wallet_id, kind=wish.kind, subject=wish.subject)
    for name in names:
        setattr(limit, name, getattr(wish, name))
    limit.save()
    audit.record_change(
        audit.Area.LIMITS, "Exposure limit set", owner_id=owner_id, subject=f"{wish.kind} {wish.subject}".strip(),
        before=before, after={name: getattr(limit, name) for name in names},
    )  # fmt: skip
    return limit


def _forget_levels(limit: ExposureLimit) -> None:
    for level in limit.levels.all():
        let_go(owner_id=limit.owner_id, holder=level.holder)
        resolve_alert(owner_id=limit.owner_id, key=level.holder)
        level.delete()


def _remove(limit: ExposureLimit) -> None:
    _forget_levels(limit)
    audit.record(audit.Area.LIMITS, "Exposure limit removed", owner_id=limit.owner_id, subject=str(limit))
    limit.delete()
