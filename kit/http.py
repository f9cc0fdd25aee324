"""What views share: the type of a request, toasts that ride along with an answer, and what no view is asked with."""

from collections.abc import Callable, Iterator
from ipaddress import ip_address
from typing import Any, Literal

from django.conf import settings
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponseBase
from django_htmx.http import trigger_client_event
from django_htmx.middleware import HtmxDetails

ToastKind = Literal["", "ok", "warn", "bad"]


class HtmxRequest(HttpRequest):
    """A request as our middleware hands it to views: `request.htmx` is true when a fragment is asked for."""

    htmx: HtmxDetails


def add_toast(response: HttpResponseBase, text: str, kind: ToastKind = "ok") -> None:
    """Show `text` as a toast when htmx receives the answer. Without JavaScript use `django.contrib.messages`."""
    trigger_client_event(response, "toast", {"text": text, "kind": kind})


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

    Nobody types one. JSON is not looked at here: the API answers what cannot be stored with 422.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if any("\0" in text for text in _texts(request)):
            raise BadRequest("The request holds a NUL character.")
        return get_response(request)

    return middleware


def _texts(request: HttpRequest) -> Iterator[str]:
    yield request.path
    for fields in (request.GET, request.POST):
        for name, values in fields.lists():
            yield name
            yield from (value for value in values if isinstance(value, str))
