"""What views share: the type of a request, 404 for what is not there, page or part, toasts, and what is never asked."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from http import HTTPStatus
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any, Final, Literal
from uuid import UUID

from django.conf import settings
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import get_resolver
from django.utils.cache import patch_cache_control, patch_vary_headers
from django_htmx.http import trigger_client_event
from django_htmx.middleware import HtmxDetails

from kit.errors import NotFoundError

ToastKind = Literal["", "ok", "warn", "bad"]
Address = IPv4Address | IPv6Address
_HOME_PREFIX: Final = 64
PROGRAMS: Final = "/api/"

logger = logging.getLogger(__name__)


class HtmxRequest(HttpRequest):
    """A request as our middleware hands it to views: `request.htmx` is true when a fragment is asked for."""

    htmx: HtmxDetails


def add_toast(response: HttpResponseBase, text: str, kind: ToastKind = "ok") -> None:
    """Show `text` as a toast when htmx receives the answer. Without JavaScript use `django.contrib.messages`."""
    trigger_client_event(response, "toast", {"text": text, "kind": kind})


@contextmanager
def missing_is_404(*also: type[Exception]) -> Iterator[None]:
    """What a service or selector does not find is a page that is not there; so is what raises one of `also`."""
    kinds: tuple[type[Exception], ...] = (NotFoundError, *also)
    try:
        yield
    except kinds as error:
        raise Http404(str(error)) from error


def wants_part(request: HtmxRequest) -> bool:
    """Whether htmx asks for a part of a page; going back in history asks for the page."""
    return bool(request.htmx) and not request.htmx.history_restore_request


def vary(response: HttpResponse) -> HttpResponse:
    """Tell caches that the address has parts: what was asked for stands in htmx's headers."""
    patch_vary_headers(response, ["HX-Request", "HX-Target", "HX-History-Restore-Request"])
    return response


def page_or_part(request: HtmxRequest, template: str, part: str, context: dict[str, Any]) -> HttpResponse:
    """The whole page, or its partial `part` when htmx asks for that."""
    return vary(render(request, f"{template}#{part}" if wants_part(request) else template, context))


def owner_of(request: HttpRequest) -> Any:
    """The id of the person the request is signed in as."""
    return request.user.pk


def client_address(request: HttpRequest) -> str | None:
    """The internet address that the request came from.

    A proxy that MONIQO_TRUSTED_PROXIES names is believed about who asked it, as X-Forwarded-For says, and so on to the
    first that is not ours. What stands before it, or comes from anybody else, the client may have made up.
    """
    found = peer = _address(request.META.get("REMOTE_ADDR", ""))
    forwarded = [_address(part) for part in request.headers.get("X-Forwarded-For", "").split(",")]
    while found is not None and _is_ours(found) and forwarded:
        told = forwarded.pop()
        if told is None:
            break
        found = told
    if forwarded != [None] and peer == found and peer is not None and peer.is_private and not _is_ours(peer):
        _warn_once(str(peer))
    return None if found is None else str(found)


def home(address: str | None) -> str:
    """Whom an address stands for: one home has as many IPv6 addresses as it likes, all in one network."""
    if address is None:
        return "unknown"
    if ip_address(address).version == 4:
        return address
    return str(ip_network(f"{address}/{_HOME_PREFIX}", strict=False).network_address)


def _is_ours(address: Address) -> bool:
    return any(address in network for network in settings.TRUSTED_PROXIES)


def _address(text: str) -> Address | None:
    try:
        found = ip_address(text.strip())
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


@cache
def _warn_once(peer: str) -> None:
    logger.warning("%s says who asked it and is not believed: is it a proxy, name it in MONIQO_TRUSTED_PROXIES", peer)


def keep_private(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Middleware: what is about somebody who is signed in, and all of the API, is kept by no cache and no browser."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        is_program = request.path.startswith(PROGRAMS)
        if is_program:
            patch_vary_headers(response, ["Authorization", "Cookie"])
        signed_in = settings.SESSION_COOKIE_NAME in request.COOKIES or settings.SESSION_COOKIE_NAME in response.cookies
        if is_program or signed_in:
            patch_cache_control(response, no_store=True, private=True)
        return response

    return middleware


def refuse_nul(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Middleware: a NUL in an address, a query or a form is a damaged request (400), because no column can hold it.

    Nobody types one, and it is nobody's fault here: it is answered, not raised, so that no log holds a trace. The API
    names the field itself (`kit.written`).
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if not request.path.startswith(PROGRAMS) and any("\0" in text for text in _texts(request)):
            damaged = get_resolver().resolve_error_handler(HTTPStatus.BAD_REQUEST)
            return damaged(request, exception=BadRequest("A NUL."))  # type: ignore[call-arg]  # a view of errors
        return get_response(request)

    return middleware


def _texts(request: HttpRequest) -> Iterator[str]:
    yield request.path
    for fields in (request.GET, request.POST):
        for name, values in fields.lists():
            yield name
            yield from (value for value in values if isinstance(value, str))


def named_row(request: HttpRequest, name: str, rows: Any) -> Any:
    """The owner's row that the address names; None where it names none, 404 where there is none."""
    if not (text := request.GET.get(name, "")):
        return None
    with missing_is_404(ValueError, rows.model.DoesNotExist):
        return rows.get(owner_id=owner_of(request), pk=UUID(text))
