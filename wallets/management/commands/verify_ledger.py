"""`manage.py verify_ledger [--json]`: recompute every figure of the books from their entries.

Exit status 0 with the figures when everything agrees, 1 with the first contradiction in words when something does not.
"""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand

from kit.decimals import plain
from wallets.ledger import Report, verify


class Command(BaseCommand):
    help = "Recompute the whole ledger from its entries; exit 1 at the first contradiction."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="Print one JSON object.")

    def handle(self, *args: Any, **options: Any) -> None:
        report = verify()
        self.stdout.write(_as_json(report) if options["json"] else _as_text(report))
        if not report.ok:
            raise SystemExit(1)


def _as_json(report: Report) -> str:
    return json.dumps(
        asdict(report)
        | {
            "ok": report.ok,
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
        report.contradiction or "The books agree with their entries.",
    ]
    return "\n".join(lines)
