"""What a message says of its reader's fund. Alerts know no portfolio: whoever does registers how it is asked.

Everything is told as sentences, which become words for their reader, without amounts where they hide them.
"""

from collections.abc import Callable, Sequence
from uuid import UUID

from kit.sentences import Told

Status = Callable[[UUID], Sequence[Told]]
"""How an owner's fund stands now, as their tenant and in their zone; one sentence a line."""

_registered: list[Status] = []


def register(status: Status) -> None:
    """Ask this from now on, in place of whoever was asked before."""
    _registered[:] = [status]


def status(owner_id: UUID) -> Sequence[Told]:
    """How the owner's fund stands now. Runs as the tenant."""
    return [line for ask in _registered for line in ask(owner_id)]
