"""Many connections at once: nothing is spent twice, nothing deadlocks, a key does one thing."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from itertools import pairwise
from threading import Barrier
from typing import TypeVar

import pytest
from django.db import connections

from kit import tenancy
from kit.users.models import User
from tests.wallets.books import balance, funded, move, ref
from wallets.ledger import IdempotencyConflictError, InsufficientFundsError, LedgerError, Leg, post, verify
from wallets.models import Account, Entry, Posting

Result = TypeVar("Result")


def at_once(count: int, work: Callable[[int], Result]) -> list[Result]:
    """`work(number)` in `count` threads with a database connection each, all started at the same moment."""
    barrier = Barrier(count)

    def run(number: int) -> Result:
        try:
            connections["default"].ensure_connection()
            barrier.wait(timeout=60)
            return work(number)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(max_workers=count) as pool:
        return list(pool.map(run, range(count)))


def test_money_is_not_spent_twice(live_db: str, owner: User) -> None:
    source, target = funded(owner.pk, 2, 100)

    def spend(number: int) -> bool:
        try:
            with tenancy.tenant(owner.pk):
                move(source, target, 10, key=f"spend {number}")
        except InsufficientFundsError:
            return False
        return True

    assert sum(at_once(40, spend)) == 10
    with tenancy.tenant(owner.pk):
        assert (balance(source), balance(target)) == (0, 200)
    assert verify().ok


def test_one_hot_account_keeps_count(live_db: str, owner: User) -> None:
    hot, *others = funded(owner.pk, 9, 100)

    def feed(number: int) -> None:
        for turn in range(25):
            with tenancy.tenant(owner.pk):
                move(others[number], hot, 1, key=f"{number} {turn}")

    at_once(8, feed)
    with tenancy.tenant(owner.pk):
        assert balance(hot) == 300
        versions = Entry.objects.filter(account__wallet=hot, account__kind="wallet").values_list("version", flat=True)
        assert sorted(versions) == list(range(1, 202))
    assert verify().ok


def test_rings_of_transfers_do_not_deadlock(live_db: str, owner: User) -> None:
    wallets = funded(owner.pk, 6, 100)

    def turn(number: int) -> None:
        ring = wallets if number % 2 else wallets[::-1]
        for start in range(20):
            path = [ring[(start + number + step) % 6] for step in range(4)]
            legs = [Leg(ref(one), ref(two), Decimal(1)) for one, two in pairwise(path)]
            with tenancy.tenant(owner.pk):
                post(owner_id=owner.pk, key=f"{number} {start}", kind="correct", legs=legs)

    at_once(8, turn)
    with tenancy.tenant(owner.pk):
        assert sum(account.balance for account in Account.objects.filter(kind="wallet")) == 600
    assert verify().transfers == 6 + 8 * 20 * 3


def test_accounts_are_made_once_by_whoever_comes_first(live_db: str, owner: User) -> None:
    wallets = funded(owner.pk, 2, 100)

    def start(number: int) -> None:
        one, two = wallets if number % 2 else wallets[::-1]
        legs = [Leg(ref(one, asset, "external"), ref(two, asset), Decimal(1)) for asset in ("BTC", "ETH", "SOL")]
        with tenancy.tenant(owner.pk):
            post(owner_id=owner.pk, key=f"start {number}", kind="correct", legs=legs)

    at_once(12, start)
    with tenancy.tenant(owner.pk):
        assert Account.objects.exclude(asset="USDT").count() == 12
    assert verify().ok


def test_the_same_key_fifty_times_at_once_is_one_posting(live_db: str, owner: User) -> None:
    source, target = funded(owner.pk, 2, 100)

    def repeat(number: int) -> tuple[int, tuple[int, ...], bool]:
        with tenancy.tenant(owner.pk):
            posting = move(source, target, 7, key="once")
        return posting.pk, posting.transfer_ids, posting.is_replay

    results = at_once(50, repeat)
    assert len({(pk, ids) for pk, ids, _ in results}) == 1
    assert [replay for _, _, replay in results].count(False) == 1
    with tenancy.tenant(owner.pk):
        assert balance(target) == 107


def test_of_different_requests_under_one_key_one_wins(live_db: str, owner: User) -> None:
    source, target = funded(owner.pk, 2, 100)

    def race(number: int) -> Decimal | None:
        try:
            with tenancy.tenant(owner.pk):
                move(source, target, number + 1, key="race")
        except IdempotencyConflictError:
            return None
        return Decimal(number + 1)

    winners = [amount for amount in at_once(12, race) if amount is not None]
    assert len(winners) == 1
    with tenancy.tenant(owner.pk):
        assert balance(target) == 100 + winners[0]


@pytest.mark.parametrize("phase", ["settle", "void"])
def test_a_pending_transfer_is_resolved_by_one_of_many(live_db: str, owner: User, phase: str) -> None:
    (wallet,) = funded(owner.pk, 1, 100)
    accounts = ref(wallet), ref(wallet, kind="clearing")
    with tenancy.tenant(owner.pk):
        leg = Leg(*accounts, Decimal(60), phase="pending")
        (hold,) = post(owner_id=owner.pk, key="hold", kind="hold", legs=[leg]).transfer_ids

    def resolve(number: int) -> bool:
        kind = phase if number % 2 else "void"
        leg = Leg(*accounts, Decimal(60), phase=kind, pending_id=hold)  # type: ignore[arg-type]
        try:
            with tenancy.tenant(owner.pk):
                post(owner_id=owner.pk, key=f"resolve {number}", kind="correct", legs=[leg])
        except LedgerError:
            return False
        return True

    assert sum(at_once(12, resolve)) == 1
    with tenancy.tenant(owner.pk):
        assert Posting.objects.filter(key__startswith="resolve").count() == 1
    assert verify().ok
