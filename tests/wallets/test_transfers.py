"""The one form that moves money: on two pages, in parts, split, sealed, taken back; the same with and without htmx."""

import re
from datetime import timedelta
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from kit import clock, tenancy
from kit.users.models import User
from tests.wallets.books import balance
from tests.wallets.test_hierarchy import Tree, down, plant
from wallets import services
from wallets.models import FundAllocation, Wallet

IN_PLACE = {"HX-Request": "true", "HX-Target": "transfer"}
AMOUNT = re.compile(r'name="amount" value="([^"]*)"')


@pytest.fixture
def tree(owner: User) -> Tree:
    """600 of 1,000 USDT free in the master, 100 in the farm, 300 in its agent; the farm should have 40 %."""
    with tenancy.tenant(owner.pk):
        tree = plant(owner)
        down(tree, tree.master, tree.farm, 400, "1")
        down(tree, tree.farm, tree.agent, 300, "2")
    return tree


@pytest.fixture
def browser(owner: User, client: Client) -> Client:
    client.force_login(owner)
    return client


def text(response: HttpResponse) -> str:
    shown = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))
    return shown.replace("\xa0", " ").replace("\u202f", " ")


def address(tree: Tree, page: str, wallet: Wallet) -> str:
    if page == "wallet":
        return reverse("wallets:wallet", args=(wallet.pk,))
    return reverse("wallets:tree")


def preview(browser: Client, tree: Tree, amount: str, page: str = "tree", **more: str) -> HttpResponse:
    asked = {"wallet": str(tree.farm.pk), "tab": "allocate", "asset": "USDT", "amount": amount} | more
    return browser.get(address(tree, page, tree.farm), asked, headers=IN_PLACE)  # type: ignore[return-value]


def filled(response: HttpResponse) -> str:
    found = AMOUNT.search(response.content.decode())
    return found[1] if found else ""


def hidden(response: HttpResponse) -> dict[str, str]:
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', response.content.decode()))


def balances(tree: Tree) -> list[Decimal]:
    with tenancy.tenant(tree.owner.pk):
        return [balance(wallet) for wallet in (tree.master, tree.farm, tree.agent)]


def aim(tree: Tree, wallet: Wallet, weight: str | None) -> None:
    with tenancy.tenant(tree.owner.pk):
        Wallet.objects.filter(pk=wallet.pk).update(target_weight=weight)


# --- the preview ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", ["tree", "wallet"])
def test_the_form_shows_before_and_after_and_the_share_in_place(browser: Client, tree: Tree, page: str) -> None:
    answer = preview(browser, tree, "100", page)
    assert answer.status_code == 200
    assert b"<html" not in answer.content
    shown = text(answer)
    assert re.search(r"Master, free 600 \.00 USDT → 500 \.00 USDT", shown), shown
    assert re.search(r"Farm, free 100 \.00 USDT → 200 \.00 USDT", shown)
    assert re.search(r"Farm, share target 40\.0 % 40\.0 % → 50\.0 %", shown)
    assert balances(tree) == [600, 100, 300]


@pytest.mark.parametrize("page", ["tree", "wallet"])
def test_the_whole_page_shows_the_same_preview(browser: Client, tree: Tree, page: str) -> None:
    asked = {"wallet": str(tree.farm.pk), "tab": "allocate", "amount": "1,000.50"}
    shown = text(browser.get(address(tree, page, tree.farm), asked))  # type: ignore[arg-type]
    assert "Only 600.00 USDT is free in Master" in shown
    assert re.search(
        r"600 \.00 USDT → 599 \.50", text(browser.get(address(tree, page, tree.farm), asked | {"amount": "0,5"}))
    )  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("part", "amount"), [("25 %", "150"), ("50%", "300"), ("All", "600"), ("100 %", "600"), ("33.3 %", "199.8")]
)
def test_a_part_is_of_what_the_source_has_free(browser: Client, tree: Tree, part: str, amount: str) -> None:
    assert filled(preview(browser, tree, part)) == amount


@pytest.mark.parametrize("part", ["0 %", "101 %", "-5 %", "most", "%"])
def test_what_is_no_part_is_no_amount(browser: Client, tree: Tree, part: str) -> None:
    assert "Enter a number" in text(preview(browser, tree, part))


