"""What is earned by a trade that its venue tells late: whoever says what was earned where registers a follower."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Earned:
    """What a trade of the moment `at` has realized, net of fees, in what the market is paid in, and its fee."""

    owner_id: UUID
    wallet_id: UUID
    asset: str
    amount: Decimal
    fee: Decimal
    fee_asset: str
    at: datetime


Follower = Callable[[Earned], None]

_followers: list[Follower] = []


def register(follower: Follower) -> None:
    """Call `follower` for every trade from now on, in the transaction that books it; twice does it once."""
    if follower not in _followers:
        _followers.append(follower)


def tell(earned: Earned) -> None:
    for follower in _followers:
        follower(earned)
