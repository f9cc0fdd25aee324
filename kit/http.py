"""What views share: the type of a request, and toasts that ride along with an answer."""

from ipaddress import ip_address
from typing import Any, Literal

from django.conf import settings
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
