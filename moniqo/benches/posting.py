"""One client of the ledger's benchmark: a process that posts as fast as it can, as a job does.

    python -m moniqo.benches.posting 0

The number tells its own wallets from those of the others. It says `ready`, then obeys lines such as `spread 5` (what,
and for how many seconds) with the number of legs it posted.
"""

import random
import sys
import time
from collections.abc import Callable, Sequence
from decimal import Decimal
from itertools import count
from typing import Final
from uuid import UUID, uuid4

import django

django.setup()

from kit import tenancy  # noqa: E402 - Django must be set up before models are imported
from kit.users.models import User  # noqa: E402
from wallets.ledger import AccountRef, Leg, Request, post, post_many  # noqa: E402
from wallets.models import Connection, Platform, PostingKind, Wallet  # noqa: E402

OWNER: Final = UUID(int=1)
WALLETS: Final = 100
ASSET: Final = "USDT"
AMOUNT: Final = Decimal("0.000001")
BATCH: Final = 50
OWN: Final = 12


def fill() -> None:
    """A user with a hundred wallets and a million in each."""
    with tenancy.tenant(OWNER):
        user = User.objects.create(pk=OWNER, email="bench@example.com", password="!")  # noqa: S106 - signs in nowhere
        platform = Platform.objects.create(slug="bench", name="Bench", adapter="demo")
        venue = Connection.objects.create(owner=user, platform=platform, name="Bench", venue="simulated")
        wallets = Wallet.objects.bulk_create(
            Wallet(pk=UUID(int=number), owner=user, connection=venue, name=f"Wallet {number}", role=Wallet.Role.MASTER)
            for number in range(1, WALLETS + 1)
        )
    legs = [
        Leg(AccountRef(wallet.pk, ASSET, "external"), AccountRef(wallet.pk, ASSET), Decimal(10) ** 6)
        for wallet in wallets
    ]
    post(owner_id=OWNER, key="fund", kind=PostingKind.DEPOSIT, legs=legs)


def spread(wallets: Sequence[UUID]) -> int:
    """A posting by itself, between two wallets of many."""
    post(owner_id=OWNER, key=str(uuid4()), kind=PostingKind.ALLOCATE, legs=[_leg(*random.sample(wallets, 2))])
    return 1


def hot(wallets: Sequence[UUID]) -> int:
    """The same from anybody to one wallet: all wait for its account."""
    leg = _leg(random.choice(wallets[1:]), wallets[0])  # noqa: S311 - no secret depends on it
    post(owner_id=OWNER, key=str(uuid4()), kind=PostingKind.ALLOCATE, legs=[leg])
    return 1


def block(wallets: Sequence[UUID]) -> int:
    """The same inside a tenant's block, as a request does it."""
    with tenancy.tenant(OWNER):
        return spread(wallets)


def batch(wallets: Sequence[UUID]) -> int:
    """Fifty postings in one message, between this client's own wallets: the jobs of two farms do not overlap."""
    number = int(sys.argv[1])
    own = wallets[number * OWN : (number + 1) * OWN]
    post_many(
        owner_id=OWNER,
        requests=[Request(str(uuid4()), PostingKind.ALLOCATE, [_leg(*random.sample(own, 2))]) for _ in range(BATCH)],
    )
    return BATCH


WORK: Final[dict[str, Callable[[Sequence[UUID]], int]]] = {"spread": spread, "hot": hot, "block": block, "batch": batch}


def _leg(source: UUID, target: UUID) -> Leg:
    return Leg(AccountRef(source, ASSET), AccountRef(target, ASSET), AMOUNT)


def _serve() -> None:
    with tenancy.tenant(OWNER):
        wallets = list(Wallet.objects.order_by("pk").values_list("pk", flat=True))
    for work in WORK.values():  # plans are made before the clock runs
        for _ in range(5):
            work(wallets)
    _say("ready")
    for line in sys.stdin:
        name, seconds = line.split()
        done, until = 0, time.perf_counter() + float(seconds)
        for _ in count():
            done += WORK[name](wallets)
            if time.perf_counter() >= until:
                break
        _say(str(done))


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    if sys.argv[1:] == ["fill"]:
        fill()
    else:
        _serve()
