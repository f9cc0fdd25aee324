"""What stands behind the question mark of DATABASE_URL reaches the driver and the server."""

import os
import subprocess
import sys
from urllib.parse import quote

import pytest

from tests.conftest import address

SAY = """
import django; django.setup()
from django.db import connection
with connection.cursor() as cursor:
    cursor.execute("SELECT current_setting('statement_timeout'), current_setting('application_name')")
    print(*cursor.fetchone())
"""


def say(url: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "moniqo.settings", "DATABASE_URL": url, **variables}
    return subprocess.run(
        [sys.executable, "-c", SAY], env=environment, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize(
    "process", [pytest.param("", id="worker", marks=pytest.mark.slow), pytest.param("web", id="web")]
)
def test_options_of_the_address_are_used(live_db: str, process: str) -> None:
    given = address("DATABASE_URL", live_db)
    asked = f"{given}?application_name=of%20mine&options={quote('-c statement_timeout=4321')}"
    assert say(asked, MONIQO_PROCESS=process).stdout.strip() == "4321ms of mine"
    assert say(given, MONIQO_PROCESS=process).stdout.strip() == "0 moniqo"


def test_tls_that_is_asked_for_and_not_there_is_refused(live_db: str) -> None:
    refused = say(f"{address('DATABASE_URL', live_db)}?sslmode=require")
    assert refused.returncode != 0
    assert "SSL" in refused.stderr
