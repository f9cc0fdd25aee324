"""Every table says how long its rows are kept, or why for ever; and `growth` measures what comes."""

import re
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections

from kit import clock, tenancy
from kit.alerts.models import Alert
from kit.alerts.services import forget_old_alerts, raise_alert, resolve_alert
from kit.embedded.environment import ROOT
from kit.users.models import User
from moniqo.growth import Growth, measure
from moniqo.retention import NOW, RULES, Rule, in_words


@pytest.mark.django_db
def test_every_table_there_is_has_a_rule_and_every_rule_a_table() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition "
            "AND relnamespace = 'public'::regnamespace"
        )
        assert {name for (name,) in cursor.fetchall()} == set(RULES)


def test_a_rule_names_a_setting_or_says_why(settings: Any) -> None:
    for table, rule in RULES.items():
        assert bool(rule.days) or bool(rule.why), table
        assert not rule.days or int(getattr(settings, rule.days)) > 0, table


def test_what_it_says_of_moments_and_of_rows_that_go_is_sql_of_its_table(live_db: str) -> None:
    with connections[tenancy.SYSTEM_DB_ALIAS].cursor() as cursor:
        for table, rule in RULES.items():
            cursor.execute(f'SELECT {rule.moment or "1"}, {rule.goes or "true"} FROM "{table}" LIMIT 1')


def test_the_documents_list_what_is_kept_and_name_each_setting() -> None:
    text = (ROOT / "docs/operations.md").read_text()
    for rule in RULES.values():
        if rule.days and rule.days != "SESSION_DAYS":
            assert f"`MONIQO_{rule.days}`" in text, rule.days
    for table, rule in RULES.items():
        if not rule.days and rule.why != NOW and "With its" not in rule.why:
            assert re.search(rf"\b{table}\b", text), f"{table} is kept for ever: say so"


def test_a_year_keeps_what_the_rule_says() -> None:
    def year(rule: Rule, goes: float) -> float:
        return Growth("t", rule, 0, 0, 10.0, 100.0, goes).bytes_in_a_year

    assert year(Rule(why="for ever"), 0) == 100 * 365 * 10
    assert year(Rule(days="SYNC_LOG_DAYS"), 100) == 100 * 31 * 10
    assert year(Rule(days="SYNC_LOG_DAYS"), 75) == (25 * 365 + 75 * 31) * 10
    assert year(Rule(days="REBALANCE_DAYS"), 100) == 100 * 365 * 10
    assert in_words(Rule(days="HOURLY_MONTHS")) == f"{25 * 31} days"


def test_growth_counts_the_rows_of_the_last_hours(live_db: str, owner: User) -> None:
    with tenancy.tenant(owner.pk):
        for number in range(6):
            raise_alert(owner_id=owner.pk, key=f"sync:{number}", title="An alert")
        resolve_alert(owner_id=owner.pk, key="sync:0")
    with tenancy.system():
        Alert.objects.filter(key="sync:5").update(created_at=clock.now() - timedelta(hours=30))
    (alerts,) = (one for one in measure(hours=12) if one.table == "alerts_alert")
    assert (alerts.rows, alerts.rows_a_day, alerts.goes_a_day) == (6, 10, 2)
    assert 200 < alerts.row_bytes < 2_000
    out = StringIO()
    call_command("growth", "--hours", "12", stdout=out)
    (line,) = (line for line in out.getvalue().splitlines() if line.startswith("alerts_alert "))
    assert "90 days" in line
    assert re.search(r"^total +[\d,]+ +[\d,]+ +[\d,]+$", out.getvalue(), re.MULTILINE)
    with pytest.raises(CommandError, match="more than 0 hours"):
        call_command("growth", "--hours", "0")
    with pytest.raises(CommandError, match="at most 87,600"):
        call_command("growth", "--hours", "1e12")
    assert "This database is " in out.getvalue(), "younger than what it is asked about, and it says so"


def test_a_setting_decides_when_alerts_go(live_db: str, owner: User, settings: Any) -> None:
    with tenancy.tenant(owner.pk):
        raise_alert(owner_id=owner.pk, key="sync:old", title="An alert")
        resolve_alert(owner_id=owner.pk, key="sync:old")
    with tenancy.system():
        Alert.objects.update(resolved_at=clock.now() - timedelta(days=5))
    settings.ALERT_DAYS = 6
    assert forget_old_alerts() == 0
    settings.ALERT_DAYS = 4
    assert forget_old_alerts() == 1
