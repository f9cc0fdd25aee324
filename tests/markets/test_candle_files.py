"""Candle files as people have them are read rightly or refused in one sentence, by every command that takes them."""

import csv
import gzip
import json
import re
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from kit import clock
from kit.errors import InvalidInputError
from markets.candles.files import CandleFile, read_file
from markets.candles.importing import BadRowsError, import_candles
from markets.candles.reading import load_candles
from markets.models import Candle, Instrument
from quant.candles import Candles
from tests.markets import candle_files
from tests.markets.candle_files import HEADER, HOUR_MS, START_MS, lines, text, walk
from tests.shared_data import MADE, RECORDED, recording

HEADER_NAMES = HEADER.split(",")
# Written down in other words, the bars are those of the file that has only its names in capitals.
SAME = (
    "vision_ms", "vision_us", "ms_then_us", "ms_then_us_late", "us_header", "ns", "seconds_1h", "ts_float",
    "kraken_trades_ohlc_seconds", "newest_first", "cdd_newest_first", "comment_line", "capital_names", "quoted",
    "semicolon", "tab", "bom_crlf", "cr_only", "iso_dates", "header_again", "close_time", "scientific",
    "BTCUSDT-1h-2025-01.zip",
)  # fmt: skip
BAD = {"zero_bars": "price not positive", "nulls": "empty columns", "nan": "not finite"}
OTHERS = {
    "seconds_1d": "1d", "seconds_1m": "1m", "ms_1m": "1m", "thousands": "1h", "dst_gap": "1h", "tiny_price_16dp": "1h",
    "gate_BTCUSDT_4h": "4h", "gate_1000PEPEUSDT_4h": "4h", "gate_SATSUSDT_4h": "4h", "gate_BABYDOGEUSDT_4h": "4h",
}  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cases")
    candle_files.make(folder)
    return folder


@pytest.fixture(params=[MADE, RECORDED])
def cases(request: pytest.FixtureRequest, made: Path) -> Path:
    """The folder of all cases: ours, and the recorded ones where they are."""
    return made if request.param == MADE else recording("cases")


def case(folder: Path, name: str) -> Path:
    return folder / (name if name.endswith(".zip") else f"{name}.csv.gz")


def plain(file: Path) -> dict[str, list[float]]:
    """The columns of a plain file, by nothing but the standard library."""
    with gzip.open(file, "rt", encoding="utf-8-sig") as stream:
        rows = [[float(cell) for cell in row] for row in list(csv.reader(stream))[1:]]
    return dict(zip(HEADER_NAMES, map(list, zip(*rows, strict=True)), strict=True))


def columns(candles: Candles) -> dict[str, list[float]]:
    return {name: getattr(candles, name).tolist() for name in HEADER_NAMES}


def backtest(file: Path, timeframe: str, **options: Any) -> dict[str, Any]:
    out = StringIO()
    params = json.dumps({"ma": "sma", "fast": 5, "slow": 20, "adx_min": 0, "trail_atr": 0, "direction": "both"})
    call_command(
        "backtest", strategy="trend_following", candles=file, timeframe=timeframe, params=params, as_json=True,
        stdout=out, **options,
    )  # fmt: skip
    report: dict[str, Any] = json.loads(out.getvalue())
    return report


def imported(file: Path, timeframe: str = "1h", **options: Any) -> Candles:
    import_candles(file=file, venue="gate", symbol="XYZ/USDT", timeframe=timeframe, **options)
    return load_candles(instrument_id=Instrument.objects.get().pk, timeframe=timeframe)


def test_every_recorded_case_is_named_here() -> None:
    known = {*SAME, *BAD, *OTHERS, "offset_30min", "last_unfinished"}
    found = {re.sub(r"\.csv\.gz$", "", file.name) for file in recording("cases").iterdir()} - {"README.md"}
    assert found == known


@pytest.mark.django_db
@pytest.mark.parametrize("name", SAME)
def test_the_same_bars_in_other_words_are_the_same_bars(cases: Path, name: str) -> None:
    expected = plain(case(cases, "capital_names"))
    assert columns(read_file(case(cases, name)).candles) == expected
    assert columns(imported(case(cases, name))) == expected
    answer, reference = backtest(case(cases, name), "1h"), backtest(case(cases, "capital_names"), "1h")
    for report in (answer, reference):
        report.pop("candles_per_second")
        report.pop("notes")
    assert answer == reference
    assert len(answer["trades"]) > 3


