"""The user's limits: the page and the API that set them, what a path comes to, and that silence allows nothing."""

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from kit import clock, tenancy
from kit.audit.models import AuditEntry
from kit.users.models import User
from markets.models import Instrument
from tests.trading.desk import SYMBOL, Desk, fund, make_desk, set_price
from tests.trading.test_api import Program
from trading import selectors, services
from trading.models import RiskDecision, RiskLimit
from trading.risk import gate as risk
from trading.risk.limits import limits_on_path

LISTED = {"markets": "listed", "symbols": [SYMBOL], "maximum_notional": "500"}


@pytest.fixture
def desk(owner: User) -> Desk:
    """A desk whose owner has not set any limit."""
    Instrument.objects.create(
        venue="simulated", symbol="ETH/USDT", base="ETH", quote="USDT", tick_size=Decimal("0.01"), lot_size=1
    )
    return make_desk(owner, limits=False)


@pytest.fixture
def pages(client: Client, owner: User) -> Client:
    client.force_login(owner)
    return client


def page_of(thing: Any) -> str:
    name = "trading:limits" if hasattr(thing, "role") else "trading:connection-limits"
    return reverse(name, args=(thing.pk,))


def set_limits(desk: Desk, on: Any, symbols: list[str] | None, notional: int | None) -> None:
    with tenancy.tenant(desk.owner.pk):
        services.set_limits(
            on=on, allowed_symbols=symbols, maximum_notional=None if notional is None else Decimal(notional)
        )


def stored(desk: Desk) -> list[tuple[list[str] | None, Decimal | None]]:
    with tenancy.tenant(desk.owner.pk):
        return list(RiskLimit.objects.values_list("allowed_symbols", "maximum_notional"))


@pytest.mark.parametrize("level", ["connection", "master", "farm", "wallet"])
def test_limits_set_on_a_page_let_the_next_order_through(pages: Client, desk: Desk, level: str) -> None:
    assert desk.place().status == "rejected"
    address = page_of(getattr(desk, level))
    answer = pages.post(address, LISTED, follow=True)
    assert answer.redirect_chain == [(address, 302)]
    assert "are saved and bind the next order" in answer.content.decode()
    assert desk.place().status == "submitting"
    pages.post(address, LISTED)
    assert stored(desk) == [([SYMBOL], Decimal(500))]


def test_nobody_having_said_anything_is_shown_as_nothing_allowed(pages: Client, desk: Desk) -> None:
    page = pages.get(page_of(desk.wallet)).content.decode()
    assert "Nothing can be bought here." in page
    assert "which markets may be traded, so none may" in page


@pytest.mark.parametrize("spoken", [None, ([], 500), ([SYMBOL], None), ([SYMBOL], 500)])
def test_a_form_that_is_saved_unread_changes_nothing(
    pages: Client, desk: Desk, spoken: tuple[list[str], int | None] | None
) -> None:
    if spoken:
        set_limits(desk, desk.connection, *spoken)
    for thing in (desk.connection, desk.farm):
        before = path_of(desk)
        form = pages.get(page_of(thing)).context["form"]
        given = {field.html_name: field.value() for field in form}
        assert pages.post(page_of(thing), given).status_code == 302
        assert path_of(desk) == before


def path_of(desk: Desk) -> tuple[Any, ...]:
    """What applies to the wallet, and everything that was written down about limits."""
    with tenancy.tenant(desk.owner.pk):
        path = selectors.wallet_limits(owner_id=desk.owner.pk, wallet_id=desk.wallet.pk)
        written = AuditEntry.objects.filter(area=AuditEntry.Area.LIMITS).count()
    return path.allowed_symbols, path.maximum_notional, path.obstacle, path.steps, written


def test_ticking_nothing_allows_nothing(pages: Client, desk: Desk) -> None:
    pages.post(page_of(desk.wallet), LISTED)
    pages.post(page_of(desk.wallet), {"markets": "listed", "maximum_notional": "500"})
    assert stored(desk) == [([], Decimal(500))]
    assert desk.place().status == "rejected"
    assert "No market is allowed by every list" in pages.get(page_of(desk.wallet)).content.decode()


