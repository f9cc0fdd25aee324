"""Whom a wrong password counts against, and what is said when there were too many."""

from collections.abc import Mapping
from math import ceil
from typing import Any

from axes.helpers import get_cool_off
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from kit.api import PREFIX, problem

TOO_MANY = 429
LOCKED = "Too many wrong passwords: wait fifteen minutes and try again."


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
    if pause := get_cool_off(request):
        answer["Retry-After"] = str(ceil(pause.total_seconds()))
    return answer
