"""What the database itself guards, whatever the code forgets: whose rows are whose, and which rows never change.

Every owned table is asked, with rows of somebody else really in it, as the role that serves pages. That the questions
can fail is shown by weakening one policy after the other and finding exactly that table open.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, connections, transaction

from goals import services as goals
from goals.models import Goal, GoalProgress
from goals.targets import read
from kit import clock, tenancy
from kit.alerts.channels.services import make_channel
from kit.alerts.failures import note_failure
from kit.alerts.services import mute, raise_alert
from kit.models import Owned
from kit.users import two_factor
from kit.users.models import RecoveryCode, SecondFactor, User
from portfolio import corrections
from portfolio.exposure.limits import Wish as Limited
from portfolio.exposure.limits import set_limit
from tests.conftest import WORKER, cloned_database, make_user
from tests.programs import make_token
from tests.wallets.books import keyed_platform
from tests.world import World, build_world
from trading.models import Cancellation, Order
from trading.risk.ai_state import Wish, write_ai_state
from trading.services import stop
from wallets.ledger.proof import prove_own
from wallets.models import Connection, VenueIncome, VenueMovement, VenuePosition
from wallets.services import apply_rules, make_rule
from wallets.sync import turns
from wallets.sync.runs import sync_connection
from wallets.venues.credentials import store_credentials

OWNED = {model._meta.db_table: model for model in apps.get_models() if issubclass(model, Owned)}
# Histories whose words are in the docstring of their module.
ALSO_APPEND_ONLY = {"trading.Fill", "wallets.Posting", "wallets.Transfer"}
HISTORIES = {
    model._meta.db_table
    for model in OWNED.values()
    if "append-only" in (model.__doc__ or "").lower() or model._meta.label in ALSO_APPEND_ONLY
}
GUARDED = r"permission denied|never changed or removed|append-only"


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    """A fund with a row in every owned table, in a database of this module's own."""
    with django_db_blocker.unblock(), cloned_database(f"moniqo_{WORKER}_guards"):
        world = build_world()
        _fill(world)
        yield world


@pytest.fixture(scope="module")
def stranger(world: World) -> User:
    """Somebody who owns nothing."""
    return make_user("stranger@example.com")


def _fill(world: World) -> None:
    """What a fund's usual life leaves empty."""
    owner = world.owner
    platform = keyed_platform("key")
    with tenancy.tenant(owner.pk):
        raise_alert(owner_id=owner.pk, key="sync:guards", title="An alert")
        mute(user_id=owner.pk, key="sync:guards")
        make_channel(owner_id=owner.pk, kind="email", name="Mail", address={"email": "olive@example.com"})
        raise_alert(owner_id=owner.pk, key="drift:guards", title="An alert that a channel is told")
        two_factor.begin(owner)
        SecondFactor.objects.update(last_step=1)
        Cancellation.objects.create(owner=owner, order=Order.objects.earliest("created_at"), closed_at=clock.now())
        RecoveryCode.objects.create(owner=owner, digest="0" * 64)
        keyed = Connection.objects.create(owner=owner, platform=platform, name="Keyed", venue="simulated")
        store_credentials(connection=keyed, values={"key": "k"})
        VenuePosition.objects.create(
            owner=owner, connection=keyed, symbol="BTC/USDT:USDT", side="long", quantity=1, entry_price=1,
            unrealized_pnl=0, settle="USDT", at=clock.now(),
        )  # fmt: skip
        VenueMovement.objects.create(
            owner=owner, connection=keyed, kind="deposit", venue_id="1", asset="BTC", amount=1, at=clock.now()
        )
        VenueIncome.objects.create(
            owner=owner, connection=keyed, venue_id="1", asset="USDT", realized=1, at=clock.now()
        )
        stop(owner_id=owner.pk, wallet_id=world.farm.wallet_id, policy="keep")
        write_ai_state(wallet=world.farm.wallet, version=0, wish=Wish(exposure=Decimal("0.5")))
        set_limit(owner_id=owner.pk, wallet_id=None, wish=Limited("stable", Decimal(1)))
        prove_own(owner_id=owner.pk)
        rule = make_rule(owner_id=owner.pk, wallet_id=world.master.pk, kind="sweep", every="day")
        apply_rules(owner_id=owner.pk)
        assert rule.runs.exists()
        goal = goals.create(
            owner_id=owner.pk,
            name="A trade",
            kind="trade_volume",
            target=2,
            scope="fund",
            starts_at=clock.now() - timedelta(days=9),
            actions=[{"do": "collect", "amount": "1"}],
        )
    with tenancy.tenant(owner.pk):
        Goal.objects.filter(pk=goal.pk).update(target=read("trade_volume", 1).stored)  # which is reached already
        goals.update(owner_id=owner.pk)
        GoalProgress.objects.create(owner=owner, goal=goal, at=clock.now(), value=1, progress=1)
    with tenancy.tenant(owner.pk):
        goals.carry_out(owner_id=owner.pk, goal_id=goal.pk)
    with tenancy.tenant(owner.pk):
        corrections.fill(
            owner_id=owner.pk, since=clock.now() - timedelta(days=2), until=clock.now(), step=timedelta(hours=1)
        )
    note_failure(owner_id=owner.pk, work="guards", title="A task", said="It failed.")
    make_token(owner)
    with tenancy.tenant(owner.pk):
        turns.want(owner_id=owner.pk, connection_ids=[world.connection.pk])
    sync_connection(owner_id=owner.pk, connection_id=world.connection.pk)


def test_every_owned_table_has_a_row_to_be_seen(world: World) -> None:
    with tenancy.tenant(world.owner.pk):
        empty = {table for table in OWNED if not _count(table)}
    assert empty == set(), "a table that is empty proves nothing: put a row of it into `_fill`"


