"""Programs are told how often they may still ask, and are turned away for as long as they asked too often."""

import re
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
import redis
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from kit import impatient
from kit.embedded.process import free_port
from kit.users import rates
from kit.users.models import User
from tests.programs import bearer

PATH = "/api/v1/wallets"
POLICY = re.compile(r'"(\w+)";q=(\d+);w=(\d+)')
STANDING = re.compile(r'"(\w+)";r=(\d+);t=(\d+)')


@pytest.fixture
def home() -> str:
    """An address that no other test asks from."""
    return f"2001:db8:{uuid4().hex[:4]}:{uuid4().hex[:4]}::1"


@pytest.fixture
def limits(settings: Any) -> None:
    settings.API_TOKEN_LIMIT, settings.API_ADDRESS_LIMIT, settings.API_WINDOW_SECONDS = 3, 5, 60
    settings.WRITE_LIMIT = settings.PAGE_LIMIT = settings.PAGE_ADDRESS_LIMIT = 0


def ask(client: Client, home: str, headers: dict[str, str] | None = None, path: str = PATH) -> Any:
    return client.get(path, headers=headers or {}, REMOTE_ADDR=home)


def remaining(answer: Any) -> dict[str, int]:
    return {name: int(left) for name, left, _ in STANDING.findall(answer["RateLimit"])}


def test_every_answer_says_what_is_left_and_what_is_too_much_says_for_how_long(
    client: Client, owner: User, limits: None, home: str
) -> None:
    headers = bearer(owner)
    for left in (2, 1, 0):
        answer = ask(client, home, headers)
        assert answer.status_code == 200
        assert answer["RateLimit-Policy"] == '"token";q=3;w=60, "address";q=5;w=60'
        assert remaining(answer) == {"token": left, "address": left + 2}
    refused = ask(client, home, headers)
    assert (refused.status_code, refused["Content-Type"]) == (429, "application/problem+json")
    assert refused.json()["type"] == "urn:moniqo:problem:too_many_requests"
    assert refused.json()["violated-policies"] == ["token"]
    assert remaining(refused) == {"token": 0, "address": 1}
    assert 50 < int(refused["Retry-After"]) <= 60
    assert f"wait {refused['Retry-After']} s" in refused.json()["detail"]


def test_each_token_and_each_address_has_a_count_of_its_own(
    client: Client, owner: User, limits: None, home: str
) -> None:
    first, second = bearer(owner), bearer(owner)
    assert [ask(client, home, first).status_code for _ in range(4)] == [200, 200, 200, 429]
    assert ask(client, home, second).status_code == 200  # the fifth of the address
    refused = ask(client, home, second)
    assert (refused.status_code, refused.json()["violated-policies"]) == (429, ["address"])
    neighbour = home[:-1] + "ffff"  # another address of the same home
    assert ask(client, neighbour, second).status_code == 429
    assert ask(client, "2001:db8:ffff::1" + uuid4().hex[:2], bearer(owner)).status_code == 200


def test_who_is_not_signed_in_is_counted_by_address_and_pages_are_not_counted_with_them(
    client: Client, owner: User, limits: None, home: str
) -> None:
    assert [ask(client, home, {"Authorization": "Bearer made.up.text"}).status_code for _ in range(6)] == [401] * 5 + [
        429
    ]
    client.force_login(owner)
    answer = ask(client, home, path="/settings/tokens/")
    assert answer.status_code == 200
    assert "RateLimit" not in answer


def test_a_window_that_is_over_begins_anew(client: Client, owner: User, limits: None, home: str, settings: Any) -> None:
    headers = bearer(owner)
    assert [ask(client, home, headers).status_code for _ in range(4)][-1] == 429
    with impatient.client(settings.REDIS_URL) as counters:
        for key in counters.scan_iter("*"):
            if counters.pttl(key) > 0:
                counters.pexpire(key, 1)
    time.sleep(0.01)
    assert ask(client, home, headers).status_code == 200


def test_requests_at_the_same_time_are_counted_once_each(limits: None, home: str, settings: Any) -> None:
    settings.API_ADDRESS_LIMIT = 40
    limited = rates.limit_rates(lambda request: HttpResponse())

    def once(_: int) -> int:
        request: HttpRequest = RequestFactory().get(PATH, REMOTE_ADDR=home)
        return limited(request).status_code

    with ThreadPoolExecutor(8) as programs:
        statuses = list(programs.map(once, range(100)))
    assert (statuses.count(200), statuses.count(429)) == (40, 60)


def test_counting_is_one_round_trip(limits: None, home: str, monkeypatch: pytest.MonkeyPatch) -> None:
    limited = rates.limit_rates(lambda request: HttpResponse())
    limited(RequestFactory().get(PATH, REMOTE_ADDR=home))  # which brings the script along
    sent = []
    send = redis.Connection.send_packed_command

    def counted(connection: redis.Connection, *arguments: Any, **options: Any) -> None:
        sent.append(arguments)
        send(connection, *arguments, **options)

    monkeypatch.setattr(redis.Connection, "send_packed_command", counted)
    limited(RequestFactory().get(PATH, REMOTE_ADDR=home))
    assert len(sent) == 1


