"""Whom a wrong secret counts against, and what is said when there were too many."""

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.hashers import check_password
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from kit.api import PAUSE_SECONDS, PREFIX, problem
from kit.errors import InvalidInputError, MoniqoError
from kit.users.models import User

TOO_MANY = 429
TRIES = 5
LOCKED = "Too many wrong passwords: wait fifteen minutes and try again."


class TooManyAttemptsError(MoniqoError):
    """Too many wrong secrets: wait a quarter of an hour."""

    code = "too_many_attempts"
    status = 429


def require_password(user: User, password: str) -> None:
    """Raise InvalidInputError unless it is the user's, TooManyAttemptsError after five wrong ones."""
    if not may_try("password", user.pk):
        raise TooManyAttemptsError(LOCKED)
    # Without Django's hashing anew in passing: another hash would end this session and every token.
    if not check_password(password, user.password):
        raise InvalidInputError("That is not your password.", fields={"password": "That is not your password."})
    forget_tries("password", user.pk)


def lock_name(request: HttpRequest | None, credentials: Mapping[str, Any] | None = None) -> str | None:
    """The address that was typed, in lower case: OLIVE@… and olive@… are one person and share one count."""
    typed = (credentials or {}).get("username") or (request.POST.get("username") if request else None)
    return str(typed).strip().lower() if typed else None


def locked_out(request: HttpRequest, response: HttpResponse | None, credentials: Any = None) -> HttpResponse:
    """The answer while signing in is paused: a problem for programs, a page for people; both say for how long."""
    answer = (
        problem(TOO_MANY, LOCKED, code="too_many_attempts")
        if request.path.startswith(PREFIX)
        else render(request, "registration/locked.html", status=TOO_MANY)
    )
    answer["Retry-After"] = str(PAUSE_SECONDS)
    return answer


def may_try(what: str, who: object) -> bool:
    """Count a try of `who` at the secret `what`; False once there were too many in a quarter of an hour.

    Counted in the cache, before the secret is looked at: neither a transaction that rolls back nor many requests at
    once get a try for free.
    """
    key = _tries(what, who)
    cache.add(key, 0, PAUSE_SECONDS)
    try:
        return cache.incr(key) <= TRIES
    except ValueError:  # it ran out in between
        cache.set(key, 1, PAUSE_SECONDS)
        return True


def forget_tries(what: str, who: object) -> None:
    """After a right one: what came before counts no longer."""
    cache.delete(_tries(what, who))


def _tries(what: str, who: object) -> str:
    return f"tries:{what}:{who}"
