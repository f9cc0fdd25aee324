"""The statement of an account as a file."""

import csv
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.db import connection, connections
from django.test import Client
from django.urls import reverse

from kit import clock, tenancy
from kit.users.models import User
from tests.programs import bearer
from tests.wallets.books import make_wallet, ref
from tests.wallets.test_hierarchy import down, plant
from wallets.hierarchy import statement
from wallets.ledger import Leg, Request, post_many, statements
from wallets.models import Account


def lines(answer: Any) -> list[list[str]]:
    pieces: Iterable[bytes] = answer.streaming_content
    return list(csv.reader(StringIO(b"".join(pieces).decode())))


def test_every_entry_is_in_it_newest_first_with_its_balance(
    as_owner: User, other_owner: User, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statement, "PIECE", 2)
    tree = plant(as_owner)
    tree.farm.name = "=Farm"
    tree.farm.save()
    for number in range(4):
        down(tree, tree.master, tree.farm, 10, key=f"{number}")
    client.force_login(as_owner)
    page = client.get(reverse("wallets:wallet", args=[tree.master.pk])).content.decode()
    path = reverse("wallets:entries-csv", args=[tree.master.pk])
    assert f'href="{path}?asset=USDT&amp;kind=wallet"' in page
    head, *rows = lines(client.get(path))
    assert head == list(statement.COLUMNS)
    assert [(row[0], row[3], row[4]) for row in rows] == [
        ("5", "-10", "960"), ("4", "-10", "970"), ("3", "-10", "980"), ("2", "-10", "990"), ("1", "1000", "1000"),
    ]  # fmt: skip
    assert rows[0][5] == "'=Farm"
    assert len(lines(client.get(path, {"kind": "external"}))) == 2
    client.force_login(other_owner)
    assert client.get(path).status_code == 404


def test_page_file_and_programs_show_the_days_that_are_asked_for_in_the_owners_zone(
    as_owner: User, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An entry at each hour of a day and around it; whose day it is depends on where the owner is."""
    monkeypatch.setattr(statement, "PIECE", 7)
    User.objects.filter(pk=as_owner.pk).update(timezone="America/New_York")
    tree = plant(as_owner)
    start = datetime(2026, 3, 7, tzinfo=UTC)
    first = Account.objects.get(wallet=tree.master, asset="USDT", kind="wallet").version
    for hour in range(27, 54):
        with clock.at(start + timedelta(hours=hour)):
            down(tree, tree.master, tree.farm, 1, key=f"{hour}")
    # 8 March 2026 has 23 hours in New York: from 05:00 UTC until 04:00 UTC of the next day.
    wanted = [first + hour - 26 for hour in range(29, 52)][::-1]
    client.force_login(as_owner)
    at, asked = reverse("wallets:wallet", args=(tree.master.pk,)), "from=2026-03-08&to=2026-03-08"
    file = lines(client.get(f"{reverse('wallets:entries-csv', args=(tree.master.pk,))}?{asked}"))
    assert [int(row[0]) for row in file[1:]] == wanted
    told = client.get(f"/api/v1/wallets/{tree.master.pk}/entries?{asked}&limit=50", headers=bearer(as_owner)).json()
    assert [row["version"] for row in told["items"]] == wanted
    page = client.get(f"{at}?{asked}").content.decode()
    assert all(f">#{number}</td>" in page for number in wanted)
    assert page.count('class="n p4 muted">#') == 23
    assert "entries.csv?asset=USDT&amp;kind=wallet&amp;from=2026-03-08&amp;to=2026-03-08" in page
    assert page.count('value="2026-03-08"') == 2
    for days, words in (
        ("from=2026-03-09&to=2026-03-08", "The last day is before"),
        ("from=yesterday", "this is none"),
    ):
        wrong = client.get(f"{at}?{days}").content.decode()
        assert words in wrong
        assert wrong.count('class="n p4 muted">#') == first + 27
    api = client.get(
        f"/api/v1/wallets/{tree.master.pk}/entries?from=2026-03-09&to=2026-03-08", headers=bearer(as_owner)
    )
    assert api.status_code == 422
    assert "no entries in these days" in client.get(f"{at}?to=2020-01-01").content.decode()


def test_the_ends_of_a_day_of_a_long_statement_are_found_by_halving(live_db: str, owner: User) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    with tenancy.tenant(owner.pk):
        wallet = make_wallet(owner)
    legs = [Leg(ref(wallet, kind="external"), ref(wallet), Decimal(1))]
    for day in range(25):
        with clock.at(start + timedelta(days=day)):
            post_many(owner_id=owner.pk, requests=[Request(f"{day}:{n}", "deposit", legs) for n in range(100)])
    with connections["owner"].cursor() as cursor:  # as the server does by itself
        cursor.execute("ANALYZE wallets_transfer, wallets_posting, wallets_account")
    which: dict[str, Any] = {"owner_id": owner.pk, "wallet_id": wallet.pk, "asset": "USDT", "kind": "wallet"}
    span = statements.Span(date(2026, 1, 10), date(2026, 1, 10))
    with tenancy.tenant(owner.pk):
        before = rows_read()
        numbers = statements.numbers_of(span, **which)
        assert rows_read() - before < 100  # both ends by halving, of 2,500 entries
        assert (numbers.after, numbers.last) == (900, 1000)
        rows = statements.entries(**which, numbers=numbers)
        assert [row.created_at.day for row in rows] == [10] * 100


def rows_read() -> int:
    """Rows of transfers that this transaction has read so far."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT seq_tup_read + coalesce(idx_tup_fetch, 0) FROM pg_stat_xact_user_tables "
            "WHERE relname = 'wallets_transfer'"
        )
        return int(cursor.fetchone()[0])
