"""Charts as data: the shape always, the amounts only while they may be seen."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import plotly.graph_objects as go
import pytest

from farms.laboratory.report import COLOURS
from kit import display, figures, formatting, rings
from kit.display import Display

pytestmark = pytest.mark.offline

START = datetime(2026, 11, 1, tzinfo=UTC)
AT = [START + timedelta(days=number) for number in range(4)]
VALUES = [Decimal("155202.23"), Decimal("157681.84"), Decimal("151955.05"), Decimal("163651.75")]
HIDDEN = Display(currency="USD", hide_amounts=True)


def equity() -> figures.Figure:
    deposit = figures.Mark(AT[1], VALUES[1], "Deposit", Decimal(20_000))
    return figures.equity(AT, VALUES, drawdown=[0, 0, -0.0363, 0], benchmark=VALUES[::-1], marks=[deposit])


def named(figure: figures.Figure, name: str) -> dict[str, Any]:
    return next(trace for trace in figure["data"] if trace["name"] == name)


def test_equity_draws_value_benchmark_flows_and_the_drawdown_below() -> None:
    with display.showing(Display(currency="USD")):
        figure = equity()
    assert named(figure, "Portfolio")["y"] == [float(value) for value in VALUES]
    assert named(figure, "Cash flow")["text"] == ["Deposit +$20,000"]
    assert named(figure, "Drawdown")["yaxis"] == "y2"
    assert figure["layout"]["yaxis2"]["range"][1] == 0
    low, high = figure["layout"]["yaxis"]["range"]
    assert low < float(min(VALUES)) < float(max(VALUES)) < high


def test_a_hover_has_the_unit_of_what_is_drawn_and_its_decimals() -> None:
    hovers = {
        "USDT": "$%{y:,.0f}", "EUR": "€%{y:,.0f}",
        "BTC": "%{y:,.6~g}\u00a0BTC",  # a fund of a few bitcoin would be 0 in whole ones
    }  # fmt: skip
    with display.showing(Display(currency="EUR")):
        assert named(equity(), "Portfolio")["hovertemplate"] == hovers["EUR"]
        for currency, hover in hovers.items():
            drawn = figures.equity(AT, VALUES, currency=currency)
            on_its_way = figures.course(
                AT,
                VALUES,
                unit="money",
                currency=currency,
                name="Profit",
                target=Decimal(9),
                until=AT[-1],
                revision="x",
            )
            assert {named(drawn, "Portfolio")["hovertemplate"], named(on_its_way, "Profit")["hovertemplate"]} == {hover}
        mark = figures.Mark(AT[0], VALUES[0], "Deposit", Decimal(2), "USDT")
        assert mark.text == "Deposit +$2"


def test_no_amount_leaves_the_server_while_amounts_are_hidden() -> None:
    with display.showing(HIDDEN):
        slices = [rings.Slice("BTC", Decimal("95353.51"), 1), rings.Slice("ETH", Decimal("53884.66"), 2)]
        drawn = [equity(), rings.donut(slices, centre="$149.2K", caption="2 assets")]
    text = json.dumps(drawn)
    for amount in ("155202", "157681", "20,000", "95353", "53884", "149.2"):
        assert amount not in text
    assert drawn[0]["layout"]["yaxis"]["showticklabels"] is False


def test_the_shape_survives_the_mask() -> None:
    with display.showing(HIDDEN):
        masked = named(equity(), "Portfolio")["y"]
    assert max(masked) == 100
    assert [round(value / masked[0], 6) for value in masked] == [round(float(value / VALUES[0]), 6) for value in VALUES]


def test_a_line_that_never_moved_still_has_a_range() -> None:
    low, high = figures.equity(AT, [Decimal(0)] * 4)["layout"]["yaxis"]["range"]
    assert low < 0 < high


def test_plotlys_own_checks_accept_every_figure() -> None:
    bars = figures.Bars(AT, [1.0] * 4, [3.0] * 4, [0.5] * 4, [2.0] * 4)
    marks = {side: [figures.Mark(AT[0], Decimal(1), side)] for side in ("buy", "sell")}
    slices = [rings.Slice("BTC", Decimal(2), 1), rings.Slice("ETH", Decimal(1), 2)]
    drawn = [
        equity(),
        figures.equity(AT, [0.0, 0.1, 0.05, 0.2], as_return=True),
        rings.donut(slices, centre="$3", caption="2 assets"),
        figures.candles(bars, trades=marks),
    ]
    for figure in drawn:
        checked = go.Figure(figures.painted(figure, COLOURS))
        assert [trace.type for trace in checked.data] == [trace["type"] for trace in figure["data"]]


def test_a_name_becomes_the_colour_that_a_page_would_show() -> None:
    figure = {"a": "var(--c1)", "b": ["var(--c1) 25%", {"c": "var(--ink) 50% over var(--surface)"}], "d": "Portfolio"}
    colours = {"c1": "#2040ff", "ink": "#000000", "surface": "#ffffff"}
    assert figures.painted(figure, colours) == {
        "a": "rgba(32,64,255,1)", "b": ["rgba(32,64,255,0.25)", {"c": "rgb(128,128,128)"}], "d": "Portfolio",
    }  # fmt: skip


def test_figures_are_json_and_name_colours_instead_of_choosing_them() -> None:
    text = json.dumps(equity())
    assert "var(--c1)" in text
    assert "#" not in text


def test_charts_write_percent_and_thousands_as_the_pages_do() -> None:
    at = AT[:2]
    for figure in (
        figures.equity(at, [0.0, 0.05], as_return=True),
        figures.equity(at, [100, 95], drawdown=[0.0, -0.05]),
    ):
        axis = figure["layout"].get("yaxis2", figure["layout"]["yaxis"])
        assert axis["ticksuffix"] == formatting.percent(Decimal("0.05"))[-2:]
        trace = figure["data"][-1]
        assert abs(trace["y"][-1]) == 5
        assert trace["hovertemplate"] == "%{y:.2f}" + axis["ticksuffix"]
    assert formatting.compact_money(Decimal(122_800), "USDT") == "$122.8k"  # as d3 writes "~s" on the axes


def test_the_ring_of_targets_lies_within_and_leaves_what_is_not_planned() -> None:
    slices = [rings.Slice("A", Decimal(60), 1, Decimal("0.5")), rings.Slice("B", Decimal(40), 2)]
    outer, inner = rings.donut(slices, centre="$100", caption="2 farms")["data"]
    assert outer["labels"] == ["A", "B"]
    assert inner["labels"] == ["A", "B", "No target"]
    assert inner["values"] == [0.5, 0.0, 0.5]
    assert inner["marker"]["colors"][:2] == outer["marker"]["colors"]
    assert inner["domain"]["x"][0] > 0
    assert inner["text"][0] == formatting.percent(Decimal("0.5"))
    go.Figure({"data": [outer, inner]})
    without = [rings.Slice("A", Decimal(60), 1), rings.Slice("B", Decimal(40), 2)]
    assert len(rings.donut(without, centre="$100", caption="2 farms")["data"]) == 1
