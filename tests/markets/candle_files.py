"""Candle files as people have them, made here: the same bars in the shapes that exporters write.

The names are those of the recorded cases beside the project, so that one test can be run over both.
"""

import gzip
import math
import random
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from io import BytesIO
from pathlib import Path

HOUR_MS = 3_600_000
START_MS = 1_734_998_400_000
HEADER = "ts,open,high,low,close,volume"
BARS = 600


@dataclass(frozen=True)
class Bar:
    """One bar as text, the way the plain file has it."""

    ts: int
    open: str
    high: str
    low: str
    close: str
    volume: str

    @property
    def figures(self) -> tuple[str, ...]:
        return (self.open, self.high, self.low, self.close, self.volume)


def walk(
    count: int = BARS,
    *,
    first: str = "100.00",
    start_ms: int = START_MS,
    step_ms: int = HOUR_MS,
    volume: int = 50,
    seed: int = 20_261_126,
    swing: int | None = None,
) -> list[Bar]:
    """A random walk with the decimals of its first price, or a swing around it from that phase on; always the same."""
    generator = random.Random(seed)
    unit = Decimal(1).scaleb(Decimal(first).as_tuple().exponent)  # type: ignore[arg-type]
    before = Decimal(first)
    bars = []
    for index in range(count):
        moved = before * Decimal(1 + generator.gauss(0, 0.006))
        if swing is not None:
            moved = Decimal(first) * Decimal(1 + 0.12 * math.sin(index / 9 + swing))
        close = moved.quantize(unit)
        high = (max(before, close) * Decimal("1.002")).quantize(unit)
        low = (min(before, close) * Decimal("0.998")).quantize(unit)
        traded = f"{generator.uniform(0.1, 2) * volume:.3f}"
        bars.append(Bar(start_ms + index * step_ms, *(f"{price:f}" for price in (before, high, low, close)), traded))
        before = close
    return bars


def lines(
    bars: Sequence[Bar],
    *,
    delimiter: str = ",",
    stamp: Callable[[Bar], str] = lambda bar: str(bar.ts),
    figure: Callable[[str], str] = str,
) -> list[str]:
    """The bars' lines, without a header."""
    return [delimiter.join((stamp(bar), *map(figure, bar.figures))) for bar in bars]


def text(rows: Sequence[str], *, header: str | None = HEADER, newline: str = "\n") -> str:
    """A file's text."""
    return newline.join((*([header] if header else []), *rows)) + newline


def _vision(bars: Sequence[Bar], factor: int) -> str:
    """Binance's twelve columns without a header, times in ms × factor."""
    rows = [
        f"{bar.ts * factor},{','.join(f'{Decimal(figure):.8f}' for figure in bar.figures)},"
        f"{(bar.ts + HOUR_MS) * factor - 1},4463.19515000,120,22.34950000,2231.59757500,0"
        for bar in bars
    ]
    return text(rows, header=None)


def _with_every_fiftieth(rows: list[str], bars: Sequence[Bar], figures: str) -> list[str]:
    return [
        f"{bar.ts},{figures}" if index % 50 == 0 else row
        for index, (row, bar) in enumerate(zip(rows, bars, strict=True))
    ]


def _in_mid(rows: list[str], extra: str) -> list[str]:
    return [*rows[:300], extra, *rows[300:]]


