"""Whom a wrong secret counts against, and what is said when there were too many.

Signing in is counted before a password is looked at, so that many at once get no try for free: by address and account
together (which `axes` locks after five), by address whatever the account, and by account whatever the address. The
last of them stops strangers only: an address from where its person has signed in before is let through, or anybody
could lock anybody out.
"""

import logging
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from hashlib import sha256
from math import ceil
from typing import Any, TypeVar

import redis
from django.conf import settings
from django.contrib.auth.hashers import check_password
from django.core.cache import BaseCache, caches
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from kit.api import PAUSE_SECONDS, PREFIX, problem
from kit.errors import InvalidInputError, MoniqoError
from kit.http import client_address, home
from kit.sentences import Told
from kit.users.models import User

TOO_MANY = 429
TRIES = 5
LOCKED = "Too many wrong passwords: try again in a quarter of an hour."

logger = logging.getLogger(__name__)
Result = TypeVar("Result")


class TooManyAttemptsError(MoniqoError):
    """Too many wrong secrets: wait until they are forgotten, a quarter of an hour at most."""

    code = "too_many_attempts"
    status = TOO_MANY
    wait_seconds = PAUSE_SECONDS

    def __init__(self, message: Told = "", *, wait_seconds: int | None = None) -> None:
        super().__init__(message)
        if wait_seconds is not None:
            self.wait_seconds = wait_seconds


class BusyError(TooManyAttemptsError):
    """As many sign in as this server takes at once: try again in a moment."""

    code = "busy"
    wait_seconds = 3


def require_password(user: User, password: str) -> None:
    """Raise InvalidInputError unless it is the user's, TooManyAttemptsError after five wrong ones."""
    if not may_try("password", user.pk):
        raise TooManyAttemptsError(LOCKED, wait_seconds=wait_of("password", user.pk))
    # Without Django's hashing anew in passing: another hash would end this session and every token.
    if not check_password(password, user.password):
        raise InvalidInputError("That is not your password.", fields={"password": "That is not your password."})
    forget_tries("password", user.pk)


def lock_name(request: HttpRequest | None, credentials: Mapping[str, Any] | None = None) -> str | None:
    """The address that was typed, in lower case: OLIVE@… and olive@… are one person and share one count."""
    typed = (credentials or {}).get("username") or (request.POST.get("username") if request else None)
    return str(typed).strip().lower() if typed else None


def locked_out(request: HttpRequest, response: HttpResponse | None, credentials: Any = None) -> HttpResponse:
    """The answer while `axes` pauses signing in, which begins anew with every try: a problem for programs, a page for
    people; both say for how long."""
    return told(request, TooManyAttemptsError(LOCKED))


def told(request: HttpRequest, error: TooManyAttemptsError) -> HttpResponse:
    """The answer of such an error."""
    answer = (
        problem(TOO_MANY, str(error), code=error.code)
        if request.path.startswith(PREFIX)
        else render(request, "registration/locked.html", {"is_busy": isinstance(error, BusyError)}, status=TOO_MANY)
    )
    answer["Retry-After"] = str(error.wait_seconds)
    return answer


def count_sign_in(request: HttpRequest, email: str, *, is_known: Callable[[str | None], bool]) -> None:
    """Count a try of the request at the account of `email`; `is_known` says whether its person came from an address.

    Raises TooManyAttemptsError.
    """
    address, counts = client_address(request), _sign_in_counts(request, email)
    over = [
        (what, who)
        for (what, who), limit in zip(counts, settings.SIGN_IN_LIMITS, strict=True)
        if limit > 0 and _count(what, who) > limit
    ]
    if [what for what, _ in over] == ["account"] and is_known(address):
        return
    if over:
        if _cached(lambda cache: cache.add(_tries("told", counts[1]), 1, PAUSE_SECONDS)):
            logger.warning("Signing in is refused from %s: too many tries", address)
        raise TooManyAttemptsError(LOCKED, wait_seconds=max(wait_of(what, who) for what, who in over))


def forgive_sign_in(request: HttpRequest, email: str) -> None:
    """After a right password: its try counts against nobody, and what was wrong before stays counted elsewhere."""
    together, *others = _sign_in_counts(request, email)
    forget_tries(*together)
    for what, who in others:
        _cached(partial(_take_back, _tries(what, who)))


def _sign_in_counts(request: HttpRequest, email: str) -> tuple[tuple[str, str], ...]:
    where, who = home(client_address(request)), email.strip().lower()
    return ("together", f"{where} {who}"), ("address", where), ("account", who)


def may_try(what: str, who: object) -> bool:
    """Count a try of `who` at the secret `what`; False once there were too many in a quarter of an hour.

    Counted in the cache, before the secret is looked at: neither a transaction that rolls back nor many requests at
    once get a try for free.
    """
    return _count(what, who) <= TRIES


def wait_of(what: str, who: object) -> int:
    """Seconds until the tries of `who` at `what` are forgotten, rounded up."""
    until = _cached(lambda cache: cache.get(_until(what, who)))
    return PAUSE_SECONDS if until is None else max(ceil(until - time.time()), 1)


def forget_tries(what: str, who: object) -> None:
    """After a right one: what came before counts no longer."""
    _cached(lambda cache: cache.delete_many([_tries(what, who), _until(what, who)]))


def _count(what: str, who: object) -> int:
    key = _tries(what, who)

    def count(cache: BaseCache) -> int:
        if cache.add(key, 0, PAUSE_SECONDS):
            cache.set(_until(what, who), time.time() + PAUSE_SECONDS, PAUSE_SECONDS)
        try:
            return cache.incr(key)
        except ValueError:  # it ran out in between
            cache.set(key, 1, PAUSE_SECONDS)
            return 1

    return _cached(count)


def _take_back(key: str, cache: BaseCache) -> None:
    with suppress(ValueError):  # it ran out in between
        cache.decr(key)


def _cached(ask: Callable[[BaseCache], Result]) -> Result:
    """Ask where all processes meet; while Redis is away, each counts by itself rather than not at all."""
    try:
        return ask(caches["default"])
    except redis.RedisError as error:
        logger.warning("Tries are counted by this process alone: %s", type(error).__name__)
        return ask(caches["alone"])


def _until(what: str, who: object) -> str:
    return f"{_tries(what, who)}:until"


def _tries(what: str, who: object) -> str:
    return f"tries:{what}:{sha256(str(who).encode()).hexdigest()[:32]}"
