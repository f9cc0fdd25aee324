"""What the database itself guards, whatever the code forgets: whose rows are whose, and which rows never change.

What the role that serves pages may do to a row of a history is said by the migrations (`MAY_CHANGE`), column by column.

Every owned table is asked, with rows of somebody else really in it, as the role that serves pages. That the questions
can fail is shown by weakening one policy after the other and finding exactly that table open.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from importlib import import_module
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.apps import apps
from django.contrib.auth.hashers import check_password
from django.db import DatabaseError, connection, connections, transaction
from django.db.migrations.loader import MigrationLoader

from farms.models import AdviceWatch, Agent, Promotion, SavedStrategy, StrategyVersion
from goals import services as goals
from goals.models import Goal, GoalProgress
from goals.targets import read
from kit import clock, tenancy
from kit.alerts.channels.services import make_channel
from kit.alerts.failures import note_failure
from kit.alerts.services import mute, raise_alert
from kit.approvals.models import Approval
from kit.audit.models import Call
from kit.history import History
from kit.models import Owned
from kit.users import two_factor
from kit.users.models import RecoveryCode, SecondFactor, User
from portfolio import corrections
from portfolio.exposure.limits import Wish as Limited
from portfolio.exposure.limits import set_limit
from portfolio.models import Stay
from tests.conftest import WORKER, as_operators, make_user
from tests.programs import make_token
from tests.wallets.books import keyed_platform
from tests.world import World, lived_database
from trading.models import Amendment, Cancellation, Order
from trading.risk.ai_state import Wish, write_ai_state
from trading.risk.gate import Caps
from trading.services import Which, cancel_all, set_limits, stop, watch_drawdowns
from wallets.ledger.proof import prove_own
from wallets.models import Connection, DemoFunding, DemoPosition, VenueIncome, VenueMovement, VenuePosition
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
# What is of now, or a wish of its owner: it is written anew, and its past stands elsewhere or nowhere.
OF_NOW = {
    "alerts_channel", "alerts_mute", "alerts_taskfailure", "farms_advicelevel", "farms_advicesetting",
    "farms_advicewatch", "farms_agent",
    "farms_farm", "goals_goal",
    "goals_goalcursor", "goals_goaltotal", "portfolio_exposurelevel", "portfolio_exposurelimit", "portfolio_flowmark",
    "portfolio_portfoliostate", "portfolio_rebalancerule",
    "trading_entrylock", "trading_order", "trading_position", "trading_risklimit",
    "users_recoverycode", "users_secondfactor", "wallets_connection", "wallets_credential", "wallets_demobalance",
    "wallets_demoposition",
    "wallets_syncturn", "wallets_venueposition", "wallets_wallet", "wallets_walletrule",
}  # fmt: skip
GUARDED = r"permission denied|never changed or removed|append-only"


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    """A fund with a row in every owned table, in a database of this module's own."""
    with django_db_blocker.unblock(), lived_database(f"moniqo_{WORKER}_guards") as world:
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
        Approval.objects.create(owner=owner, kind="order", given={}, asked_by="A model", expires_at=clock.now())
        Call.objects.create(
            owner=owner, token_id=uuid4(), protocol="mcp", tool="why", arguments="", status=200, milliseconds=1
        )
        two_factor.begin(owner)
        SecondFactor.objects.update(last_step=1)
        Cancellation.objects.create(owner=owner, order=Order.objects.earliest("created_at"), closed_at=clock.now())
        Amendment.objects.create(
            owner=owner, order=Order.objects.earliest("created_at"), key="k", limit_price=1, quantity=1,
            closed_at=clock.now(),
        )  # fmt: skip
        Stay.objects.create(owner=owner, wallet=world.farm.wallet, under=world.master, until=clock.now())
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
        perpetual = {"owner": owner, "connection": keyed, "part": "a part", "symbol": "BTC/USDT-PERP"}
        DemoPosition.objects.create(**perpetual, quantity=-1, cost=1, margin=1, funded_at=clock.now())
        DemoFunding.objects.create(**perpetual, at=clock.now(), price=1, rate=0, quantity=-1, amount=0)
        cancel_all(owner_id=owner.pk, which=Which(), key="all of them")
        stop(owner_id=owner.pk, wallet_id=world.farm.wallet_id, policy="keep")
        write_ai_state(wallet=world.farm.wallet, version=0, wish=Wish(exposure=Decimal("0.5")))
        AdviceWatch.objects.create(owner=owner, farm=world.farm, timeframe="1h", every=4)
        set_limit(owner_id=owner.pk, wallet_id=None, wish=Limited("stable", Decimal(1)))
        fall = set_limits(
            on=world.farm.wallet,
            allowed_symbols=None,
            maximum_notional=None,
            caps=Caps(maximum_drawdown=Decimal("0.1")),
        )
        watch_drawdowns(owner_id=owner.pk, fallen={(fall.pk, world.farm.wallet_id): Decimal("0.2")})
        prove_own(owner_id=owner.pk)
        saved = SavedStrategy.objects.create(owner=owner, name="Saved", strategy="custom")
        StrategyVersion.objects.create(
            owner=owner, saved=saved, number=1, parameters={}, instrument=world.bitcoin, timeframe="1h", bars=1000
        )
        copied = Agent.objects.earliest("created_at")
        Promotion.objects.create(owner=owner, agent=copied, promoted_from=copied, reason="To be seen.", key="k")
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


