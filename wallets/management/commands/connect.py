"""`manage.py connect [PLATFORM] [--user ADDRESS]`: connect an exchange from the terminal; nothing secret is echoed.

Asks for what the platform's rows ask for, tries the key at the venue, and stores it sealed: the account is watched
until its owner makes it live on the page. Then it asks what may be bought through it; Enter takes what is offered, `-`
leaves one out. Where standard input is no terminal, each answer is a line of it.
"""

import sys
from argparse import ArgumentParser
from decimal import Decimal
from getpass import getpass
from typing import Any, Final

from django.core.management.base import BaseCommand
from django.db import transaction

from kit import tenancy
from kit.decimals import parse, plain
from kit.errors import InvalidInputError
from kit.users.people import person
from wallets.connections.limits import FirstLimits, set_first_limits, usual_limits
from wallets.models import Connection, Platform
from wallets.sync.runs import request_sync
from wallets.venues import joining

ZERO: Final = Decimal(0)


class Command(BaseCommand):
    help = "Connect an account at an exchange; its key is asked for and never shown."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("platform", nargs="?", default="", help="Such as binance; asked for if not given.")
        parser.add_argument("--user", default="", metavar="ADDRESS", help="Whose account it is; the only trader's.")
        parser.add_argument("--no-limits", action="store_true", help="Do not ask what may be bought through it.")
        parser.add_argument("--accept-withdrawals", action="store_true", help="Use a key that may withdraw, too.")

    def handle(self, *args: Any, **options: Any) -> None:
        owner = person(options["user"])
        offered = [platform.slug for platform in joining.joinable() if not platform.is_paper]
        slug = options["platform"] or self._ask(f"Platform ({', '.join(offered)})")
        if slug not in offered:
            raise InvalidInputError(f"Choose one of: {', '.join(offered)}.")
        platform = joining.platform_of(slug)
        name = self._ask(f"Name [{platform.name}]") or platform.name
        made = joining.join(
            owner_id=owner.pk,
            platform=platform,
            name=name,
            credentials=self._key(platform),
            accept_withdrawals=options["accept_withdrawals"],
        )
        with tenancy.tenant(owner.pk):
            request_sync(owner_id=owner.pk, connection_id=made.pk)
        self.stdout.write(f"{made.name} is connected and watched. Make it live on its page, with your password.")
        if not options["no_limits"]:
            with tenancy.tenant(owner.pk):
                self._limit(made)

    def _limit(self, made: Connection) -> None:
        """Ask what may be bought, until it is something that limits can say."""
        usual = usual_limits(made)
        while True:
            try:
                given = self._limits_asked_for(usual)
                with transaction.atomic():
                    set_first_limits(made, given)
            except (InvalidInputError, ValueError) as error:
                if not sys.stdin.isatty():
                    raise InvalidInputError(f"{made.name} has no limits yet, set them on its page. {error}") from error
                self.stdout.write(str(error))
            else:
                break
        if given.allowed_symbols and given.maximum_notional:
            self.stdout.write(f"Its limits are set; {made.name} and its wallets are held to them.")
        else:
            self.stdout.write(
                "Nothing can be bought through it until its limits, or its wallets', say what and how much."
            )

    def _limits_asked_for(self, usual: FirstLimits) -> FirstLimits:
        offered = ", ".join(usual.allowed_symbols or ())
        markets = self._ask_or_take("Markets that may be bought, such as BTC/USDT", offered)
        most = self._ask_or_take(f"At most per order, in {usual.notional_asset}", plain(usual.maximum_notional or ZERO))
        loss = self._ask_or_take("May lose in a day, in %", plain((usual.maximum_daily_loss or ZERO) * 100))
        symbols = tuple(symbol.strip() for symbol in markets.split(",") if symbol.strip())
        return FirstLimits(
            symbols or None,
            parse(most) if most else None,
            usual.notional_asset if most else "",
            parse(loss) / 100 if loss else None,
        )

    def _ask_or_take(self, label: str, offered: str) -> str:
        """The answer, or what is offered where there is none; "" for `-`."""
        said = self._ask(f"{label} [{offered or '-'}]") or offered
        return "" if said == "-" else said

    def _key(self, platform: Platform) -> dict[str, str]:
        """Every part of it unseen: a terminal keeps what was typed, and half of a key pair is nobody's business."""
        return {field.name: self._ask(field.label, is_secret=True) for field in platform.credential_fields.all()}

    def _ask(self, label: str, *, is_secret: bool = False) -> str:
        if not sys.stdin.isatty():
            return sys.stdin.readline().strip()
        return (getpass if is_secret else input)(f"{label}: ").strip()
