"""Whoever gets at the database by SQL cannot forge the books.

Each forgery is tried as the app's role (pages and workers), as the system role, and as the owner of the tables, who may
write rows and is stopped by constraints and triggers. Every refusal must give the reason that belongs to it.
"""

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from kit import clock, tenancy
from kit.users.models import User
from tests.wallets.books import fund, make_wallet, ref
from wallets.hierarchy.movements import allocate as allocate_funds
from wallets.hierarchy.places import create_wallet
from wallets.ledger import Leg, post, verify
from wallets.models import Account, FundAllocation, Wallet

Row = dict[str, Any]
ROLES = {"app": "DATABASE_URL", "system": "DATABASE_SYSTEM_URL", "owner": "DATABASE_OWNER_URL"}


@dataclass
class Books:
    """One wallet with 100 USDT of which 50 are held, another with 1 BTC, one pending transfer and one settled."""

    database: str
    user: User
    rich: Wallet
    other: Wallet
    pending: int
    settled: int


@pytest.fixture
def books(live_db: str, owner: User) -> Books:
    with tenancy.tenant(owner.pk):
        rich, other = make_wallet(owner, "Rich"), make_wallet(owner, "Other")
        fund(rich, 101)
        fund(other, 1, "BTC")
        fund(other, 1)
        kinds = ref(rich), ref(rich, kind="clearing")
        open_, done = (Leg(*kinds, Decimal(amount), phase="pending") for amount in (50, 1))
        pending, settled = post(owner_id=owner.pk, key="hold", kind="hold", legs=[open_, done]).transfer_ids
        settle = Leg(*kinds, Decimal(1), phase="settle", pending_id=settled)
        post(owner_id=owner.pk, key="settle", kind="trade", legs=[settle])
    return Books(live_db, owner, rich, other, pending, settled)


@contextmanager
def session(books: Books, role: str) -> Iterator[psycopg.Cursor[Row]]:
    """A transaction of `role` that acts for the books' owner and commits at the end."""
    address = os.environ[ROLES[role]].rsplit("/", 1)[0] + f"/{books.database}"
    with closing(psycopg.connect(address, row_factory=dict_row)) as connection:
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('app.user_id', %s, true)", [str(books.user.pk)])
            yield cursor
        connection.commit()


def account(cursor: psycopg.Cursor[Row], wallet: Wallet, asset: str = "USDT", kind: str = "wallet") -> Row:
    cursor.execute(
        "SELECT * FROM wallets_account WHERE wallet_id = %s AND asset = %s AND kind = %s", [wallet.pk, asset, kind]
    )
    found = cursor.fetchone()
    assert found
    return found


def insert(cursor: psycopg.Cursor[Row], table: str, **values: Any) -> int:
    columns, places = ", ".join(values), ", ".join(f"%({name})s" for name in values)
    cursor.execute(f"INSERT INTO {table} ({columns}) VALUES ({places}) RETURNING id", values)  # type: ignore[arg-type]
    row = cursor.fetchone()
    assert row
    return int(row["id"])


def forge_posting(cursor: psycopg.Cursor[Row], books: Books, key: str = "forged") -> int:
    return insert(
        cursor,
        "wallets_posting",
        owner_id=books.user.pk,
        key=key,
        request_hash="0" * 64,
        kind="correct",
        detail=Jsonb({}),
        created_at=clock.now(),
    )


def forge_transfer(
    cursor: psycopg.Cursor[Row],
    books: Books,
    debit: Row,
    credit: Row,
    amount: str,
    *,
    phase: str = "posted",
    pending: int | None = None,
    **chosen: Any,
) -> int:
    """A transfer that the ledger's trigger completes; `chosen` are columns that only it may write."""
    return insert(
        cursor,
        "wallets_transfer",
        owner_id=books.user.pk,
        posting_id=chosen.pop("posting_id", None) or forge_posting(cursor, books),
        phase=phase,
        debit_id=debit["id"],
        credit_id=credit["id"],
        asset=debit["asset"],
        amount=Decimal(amount),
        pending_id=pending,
        created_at=clock.now(),
        **chosen,
    )


