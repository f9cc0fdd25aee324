"""How postings reach the database: one message each where no transaction is open, one for a whole batch."""

import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from decimal import Decimal
from threading import Barrier
from uuid import uuid4

import pytest
from django.db import connection, connections

from kit import tenancy
from kit.users.models import User
from tests.wallets.books import balance, fund, funded, make_wallet, move, ref
from wallets.ledger import (
    IdempotencyConflictError,
    InsufficientFundsError,
    InvalidLegError,
    Leg,
    Request,
    UnknownAccountError,
    attempt_many,
    post,
    post_many,
    verify,
)
from wallets.models import Account, Posting, Transfer, Wallet


def request(source: Wallet, target: Wallet, amount: int | str, key: str) -> Request:
    return Request(key, "allocate", [Leg(ref(source), ref(target), Decimal(amount))])


@contextmanager
def messages() -> Iterator[list[str]]:
    """What the client sends on the wire inside the block, by the protocol's names."""
    sent: list[str] = []
    wire = connection.connection.pgconn
    with tempfile.TemporaryFile("w+") as trace:
        wire.trace(trace.fileno())
        yield sent
        wire.untrace()
        trace.seek(0)
        sent += [name for _, direction, _, name, *_ in map(str.split, _lines(trace)) if direction == "F"]


def _lines(trace: Iterator[str]) -> Iterator[str]:
    """Lines of the trace with a time in one word before the direction, as older and newer libraries write it."""
    for line in trace:
        when, _, rest = line.rstrip().partition("\t")
        yield f"{when.replace(' ', '_')} {rest}"


# --- one posting ----------------------------------------------------------------------------------------------------


def test_a_posting_outside_of_a_transaction_is_one_message_and_is_there(live_db: str, owner: User) -> None:
    one, two = funded(owner.pk, 2, 100)
    for number in range(5):
        move(one, two, 1, key=f"warm {number}")
    with messages() as sent:
        move(one, two, 1, key="last")
    assert sent.count("Sync") == 1
    assert "Query" not in sent
    assert "Parse" not in sent
    with tenancy.tenant(owner.pk):
        assert (balance(one), balance(two)) == (94, 106)
    assert verify().ok


def test_its_tenant_ends_with_it(live_db: str, owner: User) -> None:
    one, two = funded(owner.pk, 2, 100)
    move(one, two, 1)
    assert not Account.objects.exists()


def test_its_refusal_leaves_nothing_and_the_next_one_is_served(live_db: str, owner: User) -> None:
    one, two = funded(owner.pk, 2, 100)
    with pytest.raises(InsufficientFundsError, match=r"Only 100\.00\sUSDT is free and 100\.50\sUSDT is needed"):
        move(one, two, "100.5", key="much")
    with pytest.raises(IdempotencyConflictError):
        [move(one, two, amount, key="twice") for amount in (1, 2)]
    move(one, two, 100 - 1, key="much")
    with tenancy.tenant(owner.pk):
        assert balance(one) == 0


def test_it_reaches_nobody_elses_books(live_db: str, owner: User, other_owner: User) -> None:
    (mine,), (theirs,) = funded(owner.pk, 1, 10), funded(other_owner.pk, 1, 10)
    with pytest.raises(UnknownAccountError, match="belongs to somebody else"):
        post(owner_id=other_owner.pk, key="steal", kind="allocate", legs=[Leg(ref(mine), ref(theirs), Decimal(1))])
    with tenancy.tenant(other_owner.pk), pytest.raises(UnknownAccountError, match="tenant block"):
        fund(mine, 1)


def test_a_posting_inside_a_block_is_one_message_too(live_db: str, owner: User) -> None:
    one, two = funded(owner.pk, 2, 100)
    with tenancy.tenant(owner.pk):
        for number in range(5):
            move(one, two, 1, key=f"warm {number}")
        with messages() as sent:
            move(one, two, 1, key="last")
    assert sent.count("Sync") == 1
    assert "Query" not in sent


# --- batches --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("inside", [False, True])
def test_a_batch_is_posted_in_its_order(live_db: str, owner: User, inside: bool) -> None:
    one, two = funded(owner.pk, 2, 100)
    batch = [request(one, two, 200, "all"), request(two, one, 250, "back"), request(one, two, 1, "one")]
    batch.insert(0, Request("more", "deposit", [Leg(ref(one, kind="external"), ref(one), Decimal(100))], {"note": "n"}))
    if inside:
        with tenancy.tenant(owner.pk):
            made = post_many(owner_id=owner.pk, requests=batch)
    else:
        made = post_many(owner_id=owner.pk, requests=batch)
    with tenancy.tenant(owner.pk):
        assert [posting.key for posting in Posting.objects.filter(pk__in=[posting.pk for posting in made])]
        assert [(p.key, p.is_replay, p.detail) for p in made] == [
            ("more", False, {"note": "n"}),
            ("all", False, {}),
            ("back", False, {}),
            ("one", False, {}),
        ]
        amounts = dict(Transfer.objects.values_list("pk", "amount"))
        assert [amounts[p.transfer_ids[0]] for p in made] == [100, 200, 250, 1]
        assert (balance(one), balance(two)) == (249, 51)
    assert verify().ok


