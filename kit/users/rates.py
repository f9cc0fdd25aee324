"""How often programs and browsers may ask: so many requests a minute of one token, one session, and one address.

What writes (orders, money, limits, everything else that changes something) is counted a second time, by page and API
alike, and may come less often; what computes for seconds of it (`COSTLY`) less often still. Pages are counted
apart from the API, so that a program takes no page away.

Counted in Redis, where all web processes meet, by one script that counts both and says when the minute is over: one
round trip of a request. A minute begins with the first request of it; what is refused counts as well.

Redis is not needed to serve a request, so when it is away or slow nothing is counted and everybody is let in: a
dashboard that turns away its only trader because a counter is missing would be the worse of the two. Guessing secrets
is counted elsewhere (`kit.users.throttle`, and the lock of signing in) and is not let in by this.

The headers are those of draft-ietf-httpapi-ratelimit-headers-10 (September 2025): `RateLimit-Policy` names each quota
(`q`) and its window in seconds (`w`), `RateLimit` what remains of it (`r`) and when it begins anew (`t`). Both are
lists of structured fields (RFC 9651), which is why names stand in quotation marks.
"""

import logging
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final
from uuid import UUID

import orjson
import redis
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template.loader import render_to_string

from kit import impatient
from kit.api import PREFIX, problem
from kit.http import client_address, home
from kit.users.models import Token

TOO_MANY: Final = 429
# In the scope of a request that is a part of one which has been counted: what it writes and costs is counted still.
COUNTED: Final = "moniqo.counted"
READING: Final = {"GET", "HEAD", "OPTIONS"}
# What containers and proxies ask again and again: were it refused, they would end what is well.
UNCOUNTED: Final = {"/healthz", "/readyz"}
_TIMEOUT_SECONDS: Final = 0.25
# KEYS: counters; ARGV: milliseconds of a window. Answers with count and milliseconds left of each.
_COUNT: Final = """
local found = {}
for number, key in ipairs(KEYS) do
  found[2 * number - 1] = redis.call('INCR', key)
  local left = redis.call('PTTL', key)
  if left < 0 then
    redis.call('PEXPIRE', key, ARGV[1])
    left = tonumber(ARGV[1])
  end
  found[2 * number] = left
end
return found
"""

logger = logging.getLogger(__name__)
_clients: dict[str, redis.Redis] = {}


@dataclass(frozen=True, slots=True)
class Quota:
    """One limit as it stands after this request: `used` of `limit` requests, `resets_in` seconds."""

    name: str
    whose: str
    limit: int
    used: int
    resets_in: int

    @property
    def is_exceeded(self) -> bool:
        return self.used > self.limit

    @property
    def policy(self) -> str:
        return f'"{self.name}";q={self.limit};w={settings.API_WINDOW_SECONDS}'

    @property
    def standing(self) -> str:
        return f'"{self.name}";r={max(self.limit - self.used, 0)};t={self.resets_in}'