def test_saying_nothing_leaves_it_to_the_rest_of_the_path(pages: Client, desk: Desk) -> None:
    set_limits(desk, desk.connection, [SYMBOL], 5000)
    pages.post(page_of(desk.wallet), {"markets": "silent", "maximum_notional": ""})
    assert (None, None) in stored(desk)
    assert desk.place().status == "submitting"


def test_saving_a_form_that_nobody_touched_forbids_nothing_that_was_allowed(pages: Client, desk: Desk) -> None:
    set_limits(desk, desk.connection, [SYMBOL], 5000)
    for thing in (desk.wallet, desk.connection):
        shown = pages.get(page_of(thing)).context["form"].initial
        pages.post(page_of(thing), shown)
    assert desk.place().status == "submitting"


def test_the_page_marks_whose_word_applies(pages: Client, desk: Desk) -> None:
    set_limits(desk, desk.connection, [SYMBOL, "ETH/USDT"], 5000)
    set_limits(desk, desk.farm, None, 700)
    set_limits(desk, desk.wallet, [SYMBOL], 900)
    with tenancy.tenant(desk.owner.pk):
        path = selectors.wallet_limits(owner_id=desk.owner.pk, wallet_id=desk.wallet.pk)
        gate = limits_on_path(wallet_id=desk.wallet.pk, venue="simulated", unit="USDT")
    assert [step.role for step in path.steps] == ["connection", "master", "farm", "agent"]
    assert [step.name for step in path.steps if step.is_tightest_notional] == [desk.farm.name]
    assert [step.name for step in path.steps if step.is_tightest_symbols] == [desk.wallet.name]
    assert path.maximum_notional == risk.tightest_notional(gate) == 700
    assert path.allowed_symbols == (SYMBOL,)
    assert risk.shared_symbols(gate) == {SYMBOL}
    assert pages.get(page_of(desk.wallet)).content.decode().count('class="sub2 b">Applies') == 2


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({**LISTED, "maximum_notional": "0"}, "Enter an amount above zero, or none."),
        ({**LISTED, "maximum_notional": "much"}, "Enter a number with the digits 0 to 9"),
        ({**LISTED, "symbols": ["DOGE/USDT"]}, "DOGE/USDT is not one of the available choices."),
        ({**LISTED, "markets": "silent"}, "Untick the markets"),
        ({}, "This field is required."),
    ],
)
def test_what_is_wrong_is_said_at_the_form_and_changes_nothing(
    pages: Client, desk: Desk, given: dict[str, Any], sentence: str
) -> None:
    answer = pages.post(page_of(desk.wallet), given)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert stored(desk) == []


def test_somebody_else_neither_sees_nor_sets_limits(client: Client, desk: Desk, other_owner: User) -> None:
    client.force_login(other_owner)
    for address in (page_of(desk.wallet), page_of(desk.connection)):
        assert client.get(address).status_code == 404
        assert client.post(address, LISTED).status_code == 404
    stranger = Program(other_owner)
    for path in (f"/wallets/{desk.wallet.pk}/limits", f"/connections/{desk.connection.pk}/limits"):
        assert stranger.get(path).status_code == 404
        assert put(stranger, path, [SYMBOL], "500").status_code == 404
    assert stored(desk) == []


def test_a_stranger_is_asked_to_sign_in(client: Client, desk: Desk) -> None:
    assert {client.get(page_of(thing)).status_code for thing in (desk.wallet, desk.connection)} == {302}


def test_hidden_amounts_stay_hidden(pages: Client, desk: Desk) -> None:
    set_limits(desk, desk.wallet, [SYMBOL], 54_321)
    User.objects.filter(pk=desk.owner.pk).update(privacy=True)
    page = pages.get(page_of(desk.wallet)).content.decode()
    assert "54321" not in page.replace(",", "")
    assert "Amounts are hidden" in page


