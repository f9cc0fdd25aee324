"""Wallets from master to agent, and money that moves along the tree once and only where it may."""

from dataclasses import dataclass
from decimal import Decimal

import pytest

from kit import tenancy
from kit.errors import ConflictError, InvalidInputError, NotFoundError
from kit.users.models import User
from tests.wallets.books import balance, held, make_connection, ref
from wallets import services
from wallets.ledger import IdempotencyConflictError, InsufficientFundsError, Leg, post, verify
from wallets.models import DemoBalance, FundAllocation, Wallet


@dataclass
class Tree:
    owner: User
    master: Wallet
    farm: Wallet
    agent: Wallet


def plant(owner: User) -> Tree:
    """A master with 1,000 USDT, a farm under it, an agent under that."""
    create = services.create_wallet
    master = create(owner_id=owner.pk, name="Master", role="master", connection=make_connection(owner))
    farm = create(owner_id=owner.pk, name="Farm", role="farm", parent=master, target_weight=Decimal("0.4"))
    agent = create(owner_id=owner.pk, name="Agent", role="agent", parent=farm, target_weight=Decimal("0.5"))
    services.deposit(owner_id=owner.pk, wallet_id=master.pk, amount=Decimal(1000), asset="USDT", key="start")
    return Tree(owner, master, farm, agent)


@pytest.fixture
def tree(as_owner: User) -> Tree:
    return plant(as_owner)


def down(tree: Tree, source: Wallet, target: Wallet, amount: str | int, key: str = "down") -> FundAllocation:
    return services.allocate(
        owner_id=tree.owner.pk, source_id=source.pk, target_id=target.pk, asset="USDT", amount=Decimal(amount), key=key
    )


def up(tree: Tree, source: Wallet, target: Wallet, amount: str | int, key: str = "up") -> FundAllocation:
    return services.collect(
        owner_id=tree.owner.pk, source_id=source.pk, target_id=target.pk, asset="USDT", amount=Decimal(amount), key=key
    )


def test_children_share_their_masters_connection_and_base_asset(tree: Tree) -> None:
    assert tree.agent.connection == tree.farm.connection == tree.master.connection
    assert tree.agent.base_asset == "USDT"


@pytest.mark.parametrize(
    ("role", "parent"),
    [("master", "master"), ("farm", None), ("farm", "farm"), ("agent", "master"), ("agent", "agent"), ("agent", None)],
)
def test_a_wallet_stands_only_where_its_role_belongs(tree: Tree, role: str, parent: str | None) -> None:
    with pytest.raises(InvalidInputError, match="parent"):
        services.create_wallet(
            owner_id=tree.owner.pk, name="Odd", role=role, parent=getattr(tree, parent) if parent else None
        )


def test_a_name_is_used_once_under_one_parent(tree: Tree) -> None:
    with pytest.raises(ConflictError, match="Choose another name"):
        services.create_wallet(owner_id=tree.owner.pk, name="Farm", role="farm", parent=tree.master)
    with pytest.raises(ConflictError, match="Choose another name"):
        services.create_wallet(owner_id=tree.owner.pk, name="Master", role="master", connection=tree.master.connection)


@pytest.mark.parametrize("weight", ["-0.1", "1.01", "NaN"])
def test_a_target_is_a_fraction(tree: Tree, weight: str) -> None:
    with pytest.raises(InvalidInputError, match="between 0 and 100"):
        services.create_wallet(
            owner_id=tree.owner.pk, name="W", role="farm", parent=tree.master, target_weight=Decimal(weight)
        )


def test_a_deposit_reaches_the_demo_exchange_and_the_books_alike(tree: Tree) -> None:
    assert balance(tree.master) == 1000
    assert DemoBalance.objects.get(connection=tree.master.connection, asset="USDT").total == 1000


def test_the_same_deposit_again_changes_nothing(tree: Tree) -> None:
    again = services.deposit(
        owner_id=tree.owner.pk, wallet_id=tree.master.pk, amount=Decimal(1000), asset="USDT", key="start"
    )
    assert again == FundAllocation.objects.get(kind="deposit")
    assert balance(tree.master) == DemoBalance.objects.get().total == 1000


def test_money_goes_down_and_comes_back_up(tree: Tree) -> None:
    down(tree, tree.master, tree.farm, 400, "1")
    down(tree, tree.farm, tree.agent, 300, "2")
    up(tree, tree.agent, tree.farm, 50, "3")
    up(tree, tree.farm, tree.master, 150, "4")
    assert [balance(wallet) for wallet in (tree.master, tree.farm, tree.agent)] == [750, 0, 250]
    assert verify(owner_id=tree.owner.pk).ok
    assert [row.kind for row in FundAllocation.objects.order_by("created_at")] == [
        "deposit", "allocate", "allocate", "collect", "collect",
    ]  # fmt: skip


