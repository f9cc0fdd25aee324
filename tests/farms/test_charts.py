"""The charts of a farm and an agent that traded, and Plotly's own checks of them."""

import plotly.graph_objects as go

from farms import charts
from farms.laboratory.report import COLOURS
from farms.selectors import agent_page, farm_page
from kit import clock, figures
from tests.farms.conftest import CROSS_UP, Desk


def test_plotlys_own_checks_accept_the_charts_of_an_agent_that_traded(desk: Desk) -> None:
    desk.candles(CROSS_UP[:-1])
    desk.each([103.0, 104.0, 105.0, 101.5])
    with clock.at(desk.now):
        market = charts.market(agent_page(owner_id=desk.owner.pk, agent_id=desk.agent.pk))
        profit = charts.profit_curve(farm_page(owner_id=desk.owner.pk, farm_id=desk.farm.pk))
    drawn = go.Figure(figures.painted(market, COLOURS))
    assert [trace.name for trace in drawn.data] == ["Price", "Fast average", "Slow average", "Entry", "Exit with loss"]
    assert len(drawn.data[0].close) == desk.bars
    assert len(go.Figure(figures.painted(profit, COLOURS)).data[-1].y) == 2
