"""`manage.py verify` compares trades, orders, plans, venues and times with the books and names the row that differs."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from io import StringIO
from typing import Any

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection

from kit import clock, months, tenancy
from tests.conftest import WORKER
from tests.world import World, lived_database
from wallets.hierarchy.undoing import undo
from wallets.ledger import verify
from wallets.ledger.checks import CHECKS
from wallets.models import FundAllocation
from wallets.services import allocate
from wallets.sync.runs import request_sync, sync_connection


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    """A fund with trades, with plans that were applied and undone, and a look at its venue."""
    with django_db_blocker.unblock(), lived_database(f"moniqo_{WORKER}_proof") as world:
        months.make_ahead()
        with tenancy.tenant(world.owner.pk):
            moved = allocate(
                owner_id=world.owner.pk, source_id=world.master.pk, target_id=world.farm.wallet_id, asset="USDT",
                amount=Decimal(7), key="to be undone",
            )  # fmt: skip
            undo(owner_id=world.owner.pk, allocation_id=moved.pk)
            run = request_sync(owner_id=world.owner.pk, connection_id=world.connection.pk)
        sync_connection(owner_id=world.owner.pk, connection_id=world.connection.pk, run_id=run.pk)
        yield world


@contextmanager
def planted(statement: str, back: str) -> Iterator[None]:
    """What only somebody with the whole server in hand could do, until the end of the block."""
    database = connection.settings_dict["NAME"]
    with psycopg.connect(os.environ["MONIQO_TEST_ADMIN_URL"], dbname=database, autocommit=True) as admin:
        admin.execute("SET session_replication_role = replica")  # no trigger and no foreign key
        assert admin.execute(statement).rowcount > 0  # type: ignore[arg-type]
        try:
            yield
        finally:
            assert admin.execute(back).rowcount > 0  # type: ignore[arg-type]


def one(table: str, change: str, where: str = "true") -> tuple[str, str]:
    """A change of one row and the change back; `change` is a column and what is added to it."""
    column, added = change.split(" + ")
    row = f"{table}.id = (SELECT id FROM {table} WHERE {where} ORDER BY id LIMIT 1)"
    return f"UPDATE {table} SET {column} = {column} + {added} WHERE {row}", (
        f"UPDATE {table} SET {column} = {column} - {added} WHERE {row}"
    )


YEAR = "interval '1 year'"
FUTURE = "which is yet to come"
PLANTED = {
    "a fill of more": (
        "fills",
        *one("trading_fill", "quantity + 1"),
        r"Fill \d+ .* says something else than its posting",
    ),
    "a fill at another price": ("fills", *one("trading_fill", "price + 1e-9"), r"Fill \d+ .* says something else"),
    "a fee that nobody paid": ("fills", *one("trading_fill", "fee + 1e-18"), r"Fill \d+ .* says something else"),
    "a fill of another posting": ("fills", *one("trading_fill", "posting_id + 1"), r"Fill \d+ .* says something else"),
    "a fill of another wallet": (
        "fills",
        "UPDATE trading_fill SET wallet_id = owner_id WHERE id = (SELECT min(id) FROM trading_fill)",
        "UPDATE trading_fill SET wallet_id = o.wallet_id FROM trading_order o WHERE o.id = order_id",
        r"Fill \d+ .* says something else",
    ),
    "a trade that was booked and told to nobody": (
        "fills",
        """
        INSERT INTO wallets_posting (owner_id, key, request_hash, kind, detail, created_at)
        SELECT owner_id, 'fill:planted', '', 'trade', '{}', now() FROM wallets_wallet LIMIT 1
        """,
        "DELETE FROM wallets_posting WHERE key = 'fill:planted'",
        r"Posting \d+ \(fill:planted\) is of a trade, and no fill is its own",
    ),
    "a fill of tomorrow": ("fills", *one("trading_fill", f"filled_at + {YEAR}"), rf"Fill \d+ is of .*, {FUTURE}"),
    "an order filled with more": (
        "orders",
        *one("trading_order", "filled_quantity + 1e-18", "filled_quantity > 0"),
        r"Order \S+ \(\S+\) says .* filled at .*; its 1 trades add up to",
    ),
    "an order filled for another price": (
        "orders",
        *one("trading_order", "average_price + 1e-9", "filled_quantity > 0"),
        r"Order \S+ \(\S+\) says .* filled at",
    ),
    "an order of tomorrow": ("orders", *one("trading_order", f"created_at + {YEAR}"), rf"Order \S+ is of .*, {FUTURE}"),
    "a plan of more than was moved": (
        "plans",
        *one("wallets_allocationline", "amount + 1"),
        r"Allocation \S+ \(line 1 of .*\) says something else than its posting",
    ),
    "an applied plan without its posting": (
        "plans",
        *one("wallets_fundallocation", "posting_id + 100000", "status = 'applied'"),
        r"Allocation \S+ \(.*, applied\) says something else than its posting",
    ),
    "an undone plan that nothing took back": (
        "plans",
        "UPDATE wallets_posting SET key = 'not ' || key WHERE key LIKE 'undo:%'",
        "UPDATE wallets_posting SET key = substr(key, 5) WHERE key LIKE 'not undo:%'",
        r"Allocation \S+ is undone, and nothing moves its line 1 of 7\.\S* USDT back",
    ),
    "a plan that was taken back and says it was not": (
        "plans",
        "UPDATE wallets_fundallocation SET status = 'applied' WHERE status = 'undone'",
        "UPDATE wallets_fundallocation a SET status = 'undone' FROM wallets_posting p WHERE p.key = 'undo:' || a.id",
        r"Allocation \S+ is applied, and posting \d+ takes it back",
    ),
    "something unexplained at a venue": (
        "venues",
        *one("wallets_reconciliation", "suspense + 5"),
        r"At the last look at .* the venue had .* unexplained",
    ),
    "a look at a venue that does not add up": (
        "venues",
        *one("wallets_reconciliation", "venue_total + 5"),
        r"At the last look at .* the venue had",
    ),
    "a posting of tomorrow": (
        "time",
        *one("wallets_posting", f"created_at + {YEAR}"),
        rf"Posting \d+ is of .*, {FUTURE}",
    ),
    "a transfer of tomorrow": (
        "time",
        *one("wallets_transfer", f"created_at + {YEAR}"),
        rf"Transfer \d+ is of .*, {FUTURE}",
    ),
    "a look of tomorrow": (
        "time",
        *one("wallets_syncrun", f"created_at + {YEAR}"),
        rf"The look \S+ at connection \S+ is of .*, {FUTURE}",
    ),
    "a value of tomorrow": (
        "values",
        """
        INSERT INTO portfolio_snapshot (owner_id, at, base, equity, cash, invested, unrealized_pnl, realized_pnl, fees,
                                        flow, flows, adjustments, gross_exposure, net_exposure, twr_index, is_stale,
                                        unpriced)
        SELECT owner_id, now() + interval '1 hour', 'PLANTED', 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, false, '[]'
        FROM wallets_wallet LIMIT 1
        """,
        "DELETE FROM portfolio_snapshot WHERE base = 'PLANTED'",
        rf"The value of everything of \S+ \(1\S* PLANTED\) is of .*, {FUTURE}",
    ),
}


def test_a_fund_with_a_past_proves_itself_in_every_check(world: World) -> None:
    report = verify()
    assert {one.check: one.said for one in report.found} == dict.fromkeys(CHECKS, "")
    assert report.ok
    mine = verify(owner_id=world.owner.pk)
    assert [one.check for one in mine.found] == list(CHECKS)
    assert mine.ok
    with tenancy.tenant(world.owner.pk):
        assert set(FundAllocation.objects.values_list("status", flat=True)) >= {"applied", "undone"}
    assert all(one.at <= clock.now() for one in report.found)


@pytest.mark.parametrize("defect", PLANTED)
def test_a_planted_defect_is_named_by_its_check(world: World, defect: str) -> None:
    slug, statement, back, words = PLANTED[defect]
    out = StringIO()
    with planted(statement, back), pytest.raises(SystemExit) as stop:
        call_command("verify", stdout=out, stderr=StringIO())
    assert stop.value.code == 1
    (line,) = (line for line in out.getvalue().splitlines() if line.startswith(f"{CHECKS[slug].says}: "))
    assert re.search(rf"NO\. {words}", line), out.getvalue()
    assert verify(only={slug}).ok