def test_money_moves_one_direct_step_at_a_time(tree: Tree) -> None:
    with pytest.raises(InvalidInputError, match="not the parent"):
        down(tree, tree.master, tree.agent, 1)
    with pytest.raises(InvalidInputError, match="not the parent"):
        down(tree, tree.farm, tree.master, 1)
    with pytest.raises(InvalidInputError, match="not the parent"):
        up(tree, tree.master, tree.farm, 1)


def test_money_does_not_move_between_connections(tree: Tree) -> None:
    apart = services.create_wallet(
        owner_id=tree.owner.pk,
        name="Apart",
        role="farm",
        parent=tree.master,
        connection=make_connection(tree.owner, "Second"),
    )
    with pytest.raises(InvalidInputError, match="different connections"):
        down(tree, tree.master, apart, 1)


def test_a_key_does_a_thing_once_and_only_that_thing(tree: Tree) -> None:
    first = down(tree, tree.master, tree.farm, 100, "key")
    assert down(tree, tree.master, tree.farm, 100, "key") == first
    with pytest.raises(IdempotencyConflictError):
        down(tree, tree.master, tree.farm, 101, "key")
    assert balance(tree.farm) == 100


def test_held_money_is_not_collected(tree: Tree) -> None:
    down(tree, tree.master, tree.farm, 100)
    hold = Leg(ref(tree.farm), ref(tree.farm, kind="clearing"), Decimal(70), phase="pending")
    post(owner_id=tree.owner.pk, key="hold", kind="hold", legs=[hold])
    with pytest.raises(InsufficientFundsError, match=r"Only 30\.00\sUSDT is free"):
        up(tree, tree.farm, tree.master, 31)
    up(tree, tree.farm, tree.master, 30, "rest")
    assert (balance(tree.farm), held(tree.farm)) == (70, 70)


def test_a_preview_tells_both_sides_and_changes_nothing(tree: Tree) -> None:
    preview = services.preview_allocate(
        owner_id=tree.owner.pk,
        source_id=tree.master.pk,
        target_id=tree.farm.pk,
        asset="USDT",
        amount=Decimal(1000),
    )
    assert preview.source is not None
    assert (preview.source.balance_before, preview.source.balance_after) == (1000, 0)
    assert (preview.target.balance_before, preview.target.balance_after) == (0, 1000)
    assert preview.warnings == ("Master keeps no free money.",)
    assert balance(tree.master) == 1000


def test_a_preview_refuses_what_the_act_would_refuse(tree: Tree) -> None:
    ask = {"owner_id": tree.owner.pk, "asset": "USDT"}
    with pytest.raises(InsufficientFundsError):
        services.preview_allocate(source_id=tree.master.pk, target_id=tree.farm.pk, amount=Decimal(1001), **ask)
    with pytest.raises(InvalidInputError, match="above zero"):
        services.preview_collect(source_id=tree.farm.pk, target_id=tree.master.pk, amount=Decimal(0), **ask)
    with pytest.raises(InvalidInputError, match="master"):
        services.preview_deposit(wallet_id=tree.farm.pk, amount=Decimal(1), **ask)


def test_settings_change_name_target_and_state(tree: Tree) -> None:
    services.update_wallet(
        owner_id=tree.owner.pk,
        wallet_id=tree.farm.pk,
        name="Renamed",
        target_weight=Decimal("0.25"),
        trading_state="halted",
    )
    tree.farm.refresh_from_db()
    assert (tree.farm.name, tree.farm.target_weight, tree.farm.trading_state) == ("Renamed", Decimal("0.25"), "halted")


def test_another_owners_wallets_do_not_exist(owner: User, other_owner: User) -> None:
    with tenancy.tenant(owner.pk):
        tree = plant(owner)
    tree.owner = other_owner
    with tenancy.tenant(other_owner.pk):
        for act in (
            lambda: down(tree, tree.master, tree.farm, 1),
            lambda: up(tree, tree.farm, tree.master, 1),
            lambda: services.deposit(
                owner_id=other_owner.pk, wallet_id=tree.master.pk, amount=Decimal(1), asset="USDT", key="k"
            ),
            lambda: services.create_wallet(owner_id=other_owner.pk, name="X", role="farm", parent=tree.master),
        ):
            with pytest.raises(NotFoundError):
                act()


@pytest.mark.parametrize("asset", ["", "us dt", "<b>", "usdt"])
def test_a_master_counts_in_an_asset_that_can_be_named(tree: Tree, asset: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        services.create_wallet(
            owner_id=tree.owner.pk, name="Odd", role="master", connection=tree.master.connection, base_asset=asset
        )
    assert set(refused.value.fields) == {"base_asset"}
