"""Double-entry books for every wallet, kept by PostgreSQL.

`post` moves money: a key that makes it idempotent, and legs, each of one asset between two accounts. All legs happen
or none. A `pending` leg reserves money for something that leaves the process (an order, a withdrawal); a later `settle`
leg moves at most what was reserved and releases the rest, a `void` leg releases all of it. `verify` recomputes every
figure from the rows.

The rules are the database's: see `wallets/models/ledger.py` for the rows and `ledger_functions` among the migrations
for keys, privileges, triggers and the function behind `post`.
"""

from wallets.ledger.errors import (
    IdempotencyConflictError,
    InsufficientFundsError,
    InvalidLegError,
    LedgerError,
    PendingTransferError,
    UnknownAccountError,
)
from wallets.ledger.posting import AccountRef, Leg, post, settle, void
from wallets.ledger.verify import Report, verify

__all__ = (
    "AccountRef",
    "IdempotencyConflictError",
    "InsufficientFundsError",
    "InvalidLegError",
    "LedgerError",
    "Leg",
    "PendingTransferError",
    "Report",
    "UnknownAccountError",
    "post",
    "settle",
    "verify",
    "void",
)