def test_a_batch_happens_whole_or_not_at_all(live_db: str, owner: User) -> None:
    one, two = funded(owner.pk, 2, 100)
    batch = [request(one, two, 60, "first"), request(one, two, 60, "second")]
    with pytest.raises(InsufficientFundsError):
        post_many(owner_id=owner.pk, requests=batch)
    with tenancy.tenant(owner.pk):
        with pytest.raises(InsufficientFundsError):
            post_many(owner_id=owner.pk, requests=batch)
        assert (balance(one), balance(two)) == (100, 100)
        assert not Posting.objects.filter(key__in=("first", "second")).exists()


def test_of_many_that_stand_by_themselves_a_refused_one_stops_no_other(live_db: str, owner: User) -> None:
    one, two = funded(owner.pk, 2, 100)
    stranger = Wallet(pk=uuid4())
    batch = [
        Request("hold", "hold", [Leg(ref(one), ref(one, kind="clearing"), Decimal(60), "pending")]),
        request(one, two, 41, "too much"),
        request(one, stranger, 1, "nobody"),
        request(two, one, 5, "back"),
    ]
    with tenancy.tenant(owner.pk):
        held, too_much, nobody, back = attempt_many(owner_id=owner.pk, requests=batch)
        again = attempt_many(owner_id=owner.pk, requests=batch[:1])
    assert isinstance(too_much, InsufficientFundsError)
    assert (too_much.available, too_much.needed) == (40, 41)
    assert isinstance(nobody, UnknownAccountError)
    assert isinstance(held, Posting)
    assert isinstance(back, Posting)
    assert [found.pk for found in again if isinstance(found, Posting) and found.is_replay] == [held.pk]
    with tenancy.tenant(owner.pk):
        assert Transfer.objects.get(pk=held.transfer_ids[0]).amount == 60
        assert (balance(one), balance(two)) == (105, 95)
        assert set(Posting.objects.values_list("key", flat=True)) >= {"hold", "back"}
        assert not Posting.objects.filter(key__in=("too much", "nobody")).exists()
    assert verify().ok


def test_a_batch_done_again_is_the_first_one(live_db: str, owner: User) -> None:
    one, two = funded(owner.pk, 2, 100)
    batch = [request(one, two, 1, "first"), request(one, two, 2, "second")]
    made = post_many(owner_id=owner.pk, requests=batch)
    again = post_many(owner_id=owner.pk, requests=[*batch, request(one, two, 3, "third"), batch[0]])
    assert [(p.pk, p.transfer_ids) for p in again[:2]] == [(p.pk, p.transfer_ids) for p in made]
    assert [p.is_replay for p in again] == [True, True, False, True]
    with tenancy.tenant(owner.pk):
        assert balance(one) == 94


def test_an_empty_batch_asks_nothing(live_db: str, owner: User) -> None:
    assert post_many(owner_id=owner.pk, requests=[]) == []


def test_batches_that_cross_do_not_deadlock(live_db: str, owner: User) -> None:
    wallets = funded(owner.pk, 6, 1000)
    barrier = Barrier(4)

    def turn(number: int) -> None:
        ring = wallets if number % 2 else wallets[::-1]
        try:
            connections["default"].ensure_connection()
            barrier.wait(timeout=60)
            for start in range(8):
                pairs = [(ring[(start + step) % 6], ring[(start + step + 1) % 6]) for step in range(12)]
                batch = [request(*pair, 1, f"{number} {start} {step}") for step, pair in enumerate(pairs)]
                new = Leg(ref(pairs[0][0], f"NEW{start}", "external"), ref(pairs[0][1], f"NEW{start}"), Decimal(1))
                post_many(owner_id=owner.pk, requests=[*batch, Request(f"{number} {start}", "deposit", [new])])
        finally:
            connections.close_all()

    with ThreadPoolExecutor(max_workers=4) as pool:
        list(pool.map(turn, range(4)))
    report = verify()
    assert report.ok
    assert report.transfers == 6 + 4 * 8 * 13


# --- kinds ----------------------------------------------------------------------------------------------------------


def test_a_kind_that_is_not_on_the_list_is_refused(as_owner: User) -> None:
    wallet = make_wallet(as_owner)
    leg = Leg(ref(wallet, kind="external"), ref(wallet), Decimal(1))
    with pytest.raises(InvalidLegError, match="bonus is no kind of posting"):
        post(owner_id=as_owner.pk, key="gift", kind="bonus", legs=[leg])


def test_a_batch_reads_no_more_when_there_are_more_postings(live_db: str, owner: User) -> None:
    """Also over a connection that made its plans while there were none."""
    one, two = funded(owner.pk, 2, 1000)

    def read() -> int:
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT pg_stat_force_next_flush()")
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            books = ["wallets_posting", "wallets_transfer"]
            cursor.execute("SELECT sum(idx_tup_read) FROM pg_stat_user_indexes WHERE relname = ANY (%s)", [books])
            return int(cursor.fetchone()[0])

    costs = []
    for turn in range(30):
        before = read()
        post_many(owner_id=owner.pk, requests=[request(one, two, 1, f"{turn} {step}") for step in range(20)])
        costs.append(read() - before)
    assert max(costs[20:]) <= max(costs[:10]) + 40
