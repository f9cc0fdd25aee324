"""Moving money in a real browser: allocate, be refused, undo; with the mouse, by keyboard, without JavaScript.

Each walk ends after a live event, with an empty console and the figures that the books have.
"""

import re
from decimal import Decimal
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from kit import tenancy
from kit.live.publish import publish
from kit.users.models import User
from tests.browser.conftest import OpenPage, Site
from tests.browser.soundness import Visit, overflow, violations
from tests.conftest import make_user
from tests.wallets.books import balance
from tests.wallets.test_hierarchy import Tree, plant
from wallets import services

FRESH = 12_000  # ms: ten seconds of undo, and some for a busy machine
LIVE = re.compile("live")


@pytest.fixture
def tree(site: Site) -> Tree:
    """1,000 USDT in a master; a farm that should have 40 % of it, an agent that should have half of that."""
    owner = make_user(f"{uuid4().hex}@example.com", name="Tomo Transfer")
    User.objects.filter(pk=owner.pk).update(timezone="Asia/Tokyo")
    with tenancy.tenant(owner.pk):
        return plant(owner)


def balances(tree: Tree) -> list[Decimal]:
    with tenancy.tenant(tree.owner.pk):
        return [balance(wallet) for wallet in (tree.master, tree.farm, tree.agent)]


def path(tree: Tree, page: str) -> str:
    return f"/wallets/{tree.farm.pk}/" if page == "wallet" else f"/wallets/?wallet={tree.farm.pk}&tab=allocate"


def ready(visit: Visit) -> Page:
    """The page once it listens."""
    expect(visit.page.locator("#live")).to_have_attribute("data-state", LIVE)
    return visit.page


def amount_of(page: Page) -> Locator:
    return page.get_by_label("Amount", exact=True)


def something_happens(visit: Visit, tree: Tree) -> None:
    """A live event, and the answers to all that it made the page ask; the console has nothing to say of any of it."""
    page = visit.page
    asked = len(visit.requests)
    publish(owner_id=tree.owner.pk, event="wallets", data={})
    for _ in range(60):
        page.wait_for_timeout(50)
        if any("/wallets/" in request.url for request in visit.requests[asked:]):
            break
    else:
        pytest.fail("The page heard nothing.")
    page.wait_for_timeout(700)  # the answers and their swaps
    pages = (f"/wallets/{tree.farm.pk}/", "/wallets/")
    paths = {urlsplit(request.url).path for request in visit.requests[asked:] if "/wallets/" in request.url}
    assert paths <= set(pages)
    assert visit.console == []


@pytest.mark.slow
@pytest.mark.parametrize("page_name", ["tree", "wallet"])
def test_allocate_refuse_undo(open_page: OpenPage, tree: Tree, page_name: str) -> None:
    visit = open_page(path(tree, page_name), user=tree.owner)
    page = ready(visit)
    form, dialog = page.locator("#transfer"), page.get_by_role("dialog")

    amount_of(page).fill("1 000.5")
    expect(form.get_by_role("alert")).to_contain_text("Only 1,000.00 USDT is free in Master")
    page.get_by_role("button", name="Review transfer").click()
    expect(form.get_by_role("alert")).to_contain_text("is free in Master")
    expect(dialog).to_be_hidden()
    something_happens(visit, tree)
    expect(amount_of(page)).to_have_value("1 000.5")
    expect(page.get_by_role("heading", level=1)).to_be_visible()

    form.get_by_role("link", name="25 %").click()
    expect(amount_of(page)).to_have_value("250")
    expect(form.locator(".change")).to_contain_text("25.0")
    amount_of(page).focus()
    page.keyboard.press("Enter")
    dialog.get_by_role("button", name="Allocate 250.00 USDT").click()
    expect(dialog).to_be_hidden()
    expect(page.locator("#toasts .toast.ok")).to_contain_text("250.00 USDT went from Master to Farm.")
    expect(page.locator("#toasts .toast.ok .i").first).to_be_visible()
    expect(form).to_contain_text("250.00 USDT went from Master to Farm.")
    expect(amount_of(page)).to_have_value("")
    expect(form.get_by_label("From", exact=True)).to_contain_text("750.00 USDT free")
    something_happens(visit, tree)
    expect(amount_of(page)).to_have_value("")
    expect(form.get_by_role("button", name="Undo")).to_be_visible()
    assert balances(tree) == [750, 250, 0]

    form.get_by_role("button", name="Undo").click()
    expect(page.locator("#toasts")).to_contain_text("250.00 USDT went from Farm to Master.")
    expect(form.get_by_role("button", name="Undo")).to_have_count(0)
    expect(form.get_by_label("From", exact=True)).to_contain_text("1,000.00 USDT free")
    something_happens(visit, tree)
    assert balances(tree) == [1000, 0, 0]


