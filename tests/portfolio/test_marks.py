"""Fills and goals on the equity chart: a few that stand for all, where the line was, of the scope that is looked at."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import plotly.graph_objects as go
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from farms.laboratory.report import COLOURS
from goals.models import Goal, GoalAssignment
from kit import clock, figures, tenancy
from kit.users.models import User
from portfolio.services import roll_up_days, take_snapshots
from tests.conftest import OF_THE_SESSION, made_once, make_user
from tests.portfolio.fund import Fund, make_instrument, set_price
from trading.models import Fill, Order
from trading.selectors.marks import SLICES, fill_marks
from wallets.models import Posting

MARKS = "portfolio:marks"


def fill(fund: Fund, wallet: str, at: datetime, *, side: str = "buy", quantity: str = "0.5") -> None:
    """A trade that the venue told; the books do not matter here."""
    number = fund.keys()
    fund.deposit("1", wallet=wallet)
    fields = {"owner": fund.owner, "wallet": fund.wallets[wallet], "instrument": make_instrument(), "side": side,
              "connection": fund.connection}  # fmt: skip
    order = Order.objects.create(
        **fields,
        type="market",
        quantity=Decimal(quantity),
        client_order_id=f"mark-{number}",
        status="submitting",
        key=f"mark-{number}",
        reference_price=100,
        due_at=at,
    )
    Fill.objects.create(
        **fields, order=order, venue_trade_id=f"mark-{number}", price=Decimal(100), quantity=Decimal(quantity),
        fee_asset="USDT", posting=Posting.objects.latest("pk"), filled_at=at,
    )  # fmt: skip


def twenty_days() -> Fund:
    """With a value each, 300 fills of one agent, one of another, and a goal that was achieved."""
    owner = make_user("owner@example.com")
    with tenancy.tenant(owner.pk):
        set_price("100")
        fund = Fund.make(owner)
        now = clock.now()
        for day in range(20, 0, -1):
            fund.deposit("100", wallet="agent a")
            take_snapshots(owner_id=owner.pk, at=now - timedelta(days=day))
        roll_up_days(owner_id=owner.pk)
        for number in range(300):
            fill(fund, "agent a", now - timedelta(hours=1.5 * number + 1))
        fill(fund, "agent b", now - timedelta(days=3), side="sell", quantity="0.25")
        goal = Goal.objects.create(
            owner=owner, name="Ten percent", kind="equity", target={}, base="USDT", starts_at=now - timedelta(days=15),
            status="achieved", ended_at=now - timedelta(days=2),
        )  # fmt: skip
        GoalAssignment.objects.create(owner=owner, goal=goal, wallet=fund.wallets["farm a"], since=goal.starts_at)
    return fund


@pytest.fixture(scope="module")
def _lived(django_db_setup: None, django_db_blocker: Any) -> Iterator[Callable[[], Fund]]:
    with made_once(django_db_blocker, twenty_days) as copies:
        yield copies


@pytest.fixture
def lived(_lived: Callable[[], Fund], db: None) -> Fund:
    return _lived()


@pytest.fixture
def owner(lived: Fund) -> User:
    return lived.owner


@pytest.fixture
def page(client: Client, owner: User) -> Client:
    client.force_login(owner)
    return client


def test_a_few_fills_stand_for_all_each_the_last_of_its_part_of_the_period(lived: Fund, as_owner: User) -> None:
    now = clock.now()
    start = now - timedelta(days=20)
    found = fill_marks(owner_id=lived.owner.pk, start=start, until=now)
    assert SLICES - 3 <= len(found) <= SLICES
    assert [mark.at for mark in found] == sorted(mark.at for mark in found)
    every = list(Fill.objects.filter(filled_at__gt=start, filled_at__lte=now).values_list("filled_at", flat=True))
    length = (now - start) / SLICES
    for mark in found:
        ends = start + length * (int((mark.at - start) / length) + 1)
        assert mark.at == max(at for at in every if at <= ends)


def test_a_farm_shows_its_own_fills(lived: Fund, as_owner: User) -> None:
    now = clock.now()
    told = {}
    for name in ("farm b", "agent b", "farm a", "master"):
        found = fill_marks(
            owner_id=lived.owner.pk, start=now - timedelta(days=9), until=now, wallet_ids=[lived.wallets[name].pk]
        )
        told[name] = [(mark.side, mark.quantity, mark.wallet) for mark in found]
    assert told["farm b"] == told["agent b"] == [("sell", Decimal("0.25"), "agent b")]
    assert {wallet for *_, wallet in told["farm a"]} == {"agent a"}
    assert len(told["master"]) == len(told["farm a"]) == SLICES
    assert fill_marks(owner_id=lived.owner.pk, start=now, until=now) == ()


def traces(page: Client, **query: str) -> dict[str, Any]:
    answer = page.get(reverse(MARKS), query)
    assert answer.status_code == 200
    return {trace["name"]: trace for trace in answer.json()["data"]}


def test_marks_stand_on_the_line_and_are_what_plotly_takes(page: Client, lived: Fund) -> None:
    home = page.get("/?range=All").content.decode()
    assert f'data-marks="{reverse(MARKS)}?range=All"' in home
    drawn = json.loads(home.partition('id="equity-chart-data" type="application/json">')[2].partition("</script>")[0])
    line = next(trace for trace in drawn["data"] if trace["name"] == "Portfolio")
    found = traces(page, range="All")
    assert set(found) == {"Bought", "Sold", "Goal"}
    for trace in found.values():
        for at, value in zip(trace["x"], trace["y"], strict=True):
            assert value == [y for x, y in zip(line["x"], line["y"], strict=True) if x <= at][-1]
        go.Figure(figures.painted({"data": [trace], "layout": {}}, COLOURS))
    assert found["Goal"]["text"] == ["Goal achieved: Ten percent"]
    assert found["Bought"]["text"][0] == "Bought 0.5\u00a0BTC at 100.00, agent a"
    fractions = traces(page, range="All", unit="return")
    assert fractions["Goal"]["y"] != found["Goal"]["y"]


def test_a_goal_is_shown_where_its_wallets_are(page: Client, lived: Fund) -> None:
    assert "Goal" in traces(page, range="1M", wallet=str(lived.wallets["farm a"].pk))
    assert "Goal" not in traces(page, range="1M", wallet=str(lived.wallets["farm b"].pk))


def test_hidden_amounts_are_hidden_in_marks(page: Client, lived: Fund, owner: User) -> None:
    User.objects.filter(pk=owner.pk).update(privacy=True)
    found = traces(page, range="All")
    assert all("•••" in text for name in ("Bought", "Sold") for text in found[name]["text"])
    assert max(max(trace["y"]) for trace in found.values()) <= 100


def test_marks_cost_as_many_queries_for_one_fill_as_for_hundreds(page: Client, lived: Fund, other_owner: User) -> None:
    def counted(client: Client) -> int:
        client.get(reverse(MARKS))
        with CaptureQueriesContext(connection) as captured:
            client.get(reverse(MARKS))
        own = ("SAVEPOINT", "RELEASE", "SELECT set_config")
        return sum(not query["sql"].startswith(own) for query in captured.captured_queries)

    theirs = Client()
    theirs.force_login(other_owner)
    assert counted(page) == counted(theirs) <= 9 + OF_THE_SESSION
    assert theirs.get(reverse(MARKS), {"wallet": str(lived.wallets["farm a"].pk)}).status_code == 404
    assert theirs.get(reverse(MARKS)).json() == {"data": []}
