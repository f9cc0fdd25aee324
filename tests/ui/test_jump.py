"""⌘K finds what has a name or an id, and what it does goes the way of the buttons: by POST, for the owner alone."""

import re
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
from django.test import Client

from farms.models import Agent, AgentFarmAssignment, Farm
from kit import clock
from kit.users.models import User
from tests.portfolio.fund import Fund, make_instrument, set_price
from trading.models import Order, Position


@pytest.fixture
def fund(as_owner: User) -> Fund:
    """A running farm with an agent at work and one that is paused, and an order."""
    owner = as_owner
    set_price("100")
    fund = Fund.make(owner)
    farm = Farm.objects.create(owner=owner, name="Swing", wallet=fund.wallets["farm a"], status="running")
    for name, wallet, status in (("Bitcoin scout", "agent a", "running"), ("Quiet one", "agent b", "paused")):
        agent = Agent.objects.create(
            owner=owner, farm=farm, name=name, wallet=fund.wallets[wallet], strategy="trend_following",
            instrument=make_instrument(), status=status,
        )  # fmt: skip
        AgentFarmAssignment.objects.create(owner=owner, agent=agent, farm=farm)
    fund.deposit("1000", wallet="agent a")
    fund.buy("agent a", "1", "100")
    Order.objects.create(
        owner=owner, wallet=fund.wallets["agent a"], connection=fund.connection, instrument=make_instrument(),
        key="first", client_order_id="mqabcdefghij", side="buy", quantity=Decimal(1), status="rejected",
        reference_price=Decimal(100), closed_at=clock.now(),
    )  # fmt: skip
    return fund


@pytest.fixture
def page(client: Client, owner: User) -> Client:
    client.force_login(owner)
    return client


def results(client: Client, query: str, **headers: str) -> str:
    answer = client.get("/jump/", {"q": query}, headers=headers)
    assert answer.status_code == 200
    return answer.content.decode().partition('class="results"')[2].partition('<nav class="tabs"')[0]


def links(client: Client, query: str) -> list[str]:
    return re.findall(r'<a href="([^"]+)"', results(client, query))


def forms(client: Client, query: str) -> dict[str, str]:
    """What can be done, and where its form is sent."""
    found = re.findall(
        r'<form method="post" action="([^"]+)">.*?<span class="truncate">(.*?)</span>', results(client, query)
    )
    return {label: url for url, label in found}


def test_farms_agents_wallets_and_markets_are_found_by_words_of_their_name(page: Client, fund: Fund) -> None:
    farm, agent = Farm.objects.get(), Agent.objects.get(name="Bitcoin scout")
    assert f"/farms/{farm.pk}/" in links(page, "swing")
    assert f"/farms/agents/{agent.pk}/" in links(page, "SCOUT bit")
    assert f"/wallets/{fund.wallets['agent b'].pk}/" in links(page, "agent b")
    assert f"/trading/orders/?instrument={make_instrument().pk}" in links(page, "btc")
    assert links(page, "nowhere") == []


def test_an_agent_is_found_by_its_market_and_a_position_by_its_id(page: Client, fund: Fund) -> None:
    agent, position = Agent.objects.get(name="Bitcoin scout"), Position.objects.get()
    assert f"/farms/agents/{agent.pk}/" in links(page, "btc")
    for query in (str(position.pk), position.pk.hex[:10]):
        assert f"/trading/positions/{position.pk}/" in links(page, query), query


def test_an_order_is_found_by_what_its_ids_begin_with(page: Client, fund: Fund) -> None:
    order = Order.objects.get()
    address = f"/trading/orders/{order.pk}/"
    pk = str(order.pk)
    for query in (pk, pk[:10], order.pk.hex[:6], pk[:4].upper(), "mqab", "mqabcdefghij"):
        assert address in links(page, query), query
    for query in ("mqa", pk[:3], "mqb2", "mqabcdefghijk", str(uuid4()), "%%%%", "____"):
        assert address not in links(page, query), query


