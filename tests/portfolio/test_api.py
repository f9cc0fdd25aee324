"""The portfolio's endpoints: exact figures as strings, and nobody else's."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.test import Client

from kit import clock, tenancy
from kit.users.models import User
from portfolio.models import Snapshot
from portfolio.services import roll_up_days, take_snapshots
from tests.portfolio.fund import Fund, set_price

ENDPOINTS = ("summary", "equity", "allocation", "performance", "calendar")


@pytest.fixture
def lived(owner: User) -> Fund:
    with tenancy.tenant(owner.pk):
        set_price("100")
        fund = Fund.make(owner)
        fund.deposit("1000.5")
        take_snapshots(owner_id=owner.pk, at=clock.now() - timedelta(days=2))
        fund.move("master", "agent a", "400")
        fund.buy("agent a", "2", "100", fee="0.5")
        set_price("110")
        take_snapshots(owner_id=owner.pk, at=clock.now() - timedelta(days=1))
        roll_up_days(owner_id=owner.pk)
    return fund


@pytest.fixture
def api(client: Client, owner: User) -> Iterator[Client]:
    client.force_login(owner)
    return client


def test_the_summary_is_exact_and_adds_up(api: Client, lived: Fund) -> None:
    body = api.get("/api/v1/portfolio/summary?range=1W").json()
    assert (body["base"], body["equity"], body["cash"], body["invested"]) == ("USDT", "1020", "800", "220")
    assert (body["unrealized_pnl"], body["fees"], body["open_positions"]) == ("20", "0.5", 1)
    period = body["period"]
    assert (period["flows"], period["profit"], period["market"], period["fees"]) == ("1000.5", "19.5", "20", "0.5")
    parts = [Decimal(period[name]) for name in ("market", "realized", "adjustments")]
    assert sum(parts) - Decimal(period["fees"]) == Decimal(period["profit"])
    assert body["sharpe"] is None
    assert body["is_stale"] is False


def test_the_equity_is_a_series_with_its_flows(api: Client, lived: Fund) -> None:
    points = api.get("/api/v1/portfolio/equity?range=1W").json()["points"]
    assert [(point["equity"], point["flow"]) for point in points] == [
        ("1000.5", "1000.5"),
        ("1020", "0"),
        ("1020", "0"),
    ]


def test_the_allocation_is_told_by_asset_farm_or_venue(api: Client, lived: Fund) -> None:
    by_asset = api.get("/api/v1/portfolio/allocation").json()
    assert by_asset["total"] == "1020"
    assert [(share["name"], share["quantity"]) for share in by_asset["shares"]] == [("USDT", "800"), ("BTC", "2")]
    by_farm = api.get("/api/v1/portfolio/allocation?by=farm").json()
    assert {share["name"] for share in by_farm["shares"]} == {"master, not allocated", "farm a"}
    assert api.get("/api/v1/portfolio/allocation?by=luck").status_code == 422


def test_the_performance_says_why_a_ratio_is_blank(api: Client, lived: Fund) -> None:
    body = api.get("/api/v1/portfolio/performance?range=1M").json()
    assert body["sharpe"] is None
    assert body["why_blank"] == "Shown after 30 whole days; there are 2 so far."
    assert [day["change"] for day in body["daily"]] == ["0", "19.5", "1000.5"]


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_another_owner_gets_404_for_our_wallet_and_nothing_of_ours_without_one(
    client: Client, lived: Fund, other_owner: User, endpoint: str
) -> None:
    client.force_login(other_owner)
    farm = lived.wallets["farm a"].pk
    assert client.get(f"/api/v1/portfolio/{endpoint}?wallet_id={farm}").status_code == 404
    assert "1020" not in client.get(f"/api/v1/portfolio/{endpoint}").content.decode()


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_whoever_is_not_signed_in_gets_401(client: Client, db: None, endpoint: str) -> None:
    assert client.get(f"/api/v1/portfolio/{endpoint}").status_code == 401


@pytest.mark.parametrize("period", ["All", "1W", "1D"])
def test_a_period_says_when_it_began_with_what_and_adds_up(api: Client, lived: Fund, period: str) -> None:
    told = api.get(f"/api/v1/portfolio/summary?range={period}").json()["period"]
    performance = api.get(f"/api/v1/portfolio/performance?range={period}").json()
    names = ("began", "opening", "closing")
    assert [performance[name] for name in names] == [told[name] for name in names]
    assert told["began"] is not None
    assert Decimal(told["opening"]) + Decimal(told["flows"]) + Decimal(told["profit"]) == Decimal(told["closing"])
    with tenancy.tenant(lived.owner.pk):
        first = Snapshot.objects.filter(scope=lived.owner.pk).order_by("at").first()
    assert first is not None
    if period != "1D":
        assert datetime.fromisoformat(told["began"]).replace(microsecond=0) == first.at.replace(microsecond=0)


def test_what_no_sync_has_written_down_yet_begins_now(api: Client, owner: User) -> None:
    with tenancy.tenant(owner.pk):
        Fund.make(owner).deposit("250")
    told = api.get("/api/v1/portfolio/summary?range=All").json()
    assert told["period"]["began"] == told["at"]
    assert [told["period"][name] for name in ("opening", "flows", "profit", "closing")] == ["0", "250", "0", "250"]
    assert api.get("/api/v1/portfolio/performance").json()["began"] is not None
