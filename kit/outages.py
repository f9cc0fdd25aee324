"""What a visitor is told while the database or Redis is away, or too many come at once: 503, and when to come again.

It is no bug of ours and nothing that was asked for is wrong, so it is neither a 500 nor a trace in the log.
"""

import logging
import sys
from collections.abc import Iterator
from http import HTTPStatus
from typing import Final

import psycopg
import redis
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template import loader
from django.views import defaults
from kombu.exceptions import OperationalError as BrokerError
from psycopg_pool import PoolClosed, PoolTimeout

from kit.api import PREFIX, problem

RETRY_SECONDS: Final = 5
MOST_SAID: Final = 200  # of what a client did wrong
AWAY: Final = "What keeps the data does not answer just now: it is being started again."
BUSY: Final = "More is asked of this server than it can answer just now."
# Classes of SQLSTATE: the connection broke, the server goes down or comes up, it has no room for another connection.
_CLASSES: Final = ("08", "57P", "53")
_REDIS: Final = (redis.ConnectionError, redis.TimeoutError, BrokerError)


def is_away(error: BaseException | None) -> bool:
    """Whether an error says that the database or Redis cannot be reached, and nothing about what was asked for."""
    return any(map(_says_away, _causes(error)))


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        cause = error.__cause__
        if cause is error:  # `raise error from error`: what the driver said is its context still
            cause = error.__context__
        error = cause or (None if error.__suppress_context__ else error.__context__)


def _says_away(error: BaseException) -> bool:
    if isinstance(error, (*_REDIS, PoolTimeout, PoolClosed)):
        return True
    if isinstance(error, psycopg.Error):
        known = error.sqlstate
        return known.startswith(_CLASSES) if known else isinstance(error, psycopg.OperationalError)
    # Django finds a connection of its own closed before the driver is asked.
    return isinstance(error, (OperationalError, InterfaceError)) and error.__cause__ is None


def answer(request: HttpRequest, why: str = AWAY) -> HttpResponse:
    """503 as a problem for programs and as a page for people; neither asks the database for anything."""
    status = HTTPStatus.SERVICE_UNAVAILABLE
    if request.path.startswith(PREFIX):
        response = problem(status, f"{why} Try again in {RETRY_SECONDS} s.", code="unavailable")
    else:
        response = HttpResponse(loader.get_template("503.html").render({"why": why}), status=status)
    response["Retry-After"] = str(RETRY_SECONDS)
    response["Cache-Control"] = "no-store"
    return response


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's view of errors: 503 for an outage, 500 for what is a bug."""
    if is_away(sys.exc_info()[1]):
        return answer(request)
    response: HttpResponse = defaults.server_error(request)
    return response


class ShortOutages(logging.Filter):
    """One line instead of a trace, where the trace would only say that something is away, or that a client is wrong."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep every record, without the trace of an outage; of a client's mistake a short line, whatever it sent."""
        error = record.exc_info[1] if record.exc_info else None
        if HTTPStatus.BAD_REQUEST <= getattr(record, "status_code", 0) < HTTPStatus.INTERNAL_SERVER_ERROR:
            said = record.getMessage().encode("unicode_escape").decode()
            record.msg, record.args = said[:MOST_SAID], ()
            record.exc_info = record.exc_text = record.stack_info = None
            return True
        if error is not None and is_away(error):
            record.msg = f"{record.getMessage()}: {type(error).__name__}, {str(error).strip().splitlines()[:1]}"
            record.args, record.exc_info, record.exc_text = (), None, None
        return True
