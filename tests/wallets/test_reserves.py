"""A reserve keeps money that is brought home; a minimum balance is what stays in a wallet."""

from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from kit.audit.models import AuditEntry
from kit.errors import InvalidInputError
from kit.users.models import User
from tests.wallets.books import balance, make_connection
from tests.wallets.test_hierarchy import Tree, down, plant, up
from tests.wallets.test_pages import text
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


# --- pages and API --------------------------------------------------------------------------------------------------


@pytest.fixture
def browser(tree: Tree, client: Client) -> Client:
    client.force_login(tree.owner)
    return client


def test_a_reserve_is_made_on_a_page_of_its_master_and_shown_with_what_it_keeps(browser: Client, tree: Tree) -> None:
    new = f"{reverse('wallets:create')}?under={tree.master.pk}"
    assert f'href="{new}"' in browser.get(reverse("wallets:tree"), {"wallet": tree.master.pk}).content.decode()
    assert f'href="?under={tree.master.pk}"' in browser.get(reverse("wallets:create")).content.decode()
    assert "New reserve under Master" in browser.get(new).content.decode()
    assert browser.post(new, {"name": " "}).status_code == 422
    assert browser.post(new, {"name": "Farm"}).status_code == 422  # the name is taken under this master
    answer = browser.post(new, {"name": "Savings"})
    made = Wallet.objects.get(role="reserve")
    assert (made.name, made.parent, made.connection_id) == ("Savings", tree.master, tree.master.connection_id)
    assert answer["Location"] == f"{reverse('wallets:tree')}?wallet={made.pk}&tab=allocate"
    down(tree, tree.master, made, 250)
    page = browser.get(answer["Location"]).content.decode()
    assert "$250.00" in text(browser.get(answer["Location"]))
    assert page.count("Savings") > 3  # in the flow, the tree and the inspector
    own = browser.get(reverse("wallets:wallet", args=[made.pk])).content.decode()
    assert "Nothing is traded from a reserve." in own
    assert reverse("trading:limits", args=[made.pk]) not in own
    assert reverse("farms:of-wallet", args=[made.pk]) not in page + own


@pytest.mark.parametrize("under", ["farm", "agent"])
def test_no_page_makes_one_elsewhere(browser: Client, tree: Tree, other_owner: User, under: str) -> None:
    answer = browser.post(f"{reverse('wallets:create')}?under={getattr(tree, under).pk}", {"name": "Odd"})
    assert answer.status_code == 422
    assert "Choose a master wallet" in answer.content.decode()
    browser.force_login(other_owner)
    assert browser.post(f"{reverse('wallets:create')}?under={tree.master.pk}", {"name": "Odd"}).status_code == 404
    assert not Wallet.objects.filter(name="Odd").exists()


def test_a_reserve_is_renamed_and_has_neither_target_nor_trading_state(
    browser: Client, tree: Tree, reserve: Wallet
) -> None:
    Wallet.objects.filter(pk=tree.master.pk).update(trading_state="halted")
    place = {"wallet": reserve.pk, "tab": "settings"}
    page = browser.get(reverse("wallets:tree"), place)
    assert set(page.context["form"].fields) == {"name", "minimum_balance", "maximum_balance"}
    assert page.context["selected"].state.words == "Empty"
    sent = {"name": "Rainy days", "minimum_balance": "100", "trading_state": "halted"}
    assert browser.post(reverse("wallets:settings", args=[reserve.pk]), sent).status_code == 302
    reserve.refresh_from_db()
    assert (reserve.name, reserve.minimum_balance, reserve.trading_state) == ("Rainy days", 100, "active")


