"""How farms and agents do: the same on page and by API, from sums, in as many queries at 200 agents as at 5."""

import re
from collections.abc import Iterator
from decimal import Decimal
from html import unescape
from itertools import combinations
from typing import Any
from uuid import UUID, uuid4

import numpy as np
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from farms import services
from farms.analytics.reading import Analytics, Pair, correlation
from farms.analytics.schemas import told as said_of
from farms.models import Farm
from farms.selectors.farms import farm_row
from kit import clock
from kit.errors import NotFoundError
from kit.users.models import User
from moniqo.benches.crowd import gather
from portfolio.daily import roll_up
from portfolio.models import PortfolioState
from portfolio.services import take_snapshots
from tests.farms.conftest import HOUR, Desk, hire, make_instrument
from tests.farms.test_assigning import lived
from tests.farms.test_moving import other_farm, traded  # noqa: F401 - the fixture
from tests.farms.test_placing import calm  # noqa: F401 - the fixture
from tests.programs import bearer
from trading.models import Position
from trading.selectors import Filters, list_trades
from trading.selectors.trades import export_trades, sum_trades


@pytest.fixture
def told(traded: Desk) -> Iterator[Desk]:  # noqa: F811
    """With its days rolled up."""
    take_snapshots(owner_id=traded.owner.pk)
    roll_up(owner_id=traded.owner.pk)
    with clock.at(clock.now() + HOUR / 60):
        yield traded


def test_what_trades_came_to_is_told_by_exit_hour_and_regime(told: Desk) -> None:
    found = Analytics(owner=told.owner, farm_id=told.farm.pk)
    trades = list(Position.objects.exclude(closed_at=None))
    assert trades
    made = sum((trade.realized_pnl for trade in trades), Decimal(0))
    for slices in (found.hours, found.exits, found.regimes, [found.trades]):
        assert sum(one.trades for one in slices) == len(trades)
        assert sum((one.net or Decimal(0) for one in slices), Decimal(0)) == made
        assert sum((one.fees or Decimal(0) for one in slices), Decimal(0)) == sum(trade.fees for trade in trades)
    assert {one.key for one in found.hours} == {f"{trade.opened_at:%H}" for trade in trades}
    assert {one.key for one in found.exits} == {trade.exit_cause for trade in trades} != {""}
    assert [one.label for one in found.regimes] == ["Not known: too few days before it"]
    assert found.trades.traded == sum(
        trade.entry_quantity * trade.entry_price + trade.exit_quantity * (trade.exit_price or 0) for trade in trades
    )
    assert found.turnover is not None
    assert found.turnover > 0


def test_trades_stay_with_the_farm_in_which_they_were_closed(told: Desk) -> None:
    owner, other = told.owner, other_farm(told)
    before = Analytics(owner=owner, farm_id=told.farm.pk).trades
    services.move_agent(owner_id=owner.pk, agent_id=told.agent.pk, farm_id=other.pk)
    assert Analytics(owner=owner, farm_id=told.farm.pk).trades == before
    assert Analytics(owner=owner, farm_id=other.pk).trades.trades == 0
    assert Analytics(owner=owner, agent_id=told.agent.pk).trades == before


def test_a_list_of_trades_its_count_and_its_sum_are_of_the_same_trades_after_a_move(told: Desk, client: Client) -> None:
    owner, other = told.owner, other_farm(told)
    services.move_agent(owner_id=owner.pk, agent_id=told.agent.pk, farm_id=other.pk)
    client.force_login(owner)
    closed = Position.objects.exclude(closed_at=None).count()
    assert closed
    places = (
        (told.farm.wallet_id, closed),
        (other.wallet_id, 0),
        (told.agent.wallet_id, closed),
        (told.master.pk, closed),
    )
    for wallet_id, count in places:
        filters = Filters(wallet_id=wallet_id)
        listed = list_trades(owner_id=owner.pk, filters=filters)
        total = sum_trades(owner_id=owner.pk, filters=filters)
        assert (listed.page.paginator.count, len(listed.rows), total.trades) == (count, count, count)
        assert sum(row.pnl for row in listed.rows) == total.pnl
        assert len(export_trades(owner_id=owner.pk, filters=filters)) == count
        told_so = client.get("/api/v1/positions/closed", {"wallet_id": str(wallet_id)}).json()
        assert len(told_so["items"]) == count


def made_in(desk: Desk, farm: Farm) -> dict[str, Decimal]:
    """Who made what there: with nothing else, and nothing missing, it is the farm's profit."""
    found = {part.name: part.profit for part in Analytics(owner=desk.owner, farm_id=farm.pk).contributors}
    assert sum(found.values()) == farm_row(owner_id=desk.owner.pk, farm_id=farm.pk).profit
    return found


