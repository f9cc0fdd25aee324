"""`manage.py replay`: an agent trades a recording on paper, and a backtest of it has to say the same."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from farms.laboratory.compiled import keep_compiled
from moniqo.simulation import apart
from quant import strategies


class Command(BaseCommand):
    help = (
        "Let an agent trade a file of candles on paper, by all that trades live, on a database server of its own, and "
        "compare its trades and its final equity with `backtest`'s."
    )
    requires_system_checks = ()
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--candles", required=True, type=Path, metavar="FILE")
        parser.add_argument("--timeframe", required=True, help="The file's own, such as 4h.")
        parser.add_argument("--strategy", help="Slug, such as trend_following; all that there are when left out.")
        parser.add_argument("--params", default="{}", metavar="JSON", help="Parameters that differ from the defaults.")
        parser.add_argument("--sizing", default="cash", choices=("cash", "risk"))
        parser.add_argument("--size", type=Decimal, default=Decimal(1), help="Share of the cash spent, or at risk.")
        parser.add_argument("--fee", type=Decimal, default=Decimal("0.001"), help="Fee as a fraction of notional.")
        parser.add_argument("--cash", type=Decimal, default=Decimal(10_000))
        parser.add_argument("--bars", type=int, default=1_000, help="How many bars from the first: %(default)s.")

    def handle(self, *args: Any, **options: Any) -> None:
        keep_compiled()
        slugs = [options["strategy"]] if options["strategy"] else [one.slug for one in strategies.catalog()]
        names = ("candles", "timeframe", "params", "sizing", "size", "fee", "cash", "bars")
        asked = {name: str(options[name]) for name in names} | {"strategies": slugs}
        told = json.loads(apart.run("moniqo.simulation.replaying", json.dumps(asked)))
        if why := told.get("error"):
            raise CommandError(why)
        if told["missing"]:
            self.stdout.write(f"{told['missing']} missing candles are played as flat ones, without volume.")
        for one in told["agents"]:
            self.stdout.write(
                f"{one['strategy']}: {one['trades']} trades on paper in {told['bars']} bars, final equity "
                f"{one['equity']:,.8f}, in the backtest {one['backtest']:,.8f}: {len(one['differences'])} differences"
            )
            for said in one["differences"]:
                self.stdout.write(f"  {said}")
        if any(one["differences"] for one in told["agents"]):
            raise CommandError("Paper and backtest differ: see above.")
