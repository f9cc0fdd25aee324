"""`manage.py verify [--json]`: recompute the books from their entries, and compare what refers to them.

Exit status 0 with the figures when everything agrees, 1 with what does not, in words, when something does not.
"""

import json
from argparse import ArgumentParser
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from kit.decimals import plain
from wallets.ledger import Report, verify
from wallets.ledger.checks import CHECKS
from wallets.ledger.verify import Found, Part


class Command(BaseCommand):
    help = "Recompute the books from their entries, and compare trades, plans and venues; exit 1 where they differ."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="Print one JSON object.")
        parser.add_argument(
            "--after", metavar="STAGE:FIRST-LAST", help="Go on after this part, the last that a cut-off run told of."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        after = _part(options["after"]) if options["after"] else None
        report = verify(after=after, told=None if options["json"] else self._tell)
        self.stdout.write(_as_json(report) if options["json"] else _as_text(report))
        if not report.ok:
            raise SystemExit(1)

    def _tell(self, part: Part, number: int, of: int, found: Mapping[str, Found]) -> None:
        self.stderr.write(f"{number} of {of}: {part.stage}:{part.first}-{part.last}")


def _part(text: str) -> Part:
    try:
        stage, _, ids = text.partition(":")
        first, last = map(int, ids.split("-"))
    except ValueError as error:
        raise CommandError("A part is written as it was told, such as chains:1-500.") from error
    return Part(stage, first, last)


def _as_json(report: Report) -> str:
    return json.dumps(
        asdict(report)
        | {
            "ok": report.ok,
            "contradiction": report.contradiction,
            "found": {one.check: one.said for one in report.found},
            "assets": {
                item.asset: {"total": plain(item.total), "in_wallets": plain(item.in_wallets)} for item in report.assets
            },
            "checked_at": report.checked_at.isoformat(),
        }
    )


def _as_text(report: Report) -> str:
    counted = ("owners", "accounts", "postings", "transfers", "entries", "holds")
    lines = [
        ", ".join(f"{getattr(report, name)} {name}" for name in counted),
        *(f"{item.asset}: {plain(item.in_wallets)} in wallets, {plain(item.total)} in all" for item in report.assets),
        *(f"{CHECKS[one.check].says}: {'NO. ' + one.said if one.said else 'yes'}" for one in report.found),
        "All of it agrees." if report.ok else "It does not agree.",
    ]
    return "\n".join(lines)
