"""`manage.py growth`: what this instance's database grows by in a day, by table, and what a year of it leaves."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from moniqo.growth import Growth, age_in_hours, measure
from moniqo.retention import in_words

MOST_HOURS = 10 * 365 * 24
LINE = "{:<28} {:>11} {:>10} {:>9} {:>10} {:>11} {:>11}  {}"


class Command(BaseCommand):
    help = (
        "Bytes a day by table: rows of the last hours, times what a row takes with its indexes: the size on the disk "
        "by the rows that are there, or, of fewer than 10,000, their width and an entry in each index. A year is what "
        "such days add up to, less what is forgotten by then. Candles and built histories count at the times they are "
        "of."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--hours", type=float, default=24.0, help="How far to look back: 24 by default.")
        parser.add_argument("--all", action="store_true", help="Tables that did not grow as well.")

    def handle(self, *args: Any, **options: Any) -> None:
        if not 0 < options["hours"] <= MOST_HOURS:
            raise CommandError(f"Look back for more than 0 hours and at most {MOST_HOURS:,}, ten years.")
        found = measure(hours=options["hours"])
        self._write("table", "bytes", "rows", "a row", "rows/day", "bytes/day", "in a year", "kept")
        for one in found:
            if one.rows_a_day or options["all"]:
                self._row(one)
        total = sum(one.size for one in found), sum(one.bytes_a_day for one in found)
        year, for_ever = sum(one.bytes_in_a_year for one in found), total[1] * 365
        self._write("total", f"{total[0]:,}", "", "", "", f"{total[1]:,.0f}", f"{year:,.0f}", "")
        self.stdout.write(
            f"Measured over {options['hours']:g} h. Were nothing forgotten, a year would be {for_ever:,.0f}."
        )
        if (age := age_in_hours()) < options["hours"]:
            self.stdout.write(
                f"This database is {age:.1f} h old: of what is written as it happens, a day is up to "
                f"{options['hours'] / age:,.0f} times as much as this says."
            )

    def _row(self, one: Growth) -> None:
        self._write(
            one.table,
            f"{one.size:,}",
            f"{one.rows:,}",
            f"{one.row_bytes:,.0f}",
            f"{one.rows_a_day:,.0f}",
            f"{one.bytes_a_day:,.0f}",
            f"{one.bytes_in_a_year:,.0f}",
            in_words(one.rule),
        )

    def _write(self, *cells: str) -> None:
        self.stdout.write(LINE.format(*cells).rstrip())
