"""Wallets that a goal lets open nothing more, or trade nothing, and gives back."""

from collections.abc import Collection
from uuid import UUID

from goals.models import Goal
from portfolio.exposure.limits import hold_again
from wallets.models import Wallet
from wallets.services import update_wallet

ACTIVE, REDUCING, HALTED = Wallet.TradingState.ACTIVE, Wallet.TradingState.REDUCING, Wallet.TradingState.HALTED


def scope_of(goal: Goal) -> list[UUID]:
    """The wallets that work for it now; of a goal of the whole fund its masters."""
    working = list(goal.assignments.filter(until=None).values_list("wallet_id", flat=True))
    if None in working:
        return list(Wallet.objects.filter(owner_id=goal.owner_id, role=Wallet.Role.MASTER).values_list("pk", flat=True))
    return [pk for pk in working if pk is not None]


def hold(goal: Goal) -> list[UUID]:
    """Let those in its scope only reduce; returns those that this has changed, for `let_go`."""
    return [wallet.pk for wallet in switch(goal, scope_of(goal), REDUCING, before=(ACTIVE,))]


def let_go(goal: Goal) -> None:
    """Give back what was held, except where somebody has decided otherwise since."""
    for action in goal.steps.exclude(held=[]):
        ours = set(action.held)
        switch(goal, ours, ACTIVE, before=(REDUCING,))
        hold_again(owner_id=goal.owner_id, wallets=ours)
        action.held = []
        action.save(update_fields=("held",))


def switch(goal: Goal, wallets: Collection[UUID], state: str, *, before: Collection[str]) -> list[Wallet]:
    """Give the wallets the state that are in one of those `before`; returns them."""
    found = Wallet.objects.filter(owner_id=goal.owner_id, pk__in=wallets, trading_state__in=before)
    changed = list(found.order_by("created_at"))
    for wallet in changed:
        update_wallet(
            owner_id=goal.owner_id,
            wallet_id=wallet.pk,
            name=wallet.name,
            target_weight=wallet.target_weight,
            trading_state=state,
            held_for="" if state == ACTIVE else f"goal “{goal.name}”",
        )
    return changed
