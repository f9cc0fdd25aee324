"""The command's answer is a contract; it needs no database and says in one sentence what is wrong."""

from __future__ import annotations

import gzip
import json
import re
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from farms.laboratory.report import SLICES, thinned
from quant.candles import Candles
from tests.quant.market import HOUR_MS, random_candles

HEADER = "ts,open,high,low,close,volume"
START_MS = 1_735_689_600_000  # 1 January 2025


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "candles.csv.gz"
    candles = random_candles(np.random.default_rng(3), 800)
    columns = [getattr(candles, name) for name in Candles.__dataclass_fields__]
    with gzip.open(path, "wt") as stream:
        stream.write(f"{HEADER}\n")
        for row in zip(*columns, strict=True):
            ts, *figures = (value.item() for value in row)
            stream.write(",".join(map(repr, (START_MS + ts, *figures))) + "\n")
    return path


def run(file: Path, **options: Any) -> dict[str, Any]:
    out = StringIO()
    params = {"ma": "sma", "fast": 5, "slow": 20, "adx_min": 0, "trail_atr": 0, "direction": "both"}
    defaults = {"strategy": "trend_following", "timeframe": "1h", "params": json.dumps(params), "as_json": True}
    call_command("backtest", candles=file, stdout=out, **(defaults | options))
    report: dict[str, Any] = json.loads(out.getvalue())
    return report


def test_the_answer_has_the_agreed_form(file: Path) -> None:
    report = run(file)
    assert {"trades", "final_equity", "metrics", "candles_per_second"} <= set(report)
    assert len(report["trades"]) > 10
    assert set(report["trades"][0]) == {
        "entry_ts", "exit_ts", "side", "entry_price", "exit_price", "quantity", "fee", "pnl", "reason",
    }  # fmt: skip
    assert report["candles_per_second"] > 0
    assert report["metrics"]["trades"] == len(report["trades"])


def test_profit_and_loss_add_up_to_the_final_equity(file: Path) -> None:
    report = run(file)
    held = report["open_positions"]
    entry_fees = sum(position["quantity"] * position["entry_price"] * 0.001 for position in held)
    unrealized = sum(position["unrealized_pnl"] for position in held) - entry_fees
    total = sum(trade["pnl"] for trade in report["trades"]) + unrealized
    assert report["final_equity"] == pytest.approx(10_000 + total)


def test_a_span_and_a_coarser_timeframe_can_be_chosen(file: Path) -> None:
    report = run(file, timeframe="4h", start="2025-01-10", end="2025-01-20T12:00")
    ends = [trade["exit_ts"] for trade in report["trades"]]
    assert report["metrics"]["returns"] == 10.5 * 6
    assert all(ts % (4 * HOUR_MS) == 0 for ts in ends)


def test_units_are_traded_as_given(file: Path) -> None:
    assert {trade["quantity"] for trade in run(file, size="units:1")["trades"]} == {1.0}


def test_people_get_text(file: Path) -> None:
    out = StringIO()
    call_command("backtest", strategy="trend_following", candles=file, timeframe="1h", stdout=out)
    assert "final equity" in out.getvalue()


def test_the_report_is_one_page_that_needs_nothing_else(file: Path, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    answer = run(file, report=page)
    text = page.read_text()
    assert len(re.findall(r"Plotly\.newPlot\(", text)) == 2
    assert not re.search(r"""<(?:script|link|img)[^>]+(?:src|href)=["']?http""", text)
    for name, shown in (
        ("statistics", f"{answer['metrics']['total_return']:.2%}"),
        ("parameters", '<td class="n">sma</td>'),
        ("assumptions", "fraction:1"),
        ("trades", f"<td>{answer['trades'][0]['reason']}</td>"),
    ):
        table = text.split(f'id="{name}"')[1].split("</table>")[0]
        assert shown in table, name
    assert text.count("<td>long</td>") + text.count("<td>short</td>") == len(answer["trades"])
    assert "candlestick" in text
    assert "var(--" not in text.split("Plotly.newPlot(")[1]


def test_a_long_curve_is_thinned_without_losing_its_extremes() -> None:
    curve = np.cumsum(np.random.default_rng(1).normal(0, 1, 30_000))
    kept = thinned(curve)
    assert kept.size <= 4 * SLICES
    assert {0, curve.size - 1, int(curve.argmin()), int(curve.argmax())} <= set(kept.tolist())


def test_a_report_that_cannot_be_written_is_a_sentence(file: Path, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="can be written"):
        run(file, report=tmp_path / "nowhere" / "report.html")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"strategy": "luck"}, "there is no strategy 'luck'"),
        ({"params": "{fast: 3}"}, "JSON object"),
        ({"params": "[1]"}, "JSON object"),
        ({"params": '{"fast": 90}'}, "fast below slow"),
        ({"timeframe": "1m"}, "multiple of"),
        ({"timeframe": "hour"}, "such as 4h"),
        ({"start": "soon"}, "Write dates"),
        ({"start": "2030-01-01"}, "no candle"),
        ({"size": "some"}, "kind:amount"),
        ({"cash": -5.0}, "positive cash"),
        ({"fill": "last"}, "next_open"),
    ],
)
def test_mistakes_are_named_in_a_sentence(file: Path, options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence):
        run(file, **options)


def test_a_file_that_was_not_fetched_whole_is_named(tmp_path: Path) -> None:
    path = tmp_path / "cut.csv.gz"
    path.write_bytes(gzip.compress(b"ts,open,high,low,close,volume\n0,1,1,1,1,1\n")[:-9])
    with pytest.raises(CommandError, match="end early or are damaged"):
        run(path)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("time,open\n1,2\n", "Name the columns"),
        (f"ts,open,high,low,close,volume\n{START_MS},1,1,1,1,x\n", "1 of the 1 rows of it are no candles"),
        (
            f"ts,open,high,low,close,volume\n{START_MS},1,2,1,1,5\n{START_MS + 60_000},1,0.5,1,1,5\n",
            "line 3 .high below",
        ),
    ],
)
def test_a_broken_file_is_named(tmp_path: Path, text: str, sentence: str) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(text)
    with pytest.raises(CommandError, match=sentence):
        run(path)
    with pytest.raises(CommandError, match="readable file"):
        run(tmp_path / "missing.csv")