@pytest.mark.slow
@pytest.mark.parametrize("page_name", ["tree", "wallet"])
def test_allocate_refuse_undo_without_javascript(open_page: OpenPage, tree: Tree, page_name: str) -> None:
    page = open_page(path(tree, page_name), user=tree.owner, script=False).page
    amount_of(page).fill("44,603.10")
    page.get_by_role("button", name="Review transfer").click()
    expect(page.get_by_role("alert")).to_contain_text("Only 1,000.00 USDT is free in Master")
    expect(amount_of(page)).to_have_value("44,603.10")
    page.get_by_role("link", name="50 %").click()
    expect(amount_of(page)).to_have_value("500")
    page.get_by_label("Split to its agents by target").check()
    page.get_by_role("button", name="Preview").click()
    expect(page.locator(".change")).to_contain_text("Agent, free")
    assert "csrf" not in page.url
    page.get_by_role("button", name="Review transfer").click()
    page.get_by_role("button", name="Allocate 500.00 USDT").click()
    expect(page.get_by_role("status").filter(has_text="500.00 USDT went from Master to Farm.")).to_be_visible()
    expect(amount_of(page)).to_have_value("")
    assert balances(tree) == [500, 250, 250]
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("status").filter(has_text="500.00 USDT went from Farm to Master.")).to_be_visible()
    assert balances(tree) == [1000, 0, 0]


def test_allocate_and_undo_by_keyboard_alone(open_page: OpenPage, tree: Tree) -> None:
    visit = open_page(path(tree, "tree"), user=tree.owner)
    page = ready(visit)
    tab_to(page, "#movement_amount")
    page.keyboard.type("to target")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("40.0")
    tab_to(page, "#dialog button[type=submit]")
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    expect(page.locator("#transfer")).to_contain_text("400.00 USDT went from Master to Farm.")
    expect(amount_of(page)).to_be_focused()
    for _ in range(12):
        page.keyboard.press("Shift+Tab")
        if page.evaluate("document.activeElement.textContent.trim()") == "Undo":
            break
    page.keyboard.press("Enter")
    expect(page.locator("#toasts")).to_contain_text("400.00 USDT went from Farm to Master.")
    something_happens(visit, tree)
    assert balances(tree) == [1000, 0, 0]


def test_a_closed_dialog_gives_the_cursor_to_the_field_that_was_drawn_anew(open_page: OpenPage, tree: Tree) -> None:
    page = ready(open_page(path(tree, "tree"), user=tree.owner))
    amount_of(page).fill("10")
    amount_of(page).press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Allocate 10.00 USDT")).to_be_visible()
    tab_to(page, "#dialog button[type=submit]")
    page.evaluate(
        """() => {
            const field = document.getElementById("movement_amount");
            field.replaceWith(field.cloneNode());
            htmx.trigger(document.body, "dialog:close");
        }"""
    )
    expect(dialog).to_be_hidden()
    expect(amount_of(page)).to_be_focused()


