"""Who holds a wallet: a goal that closes positions there, a limit that is broken.

`trading_state`, which everybody reads, is the strictest of what its owner has chosen and of what its holders ask for;
`held_for` says who asks for more than the owner. Each holder gives back only its own hold, in any order. Whoever sets
the state by hand takes the wallet out of all of them: a person's word comes last (`places.update_wallet`).
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from kit.audit import services as audit
from kit.live.publish import publish
from wallets.models import Wallet

STRICTNESS: Final = (Wallet.TradingState.ACTIVE, Wallet.TradingState.REDUCING, Wallet.TradingState.HALTED)
# Beside the holders: what the owner has chosen, as long as anybody else holds the wallet.
OWNER: Final = "owner"
# What a holder's name begins with that lets go as soon as it has closed, collected and distributed what it is to.
CLOSING: Final = "goal:"

Holds = Mapping[str, tuple[str, str]]
"""By holder: the state that it asks for, and its words."""


def hold(*, owner_id: UUID, wallet_ids: Collection[UUID], holder: str, state: str, words: str) -> list[Wallet]:
    """Ask for the state, under the holder's name, such as `goal:` and an id. `words` follow "for" in a refusal.

    Returns the wallets whose trading state has changed by it.
    """
    with transaction.atomic():
        return [
            wallet
            for wallet in _locked(owner_id, pk__in=wallet_ids)
            if _settle(wallet, {OWNER: (wallet.trading_state, ""), **wallet.holds, holder: (state, words)})
        ]


def let_go(*, owner_id: UUID, holder: str) -> list[Wallet]:
    """End the holder's hold of whatever it still holds; returns the wallets whose trading state has changed by it."""
    with transaction.atomic():
        return [
            wallet
            for wallet in _locked(owner_id, holds__has_key=holder)
            if _settle(wallet, {name: asked for name, asked in wallet.holds.items() if name != holder})
        ]


def choose(*, owner_id: UUID, wallet_id: UUID, state: str) -> None:
    """What a person says: it applies at once, and nobody else holds the wallet any more."""
    with transaction.atomic():
        for wallet in _locked(owner_id, pk=wallet_id):
            _settle(wallet, {OWNER: (state, "")})


def held_by(*, owner_id: UUID) -> dict[str, list[Wallet]]:
    """The wallets that are held now, by holder: one query."""
    found: dict[str, list[Wallet]] = {}
    for wallet in Wallet.objects.filter(owner_id=owner_id).exclude(holds={}).order_by("created_at"):
        for holder in wallet.holds.keys() - {OWNER}:
            found.setdefault(holder, []).append(wallet)
    return found


def strictest(asked: Holds) -> tuple[str, str]:
    """The state that applies, and the words of who wants it: none where the owner asks for as much."""
    return max(asked.values(), key=lambda one: (STRICTNESS.index(Wallet.TradingState(one[0])), not one[1]))


def _locked(owner_id: UUID, **which: Any) -> Iterable[Wallet]:
    rows = Wallet.objects.select_for_update(no_key=True).filter(owner_id=owner_id, **which)
    return list(rows.order_by("created_at", "pk"))


def _settle(wallet: Wallet, asked: Holds) -> bool:
    """Write down who asks for what, and what follows; whether the trading state has changed."""
    before = {"trading_state": wallet.trading_state, "held_for": wallet.held_for}
    wallet.trading_state, wallet.held_for = strictest(asked)
    wallet.holds = asked if asked.keys() - {OWNER} else {}
    wallet.save(update_fields=("trading_state", "held_for", "holds"))
    if wallet.trading_state == before["trading_state"]:
        return False
    audit.record_change(
        audit.Area.LIMITS, "Trading state changed", owner_id=wallet.owner_id, subject=wallet.name,
        before=before, after={"trading_state": wallet.trading_state, "held_for": wallet.held_for},
    )  # fmt: skip
    publish(owner_id=wallet.owner_id, event="wallets", data={"wallet": str(wallet.pk), "change": "settings"})
    return True
