"""Double-entry books for every wallet, kept by PostgreSQL.

`post` moves money: a key that makes it idempotent, and legs, each of one asset between two accounts. All legs happen
or none; `post_many` does it for a job's whole batch, `attempt_many` for many postings that stand each by itself. A
`pending` leg reserves money for something that leaves the process (an order, a withdrawal); a later `settle` leg moves
at most what was reserved and releases the rest, a `void` leg releases all of it. `verify` recomputes every figure from
the rows.

The rules are the database's: see `wallets/models/ledger.py` for the rows, `wallets/models/kinds.py` for what a posting
can be, and `ledger` among the migrations for keys, privileges, triggers and the functions behind `post`.
"""

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
from wallets.ledger.posting import (
    AccountRef,
    Leg,
    Request,
    attempt_many,
    lock,
    post,
    post_many,
    settle,
    transfer_many,
    void,
)
from wallets.ledger.verify import Report, verify

__all__ = (
    "AccountRef",
    "AlreadyResolvedError",
    "IdempotencyConflictError",
    "InsufficientFundsError",
    "InvalidLegError",
    "LedgerError",
    "Leg",
    "LimitExceededError",
    "PendingTransferError",
    "Report",
    "Request",
    "UnknownAccountError",
    "attempt_many",
    "lock",
    "post",
    "post_many",
    "settle",
    "transfer_many",
    "verify",
    "void",
)
