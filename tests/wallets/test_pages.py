"""The wallet pages: the tree, the inspector, one wallet, and money moved in three steps, with and without htmx."""

import re
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from kit import tenancy
from kit.users.models import User
from tests.wallets.books import balance, fund, make_connection
from tests.wallets.test_hierarchy import Tree, down, plant
from wallets import services
from wallets.models import FundAllocation, Wallet


@pytest.fixture
def tree(owner: User) -> Tree:
    with tenancy.tenant(owner.pk):
        tree = plant(owner)
        down(tree, tree.master, tree.farm, 400, "1")
        down(tree, tree.farm, tree.agent, 300, "2")
    return tree


@pytest.fixture
def browser(owner: User, client: Client) -> Client:
    client.force_login(owner)
    return client


def text(response: object) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", response.content.decode()))  # type: ignore[attr-defined]


def review(browser: Client, tree: Tree, action: str, wallet: Wallet, amount: str, **headers: str) -> dict[str, str]:
    """The hidden fields that the review asks to confirm."""
    answer = browser.get(
        reverse(f"wallets:{action}", args=(wallet.pk,)), {"asset": "USDT", "amount": amount}, headers=headers
    )
    assert answer.status_code == 200
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', answer.content.decode()))


def test_an_owner_without_wallets_is_told_what_to_do(browser: Client) -> None:
    answer = browser.get(reverse("wallets:tree"))
    assert "There is no wallet yet." in text(answer)


def test_the_tree_shows_every_wallet_with_value_share_and_drift(browser: Client, tree: Tree) -> None:
    shown = text(browser.get(reverse("wallets:tree")))
    for expected in ("Master", "$1,000.00", "Farm", "$400.00", "40.0 %", "Agent", "$300.00", "+10.0 pp", "1 of 1"):
        assert expected in shown.replace("\u202f", " "), expected


def test_the_queries_of_the_tree_do_not_grow_with_it(browser: Client, owner: User, tree: Tree) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert browser.get(reverse("wallets:tree")).status_code == 200
        return len(captured)

    few = queries()
    with tenancy.tenant(owner.pk):
        for number in range(30):
            wallet = services.create_wallet(owner_id=owner.pk, name=f"A {number}", role="agent", parent=tree.farm)
            fund(wallet, 10)
    assert queries() == few


def test_the_queries_of_a_wallet_do_not_grow_with_its_entries(browser: Client, owner: User, tree: Tree) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert browser.get(reverse("wallets:wallet", args=(tree.farm.pk,))).status_code == 200
        return len(captured)

    few = queries()
    with tenancy.tenant(owner.pk):
        for number in range(60):
            fund(tree.farm, 10 + number)
    assert queries() == few


def test_the_wallet_page_lists_entries_with_their_running_balance(browser: Client, tree: Tree) -> None:
    shown = text(browser.get(reverse("wallets:wallet", args=(tree.farm.pk,)))).replace("\xa0", " ")
    assert re.search(r"Allocate.*Agent.*−300\.00 USDT.*100\.00 USDT.*#2", shown)
    assert re.search(r"Allocate.*Master.*\+400\.00 USDT.*400\.00 USDT.*#1", shown)


@pytest.mark.parametrize(
    ("action", "wallet", "amount", "expected"),
    [
        ("deposit", "master", "50", (650, 100)),
        ("allocate", "farm", "150.5", (Decimal("449.5"), Decimal("250.5"))),
        ("collect", "farm", "100", (700, 0)),
    ],
)
def test_money_moves_after_review_and_confirmation(
    browser: Client, tree: Tree, owner: User, action: str, wallet: str, amount: str, expected: tuple[Decimal, Decimal]
) -> None:
    chosen = getattr(tree, wallet)
    hidden = review(browser, tree, action, chosen, amount)
    with tenancy.tenant(owner.pk):
        assert (balance(tree.master), balance(tree.farm)) == (600, 100)
    answer = browser.post(reverse(f"wallets:{action}", args=(chosen.pk,)), hidden, follow=True)
    assert answer.redirect_chain[0][1] == 302
    assert f"went{' from' if wallet == 'farm' else ' to'}" in text(answer)
    with tenancy.tenant(owner.pk):
        assert (balance(tree.master), balance(tree.farm)) == expected


def test_confirming_twice_moves_once(browser: Client, tree: Tree, owner: User) -> None:
    hidden = review(browser, tree, "allocate", tree.farm, "10")
    for _ in range(2):
        assert browser.post(reverse("wallets:allocate", args=(tree.farm.pk,)), hidden).status_code == 302
    with tenancy.tenant(owner.pk):
        assert balance(tree.farm) == 110


def test_htmx_gets_the_review_for_its_dialog_and_then_a_toast(browser: Client, tree: Tree) -> None:
    answer = browser.get(
        reverse("wallets:allocate", args=(tree.farm.pk,)),
        {"asset": "USDT", "amount": "10"},
        headers={"HX-Request": "true", "HX-Target": "dialog"},
    )
    assert b"<html" not in answer.content
    shown = text(answer).replace("\xa0", " ")
    assert re.search(r"Farm, free100\.00 USDT→110\.00 USDT", shown)
    assert "Allocate 10.00 USDT" in shown
    hidden = review(browser, tree, "allocate", tree.farm, "10", **{"HX-Request": "true"})
    done = browser.post(reverse("wallets:allocate", args=(tree.farm.pk,)), hidden, headers={"HX-Request": "true"})
    assert (done.status_code, done["HX-Retarget"]) == (200, "#transfer")
    assert {"live:wallets", "toast"} <= set(re.findall(r'"([a-z:]+)"', done["HX-Trigger"]))
    assert "dialog:close" in done["HX-Trigger-After-Settle"]


