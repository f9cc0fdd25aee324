"""The page of many wallets in a browser: a farm is opened and left, and a wallet found, with and without script."""

import re
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from kit import tenancy
from kit.live.publish import publish
from kit.users.models import User
from moniqo.benches.crowd import Crowd, gather
from tests.browser.conftest import OpenPage, Site
from tests.browser.screens import usual_screens
from tests.browser.soundness import assert_page_is_sound
from tests.conftest import make_user


@pytest.fixture
def owner(site: Site) -> User:
    return make_user(f"{uuid4().hex}@example.com", name="Lara Large")


@pytest.fixture
def crowd(owner: User) -> Crowd:
    with tenancy.tenant(owner.pk):
        return gather(owner.pk, farms=4, agents=240)


def named(page: Page) -> int:
    """How many agents the table names."""
    return page.locator("table.tree").get_by_role("link", name=re.compile(r"^Agent \d{3}$")).count()


@pytest.mark.slow
@pytest.mark.parametrize("script", [True, False])
def test_a_farm_is_opened_and_folded_and_a_wallet_found(
    open_page: OpenPage, owner: User, crowd: Crowd, script: bool
) -> None:
    page = open_page("/wallets/", user=owner, script=script).page
    assert named(page) == 0
    page.get_by_role("link", name="Fund 01: show its 60 wallets").click()
    expect(page.get_by_role("link", name="Fund 01: hide its 60 wallets")).to_be_visible()
    assert named(page) == 47, "as many as there is room for on the page"
    assert f"open={crowd.farms[1].wallet_id}" in page.url
    page.get_by_label("Pages of wallets").get_by_role("link", name="Next").click()
    expect(page.get_by_text("51–65 of 65 rows")).to_be_visible()
    assert named(page) == 13
    page.get_by_label("Name", exact=True).fill("agent 001")
    page.get_by_role("button", name="Find").click()
    expect(page.get_by_text("1–1 of 1 rows")).to_be_visible()
    assert "q=agent" in page.url
    assert named(page) == 1


def test_a_live_update_leaves_the_opened_farm_open(open_page: OpenPage, owner: User, crowd: Crowd) -> None:
    visit = open_page(f"/wallets/?open={crowd.farms[1].wallet_id}", user=owner)
    page = visit.page
    expect(page.locator("#live")).to_have_attribute("data-state", re.compile("live"))
    for _ in range(2):  # the second is answered by nothing, because nothing has changed
        with page.expect_response(lambda answer: "/wallets/?wallet=" in answer.url):
            publish(owner_id=owner.pk, event="wallets", data={})
    expect(page.get_by_role("link", name="Fund 01: hide its 60 wallets")).to_be_visible()
    assert named(page) == 47
    assert (visit.console, visit.failures) == ([], [])


@usual_screens
@pytest.mark.parametrize("address", ["/wallets/", "/wallets/?q=agent", "/farms/"])
def test_the_pages_of_many_wallets_are_sound(
    open_page: OpenPage, owner: User, crowd: Crowd, address: str, scheme: str, width: int
) -> None:
    visit = open_page(address, user=owner, scheme=scheme, width=width)
    assert_page_is_sound(visit)
