"""What the token of a trading agent may be bound to: one wallet of its owner's, with everything below it.

People and their tokens know no wallets. The app that has them registers how they are listed and which of them stand
below one, so that the question is asked where a token is made and used, and answered where wallets are known.
"""

from collections.abc import Callable, Sequence
from uuid import UUID

from django.http import HttpRequest

from kit.users.access import ScopeError
from kit.users.models import Token

Listing = Callable[[UUID], Sequence[tuple[UUID, str]]]
"""The wallets of an owner, each with what it is called."""
Holding = Callable[[UUID, UUID], bool]
"""Whether the first wallet is the second one or stands below it."""

_registered: list[tuple[Listing, Holding]] = []


def register(listing: Listing, holding: Holding) -> None:
    """Ask these from now on, in place of whoever was asked before."""
    _registered[:] = [(listing, holding)]


def wallets_of(owner_id: UUID) -> Sequence[tuple[UUID, str]]:
    """What a token of the owner's can be bound to."""
    return [found for listing, _ in _registered for found in listing(owner_id)]


def require_within(request: HttpRequest, wallet_id: UUID | None) -> None:
    """Raise ScopeError when the request comes with a token that is bound to a wallet which does not hold this one.

    None is all that the owner has, which no wallet holds.
    """
    token: Token | None = getattr(request, "token", None)
    if token is None or token.wallet_id is None:
        return
    if wallet_id is None or not any(holding(wallet_id, token.wallet_id) for _, holding in _registered):
        raise ScopeError("This token is bound to another wallet: it may act in that one and below it.")
