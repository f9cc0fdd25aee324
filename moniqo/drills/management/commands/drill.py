"""`manage.py drill`: kill and hang every part of a scratch instance while orders are placed."""

import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from kit import clock, drilling
from kit.embedded.environment import data_directory
from moniqo.drills import disk, faults, report
from moniqo.drills.instance import DrillError, instance
from moniqo.drills.traffic import Trader


class Command(BaseCommand):
    help = "Kill and hang every part of a scratch instance while orders are placed: seconds to ready, lost, doubled."
    requires_system_checks = ()
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        names = [fault.name for fault in (*faults.FAULTS, faults.FULL_DISK)]
        parser.add_argument("--only", action="append", metavar="FAULT", choices=names, help="One of: %(choices)s.")

    def handle(self, *args: Any, **options: Any) -> None:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # the scratch instance ends with us
        try:
            found = self._drill(options["only"])
        except DrillError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(found.books or "The books of the scratch instance prove themselves.")
        if not options["only"]:
            drilling.write(data_directory(), found)
        if found.has_failed:
            raise CommandError("Something was lost or doubled, or did not come back.")

    def _drill(self, only: list[str] | None) -> drilling.Drill:
        directory = Path(tempfile.mkdtemp(prefix="moniqo-drill-"))
        directory.chmod(0o755)  # as root the servers run as nobody, who must be able to enter
        rows = []
        with report.removed(directory), disk.own(directory) as has_own_disk, instance(directory) as scratch:
            known = (*faults.FAULTS, *((faults.FULL_DISK,) if has_own_disk else ()))
            trader = Trader(scratch)
            trader.begin()
            self.stdout.write(report.HEAD)
            for fault in known:
                if not only or fault.name in only:
                    rows.append(faults.drill(scratch, trader, fault))
                    self.stdout.write(report.line(rows[-1]))
                    self.stdout.flush()
            return drilling.Drill(at=clock.now(), rows=tuple(rows), books=report.proved(scratch))
