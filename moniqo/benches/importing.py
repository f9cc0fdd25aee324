"""How fast candles are imported, beside what PostgreSQL alone does with the same rows in the same run."""

import tempfile
import time
from pathlib import Path
from typing import Any, Final

import numpy as np
from django.db import connection, transaction

from markets.candles import copying
from markets.candles.importing import import_candles
from markets.candles.reading import load_candles
from markets.models import Candle, Instrument
from quant.candles import MINUTE_MS, Candles

ROWS: Final = 500_000
_VENUE: Final = "bench"
_START_MS: Final = 1_577_836_800_000  # 1 January 2020


def bench_import(*, rows: int = ROWS) -> dict[str, Any]:
    """Import a file of `rows` minutes from disk, load it again, and COPY the same rows into a bare table.

    Figures are rows per second; `reference` is the plain COPY into a table without index, check or comparison, the most
    that the server could do. Everything it made is removed.
    """
    candles = _made_up(rows)
    try:
        with tempfile.TemporaryDirectory() as directory:
            file = Path(directory) / "bench.csv"
            _write_csv(file, candles)
            report = import_candles(file=file, venue=_VENUE, symbol="BENCH/USDT", timeframe="1m")
            again = import_candles(file=file, venue=_VENUE, symbol="BENCH/USDT", timeframe="1m")
        instrument = Instrument.objects.get(venue=_VENUE, symbol="BENCH/USDT")
        started = time.perf_counter()
        loaded = load_candles(instrument_id=instrument.pk, timeframe="1m")
        loading = time.perf_counter() - started
        return {
            "rows": rows,
            "import_rows_per_second": report.rows_per_second,
            "import_again_rows_per_second": again.rows_per_second,
            "load_rows_per_second": int(len(loaded) / loading),
            "reference_copy_rows_per_second": _plain_copy(candles),
        }
    finally:
        Candle.objects.filter(instrument__venue=_VENUE).delete()
        Instrument.objects.filter(venue=_VENUE).delete()


def _made_up(rows: int) -> Candles:
    generator = np.random.default_rng(20_261_121)
    close = np.round(30_000 * np.exp(np.cumsum(generator.normal(0, 0.0005, rows))), 2)
    open_ = np.concatenate((close[:1], close[:-1]))
    high, low = np.maximum(open_, close) + 1, np.minimum(open_, close) - 1
    return Candles(
        _START_MS + np.arange(rows, dtype=np.int64) * MINUTE_MS,
        open_,
        high,
        low,
        close,
        np.round(generator.random(rows) * 10, 6),
    )


def _write_csv(file: Path, candles: Candles) -> None:
    columns = [getattr(candles, name).tolist() for name in copying.COLUMNS]
    rows = zip(*columns, strict=True)
    with file.open("w") as out:
        out.write(",".join(copying.COLUMNS) + "\n")
        out.writelines(f"{ts},{o:.2f},{h:.2f},{low:.2f},{c:.2f},{v:.6f}\n" for ts, o, h, low, c, v in rows)


def _plain_copy(candles: Candles) -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(copying.STAGE)
        started = time.perf_counter()
        copying.send(cursor, "candle_stage", copying.encode(candles, instrument_id=0, timeframe="1m"))
        seconds = time.perf_counter() - started
        cursor.execute("TRUNCATE candle_stage")
    return int(len(candles) / seconds)