def test_neither_a_stranger_nor_nobody_sees_a_row(world: World, stranger: User) -> None:
    assert open_to(stranger.pk) == set()
    assert open_to(None) == set()


def test_neither_a_stranger_nor_nobody_changes_or_removes_a_row(world: World, stranger: User) -> None:
    for table in tables():
        for statement in (f"UPDATE {table} SET owner_id = owner_id", f"DELETE FROM {table}"):
            assert touched(statement, by=stranger.pk) == 0, statement
            assert touched(statement, by=None) == 0, statement


def test_a_policy_that_lets_everybody_read_is_found(world: World, stranger: User) -> None:
    for table in tables():
        with weakened(table, "USING (true)"):
            assert open_to(stranger.pk) == {table}
            assert open_to(None) == {table}
    assert open_to(stranger.pk) == set()


def test_no_row_is_written_for_somebody_else_and_a_policy_that_lets_it_be_is_found(
    world: World, stranger: User
) -> None:
    checked = set()
    for table in tables():
        row = _a_row(table)
        with without_triggers(table):
            refusal = plant(table, row, by=world.owner.pk, for_=stranger.pk)
            if "permission denied" in refusal:
                continue  # written through functions only
            assert "row-level security" in refusal, table
            with weakened(table, "WITH CHECK (true)"):
                assert "row-level security" not in plant(table, row, by=world.owner.pk, for_=stranger.pk), table
        checked.add(table)
    assert {"wallets_wallet", "trading_order", "audit_auditentry", "users_token"} <= checked


def test_what_calls_itself_append_only_is_known(world: World) -> None:
    assert {"farms_farmevent", "farms_agentrun", "trading_orderevent", "audit_auditentry"} <= HISTORIES


@pytest.mark.parametrize("alias", ["default", "system", "owner"])
@pytest.mark.parametrize("table", sorted(HISTORIES))
def test_no_role_changes_or_removes_a_row_of_a_history(world: World, table: str, alias: str) -> None:
    for statement in (
        f"UPDATE {table} SET owner_id = owner_id",
        f"DELETE FROM {table}",
        f"TRUNCATE {table} CASCADE",
    ):
        with transaction.atomic(using=alias), connections[alias].cursor() as cursor:
            cursor.execute("SELECT set_config('app.user_id', %s, true)", [str(world.owner.pk)])
            with pytest.raises(DatabaseError, match=GUARDED), transaction.atomic(using=alias):
                cursor.execute(statement)


# --- asking ----------------------------------------------------------------------------------------------------------


def tables() -> list[str]:
    """The owned tables that are no views: a view shows what its reader's policies let it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relname = ANY(%s) AND relkind IN ('r', 'p')", [list(OWNED)])
        return sorted(name for (name,) in cursor.fetchall())


def open_to(user_id: UUID | None) -> set[str]:
    """The owned tables and views of which `user_id`, who owns nothing, or nobody sees a row."""
    with seeing(user_id):
        return {table for table in OWNED if _count(table)} & set(tables())


def touched(statement: str, *, by: UUID | None) -> int:
    """How many rows the statement changes; none where the role may not even try. Any other error is raised."""
    with seeing(by), connection.cursor() as cursor:
        try:
            cursor.execute(statement)
        except DatabaseError as error:
            if "permission denied" in str(error):
                return 0
            raise
        return int(cursor.rowcount)


@contextmanager
def seeing(user_id: UUID | None) -> Iterator[None]:
    """As the app's role on behalf of `user_id`; what is done inside is undone."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.user_id', %s, true)", [str(user_id or "")])
        yield
        transaction.set_rollback(True)


def _count(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        (number,) = cursor.fetchone()
    return int(number)


@contextmanager
def weakened(table: str, clause: str) -> Iterator[None]:
    """The table's policy with `clause` in place of its own, which returns at the end."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT polname, pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid) "
            "FROM pg_policy WHERE polrelid = %s::regclass",
            [table],
        )
        ((name, using, check),) = cursor.fetchall()
        cursor.execute(f"ALTER POLICY {name} ON {table} {clause}")
        try:
            yield
        finally:
            cursor.execute(f"ALTER POLICY {name} ON {table} USING ({using}) WITH CHECK ({check})")


@contextmanager
def without_triggers(table: str) -> Iterator[None]:
    """Policies are asked alone: some triggers would refuse a made-up row first."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        try:
            yield
        finally:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def _a_row(table: str) -> dict[str, Any]:
    """One row of the table with the columns that can be written."""
    with connections["system"].cursor() as cursor:
        cursor.execute(
            "SELECT attname FROM pg_attribute "
            "WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''",
            [table],
        )
        columns = [name for (name,) in cursor.fetchall()]
        cursor.execute(f"SELECT to_jsonb(t)::text FROM {table} t LIMIT 1")
        row = json.loads(cursor.fetchone()[0])
    return {column: row[column] for column in columns}


def plant(table: str, row: dict[str, Any], *, by: UUID, for_: UUID) -> str:
    """Why `by` may not write `row` for `for_`; empty if it was written. Undone in any case."""
    columns = ", ".join(f'"{name}"' for name in row)
    planted = json.dumps({**row, "owner_id": str(for_)})
    with seeing(by), connection.cursor() as cursor:
        try:
            with transaction.atomic():
                cursor.execute(
                    f"INSERT INTO {table} ({columns}) SELECT {columns} FROM jsonb_populate_record(NULL::{table}, %s)",
                    [planted],
                )
        except DatabaseError as error:
            return str(error)
    return ""