def test_while_redis_is_away_everybody_is_let_in_and_nobody_waits(
    client: Client, owner: User, limits: None, home: str, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.REDIS_URL = f"redis://127.0.0.1:{free_port()}/0"
    headers = bearer(owner)
    asked = []
    connect = redis.Connection.connect
    monkeypatch.setattr(redis.Connection, "connect", lambda one: (asked.append(one), connect(one)))
    answers = [ask(client, home, headers) for _ in range(8)]
    assert {answer.status_code for answer in answers} == {200}
    assert not any("RateLimit" in answer for answer in answers)
    assert len(asked) <= 2, "by the first, and once more"


def test_without_limits_nothing_is_counted(client: Client, owner: User, settings: Any, home: str) -> None:
    assert (settings.API_TOKEN_LIMIT, settings.API_ADDRESS_LIMIT) == (0, 0)
    assert "RateLimit" not in ask(client, home, bearer(owner))


def test_what_writes_may_come_less_often_and_reading_goes_on(
    client: Client, owner: User, limits: None, home: str, settings: Any
) -> None:
    settings.API_TOKEN_LIMIT = settings.API_ADDRESS_LIMIT = 100
    settings.WRITE_LIMIT = 2
    headers = bearer(owner)

    def order(headers: dict[str, str]) -> Any:
        return client.post("/api/v1/orders", "{}", content_type="application/json", headers=headers, REMOTE_ADDR=home)

    assert [order(headers).status_code for _ in range(3)] == [422, 422, 429]
    refused = order(headers)
    assert refused.json()["violated-policies"] == ["writes"]
    assert "of this token" in refused.json()["detail"]
    assert '"writes";q=2;w=60' in refused["RateLimit-Policy"]
    assert ask(client, home, headers).status_code == 200
    assert order(bearer(owner)).status_code == 422  # another token


def test_what_computes_for_seconds_may_come_less_often_still(
    client: Client, owner: User, limits: None, home: str, settings: Any
) -> None:
    settings.API_TOKEN_LIMIT = settings.API_ADDRESS_LIMIT = 100
    settings.WRITE_LIMIT, settings.COSTLY_LIMIT = 50, 2
    headers = bearer(owner)

    def send(path: str) -> Any:
        return client.post(path, "{}", content_type="application/json", headers=headers, REMOTE_ADDR=home)

    checks = ["/api/v1/saved-strategies/preview", "/api/v1/saved-strategies", "/api/v1/saved-strategies/preview"]
    assert [send(path).status_code for path in checks] == [422, 422, 429]
    assert send(checks[0]).json()["violated-policies"] == ["costly"]
    assert send("/api/v1/orders").status_code == 422
    assert ask(client, home, headers, "/api/v1/saved-strategies").status_code == 200
    one = f"/api/v1/saved-strategies/{uuid4()}"

    def change(body: str) -> int:
        sent = client.patch(one, body, content_type="application/json", headers=headers, REMOTE_ADDR=home)
        return int(sent.status_code)

    # A name and what is put away or taken back is checked on no candles.
    assert [change('{"name": "Mine"}'), send(f"{one}/archive").status_code, send(f"{one}/restore").status_code] == [
        404, 404, 404,
    ]  # fmt: skip
    assert [change('{"parameters": {}}'), change('{"parameters"')] == [429, 429]


def test_pages_are_counted_by_session_and_by_address_and_refused_with_a_page(
    client: Client, owner: User, other_owner: User, limits: None, home: str, settings: Any
) -> None:
    settings.PAGE_LIMIT, settings.PAGE_ADDRESS_LIMIT, settings.WRITE_LIMIT = 3, 5, 1
    client.force_login(owner)
    found = [ask(client, home, path="/settings/tokens/") for _ in range(4)]
    assert [answer.status_code for answer in found] == [200, 200, 200, 429]
    assert remaining(found[0]) == {"pages": 2, "visitors": 4}
    assert "Too many requests of this session" in found[-1].content.decode()
    assert 50 < int(found[-1]["Retry-After"]) <= 60
    other = Client()
    other.force_login(other_owner)
    assert [ask(other, home, path="/settings/tokens/").status_code for _ in range(2)] == [200, 429]
    away = home[:-1] + "9"
    assert ask(Client(), away, path="/login/").status_code == 429  # the same home, signed in or not
    elsewhere = f"2001:db8:{uuid4().hex[:4]}:{uuid4().hex[:4]}::1"
    assert ask(other, elsewhere, path="/settings/tokens/").status_code == 200
    writer = Client()
    writer.force_login(owner)
    answers = [writer.post("/display/", REMOTE_ADDR=f"{elsewhere[:-1]}2") for _ in range(2)]
    assert [answer.status_code == 429 for answer in answers] == [False, True]
    assert [ask(client, home, path="/healthz").status_code for _ in range(9)] == [200] * 9
