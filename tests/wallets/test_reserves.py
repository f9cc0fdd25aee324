"""A reserve keeps money that is brought home; a minimum balance is what stays in a wallet."""

from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from kit.audit.models import AuditEntry
from kit.errors import InvalidInputError
from kit.users.models import User
from tests.wallets.books import balance, make_connection
from tests.wallets.test_hierarchy import Tree, down, plant, up
from wallets import services
from wallets.ledger import verify
from wallets.models import Wallet


@pytest.fixture
def tree(as_owner: User) -> Tree:
    return plant(as_owner)


@pytest.fixture
def reserve(tree: Tree) -> Wallet:
    return services.create_wallet(owner_id=tree.owner.pk, name="Savings", role="reserve", parent=tree.master)


def test_money_goes_to_a_reserve_and_back_as_to_a_farm(tree: Tree, reserve: Wallet) -> None:
    down(tree, tree.master, reserve, 300)
    up(tree, reserve, tree.master, 120)
    assert (balance(tree.master), balance(reserve)) == (820, 180)
    assert verify(owner_id=tree.owner.pk).ok


@pytest.mark.parametrize("parent", [None, "farm", "agent"])
def test_a_reserve_stands_under_a_master(tree: Tree, parent: str | None) -> None:
    with pytest.raises(InvalidInputError, match="Choose a master wallet as the parent of a reserve"):
        services.create_wallet(
            owner_id=tree.owner.pk, name="Odd", role="reserve", parent=getattr(tree, parent) if parent else None
        )


@pytest.mark.parametrize("role", ["farm", "agent", "reserve"])
def test_nothing_stands_under_a_reserve(tree: Tree, reserve: Wallet, role: str) -> None:
    with pytest.raises(InvalidInputError, match="parent"):
        services.create_wallet(owner_id=tree.owner.pk, name="Odd", role=role, parent=reserve)


def test_a_reserve_has_no_target_and_no_connection_of_its_own(tree: Tree, reserve: Wallet) -> None:
    create = services.create_wallet
    with pytest.raises(InvalidInputError, match="A reserve has no target"):
        create(owner_id=tree.owner.pk, name="R", role="reserve", parent=tree.master, target_weight=Decimal("0.1"))
    with pytest.raises(InvalidInputError, match="at the connection of its master"):
        create(
            owner_id=tree.owner.pk, name="R", role="reserve", parent=tree.master,
            connection=make_connection(tree.owner, "Other"),
        )  # fmt: skip
    with pytest.raises(InvalidInputError, match="A reserve has no target"):
        services.update_wallet(
            owner_id=tree.owner.pk, wallet_id=reserve.pk, name="R", target_weight=Decimal(1), trading_state="active"
        )
    with pytest.raises(IntegrityError, match="wallet_reserve_has_no_target"), transaction.atomic():
        Wallet.objects.filter(pk=reserve.pk).update(target_weight=Decimal("0.5"))


def keep(tree: Tree, amount: str | None) -> Wallet:
    return services.update_wallet(
        owner_id=tree.owner.pk,
        wallet_id=tree.farm.pk,
        name="Farm",
        target_weight=Decimal("0.4"),
        trading_state="active",
        minimum_balance=None if amount is None else Decimal(amount),
    )


def test_a_minimum_balance_is_kept_until_it_is_changed_and_stands_in_the_log(tree: Tree) -> None:
    assert tree.farm.minimum_balance == 0
    assert keep(tree, "250.5").minimum_balance == Decimal("250.5")
    assert keep(tree, None).minimum_balance == Decimal("250.5")
    logged = AuditEntry.objects.filter(owner=tree.owner, action="Wallet changed").latest("pk")
    assert "250.5" in str(logged.after)


@pytest.mark.parametrize("amount", ["-0.01", "NaN", "Infinity", "1e20"])
def test_a_minimum_balance_that_is_none_is_refused(tree: Tree, amount: str) -> None:
    with pytest.raises(InvalidInputError, match="A minimum balance is zero or more"):
        keep(tree, amount)
    with pytest.raises(IntegrityError), transaction.atomic():
        Wallet.objects.filter(pk=tree.farm.pk).update(minimum_balance=Decimal(-1))
