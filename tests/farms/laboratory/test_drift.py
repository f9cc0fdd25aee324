"""An agent's fills stand beside those of its backtest, bar by bar, with what they cost more."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from farms.laboratory import running
from farms.laboratory.asking import compare_agent
from farms.laboratory.drift import Expected, Pair, Real, drift_of, matched, traded_price
from farms.models import Agent
from kit import clock, tenancy
from kit.errors import NotFoundError
from kit.users.models import User
from markets.candles.reading import moment
from tests.farms.conftest import CALM, Desk, make_desk
from trading.models import Order
from wallets.models import Platform
from wallets.venues.accounts import rehearse

HOUR_MS = 3_600_000
NOW = moment(100 * HOUR_MS)


def expected(bar: int, side: str = "buy", price: str = "100") -> Expected:
    return Expected(bar * HOUR_MS, side, Decimal(price))


def real(bar: int, side: str = "buy", price: str = "101", *, decided_at: str = "100.5", **more: Any) -> Real:
    at = moment(bar * HOUR_MS) + timedelta(seconds=3)
    usual: dict[str, Any] = {"quantity": Decimal(2), "is_paper": True} | more
    return Real(uuid4(), bar * HOUR_MS, at, side, Decimal(price), decided_at=Decimal(decided_at), **usual)


def kinds(pairs: list[Pair]) -> list[tuple[int, str, str]]:
    return [(pair.bar // HOUR_MS, pair.side, pair.kind) for pair in pairs]


@pytest.mark.offline
def test_prices_and_points_are_written_without_what_floats_leave_behind() -> None:
    assert traded_price(4054.4199999999996) == Decimal("4054.42")
    here = Real(uuid4(), 0, clock.now(), "sell", Decimal(100), Decimal(1), Decimal(100), is_paper=True)
    assert str(Pair(0, "sell", Expected(0, "sell", Decimal(100)), here).total) == "0.0000"


@pytest.mark.offline
def test_fills_are_matched_by_side_and_bar_or_else_the_next_bar_each_once() -> None:
    said = [expected(1), expected(2, "sell"), expected(5), expected(9)]
    done = [real(1), real(3, "sell"), real(5), real(5), real(7)]
    assert kinds(matched(said, done, HOUR_MS)) == [
        (1, "buy", "matched"), (3, "sell", "matched"), (5, "buy", "matched"), (5, "buy", "extra"),
        (7, "buy", "extra"), (9, "buy", "missing"),
    ]  # fmt: skip
    # Who was filled in the very bar goes before who was filled a bar later.
    both = matched([expected(1), expected(2)], [real(2), real(2)], HOUR_MS)
    assert [(pair.bar // HOUR_MS, pair.expected and pair.expected.bar // HOUR_MS) for pair in both] == [(2, 2), (2, 1)]


@pytest.mark.offline
def test_a_cost_is_positive_whether_bought_dearer_or_sold_cheaper() -> None:
    (bought,) = matched([expected(1)], [real(1)], HOUR_MS)
    assert (bought.waited, bought.slipped, bought.total, bought.cost) == (50, 50, 100, 2)
    assert bought.later == timedelta(seconds=3)
    (sold,) = matched([expected(1, "sell")], [real(1, "sell")], HOUR_MS)
    assert (sold.waited, sold.slipped, sold.total, sold.cost) == (-50, -50, -100, -2)
    (alone,) = matched([], [real(1)], HOUR_MS)
    assert (alone.waited, alone.slipped, alone.total, alone.cost, alone.later) == (None,) * 5


@pytest.fixture
def traded(live_db: str, owner: User) -> Desk:
    """An agent that has traded its candles on paper, where each order slips by 20 basis points, and its backtest."""
    Platform.objects.filter(slug="demo").update(options={"slippage_bps": "20", "impact_bps": "0"})
    with tenancy.tenant(owner.pk):
        with clock.at(moment(1_770_000_000_000 // HOUR_MS * HOUR_MS)):
            desk = make_desk(owner)
        rehearse(connection=desk.master.connection)
        Agent.objects.update(created_at=desk.now)
        desk.candles([*[100.0] * 80, *CALM])
        desk.each([99.0, 98.0, 97.0, 103.0, 106.0, 108.0, 104.0, 99.0, 97.0, 96.0])
        assert Order.objects.filter(status=Order.Status.FILLED).count() == 2
        compare_agent(owner_id=owner.pk, agent_id=desk.agent.pk)
    running.take_part()
    return desk


def test_what_paper_costs_beyond_its_backtest_is_its_slippage(traded: Desk) -> None:
    with tenancy.tenant(traded.owner.pk):
        found = drift_of(owner_id=traded.owner.pk, agent_id=traded.agent.pk)
    assert kinds(list(found.pairs))[0][2] == "matched"
    (paper,) = found.sums
    assert (paper.account, paper.matched, paper.extra, found.missing) == ("paper", 2, 0, 0)
    assert paper.slipped is not None
    assert Decimal(19) < paper.slipped < Decimal(22)  # ticks are rounded against us
    assert paper.cost == sum(pair.cost for pair in found.pairs if pair.cost is not None)
    assert paper.total is not None
    assert paper.cost == pytest.approx(paper.total / 10_000 * paper.notional, rel=Decimal("1e-4"))


def test_other_rules_have_another_backtest(traded: Desk) -> None:
    with tenancy.tenant(traded.owner.pk):
        Agent.objects.update(parameters=traded.agent.parameters | {"fast": 3})
        assert drift_of(owner_id=traded.owner.pk, agent_id=traded.agent.pk).backtest is None
        with pytest.raises(NotFoundError):
            drift_of(owner_id=traded.owner.pk, agent_id=uuid4())


def test_page_and_api_say_it_and_ask_for_another(traded: Desk, client: Client) -> None:
    client.force_login(traded.owner)
    address = f"/laboratory/drift/{traded.agent.pk}/"
    html = client.get(address).content.decode()
    assert "On paper" in html
    assert html.count(" bp") > 6
    told = client.get(f"/api/v1/agents/{traded.agent.pk}/drift").json()
    assert (told["missing"], told["accounts"][0]["matched"]) == (0, 2)
    fills = client.get(f"/api/v1/agents/{traded.agent.pk}/drift/fills?limit=1").json()
    assert fills["items"][0]["kind"] == "matched"
    assert client.get(f"/api/v1/agents/{traded.agent.pk}/drift/fills?cursor={fills['next']}").json()["next"] is None
    assert client.post(address).status_code == 302
    assert "A backtest is on its way" in client.get(address).content.decode()
    assert client.get(f"/laboratory/drift/{uuid4()}/").status_code == 404
