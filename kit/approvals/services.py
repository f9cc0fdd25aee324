"""Ask, answer once, and let go what nobody has answered in time."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django.db import connection, transaction

from kit import clock, tenancy
from kit.alerts.links import about
from kit.alerts.models import Alert
from kit.alerts.services import raise_alert, resolve_alert
from kit.approvals.acts import act_of
from kit.approvals.models import Approval
from kit.audit.services import Area, record
from kit.errors import ConflictError, InvalidInputError, MoniqoError, NotFoundError
from kit.live.publish import publish
from kit.sentences import quoted
from kit.users.access import ScopeError
from kit.users.models import Token

Status = Approval.Status
USUAL: Final = timedelta(minutes=30)
SHORTEST, LONGEST = timedelta(minutes=1), timedelta(days=7)
OPEN_MOST: Final = 50
ONCE: Final = ("pause", "halt")
REASON_LENGTH: Final = 500
# The answer that every question takes, as JSON Schema has it.
ANSWER: Final[Mapping[str, Any]] = {
    "type": "object",
    "required": ["approved"],
    "additionalProperties": False,
    "properties": {"approved": {"type": "boolean"}, "note": {"type": "string", "maxLength": 200}},
}


@dataclass(frozen=True, slots=True)
class Source:
    """Who asks: the program's token, and its key of a question that it asks once. What asks from inside has no token
    and says its `name`."""

    token: Token | None
    key: str = ""
    name: str = ""


def ask(
    *,
    owner_id: UUID,
    kind: str,
    given: Mapping[str, Any],
    source: Source,
    reason: str = "",
    lasts: timedelta = USUAL,
) -> Approval:
    """Put a question to the owner. The same one asked again with its key is the first one, as it stands now;
    so is a token's pause or halt that is open still, whatever its key.

    Raises what the act raises where it could not be done now, ConflictError where too many questions are open and for
    a key that was used for something else, and InvalidInputError for a time that no question stands for.
    """
    if source.key:  # two who come with it at once are asked one after the other; a key of no token's has no constraint
        _take_turns(owner_id, source, source.key)
    if known := _asked_before(owner_id, kind, given, source):
        return known
    if kind in ONCE:  # so are two that ask for the same with other keys, or with none
        _take_turns(owner_id, source, f"once {kind}")
    if standing := _stands(owner_id, kind, given, source):
        return standing
    if not SHORTEST <= lasts <= LONGEST:
        raise InvalidInputError("A question stands from 1 minute to 7 days.", fields={"minutes": "From 1 to 10080."})
    open_ones = Approval.objects.filter(owner_id=owner_id, status=Status.OPEN, expires_at__gt=clock.now())
    if open_ones.count() >= OPEN_MOST:
        raise ConflictError(f"{OPEN_MOST} questions wait for an answer already: wait until some are answered.")
    looked = act_of(kind).look(owner_id, given)
    asked = Approval(
        owner_id=owner_id,
        kind=kind,
        given=dict(given),
        title=looked.title,
        lines=[line.parts for line in looked.lines],
        reason=reason.strip()[:REASON_LENGTH],
        asked_by=source.token.name if source.token else source.name,
        token=source.token,
        key=source.key,
        expires_at=clock.now() + lasts,
    )
    asked.save(force_insert=True)
    raise_alert(
        owner_id=owner_id,
        key=_key(asked),
        title="A program asks: {what}",
        body="{who} asked. {why}" if asked.reason else "{who} asked.",
        level=Alert.Level.WARNING,
        about=about("approval", asked.pk),
        what=looked.title,
        who=asked.asked_by or "Moniqo",
        **({"why": quoted(asked.reason)} if asked.reason else {}),
    )
    _tell(asked)
    return asked


def answer(
    *, owner_id: UUID, approval_id: UUID, is_approved: bool, note: str = "", token: Token | None = None
) -> Approval:
    """Say yes or no, once; yes is carried out in the same transaction. Saying the same again changes nothing.

    `token` is what answers, None for the owner in the browser. An act that is refused now is over as well: `result`
    holds its sentence. Raises NotFoundError, ConflictError for one that was answered otherwise, is too late or whose
    token was revoked, and ScopeError for a token that asked itself or may not do by itself what it says yes to.
    """
    with transaction.atomic():
        asked = Approval.objects.select_for_update().filter(owner_id=owner_id, pk=approval_id).first()
        if asked is None:
            raise NotFoundError("There is no such question.")
        wanted = Status.APPROVED if is_approved else Status.DECLINED
        if not asked.is_open:
            if asked.status == wanted:
                return asked
            raise ConflictError(f"It is over: {asked.get_status_display().lower()}.")
        if asked.expires_at <= clock.now():
            raise ConflictError("It is too late: whoever asked does not wait any more.")
        act = act_of(asked.kind)
        if token is not None:
            _require_free_to_answer(asked, token, act.scope, is_approved=is_approved)
        if is_approved:
            if asked.token is not None and asked.token.revoked_at is not None:
                raise ConflictError("The token that asked was revoked: decline it, or let it run out.")
            asked.result = _carried_out(asked)
        _close(asked, wanted, by=token.name if token else "", note=note)
        record(
            Area.TRADING,
            f"Proposal {wanted.label.lower()}",
            owner_id=owner_id,
            subject=asked.title.exact,
            after={"asked_by": asked.asked_by, "kind": act.label, **asked.result},
        )
    return asked


def _require_free_to_answer(asked: Approval, token: Token, scope: Token.Scope | None, *, is_approved: bool) -> None:
    if asked.token_id == token.pk:
        raise ScopeError("The token that asked does not answer: its owner does, or another token.")
    if not is_approved:
        return
    if scope is None:
        raise ScopeError("No token may say yes to that: its owner does, on the page Approvals.")
    if scope not in token.scopes:
        raise ScopeError(
            f"This token may not say yes to that: it needs the scope {scope.value}, as to do it by itself."
        )


def expire(*, owner_id: UUID) -> int:
    """Close what nobody has answered in time; returns how many. Runs as the tenant, and twice changes nothing."""
    late = Approval.objects.select_for_update(skip_locked=True).filter(
        owner_id=owner_id, status=Status.OPEN, expires_at__lte=clock.now()
    )
    with transaction.atomic():
        found = list(late)
        for asked in found:
            _close(asked, Status.EXPIRED)
    return len(found)


def owners_with_late_ones() -> list[UUID]:
    """Whose questions are too late. As the system."""
    with tenancy.system():
        late = Approval.objects.filter(status=Status.OPEN, expires_at__lte=clock.now())
        return list(late.order_by().values_list("owner_id", flat=True).distinct())


def read_answer(told: Any) -> tuple[bool, str]:
    """What a program answers, by `ANSWER`. Raises InvalidInputError for anything else, such as a part of it."""
    if not isinstance(told, dict) or not isinstance(told.get("approved"), bool) or set(told) - {"approved", "note"}:
        raise InvalidInputError("Answer with approved, true or false.", fields={"approved": "True or false."})
    note = told.get("note", "")
    if not isinstance(note, str) or len(note) > 200:
        raise InvalidInputError("The note is a text of up to 200 characters.", fields={"note": "A shorter text."})
    return told["approved"], note


def _take_turns(owner_id: UUID, source: Source, what: str) -> None:
    """Until the transaction ends."""
    asker = source.token.pk if source.token else ""
    with connection.cursor() as cursor:
        given = [f"asking {owner_id} {asker} {what}"]
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", given)


def _asked_before(owner_id: UUID, kind: str, given: Mapping[str, Any], source: Source) -> Approval | None:
    if not source.key:
        return None
    known = Approval.objects.filter(owner_id=owner_id, token=source.token, key=source.key).first()
    if known is not None and (known.kind != kind or known.given != dict(given)):
        raise ConflictError("That key was used for another question: take another.")
    return known


def _stands(owner_id: UUID, kind: str, given: Mapping[str, Any], source: Source) -> Approval | None:
    """The open question of a pause or halt that its token asks again: a program that repeats itself fills no list."""
    if source.token is None or kind not in ONCE:
        return None
    same = Approval.objects.filter(owner_id=owner_id, token=source.token, kind=kind, given=dict(given))
    return same.filter(status=Status.OPEN, expires_at__gt=clock.now()).first()


def _carried_out(asked: Approval) -> dict[str, Any]:
    """What came of it. What a service refuses leaves nothing behind, and is the answer's result."""
    try:
        with transaction.atomic():
            return act_of(asked.kind).carry_out(asked.owner_id, asked.given, f"approval:{asked.pk}")
    except MoniqoError as error:
        return {"refused": error.code, "said": error.sentence.exact}


def _close(asked: Approval, status: Approval.Status, *, by: str = "", note: str = "") -> None:
    asked.status, asked.answered_at, asked.answered_by, asked.note = status, clock.now(), by, note.strip()[:200]
    asked.save(update_fields=("status", "answered_at", "answered_by", "note", "result"))
    resolve_alert(owner_id=asked.owner_id, key=_key(asked))
    _tell(asked)


def _tell(asked: Approval) -> None:
    publish(owner_id=asked.owner_id, event="approvals", data={"approval": str(asked.pk), "status": asked.status})


def _key(asked: Approval) -> str:
    return f"approval:{asked.pk}"