def test_an_agents_part_is_what_it_made_while_it_worked_there(told: Desk) -> None:
    owner, other = told.owner, other_farm(told)
    asked: dict[str, Any] = {"owner_id": owner.pk, "agent_id": told.agent.pk}
    here = made_in(told, told.farm)
    assert here["One"]
    services.move_agent(**asked, farm_id=other.pk)
    assert (made_in(told, told.farm), made_in(told, other)) == (here, {"One": 0})
    held = Position.objects.get(wallet=told.agent.wallet, closed_at=None)
    told.candles([140])
    with clock.at(told.now):
        there = made_in(told, other)
        assert (made_in(told, told.farm), there) == (here, {"One": held.quantity * 10})
        services.move_agent(**asked, farm_id=told.farm.pk)
    told.candles([135])
    with clock.at(told.now):
        assert made_in(told, told.farm) == {"One": here["One"] - held.quantity * 5}
        assert made_in(told, other) == there


def test_who_is_archived_keeps_its_part(told: Desk) -> None:
    told.each([100, 90, 80])
    with clock.at(told.now):
        Farm.objects.update(status="paused")
        services.archive_agent(owner_id=told.owner.pk, agent_id=told.agent.pk)
        assert made_in(told, told.farm)["One"]


def test_the_line_ends_with_the_return_of_now_and_the_benchmark_is_bought_when_it_begins(told: Desk) -> None:
    found = Analytics(owner=told.owner, farm_id=told.farm.pk)
    assert found.line[-1][1] == pytest.approx(found.scope.change.twr)
    assert found.held[0][1] == 0
    assert found.benchmark_name == "TST held"
    assert found.benchmark_return == pytest.approx(130 / 103 - 1)  # from the first value on


def test_alike_is_what_goes_the_same_way_on_the_days_that_both_know() -> None:
    random = np.random.default_rng(7)
    one, other = random.normal(size=60), random.normal(size=60)
    table = np.column_stack((one, one + other))
    table[:5, 0] = np.nan
    found = correlation(table)
    assert found is not None
    assert found == (pytest.approx(np.corrcoef(table[5:].T)[0, 1]), 55)
    assert correlation(np.column_stack((one, -one))) == (pytest.approx(-1), 60)
    assert correlation(table[:24]) is None
    assert correlation(np.column_stack((one, np.ones(60)))) is None


def test_agents_are_alike_as_their_days_say_on_page_and_by_api(calm: Desk, client: Client) -> None:  # noqa: F811
    random = np.random.default_rng(5)
    one = random.normal(0, 0.01, 30)
    returns = {"One": one, "Two": one + random.normal(0, 0.01, 30), "Three": random.normal(0, 0.01, 26)}
    workers = {"One": calm.agent}
    for name in ("Two", "Three"):
        workers[name] = hire(calm.owner, calm.farm, make_instrument("OTH/USDT"), name=name)
    for name, worker in workers.items():
        lived(worker.wallet, returns[name])

    def plain(first: str, second: str) -> tuple[float, int]:
        days = min(len(returns[first]), len(returns[second]))
        x, y = returns[first][-days:], returns[second][-days:]
        x, y = x - sum(x) / days, y - sum(y) / days
        return sum(x * y) / (sum(x * x) * sum(y * y)) ** 0.5, days

    names = {worker.pk: name for name, worker in workers.items()}
    expected = {couple: plain(*couple) for couple in combinations(workers, 2)}
    found = Analytics(owner=calm.owner, farm_id=calm.farm.pk)
    pairs = {(names[pair.first_id], names[pair.second_id]): (pair.correlation, pair.days) for pair in found.pairs}
    assert pairs == {couple: (pytest.approx(value), days) for couple, (value, days) in expected.items()}
    assert {days for _, days in pairs.values()} == {30, 26}
    mean = sum(value for value, _ in expected.values()) / 3
    assert found.mean_correlation == pytest.approx(mean)
    assert found.extremes == found.pairs == sorted(found.pairs, key=lambda pair: -pair.correlation)

    said = client.get(f"/api/v1/farms/{calm.farm.pk}/analytics", headers=bearer(calm.owner)).json()
    assert said["mean_correlation"] == pytest.approx(mean)
    told_so = {
        (names[UUID(row["first_id"])], names[UUID(row["second_id"])]): (row["correlation"], row["days"])
        for row in said["correlations"]
    }
    assert told_so == pairs
    client.force_login(calm.owner)
    html = client.get(reverse("farms:farm-analytics", args=[calm.farm.pk])).content.decode()
    table = html[html.index("Correlations, table") :]
    table = unescape(re.sub(r"<[^>]+>", " ", table[: table.index("</footer>")])).replace("\u2212", "-")
    for (first, second), (value, days) in expected.items():
        assert re.search(rf"{first} +and +{second} +{value:.2f} +{days} ", table), table
    assert re.search(rf"{mean:.2f} +on average over +3 +pairs", table), table


