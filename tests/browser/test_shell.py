"""The frame in a real browser: with the mouse, by keyboard alone, and with JavaScript switched off."""

from uuid import uuid4

import pytest
from django.template.loader import render_to_string
from playwright.sync_api import Page, expect

from kit.users.models import User
from tests.browser.conftest import OpenPage, Site
from tests.browser.screens import every_screen
from tests.browser.soundness import assert_page_is_sound, watch
from tests.conftest import make_user


@pytest.fixture
def visitor(site: Site) -> User:
    """Somebody whose preferences the test may change."""
    return make_user(f"{uuid4().hex}@example.com", name="Vera Visitor")


def canvas(page: Page) -> str:
    return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))


@every_screen
@pytest.mark.parametrize("path", ["/preferences/", "/password/", "/jump/"])
def test_pages_of_the_frame_are_sound(open_page: OpenPage, trader: User, path: str, scheme: str, width: int) -> None:
    assert_page_is_sound(open_page(path, user=trader, width=width, scheme=scheme))


@every_screen
def test_the_door_is_sound(open_page: OpenPage, scheme: str, width: int) -> None:
    assert_page_is_sound(open_page("/login/", width=width, scheme=scheme))


def test_signing_in_needs_no_javascript(open_page: OpenPage, trader: User) -> None:
    page = open_page("/preferences/", script=False).page
    page.get_by_label("Email").fill(trader.email)
    page.get_by_label("Password").fill(f"password of {trader.email}")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Preferences")).to_be_visible()


def test_the_theme_changes_at_once_and_stays(open_page: OpenPage, visitor: User) -> None:
    page = open_page("/preferences/", user=visitor).page
    light = canvas(page)
    with page.expect_response("**/preferences/theme/"):
        page.get_by_role("button", name="Switch theme").click()
    assert canvas(page) != light
    page.reload()
    assert page.locator("html").get_attribute("data-theme") == "dark"


def test_the_theme_changes_without_javascript_too(open_page: OpenPage, visitor: User) -> None:
    page = open_page("/preferences/", user=visitor, script=False).page
    page.get_by_role("button", name="Switch theme").click()
    assert page.locator("html").get_attribute("data-theme") == "dark"


@pytest.mark.parametrize("script", [True, False])
def test_the_privacy_switch_says_whether_it_is_on(open_page: OpenPage, visitor: User, script: bool) -> None:
    page = open_page("/preferences/", user=visitor, script=script).page
    page.get_by_role("button", name="Hide amounts", pressed=False).click()
    expect(page.get_by_role("button", name="Hide amounts", pressed=True)).to_be_visible()


def test_the_palette_opens_by_keyboard_finds_and_jumps(open_page: OpenPage, trader: User) -> None:
    page = open_page("/password/", user=trader).page
    page.keyboard.press("Control+k")
    box = page.get_by_role("searchbox", name="Search or jump to")
    expect(box).to_be_focused()
    box.press_sequentially("prefer")
    expect(page.locator("#palette .results a")).to_have_count(1)
    box.press("Enter")
    page.wait_for_url("**/preferences/")