def test_an_older_answer_does_not_bring_back_what_was_typed_before(open_page: OpenPage, tree: Tree) -> None:
    page = ready(open_page(path(tree, "tree"), user=tree.owner))
    late: list[Route] = []
    page.route(
        re.compile(r"/wallets/.*amount=100000"),
        lambda route: route.continue_() if late else late.append(route),
    )
    amount_of(page).fill("100000")
    while not late:
        page.wait_for_timeout(50)
    # Its preview is still under way; what is typed now is reviewed when that has come.
    amount_of(page).fill("20")
    page.get_by_role("button", name="Review transfer").click()
    late[0].continue_()
    expect(page.get_by_role("dialog").get_by_role("button", name="Allocate 20.00 USDT")).to_be_visible()
    expect(amount_of(page)).to_have_value("20")


def tab_to(page: Page, selector: str) -> None:
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    pytest.fail(f"{selector} is not reached by the tab key.")


@pytest.mark.slow
def test_the_form_stays_with_the_second_row_that_was_chosen(open_page: OpenPage, tree: Tree) -> None:
    with tenancy.tenant(tree.owner.pk):
        second = services.create_wallet(owner_id=tree.owner.pk, name="Second", role="farm", parent=tree.master)
    visit = open_page("/wallets/", user=tree.owner)
    page = ready(visit)
    amount_of(page).fill("3")
    page.locator("table.tree").get_by_role("link", name="Second").click()
    expect(page.locator("#inspector-title")).to_have_text("Second")
    expect(amount_of(page)).to_have_value("")
    expect(page.locator("#transfer").get_by_role("link", name="To target")).to_have_count(0)
    amount_of(page).fill("2000")
    page.get_by_role("button", name="Review transfer").click()
    expect(page.get_by_role("alert")).to_contain_text("is free in Master")
    something_happens(visit, tree)
    expect(page.locator("#inspector-title")).to_have_text("Second")
    expect(page.locator("tr.selected")).to_contain_text("Second")
    amount_of(page).fill("20,5")
    page.get_by_role("button", name="Review transfer").click()
    page.get_by_role("button", name="Allocate 20.50 USDT").click()
    expect(page.locator("tr.selected")).to_contain_text("$20.50")
    with tenancy.tenant(tree.owner.pk):
        assert balance(second) == Decimal("20.5")


def test_the_undo_stays_in_sight_on_a_phone(open_page: OpenPage, tree: Tree) -> None:
    page = ready(open_page(path(tree, "tree"), user=tree.owner, width=390))
    amount_of(page).fill("10")
    page.get_by_role("button", name="Review transfer").click()
    page.get_by_role("button", name="Allocate 10.00 USDT").click()
    expect(page.get_by_role("button", name="Undo")).to_be_in_viewport(ratio=1)


@pytest.mark.slow
def test_the_undo_goes_after_ten_seconds(open_page: OpenPage, tree: Tree) -> None:
    page = ready(open_page(path(tree, "tree"), user=tree.owner))
    amount_of(page).fill("10")
    page.get_by_role("button", name="Review transfer").click()
    page.get_by_role("button", name="Allocate 10.00 USDT").click()
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    amount_of(page).fill("7")
    expect(page.get_by_role("button", name="Undo")).to_have_count(0, timeout=FRESH)
    expect(amount_of(page)).to_have_value("7")


def test_what_was_used_meanwhile_is_not_taken_back(open_page: OpenPage, tree: Tree) -> None:
    visit = open_page(path(tree, "tree"), user=tree.owner)
    page = ready(visit)
    amount_of(page).fill("10")
    page.get_by_role("button", name="Review transfer").click()
    page.get_by_role("button", name="Allocate 10.00 USDT").click()
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    with tenancy.tenant(tree.owner.pk):
        services.allocate(
            owner_id=tree.owner.pk, source_id=tree.farm.pk, target_id=tree.agent.pk, asset="USDT",
            amount=Decimal(10), key="used",
        )  # fmt: skip
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("alert")).to_contain_text("Farm no longer has it free")
    something_happens(visit, tree)
    expect(page.get_by_role("alert")).to_contain_text("Farm no longer has it free")
    assert balances(tree) == [990, 0, 10]