def ask(cursor: psycopg.Cursor[Row], books: Books, key: str, **leg: Any) -> None:
    """The posting function, called by hand."""
    body = {
        "debit_wallet": str(books.rich.pk),
        "debit_kind": "wallet",
        "credit_wallet": str(books.other.pk),
        "credit_kind": "wallet",
        "asset": "USDT",
        "amount": "1",
        "phase": "posted",
        "pending": None,
    }
    cursor.execute(
        "SELECT ledger_post(%s, %s, 'correct', %s, %s, %s)",
        [books.user.pk, key, Jsonb([body | leg]), Jsonb({}), clock.now()],
    )


# --- the twelve -----------------------------------------------------------------------------------------------------


def mint(cursor: psycopg.Cursor[Row], books: Books) -> None:
    cursor.execute("UPDATE wallets_account SET balance = balance + 1000 WHERE kind = 'wallet'")


def edit(cursor: psycopg.Cursor[Row], books: Books) -> None:
    cursor.execute("UPDATE wallets_transfer SET amount = amount * 10, credit_balance = credit_balance * 10")


def delete(cursor: psycopg.Cursor[Row], books: Books) -> None:
    cursor.execute("DELETE FROM wallets_transfer")


def truncate(cursor: psycopg.Cursor[Row], books: Books) -> None:
    cursor.execute("TRUNCATE wallets_transfer CASCADE")


def cross_asset(cursor: psycopg.Cursor[Row], books: Books) -> None:
    usdt, btc = account(cursor, books.rich), account(cursor, books.other, "BTC")
    forge_transfer(cursor, books, usdt, btc, "1")


def overdraft(cursor: psycopg.Cursor[Row], books: Books) -> None:
    forge_transfer(cursor, books, account(cursor, books.rich), account(cursor, books.other), "51")


def negative(cursor: psycopg.Cursor[Row], books: Books) -> None:
    forge_transfer(cursor, books, account(cursor, books.other), account(cursor, books.rich), "-5")


def orphan_entry(cursor: psycopg.Cursor[Row], books: Books) -> None:
    """An entry that no movement of money stands behind: a reservation that also counts as a credit."""
    one, two = account(cursor, books.rich), account(cursor, books.other)
    link = {"credit_version": two["version"] + 1, "credit_balance": two["balance"] + 5}
    forge_transfer(cursor, books, one, two, "5", phase="pending", **link)


def broken_chain(cursor: psycopg.Cursor[Row], books: Books) -> None:
    one, two = account(cursor, books.rich), account(cursor, books.other)
    link = {"credit_version": two["version"] + 1, "credit_balance": two["balance"] + 101}
    forge_transfer(cursor, books, one, two, "1", **link)


def replay_with_another_body(cursor: psycopg.Cursor[Row], books: Books) -> None:
    forge_posting(cursor, books, key="settle")


def settle_twice(cursor: psycopg.Cursor[Row], books: Books) -> None:
    one, two = account(cursor, books.rich), account(cursor, books.rich, kind="clearing")
    forge_transfer(cursor, books, one, two, "1", phase="settle", pending=books.settled)


def settle_more_than_held(cursor: psycopg.Cursor[Row], books: Books) -> None:
    one, two = account(cursor, books.rich), account(cursor, books.rich, kind="clearing")
    forge_transfer(cursor, books, one, two, "60", phase="settle", pending=books.pending)


TWELVE = {
    mint: "UPDATE on wallets_account is refused: the ledger is append-only",
    edit: "UPDATE on wallets_transfer is refused: the ledger is append-only",
    delete: "DELETE on wallets_transfer is refused: the ledger is append-only",
    truncate: "TRUNCATE on wallets_transfer is refused: the ledger is append-only",
    cross_asset: "between two accounts of its owner in its asset",
    overdraft: "only 50.* USDT is free, 51.* is needed",
    negative: "must move a positive amount",
    orphan_entry: "links of a transfer are written by the ledger alone",
    broken_chain: "links of a transfer are written by the ledger alone",
    replay_with_another_body: "posting_key_once_per_owner",
    settle_twice: "settled or voided already",
    settle_more_than_held: "reserves 50.*, not 60",
}


def named(forgery: Any) -> str:
    return str(forgery.__name__)


@pytest.mark.parametrize("forgery", TWELVE, ids=named)
def test_the_owner_of_the_tables_is_stopped_by_constraints_and_triggers(books: Books, forgery: Any) -> None:
    with pytest.raises(psycopg.Error, match=TWELVE[forgery]), session(books, "owner") as cursor:
        forgery(cursor, books)
    assert verify().ok


