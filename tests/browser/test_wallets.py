"""The wallet pages in a real browser."""

from decimal import Decimal

import pytest
from playwright.sync_api import expect

from kit import tenancy
from kit.users.models import User
from tests.browser.conftest import OpenPage, Site
from tests.browser.screens import every_screen
from tests.browser.soundness import assert_page_is_sound
from tests.conftest import make_user
from tests.wallets.books import fund
from tests.wallets.test_hierarchy import Tree, plant
from wallets import services
from wallets.models import PostingKind, Wallet


@pytest.fixture(scope="module")
def tree(site: Site) -> Tree:
    """Two farms off and on target, agents below them, an asset without a price, a reserve beside the farms."""
    owner = make_user("wallets@example.com", name="Wanda Wallet")
    with tenancy.tenant(owner.pk):
        tree = plant(owner)
        other = services.create_wallet(
            owner_id=owner.pk, name="Grid farm", role="farm", parent=tree.master, target_weight=Decimal("0.3")
        )
        quiet = services.create_wallet(owner_id=owner.pk, name="Grid 1 · SOL", role="agent", parent=other)
        ask = {"owner_id": owner.pk, "asset": "USDT"}
        for number, (source, target, amount) in enumerate(
            ((tree.master, tree.farm, 400), (tree.farm, tree.agent, 250), (tree.master, other, 180), (other, quiet, 99))
        ):
            services.allocate(
                source_id=source.pk, target_id=target.pk, amount=Decimal(amount), key=f"fill {number}", **ask
            )
        savings = services.create_wallet(owner_id=owner.pk, name="Savings", role="reserve", parent=tree.master)
        services.move_along(
            owner_id=owner.pk,
            key="goal:1",
            kind=PostingKind.REWARD,
            moves=[services.Move(quiet, savings, "USDT", Decimal(20))],
            detail={"note": "Five trades in a row"},
        )
        fund(quiet, 5, "MYST")
        services.update_wallet(
            owner_id=owner.pk, wallet_id=quiet.pk, name=quiet.name, target_weight=None, trading_state="halted"
        )
    return tree


def reserve_of(tree: Tree) -> Wallet:
    with tenancy.tenant(tree.owner.pk):
        return Wallet.objects.get(role="reserve", parent=tree.master)


def paths(tree: Tree) -> list[str]:
    return [
        "/wallets/",
        f"/wallets/?wallet={tree.master.pk}",
        f"/wallets/?wallet={tree.agent.pk}&tab=collect",
        f"/wallets/?wallet={tree.farm.pk}&tab=settings",
        f"/wallets/{tree.farm.pk}/",
        "/wallets/new/",
        f"/wallets/new/?under={tree.master.pk}",
        f"/wallets/{reserve_of(tree).pk}/",
        f"/wallets/?wallet={reserve_of(tree).pk}&tab=settings",
        f"/wallets/{tree.farm.pk}/?amount=44 603.1",
        f"/wallets/?wallet={tree.farm.pk}&amount=25 %25",
        f"/wallets/{tree.farm.pk}/allocate/?asset=USDT&amount=10",
    ]


@pytest.mark.slow
@every_screen
def test_every_page_is_sound(open_page: OpenPage, tree: Tree, scheme: str, width: int) -> None:
    for path in paths(tree):
        assert_page_is_sound(open_page(path, user=tree.owner, width=width, scheme=scheme))


@pytest.mark.parametrize("width", [1440, 390])
def test_without_wallets_the_page_is_sound(open_page: OpenPage, trader: User, width: int) -> None:
    assert_page_is_sound(open_page("/wallets/", user=trader, width=width))


def test_money_is_allocated_in_a_dialog_and_the_page_follows(open_page: OpenPage, tree: Tree) -> None:
    page = open_page(f"/wallets/?wallet={tree.farm.pk}", user=tree.owner).page
    row = page.locator("tr.selected")
    expect(row).to_contain_text("$400.00")
    page.get_by_role("textbox", name="Amount").fill("100000")
    page.get_by_role("button", name="Review transfer").click()
    expect(page.get_by_role("alert")).to_contain_text("is free")
    page.get_by_role("textbox", name="Amount").fill("20")
    page.get_by_role("button", name="Review transfer").click()
    dialog = page.locator("#dialog")
    expect(dialog).to_contain_text("Farm, free")
    dialog.get_by_role("button", name="Allocate 20.00 USDT").click()
    expect(dialog).not_to_be_visible()
    expect(page.locator("#toasts")).to_contain_text("went from Master to Farm")
    expect(row).to_contain_text("$420.00")


def test_money_is_collected_without_javascript(open_page: OpenPage, tree: Tree) -> None:
    page = open_page(f"/wallets/?wallet={tree.farm.pk}&tab=collect", user=tree.owner, script=False).page
    page.get_by_role("textbox", name="Amount").fill("20")
    page.get_by_role("button", name="Review transfer").click()
    page.get_by_role("button", name="Collect 20.00 USDT").click()
    expect(page.get_by_role("status").filter(has_text="went from Farm to Master")).to_be_visible()


def test_choosing_another_wallet_changes_the_inspector_in_place(open_page: OpenPage, tree: Tree) -> None:
    visit = open_page("/wallets/", user=tree.owner)
    page = visit.page
    page.locator("table.tree").get_by_role("link", name="Grid farm").click()
    expect(page.locator("#inspector-title")).to_have_text("Grid farm")
    expect(page.locator("tr.selected")).to_contain_text("Grid farm")
    assert "wallet=" in page.url
    page.get_by_role("button", name="Grid farm: show or hide what is below").click()
    expect(page.locator("table.tree").get_by_role("link", name="Grid 1 · SOL")).not_to_be_visible()
    assert sum(request.is_navigation_request() for request in visit.requests) == 1
