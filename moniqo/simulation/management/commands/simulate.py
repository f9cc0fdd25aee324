"""`manage.py simulate`: random order flows against an exchange that fails, and workers that are killed."""

import os
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError, CommandParser

from kit import clock, simulating
from kit.embedded.environment import data_directory
from moniqo.simulation import apart
from moniqo.simulation.apart import Outcome

EXAMPLES: Final = 20
TOLD_EVERY: Final = 100


class Command(BaseCommand):
    help = (
        "Play random order flows, each from a seed, against an exchange that fails, while workers and database "
        "connections die, and kill worker processes at every step; on a database server of its own."
    )
    requires_system_checks = ()
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--seeds", type=int, default=200, metavar="N", help="How many flows: %(default)s.")
        parser.add_argument("--seed", type=int, metavar="S", help="The first seed; alone, this flow is told in full.")
        parser.add_argument("--no-kills", action="store_true", help="Kill no worker processes.")
        parser.add_argument("--processes", type=int, default=os.cpu_count() or 1, help="At once: %(default)s.")

    def handle(self, *args: Any, **options: Any) -> None:
        first, seeds = options["seed"] or 0, options["seeds"]
        if seeds < 1 or options["processes"] < 1:
            raise CommandError("Play one seed at least, in one process at least.")
        outcomes: list[Outcome] = []
        given = {"kills": not options["no_kills"], "processes": options["processes"]}
        for outcome in apart.simulate(first=first, seeds=seeds, **given):
            outcomes.append(outcome)
            self._tell(outcome, in_full=seeds == 1 and not outcome.is_kill, number=len(outcomes))
        wrong = [one for one in outcomes if one.violations]
        kills = sum(one.is_kill for one in outcomes)
        found = simulating.Simulation(
            at=clock.now(),
            first=first,
            seeds=len(outcomes) - kills,
            cut=sum(one.cut for one in outcomes),
            kills=kills,
            violations=len(wrong),
            examples=tuple(f"{one.name}: {said}" for one in wrong for said in one.violations)[:EXAMPLES],
        )
        self.stdout.write(
            f"{found.seeds} flows from seed {first} on, {found.cut} pieces of their work cut off, {kills} workers "
            f"killed: {len(wrong)} violations."
        )
        if seeds > 1:
            simulating.write(data_directory(), found)
        if wrong:
            raise CommandError("What must always be so was not: see above. `--seeds 1 --seed S` replays one.")

    def _tell(self, outcome: Outcome, *, in_full: bool, number: int) -> None:
        if in_full or outcome.violations:
            self.stdout.write(outcome.name)
            for line in (*outcome.told, *(f"VIOLATION {said}" for said in outcome.violations)):
                self.stdout.write(f"  {line}")
        elif number % TOLD_EVERY == 0:
            self.stdout.write(f"{number} done")
