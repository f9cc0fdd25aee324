"""A process that posts as fast as it can until somebody kills it; a line on its output for every committed posting."""

import sys
from itertools import count
from threading import Thread
from uuid import UUID

import django

django.setup()

from kit import tenancy  # noqa: E402 - Django must be set up before models are imported
from tests.wallets.books import move  # noqa: E402
from wallets.models import Wallet  # noqa: E402


def load(owner_id: UUID, name: str) -> None:
    with tenancy.tenant(owner_id):
        wallets = list(Wallet.objects.order_by("name"))
    for number in count():
        with tenancy.tenant(owner_id):
            move(wallets[number % len(wallets)], wallets[(number + 1) % len(wallets)], 1, key=f"{name} {number}")
        sys.stdout.write(f"{name} {number}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    for thread in range(4):
        Thread(target=load, args=(UUID(sys.argv[1]), f"thread {thread}")).start()
