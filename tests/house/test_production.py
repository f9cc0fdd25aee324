"""Production starts with real secrets and a role that row-level security binds, or not at all."""

import os
import subprocess
import sys
from urllib.parse import urlsplit

import pytest
from django.conf import settings

START = {
    "web": "import moniqo.asgi",
    "worker": "from moniqo.celery import check_database; import django; django.setup(); check_database()",
}


def production(**changes: str) -> dict[str, str]:
    host = urlsplit(os.environ["DATABASE_URL"])._replace(path="/postgres").geturl()
    return {
        "PATH": os.environ["PATH"],
        "DJANGO_SETTINGS_MODULE": "moniqo.settings",
        "MONIQO_ENV": "production",
        "MONIQO_SECRET_KEY": "k7Fq" * 20,
        "MONIQO_CREDENTIAL_KEYS": os.environ["MONIQO_CREDENTIAL_KEYS"],
        "MONIQO_ALLOWED_HOSTS": "moniqo.example.com",
        "DATABASE_URL": host,
        "DATABASE_OWNER_URL": host,
        "DATABASE_SYSTEM_URL": host,
        "REDIS_URL": os.environ["REDIS_URL"],
        **changes,
    }


def start(process: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", START[process]],
        env=environment,
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize("process", START)
def test_everything_in_place_starts(process: str) -> None:
    started = start(process, production())
    assert started.returncode == 0, started.stderr


@pytest.mark.parametrize("process", START)
def test_a_superuser_as_the_apps_role_is_refused(process: str) -> None:
    refused = start(process, production(DATABASE_URL=os.environ["MONIQO_TEST_ADMIN_URL"]))
    assert refused.returncode != 0
    assert "row-level security" in refused.stderr.splitlines()[-1]


def test_a_role_that_bypasses_row_level_security_is_refused() -> None:
    system = urlsplit(os.environ["DATABASE_SYSTEM_URL"])._replace(path="/postgres").geturl()
    refused = start("web", production(DATABASE_URL=system))
    assert refused.returncode != 0
    assert "moniqo_system" in refused.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    "name",
    ["MONIQO_SECRET_KEY", "MONIQO_CREDENTIAL_KEYS", "MONIQO_ALLOWED_HOSTS", "DATABASE_URL", "REDIS_URL"],
)
def test_a_missing_secret_or_address_is_named(name: str) -> None:
    refused = start("web", production(**{name: ""}))
    assert refused.returncode != 0
    assert f"Set {name}" in refused.stderr.splitlines()[-1]


@pytest.mark.parametrize("key", ["short", "development-only-and-refused-in-production"])
def test_a_default_or_short_secret_is_refused(key: str) -> None:
    refused = start("web", production(MONIQO_SECRET_KEY=key))
    assert refused.returncode != 0
    assert "MONIQO_SECRET_KEY" in refused.stderr.splitlines()[-1]
