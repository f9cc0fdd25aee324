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
from wallets.ledger import Leg, post, verify
from wallets.models import Account, Wallet

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
        kind="forged",
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
) -> int:
    return insert(
        cursor,
        "wallets_transfer",
        owner_id=books.user.pk,
        posting_id=forge_posting(cursor, books),
        phase=phase,
        debit_id=debit["id"],
        credit_id=credit["id"],
        asset=debit["asset"],
        amount=Decimal(amount),
        pending_id=pending,
        created_at=clock.now(),
    )


def forge_entry(
    cursor: psycopg.Cursor[Row], books: Books, of: Row, transfer: int, amount: str, *, mistake: str = "0"
) -> None:
    """An entry that continues the account, with the account updated; `mistake` is added to both balances."""
    after = of["balance"] + Decimal(amount) + Decimal(mistake)
    insert(
        cursor,
        "wallets_entry",
        owner_id=books.user.pk,
        account_id=of["id"],
        version=of["version"] + 1,
        transfer_id=transfer,
        amount=Decimal(amount),
        balance_after=after,
        created_at=clock.now(),
    )
    cursor.execute("UPDATE wallets_account SET balance = %s, version = version + 1 WHERE id = %s", [after, of["id"]])


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
        "SELECT * FROM ledger_post(%s, %s, 'forged', %s, %s, %s)",
        [books.user.pk, key, Jsonb([body | leg]), Jsonb({}), clock.now()],
    )


# --- the twelve -----------------------------------------------------------------------------------------------------


def mint(cursor: psycopg.Cursor[Row], books: Books) -> None:
    cursor.execute("UPDATE wallets_account SET balance = balance + 1000 WHERE kind = 'wallet'")


def edit(cursor: psycopg.Cursor[Row], books: Books) -> None:
    cursor.execute("UPDATE wallets_entry SET amount = amount * 10")


def delete(cursor: psycopg.Cursor[Row], books: Books) -> None:
    cursor.execute("DELETE FROM wallets_transfer")


def truncate(cursor: psycopg.Cursor[Row], books: Books) -> None:
    cursor.execute("TRUNCATE wallets_entry CASCADE")


def cross_asset(cursor: psycopg.Cursor[Row], books: Books) -> None:
    usdt, btc = account(cursor, books.rich), account(cursor, books.other, "BTC")
    transfer = forge_transfer(cursor, books, usdt, btc, "1")
    forge_entry(cursor, books, usdt, transfer, "-1")
    forge_entry(cursor, books, btc, transfer, "1")


def overdraft(cursor: psycopg.Cursor[Row], books: Books) -> None:
    one, two = account(cursor, books.rich), account(cursor, books.other)
    transfer = forge_transfer(cursor, books, one, two, "51")
    forge_entry(cursor, books, one, transfer, "-51")
    forge_entry(cursor, books, two, transfer, "51")


def negative(cursor: psycopg.Cursor[Row], books: Books) -> None:
    one, two = account(cursor, books.rich), account(cursor, books.other)
    transfer = forge_transfer(cursor, books, two, one, "-5")
    forge_entry(cursor, books, two, transfer, "5")
    forge_entry(cursor, books, one, transfer, "-5")


def orphan_entry(cursor: psycopg.Cursor[Row], books: Books) -> None:
    forge_entry(cursor, books, account(cursor, books.other), books.pending, "5")


def broken_chain(cursor: psycopg.Cursor[Row], books: Books) -> None:
    one, two = account(cursor, books.rich), account(cursor, books.other)
    transfer = forge_transfer(cursor, books, one, two, "1")
    forge_entry(cursor, books, one, transfer, "-1")
    forge_entry(cursor, books, two, transfer, "1", mistake="100")


def replay_with_another_body(cursor: psycopg.Cursor[Row], books: Books) -> None:
    forge_posting(cursor, books, key="settle")


def settle_twice(cursor: psycopg.Cursor[Row], books: Books) -> None:
    one, two = account(cursor, books.rich), account(cursor, books.rich, kind="clearing")
    transfer = forge_transfer(cursor, books, one, two, "1", phase="settle", pending=books.settled)
    forge_entry(cursor, books, one, transfer, "-1")
    forge_entry(cursor, books, two, transfer, "1")


