"""A trader's keys are planted through every door there is, and then looked for everywhere they could come out.

Looked for as they are and as they would be written elsewhere: in hexadecimal, base64, addresses, pages and JSON.
"""

import base64
import html
import json
import logging
import re
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any
from urllib.parse import quote

import pytest
import redis
from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.core import mail
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import NoReverseMatch, get_resolver, path, reverse
from django.utils.log import AdminEmailHandler

from kit import tenancy
from kit.embedded.programs import run_program
from kit.users.models import User
from moniqo import urls
from moniqo.api import api
from tests.conftest import address
from tests.wallets.books import keyed_platform, make_wallet
from wallets import tasks
from wallets.models import Connection, Credential
from wallets.sync.runs import request_sync
from wallets.venues.credentials import read_credentials, store_credentials
from wallets.venues.registry import ADAPTERS

MODEL_BACKEND = "django.contrib.auth.backends.ModelBackend"
FIELDS = ("api_key", "secret", "password")
# What a person would search for: short enough to be typed, long enough to stand nowhere by chance, awkward to write.
PLANTED = {
    door: {field: f"Planted/{door}+{field}=&<9>'q\"" for field in FIELDS} for door in ("service", "admin", "refused")
}
REDIS_READS = {
    b"string": lambda client, key: [client.get(key)],
    b"list": lambda client, key: client.lrange(key, 0, -1),
    b"hash": lambda client, key: [*client.hgetall(key).keys(), *client.hgetall(key).values()],
    b"set": lambda client, key: list(client.smembers(key)),
    b"zset": lambda client, key: client.zrange(key, 0, -1),
    b"stream": lambda client, key: [str(client.xrange(key)).encode()],
}


def spellings(secret: str) -> set[str]:
    raw = secret.encode()
    plain = {secret, quote(secret), quote(secret, safe=""), html.escape(secret), json.dumps(secret)[1:-1], repr(secret)}
    coded = {raw.hex(), raw.hex().upper()}
    for offset in range(3):  # base64 of a longer text shows it in one of three ways, without its ends
        coded.add(base64.b64encode(b"\0" * offset + raw).decode().rstrip("=")[offset + 1 : -4])
    return plain | coded


WRITTEN = {
    written: f"{door} {field}"
    for door, fields in PLANTED.items()
    for field, secret in fields.items()
    for written in spellings(secret)
}


def found_in(text: str) -> set[str]:
    """Which planted secrets stand in `text`."""
    return {name for written, name in WRITTEN.items() if written in text}


@pytest.mark.offline
def test_the_search_finds_a_secret_however_it_is_written() -> None:
    secret = PLANTED["service"]["secret"]
    body = base64.b64encode(json.dumps([["a", "b"], {"secret": secret}]).encode()).decode()
    for text in (secret, f"\\x{secret.encode().hex()}", html.escape(secret), f"?a={quote(secret)}", repr([secret])):
        assert found_in(f"before {text} after") == {"service secret"}
    plain = base64.b64encode(b"ab" + secret.encode() + b"cd").decode()
    assert found_in(plain) == {"service secret"}
    assert found_in(f"{body}") <= {"service secret"}
    assert found_in("nothing at all") == set()


# --- the stage -------------------------------------------------------------------------------------------------------


def broken(request: HttpRequest, pk: str) -> HttpResponse:
    """A programmer's mistake while the keys are open, in variables, arguments and the cause of the error."""
    connection = Connection.objects.get(pk=pk)
    values = read_credentials(connection=connection)
    headers = {"X-KEY": values["api_key"]}
    sent, kept = request.POST.dict(), dict(values)
    try:
        raise LookupError(f"no such venue: {values!r}")
    except LookupError as error:
        raise RuntimeError(f"could not open {headers!r} {kept!r} {bool(sent)}") from error


urlpatterns = [path("broken/<str:pk>/", broken), *urls.urlpatterns]