@pytest.mark.django_db
@pytest.mark.parametrize(("name", "timeframe"), OTHERS.items())
def test_every_other_good_file_is_stored_as_it_is_written(cases: Path, name: str, timeframe: str) -> None:
    stored = imported(case(cases, name), timeframe)
    years = {datetime.fromtimestamp(ts / 1000, UTC).year for ts in stored.ts.tolist()}
    assert years <= {2023, 2024, 2025}
    assert len(stored) == backtest(case(cases, name), timeframe)["metrics"]["returns"]
    if name.startswith(("gate", "tiny", "dst")):
        assert columns(stored) == plain(case(cases, name))


def test_seconds_and_milliseconds_give_equal_results(cases: Path) -> None:
    reports = [backtest(case(cases, name), "1h") for name in ("seconds_1m", "ms_1m")]
    for report in reports:
        report.pop("candles_per_second")
    assert reports[0] == reports[1]


def test_thousands_between_digits_are_numbers(cases: Path) -> None:
    read = read_file(case(cases, "thousands")).candles
    expected = plain(case(cases, "capital_names"))
    assert read.close == pytest.approx(np.array(expected["close"]) * 1000)
    assert read.volume.tolist() == expected["volume"]


@pytest.mark.django_db
@pytest.mark.parametrize(("name", "reason"), BAD.items())
def test_bad_rows_are_named_by_line_and_not_left_out_in_silence(cases: Path, name: str, reason: str) -> None:
    file = case(cases, name)
    sentence = re.escape(f"12 of the 600 rows of {file.name}, the first in line 2 ({reason})")
    for skip in (0.0, 0.01, 0.0199):
        with pytest.raises(BadRowsError, match=sentence):
            imported(file, skip_bad=skip)
        with pytest.raises(CommandError, match=sentence):
            backtest(file, "1h", skip_bad=skip)
    assert not Candle.objects.exists()
    assert not Instrument.objects.exists()
    report = import_candles(file=file, venue="gate", symbol="XYZ/USDT", timeframe="1h", skip_bad=0.02)
    assert (report.rows, report.accepted, report.bad, report.missing) == (600, 588, 12, 11)
    assert [row.line for row in report.first_bad] == list(range(2, 602, 50))
    assert "Left out line 2" in backtest(file, "1h", skip_bad=0.02)["notes"][0]


@pytest.mark.django_db
def test_bars_off_the_grid_are_refused_with_the_way_out(cases: Path) -> None:
    file = case(cases, "offset_30min")
    sentence = "in UTC, or put its bars together from shorter ones.* open 30 minutes later"
    with pytest.raises(InvalidInputError, match=sentence):
        imported(file, skip_bad=1.0)
    with pytest.raises(CommandError, match=sentence):
        backtest(file, "1h", skip_bad=1.0)
    assert not Instrument.objects.exists()


def test_missing_hours_are_reported(cases: Path) -> None:
    gaps = read_file(case(cases, "dst_gap")).candles.gaps()
    assert gaps[:, 1].tolist() == [3]


@pytest.mark.parametrize("source", [MADE, RECORDED])
def test_a_last_bar_that_is_not_over_is_left_out_and_said(source: str, tmp_path: Path) -> None:
    if source == RECORDED:
        file = recording("cases/last_unfinished.csv.gz")
    else:
        file = tmp_path / "last_unfinished.csv"
        file.write_text(text(lines(walk(200))))
    with clock.at(datetime(2026, 12, 1, tzinfo=UTC)):
        whole = read_file(file)
    last = datetime.fromtimestamp(int(whole.candles.ts[-1]) / 1000, UTC)
    with clock.at(last + timedelta(minutes=59)):
        read = read_file(file)
    assert (len(whole.candles), len(read.candles), read.bad) == (200, 199, ())
    assert read.notes == ("The last bar, in line 201, was left out: it is not over yet.",)
    with clock.at(last - timedelta(minutes=90)):  # bars that have not even begun are no accident
        assert [row.reason for row in read_file(file).bad] == ["not closed yet"] * 3


def test_what_was_repaired_is_said(cases: Path) -> None:
    said = {name: " ".join(read_file(case(cases, name)).notes) for name in SAME}
    assert "newest bar came first" in said.pop("newest_first")
    assert "newest bar came first" in said.pop("cdd_newest_first")
    assert "bars close" in said.pop("close_time")
    assert "1 repeated header" in said.pop("header_again")
    assert set(said.values()) == {""}


# --- what is not among the cases -----------------------------------------------------------------------------------


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Path]:
    return tmp_path / "candles.csv"


def read(file: Path, content: str | bytes) -> CandleFile:
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_file(file)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
def test_an_encoding_is_known_by_its_bytes(file: Path, encoding: str) -> None:
    content = ("# Währung: €\n" + text(lines(walk(20)))).encode(encoding)
    assert len(read(file, content).candles) == 20


