"""A real site and a real browser: granian in a process of its own on a clone of the database, Chromium in front of it.

One site and one browser serve the whole session; each test gets a fresh browser context, signed in by its cookie. What
every page must satisfy is asked by `tests.browser.soundness`.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from kit.embedded.environment import DATABASE_VARIABLES
from kit.users.models import User
from moniqo.ui import assets
from tests.browser.soundness import Visit, watch
from tests.conftest import WORKER, address, cloned_database, make_user
from tests.world import World, build_world

# Playwright's synchronous interface keeps an event loop in this thread, which Django would take for asynchronous code.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"

START_SECONDS = 120.0  # ends at once when all is well; a busy machine needs it
# The shell is the same engine without windows: its pages cost half as much.
CHROMIUMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
BACKEND = "kit.users.backends.CountedBackend"


@dataclass(frozen=True)
class Site:
    """The running site, and the file its output goes to."""

    url: str
    log: Path


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs a browser and run it last: the site's database and Playwright's event loop stay until the end."""

    def needs_browser(item: pytest.Item) -> bool:
        return Path(__file__).parent in item.path.parents

    for item in filter(needs_browser, items):
        item.add_marker(pytest.mark.browser)
    items.sort(key=needs_browser)


@pytest.fixture(scope="session")
def site(
    django_db_setup: None, django_db_blocker: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """The web process on a database of its own, which stays in use for the whole session."""
    assets.build()
    with (
        django_db_blocker.unblock(),  # type: ignore[attr-defined]
        cloned_database(f"moniqo_browser_{WORKER}") as database,
    ):
        port = _free_port()
        log = tmp_path_factory.mktemp("site") / "web.log"
        command = [sys.executable, "-m", "granian", "--interface", "asgi", "--host", "127.0.0.1", "--port", str(port)]
        with log.open("wb") as output:
            process = subprocess.Popen(
                [*command, "moniqo.asgi:application"],
                cwd=settings.BASE_DIR,
                env=os.environ | _database_addresses(database) | {"MONIQO_DEBUG": "1"},
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            url = f"http://127.0.0.1:{port}"
            _wait_for(f"{url}/healthz", process, log)
            yield Site(url=url, log=log)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=10)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _database_addresses(database: str) -> dict[str, str]:
    return {name: address(name, database) for name in DATABASE_VARIABLES}


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=1):  # noqa: S310 - our own process on loopback
                return
        except (URLError, OSError):
            time.sleep(0.1)
    pytest.fail(f"The site did not start:\n{log.read_text()[-4000:]}")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    executable = next(filter(None, map(shutil.which, CHROMIUMS)), None)
    if executable is None:
        pytest.skip("No Chromium is installed: apt-get install chromium, or run `make test`, which installs it.")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=executable, args=["--no-sandbox", "--headless=new", "--disable-dev-shm-usage"]
        )
        yield launched
        launched.close()


OpenPage = Callable[..., Visit]


@pytest.fixture
def open_page(browser: Browser, site: Site) -> Iterator[OpenPage]:
    """Opens a path in a fresh context: `open_page("/wallets/", user=trader, width=390, scheme="dark")`."""
    contexts: list[BrowserContext] = []

    def _open(
        path: str, *, user: User | None = None, width: int = 1440, scheme: str = "light", script: bool = True
    ) -> Visit:
        context = browser.new_context(
            base_url=site.url,
            viewport={"width": width, "height": 900},
            color_scheme=scheme,  # type: ignore[arg-type]  # "light" or "dark"
            java_script_enabled=script,
            reduced_motion="reduce",
        )
        contexts.append(context)
        if user is not None:
            client = Client()
            # As it is stored now: the site may have hashed the password anew, which ends the sessions of the old one.
            client.force_login(User.objects.get(pk=user.pk), backend=BACKEND)
            cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
            context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": site.url}])
        visit = watch(context.new_page())
        visit.page.goto(path)
        return visit

    yield _open
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def trader(site: Site) -> User:
    """Somebody with an account and nothing in it yet."""
    return make_user("trader@example.com", name="Tessa Trader")


@pytest.fixture(scope="session")
def world(site: Site) -> World:
    """A fund with a past; one for all tests of a worker, which may move its money."""
    return build_world()
