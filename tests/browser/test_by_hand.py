"""A farm built by hand from the checklist, edited, duplicated and archived: by mouse, by keyboard, without scripts."""

import re
from uuid import uuid4

import pytest
from playwright.sync_api import Locator, Page, expect

from kit import tenancy
from kit.users.models import User
from tests.browser.conftest import OpenPage
from tests.browser.soundness import assert_page_is_sound_everywhere
from tests.conftest import make_user
from tests.world import World
from wallets.models import Wallet

MOST_TABS = 120
SETTLED = 800  # ms; before htmx has taken hold of a form it works as well, but on a page of its own


@pytest.fixture
def builder(world: World) -> User:
    """Somebody with an empty account, where markets have prices."""
    return make_user(f"builder-{uuid4().hex}@example.com", name="Bob Builder")


class Mouse:
    """How a page is used with a mouse."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def press(self, what: Locator) -> None:
        what.click()

    def write(self, what: Locator, text: str) -> None:
        what.fill(text)

    def tick(self, what: Locator) -> None:
        what.check()

    def choose(self, what: Locator, value: str) -> None:
        what.select_option(value)


class Keyboard(Mouse):
    """How it is used without one: whatever is wanted has to be reached by Tab."""

    def press(self, what: Locator) -> None:
        self._reach(what)
        self.page.keyboard.press("Enter")
        self.page.wait_for_timeout(SETTLED)  # unlike a click, a key does not wait for where it leads
        self.page.wait_for_load_state("load")

    def write(self, what: Locator, text: str) -> None:
        self._reach(what)
        self.page.keyboard.press("Control+a")
        self.page.keyboard.type(text)

    def tick(self, what: Locator) -> None:
        self._reach(what)
        self.page.keyboard.press("Space")

    def choose(self, what: Locator, value: str) -> None:
        label = what.locator(f"option[value={value}]").text_content() or ""
        self._reach(what)
        self.page.keyboard.type(label[:12])

    def _reach(self, what: Locator) -> None:
        what.wait_for()
        for _ in range(MOST_TABS):
            if what.evaluate("element => element === document.activeElement"):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"Tab does not reach {what}.")


def next_step(hand: Mouse) -> None:
    hand.page.goto("/")
    hand.press(hand.page.get_by_role("link", name="Do it now"))


def move(hand: Mouse, amount: str) -> None:
    page = hand.page
    page.wait_for_load_state("load")
    hand.write(page.get_by_label("Amount", exact=True), amount)
    hand.press(page.get_by_role("button", name=re.compile("^Review")).first)
    hand.press(page.get_by_role("button", name=re.compile(rf"^(Deposit|Allocate|Transfer|Move) .*{amount[:1]}")).last)
    expect(page.locator("main")).to_contain_text(re.compile("went (to|from)|came in|is in|deposited", re.IGNORECASE))


@pytest.mark.parametrize(
    ("script", "by"),
    [(True, Mouse), *(pytest.param(*way, marks=pytest.mark.slow) for way in ((False, Mouse), (True, Keyboard)))],
)
def test_a_farm_is_built_by_the_checklist(open_page: OpenPage, builder: User, script: bool, by: type[Mouse]) -> None:
    page = open_page("/", user=builder, script=script).page
    hand = by(page)
    next_step(hand)
    hand.press(page.get_by_role("link", name="Open a paper account"))
    hand.press(page.get_by_role("button", name="Open the account"))
    next_step(hand)
    hand.choose(page.get_by_label("What may be bought here"), "listed")
    hand.tick(page.get_by_label("BTC/USDT", exact=True))
    hand.write(page.get_by_label(re.compile("At most per order")), "5000")
    hand.press(page.get_by_role("button", name="Save limits"))
    next_step(hand)
    hand.write(page.get_by_label("Name"), "Fund")
    hand.press(page.get_by_role("button", name="Make master wallet"))
    next_step(hand)
    move(hand, "9000")
    next_step(hand)
    hand.write(page.get_by_label("Name"), "Mine")
    hand.press(page.get_by_role("button", name="Make the farm"))
    next_step(hand)
    hand.write(page.get_by_label("Name"), "First")
    hand.press(page.get_by_role("button", name="Hire the agent"))
    for amount in ("4000", "3000"):
        next_step(hand)
        move(hand, amount)
    next_step(hand)
    hand.press(page.get_by_role("button", name="Start the agent"))
    next_step(hand)
    hand.press(page.get_by_role("button", name="Start the farm").first)
    page.goto("/")
    expect(page.get_by_role("link", name="Do it now")).to_have_count(0)
    with tenancy.tenant(builder.pk):
        assert Wallet.objects.filter(role="agent", accounts__balance=3000).exists()


@pytest.mark.slow
@pytest.mark.parametrize("script", [True, pytest.param(False, marks=pytest.mark.slow)])
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


@pytest.mark.slow
def test_the_forms_and_the_archive_are_sound(open_page: OpenPage, world: World) -> None:
    farm, agent = world.farm.pk, world.agent.pk
    for path in (
        f"/farms/{farm}/edit/",
        f"/farms/{farm}/archive/",
        f"/farms/agents/{agent}/edit/",
        f"/farms/new/?like={farm}",
        f"/farms/{farm}/hire/?like={agent}",
        f"/farms/agents/{agent}/move/",
        f"/farms/agents/{agent}/analytics/",
    ):
        assert_page_is_sound_everywhere(open_page(path, user=world.owner))