@pytest.mark.slow
def test_the_palette_closes_on_escape_and_is_a_page_without_javascript(open_page: OpenPage, trader: User) -> None:
    page = open_page("/preferences/", user=trader).page
    page.keyboard.press("/")
    expect(page.locator("#palette")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#palette")).to_be_hidden()
    plain = open_page("/preferences/", user=trader, script=False).page
    plain.get_by_text("Search or jump to…").click()
    expect(plain.get_by_role("heading", name="Search")).to_be_visible()


def test_the_open_palette_is_sound(open_page: OpenPage, trader: User) -> None:
    visit = open_page("/preferences/", user=trader)
    visit.page.keyboard.press("/")
    expect(visit.page.locator("#palette")).to_be_visible()
    assert_page_is_sound(visit)


def test_shortcuts_explain_themselves_and_can_be_switched_off(open_page: OpenPage, visitor: User) -> None:
    page = open_page("/preferences/", user=visitor).page
    page.keyboard.press("?")
    expect(page.get_by_role("heading", name="Keyboard shortcuts")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("checkbox", name="Keyboard shortcuts").uncheck()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Preferences saved.")).to_be_visible()
    page.keyboard.press("?")
    expect(page.locator("#shortcuts")).to_be_hidden()


def test_keys_that_are_typed_into_a_field_are_letters(open_page: OpenPage, trader: User) -> None:
    page = open_page("/preferences/", user=trader).page
    page.get_by_label("Name").fill("")
    page.get_by_label("Name").press_sequentially("jk?/")
    assert page.get_by_label("Name").input_value() == "jk?/"
    expect(page.locator("#palette")).to_be_hidden()


def test_the_first_stop_of_the_keyboard_skips_to_the_content(open_page: OpenPage, trader: User) -> None:
    page = open_page("/preferences/", user=trader).page
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()


def test_a_page_says_that_it_is_live(open_page: OpenPage, trader: User) -> None:
    expect(open_page("/preferences/", user=trader).page.locator("#live")).to_have_attribute("data-state", "live")


def test_a_broken_answer_becomes_a_toast_that_tries_again(open_page: OpenPage, trader: User) -> None:
    page = open_page("/jump/", user=trader).page
    page.context.route("**/jump/?q=*", lambda route: route.fulfill(status=503, body="later"))
    page.get_by_role("searchbox", name="Search or jump to").fill("pref")
    toast = page.get_by_role("alert")
    expect(toast).to_contain_text("The server answered 503. Nothing was changed.")
    page.context.unroute("**/jump/?q=*")
    toast.get_by_role("button", name="Retry").click()
    expect(page.locator(".results a")).to_have_count(1)
    expect(toast).to_have_count(0)


def test_a_word_that_is_pressed_says_what_it_means(open_page: OpenPage, visitor: User) -> None:
    page = open_page("/ui/", user=visitor).page
    word = page.locator(".missing[title]:visible").first
    word.click()
    expect(page.locator("#toasts .toast")).to_contain_text(word.get_attribute("title") or "no title")


def test_charts_follow_the_theme(open_page: OpenPage, visitor: User) -> None:
    visit = open_page("/ui/", user=visitor)
    visit.page.locator("#equity").scroll_into_view_if_needed()
    line = visit.page.locator("#equity .js-line").first
    line.wait_for(state="attached")
    before = line.evaluate("e => getComputedStyle(e).stroke")
    visit.page.get_by_role("button", name="Switch theme").click()
    visit.page.wait_for_function(
        "before => getComputedStyle(document.querySelector('#equity .js-line')).stroke !== before", arg=before
    )


def test_pages_without_charts_do_not_load_the_chart_library(open_page: OpenPage, trader: User) -> None:
    visit = open_page("/preferences/", user=trader)
    visit.page.wait_for_load_state("load")
    assert not any("plotly" in request.url for request in visit.requests)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["400", "403", "403_csrf", "404", "500"])
def test_error_pages_are_sound(open_page: OpenPage, name: str, scheme: str) -> None:
    page = open_page("/login/", scheme=scheme).page
    html = render_to_string(f"{name}.html")
    page.wait_for_load_state("networkidle")
    page.route("**/broken/", lambda route: route.fulfill(body=html, content_type="text/html"))
    visit = watch(page)
    page.goto("/broken/")
    assert_page_is_sound(visit)


def test_a_form_that_is_refused_says_why(open_page: OpenPage, visitor: User) -> None:
    """The server's word for it travels in a header (tests/house/test_faults.py); the page shows it and stays."""
    page = open_page("/preferences/", user=visitor).page
    page.route(
        "**/preferences/theme/",
        lambda route: route.fulfill(status=403, headers={"X-Refused": "Refused: add it to MONIQO_TRUSTED_ORIGINS."}),
    )
    page.wait_for_function("window.htmx !== undefined")
    page.evaluate("htmx.ajax('POST', '/preferences/theme/', {source: 'body', swap: 'none'}).catch(() => {})")
    expect(page.locator(".toast")).to_contain_text("MONIQO_TRUSTED_ORIGINS", timeout=20_000)


def test_the_palette_does_things_by_keyboard_and_never_what_is_not_seen(open_page: OpenPage, visitor: User) -> None:
    page = open_page("/password/", user=visitor).page
    page.keyboard.press("Control+k")
    box = page.get_by_role("searchbox", name="Search or jump to")
    box.press_sequentially("sync")
    expect(page.locator("#palette .results")).to_have_attribute("data-query", "sync")
    page.route("**/jump/?q=hide*", lambda route: (page.wait_for_timeout(300), route.continue_()))
    box.fill("hide amounts")
    box.press("Enter")  # what is shown still answers "sync": nothing is done
    expect(page.locator("#palette .results button[data-active]")).to_have_text("Hide amounts")
    assert page.url.endswith("/password/")
    box.press("Enter")
    expect(page.get_by_role("button", name="Hide amounts", pressed=True)).to_be_visible()
    assert page.url.endswith("/password/")


def test_what_the_palette_does_works_without_javascript(open_page: OpenPage, visitor: User) -> None:
    page = open_page("/jump/?q=amounts", user=visitor, script=False).page
    shown = page.locator(".results button", has_text="amounts").inner_text()
    page.locator(".results button", has_text="amounts").click()
    expect(page.locator(".results button", has_text="amounts")).not_to_have_text(shown)
