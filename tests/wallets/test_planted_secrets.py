"""A trader's keys are planted through every door there is, and then looked for everywhere they could come out.

Looked for as they are and as they would be written elsewhere: in hexadecimal, base64, addresses, pages and JSON.
"""

import asyncio
import base64
import html
import json
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import StringIO
from threading import Thread
from typing import Any
from unittest.mock import Mock, patch
from urllib.parse import quote

import pytest
import redis
from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.core import mail
from django.core.management import call_command
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import NoReverseMatch, get_resolver, path, reverse
from django.utils.log import AdminEmailHandler

from kit import tenancy
from kit.embedded.programs import run_program
from kit.users.models import User
from moniqo import urls
from moniqo.api import api
from tests.conftest import WORKER, address, cloned_database, make_user
from tests.programs import by_password
from tests.simulators.listening import Running, wait_until
from tests.simulators.server import Exchanges
from tests.wallets.books import keyed_platform, make_wallet
from wallets import tasks
from wallets.models import Connection, Credential, SyncRun
from wallets.streams import keeper
from wallets.sync.runs import request_sync, sync_connection
from wallets.venues.base import VenueError
from wallets.venues.credentials import read_credentials, store_credentials
from wallets.venues.registry import ADAPTERS

BACKEND = "kit.users.backends.CountedBackend"
FIELDS = ("api_key", "secret", "password")
# What a person would search for: short enough to be typed, long enough to stand nowhere by chance, awkward to write.
PLANTED = {
    door: {field: f"Planted/{door}+{field}=&<9>'q\"" for field in FIELDS} for door in ("service", "admin", "refused")
} | {
    # Those that a venue takes look like its own.
    "form": {
        "api_key": "5ca1ab1e-0000-4c2d-8e3f-5ca1ab1e0001",
        "secret": "5CA1AB1E" * 4,
        "password": "Form/phrase+9=&<q>",
    },
    "program": {"api_key": "pr0graM1" * 8, "secret": "pr0graM2" * 8},
    "replaced by form": {"api_key": "repL4cE1" * 8, "secret": "repL4cE2" * 8},
    "replaced by program": {"api_key": "repL4cE3" * 8, "secret": "repL4cE4" * 8},
    "terminal": {"api_key": "t3rM1naLt3rM1naLkk", "secret": "t3rM1naLs" * 4},
    "refused in the terminal": {"api_key": "t3rM1naLwr0ngKeyss", "secret": "t3rM1naLw" * 4},
    "refused by the venue": {"api_key": "wr0nGkey" * 8, "secret": "wr0nGsec" * 8},
    "not a key": {"api_key": "planted but no key at all", "secret": "planted but no secret at all"},
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


@dataclass(frozen=True)
class Stage:
    """Where keys were planted: who has them, all that was logged since, and the name of the database."""

    owner: User
    operator: User
    connections: list[Connection]
    heard: Heard
    database: str
    exchanges: Exchanges


@pytest.fixture(scope="module")
def stage(django_db_setup: None, django_db_blocker: Any, _exchange_server: Exchanges) -> Iterator[Stage]:
    """A connection for every door, each with its own secrets; and the same secrets where they are refused."""
    _exchange_server.reset()
    with (
        django_db_blocker.unblock(),
        override_settings(CCXT_BASE_URL=_exchange_server.url),
        listening() as heard,
        cloned_database(f"moniqo_{WORKER}_planted") as name,
    ):
        owner = make_user("owner@example.com")
        operator = make_user("operator@example.com", is_staff=True, is_superuser=True)
        made = [*stored(owner, operator), *joined(owner, _exchange_server)]
        yield Stage(owner, operator, made, heard, name, _exchange_server)


@contextmanager
def listening() -> Iterator[Heard]:
    root, handler = logging.getLogger(), Heard()
    before = root.level
    root.setLevel(logging.DEBUG)
    root.addHandler(handler)
    try:
        yield handler
    finally:
        root.removeHandler(handler)
        root.setLevel(before)


@pytest.fixture
def planted(stage: Stage) -> list[Connection]:
    return stage.connections


@pytest.fixture
def owner(stage: Stage) -> User:
    return stage.owner


@pytest.fixture
def heard(stage: Stage) -> Heard:
    return stage.heard


@pytest.fixture
def trader(stage: Stage) -> Client:
    return signed_in(stage.owner)


@pytest.fixture
def staff(stage: Stage) -> Client:
    return signed_in(stage.operator)


def signed_in(user: User) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(user, backend=BACKEND)
    return client


def stored(owner: User, operator: User) -> list[Connection]:
    """Keys that come by the service and by the operators' admin, and some that the admin refuses."""
    platform = keyed_platform(*FIELDS)
    made = {}
    with tenancy.tenant(owner.pk):
        for door in ("service", "admin", "refused"):
            made[door] = Connection.objects.create(owner=owner, platform=platform, name=door, venue="simulated")
            make_wallet(owner, name=f"Wallet of {door}", connection=made[door])
        store_credentials(connection=made["service"], values=PLANTED["service"])
    staff = signed_in(operator)
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


def joined(owner: User, exchanges: Exchanges) -> list[Connection]:
    """Keys that come by the pages and the API that connect exchanges, taken and refused, and replaced by both."""
    trader, program = Client(), Client(headers=by_password(owner))
    trader.force_login(owner, backend=BACKEND)
    new, api_address, as_json = "/wallets/connections/new/", "/api/v1/connections", "application/json"

    def answered(answer: Any, status: int) -> Any:
        assert answer.status_code == status, answer.content
        assert found_in(f"{answer.headers} {answer.content.decode()}") == set()
        return answer

    def takes(slug: str, door: str) -> dict[str, str]:
        held, given = exchanges.wires[slug].key, PLANTED[door]
        held.key, held.secret, held.password = given["api_key"], given["secret"], given.get("password", "")
        return given

    answered(trader.post(f"{new}okx/", {"name": "By form", **takes("okx", "form")}), 302)
    body = {"platform": "binance", "name": "By program", "credentials": takes("binance", "program")}
    answered(program.post(api_address, body, content_type=as_json), 201)
    with tenancy.tenant(owner.pk):
        made = {row.name: row for row in Connection.objects.filter(name__startswith="By ")}
    by_program = made["By program"].pk
    answered(trader.post(f"/wallets/connections/{by_program}/key/", takes("binance", "replaced by form")), 302)
    sent = {"credentials": takes("binance", "replaced by program")}
    answered(program.put(f"{api_address}/{by_program}/credentials", sent, content_type=as_json), 200)
    typed_at_a_terminal(takes("bybit", "terminal"))
    with pytest.raises(VenueError) as refusal:
        typed_at_a_terminal(PLANTED["refused in the terminal"])
    assert found_in(f"{refusal.value} {refusal.getrepr(style='long')}") == set()
    for door, status in (("refused by the venue", 424), ("not a key", 422)):
        answered(trader.post(f"{new}binance/", {"name": door, **PLANTED[door]}), 422)
        sent = {"credentials": PLANTED[door]}
        body = {"platform": "binance", "name": door, **sent}
        answered(program.post(api_address, body, content_type=as_json), status)
        answered(program.put(f"{api_address}/{by_program}/credentials", sent, content_type=as_json), status)
    for connection in made.values():  # the sync that came with it
        with tenancy.tenant(owner.pk):
            run = SyncRun.objects.filter(connection=connection).latest("created_at")
        done = sync_connection(owner_id=owner.pk, connection_id=connection.pk, run_id=run.pk)
        assert done.status in ("ok", "drift"), done.error
    return list(made.values())


def typed_at_a_terminal(key: dict[str, str]) -> None:
    lines, said = StringIO("\n".join(["By terminal", *key.values(), ""])), StringIO()
    with patch("sys.stdin", lines):
        call_command("connect", "bybit", user="owner@example.com", stdout=said, stderr=said)
    assert found_in(said.getvalue()) == set()


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


@pytest.mark.slow
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
    planted: list[Connection], owner: User, stage: Stage, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    def opened(connection: Connection) -> Any:
        values = read_credentials(connection=connection)
        raise RuntimeError(f"the adapter broke with {values!r} and {list(values.values())}")

    for name in ADAPTERS:
        monkeypatch.setitem(ADAPTERS, name, opened)
    for connection in planted:
        with transaction.atomic(), tenancy.tenant(owner.pk):
            run = request_sync(owner_id=owner.pk, connection_id=connection.pk)
        tasks.sync_connection.apply((str(owner.pk), str(connection.pk), str(run.pk)))
        for _ in range(2):  # until the failure is told
            tasks.sync_connection.apply((str(owner.pk), str(connection.pk)))
    stored = everything_in_redis()
    assert any(str(planted[0].pk) in text for text in stored), "the messages of the syncs are there"
    assert found_in("\n".join(stored)) == set()
    dump = run_program("pg_dump", address("DATABASE_SYSTEM_URL", stage.database))
    assert str(planted[0].pk) in dump
    assert found_in(dump) == set()
    assert any("the adapter broke" in line for line in heard.lines)
    assert found_in("\n".join(heard.lines)) == set()


@pytest.mark.slow
def test_no_line_to_a_venue_says_a_secret_that_it_refuses_or_repeats(
    stage: Stage, owner: User, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OKX says a login that it does not understand back, with the key in it."""
    monkeypatch.setattr(keeper, "ROUND_SECONDS", 0.1)
    stage.exchanges.okx().repeats_logins = True
    stage.exchanges.binance().key.is_expired = True
    slugs = {"okx": "Illegal request", "binance": "refuses the key"}

    def told() -> dict[str, str]:
        with tenancy.tenant(owner.pk):
            return dict(Connection.objects.filter(platform__in=slugs).values_list("platform", "stream_detail"))

    with Running(lambda: keeper.Keeper(Mock()).run(asyncio.Event())):
        wait_until(lambda: all(words in told()[slug] for slug, words in slugs.items()), "why there are no lines")
    assert found_in("\n".join(told().values())) == set()
    assert any("Illegal request" in line for line in heard.lines)
    assert found_in("\n".join(heard.lines)) == set()
    assert found_in(run_program("pg_dump", address("DATABASE_SYSTEM_URL", stage.database))) == set()


def test_the_exchanges_library_never_logs_the_headers_that_carry_keys(stage: Stage, heard: Heard) -> None:
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
        if arguments and "connection" not in name:
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