@pytest.mark.parametrize("comma", ["100,5;101,25;99,5;100,75;3,125", "1.100,5;1.101,25;1.099,5;1.100,75;3"])
def test_decimal_commas_are_read_where_they_are_certain(file: Path, comma: str) -> None:
    found = read(file, f"{HEADER.replace(',', ';')}\n{START_MS};{comma}\n")
    assert found.candles.open[0] in (100.5, 1100.5)
    assert found.candles.close[0] in (100.75, 1100.75)


def test_numbers_that_can_be_read_in_two_ways_are_refused(file: Path) -> None:
    with pytest.raises(InvalidInputError, match="1,234 can be read in two ways"):
        read(file, f"{HEADER.replace(',', ';')}\n{START_MS};1,234;1,235;1,233;1,234;5\n")


def test_nanoseconds_are_told_apart_from_the_end_of_a_bar(file: Path) -> None:
    bars = lines(walk(20), stamp=lambda bar: f"{(bar.ts + HOUR_MS) * 1_000_000 - 1}")
    found = read(file, text(bars))
    assert found.candles.ts.tolist() == [bar.ts for bar in walk(20)]
    assert "bars close" in found.notes[0]


@pytest.mark.parametrize(
    "stamp", ["2024-12-24T00:00:00Z", "2024-12-24T01:00:00+01:00", "2024-12-24 00:00:00 UTC", "2024/12/24 00:00",
              "2024.12.24 00:00", "2024-12-24", "20241224"],
)  # fmt: skip
def test_dates_are_read_year_first(file: Path, stamp: str) -> None:
    assert read(file, f"{HEADER}\n{stamp},1,1,1,1,1\n").candles.ts.tolist() == [START_MS]


@pytest.mark.parametrize("stamp", ["12/24/2024 00:00", "24.12.2024", "1230767999", "0", "1e30", "nan", "1969-01-01"])
def test_a_time_that_is_none_is_never_taken_for_one(file: Path, stamp: str) -> None:
    found = read(file, f"{text(lines(walk(20)))}{stamp},1,1,1,1,1\n")
    assert (len(found.candles), [row.line for row in found.bad]) == (20, [22])
    assert found.bad[0].reason.startswith("time outside 2009 to ")


@pytest.mark.parametrize(
    ("header", "fits"),
    [
        ("time,low,high,open,close,volume", False),
        ("Date,Close,Open,High,Low,Volume", False),
        ("open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy,taker_quote,ignore", True),
        ("<TS>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>", True),
        ("unix;open;high;low;close;Volume USDT;Volume BTC", True),
    ],
)
def test_columns_are_taken_by_their_names(file: Path, header: str, fits: bool) -> None:
    names = re.split("[,;]", header.lower())
    cells = dict.fromkeys(names, "77") | {"high": "12", "low": "9", "open": "10", "close": "11"}
    cells |= {"<high>": "12", "<low>": "9", "<open>": "10", "<close>": "11", names[0]: str(START_MS)}
    cells |= {"volume": "5", "<vol>": "5", "volume btc": "5"}
    delimiter = ";" if ";" in header else ","
    found = read(file, f"{header}\n{delimiter.join(cells[name] for name in names)}\n").candles
    assert [found.open[0], found.high[0], found.low[0], found.close[0], found.volume[0]] == [10, 12, 9, 11, 5]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (HEADER, "at least one candle"),
        ("", "six columns"),
        ("time,open\n1,2\n", "high, low, close, volume not found"),
        ("when,a,b,x,d,e\n1734998400,1,1,1,1,1\n", "ts, open, high, low, close, volume not found"),
        ("1734998400,1,1,1,1,1,1,1\n", "names its 8 columns"),
        ("<html><body>Not found</body></html>", "six columns"),
        (b"PAR1\x15\x04", "Parquet"),
        (b"\x00\x01\x02\x03", "binary"),
        (b"PK\x03\x04nothing", "damaged"),
        (b"\x1f\x8bnothing", "damaged"),
    ],
)
def test_what_is_no_candle_file_is_refused_in_a_sentence(file: Path, content: str | bytes, sentence: str) -> None:
    with pytest.raises(InvalidInputError, match=sentence) as refusal:
        read(file, content)
    assert "\n" not in str(refusal.value)


def test_an_archive_of_several_files_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "both.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("a.csv", "b.csv"):
            archive.writestr(name, text(lines(walk(3))))
    with pytest.raises(InvalidInputError, match=r"it holds a\.csv, b\.csv"):
        read_file(path)


def test_a_file_is_what_it_holds_and_not_what_it_is_called(tmp_path: Path) -> None:
    path = tmp_path / "candles.csv.gz"
    path.write_text(text(lines(walk(3))))
    assert len(read_file(path).candles) == 3
