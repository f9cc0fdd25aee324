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
from markets.services import continue_simulated
from tests.markets.candle_files import lines, text, walk
from tests.shared_data import MADE, RECORDED, recording

pytestmark = pytest.mark.django_db
HOUR = 3_600_000
MIDNIGHT = 1_735_689_600_000  # of 1 January 2025
HEADER = "ts,open,high,low,close,volume"
Write = Callable[..., Path]


def row(
    hour: int, *, open: str = "10.5", high: str = "12", low: str = "9", close: str = "11.25", volume: str = "3"
) -> str:
    return f"{MIDNIGHT + hour * HOUR},{open},{high},{low},{close},{volume}"


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(*rows: str, header: str = HEADER, name: str = "candles.csv") -> Path:
        file = tmp_path / name
        text = "\n".join((header, *rows)) + "\n"
        file.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
        return file

    return write


def run(file: Path, *, timeframe: str = "1h", symbol: str = "BTC/USDT", skip_bad: float = 0.0) -> ImportReport:
    return import_candles(file=file, venue="binance", symbol=symbol, timeframe=timeframe, skip_bad=skip_bad)


@pytest.mark.parametrize("name", ["candles.csv", "candles.csv.gz"])
def test_a_good_file_is_stored(write: Write, name: str) -> None:
    report = run(write(row(1), row(2), row(3), name=name))
    assert (report.rows, report.accepted, report.written, report.bad, report.gaps) == (3, 3, 3, 0, 0)
    stored = load_candles(instrument_id=Instrument.objects.get().pk, timeframe="1h")
    assert stored.ts.tolist() == [MIDNIGHT + HOUR, MIDNIGHT + 2 * HOUR, MIDNIGHT + 3 * HOUR]
    assert (stored.open[0], stored.high[0], stored.low[0], stored.close[0], stored.volume[0]) == (10.5, 12, 9, 11.25, 3)


def test_columns_may_stand_in_any_order(write: Write) -> None:
    run(write(f"3,11,9,12,10,{MIDNIGHT}", header="volume,close,low,high,open,ts"))
    stored = load_candles(instrument_id=Instrument.objects.get().pk, timeframe="1h")
    assert (stored.ts[0], stored.open[0], stored.close[0], stored.volume[0]) == (MIDNIGHT, 10, 11, 3)


def test_importing_again_writes_nothing_and_a_corrected_bar_once(write: Write) -> None:
    file = write(row(1), row(2))
    assert run(file).instrument_created
    again = run(file)
    assert (again.written, again.instrument_created) == (0, False)
    assert run(write(row(1), row(2, close="11.5"), row(3))).written == 2


def test_missing_bars_are_reported_and_not_filled(write: Write) -> None:
    report = run(write(row(1), row(2), row(5), row(6), row(8)))
    assert (report.gaps, report.missing) == (2, 3)
    assert report.first_gaps[0].since == datetime(2025, 1, 1, 3, tzinfo=UTC)
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
    f"{MIDNIGHT + 3 * HOUR + 1},10,12,9,11,3": "opening time not on the timeframe's grid",
    f"{MIDNIGHT + 3 * HOUR}.5,10,12,9,11,3": "opening time not a whole number of milliseconds",
    f"{MIDNIGHT + 8_000 * HOUR},10,12,9,11,3": "not closed yet",
    "ten,10,12,9,11,3": "time outside 2009 to 2026 in every unit, and not ISO 8601",
    f"{MIDNIGHT + 3 * HOUR},10,12,9,eleven,3": "not six numbers",
    f"{MIDNIGHT + 3 * HOUR},10,,9,11,3": "empty columns",
    f"{MIDNIGHT + 3 * HOUR},10,12,9": "too few columns",
    row(3, open="1e-20", low="1e-20"): "price outside 1e-18 to 1e20",
    row(3, high="1e20"): "price outside 1e-18 to 1e20",
    row(3, volume="1e30"): "volume beyond 1e30",
}
AUTUMN = datetime(2025, 10, 1, tzinfo=UTC)


@pytest.mark.parametrize(("line", "reason"), BAD.items())
def test_one_bad_row_refuses_the_file_and_is_named(write: Write, line: str, reason: str) -> None:
    file = write(row(1), row(2), line, row(4))
    with clock.at(AUTUMN), pytest.raises(BadRowsError, match="line 4") as refusal:
        run(file)
    assert [(bad.line, bad.reason) for bad in refusal.value.report.first_bad] == [(4, reason)]
    assert not Candle.objects.exists()
    assert not Instrument.objects.exists()
    with clock.at(AUTUMN), pytest.raises(BadRowsError):
        run(file, skip_bad=0.2499)
    with clock.at(AUTUMN):
        report = run(file, skip_bad=0.25)
    assert (report.rows, report.accepted, report.bad, report.bad_by_reason) == (4, 3, 1, {reason: 1})


