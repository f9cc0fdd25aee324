"""The one API. Each app brings a router; this module mounts them, signs programs in and gives errors their form.

Errors are problem details (RFC 9457): `type` is stable for programs, `detail` is the sentence for people.
"""

import logging
from collections.abc import Callable
from functools import cache, wraps
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.core.exceptions import ObjectDoesNotExist, RequestDataTooBig, TooManyFieldsSent, ValidationError
from django.db import DataError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError
from ninja.errors import ValidationError as RequestError

from farms.advice.api import router as advice
from farms.analytics.api import router as analytics
from farms.api import router as farms
from farms.assigning.api import router as assigning
from farms.breakdown.api import router as breakdown
from farms.composing.api import router as composing
from farms.laboratory.api import router as laboratory
from farms.laboratory.download_api import router as downloads
from farms.laboratory.sweep_api import router as sweeps
from farms.policy.api import router as policies
from farms.promoting.api import router as promoting
from goals.api import router as goals
from kit import glossary, outages
from kit.alerts.api import router as alerts
from kit.alerts.channels.api import router as channels
from kit.api import PREFIX, Renderer, problem
from kit.approvals.api import router as approvals
from kit.asking import StrictParser, heard_whole
from kit.errors import InvalidInputError, MoniqoError, NotFoundError
from kit.mistakes import look_again, mistakes
from kit.users.access import OPERATOR, SignedIn
from kit.users.api import router as auth
from kit.users.api import tokens_router as tokens
from markets.api import router as markets
from moniqo.problems import describe_errors
from moniqo.protocols.api import router as proposals
from moniqo.start.api import router as start
from moniqo.ui.reference import ReferencePage
from portfolio.allocation.api import router as method_plans
from portfolio.api import router as portfolio
from portfolio.decomposition.api import router as decomposition
from portfolio.exposure.api import router as exposure
from portfolio.rebalancing.api import router as rebalancing
from portfolio.reports.api import router as reports
from trading.ai_state_api import router as ai_states
from trading.api import router as trading
from trading.cancel_api import router as cancelling
from trading.limits_api import router as limits
from wallets.connections.api import router as connections
from wallets.connections.operating import router as operators
from wallets.hierarchy.api import router as wallets
from wallets.hierarchy.rules_api import router as rules

api_log = logging.getLogger(__name__)
REFUSED = {
    404: "There is nothing at this address: /api/v1/docs lists what there is.",
    405: "This address does not know the method: `Allow` names those it knows.",
}


def rows_as_list(view: Callable[..., Any]) -> Callable[..., Any]:
    """Selectors answer with tuples, and Ninja takes a tuple of two for a status and a body: what is a tuple is rows."""

    @wraps(view)
    def answer(*args: Any, **kwargs: Any) -> Any:
        result = view(*args, **kwargs)
        return list(result) if isinstance(result, tuple) else result

    return answer


class ExplainedAPI(NinjaAPI):
    """Its description takes the meaning of fields from the glossary, and names the errors of every operation."""

    def get_openapi_schema(self, *, path_prefix: str | None = None, path_params: dict[str, Any] | None = None) -> Any:
        """Made once, which takes a second: nothing of it changes while a process lives, so nobody may change it."""
        return _described(self, self.get_root_path(path_params or {}) if path_prefix is None else path_prefix)


@cache
def _described(of: NinjaAPI, path_prefix: str) -> Any:
    return glossary.describe(describe_errors(NinjaAPI.get_openapi_schema(of, path_prefix=path_prefix)))


api = ExplainedAPI(
    title="Moniqo",
    version="1.0.0",
    description=(
        "Amounts are strings, moments are ISO 8601 in UTC, errors are problem details (RFC 9457). "
        "A token may do what its scopes say: each operation names those it needs."
    ),
    docs=ReferencePage(),
    docs_url="/docs",
    urls_namespace="api",
    auth=SignedIn(),
    parser=StrictParser(),
    renderer=Renderer(),
)
api.add_decorator(rows_as_list)
api.add_decorator(heard_whole)
api.add_router("/auth", auth, tags=["auth"], auth=None)
api.add_router("/", tokens, tags=["tokens"])
api.add_router("/", markets, tags=["markets"])
api.add_router("/", connections, tags=["platforms and connections"])
api.add_router("/", wallets, tags=["wallets"])
api.add_router("/", rules, tags=["wallets"])
api.add_router("/", cancelling, tags=["trading"])  # before `/orders/{order_id}`, which would take its address
api.add_router("/", trading, tags=["trading"])
api.add_router("/", limits, tags=["trading"])
api.add_router("/", ai_states, tags=["trading"])
api.add_router("/", farms, tags=["farms"])
api.add_router("/", policies, tags=["farms"])
api.add_router("/", analytics, tags=["farms"])
api.add_router("/", assigning, tags=["farms"])
api.add_router("/", promoting, tags=["farms"])
api.add_router("/", laboratory, tags=["laboratory"])
api.add_router("/", composing, tags=["strategies"])
api.add_router("/", sweeps, tags=["laboratory"])
api.add_router("/", downloads, tags=["laboratory"])
api.add_router("/", advice, tags=["advice"])
api.add_router("/", goals, tags=["goals"])
api.add_router("/portfolio", portfolio, tags=["portfolio"])
api.add_router("/portfolio", exposure, tags=["portfolio"])
api.add_router("/portfolio", reports, tags=["portfolio"])
api.add_router("/portfolio", breakdown, tags=["portfolio"])
api.add_router("/portfolio", decomposition, tags=["portfolio"])
api.add_router("/", method_plans, tags=["portfolio"])
api.add_router("/", rebalancing, tags=["portfolio"])
api.add_router("/", alerts, tags=["alerts"])
api.add_router("/", channels, tags=["alerts"])
api.add_router("/", proposals, tags=["approvals"])  # before `/approvals/{id}/answer`, as all addresses of words are
api.add_router("/", approvals, tags=["approvals"])
api.add_router("/", start, tags=["start"])
api.add_router("/", operators, tags=["operators"], auth=OPERATOR)


