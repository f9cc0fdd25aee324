"""`manage.py bench NAME`: measure something beside its reference, and print the figures.

A benchmark is a function that returns its figures by name; it is imported only when it is asked for. Several are
measured one after the other, each in a process of its own: the memory of one is never another's peak, and what one
compiled or cached helps no other. Add one by naming its place in `BENCHMARKS`.
"""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from farms.laboratory.compiled import keep_compiled

BENCHMARKS: Final = {
    "kernel": "moniqo.benches.quant:kernel",
    "sweep": "moniqo.benches.quant:sweeps",
    "metrics": "moniqo.benches.quant:table",
    "allocation": "moniqo.benches.quant:allocation",
    "ledger": "moniqo.benches.ledger:run",
    "import": "moniqo.benches.importing:bench_import",
    "pages": "moniqo.benches.pages:pages",
    "runs": "moniqo.benches.runs:runs",
    "latency": "moniqo.benches.latency:latency",
    "large": "moniqo.benches.large:large",
    "ledger-verify": "moniqo.benches.proving:proving",
    "goals": "moniqo.benches.goals:goals",
    "sync": "moniqo.benches.sync:sync",
    "growth": "moniqo.benches.growth:growth",
    "bytes-a-day": "moniqo.benches.bytes_a_day:bytes_a_day",
    "snapshots": "moniqo.benches.snapshots:snapshots",
    "monitor": "moniqo.benches.monitor:monitor",
    "rebalancing": "moniqo.benches.rebalancing:rebalancing",
    "portfolio": "moniqo.benches.portfolio:portfolio",
    "agui": "moniqo.benches.front_ends:agui",
    "mcp": "moniqo.benches.front_ends:mcp",
    "backtest": "moniqo.benches.laboratory:backtest",
    "walk-forward": "moniqo.benches.walking:walk_forward",
    "honesty": "moniqo.benches.honesty:honesty",
}
ALL: Final = "all"
# The option that says how large a benchmark is.
SIZES: Final = {
    "sync": "connections",
    "snapshots": "rows",
    "monitor": "positions",
    "latency": "agents",
    "agui": "streams",
    "honesty": "strategies",
}


class Command(BaseCommand):
    help = "Measure speed beside a reference: " + ", ".join(BENCHMARKS) + "."
    requires_system_checks = ()
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("names", nargs="+", choices=[*sorted(BENCHMARKS), ALL])
        parser.add_argument("--json", action="store_true", dest="as_json")
        parser.add_argument("--connections", type=int, help="Of `sync`: how many at most.")
        parser.add_argument("--positions", type=int, help="Of `monitor`: how many have stops and targets.")
        parser.add_argument("--agents", type=int, nargs="+", help="Of `latency`: how many act on a bar, such as 8 200.")
        parser.add_argument("--streams", type=int, help="Of `agui`: how many are open at once.")
        parser.add_argument("--strategies", type=int, help="Of `honesty`: how many at random.")
        parser.add_argument("--rows", type=int, help="Of `snapshots`: how many its table grows to.")

    def handle(self, *args: Any, **options: Any) -> None:
        keep_compiled()  # what is measured never compiles, and so has not the memory that compiling takes
        names = tuple(BENCHMARKS) if ALL in options["names"] else tuple(dict.fromkeys(options["names"]))
        measure = _measure if len(names) == 1 else _measure_apart
        given = {name: {option: options[option]} for name, option in SIZES.items() if options[option]}
        figures = {name: measure(name, **given.get(name, {})) for name in names}
        if options["as_json"]:
            self.stdout.write(json.dumps(figures))
            return
        for name, found in figures.items():
            self.stdout.write(name)
            for figure, value in found.items():
                self.stdout.write(f"  {figure.replace('_', ' '):44}{value:>18,.{0 if value >= 1000 else 2}f}")


def _measure(name: str, **given: Any) -> dict[str, float]:
    module, _, function = BENCHMARKS[name].partition(":")
    found: dict[str, float] = getattr(import_module(module), function)(**given)
    return found


def _measure_apart(name: str, **given: Any) -> dict[str, float]:
    """The same in a process of its own, which says what is wrong on our standard error."""
    command = [sys.executable, str(Path(settings.BASE_DIR) / "manage.py"), "bench", name, "--json"]
    for option, value in given.items():
        command += [f"--{option}", *map(str, value if isinstance(value, list) else [value])]
    result = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if result.returncode:
        raise CommandError(f"The benchmark {name} failed: the reason is above.")
    found: dict[str, float] = json.loads(result.stdout)[name]
    return found
