"""The pages of trading: what they show, to whom, and what it costs."""

import csv
import io
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.db.models import Q
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.html import strip_tags

from kit import clock, tenancy
from kit.users.models import User
from tests.programs import bearer
from tests.trading.desk import Desk, fail_with, make_desk, set_price
from trading.models import Order, Position
from trading.selectors import Filters, RoundTrip, list_orders, list_trades, open_positions
from trading.selectors import round_trip as round_trip_of

LISTS = ["trading:orders", "trading:positions", "trading:trades"]
HTMX = {"HX-Request": "true"}


@pytest.fixture
def desk(owner: User) -> Desk:
    return make_desk(owner)


@pytest.fixture
def pages(client: Client, owner: User) -> Client:
    client.force_login(owner)
    return client


def round_trip(desk: Desk, price: str = "120") -> None:
    set_price(desk.instrument, "100")
    desk.trade("buy", "1", reason="Breakout above 99.")
    set_price(desk.instrument, price)
    desk.trade("sell", "1", reason="Target reached.")


@pytest.mark.parametrize("name", LISTS)
def test_a_stranger_is_asked_to_sign_in(client: Client, db: None, name: str) -> None:
    assert client.get(reverse(name)).status_code == 302


@pytest.mark.parametrize("name", LISTS)
def test_an_empty_list_says_what_would_fill_it(pages: Client, name: str) -> None:
    page = pages.get(reverse(name)).content.decode()
    assert 'class="empty"' in page
    assert "<table" not in page


@pytest.mark.parametrize("name", LISTS)
def test_a_list_that_filters_found_nothing_for_offers_to_drop_them(pages: Client, desk: Desk, name: str) -> None:
    round_trip(desk)
    desk.trade("buy", "1")
    page = pages.get(reverse(name), {"q": "nothing like it"}).content.decode()
    assert "Show every" in page
    assert "Text: <" in page or "Text: nothing" in page


@pytest.mark.parametrize("name", LISTS)
def test_the_same_address_answers_htmx_with_the_list_alone(pages: Client, desk: Desk, name: str) -> None:
    desk.trade("buy", "1")
    part = pages.get(reverse(name), headers=HTMX)
    assert part.content.decode().strip().startswith('<section class="card" id="list"')
    assert "HX-Request" in part["Vary"]
    back = pages.get(reverse(name), headers={**HTMX, "HX-History-Restore-Request": "true"})
    assert "<html" in back.content.decode()


def test_orders_are_filtered_by_what_stands_in_the_address(pages: Client, desk: Desk) -> None:
    filled = desk.trade("buy", "1", reason="A clear breakout.")
    refused = desk.place("sell", "5")
    today = clock.now().date()

    def shown(**query: object) -> set[str]:
        page = pages.get(reverse("trading:orders"), query).content.decode()
        return {name for name, order in (("filled", filled), ("refused", refused)) if str(order.pk) in page}

    assert shown() == {"filled", "refused"}
    assert shown(status="filled") == {"filled"}
    assert shown(status="unfinished") == set()
    assert shown(side="sell") == {"refused"}
    assert shown(q="clear break") == {"filled"}
    assert shown(wallet=desk.wallet.pk) == shown(wallet=desk.farm.pk) == shown(wallet=desk.master.pk) == shown()
    assert shown(wallet="00000000-0000-0000-0000-000000000000") == {"filled", "refused"}  # nobody's: no filter
    assert shown(instrument=desk.instrument.pk) == shown()
    assert shown(since=today, until=today) == shown()
    assert shown(until=today - timedelta(days=1)) == set()
    assert shown(since="not a day", instrument="x", wallet="y", status="z") == shown()


def test_an_order_is_worth_what_it_was_filled_for_wherever_it_stands(pages: Client, desk: Desk) -> None:
    order = desk.trade("buy", "2.5")
    waiting = desk.place("buy", "1")
    with tenancy.tenant(desk.owner.pk):
        fill, position = order.fills.get(), Position.objects.get()
        assert fill.price != order.reference_price
    program = Client(headers=bearer(desk.owner))
    paid = f"{fill.notional:.2f}"
    for address in (
        reverse("trading:orders"),
        reverse("trading:order", args=[order.pk]),
        reverse("trading:position", args=[position.pk]),
    ):
        page = strip_tags(pages.get(address).content.decode())
        orders = page.partition("that were filled for it")[2] or page  # a position has a value too
        assert (paid in orders, "$250.00" in orders) == (True, False), address
    told = {row["id"]: row["notional"] for row in program.get("/api/v1/orders").json()["items"]}
    assert {Decimal(told[str(order.pk)]), Decimal(told[str(waiting.pk)])} == {fill.notional, Decimal(100)}
    with tenancy.tenant(desk.owner.pk):
        first = list_orders(owner_id=desk.owner.pk, filters=Filters(), sort="-notional").rows[0]
    assert (first.id, first.notional) == (order.pk, fill.notional)


