"""What stands under a wallet, side by side by its risk, and how it moves together: by hand and from outside."""

from typing import Any

import numpy as np
import pytest
from django.test import Client

from kit.errors import InvalidInputError, NotFoundError
from kit.tenancy import tenant
from portfolio.allocation.risk import Cell, read_risk
from tests.portfolio.fund import D, Fund
from tests.portfolio.test_method_plans import remember
from tests.programs import bearer

CALM, WILD = np.tile([0.01, -0.005], 20), np.tile([-0.05, 0.06], 20)


@pytest.fixture
def told(fund: Fund) -> Fund:
    """Farm a is calm and holds 600, farm b is wild and holds 300; their days go opposite ways, 40 of them."""
    fund.deposit("1000")
    fund.move("master", "farm a", "600")
    fund.move("master", "farm b", "300")
    remember(fund, np.column_stack([CALM, WILD]), "farm a", "farm b")
    return fund


def read(fund: Fund, name: str = "master", **asked: Any) -> Any:
    return read_risk(owner_id=fund.owner.pk, wallet_id=fund.wallets[name].pk, **asked)


def test_the_riskiest_comes_first_and_its_score_is_the_sum_of_its_parts(told: Fund) -> None:
    found = read(told)
    wild, calm = found.rows
    assert (wild.wallet.name, calm.wallet.name) == ("farm b", "farm a")
    assert (wild.value, wild.share, calm.share) == (300, D("0.33333333"), D("0.66666667"))
    # 0.95, then up to 1.007, 0.95665 and so on: each fall is one day of 5 %, and the whole ends higher.
    assert (wild.drawdown, wild.days, wild.trades, wild.win_rate) == (pytest.approx(-0.05), 40, 0, None)
    # Half of the days 5.5 % from the mean on each side; 39 in the denominator.
    assert wild.volatility == pytest.approx(0.055 * (40 / 39 * 365) ** 0.5)
    assert wild.shortfall == pytest.approx(0.05)
    parts = {"drawdown": 35 / 85 * 10, "volatility": 25 / 85 * 100, "tail": 25 / 85 * 50}
    assert dict(wild.score.parts) == pytest.approx(parts)
    assert wild.score.value == pytest.approx(sum(parts.values()))
    assert calm.score.value < wild.score.value
    assert found.correlations == ((1.0, pytest.approx(-1.0)), (pytest.approx(-1.0), 1.0))
    assert [[cell.heat for cell in line] for _, line in found.lines] == [[3, 3], [3, 3]]
    assert [Cell(value).heat for value in (None, 0.0, 0.2, -0.5, 0.9)] == [0, 0, 1, 2, 3]
    assert found.herfindahl == pytest.approx(D(5) / 9)
    assert found.equal_parts == pytest.approx(D(9) / 5)


def test_what_is_not_known_is_said_and_never_zero(fund: Fund) -> None:
    remember(fund, np.column_stack([CALM[:20], np.zeros(20)]), "farm a", "farm b")
    found = read(fund)
    assert [(row.score, row.drawdown, row.share) for row in found.rows] == [(None, None, None)] * 2
    assert found.correlations == ((None, None), (None, None))
    assert (found.herfindahl, found.equal_parts) == (None, None)
    with pytest.raises(InvalidInputError, match="Nothing stands under agent a"):
        read(fund, "agent a")
    with pytest.raises(InvalidInputError, match="Look back 2 to 730 days"):
        read(fund, back=1)


def test_what_never_moves_has_no_correlation(fund: Fund) -> None:
    remember(fund, np.column_stack([CALM, np.zeros(40)]), "farm a", "farm b")
    assert read(fund).correlations == ((1.0, None), (None, None))


def test_programs_and_pages_say_the_same_and_other_owners_nothing(told: Fund, client: Client, other_owner: Any) -> None:
    address = f"/wallets/{told.wallets['master'].pk}/risk"
    answer = client.get(f"/api/v1{address}", headers=bearer(told.owner)).json()
    assert [one["name"] for one in answer["children"]] == ["farm b", "farm a"]
    assert answer["children"][0]["risk_score"] == read(told).rows[0].score.value
    assert answer["correlations"][0][1] == pytest.approx(-1)
    assert client.get(f"/api/v1{address}?days=1", headers=bearer(told.owner)).status_code == 422
    assert client.get(f"/api/v1{address}", headers=bearer(other_owner)).status_code == 404
    client.force_login(told.owner)
    page = client.get(f"{address}/?days=nonsense").content.decode()
    assert f">{answer['children'][0]['risk_score']:.0f}</td>" in page
    assert "Drawdown 4 + Volatility 29 + Tail 15" in page
    assert "−1.00" in page
    assert "Nothing stands under agent a" in client.get(f"/wallets/{told.wallets['agent a'].pk}/risk/").content.decode()
    client.force_login(other_owner)
    assert client.get(f"{address}/").status_code == 404
    with tenant(other_owner.pk), pytest.raises(NotFoundError):
        read_risk(owner_id=other_owner.pk, wallet_id=told.wallets["master"].pk)