def test_an_ambiguous_amount_is_asked_back(browser: Client, tree: Tree) -> None:
    answer = preview(browser, tree, "1,000")
    assert "1,000 can be read in two ways: write 1000, or 1.000 with a point." in text(answer)
    assert filled(answer) == "1,000"


def test_to_target_starts_from_a_share_of_zero(browser: Client, tree: Tree) -> None:
    with tenancy.tenant(tree.owner.pk):
        new = services.create_wallet(
            owner_id=tree.owner.pk, name="New", role="farm", parent=tree.master, target_weight=Decimal("0.3")
        )
    asked = {"wallet": str(new.pk), "tab": "allocate", "amount": "To target"}
    answer = browser.get(reverse("wallets:tree"), asked, headers=IN_PLACE)
    assert filled(answer) == "300"  # type: ignore[arg-type]
    assert re.search(r"New, share target 30\.0 % 0\.0 % → 30\.0 %", text(answer))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("weight", "tab", "said"),
    [
        ("0.4", "allocate", "Farm is at its target of 40.0 %: there is nothing to do."),
        ("0.4", "collect", "Farm is at its target of 40.0 %: there is nothing to do."),
        ("0.3", "allocate", "Farm is above its target of 30.0 %: there is nothing to allocate."),
        ("0.6", "collect", "Farm is below its target of 60.0 %: there is nothing to collect."),
        (None, "allocate", "Farm has no target: set one in its settings."),
    ],
)
def test_to_target_says_when_there_is_nothing_to_do(
    browser: Client, tree: Tree, weight: str | None, tab: str, said: str
) -> None:
    aim(tree, tree.farm, weight)
    assert said in text(preview(browser, tree, "to target", tab=tab))


def test_to_target_goes_as_far_as_the_money_does(browser: Client, tree: Tree) -> None:
    aim(tree, tree.farm, "0.2")
    answer = preview(browser, tree, "to target", tab="collect")
    assert filled(answer) == "100"
    assert "Farm has less free than the target asks for." in text(answer)


def test_a_split_is_shown_agent_by_agent(browser: Client, tree: Tree) -> None:
    shown = text(preview(browser, tree, "100", split="on"))
    assert re.search(r"Farm, free 100 \.00 USDT → 150 \.00", shown)
    assert re.search(r"Agent, free 300 \.00 USDT → 350 \.00", shown)
    assert "stays in Farm" in shown
    for wallet, tab in ((tree.agent, "allocate"), (tree.farm, "collect")):
        answer = browser.get(reverse("wallets:tree"), {"wallet": wallet.pk, "tab": tab})
        assert 'name="split"' not in answer.content.decode()


# --- review, done, undo ---------------------------------------------------------------------------------------------


def ask(browser: Client, tree: Tree, amount: str, action: str = "allocate", **more: str) -> dict[str, str]:
    target = reverse(f"wallets:{action}", args=(tree.farm.pk,))
    answer = browser.get(target, {"asset": "USDT", "amount": amount} | more)
    assert answer.status_code == 200, text(answer)  # type: ignore[arg-type]
    return hidden(answer)  # type: ignore[arg-type]


def confirm(
    browser: Client, tree: Tree, asked: dict[str, str], action: str = "allocate", **headers: str
) -> HttpResponse:
    return browser.post(reverse(f"wallets:{action}", args=(tree.farm.pk,)), asked, headers=headers)  # type: ignore[return-value]


@pytest.mark.parametrize("page", ["tree", "wallet"])
def test_allocate_refuse_undo_without_javascript(browser: Client, tree: Tree, page: str) -> None:
    asked = ask(browser, tree, "25 %", at=page, split="on")
    answer = confirm(browser, tree, asked)
    assert (answer.status_code, urlsplit(answer["Location"]).path) == (302, address(tree, page, tree.farm))
    assert balances(tree) == [450, 175, 375]
    page_now = browser.get(answer["Location"])
    assert "150.00 USDT went from Master to Farm." in text(page_now)  # type: ignore[arg-type]
    assert AMOUNT.search(page_now.content.decode()) is None

    refused = browser.get(reverse("wallets:allocate", args=(tree.farm.pk,)), {"amount": "451", "at": page})
    assert refused.status_code == 422
    assert "Only 450.00 USDT is free in Master" in text(refused)  # type: ignore[arg-type]
    assert f'hx-get="{address(tree, page, tree.farm)}"' in refused.content.decode()

    (undo,) = re.findall(r'action="([^"]*/undo/)"', page_now.content.decode())
    back = browser.post(undo, hidden(page_now) | {"at": page}, follow=True)  # type: ignore[arg-type]
    assert "150.00 USDT went from Farm to Master." in text(back)  # type: ignore[arg-type]
    assert balances(tree) == [600, 100, 300]
    assert "/undo/" not in back.content.decode()


