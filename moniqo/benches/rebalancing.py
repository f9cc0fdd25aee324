"""What a round of rebalancing costs when many rules are due at once.

`manage.py bench rebalancing` has 200 farms of one owner, two agents below each, and a rule for each farm that is due
and has money to move, on a throw-away PostgreSQL; and 20 such farms of another owner, to tell what grows. Every rule
is looked at as its task does, one after the other. Beside them stands the least that a look could cost: nothing due.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID, uuid4

from moniqo.benches.cluster import cluster, environment, measure_apart

RULES: Final = 200
FEW: Final = 20
SET: Final = datetime(2030, 5, 6, 12, tzinfo=UTC)
DUE: Final = datetime(2030, 5, 7, 3, tzinfo=UTC)


def rebalancing() -> dict[str, float]:
    """Seconds of a round, and milliseconds and statements of a rule; see the names."""
    with cluster() as server:
        return measure_apart("moniqo.benches.rebalancing", given=environment(server))


def measure() -> dict[str, float]:
    """In a process of its own, on the throw-away cluster."""
    from django.db import connections

    figures: dict[str, float] = {}
    for number in (FEW, RULES):
        owner, farms = _make(number)
        with connections["owner"].cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
        for name, expected in (("due", 1), ("nothing due", 0)):
            seconds, statements = _round(owner, farms, expected)
            figures[f"{number} rules, {name}, s"] = seconds
            figures[f"{number} rules, {name}, ms of a rule"] = seconds / number * 1000
            figures[f"{number} rules, {name}, statements of a rule"] = statements / number
    figures["load of the machine"] = os.getloadavg()[0]
    return figures


def _make(number: int) -> tuple[UUID, list[UUID]]:
    """An owner with so many farms, each with 300 at one agent and nothing at the other, and a rule of equal weights."""
    from kit import clock, tenancy
    from kit.users.models import User
    from portfolio.allocation.asking import Asked, Limits
    from portfolio.rebalancing import rules
    from wallets.ledger import AccountRef, Leg, post
    from wallets.models import Connection, Platform, Wallet

    owner = User.objects.bulk_create([User(email=f"{uuid4()}@bench.invalid", name="Bench")])[0].pk
    with tenancy.tenant(owner):
        platform = Platform.objects.get(slug="demo")
        given: dict[str, Any] = {
            "owner_id": owner,
            "connection": Connection.objects.create(
                owner_id=owner, name="Bench", platform=platform, venue="bench", status=Connection.Status.OK
            ),
        }
        master = Wallet.objects.create(name="Fund", role="master", **given)
        farms = [Wallet.objects.create(name=f"Farm {n}", role="farm", parent=master, **given) for n in range(number)]
        legs = []
        for farm in farms:
            first, _ = (
                Wallet.objects.create(name=f"{farm.name} {n}", role="agent", parent=farm, **given) for n in "ab"
            )
            outside, inside = (AccountRef(first.pk, "USDT", kind) for kind in ("external", "wallet"))
            legs.append(Leg(outside, inside, Decimal(300)))
        for n, leg in enumerate(legs):
            post(owner_id=owner, key=f"deposit-{n}", kind="deposit", legs=[leg])
        with clock.at(SET):
            wish = rules.Wish(Asked("equal", 90, {}, Limits()), every="day", on_day=None, automatic_up_to=Decimal(2))
            for farm in farms:
                rules.set_rule(owner_id=owner, wallet_id=farm.pk, wish=wish)
    return owner, [farm.pk for farm in farms]


def _round(owner: UUID, farms: list[UUID], expected: int) -> tuple[float, int]:
    from django.db import connection

    from kit import clock, tenancy
    from portfolio.rebalancing import running

    told = 0

    def count(execute: Callable[..., Any], *args: Any) -> Any:
        nonlocal told
        told += 1
        return execute(*args)

    started = time.perf_counter()
    with clock.at(DUE), connection.execute_wrapper(count):
        for farm in farms:
            with tenancy.tenant(owner):
                found = running.look(owner_id=owner, wallet_id=farm)
            assert [run.status for run in found] == ["done"] * expected, found  # noqa: S101 - else it is another thing
    return time.perf_counter() - started, told


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "moniqo.settings")
    import django

    django.setup()
    sys.stdout.write(f"{json.dumps(measure())}\n")
