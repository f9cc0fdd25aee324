"""How fast the pages are on the data there is: queries and server time, through the whole stack except the network."""

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import psycopg.errors
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db import ProgrammingError, connections
from django.test import Client
from django.urls import reverse

from kit import tenancy
from kit.errors import NotFoundError
from kit.users.models import User
from portfolio.models import Snapshot

REQUESTS: Final = 200
WARM_UP: Final = 5
PAGES: Final = {"Portfolio": "portfolio:home", "Wallets": "wallets:tree"}
BACKEND: Final = "kit.users.backends.CountedBackend"
NO_DEMO: Final = "There are no pages to measure: run `make demo` or `make run` first, which build a fund to show."


@dataclass(frozen=True, slots=True)
class PageTime:
    """One page: queries per request, milliseconds at the median and the 95th percentile, bytes before compression."""

    page: str
    queries: int
    p50_ms: float
    p95_ms: float
    size: int


def measure_pages(*, requests: int = REQUESTS) -> Sequence[PageTime]:
    """Ask for each page `requests` times as the owner with the most snapshots, one after the other.

    Raises NotFoundError when nobody has any: build the demo first.
    """
    client = signed_in(_richest_owner())
    return [measured(client, page, reverse(url), requests) for page, url in PAGES.items()]


def pages() -> dict[str, float]:
    """The same as named figures, for `manage.py bench`."""
    return {
        f"{one.page} {figure}": float(getattr(one, figure))
        for one in measure_pages()
        for figure in ("queries", "p50_ms", "p95_ms", "size")
    }


def _richest_owner() -> User:
    try:
        with tenancy.system():
            newest = Snapshot.objects.order_by("-at", "-id").values_list("owner_id", flat=True).first()
    except ProgrammingError as error:
        if isinstance(error.__cause__, psycopg.errors.UndefinedTable):
            raise NotFoundError(NO_DEMO) from error
        raise
    if newest is None:
        raise NotFoundError(NO_DEMO)
    return User.objects.get(pk=newest)


def signed_in(user: User) -> Client:
    """A client with a session of the user's, without a password and without a sign-in to be logged."""
    client = Client()
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = BACKEND
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    client.cookies["sessionid"] = session.session_key or ""
    return client


def measured(client: Client, page: str, url: str, requests: int) -> PageTime:
    """What the page at `url` costs, over so many requests. Raises NotFoundError where it does not answer 200."""
    for _ in range(WARM_UP):
        response = client.get(url)
        if response.status_code != 200:
            raise NotFoundError(f"{page} answered {response.status_code}: repair it before measuring it.")
    count = 0

    def counted(execute: Any, *call: Any) -> Any:
        nonlocal count
        count += 1
        return execute(*call)

    with connections["default"].execute_wrapper(counted):
        client.get(url)
    times = []
    for _ in range(requests):
        began = time.perf_counter()
        client.get(url)
        times.append((time.perf_counter() - began) * 1000)
    cuts = statistics.quantiles(times, n=20)
    return PageTime(page, count, round(cuts[9], 1), round(cuts[18], 1), len(response.content))
