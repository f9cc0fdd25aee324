"""The portfolio page and its explanations, for their owner and for nobody else."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from farms.models import Agent, AgentFarmAssignment, Farm
from kit import clock, tenancy
from kit.users.models import User
from portfolio.models import PortfolioState
from portfolio.services import roll_up_days, take_snapshots
from tests.conftest import OF_THE_SESSION
from tests.portfolio.fund import Fund, make_instrument, set_price
from wallets.models import Connection

# The first three of each are the session, the user and the tenant; the page has the frame's counters too.
MOST_QUERIES = 13
QUERIES = {
    "metrics": 8, "equity": 7, "allocation": 5, "positions": 5, "farms": 6, "markets": 4, "exposure": 5, "activity": 4,
}  # fmt: skip


@pytest.fixture
def lived(owner: User) -> Fund:
    """A fund with forty days behind it: a farm, an agent, trades, deposits."""
    with tenancy.tenant(owner.pk):
        set_price("100")
        fund = Fund.make(owner)
        farm = Farm.objects.create(owner=owner, name="Trend", wallet=fund.wallets["farm a"], status="running")
        agent = Agent.objects.create(
            owner=owner, farm=farm, name="Scout", wallet=fund.wallets["agent a"], strategy="trend_following",
            instrument=make_instrument(), status="running",
        )  # fmt: skip
        AgentFarmAssignment.objects.create(owner=owner, agent=agent, farm=farm)
        start = clock.now() - timedelta(days=40)
        fund.deposit("10000")
        fund.move("master", "farm a", "6000")
        fund.move("farm a", "agent a", "5000")
        fund.buy("agent a", "20", "100", fee="2")
        for step in range(20):
            set_price(Decimal(100 + 10 * ((step % 14) - 7) / 7 + step / 2).quantize(Decimal("0.01")))
            if step == 8:
                fund.deposit("2500")
            if step == 12:
                fund.sell("agent a", "12", "112", fee="1")
            take_snapshots(owner_id=owner.pk, at=start + timedelta(hours=48 * step))
        set_price("118")
        roll_up_days(owner_id=owner.pk)
    return fund


@pytest.fixture
def page(client: Client, owner: User) -> Client:
    client.force_login(owner)
    return client


def test_whoever_is_not_signed_in_is_sent_to_the_sign_in_page(client: Client, db: None) -> None:
    for url in (reverse("portfolio:home"), reverse("portfolio:explain", args=["profit"])):
        assert client.get(url).headers["Location"].startswith(reverse("login"))


def test_the_page_shows_the_value_now_and_what_it_consists_of(page: Client, lived: Fund) -> None:
    text = page.get("/").content.decode()
    # 10,000 + 2,500 − 2,000 − 2 + 12 × 112 − 1 in cash, eight bitcoin at 118
    assert "$12,785<" in text
    assert "Agent a" in text or "agent a" in text
    assert "BTC/USDT" in text
    assert "Trend" in text
    assert "agent a opened" in text
    assert "Scout joined Trend" in text


def test_every_period_has_a_page(page: Client, lived: Fund) -> None:
    for period in ("1D", "1W", "1M", "3M", "YTD", "All", "nonsense", ""):
        assert page.get("/", {"range": period, "unit": "return", "by": "farm"}).status_code == 200


def test_a_region_can_be_asked_for_alone(page: Client, lived: Fund) -> None:
    for region in ("portfolio", "metrics", "equity", "allocation", "positions", "farms", "exposure", "activity"):
        answer = page.get("/?range=1M", headers={"HX-Request": "true", "HX-Target": region})
        text = answer.content.decode()
        assert f'id="{region}"' in text
        assert "<html" not in text
        assert "HX-Target" in answer.headers["Vary"]


def test_a_page_of_one_farm_shows_that_farm_alone(page: Client, lived: Fund) -> None:
    text = page.get("/", {"wallet": str(lived.wallets["farm a"].pk)}).content.decode()
    assert "$6,285<" in text
    assert "$12,785<" not in text


def queries(page: Client, **asked: Any) -> int:
    """How many statements the page asks; a test is a transaction, in which those of its own do not count."""
    with CaptureQueriesContext(connection) as captured:
        page.get("/", **asked)
    own = ("SAVEPOINT", "RELEASE", "SELECT set_config")
    return sum(not query["sql"].startswith(own) for query in captured.captured_queries)


def hire_many(fund: Fund, owner: User, farms: range) -> None:
    """A farm more for each of these numbers, each with an agent that has a position in a market of its own."""
    with tenancy.tenant(owner.pk):
        for number in farms:
            set_price("10", f"COIN{number}")
            wallet, worker = fund.add(f"farm {number}", "master"), fund.add(f"more {number}", f"farm {number}")
            farm = Farm.objects.create(owner=owner, name=f"Farm {number}", wallet=wallet, status="running")
            agent = Agent.objects.create(
                owner=owner, farm=farm, name=f"Scout {number}", wallet=worker, strategy="trend_following",
                instrument=make_instrument(f"COIN{number}"), status="running",
            )  # fmt: skip
            AgentFarmAssignment.objects.create(owner=owner, agent=agent, farm=farm)
            fund.deposit("10", wallet=f"more {number}")
            fund.buy(f"more {number}", "0.5", "10", base=f"COIN{number}")
        take_snapshots(owner_id=owner.pk)
        roll_up_days(owner_id=owner.pk)


def test_a_page_asks_as_many_queries_for_many_farms_as_for_few_and_a_region_those_that_it_needs(
    page: Client, lived: Fund, owner: User
) -> None:
    def counted() -> tuple[int, int, dict[str, int]]:
        regions = {region: queries(page, headers={"HX-Request": "true", "HX-Target": region}) for region in QUERIES}
        alone = {"wallet": str(lived.wallets["farm a"].pk), "range": "All"}
        return queries(page), queries(page, data=alone), regions

    counted()  # the first request after signing in updates the session
    hire_many(lived, owner, range(1))
    few = counted()  # with two farms
    hire_many(lived, owner, range(1, 19))
    assert few == counted()  # with twenty
    assert max(few[:2]) <= MOST_QUERIES + OF_THE_SESSION
    assert few[2] == {region: most + OF_THE_SESSION for region, most in QUERIES.items()}


def test_a_figure_explains_itself_for_the_whole_and_for_a_farm(page: Client, lived: Fund) -> None:
    farm = urlencode({"wallet": str(lived.wallets["farm a"].pk)})
    for figure in ("net-value", "profit", "drawdown"):
        for query in ("", farm):
            assert page.get(f"{reverse('portfolio:explain', args=[figure])}?{query}").status_code == 200


def test_the_explanation_of_the_net_value_sums_to_it_and_leads_to_the_wallets(page: Client, lived: Fund) -> None:
    text = page.get(reverse("portfolio:explain", args=["net-value"])).content.decode()
    assert text.count("$12,785<") == 2
    assert reverse("wallets:wallet", args=[lived.wallets["agent a"].pk]) in text


def test_an_unknown_figure_is_not_found(page: Client, lived: Fund) -> None:
    assert page.get(reverse("portfolio:explain", args=["luck"])).status_code == 404


def test_what_has_no_price_is_named(page: Client, lived: Fund, owner: User) -> None:
    with tenancy.tenant(owner.pk):
        lived.deposit("3", "XYZ")
    assert "XYZ. No market at its venue has said a price." in page.get("/").content.decode()


def test_a_connection_that_does_not_answer_is_named(page: Client, lived: Fund, owner: User) -> None:
    with tenancy.tenant(owner.pk):
        Connection.objects.update(status="stale", synced_at=clock.now() - timedelta(minutes=18))
    text = page.get("/").content.decode()
    assert "Testing is 18\u00a0min behind." in text
    assert "5 of 5 wallets use their last known balance." in text


def test_hidden_amounts_are_nowhere_on_the_page(page: Client, lived: Fund, owner: User) -> None:
    urls = ["/", *(reverse("portfolio:explain", args=[name]) for name in ("net-value", "profit", "drawdown"))]
    amounts = ("12,785", "12785.", "2,500", "10,000", "11,841", "11841.")
    shown = "".join(page.get(url).content.decode() for url in urls)
    assert [amount for amount in amounts if amount not in shown] == []
    User.objects.filter(pk=owner.pk).update(privacy=True)
    for url in urls:
        text = page.get(url).content.decode()
        for amount in amounts:
            assert amount not in text, (url, text[max(0, text.find(amount) - 60) :][:120])


def test_somebody_new_is_told_what_to_do(page: Client) -> None:
    text = page.get("/").content.decode()
    assert "Try it with play money" in text
    assert text.count("Do it now") == 1
    assert reverse("wallets:connection-create") in text


def test_while_the_demo_is_built_the_page_says_how_far_it_is(page: Client, owner: User) -> None:
    with tenancy.tenant(owner.pk):
        PortfolioState.objects.create(owner=owner, building=40, building_step="Trading through September")
    assert "Trading through September" in page.get("/").content.decode()
    as_fragment = {"HX-Request": "true", "HX-Target": "progress"}
    assert 'aria-valuenow="40.0"' in page.get("/", headers=as_fragment).content.decode()
    with tenancy.tenant(owner.pk):
        PortfolioState.objects.update(building=None)
    assert page.get("/", headers=as_fragment).headers["HX-Refresh"] == "true"


def test_another_owner_sees_nothing_of_it(client: Client, lived: Fund, other_owner: User) -> None:
    client.force_login(other_owner)
    farm = str(lived.wallets["farm a"].pk)
    assert client.get("/", {"wallet": farm}).status_code == 404
    assert client.get("/", {"wallet": str(uuid4())}).status_code == 404
    assert client.get("/", {"wallet": "not-an-id"}).status_code == 404
    assert client.get(reverse("portfolio:explain", args=["net-value"]), {"wallet": farm}).status_code == 404
    assert "12,785" not in client.get("/").content.decode()
