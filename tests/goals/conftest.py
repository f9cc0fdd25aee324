"""A fund that really trades, in a database where commits are real: what a goal counts has to be committed.

Every test has an owner of its own in one database of the module.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection

from goals import services
from goals.models import Goal
from kit import clock, tenancy
from tests.conftest import WORKER, cloned_database, make_user
from tests.trading.desk import Desk, make_desk, set_price
from wallets.models import Account, Wallet
from wallets.services import create_wallet

D = Decimal
PATIENCE = 2.0  # seconds; some tests hold a transaction open on purpose


@dataclass
class Ground:
    """The owner's desk (fund, a farm, an agent with 100,000 USDT) and the goals that are set on it."""

    desk: Desk

    @property
    def owner_id(self) -> UUID:
        return self.desk.owner.pk

    def tenant(self) -> AbstractContextManager[None]:
        return tenancy.tenant(self.owner_id)

    def round_trip(self, *, bought: str = "100", sold: str = "110", quantity: str = "1") -> None:
        """Buy and sell at these prices; fees are 0.1 % of each."""
        set_price(self.desk.instrument, bought)
        self.desk.trade("buy", quantity)
        set_price(self.desk.instrument, sold)
        self.desk.trade("sell", quantity, reduce_only=True)

    def goal(self, kind: str = "trade_volume", target: Any = 3, **given: Any) -> Goal:
        usual = {"name": "A goal", "scope": [self.desk.farm.pk], "ends_at": clock.now() + timedelta(days=10)}
        with self.tenant():
            return services.create(owner_id=self.owner_id, kind=kind, target=target, **{**usual, **given})

    def update(self) -> list[UUID]:
        """Count what there is."""
        self.settle()
        with self.tenant():
            return services.update(owner_id=self.owner_id)

    def settle(self) -> None:
        """Wait until nobody who has just ended in another database is taken for a writer of this one."""
        end = time.monotonic() + PATIENCE
        while self._waits() and time.monotonic() < end:
            time.sleep(0.02)

    def _waits(self) -> bool:
        with self.tenant(), connection.cursor() as cursor:
            cursor.execute("SELECT EXISTS (SELECT FROM trading_fill WHERE written >= oldest_running())")
            return bool(cursor.fetchone()[0])

    def carry_out(self, goal: Goal) -> bool:
        with self.tenant():
            return services.carry_out(owner_id=self.owner_id, goal_id=goal.pk)

    def fresh(self, goal: Goal) -> Goal:
        with self.tenant():
            return Goal.objects.get(pk=goal.pk)

    def wallet(self, name: str, role: str, parent: Wallet) -> Wallet:
        with self.tenant():
            return create_wallet(owner_id=self.owner_id, name=name, role=role, parent=parent)

    def balance(self, wallet: Wallet, asset: str = "USDT") -> Decimal:
        with self.tenant():
            account = Account.objects.filter(wallet=wallet, asset=asset, kind="wallet").first()
            return account.balance if account else D(0)


@pytest.fixture(scope="module")
def goals_db(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    with django_db_blocker.unblock(), cloned_database(f"moniqo_{WORKER}_goals_{uuid4().hex[:6]}"):
        yield


@pytest.fixture
def make_ground(goals_db: None) -> Callable[[], Ground]:
    """For tests that need many, each with an owner of its own."""
    return lambda: Ground(make_desk(make_user(f"{uuid4().hex}@example.com")))


@pytest.fixture
def ground(make_ground: Callable[[], Ground]) -> Ground:
    return make_ground()
