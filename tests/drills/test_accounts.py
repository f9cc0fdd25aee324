"""What a drill counts as lost or doubled, asked of books in which that has happened."""

import os
from decimal import Decimal
from typing import cast

import psycopg
import pytest

from kit import tenancy
from kit.users.models import User
from moniqo.drills import accounts
from moniqo.drills.instance import Instance
from tests.conftest import address
from tests.trading.desk import Desk, make_desk
from wallets.models import DemoOrder, DemoTrade


class Here:
    """The test's own database in place of a scratch instance's."""

    def __init__(self, database: str) -> None:
        self._database = database

    def address(self, variable: str) -> str:
        return address(variable, self._database)


@pytest.fixture
def here(live_db: str) -> Instance:
    return cast("Instance", Here(live_db))


@pytest.fixture
def desk(live_db: str, owner: User) -> Desk:
    with tenancy.tenant(owner.pk):
        return make_desk(owner)


def test_what_was_filled_here_and_there_is_neither(here: Instance, desk: Desk) -> None:
    desk.execute(desk.place(key="api:one"))
    assert (accounts.lost(here, ["one"]), accounts.doubled(here, ["one"])) == (0, 0)
    assert (accounts.filled(here, ["one"]), accounts.expired(here, ["one"])) == (1, 0)


def test_what_was_never_sent_or_never_written_is_lost(here: Instance, desk: Desk) -> None:
    desk.place(key="api:one")
    assert accounts.lost(here, ["one", "none at all"]) == 2


def test_what_only_we_call_filled_is_lost(here: Instance, desk: Desk, live_db: str) -> None:
    order = desk.execute(desk.place(key="api:one"))
    with psycopg.connect(os.environ["MONIQO_TEST_ADMIN_URL"], dbname=live_db, autocommit=True) as admin:
        admin.execute("SET session_replication_role = replica")
        admin.execute("DELETE FROM wallets_demoorder WHERE client_order_id = %s", [order.client_order_id])
    assert accounts.lost(here, ["one"]) == 1


def test_what_the_venue_filled_twice_is_doubled(here: Instance, desk: Desk) -> None:
    order = desk.execute(desk.place(key="api:one"))
    with tenancy.tenant(desk.owner.pk):
        theirs = DemoOrder.objects.get(client_order_id=order.client_order_id)
        DemoTrade.objects.create(
            owner_id=desk.owner.pk,
            order=theirs,
            price=Decimal(1),
            quantity=Decimal("0.1"),
            fee=Decimal(0),
            fee_asset="USDT",
            liquidity="taker",
            created_at=theirs.created_at,
        )
    assert accounts.doubled(here, ["one"]) == 1
    assert accounts.lost(here, ["one"]) == 0