@pytest.mark.parametrize("role", ["app", "system"])
@pytest.mark.parametrize("forgery", TWELVE, ids=named)
def test_pages_workers_and_operators_may_not_write_the_tables_at_all(books: Books, forgery: Any, role: str) -> None:
    with (
        pytest.raises(psycopg.errors.InsufficientPrivilege, match="permission denied for table wallets_"),
        session(books, role) as cursor,
    ):
        forgery(cursor, books)
    assert verify().ok


ASKED = {
    "overdraft": ({"amount": "50.5"}, "only 50.* USDT is free, 50.5.* is needed"),
    "negative": ({"amount": "-5"}, "must move a positive amount"),
    "too much": ({"debit_kind": "external", "amount": "1e18"}, "must move a positive amount below 10\\^18"),
    "infinite": ({"debit_kind": "external", "amount": "Infinity"}, "must move a positive amount below 10\\^18"),
    "not a number": ({"amount": "NaN"}, "must move a positive amount"),
    "finer than the books": ({"amount": "0.0000000000000000001"}, "at most 18 decimals"),
    "unknown kind": ({"credit_kind": "treasure"}, "no account is of the kind treasure"),
    "unknown phase": ({"phase": "maybe"}, "name a pending transfer with settle and void, and only there"),
    "replay with another body": ({"key": "settle"}, "the key settle was used before with another request"),
    "settle twice": ({"phase": "settle", "pending": "settled"}, "settled or voided already"),
    "settle more than held": ({"phase": "settle", "pending": "pending", "amount": "60"}, "reserves 50.*, not 60"),
}


@pytest.mark.parametrize("request_", ASKED)
def test_the_posting_function_refuses_by_name(books: Books, request_: str) -> None:
    leg, reason = dict(ASKED[request_][0]), ASKED[request_][1]
    key = str(leg.pop("key", "asked"))
    if "pending" in leg:
        leg |= {"pending": getattr(books, leg["pending"])}
        leg |= {"credit_wallet": str(books.rich.pk), "credit_kind": "clearing"}
    with pytest.raises(psycopg.Error, match=reason), session(books, "app") as cursor:
        ask(cursor, books, key, **leg)
    assert verify().ok


def test_the_posting_function_serves_only_the_owner_of_the_books(books: Books, other_owner: User) -> None:
    with session(books, "app") as cursor:
        cursor.execute("SELECT set_config('app.user_id', %s, true)", [str(other_owner.pk)])
        with pytest.raises(psycopg.Error, match="tenant block"):
            ask(cursor, books, "asked")


MORE = {
    "an account of another kind": "UPDATE wallets_account SET kind = 'external' WHERE kind = 'wallet'",
    "an account of another wallet": "UPDATE wallets_account SET wallet_id = gen_random_uuid()",
    "a version that starts again": "UPDATE wallets_account SET version = 0, held_version = 0",
    "an account born rich": """
        INSERT INTO wallets_account (owner_id, wallet_id, asset, kind, balance, held, version, held_version)
        SELECT owner_id, wallet_id, 'ETH', 'wallet', 5, 0, 0, 0 FROM wallets_account LIMIT 1""",
    "an account in the shadow of a transfer": """
        WITH made AS (INSERT INTO wallets_transfer (owner_id, posting_id, phase, asset, amount, debit_id, credit_id,
                                                    created_at)
                      SELECT owner_id, posting_id, phase, asset, amount, debit_id, credit_id, created_at
                      FROM wallets_transfer WHERE asset = 'BTC' RETURNING credit_id)
        UPDATE wallets_account SET balance = balance + 1 WHERE id IN (SELECT credit_id FROM made)""",
    "no account any more": "DELETE FROM wallets_account",
    "a settlement taken back": "UPDATE wallets_transfer SET pending_id = NULL, phase = 'posted' WHERE phase = 'settle'",
    "another hold through the view": "UPDATE wallets_hold SET held_after = 0",
    "another request": "UPDATE wallets_posting SET request_hash = ''",
    "a merged transfer": """
        MERGE INTO wallets_transfer t USING (SELECT 1) AS one ON true WHEN MATCHED THEN UPDATE SET amount = 1""",
}


