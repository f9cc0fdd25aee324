"""The way from an empty account to a farm that trades, as a list whose ticks are read from the data.

Nothing remembers that a step was taken: what is there says so, and the list goes away by itself with the last tick.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db.models import Exists
from django.urls import reverse

from farms.models import Agent, AgentRun, Farm
from kit.users.models import User
from wallets.models import Connection, FundAllocation, Wallet

_STEPS: Final[tuple[tuple[str, str, type[Any]], ...]] = (
    ("Open an account at a venue", "wallets:connection-create", Connection),
    ("Make a master wallet for its money", "wallets:create", Wallet),
    ("Deposit money to it", "wallets:tree", FundAllocation),
    ("Make a farm and allocate money to it", "farms:new", Farm),
    ("Hire an agent for the farm", "farms:list", Agent),
    ("Start the agent: it runs at the close of its next candle", "farms:list", AgentRun),
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
    there = (Exists(model.objects.filter(owner_id=owner_id)) for _, _, model in _STEPS)
    found = User.objects.filter(pk=owner_id).values_list(*there).first()
    done = found or (False,) * len(_STEPS)
    if all(done):
        return ()
    return [
        Step(words, reverse(url_name), is_done, is_next=number == done.index(False))
        for number, ((words, url_name, _), is_done) in enumerate(zip(_STEPS, done, strict=True))
    ]
