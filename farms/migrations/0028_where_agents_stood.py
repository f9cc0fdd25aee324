"""Where agents stood before their wallets' stays were kept, as far as their assignments tell it."""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

from django.db import migrations, transaction

# A move notes the end of its stay itself by now, when everything was valued last before the assignment ended.
NOTED_WITHIN = timedelta(minutes=1)


def fill(apps: Any, editor: Any) -> None:
    """Row-level security binds the role that migrates too, so each owner's rows are read and written as theirs."""
    using = editor.connection.alias
    owners = apps.get_model("users", "User")._base_manager.using(using).order_by("pk").values_list("pk", flat=True)
    with transaction.atomic(using=using), editor.connection.cursor() as cursor:
        for owner_id in [*owners, None]:
            cursor.execute("SELECT set_config('app.user_id', %s, true)", [str(owner_id or "")])
            if owner_id is not None:
                _fill(apps, using, owner_id)


def _fill(apps: Any, using: str, owner_id: UUID) -> None:
    assignments = apps.get_model("farms", "AgentFarmAssignment")._base_manager.using(using)
    stays = apps.get_model("portfolio", "Stay")._base_manager.using(using)
    noted = list(stays.filter(owner_id=owner_id).values_list("wallet_id", "under_id", "until"))
    rows = assignments.filter(owner_id=owner_id).order_by("agent_id", "started_at", "pk")
    found = rows.values_list("agent__wallet_id", "farm__wallet_id", "ended_at")
    stays.bulk_create(
        stays.model(owner_id=owner_id, wallet_id=wallet, under_id=under, until=until)
        for wallet, under, until in left(found.iterator())
        if not any(one[:2] == (wallet, under) and until - NOTED_WITHIN <= one[2] <= until for one in noted)
    )


def left(rows: Iterable[tuple[UUID, UUID, Any]]) -> Iterator[tuple[UUID, UUID, Any]]:
    """The assignments that one to another farm followed; rows of each agent, oldest first."""
    for (wallet, under, until), (next_wallet, next_under, _) in pairwise(rows):
        if wallet == next_wallet and under != next_under and until is not None:
            yield wallet, under, until


class Migration(migrations.Migration):
    dependencies = (("farms", "0027_demo_model"), ("portfolio", "0020_stays"))

    operations = (migrations.RunPython(fill, migrations.RunPython.noop, elidable=True),)