@pytest.mark.parametrize("forgery", MORE)
def test_nor_may_the_owner_turn_an_account_into_another_or_forget_a_row(books: Books, forgery: str) -> None:
    with pytest.raises(psycopg.Error, match="is refused: the ledger is append-only"), session(books, "owner") as cursor:
        cursor.execute(MORE[forgery])  # type: ignore[arg-type]
    assert verify().ok


def test_an_entry_cannot_be_edited_where_it_is_shown(books: Books) -> None:
    with pytest.raises(psycopg.Error, match='cannot update view "wallets_entry"'), session(books, "owner") as cursor:
        cursor.execute("UPDATE wallets_entry SET amount = amount * 10")


def transfer_that_only_debits(cursor: psycopg.Cursor[Row], books: Books) -> None:
    forge_transfer(cursor, books, account(cursor, books.rich), {"id": 0}, "1")


def reservation_across_assets(cursor: psycopg.Cursor[Row], books: Books) -> None:
    usdt, btc = account(cursor, books.rich), account(cursor, books.other, "BTC")
    forge_transfer(cursor, books, usdt, btc, "1", phase="pending")


def reservation_for_nobody(cursor: psycopg.Cursor[Row], books: Books) -> None:
    forge_transfer(cursor, books, account(cursor, books.rich), {"id": 0}, "1", phase="pending")


def movement_the_account_forgets(cursor: psycopg.Cursor[Row], books: Books) -> None:
    one = account(cursor, books.rich)
    forge_transfer(cursor, books, one, account(cursor, books.other), "1")
    cursor.execute("UPDATE wallets_account SET balance = %s WHERE id = %s", [one["balance"], one["id"]])


def somebody_elses_posting(cursor: psycopg.Cursor[Row], books: Books) -> None:
    one, two = account(cursor, books.rich), account(cursor, books.other)
    forge_transfer(cursor, books, one, two, "1", posting_id=2**40)


@pytest.mark.parametrize(
    ("forgery", "reason"),
    [
        (transfer_that_only_debits, "between two accounts of its owner in its asset"),
        (reservation_across_assets, "between two accounts of its owner in its asset"),
        (reservation_for_nobody, "between two accounts of its owner in its asset"),
        (movement_the_account_forgets, "balances move by transfers alone"),
        (somebody_elses_posting, "transfer_posting_same_owner"),
    ],
)
def test_nor_may_the_owner_leave_out_one_half(books: Books, forgery: Any, reason: str) -> None:
    with pytest.raises(psycopg.Error, match=reason), session(books, "owner") as cursor:
        forgery(cursor, books)
    assert verify().ok


def test_no_money_is_made_by_a_row_that_is_dropped_for_a_conflict(books: Books) -> None:
    """A BEFORE trigger runs before `ON CONFLICT DO NOTHING` drops the row: what it moved would stay moved."""
    with session(books, "owner") as cursor:
        cursor.execute(
            """
            INSERT INTO wallets_transfer
                (id, owner_id, posting_id, phase, asset, amount, debit_id, credit_id, created_at)
            SELECT id, owner_id, posting_id, phase, asset, amount, debit_id, credit_id, created_at
            FROM wallets_transfer WHERE asset = 'BTC' ON CONFLICT DO NOTHING
            """
        )
    assert verify().ok


def test_an_account_of_another_owner_is_out_of_reach(books: Books, other_owner: User) -> None:
    with tenancy.tenant(other_owner.pk):
        theirs = make_wallet(other_owner, "Theirs")
        fund(theirs, 10)
        taken = Account.objects.get(wallet=theirs, kind="wallet")
    for row, phase in (({"id": taken.pk, "asset": "USDT"}, "posted"), ({"id": taken.pk, "asset": "USDT"}, "pending")):
        with (
            pytest.raises(psycopg.Error, match="between two accounts of its owner in its asset"),
            session(books, "owner") as cursor,
        ):
            forge_transfer(cursor, books, row, account(cursor, books.rich), "1", phase=phase)
    assert verify().ok


def test_the_forger_could_write_what_is_true(books: Books) -> None:
    """The helpers above write sound rows, so what is refused is refused for its forgery."""
    with session(books, "owner") as cursor:
        one, two = account(cursor, books.rich), account(cursor, books.other)
        forge_transfer(cursor, books, one, two, "1")
    assert verify().ok
    with tenancy.tenant(books.user.pk):
        assert Account.objects.get(wallet=books.other, asset="USDT", kind="wallet").balance == 2


