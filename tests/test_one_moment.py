"""At one moment every page and the API say the same of value, today and return: to readers in three zones and units."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.utils.html import strip_tags

from farms.models import Agent, AgentFarmAssignment, Farm
from kit import clock, display, tenancy
from kit.templatetags import formats
from kit.users.models import User
from portfolio.selectors.standings import standings
from portfolio.services import roll_up_days, take_snapshots
from tests.conftest import make_user
from tests.portfolio.fund import Fund, make_instrument, set_price

READERS = {"UTC": "USDT", "Asia/Tokyo": "BTC", "America/Los_Angeles": "EUR"}
HOUR = timedelta(hours=1)


@pytest.fixture(params=READERS.items(), ids=READERS)
def reader(request: pytest.FixtureRequest, db: None) -> User:
    zone, currency = request.param
    return make_user("reader@example.com", timezone=zone, base_currency=currency)


@pytest.fixture
def lived(reader: User) -> Fund:
    """A farm with an agent that bought, two days of prices and flows, and a moment at which the clock stands still."""
    now = datetime.now(UTC).replace(minute=17, second=3, microsecond=0)
    with tenancy.tenant(reader.pk):
        for base, quote, price in (("BTC", "USDT", "50000"), ("EUR", "USDT", "1.25")):
            set_price(price, base, quote, at=now - 50 * HOUR)
        fund = Fund.make(reader)
        farm = Farm.objects.create(owner=reader, name="Trend", wallet=fund.wallets["farm a"], status="running")
        agent = Agent.objects.create(
            owner=reader, farm=farm, name="Scout", wallet=fund.wallets["agent a"], strategy="trend_following",
            instrument=make_instrument(), status="running",
        )  # fmt: skip
        AgentFarmAssignment.objects.create(owner=reader, agent=agent, farm=farm)
        fund.deposit("10000")
        fund.move("master", "farm a", "6000")
        fund.move("farm a", "agent a", "5000")
        fund.buy("agent a", "0.05", "50000", fee="2.5")
        for hour in range(50, 0, -3):
            set_price(Decimal(50000 + 137 * (hour % 7) - 60 * hour), at=now - hour * HOUR)
            if hour % 4 == 0:
                fund.deposit("11.11")
                fund.move("master", "farm a", "7")
            take_snapshots(owner_id=reader.pk, at=now - hour * HOUR)
        set_price("51234.56", at=now)
        roll_up_days(owner_id=reader.pk)
    return fund


def test_everybody_says_the_same_at_one_moment(
    reader: User, lived: Fund, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment = datetime.now(UTC).replace(microsecond=0)
    monkeypatch.setattr(clock, "now", lambda: moment)
    client.force_login(reader)
    shown = display.Display(currency=reader.base_currency, timezone=reader.timezone)
    with tenancy.tenant(reader.pk), display.showing(shown):
        farm, agent = Farm.objects.get(), Agent.objects.get()
        stand = standings(owner_id=reader.pk)
        said = {
            name: {
                "value": text(formats.money(one.value, one.base)),
                "today": text(formats.pnl(one.today, one.base)),
                "today plain": text(formats.pnl_plain(one.today, one.base)),
                "today return": text(formats.change(one.today_return)),
                "return": text(formats.change(one.twr)),
            }
            for name, one in {name: stand[wallet.pk] for name, wallet in lived.wallets.items()}.items()
        }
        whole = stand[reader.pk]
        worth = text(formats.money(whole.value, whole.base))
        today = text(formats.pnl(whole.today, whole.base)) + text(formats.change(whole.today_return))

    portfolio, wallets = page(client, "/"), page(client, "/wallets/")
    assert f"{worth} {today} today" in portfolio
    # A single master stands in its own asset there, as its value does.
    of_master = said["master"]
    hero = f"{of_master['value']}{of_master['today']}{of_master['today return']}today"
    assert hero.replace(" ", "") in wallets.replace(" ", "")
    compared = 5
    for name in ("master", "farm a", "agent a"):
        assert said[name]["value"] in wallets
        assert said[name]["today plain"] in wallets
        wallet = page(client, f"/wallets/{lived.wallets[name].pk}/")
        assert said[name]["value"] in wallet
        assert f"{said[name]['today']} {said[name]['today return']} today" in wallet
        compared += 4
    for address, name in ((f"/farms/{farm.pk}/", "farm a"), (f"/farms/agents/{agent.pk}/", "agent a")):
        shown_page = page(client, address)
        assert said[name]["value"] in shown_page
        assert f"{said[name]['today']} {said[name]['today return']} today" in shown_page
        assert f"Return {said[name]['return']}" in shown_page
        compared += 3
    listed = page(client, "/farms/")
    for figure in ("value", "today plain", "today return", "return"):
        assert said["farm a"][figure] in listed
        compared += 1

    for scope, one in stand.items():
        query = {} if scope == reader.pk else {"wallet_id": str(scope)}
        summary = client.get("/api/v1/portfolio/summary", query).json()
        assert datetime.fromisoformat(summary["at"]) == moment
        assert Decimal(summary["equity"]) == one.value
        assert Decimal(summary["today"]["profit"]) == one.today
        assert summary["today"]["twr"] == one.today_return
        compared += 4
    for address, name in (("/api/v1/farms", "farm a"), ("/api/v1/agents", "agent a")):
        (row,) = client.get(address).json()
        one = stand[lived.wallets[name].pk]
        assert (Decimal(row["value"]), Decimal(row["today"]), Decimal(row["profit"])) == (
            one.value,
            one.today,
            one.profit,
        )
        assert (row["today_return"], row["twr"]) == (one.today_return, one.twr)
        compared += 5
    day = client.get("/api/v1/portfolio/performance").json()["daily"][0]
    assert day["day"] == f"{(moment - timedelta(microseconds=1)).astimezone(ZoneInfo(reader.timezone)):%Y-%m-%d}"
    assert compared == 61


def page(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return text(answer.content.decode())


def text(html: object) -> str:
    """What a reader sees, with one space between words."""
    return re.sub(
        r"\s+", " ", strip_tags(re.sub(r"(</?(dt|dd|td|div|span class=\"sub2)[^>]*>)", r" \1", str(html)))
    ).strip()
