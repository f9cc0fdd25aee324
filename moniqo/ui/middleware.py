"""How a page is answered: formatted for the person who asks, and kept apart from its fragments by caches."""

from collections.abc import Callable
from dataclasses import replace
from http import HTTPStatus

from django.http import HttpRequest, HttpResponseBase
from django.utils.cache import patch_vary_headers

from kit import display
from kit.api import PREFIX as API_PREFIX

GetResponse = Callable[[HttpRequest], HttpResponseBase]


class DisplayMiddleware:
    """Puts the user's currency, time zone and privacy switch in force for the length of the request.

    Only pages are masked: programs that hold a token for the API receive amounts as they are. How numbers and days are
    written is a matter of pages too: the API writes them one way, whoever asks.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return self.get_response(request)
        shown = display.Display(
            currency=request.user.base_currency,
            timezone=request.user.timezone,
            hide_amounts=request.user.privacy,
        )
        if not request.path.startswith(API_PREFIX):
            shown = replace(shown, numbers=request.user.number_format, dates=request.user.date_format)
        with display.showing(shown):
            return self.get_response(request)


class FragmentMiddleware:
    """One address serves a page and its fragments; caches must not hand out one for the other."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        patch_vary_headers(response, ["HX-Request"])
        return response


class RefusedFormMiddleware:
    """A form that comes back with its errors is 422 to programs and 200 to browsers.

    A browser writes each answer from 400 on into its console as an error of the page, which a refusal is not.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        is_page = response.headers.get("Content-Type", "").startswith("text/html")
        # Browsers say how a request came about, over https and to this machine; htmx says it over plain http too.
        is_asked_by_one = "Sec-Fetch-Mode" in request.headers or "HX-Request" in request.headers
        if is_page and is_asked_by_one and response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY:
            response.status_code = HTTPStatus.OK
        return response