def problems_only(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Middleware: what is refused before an endpoint is reached (no such address or method) is a problem as well."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if response.status_code < 400 or not request.path.startswith(PREFIX) or "json" in response["Content-Type"]:
            return response
        refused = problem(response.status_code, REFUSED.get(response.status_code, response.reason_phrase))
        if "Allow" in response:
            refused["Allow"] = response["Allow"]
        return refused

    return middleware


def head_as_get(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Middleware: the API answers HEAD as GET, without the body; Ninja itself knows no HEAD."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if request.method != "HEAD" or not request.path.startswith(PREFIX):
            return get_response(request)
        request.method = "GET"
        response = get_response(request)
        request.method = "HEAD"
        if isinstance(response, HttpResponse):
            response["Content-Length"] = str(len(response.content))
            response.content = b""
        return response

    return middleware


@api.exception_handler(MoniqoError)
def on_moniqo_error(request: HttpRequest, error: MoniqoError) -> HttpResponse:
    extra = dict(error.facts)
    if isinstance(error, InvalidInputError) and error.fields:
        extra["fields"] = error.fields
    response = problem(error.status, error.sentence.exact, code=error.code, **extra)
    if error.wait_seconds is not None:
        response["Retry-After"] = str(error.wait_seconds)
    return response


@api.exception_handler(RequestError)
def on_request_error(request: HttpRequest, error: RequestError) -> HttpResponse:
    fields = mistakes(error.errors)
    whole = fields.pop("", "")
    return problem(422, whole or look_again(fields), code=InvalidInputError.code, fields=fields)


@api.exception_handler(ValidationError)
def on_validation_error(request: HttpRequest, error: ValidationError) -> HttpResponse:
    return problem(422, " ".join(error.messages), code=InvalidInputError.code)


@api.exception_handler(DataError)
def on_unstorable_value(request: HttpRequest, error: DataError) -> HttpResponse:
    """Text with a NUL, a number beyond every column: well-formed JSON, and nothing that a row can hold."""
    api_log.warning("Unstorable value in %s %s: %s", request.method, request.path, error)
    return problem(422, "A value cannot be stored: leave out NUL characters and shorten numbers.", code="invalid_input")


@api.exception_handler(AuthenticationError)
def on_authentication_error(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    return problem(401, "Sign in: send `Authorization: Bearer <access token>` from POST /api/v1/auth/token.")


@api.exception_handler(RequestDataTooBig)
def on_large_body(request: HttpRequest, error: RequestDataTooBig) -> HttpResponse:
    """Where nothing stands in front (`kit.bodies`), such as in tests."""
    return problem(413, f"Send at most {settings.DATA_UPLOAD_MAX_MEMORY_SIZE:,} bytes.")


@api.exception_handler(TooManyFieldsSent)
def on_many_fields(request: HttpRequest, error: TooManyFieldsSent) -> HttpResponse:
    return problem(400, f"Send at most {settings.DATA_UPLOAD_MAX_NUMBER_FIELDS:,} fields.")


@api.exception_handler(Http404)
def on_not_found(request: HttpRequest, error: Http404) -> HttpResponse:
    return problem(404, "There is no such thing here.", code=NotFoundError.code)


@api.exception_handler(ObjectDoesNotExist)
def on_missing_row(request: HttpRequest, error: ObjectDoesNotExist) -> HttpResponse:
    return problem(404, "There is no such thing here.", code=NotFoundError.code)


@api.exception_handler(HttpError)
def on_http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    """Ninja's own 400 is a body that could not be read, for a reason of ours or as no JSON; the others are ours."""
    if isinstance(error.__cause__, MoniqoError):
        return on_moniqo_error(request, error.__cause__)
    unread = "Send a JSON object: what was sent cannot be read."
    return problem(error.status_code, unread if error.status_code == HTTPStatus.BAD_REQUEST else str(error))


@api.exception_handler(Exception)
def on_bug(request: HttpRequest, error: Exception) -> HttpResponse:
    """Anything else is our bug: the transaction rolls back, the log has the trace, the caller learns no internals."""
    if outages.is_away(error):
        return outages.answer(request)
    if settings.DEBUG and settings.TESTING:
        raise error
    api_log.exception("Unhandled error in %s %s", request.method, request.path)
    return problem(500, "Something broke on our side and nothing was changed. Try again, or tell the operator.")
