"""`manage.py demo`: a demo trader with a past.

--prepare        only the trader and the file that says how to sign in
--build          only the history, for the trader who was prepared
--candles DIR    on recorded candles, files named <venue>_<BASE><QUOTE>_<timeframe>.csv.gz; one more demo trader when
                 there is one with a history already
--force          one more demo trader, when there is one already
"""

from argparse import ArgumentParser
from contextlib import suppress
from pathlib import Path
from time import perf_counter
from typing import Any

from celery import current_app
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from kombu.exceptions import OperationalError

from kit.errors import MoniqoError
from kit.tenancy import OWNER_DB_ALIAS
from moniqo.demo import recordings, rehearsal, trader
from moniqo.demo.trader import path


class Command(BaseCommand):
    help = "Make the demo trader, whose history is traded by the real engine over candles."

    def add_arguments(self, parser: ArgumentParser) -> None:
        only = parser.add_mutually_exclusive_group()
        only.add_argument("--prepare", action="store_true", help="only the trader and the login file")
        only.add_argument("--build", action="store_true", help="only the history of the prepared trader")
        parser.add_argument("--candles", type=Path, metavar="DIR", help="recorded candles instead of simulated ones")
        parser.add_argument("--force", action="store_true", help="one more demo trader when there is one already")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["candles"] is not None:
                recordings.select(options["candles"])  # a wrong folder is told before anybody is made
            if not connection.introspection.table_names():
                call_command("migrate", database=OWNER_DB_ALIAS, verbosity=0)
            if not options["build"]:
                self._prepare(another=options["force"] or (options["candles"] is not None and trader.has_history()))
            if not options["prepare"]:
                self._build(options["candles"])
        except MoniqoError as error:
            raise CommandError(str(error)) from error

    def _prepare(self, *, another: bool) -> None:
        user, login = trader.prepare(another=another)
        self.stdout.write(f"Demo trader {user.email}; the password is in {path()}. Sign in at {login.url}")

    def _build(self, candles: Path | None) -> None:
        user = trader.find()
        if user is None:
            raise CommandError("Prepare the demo trader first: manage.py demo --prepare.")
        began = perf_counter()
        summary = rehearsal.build(owner_id=user.pk, candles=candles, say=self.stdout.write)
        if summary is None:
            self.stdout.write(f"{user.email} has a history already: nothing was changed. --force makes another.")
            return
        self.stdout.write(
            f"History from {summary.start:%Y-%m-%d} to {summary.end:%Y-%m-%d %H:%M} UTC: {summary.orders} orders, "
            f"{summary.trades} closed trades, built in {perf_counter() - began:.1f} s."
        )
        with suppress(OperationalError):  # without a broker: the next round comes anyway
            for task in ("portfolio.tasks.sync_now", "wallets.tasks.prove_own"):
                current_app.send_task(task, args=(str(user.pk),), retry=False)
            current_app.send_task("farms.tasks.settle_advice", retry=False)