def test_the_queries_do_not_grow_with_the_path(pages: Client, desk: Desk) -> None:
    def queries(thing: Any) -> int:
        with CaptureQueriesContext(connection) as found:
            pages.get(page_of(thing))
        return len(found)

    queries(desk.master)
    assert queries(desk.master) == queries(desk.wallet)


def test_a_refused_order_leads_to_the_limits_only_when_they_refused_it(pages: Client, desk: Desk) -> None:
    by_limit, otherwise = desk.place("buy"), desk.place("sell")
    link = page_of(desk.wallet)
    assert link in pages.get(reverse("trading:order", args=(by_limit.pk,))).content.decode()
    assert link not in pages.get(reverse("trading:order", args=(otherwise.pk,))).content.decode()


def test_the_pages_of_a_wallet_and_of_connections_lead_to_their_limits(pages: Client, desk: Desk) -> None:
    assert page_of(desk.wallet) in pages.get(reverse("wallets:wallet", args=(desk.wallet.pk,))).content.decode()
    assert page_of(desk.connection) in pages.get(reverse("wallets:connections")).content.decode()


# --- for programs -----------------------------------------------------------------------------------------------------


def put(program: Program, path: str, symbols: list[str] | None, notional: str | None) -> Any:
    body = {"allowed_symbols": symbols, "maximum_notional": notional}
    return program.client.put(f"/api/v1{path}", body, content_type="application/json")


def test_programs_replace_limits_and_read_what_the_path_comes_to(owner: User, desk: Desk) -> None:
    program = Program(owner)
    on_connection = put(program, f"/connections/{desk.connection.pk}/limits", [SYMBOL, "ETH/USDT"], "5000")
    assert on_connection.status_code == 200, on_connection.content
    path = f"/wallets/{desk.wallet.pk}/limits"
    answers = [put(program, path, ["btc/usdt"], None).json() for _ in range(2)]
    assert answers[0] == answers[1] == program.get(path).json()
    answer = answers[0]
    assert (answer["allowed_symbols"], answer["maximum_notional"]) == ([SYMBOL], None)
    applied = {"allowed_symbols": [SYMBOL], "maximum_notional": "5000", "notional_asset": "USDT", "obstacle": ""}
    assert answer["applied"] == applied
    assert [step["role"] for step in answer["path"]] == ["connection", "master", "farm", "agent"]
    assert UUID(answer["path"][0]["id"]) == desk.connection.pk
    assert len(stored(desk)) == 2
    assert desk.place().status == "submitting"


@pytest.mark.parametrize(
    ("symbols", "notional"), [(["BTCUSDT"], "5"), ([SYMBOL], "0"), ([SYMBOL], "-1"), ([SYMBOL], "NaN")]
)
def test_programs_are_told_what_is_wrong(owner: User, desk: Desk, symbols: list[str], notional: str) -> None:
    answer = put(Program(owner), f"/wallets/{desk.wallet.pk}/limits", symbols, notional)
    assert answer.status_code == 422
    assert answer.json()["fields"]
    assert stored(desk) == []


def test_a_replacement_names_both_limits(owner: User, desk: Desk) -> None:
    program = Program(owner)
    answer = program.client.put(
        f"/api/v1/wallets/{desk.wallet.pk}/limits", {"allowed_symbols": [SYMBOL]}, content_type="application/json"
    )
    assert answer.status_code == 422


# --- the unit ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def ether(desk: Desk) -> Instrument:
    """ETH paid in BTC, of which one costs 100 USDT here."""
    instrument = Instrument.objects.create(
        venue="simulated", symbol="ETH/BTC", base="ETH", quote="BTC", tick_size=Decimal("0.0001"), lot_size=1
    )
    set_price(instrument, "0.05")
    with tenancy.tenant(desk.owner.pk):
        fund(desk, "BTC", Decimal(1000))
        services.set_limits(on=desk.connection, allowed_symbols=["ETH/BTC"], maximum_notional=Decimal(500))
    return instrument


