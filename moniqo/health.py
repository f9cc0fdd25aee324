"""Is the process alive (`/healthz`), and can it do its work (`/readyz`)?

Readiness asks every part that a page or an order needs and names each one that fails, so that the answer is where the
repair starts. Neither needs a session.
"""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import redis
from django.conf import settings
from django.db import Error, connections
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from kit import heartbeat, impatient


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """200 as long as the process answers at all."""
    return HttpResponse("ok", content_type="text/plain")


@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """200 with every part, or 503 with the failing ones: `{"status", "parts": {name: {"ok", "detail"}}}`."""
    checks: dict[str, Callable[[], tuple[bool, str]]] = {
        "database": _database,
        "redis": _redis,
        **{part: partial(_part, part) for part in heartbeat.PARTS},
    }
    parts: dict[str, dict[str, Any]] = {}
    for name, check in checks.items():
        is_asked = name not in heartbeat.PARTS or parts["redis"]["ok"]
        ok, detail = check() if is_asked else (False, "nobody knows without Redis")
        parts[name] = {"ok": ok, "detail": detail}
    ready = all(part["ok"] for part in parts.values())
    return JsonResponse({"status": "ready" if ready else "unavailable", "parts": parts}, status=200 if ready else 503)


def _database() -> tuple[bool, str]:
    started = time.perf_counter()
    try:
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error as error:
        return False, f"no answer: {type(error).__name__}"  # the message may carry an address
    return True, _milliseconds(started)


def _redis() -> tuple[bool, str]:
    started = time.perf_counter()
    try:
        with impatient.client(settings.REDIS_URL) as client:
            client.ping()
    except redis.RedisError as error:
        return False, f"no answer: {type(error).__name__}"
    return True, _milliseconds(started)


def _part(name: str) -> tuple[bool, str]:
    age = heartbeat.age(name)
    return heartbeat.is_fresh(name, age), heartbeat.in_words(age)


def _milliseconds(started: float) -> str:
    return f"{(time.perf_counter() - started) * 1000:.1f} ms"