@pytest.mark.parametrize(
    ("header", "rows", "sentence"),
    [
        ("time,opened,high,low,close,volume", [row(1)], "Name the columns .* open not found"),
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
    for file, sentence in ((tmp_path / "nowhere.csv", "readable file"), (broken, "six columns")):
        with pytest.raises(InvalidInputError, match=sentence):
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
    assert report["first_gaps"] == [{"since": "2025-01-01T03:00:00+00:00", "bars": 2}]


def test_the_command_names_bad_rows_and_fails(write: Write) -> None:
    file, out = write(row(1), row(1)), StringIO()
    arguments = ["import_candles", str(file), "--venue", "binance", "--symbol", "BTC/USDT", "--timeframe", "1h"]
    with pytest.raises(BadRowsError, match="line 3"):
        call_command(*arguments, stdout=out)
    assert "line 3: duplicate of an earlier row" in out.getvalue()
    with pytest.raises(CommandError):
        call_command(*arguments[:-1], "7h")
    with pytest.raises(BadRowsError, match="1 of the 2 rows"):
        call_command(*arguments, "--skip-bad", stdout=out)
    for much in ("-1", "101", "nan", "all"):
        with pytest.raises(CommandError, match="percentage between 0 and 100"):
            call_command(*arguments, "--skip-bad", much)
    call_command(*arguments, "--skip-bad", "50", stdout=out)
    assert Candle.objects.count() == 1


def minutes_with_gaps(tmp_path: Path) -> Path:
    """A minute series with 700 of 3,000 minutes missing."""
    bars = walk(3_000, step_ms=60_000)
    file = tmp_path / "minutes.csv.gz"
    file.write_bytes(gzip.compress(text(lines([*bars[:900], *bars[1_500:2_000], *bars[2_100:]])).encode()))
    return file


@pytest.mark.parametrize(
    ("source", "expected"), [(MADE, (2_300, 2_300, 0, 700)), (RECORDED, (56_717, 56_717, 0, 72_883))]
)
def test_the_honest_gaps_of_a_series_are_counted(source: str, expected: tuple[int, ...], tmp_path: Path) -> None:
    file = minutes_with_gaps(tmp_path) if source == MADE else recording("candles/kraken_BTCUSDC_1m.csv.gz")
    report = import_candles(file=file, venue="kraken", symbol="BTC/USDC", timeframe="1m")
    assert (report.rows, report.written, report.bad, report.missing) == expected


@pytest.mark.parametrize(("source", "written"), [(MADE, 5_000), (RECORDED, 33_259)])
def test_a_series_without_gaps_has_none(source: str, written: int, tmp_path: Path) -> None:
    file = tmp_path / "hours.csv"
    file.write_text(text(lines(walk(5_000, start_ms=MIDNIGHT - 5_000 * HOUR))))
    file = file if source == MADE else recording("candles/bitstamp_BTCUSD_1h.csv.gz")
    report = import_candles(file=file, venue="bitstamp", symbol="BTC/USD", timeframe="1h")
    assert (report.written, report.bad, report.gaps) == (written, 0, 0)


def test_the_simulators_market_is_not_imported_over(write: Write) -> None:
    file = write(row(1), row(2))
    with pytest.raises(InvalidInputError, match="market simulator's own"):
        import_candles(file=file, venue="simulated", symbol="BTC/USDT", timeframe="1h")
    history = [row(hour) for hour in range(40)]
    run(write(*history))
    with clock.at(datetime(2025, 1, 5, 6, tzinfo=UTC)):
        continue_simulated(venue="binance")
    assert run(write(*history)).written == 0
    with pytest.raises(InvalidInputError, match="before 2025-01-05 00:00 UTC"):
        run(write(row(95), row(96)))
    assert run(write(*history), symbol="ETH/USDT").written == 40


@pytest.mark.parametrize(
    ("venue", "symbol"),
    [("v" * 41, "BTC/USDT"), ("", "BTC/USDT"), ("bin\0ance", "BTC/USDT"), ("binance", "B" * 21 + "/USDT"),
     ("binance", "BTC/" + "U" * 21), ("binance", "B" * 20 + "/" + "U" * 20), ("binance", "BTC/USDT/X")],
)  # fmt: skip
def test_names_that_no_column_holds_are_a_sentence(write: Write, venue: str, symbol: str) -> None:
    with pytest.raises(InvalidInputError, match=r"characters|BASE/QUOTE") as refusal:
        import_candles(file=write(row(1)), venue=venue, symbol=symbol, timeframe="1h")
    assert (refusal.value.status, len(str(refusal.value)) < 200) == (422, True)


@pytest.mark.parametrize(
    ("closes", "volume", "tick", "lot"),
    [
        (("0.0000000004567000", "0.0000000004567890"), "70.848", "1e-15", "0.001"),
        (("0.000000000000012345", "0.00000000000001"), "1000000", "1e-18", "1"),
        (("0.30000000000000004", "0.1"), "5", "0.1", "1"),
        (("65000.5", "64000"), "1.0", "0.1", "0.00001"),
        (("93000000", "93100000"), "0.25", "1", "0.00000001"),
    ],
)
def test_steps_have_no_floor(write: Write, closes: tuple[str, ...], volume: str, tick: str, lot: str) -> None:
    rows = [
        row(hour, open=close, high=close, low=close, close=close, volume=volume) for hour, close in enumerate(closes)
    ]
    report = run(write(*rows))
    assert (report.tick_size, report.lot_size) == (Decimal(tick), Decimal(lot))


def test_a_lot_is_worth_cents_in_a_dear_quote_asset_too(write: Write) -> None:
    report = run(write(row(1, open="0.05", high="0.05", low="0.05", close="0.05")), symbol="ETH/BTC")
    assert report.lot_size == Decimal("0.0001")
