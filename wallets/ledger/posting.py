"""`post`: the one way to move money.

The work is done by the SQL function `ledger_post` in one round trip. It writes the key first, so of any number of equal
requests at once one is done and the others get its result. It then locks the accounts in ascending order, so concurrent
postings wait for each other and never deadlock. This module turns legs into its arguments and its refusals into errors.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

import psycopg
from django.db import DatabaseError, connection, transaction

from kit import clock
from wallets.ledger.errors import (
    IdempotencyConflictError,
    InsufficientFundsError,
    InvalidLegError,
    LedgerError,
    PendingTransferError,
    UnknownAccountError,
)
from wallets.models import Account, Posting, Transfer

Phase = Literal["posted", "pending", "settle", "void"]

REFUSALS: dict[str, type[LedgerError]] = {
    "LG002": IdempotencyConflictError,
    "LG003": PendingTransferError,
    "LG004": UnknownAccountError,
    "LG005": InvalidLegError,
}
MAX_DECIMALS = 18
MAX_AMOUNT = Decimal(10) ** 20


@dataclass(frozen=True, slots=True)
class AccountRef:
    """An account by what it is for. It need not exist: the first posting makes it."""

    wallet_id: UUID
    asset: str
    kind: str = Account.Kind.WALLET.value


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
            raise InvalidLegError(f"A leg moves a positive amount below 10^20, not {self.amount}.")
        if _decimals(self.amount) > MAX_DECIMALS:
            raise InvalidLegError(f"A leg moves at most {MAX_DECIMALS} decimals, not {self.amount}.")


def settle(pending: Transfer, amount: Decimal) -> Leg:
    """The leg that moves `amount`, at most what `pending` reserves, and releases the rest."""
    return Leg(_ref(pending.debit), _ref(pending.credit), amount, "settle", pending.pk)


def void(pending: Transfer) -> Leg:
    """The leg that releases all of what `pending` reserves."""
    return Leg(_ref(pending.debit), _ref(pending.credit), None, "void", pending.pk)


def post(
    *, owner_id: UUID, key: str, kind: str, legs: Iterable[Leg], detail: Mapping[str, Any] | None = None
) -> Posting:
    """Post `legs` in their order, all or none, inside `tenancy.tenant(owner_id)`; returns the posting.

    The same `key` with the same kind, legs and detail returns the first posting and changes nothing. `transfer_ids` of
    the posting are in the order of the legs. A refusal rolls back to a savepoint, so the caller's transaction lives on.

    Raises InsufficientFundsError, PendingTransferError, IdempotencyConflictError, UnknownAccountError, InvalidLegError.
    """
    body = json.dumps([_leg_json(leg) for leg in legs])
    written = json.dumps(dict(detail or {}), default=str)
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT posting, hash, made_at, transfers, replayed FROM ledger_post(%s, %s, %s, %s, %s, %s)",
                [owner_id, key, kind, body, written, clock.now()],
            )
            posting_id, request_hash, created_at, transfer_ids, replayed = cursor.fetchone()
    except DatabaseError as error:
        refusal = _refusal(error)
        if refusal is None:
            raise
        raise refusal from error
    posting = Posting(
        pk=posting_id,
        owner_id=owner_id,
        key=key,
        request_hash=request_hash,
        kind=kind,
        detail=json.loads(written),
        created_at=created_at,
    )
    posting._state.adding = False
    posting._state.db = connection.alias
    posting.transfer_ids = tuple(transfer_ids)
    posting.is_replay = replayed
    return posting


def _ref(account: Account) -> AccountRef:
    return AccountRef(account.wallet_id, account.asset, account.kind)


def _leg_json(leg: Leg) -> dict[str, Any]:
    return {
        "debit_wallet": str(leg.debit.wallet_id),
        "debit_kind": str(leg.debit.kind),
        "credit_wallet": str(leg.credit.wallet_id),
        "credit_kind": str(leg.credit.kind),
        "asset": leg.debit.asset,
        "amount": None if leg.amount is None else _canonical(leg.amount),
        "phase": leg.phase,
        "pending": leg.pending_id,
    }


def _canonical(amount: Decimal) -> str:
    """One text per value: 1, 1.0 and 1E0 hash alike."""
    return f"{amount.normalize():f}"


def _decimals(amount: Decimal) -> int:
    exponent = amount.normalize().as_tuple().exponent
    return -exponent if isinstance(exponent, int) and exponent < 0 else 0


def _refusal(error: DatabaseError) -> LedgerError | None:
    """What the function's SQLSTATE means to the caller; None for every other database error."""
    cause = error.__cause__
    if not isinstance(cause, psycopg.Error) or cause.sqlstate is None:
        return None
    if cause.sqlstate == "LG001":
        figures = json.loads(cause.diag.message_detail or "{}")
        return InsufficientFundsError(
            asset=figures["asset"], available=Decimal(figures["available"]), needed=Decimal(figures["needed"])
        )
    if cause.sqlstate not in REFUSALS:
        return None
    return REFUSALS[cause.sqlstate](f"The ledger refused: {cause.diag.message_primary}.")
