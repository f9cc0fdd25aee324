"""A download holds every row, compressed or not, through the real server: in Chromium, by curl, member by member."""

import csv
import http.client
import shutil
import subprocess
import zlib
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.test import Client

from kit import tenancy
from kit.users.models import User
from tests.browser.conftest import BACKEND, OpenPage, Site
from tests.conftest import make_user
from tests.trading.desk import make_desk
from trading.models import Order

ROWS = 3_000
ADDRESS = "/trading/orders/?format=csv"
GZIP_ONLY = 16 + zlib.MAX_WBITS


@pytest.fixture(scope="module")
def busy(site: Site) -> User:
    """Somebody with three times as many orders as one piece of an export holds."""
    desk = make_desk(make_user("export@example.com", name="Edna Export"))
    template = desk.place("sell", "1")
    fields = {field.attname: getattr(template, field.attname) for field in Order._meta.concrete_fields}
    del fields["id"]
    with tenancy.tenant(desk.owner.pk):
        Order.objects.bulk_create(
            (Order(**{**fields, "key": f"k{n}", "client_order_id": f"c{n}"}) for n in range(1, ROWS)), batch_size=1000
        )
    return desk.owner


@pytest.fixture
def cookie(busy: User) -> str:
    client = Client()
    client.force_login(busy, backend=BACKEND)
    return f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"


def assert_all_rows(text: str) -> None:
    rows = list(csv.DictReader(text.splitlines()))
    assert len(rows) == ROWS
    assert len({row["id"] for row in rows}) == ROWS


def test_chromium_saves_every_row(open_page: OpenPage, busy: User) -> None:
    page = open_page("/trading/orders/", user=busy).page
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    assert_all_rows(download.value.path().read_text())


def test_a_script_in_chromium_reads_every_row(open_page: OpenPage, busy: User) -> None:
    page = open_page("/trading/orders/", user=busy).page
    assert_all_rows(page.evaluate("address => fetch(address).then(answer => answer.text())", ADDRESS))


@pytest.mark.parametrize("options", [[], ["--compressed"]], ids=["plain", "compressed"])
def test_curl_saves_every_row(site: Site, cookie: str, options: list[str]) -> None:
    if shutil.which("curl") is None:
        pytest.skip("There is no curl here.")
    command = ["curl", "--silent", "--fail", *options, "--cookie", cookie, site.url + ADDRESS]
    assert_all_rows(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def test_the_compressed_file_is_one_member(site: Site, cookie: str) -> None:
    connection = http.client.HTTPConnection(urlsplit(site.url).netloc)
    connection.request("GET", ADDRESS, headers={"Cookie": cookie, "Accept-Encoding": "gzip"})
    answer = connection.getresponse()
    assert answer.getheader("Content-Encoding") == "gzip"
    member = zlib.decompressobj(GZIP_ONLY)
    text = member.decompress(answer.read())
    connection.close()
    assert (member.eof, member.unused_data) == (True, b"")
    assert_all_rows(text.decode())