@pytest.mark.parametrize(
    ("amount", "said"),
    [("1000", "Only 600.00 USDT is free in Master"), ("0", "above zero"), ("ten", "Enter a number"), ("", "required")],
)
def test_a_wrong_amount_comes_back_with_the_form(browser: Client, tree: Tree, amount: str, said: str) -> None:
    for headers in ({}, {"HX-Request": "true", "HX-Target": "dialog"}):
        answer = browser.get(
            reverse("wallets:allocate", args=(tree.farm.pk,)), {"asset": "USDT", "amount": amount}, headers=headers
        )
        assert answer.status_code == (200 if headers else 422)  # a browser would write 422 into its console
        assert said in text(answer).replace("\xa0", " ")
        assert b'aria-invalid="true"' in answer.content
        assert (answer.get("HX-Retarget") == "#transfer") is bool(headers)


def test_a_refused_confirmation_moves_nothing(browser: Client, tree: Tree, owner: User) -> None:
    hidden = review(browser, tree, "collect", tree.farm, "100")
    with tenancy.tenant(owner.pk):
        down(tree, tree.farm, tree.agent, 50, "meanwhile")
    answer = browser.post(reverse("wallets:collect", args=(tree.farm.pk,)), hidden)
    assert answer.status_code == 422
    with tenancy.tenant(owner.pk):
        assert FundAllocation.objects.filter(kind="collect").count() == 0


def test_settings_are_stored_and_errors_named(browser: Client, tree: Tree, owner: User) -> None:
    address = reverse("wallets:settings", args=(tree.farm.pk,))
    sent = {"name": "Grid", "target_percent": "33.5", "minimum_balance": "0", "trading_state": "reducing"}
    for wrong in ({"target_percent": "140"}, {"minimum_balance": ""}, {"minimum_balance": "much"}, {"name": ""}):
        assert browser.post(address, sent | wrong).status_code == 422
    assert browser.post(address, sent).status_code == 302
    with tenancy.tenant(owner.pk):
        farm = Wallet.objects.get(pk=tree.farm.pk)
    assert (farm.name, farm.target_weight, farm.trading_state) == ("Grid", Decimal("0.335"), "reducing")


def test_a_form_makes_masters_and_nothing_below_them(browser: Client, owner: User) -> None:
    with tenancy.tenant(owner.pk):
        venue = make_connection(owner)
    page = browser.get(reverse("wallets:create"))
    assert re.findall(r'<(?:input|select)[^>]* name="(\w+)"', page.content.decode())[-3:] == [
        "name",
        "connection",
        "base_asset",
    ]
    answer = browser.post(reverse("wallets:create"), {"name": "Fund", "connection": venue.pk, "role": "farm"})
    made = parse_qs(urlsplit(answer["Location"]).query)["wallet"][0]
    for parent in (made, ""):
        browser.post(
            f"{reverse('wallets:create')}?parent={parent}", {"name": f"Under {parent}", "connection": venue.pk}
        )
    with tenancy.tenant(owner.pk):
        assert set(Wallet.objects.values_list("role", "parent")) == {("master", None)}


def test_privacy_hides_every_amount(browser: Client, tree: Tree, owner: User) -> None:
    # Whole numbers: "600" inside an identifier or a token of a form is no amount.
    amounts = re.compile(r"(?<![\w.#-])(1,000|600|400|300)\b(?!-)")
    for is_hidden in (False, True):
        User.objects.filter(pk=owner.pk).update(privacy=is_hidden)
        for address in (
            reverse("wallets:tree"),
            f"{reverse('wallets:tree')}?wallet={tree.farm.pk}&tab=collect",
            reverse("wallets:wallet", args=(tree.farm.pk,)),
        ):
            found = amounts.search(browser.get(address).content.decode())
            assert bool(found) is not is_hidden, (address, found)


def test_the_other_owner_finds_nothing(client: Client, tree: Tree, other_owner: User) -> None:
    client.force_login(other_owner)
    assert "There is no wallet yet." in text(client.get(reverse("wallets:tree")))
    assert client.get(reverse("wallets:tree"), {"wallet": tree.farm.pk}).status_code in {200, 404}
    ask = {"asset": "USDT", "amount": "1", "key": "k", "name": "x", "trading_state": "active"}
    for name in ("wallet", "deposit", "allocate", "collect", "settings"):
        address = reverse(f"wallets:{name}", args=(tree.farm.pk,))
        if name != "settings":
            assert client.get(address, ask).status_code == 404
        if name != "wallet":
            assert client.post(address, ask).status_code == 404
    assert client.post(reverse("wallets:undo", args=(uuid4(),)), ask | {"wallet": tree.farm.pk}).status_code == 404


@pytest.mark.django_db
def test_nobody_gets_in_without_signing_in(client: Client) -> None:
    assert client.get(reverse("wallets:tree")).status_code == 302
