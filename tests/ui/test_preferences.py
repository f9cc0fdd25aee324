"""How one's own pages look: the switches of the top bar, and the page behind them."""

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from kit.users.models import User
from tests.portfolio.fund import make_instrument

FORMATS = {"base_currency": "USDT", "number_format": "1,234.56", "date_format": "23 Oct 2026"}


def signed_in(client: Client, user: User) -> Client:
    client.force_login(user, backend="kit.users.backends.CountedBackend")
    return client


def test_the_privacy_switch_is_a_form_that_leads_back_to_where_it_stood(client: Client, owner: User) -> None:
    answer = signed_in(client, owner).post("/preferences/privacy/", {"hide": "1", "next": "/preferences/"})
    owner.refresh_from_db()
    assert owner.privacy is True
    assert answer.headers["Location"] == "/preferences/"
    client.post("/preferences/privacy/", {"hide": "0"})
    owner.refresh_from_db()
    assert owner.privacy is False


def test_the_switch_never_leads_to_another_site(client: Client, owner: User) -> None:
    for target in ("https://evil.example/", "//evil.example/", "javascript:alert(1)"):
        answer = signed_in(client, owner).post("/preferences/privacy/", {"hide": "1", "next": target})
        assert answer.headers["Location"] == "/preferences/"


def test_the_theme_button_names_a_theme_or_without_javascript_takes_the_next(client: Client, owner: User) -> None:
    signed_in(client, owner).post("/preferences/theme/", {"theme": "light"}, headers={"HX-Request": "true"})
    owner.refresh_from_db()
    assert owner.theme == "light"
    for expected in ("dark", "light"):
        client.post("/preferences/theme/", {})
        owner.refresh_from_db()
        assert owner.theme == expected


def test_a_switch_needs_a_form_and_somebody_who_is_signed_in(client: Client, owner: User) -> None:
    assert client.post("/preferences/privacy/", {"hide": "1"}).headers["Location"].startswith("/login/")
    assert signed_in(client, owner).get("/preferences/theme/").status_code == 405
    strict = signed_in(Client(enforce_csrf_checks=True), owner)
    assert strict.post("/preferences/privacy/", {"hide": "1"}).status_code == 403


def test_preferences_are_saved_and_change_nobody_else(client: Client, owner: User, other_owner: User) -> None:
    chosen = {"name": "Olive", "timezone": "Asia/Tokyo", "theme": "dark", "palette": "blue-orange"} | FORMATS
    assert signed_in(client, owner).post("/preferences/", chosen).status_code == 302
    owner.refresh_from_db()
    other_owner.refresh_from_db()
    assert (owner.timezone, owner.palette, owner.shortcuts) == ("Asia/Tokyo", "blue-orange", False)
    assert (other_owner.timezone, other_owner.palette, other_owner.shortcuts) == ("UTC", "green-red", True)
    page = client.get("/preferences/").content.decode()
    assert 'data-theme="dark" data-palette="blue-orange"' in page
    assert "data-shortcuts" not in page


def test_a_wrong_preference_comes_back_with_its_error_beside_the_field(client: Client, owner: User) -> None:
    wrong = {"name": "Olive", "timezone": "Mars/Olympus", "theme": "dark", "palette": "green-red"} | FORMATS
    answer = signed_in(client, owner).post("/preferences/", wrong)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert 'aria-invalid="true"' in page
    assert 'id="id_timezone_error" role="alert"' in page
    assert "id_timezone_error" in page.partition('name="timezone"')[2].partition(">")[0]


def test_a_usual_currency_that_nothing_leads_to_is_said_and_not_offered(client: Client, owner: User) -> None:
    make_instrument("BTC", "USDT")
    page = signed_in(client, owner).get("/preferences/").content.decode()
    assert '<option value="BTC"' in page
    assert '<option value="EUR"' not in page
    assert "Not offered: EUR, USD, USDC. No market known here leads to them" in page
    make_instrument("EUR", "USDT")
    page = client.get("/preferences/").content.decode()
    assert '<option value="EUR"' in page
    assert "Not offered: USD, USDC. " in page


def test_only_what_was_changed_is_written(client: Client, owner: User) -> None:
    """The address is what other rows name their owner by: to write it too would lock out who writes one of those."""
    signed_in(client, owner)
    with CaptureQueriesContext(connection) as asked:
        sent = {"name": owner.name, "timezone": "Asia/Tokyo", "theme": "dark", "palette": "green-red", **FORMATS}
        assert client.post("/preferences/", sent | {"shortcuts": "on"}).status_code == 302
    (written,) = [one["sql"] for one in asked.captured_queries if one["sql"].startswith('UPDATE "users_user"')]
    assert '"timezone" = ' in written
    assert '"theme" = ' in written
    assert '"email"' not in written
    assert '"base_currency"' not in written
    owner.refresh_from_db()
    assert (owner.timezone, owner.theme) == ("Asia/Tokyo", "dark")
