"""Operators read the books of everybody and change nothing in them."""

import pytest
from django.test import Client
from django.urls import reverse

from kit import tenancy
from kit.users.models import User
from tests.wallets.test_hierarchy import Tree, plant
from wallets.models import Account, Entry, FundAllocation, Hold, Posting, Transfer, Wallet

BOOKS = (Account, Posting, Transfer, Entry, Hold, FundAllocation)


@pytest.fixture
def tree(live_db: str, owner: User) -> Tree:
    with tenancy.tenant(owner.pk):
        return plant(owner)


@pytest.fixture
def desk(live_db: str, operator: User, client: Client) -> Client:
    client.force_login(operator)
    return client


@pytest.mark.parametrize("model", [Wallet, *BOOKS])
def test_lists_show_every_owners_rows_and_can_be_searched(desk: Client, tree: Tree, model: type[Wallet]) -> None:
    name = model._meta.model_name
    for query in ("", "?q=owner@example.com"):
        answer = desk.get(reverse(f"admin:wallets_{name}_changelist") + query)
        assert answer.status_code == 200
        assert ("owner@example.com" in answer.content.decode()) is (model is not Hold or bool(query))


@pytest.mark.parametrize("model", BOOKS)
def test_the_books_are_read_only(desk: Client, tree: Tree, model: type[Wallet]) -> None:
    name = model._meta.model_name
    assert desk.get(reverse(f"admin:wallets_{name}_add")).status_code == 403
    with tenancy.system():
        row = model.objects.first()
    if row is None:
        return
    page = reverse(f"admin:wallets_{name}_change", args=(row.pk,))
    assert desk.get(page).status_code == 200
    assert desk.post(page, {"amount": "1000"}).status_code == 403
    assert desk.post(reverse(f"admin:wallets_{name}_delete", args=(row.pk,)), {"post": "yes"}).status_code == 403


def test_an_operator_may_halt_a_wallet_and_not_move_it(desk: Client, tree: Tree) -> None:
    page = reverse("admin:wallets_wallet_change", args=(tree.farm.pk,))
    accounts = {"accounts-TOTAL_FORMS": "0", "accounts-INITIAL_FORMS": "0"}
    form = {"name": "Farm", "target_weight": "0.4", "trading_state": "halted", "role": "master", **accounts}
    assert desk.post(page, form).status_code == 302
    with tenancy.system():
        farm = Wallet.objects.get(pk=tree.farm.pk)
    assert (farm.trading_state, farm.role, farm.parent_id) == ("halted", "farm", tree.master.pk)