def test_a_sorted_column_says_so_and_an_unknown_one_sorts_nothing(pages: Client, desk: Desk) -> None:
    small, large = desk.trade("buy", "1"), desk.trade("buy", "3")

    def order_of(sort: str) -> bool:
        page = pages.get(reverse("trading:orders"), {"sort": sort}).content.decode()
        assert ("aria-sort" in page) == (sort in {"quantity", "-quantity"})
        return page.index(str(small.pk)) < page.index(str(large.pk))

    assert order_of("quantity")
    assert not order_of("-quantity")
    with CaptureQueriesContext(connection) as queries:
        page = pages.get(reverse("trading:orders"), {"sort": "password"}).content.decode()
    assert page.index(str(large.pk)) < page.index(str(small.pk))
    assert not any("password" in query["sql"] for query in queries if "trading_order" in query["sql"])


@pytest.mark.slow
@pytest.mark.parametrize("name", LISTS)
def test_a_page_costs_the_same_for_one_row_and_for_many(pages: Client, desk: Desk, name: str) -> None:
    round_trip(desk)
    desk.trade("buy", "1")
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as queries:
            assert pages.get(reverse(name)).status_code == 200
        counts.append(len(queries))
        for _ in range(3):
            desk.trade("sell", "1")
            round_trip(desk)
            desk.trade("buy", "1")
    assert counts[0] == counts[1]


def test_positions_are_read_in_two_statements_and_are_the_same_whether_some_are_asked_for_or_all(
    desk: Desk, owner: User
) -> None:
    desk.trade("buy", "2", exit_stop=Decimal(90), reason="Breakout.")
    with tenancy.tenant(owner.pk), clock.pinned():
        (row,) = open_positions(owner_id=owner.pk)
        narrow: tuple[dict[str, Any], ...] = ({"where": Q(pk=row.id)}, {"wallet_ids": [row.wallet_id]}, {})
        for given in narrow:
            with CaptureQueriesContext(connection) as queries:
                assert open_positions(owner_id=owner.pk, **given) == (row,)
            assert len(queries) == 2
        assert (row.quantity, row.exit_stop) == (Decimal(2), Decimal(90))
        assert open_positions(owner_id=uuid4()) == ()


def test_an_open_position_shows_mark_value_profit_and_share(pages: Client, desk: Desk) -> None:
    desk.trade("buy", "2", exit_stop=Decimal(90), exit_target=Decimal(130), reason="Breakout.")
    set_price(desk.instrument, "120")
    page = pages.get(reverse("trading:positions")).content.decode()
    for figure in ("120.00", "90.00", "130.00", "$240", "+$39", "100.0", "simulated"):
        assert figure in page, figure


def test_a_position_without_a_price_says_so_and_shows_no_zero(pages: Client, desk: Desk) -> None:
    desk.trade("buy", "2")
    desk.instrument.ticker.delete()
    assert "There is no price yet." in pages.get(reverse("trading:positions")).content.decode()


def test_a_trade_shows_fees_profit_return_break_even_and_why_it_ended(pages: Client, desk: Desk) -> None:
    round_trip(desk)
    page = pages.get(reverse("trading:trades")).content.decode()
    with tenancy.tenant(desk.owner.pk):
        orders = pages.get(list_trades(owner_id=desk.owner.pk, filters=Filters()).rows[0].orders_address)
    assert orders.content.decode().count('class="direction') == 4  # two rows, each once for wide and once for narrow
    for text in ("Target reached.", "+$19", "100.2", "Trend farm · Agent"):
        assert text in page, text


def test_the_life_of_an_order_explains_every_number(pages: Client, desk: Desk) -> None:
    order = desk.trade("buy", "1", reason="Breakout above 99.")
    page = pages.get(reverse("trading:order", args=[order.pk])).content.decode()
    with tenancy.tenant(desk.owner.pk):
        fill = order.fills.get()
    for text in (
        "Breakout above 99.", "Allowed:", "Submitting → Filled", order.client_order_id, fill.venue_trade_id,
        "Paid from the hold", "Fees", "Desk", "50,000", "&quot;status&quot;: &quot;filled&quot;",
    ):  # fmt: skip
        assert text in page, text


