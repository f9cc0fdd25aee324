"""Derivatives that change hands: another wallet's by their owner's word, or nobody's with the account they are at.

What they have won or lost goes with them, which is a flow and no profit. Whoever remembers flows registers a follower,
which stands around the change.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from uuid import UUID

Follower = Callable[[UUID], AbstractContextManager[None]]

_followers: list[Follower] = []


def register(follower: Follower) -> None:
    """Enter `follower`, with the owner's id, around each change of hands from now on; twice does it once."""
    if follower not in _followers:
        _followers.append(follower)


@contextmanager
def changing_hands(owner_id: UUID) -> Iterator[None]:
    """Around what changes whose the owner's derivatives are, in its transaction."""
    with ExitStack() as following:
        for follower in _followers:
            following.enter_context(follower(owner_id))
        yield
