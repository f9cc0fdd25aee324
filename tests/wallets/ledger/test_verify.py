"""`manage.py verify` passes sound books and finds whatever was planted around the triggers."""

import json
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from io import StringIO

import psycopg
import pytest
from django.core.management import call_command

from kit import tenancy
from kit.users.models import User
from tests.wallets.books import funded, move, ref
from wallets.ledger import Leg, post, verify
from wallets.ledger.verify import Part


@pytest.fixture
def books(live_db: str, owner: User, other_owner: User) -> str:
    """Two owners' books with every phase in them. Returns the database's name."""
    for user in (owner, other_owner):
        one, two = funded(user.pk, 2, 1000)
        with tenancy.tenant(user.pk):
            move(one, two, "12.5")
            kinds = ref(one), ref(one, kind="clearing")
            hold = Leg(*kinds, Decimal(70), phase="pending")
            holds = post(owner_id=user.pk, key="holds", kind="hold", legs=[hold, hold, hold]).transfer_ids
            legs = [
                Leg(*kinds, Decimal(30), phase="settle", pending_id=holds[0]),
                Leg(*kinds, None, phase="void", pending_id=holds[1]),
            ]
            post(owner_id=user.pk, key="resolve", kind="trade", legs=legs)
    return live_db


@contextmanager
def superuser(database: str) -> Iterator[psycopg.Connection]:
    """A session that no trigger, foreign key or policy stops."""
    address = os.environ["MONIQO_TEST_ADMIN_URL"].rsplit("/", 1)[0] + f"/{database}"
    with psycopg.connect(address) as connection:
        connection.execute("SET session_replication_role = replica")
        yield connection


def test_sound_books_pass_with_their_figures(books: str) -> None:
    out = StringIO()
    call_command("verify", "--json", stdout=out)
    report = json.loads(out.getvalue())
    assert report["ok"] is True
    assert {name: report[name] for name in ("owners", "accounts", "postings", "transfers", "entries", "holds")} == {
        "owners": 2, "accounts": 10, "postings": 10, "transfers": 16, "entries": 16, "holds": 10,
    }  # fmt: skip
    assert report["assets"] == {"USDT": {"total": "0", "in_wallets": "3940"}}


def test_one_owner_can_prove_their_own_books(books: str, owner: User) -> None:
    report = verify(owner_id=owner.pk)
    assert (report.ok, report.owners, report.transfers) == (True, 1, 8)


PLANTED = {
    "a balance nobody earned": (
        "UPDATE wallets_account SET balance = balance + 1 WHERE id = (SELECT min(id) FROM wallets_account)",
        "Account .* says .*; its rows add up to",
    ),
    "a hold nobody made": (
        "UPDATE wallets_account SET held = held + 1 WHERE held > 0",
        "Account .* its rows add up to",
    ),
    "an edited entry": (
        "UPDATE wallets_transfer SET debit_balance = debit_balance + 1 WHERE amount = 12.5",
        "Entry .* says .* after",
    ),
    "a missing entry": (
        "UPDATE wallets_transfer SET credit_version = NULL, credit_balance = NULL WHERE amount = 12.5",
        "Transfer .* has links that do not belong to its phase, or lacks one",
    ),
    "a gap in a chain": (
        "DELETE FROM wallets_transfer WHERE amount = 12.5",
        r"Entry .* \(version 3\) .* version 1 said",
    ),
    "a version left out": (
        "UPDATE wallets_transfer SET debit_version = debit_version + 1 WHERE amount = 30",
        r"Entry .* \(version 4\) .* version 2 said",
    ),
    "a version twice": (
        "UPDATE wallets_transfer SET debit_version = 1 WHERE amount = 12.5",
        r"Entry .* \(version 1\) .* version 1 said",
    ),
    "a gap among holds": (
        "UPDATE wallets_transfer SET held_version = held_version + 1 WHERE phase = 'void'",
        r"Hold .* \(version 6\) .* version 4 said",
    ),
    "a missing hold": (
        "UPDATE wallets_transfer SET held_version = NULL, held_change = NULL, held_after = NULL WHERE phase = 'void'",
        "Transfer .* has links that do not belong to its phase, or lacks one",
    ),
    "an edited transfer": (
        "UPDATE wallets_transfer SET amount = 13 WHERE amount = 12.5",
        "Entry .* says .* after",
    ),
    "a transfer across assets": (
        "UPDATE wallets_account SET asset = 'BTC' WHERE id = (SELECT min(id) FROM wallets_account)",
        "Transfer .* joins account",
    ),
    "a transfer without a posting": (
        "DELETE FROM wallets_posting WHERE kind = 'allocate'",
        "Transfer .* or two owners",
    ),
    "a posting without a transfer": (
        "UPDATE wallets_transfer SET posting_id = posting_id + 1 WHERE amount = 12.5",
        "Posting .* has no transfer",
    ),
    "more settled than was held": (
        "UPDATE wallets_transfer SET amount = 20 WHERE id = (SELECT min(pending_id) FROM wallets_transfer)",
        "Transfer .* should change|does not fit",
    ),
}


@pytest.mark.parametrize("corruption", PLANTED)
def test_planted_corruption_is_found(books: str, corruption: str) -> None:
    statement, words = PLANTED[corruption]
    with superuser(books) as connection:
        assert connection.execute(statement).rowcount > 0  # type: ignore[arg-type]
    out = StringIO()
    with pytest.raises(SystemExit) as stop:
        call_command("verify", stdout=out)
    assert stop.value.code == 1
    assert re.search(words, out.getvalue())


def test_it_works_in_parts_and_goes_on_where_it_was_cut_off(
    books: str, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules[Part.__module__], "PART", 3)
    told: list[Part] = []
    assert verify(told=lambda part, *_: told.append(part)).ok
    assert {part.stage for part in told} == {"chains", "transfers", "accounts", "all"}
    assert len(told) > 9
    with superuser(books) as connection:
        connection.execute("UPDATE wallets_transfer SET debit_balance = debit_balance + 1e-18 WHERE id = 1")
    assert not verify().ok
    again: list[Part] = []
    chains = [part for part in told if part.stage == "chains"]
    assert verify(after=chains[-1], told=lambda part, *_: again.append(part)).ok, "what was proved is not again"
    assert again == told[len(chains) :]
