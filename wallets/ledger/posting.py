"""`post`: the one way to move money.

The work is done by SQL functions in one round trip. `ledger_post` writes the key first, so of any number of equal
requests at once one is done and the others get its result. It then takes the accounts in ascending order, so that
postings wait for each other and never in a circle; what posts twice in one transaction has to mind the order itself.
This module turns legs into its arguments and its refusals into errors.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final, Literal
from uuid import UUID

import orjson
import psycopg
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connection, connections, transaction

from kit import clock
from kit.decimals import plain
from kit.limits import DECIMALS, MAX_AMOUNT
from wallets.ledger.errors import (
    AlreadyResolvedError,
    IdempotencyConflictError,
    InsufficientFundsError,
    InvalidLegError,
    LedgerError,
    LimitExceededError,
    PendingTransferError,
    UnknownAccountError,
)
from wallets.models import Account, Posting, PostingKind, Transfer

Phase = Literal["posted", "pending", "settle", "void"]

REFUSALS: Final[Mapping[str, type[LedgerError]]] = {
    "LG002": IdempotencyConflictError,
    "LG003": PendingTransferError,
    "LG004": UnknownAccountError,
    "LG005": InvalidLegError,
    "LG006": LimitExceededError,
    "LG007": AlreadyResolvedError,
}
KINDS: Final = frozenset(PostingKind.values)
WALLET: Final = Account.Kind.WALLET.value
COLUMNS: Final = tuple(field.attname for field in Posting._meta.concrete_fields)
# How often a statement is seen before the server keeps its plan.
PREPARE_AFTER: Final = 3

# A statement is a transaction of its own outside of one, and may bring its tenant along. CASE keeps the two in order.
_ALONE: Final = "SELECT CASE WHEN set_config('app.user_id', %s, true) <> '' THEN {} END"
_POST: Final = "ledger_post(%s, %s, %s, %s, %s, %s)"
_POST_MANY: Final = "ledger_post_many(%s, %s, %s)"
_ATTEMPT: Final = "SELECT ledger_attempt(%s, %s, %s, %s, %s, %s)"
_ATTEMPT_MANY: Final = """
SELECT jsonb_agg(ledger_attempt(%s, request ->> 'key', request ->> 'kind', request -> 'legs', request -> 'detail', %s))
FROM jsonb_array_elements(%s::jsonb) AS request
"""
POST_ALONE: Final = _ALONE.format(_POST)
POST_MANY_ALONE: Final = _ALONE.format(_POST_MANY)
POST_MANY: Final = f"SELECT {_POST_MANY}"


@dataclass(frozen=True, slots=True)
class AccountRef:
    """An account by what it is for. It need not exist: the first posting makes it."""

    wallet_id: UUID
    asset: str
    kind: str = WALLET


@dataclass(frozen=True, slots=True)
class Leg:
    """`amount` from `debit` to `credit`, both of one asset.

    `settle` and `void` name the transfer that they resolve in `pending_id` and stay between its two accounts. A void
    leg may leave `amount` out. Raises InvalidLegError for what no books could hold.
    """

    debit: AccountRef
    credit: AccountRef
    amount: Decimal | None
    phase: Phase = "posted"
    pending_id: int | None = None

    def __post_init__(self) -> None:
        if self.debit.asset != self.credit.asset:
            raise InvalidLegError(
                f"A leg moves one asset: {self.debit.asset} and {self.credit.asset} need a leg each, through clearing."
            )
        if self.amount is None and self.phase == "void":
            return
        if self.amount is None or not self.amount.is_finite() or not 0 < self.amount < MAX_AMOUNT:
            raise InvalidLegError(f"A leg moves a positive amount below 10^{MAX_AMOUNT.adjusted()}, not {self.amount}.")
        if _decimals(self.amount) > DECIMALS:
            raise InvalidLegError(f"A leg moves at most {DECIMALS} decimals, not {self.amount}.")


@dataclass(frozen=True, slots=True)
class Request:
    """One posting of a batch; see `post` for its parts."""

    key: str
    kind: str
    legs: Sequence[Leg]
    detail: Mapping[str, Any] = field(default_factory=dict)


def settle(pending: Transfer, amount: Decimal) -> Leg:
    """The leg that moves `amount`, at most what `pending` reserves, and releases the rest."""
    return Leg(_ref(pending.debit), _ref(pending.credit), amount, "settle", pending.pk)


def void(pending: Transfer) -> Leg:
    """The leg that releases all of what `pending` reserves."""
    return Leg(_ref(pending.debit), _ref(pending.credit), None, "void", pending.pk)


def post(
    *, owner_id: UUID, key: str, kind: str, legs: Iterable[Leg], detail: Mapping[str, Any] | None = None
) -> Posting:
    """Post `legs` in their order, all or none; returns the posting.

    Outside of a transaction it is one of its own, sent in one message. Inside it belongs to the caller's, which must be
    in the tenant block of `owner_id` and lives on after a refusal. The same `key` with the same kind, legs and detail
    returns the first posting and changes nothing. `transfer_ids` of the posting are in the order of the legs.

    Raises InsufficientFundsError, LimitExceededError, PendingTransferError (AlreadyResolvedError when it was settled or
    voided before), IdempotencyConflictError, UnknownAccountError, InvalidLegError.
    """
    written = _written(detail)
    arguments = (owner_id, key, _checked(kind), _body(legs), written, clock.now())
    try:
        if connection.in_atomic_block:
            answer = _ask(_ATTEMPT, arguments)
        else:
            answer = _ask(POST_ALONE, (str(owner_id), *arguments))
    except DatabaseError as error:
        raise _refusal_of(error) or error from error
    if "code" in answer:
        raise _refusal(answer["code"], answer["reason"], answer["detail"])
    return _posting(owner_id, key, kind, written, answer)


def post_many(*, owner_id: UUID, requests: Iterable[Request]) -> list[Posting]:
    """Post a batch in its order, all or none; returns its postings.

    For jobs: one message for all of it, and a multiple of the speed. Everything said of `post` holds for each request
    and a refusal of one refuses the batch. The keys belong to the job: nobody posts one of them at the same time.
    """
    batch = tuple(requests)
    details = [_written(request.detail) for request in batch]
    return [
        _posting(owner_id, request.key, request.kind, detail, answer)
        for request, detail, answer in zip(batch, details, _post_all(owner_id, batch, details), strict=True)
    ]


def transfer_many(*, owner_id: UUID, requests: Iterable[Request]) -> list[list[int]]:
    """Do what `post_many` does; returns the ids of each one's transfers, in the order of its legs."""
    batch = tuple(requests)
    answers = _post_all(owner_id, batch, [_written(request.detail) for request in batch])
    return [answer["transfers"] for answer in answers]


