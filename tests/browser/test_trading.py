"""Orders, positions and trades in a real browser."""

import csv
from decimal import Decimal

import pytest
from playwright.sync_api import expect

from kit import tenancy
from kit.users.models import User
from tests.browser.conftest import OpenPage, Site
from tests.browser.screens import every_screen, usual_screens
from tests.browser.soundness import assert_page_is_sound
from tests.conftest import make_user
from tests.trading.desk import Desk, make_desk, set_price

LISTS = ["/trading/orders/", "/trading/positions/", "/trading/trades/"]


@pytest.fixture(scope="module")
def desk(site: Site) -> Desk:
    """Filled, refused and waiting orders, an open position, and a trade that won."""
    desk = make_desk(make_user("desk@example.com", name="Dora Desk"))
    desk.trade(
        "buy",
        "2",
        reason="The close of 100.00 broke the channel's high of 99.20.",
        exit_stop=Decimal(90),
        exit_target=Decimal(130),
    )
    set_price(desk.instrument, "118.40")
    desk.trade("sell", "2", reason="The target was reached.")
    desk.place("sell", "5", reason="The stop was hit.")
    desk.trade("buy", "1.25", reason="The fast average crossed above the slow one.", exit_stop=Decimal(104))
    set_price(desk.instrument, "121.07")
    desk.place("buy", "0.5", reason="A worker has not taken this one yet.")
    return desk


def order_address(desk: Desk, side: str, status: str) -> str:
    with tenancy.tenant(desk.owner.pk):
        order = desk.wallet.orders.filter(side=side, status=status).first()
    assert order is not None
    return f"/trading/orders/{order.pk}/"


@pytest.mark.slow
@every_screen
@pytest.mark.parametrize("path", LISTS)
def test_lists_are_sound(open_page: OpenPage, desk: Desk, path: str, scheme: str, width: int) -> None:
    assert_page_is_sound(open_page(path, user=desk.owner, width=width, scheme=scheme))


@pytest.mark.slow
@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("path", [*LISTS, "/trading/orders/?q=nothing"])
def test_empty_lists_are_sound(open_page: OpenPage, trader: User, path: str, width: int) -> None:
    assert_page_is_sound(open_page(path, user=trader, width=width))


@every_screen
@pytest.mark.parametrize(("side", "status"), [("buy", "filled"), ("sell", "rejected")])
def test_the_life_of_an_order_is_sound(
    open_page: OpenPage, desk: Desk, side: str, status: str, scheme: str, width: int
) -> None:
    path = order_address(desk, side, status)
    assert_page_is_sound(open_page(path, user=desk.owner, width=width, scheme=scheme))


@pytest.mark.slow
@usual_screens
@pytest.mark.parametrize("on", ["wallet", "connection"])
def test_limits_are_sound(open_page: OpenPage, desk: Desk, on: str, scheme: str, width: int) -> None:
    path = f"/trading/limits/{'connection/' if on == 'connection' else ''}{getattr(desk, on).pk}/"
    visit = open_page(path, user=desk.owner, width=width, scheme=scheme)
    assert_page_is_sound(visit)
    visit.page.get_by_role("checkbox", name="BTC/USDT", exact=True).check()
    visit.page.get_by_label("What may be bought here").select_option("listed")
    visit.page.get_by_label("At most per order").fill("-1")
    visit.page.get_by_role("button", name="Save limits").click()
    expect(visit.page.get_by_text("Enter an amount above zero, or none.")).to_be_visible()
    assert visit.console == []  # a form that comes back is an answer
    for heard in (visit.failures, visit.requests):
        heard.clear()  # the stream of the page that was left
    assert_page_is_sound(visit)


@usual_screens
def test_opening_a_paper_account_is_sound(open_page: OpenPage, trader: User, scheme: str, width: int) -> None:
    assert_page_is_sound(open_page("/wallets/connections/new/", user=trader, width=width, scheme=scheme))


def test_filters_and_order_change_the_list_in_place_and_the_address(open_page: OpenPage, desk: Desk) -> None:
    visit = open_page("/trading/orders/", user=desk.owner)
    page = visit.page
    rows = page.locator("#list tbody tr:not(.why)")
    expect(rows).to_have_count(5)
    page.get_by_label("Status").select_option("filled")
    expect(rows).to_have_count(3)
    assert "status=filled" in page.url
    page.get_by_role("link", name="Quantity").click()
    expect(page.locator("th[aria-sort=descending]")).to_contain_text("Quantity")
    assert "status=filled" in page.url
    assert "sort=-quantity" in page.url
    page.get_by_label("Side").select_option("sell")
    expect(rows).to_have_count(1)
    assert "sort=-quantity" in page.url
    assert sum(request.is_navigation_request() for request in visit.requests) == 1
    page.go_back()
    expect(rows).to_have_count(3)
    expect(page.locator("nav.side")).to_be_visible()


@pytest.mark.parametrize("width", [390, 1440])
def test_what_a_position_makes_is_in_sight(open_page: OpenPage, desk: Desk, width: int) -> None:
    page = open_page("/trading/positions/", user=desk.owner, width=width).page
    figure, table = page.locator("td:has(.pnl)").first.bounding_box(), page.locator(".scroll").first.bounding_box()
    assert figure is not None
    assert table is not None
    assert figure["x"] + figure["width"] <= table["x"] + table["width"] + 1


def test_filters_work_without_javascript(open_page: OpenPage, desk: Desk) -> None:
    page = open_page("/trading/orders/", user=desk.owner, script=False).page
    page.get_by_label("Status").select_option("refused")
    page.get_by_role("button", name="Filter").click()
    expect(page.locator("#list tbody tr:not(.why)")).to_have_count(1)
    page.get_by_role("group", name="Shown").get_by_role("link", name="All").click()
    expect(page.locator("#list tbody tr:not(.why)")).to_have_count(5)


def test_the_list_comes_as_a_file(open_page: OpenPage, desk: Desk) -> None:
    page = open_page("/trading/orders/?status=filled", user=desk.owner).page
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    with download.value.path().open() as file:
        rows = list(csv.DictReader(file))
    assert [row["status"] for row in rows] == ["filled"] * 3
