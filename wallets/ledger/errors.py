"""Why the ledger refuses a posting."""

from decimal import Decimal

from kit.errors import ConflictError, MoniqoError, NotFoundError
from kit.sentences import amount, sentence


class LedgerError(MoniqoError):
    """The books refuse the posting; nothing of it was written."""

    code = "ledger"
    status = 422


class InsufficientFundsError(LedgerError):
    """The debited wallet has less free money than the leg needs. Stop, or ask for less."""

    code = "insufficient_funds"

    def __init__(self, *, asset: str, available: Decimal, needed: Decimal) -> None:
        super().__init__(
            sentence(
                "Only {available} is free and {needed} is needed: ask for less, or add funds.",
                available=amount(available, asset),
                needed=amount(needed, asset),
            )
        )
        self.asset = asset
        self.available = available
        self.needed = needed


class InvalidLegError(LedgerError):
    """A leg makes no sense: its amount, its phase, or two assets in one leg. A fault of the caller."""

    code = "invalid_leg"


class LimitExceededError(LedgerError):
    """The account would hold or owe more than the books can carry. Move less."""

    code = "limit_exceeded"


class PendingTransferError(LedgerError, ConflictError):
    """The pending transfer is unknown, resolved already, or reserves less than the leg wants."""

    code = "pending_transfer"
    status = 409


class AlreadyResolvedError(PendingTransferError):
    """The pending transfer was settled or voided before. Whoever did it did what was to be done."""

    code = "already_resolved"


class IdempotencyConflictError(LedgerError, ConflictError):
    """The key was used before with another request. Use a new key for a new request."""

    code = "idempotency_conflict"
    status = 409


class UnknownAccountError(LedgerError, NotFoundError):
    """A leg names a wallet that does not exist or belongs to somebody else."""

    code = "not_found"
    status = 404
