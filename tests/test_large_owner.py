"""A thousand wallets: no page that lists them grows beyond what a browser takes in its stride."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from typing import Any

import pytest
from django.db import connection, connections
from django.db.models.signals import post_init
from django.test import Client
from django.test.utils import CaptureQueriesContext

from farms.models import Agent
from farms.selectors import AgentRow, agent_row, agent_rows, farm_row, farm_rows
from kit import clock, tenancy
from kit.users.models import User
from moniqo.benches.crowd import Crowd, gather
from portfolio import services
from trading.models import Position
from wallets.hierarchy.folding import ROWS
from wallets.models import Wallet

BYTES = 300_000


def addresses(crowd: Crowd) -> dict[str, str]:
    farm, agent, master = crowd.farms[0], crowd.agents[0], crowd.master.pk
    return {
        "wallets": "/wallets/",
        "wallets, an agent": f"/wallets/?wallet={agent.wallet_id}",
        "wallets, settings": f"/wallets/?wallet={master}&tab=settings",
        "master": f"/wallets/{master}/",
        "farm's wallet": f"/wallets/{farm.wallet_id}/",
        "agent's wallet": f"/wallets/{agent.wallet_id}/",
        "new wallet": f"/wallets/new/?under={master}",
        "planning": f"/wallets/{master}/plan/",
        "weighing": f"/wallets/{master}/methods/",
        "risk": f"/wallets/{master}/risk/",
        "rules": f"/wallets/{master}/rules/",
        "rebalancing": f"/wallets/{master}/rebalancing/",
        "proof": "/wallets/proof/",
        "connections": "/wallets/connections/",
        "limits": f"/trading/limits/{farm.wallet_id}/",
        "stop": f"/trading/stop/{master}/",
        "protection": f"/trading/stop/{master}/protection/",
        "taking up": f"/trading/positions/of/{agent.wallet_id}/take-up/",
        "home": "/",
        "net value": "/portfolio/explain/net-value/",
        "profit": "/portfolio/explain/profit/",
        "net exposure": "/portfolio/explain/net-exposure/",
        "open": "/portfolio/explain/open-pnl/",
        "day": "/portfolio/explain/day/",
        "calendar": "/portfolio/calendar/",
        "exposure": "/portfolio/exposure/",
        "contribution": "/portfolio/contribution/?by=agent&range=All",
        "months": "/portfolio/months/",
        "compare": f"/portfolio/compare/?account=fund&against={farm.wallet_id}&range=All",
        "report": "/portfolio/report/?period=year",
        "changes": "/portfolio/changes/",
        "farms": "/farms/",
        "farm": f"/farms/{farm.pk}/",
        "agent": f"/farms/agents/{agent.pk}/",
        "new farm": "/farms/new/",
        "hire": f"/farms/{farm.pk}/hire/",
        "goals": "/goals/",
        "new goal": "/goals/new/",
        "orders": "/trading/orders/",
        "positions": "/trading/positions/",
        "trades": "/trading/trades/",
        "alerts": "/alerts/",
        "jump": "/jump/?q=agent",
        "tokens": "/settings/tokens/",
        "preferences": "/preferences/",
    }


def ask(client: Client, address: str) -> tuple[int, int]:
    """How many bytes and queries the page costs, asked for the second time."""
    client.get(address)
    with CaptureQueriesContext(connection) as caught:
        response = client.get(address)
    assert response.status_code == 200, address
    return len(response.content), len(caught)


def gathered(owner: User, **numbers: Any) -> Crowd:
    """The crowd and its values, committed, and known to the planner: it has looked at these tables when nothing was
    there, and would plan for that as long as nobody tells it."""
    with tenancy.tenant(owner.pk):
        crowd = gather(owner.pk, **numbers)
        services.take_snapshots(owner_id=owner.pk)
    with connections["owner"].cursor() as cursor:  # as the server does by itself
        cursor.execute("ANALYZE")
    return crowd


@pytest.mark.slow
def test_no_page_grows_beyond_what_a_browser_takes_nor_asks_more_of_the_database(
    live_db: str, client: Client, owner: User
) -> None:
    client.force_login(owner)
    few = gathered(owner, farms=2, agents=6)
    before = {name: ask(client, address) for name, address in addresses(few).items()}
    many = gathered(owner, farms=40, agents=950, name="Large")
    after = {name: ask(client, address) for name, address in addresses(many).items()}
    with tenancy.tenant(owner.pk):
        assert Wallet.objects.count() == 1_000
    assert {name: size for name, (size, _) in after.items() if size > BYTES} == {}
    grown = {name: (before[name][1], queries) for name, (_, queries) in after.items() if queries > before[name][1]}
    assert grown == {}


def test_lists_for_programs_ask_as_many_questions_of_few_wallets_as_of_many(client: Client, as_owner: User) -> None:
    client.force_login(as_owner)
    lists = (
        "wallets",
        "wallets/tree",
        "farms",
        "agents",
        "positions",
        "goals",
        "connections",
        "portfolio/summary",
        "portfolio/allocation",
        "portfolio/contribution",
    )
    gather(as_owner.pk, farms=2, agents=6)
    before = {name: ask(client, f"/api/v1/{name}")[1] for name in lists}
    gather(as_owner.pk, farms=10, agents=200, name="Large")
    assert {name: ask(client, f"/api/v1/{name}")[1] for name in lists} == before


@pytest.fixture
def crowd(as_owner: User) -> Crowd:
    """More than are listed at once."""
    return gather(as_owner.pk, farms=4, agents=240)


def rows(client: Client, query: str = "") -> list[str]:
    """The names in the table of wallets."""
    html = client.get(f"/wallets/{query}").content.decode()
    table = html[html.index('<table class="tree">') :]
    return re.findall(r'hx-push-url="true"[^>]*>([^<]+)</a><span class="sub2', table)


def test_the_agents_of_one_farm_are_listed_by_pages_and_links(client: Client, crowd: Crowd, as_owner: User) -> None:
    client.force_login(as_owner)
    folded = ["Fund", *(farm.name for farm in crowd.farms)]
    assert rows(client) == folded
    farm = crowd.farms[1]
    html = client.get("/wallets/").content.decode()
    assert f"open={farm.pk}" not in html, "wallets are opened by their own ids"
    assert f"open={farm.wallet_id}" in html
    theirs = [agent.name for agent in crowd.agents if agent.farm_id == farm.pk]
    opened = [*folded[:3], *theirs, *folded[3:]]
    assert rows(client, f"?open={farm.wallet_id}") == opened[:ROWS]
    assert rows(client, f"?open={farm.wallet_id}&page=2") == opened[ROWS:]
    assert rows(client, "?open=none") == folded


def test_the_farm_of_a_chosen_agent_is_open_at_the_page_where_it_stands(
    client: Client, crowd: Crowd, as_owner: User
) -> None:
    client.force_login(as_owner)
    last = [agent for agent in crowd.agents if agent.farm_id == crowd.farms[0].pk][-1]
    shown = rows(client, f"?wallet={last.wallet_id}")
    assert last.name in shown
    assert len(shown) < ROWS, "the second page"


def test_a_wallet_is_found_by_a_part_of_its_name(client: Client, crowd: Crowd, as_owner: User) -> None:
    client.force_login(as_owner)
    assert rows(client, "?q=agent+12") == [f"Agent 12{number}" for number in (0, 4, 8, 1, 5, 9, 2, 6, 3, 7)]
    assert rows(client, "?q=nobody") == []
    assert "No wallet has that in its name." in client.get("/wallets/?q=nobody").content.decode()


def test_a_live_update_brings_nothing_while_nothing_has_changed(client: Client, crowd: Crowd, as_owner: User) -> None:
    client.force_login(as_owner)
    address = f"/wallets/?wallet={crowd.farms[0].wallet_id}&tab=allocate"
    headers = {"HX-Request": "true", "HX-Target": "overview"}
    first = client.get(address, headers=headers)
    (again, *_) = re.findall(r'hx-get="([^"]+seen=[0-9a-f]{24})"', first.content.decode())
    again = unescape(again)
    unchanged = client.get(again, headers=headers)
    assert (unchanged.status_code, unchanged.content) == (204, b"")
    Wallet.objects.filter(pk=crowd.farms[0].wallet_id).update(name="Another name")
    changed = client.get(again, headers=headers)
    assert changed.status_code == 200
    assert "Another name" in changed.content.decode()


def test_the_list_of_farms_names_the_agents_of_the_one_that_is_open(
    client: Client, crowd: Crowd, as_owner: User
) -> None:
    client.force_login(as_owner)
    html = client.get("/farms/").content.decode()
    assert html.count("Show its 60 agents") == 4
    assert "Agent 001" not in html
    opened = client.get(f"/farms/?open={crowd.farms[1].pk}").content.decode()
    assert opened.count("Show its 60 agents") == 3
    assert "Agent 001" in opened
    assert "All of them" in opened
    farm = [client.get(f"/farms/{crowd.farms[1].pk}/?page={page}").content.decode() for page in (1, 2)]
    named = [set(re.findall(r"Agent \d{3}", page[page.index('id="h-agents"') :])) for page in farm]
    assert (len(named[0]), len(named[1]), named[0] & named[1]) == (50, 10, set())


@pytest.fixture
def loaded() -> Iterator[Counter[str]]:
    """How many agents and positions were read, by what they are."""
    counts: Counter[str] = Counter()

    def count(sender: type[Any], **kwargs: Any) -> None:
        counts[sender.__name__] += 1

    for model in (Agent, Position):
        post_init.connect(count, sender=model)
    yield counts
    for model in (Agent, Position):
        post_init.disconnect(count, sender=model)


def test_a_farm_an_agent_or_a_page_of_them_works_nothing_out_of_the_others(
    client: Client, crowd: Crowd, as_owner: User, loaded: Counter[str]
) -> None:
    client.force_login(as_owner)
    farm, agent = crowd.farms[1], crowd.agents[1]
    for address, most in (
        (f"/farms/{farm.pk}/", 120),  # its policy reads what is open there once more
        (f"/farms/?open={farm.pk}", 60),
        (f"/farms/agents/{agent.pk}/", 3),
        ("/api/v1/agents?limit=20", 41),
        (f"/api/v1/agents/{agent.pk}", 3),
        ("/api/v1/farms?limit=2", 120),
    ):
        loaded.clear()
        assert client.get(address).status_code == 200
        assert 0 < loaded["Agent"] <= most, address
        assert loaded["Position"] <= most, address


def test_a_list_of_farms_that_names_no_agent_works_none_out(
    client: Client, crowd: Crowd, as_owner: User, loaded: Counter[str]
) -> None:
    client.force_login(as_owner)
    assert "60 of 60 agents running" in client.get("/farms/").content.decode()
    assert (loaded["Agent"], loaded["Position"]) == (0, 0)
    part = client.get("/farms/", headers={"HX-Request": "true"}).content.decode()
    assert part.strip().startswith('<div id="farms"')
    assert part.count("Show its 60 agents") == 4


@pytest.mark.slow
def test_a_farm_and_an_agent_alone_are_what_they_are_among_all(crowd: Crowd, as_owner: User) -> None:
    owner_id, now = as_owner.pk, clock.now()
    with clock.at(now):
        agents = {row.id: row for row in agent_rows(owner_id=owner_id)}
        farms = {row.id: row for row in farm_rows(owner_id=owner_id)}
        alone = agent_row(owner_id=owner_id, agent_id=crowd.agents[7].pk)
        farm = farm_row(owner_id=owner_id, farm_id=crowd.farms[2].pk)

    def shareless(row: AgentRow) -> AgentRow:
        """The share of a position is that of those that are read."""
        return row if row.position is None else replace(row, position=replace(row.position, share=None))

    assert shareless(alone) == shareless(agents[alone.id])
    assert [shareless(row) for row in farm.agents] == [shareless(row) for row in farms[farm.id].agents]
    assert replace(farm, agents=()) == replace(farms[farm.id], agents=())


def test_the_wallets_below_one_come_by_pages(client: Client, crowd: Crowd, as_owner: User) -> None:
    client.force_login(as_owner)
    pages = [client.get(f"/wallets/{crowd.farms[0].wallet_id}/?below={page}").content.decode() for page in (1, 2)]
    named = [set(re.findall(r">(Agent \d{3})</a>", page)) for page in pages]
    assert (len(named[0]), len(named[1]), named[0] & named[1]) == (50, 10, set())
