"""`manage.py bench NAME`: measure something beside its reference, and print the figures.

A benchmark is a function that returns its figures by name; it lives with what it measures and is imported only when it
is asked for. Add one by naming its place in `BENCHMARKS`.
"""

from __future__ import annotations

import json
import os
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

BENCHMARKS: Final = {
    "kernel": "moniqo.benches.quant:kernel",
    "sweep": "moniqo.benches.quant:sweeps",
    "metrics": "moniqo.benches.quant:table",
    "allocation": "moniqo.benches.quant:allocation",
    "ledger": "moniqo.benches.ledger:run",
    "import": "moniqo.benches.importing:bench_import",
    "pages": "moniqo.benches.pages:pages",
}
ALL: Final = "all"


class Command(BaseCommand):
    help = "Measure speed beside a reference: " + ", ".join(BENCHMARKS) + "."
    requires_system_checks = ()
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("names", nargs="+", choices=[*sorted(BENCHMARKS), ALL])
        parser.add_argument("--json", action="store_true", dest="as_json")

    def handle(self, *args: Any, **options: Any) -> None:
        os.environ.setdefault("NUMBA_CACHE_DIR", str(Path(settings.DATA_DIR) / "numba"))
        names = tuple(BENCHMARKS) if ALL in options["names"] else options["names"]
        figures = {name: _measure(BENCHMARKS[name]) for name in names}
        if options["as_json"]:
            self.stdout.write(json.dumps(figures))
            return
        for name, found in figures.items():
            self.stdout.write(name)
            for figure, value in found.items():
                self.stdout.write(f"  {figure.replace('_', ' '):44}{value:>18,.{0 if value >= 1000 else 2}f}")


def _measure(place: str) -> dict[str, float]:
    module, _, function = place.partition(":")
    found: dict[str, float] = getattr(import_module(module), function)()
    return found