def test_a_refused_order_shows_which_limit_refused(pages: Client, desk: Desk) -> None:
    order = desk.place("sell", "1")
    page = pages.get(reverse("trading:order", args=[order.pk])).content.decode()
    assert "spot cannot be sold short" in page
    assert "No money was touched." in page


def test_another_owner_finds_no_order_of_mine(client: Client, desk: Desk, other_owner: User) -> None:
    order = desk.trade("buy", "1")
    client.force_login(other_owner)
    assert client.get(reverse("trading:order", args=[order.pk])).status_code == 404
    assert client.post(reverse("trading:order-cancel", args=[order.pk])).status_code == 404
    for name in LISTS:
        page = client.get(reverse(name)).content.decode()
        assert "BTC/USDT" not in page
        assert "Agent" not in page.split("<main", 1)[1].replace("Agents", "")


def test_an_order_that_may_be_open_can_be_cancelled(pages: Client, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    fail_with(monkeypatch, "lost_before")
    order = desk.trade("buy", "1")
    address = reverse("trading:order", args=[order.pk])
    assert "Cancel buy of BTC/USDT" in pages.get(address).content.decode()
    assert pages.get(reverse("trading:order-cancel", args=[order.pk])).status_code == 405
    page = pages.post(reverse("trading:order-cancel", args=[order.pk]), follow=True).content.decode()
    assert "Cancellation was asked for." in page


def test_nothing_to_cancel_is_said_and_nothing_happens(pages: Client, desk: Desk) -> None:
    order = desk.trade("buy", "1")
    page = pages.post(reverse("trading:order-cancel", args=[order.pk]), follow=True).content.decode()
    assert "Nothing is left to cancel" in page


@pytest.mark.parametrize(("name", "rows"), [("trading:orders", 4), ("trading:positions", 1), ("trading:trades", 1)])
def test_a_list_can_be_taken_away_as_csv(pages: Client, desk: Desk, name: str, rows: int) -> None:
    round_trip(desk)
    desk.trade("buy", "1", reason="=HYPERLINK()")
    desk.place("sell", "5")
    response = pages.get(reverse(name), {"format": "csv"})
    assert "attachment" in response["Content-Disposition"]
    table = list(csv.DictReader(io.StringIO(b"".join(response.streaming_content).decode())))  # type: ignore[arg-type]
    assert len(table) == rows
    assert all(row["symbol"] == "BTC/USDT" for row in table)
    assert not any(value.startswith("=") for row in table for value in row.values())


def test_a_csv_keeps_to_the_filters(pages: Client, desk: Desk) -> None:
    round_trip(desk)
    response = pages.get(reverse("trading:orders"), {"format": "csv", "side": "sell"})
    lines = b"".join(response.streaming_content).decode().splitlines()  # type: ignore[arg-type]
    assert len(lines) == 2


def test_a_filter_that_is_not_understood_is_neither_used_nor_shown(pages: Client, desk: Desk) -> None:
    desk.trade("buy", "1")
    wrong = {"status": "nope", "side": "up", "instrument": "999", "wallet": str(uuid4())}
    page = pages.get(reverse("trading:orders"), wrong).content.decode()
    assert page.count("<tr>") == 1 + 1
    assert not any(f">{value}<" in page or f'value="{value}"' in page for value in wrong.values())
    assert "so it filters nothing: status, side, market, wallet." in page
    file = pages.get(reverse("trading:orders"), {"wallet": str(uuid4()), "format": "csv"})
    assert (file.status_code, file.content.decode()) == (
        422,
        "There is nothing of that name, so it filters nothing: wallet.",
    )
    right = pages.get(reverse("trading:orders"), {"side": "sell", "wallet": str(desk.farm.pk)}).content.decode()
    assert "filters nothing" not in right
    assert right.count("<tr>") == 0
    assert "Sell" in right


@pytest.mark.parametrize("name", ["trading:orders", "trading:trades"])
@pytest.mark.parametrize(
    ("since", "until", "sentence"),
    [
        ("soon", "", "Write a day as year-month-day"),
        ("2026-06-20", "2026-06-10", "The last day is before the first"),
        ("2999-01-01", "", "has not begun"),
    ],
)
def test_days_that_hold_nothing_are_refused_beside_the_fields_that_keep_them(
    pages: Client, desk: Desk, name: str, since: str, until: str, sentence: str
) -> None:
    round_trip(desk)
    asked = {"since": since, "until": until}
    page = pages.get(reverse(name), asked).content.decode()
    assert sentence in page
    assert "Every day is shown." in page
    assert f'value="{since}"' in page
    assert "<table" in page
    assert "Filters that are on" not in page
    part = pages.get(reverse(name), asked, headers=HTMX).content.decode()
    assert 'id="days-refused"' in part
    assert sentence in part
    csv = pages.get(reverse(name), {**asked, "format": "csv"})
    assert (csv.status_code, sentence in csv.content.decode()) == (422, True)
    assert sentence not in pages.get(reverse(name)).content.decode()


def test_hidden_amounts_are_nowhere_on_the_pages(pages: Client, desk: Desk, owner: User) -> None:
    order = desk.trade("buy", "7.777", reason="Buys 7.777 now.")
    owner.privacy = True
    owner.save()
    for address in (*map(reverse, LISTS), reverse("trading:order", args=[order.pk])):
        page = pages.get(address).content.decode()
        assert "7.777" not in page, address
        assert "777.7" not in page, address


def test_pages_of_fifty_rows(pages: Client, desk: Desk) -> None:
    with tenancy.tenant(desk.owner.pk):
        template = desk.place("sell", "1")
        fields = {field.attname: getattr(template, field.attname) for field in Order._meta.concrete_fields}
        del fields["id"]
        Order.objects.bulk_create(
            Order(**{**fields, "key": f"k{number}", "client_order_id": f"c{number}"}) for number in range(60)
        )
    first = pages.get(reverse("trading:orders")).content.decode()
    second = pages.get(reverse("trading:orders"), {"page": 2}).content.decode()
    assert first.count("<tr>") == 50 + 1
    assert second.count("<tr>") == 11 + 1
    assert pages.get(reverse("trading:orders"), {"page": "nonsense"}).status_code == 200


def test_a_position_has_a_page_with_what_it_was_made_of_and_what_it_made(pages: Client, desk: Desk) -> None:
    round_trip(desk)
    set_price(desk.instrument, "110")
    desk.trade("buy", "1")
    desk.trade("buy", "0.5")
    desk.trade("sell", "0.25", reduce_only=True)
    with tenancy.tenant(desk.owner.pk):
        opened, closed = Position.objects.get(closed_at=None), Position.objects.get(closed_at__isnull=False)
        for position, bought, sold in ((opened, 2, 1), (closed, 1, 1)):
            found = life_of(position)
            assert (len(found.entries), len(found.exits), len(found.orders)) == (bought, sold, bought + sold)
            assert sum(fill.quantity for fill in found.entries) == position.entry_quantity
            assert sum(fill.quantity for fill in found.exits) == position.exit_quantity
            assert sum(fill.fee for fill in found.fills) == position.fees
    page = pages.get(reverse("trading:position", args=(closed.pk,))).content.decode()
    for text in ("Closed", "Target reached.", "Breakout above 99.", "+$19", "Entries", "Exits", "Protection"):
        assert text in page, text
    page = pages.get(reverse("trading:position", args=(opened.pk,))).content.decode()
    assert reverse("trading:position-close", args=(opened.pk,)) in page
    part = pages.get(reverse("trading:position", args=(opened.pk,)), headers=HTMX).content.decode()
    assert part.lstrip().startswith('<div class="stack" id="trip"')


def test_nobody_elses_position_is_found(client: Client, desk: Desk, other_owner: User) -> None:
    desk.trade("buy", "1")
    with tenancy.tenant(desk.owner.pk):
        position = Position.objects.get()
    client.force_login(other_owner)
    assert client.get(reverse("trading:position", args=(position.pk,))).status_code == 404
    assert client.get(f"/api/v1/positions/{position.pk}").status_code == 404


def test_a_position_page_hides_amounts_and_costs_the_same_however_often_it_was_filled(
    pages: Client, desk: Desk, owner: User
) -> None:
    desk.trade("buy", "7.777")
    with tenancy.tenant(desk.owner.pk):
        address = reverse("trading:position", args=(Position.objects.get().pk,))

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            pages.get(address)
        return len(queries)

    once = cost()
    desk.trade("buy", "1.111")
    assert cost() == once
    User.objects.filter(pk=owner.pk).update(privacy=True)
    page = pages.get(address).content.decode()
    assert not any(text in page for text in ("7.777", "1.111", "8.888"))


def life_of(position: Position) -> RoundTrip:
    return round_trip_of(owner_id=position.owner_id, position_id=position.pk)