def settle_more_than_held(cursor: psycopg.Cursor[Row], books: Books) -> None:
    one, two = account(cursor, books.rich), account(cursor, books.rich, kind="clearing")
    transfer = forge_transfer(cursor, books, one, two, "60", phase="settle", pending=books.pending)
    insert(
        cursor,
        "wallets_hold",
        owner_id=books.user.pk,
        account_id=one["id"],
        version=one["held_version"] + 1,
        transfer_id=transfer,
        amount=Decimal(-50),
        held_after=one["held"] - 50,
        created_at=clock.now(),
    )
    cursor.execute(
        "UPDATE wallets_account SET held = held - 50, held_version = held_version + 1 WHERE id = %s", [one["id"]]
    )
    forge_entry(cursor, books, one, transfer, "-60")
    forge_entry(cursor, books, two, transfer, "60")


TWELVE = {
    mint: "account .* says .*, its last entry says",
    edit: "UPDATE on wallets_entry is refused: the ledger is append-only",
    delete: "DELETE on wallets_transfer is refused: the ledger is append-only",
    truncate: "TRUNCATE on wallets_entry is refused: the ledger is append-only",
    cross_asset: "transfer_credit_same_asset",
    overdraft: "account_available_not_negative",
    negative: "transfer_amount_positive",
    orphan_entry: "does not match its transfer",
    broken_chain: "does not continue its account's chain",
    replay_with_another_body: "posting_key_once_per_owner",
    settle_twice: "wallets_transfer_pending_id_key",
    settle_more_than_held: "does not fit the pending transfer",
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
    "overdraft": ({"amount": "50.5"}, "only 50.* USDT is free, 50.5 is needed"),
    "negative": ({"amount": "-5"}, "must move a positive amount"),
    "not a number": ({"amount": "NaN"}, "must move a positive amount"),
    "finer than the books": ({"amount": "0.0000000000000000001"}, "at most 18 decimals"),
    "unknown kind": ({"credit_kind": "treasure"}, "account_kind_is_known"),
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
    "no account any more": "DELETE FROM wallets_account",
    "no holds any more": "TRUNCATE wallets_hold",
    "another request": "UPDATE wallets_posting SET request_hash = ''",
}


@pytest.mark.parametrize("forgery", MORE)
def test_nor_may_the_owner_turn_an_account_into_another_or_forget_a_row(books: Books, forgery: str) -> None:
    with pytest.raises(psycopg.Error, match="is refused: the ledger is append-only"), session(books, "owner") as cursor:
        cursor.execute(MORE[forgery])  # type: ignore[arg-type]


def transfer_without_entries(cursor: psycopg.Cursor[Row], books: Books) -> None:
    forge_transfer(cursor, books, account(cursor, books.rich), account(cursor, books.other), "1")


def entries_the_accounts_do_not_know(cursor: psycopg.Cursor[Row], books: Books) -> None:
    one, two = account(cursor, books.rich), account(cursor, books.other)
    transfer = forge_transfer(cursor, books, one, two, "1")
    for of, amount in ((one, "-1"), (two, "1")):
        forge_entry(cursor, books, of, transfer, amount)
        cursor.execute(
            "UPDATE wallets_account SET balance = %s, version = version - 1 WHERE id = %s", [of["balance"], of["id"]]
        )


@pytest.mark.parametrize(
    ("forgery", "reason"),
    [
        (transfer_without_entries, "has 0 entries"),
        (entries_the_accounts_do_not_know, "does not equal its last entry|its last entry says"),
    ],
)
def test_nor_may_the_owner_leave_out_one_half(books: Books, forgery: Any, reason: str) -> None:
    with pytest.raises(psycopg.Error, match=reason), session(books, "owner") as cursor:
        forgery(cursor, books)


def test_the_forger_could_write_what_is_true(books: Books) -> None:
    """The helpers above write sound rows, so what is refused is refused for its forgery."""
    with session(books, "owner") as cursor:
        one, two = account(cursor, books.rich), account(cursor, books.other)
        transfer = forge_transfer(cursor, books, one, two, "1")
        forge_entry(cursor, books, one, transfer, "-1")
        forge_entry(cursor, books, two, transfer, "1")
    assert verify().ok
    with tenancy.tenant(books.user.pk):
        assert Account.objects.get(wallet=books.other, asset="USDT", kind="wallet").balance == 2
