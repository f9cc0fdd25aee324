"""The settings that keep an account safe, in a real browser."""

import pyotp
from playwright.sync_api import expect

from kit import clock
from kit.users.models import User
from tests.browser.conftest import OpenPage
from tests.browser.soundness import assert_page_is_sound_everywhere, violations
from tests.conftest import make_user


def test_setting_up_a_second_factor_and_signing_in_with_it(open_page: OpenPage, trader: User) -> None:
    user = make_user("second.factor@example.com", name="Sina Second")
    visit = open_page("/settings/two-factor/", user=user)
    page = visit.page
    assert_page_is_sound_everywhere(visit)
    page.get_by_label("Your password").fill(f"password of {user.email}")
    page.get_by_role("button", name="Set up two-factor").click()

    expect(page.get_by_role("img", name="QR code")).to_be_visible()
    visit = open_page("/settings/two-factor/", user=user)
    page = visit.page
    assert_page_is_sound_everywhere(visit)
    secret = page.locator("p code").inner_text()
    page.get_by_label("Code", exact=True).fill(pyotp.TOTP(secret).at(int(clock.now().timestamp())))
    page.get_by_role("button", name="Switch two-factor on").click()

    expect(page.get_by_role("heading", name="Your recovery codes")).to_be_visible()
    assert page.locator(".codes li").count() == 10
    assert violations(page) == []
    code = page.locator(".codes li").first.inner_text()

    visit = open_page("/login/")
    page = visit.page
    page.get_by_label("Email").fill(user.email)
    page.get_by_label("Password").fill(f"password of {user.email}")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/login/code/**")
    page.get_by_label("Code", exact=True).fill("000000")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("That code is wrong")).to_be_visible()
    page.get_by_label("Code", exact=True).fill(code)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("navigation", name="Main", exact=True)).to_be_visible()


def test_making_a_token_and_revoking_it_without_javascript(open_page: OpenPage, trader: User) -> None:
    page = open_page("/settings/tokens/", user=trader, script=False).page
    page.get_by_label("Name").fill("Sheet on my laptop")
    page.get_by_label("Your password").fill(f"password of {trader.email}")
    page.get_by_role("button", name="Make the token").click()
    text = page.get_by_role("textbox", name="Send it as").input_value()
    assert text.count(".") == 2
    page.get_by_role("button", name="Revoke Sheet on my laptop").click()
    expect(page.get_by_role("row", name="Sheet on my laptop")).to_contain_text("Revoked")
    page.goto("/settings/log/")
    expect(page.get_by_role("row", name="Token revoked")).to_contain_text("Sheet on my laptop")
