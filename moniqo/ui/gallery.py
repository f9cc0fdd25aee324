"""A page for development that shows every component in every state, with both kinds of trouble in it: long names and
missing figures. The browser tests scan it too, so that a component is checked before a page uses it.

`/ui/?privacy=1` shows it with amounts hidden.
"""

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from django import forms
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from kit import clock, display, figures, rings
from kit.formatting import Missing, Value
from kit.forms import TextField

LONG_NAME = "Trend following on everything that moves, conservative, second attempt · BTC, ETH, SOL and friends"
NO_PRICE = Missing("No price: the market has been silent since 3 hours.")
DAYS = 180
COLOURS = "canvas surface raised sunken line ink ink-2 ink-3 brand up down ok warn bad c1 c2 c3 c4 c5 c6"
HOUR = timedelta(hours=1)


class SampleForm(forms.Form):
    """One field of every kind."""

    source = forms.ChoiceField(label="From", choices=[("m", "Master · $41,204.18 free")])
    amount = forms.DecimalField(
        widget=forms.TextInput(attrs={"inputmode": "decimal"}), help_text="Leaves $33,517.18 free in the master wallet."
    )
    name = TextField(initial=LONG_NAME, max_length=40)
    notify = forms.BooleanField(label="Tell me when it is done", required=False)


def _bound_with_errors() -> SampleForm:
    form = SampleForm({"source": "m", "amount": "lots", "name": LONG_NAME})
    form.add_error(None, "The master wallet has been halted: resume it first.")
    return form


def _series() -> dict[str, Any]:
    """A made-up but plausible half-year of value, benchmark and drawdown."""
    start = datetime(2026, 5, 25, tzinfo=UTC)
    at = [start + timedelta(days=number) for number in range(DAYS)]
    values = [
        155_000 + 520 * number + 5_000 * math.sin(number / 9) + 2_000 * math.sin(number * 1.7) + 20_000 * (number > 32)
        for number in range(DAYS)
    ]
    benchmark = [150_000 + 180 * number + 9_000 * math.sin(number / 14) for number in range(DAYS)]
    peak, drawdown = values[0], []
    for value in values:
        peak = max(peak, value)
        drawdown.append(value / peak - 1)
    return {"at": at, "values": values, "benchmark": benchmark, "drawdown": drawdown}


def _equity() -> figures.Figure:
    series = _series()
    deposit = figures.Mark(series["at"][33], Decimal(str(series["values"][33])), "Deposit", Decimal(20_000))
    return figures.equity(**series, benchmark_name="BTC hold", marks=[deposit])


def _candles() -> figures.Figure:
    series = _series()
    closes = [93_000 + 900 * math.sin(number / 6) + 40 * number for number in range(90)]
    opens = [closes[0], *closes[:-1]]
    spread = [abs(math.sin(number)) * 500 + 100 for number in range(90)]
    bars = figures.Bars(
        at=series["at"][:90],
        open=opens,
        high=[max(pair) + room for pair, room in zip(zip(opens, closes, strict=True), spread, strict=True)],
        low=[min(pair) - room for pair, room in zip(zip(opens, closes, strict=True), spread, strict=True)],
        close=closes,
    )
    buy = figures.Mark(series["at"][20], Decimal(str(bars.low[20])), "Bought 0.4210 BTC at 93,200.0")
    sell = figures.Mark(series["at"][61], Decimal(str(bars.high[61])), "Sold 0.4210 BTC at 95,410.5")
    return figures.candles(bars, trades={"buy": [buy], "sell": [sell]})


def _donut() -> figures.Figure:
    parts = [
        ("BTC", 95_353, 1),
        ("ETH", 53_884, 2),
        ("USDT", 47_676, 3),
        ("SOL", 28_059, 4),
        ("LINK", 13_905, 5),
        ("Other", 9_436, 6),
    ]
    slices = [rings.Slice(label, Decimal(value), paint) for label, value, paint in parts]
    return rings.donut(slices, centre="$248.3K", caption="11 assets")


