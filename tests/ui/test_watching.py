"""What the frame says of accounts at exchanges, and what their venues are called wherever they are shown."""

import re
from collections.abc import Iterator
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client

from kit import clock, tenancy
from kit.users.models import User
from markets.models import Instrument
from portfolio import valuation
from portfolio.selectors.explain import net_value
from portfolio.selectors.holdings import by_venue, exposure_by_venue, read_holdings
from tests.trading.desk import set_price
from tests.wallets.books import fund
from wallets.models import Connection, SyncRun, Wallet
from wallets.venues.accounts import paper_venues

NAME = "Binance USD-M futures"


@pytest.fixture
def watched(owner: User) -> Iterator[Connection]:
    with tenancy.tenant(owner.pk):
        yield Connection.objects.create(
            owner=owner, platform_id="binanceusdm", name="Mine", venue="binanceusdm", is_paper=False
        )


def chip(client: Client) -> str:
    html = client.get("/preferences/").content.decode()
    (said,) = re.findall(r'<span class="chip (?:brand|warn) push">([^<]+)</span>', html)
    return str(said)


def test_the_top_bar_says_what_the_accounts_do(client: Client, owner: User) -> None:
    client.force_login(owner)
    assert chip(client) == "Paper"
    with tenancy.tenant(owner.pk):
        real = Connection.objects.create(
            owner=owner, platform_id="okx", name="Mine", venue="okx", is_paper=False, created_at=clock.now()
        )
    assert chip(client) == "Watching"
    with tenancy.tenant(owner.pk):
        Connection.objects.create(owner=owner, platform_id="demo", name="Play", venue="simulated")
    assert chip(client) == "Paper"
    with tenancy.tenant(owner.pk), connection.cursor() as cursor:
        cursor.execute("SELECT wallets_make_live(%s, %s)", [real.pk, clock.now()])
    assert chip(client) == "Live money"


def test_a_venue_is_called_by_the_name_of_its_platform(client: Client, watched: Connection) -> None:
    market = Instrument.objects.create(
        venue="binanceusdm", symbol="BTC/USDT:USDT", base="BTC", quote="USDT", tick_size=1, lot_size=1
    )
    set_price(market, "100")
    assert dict(paper_venues())["binanceusdm"] == NAME
    owner = watched.owner
    master = Wallet.objects.create(owner=owner, name="Fund", role="master", connection=watched)
    fund(master, 1000)
    parameters = valuation.parameters(owner_id=owner.pk, at=clock.now(), only=owner.pk)
    held = read_holdings(parameters)
    assert [share.name for share in by_venue(held)] == [NAME]
    assert [one.name for one in exposure_by_venue(held, equity=Decimal(1000))] == [NAME]
    assert [line.venue for line in net_value(parameters).lines] == [NAME]
    client.force_login(owner)
    shown = "".join(
        client.get(address).content.decode()
        for address in ("/", "/portfolio/explain/net-value/", "/portfolio/explain/invested/")
    )
    assert NAME in shown
    assert not re.search("(?i)>[^<]*binanceusdm", shown)


def test_without_scripts_a_sync_that_runs_says_to_reload(client: Client, watched: Connection) -> None:
    client.force_login(watched.owner)
    address = f"/wallets/connections/{watched.pk}/"
    assert "Reload this page" not in client.get(address).content.decode()
    SyncRun.objects.create(owner=watched.owner, connection=watched, progress=40, step="Balances")
    page = client.get(address).content.decode()
    assert re.search(r"<noscript>.*Reload this page to see how far it is\..*</noscript>", page)
