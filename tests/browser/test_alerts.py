"""The inbox in a real browser: what it looks like, and what happens on an open page when something is raised."""

import re
from collections.abc import Iterator
from decimal import Decimal
from uuid import uuid4

import pytest
from playwright.sync_api import expect

from kit import sentences, tenancy
from kit.alerts.models import Alert, Mute, PlatformAlert
from kit.alerts.services import mute, raise_alert, raise_platform_alert, resolve_alert
from kit.users.models import User
from tests.browser.conftest import OpenPage, Site
from tests.browser.soundness import assert_page_is_sound_everywhere
from tests.conftest import as_operators, make_user

DRIFT = f"drift:{uuid4()}:BTC"


@pytest.fixture
def reader(site: Site) -> Iterator[User]:
    """Somebody with four alerts of three levels, one acknowledged, one muted."""
    user = User.objects.filter(email="reader@example.com").first() or make_user("reader@example.com", name="Rita")
    with tenancy.tenant(user.pk):
        with as_operators():
            Alert.objects.filter(owner=user).delete()
        Mute.objects.all().delete()
        raise_alert(
            owner_id=user.pk, key=DRIFT, level="critical", title="{name} has {amount} less than the books",
            body="The difference is in suspense; no wallet was changed.", about="connection:",
            name="Kraken", amount=sentences.amount(Decimal("1.23456"), "BTC"),
        )  # fmt: skip
        raise_alert(owner_id=user.pk, key=f"sync:{uuid4()}", title="A connection needs you", body="The key is refused.")
        raise_alert(owner_id=user.pk, key="failing:quiet", title="Quiet work failed", level="info")
        mute(user_id=user.pk, key="failing")
    yield user
    User.objects.filter(pk=user.pk).update(privacy=False)


@pytest.fixture
def chief(site: Site) -> Iterator[User]:
    """An operator before an alert of the platform."""
    user = User.objects.filter(email="chief@example.com").first() or make_user(
        "chief@example.com", is_staff=True, name="Chris"
    )
    raise_platform_alert(key="ledger", title="The books contradict themselves", level="critical")
    yield user
    with tenancy.system():
        PlatformAlert.objects.all().delete()


@pytest.mark.parametrize("tab", ["", "?tab=acknowledged", "?tab=history", "?tab=muted", "?level=critical&kind=drift"])
def test_the_inbox_is_sound_in_both_themes_and_at_every_width(open_page: OpenPage, reader: User, tab: str) -> None:
    assert_page_is_sound_everywhere(open_page(f"/alerts/{tab}", user=reader))


def test_what_can_be_done_with_an_alert_opens_and_is_sound(open_page: OpenPage, reader: User) -> None:
    visit = open_page("/alerts/", user=reader)
    visit.page.locator(".drop > summary").first.click()
    expect(visit.page.get_by_role("button", name="1 hour").first).to_be_visible()
    assert_page_is_sound_everywhere(visit)


def test_a_new_alert_counts_on_the_bell_and_becomes_a_toast_on_any_page(open_page: OpenPage, reader: User) -> None:
    page = open_page("/preferences/", user=reader).page
    expect(page.locator("#live")).to_have_attribute("data-state", "live")
    expect(page.locator("#bell .badge")).to_have_text("2")
    with tenancy.tenant(reader.pk):
        raise_alert(owner_id=reader.pk, key="agent-failed:x", level="critical", title="Bitcoin swing was paused")
    toast = page.locator(".toast.bad")
    expect(toast).to_contain_text("Bitcoin swing was paused")
    expect(toast.get_by_role("link", name="Show")).to_have_attribute("href", "/alerts/")
    expect(page.locator("#bell .badge")).to_have_text("3")
    expect(page.locator("#bell")).to_have_accessible_name("Alerts, 3 open")
    with tenancy.tenant(reader.pk):
        resolve_alert(owner_id=reader.pk, key="agent-failed:x")
    expect(page.locator("#bell .badge")).to_have_text("2")