def _post_all(owner_id: UUID, batch: Sequence[Request], details: Sequence[str]) -> list[Mapping[str, Any]]:
    if not batch:
        return []
    arguments = (owner_id, _requests(batch, details), clock.now())
    try:
        if connection.in_atomic_block:
            with transaction.atomic():
                answers: list[Mapping[str, Any]] = _ask(POST_MANY, arguments)
        else:
            answers = _ask(POST_MANY_ALONE, (str(owner_id), *arguments))
    except DatabaseError as error:
        raise _refusal_of(error) or error from error
    return answers


def attempt_many(*, owner_id: UUID, requests: Iterable[Request]) -> list[Posting | LedgerError]:
    """Post each request by itself, in one message: what is refused comes back as its error and stops no other.

    Inside a transaction in the tenant block of `owner_id` only. Accounts are locked posting by posting and kept: give
    the requests in the order of the accounts that they debit, each account once.
    """
    batch = tuple(requests)
    if not batch:
        return []
    details = [_written(request.detail) for request in batch]
    try:
        answers = _ask(_ATTEMPT_MANY, (owner_id, clock.now(), _requests(batch, details)))
    except DatabaseError as error:
        raise _refusal_of(error) or error from error
    return [
        _refusal(answer["code"], answer["reason"], answer["detail"])
        if "code" in answer
        else _posting(owner_id, request.key, request.kind, detail, answer)
        for request, detail, answer in zip(batch, details, answers, strict=True)
    ]