def make(folder: Path) -> None:
    """Write every case into `folder`."""
    bars = walk()
    rows = lines(bars)
    minutes = walk(1_200, first="95000.00", start_ms=1_735_689_600_000, step_ms=60_000)
    days = walk(400, start_ms=1_672_531_200_000, step_ms=86_400_000)

    def seconds(bar: Bar) -> str:
        return str(bar.ts // 1000)

    def iso(bar: Bar) -> str:
        return f"{datetime.fromtimestamp(bar.ts / 1000, UTC):%Y-%m-%d %H:%M:%S}"

    def micro_from(first: int) -> list[str]:
        return lines(bars[:first]) + lines(bars[first:], stamp=lambda bar: f"{bar.ts}000")

    cdd = [f"{bar.ts},{iso(bar)},BTC/USD,{','.join(bar.figures[:4])},{bar.volume},4279.61" for bar in reversed(bars)]
    thousands = lines(
        [Bar(b.ts, *(f"{Decimal(p) * 1000:,.2f}" for p in b.figures[:4]), b.volume) for b in bars],
        figure=lambda figure: f'"{figure}"' if "," in figure else figure,
    )
    files = {
        "vision_ms": _vision(bars, 1),
        "vision_us": _vision(bars, 1000),
        "ms_then_us": text(micro_from(250)),
        "ms_then_us_late": text(micro_from(590)),
        "us_header": text(lines(bars, stamp=lambda bar: f"{bar.ts}000")),
        "ns": text(lines(bars, stamp=lambda bar: f"{bar.ts}000000")),
        "seconds_1h": text(lines(bars, stamp=seconds)),
        "seconds_1d": text(lines(days, stamp=seconds)),
        "seconds_1m": text(lines(minutes, stamp=seconds)),
        "ms_1m": text(lines(minutes)),
        "kraken_trades_ohlc_seconds": text([f"{row},12" for row in lines(bars, stamp=seconds)], header=None),
        "ts_float": text(lines(bars, stamp=lambda bar: f"{bar.ts}.0")),
        "newest_first": text(rows[::-1]),
        "cdd_newest_first": "https://www.CryptoDataDownload.com\n"
        + text(cdd, header="unix,date,symbol,open,high,low,close,Volume BTC,Volume USD"),
        "comment_line": "# Timestamps are UTC timezone\n" + text(rows),
        "capital_names": text(rows, header="Timestamp,Open,High,Low,Close,Volume"),
        "quoted": text(
            lines(bars, stamp=lambda bar: f'"{bar.ts}"', figure='"{}"'.format),
            header='"ts","open","high","low","close","volume"',
        ),
        "semicolon": text(lines(bars, delimiter=";"), header=HEADER.replace(",", ";")),
        "tab": text(lines(bars, delimiter="\t"), header=HEADER.replace(",", "\t")),
        "thousands": text(thousands),
        "bom_crlf": "\ufeff" + text(rows, newline="\r\n"),
        "cr_only": text(rows, newline="\r"),
        "iso_dates": text(lines(bars, stamp=iso)),
        "header_again": text(_in_mid(rows, HEADER)),
        "close_time": text(lines(bars, stamp=lambda bar: str(bar.ts + HOUR_MS - 1))),
        "offset_30min": text(lines(bars, stamp=lambda bar: str(bar.ts + HOUR_MS // 2))),
        "zero_bars": text(_with_every_fiftieth(rows[:], bars, "0,0,0,0,0")),
        "nulls": text(_with_every_fiftieth(rows[:], bars, ",,,,")),
        "nan": text(_with_every_fiftieth(rows[:], bars, "NaN,NaN,NaN,NaN,0")),
        "dst_gap": text([*rows[:297], *rows[300:]]),
        "scientific": text(
            lines(bars, stamp=lambda bar: f"{bar.ts:.12e}", figure=lambda figure: f"{Decimal(figure):.6e}")
        ),
        "tiny_price_16dp": text(lines(walk(first="0.0000000004567000"))),
    }
    for name, content in files.items():
        (folder / f"{name}.csv.gz").write_bytes(gzip.compress(content.encode()))
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("BTCUSDT-1h-2025-01.csv", files["vision_us"])
    (folder / "BTCUSDT-1h-2025-01.zip").write_bytes(packed.getvalue())
    make_coins(folder)


# Prices from 65,000 down to 4.6e-10, as one exchange lists them; the first has fillers instead of volumes.
COINS = {
    "BTC": ("65000.00", 0),
    "1000PEPE": ("0.0071200", 7_000_000),
    "SATS": ("0.0000000321000", 1_500_000_000_000),
    "BABYDOGE": ("0.0000000004567000", 105_000_000_000_000),
}


def make_coins(folder: Path, *, bars: int = 300) -> None:
    """Write four-hour bars of four coins, whose prices are fourteen orders of magnitude apart."""
    for phase, (coin, (first, volume)) in enumerate(COINS.items()):
        walked = walk(bars, first=first, step_ms=4 * HOUR_MS, volume=volume, swing=phase)
        if not volume:
            walked = [Bar(bar.ts, *bar.figures[:4], "1.000") for bar in walked]
        (folder / f"gate_{coin}USDT_4h.csv.gz").write_bytes(gzip.compress(text(lines(walked)).encode()))
