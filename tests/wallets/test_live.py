"""A connection with keys only watches until its owner makes it live, and nobody else can: the database sees to it."""

from collections.abc import Iterator
from datetime import datetime

import pytest
from django.db import ProgrammingError, connections, transaction

from kit import clock, tenancy
from kit.users.models import User
from wallets.models import Connection


@pytest.fixture
def watching(owner: User) -> Iterator[Connection]:
    with tenancy.tenant(owner.pk):
        yield Connection.objects.create(
            owner=owner, platform_id="binance", name="Binance", venue="binance", is_paper=False
        )


def make_live(connection: Connection, *, alias: str = "default") -> bool:
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT wallets_make_live(%s, %s)", [connection.pk, clock.now()])
        return bool(cursor.fetchone()[0])


def test_a_real_account_is_born_watching(watching: Connection) -> None:
    assert watching.is_watching
    assert make_live(watching)
    watching.refresh_from_db()
    assert not watching.is_watching


def test_no_statement_of_ours_makes_one_live(watching: Connection) -> None:
    rows = Connection.objects.filter(pk=watching.pk)
    with pytest.raises(ProgrammingError, match="in person"), transaction.atomic():
        rows.update(live_at=clock.now())
    with pytest.raises(ProgrammingError, match="in person"), transaction.atomic():
        Connection.objects.create(
            owner=watching.owner, platform_id="okx", name="OKX", venue="okx", is_paper=False, live_at=clock.now()
        )
    assert rows.get().is_watching


def test_it_can_be_taken_back_by_anybody_who_may_write_it(watching: Connection) -> None:
    make_live(watching)
    assert Connection.objects.filter(pk=watching.pk).update(live_at=None) == 1
    rows = Connection.objects.filter(pk=watching.pk)
    assert rows.values_list("live_at", flat=True).get() is None


def test_neither_another_owner_nor_the_role_of_operators_can(
    live_db: str, owner: User, other_owner: User, watching: Connection
) -> None:
    assert when(owner, watching) is None
    with tenancy.tenant(other_owner.pk):
        assert not make_live(watching)
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic(using="system"):
        make_live(watching, alias="system")
    assert when(owner, watching) is None


def when(owner: User, connection: Connection) -> datetime | None:
    with tenancy.tenant(owner.pk):
        return Connection.objects.values_list("live_at", flat=True).get(pk=connection.pk)
