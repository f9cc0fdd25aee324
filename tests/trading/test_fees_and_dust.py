"""Fees in any asset are posted with their trade, and dust never keeps an agent from trading.

Real ccxt over real HTTP against a simulated exchange.
"""

from collections.abc import Iterator
from decimal import Decimal

import pytest
import stamina

from kit.alerts.models import Alert
from kit.users.models import User
from tests.simulators.account import Account
from tests.simulators.server import Exchanges
from tests.trading.desk import Desk, assert_books_prove_themselves
from tests.trading.exchange_desk import desk_at
from tests.wallets.books import balance, fund
from trading import services
from trading.models import Fill, Position
from trading.orders.sending import look_up
from wallets.models import Posting, Reconciliation, SyncRun, Wallet
from wallets.sync.runs import sync_connection
from wallets.venues.registry import open_venue

D = Decimal


@pytest.fixture(autouse=True)
def _without_waiting() -> Iterator[None]:
    with stamina.set_testing(True, attempts=1):
        yield


@pytest.fixture
def desk(as_owner: User, exchanges: Exchanges) -> Desk:
    """An agent at Binance, which takes its fee from what is bought."""
    return desk_at(exchanges, as_owner, "binance")


@pytest.fixture
def account(desk: Desk, exchanges: Exchanges) -> Account:
    return exchanges.wires["binance"].account


def nothing_is_unexplained(desk: Desk) -> bool:
    run = sync_connection(owner_id=desk.owner.pk, connection_id=desk.connection.pk)
    assert_books_prove_themselves(desk)
    rows = Reconciliation.objects.filter(run=run)
    return run.status == SyncRun.Status.OK and not any(row.drift or row.suspense for row in rows)


def pay_in_bnb(account: Account, amount: str) -> None:
    account.pays_fees_in = ("BNB", D(500))
    account.deposit("BNB", amount)


def test_a_fee_in_the_exchanges_own_coin_is_paid_by_the_wallet_that_has_it(desk: Desk, account: Account) -> None:
    fund(desk.wallet, "1", "BNB")
    pay_in_bnb(account, "1")
    order = desk.trade("buy", "0.5")
    fill = Fill.objects.get()
    assert (order.status, fill.fee_asset, fill.fee) == ("filled", "BNB", account.orders[0].fills[0].fee)
    assert desk.balance("BNB") == account.total("BNB") == 1 - fill.fee
    assert (desk.balance("BTC"), desk.balance("BNB", "fees")) == (D("0.5"), fill.fee)
    assert fill.posting.transfers.filter(asset="BNB").count() == 1, "in the posting of the trade"
    assert nothing_is_unexplained(desk)


@pytest.mark.parametrize("who", ["master", "farm", "unassigned"])
def test_where_the_wallet_has_none_of_the_coin_the_nearest_one_that_has_it_pays(
    desk: Desk, account: Account, who: str
) -> None:
    pay_in_bnb(account, "1")
    if who != "unassigned":
        fund(getattr(desk, who), "1", "BNB")
    sync_connection(owner_id=desk.owner.pk, connection_id=desk.connection.pk)
    order = desk.trade("buy", "0.5")
    sold = desk.trade("sell", "0.25")
    payer = Wallet.objects.get(role="unassigned") if who == "unassigned" else getattr(desk, who)
    paid = sum(fill.fee for fill in Fill.objects.all())
    assert (desk.balance("BNB"), balance(payer, "BNB")) == (0, 1 - paid)
    assert (order.fills.count(), sold.fills.count()) == (1, 1)
    kind = "claim" if who == "unassigned" else "allocate"
    assert Posting.objects.filter(kind=kind, key__startswith="fee:").count() == 2, "a flow, and nobody's profit"
    assert f"came from {payer.name}" in " ".join(event.detail.exact for event in order.events.all())
    assert not Alert.objects.filter(kind="order").exists()
    assert nothing_is_unexplained(desk)


def test_a_coin_that_no_wallet_has_is_missing_in_suspense_and_a_person_is_told(desk: Desk, account: Account) -> None:
    account.pays_fees_in = ("BNB", D(500))
    order = desk.trade("buy", "0.5")
    fee = Fill.objects.get().fee
    assert (order.status, desk.balance("BNB", "suspense")) == ("filled", -fee)
    assert (desk.balance("BTC"), desk.balance("BTC", "suspense")) == (D("0.5"), 0)
    assert "more than the wallet had" in str(Alert.objects.get(kind="order"))
    assert_books_prove_themselves(desk)


def test_an_answer_that_is_recorded_again_pays_no_fee_again(desk: Desk, account: Account) -> None:
    fund(desk.master, "1", "BNB")
    pay_in_bnb(account, "1")
    order = desk.trade("buy", "0.5")
    before = (Posting.objects.count(), balance(desk.master, "BNB"))
    report = look_up(order, open_venue(desk.connection))
    assert report is not None
    for _ in range(2):
        services.record_report(owner_id=desk.owner.pk, order_id=order.pk, report=report)
    assert (Posting.objects.count(), balance(desk.master, "BNB")) == before


def test_dust_of_many_round_trips_never_keeps_an_agent_from_trading(desk: Desk) -> None:
    """A buy of 0.01 brings 0.00999 and sells 0.0099: after two of them what is left would have been a lot."""
    for _ in range(12):
        bought = desk.trade("buy", "0.01")
        assert bought.status == "filled", bought.refusal.exact
        position = Position.objects.get(closed_at=None)
        lots = position.quantity // D("0.0001") * D("0.0001")
        sold = desk.trade("sell", str(lots))
        assert (sold.status, Position.objects.filter(closed_at=None).count()) == ("filled", 0), sold.refusal.exact
        assert 0 <= desk.balance("BTC") < D("0.0001")
    assert nothing_is_unexplained(desk)


def test_dust_is_free_and_its_order_says_so(desk: Desk) -> None:
    desk.trade("buy", "0.01")
    sold = desk.trade("sell", "0.0099")
    assert (desk.balance("BTC"), desk.held("BTC")) == (D("0.00009"), 0)
    told = " ".join(event.detail.exact for event in sold.events.all())
    assert "0.00009 BTC is less than a lot" in told
    desk.trade("buy", "0.01")
    position = Position.objects.get(closed_at=None)
    assert position.quantity == D("0.00999") + D("0.00009") == desk.balance("BTC")
    assert nothing_is_unexplained(desk)


def test_after_a_lost_answer_the_venue_is_asked_by_client_id_before_anything_else(
    desk: Desk, exchanges: Exchanges
) -> None:
    exchanges.fail("/api/v3/order", "cut_after", method="POST")
    start = len(exchanges.asked)
    order = desk.trade("buy", "0.5")
    asked = [one for one in exchanges.asked[start:] if one.endswith(("/order", "/myTrades", "/openOrders"))]
    assert asked == [
        "GET /api/v3/order", "POST /api/v3/order", "GET /api/v3/order", "GET /api/v3/myTrades",
    ], "looked up, sent, looked up, and its trades"  # fmt: skip
    assert [event.to_status for event in order.events.all()] == ["submitting", "uncertain", "filled"]
