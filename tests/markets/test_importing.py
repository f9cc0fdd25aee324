"""Candle files are imported whole or not at all, and what is wrong or missing in them is said by line and by time."""

import gzip
import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from kit import clock
from kit.errors import InvalidInputError
from markets.candles.importing import BadRowsError, ImportReport, import_candles
from markets.candles.reading import load_candles
from markets.models import Candle, Instrument
from tests.shared_data import recording

pytestmark = pytest.mark.django_db
HOUR = 3_600_000
HEADER = "ts,open,high,low,close,volume"
Write = Callable[..., Path]


def row(
    hour: int, *, open: str = "10.5", high: str = "12", low: str = "9", close: str = "11.25", volume: str = "3"
) -> str:
    return f"{hour * HOUR},{open},{high},{low},{close},{volume}"


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(*rows: str, header: str = HEADER, name: str = "candles.csv") -> Path:
        file = tmp_path / name
        text = "\n".join((header, *rows)) + "\n"
        file.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
        return file

    return write


def run(file: Path, *, timeframe: str = "1h", symbol: str = "BTC/USDT", skip_bad: bool = False) -> ImportReport:
    return import_candles(file=file, venue="binance", symbol=symbol, timeframe=timeframe, skip_bad=skip_bad)


@pytest.mark.parametrize("name", ["candles.csv", "candles.csv.gz"])
def test_a_good_file_is_stored(write: Write, name: str) -> None:
    report = run(write(row(1), row(2), row(3), name=name))
    assert (report.rows, report.accepted, report.written, report.bad, report.gaps) == (3, 3, 3, 0, 0)
    stored = load_candles(instrument_id=Instrument.objects.get().pk, timeframe="1h")
    assert stored.ts.tolist() == [HOUR, 2 * HOUR, 3 * HOUR]
    assert (stored.open[0], stored.high[0], stored.low[0], stored.close[0], stored.volume[0]) == (10.5, 12, 9, 11.25, 3)


def test_columns_may_stand_in_any_order(write: Write) -> None:
    run(write("3,11,9,12,10,3600000", header="volume,close,low,high,open,ts"))
    stored = load_candles(instrument_id=Instrument.objects.get().pk, timeframe="1h")
    assert (stored.ts[0], stored.open[0], stored.close[0], stored.volume[0]) == (HOUR, 10, 11, 3)


def test_importing_again_writes_nothing_and_a_corrected_bar_once(write: Write) -> None:
    file = write(row(1), row(2))
    assert run(file).instrument_created
    again = run(file)
    assert (again.written, again.instrument_created) == (0, False)
    assert run(write(row(1), row(2, close="11.5"), row(3))).written == 2


def test_missing_bars_are_reported_and_not_filled(write: Write) -> None:
    report = run(write(row(1), row(2), row(5), row(6), row(8)))
    assert (report.gaps, report.missing) == (2, 3)
    assert report.first_gaps[0].since == datetime(1970, 1, 1, 3, tzinfo=UTC)
    assert report.first_gaps[0].bars == 2
    assert Candle.objects.count() == 5


BAD = {
    row(3, high="11"): "high below open, low or close",
    row(3, low="11"): "low above open, high or close",
    row(3, close="-1", low="-2"): "price not positive",
    row(3, volume="-1"): "volume negative",
    row(3, close="nan"): "not finite",
    row(3, open="inf"): "not finite",
    row(2): "duplicate of an earlier row",
    row(0): "out of order",
    f"{3 * HOUR + 1},10,12,9,11,3": "opening time not on the timeframe's grid",
    f"{3 * HOUR}.5,10,12,9,11,3": "opening time not a whole number of milliseconds",
    "4000000000000000,10,12,9,11,3": "opening time not on the timeframe's grid",
    f"{10**6 * HOUR},10,12,9,11,3": "not closed yet",
    "ten,10,12,9,11,3": "not six numbers",
    f"{3 * HOUR},10,12,9": "not six numbers",
    "": "not six numbers",
}