def test_a_limit_means_the_same_on_a_market_in_another_asset(desk: Desk, ether: Instrument) -> None:
    """500 USDT are 5 BTC, which are 100 ETH."""
    refused, allowed = desk.place(quantity="101", instrument=ether), desk.place(quantity="100", instrument=ether)
    assert (refused.status, allowed.status) == ("rejected", "submitting")
    assert "more than the 5 BTC that Desk allows (500 USDT)" in refused.refusal.exact


def test_a_limit_keeps_its_unit_when_the_owner_counts_in_another(owner: User, desk: Desk, ether: Instrument) -> None:
    User.objects.filter(pk=owner.pk).update(base_currency="BTC")
    answer = Program(owner).get(f"/connections/{desk.connection.pk}/limits").json()
    assert (answer["maximum_notional"], answer["notional_asset"]) == ("500", "USDT")
    assert (answer["applied"]["maximum_notional"], answer["applied"]["notional_asset"]) == ("5", "BTC")
    assert desk.place(quantity="101", instrument=ether).status == "rejected"


def test_a_limit_that_no_price_converts_allows_nothing(pages: Client, desk: Desk, ether: Instrument) -> None:
    Instrument.objects.get(symbol=SYMBOL).ticker.delete()
    order = desk.place(quantity="1", instrument=ether)
    assert order.status == "rejected"
    assert "no price says how much of ETH/BTC that is" in str(order.refusal)


@pytest.mark.parametrize("asset", ["XYZ", "0", "1_000", "GOLD BAR"])
def test_a_limit_in_what_nobody_knows_is_refused(owner: User, desk: Desk, asset: str) -> None:
    body = {"allowed_symbols": [SYMBOL], "maximum_notional": "5", "notional_asset": asset}
    path = f"/api/v1/wallets/{desk.wallet.pk}/limits"
    answer = Program(owner).client.put(path, body, content_type="application/json")
    assert answer.status_code == 422
    assert set(answer.json()["fields"]) == {"notional_asset"}
    assert stored(desk) == []


def test_what_applies_names_why_nothing_can_be_bought(
    owner: User, pages: Client, desk: Desk, ether: Instrument
) -> None:
    body = {"allowed_symbols": ["ETH/BTC"], "maximum_notional": "5", "notional_asset": "btc"}
    path = f"/api/v1/connections/{desk.connection.pk}/limits"
    told = Program(owner).client.put(path, body, content_type="application/json").json()
    assert told["applied"] | {"maximum_notional": "500", "obstacle": ""} == told["applied"]
    Instrument.objects.filter(base="BTC").update(venue="elsewhere")
    told = Program(owner).client.get(path).json()
    assert told["applied"]["obstacle"] == "Desk limits orders in BTC, which has no price here."
    # The page counts in what is known, so that the limit can be set right.
    assert "At most per order, in USDT" in pages.get(page_of(desk.connection)).content.decode()


def test_the_page_shows_the_unit(pages: Client, desk: Desk, ether: Instrument) -> None:
    page = pages.get(page_of(desk.connection)).content.decode()
    assert "At most per order, in USDT" in page


def test_where_the_base_currency_has_no_market_limits_count_in_what_the_markets_are_paid_in(
    owner: User, desk: Desk
) -> None:
    User.objects.filter(pk=owner.pk).update(base_currency="EUR")
    path = f"/api/v1/connections/{desk.connection.pk}/limits"
    body = {"allowed_symbols": [SYMBOL], "maximum_notional": "5000", "notional_asset": "EUR"}
    told = Program(owner).client.put(path, body, content_type="application/json").json()
    assert told["applied"]["obstacle"] == "Desk limits orders in EUR, which has no price here."
    told = Program(owner).client.put(path, body | {"notional_asset": "USDT"}, content_type="application/json").json()
    applied = {"maximum_notional": "5000", "notional_asset": "USDT", "obstacle": ""}
    assert told["applied"] | applied == told["applied"]


# --- the daily loss -----------------------------------------------------------------------------------------------


