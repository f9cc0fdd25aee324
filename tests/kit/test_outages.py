"""What says that the database or Redis is away is a 503 that says when to come again; a bug stays a 500."""

import json
import logging

import psycopg
import pytest
import redis
from django.core.exceptions import PermissionDenied
from django.db import DataError, IntegrityError, InterfaceError, OperationalError, connection
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path
from kombu.exceptions import OperationalError as BrokerError
from psycopg_pool import PoolTimeout

from kit import outages
from kit.users.models import User
from moniqo import urls
from moniqo.api import on_bug


def caused(error: Exception, by: BaseException) -> Exception:
    error.__cause__ = by
    return error


def away(request: HttpRequest) -> HttpResponse:
    raise caused(OperationalError("terminating connection"), psycopg.errors.AdminShutdown())


def wrong(request: HttpRequest) -> HttpResponse:
    raise caused(OperationalError("deadlock detected"), psycopg.errors.DeadlockDetected())


urlpatterns = [path("away/", away), path("wrong/", wrong), *urls.urlpatterns]
handler500 = urls.handler500


@pytest.mark.offline
@pytest.mark.parametrize(
    "error",
    [
        caused(OperationalError("x"), psycopg.OperationalError("connection refused")),
        caused(OperationalError("x"), PoolTimeout("couldn't get a connection after 4 s")),
        caused(OperationalError("x"), psycopg.errors.AdminShutdown()),
        caused(OperationalError("x"), psycopg.errors.CannotConnectNow()),
        caused(OperationalError("x"), psycopg.errors.TooManyConnections()),
        caused(OperationalError("x"), psycopg.errors.DiskFull()),
        InterfaceError("connection already closed"),
        redis.ConnectionError("refused"),
        redis.TimeoutError("no answer"),
        BrokerError("no answer"),
    ],
    ids=repr,
)
def test_what_cannot_be_reached_is_an_outage(error: Exception) -> None:
    assert outages.is_away(error)
    assert outages.is_away(caused(RuntimeError("while saving"), error))


@pytest.mark.offline
@pytest.mark.parametrize(
    "error",
    [
        ValueError("a bug"),
        caused(DataError("x"), psycopg.errors.StringDataRightTruncation()),
        caused(IntegrityError("x"), psycopg.errors.UniqueViolation()),
        caused(OperationalError("x"), psycopg.errors.QueryCanceled()),
        caused(OperationalError("x"), psycopg.errors.DeadlockDetected()),
        redis.ResponseError("wrong type"),
    ],
    ids=repr,
)
def test_what_is_wrong_with_the_request_or_with_us_is_none(error: Exception) -> None:
    assert not outages.is_away(error)


@pytest.mark.django_db
@pytest.mark.urls(__name__)
def test_a_page_says_so_and_when_to_come_again(owner: User) -> None:
    client = Client(raise_request_exception=False)
    client.force_login(owner)
    answer = client.get("/away/")
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert "no-store" in answer["Cache-Control"]
    page = answer.content.decode()
    assert "Back in a moment" in page
    assert "Traceback" not in page
    assert client.get("/wrong/").status_code == 500


@pytest.mark.offline
def test_what_the_driver_said_is_found_behind_an_error_that_is_raised_from_itself() -> None:
    def again(said: psycopg.Error) -> Exception:
        try:
            try:
                raise OperationalError("x") from said
            except OperationalError as error:
                error.__context__ = said
                raise error from error
        except OperationalError as found:
            return found

    assert outages.is_away(again(psycopg.errors.DiskFull()))
    assert not outages.is_away(again(psycopg.errors.DeadlockDetected()))


@pytest.mark.offline
def test_the_api_says_it_as_a_problem() -> None:
    request = HttpRequest()
    request.path, request.method = "/api/v1/orders", "GET"
    answer = on_bug(request, caused(OperationalError("x"), PoolTimeout()))
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert answer["Content-Type"] == "application/problem+json"
    assert json.loads(answer.content)["type"].endswith(":unavailable")


@pytest.mark.offline
def test_the_log_has_a_line_instead_of_a_trace() -> None:
    def logged(error: Exception) -> logging.LogRecord:
        given = (type(error), error, None)
        record = logging.LogRecord("django.request", logging.ERROR, "", 1, "%s: %s", ("Unavailable", "/x/"), given)
        assert outages.ShortOutages().filter(record)
        return record

    short = logged(caused(OperationalError("connection refused"), psycopg.OperationalError("refused")))
    assert short.exc_info is None
    assert "Unavailable: /x/" in short.getMessage()
    assert logged(ValueError("a bug")).exc_info


@pytest.mark.offline
def test_what_a_client_does_wrong_is_one_short_line() -> None:
    error = PermissionDenied("no")
    given = (PermissionDenied, error, None)
    record = logging.LogRecord(
        "django.request", logging.WARNING, "", 1, "Forbidden: %s", ("/%s\n" + 9_000 * "x",), given
    )
    record.status_code = 403
    assert outages.ShortOutages().filter(record)
    line = logging.Formatter("%(message)s").format(record)
    assert "\n" not in line
    assert line.startswith("Forbidden: /%s")
    assert len(line) <= outages.MOST_SAID
    bug = logging.LogRecord("django.request", logging.ERROR, "", 1, "%s", ("/x/",), given)
    bug.status_code = 500
    assert outages.ShortOutages().filter(bug)
    assert bug.exc_info


@pytest.mark.django_db
def test_a_database_that_is_not_there_is_an_outage_for_the_driver_too(settings: object) -> None:
    address = connection.get_connection_params() | {"port": 1, "connect_timeout": 2}
    address.pop("context"), address.pop("cursor_factory")
    with pytest.raises(psycopg.OperationalError) as caught:
        psycopg.connect(**{name: value for name, value in address.items() if name in {"host", "port", "dbname"}})
    assert outages.is_away(caught.value)
