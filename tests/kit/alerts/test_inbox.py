"""The page: fifty rows, a fixed number of queries, nobody else's alerts, no filter that is not understood."""

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from kit import tenancy
from kit.alerts.models import Alert, Mute
from kit.alerts.services import raise_alert
from kit.users.models import User

PAGE = "/alerts/"


@pytest.fixture
def browser(client: Client, owner: User) -> Client:
    client.force_login(owner, backend="kit.users.backends.CountedBackend")
    return client


def fill(user: User, number: int, *, level: str = "warning", kind: str = "sync") -> None:
    with tenancy.tenant(user.pk):
        for row in range(number):
            raise_alert(owner_id=user.pk, key=f"{kind}:{row}", title=f"Number {row}", level=level)


def titles(html: str) -> list[str]:
    return re.findall(r'<span class="b">(Number \d+)</span>', html)


def test_a_page_has_fifty_rows_the_gravest_first_and_then_the_newest(browser: Client, owner: User) -> None:
    fill(owner, 52)
    fill(owner, 1, level="critical", kind="drift")
    html = browser.get(PAGE).content.decode()
    assert titles(html)[:2] == ["Number 0", "Number 51"]
    assert len(titles(html)) == 50
    assert titles(browser.get(f"{PAGE}?page=2").content.decode()) == ["Number 2", "Number 1", "Number 0"]
    assert 'aria-label="Alerts, 53 open"' in html


def test_its_queries_do_not_grow_with_its_rows(browser: Client, owner: User) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            assert browser.get(PAGE).status_code == 200
        return len(found)

    fill(owner, 1)
    before = queries()
    fill(owner, 40)
    assert queries() == before <= 17  # five of them read what the session is compared with


def test_filters_are_in_the_address_and_nonsense_is_neither_used_nor_shown(browser: Client, owner: User) -> None:
    fill(owner, 2)
    fill(owner, 1, level="critical", kind="drift")
    html = browser.get(f"{PAGE}?level=critical&kind=drift").content.decode()
    assert titles(html) == ["Number 0"]
    assert "Severity: Critical" in html
    html = browser.get(f"{PAGE}?level=awful&kind=none&tab=nowhere&page=x").content.decode()
    assert len(titles(html)) == 3
    assert 'class="filters"' not in html


def test_nobody_sees_acknowledges_settles_or_unmutes_what_is_anothers(
    browser: Client, owner: User, other_owner: User
) -> None:
    fill(other_owner, 1)
    with tenancy.tenant(other_owner.pk):
        alert = Alert.objects.get()
        mute = Mute.objects.create(owner=other_owner, key="drift")
    assert titles(browser.get(PAGE).content.decode()) == []
    for path in (f"{alert.pk}/acknowledge/", f"{alert.pk}/resolve/", f"mutes/{mute.pk}/end/"):
        assert browser.post(f"{PAGE}{path}").status_code == 404
    assert browser.get(f"{PAGE}{alert.pk}/toast/").status_code == 204
    browser.post(f"{PAGE}acknowledge/")
    with tenancy.tenant(other_owner.pk):
        assert Alert.objects.open().count() == 1


def test_a_filter_that_means_nothing_is_named_and_acknowledges_nothing(browser: Client, owner: User) -> None:
    fill(owner, 2)
    assert "so it filters nothing: severity." in browser.get(PAGE, {"level": "grave"}).content.decode()
    browser.post(f"{PAGE}acknowledge/", {"level": "grave"})
    browser.post(f"{PAGE}acknowledge/", {"kind": "nosuch"})
    with tenancy.tenant(owner.pk):
        assert Alert.objects.open().count() == 2
    browser.post(f"{PAGE}acknowledge/", {"level": ""})
    with tenancy.tenant(owner.pk):
        assert Alert.objects.open().count() == 0


def test_an_action_goes_back_to_its_list_and_nowhere_else(browser: Client, owner: User) -> None:
    fill(owner, 1)
    with tenancy.tenant(owner.pk):
        alert = Alert.objects.get()
    there = f"{PAGE}?level=warning"
    assert browser.post(f"{PAGE}{alert.pk}/acknowledge/", {"next": there})["Location"] == there
    assert browser.post(f"{PAGE}{alert.pk}/resolve/", {"next": "https://elsewhere.example/"})["Location"] == PAGE
    answer = browser.post(f"{PAGE}mutes/", {"key": "sync", "for": "day"}, headers={"HX-Request": "true"})
    assert (answer.status_code, answer["HX-Trigger"]) == (204, '{"live:alerts": {}}')


@pytest.mark.parametrize("path", ["", "?tab=muted"])
def test_strangers_are_asked_to_sign_in(client: Client, path: str, db: None) -> None:
    assert client.get(PAGE + path)["Location"].startswith("/login/")