def rest(desk: Desk, lost: str = "0.04", hours: int = 1) -> None:
    """As if the master wallet, which may lose 3 % a day, had lost so much."""
    with tenancy.tenant(desk.owner.pk):
        services.set_limits(
            on=desk.master, allowed_symbols=[SYMBOL], maximum_notional=Decimal(5000), maximum_daily_loss=Decimal("0.03")
        )
        limit = RiskLimit.objects.get(wallet=desk.master)
        services.watch_daily_losses(
            owner_id=desk.owner.pk, lost={limit.pk: Decimal(lost)}, day_ends=clock.now() + timedelta(hours=hours)
        )


def test_nothing_is_bought_below_what_has_lost_enough_for_a_day_and_everything_is_sold(desk: Desk) -> None:
    set_limits(desk, desk.master, [SYMBOL], 5000)
    desk.trade("buy", "2")
    rest(desk)
    refused = desk.place("buy")
    assert (refused.status, refused.outcome) == ("rejected", "refused")
    assert str(refused.refusal).startswith("Fund has lost 4.00 % today and may lose 3.00 %: nothing is bought for it")
    with tenancy.tenant(desk.owner.pk):
        assert RiskDecision.objects.get(order=refused).limit == "daily_loss"
    assert desk.trade("sell", "1").status == "filled"


def test_a_rest_is_over_with_its_day_before_anybody_looks(desk: Desk) -> None:
    rest(desk, hours=-1)
    assert desk.place("buy").status == "submitting"


def test_programs_set_a_daily_loss_read_the_rest_and_keep_what_they_do_not_know(owner: User, desk: Desk) -> None:
    program, path = Program(owner), f"/wallets/{desk.master.pk}/limits"
    rest(desk)
    told = program.get(path).json()
    assert (told["maximum_daily_loss"], told["lost"]) == ("0.03", "0.04")
    assert told["rests_until"] == next(step for step in told["path"] if step["role"] == "master")["rests_until"]
    assert put(program, path, [SYMBOL], "4000").json()["maximum_daily_loss"] == "0.03"
    body = {"allowed_symbols": [SYMBOL], "maximum_notional": "4000", "maximum_daily_loss": "0.05"}
    raised = program.client.put(f"/api/v1{path}", body, content_type="application/json").json()
    assert (raised["maximum_daily_loss"], raised["lost"], raised["rests_until"]) == ("0.05", None, None)
    for wrong in ("0", "-0.1", "1.01", "NaN"):
        answer = program.client.put(
            f"/api/v1{path}", body | {"maximum_daily_loss": wrong}, content_type="application/json"
        )
        assert (answer.status_code, list(answer.json()["fields"])) == (422, ["maximum_daily_loss"])


def test_the_page_asks_in_percent_and_shows_the_rest(pages: Client, desk: Desk) -> None:
    rest(desk)
    page = page_of(desk.master)
    assert "Lost 4.00" in (html := pages.get(page).content.decode())
    assert re.search(r'name="maximum_daily_loss"[^>]*value="3"', html)
    pages.post(page, LISTED | {"maximum_daily_loss": "2.5"})
    with tenancy.tenant(desk.owner.pk):
        kept = RiskLimit.objects.get(wallet=desk.master)
    assert (kept.maximum_daily_loss, kept.lost) == (Decimal("0.025"), Decimal("0.04"))
    for wrong in ("0", "101", "-1"):
        assert pages.post(page, LISTED | {"maximum_daily_loss": wrong}).status_code == 422
    pages.post(page, LISTED)
    with tenancy.tenant(desk.owner.pk):
        assert RiskLimit.objects.get(wallet=desk.master).rests_until is None


def test_a_percentage_is_read_and_shown_as_its_reader_writes_it(pages: Client, desk: Desk) -> None:
    User.objects.filter(pk=desk.owner.pk).update(number_format="1.234,56")
    page = page_of(desk.master)
    assert pages.post(page, LISTED | {"maximum_daily_loss": "2,5"}).status_code == 302
    with tenancy.tenant(desk.owner.pk):
        assert RiskLimit.objects.get(wallet=desk.master).maximum_daily_loss == Decimal("0.025")
    assert re.search(r'name="maximum_daily_loss"[^>]*value="2,5"', pages.get(page).content.decode())
