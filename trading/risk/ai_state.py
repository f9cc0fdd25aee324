"""What an agent asks for by itself, written: version after version, and never more than its owner's limits allow.

Nothing is clipped here: what was asked stays as it was asked, and `trading.risk.path` lets it take away only, at every
order. So a limit that is lowered or raised later counts at once.
"""

from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from psycopg.errors import UniqueViolation

from kit import clock
from kit.audit import services as audit
from kit.errors import ConflictError, InvalidInputError
from kit.live.publish import publish
from trading.models import AiState
from wallets.models import Wallet


class VersionError(ConflictError):
    """Somebody else wrote meanwhile: read the state and decide anew. `facts` have the version that counts now."""

    code = "version"

    def __init__(self, current: int) -> None:
        super().__init__(f"Read the state again: version {current} counts now, and you would replace another.")
        self.facts = {"version": current}


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for, as the columns of `AiState` have it; None and "" ask for nothing."""

    exposure: Decimal | None = None
    stop_distance: Decimal | None = None
    target_distance: Decimal | None = None
    sentiment: Decimal | None = None
    sentiment_text: str = ""
    sentiment_source: str = ""
    note: str = ""
    expires_at: datetime | None = None


def current_state(wallet_id: UUID) -> AiState | None:
    """The newest version, expired or not; None where nobody has written one."""
    return AiState.objects.filter(wallet_id=wallet_id).order_by("-version").first()


def write_ai_state(*, wallet: Wallet, version: int, wish: Wish, written_by: str = "") -> AiState:
    """The next version, in place of `version` (0 where there is none yet).

    Raises VersionError when another one counts, InvalidInputError for a wish that is over before it begins, and
    ConflictError for a wallet that trades nothing.
    """
    if wish.expires_at is not None and wish.expires_at <= clock.now():
        raise InvalidInputError(
            "Let it expire later than now, or leave the moment out.", fields={"expires_at": "It is over already."}
        )
    if wallet.role in Wallet.IDLE or wallet.archived_at is not None:
        raise ConflictError(f"Nothing is traded from {wallet.name}: choose the wallet of an agent, a farm or a master.")
    with transaction.atomic():
        before = current_state(wallet.pk)
        current = before.version if before is not None else 0
        if version != current:
            raise VersionError(current)
        written = AiState(
            owner_id=wallet.owner_id, wallet=wallet, version=current + 1, written_by=written_by, **asdict(wish)
        )
        try:
            with transaction.atomic():
                written.save(force_insert=True)
        except IntegrityError as error:
            if not isinstance(error.__cause__, UniqueViolation):
                raise
            raise VersionError(current + 1) from error  # somebody else wrote the same version at once
        audit.record_change(
            audit.Area.LIMITS,
            "Agent's state written",
            owner_id=wallet.owner_id,
            subject=wallet.name,
            before=_facts(before),
            after=_facts(written),
        )
    publish(owner_id=wallet.owner_id, event="farms", data={"wallet": str(wallet.pk)})
    return written


def _facts(state: AiState | None) -> dict[str, Any]:
    return asdict(Wish()) if state is None else {name: getattr(state, name) for name in asdict(Wish())}