# --- allocations ----------------------------------------------------------------------------------------------------


def allocate(books: Books) -> FundAllocation:
    with tenancy.tenant(books.user.pk):
        farm = create_wallet(owner_id=books.user.pk, name="Farm", role=Wallet.Role.FARM, parent=books.rich)
        return allocate_funds(
            owner_id=books.user.pk,
            source_id=books.rich.pk,
            target_id=farm.pk,
            asset="USDT",
            amount=Decimal(5),
            key="allocate",
        )


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE wallets_fundallocation SET amount = amount * 2",
        "UPDATE wallets_fundallocation SET status = 'previewed'",
        "UPDATE wallets_fundallocation SET posting_id = posting_id + 1",
        "DELETE FROM wallets_fundallocation",
        "TRUNCATE wallets_fundallocation CASCADE",
        "UPDATE wallets_allocationline SET amount = amount * 2",
        "DELETE FROM wallets_allocationline",
        "TRUNCATE wallets_allocationline",
    ],
)
def test_an_allocation_is_neither_changed_nor_forgotten(books: Books, role: str, statement: str) -> None:
    allocate(books)
    with pytest.raises(psycopg.Error, match=r"append-only|permission denied"), session(books, role) as cursor:
        cursor.execute(statement)  # type: ignore[arg-type]
    assert verify().ok


FALSE_LINES = {
    "amount": "amount = 6",
    "asset": "asset = 'BTC'",
    "source": "source_id = target_id",
    "target": "target_id = source_id",
    "from outside": "source_id = NULL",
}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("part", FALSE_LINES)
def test_a_line_says_what_its_posting_says(books: Books, role: str, part: str) -> None:
    """A false one is refused when it is written; planted around the trigger, it is found by `verify`."""
    real = allocate(books)
    with as_admin(books) as connection:
        connection.execute("CREATE TABLE lies AS SELECT * FROM wallets_allocationline")
        connection.execute(f"UPDATE lies SET {FALSE_LINES[part]}")  # type: ignore[arg-type]
        connection.execute("GRANT SELECT ON lies TO PUBLIC")
        connection.execute("DELETE FROM wallets_allocationline")
    assert "have 0 lines" in (verify().contradiction or "")
    with (
        pytest.raises(psycopg.Error, match=f"allocation {real.pk} says something else than its posting"),
        session(books, role) as cursor,
    ):
        cursor.execute("INSERT INTO wallets_allocationline SELECT * FROM lies")
    with as_admin(books) as connection:
        connection.execute("INSERT INTO wallets_allocationline SELECT * FROM lies")
    assert f"Allocation {real.pk} (line 1" in (verify().contradiction or "")


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("part", ["kind = 'collect'", "posting_id = NULL", "status = 'previewed'"])
def test_an_allocation_is_of_its_postings_kind(books: Books, role: str, part: str) -> None:
    real = allocate(books)
    with as_admin(books) as connection:
        connection.execute("CREATE TABLE lies AS SELECT * FROM wallets_fundallocation")
        connection.execute(f"UPDATE lies SET {part}")  # type: ignore[arg-type]
        connection.execute("GRANT SELECT ON lies TO PUBLIC")
        connection.execute("DELETE FROM wallets_fundallocation")
    with (
        pytest.raises(psycopg.Error, match=f"allocation {real.pk} says something else than its posting"),
        session(books, role) as cursor,
    ):
        cursor.execute("INSERT INTO wallets_fundallocation SELECT * FROM lies")
    with as_admin(books) as connection:
        connection.execute("INSERT INTO wallets_fundallocation SELECT * FROM lies")
    assert f"Allocation {real.pk} " in (verify().contradiction or "")


@contextmanager
def as_admin(books: Books) -> Iterator[psycopg.Connection[Any]]:
    """Around every trigger."""
    admin = os.environ["MONIQO_TEST_ADMIN_URL"].rsplit("/", 1)[0] + f"/{books.database}"
    with closing(psycopg.connect(admin)) as connection, connection:
        connection.execute("SET session_replication_role = replica")
        yield connection