def test_a_toast_hides_amounts_from_who_hides_them_and_muted_alerts_make_none(
    open_page: OpenPage, reader: User
) -> None:
    User.objects.filter(pk=reader.pk).update(privacy=True)
    page = open_page("/preferences/", user=reader).page
    expect(page.locator("#live")).to_have_attribute("data-state", "live")
    with tenancy.tenant(reader.pk):
        raise_alert(owner_id=reader.pk, key="failing:other", title="Nobody wants to hear this")
    page.wait_for_timeout(1500)
    with tenancy.tenant(reader.pk):
        raise_alert(
            owner_id=reader.pk, key="drift:x:ETH", title="{amount} arrived at Kraken",
            amount=sentences.amount(Decimal("77.125"), "ETH"),
        )  # fmt: skip
    expect(page.locator(".toast.warn")).to_have_count(1)
    expect(page.locator(".toast.warn")).to_contain_text("••• ETH arrived at Kraken")
    assert "77.125" not in page.content()


@pytest.mark.slow
@pytest.mark.parametrize("script", [True, False])
def test_acknowledging_muting_and_unmuting_work_with_and_without_javascript(
    open_page: OpenPage, reader: User, script: bool
) -> None:
    page = open_page("/alerts/", user=reader, script=script).page
    rows = page.locator(".inbox > .alert")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("1.23456")
    rows.first.get_by_role("button", name="Acknowledge").click()
    expect(rows).to_have_count(1)
    expect(page.locator("#bell .badge")).to_have_text("1")
    rows.first.locator(".drop > summary").click()
    rows.first.get_by_text("Mute every").click()
    rows.first.get_by_role("button", name="For good").click()
    expect(page.get_by_text("Nothing needs you.")).to_be_visible()
    expect(page.locator("#bell .badge")).to_have_count(0)
    page.goto("/alerts/?tab=muted")
    page.locator(".mute", has_text="Connection").get_by_role("button", name="Unmute").click()
    expect(page.locator(".mute")).to_have_count(1)
    page.goto("/alerts/")
    page.get_by_role("button", name="Acknowledge all").click()
    expect(page.get_by_text("Nothing needs you.")).to_be_visible()
    page.goto("/alerts/?tab=acknowledged")
    expect(rows).to_have_count(2)
    rows.first.locator(".drop > summary").click()
    rows.first.get_by_role("button", name="It is settled").click()
    expect(rows).to_have_count(1)
    page.goto("/alerts/?tab=history")
    expect(rows).to_have_count(1)
    expect(rows.first).to_contain_text("settled by hand")


def test_the_open_list_follows_what_happens_and_keeps_what_is_open(open_page: OpenPage, reader: User) -> None:
    visit = open_page("/alerts/", user=reader)
    page = visit.page
    expect(page.locator("#live")).to_have_attribute("data-state", "live")
    page.locator(".drop > summary").first.click()
    with tenancy.tenant(reader.pk):
        raise_alert(owner_id=reader.pk, key="agent-failed:y", title="Another one", level="info")
    expect(page.locator(".inbox > .alert")).to_have_count(3)
    expect(page.locator(".drop[open]")).to_have_count(1)
    assert visit.console == []


def test_operators_see_the_platforms_alerts_marked_and_nobody_else_does(
    open_page: OpenPage, reader: User, chief: User
) -> None:
    page = open_page("/alerts/", user=chief).page
    row = page.locator(".inbox > .alert")
    expect(row).to_contain_text("Platform")
    expect(page.locator("#bell .badge")).to_have_text("1")
    expect(open_page("/alerts/", user=reader).page.get_by_text("Platform")).to_have_count(0)
    row.get_by_role("button", name="Acknowledge").click()
    expect(page.get_by_text("Nothing needs you.")).to_be_visible()


def test_phones_reach_alerts_by_the_bell_with_their_count_and_goals_by_a_tab(open_page: OpenPage, reader: User) -> None:
    page = open_page("/", user=reader, width=390).page
    tabs = page.get_by_role("navigation", name="Main, mobile").get_by_role("link")
    expect(tabs).to_have_text([re.compile(name) for name in ("Portfolio", "Wallets", "Positions", "Goals", "More")])
    bell = page.locator("#bell")
    expect(bell).to_have_accessible_name("Alerts, 2 open")
    page.set_viewport_size({"width": 320, "height": 700})
    expect(bell).to_be_in_viewport(ratio=1)
    bell.click()
    expect(page).to_have_url(re.compile("/alerts/$"))
    page.get_by_role("navigation", name="Main, mobile").get_by_role("link", name="Goals").click()
    expect(page).to_have_url(re.compile("/goals/$"))
