"""Tables at every width: nothing that counts is outside of what a reader sees, whatever the names and the amounts."""

from datetime import timedelta

import pytest

from kit import tenancy
from kit.users.models import Token, User
from kit.users.tokens import open_token
from tests.browser.conftest import OpenPage, Site
from tests.browser.soundness import cells_out_anywhere
from tests.browser.test_pages import address
from tests.world import World, build_world
from wallets.sync.runs import sync_connection

TIMES = 10_000  # a fund of more than a billion
WITH_TABLES = (
    "home", "net value", "profit", "calendar", "weeks", "day", "sharpe", "win rate", "open profit", "exposure",
    "changes",
    "at risk", "posting",
    "wallets", "wallet", "agent's wallet", "connections", "farms", "farm", "agent", "goal",
    "orders", "order", "positions", "trades", "limits", "tokens", "log",
)  # fmt: skip


@pytest.fixture(scope="module")
def rich(site: Site) -> World:
    """The world with names as long as names may be, amounts of ten digits, and a program that may do all."""
    world = build_world("rich@example.com", times=TIMES)
    with tenancy.tenant(world.owner.pk):
        open_token(
            world.owner,
            kind=Token.Kind.PERSONAL,
            name="The desk's own program, which watches over the night",
            scopes=Token.Scope.values,
            lifetime=timedelta(days=90),
            address="2001:db8:85a3::8a2e:370:7334",
        )
    sync_connection(connection_id=world.connection.pk, owner_id=world.owner.pk)
    return world


@pytest.mark.slow
@pytest.mark.parametrize("name", WITH_TABLES)
def test_every_cell_of_a_very_rich_fund_is_in_sight(open_page: OpenPage, rich: World, name: str) -> None:
    path = f"/trading/limits/{rich.quiet.wallet_id}/" if name == "limits" else address(rich, name)
    visit = open_page(path, user=rich.owner)
    assert visit.page.locator("main table").count()
    for fold in visit.page.locator("details.fold").all():
        fold.evaluate("fold => fold.open = true")
    assert not cells_out_anywhere(visit)


def test_a_phone_shows_a_row_in_two_lines_with_the_money_at_the_right_and_the_reason_over_the_full_width(
    open_page: OpenPage, rich: World
) -> None:
    page = open_page("/trading/trades/", user=rich.owner, width=390).page
    row, why = page.locator("#list tbody tr:not(.why)").first, page.locator("#list tbody tr.why").first
    name, money = row.locator("td:visible").all()
    box, amount, table = (found.bounding_box() for found in (why.locator("p"), money, page.locator("#list table")))
    assert box is not None
    assert amount is not None
    assert table is not None
    assert amount["x"] + amount["width"] == pytest.approx(table["x"] + table["width"], abs=1)
    assert box["width"] > 0.85 * table["width"]
    assert row.bounding_box()["height"] < 64  # type: ignore[index]  # two lines of text and the room around them
    assert "BTC/USDT" in name.inner_text()


def test_filters_and_figures_are_whole_on_a_phone(open_page: OpenPage, world: World) -> None:
    page = open_page("/trading/trades/", user=world.owner, width=390).page
    assert page.evaluate("(form => form.scrollWidth <= form.clientWidth)(document.querySelector('.filter-form'))")
    page = open_page("/", user=world.owner, width=390).page
    cut = "[...document.querySelectorAll('.figures dt')].filter(dt => dt.scrollWidth > dt.clientWidth).length"
    assert page.evaluate(cut) == 0


@pytest.mark.parametrize("width", [1440, 1024, 390])
def test_amounts_in_another_unit_stay_in_their_column(open_page: OpenPage, world: World, width: int) -> None:
    User.objects.filter(pk=world.owner.pk).update(base_currency="BTC")
    try:
        page = open_page("/", user=world.owner, width=width).page
        out = "(of => [...document.querySelectorAll(of)].filter(it => it.scrollWidth > it.clientWidth + 1).length)"
        assert page.evaluate(f"{out}('.metrics > div')") == 0
        tall = out.replace("scrollWidth > it.clientWidth + 1", "offsetHeight > 24")
        assert page.evaluate(f"{tall}('#allocation .legend .xs')") == 0
    finally:
        User.objects.filter(pk=world.owner.pk).update(base_currency="USDT")
