"""The nightly work on what is old: cut off at whatever statement, it loses nothing and goes on the next night."""

from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, connections

from kit import clock, tenancy
from kit.tenancy import SYSTEM_DB_ALIAS
from kit.users.models import User
from portfolio.models import HourlyPerformance, PortfolioState, Snapshot
from portfolio.selectors.trail import read_trail
from portfolio.services import forget_snapshots, take_snapshots
from tests.portfolio.fund import Fund
from tests.portfolio.test_series import write_history

# The database keeps what is younger than 30 days by its own clock.
NOW = datetime.now(UTC).replace(minute=7, second=0, microsecond=0)


class KilledError(Exception):
    """The process has died."""


def killed_at(statement: int) -> ExitStack:
    """Every connection fails at that statement and at all that come after, as when the process dies there."""
    count = 0

    def wrapper(execute: Any, sql: Any, params: Any, many: Any, context: Any) -> Any:
        nonlocal count
        count += 1
        if count >= statement:
            raise KilledError(sql)
        return execute(sql, params, many, context)

    stack = ExitStack()
    for alias in ("default", SYSTEM_DB_ALIAS):
        stack.enter_context(connections[alias].execute_wrapper(wrapper))
    return stack


def months() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT month FROM months_of('portfolio_snapshot')")
        return [f"{month:%Y-%m}" for (month,) in cursor.fetchall()]


def test_nothing_is_lost_wherever_it_is_cut_off(live_db: str, owner: User) -> None:
    with tenancy.tenant(owner.pk):
        fund = Fund.make(owner)
        quiet = fund.wallets["agent b"]
    with clock.at(NOW), tenancy.tenant(owner.pk):
        values = [1000.0 + (37 * number) % 101 for number in range(400)]
        write_history(fund, values, end=NOW - timedelta(minutes=7), step=timedelta(hours=12))
        old = Snapshot.objects.filter(scope=owner.pk).order_by("at")[40]
        # Of a wallet nothing is known since: its last value stays, because the next goes on from it.
        kept = Snapshot.objects.create(
            owner=owner, wallet=quiet, at=old.at, base="USDT", equity=7, cash=7, invested=0, flows=7
        )
        PortfolioState.objects.create(owner=owner, valued_at=NOW - timedelta(minutes=7))

    def read() -> list[Any]:
        with clock.at(NOW), tenancy.tenant(owner.pk):
            found = [
                read_trail(
                    owner_id=owner.pk, scope=owner.pk, base="USDT", start=NOW - timedelta(days=ago, hours=3), at=NOW
                )
                for ago in (3, 25, 150, 400)
            ]
        return [(one.period, one.today) for one in found]

    before, known = read(), months()
    tries = 0
    while tries < 20:
        tries += 1
        try:
            with killed_at(round(3 * 1.4**tries)):
                forget_snapshots()
            break
        except KilledError:
            connections[SYSTEM_DB_ALIAS].close()
            connection.close()
        assert read() == before
    assert 5 < tries < 20
    assert read() == before
    with tenancy.tenant(owner.pk):
        oldest = Snapshot.objects.filter(scope=owner.pk).order_by("at")[0].at
        assert NOW - timedelta(days=122) < oldest < NOW - timedelta(days=89)
        assert Snapshot.objects.get(scope=quiet.pk).equity == kept.equity
        assert HourlyPerformance.objects.filter(scope=owner.pk).count() == 400
        with clock.at(NOW):
            fund.deposit("3", wallet="agent b")
            take_snapshots(owner_id=owner.pk)
        newest = Snapshot.objects.filter(scope=quiet.pk).latest("at")
    assert newest.flows - kept.flows == 3
    assert len(months()) < len(known)
    forget_snapshots()  # what is kept of the wallet goes once it has a newer value
    gone = months()
    forget_snapshots()  # and whoever comes again changes nothing
    assert months() == gone
    assert read()[1:] != []
    with pytest.raises(Snapshot.DoesNotExist), tenancy.tenant(owner.pk):
        Snapshot.objects.get(scope=owner.pk, at=old.at)
