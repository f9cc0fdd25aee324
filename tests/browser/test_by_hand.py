"""A farm built by hand from the checklist, edited, duplicated and archived: with a mouse and without JavaScript."""

import re
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from kit import tenancy
from kit.users.models import User
from tests.browser.conftest import OpenPage
from tests.browser.soundness import assert_page_is_sound_everywhere
from tests.conftest import make_user
from tests.world import World
from wallets.models import Wallet

SETTLED = 800  # ms; before htmx has taken hold of a form it works as well, but on a page of its own


@pytest.fixture
def builder(world: World) -> User:
    """Somebody with an empty account, where markets have prices."""
    return make_user(f"builder-{uuid4().hex}@example.com", name="Bob Builder")


def next_step(page: Page) -> None:
    page.goto("/")
    page.get_by_role("link", name="Do it now").click()


def move(page: Page, amount: str) -> None:
    page.wait_for_load_state("load")
    page.wait_for_timeout(SETTLED)
    page.get_by_label("Amount", exact=True).fill(amount)
    page.get_by_role("button", name=re.compile("^Review")).first.click()
    page.get_by_role("button", name=re.compile(rf"^(Deposit|Allocate|Transfer|Move) .*{amount[:1]}")).last.click()
    expect(page.locator("main")).to_contain_text(re.compile("went (to|from)|came in|is in|deposited", re.IGNORECASE))


@pytest.mark.parametrize("script", [True, False])
def test_a_farm_is_built_by_the_checklist(open_page: OpenPage, builder: User, script: bool) -> None:
    page = open_page("/", user=builder, script=script).page
    next_step(page)
    page.get_by_role("button", name="Open").last.click()
    next_step(page)
    page.get_by_label("What may be bought here").select_option("listed")
    page.get_by_label("BTC/USDT").check()
    page.get_by_label(re.compile("At most per order")).fill("5000")
    page.get_by_role("button", name="Save limits").click()
    next_step(page)
    page.get_by_label("Name").fill("Fund")
    page.get_by_role("button", name="Make master wallet").click()
    next_step(page)
    move(page, "9000")
    next_step(page)
    page.get_by_label("Name").fill("Mine")
    page.get_by_role("button", name="Make the farm").click()
    next_step(page)
    page.get_by_label("Name").fill("First")
    page.get_by_role("button", name="Hire the agent").click()
    for amount in ("4000", "3000"):
        next_step(page)
        move(page, amount)
    next_step(page)
    page.get_by_role("button", name="Start the agent").click()
    next_step(page)
    page.get_by_role("button", name="Start the farm").first.click()
    page.goto("/")
    expect(page.get_by_role("link", name="Do it now")).to_have_count(0)
    with tenancy.tenant(builder.pk):
        assert Wallet.objects.filter(role="agent", accounts__balance=3000).exists()


@pytest.mark.parametrize("script", [True, False])
def test_a_farm_is_edited_duplicated_and_archived(open_page: OpenPage, builder: User, script: bool) -> None:
    page = open_page("/start/?amount=10000&recipe=calm", user=builder, script=script).page
    page.get_by_role("button", name=re.compile("^Start with")).click()
    page.get_by_role("link", name="Edit").click()
    page.get_by_label("Name").fill("Calmer")
    page.get_by_role("button", name="Save the farm").click()
    expect(page.get_by_role("heading", name="Calmer", exact=True)).to_be_visible()
    expect(page.locator(".feed")).to_contain_text("Name: Calm trend → Calmer")
    page.get_by_role("link", name="Duplicate").click()
    expect(page.get_by_label("Name")).to_have_value("Calmer (copy)")
    page.go_back()
    page.get_by_role("link", name="Archive").click()
    page.get_by_role("button", name="Archive Calmer").click()
    expect(page.get_by_role("status").filter(has_text="is archived")).to_be_visible()
    with tenancy.tenant(builder.pk):
        assert Wallet.objects.filter(role="master", accounts__balance=10000).exists()


def test_the_forms_and_the_archive_are_sound(open_page: OpenPage, world: World) -> None:
    farm, agent = world.farm.pk, world.agent.pk
    for path in (
        f"/farms/{farm}/edit/",
        f"/farms/{farm}/archive/",
        f"/farms/agents/{agent}/edit/",
        f"/farms/new/?like={farm}",
        f"/farms/{farm}/hire/?like={agent}",
    ):
        assert_page_is_sound_everywhere(open_page(path, user=world.owner))
