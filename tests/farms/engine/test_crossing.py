"""Agents of one farm that want the opposite at one bar meet inside the farm; only the rest meets the venue."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from farms.models import Agent, AgentRun, Farm
from kit import tenancy
from kit.users.models import User
from tests.farms.conftest import Desk, hire
from tests.farms.engine.test_together import at_once, run_all, trade
from tests.farms.test_tasks import now_desk
from tests.programs import bearer
from tests.trading.desk import set_price, use_adapter
from trading.models import Fill, Order, Position
from trading.services import execute_order, set_limits
from wallets.ledger import verify
from wallets.models import Account, Wallet
from wallets.services import allocate, deposit
from wallets.venues.base import OrderReport, OrderRequest, VenueRejectedError
from wallets.venues.demo import account as demo
from wallets.venues.registry import open_venue

D = Decimal
# Rises and falls: who follows the trend leaves on the bar at which who buys dips enters.
FALL = [*[100.0] * 40, 101.0, 102.0, 103.0, 97.0]
DIPS = {"period": 5, "entry": 1.0, "leave": 0.0, "atr_period": 3}
HELD = D(1)  # by hand, of the market at 97: what the agent that leaves sells


class Interrupted(BaseException):
    """The process is gone: nobody catches this."""


@pytest.fixture
def desk(live_db: str, owner: User) -> Desk:
    """A farm that nets: its first agent holds and leaves on the bar that has closed, its second enters on it."""
    with tenancy.tenant(owner.pk):
        desk = now_desk(owner, closes=FALL)
        deposit(owner_id=owner.pk, wallet_id=desk.master.pk, amount=D(20_000), asset="USDT", key="more")
        hire(owner, desk.farm, desk.instrument, name="Dips", strategy="mean_reversion", parameters=DIPS)
        Farm.objects.update(nets=True)
    trade(desk, desk.agent, desk.instrument, key="by hand")
    set_price(desk.instrument, "97", bid=D("96.9"), ask=D("97.1"))
    return desk


def orders(desk: Desk) -> tuple[Order, Order]:
    """What the agents decided: the sale of the first and the buy of the second."""
    rows = Order.objects.filter(key__startswith="run:").select_related("wallet")
    return rows.get(side="sell"), rows.get(side="buy")


def books(desk: Desk) -> dict[str, Decimal]:
    """What the wallets have together, by asset."""
    found: dict[str, Decimal] = {}
    for asset, balance in Account.objects.filter(kind="wallet").values_list("asset", "balance"):
        found[asset] = found.get(asset, D(0)) + balance
    return found


def there(desk: Desk) -> dict[str, Decimal]:
    return {one.asset: one.total for one in open_venue(desk.master.connection).balances()}


def balance(agent: Agent, asset: str) -> Decimal:
    found: Decimal | None = (
        Account.objects.filter(wallet=agent.wallet_id, asset=asset, kind="wallet")
        .values_list("balance", flat=True)
        .first()
    )
    return found or D(0)


def dips() -> Agent:
    return Agent.objects.get(name="Dips")


def test_what_one_leaves_the_other_takes_at_mid_and_the_rest_goes_to_the_venue(desk: Desk, client: Client) -> None:
    with tenancy.tenant(desk.owner.pk):
        before, cash = books(desk), balance(desk.agent, "USDT")
    run_all(desk)
    with tenancy.tenant(desk.owner.pk):
        sell, buy = orders(desk)
        assert (sell.status, sell.filled_quantity, sell.crossed_quantity, sell.average_price) == (
            "filled",
            HELD,
            HELD,
            97,
        )
        assert (buy.status, buy.filled_quantity, buy.crossed_quantity, buy.average_price) == (
            "submitting",
            HELD,
            HELD,
            97,
        )
        assert buy.quantity > 20
        for order in (sell, buy):
            fill = order.fills.get()
            assert (fill.price, fill.quantity, fill.fee, fill.liquidity) == (97, HELD, 0, "internal")
        # Both books are right, and together they have what they had.
        assert books(desk) == before
        assert (balance(desk.agent, "TST"), balance(desk.agent, "USDT")) == (0, cash + 97 * HELD)
        assert balance(dips(), "TST") == HELD
        left, entered = Position.objects.order_by("opened_at", "pk")
        assert (left.wallet_id, left.exit_price, left.closed_at is None) == (desk.agent.wallet_id, 97, False)
        assert (entered.wallet_id, entered.quantity, entered.entry_price) == (dips().wallet_id, HELD, 97)
        assert (entered.exit_stop, entered.fees) == (buy.exit_stop, 0)
        assert there(desk) == books(desk)
        assert verify(owner_id=desk.owner.pk).ok
        assert [run.decision for run in AgentRun.objects.order_by("agent__created_at")] == ["exit", "enter"]
    done = execute_order(owner_id=desk.owner.pk, order_id=buy.pk)
    assert (done.status, done.filled_quantity) == ("filled", buy.quantity)
    with tenancy.tenant(desk.owner.pk):
        outside = done.fills.exclude(liquidity="internal").get()
        assert (outside.quantity, outside.liquidity) == (buy.quantity - HELD, "taker")
        entered.refresh_from_db()
        assert HELD * 97 + outside.quantity * outside.price == pytest.approx(
            entered.entry_quantity * entered.entry_price
        )
        assert there(desk) == books(desk)
        assert not Account.objects.filter(held__gt=0).exists()
        assert verify(owner_id=desk.owner.pk).ok
        with pytest.raises(IntegrityError), transaction.atomic():
            Order.objects.filter(pk=done.pk).update(crossed_quantity=0)
    assert_told(desk, client, sell, buy)


def assert_told(desk: Desk, client: Client, sell: Order, buy: Order) -> None:
    """Its page and programs say what happened."""
    client.force_login(desk.owner)
    page = client.get(reverse("trading:order", args=(sell.pk,))).content.decode()
    for words in ("Crossed inside the farm at mid 97", "sold to Dips, without a fee.", "1.000 crossed inside the farm"):
        assert words in page
    page = client.get(reverse("trading:order", args=(buy.pk,))).content.decode()
    assert "bought from One, without a fee. The rest goes to the venue." in page
    told = client.get(f"/api/v1/orders/{buy.pk}", headers=bearer(desk.owner, "read")).json()
    assert (told["crossed_quantity"], told["fills"][0]["liquidity"]) == ("1", "internal")


def nobody_nets(desk: Desk) -> None:
    Farm.objects.update(nets=False)


def nobody_buys(desk: Desk) -> None:
    set_limits(on=dips().wallet, allowed_symbols=["OTH/USDT"], maximum_notional=None)


@pytest.mark.parametrize(("forbid", "bought"), [(nobody_nets, "submitting"), (nobody_buys, "rejected")])
def test_without_the_policy_or_with_a_refusal_nothing_is_crossed(
    desk: Desk, forbid: Callable[[Desk], None], bought: str
) -> None:
    with tenancy.tenant(desk.owner.pk):
        forbid(desk)
    run_all(desk)
    with tenancy.tenant(desk.owner.pk):
        sell, buy = orders(desk)
        assert (sell.status, sell.crossed_quantity, buy.status, buy.crossed_quantity) == ("submitting", 0, bought, 0)
        assert Fill.objects.count() == 1


def test_a_process_that_dies_while_it_crosses_leaves_nothing_and_the_next_does_all(desk: Desk) -> None:
    """At every eighth statement from the first order on."""
    for last in range(0, 80, 8):
        counted = 0

        def hook(execute: Callable[..., Any], sql: str, *call: Any, last: int = last) -> Any:
            nonlocal counted
            if counted or 'INSERT INTO "trading_order"' in sql:
                counted += 1
            if counted > last:
                raise Interrupted
            return execute(sql, *call)

        with connection.execute_wrapper(hook):
            try:
                run_all(desk)
            except Interrupted:
                pass
            else:
                break
        with tenancy.tenant(desk.owner.pk):
            assert (AgentRun.objects.count(), Order.objects.count(), Fill.objects.count()) == (0, 1, 1)
    else:
        pytest.fail("It was never done.")
    assert last > 16
    assert_crossed_once(desk)


def test_two_workers_at_once_cross_once_while_money_moves_between_their_wallets(desk: Desk) -> None:
    def split() -> None:
        """One posting of several wallets, again and again."""
        for number in range(5):
            place = {"source_id": desk.master.pk, "target_id": desk.farm.wallet_id, "asset": "USDT", "split": True}
            with tenancy.tenant(desk.owner.pk):
                allocate(owner_id=desk.owner.pk, amount=D(10), key=f"split {number}", **place)

    with tenancy.tenant(desk.owner.pk):
        Wallet.objects.filter(agent__isnull=False).update(target_weight=D("0.4"))
    at_once(lambda: run_all(desk), split, lambda: run_all(desk))
    assert_crossed_once(desk)
    with connection.cursor() as cursor:
        cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        assert cursor.fetchone() == (0,)


def assert_crossed_once(desk: Desk) -> None:
    with tenancy.tenant(desk.owner.pk):
        assert Fill.objects.filter(liquidity="internal").count() == 2
        assert AgentRun.objects.count() == 2
        assert set(Agent.objects.values_list("failures", flat=True)) == {0}
        assert verify(owner_id=desk.owner.pk).ok


class Refusing:
    """A venue that takes no order."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def submit(self, request: OrderRequest) -> OrderReport:
        raise VenueRejectedError("The market is closed.", reason="closed")


def test_a_rest_that_the_venue_rejects_ends_the_order_with_what_was_crossed(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_all(desk)
    with tenancy.tenant(desk.owner.pk):
        _, buy = orders(desk)
    use_adapter(monkeypatch, lambda connection: Refusing(demo.open_demo_venue(connection)))
    done = execute_order(owner_id=desk.owner.pk, order_id=buy.pk)
    assert (done.status, done.filled_quantity, done.hold) == ("cancelled", HELD, None)
    with tenancy.tenant(desk.owner.pk):
        assert Position.objects.get(wallet=dips().wallet_id).quantity == HELD
        assert not Account.objects.filter(held__gt=0).exists()
        assert verify(owner_id=desk.owner.pk).ok
