"""The way from an empty account to a farm that trades, as a list whose ticks are read from the data.

Nothing remembers that a step was taken: what is there says so, and the list goes away by itself with the last tick.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db import connection
from django.urls import reverse

_STEPS: Final = (
    ("Open an account at a venue", "wallets:connection-create", "wallets_connection"),
    ("Make a master wallet for its money", "wallets:create", "wallets_wallet"),
    ("Deposit money to it", "wallets:tree", "wallets_fundallocation"),
    ("Make a farm and allocate money to it", "farms:new", "farms_farm"),
    ("Hire an agent for the farm", "farms:list", "farms_agent"),
    ("Start the agent: it runs at the close of its next candle", "farms:list", "farms_agentrun"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Step:
    """Something to do first; `is_next` is true for the one whose turn it is."""

    words: str
    url: str
    is_done: bool
    is_next: bool


def first_steps(*, owner_id: UUID) -> Sequence[Step]:
    """The steps in their order, one query; empty once all are taken."""
    exists = ", ".join(f"EXISTS (SELECT FROM {table} WHERE owner_id = %(owner)s)" for _, _, table in _STEPS)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {exists}", {"owner": owner_id})
        done: tuple[bool, ...] = cursor.fetchone()
    if all(done):
        return ()
    return [
        Step(words, reverse(url_name), is_done, is_next=number == done.index(False))
        for number, ((words, url_name, _), is_done) in enumerate(zip(_STEPS, done, strict=True))
    ]
