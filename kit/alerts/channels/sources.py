"""What a message says of its reader's fund. Alerts know no portfolio: whoever does registers how it is asked.

Everything is told as sentences, which become words for their reader, without amounts where they hide them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from kit.sentences import Told

Lines = Callable[[UUID], Sequence[Told]]
"""Something of an owner's, as their tenant and in their zone; one sentence a line."""
Pausing = Callable[[UUID, str], Told]
"""Pause the owner's farm or agent of this name, and say what was done."""


@dataclass(frozen=True, slots=True)
class Sources:
    """Who is asked: how the fund stands, which positions are open, and to pause."""

    status: Lines
    positions: Lines
    pause: Pausing


_registered: list[Sources] = []


def register(sources: Sources) -> None:
    """Ask these from now on, in place of whoever was asked before."""
    _registered[:] = [sources]


def status(owner_id: UUID) -> Sequence[Told]:
    """How the owner's fund stands now. Runs as the tenant."""
    return _registered[0].status(owner_id)


def positions(owner_id: UUID) -> Sequence[Told]:
    """The owner's open positions. Runs as the tenant."""
    return _registered[0].positions(owner_id)


def pause(owner_id: UUID, name: str) -> Told:
    """Pause the farm or agent of this name. Runs as the tenant. Raises MoniqoError."""
    return _registered[0].pause(owner_id, name)
