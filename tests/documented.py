"""Holds every answer that any test gets from the API to what the API says of itself.

A middleware of the tests alone: an error that the description of its operation does not list fails the test that met
it.
"""

import re
from collections.abc import Callable
from functools import cache

from django.http import HttpRequest, HttpResponseBase

OURS_TO_MEND = 500


def only_documented(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        match = request.resolver_match
        if (
            response.status_code >= 400
            and response.status_code != OURS_TO_MEND
            and match is not None
            and match.route.startswith("api/")
        ):
            path = "/" + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", match.route)
            known = statuses(path, (request.method or "").lower())
            if known and response.status_code not in known:
                raise AssertionError(
                    f"{request.method} {path} answers {response.status_code}: its description does not"
                )
        return response

    return middleware


@cache
def statuses(path: str, method: str) -> frozenset[int]:
    """The statuses that the description lists; none for what is no operation."""
    from moniqo.api import api

    operation = _paths(api).get(path, {}).get(method, {})
    return frozenset(int(status) for status in operation.get("responses", {}))


@cache
def _paths(api: object) -> dict[str, dict[str, dict[str, object]]]:
    found: dict[str, dict[str, dict[str, object]]] = api.get_openapi_schema()["paths"]  # type: ignore[attr-defined]
    return found
