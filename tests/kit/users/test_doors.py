"""Guessing is stopped by address and by account, whoever guesses, and nobody locks out somebody else."""

import json
import time
from ipaddress import ip_network
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.test import Client, RequestFactory

from kit.embedded.process import free_port
from kit.http import client_address, home
from kit.users import throttle
from kit.users.models import User
from tests.conftest import make_user


def password_of(user: User) -> str:
    return f"password of {user.email}"


def address() -> str:
    """One that no other test asks from."""
    return f"2001:db8:{uuid4().hex[:4]}:{uuid4().hex[:4]}::1"


@pytest.fixture
def person(db: None) -> User:
    """Somebody whose count nobody else shares."""
    return make_user(f"{uuid4().hex}@example.com")


@pytest.fixture(autouse=True)
def limits(settings: Any) -> None:
    settings.SIGN_IN_LIMITS = (10, 8, 6)
    settings.AXES_FAILURE_LIMIT = 1000  # its lock of five has tests of its own


def by_page(email: str, password: str, where: str) -> int:
    return Client(REMOTE_ADDR=where).post("/login/", {"username": email, "password": password}).status_code


def by_token(email: str, password: str, where: str) -> int:
    body = json.dumps({"email": email, "password": password})
    answer = Client(REMOTE_ADDR=where).post("/api/v1/auth/token", body, content_type="application/json")
    if answer.status_code == 429:
        assert 890 < int(answer["Retry-After"]) <= 900
        assert answer.json()["type"] == "urn:moniqo:problem:too_many_attempts"
    return answer.status_code


@pytest.mark.parametrize("door", [by_page, by_token])
def test_one_address_that_tries_account_after_account_is_stopped_and_others_are_not(person: User, door: Any) -> None:
    where = address()
    tries = [door(f"{uuid4().hex}@example.com", "wrong", where) for _ in range(12)]
    assert tries.index(429) == 8
    assert set(tries[8:]) == {429}
    assert door(person.email, password_of(person), where) == 429
    assert door(person.email, password_of(person), where.replace("::1", "::ffff")) == 429  # the same home
    assert door(person.email, password_of(person), address()) in {200, 302}


@pytest.mark.parametrize("door", [by_page, by_token])
def test_an_account_that_is_tried_from_everywhere_stays_open_from_where_its_person_signed_in(
    person: User, door: Any
) -> None:
    at_home = address()
    assert door(person.email, password_of(person), at_home) in {200, 302}
    tries = [door(person.email, "wrong", address()) for _ in range(10)]
    assert tries.index(429) == 6
    assert door(person.email, password_of(person), address()) == 429  # a stranger's address, even with the password
    assert door(person.email, password_of(person), at_home) in {200, 302}


def test_right_passwords_are_counted_against_nobody(person: User) -> None:
    where = address()
    assert {by_token(person.email, password_of(person), where) for _ in range(12)} == {200}


def test_signing_in_oneself_takes_back_no_wrong_try_of_the_address(person: User) -> None:
    where, tries = address(), []
    for _ in range(10):
        tries.append(by_token(f"{uuid4().hex}@example.com", "wrong", where))
        tries.append(by_token(person.email, password_of(person), where))
    assert tries.count(401) == 8
    assert tries[16:] == [429] * 4


def test_while_redis_is_away_a_process_counts_by_itself(person: User, settings: Any) -> None:
    settings.CACHES = {**settings.CACHES, "default": {**settings.CACHES["default"], "LOCATION": nowhere()}}
    where = address()
    tries = [by_token(f"{uuid4().hex}@example.com", "wrong", where) for _ in range(10)]
    assert tries == [401] * 8 + [429] * 2


@pytest.mark.parametrize("away", [False, True])
def test_who_is_stopped_is_told_how_long_it_still_takes(person: User, settings: Any, away: bool) -> None:
    if away:
        settings.CACHES = {**settings.CACHES, "default": {**settings.CACHES["default"], "LOCATION": nowhere()}}
    for _ in range(throttle.TRIES):
        assert throttle.may_try("password", person.pk)
    assert not throttle.may_try("password", person.pk)
    began = time.time()
    with time_machine.travel(began + 600, tick=False):
        assert 299 <= throttle.wait_of("password", person.pk) <= 300
        with pytest.raises(throttle.TooManyAttemptsError) as refused:
            throttle.require_password(person, "wrong")
    assert refused.value.wait_seconds is not None
    assert 299 <= refused.value.wait_seconds <= 300


def nowhere() -> str:
    return f"redis://127.0.0.1:{free_port()}/0"


@pytest.mark.offline
@pytest.mark.parametrize(
    ("peer", "forwarded", "found"),
    [
        ("10.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "1.2.3.4, 198.51.100.7", "198.51.100.7"),  # what stands before it was made up
        ("10.0.0.1", "1.2.3.4, 198.51.100.7, 10.0.0.2", "198.51.100.7"),  # two proxies of ours
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "nonsense", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.7, nonsense", "10.0.0.1"),
        ("::ffff:10.0.0.1", "2001:db8::7", "2001:db8::7"),
        ("203.0.113.9", "198.51.100.7", "203.0.113.9"),  # no proxy of ours
        ("203.0.113.9", "10.0.0.1", "203.0.113.9"),
        ("", "198.51.100.7", None),
    ],
)
def test_only_proxies_of_ours_say_who_asked(peer: str, forwarded: str, found: str | None, settings: Any) -> None:
    settings.TRUSTED_PROXIES = (ip_network("10.0.0.0/8"),)
    request = RequestFactory().get("/", REMOTE_ADDR=peer, headers={"X-Forwarded-For": forwarded})
    assert client_address(request) == found
    settings.TRUSTED_PROXIES = ()
    assert client_address(request) == (peer.removeprefix("::ffff:") or None)


@pytest.mark.offline
def test_a_home_is_one_address_or_one_network_of_version_six() -> None:
    assert home("203.0.113.9") == "203.0.113.9"
    assert home("2001:db8:1:2:3::4") == "2001:db8:1:2::"
    assert home(None) == "unknown"
