"""Wallets that a goal lets open nothing more, or trade nothing, and gives back."""

from uuid import UUID

from goals.models import Goal
from wallets.hierarchy import holds
from wallets.models import Wallet

REDUCING, HALTED = Wallet.TradingState.REDUCING, Wallet.TradingState.HALTED


def scope_of(goal: Goal) -> list[UUID]:
    """The wallets that work for it now; of a goal of the whole fund its masters."""
    working = list(goal.assignments.filter(until=None).values_list("wallet_id", flat=True))
    if None in working:
        return list(Wallet.objects.filter(owner_id=goal.owner_id, role=Wallet.Role.MASTER).values_list("pk", flat=True))
    return [pk for pk in working if pk is not None]


def hold(goal: Goal) -> None:
    """Let those in its scope only reduce until `let_go`."""
    _hold(goal, f"{holds.CLOSING}{goal.pk}", REDUCING)


def let_go(goal: Goal) -> None:
    """Give back what was held until everything is done."""
    holds.let_go(owner_id=goal.owner_id, holder=f"{holds.CLOSING}{goal.pk}")


def stop(goal: Goal, state: Wallet.TradingState) -> list[Wallet]:
    """Bring those in its scope to the state because it was missed, until their owner decides; returns the changed."""
    return _hold(goal, f"missed:{goal.pk}", state)


def _hold(goal: Goal, holder: str, state: Wallet.TradingState) -> list[Wallet]:
    words = f"goal “{goal.name}”"
    return holds.hold(owner_id=goal.owner_id, wallet_ids=scope_of(goal), holder=holder, state=state, words=words)