def limit_rates(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Middleware: refuse what is asked for too often with 429, and say on every answer how much is left."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        quotas = () if request.path in UNCOUNTED else _count(request)
        exceeded = [quota for quota in quotas if quota.is_exceeded]
        response = _refused(request, exceeded) if exceeded else get_response(request)
        if quotas:
            response["RateLimit-Policy"] = ", ".join(quota.policy for quota in quotas)
            response["RateLimit"] = ", ".join(quota.standing for quota in quotas)
        return response

    return middleware


def _refused(request: HttpRequest, exceeded: list[Quota]) -> HttpResponse:
    wait = max(quota.resets_in for quota in exceeded)
    who = " and ".join(f"this {quota.whose}" for quota in exceeded)
    detail = f"Too many requests of {who}: wait {wait} s and try again."
    if request.path.startswith(PREFIX):
        names = [quota.name for quota in exceeded]
        response = problem(TOO_MANY, detail, code="too_many_requests", **{"violated-policies": names})
    else:
        page = render_to_string("refused.html", {"status": TOO_MANY, "sentence": detail})  # asks no database
        response = HttpResponse(page, status=TOO_MANY)
    response["Retry-After"] = str(wait)
    return response


def _count(request: HttpRequest) -> tuple[Quota, ...]:
    """Count the request; nothing where there is no limit, and while Redis is away."""
    return _counted(_limits(request))


def refusal_outside(request: HttpRequest, token_id: UUID) -> HttpResponse | None:
    """Count a request of a program that is answered in front of Django as one to the API; 429 if it is one too many."""
    limits = _of_api(token_id, home(client_address(request)))
    exceeded = [quota for quota in _counted([limit for limit in limits if limit[2]]) if quota.is_exceeded]
    return _refused(request, exceeded) if exceeded else None


def _counted(limits: list[tuple[str, str, int, str]]) -> tuple[Quota, ...]:
    if not limits or impatient.is_away():
        return ()
    window = settings.API_WINDOW_SECONDS * 1000
    try:
        with impatient.noticing(redis.RedisError):
            found = _script()(keys=[key for *_, key in limits], args=[window])
    except redis.RedisError as error:
        logger.warning("Requests are not counted: %s", type(error).__name__)
        return ()
    counts, left = found[::2], found[1::2]
    return tuple(
        Quota(name, whose, limit, count, math.ceil(milliseconds / 1000))
        for (name, whose, limit, _), count, milliseconds in zip(limits, counts, left, strict=True)
    )


def _limits(request: HttpRequest) -> list[tuple[str, str, int, str]]:
    """The limits that bind the request: name, whose, requests per window, and the key that they are counted under."""
    where = home(client_address(request))
    token: Token | None = getattr(request, "token", None)
    cookie = request.COOKIES.get(settings.SESSION_COOKIE_NAME, "")
    if token is not None:
        who, whose = f"token:{token.pk}", "token"
    elif cookie:
        who, whose = f"session:{sha256(cookie.encode()).hexdigest()[:32]}", "session"
    else:
        who, whose = f"address:{where}", "address"
    found: list[tuple[str, str, int, str]] = []
    if request.path.startswith(PREFIX):
        if COUNTED not in getattr(request, "scope", ()):  # else it is a part of one that was counted
            found += _of_api(token.pk if token else None, where)
    else:
        if whose == "session":
            found.append(("pages", "session", settings.PAGE_LIMIT, f"rate:pages:{who}"))
        found.append(("visitors", "address", settings.PAGE_ADDRESS_LIMIT, f"rate:visitors:{where}"))
    if request.method not in READING:
        found.append(("writes", whose, settings.WRITE_LIMIT, f"rate:writes:{who}"))
        if _is_costly(request):
            found.append(("costly", whose, settings.COSTLY_LIMIT, f"rate:costly:{who}"))
    return [limit for limit in found if limit[2]]


def _of_api(token_id: UUID | None, where: str) -> list[tuple[str, str, int, str]]:
    found = [("address", "address", settings.API_ADDRESS_LIMIT, f"rate:address:{where}")]
    if token_id is not None:
        found.insert(0, ("token", "token", settings.API_TOKEN_LIMIT, f"rate:token:{token_id}"))
    return found


def _is_costly(request: HttpRequest) -> bool:
    fields = [
        field
        for method, path, field in settings.COSTLY
        if method == request.method and re.fullmatch(path, request.path) is not None
    ]
    return any(not field or _sends(request, field) for field in fields)


def _sends(request: HttpRequest, field: str) -> bool:
    """Whether the field stands in the body; what nobody can read may hold anything."""
    try:
        sent = orjson.loads(request.body)
    except (ValueError, RequestDataTooBig):
        return True
    return isinstance(sent, dict) and field in sent


def _script() -> Callable[..., list[int]]:
    url = settings.REDIS_URL
    if url not in _clients:
        _clients[url] = impatient.client(url, seconds=_TIMEOUT_SECONDS)
    counting: Callable[..., list[int]] = _clients[url].register_script(_COUNT)
    return counting
