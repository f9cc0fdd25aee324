"""Old decisions to do nothing go; whatever led to something stays, and so does the newest of each agent."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, connections, transaction

from farms.models import AgentRun
from farms.services import forget_holds
from kit import clock, tenancy
from kit.sentences import Sentence
from kit.users.models import User
from markets.candles.reading import milliseconds
from tests.farms.conftest import Desk, hire, make_desk

DAY = timedelta(days=1)


def run(desk: Desk, days_ago: int, decision: str = "hold", agent: object = None) -> AgentRun:
    at = clock.now() - days_ago * DAY
    return AgentRun(
        owner=desk.owner, agent=agent or desk.agent, instrument=desk.instrument, bar=milliseconds(at),
        decision=decision, explanation=Sentence("Because."), close=100, created_at=at,
    )  # fmt: skip


def test_old_holds_go_and_what_led_to_something_stays(live_db: str, owner: User) -> None:
    with tenancy.tenant(owner.pk):
        desk = make_desk(owner)
        lone = hire(owner, desk.farm, desk.instrument, name="Long idle")
        old = [run(desk, days) for days in (100, 200, 300)]
        acted = [run(desk, 150, "enter"), run(desk, 151, "exit"), run(desk, 152, "skip")]
        AgentRun.objects.bulk_create([*old, *acted, run(desk, 80), run(desk, 1), run(desk, 400, agent=lone)])
    assert forget_holds(at_once=2) == 3
    assert forget_holds() == 0
    with tenancy.tenant(owner.pk):
        left = {(row.agent_id == lone.pk, row.decision, (clock.now() - row.created_at).days) for row in _all()}
    assert left == {
        (False, "enter", 150), (False, "exit", 151), (False, "skip", 152), (False, "hold", 80), (False, "hold", 1),
        (True, "hold", 400),
    }  # fmt: skip


@pytest.mark.parametrize(("days", "decision"), [(29, "hold"), (400, "enter"), (400, "exit"), (400, "skip")])
def test_the_database_lets_nothing_else_go_whatever_the_setting_says(
    live_db: str, owner: User, days: int, decision: str
) -> None:
    with tenancy.tenant(owner.pk):
        desk = make_desk(owner)
        AgentRun.objects.bulk_create([run(desk, days, decision), run(desk, 0)])
    for alias in ("default", "system", "owner"):
        with transaction.atomic(using=alias), connections[alias].cursor() as cursor:
            cursor.execute("SELECT set_config('app.user_id', %s, true)", [str(owner.pk)])
            with pytest.raises(DatabaseError, match=r"refused|permission denied"), transaction.atomic(using=alias):
                cursor.execute("DELETE FROM farms_agentrun WHERE created_at < now() - interval '1 day'")
    with tenancy.tenant(owner.pk):
        assert len(_all()) == 2


def _all() -> list[AgentRun]:
    return list(AgentRun.objects.all())