def test_hidden_amounts_stay_hidden(open_page: OpenPage, tree: Tree) -> None:
    User.objects.filter(pk=tree.owner.pk).update(privacy=True)
    visit = open_page(path(tree, "tree"), user=tree.owner)
    page = ready(visit)
    page.locator("#transfer").get_by_role("link", name="To target").click()
    expect(amount_of(page)).to_have_value("To target")
    expect(page.locator("#transfer .change")).to_contain_text("40.0")
    page.get_by_role("button", name="Review transfer").click()
    page.get_by_role("button", name="Allocate •••").click()
    expect(page.locator("#toasts")).to_contain_text("••• went from Master to Farm.")
    something_happens(visit, tree)
    assert re.search(r"(?<![\w.#-])(1,000|600|400)\b(?!-)", page.content()) is None
    assert balances(tree) == [600, 400, 0]


@pytest.mark.slow
@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 390)])
def test_the_form_is_sound_while_it_previews_refuses_and_offers_its_undo(
    open_page: OpenPage, tree: Tree, scheme: str, width: int
) -> None:
    visit = open_page(path(tree, "tree"), user=tree.owner, width=width, scheme=scheme)
    page = ready(visit)
    judged = [*violations(page), *overflow(page)]
    amount_of(page).fill("5000")
    expect(page.get_by_role("alert")).to_be_visible()
    judged += [*violations(page), *overflow(page)]
    page.locator("#transfer").get_by_role("link", name="25 %").click()
    expect(page.locator("#transfer .change")).to_be_visible()
    judged += [*violations(page), *overflow(page)]
    page.get_by_role("button", name="Review transfer").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    judged += violations(page)
    page.get_by_role("button", name="Allocate 250.00 USDT").click()
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    judged += [*violations(page), *overflow(page)]
    assert judged == []
    assert visit.console == []


def test_an_event_does_not_swallow_what_is_typed_after_it(open_page: OpenPage, tree: Tree) -> None:
    page = ready(open_page(path(tree, "tree"), user=tree.owner))
    with page.expect_request(lambda request: "/wallets/" in request.url):
        publish(owner_id=tree.owner.pk, event="prices", data={})
    with page.expect_response(lambda answer: "amount=57" in answer.url, timeout=5_000):
        amount_of(page).fill("57")
    page.wait_for_timeout(700)


def test_the_map_the_badge_and_the_form_are_drawn_together(open_page: OpenPage, tree: Tree) -> None:
    """A price holds nothing back: the movement that comes right after it is on all of the page at once."""
    visit = open_page(path(tree, "tree"), user=tree.owner)
    page = ready(visit)
    amount_of(page).fill("12")
    publish(owner_id=tree.owner.pk, event="prices", data={})
    page.wait_for_timeout(1200)
    with tenancy.tenant(tree.owner.pk):
        services.allocate(
            owner_id=tree.owner.pk, source_id=tree.master.pk, target_id=tree.farm.pk, asset="USDT",
            amount=Decimal(100), key=uuid4().hex,
        )  # fmt: skip
    publish(owner_id=tree.owner.pk, event="wallets", data={})
    badge, row = page.locator("#inspector-state"), page.locator("#overview tr.selected td .state")
    soon = 4_000
    expect(row).to_contain_text("30.0", timeout=soon)
    expect(badge).to_contain_text("30.0", timeout=soon)
    expect(page.locator("#transfer").get_by_label("From", exact=True)).to_contain_text("900.00", timeout=soon)
    expect(amount_of(page)).to_have_value("12")
