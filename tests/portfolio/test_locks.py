"""Who values and who moves or switches wait for each other, and never in a circle: two real connections each time.

The one who values is stopped in the middle of its transaction until the other waits for something that it has locked.
"""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from django.db import connection, connections

from kit import tenancy
from kit.users.models import User
from portfolio.models import Snapshot
from portfolio.services import take_snapshots
from tests.portfolio.fund import Fund, set_price
from wallets.hierarchy import archiving
from wallets.models import Connection, Wallet
from wallets.sync import turns
from wallets.sync.derivatives import give_derivatives
from wallets.sync.runs import carry_forward_late
from wallets.venues.accounts import set_connection_state

PATIENCE = 30.0
WAITING = """
SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


@pytest.fixture
def living(live_db: str, owner: User) -> Fund:
    with tenancy.tenant(owner.pk):
        set_price("100")
        fund = Fund.make(owner)
        fund.deposit("1000", wallet="agent a")
        fund.buy("agent a", "2", "100")
        take_snapshots(owner_id=owner.pk)
    return fund


def move(fund: Fund) -> None:
    archiving.change_place(archiving.lock_to_move(fund.wallets["agent a"]), fund.wallets["farm b"])


def move_reserve(fund: Fund) -> None:
    archiving.move_wallet(
        owner_id=fund.owner.pk, wallet_id=fund.wallets["reserve"].pk, parent_id=fund.wallets["other"].pk
    )


@pytest.mark.parametrize("work", [move, move_reserve])
def test_who_moves_a_wallet_waits_for_who_values_it(living: Fund, work: Callable[[Fund], None]) -> None:
    owner_id = living.owner.pk
    with tenancy.tenant(owner_id):
        living.add("other", None)
        living.wallets["reserve"] = Wallet.objects.create(
            owner=living.owner, connection=living.connection, name="Reserve", role="reserve",
            parent=living.wallets["master"],
        )  # fmt: skip

    def value() -> None:
        take_snapshots(owner_id=owner_id)

    meeting(living, begins=value, other=lambda: work(living))
    with tenancy.tenant(owner_id):
        living.wallets["agent a"].refresh_from_db()
        worth = Snapshot.objects.filter(wallet=living.wallets["agent a"].parent).latest("at").equity
        assert worth == Decimal(1000)


@pytest.mark.parametrize("is_switched", [True, False])
def test_who_switches_an_account_or_gives_its_derivatives_waits_for_who_values_it(
    living: Fund, *, is_switched: bool
) -> None:
    owner_id = living.owner.pk
    with tenancy.tenant(owner_id):
        account = living.connection
        if is_switched:
            account = Connection.objects.create(
                owner=living.owner, platform=account.platform, name="Another", venue="testing", status="ok"
            )
        turns.want(owner_id=owner_id, connection_ids=[account.pk])
    wallet_id = living.wallets["agent a"].pk
    with tenancy.tenant(owner_id):
        living.derive("0")

    def value() -> None:
        assert carry_forward_late(owner_id=owner_id) == 1

    def change() -> None:
        if is_switched:
            set_connection_state(owner_id=owner_id, connection_id=account.pk, state="archived")
        else:
            give_derivatives(owner_id=owner_id, connection_id=account.pk, wallet_id=wallet_id)

    meeting(living, begins=value, ends=lambda: take_snapshots(owner_id=owner_id), other=change)
    with tenancy.tenant(owner_id):
        account.refresh_from_db()
        assert account.state == "archived" if is_switched else account.derivatives_to_id == wallet_id


def meeting(
    fund: Fund, *, begins: Callable[[], object], other: Callable[[], object], ends: Callable[[], object] = lambda: None
) -> None:
    """One does what begins, waits for the other to wait, and does what ends, all in one transaction."""

    def alone() -> None:
        try:
            with tenancy.tenant(fund.owner.pk):
                other()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        with tenancy.tenant(fund.owner.pk):
            begins()
            met = pool.submit(alone)
            end = time.monotonic() + PATIENCE
            while not waits() and not met.done() and time.monotonic() < end:
                time.sleep(0.01)
            assert waits()
            ends()
        met.result(timeout=PATIENCE)


def waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")  # which lasts as long as the transaction
        cursor.execute(WAITING)
        return bool(cursor.fetchone()[0])
