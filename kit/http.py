"""What views share: the type of a request, and toasts that ride along with an answer."""

from typing import Any, Literal

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