def test_of_many_pairs_the_most_and_the_least_alike_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    found = object.__new__(Analytics)
    pairs = [Pair("", uuid4(), "", uuid4(), 1 - number / 10, 30) for number in range(21)]
    monkeypatch.setitem(found.__dict__, "pairs", pairs)
    assert found.extremes == [*pairs[:10], *pairs[11:]]


def test_page_and_programs_are_told_the_same(told: Desk, client: Client, other_owner: User) -> None:
    for kind, pk in (("farm", told.farm.pk), ("agent", told.agent.pk)):
        found = Analytics(owner=told.owner, **{f"{kind}_id": pk})
        said = said_of(found)
        assert (said["kind"], said["base"], said["trades"]["trades"]) == (kind, "USDT", found.trades.trades)
        assert len(said["contribution"]) == (1 if kind == "farm" else 0)
        client.force_login(told.owner)
        page = client.get(reverse(f"farms:{kind}-analytics", args=[pk]))
        html = page.content.decode()
        for words in ("TST held", "By regime", found.exits[0].label, "By hour"):
            assert words in html
        assert (
            f"farms/{'agents/' if kind == 'agent' else ''}{pk}/analytics/"
            in client.get(reverse(f"farms:{kind}", args=[pk])).content.decode()
        )
        client.force_login(other_owner)
        assert client.get(reverse(f"farms:{kind}-analytics", args=[pk])).status_code == 404
        client.logout()


def test_programs_are_told_of_their_own(calm: Desk, client: Client, other_owner: User) -> None:  # noqa: F811
    for kind, pk in (("farm", calm.farm.pk), ("agent", calm.agent.pk)):
        path = f"/api/v1/{kind}s/{pk}/analytics"
        answer = client.get(path, headers=bearer(calm.owner))
        assert answer.status_code == 200, answer.content
        said = answer.json()
        assert (said["kind"], said["id"], said["trades"]["trades"], said["turnover"]) == (kind, str(pk), 0, None)
        assert said["is_reworked"] is False
        assert client.get(path, headers=bearer(other_owner)).status_code == 404
    PortfolioState.objects.update_or_create(owner_id=calm.owner.pk, defaults={"rolled_in": "Asia/Kolkata"})
    assert client.get(path, headers=bearer(calm.owner)).json()["is_reworked"] is True


def test_who_is_not_there_has_no_figures(told: Desk) -> None:
    with pytest.raises(NotFoundError):
        Analytics(owner=told.owner, agent_id=told.farm.pk)


def test_a_farm_that_has_done_nothing_yet_says_so(told: Desk, client: Client) -> None:
    other = other_farm(told)
    client.force_login(told.owner)
    html = client.get(reverse("farms:farm-analytics", args=[other.pk])).content.decode()
    for words in ("No round trip is over yet", "Nothing was held yet", "need twenty whole days in common"):
        assert words in html


def asked(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(address)
    assert answer.status_code == 200
    return len(queries)


def test_pages_of_a_farm_ask_as_often_at_200_agents_as_at_5(as_owner: User, client: Client) -> None:
    """Every agent holds a position and has snapshots."""
    client.force_login(as_owner)
    counts: dict[int, dict[str, int]] = {}
    for agents in (5, 200):
        crowd = gather(as_owner.pk, farms=1, agents=agents, name=f"Fund of {agents}")
        take_snapshots(owner_id=as_owner.pk)
        assert Position.objects.filter(wallet__parent=crowd.farms[0].wallet, closed_at=None).count() == agents
        addresses = {
            name: reverse(name, args=[] if name == "farms:list" else [crowd.farms[0].pk])
            for name in ("farms:farm", "farms:farm-analytics", "farms:list")
        }
        for address in addresses.values():
            client.get(address)
        counts[agents] = {name: asked(client, address) for name, address in addresses.items()}
    listing = {agents: found.pop("farms:list") for agents, found in counts.items()}
    assert counts[200] == counts[5]
    assert listing[200] <= listing[5]