def test_pausing_and_resuming_are_forms_of_the_buttons(page: Client, fund: Fund) -> None:
    farm, agent, quiet = Farm.objects.get(), *Agent.objects.order_by("name")
    assert forms(page, "pause swing") == {"Pause Swing": f"/farms/{farm.pk}/pause/"}
    assert forms(page, "pau bitcoin") == {"Pause Bitcoin scout": f"/farms/agents/{agent.pk}/pause/"}
    assert forms(page, "resume quiet") == {"Resume Quiet one": f"/farms/agents/{quiet.pk}/start/"}
    assert forms(page, "resume swing") == {}
    assert "Pause Swing" in forms(page, "swing")
    assert set(forms(page, "pause")) == {"Pause Swing", "Pause Bitcoin scout"}
    for label, url in forms(page, "pause swing").items():
        assert page.get(url).status_code == 405, label
        assert Farm.objects.get().status == "running"
        assert page.post(url).status_code == 302
    assert Farm.objects.get().status == "paused"
    assert forms(page, "pause swing") == {}
    assert list(forms(page, "resume swing")) == ["Resume Swing"]


def test_looking_changes_nothing(page: Client, fund: Fund, owner: User) -> None:
    for query in ("pause swing", "resume quiet", "hide amounts", "sign out", "sync now", "close btc"):
        results(page, query)
        results(page, query, **{"HX-Request": "true"})
    assert page.post("/jump/", {"q": "pause swing"}).status_code == 405
    owner.refresh_from_db()
    assert (owner.privacy, Farm.objects.get().status, page.get("/").status_code) == (False, "running", 200)


def test_the_forms_need_their_token(owner: User, fund: Fund) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(owner)
    html = results(strict, "pause swing")
    url = forms(strict, "pause swing")["Pause Swing"]
    assert strict.post(url).status_code == 403
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', html)
    assert token
    assert strict.post(url, {"csrfmiddlewaretoken": token[1]}).status_code == 302


def test_money_and_positions_are_asked_about_first(page: Client, fund: Fund) -> None:
    wallet = fund.wallets["farm a"].pk
    allocate = next(link for link in links(page, "allocate to farm a") if "allocate" in link)
    assert parse_qs(urlsplit(allocate.replace("&amp;", "&")).query) == {"wallet": [str(wallet)], "tab": ["allocate"]}
    assert forms(page, "allocate to farm a") == {}
    assert page.get(allocate.replace("&amp;", "&")).status_code == 200
    assert any("tab=collect" in link for link in links(page, "collect from farm a"))
    assert any("tab=settings" in link for link in links(page, "halt farm a"))
    (close,) = [link for link in links(page, "close btc") if "/close/" in link]
    assert page.get(close).status_code == 200


def test_hiding_amounts_leads_back_to_where_one_was(page: Client, fund: Fund, owner: User) -> None:
    html = results(page, "hide am", **{"HX-Request": "true", "HX-Current-URL": "http://testserver/farms/"})
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', html))
    assert forms(page, "hide am") == {"Hide amounts": "/preferences/privacy/"}
    assert page.post("/preferences/privacy/", fields).headers["Location"] == "/farms/"
    owner.refresh_from_db()
    assert owner.privacy
    assert forms(page, "hide am") == {}
    assert forms(page, "show am") == {"Show amounts": "/preferences/privacy/"}


def test_syncing_signing_out_and_the_theme_are_found(page: Client, fund: Fund) -> None:
    assert forms(page, "sync now") == {"Sync now": "/portfolio/sync/"}
    assert forms(page, "dark") == {"Switch theme": "/preferences/theme/"}
    assert forms(page, "log out") == {"Sign out": "/logout/"}
    assert set(forms(page, "")) == {"Hide amounts", "Sync now", "Switch theme", "Sign out"}
    page.post(forms(page, "sign out")["Sign out"])
    assert page.get("/jump/").status_code == 302


def test_another_owner_finds_nothing_of_ours(fund: Fund, other_owner: User) -> None:
    theirs = Client()
    theirs.force_login(other_owner)
    order, farm = Order.objects.get(), Farm.objects.get()
    for query in ("swing", "pause swing", "scout", "agent b", "btc", str(order.pk), "mqabcdefghij", "close btc"):
        assert "Nothing has that name or id." in results(theirs, query), query
    assert theirs.post(f"/farms/{farm.pk}/pause/").status_code == 404
    assert Farm.objects.get().status == "running"


def test_what_is_archived_is_not_offered(page: Client, fund: Fund) -> None:
    Farm.objects.update(status="archived")
    Agent.objects.update(status="archived")
    assert not [link for link in links(page, "swing") if "/farms/" in link]
    assert forms(page, "pause") == forms(page, "resume") == {}
