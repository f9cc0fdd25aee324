"""Shares of the whole, by asset, farm and venue."""

from decimal import Decimal

import plotly.graph_objects as go
from django.test import Client

from farms.laboratory.report import COLOURS
from kit import clock, figures
from moniqo.home import charts
from portfolio import valuation
from portfolio.selectors.explain import net_value
from portfolio.selectors.holdings import Holding, Share, by_asset, by_branch, by_venue, exposure_by_venue, read_holdings
from tests.portfolio.fund import Fund, set_price
from tests.programs import bearer
from wallets.models import Wallet

D = Decimal


def look(fund: Fund, name: str | None = None) -> tuple[Holding, ...]:
    scope = fund.wallets[name].pk if name else fund.owner.pk
    return read_holdings(valuation.parameters(owner_id=fund.owner.pk, at=clock.now(), only=scope))


def invest(fund: Fund) -> None:
    set_price("50", "ETH")
    fund.deposit("1000")
    fund.move("master", "agent a", "400")
    fund.move("master", "agent b", "200")
    fund.buy("agent a", "1", "100")
    fund.buy("agent b", "2", "50", base="ETH")
    fund.deposit("9", "XYZ")


def test_by_asset_every_priced_balance_counts_once(fund: Fund) -> None:
    invest(fund)
    shares = {share.name: (share.value, share.share, share.quantity) for share in by_asset(look(fund))}
    assert shares == {
        "USDT": (D(800), D("0.8"), D(800)), "BTC": (D(100), D("0.1"), D(1)), "ETH": (D(100), D("0.1"), D(2)),
    }  # fmt: skip


def test_by_farm_shares_stand_against_their_targets(fund: Fund) -> None:
    fund.wallets["farm a"].target_weight = D("0.5")
    fund.wallets["farm a"].save()
    invest(fund)
    shares = {share.name: (share.share, share.target, share.drift) for share in by_branch(look(fund))}
    assert shares == {
        "farm a": (D("0.4"), D("0.5"), D("-0.1")),
        "master, not allocated": (D("0.4"), D("0.5"), D("-0.1")),
        "farm b": (D("0.2"), None, None),
    }


def test_by_venue_and_its_exposure(fund: Fund) -> None:
    invest(fund)
    assert [(share.name, share.share) for share in by_venue(look(fund))] == [("Testing", D(1))]
    fund.derive("12", side="short", contracts="3", mark="100")
    (venue,) = exposure_by_venue(look(fund), equity=D(1000))
    assert (venue.long, venue.short) == (D("0.2"), D("0.3"))
    assert exposure_by_venue(look(fund), equity=D(0)) == ()


def test_a_farm_alone_consists_of_its_own(fund: Fund) -> None:
    invest(fund)
    assert {holding.asset for holding in look(fund, "farm b")} == {"USDT", "ETH"}


def test_the_lines_of_an_explanation_sum_to_the_value(fund: Fund) -> None:
    invest(fund)
    worth = net_value(valuation.parameters(owner_id=fund.owner.pk, at=clock.now(), only=fund.owner.pk))
    assert worth.total == sum(line.value or 0 for line in worth.lines) == D(1000)
    assert worth.count == len(worth.lines) == 6
    assert (worth.lines[0].asset, worth.lines[0].value) == ("XYZ", None)


def test_the_ring_shows_five_parts_and_the_rest() -> None:
    shares = [Share(str(number), f"A{number}", D(10), D("0.1")) for number in range(10)]
    shown = charts.largest(shares)
    assert [share.name for share in shown] == ["A0", "A1", "A2", "A3", "A4", "Other"]
    assert shown[-1].share == D("0.5")
    figure = charts.allocation(shares, currency="USDT", unit="asset")
    assert [note["text"] for note in figure["layout"]["annotations"]] == ["<b>$100.00</b>", "10 assets"]
    assert go.Figure(figures.painted(figure, COLOURS)).data[0].labels[-1] == "Other"


def test_a_reserve_is_a_branch_of_its_own(fund: Fund) -> None:
    fund.wallets["reserve"] = Wallet.objects.create(
        owner=fund.owner, connection=fund.connection, name="reserve", role="reserve", parent=fund.wallets["master"]
    )
    fund.deposit("1000")
    fund.move("master", "reserve", "250")
    fund.move("master", "farm a", "100")
    shares = {share.name: share.value for share in by_branch(look(fund))}
    assert shares == {"master, not allocated": 650, "reserve": 250, "farm a": 100}


def test_shares_have_at_most_eighteen_decimals_and_come_to_the_whole(fund: Fund) -> None:
    fund.deposit("100")
    fund.deposit("1", "BTC")
    fund.deposit("0.7", "BTC", wallet="farm a")
    fund.deposit("1", wallet="farm b")
    client = Client(headers=bearer(fund.owner))
    for by in ("asset", "farm", "venue"):
        shares = client.get(f"/api/v1/portfolio/allocation?by={by}").json()["shares"]
        parts = [D(one["share"]) for one in shares]
        assert all(len(one["share"]) <= len("0.") + 18 for one in shares), by
        assert abs(sum(parts) - 1) <= D("1e-17")
