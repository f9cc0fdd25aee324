"""When something goes wrong a person sees our own page, and nobody sees a password."""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from urllib.parse import quote, urlsplit

import pytest
from django.conf import settings
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path

from kit.debugging import MASK, masked
from kit.users.models import User
from moniqo import urls

BACKEND = "kit.users.backends.CountedBackend"
NUL = "%00"


def broken(request: HttpRequest) -> HttpResponse:
    """What a programmer's mistake looks like, with secrets in its variables, arguments and message."""
    database, broker = settings.DATABASES["default"], settings.REDIS_URL
    raise RuntimeError(f"{database} {broker} {os.environ['DATABASE_URL']}")


def forbidden(request: HttpRequest) -> HttpResponse:
    raise PermissionDenied


def damaged(request: HttpRequest) -> HttpResponse:
    raise BadRequest


urlpatterns = [
    path("broken/", broken),
    path("forbidden/", forbidden),
    path("damaged/", damaged),
    *urls.urlpatterns,
]


@pytest.fixture
def visitor(owner: User) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(owner, backend=BACKEND)
    return client


def secrets() -> Iterator[str]:
    yield settings.SECRET_KEY
    yield from settings.CREDENTIAL_KEYS
    for variable in ("DATABASE_URL", "DATABASE_OWNER_URL", "DATABASE_SYSTEM_URL", "REDIS_URL"):
        yield urlsplit(os.environ[variable]).password or ""


def assert_keeps_secrets(page: str) -> None:
    for secret in secrets():
        assert len(secret) > 10
        assert secret not in page
        assert quote(secret) not in page


@pytest.mark.slow
@pytest.mark.offline
def test_the_web_process_debugs_only_when_it_is_told_to() -> None:
    script = "import moniqo.asgi; from django.conf import settings; print(settings.DEBUG)"

    def debugs(**changes: str) -> str:
        kept = {name: value for name, value in os.environ.items() if name != "MONIQO_DEBUG"}
        command = [sys.executable, "-W", "ignore", "-c", script]
        return subprocess.check_output(command, env=kept | changes, cwd=settings.BASE_DIR, text=True).strip()

    assert debugs() == "False"
    assert debugs(MONIQO_DEBUG="1") == "True"
    assert debugs(MONIQO_DEBUG="yes") == "False"


@pytest.mark.urls(__name__)
@pytest.mark.parametrize(
    ("address", "status", "words"),
    [
        ("/broken/", 500, "Something broke on our side"),
        ("/forbidden/", 403, "This is not yours to see"),
        ("/damaged/", 400, "This request made no sense"),
        ("/nowhere/", 404, "Nothing lives here"),
    ],
)
def test_our_own_page_says_what_happened(visitor: Client, address: str, status: int, words: str) -> None:
    answer = visitor.get(address)
    page = answer.content.decode()
    assert answer.status_code == status
    assert words in page
    assert "Traceback" not in page
    assert "RuntimeError" not in page
    assert_keeps_secrets(page)


@pytest.mark.urls(__name__)
@pytest.mark.parametrize("headers", [{}, {"Accept": "text/plain"}], ids=["html", "text"])
def test_the_debug_page_shows_the_fault_and_no_secret(
    visitor: Client, settings: object, headers: dict[str, str]
) -> None:
    settings.DEBUG = True  # type: ignore[attr-defined]
    page = visitor.get("/broken/", headers=headers).content.decode()
    assert "RuntimeError" in page
    assert "DATABASE_URL" in page
    assert MASK in page
    assert_keeps_secrets(page)


@pytest.mark.offline
def test_every_spelling_of_a_secret_is_masked(monkeypatch: pytest.MonkeyPatch) -> None:
    secret = "p@ss/w&rd'1"
    monkeypatch.setenv("SOME_SERVICE", f"amqp://user:{quote(secret, safe='')}@broker/0")
    for written in (secret, quote(secret, safe=""), "p@ss/w&amp;rd&#x27;1", quote(secret)):
        assert masked(f"before {written} after") == f"before {MASK} after"


PAGES = [
    "/",
    "/wallets/",
    "/farms/",
    "/farms/agents/",
    "/trading/orders/",
    "/trading/positions/",
    "/trading/trades/",
    "/jump/",
]
FIELDS = ("q", "page", "sort", "status", "side", "wallet", "farm", "symbol", "range", "period", "next", "format")