class Row(NamedTuple):
    """A line of the sample table."""

    symbol: str
    where: str
    colour: int
    side: str
    quantity: Decimal
    lot: Decimal | None
    entry: Decimal
    mark: Value
    tick: Decimal | None
    pnl: Value
    share: Value
    line: Sequence[float]


def _row(symbol: str, where: str, colour: int, side: str, figures: str, pnl: str, share: str, line: str) -> Row:
    """`figures` are quantity, lot, entry, mark and tick; `line` has a digit per point."""
    quantity, lot, entry, mark, tick = map(Decimal, figures.split())
    points = [float(digit) for digit in line]
    return Row(symbol, where, colour, side, quantity, lot, entry, mark, tick, Decimal(pnl), Decimal(share), points)


def _rows() -> list[Row]:
    unpriced = Decimal("123456789.12345678"), None, Decimal("0.00001234"), NO_PRICE, None, NO_PRICE, NO_PRICE, ()
    return [
        _row("BTC", "Binance · Trend A", 1, "long", "0.842 0.0001 91204.5 93488 0.1", "1922.77", "0.025", "132547"),
        _row("SOL", "Bybit · Grid 1", 4, "short", "180 0.01 141.12 142.38 0.01", "-226.8", "-0.0089", "766452"),
        _row("ADA", "Kraken · DCA", 2, "long", "9400 1 0.5812 0.5812 0.00001", "0", "0", "333"),
        Row("LONGTOKEN", LONG_NAME, 6, "long", *unpriced),
    ]


def _context() -> dict[str, Any]:
    now = clock.now()
    return {
        "colours": COLOURS.split(),
        "long_name": LONG_NAME,
        "numbers": [Decimal("248316.42"), Decimal("-1284.1"), Decimal(0), Decimal("0.004"), NO_PRICE, None],
        "fractions": [Decimal("0.384"), Decimal("-0.0089"), Decimal(0), Missing("Shown after 30 days.")],
        "moments": [now, now - timedelta(minutes=4), now - 5 * HOUR, now - 80 * HOUR],
        "equity_value": Decimal("248316.42"),
        "day_change": Decimal("1284.10"),
        "day_return": Decimal("0.0052"),
        "loss": Decimal("-58205.4"),
        "drawdown": Decimal("-0.044"),
        "exposure": Decimal("0.92"),
        "share": Decimal("0.453"),
        "target": Decimal("0.42"),
        "short_share": Decimal("0.18"),
        "drift_over": Decimal("0.033"),
        "drift_within": Decimal("-0.008"),
        "rows": _rows(),
        "page": Paginator(range(1234), 50).page(2),
        "filters": [("side", "Side", "Long"), ("farm", "Farm", LONG_NAME)],
        "periods": [("1d", "1D"), ("1w", "1W"), ("1m", "1M"), ("6m", "6M"), ("ytd", "YTD"), ("all", "All")],
        "events": [
            {"icon": "scale", "text": "Rebalance proposed, 3 moves", "at": now - 4 * HOUR / 60, "url": "#activity"},
            {"icon": "triangle-alert", "text": "Kraken sync late", "at": now - 18 * HOUR / 60, "kind": "warn"},
            {"icon": "merge", "text": f"Collected from {LONG_NAME}", "at": now - 2 * HOUR},
        ],
        "changes": [
            ("Master wallet, free", "$41,204.18", "$33,517.18"),
            ("Grid farm", "$61,842.06", "$69,529.06"),
            ("Grid farm's share", "24.9 %", "28.0 %"),
        ],
        "facts": [("Fee", "$1.20"), ("Orders affected", "none")],
        "form": SampleForm(initial={"amount": "7687.00"}),
        "invalid": _bound_with_errors(),
        "equity": _equity(),
        "donut": _donut(),
        "candles": _candles(),
    }


@login_required
def components(request: HttpRequest) -> HttpResponse:
    """Every component in every state."""
    hidden = request.GET.get("privacy") == "1"
    with display.showing(display.Display(currency="USD", hide_amounts=hidden)):
        return render(request, "debug/ui.html", _context() | {"is_masked": hidden})
