"""`manage.py positions [--user ADDRESS] [--json]`: what is open now, with the figures of the Positions page."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from kit import tenancy
from kit.decimals import plain
from kit.users.people import person
from trading.selectors.positions import PositionRow, open_positions

COLUMNS = ("place", "symbol", "direction", "quantity", "entry_price", "mark", "value", "unrealized_pnl", "exit_stop")


class Command(BaseCommand):
    help = "Print the open positions: wallet, market, size, entry, mark, value, open profit, stop."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--user", default="", metavar="ADDRESS", help="Whose; the only trader's if not given.")
        parser.add_argument("--json", action="store_true", help="Print one JSON list; every amount is text.")

    def handle(self, *args: Any, **options: Any) -> None:
        owner = person(options["user"])
        with tenancy.tenant(owner.pk):
            rows = [_row(position) for position in open_positions(owner_id=owner.pk)]
        if options["json"]:
            self.stdout.write(json.dumps(rows, indent=2))
            return
        if not rows:
            self.stdout.write("No position is open.")
            return
        lines = [COLUMNS, *(tuple(row[name] or "-" for name in COLUMNS) for row in rows)]
        widths = [max(len(line[place]) for line in lines) for place in range(len(COLUMNS))]
        for line in lines:
            cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
            self.stdout.write("  ".join(cells).rstrip())


def _row(position: PositionRow) -> dict[str, str | None]:
    values = {name: getattr(position, name) for name in COLUMNS}
    return {
        name: value if isinstance(value, str) else None if value is None else plain(value)
        for name, value in values.items()
    }
