"""What a page or a program is shown is of one moment, whatever is written meanwhile."""

import time
from decimal import Decimal

import pytest
from django.db import connection
from django.db.utils import InternalError
from django.test import Client

from kit import clock, tenancy
from kit.users.models import User
from tests.wallets.books import balance, fund, make_wallet


def test_a_block_sees_one_moment_while_others_write(live_db: str, owner: User) -> None:
    with tenancy.tenant(owner.pk):
        wallet = make_wallet(owner)
    fund(wallet, 100)
    with tenancy.reading(owner.pk):
        assert balance(wallet) == 100
        began = clock.now()
        _elsewhere(lambda: fund(wallet, 50))
        time.sleep(0.002)
        assert (balance(wallet), clock.now()) == (Decimal(100), began)
        assert not clock.is_controlled()
    with tenancy.tenant(owner.pk):
        assert balance(wallet) == 150
        assert clock.now() > began


def test_a_block_that_reads_refuses_to_write_and_the_next_one_may(live_db: str, owner: User) -> None:
    with pytest.raises(InternalError, match="read-only"), tenancy.reading(owner.pk):
        make_wallet(owner)
    with tenancy.tenant(owner.pk), connection.cursor() as cursor:
        make_wallet(owner)
        cursor.execute("SHOW transaction_isolation")
        assert cursor.fetchone() == ("read committed",)


def test_a_page_is_read_in_such_a_block(live_db: str, owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def watched(execute, sql, params, many, context):  # type: ignore[no-untyped-def]  # Django's wrapper
        result = execute(sql, params, many, context)
        if sql.startswith("SELECT current_setting('app.user_id'"):
            with connection.connection.cursor() as cursor:
                seen.append(cursor.execute("SHOW transaction_isolation").fetchone()[0])
        return result

    client = Client()
    client.force_login(owner)
    with connection.execute_wrapper(watched):
        assert client.get("/wallets/").status_code == 200
    assert seen == ["repeatable read"]


def _elsewhere(work) -> None:  # type: ignore[no-untyped-def]
    from threading import Thread

    from django.db import connections

    def run() -> None:
        try:
            work()
        finally:
            connections.close_all()

    thread = Thread(target=run)
    thread.start()
    thread.join()
