"""Who is asking, and what the database lets them see while they do."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase

from kit import clock, formatting, tenancy
from kit.api import PREFIX
from kit.users import throttle
from kit.users.models import Token
from kit.users.tokens import find_token

GetResponse = Callable[[HttpRequest], HttpResponseBase]
ADMIN_PREFIX = "/admin/"
READS = ("GET", "HEAD")
PERSON = "person"  # beside the scopes of a token that somebody has signed in for
AS_OF = "X-As-Of"  # the moment that an answer tells of: the stamp in the top bar of a page, which its parts bring too
SIGN_IN_PREFIX = "/api/v1/auth/"
OPEN = (SIGN_IN_PREFIX, "/api/v1/docs", "/api/v1/openapi.json")  # where the API asks nobody who they are


class BearerTokenMiddleware:
    """Signs a program in by its access token, on the API only; browsers keep their session and its CSRF check.

    Where nobody has to be signed in, no token is read; and where programs sign in nobody is anybody yet, whatever token
    or cookie comes along: what is noted there is about the person whose password it is, and done by nobody else.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path.startswith(SIGN_IN_PREFIX):
            request.user = AnonymousUser()
        if request.path.startswith(OPEN):
            return self.get_response(request)
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if request.path.startswith(PREFIX) and scheme.lower() == "bearer":
            found = find_token(token, kind="access")
            if found is not None:
                request.user = found.owner
                request.token = found  # type: ignore[attr-defined]  # read by the API's authentication
        return self.get_response(request)


class TooManyAttemptsMiddleware:
    """Tells who tried too often, or comes while too many sign in, when to come again, whatever page it was."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        return throttle.told(request, error) if isinstance(error, throttle.TooManyAttemptsError) else None


class TenancyMiddleware:
    """Runs every view in one transaction that sees only the rows of the person who asks; what is asked for by GET is
    read at one moment, so that no two figures of an answer are of different times.

    The operators' admin runs as the system role instead. An answer of 400 or above commits nothing, except where
    programs sign in: a wrong password must be counted.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path.startswith(ADMIN_PREFIX):
            with tenancy.system():
                return self.get_response(request)
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponseBase], args: Any, kwargs: Any
    ) -> HttpResponseBase | None:
        if request.path.startswith((ADMIN_PREFIX, SIGN_IN_PREFIX)) or not request.user.is_authenticated:
            return None
        # The view is called here, not further in, so that its exceptions roll the transaction back on their way out.
        reads = request.method in READS
        with tenancy.reading(request.user.pk) if reads else tenancy.tenant(request.user.pk, _scopes(request)):
            response = view(request, *args, **kwargs)
            response[AS_OF] = formatting.iso(clock.now())
            if isinstance(response, HttpResponse) and callable(getattr(response, "render", None)):
                response = response.render()  # type: ignore[attr-defined]  # a template response reads rows while rendering
            if response.status_code >= 400:
                transaction.set_rollback(True)
        return response


def _scopes(request: HttpRequest) -> tuple[str, ...] | None:
    """What the database lets a token write; None for a session, which may write all that is its owner's."""
    token: Token | None = getattr(request, "token", None)
    if token is None:
        return None
    return (*token.scopes, PERSON) if token.kind == Token.Kind.SIGN_IN else tuple(token.scopes)
