"""What views share: the type of a request, 404 for what is not there, page or part, toasts, and what is never asked."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from ipaddress import ip_address
from typing import Any, Literal

from django.conf import settings
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import get_resolver
from django.utils.cache import patch_vary_headers
from django_htmx.http import trigger_client_event
from django_htmx.middleware import HtmxDetails

from kit.errors import NotFoundError

ToastKind = Literal["", "ok", "warn", "bad"]


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

    Behind MONIQO_PROXIES proxies of our own it is the entry of X-Forwarded-For that the outermost of them wrote;
    what stands before it the client may have made up.
    """
    forwarded = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",")]
    if 0 < settings.PROXIES <= len(forwarded):
        return _address(forwarded[-settings.PROXIES])
    return _address(request.META.get("REMOTE_ADDR", ""))


def _address(text: str) -> str | None:
    try:
        return str(ip_address(text))
    except ValueError:
        return None


def refuse_nul(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Middleware: a NUL in an address, a query or a form is a damaged request (400), because no column can hold it.

    Nobody types one, and it is nobody's fault here: it is answered, not raised, so that no log holds a trace. JSON is
    not looked at: its schemas refuse it (`kit.api.Body`).
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if any("\0" in text for text in _texts(request)):
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
