"""`manage.py backfill`: write down what owners' portfolios were worth when nobody did."""

from argparse import ArgumentTypeError
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.core.management.base import BaseCommand, CommandError, CommandParser

from kit import clock, days, tenancy
from kit.errors import InvalidInputError
from kit.users.models import User
from portfolio import corrections
from portfolio.models import Correction
from portfolio.retention import kept_from
from portfolio.selectors.series import Resolution

STEPS: Final = {
    Resolution.FINE: timedelta(minutes=5),
    Resolution.HOURLY: timedelta(hours=1),
    Resolution.DAILY: timedelta(days=1),
}
BAR: Final = 30


class Command(BaseCommand):
    help = (
        "Fill gaps in the history of a portfolio: what its books held at each moment, at the closes of the candles. "
        "May be killed and begun anew."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("owners", nargs="*", metavar="EMAIL", help="Whose; everybody's with --all.")
        parser.add_argument("--all", action="store_true", dest="everybody")
        parser.add_argument("--from", required=True, type=_day, dest="first", metavar="DAY", help="Such as 2026-10-31.")
        parser.add_argument("--to", type=_day, dest="last", metavar="DAY", help="Included; today if it is left out.")
        parser.add_argument(
            "--every", type=Resolution, choices=list(STEPS), metavar="5m|1h|1d",
            help="How close the values lie: five minutes where such values are still kept, else an hour.",
        )  # fmt: skip

    def handle(self, *args: Any, **options: Any) -> None:
        """Owner by owner, each part its own transaction. Exit code 1 where something could not be priced."""
        if bool(options["owners"]) == options["everybody"]:
            raise CommandError("Name whose history is to be filled, or say --all.")
        incomplete = False
        for owner in self._owners(options["owners"]):
            zone = ZoneInfo(owner.timezone)
            since = days.begins(options["first"], zone)
            until = min(days.ends(options["last"], zone), clock.now()) if options["last"] else clock.now()
            if since >= until:
                raise CommandError("The first day is after the last, or has not begun: choose others.")
            step = STEPS[options["every"] or (Resolution.FINE if since >= kept_from()[0] else Resolution.HOURLY)]
            incomplete |= not self._fill(owner, since, until, step)
        if incomplete:
            raise CommandError("Not everything could be valued: import candles of what had no price, and repeat.")

    def _owners(self, emails: list[str]) -> list[User]:
        found = User.objects.order_by("email")
        owners = list(found.filter(email__in=emails) if emails else found.filter(is_active=True))
        if missing := sorted(set(emails) - {owner.email for owner in owners}):
            raise CommandError(f"There is nobody called {', '.join(missing)}.")
        return owners

    def _fill(self, owner: User, since: datetime, until: datetime, step: timedelta) -> bool:
        with tenancy.tenant(owner.pk):
            asked = corrections.fill(owner_id=owner.pk, since=since, until=until, step=step)
        while asked.finished_at is None:
            done = corrections.work(owner_id=owner.pk)
            if done is None:
                break
            self._show(done)
            asked = done if done.pk == asked.pk else asked
        if self.stdout.isatty():
            self.stdout.write("")
        with tenancy.tenant(owner.pk):
            asked.refresh_from_db()
        self.stdout.write(f"{owner.email}: {asked.written:,} values were written.")
        if asked.skipped:
            self.stdout.write(
                f"  {asked.skipped:,} moments were left out: what something that was held was worth then is not known."
            )
        if asked.unpriced:
            self.stdout.write(f"  Not known: {', '.join(asked.unpriced)}.")
        return not asked.skipped

    def _show(self, asked: Correction) -> None:
        """How far it is, in one line of a terminal; a log gets the result alone."""
        if self.stdout.isatty() and asked.done_to:
            share = (asked.done_to - asked.since) / (asked.until - asked.since)
            full = round(BAR * min(max(share, 0), 1))
            self.stdout.write(
                f"\r[{'#' * full}{'.' * (BAR - full)}] {asked.done_to:%Y-%m-%d %H:%M}, {asked.written:,} values",
                ending="",
            )
            self.stdout.flush()


def _day(text: str) -> Any:
    try:
        return days.read(text, name="day")
    except InvalidInputError as error:
        raise ArgumentTypeError(str(error)) from error
