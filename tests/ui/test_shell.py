"""The frame: navigation, the command palette, pages for when something went wrong, and what they cost."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from kit import clock, tenancy
from kit.users.models import User
from moniqo.ui import context
from portfolio.models import Correction, PortfolioState

PAGE = "/preferences/"
# What of the API rests on days that are over; the analytics of farms and agents do too.
OF_DAYS = (
    "summary", "equity", "performance", "calendar", "months", "contribution", "comparison", "report", "decomposition",
    "breakdown", "history",
)  # fmt: skip


@pytest.fixture
def browser(client: Client, owner: User) -> Client:
    client.force_login(owner, backend="kit.users.backends.CountedBackend")
    return client


def without_token(answer: HttpResponse) -> str:
    """The HTML with the token of its forms taken out, which is another one every time."""
    return re.sub(r'value="[A-Za-z0-9]{64}"', "", answer.content.decode())


def test_the_palette_is_a_page_and_a_fragment_of_the_same_list(browser: Client) -> None:
    page = without_token(browser.get("/jump/"))
    fragment = without_token(browser.get("/jump/", headers={"HX-Request": "true"}))
    assert "<html" in page
    assert "<html" not in fragment
    assert fragment.strip() in page


def test_pages_and_the_api_say_while_the_days_of_another_zone_are_worked_out(browser: Client, owner: User) -> None:
    def says() -> bool:
        shown = "The past is being worked out anew" in browser.get(PAGE).content.decode()
        told = {name: browser.get(f"/api/v1/portfolio/{name}").json()["is_reworked"] for name in OF_DAYS}
        assert told == dict.fromkeys(OF_DAYS, shown)
        return shown

    with tenancy.tenant(owner.pk):
        PortfolioState.objects.create(owner_id=owner.pk, rolled_in=owner.timezone)
    assert not says()
    User.objects.filter(pk=owner.pk).update(timezone="Asia/Kolkata")
    assert says()
    with tenancy.tenant(owner.pk):
        PortfolioState.objects.update(rolled_in="Asia/Kolkata")
        asked = Correction.objects.create(
            owner_id=owner.pk, kind=Correction.Kind.CLOSE, since=clock.now(), until=clock.now(), created_at=clock.now()
        )
    assert says()
    with tenancy.tenant(owner.pk):
        Correction.objects.filter(pk=asked.pk).update(finished_at=clock.now())
    assert not says()


def test_the_palette_finds_pages_by_part_of_their_name_in_any_case(browser: Client) -> None:
    assert "Preferences" in browser.get("/jump/?q=PREFER").content.decode().partition('class="results"')[2]
    assert "Nothing has that name or id." in browser.get("/jump/?q=zzz").content.decode()


def test_what_somebody_searched_for_cannot_become_markup(browser: Client) -> None:
    assert "<script>alert" not in browser.get('/jump/?q="><script>alert(1)</script>').content.decode()


def test_pages_have_no_inline_script_and_say_so_in_their_policy(browser: Client) -> None:
    answer = browser.get(PAGE)
    policy = answer.headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    html = answer.content.decode()
    assert html.count("<script") == html.count('<script type="module" src=')
    assert " onclick=" not in html


def test_a_page_answers_differently_to_htmx_and_tells_caches(browser: Client) -> None:
    assert "HX-Request" in browser.get("/jump/").headers["Vary"]


def test_the_frame_costs_one_query_and_a_fragment_none(browser: Client) -> None:
    with CaptureQueriesContext(connection) as queries:
        browser.get("/jump/?q=zzz")
    page = len(queries)
    with CaptureQueriesContext(connection) as queries:
        browser.get("/jump/?q=zzz", headers={"HX-Request": "true"})
    assert page - len(queries) == 1


@pytest.mark.parametrize("path", ["/preferences/", "/jump/", "/pulse/", "/password/"])
def test_strangers_are_asked_to_sign_in(client: Client, path: str, db: None) -> None:
    answer = client.get(path)
    assert answer.status_code == 302
    assert answer.headers["Location"] == f"/login/?next={path}"


def test_signing_in_leads_to_the_page_one_wanted(client: Client, owner: User) -> None:
    answer = client.post(
        "/login/?next=/preferences/",
        {"username": owner.email, "password": f"password of {owner.email}", "next": "/preferences/"},
    )
    assert answer.headers["Location"] == "/preferences/"


def test_a_wrong_password_says_so_and_names_no_account(client: Client, owner: User) -> None:
    answers = [
        client.post("/login/", {"username": email, "password": "wrong"}).content.decode()
        for email in (owner.email, "nobody@example.com")
    ]
    assert all('role="alert"' in answer for answer in answers)
    assert answers[0].count("Please enter a correct") == answers[1].count("Please enter a correct") == 1


def test_the_door_tells_where_the_demos_password_is(
    client: Client, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, db: None
) -> None:
    monkeypatch.setattr(context, "DEMO_FILE", tmp_path / "demo.json")
    assert "demo.json" not in client.get("/login/").content.decode()
    (tmp_path / "demo.json").write_text("{}")
    assert str(tmp_path / "demo.json") in client.get("/login/").content.decode()
    monkeypatch.setattr(settings, "PRODUCTION", True)
    assert "demo.json" not in client.get("/login/").content.decode()


def test_an_address_that_does_not_exist_is_answered_in_our_words(client: Client, db: None) -> None:
    answer = client.get("/nowhere/")
    assert answer.status_code == 404
    assert "Nothing lives here" in answer.content.decode()


def test_a_forged_form_is_answered_in_our_words(owner: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    answer = strict.post("/login/", {"username": owner.email, "password": "x"})
    assert answer.status_code == 403
    assert "This form is too old" in answer.content.decode()


def test_a_crash_is_answered_without_the_database(rf: Any) -> None:
    from django.views.defaults import server_error

    answer = server_error(rf.get("/"))
    assert answer.status_code == 500
    assert b"Something broke on our side" in answer.content


def test_a_form_that_comes_back_is_no_error_to_browsers_and_one_to_programs(browser: Client) -> None:
    """A browser writes each answer from 400 on into its console."""
    for headers, status in (({}, 422), ({"Sec-Fetch-Mode": "navigate"}, 200), ({"HX-Request": "true"}, 200)):
        answer = browser.post("/preferences/", {"base_currency": "NONSENSE"}, headers=headers)
        assert (answer.status_code, b"errorlist" in answer.content or b'role="alert"' in answer.content) == (
            status,
            True,
        ), headers
    refused = browser.get("/trading/trades/?format=csv&since=nonsense", headers={"Sec-Fetch-Mode": "navigate"})
    assert refused.status_code == 422  # a file is no form