@pytest.mark.parametrize(("line", "reason"), BAD.items())
def test_one_bad_row_refuses_the_file_and_is_named(write: Write, line: str, reason: str) -> None:
    file = write(row(1), row(2), line, row(4))
    with pytest.raises(BadRowsError, match="line 4") as refusal:
        run(file)
    assert [(bad.line, bad.reason) for bad in refusal.value.report.first_bad] == [(4, reason)]
    assert not Candle.objects.exists()
    assert not Instrument.objects.exists()
    report = run(file, skip_bad=True)
    assert (report.rows, report.accepted, report.bad, report.bad_by_reason) == (4, 3, 1, {reason: 1})


@pytest.mark.parametrize(
    ("header", "rows", "sentence"),
    [
        ("time,open,high,low,close,volume", [row(1)], "Name the columns"),
        (HEADER, [], "at least one candle"),
        (HEADER, [row(hour) for hour in range(0, 40, 4)], "bars are 4h apart"),
    ],
)
def test_what_is_no_candle_file_is_refused(write: Write, header: str, rows: list[str], sentence: str) -> None:
    with pytest.raises(InvalidInputError, match=sentence):
        run(write(*rows, header=header))


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    broken = tmp_path / "broken.csv.gz"
    broken.write_bytes(b"no gzip")
    for file in (tmp_path / "nowhere.csv", broken):
        with pytest.raises(InvalidInputError, match="readable CSV"):
            run(file)


def test_a_symbol_is_base_and_quote(write: Write) -> None:
    with pytest.raises(InvalidInputError, match="BASE/QUOTE"):
        run(write(row(1)), symbol="BTCUSDT")


def test_steps_of_a_new_instrument_come_from_the_datas_decimals(write: Write) -> None:
    report = run(write(row(1, close="11.125", volume="0.0005"), row(2)))
    assert (report.tick_size, report.lot_size) == (Decimal("0.001"), Decimal("0.0001"))


def test_volumes_that_are_fillers_do_not_make_the_lot(write: Write) -> None:
    report = run(write(row(1, open="40000", high="41000", low="39000", close="40500", volume="1.0")))
    assert report.lot_size == Decimal("0.00001")


def test_the_command_reports_for_people_and_for_programs(write: Write) -> None:
    file, out = write(row(1), row(2), row(5)), StringIO()
    arguments = ["import_candles", str(file), "--venue", "binance", "--symbol", "BTC/USDT", "--timeframe", "1h"]
    call_command(*arguments, stdout=out)
    assert "3 rows, 3 accepted, 3 new or corrected" in out.getvalue()
    assert "gaps: 1 with 2 missing bars" in out.getvalue()
    assert "guessed from the data's decimals" in out.getvalue()
    out = StringIO()
    call_command(*arguments, "--json", stdout=out)
    report = json.loads(out.getvalue())
    assert (report["rows"], report["written"], report["missing"]) == (3, 0, 2)
    assert report["first_gaps"] == [{"since": "1970-01-01T03:00:00+00:00", "bars": 2}]


def test_the_command_names_bad_rows_and_fails(write: Write) -> None:
    file, out = write(row(1), row(1)), StringIO()
    arguments = ["import_candles", str(file), "--venue", "binance", "--symbol", "BTC/USDT", "--timeframe", "1h"]
    with pytest.raises(BadRowsError, match="line 3"):
        call_command(*arguments, stdout=out)
    assert "line 3: duplicate of an earlier row" in out.getvalue()
    with pytest.raises(CommandError):
        call_command(*arguments[:-1], "7h")


def test_the_honest_gaps_of_a_real_recording_are_counted() -> None:
    report = import_candles(
        file=recording("candles/kraken_BTCUSDC_1m.csv.gz"), venue="kraken", symbol="BTC/USDC", timeframe="1m"
    )
    assert (report.rows, report.written, report.bad, report.missing) == (56_717, 56_717, 0, 72_883)


def test_a_real_recording_without_gaps_has_none() -> None:
    with clock.at(datetime(2022, 4, 1, tzinfo=UTC)):
        report = import_candles(
            file=recording("candles/bitstamp_BTCUSD_1h.csv.gz"), venue="bitstamp", symbol="BTC/USD", timeframe="1h"
        )
    assert (report.written, report.bad, report.gaps) == (33_259, 0, 0)
