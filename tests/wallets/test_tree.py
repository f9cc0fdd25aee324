"""The tree of wallets and its figures, from one query whatever its size."""

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from kit import clock, tenancy
from kit.users.models import User
from markets.models import Candle, Instrument, Ticker
from tests.wallets.books import fund, make_connection, ref
from tests.wallets.test_hierarchy import Tree, down, plant
from wallets import services
from wallets.hierarchy import tree as trees
from wallets.ledger import Leg, post
from wallets.models import Wallet


@pytest.fixture
def tree(as_owner: User) -> Tree:
    return plant(as_owner)


def market(symbol: str, price: str, yesterday: str | None = None) -> Instrument:
    base, quote = symbol.split("/")
    instrument = Instrument.objects.create(
        venue="simulated", symbol=symbol, base=base, quote=quote, tick_size=1, lot_size=1, is_simulated=True
    )
    Ticker.objects.create(instrument=instrument, price=Decimal(price), source="simulated")
    if yesterday:
        closed = clock.now() - timedelta(hours=24, minutes=5)
        close = float(yesterday)
        Candle.objects.create(
            instrument=instrument,
            timeframe="1h",
            ts=int((closed - timedelta(hours=1)).timestamp() * 1000),
            open=close,
            high=close,
            low=close,
            close=close,
            volume=1,
        )
    return instrument


def nodes(tree: Tree) -> dict[str, trees.WalletNode]:
    return {node.name: node for node in trees.wallet_tree(owner_id=tree.owner.pk)}


def test_it_stands_depth_first_with_siblings_by_age(tree: Tree) -> None:
    services.create_wallet(owner_id=tree.owner.pk, name="Second farm", role="farm", parent=tree.master)
    services.create_wallet(owner_id=tree.owner.pk, name="Second agent", role="agent", parent=tree.farm)
    assert [(node.name, node.depth) for node in trees.wallet_tree(owner_id=tree.owner.pk)] == [
        ("Master", 0), ("Farm", 1), ("Agent", 2), ("Second agent", 2), ("Second farm", 1),
    ]  # fmt: skip


def test_a_wallet_is_worth_what_it_and_everything_below_it_holds(tree: Tree) -> None:
    down(tree, tree.master, tree.farm, 400, "1")
    down(tree, tree.farm, tree.agent, 300, "2")
    found = nodes(tree)
    assert [(found[name].value, found[name].own_value) for name in ("Master", "Farm", "Agent")] == [
        (1000, 600), (400, 100), (300, 300),
    ]  # fmt: skip


def test_share_target_and_drift_are_fractions_of_the_master(tree: Tree) -> None:
    down(tree, tree.master, tree.farm, 300, "1")
    down(tree, tree.farm, tree.agent, 300, "2")
    agent = nodes(tree)["Agent"]
    assert (agent.share, agent.target, agent.drift) == (Decimal("0.3"), Decimal("0.2"), Decimal("0.1"))


def test_held_money_counts_as_value_but_is_not_free(tree: Tree) -> None:
    hold = Leg(ref(tree.master), ref(tree.master, kind="clearing"), Decimal(70), phase="pending")
    post(owner_id=tree.owner.pk, key="hold", kind="hold", legs=[hold])
    master = nodes(tree)["Master"]
    assert (master.value, master.held_value, master.free_value, master.free("USDT")) == (1000, 70, 930, 930)


def test_other_assets_are_priced_directly_turned_round_or_over_a_bridge(tree: Tree) -> None:
    market("BTC/USDT", "50000")
    market("USDT/EUR", "0.5")
    market("ETH/BTC", "0.05")
    for asset in ("BTC", "EUR", "ETH"):
        fund(tree.agent, 1, asset)
    prices = {holding.asset: holding.price for holding in nodes(tree)["Agent"].holdings}
    assert prices == {"BTC": 50000, "EUR": 2, "ETH": 2500}


def test_an_asset_is_priced_over_whatever_asset_it_has_a_market_with(tree: Tree) -> None:
    market("AAA/EUR", "10")
    market("EUR/USDT", "1.1")
    fund(tree.agent, 100, "AAA")
    assert nodes(tree)["Master"].value == 2100


def test_a_price_that_nobody_says_any_more_is_the_last_that_was_known(tree: Tree) -> None:
    market("BTC/USDT", "50000")
    fund(tree.agent, 1, "BTC")
    Ticker.objects.all().delete()
    found = nodes(tree)["Agent"]
    assert (found.value, found.unpriced, found.holdings[0].is_carried) == (50000, (), True)


def test_a_child_counts_in_the_asset_of_its_master(tree: Tree) -> None:
    with pytest.raises(IntegrityError, match="wallet_base_is_the_parents"), transaction.atomic():
        Wallet.objects.filter(pk=tree.farm.pk).update(base_asset="EUR")


def test_what_has_no_price_is_named_and_not_counted(tree: Tree) -> None:
    fund(tree.agent, 5, "DOGE")
    found = nodes(tree)
    assert found["Agent"].holdings[0].value is None
    assert found["Master"].unpriced == found["Agent"].unpriced == ("DOGE",)
    assert found["Master"].value == 1000


def test_over_history_prices_come_from_closed_bars(tree: Tree) -> None:
    market("BTC/USDT", "50000", yesterday="40000")
    fund(tree.agent, 1, "BTC")
    with clock.at(clock.now() - timedelta(hours=2)):
        assert nodes(tree)["Agent"].value == 40000


def test_the_strictest_state_on_the_path_wins(tree: Tree) -> None:
    Wallet.objects.filter(pk=tree.farm.pk).update(trading_state="halted")
    Wallet.objects.filter(pk=tree.agent.pk).update(trading_state="reducing")
    found = nodes(tree)
    assert [found[name].state for name in ("Master", "Farm", "Agent")] == ["active", "halted", "halted"]


def grow(owner_id: UUID, master: Wallet, farms: range) -> None:
    """Each farm brings nineteen agents."""
    for farm_number in farms:
        farm = services.create_wallet(owner_id=owner_id, name=f"Farm {farm_number}", role="farm", parent=master)
        for number in range(19):
            agent = services.create_wallet(owner_id=owner_id, name=f"Agent {number}", role="agent", parent=farm)
            fund(agent, 10)


def test_two_hundred_wallets_take_one_query_as_twenty_do(as_owner: User) -> None:
    master = services.create_wallet(
        owner_id=as_owner.pk, name="Master", role="master", connection=make_connection(as_owner)
    )
    for farms, wallets in ((range(1), 21), (range(1, 10), 201)):
        grow(as_owner.pk, master, farms)
        with CaptureQueriesContext(connection) as queries:
            tree = trees.wallet_tree(owner_id=as_owner.pk)
        assert (len(queries), len(tree)) == (1, wallets)
    assert tree[0].value == 190 * 10


def test_another_owner_sees_an_empty_tree(tree: Tree, other_owner: User) -> None:
    assert trees.wallet_tree(owner_id=other_owner.pk) == ()
    with tenancy.tenant(other_owner.pk):
        assert trees.wallet_tree(owner_id=tree.owner.pk) == ()