def test_a_masters_own_page_moves_money_to_and_from_its_farms_too(browser: Client, tree: Tree) -> None:
    with tenancy.tenant(tree.owner.pk):
        second = services.create_wallet(owner_id=tree.owner.pk, name="Second", role="farm", parent=tree.master)
    page = reverse("wallets:wallet", args=(tree.master.pk,))
    shown = browser.get(page, {"tab": "allocate"})
    assert all(f">{name}</a>" in shown.content.decode() for name in ("Deposit", "Allocate", "Collect", "Second"))
    place = {"tab": "allocate", "child": str(tree.farm.pk)}
    asked = {**place, "at": "wallet", "wallet": str(tree.master.pk), "amount": "25 %", "asset": "USDT"}
    assert "Farm, free 100 .00 USDT → 250 .00 USDT" in text(browser.get(page, asked, headers=IN_PLACE))  # type: ignore[arg-type]
    answer = confirm(browser, tree, ask(browser, tree, "25 %", at="wallet", wallet=str(tree.master.pk)))
    assert urlsplit(answer["Location"]).path == page
    assert parse_qs(urlsplit(answer["Location"]).query)["child"] == [str(tree.farm.pk)]
    assert balances(tree) == [450, 250, 300]
    page_now = browser.get(answer["Location"])
    (undo,) = re.findall(r'action="([^"]*/undo/)"', page_now.content.decode())
    back = browser.post(undo, hidden(page_now), follow=True)  # type: ignore[arg-type]
    assert (balances(tree), back.request["PATH_INFO"]) == ([600, 100, 300], page)
    collected = confirm(
        browser, tree, ask(browser, tree, "40", "collect", at="wallet", wallet=str(tree.master.pk)), "collect"
    )
    assert (balances(tree), urlsplit(collected["Location"]).path) == ([640, 60, 300], page)
    other = browser.get(page, {"tab": "collect", "child": str(second.pk)}).content.decode()
    assert f'action="{reverse("wallets:collect", args=(second.pk,))}"' in other
    for stranger in (tree.agent.pk, tree.master.pk, "nobody"):
        assert browser.get(page, {"tab": "allocate", "child": stranger}).status_code == 404


def test_htmx_gets_the_form_with_fresh_figures_and_an_undo(browser: Client, tree: Tree) -> None:
    answer = confirm(browser, tree, ask(browser, tree, "150"), **{"HX-Request": "true"})
    assert answer["HX-Retarget"] == "#transfer"
    shown = text(answer)
    assert "150.00 USDT went from Master to Farm." in shown
    assert "450 .00 USDT" in shown
    assert filled(answer) == ""
    (undo,) = re.findall(r'hx-post="([^"]*/undo/)"', answer.content.decode())
    with tenancy.tenant(tree.owner.pk):
        services.allocate(
            owner_id=tree.owner.pk, source_id=tree.farm.pk, target_id=tree.agent.pk, asset="USDT",
            amount=Decimal(240), key="used",
        )  # fmt: skip
    gone = browser.post(undo, {"at": "tree", "wallet": tree.farm.pk, "tab": "allocate"}, headers=IN_PLACE)
    assert gone.status_code == 200  # to htmx; a program is told 422
    assert "Farm no longer has it free" in gone["HX-Trigger"]
    assert balances(tree) == [450, 10, 540]


def test_the_undo_is_offered_for_ten_seconds(browser: Client, tree: Tree) -> None:
    answer = confirm(browser, tree, ask(browser, tree, "150"))
    (done,) = parse_qs(urlsplit(answer["Location"]).query)["done"]
    with tenancy.tenant(tree.owner.pk):
        at = FundAllocation.objects.get(pk=done).created_at
    for seconds, offered in ((9, True), (11, False)):
        with clock.at(at + timedelta(seconds=seconds)):
            assert ("/undo/" in preview(browser, tree, "", done=done).content.decode()) is offered


