"""`manage.py import_candles FILE --venue V --symbol BTC/USDT --timeframe 4h`."""

from pathlib import Path
from typing import Any

import orjson
from django.core.management.base import BaseCommand, CommandParser

from markets.candles.files.options import add_skip_bad
from markets.candles.importing import BadRowsError, ImportReport, import_candles
from markets.models import Timeframe


class Command(BaseCommand):
    help = "Store the candles of a CSV file, with a report of gaps and of rows that cannot be true."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="CSV, plain, .gz or .zip, in any usual dialect.")
        parser.add_argument("--venue", required=True, help="The venue's short name, such as binance.")
        parser.add_argument("--symbol", required=True, help="BASE/QUOTE, such as BTC/USDT.")
        parser.add_argument("--timeframe", required=True, choices=Timeframe.values)
        add_skip_bad(parser)
        parser.add_argument("--json", action="store_true", help="Print the report as JSON.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Exit code 0 and the report; 1 and the first bad rows when the file is refused."""
        try:
            report = import_candles(
                file=options["file"],
                venue=options["venue"],
                symbol=options["symbol"],
                timeframe=options["timeframe"],
                skip_bad=options["skip_bad"],
            )
        except BadRowsError as error:
            self._print(error.report, as_json=options["json"])
            raise
        self._print(report, as_json=options["json"])

    def _print(self, report: ImportReport, *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(orjson.dumps(report.as_json(), default=str).decode())
            return
        self.stdout.write("\n".join(_lines(report)))


def _lines(report: ImportReport) -> list[str]:
    steps = f"tick {report.tick_size:f}, lot {report.lot_size:f}"
    origin = " (new: guessed from the data's decimals, correct them in the admin)" if report.instrument_created else ""
    counts = f"{report.rows} rows, {report.accepted} accepted, {report.written} new or corrected"
    speed = f"in {report.seconds:.2f} s ({report.rows_per_second} rows/s)"
    lines = [f"{report.instrument} {report.timeframe}: {counts}, {speed}", f"steps: {steps}{origin}"]
    if report.first and report.last:
        lines.append(f"from {report.first:%Y-%m-%d %H:%M} to {report.last:%Y-%m-%d %H:%M} UTC")
    lines.append(f"gaps: {report.gaps} with {report.missing} missing bars" if report.gaps else "gaps: none")
    lines += [f"  {gap.since:%Y-%m-%d %H:%M}: {gap.bars} bars" for gap in report.first_gaps]
    if report.gaps > len(report.first_gaps):
        lines.append(f"  and {report.gaps - len(report.first_gaps)} more")
    lines.append(f"bad rows: {report.bad}" if report.bad else "bad rows: none")
    lines += [f"  line {row.line}: {row.reason}" for row in report.first_bad]
    if report.bad > len(report.first_bad):
        lines.append(f"  and {report.bad - len(report.first_bad)} more")
    return [*lines, *report.notes]