def lock(*, wallet_ids: Iterable[UUID], assets: Iterable[str]) -> None:
    """Lock the accounts of these wallets in these assets, in the order in which postings do, to the transaction's end.

    For who posts more than once in it: no posting of somebody else comes in between and waits in a circle.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT ledger_lock(%s, %s)", [list(wallet_ids), list(assets)])


# --- the message ----------------------------------------------------------------------------------------------------


def _ask(statement: str, arguments: Sequence[Any]) -> Any:
    """What the function answers. The server keeps the statement's plan, which Django's own cursors do not let it."""
    wrapper = connections[DEFAULT_DB_ALIAS]
    wrapper.ensure_connection()
    raw = wrapper.connection
    raw.prepare_threshold = PREPARE_AFTER
    with wrapper.wrap_database_errors, transaction.mark_for_rollback_on_error(using=DEFAULT_DB_ALIAS):
        ((answer,),) = psycopg.Cursor(raw).execute(statement, arguments).fetchall()
    return orjson.loads(answer)


def _checked(kind: str) -> str:
    if kind not in KINDS:
        raise InvalidLegError(f"{kind} is no kind of posting: add it to the list, with what it means for profit.")
    return str(kind)


def _written(detail: Mapping[str, Any] | None) -> str:
    return json.dumps(dict(detail), default=str) if detail else "{}"


def _body(legs: Iterable[Leg]) -> str:
    return orjson.dumps([_leg_json(leg) for leg in legs]).decode()


def _requests(batch: Iterable[Request], details: Iterable[str]) -> str:
    return orjson.dumps(
        [
            {
                "key": request.key,
                "kind": _checked(request.kind),
                "legs": [_leg_json(leg) for leg in request.legs],
                "detail": orjson.Fragment(detail),
            }
            for request, detail in zip(batch, details, strict=True)
        ]
    ).decode()


def _leg_json(leg: Leg) -> dict[str, Any]:
    return {
        "debit_wallet": leg.debit.wallet_id,
        "debit_kind": leg.debit.kind,
        "credit_wallet": leg.credit.wallet_id,
        "credit_kind": leg.credit.kind,
        "asset": leg.debit.asset,
        "amount": None if leg.amount is None else plain(leg.amount),
        "phase": leg.phase,
        "pending": leg.pending_id,
    }


def _posting(owner_id: UUID, key: str, kind: str, detail: str, answer: Mapping[str, Any]) -> Posting:
    row = {
        "id": answer["posting"],
        "owner_id": owner_id,
        "key": key,
        "request_hash": answer["hash"],
        "kind": kind,
        "detail": json.loads(detail),
        "created_at": datetime.fromisoformat(answer["made_at"]).astimezone(UTC),
    }
    posting = Posting.from_db(DEFAULT_DB_ALIAS, COLUMNS, [row[column] for column in COLUMNS])
    posting.transfer_ids = tuple(answer["transfers"])
    posting.is_replay = answer["replayed"]
    return posting


def _ref(account: Account) -> AccountRef:
    return AccountRef(account.wallet_id, account.asset, account.kind)


def _decimals(amount: Decimal) -> int:
    exponent = amount.normalize().as_tuple().exponent
    return -exponent if isinstance(exponent, int) and exponent < 0 else 0


# --- refusals -------------------------------------------------------------------------------------------------------


def _refusal_of(error: DatabaseError) -> LedgerError | None:
    """What the function's SQLSTATE means to the caller; None for every other database error."""
    cause = error.__cause__
    if not isinstance(cause, psycopg.Error) or cause.sqlstate not in ("LG001", *REFUSALS):
        return None
    return _refusal(cause.sqlstate, cause.diag.message_primary or "", cause.diag.message_detail or "")


def _refusal(code: str, reason: str, detail: str) -> LedgerError:
    if code == "LG001":
        figures = json.loads(detail)
        return InsufficientFundsError(
            asset=figures["asset"], available=Decimal(figures["available"]), needed=Decimal(figures["needed"])
        )
    if code == "LG002":  # the key may carry a prefix of ours, which is nobody's business
        return IdempotencyConflictError(
            "This key was used before with another request: use a new key, or repeat the first request."
        )
    return REFUSALS[code](f"The ledger refused: {reason}.")