def test_a_deposit_is_done_without_an_undo(browser: Client, tree: Tree) -> None:
    target = reverse("wallets:deposit", args=(tree.master.pk,))
    asked = hidden(browser.get(target, {"asset": "USDT", "amount": "44,603.10"}))  # type: ignore[arg-type]
    answer = browser.post(target, asked, follow=True)
    assert "44,603.10 USDT went to Master." in text(answer)  # type: ignore[arg-type]
    assert "/undo/" not in answer.content.decode()


def test_what_changed_since_the_review_is_reviewed_again(browser: Client, tree: Tree) -> None:
    asked = ask(browser, tree, "100", split="on")
    aim(tree, tree.agent, "0.9")
    answer = confirm(browser, tree, asked)
    assert answer.status_code == 422
    assert "Review it again" in text(answer)
    for forged in ({"amount": "101"}, {"seal": ""}, {"split": ""}):
        assert confirm(browser, tree, ask(browser, tree, "100", split="on") | forged).status_code == 422
    assert balances(tree) == [600, 100, 300]


def test_confirming_a_part_twice_moves_it_once(browser: Client, tree: Tree) -> None:
    asked = ask(browser, tree, "all")
    assert [confirm(browser, tree, asked).status_code for _ in range(2)] == [302, 302]
    assert balances(tree) == [0, 700, 300]


# --- privacy --------------------------------------------------------------------------------------------------------


def test_no_amount_leaves_the_server_while_they_are_hidden(browser: Client, tree: Tree) -> None:
    with tenancy.tenant(tree.owner.pk):
        down(tree, tree.master, tree.farm, "111.11", "odd")
    aim(tree, tree.farm, "0.6012")
    User.objects.filter(pk=tree.owner.pk).update(privacy=True)
    secrets = re.compile(r"488[.,]?89|211[.,]?11|511[.,]?11|90[.,]09|244[.,]4|122[.,]2|55[.,]5|45[.,]04|300[.,]00")
    for page in ("tree", "wallet"):
        for part in ("25 %", "50 %", "All", "To target"):
            shown = preview(browser, tree, part, page, split="on")
            assert secrets.search(shown.content.decode()) is None
            assert filled(shown).casefold() == part.casefold()
            review = browser.get(
                reverse("wallets:allocate", args=(tree.farm.pk,)),
                {"asset": "USDT", "amount": part, "split": "on", "at": page},
            )
            assert secrets.search(review.content.decode()) is None
        refused = preview(browser, tree, "1000", page)
        assert "Only ••• is free in Master" in text(refused)
        assert secrets.search(refused.content.decode()) is None
    asked = ask(browser, tree, "to target")
    done = confirm(browser, tree, asked, **{"HX-Request": "true"})
    assert "••• went from Master to Farm." in text(done)
    assert secrets.search(done.content.decode() + done["HX-Trigger"]) is None
    assert balances(tree)[0] == Decimal("398.80")  # 60.12 % of 1,000 are below


def test_a_hidden_part_is_what_was_reviewed_or_it_is_refused(browser: Client, tree: Tree) -> None:
    User.objects.filter(pk=tree.owner.pk).update(privacy=True)
    asked = ask(browser, tree, "all")
    with tenancy.tenant(tree.owner.pk):
        down(tree, tree.master, tree.farm, 1, "meanwhile")
    assert confirm(browser, tree, asked).status_code == 422
    assert balances(tree) == [599, 101, 300]


def test_an_amount_in_a_note_is_hidden_with_the_amounts(browser: Client, tree: Tree) -> None:
    confirm(browser, tree, ask(browser, tree, "25 %", note="After the 8765.4 of June"))
    with tenancy.tenant(tree.owner.pk):
        done = FundAllocation.objects.latest("created_at")
    assert done.note.exact == "After the 8765.4 of June"
    pages = (
        reverse("wallets:wallet", args=(tree.farm.pk,)),
        reverse("wallets:posting", args=(done.posting_id,)),
        "/settings/log/",
    )
    assert all("8765.4" in browser.get(page).content.decode() for page in pages)
    assert browser.get("/api/v1/allocations").json()["items"][0]["note"] == "After the 8765.4 of June"
    User.objects.filter(pk=tree.owner.pk).update(privacy=True)
    assert not any("8765.4" in browser.get(page).content.decode() for page in pages)
