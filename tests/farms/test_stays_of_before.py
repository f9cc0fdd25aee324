"""Agents that were moved before stays were kept: their assignments say where they stood."""

from datetime import timedelta
from importlib import import_module
from types import SimpleNamespace

from django.apps import apps
from django.db import connections

from farms.models import AgentFarmAssignment
from kit import clock, tenancy
from kit.users.models import User
from portfolio.models import Stay
from tests.farms.conftest import make_desk
from tests.farms.test_moving import other_farm

HOUR = timedelta(hours=1)


def test_the_migration_tells_where_each_agent_stood_and_what_is_known_stays(
    live_db: str, owner: User, other_owner: User
) -> None:
    now, told = clock.now(), {}
    for user in (owner, other_owner):
        with tenancy.tenant(user.pk):
            desk = make_desk(user)
            first, other, wallet = desk.farm, other_farm(desk), desk.agent.wallet
            AgentFarmAssignment.objects.filter(agent=desk.agent).update(ended_at=now - 9 * HOUR)
            # Taken back into the same farm is no move, and of the last move its stay was kept.
            for number, farm in ((9, first), (7, other), (5, first), (3, other)):
                AgentFarmAssignment.objects.create(
                    owner=user, agent=desk.agent, farm=farm, started_at=now - number * HOUR,
                    ended_at=now - (number - 2) * HOUR if number > 3 else None,
                )  # fmt: skip
            valued_at = now - 3 * HOUR - timedelta(seconds=2)
            Stay.objects.create(owner=user, wallet=wallet, under=first.wallet, until=valued_at)
            told[user.pk] = [
                (wallet.pk, first.wallet_id, now - 7 * HOUR),
                (wallet.pk, other.wallet_id, now - 5 * HOUR),
                (wallet.pk, first.wallet_id, valued_at),
            ]
    for _ in range(2):  # what is told already is not told again
        import_module("farms.migrations.0028_where_agents_stood").fill(
            apps, SimpleNamespace(connection=connections["owner"])
        )
        for user in (owner, other_owner):
            with tenancy.tenant(user.pk):
                stays = Stay.objects.order_by("until")
                assert list(stays.values_list("wallet_id", "under_id", "until")) == told[user.pk]