class Heard(logging.Handler):
    """Everything that is logged, at any level, with its traceback."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []
        self.setFormatter(logging.Formatter("%(name)s %(levelname)s %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> Iterator[Heard]:
    root, handler = logging.getLogger(), Heard()
    before = root.level
    root.setLevel(logging.DEBUG)
    root.addHandler(handler)
    yield handler
    root.removeHandler(handler)
    root.setLevel(before)


@pytest.fixture
def planted(live_db: str, owner: User, operator: User, heard: Heard) -> list[Connection]:
    """A connection for every door, each with its own secrets; and the same secrets where they are refused."""
    platform = keyed_platform(*FIELDS)
    made = {}
    with tenancy.tenant(owner.pk):
        for door in PLANTED:
            made[door] = Connection.objects.create(owner=owner, platform=platform, name=door, venue="simulated")
            make_wallet(owner, name=f"Wallet of {door}", connection=made[door])
        store_credentials(connection=made["service"], values=PLANTED["service"])
    staff = Client()
    staff.force_login(operator, backend=MODEL_BACKEND)
    for field, value in PLANTED["admin"].items():
        sent = {"connection": made["admin"].pk, "field": field, "value": value}
        assert staff.post(reverse("admin:wallets_credential_add"), sent).status_code == 302
    for field, value in PLANTED["refused"].items():
        sent = {"connection": made["refused"].pk, "field": f"no_{field}", "value": value}
        answer = staff.post(reverse("admin:wallets_credential_add"), sent)
        assert answer.status_code == 200
        assert found_in(answer.content.decode()) == set()
    with tenancy.tenant(owner.pk):
        assert Credential.objects.count() == len(FIELDS) * 2
    return list(made.values())


@pytest.fixture
def trader(owner: User) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(owner, backend=MODEL_BACKEND)
    return client


@pytest.fixture
def staff(operator: User) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(operator, backend=MODEL_BACKEND)
    return client


# --- where they could come out ----------------------------------------------------------------------------------------


def test_no_answer_of_the_api_holds_a_secret(
    planted: list[Connection], trader: Client, staff: Client, heard: Heard
) -> None:
    asked = 0
    for address_, methods in api.get_openapi_schema()["paths"].items():
        if "get" not in methods:
            continue
        for connection in planted:
            client = staff if "/operator/" in address_ else trader
            answer = client.get(re.sub(r"\{[^}]+\}", str(connection.pk), address_))
            assert found_in(f"{answer.headers} {answer.content.decode()}") == set(), address_
            asked += answer.status_code == 200
            if "{" not in address_:
                break
    assert asked > 25
    assert found_in("\n".join(heard.lines)) == set()


def test_no_page_of_traders_or_operators_holds_a_secret(
    planted: list[Connection], trader: Client, staff: Client, heard: Heard
) -> None:
    seen = 0
    for client, address_ in [
        *((trader, found) for found in pages(planted)),
        *((staff, found) for found in admin_pages()),
    ]:
        answer = client.get(address_)
        text = b"".join(answer.streaming_content).decode() if answer.streaming else answer.content.decode()
        assert found_in(f"{answer.headers} {text}") == set(), address_
        seen += answer.status_code == 200
    assert seen > 60
    assert found_in("\n".join(heard.lines)) == set()


@pytest.mark.urls(__name__)
@pytest.mark.parametrize("kind", ["text/html", "text/plain"])
def test_the_debug_page_and_the_mail_of_an_error_hold_none(
    planted: list[Connection], trader: Client, settings: Any, heard: Heard, kind: str
) -> None:
    settings.ADMINS = [("Op", "operator@example.com")]
    by_mail = AdminEmailHandler(include_html=True)
    log = logging.getLogger("django.request")
    log.addHandler(by_mail)
    place = f"/broken/{planted[0].pk}/"
    typed = PLANTED["refused"]
    try:
        for debug in (True, False):
            settings.DEBUG = debug
            headers = {"Accept": kind}
            for answer in (
                trader.get(place, headers=headers),
                trader.post(place, typed, headers=headers),
                trader.post(place, json.dumps({"fields": typed}), content_type="application/json", headers=headers),
            ):
                page = answer.content.decode()
                assert answer.status_code == 500
                assert found_in(page) == set()
                assert ("could not open" in page) is debug
    finally:
        log.removeHandler(by_mail)
    assert len(mail.outbox) >= 6
    for message in mail.outbox:
        told = [message.subject, message.body, *(text for text, _ in message.alternatives)]
        assert "could not open" in "".join(map(str, told))
        assert found_in("".join(map(str, told))) == set()
    assert any("could not open" in line for line in heard.lines)
    assert found_in("\n".join(heard.lines)) == set()


def test_no_message_of_the_broker_and_no_dump_holds_a_secret_while_syncs_fail_on_open_keys(
    planted: list[Connection], owner: User, live_db: str, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    def opened(connection: Connection) -> Any:
        values = read_credentials(connection=connection)
        raise RuntimeError(f"the adapter broke with {values!r} and {list(values.values())}")

    monkeypatch.setitem(ADAPTERS, "demo", opened)
    for connection in planted:
        with transaction.atomic(), tenancy.tenant(owner.pk):
            run = request_sync(owner_id=owner.pk, connection_id=connection.pk)
        tasks.sync_connection.apply((str(owner.pk), str(connection.pk), str(run.pk)))
        for _ in range(2):  # until the failure is told
            tasks.sync_connection.apply((str(owner.pk), str(connection.pk)))
    stored = everything_in_redis()
    assert any(str(planted[0].pk) in text for text in stored), "the messages of the syncs are there"
    assert found_in("\n".join(stored)) == set()
    dump = run_program("pg_dump", address("DATABASE_SYSTEM_URL", live_db))
    assert str(planted[0].pk) in dump
    assert found_in(dump) == set()
    assert any("the adapter broke" in line for line in heard.lines)
    assert found_in("\n".join(heard.lines)) == set()


def test_the_exchanges_library_never_logs_the_headers_that_carry_keys(heard: Heard) -> None:
    """OKX sends key and passphrase as they are in headers, and ccxt logs headers at DEBUG."""
    import ccxt

    keys = {"apiKey": PLANTED["service"]["api_key"], "password": PLANTED["service"]["password"]}
    sent: list[str] = []

    class Venue(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            sent.append(str(self.headers))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"code": "0", "data": [{"details": []}]}')

        def log_message(self, *args: Any) -> None:
            """Nothing: the test listens to the log."""

    with HTTPServer(("127.0.0.1", 0), Venue) as server:
        Thread(target=server.handle_request, daemon=True).start()
        exchange = ccxt.okx({**keys, "secret": "s", "enableRateLimit": False})
        exchange.urls["api"]["rest"] = f"http://127.0.0.1:{server.server_port}"
        exchange.privateGetAccountBalance()
    assert found_in("".join(sent)) == {"service api_key", "service password"}, "they were in the request"
    assert found_in("\n".join(heard.lines)) == set()


# --- helpers ---------------------------------------------------------------------------------------------------------


def pages(connections_: list[Connection]) -> Iterator[str]:
    """Every page that needs no argument, and every one that takes a connection."""
    for name, arguments in named(get_resolver(urls)):
        if name.startswith(("admin:", "api:")) or "logout" in name:
            continue
        for pk in [None] if not arguments else [connection.pk for connection in connections_]:
            try:
                yield reverse(name, args=[pk] if pk else [])
            except NoReverseMatch:
                continue


def named(resolver: Any, prefix: str = "") -> Iterator[tuple[str, list[str]]]:
    for pattern in resolver.url_patterns:
        if hasattr(pattern, "url_patterns"):
            namespace = f"{pattern.namespace}:" if pattern.namespace else ""
            yield from named(pattern, prefix + namespace)
        elif pattern.name:
            yield prefix + pattern.name, list(pattern.pattern.converters)


def admin_pages() -> Iterator[str]:
    """Every list of the admin, with the forms and histories of connections and credentials."""
    yield reverse("admin:index")
    for model in apps.get_models():
        if model in admin.site._registry:
            yield reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    with tenancy.system():
        for model in (Connection, Credential):
            for pk in model._base_manager.values_list("pk", flat=True):
                for page in ("change", "history", "delete"):
                    yield reverse(f"admin:wallets_{model._meta.model_name}_{page}", args=[pk])


def everything_in_redis() -> list[str]:
    """Every key and value, and the bodies of messages as they are and decoded."""
    client = redis.Redis.from_url(settings.REDIS_URL)
    found = []
    for key in client.scan_iter():
        values = REDIS_READS[client.type(key)](client, key)
        texts = [key.decode(errors="replace"), *(bytes(value).decode(errors="replace") for value in values if value)]
        found += texts
        for body in re.findall(r'"body": "([A-Za-z0-9+/=]+)"', " ".join(texts)):
            found.append(base64.b64decode(body).decode(errors="replace"))
    client.close()
    return found