def test_a_minimum_balance_is_set_on_the_page_and_hidden_with_the_amounts(browser: Client, tree: Tree) -> None:
    address, place = reverse("wallets:settings", args=[tree.farm.pk]), {"wallet": tree.farm.pk, "tab": "settings"}
    sent = {"name": "Farm", "target_percent": "40", "minimum_balance": "1,234.50", "trading_state": "active"}
    assert browser.post(address, sent).status_code == 302
    tree.farm.refresh_from_db()
    assert tree.farm.minimum_balance == Decimal("1234.5")
    assert 'name="minimum_balance" value="1234.5"' in browser.get(reverse("wallets:tree"), place).content.decode()
    assert browser.post(address, sent | {"minimum_balance": "-1"}).status_code == 422
    tree.owner.privacy = True
    tree.owner.save()
    page = browser.get(reverse("wallets:tree"), place).content.decode()
    own = browser.get(reverse("wallets:wallet", args=[tree.farm.pk])).content.decode()
    assert "1,234" not in page + own
    assert "1234.5" not in page + own
    assert "Show amounts to read or change the minimum balance." in page
    assert browser.post(address, sent | {"minimum_balance": "5"}).status_code == 302
    tree.farm.refresh_from_db()
    assert tree.farm.minimum_balance == Decimal("1234.5"), "what is not shown is not changed"


def test_a_movement_by_hand_below_the_minimum_is_warned_of_and_done(browser: Client, tree: Tree) -> None:
    down(tree, tree.master, tree.farm, 300)
    keep(tree, "200")

    def warned(amount: str) -> list[str]:
        answer = browser.post(
            f"/api/v1/wallets/{tree.farm.pk}/collect/preview", {"asset": "USDT", "amount": amount},
            content_type="application/json", headers={"X-CSRFToken": "x"},
        )  # fmt: skip
        return answer.json()["warnings"]  # type: ignore[no-any-return]

    assert warned("100") == []
    assert warned("100.01") == ["Farm keeps less than its minimum balance."]
    up(tree, tree.farm, tree.master, 250)
    assert balance(tree.farm) == 50


def test_programs_make_a_reserve_and_change_what_a_wallet_keeps(browser: Client, tree: Tree) -> None:
    def ask(method: str, path: str, body: dict[str, object]) -> tuple[int, dict[str, object]]:
        answer = getattr(browser, method)(f"/api/v1/wallets{path}", body, content_type="application/json")
        return answer.status_code, answer.json()

    master = str(tree.master.pk)
    status, made = ask("post", "", {"name": "Savings", "role": "reserve", "parent_id": master})
    assert (status, made["role"], made["parent_id"], made["minimum_balance"]) == (201, "reserve", master, "0")
    assert (made["state"], made["state_words"]) == ("active", "Empty")
    for body in (
        {"name": "R", "role": "reserve"},
        {"name": "R", "role": "reserve", "parent_id": str(tree.farm.pk)},
        {"name": "R", "role": "reserve", "parent_id": master, "base_asset": "EUR"},
        {
            "name": "R",
            "role": "reserve",
            "parent_id": master,
            "connection_id": str(make_connection(tree.owner, "B").pk),
        },
        {"name": "R", "parent_id": master},
        {"name": "R"},
    ):
        assert ask("post", "", body)[0] == 422, body
    path = f"/{made['id']}"
    assert ask("patch", path, {"minimum_balance": "12.5"})[1]["minimum_balance"] == "12.5"
    assert ask("patch", path, {"name": "Rainy days"})[1]["minimum_balance"] == "12.5"
    for wrong in ({"minimum_balance": "-1"}, {"minimum_balance": None}, {"target_weight": "0.5"}):
        assert ask("patch", path, wrong)[0] == 422, wrong


def test_a_reserve_is_a_bar_of_one_part(tree: Tree, reserve: Wallet, client: Client) -> None:
    down(tree, tree.master, reserve, 300)
    client.force_login(tree.owner)
    branches = client.get(reverse("wallets:tree")).context["branches"]
    (bar,) = (branch for branch in branches if branch.node.id == reserve.pk)
    assert bar.segments == (bar.node.share,)