# --- histories whose rows have a life --------------------------------------------------------------------------------


def _may_change() -> dict[str, History]:
    """What the newest migration that names a table says of it."""
    found = MigrationLoader(connection=None).disk_migrations
    modules = [import_module(found[key].__module__) for key in sorted(found)]
    return {table: one for module in modules for table, one in getattr(module, "MAY_CHANGE", {}).items()}


MAY_CHANGE = _may_change()


def test_every_owned_table_is_a_history_or_of_now(world: World) -> None:
    """A new table says which: by `append_only_sql`, by `MAY_CHANGE` in its migration, or here."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relname = ANY(%s) AND NOT (has_any_column_privilege(oid, 'UPDATE') "
            "OR has_table_privilege(oid, 'DELETE'))",
            [list(OWNED)],
        )
        unchanging = {name for (name,) in cursor.fetchall()}
    assert set(OWNED) - unchanging - set(MAY_CHANGE) == OF_NOW


@pytest.mark.parametrize("table", sorted(MAY_CHANGE))
def test_what_serves_pages_changes_the_named_columns_of_a_history_and_no_others(world: World, table: str) -> None:
    columns, changed = set(_columns(table)), set(MAY_CHANGE[table].columns)
    assert changed < columns
    asked = {name: refusal(world, f'UPDATE {table} SET "{name}" = "{name}"') for name in columns}
    refused = {name for name, said in asked.items() if "permission denied" in said}
    assert refused == columns - changed


@pytest.mark.parametrize("table", sorted(MAY_CHANGE))
def test_what_serves_pages_removes_no_row_of_a_history_but_those_that_are_named(world: World, table: str) -> None:
    removes = MAY_CHANGE[table].removes
    if not removes:
        assert "permission denied" in refusal(world, f"DELETE FROM {table}")
        return
    assert refusal(world, f"DELETE FROM {table} AS one WHERE {removes.replace('OLD.', 'one.')}") == ""
    others = f"DELETE FROM {table} AS one WHERE ({removes.replace('OLD.', 'one.')}) IS NOT TRUE"
    with seeing(world.owner.pk), connection.cursor() as cursor:
        with as_operators():
            for end in BEYOND[table]:
                cursor.execute(end)
        with pytest.raises(DatabaseError, match=r"what is over stays|append-only"), transaction.atomic():
            cursor.execute(others)


# After these, rows of a history that may be removed may not.
BEYOND: dict[str, list[str]] = {
    "portfolio_allocationplan": [
        """
        UPDATE portfolio_allocationplan AS plan SET allocation_id = (
            SELECT id FROM wallets_fundallocation WHERE status = 'applied' AND owner_id = plan.owner_id LIMIT 1
        ) WHERE id IN (SELECT DISTINCT ON (owner_id) id FROM portfolio_allocationplan)
        """
    ],
    "wallets_allocationline": [],  # of a plan that was applied
    "wallets_fundallocation": [],
    "goals_goalassignment": ["UPDATE goals_goalassignment SET until = now()"],
    "goals_goalprogress": [
        "UPDATE goals_goal SET status = 'missed', paused_at = NULL, ended_at = now() WHERE ended_at IS NULL"
    ],
}
# How a row of each ends.
OVER = {
    "alerts_alert": "resolved_at = now()",
    "alerts_delivery": "status = 'failed', ended_at = now()",
    "approvals_approval": "status = 'declined', answered_at = now()",
    "farms_advicecall": "status = 'lost', finished_at = coalesce(finished_at, now())",
    "farms_adviceproposal": "settled_at = now()",
    "farms_agentfarmassignment": "ended_at = now()",
    "farms_backtest": "status = 'done', finished_at = now()",
    "farms_download": "status = 'done', finished_at = now()",
    "farms_sweep": "status = 'done', finished_at = now()",
    "farms_sweepblock": "status = 'cancelled', finished_at = now()",
    "goals_goalaction": "status = 'done', done_at = now()",
    "portfolio_correction": "finished_at = now()",
    "portfolio_dailyperformance": "ends = now()",
    "portfolio_hourlyperformance": "ends = now()",
    "portfolio_rebalancerun": "status = 'done', settled_at = now()",
    "trading_amendment": "closed_at = now()",
    "trading_cancellation": "closed_at = now()",
    "trading_emergencystop": "status = 'done', done_at = now()",
    "users_token": "revoked_at = now()",
    "wallets_demoorder": "status = 'filled'",
    "wallets_demofunding": "is_booked = true",
    "wallets_venueincome": "status = 'known'",
    "wallets_venuemovement": "status = 'booked'",
}


# What is refused then, where it is not every change.
REWRITTEN = {
    "portfolio_dailyperformance": "equity = equity + 1",
    "portfolio_hourlyperformance": "equity = equity + 1",
    "users_token": "revoked_at = NULL",
}


@pytest.mark.parametrize("table", sorted(set(OWNED) & {name for name, one in MAY_CHANGE.items() if one.over}))
def test_what_is_over_stays_as_it_is(world: World, table: str) -> None:
    column = MAY_CHANGE[table].columns[0]
    change = REWRITTEN.get(table, f"{column} = {column}")
    with seeing(world.owner.pk), connection.cursor() as cursor:
        with as_operators():
            cursor.execute(f"UPDATE {table} SET {OVER[table]}")
        with pytest.raises(DatabaseError, match="what is over stays"), transaction.atomic():
            cursor.execute(f"UPDATE {table} SET {change}")


def test_a_value_of_the_past_is_corrected_with_what_it_said_before_and_not_otherwise(world: World) -> None:
    silently = refusal(world, "UPDATE portfolio_snapshot SET equity = equity + 1")
    assert "what it said before" in silently
    assert "what it said before" in refusal(
        world, "UPDATE portfolio_snapshot SET equity = equity + 1, corrected_at = now(), equity_before = equity + 2"
    )
    corrected = "equity = equity + 1, corrected_at = now(), equity_before = coalesce(equity_before, equity)"
    assert refusal(world, f"UPDATE portfolio_snapshot SET {corrected}") == ""
    with seeing(world.owner.pk), connection.cursor() as cursor:
        cursor.execute(f"UPDATE portfolio_snapshot SET {corrected}")
        with pytest.raises(DatabaseError, match="what it said before"), transaction.atomic():
            cursor.execute("UPDATE portfolio_snapshot SET equity_before = equity")


@pytest.mark.parametrize("table", ["portfolio_hourlyperformance", "portfolio_dailyperformance"])
@pytest.mark.parametrize(
    "part",
    [
        "low", "high", "flow", "flows", "realized", "realized_pnl", "fees", "fees_paid", "funding", "funding_got",
        "adjustments", "market",
    ],
)  # fmt: skip
def test_an_hour_or_a_day_that_is_over_says_what_it_is_made_of(world: World, table: str, part: str) -> None:
    """What is written again as it was is taken; a part that its snapshots or hours do not come to is not."""
    with seeing(world.owner.pk), connection.cursor() as cursor:
        cursor.execute(f"SELECT max(id) FROM {table} WHERE opened_at IS NOT NULL")
        (row,) = cursor.fetchone()
        with as_operators():
            cursor.execute(f"UPDATE {table} SET ends = now() WHERE id = %s", [row])
        cursor.execute(f"UPDATE {table} SET {part} = {part} WHERE id = %s", [row])
        assert cursor.rowcount == 1
        with pytest.raises(DatabaseError, match="what is over stays"), transaction.atomic():
            cursor.execute(f"UPDATE {table} SET {part} = {part} + 1 WHERE id = %s", [row])


@pytest.mark.parametrize(
    "change",
    [
        "flow = flow + 1", "cash = cash + 1", "realized_pnl = realized_pnl + 1", "invested = invested + 1",
        "unrealized_pnl = unrealized_pnl + 1", "is_stale = NOT is_stale", "gross_exposure = gross_exposure + 1",
    ],
)  # fmt: skip
def test_what_a_snapshot_held_changes_with_its_mark_alone(world: World, change: str) -> None:
    assert "what it said before" in refusal(world, f"UPDATE portfolio_snapshot SET {change}")
    marked = f"{change}, corrected_at = now(), equity_before = coalesce(equity_before, equity)"
    assert refusal(world, f"UPDATE portfolio_snapshot SET {marked}") == ""


@pytest.mark.parametrize(
    "change",
    [
        "flows = flows + 1", "fees = fees + 1", "funding = funding + 1", "adjustments = adjustments + 1",
        "twr_index = twr_index * 2",
    ],
)  # fmt: skip
@pytest.mark.parametrize("which", ["", " WHERE at = (SELECT max(at) FROM portfolio_snapshot)"])
def test_what_a_snapshot_has_added_up_follows_from_the_one_before_or_has_its_mark(
    world: World, change: str, which: str
) -> None:
    assert "as the one before it" in refusal(world, f"UPDATE portfolio_snapshot SET {change}{which}")
    marked = f"{change}, corrected_at = now(), equity_before = coalesce(equity_before, equity)"
    assert refusal(world, f"UPDATE portfolio_snapshot SET {marked}{which}") == ""


# --- people ----------------------------------------------------------------------------------------------------------


def test_what_serves_pages_makes_nobody_an_operator_and_lets_nobody_in_again(world: World) -> None:
    for column in ("is_staff", "is_superuser", "is_active"):
        assert "by the system role only" in refusal(world, f"UPDATE users_user SET {column} = NOT {column}")
    for column in ("is_staff", "is_superuser"):
        with (
            seeing(world.owner.pk),
            pytest.raises(DatabaseError, match="by the system role only"),
            transaction.atomic(),
        ):
            User.objects.create(email="mallory@example.com", **{column: True})
    assert refusal(world, "UPDATE users_user SET is_staff = is_staff, theme = 'dark'") == ""
    assert "permission denied" in refusal(world, "DELETE FROM users_user")
    for table in ("users_user_groups", "users_user_user_permissions", "auth_group_permissions", "auth_permission"):
        assert "permission denied" in refusal(world, f"DELETE FROM {table}")
        assert "permission denied" in refusal(world, f"INSERT INTO {table} DEFAULT VALUES")


def test_what_serves_pages_reads_no_hash_but_the_tenants(world: World, stranger: User) -> None:
    for statement in (
        "SELECT password FROM users_user",
        "SELECT * FROM users_user",
        "SELECT count(*) FROM users_user WHERE password LIKE 'argon2%'",
        "UPDATE users_user SET name = password",
        "UPDATE users_user SET name = name RETURNING password",
    ):
        assert "permission denied" in refusal(world, statement), statement
    for person in (world.owner, stranger):
        with seeing(person.pk), connection.cursor() as cursor:
            cursor.execute("SELECT users_password()")
            (found,) = cursor.fetchone()
        assert check_password(f"password of {person.email}", found)
    with seeing(None), connection.cursor() as cursor:
        cursor.execute("SELECT users_password()")
        assert cursor.fetchone() == (None,)


def test_a_password_is_written_on_behalf_of_whose_it_is(world: World, stranger: User) -> None:
    changed = f"UPDATE users_user SET password = 'argon2$' WHERE id = '{stranger.pk}'"
    assert "on behalf of whose it is" in refusal(world, changed)
    with seeing(stranger.pk), connection.cursor() as cursor:
        cursor.execute(changed)
        assert cursor.rowcount == 1


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


def refusal(world: World, statement: str) -> str:
    """Why the app's role may not do it on behalf of whose rows they are; empty where it may. Undone in any case."""
    with seeing(world.owner.pk), connection.cursor() as cursor:
        try:
            with transaction.atomic():
                cursor.execute(statement)
        except DatabaseError as error:
            return str(error)
    return ""


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
    columns = _columns(table)
    with connections["system"].cursor() as cursor:
        cursor.execute(f"SELECT to_jsonb(t)::text FROM {table} t LIMIT 1")
        row = json.loads(cursor.fetchone()[0])
    return {column: row[column] for column in columns}


def _columns(table: str) -> list[str]:
    """The columns that can be written."""
    with connections["system"].cursor() as cursor:
        cursor.execute(
            "SELECT attname FROM pg_attribute "
            "WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''",
            [table],
        )
        return [name for (name,) in cursor.fetchall()]


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
