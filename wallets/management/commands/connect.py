"""`manage.py connect [PLATFORM] [--user ADDRESS]`: connect an exchange from the terminal; nothing secret is echoed.

Asks for what the platform's rows ask for, tries the key at the venue, and stores it sealed: the account is watched
until its owner makes it live on the page. Where standard input is no terminal, each answer is a line of it.
"""

import sys
from argparse import ArgumentParser
from getpass import getpass
from typing import Any

from django.core.management.base import BaseCommand

from kit import tenancy
from kit.errors import InvalidInputError
from kit.users.people import person
from wallets.models import Platform
from wallets.sync.runs import request_sync
from wallets.venues import joining


class Command(BaseCommand):
    help = "Connect an account at an exchange; its key is asked for and never shown."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("platform", nargs="?", default="", help="Such as binance; asked for if not given.")
        parser.add_argument("--user", default="", metavar="ADDRESS", help="Whose account it is; the only trader's.")
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

    def _key(self, platform: Platform) -> dict[str, str]:
        """Every part of it unseen: a terminal keeps what was typed, and half of a key pair is nobody's business."""
        return {field.name: self._ask(field.label, is_secret=True) for field in platform.credential_fields.all()}

    def _ask(self, label: str, *, is_secret: bool = False) -> str:
        if not sys.stdin.isatty():
            return sys.stdin.readline().strip()
        return (getpass if is_secret else input)(f"{label}: ").strip()
