"""Tables by months: what is old goes as a whole month, what explains money stays, and nothing falls outside unseen."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from django.db import DatabaseError, connection, connections, transaction
from django.test import Client
from django.urls import reverse

from farms.models import AgentRun
from farms.services import RUNS
from kit import clock, months, tenancy
from kit.alerts.models import PlatformAlert
from kit.audit.models import AuditEntry
from kit.audit.services import ENTRIES
from kit.history import append_only_sql
from kit.months import Months, partition_sql
from kit.sentences import Sentence
from kit.tenancy import SYSTEM_DB_ALIAS, policy_sql
from kit.users.models import User
from markets.candles.reading import milliseconds
from moniqo.tasks import BY_MONTHS, keep_months
from tests.conftest import address
from tests.farms.conftest import Desk, hire, make_desk
from tests.trading import desk as trading
from trading.models import Order, OrderEvent, RiskDecision
from trading.services import DECISIONS, EVENTS

DAY = timedelta(days=1)
TABLES = [table.table for table in BY_MONTHS]


@pytest.fixture
def desk(live_db: str, owner: User) -> Desk:
    with tenancy.tenant(owner.pk):
        return make_desk(owner)


def run(desk: Desk, at: datetime, decision: str = "hold", **given: Any) -> AgentRun:
    return AgentRun(
        owner=desk.owner, agent=given.pop("agent", desk.agent), instrument=desk.instrument, bar=milliseconds(at),
        decision=decision, explanation=Sentence("Because."), close=100, created_at=at, **given,
    )  # fmt: skip


def noted(owner: User, at: datetime) -> AuditEntry:
    return AuditEntry(owner=owner, at=at, area="money", action=f"{at:%Y-%m-%d}", channel="engine")


def parts(table: str) -> list[str]:
    with connections[SYSTEM_DB_ALIAS].cursor() as cursor:
        cursor.execute("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = %s::regclass", [table])
        return sorted(name for (name,) in cursor.fetchall())


def rows(part: str) -> int:
    with connections[SYSTEM_DB_ALIAS].cursor() as cursor:
        cursor.execute(f'SELECT count(*) FROM ONLY "{part}"')
        return int(cursor.fetchone()[0])


def whole_month(days_ago: int) -> date:
    """The first day of a month that had ended so many days ago."""
    return ((clock.now() - days_ago * DAY).date().replace(day=1) - DAY).replace(day=1)


def month_of(table: Months, moment: datetime) -> str:
    return f"{table.table}_{moment:%Y%m}"


# --- months that there are -------------------------------------------------------------------------------------------


def test_a_new_database_has_this_month_and_three_ahead_of_every_table_by_months(live_db: str) -> None:
    with connections[SYSTEM_DB_ALIAS].cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_partitioned_table JOIN pg_class ON oid = partrelid ORDER BY 1")
        assert [name for (name,) in cursor.fetchall()] == sorted([*TABLES, "portfolio_snapshot"])
        for table in TABLES:
            cursor.execute("SELECT count(*) FROM months_of(%s) WHERE ends > now()", [table])
            assert cursor.fetchone() == (4,), table


def test_a_row_at_a_months_border_lands_in_the_month_it_is_of(desk: Desk, owner: User) -> None:
    first = datetime(2026, 2, 1, tzinfo=UTC)
    months.make(TABLES, [date(2026, 1, 31), date(2026, 2, 1)])
    before, after = first - timedelta(milliseconds=1), first
    with tenancy.tenant(owner.pk):
        AgentRun.objects.bulk_create([run(desk, before), run(desk, after)])
        AuditEntry.objects.bulk_create([noted(owner, before), noted(owner, after)])
    for table in (RUNS, ENTRIES):
        assert [rows(month_of(table, moment)) for moment in (before, after)] == [1, 1]
        assert rows(f"{table.table}_rest") == 0


@pytest.mark.parametrize("alias", ["default", "system"])
def test_no_role_that_works_reads_or_writes_a_part_by_its_name_but_the_systems_reading(
    desk: Desk, owner: User, alias: str
) -> None:
    with tenancy.tenant(owner.pk):
        AgentRun.objects.bulk_create([run(desk, clock.now())])
    for part in (month_of(RUNS, clock.now()), "farms_agentrun_rest"):
        for statement in (f"SELECT * FROM {part}", f"DELETE FROM {part}", f"TRUNCATE {part}", f"DROP TABLE {part}"):
            if (alias, statement[:6]) == ("system", "SELECT"):
                continue
            with transaction.atomic(using=alias), connections[alias].cursor() as cursor:
                cursor.execute("SELECT set_config('app.user_id', %s, true)", [str(owner.pk)])
                with (
                    pytest.raises(DatabaseError, match=r"permission denied|must be owner"),
                    transaction.atomic(using=alias),
                ):
                    cursor.execute(statement)


def test_an_owner_sees_the_rows_of_every_month_and_nobody_elses(desk: Desk, owner: User, other_owner: User) -> None:
    with tenancy.tenant(owner.pk):
        AgentRun.objects.bulk_create([run(desk, clock.now()), run(desk, datetime(2019, 5, 5, tzinfo=UTC))])
        assert AgentRun.objects.count() == 2
    with tenancy.tenant(other_owner.pk):
        assert AgentRun.objects.count() == 0


# --- what is old -----------------------------------------------------------------------------------------------------


def test_an_old_month_of_runs_goes_but_for_what_placed_an_order_and_the_newest_of_an_agent(
    desk: Desk, owner: User
) -> None:
    old = datetime.combine(whole_month(95), datetime.min.time(), UTC) + 3 * DAY
    months.make(["farms_agentrun"], [old.date()])
    with tenancy.tenant(owner.pk):
        idle = hire(owner, desk.farm, desk.instrument, name="Long idle")
        order = make_order(desk)
        AgentRun.objects.bulk_create(
            [
                *(run(desk, old + number * DAY, decision) for number, decision in enumerate(("hold", "skip", "hold"))),
                run(desk, old + 4 * DAY, "enter", order=order),
                run(desk, old + 5 * DAY, agent=idle),
                run(desk, clock.now()),
            ]
        )
    part = month_of(RUNS, old)
    assert months.forget(RUNS) == 1
    with tenancy.tenant(owner.pk):
        left = list(AgentRun.objects.order_by("bar").values_list("decision", "agent__name"))
    assert left == [("enter", desk.agent.name), ("hold", "Long idle"), ("hold", desk.agent.name)]
    assert rows(part) == 2
    assert rows(month_of(RUNS, clock.now())) == 1
    assert months.forget(RUNS) == 0, "a month is let go once"
    with (
        tenancy.tenant(owner.pk),
        pytest.raises(DatabaseError, match="agent_id_instrument_id_bar"),
        transaction.atomic(),
    ):
        AgentRun.objects.bulk_create([run(desk, old + 4 * DAY)])
    with pytest.raises(DatabaseError, match="permission denied"), connection.cursor() as cursor:
        cursor.execute(f"SELECT FROM {part}")


def test_a_month_of_which_nothing_stays_is_gone(desk: Desk, owner: User, settings: Any) -> None:
    settings.AUDIT_DAYS = 60
    old = datetime.combine(whole_month(65), datetime.min.time(), UTC)
    months.make(["audit_auditentry"], [old.date()])
    with tenancy.tenant(owner.pk):
        AuditEntry.objects.all()
        AuditEntry.objects.bulk_create([noted(owner, old), noted(owner, clock.now())])
    assert month_of(ENTRIES, old) in parts("audit_auditentry")
    assert months.forget(ENTRIES) == 1
    assert month_of(ENTRIES, old) not in parts("audit_auditentry")
    with tenancy.tenant(owner.pk):
        assert not AuditEntry.objects.filter(at__lt=clock.now() - DAY).exists()
        assert AuditEntry.objects.filter(action=f"{clock.now():%Y-%m-%d}").exists()


def test_the_steps_of_an_order_go_when_it_moved_nothing_and_its_page_says_so(
    live_db: str, owner: User, settings: Any
) -> None:
    old = datetime.combine(whole_month(370), datetime.min.time(), UTC) + DAY
    months.make(TABLES, [old.date()])
    desk = trading.make_desk(owner)
    filled, refused = desk.trade(), desk.place(quantity="1000000")
    assert (filled.status, refused.status) == ("filled", "rejected")
    put_back(live_db, old)
    page = Client()
    page.force_login(owner)
    told = page.get(reverse("trading:order", args=[refused.pk])).content.decode()
    assert "they are gone" not in told
    assert [months.forget(table) for table in (EVENTS, DECISIONS)] == [1, 1]
    with tenancy.tenant(owner.pk):
        for model in (OrderEvent, RiskDecision):
            assert set(model.objects.values_list("order", flat=True)) == {filled.pk}
            assert not model.objects.exclude(created_at__lt=old + DAY).exists()
        assert Order.objects.count() == 2
    told = page.get(reverse("trading:order", args=[refused.pk])).content.decode()
    assert "kept for 365 days: they are gone" in told
    assert "Refused" in told
    assert "they are gone" not in page.get(reverse("trading:order", args=[filled.pk])).content.decode()
    answer = page.get(f"/api/v1/orders/{refused.pk}")
    assert (answer.status_code, answer.json()["events"]) == (200, [])


def test_an_order_that_rests_keeps_its_steps_however_old_they_are(live_db: str, owner: User) -> None:
    old = datetime.combine(whole_month(370), datetime.min.time(), UTC) + DAY
    months.make(TABLES, [old.date()])
    order = trading.make_desk(owner).place()
    assert order.status == "submitting"
    put_back(live_db, old)
    months.forget(EVENTS)
    with tenancy.tenant(owner.pk):
        assert OrderEvent.objects.filter(order=order).exists()


def test_nobody_but_the_system_lets_a_month_go_and_never_a_young_one(live_db: str) -> None:
    for statement in (
        "SELECT month_begin_over('farms_agentrun', '2024-05-01')",
        "SELECT month_go_on('farms_agentrun', '2024-05-01', false)",
        "SELECT month_rest_off('farms_agentrun')",
        "SELECT month_rest_away('farms_agentrun')",
    ):
        with pytest.raises(DatabaseError, match="system role"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    with (
        pytest.raises(DatabaseError, match="last 30 days"),
        transaction.atomic(using=SYSTEM_DB_ALIAS),
        connections[SYSTEM_DB_ALIAS].cursor() as cursor,
    ):
        cursor.execute("SELECT month_begin_over('farms_agentrun', current_date - 20)")


def test_a_setting_of_one_day_lets_nothing_of_the_last_30_go(desk: Desk, owner: User, settings: Any) -> None:
    settings.AGENT_RUN_DAYS = 1
    with tenancy.tenant(owner.pk):
        AgentRun.objects.bulk_create([run(desk, clock.now() - number * DAY) for number in (0, 29)])
    months.forget(RUNS)
    with tenancy.tenant(owner.pk):
        assert AgentRun.objects.count() == 2


def test_who_is_killed_while_a_month_goes_leaves_it_as_it_was(
    desk: Desk, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = datetime.combine(whole_month(95), datetime.min.time(), UTC)
    months.make(["farms_agentrun"], [old.date()])
    with tenancy.tenant(owner.pk):
        AgentRun.objects.bulk_create([run(desk, old), run(desk, clock.now())])
    before = parts("farms_agentrun")

    def killed(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        answer = execute(sql, params, many, context)
        if "month_go_on" in sql:
            raise KeyboardInterrupt
        return answer

    with connections[SYSTEM_DB_ALIAS].execute_wrapper(killed), pytest.raises(KeyboardInterrupt):
        months.forget(RUNS)
    assert parts("farms_agentrun") == before
    with tenancy.tenant(owner.pk):
        assert AgentRun.objects.count() == 2
    assert months.forget(RUNS) == 1


def test_somebody_who_reads_is_not_pushed_aside(desk: Desk, owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(months, "PATIENCE", "20ms")
    monkeypatch.setattr(months, "TRIES", 2)
    old = datetime.combine(whole_month(95), datetime.min.time(), UTC)
    months.make(["farms_agentrun"], [old.date()])
    with tenancy.tenant(owner.pk):
        AgentRun.objects.bulk_create([run(desk, old), run(desk, clock.now())])
    with tenancy.tenant(owner.pk):
        assert AgentRun.objects.count() == 2  # and its transaction goes on
        assert months.forget(RUNS) == 0
        assert AgentRun.objects.count() == 2
    assert months.forget(RUNS) == 1


# --- what came for no month ------------------------------------------------------------------------------------------


def test_what_came_for_a_month_that_nobody_made_is_sorted_in_and_told(desk: Desk, owner: User) -> None:
    strange = [datetime(2019, 5, 5, tzinfo=UTC), datetime(2019, 6, 5, tzinfo=UTC)]
    with tenancy.tenant(owner.pk):
        AgentRun.objects.bulk_create([run(desk, moment) for moment in strange])
    assert rows("farms_agentrun_rest") == 2
    months.make(["farms_agentrun"], [date(2019, 5, 1)])  # rows of it are in the rest already: nothing breaks
    assert months.sort_in(RUNS) == 2
    assert (rows("farms_agentrun_rest"), rows("farms_agentrun_201905"), rows("farms_agentrun_201906")) == (0, 1, 1)
    assert months.sort_in(RUNS) == 0
    with tenancy.tenant(owner.pk):
        AuditEntry.objects.bulk_create([noted(owner, moment) for moment in strange])
    keep_months()
    with tenancy.system():
        (alert,) = PlatformAlert.objects.unresolved()
    assert alert.key == "months:rest"
    assert "2 rows" in alert.story()
    keep_months()
    with tenancy.system():
        assert not PlatformAlert.objects.unresolved().exists()


def test_what_is_of_no_month_that_is_made_stays_in_the_rest_and_stays_told(desk: Desk, owner: User) -> None:
    with tenancy.tenant(owner.pk):
        AuditEntry.objects.bulk_create([noted(owner, datetime(2001, 1, 1, tzinfo=UTC))])
    for _ in range(2):
        keep_months()
        assert rows("audit_auditentry_rest") == 1
        with tenancy.system():
            assert PlatformAlert.objects.unresolved().count() == 1


# --- a table that becomes one by months ------------------------------------------------------------------------------


@pytest.fixture
def example(live_db: str, owner: User) -> str:
    """A table as Django makes them, with a row in each of three months and one of the future."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            """
            CREATE TABLE example (
                id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
                owner_id uuid NOT NULL CONSTRAINT example_owner REFERENCES users_user DEFERRABLE INITIALLY DEFERRED,
                bar bigint NOT NULL, said text NOT NULL CONSTRAINT example_said CHECK (said <> ''),
                CONSTRAINT example_once UNIQUE (owner_id, bar)
            );
            CREATE INDEX example_newest ON example (owner_id, bar DESC);
            """
            + policy_sql("example")
            + append_only_sql("example")
        )
    with tenancy.tenant(owner.pk), connection.cursor() as cursor:
        for number, moment in enumerate(("2026-01-31", "2026-02-01", "2026-03-31", "2525-01-01")):
            cursor.execute(
                "INSERT INTO example (owner_id, bar, said) VALUES (%s, extract(epoch FROM %s::timestamptz) * 1000, %s)",
                [owner.pk, moment, f"row {number}"],
            )
    return "example"


def test_a_table_becomes_one_by_months_with_its_rows_keys_and_guards(example: str, owner: User) -> None:
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        cursor.execute(partition_sql("example", by="bar", is_in_milliseconds=True))
        cursor.execute(policy_sql("example") + append_only_sql("example"))
    assert {"example_202601", "example_202602", "example_202603", "example_rest"} < set(parts("example"))
    assert [rows(f"example_{part}") for part in ("202601", "202602", "202603", "rest")] == [1, 1, 1, 1]
    with connection.cursor() as cursor:
        cursor.execute("SELECT FROM example")
        assert cursor.rowcount == 0
    with tenancy.tenant(owner.pk), connection.cursor() as cursor:
        cursor.execute("SELECT id, said FROM example ORDER BY id")
        assert cursor.fetchall() == [(number + 1, f"row {number}") for number in range(4)]
        cursor.execute("INSERT INTO example (owner_id, bar, said) VALUES (%s, 5, 'next') RETURNING id", [owner.pk])
        assert cursor.fetchone() == (5,)
        for statement, refusal in (
            ("INSERT INTO example (owner_id, bar, said) VALUES (%s, 5, 'again')", "owner_id_bar"),
            ("INSERT INTO example (owner_id, bar, said) VALUES (%s, 6, '')", "example_said"),
            ("DELETE FROM example WHERE owner_id = %s", "permission denied"),
        ):
            with pytest.raises(DatabaseError, match=refusal), transaction.atomic():
                cursor.execute(statement, [owner.pk])
    with tenancy.system(), connections[SYSTEM_DB_ALIAS].cursor() as cursor:
        with pytest.raises(DatabaseError, match="example_owner"):
            cursor.execute("INSERT INTO example (owner_id, bar, said) VALUES (%s, 7, 'nobody''s')", [uuid4()])
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = 'example_newest'")
        assert "(owner_id, bar DESC)" in cursor.fetchone()[0]


def put_back(database: str, moment: datetime) -> None:
    """Every order, with what was said of it, as if it were of then; past the guards, as nobody else may."""
    with psycopg.connect(address("MONIQO_TEST_ADMIN_URL", database), autocommit=True) as admin:
        admin.execute("SET session_replication_role = replica")
        for table in ("trading_order", "trading_orderevent", "trading_riskdecision"):
            admin.execute(f"UPDATE {table} SET created_at = %s", [moment])


def make_order(desk: Desk) -> Order:
    return Order.objects.create(
        owner=desk.owner, wallet=desk.agent.wallet, connection=desk.master.connection, instrument=desk.instrument,
        key="run:old", client_order_id="old", side="buy", quantity=1, reference_price=100, status="rejected",
        closed_at=clock.now(),
    )  # fmt: skip