@pytest.mark.parametrize("page", PAGES)
def test_a_nul_in_a_query_is_a_damaged_request(visitor: Client, page: str) -> None:
    for field in FIELDS:
        answer = visitor.get(f"{page}?{field}={NUL}")
        assert answer.status_code == 400, field
        assert "This request made no sense" in answer.content.decode()
    assert visitor.get(f"{page}?{NUL}=1").status_code == 400


@pytest.mark.django_db(databases=["default", "system"])
@pytest.mark.parametrize("place", [f"/{NUL}", f"/wallets/{NUL}/", f"/trading/orders/{NUL}/", f"/admin/{NUL}/"])
def test_a_nul_in_an_address_is_a_damaged_request(visitor: Client, place: str) -> None:
    assert visitor.get(place).status_code in {400, 404}


def test_a_nul_in_the_address_of_a_file_is_no_fault(client: Client) -> None:
    assert client.get(f"/static/{NUL}.css").status_code in {400, 404}


@pytest.mark.django_db
@pytest.mark.parametrize("form", ["/login/", "/password/", "/preferences/", "/wallets/new/"])
def test_a_nul_in_a_form_is_a_damaged_request(visitor: Client, form: str) -> None:
    assert visitor.post(form, {"username": "a\0b", "password": "x"}).status_code == 400
    assert visitor.post(form, {"name\0": "x"}).status_code == 400


@pytest.mark.parametrize(
    ("method", "address", "body"),
    [
        ("get", f"/api/v1/wallets?cursor={NUL}", None),
        ("get", f"/api/v1/orders?status={NUL}", None),
        ("get", f"/api/v1/farms/{NUL}", None),
        ("post", "/api/v1/auth/token", {"email": "a\0b@example.com", "password": "x"}),
        ("post", "/api/v1/auth/token", {"email": "a@example.com", "password": "\0"}),
        ("post", "/api/v1/wallets", {"name": "a\0b", "role": "master"}),
        ("post", "/api/v1/wallets", {"name": "\ud800", "role": "master"}),
    ],
)
def test_the_api_answers_a_nul_with_a_problem(
    visitor: Client, method: str, address: str, body: dict[str, str] | None
) -> None:
    token = visitor.get("/preferences/").cookies
    headers = {"X-CSRFToken": token["csrftoken"].value} if "csrftoken" in token else {}
    answer = visitor.generic(
        method.upper(),
        address,
        *([] if body is None else [json.dumps(body)]),
        content_type="application/json",
        headers=headers,
    )
    assert 400 <= answer.status_code < 500, answer.content
    assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("path", [f"/trading/orders/?q={NUL}", f"/api/v1/orders?symbol={NUL}", f"/static/{NUL}.css"])
def test_a_damaged_request_leaves_no_trace_in_the_log(
    visitor: Client, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    for name in ("django", "django.request", "moniqo.api"):
        logging.getLogger(name).addHandler(caplog.handler)
    try:
        assert visitor.get(path).status_code in {400, 404, 422}
    finally:
        for name in ("django", "django.request", "moniqo.api"):
            logging.getLogger(name).removeHandler(caplog.handler)
    assert [record.message for record in caplog.records if record.exc_info] == []


def refused(origin: str, **headers: str) -> HttpResponse:
    client = Client(enforce_csrf_checks=True)
    return client.post("/login/", {"username": "a"}, headers={"Origin": origin, **headers})  # type: ignore[return-value]


@pytest.mark.django_db
def test_a_form_from_another_port_names_the_setting() -> None:
    answer = refused("https://moniqo.example.com:8443")
    page = answer.content.decode()
    assert answer.status_code == 403
    assert "MONIQO_TRUSTED_ORIGINS" in page
    assert "https://moniqo.example.com:8443" in page
    assert "http://testserver" in page
    assert "MONIQO_TRUSTED_ORIGINS" in answer["X-Refused"]


@pytest.mark.django_db
def test_what_a_client_writes_as_its_origin_is_not_repeated() -> None:
    page = refused('https://"><script>alert(1)</script>').content.decode()
    assert "alert(1)" not in page
    assert "MONIQO_TRUSTED_ORIGINS" in page


@pytest.mark.django_db
def test_a_form_without_its_token_is_too_old() -> None:
    answer = Client(enforce_csrf_checks=True).post("/login/", {"username": "a"})
    assert answer.status_code == 403
    page = answer.content.decode()
    assert "This form is too old" in page
    assert "MONIQO_TRUSTED_ORIGINS" not in page
    assert "X-Refused" not in answer
